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
	began   time.Time
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
	load   Load
	length time.Duration // of load, or what the probe said since
	step   Step
}

func newAccount(s *Speeds, workers int, now func() time.Time) *account {
	return &account{speeds: s, workers: max(1, workers), rest: map[int64]Load{}, began: now(), total: map[string]Load{}, behind: map[string]Load{}, before: map[string]Load{},
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
	a.live[item] = &live{load: l, length: l.Length}
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
	v.step = s
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
		took := a.nowFunc().Sub(a.began)
		p.Left = max(a.tail(), time.Duration(float64(took)*float64(total-done)/float64(here)))
	}
	return p
}

// tailFiles is how few files are left when it matters which of them is last.
const tailFiles = 64

// tail is how long the last files take: at the end of a run there is not work
// for every worker, so they are dealt out as they will be. 0 while many are
// left. The caller holds a.mu.
func (a *account) tail() (left time.Duration) {
	if len(a.rest) > tailFiles {
		return 0
	}
	free := make([]time.Duration, max(a.workers, len(a.live)))
	i := 0
	for _, v := range a.live {
		rest := v.load
		rest.Length = v.length - min(v.step.Done, v.length)
		rest.Bytes -= min(v.step.Read/reads, rest.Bytes)
		free[i], _ = a.speeds.Cost(rest)
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
		free[first] += cost
	}
	return slices.Max(free)
}
