package scene

import "math"

// Polygon is a closed ring of at least three corners; the last is joined to
// the first. Where the ring crosses itself the even-odd rule holds.
type Polygon []Point

// onEdge is the distance in pixels within which a point lies on an edge.
const onEdge = 1e-9

// Contains tells whether p lies in the polygon. A point on the ring is in.
// The test counts the edges that a ray to the right meets (M. Shimrat,
// Algorithm 112, CACM 5(8), 1962).
func (g Polygon) Contains(p Point) bool {
	in := false
	for i, b := range g {
		a := g[(i+len(g)-1)%len(g)]
		if segmentDist(p, a, b) <= onEdge {
			return true
		}
		if (a.Y > p.Y) != (b.Y > p.Y) && p.X < a.X+(p.Y-a.Y)/(b.Y-a.Y)*(b.X-a.X) {
			in = !in
		}
	}
	return in
}

// Dist is the distance from p to the nearest point of the ring, in pixels,
// whether p lies within or without.
func (g Polygon) Dist(p Point) float64 {
	d := math.Inf(1)
	for i, b := range g {
		d = math.Min(d, segmentDist(p, g[(i+len(g)-1)%len(g)], b))
	}
	return d
}

// Bounds is the smallest box around the polygon.
func (g Polygon) Bounds() Box {
	if len(g) == 0 {
		return Box{}
	}
	x0, y0, x1, y1 := g[0].X, g[0].Y, g[0].X, g[0].Y
	for _, p := range g[1:] {
		x0, x1 = math.Min(x0, p.X), math.Max(x1, p.X)
		y0, y1 = math.Min(y0, p.Y), math.Max(y1, p.Y)
	}
	return Box{X: x0, Y: y0, W: x1 - x0, H: y1 - y0}
}

// Area is the area that the ring goes round, by the shoelace formula; of a
// ring that crosses itself, parts gone round the other way count negative.
func (g Polygon) Area() float64 {
	var sum float64
	for i, b := range g {
		sum += cross(g[(i+len(g)-1)%len(g)], b)
	}
	return math.Abs(sum) / 2
}

func cross(a, b Point) float64      { return a.X*b.Y - a.Y*b.X }
func (p Point) minus(q Point) Point { return Point{p.X - q.X, p.Y - q.Y} }

// segmentDist is the distance from p to the segment from a to b.
func segmentDist(p, a, b Point) float64 {
	ab := b.minus(a)
	n := ab.X*ab.X + ab.Y*ab.Y
	if n == 0 {
		return p.Dist(a)
	}
	t := ((p.X-a.X)*ab.X + (p.Y-a.Y)*ab.Y) / n
	t = math.Max(0, math.Min(1, t))
	return p.Dist(Point{a.X + t*ab.X, a.Y + t*ab.Y})
}

// meet is how far along p–q and along a–b, each 0..1, the two segments meet.
// Parallel segments do not.
func meet(p, q, a, b Point) (s, t float64, ok bool) {
	pq, ab := q.minus(p), b.minus(a)
	den := cross(pq, ab)
	if den == 0 {
		return 0, 0, false
	}
	s, t = cross(a.minus(p), ab)/den, cross(a.minus(p), pq)/den
	return s, t, s >= 0 && s <= 1 && t >= 0 && t <= 1
}
