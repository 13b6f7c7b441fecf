// Package score holds the scorers of the benchmark: pure functions from truth
// and results to figures. It reads no video and runs no program, so that each
// can be checked by hand on small cases.
package score

// Rect is an axis-aligned box in pixels.
type Rect struct{ X, Y, W, H float64 }

// Area is W·H, or 0 for an empty box.
func (r Rect) Area() float64 {
	if r.W <= 0 || r.H <= 0 {
		return 0
	}
	return r.W * r.H
}

// Intersection is the area that two boxes share.
func (r Rect) Intersection(o Rect) float64 {
	w := min(r.X+r.W, o.X+o.W) - max(r.X, o.X)
	h := min(r.Y+r.H, o.Y+o.H) - max(r.Y, o.Y)
	return Rect{W: w, H: h}.Area()
}

// IoU is the intersection over the union, 0..1.
func (r Rect) IoU(o Rect) float64 {
	i := r.Intersection(o)
	if i == 0 {
		return 0
	}
	return i / (r.Area() + o.Area() - i)
}

// Union is the smallest box that holds both.
func (r Rect) Union(o Rect) Rect {
	x, y := min(r.X, o.X), min(r.Y, o.Y)
	return Rect{x, y, max(r.X+r.W, o.X+o.W) - x, max(r.Y+r.H, o.Y+o.H) - y}
}

// Clip is the part of r inside a picture of w×h; without a size, all of it.
func (r Rect) Clip(w, h float64) Rect {
	if w <= 0 || h <= 0 {
		return r
	}
	x, y := max(r.X, 0), max(r.Y, 0)
	return Rect{x, y, max(min(r.X+r.W, w)-x, 0), max(min(r.Y+r.H, h)-y, 0)}
}

// between is the box a share f of the way from r to o.
func (r Rect) between(o Rect, f float64) Rect {
	return Rect{r.X + f*(o.X-r.X), r.Y + f*(o.Y-r.Y), r.W + f*(o.W-r.W), r.H + f*(o.H-r.H)}
}
