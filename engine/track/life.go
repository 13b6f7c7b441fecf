package track

import (
	"math"

	"posteriori/engine/scene"
)

const (
	exitUS      = 300_000 // unseen for so long at the border: it left
	flickerUS   = 400_000 // a tentative track of blobs dies unseen after
	standingUS  = 6_000_000
	parkedUS    = 3_000_000
	dupeUS      = 500_000
	dupeSlowUS  = 1_000_000
	wholeUS     = 100_000   // not seen whole for so long: its size stays
	deniedUS    = 800_000   // undetected for so long under the detector's eyes
	vagueUS     = 300_000   // an end of which only a shared blob tells is cut to so much
	restDrift   = 0.3       // sizes that the box of what rests may move
	strayUS     = 1_000_000 // unseen for so long, what blobs tell next is of another,
	strayLooks  = 5         // if so many detections knew it
	strayVain   = 3         // and so many looks have found nothing since
	maxBirthGap = 1_000_000 // a piece may be joined to a lost track so long after its birth
)

// expire ends tracks whose time is up before this frame is looked at.
func (tr *Tracker) expire() {
	tr.keepIf(func(t *Track) bool {
		gap := t.gap(tr.now)
		switch {
		case t.Stopped && t.missed > tr.patience(t): // its foreground is a ghost's by now
			t.cutAfter(t.DetectedUS)
			return false
		case t.Seen && gap <= us(tr.cfg.MaxGap): // the frames may be far apart
			return true
		case t.standing(tr.now): // covered by a passer-by for a while
			return gap <= standingUS
		case t.State == Tentative && t.Detections == 0:
			return gap <= flickerUS
		case t.State == Tentative:
			return gap <= parkedUS
		case t.Stopped:
			return gap <= us(tr.cfg.RestGap)
		}
		return gap <= us(tr.cfg.MaxGap)
	}, Lost)
}

// patience is how long a resting object may go undetected under the
// detector's eyes: the longer, the seldomer it was detected before.
func (tr *Tracker) patience(t *Track) int64 {
	if t.Detections == 0 {
		return math.MaxInt64
	}
	hits := float64(t.Detections) / float64(t.Detections+t.looks)
	return int64(float64(us(tr.cfg.RestMissed)) / math.Max(hits, 0.25))
}

// settle notes who was looked at in vain, and ends who left the picture.
func (tr *Tracker) settle(looked []scene.Box) {
	for _, t := range tr.live {
		if t.det < 0 {
			tr.missed(t, looked)
		}
		if t.Seen {
			continue
		}
		t.setBox(tr.w, tr.h)
		if n := len(t.samples); n == 0 || t.samples[n-1].t < tr.now {
			t.add(sample{t: tr.now, kind: unseen}, us(tr.cfg.RestAfter))
		}
	}
	tr.keepIf(func(t *Track) bool { return t.Seen || !tr.gone(t) }, Left)
}

// missed counts how long the detector looked at t in vain.
func (tr *Tracker) missed(t *Track, looked []scene.Box) {
	for _, l := range looked {
		if t.hasPred && overlap(l, t.pred) > 0.9*area(t.pred) {
			t.looks++
			t.vain++
			if t.missUS > t.DetectedUS || t.Detections == 0 {
				t.missed += min(tr.now-max(t.missUS, t.born), 1e6)
			}
			t.missUS = tr.now
			return
		}
	}
}

// denied: the detector, which knows it well, has looked at it in vain for a
// while. A blob that holds others too no longer vouches for it: it is behind
// them, or not there.
func (t *Track) denied(now int64) bool {
	return t.Detections >= 3 && t.vain >= 3 && now-t.DetectedUS > deniedUS && t.Detections > t.looks-t.vain
}

// left: it stood, the detector saw it nearly always and now looks at it in
// vain. What moved off left a ghost in the foreground, which blobs vouch for,
// and whoever comes to its place is another.
func (t *Track) left() bool {
	return t.Stopped && t.Detections >= 3 && t.vain >= 2 && t.Detections > 2*(t.looks-t.vain)
}

// gone: unseen, and its way leads out of the picture.
func (tr *Tracker) gone(t *Track) bool {
	if t.Stopped {
		return false
	}
	if !t.hasPred {
		return true
	}
	b := t.k.box()
	if x, y := centre(b); x < 0 || y < 0 || x > tr.w || y > tr.h {
		return true
	}
	if t.gap(tr.now) < exitUS {
		return false
	}
	s := 0.1 * size(b)
	m := math.Max(2, 0.01*math.Max(tr.w, tr.h))
	return b.X <= m && t.k.cx.v < -s || b.Y <= m && t.k.cy.v < -s ||
		b.X+b.W >= tr.w-m && t.k.cx.v > s || b.Y+b.H >= tr.h-m && t.k.cy.v > s
}

// keepIf keeps tracks and ends the others.
func (tr *Tracker) keepIf(keep func(*Track) bool, end Ending) {
	n := 0
	for _, t := range tr.live {
		if keep(t) {
			tr.live[n] = t
			n++
		} else {
			tr.finish(t, end)
		}
	}
	clear(tr.live[n:])
	tr.live = tr.live[:n]
}

// confirm promotes tentative tracks that proved to be moving objects.
func (tr *Tracker) confirm() {
	for i := 0; i < len(tr.live); i++ {
		t := tr.live[i]
		if t.State != Tentative || !t.Seen {
			continue
		}
		proven := tr.provenByBlobs(t)
		if t.Detections > 0 && !(proven && t.Detections < 2) { // one look that named it takes nothing from its way
			proven = tr.provenByDetector(t)
		}
		if !proven {
			continue
		}
		t.State = Confirmed
		if t.Detections > 0 && t.leftUS-t.born > 2e6 { // it was parked: its path starts as it moves off
			t.cutBefore(t.leftUS - 1e6)
			t.observed = min(t.observed, tr.now-t.FirstUS)
			t.moving = min(t.moving, tr.now-t.FirstUS)
		}
		if old := tr.brokenOff(t); old != nil {
			tr.absorb(t, old)
			i = -1 // the list changed; confirmed tracks are passed over quickly
		}
	}
}

// provenByDetector: seen twice, and travelled with motion under it; or, for
// living things, moved for a while in place.
func (tr *Tracker) provenByDetector(t *Track) bool {
	if t.Detections < 2 && (t.fits < 4 || t.Weight < 0.55) {
		return false
	}
	supported := tr.now-t.motionUS <= us(tr.cfg.MotionAge)
	if supported && t.Travel >= tr.cfg.MinTravel {
		return true
	}
	if k := t.Class().Kind(); (k == 1 || k == 5) && t.moving >= 1_200_000 && t.moving*2 > tr.now-t.born {
		return true
	}
	// Without a trusted background a long, straight way must do.
	return t.Detections >= 4 && t.Travel >= 1.5 && tr.straight(t)
}

// provenByBlobs: it lasted, and went somewhere on a straight enough way.
func (tr *Tracker) provenByBlobs(t *Track) bool {
	age := tr.now - t.FirstUS
	need := math.Min(tr.cfg.MinBlobRoute*size(t.k.box()), 0.15*math.Hypot(tr.w, tr.h))
	need = math.Max(need, 0.008*math.Hypot(tr.w, tr.h))
	d := math.Hypot(t.k.cx.p-t.ax, t.k.cy.p-t.ay)
	if d < need || t.fits < 4 || !tr.straight(t) || t.observed*10 < age*6 {
		return false
	}
	return age >= us(tr.cfg.MinBlobAge) || d >= 2*need && age*2 >= us(tr.cfg.MinBlobAge)
}

func (tr *Tracker) straight(t *Track) bool {
	d := math.Hypot(t.k.cx.p-t.ax, t.k.cy.p-t.ay)
	return d >= 0.6*t.route
}

// brokenOff finds the lost track that t, just proven, goes on from: same
// class, fitting size, and both ways meet in the gap.
func (tr *Tracker) brokenOff(t *Track) *Track {
	if tr.now-t.FirstUS > 3*maxBirthGap {
		return nil
	}
	first := t.samples[0].box
	var best *Track
	least := math.Inf(1)
	for _, o := range tr.live {
		gap := float64(t.FirstUS-o.LastUS) / 1e6
		if o == t || o.State != Confirmed || o.Seen || gap <= 0 || len(o.samples) == 0 {
			continue
		}
		if o.Detections > 0 && t.Detections > 0 && o.Class().Kind() != t.Class().Kind() {
			continue
		}
		if c := tr.meet(o, t, first, gap); c < least {
			best, least = o, c
		}
	}
	return best
}

// meet is how far, in sizes, the old track's way misses the new one's start.
func (tr *Tracker) meet(o, t *Track, first scene.Box, gap float64) float64 {
	s := size(o.k.box())
	if r := size(first) / s; r > 2 || r < 0.5 {
		return math.Inf(1)
	}
	back := float64(tr.now-t.FirstUS) / 1e6 // o's filter has been predicted to now
	ox, oy := o.k.cx.p-o.k.cx.v*back, o.k.cy.p-o.k.cy.v*back
	if o.Stopped {
		ox, oy = o.k.cx.p, o.k.cy.p
	}
	fx, fy := centre(first)
	miss := math.Hypot(fx-ox, fy-oy) / s
	if miss > 0.6+0.4*math.Min(gap, 3) {
		return math.Inf(1)
	}
	vo, vt := math.Hypot(o.k.cx.v, o.k.cy.v), math.Hypot(t.k.cx.v, t.k.cy.v)
	if vo > 0.4*s && vt > 0.4*s && o.k.cx.v*t.k.cx.v+o.k.cy.v*t.k.cy.v < 0.3*vo*vt {
		return math.Inf(1)
	}
	return miss
}
