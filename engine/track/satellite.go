package track

import (
	"math"
	"slices"

	"posteriori/engine/scene"
)

// A shadow on a bank, a reflection on a wet road, the front of a lorry whose
// side is as grey as the road: motion without a detection that goes where a
// detected object goes. It is a satellite of that object and no object.
const (
	satelliteReach = 2.5 // sizes of the larger of the two between their borders
	satelliteDrift = 0.3 // of its way, that its place beside the other may change
	satelliteShare = 0.6 // of its life, for which the two go together
	satelliteSpan  = 400_000
	pastUS         = 30_000_000 // for so long after their end tracks are remembered
)

// remember keeps what a detected track's way was, for satellites that outlive it.
func (tr *Tracker) remember(t *Track) {
	tr.past = slices.DeleteFunc(tr.past, func(o *Track) bool { return tr.now-o.LastUS > pastUS })
	if t.Detections >= 2 {
		tr.past = append(tr.past, t)
	}
}

// satellite tells whether t, which no detector has named though one looked, is
// motion that belongs to a detected track.
func (tr *Tracker) satellite(t *Track) bool {
	if t.Detections >= 2 || t.looks < 2 || len(t.Path) < 2 {
		return false
	}
	for _, o := range tr.past {
		if follows(t.Path, o.Path, o.FirstUS, o.LastUS) {
			return true
		}
	}
	for _, o := range tr.live {
		if o != t && o.Detections >= 2 && follows(t.Path, o.trail(), o.FirstUS, o.LastUS) {
			return true
		}
	}
	return false
}

// trail is the way so far, unsmoothed.
func (t *Track) trail() scene.Path {
	var out scene.Path
	for _, s := range t.samples {
		if s.kind != unseen {
			out = append(out, scene.PathPoint{TUS: s.t, Box: s.box})
		}
	}
	return out
}

// follows tells whether path a keeps its place beside path b, in b's sizes,
// for most of its life while both go somewhere. An approaching object grows,
// and so does the distance of what goes with it.
func follows(a, b scene.Path, from, to int64) bool {
	first, last := max(a[0].TUS, from), min(a[len(a)-1].TUS, to)
	life := a[len(a)-1].TUS - a[0].TUS
	if len(b) < 2 || last-first < satelliteSpan || float64(last-first) < satelliteShare*float64(life) {
		return false
	}
	var x0, y0, worst float64
	const looks = 8
	for k := range looks + 1 {
		at := first + (last-first)*int64(k)/looks
		p, ok := a.At(at)
		q, ok2 := b.At(at)
		if !ok || !ok2 || border(p, q) > satelliteReach*math.Max(size(p), size(q)) {
			return false
		}
		px, py := centre(p)
		qx, qy := centre(q)
		x, y := (px-qx)/size(q), (py-qy)/size(q)
		if k == 0 {
			x0, y0 = x, y
		}
		worst = math.Max(worst, math.Hypot(x-x0, y-y0))
	}
	p, _ := b.At(first)
	q, _ := b.At(last)
	way := distance(p, q) / math.Min(size(p), size(q))
	return way > 0.7 && worst <= satelliteDrift*way+0.3
}

// border is the distance between two boxes' borders, 0 where they touch.
func border(a, b scene.Box) float64 {
	dx := math.Max(0, math.Max(a.X-b.X-b.W, b.X-a.X-a.W))
	dy := math.Max(0, math.Max(a.Y-b.Y-b.H, b.Y-a.Y-a.H))
	return math.Hypot(dx, dy)
}
