package track

import (
	"math"
	"slices"

	"posteriori/engine/scene"
)

// Gates of association.
const (
	gateSquared  = 13.8 // χ² with 2 degrees of freedom, 0.999
	costLimit    = 1.45 // on 1 − DIoU plus penalties
	recent       = 600_000
	knownLooks   = 3   // detections from which a track's class is known
	lostDistance = 1.2 // sizes off the prediction, plus as much again per second
)

// detect joins the frame's detections to tracks and starts tracks from the rest.
func (tr *Tracker) detect(f Frame) {
	tr.prepare(f.Detections)
	s := &tr.scratch
	high := tr.scoring(tr.cfg.HighScore)
	fair := tr.scoring(tr.cfg.FairScore)
	s.used = resize(s.used, len(s.dets))
	clear(s.used)

	tr.pairDetections(0, fair, func(t *Track) bool { return tr.isRecent(t) }, tr.fairCost)
	tr.pairDetections(0, high, func(t *Track) bool { return !tr.isRecent(t) }, tr.lostCost)
	tr.pairDetections(high, len(s.dets), func(t *Track) bool { return tr.isRecent(t) }, tr.lowCost)
	for i := range high {
		if d := s.dets[i]; !s.used[i] && d.Score >= tr.cfg.BirthScore && !tr.echoes(d) {
			t := tr.birth(d.Box, noiseDetected)
			tr.take(t, i)
		}
	}
}

// scoring is how many of the prepared detections score at least so much.
func (tr *Tracker) scoring(least float64) int {
	n := 0
	for n < len(tr.scratch.dets) && tr.scratch.dets[n].Score >= least {
		n++
	}
	return n
}

// isRecent: seen lately, or at rest in a place the detector need not have looked at.
func (tr *Tracker) isRecent(t *Track) bool {
	return t.gap(tr.now) <= recent || t.LastUS == tr.prev || t.Stopped && t.gap(tr.now) <= 2e6 || t.parked(tr.now) || t.standing(tr.now)
}

// prepare sorts usable detections by falling score and folds duplicates: the
// same box under two classes, or a part of an object beside the whole.
func (tr *Tracker) prepare(dets []Detection) {
	s := &tr.scratch
	s.dets = s.dets[:0]
	for _, d := range dets {
		if b, ok := clip(d.Box, tr.w, tr.h); ok && valid(d.Box) && d.Score >= tr.cfg.LowScore && !math.IsNaN(d.Score) {
			d.Box = b
			s.dets = append(s.dets, d)
		}
	}
	slices.SortStableFunc(s.dets, func(a, b Detection) int {
		switch {
		case a.Score > b.Score:
			return -1
		case a.Score < b.Score:
			return 1
		}
		return 0
	})
	s.extra = resize(s.extra, len(s.dets))
	n := 0
	for _, d := range s.dets {
		fold := false
		for i := range n {
			k := s.dets[i]
			if sameThing(k, d) {
				if k.Class != d.Class {
					s.extra[i] = append(s.extra[i], d)
				}
				fold = true
				break
			}
		}
		if !fold {
			s.dets[n] = d
			s.extra[n] = s.extra[n][:0]
			n++
		}
	}
	s.dets = s.dets[:n]
}

// sameThing: k scores at least as high as d. A rider and the two-wheeler
// under them are two things.
func sameThing(k, d Detection) bool {
	a, b := k.Class.Kind(), d.Class.Kind()
	if a+b == 3 && a != b && a != 0 && b != 0 { // person and two-wheeler
		return k.Box.IoU(d.Box) > 0.85
	}
	if k.Box.IoU(d.Box) > 0.7 {
		return true
	}
	return a == b && containment(k.Box, d.Box) > 0.85 && (area(d.Box) < area(k.Box) || k.Box.IoU(d.Box) > 0.5)
}

// pairDetections assigns detections [lo, hi) that are free to the tracks that
// match takes and that have none yet.
func (tr *Tracker) pairDetections(lo, hi int, match func(*Track) bool, cost func(*Track, Detection) float64) {
	s := &tr.scratch
	s.rows, s.cols = s.rows[:0], s.cols[:0]
	for _, t := range tr.live {
		if t.det < 0 && t.hasPred && match(t) {
			s.rows = append(s.rows, t)
		}
	}
	for i := lo; i < hi; i++ {
		if !s.used[i] {
			s.cols = append(s.cols, i)
		}
	}
	n, m := len(s.rows), len(s.cols)
	if n == 0 || m == 0 {
		return
	}
	s.cost = resize(s.cost, n*m)
	for a, t := range s.rows {
		for b, i := range s.cols {
			s.cost[a*m+b] = cost(t, s.dets[i])
		}
	}
	for a, b := range tr.solve.Assign(s.cost, n, m, costLimit) {
		if b >= 0 {
			tr.take(s.rows[a], s.cols[b])
		}
	}
}

// detectionCost is 1 − DIoU with penalties; +Inf where the pair cannot be.
func (tr *Tracker) detectionCost(t *Track, d Detection) float64 {
	if apart(t.pred, d.Box) {
		return math.Inf(1)
	}
	over := t.pred.IoU(d.Box)
	var penalty float64
	if t.Detections > 0 {
		switch c := t.class; {
		case c == d.Class:
		case c.Kind() == d.Class.Kind():
			penalty = 0.05
		case over < 0.45:
			return math.Inf(1)
		default:
			penalty = 0.35
		}
	}
	if over < 0.2 && !tr.near(&t.k, t.pred, d.Box, noiseDetected, t.fits < 2) {
		return math.Inf(1)
	}
	if t.State == Tentative {
		penalty += 0.1
	}
	if t.left() || t.standing(tr.now) {
		penalty += 0.5
	}
	return distanceIoU(t.pred, d.Box) + penalty
}

// apart is a quick no: farther from each other than any gate reaches.
func apart(a, b scene.Box) bool {
	far := 3.2 * math.Max(math.Max(a.W, a.H), math.Max(b.W, b.H))
	ax, ay := centre(a)
	bx, by := centre(b)
	return math.Abs(ax-bx) > far || math.Abs(ay-by) > far
}

// near is the fallback for boxes that do not overlap: small or fast objects.
// A track seen once has no speed yet, and may be farther off.
func (tr *Tracker) near(k *kalman, pred, b scene.Box, noise float64, fresh bool) bool {
	sp, sb := size(pred), size(b)
	if r := sp / sb; r > 2.5 || r < 0.4 {
		return false
	}
	x, y := centre(b)
	reach := 1.5
	if fresh {
		reach = 3
	}
	s := (sp + sb) / 2
	return distance(pred, b) <= reach*s && k.mahalanobis(x, y, noise*s) <= gateSquared
}

// fairCost keeps fair scores to tracks whose class is known, and is theirs.
func (tr *Tracker) fairCost(t *Track, d Detection) float64 {
	if d.Score < tr.cfg.HighScore && (t.Detections < knownLooks || t.class.Kind() != d.Class.Kind()) {
		return math.Inf(1)
	}
	return tr.detectionCost(t, d)
}

// lowCost joins low scores where they overlap only: they are often nothing.
func (tr *Tracker) lowCost(t *Track, d Detection) float64 {
	if t.pred.IoU(d.Box) < 0.3 {
		return math.Inf(1)
	}
	return tr.detectionCost(t, d)
}

// lostCost bridges an occlusion: the class must agree, the size must, and the
// place must be one that the object can have reached.
func (tr *Tracker) lostCost(t *Track, d Detection) float64 {
	if t.Detections > 0 && t.class.Kind() != d.Class.Kind() {
		return math.Inf(1)
	}
	return tr.bridgeCost(t, d.Box)
}

func (tr *Tracker) bridgeCost(t *Track, b scene.Box) float64 {
	sp := size(t.pred)
	ratio := size(b) / sp
	if ratio > 1.8 || ratio < 0.55 {
		return math.Inf(1)
	}
	d := distance(t.pred, b) / sp
	gap := float64(t.gap(tr.now)) / 1e6
	if t.Stopped {
		if d > 0.5 {
			return math.Inf(1)
		}
		return distanceIoU(t.pred, b) + 0.2
	}
	x, y := centre(b)
	if d > lostDistance*(0.5+0.5*gap) || t.k.mahalanobis(x, y, noiseBlob*sp) > 9.2 {
		return math.Inf(1)
	}
	return math.Min(distanceIoU(t.pred, b), 1.2) + 0.2
}

// take gives detection i of the scratch to t.
func (tr *Tracker) take(t *Track, i int) {
	d := tr.scratch.dets[i]
	tr.scratch.used[i] = true
	if t.standing(tr.now) { // a ghost, and who came to its place
		tr.restart(t, d.Box)
		t.born = tr.now
	}
	noise := noiseDetected
	if d.Score < tr.cfg.HighScore {
		noise *= 1.6
	}
	if t.Detections == 0 && t.born < tr.now {
		// The first word on its extent: blobs may have held more, or less.
		vx, vy := t.k.cx, t.k.cy
		t.k = newKalman(d.Box, noise, tr.growth(d.Box))
		t.k.cx.v, t.k.cx.pvv = vx.v, vx.pvv+sq(0.5*size(d.Box))
		t.k.cy.v, t.k.cy.pvv = vy.v, vy.pvv+sq(0.5*size(d.Box))
	} else if t.born < tr.now {
		t.k.update(d.Box, noise, t.fits > 2 && !tr.atBorder(d.Box))
	}
	t.det, t.DetectedUS, t.vain, t.aspect = i, tr.now, 0, aspect(d.Box)
	t.fits++
	t.vote(d)
	for _, e := range tr.scratch.extra[i] {
		t.Votes[e.Class] += e.Score
		t.Weight += e.Score
	}
	tr.observe(t, sample{t: tr.now, box: d.Box, kind: detected, noise: float32(noise)})
	t.setBox(tr.w, tr.h)
	t.pred, t.hasPred = t.Box, true
}

func (t *Track) vote(d Detection) {
	if int(d.Class) < len(t.Votes) {
		t.Votes[d.Class] += d.Score
		t.Weight += d.Score
		t.Detections++
		t.class = t.Class()
	}
}

// echoes: d is one more box on an object that already has one.
func (tr *Tracker) echoes(d Detection) bool {
	for _, t := range tr.live {
		if t.det < 0 {
			continue
		}
		o := tr.scratch.dets[t.det]
		if sameThing(o, d) || o.Class.Kind() == d.Class.Kind() && o.Box.IoU(d.Box) > 0.4 {
			return true
		}
	}
	return false
}

// atBorder: the box touches the picture's edge, so its extent is cut.
func (tr *Tracker) atBorder(b scene.Box) bool {
	m := math.Max(2, 0.004*math.Max(tr.w, tr.h))
	return b.X <= m || b.Y <= m || b.X+b.W >= tr.w-m || b.Y+b.H >= tr.h-m
}

// growth is how fast a new track's sides may change.
func (tr *Tracker) growth(b scene.Box) float64 {
	if tr.atBorder(b) {
		return comingIn
	}
	return startGrowth
}
