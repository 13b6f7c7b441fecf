package pipeline

import (
	"cmp"
	"math"
	"slices"

	"posteriori/engine/scene"
)

const (
	// minRegion is the least side of a region in source pixels: what is shown
	// larger than that to a detector with an input of 416 is only blurred.
	minRegion = 240
	// share is of how many objects' lengths a region is wide. COCO detectors
	// know best what takes about a fifth of the picture's side.
	share = 5
	// nearRegion is the side up to which share counts: beyond, an object is
	// large enough as it is, and the crowd around it would become too small.
	nearRegion = 320
	// margin is how much wider than the object a region is at least. COCO
	// detectors lose objects that fill the picture.
	margin = 2.2
	// wholeSide is the longer side up to which a picture on its own is looked
	// at whole only.
	wholeSide = 800
)

// regions chooses where the detector looks: squares around what moves or is
// tracked, joined where that costs no detail, or nil for the whole frame. At
// most limit regions are given, the most urgent. movers are in source pixels
// of a frame of w×h.
func regions(movers []mover, w, h, limit int) []scene.Box {
	frame := scene.Box{W: float64(w), H: float64(h)}
	var out []mover
	for _, m := range movers {
		b := m.box.Clamp(frame.W, frame.H)
		if b.Empty() {
			continue
		}
		longer := max(b.W, b.H)
		side := max(minRegion, min(share*longer, nearRegion), margin*longer)
		out = append(out, mover{square(b, side, frame), m.urgent})
	}
	out = join(out, frame)
	slices.SortStableFunc(out, func(a, b mover) int {
		return cmp.Or(cmp.Compare(b.urgent, a.urgent), cmp.Compare(b.box.Area(), a.box.Area()))
	})
	if len(out) > limit {
		out = out[:limit]
	}
	if len(out) == 1 && out[0].box.Area() > 0.7*frame.Area() {
		return nil
	}
	boxes := make([]scene.Box, len(out))
	for i, m := range out {
		boxes[i] = m.box
	}
	return boxes
}

// square is a square of the given side around the middle of m, moved into
// the frame; larger than the frame it is cut to it.
func square(m scene.Box, side float64, frame scene.Box) scene.Box {
	c := m.Center()
	w, h := min(side, frame.W), min(side, frame.H)
	x := min(max(c.X-w/2, 0), frame.W-w)
	y := min(max(c.Y-h/2, 0), frame.H-h)
	return scene.Box{X: math.Floor(x), Y: math.Floor(y), W: math.Ceil(w), H: math.Ceil(h)}
}

// join merges regions as long as their union shows both at nearly the detail
// they had.
func join(in []mover, frame scene.Box) []mover {
	out := slices.Clone(in)
	for again := true; again; {
		again = false
		for i := 0; i < len(out) && !again; i++ {
			for j := i + 1; j < len(out); j++ {
				a, b := out[i].box, out[j].box
				u := a.Union(b)
				side := max(u.W, u.H)
				if side > 1.35*max(a.W, a.H, b.W, b.H) {
					continue
				}
				out[i] = mover{square(u, side, frame), max(out[i].urgent, out[j].urgent)}
				out = slices.Delete(out, j, j+1)
				again = true
				break
			}
		}
	}
	return out
}
