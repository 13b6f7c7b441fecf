package track

import (
	"math"
	"time"

	"posteriori/engine/assignment"
	"posteriori/engine/scene"
)

// Detection is one detector box in source pixels, Score in 0..1.
type Detection struct {
	Box   scene.Box
	Class scene.Class
	Score float64
}

// Blob is one connected piece of motion: its box in source pixels, the share
// of the box that is foreground, and its area in square source pixels.
type Blob struct {
	Box  scene.Box
	Fill float64
	Area float64
}

// Frame is what was observed at one moment.
type Frame struct {
	TUS        int64 // media time, µs
	Detections []Detection
	Looked     []scene.Box // what the detector saw of this frame; nil: it did not run
	Blobs      []Blob
	Trusted    bool // false while the background relearns: blobs mean nothing
}

// Tracker turns frames into tracks. It is deterministic, holds no lock, and
// serves one goroutine.
type Tracker struct {
	cfg      Config
	w, h     float64
	now      int64
	prev     int64 // the step before
	started  bool
	next     int64
	live     []*Track
	finished []*Track
	past     []*Track // ended lately, with detections
	solve    assignment.Solver
	scratch  scratch
	smooth   smoother
	flow     flow
}

// scratch are buffers that live from step to step.
type scratch struct {
	dets   []Detection
	extra  [][]Detection // by index in dets: same object under another class
	used   []bool
	rows   []*Track
	cols   []int
	cost   []float64
	owner  []*Track // by blob
	shared []bool   // by blob: holds several tracks
}

// New starts a tracker for pictures of w×h source pixels.
func New(w, h int, cfg Config) *Tracker {
	return &Tracker{cfg: cfg.withDefaults(), w: float64(w), h: float64(h), next: 1}
}

// Step takes in the next frame. A frame that is not later than the last one is
// ignored.
func (tr *Tracker) Step(f Frame) {
	if tr.started && f.TUS <= tr.now {
		return
	}
	dt := 0.0
	if tr.started {
		dt = float64(f.TUS-tr.now) / 1e6
	}
	tr.prev, tr.now, tr.started = tr.now, f.TUS, true
	tr.expire()
	tr.predict(dt)
	if f.Looked != nil || len(f.Detections) > 0 {
		tr.detect(f)
	}
	if f.Trusted {
		tr.follow(f.Blobs, dt)
	}
	tr.settle(f.Looked)
	tr.confirm()
	tr.dedupe()
}

// Live returns the tracks that a detector should look at, in order of birth:
// confirmed ones, and tentative ones unless they are parked. Box is predicted
// to the last step's time where that step did not see them.
func (tr *Tracker) Live() []*Track {
	var out []*Track
	for _, t := range tr.live {
		if !t.parked(tr.now) {
			out = append(out, t)
		}
	}
	return out
}

// Finished returns the confirmed tracks that ended since the last call, in
// order of ending.
func (tr *Tracker) Finished() []*Track {
	out := tr.finished
	tr.finished = nil
	return out
}

// Flush ends the stream: it returns what Finished would and then every
// confirmed track that was live. The tracker starts anew after it, with IDs
// going on.
func (tr *Tracker) Flush() []*Track {
	for _, t := range tr.live {
		end := Lost
		if t.gap(tr.now) < int64(time.Second/time.Microsecond) || t.Stopped {
			end = Open
		}
		tr.finish(t, end)
	}
	tr.live, tr.past, tr.started = nil, nil, false
	return tr.Finished()
}

func us(d time.Duration) int64 { return d.Microseconds() }

// predict moves every track to now.
func (tr *Tracker) predict(dt float64) {
	for _, t := range tr.live {
		t.k.predict(dt)
		if t.Stopped {
			t.k.calm(dt, true)
		} else if !t.Seen || tr.now-t.wholeUS > wholeUS {
			t.k.calm(dt, false)
		}
		t.pred, t.hasPred = clip(t.k.box(), tr.w, tr.h)
		t.det, t.owns, t.group, t.Seen = -1, false, false, false
	}
}

// birth starts a tentative track.
func (tr *Tracker) birth(b scene.Box, noise float64) *Track {
	t := &Track{ID: tr.next, FirstUS: tr.now, LastUS: tr.now, Box: b, Seen: true,
		Votes: make([]float64, len(scene.Classes()))}
	x, y := centre(b)
	t.core = core{k: newKalman(b, noise, tr.growth(b)), born: tr.now, fits: 1, det: -1, leftUS: tr.now,
		ax: x, ay: y, wx: x, wy: y, pred: b, hasPred: true, motionUS: math.MinInt64 / 2}
	tr.expect(&t.k)
	tr.next++
	tr.live = append(tr.live, t)
	return t
}

// restart makes of a tentative track a newborn one.
func (tr *Tracker) restart(t *Track, b scene.Box) {
	x, y := centre(b)
	t.k = newKalman(b, noiseBlob, tr.growth(b))
	tr.expect(&t.k)
	t.ax, t.ay, t.wx, t.wy, t.route, t.Travel, t.unit = x, y, x, y, 0, 0, 0
	t.fits, t.observed, t.moving, t.rest, t.samples = 1, 0, 0, rest{}, t.samples[:0]
	t.FirstUS, t.LastUS, t.Seen = tr.now, tr.now, true
	t.add(sample{t: tr.now, box: b, kind: followed, noise: noiseBlob}, us(tr.cfg.RestAfter))
	t.setBox(tr.w, tr.h)
}

// observe notes that t was seen now, after its filter took the observation in.
func (tr *Tracker) observe(t *Track, s sample) {
	if t.Seen && t.LastUS == tr.now {
		if n := len(t.samples); n > 0 && t.samples[n-1].t == tr.now {
			if s.kind == detected {
				t.samples[n-1] = s
			}
			return
		}
	}
	if gap := tr.now - t.LastUS; gap <= 1e6 {
		t.observed += gap
	}
	t.LastUS, t.Seen = tr.now, true
	if s.kind >= followed {
		t.wholeUS = tr.now
	}
	if s.kind == detected || t.Detections == 0 || !t.Stopped {
		t.missed = 0
	}
	t.add(s, us(tr.cfg.RestAfter))
	if s.kind >= followed {
		tr.tell(t)
	}
	x, y := t.k.cx.p, t.k.cy.p
	t.rest.add(tr.now, x, y, us(tr.cfg.RestAfter))
	t.travelled(tr.now)
	v, ok := t.rest.speed(tr.now, x, y, us(tr.cfg.RestAfter))
	t.Stopped = ok && v < tr.cfg.RestSpeed*size(t.k.box())
}

// support notes that a blob vouches for t's motion now.
func (tr *Tracker) support(t *Track, dt float64) {
	t.motionUS = tr.now
	t.moving += int64(dt * 1e6)
}
