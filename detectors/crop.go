package detectors

import (
	"math"

	"posteriori/engine/scene"
)

// Crop widens a region to the square around its middle, of at least minSide
// pixels, moved and then cut so that it lies in a w×h picture. A region that
// does not touch the picture, or is no box, gives false. The zero box gives
// the whole picture.
func Crop(b scene.Box, w, h int, minSide float64) (scene.Box, bool) {
	fw, fh := float64(w), float64(h)
	if b == (scene.Box{}) {
		return scene.Box{W: fw, H: fh}, w > 0 && h > 0
	}
	x0, y0 := max(b.X, 0), max(b.Y, 0)
	x1, y1 := min(b.X+b.W, fw), min(b.Y+b.H, fh)
	if !(x1 > x0 && y1 > y0) || math.IsInf(x1-x0, 0) || math.IsInf(y1-y0, 0) {
		return scene.Box{}, false
	}
	side := max(x1-x0, y1-y0, minSide)
	x, cw := span(x0, x1, side, fw)
	y, ch := span(y0, y1, side, fh)
	return scene.Box{X: x, Y: y, W: cw, H: ch}, true
}

// span is where a length of side around the middle of from..to comes to lie
// in 0..limit.
func span(from, to, side, limit float64) (start, length float64) {
	if side >= limit {
		return 0, limit
	}
	return min(max((from+to-side)/2, 0), limit-side), side
}

// finer is how much shorter a region's longer side is than that of one around
// it for it to show its objects in more detail, and to be worth its time.
const finer = 0.75

// Crops widens each region, and leaves out those that lie inside another one
// that shows them in nearly the same detail. No regions give the whole picture.
func Crops(regions []scene.Box, w, h int, minSide float64) []scene.Box {
	if len(regions) == 0 {
		regions = []scene.Box{{}}
	}
	var out []scene.Box
	for _, r := range regions {
		c, ok := Crop(r, w, h, minSide)
		if !ok {
			continue
		}
		inside := false
		for _, o := range out {
			inside = inside || holds(o, c)
		}
		if inside {
			continue
		}
		rest := out[:0]
		for _, o := range out {
			if !holds(c, o) {
				rest = append(rest, o)
			}
		}
		out = append(rest, c)
	}
	return out
}

// holds tells whether outer shows all of inner in nearly the same detail.
func holds(outer, inner scene.Box) bool {
	return inner.X >= outer.X && inner.Y >= outer.Y &&
		inner.X+inner.W <= outer.X+outer.W && inner.Y+inner.H <= outer.Y+outer.H &&
		max(inner.W, inner.H) > finer*max(outer.W, outer.H)
}
