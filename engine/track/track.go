package track

import (
	"math"

	"posteriori/engine/scene"
)

// State is how far a track has come.
type State uint8

// The states.
const (
	Tentative State = iota // not yet known to be a moving object
	Confirmed              // a moving object
	Ended                  // handed out by Finished or Flush
)

// Ending says why a track ended.
type Ending uint8

// The endings.
const (
	Open   Ending = iota // still seen when the stream ended (Flush)
	Left                 // went out of the picture
	Lost                 // not seen again
	Merged               // found to be another track's object; its earlier life stands
)

// Track is one object as the tracker knows it. The tracker owns it until it is
// handed out by Finished or Flush; what Live returns may be read until the
// next call of Step.
type Track struct {
	ID     int64 // 1-based, in order of birth; tentative tracks use IDs up
	State  State
	Ending Ending // meaningful when Ended

	Box     scene.Box // estimate at the last step, source pixels, within the picture
	VX, VY  float64   // pixels per second
	Seen    bool      // the last step observed it
	Stopped bool      // at rest at the last step (or at the end)

	FirstUS, LastUS int64 // first and last observation
	DetectedUS      int64 // last detection; meaningful when Detections > 0

	Votes      []float64 // sum of detector scores by scene.Class
	Detections int       // number of detections behind Votes
	Weight     float64   // sum of Votes
	Observed   float64   // share of its life, 0..1, in which it was observed at least once a second
	Net        float64   // pixels between first and last place (bottom centre)
	Travel     float64   // largest distance from the start, in sizes (square root of its area)
	Motion     float64   // share of its life, 0..1, in which a motion blob supported it

	Absorbed []int64    // IDs of tracks found to be the same object; their masks and crops are this track's
	Path     scene.Path // smoothed, in picture; set when Ended

	core
}

// core is what only the tracker needs.
type core struct {
	k        kalman
	class    scene.Class // Class, kept
	samples  []sample
	born     int64 // first step, even where the path was later cut
	observed int64 // µs observed
	moving   int64 // µs with motion support
	motionUS int64 // last motion support
	fits     int   // whole-box observations

	ax, ay   float64 // anchor: where travel counts from
	wx, wy   float64 // last waypoint
	unit     float64 // largest size so far
	route    float64 // length along waypoints, pixels
	leftUS   int64   // when it left the anchor for good
	rest     rest
	missed   int64   // µs for which the detector looked here in vain
	missUS   int64   // last look in vain
	looks    int     // looks in vain
	vain     int     // of them, since its last detection
	aspect   float64 // of its last detection
	offset   scene.Box
	hasOff   bool // offset holds detector box less blob box, edges in blob sides
	dup      *Track
	dupUS    int64
	pred     scene.Box // prediction for this step, clipped
	hasPred  bool
	det      int // index of this step's detection, −1
	own      scene.Box
	owns     bool    // own is this step's blob (union of fragments)
	pieces   int     // blobs of this step that it owns
	onePiece float64 // size of the last blob that was all of it
	group    bool    // this step's blob holds others too
	wholeUS  int64   // when all of it was seen last, not only where it is
}

// Class is the class with most votes, Other without any.
func (t *Track) Class() scene.Class {
	best, most := scene.Other, 0.0
	for c, v := range t.Votes {
		if v > most {
			best, most = scene.Class(c), v
		}
	}
	return best
}

// rest follows the last second or so of places to tell rest from travel.
type rest struct {
	at   [16]restPoint
	n, i int
}

type restPoint struct {
	t    int64
	x, y float64
}

func (r *rest) add(t int64, x, y float64, span int64) {
	step := span / int64(len(r.at)-2)
	if r.n > 0 {
		if last := r.at[(r.i+len(r.at)-1)%len(r.at)]; t-last.t < step {
			return
		}
	}
	r.at[r.i] = restPoint{t, x, y}
	r.i = (r.i + 1) % len(r.at)
	r.n = min(r.n+1, len(r.at))
}

// speed is the net travel per second over the span before now; false while
// less than the span is known.
func (r *rest) speed(now int64, x, y float64, span int64) (float64, bool) {
	for k := range r.n {
		p := r.at[(r.i+len(r.at)-1-k)%len(r.at)]
		if now-p.t >= span*9/10 {
			return math.Hypot(x-p.x, y-p.y) / (float64(now-p.t) / 1e6), true
		}
	}
	return 0, false
}

func (t *Track) setBox(w, h float64) {
	if b, ok := clip(t.k.box(), w, h); ok {
		t.Box = b
	}
	t.VX, t.VY = t.k.cx.v, t.k.cy.v
}

// gap is the time since the last observation.
func (t *Track) gap(now int64) int64 { return now - t.LastUS }

// speed is in sizes per second.
func (t *Track) speed() float64 { return math.Hypot(t.k.cx.v, t.k.cy.v) / size(t.k.box()) }

// solid tracks count as objects where blobs are shared out.
func (t *Track) solid() bool { return t.State == Confirmed || t.Detections > 0 }

// parked is a detection that has never moved: a car at the kerb, a statue.
func (t *Track) parked(now int64) bool {
	return t.State == Tentative && t.Detections > 0 && now-t.born > 2e6 && t.Travel < 0.2
}

// standing is a blob that has never moved: a ghost, a thing left behind.
func (t *Track) standing(now int64) bool {
	return t.State == Tentative && t.Detections == 0 && now-t.born > 2e6 && t.Stopped
}

// travelled updates anchor, waypoints and travel after an observation.
func (t *Track) travelled(now int64) {
	x, y := t.k.cx.p, t.k.cy.p
	s := size(t.k.box())
	t.unit = math.Max(s, t.unit) // a box that shrinks has not travelled
	d := math.Hypot(x-t.ax, y-t.ay) / t.unit
	if t.State == Tentative && t.Detections > 0 && d < 0.2 {
		t.leftUS = now
		if t.parked(now) { // the mean place of a parked thing is a better anchor than its first box
			t.ax += (x - t.ax) * 0.02
			t.ay += (y - t.ay) * 0.02
		}
	}
	t.Travel = math.Max(t.Travel, d)
	if step := math.Hypot(x-t.wx, y-t.wy); step > 0.25*s {
		t.route += step
		t.wx, t.wy = x, y
	}
}
