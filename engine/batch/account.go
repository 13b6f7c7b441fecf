package batch

import (
	"maps"
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
	tracks  int64
	states  map[string]int
	files   int
	nowFunc func() time.Time
}

// live is a file under way.
type live struct {
	load   Load
	began  time.Time
	length time.Duration // of load, or what the probe said since
	step   Step
}

func newAccount(s *Speeds, now func() time.Time) *account {
	return &account{speeds: s, began: now(), total: map[string]Load{}, behind: map[string]Load{}, before: map[string]Load{},
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
func (a *account) know(l Load, state string, waits bool, tracks int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.files++
	a.states[state]++
	a.tracks += tracks
	plus(a.total, l.Group, l.Length, l.Bytes)
	if !waits {
		plus(a.behind, l.Group, l.Length, l.Bytes)
		plus(a.before, l.Group, l.Length, l.Bytes)
	}
}

// start notes that a file is begun.
func (a *account) start(item int64, l Load) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.live[item] = &live{load: l, began: a.nowFunc(), length: l.Length}
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
		p.Left = max(a.longest(), time.Duration(float64(took)*float64(total-done)/float64(here)))
	}
	return p
}

// longest is how long the last of the files under way will take at its own
// pace: at the end of a run there is not work for every worker. The caller holds
// a.mu.
func (a *account) longest() (left time.Duration) {
	if len(a.live) < a.states[index.ItemWaiting] {
		return 0 // others wait: no worker is idle
	}
	for _, v := range a.live {
		if done := v.step.Done.Seconds() / max(v.length.Seconds(), 1e-9); done > 0.05 && done <= 1 {
			took := a.nowFunc().Sub(v.began)
			left = max(left, time.Duration(float64(took)*(1-done)/done))
		}
	}
	return left
}
