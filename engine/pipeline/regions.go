package pipeline

import (
	"cmp"
	"math"
	"slices"

	"posteriori/engine/scene"
)

const (
	// maxRegions bounds the detector's work on one frame.
	maxRegions = 4
	// minRegion is the least side of a region in source pixels. Below the
	// detector's own input size a region gains nothing but context.
	minRegion = 320
	// wholeSide is the longer side up to which a frame is looked at whole:
	// the detector's input is 416, and objects of interest stay large enough.
	wholeSide = 800
	// margin is how much wider than the object a region is. COCO detectors
	// lose objects that fill the picture.
	margin = 2.2
)

// regions chooses where the detector looks: squares around what moves or is
// tracked, joined where that costs no detail, or nil for the whole frame.
// movers are in source pixels of a frame of w×h.
func regions(movers []scene.Box, w, h int) []scene.Box {
	if max(w, h) <= wholeSide {
		return nil
	}
	frame := scene.Box{W: float64(w), H: float64(h)}
	var out []scene.Box
	for _, m := range movers {
		if m.Empty() {
			continue
		}
		side := max(minRegion, margin*max(m.W, m.H))
		out = append(out, square(m, side, frame))
	}
	out = join(out, frame)
	if len(out) > maxRegions {
		// The largest objects are the surest: rank regions by area, but keep
		// the list's order for determinism.
		slices.SortStableFunc(out, func(a, b scene.Box) int { return cmp.Compare(b.Area(), a.Area()) })
		out = out[:maxRegions]
	}
	var sum float64
	for _, r := range out {
		sum += r.Area()
	}
	if len(out) == 1 && sum > 0.7*frame.Area() {
		return nil
	}
	return out
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
func join(in []scene.Box, frame scene.Box) []scene.Box {
	out := slices.Clone(in)
	for again := true; again; {
		again = false
		for i := 0; i < len(out) && !again; i++ {
			for j := i + 1; j < len(out); j++ {
				u := out[i].Union(out[j])
				side := max(u.W, u.H)
				if side > 1.35*max(out[i].W, out[i].H, out[j].W, out[j].H) {
					continue
				}
				out[i] = square(u, side, frame)
				out = slices.Delete(out, j, j+1)
				again = true
				break
			}
		}
	}
	return out
}
