package scene

import "math"

// Point is a place in source pixels.
type Point struct {
	X, Y float64
}

// Area is the number of square pixels; zero for a box without width or height.
func (b Box) Area() float64 {
	if b.Empty() {
		return 0
	}
	return b.W * b.H
}

// Empty tells whether the box encloses nothing.
func (b Box) Empty() bool { return !(b.W > 0 && b.H > 0) }

// Intersect is the rectangle common to both, or the zero Box.
func (b Box) Intersect(o Box) Box {
	x0, y0 := math.Max(b.X, o.X), math.Max(b.Y, o.Y)
	x1, y1 := math.Min(b.X+b.W, o.X+o.W), math.Min(b.Y+b.H, o.Y+o.H)
	if !(x1 > x0 && y1 > y0) {
		return Box{}
	}
	return Box{X: x0, Y: y0, W: x1 - x0, H: y1 - y0}
}

// Union is the smallest rectangle around both; an empty box adds nothing.
func (b Box) Union(o Box) Box {
	if b.Empty() {
		return o
	}
	if o.Empty() {
		return b
	}
	x0, y0 := math.Min(b.X, o.X), math.Min(b.Y, o.Y)
	x1, y1 := math.Max(b.X+b.W, o.X+o.W), math.Max(b.Y+b.H, o.Y+o.H)
	return Box{X: x0, Y: y0, W: x1 - x0, H: y1 - y0}
}

// IoU is the area of the intersection over that of the union, 0..1.
func (b Box) IoU(o Box) float64 {
	i := b.Intersect(o).Area()
	if i == 0 {
		return 0
	}
	return math.Min(1, i/(b.Area()+o.Area()-i))
}

// Contains tells whether p lies in the box: left and top edge included,
// right and bottom edge not, so that tiles share no point.
func (b Box) Contains(p Point) bool {
	return p.X >= b.X && p.Y >= b.Y && p.X < b.X+b.W && p.Y < b.Y+b.H
}

// Center is the middle of the box.
func (b Box) Center() Point { return Point{b.X + b.W/2, b.Y + b.H/2} }

// Bottom is the middle of the lower edge: where the object meets the ground.
func (b Box) Bottom() Point { return Point{b.X + b.W/2, b.Y + b.H} }

// Pad grows the box by d pixels on each side. A negative d shrinks it, to no
// less than its centre.
func (b Box) Pad(d float64) Box {
	dx, dy := math.Max(d, -b.W/2), math.Max(d, -b.H/2)
	return Box{X: b.X - dx, Y: b.Y - dy, W: b.W + 2*dx, H: b.H + 2*dy}
}

// Inset shrinks the box by d pixels on each side, to no less than its centre.
func (b Box) Inset(d float64) Box { return b.Pad(-d) }

// Clamp is the part of the box within a frame of w×h pixels, or the zero Box.
func (b Box) Clamp(w, h float64) Box { return b.Intersect(Box{W: w, H: h}) }

// Lerp is the box the fraction t of the way from b to o: b at 0, o at 1.
func (b Box) Lerp(o Box, t float64) Box {
	mix := func(p, q float64) float64 { return p + (q-p)*t }
	return Box{X: mix(b.X, o.X), Y: mix(b.Y, o.Y), W: mix(b.W, o.W), H: mix(b.H, o.H)}
}

// Dist is the distance between two points in pixels.
func (p Point) Dist(q Point) float64 { return math.Hypot(p.X-q.X, p.Y-q.Y) }
