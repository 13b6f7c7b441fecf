package track

import (
	"math"

	"posteriori/engine/scene"
)

// Blobs against tracks.
const (
	holds      = 0.5       // share of a track's box inside a blob for the blob to hold it
	inside     = 0.5       // share of a blob inside a track's box to be a fragment of it
	goodFit    = 0.35      // log side ratio up to which a blob is a whole observation
	worstFit   = 1.1       // and beyond which its extent says nothing
	jump       = 0.7       // log side ratio, or sizes, at which a blob is not what it was
	driftMost  = 0.5       // sizes that a shared blob may shift its members in one step
	hiddenSide = 0.7       // share of a known object's side below which a blob is a part of it
	aspectUS   = 1_000_000 // for how long the detector's word on its shape holds
	aspectMost = 0.45      // by which its logarithm may differ from what the detector saw
	partGap    = 0.25      // sizes of the larger piece between two that part
	partGrowth = 1.1       // and by how much they outgrow the object that they were
)

// follow shares the blobs out among the tracks and lets tracks without a
// detection of this step follow theirs.
func (tr *Tracker) follow(blobs []Blob, dt float64) {
	s := &tr.scratch
	s.owner, s.shared = resize(s.owner, len(blobs)), resize(s.shared, len(blobs))
	clear(s.owner)
	clear(s.shared)
	for j := range blobs {
		if !tr.usable(blobs[j]) {
			s.shared[j] = true // nobody's
			continue
		}
		tr.claim(blobs, j)
	}
	tr.claimFar(blobs, tr.isRecent, tr.farCost)
	tr.gather(blobs)
	tr.shiftGroups(blobs, dt)
	for _, t := range tr.live {
		if t.owns {
			tr.followOwn(t, dt)
		}
	}
	tr.claimFar(blobs, func(t *Track) bool { return !t.Seen && !tr.isRecent(t) && !t.parked(tr.now) }, tr.lostBlobCost)
	for j, o := range s.owner {
		if o != nil && !o.owns {
			o.own, o.owns = blobs[j].Box, true
			tr.followOwn(o, dt)
		}
	}
	for j, b := range blobs {
		if s.owner[j] == nil && !s.shared[j] && tr.startsTrack(b) && !tr.covered(b.Box) {
			t := tr.birth(b.Box, noiseBlob)
			t.add(sample{t: tr.now, box: b.Box, kind: followed, noise: noiseBlob}, us(tr.cfg.RestAfter))
			t.rest.add(tr.now, t.k.cx.p, t.k.cy.p, us(tr.cfg.RestAfter))
			tr.support(t, dt)
		}
	}
}

// gather makes one observation of the blobs that each track owns.
func (tr *Tracker) gather(blobs []Blob) {
	s := &tr.scratch
	for j, o := range s.owner {
		switch {
		case o == nil:
		case !o.owns:
			o.own, o.owns = blobs[j].Box, true
		case !o.parting(blobs[j].Box):
			o.own = o.own.Union(blobs[j].Box)
		case area(blobs[j].Box) <= area(o.own):
			s.owner[j] = nil
		default:
			for k := range j {
				if s.owner[k] == o {
					s.owner[k] = nil
				}
			}
			o.own = blobs[j].Box
		}
		if o != nil {
			o.pieces++
		}
	}
	for _, t := range tr.live {
		if t.pieces == 1 {
			t.onePiece = size(t.own)
		}
		t.pieces = 0
	}
}

// parting tells whether b goes away from the rest of what blobs alone vouch
// for: someone who leaves a thing, two who part. The pieces of one object lie
// apart too, but together they are no larger than it was in one piece.
func (t *Track) parting(b scene.Box) bool {
	if t.Detections > 0 || t.onePiece == 0 {
		return false
	}
	gap := border(t.own, b)
	return gap > partGap*math.Max(size(t.own), size(b)) && size(t.own.Union(b)) > partGrowth*t.onePiece
}

// usable: not a change of light, and not the thin outlines that a shaken camera
// or a ghost leaves.
func (tr *Tracker) usable(b Blob) bool {
	return valid(b.Box) && area(b.Box) <= tr.cfg.MaxBlobArea*tr.w*tr.h && b.Fill >= tr.cfg.MinFill
}

func (tr *Tracker) startsTrack(b Blob) bool {
	return area(b.Box) >= tr.cfg.MinBlobArea*tr.w*tr.h && b.Fill >= 1.3*tr.cfg.MinFill
}

// claim finds the owner of blob j, or marks it shared.
func (tr *Tracker) claim(blobs []Blob, j int) {
	b := blobs[j].Box
	var best *Track
	var bestWorth float64
	held := 0
	for _, t := range tr.live {
		if !t.hasPred || !tr.isRecent(t) {
			continue
		}
		in := overlap(t.pred, b)
		if in == 0 {
			continue
		}
		ofTrack, ofBlob := in/area(t.pred), in/area(b)
		if t.solid() && !t.parked(tr.now) && ofTrack >= holds {
			held++
		}
		worth := in / (area(t.pred) + area(b) - in)
		if ofTrack < holds && ofBlob < inside && worth < 0.2 {
			continue
		}
		worth += 0.5 * ofBlob // a fragment is worth more to the box around it
		if t.solid() {
			worth++
		}
		if t.parked(tr.now) {
			worth -= 1.4
		} else if t.standing(tr.now) && t.pred.IoU(b) > 0.6 {
			worth += 1.3 // who only passes before a ghost does not take it along
		}
		if worth > bestWorth || best == nil {
			best, bestWorth = t, worth
		}
	}
	if held >= 2 {
		tr.scratch.shared[j] = true
		return
	}
	tr.scratch.owner[j] = best
}

// claimFar pairs unclaimed blobs with tracks that claimed none, by distance.
func (tr *Tracker) claimFar(blobs []Blob, match func(*Track) bool, cost func(*Track, scene.Box) float64) {
	s := &tr.scratch
	s.rows, s.cols = s.rows[:0], s.cols[:0]
	for j := range blobs {
		if s.owner[j] == nil && !s.shared[j] {
			s.cols = append(s.cols, j)
		}
	}
	if len(s.cols) == 0 {
		return
	}
	for _, t := range tr.live {
		if t.hasPred && !t.Seen && !tr.hasBlob(t) && match(t) {
			s.rows = append(s.rows, t)
		}
	}
	n, m := len(s.rows), len(s.cols)
	if n == 0 {
		return
	}
	s.cost = resize(s.cost, n*m)
	for a, t := range s.rows {
		for b, j := range s.cols {
			s.cost[a*m+b] = cost(t, blobs[j].Box)
		}
	}
	for a, b := range tr.solve.Assign(s.cost, n, m, costLimit) {
		if b >= 0 {
			s.owner[s.cols[b]] = s.rows[a]
		}
	}
}

func (tr *Tracker) hasBlob(t *Track) bool {
	for _, o := range tr.scratch.owner {
		if o == t {
			return true
		}
	}
	return false
}

func (tr *Tracker) farCost(t *Track, b scene.Box) float64 {
	if apart(t.pred, b) || t.parked(tr.now) || t.Stopped || !tr.near(&t.k, t.pred, b, noiseBlob, t.fits < 2) {
		return math.Inf(1)
	}
	return distanceIoU(t.pred, b)
}

func (tr *Tracker) lostBlobCost(t *Track, b scene.Box) float64 {
	return tr.bridgeCost(t, tr.corrected(t, b))
}

// covered: most of the box lies in a track's box that was seen just now.
func (tr *Tracker) covered(b scene.Box) bool {
	for _, t := range tr.live {
		if t.Seen && t.solid() && overlap(t.Box, b) > 0.6*area(b) {
			return true
		}
	}
	return false
}

// shiftGroups moves the members of each shared blob by as much as the blob is
// off the union of their predictions: their own places in it are not seen.
func (tr *Tracker) shiftGroups(blobs []Blob, dt float64) {
	for j, b := range blobs {
		if !tr.scratch.shared[j] || !tr.usable(b) {
			continue
		}
		var u scene.Box
		n := 0
		for _, t := range tr.live {
			if tr.member(t, b.Box) {
				if n++; n == 1 {
					u = t.pred
				} else {
					u = u.Union(t.pred)
				}
			}
		}
		if n == 0 {
			continue
		}
		var dx, dy float64
		if u.IoU(b.Box) > 0.5 {
			ux, uy := centre(u)
			bx, by := centre(b.Box)
			dx, dy = bx-ux, by-uy
		}
		for _, t := range tr.live {
			if tr.member(t, b.Box) {
				tr.shiftMember(t, dx, dy, dt)
			}
		}
	}
}

func (tr *Tracker) member(t *Track, b scene.Box) bool {
	return t.hasPred && !t.owns && t.solid() && !t.parked(tr.now) && tr.isRecent(t) &&
		overlap(t.pred, b) >= holds*area(t.pred)
}

func (tr *Tracker) shiftMember(t *Track, dx, dy, dt float64) {
	tr.support(t, dt)
	t.group = true
	if t.Seen || t.denied(tr.now) {
		return
	}
	if lim := driftMost * size(t.pred); math.Hypot(dx, dy) > lim {
		f := lim / math.Hypot(dx, dy)
		dx, dy = dx*f, dy*f
	}
	t.k.shift(t.k.cx.p+dx, t.k.cy.p+dy, noiseWeak)
	box, _ := clip(t.k.box(), tr.w, tr.h)
	if !valid(box) {
		return
	}
	tr.observe(t, sample{t: tr.now, box: box, kind: weak, noise: noiseWeak})
	t.setBox(tr.w, tr.h)
}

// corrected maps a blob's box to where the detector would draw it, as learnt
// from the frames that had both.
func (tr *Tracker) corrected(t *Track, b scene.Box) scene.Box {
	if !t.hasOff {
		return b
	}
	return applyOffset(b, t.offset)
}

// applyOffset moves the four edges; o holds them (left, top, right, bottom) in
// sides of the blob.
func applyOffset(b, o scene.Box) scene.Box {
	c := scene.Box{X: b.X + o.X*b.W, Y: b.Y + o.Y*b.H}
	c.W = math.Max(b.X+b.W+o.W*b.W-c.X, 1)
	c.H = math.Max(b.Y+b.H+o.H*b.H-c.Y, 1)
	return c
}

func offsetOf(det, b scene.Box) scene.Box {
	return scene.Box{X: (det.X - b.X) / b.W, Y: (det.Y - b.Y) / b.H,
		W: (det.X + det.W - b.X - b.W) / b.W, H: (det.Y + det.H - b.Y - b.H) / b.H}
}

// learn remembers how the detector's box lies to the blob's.
func (t *Track) learn(det, b scene.Box) {
	if misfit(det, b) > worstFit {
		return
	}
	o := offsetOf(det, b)
	if t.hasOff { // half the new, half the old
		o = scene.Box{X: (o.X + t.offset.X) / 2, Y: (o.Y + t.offset.Y) / 2,
			W: (o.W + t.offset.W) / 2, H: (o.H + t.offset.H) / 2}
	}
	t.offset, t.hasOff = o, true
}

// followOwn lets t take in its own blob of this step.
func (tr *Tracker) followOwn(t *Track, dt float64) {
	if overlap(t.own, t.pred) > 0.25*area(t.pred) || !t.parked(tr.now) {
		tr.support(t, dt)
	}
	if t.Seen { // detected: the blob only teaches how the two lie to each other
		if n := len(t.samples); t.det >= 0 && n > 0 && t.samples[n-1].t == tr.now {
			t.learn(tr.scratch.dets[t.det].Box, t.own)
			t.samples[n-1].blob, t.samples[n-1].hasBlob = t.own, true
		}
		return
	}
	if t.parked(tr.now) { // something moved before it, or it began to move: the detector must say
		return
	}
	z := tr.corrected(t, t.own)
	miss := misfit(z, t.pred)
	if t.State == Tentative && t.Detections == 0 && t.fits > 1 && (miss > jump || distance(z, t.pred) > jump*size(t.pred)) {
		tr.restart(t, z) // another shape: what it covered so far was no way
		return
	}
	young := t.Detections == 0 && t.fits < 4
	switch {
	case t.Detections >= 3 && tr.now-t.DetectedUS <= aspectUS && math.Abs(aspect(z)-t.aspect) > aspectMost && !tr.atBorder(t.own):
		tr.keepNear(t) // it and a ghost, or another, or a part of it
	case miss <= goodFit || young || tr.atBorder(t.own):
		t.k.update(z, noiseBlob, t.fits > 3 && !tr.atBorder(t.own))
		t.fits++
		tr.observe(t, sample{t: tr.now, box: t.own, kind: followed, noise: noiseBlob})
	case t.Detections == 0 || miss <= worstFit && !t.hidden(z):
		noise := noiseBlob * math.Min(1+4*(miss-goodFit), 5)
		t.k.update(z, noise, true)
		tr.observe(t, sample{t: tr.now, box: t.own, kind: followed, noise: float32(noise)})
	default:
		tr.keepNear(t)
	}
	t.setBox(tr.w, tr.h)
}

// hidden: of what the detector knows well, the blob shows a part: the rest is
// behind something, or as bright as what is behind it.
func (t *Track) hidden(z scene.Box) bool {
	return t.Detections >= 2 && (z.W < t.pred.W*hiddenSide || z.H < t.pred.H*hiddenSide) &&
		z.W < t.pred.W*(2-hiddenSide) && z.H < t.pred.H*(2-hiddenSide)
}

// aspect is the logarithm of a box's width by its height.
func aspect(b scene.Box) float64 { return math.Log(b.W / b.H) }

// keepNear takes from an ill-fitting blob only that the object is in it, or
// it in the object.
func (tr *Tracker) keepNear(t *Track) {
	if t.denied(tr.now) {
		return
	}
	dx := pull(t.pred.X, t.pred.X+t.pred.W, t.own.X, t.own.X+t.own.W)
	dy := pull(t.pred.Y, t.pred.Y+t.pred.H, t.own.Y, t.own.Y+t.own.H)
	t.k.shift(t.k.cx.p+dx, t.k.cy.p+dy, noiseWeak)
	if box, ok := clip(t.k.box(), tr.w, tr.h); ok {
		tr.observe(t, sample{t: tr.now, box: box, kind: weak, noise: noiseWeak})
	}
}

// pull is the shift that brings one span into the other.
func pull(a0, a1, b0, b1 float64) float64 {
	lo, hi := b0-a0, b1-a1
	if lo > hi {
		lo, hi = hi, lo
	}
	return math.Max(lo, math.Min(0, hi))
}
