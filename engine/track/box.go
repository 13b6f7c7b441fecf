package track

import (
	"math"
	"slices"

	"posteriori/engine/scene"
)

func area(b scene.Box) float64 { return b.W * b.H }

// size is the side of the square of the same area: a box's length unit. The
// height alone would make a car seen from the side half as long as it is.
func size(b scene.Box) float64 { return math.Sqrt(math.Max(b.W*b.H, 1)) }

func centre(b scene.Box) (x, y float64) { return b.X + b.W/2, b.Y + b.H/2 }

// overlap is the area that two boxes share. It is asked of every pair of track
// and blob, and nearly always 0.
func overlap(a, b scene.Box) float64 {
	if a.X >= b.X+b.W || b.X >= a.X+a.W || a.Y >= b.Y+b.H || b.Y >= a.Y+a.H {
		return 0
	}
	return a.Intersect(b).Area()
}

// containment is the share of the smaller box that lies in the other.
func containment(a, b scene.Box) float64 {
	return overlap(a, b) / math.Max(math.Min(area(a), area(b)), 1e-9)
}

// clip cuts a box to a w×h picture; false if nothing of it is left.
func clip(b scene.Box, w, h float64) (scene.Box, bool) {
	c := b.Clamp(w, h)
	return c, !c.Empty()
}

func distance(a, b scene.Box) float64 {
	ax, ay := centre(a)
	bx, by := centre(b)
	return math.Hypot(ax-bx, ay-by)
}

// distanceIoU is 1 − DIoU, 0 (same box) to 2 (far apart).
func distanceIoU(a, b scene.Box) float64 {
	u := a.Union(b)
	d := distance(a, b)
	return 1 - a.IoU(b) + d*d/math.Max(u.W*u.W+u.H*u.H, 1e-9)
}

// misfit is the larger of the two sides' log ratios, 0 for equal sizes.
func misfit(a, b scene.Box) float64 {
	return math.Max(math.Abs(math.Log(a.W/b.W)), math.Abs(math.Log(a.H/b.H)))
}

func valid(b scene.Box) bool {
	s := b.X + b.Y + b.W + b.H
	return b.W > 0 && b.H > 0 && !math.IsNaN(s) && !math.IsInf(s, 0)
}

// resize is s with n elements, their content unknown.
func resize[T any](s []T, n int) []T { return slices.Grow(s[:0], n)[:n] }
