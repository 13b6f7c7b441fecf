package batch

import (
	"maps"
	"slices"
	"sync"
	"time"

	"posteriori/engine/index"
)

// Progress is how far a run of a batch is.
type Progress struct {
	Files   int            `json:"files"` // to be analysed, in all
	States  map[string]int `json:"states"`
	Running int            `json:"running"`
	Length  time.Duration  `json:"length_ns"` // media time of all, as far as it is known
	Done    time.Duration  `json:"done_ns"`   // media time behind, in this run and before
	Tracks  int64          `json:"tracks"`
	Share   float64        `json:"share"` // of the work, 0 to 1
	// Left is how long the rest takes at the speed of this run; negative while
	// that is not known.
	Left time.Duration `json:"left_ns"`
	AtUS int64         `json:"at_unix_us"`
	Line string        `json:"-"` // set when something happened that a user must see
}

// Step is what is said of a file that is worked on.
type Step struct {
	Length time.Duration // of the whole, once it was probed; 0: not known yet
	Done   time.Duration // media time behind
	Read   int64         // bytes of the original read, of all the times that it is
	// Work is how long one worker was busy so far with Worked of media time.
	Work, Worked time.Duration
	Line         string
}

// account adds up what is done and what is left, by group, so that its cost
// does not grow with the number of files.
type account struct {
	mu      sync.Mutex
	speeds  *Speeds
	first   time.Time       // when the first file of this run was begun
	spent   time.Duration   // on the files that ended in this run, each from its begin to its end
	silent  time.Duration   // of that, until something was told of them: import, start of a worker
	total   map[string]Load // of all files, by group
	behind  map[string]Load // of those done, and of the done parts of others
	before  map[string]Load // of what was behind as this run began
	live    map[int64]*live
	rest    map[int64]Load // of files that are not begun
	workers int
	tracks  int64
	states  map[string]int
	files   int
	nowFunc func() time.Time
}

// live is a file under way.
type live struct {
	began  time.Time
	silent time.Duration // until something was told of it; 0: nothing yet
	load   Load
	length time.Duration // of load, or what the probe said since
	step   Step
	moved  time.Time // when it last got on
	told   bool      // that it has not for long
}

func newAccount(s *Speeds, workers int, now func() time.Time) *account {
	return &account{speeds: s, workers: max(1, workers), rest: map[int64]Load{}, total: map[string]Load{}, behind: map[string]Load{}, before: map[string]Load{},
		live: map[int64]*live{}, states: map[string]int{}, nowFunc: now}
}

// leastShare is the part of the whole, one in so many, before which the time
// left is not told: the first files say little of the others.
const leastShare = 50

func plus(m map[string]Load, group string, length time.Duration, bytes int64) {
	l := m[group]
	m[group] = Load{group, l.Length + length, l.Bytes + bytes}
}

// know takes a file into the account, as it was when the run began.
func (a *account) know(item int64, l Load, state string, tracks int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.files++
	a.states[state]++
	a.tracks += tracks
	plus(a.total, l.Group, l.Length, l.Bytes)
	if state == index.ItemWaiting {
		a.rest[item] = l
		return
	}
	plus(a.behind, l.Group, l.Length, l.Bytes)
	plus(a.before, l.Group, l.Length, l.Bytes)
}

// start notes that a file is begun.
func (a *account) start(item int64, l Load) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.nowFunc()
	if a.first.IsZero() {
		a.first = now
	}
	a.live[item] = &live{began: now, moved: now, load: l, length: l.Length}
	delete(a.rest, item)
}

// step notes where a file is.
func (a *account) step(item int64, s Step) {
	a.mu.Lock()
	defer a.mu.Unlock()
	v := a.live[item]
	if v == nil {
		return
	}
	a.speeds.Learn(v.load.Group, s.Worked-v.step.Worked, s.Work-v.step.Work)
	if s.Length > 0 && s.Length != v.length { // the container promised another
		plus(a.total, v.load.Group, s.Length-v.length, 0)
		v.length = s.Length
	}
	if s != v.step {
		v.moved, v.told = a.nowFunc(), false
	}
	v.step = s
	if v.silent == 0 && s.Done > 0 {
		v.silent = max(1, a.nowFunc().Sub(v.began))
	}
}

// stuck are the files that have not got on for so long, each once. One that was
// read before its analysis and not begun on waits for a worker, which is in order.
func (a *account) stuck(limit time.Duration) (items []int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.nowFunc()
	for item, v := range a.live {
		waits := v.step.Done == 0 && v.step.Read >= 2*v.load.Bytes
		if !v.told && !waits && now.Sub(v.moved) >= limit {
			v.told = true
			items = append(items, item)
		}
	}
	slices.Sort(items)
	return items
}

// end notes what became of a file; one that still waits is taken up again
// later.
func (a *account) end(item int64, from, to string, waits bool, tracks int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	v := a.live[item]
	delete(a.live, item)
	if v == nil || waits {
		if v != nil {
			a.rest[item] = v.load
		}
		return
	}
	took := a.nowFunc().Sub(v.began)
	a.spent += took
	a.silent += v.silent
	a.states[from]--
	a.states[to]++
	a.tracks += tracks
	plus(a.behind, v.load.Group, v.length, v.load.Bytes)
}

// progress is the state of the account.
func (a *account) progress() Progress {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := Progress{Files: a.files, States: map[string]int{}, Running: len(a.live), Tracks: a.tracks, Left: -1, AtUS: a.nowFunc().UnixMicro()}
	for s, n := range a.states {
		if n > 0 {
			p.States[s] = n
		}
	}
	behind := maps.Clone(a.behind)
	for _, v := range a.live {
		plus(behind, v.load.Group, min(v.step.Done, v.length), min(v.step.Read/reads, v.load.Bytes))
	}
	var total, done, before time.Duration
	sum := func(m map[string]Load) (cost time.Duration) {
		for _, l := range m {
			c, _ := a.speeds.Cost(l)
			cost += c
		}
		return cost
	}
	total, done, before = sum(a.total), sum(behind), sum(a.before)
	for g, l := range a.total {
		p.Length += l.Length
		p.Done += behind[g].Length
	}
	if total <= 0 {
		p.Share = 1
		return p
	}
	p.Share = min(1, float64(done)/float64(total))
	if here := done - before; here > total/leastShare {
		ended := sum(a.behind)
		p.Left = a.left(total-ended, ended-before)
	}
	return p
}

// left is how long the rest takes at the pace of this run, from what ended in it
// and how far the files under way are. Its arguments are costs: of what has not
// ended, and of what ended in this run. The caller holds a.mu.
func (a *account) left(rest, ended time.Duration) time.Duration {
	now := a.nowFunc()
	pace := tempo{now: now}
	if a.spent > 0 && ended > 0 {
		pace.each, pace.silent = float64(a.spent)/float64(ended), float64(a.silent)/float64(a.spent)
	}
	done, under := float64(ended), a.spent
	for _, v := range a.live {
		done += pace.of(v, a.cost(v)) * float64(a.cost(v))
		under += now.Sub(v.began)
	}
	took := now.Sub(a.first)
	flow := time.Duration(float64(took) * (float64(rest) + float64(ended) - done) / max(1, done))
	if pace.each == 0 {
		pace.each = 1
	}
	// Where more files are under way than there are workers they wait for them,
	// which the last ones do not.
	atOnce := float64(under) / float64(max(1, took))
	pace.each *= min(1, float64(a.workers)/max(1, atOnce))
	return max(flow, a.tail(pace))
}

// cost is that of a file under way.
func (a *account) cost(v *live) time.Duration {
	c, _ := a.speeds.Cost(Load{v.load.Group, v.length, v.load.Bytes})
	return c
}

// tempo is what the files that ended in a run say of those under way.
type tempo struct {
	now    time.Time
	each   float64 // time from begin to end for a cost; 0: none has ended
	silent float64 // share of it until something is told
}

// of is how much of a file under way is behind, 0 to 1: before anything is told
// of it, its import and the start of a worker, by the time that this takes.
func (p tempo) of(v *live, cost time.Duration) float64 {
	if v.step.Done > 0 || p.each == 0 {
		return p.silent + (1-p.silent)*part(v)
	}
	return min(p.silent, float64(p.now.Sub(v.began))/max(1, p.each*float64(cost)))
}

// tailFiles is how few files are left when it matters which of them is last.
const tailFiles = 64

// tail is how long the last files take at a pace: at the end of a run there is
// not work for every worker, so they are dealt out as they will be. 0 while many
// are left. The caller holds a.mu.
func (a *account) tail(p tempo) (left time.Duration) {
	if len(a.rest) > tailFiles {
		return 0
	}
	free := make([]time.Duration, max(a.workers, len(a.live)))
	i := 0
	for _, v := range a.live {
		free[i] = time.Duration(p.each * float64(a.cost(v)) * (1 - p.of(v, a.cost(v))))
		i++
	}
	for _, item := range slices.Sorted(maps.Keys(a.rest)) {
		first := 0
		for i, t := range free {
			if t < free[first] {
				first = i
			}
		}
		cost, _ := a.speeds.Cost(a.rest[item])
		free[first] += time.Duration(p.each * float64(cost))
	}
	return slices.Max(free)
}

// part is how much of a file's media time is behind.
func part(v *live) float64 {
	if v.length <= 0 {
		return 0
	}
	return min(1, v.step.Done.Seconds()/v.length.Seconds())
}
