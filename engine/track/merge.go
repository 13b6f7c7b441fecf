package track

import (
	"math"

	"posteriori/engine/scene"
)

// dedupe joins tracks that follow one object: one box in the other, same
// motion, for a while, and never two detections at once.
func (tr *Tracker) dedupe() {
	for i := 0; i < len(tr.live); i++ {
		t := tr.live[i]
		twin := tr.twin(t)
		if twin == nil {
			t.dup = nil
			continue
		}
		if t.dup != twin || t.det >= 0 && twin.det >= 0 {
			t.dup, t.dupUS = twin, tr.now
			continue
		}
		wait := int64(dupeSlowUS)
		if t.State == Tentative {
			wait = dupeUS
		}
		if tr.now-t.dupUS >= wait {
			if apartBefore(t, twin) {
				t.dupUS = tr.now
				continue
			}
			if t.left() && twin.DetectedUS > t.DetectedUS {
				tr.remove(t)
				t.cutAfter(t.DetectedUS)
				tr.finish(t, Lost)
			} else {
				tr.absorb(twin, t)
			}
			i = -1
		}
	}
}

// apartBefore: the detector has seen both at once in two places. They are two
// objects, however one hides the other now.
func apartBefore(a, b *Track) bool {
	n := 0
	for i, j := len(a.samples)-1, len(b.samples)-1; i >= 0 && j >= 0; {
		p, q := a.samples[i], b.samples[j]
		if p.t == q.t && p.kind == detected && q.kind == detected && p.box.IoU(q.box) < 0.3 {
			if n++; n >= 3 {
				return true
			}
		}
		if p.t >= q.t {
			i--
		}
		if q.t >= p.t {
			j--
		}
	}
	return false
}

// twin finds the track that t doubles and that is to stay in its place.
func (tr *Tracker) twin(t *Track) *Track {
	if t.gap(tr.now) > 2*recent || t.standing(tr.now) {
		return nil
	}
	for _, o := range tr.live {
		touch := overlap(o.Box, t.Box) > 0 || o.group && t.group
		if o == t || !touch || !outranks(o, t) || !tr.doubles(o, t) {
			continue
		}
		return o
	}
	return nil
}

// outranks: there before gone, detected before not, confirmed before not, heavier, then older.
func outranks(o, t *Track) bool {
	if a, b := o.Detections > 0, t.Detections > 0; a != b {
		return a
	}
	if a, b := o.left(), t.left(); a != b {
		return b
	}
	if o.State != t.State {
		return o.State > t.State
	}
	if o.Weight != t.Weight {
		return o.Weight > t.Weight
	}
	return o.ID < t.ID
}

func (tr *Tracker) doubles(o, t *Track) bool {
	if o.gap(tr.now) > recent || o.State == Tentative && o.parked(tr.now) {
		return false
	}
	a, b := o.Box, t.Box
	both := o.Detections > 0 && t.Detections > 0
	if both && o.class.Kind() != t.class.Kind() {
		return false
	}
	need := 0.7
	if both {
		need = 0.8
		if a.IoU(b) < 0.55 && area(t.Box) > 0.6*area(o.Box) {
			return false
		}
	}
	inOne := containment(a, b) >= need
	if !both && !inOne {
		// Motion alone: two pieces of one blob that go the same way.
		inOne = t.Detections == 0 && o.Detections == 0 && t.group && o.group
	}
	if !inOne {
		return false
	}
	s := math.Min(size(a), size(b))
	return math.Hypot(o.VX-t.VX, o.VY-t.VY) <= 0.6*s+0.25*math.Hypot(o.VX, o.VY)
}

// absorb makes drop a part of keep and takes drop off the list. What drop saw
// before keep began becomes keep's beginning, where it was the same thing's box.
func (tr *Tracker) absorb(keep, drop *Track) {
	n := 0
	for n < len(drop.samples) && drop.samples[n].t < keep.FirstUS {
		n++
	}
	head := drop.samples[:n]
	for len(head) > 0 && head[len(head)-1].kind == unseen && drop.LastUS >= keep.FirstUS {
		head = head[:len(head)-1]
	}
	fits := len(head) > 0 && (drop.State == Confirmed || keep.FirstUS-drop.FirstUS < 2e6) && headFits(head, keep)
	if fits {
		keep.samples = append(append(make([]sample, 0, len(head)+len(keep.samples)), head...), keep.samples...)
		gap := keep.FirstUS - min(drop.LastUS, keep.FirstUS)
		if gap > 1e6 {
			gap = 0
		}
		keep.observed += min(drop.observed, keep.FirstUS-drop.FirstUS) + gap
		keep.moving += min(drop.moving, keep.FirstUS-drop.FirstUS)
		keep.FirstUS, keep.born = drop.FirstUS, min(drop.born, keep.born)
		keep.ax, keep.ay = drop.ax, drop.ay
		keep.Travel = math.Max(keep.Travel, drop.Travel)
		keep.route += drop.route
	}
	separate := !fits && drop.State == Confirmed && keep.FirstUS-drop.FirstUS >= 1e6
	if !separate || fits {
		for c, v := range drop.Votes {
			keep.Votes[c] += v
		}
		keep.Weight += drop.Weight
		keep.Detections += drop.Detections
		keep.class = keep.Class()
		keep.Absorbed = append(append(keep.Absorbed, drop.ID), drop.Absorbed...)
		if drop.State == Confirmed {
			keep.State = Confirmed
		}
	}
	tr.remove(drop)
	if separate {
		drop.samples = head
		tr.finish(drop, Merged)
	}
}

// headFits: the last box before the seam is about as large as the first after.
func headFits(head []sample, keep *Track) bool {
	var last, first scene.Box
	for _, s := range head {
		if s.kind >= followed {
			last = s.box
		}
	}
	for i := len(keep.samples) - 1; i >= 0; i-- {
		if keep.samples[i].kind >= followed {
			first = keep.samples[i].box
		}
	}
	if last.W == 0 || first.W == 0 {
		return false
	}
	r := size(last) / size(first)
	return r > 0.5 && r < 2
}

func (tr *Tracker) remove(t *Track) {
	n := 0
	for _, o := range tr.live {
		if o != t {
			if o.dup == t {
				o.dup = nil
			}
			tr.live[n] = o
			n++
		}
	}
	clear(tr.live[n:])
	tr.live = tr.live[:n]
}
