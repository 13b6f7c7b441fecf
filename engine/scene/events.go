package scene

import (
	"math"
	"sort"
)

// The foot of an object (the middle of its box's lower edge) trembles with
// its box. A side of an edge counts once the foot is further beyond the edge
// than a tenth of the box, or has been there for a second; so a tremble over
// the edge is no event, and a way across it is one, however often the foot
// steps back and forth on the way.
const (
	edgeShare  = 0.1       // of the smaller side of the box
	edgeHoldUS = 1_000_000 // stays of this length count at any depth
	minEdgePX  = 1.0
	zoneShare  = 0.25 // of the zone's smaller side: thin zones have thin edges
)

// Visit is one stay of a path in a zone, with interpolated times. Entered is
// false when the path begins inside, Left when it ends there.
type Visit struct {
	FromUS, ToUS  int64
	Entered, Left bool
}

// run is a stretch of a path on one side of a zone's ring.
type run struct {
	inside       bool
	fromUS, toUS int64
	depth        float64 // greatest distance from the ring, over what counts: 1 is enough
}

// Visits lists the stays of the path in the zone, by the foot of its box.
func (z Zone) Visits(p Path) []Visit {
	if len(p) == 0 {
		return nil
	}
	b := z.Polygon.Bounds()
	if !p.feet().touches(b) {
		return nil
	}
	runs := settle(z.runs(p, zoneShare*math.Min(b.W, b.H)))
	var out []Visit
	for i, r := range runs {
		if r.inside {
			out = append(out, Visit{FromUS: r.fromUS, ToUS: r.toUS, Entered: i > 0, Left: i < len(runs)-1})
		}
	}
	return out
}

// Dwell is the time that the path spends in the zone, µs, all visits together.
func (z Zone) Dwell(p Path) int64 {
	var sum int64
	for _, v := range z.Visits(p) {
		sum += v.ToUS - v.FromUS
	}
	return sum
}

// runs cuts the path where the foot meets the ring.
func (z Zone) runs(p Path, limit float64) []run {
	bounds := z.Polygon.Bounds()
	var out []run
	// add puts a stretch whose middle is pt; depth is measured only until it counts.
	add := func(inside bool, from, to int64, pt Point, b Box) {
		n := len(out)
		if n == 0 || out[n-1].inside != inside {
			out = append(out, run{inside: inside, fromUS: from})
			n++
		}
		r := &out[n-1]
		if r.toUS = to; r.depth < 1 {
			r.depth = math.Max(r.depth, z.Polygon.Dist(pt)/math.Max(onEdge, math.Min(limit, edgeWidth(b))))
		}
	}
	at := p[0].Box.Bottom()
	add(z.Polygon.Contains(at), p[0].TUS, p[0].TUS, at, p[0].Box)
	for i := 1; i < len(p); i++ {
		a, b := p[i-1], p[i]
		pa, pb := a.Box.Bottom(), b.Box.Bottom()
		if !(Polygon{pa, pb}).Bounds().touches(bounds) {
			add(false, a.TUS, b.TUS, pb, b.Box)
			continue
		}
		cuts := z.cuts(pa, pb)
		for k := 1; k < len(cuts); k++ {
			mid := along(pa, pb, (cuts[k-1]+cuts[k])/2)
			add(z.Polygon.Contains(mid), timeAt(a, b, cuts[k-1]), timeAt(a, b, cuts[k]), mid, b.Box)
		}
		if last := out[len(out)-1]; last.depth < 1 && last.inside == z.Polygon.Contains(pb) {
			add(last.inside, last.fromUS, b.TUS, pb, b.Box)
		}
	}
	return out
}

// cuts are the shares of the way from a to b, 0 and 1 among them, at which it
// meets the ring.
func (z Zone) cuts(a, b Point) []float64 {
	out := []float64{0, 1}
	if a == b {
		return out
	}
	for i, q := range z.Polygon {
		if s, _, ok := meet(a, b, z.Polygon[(i+len(z.Polygon)-1)%len(z.Polygon)], q); ok && s > 0 && s < 1 {
			out = append(out, s)
		}
	}
	sort.Float64s(out)
	return out
}

// settle drops runs that do not count and joins what they parted.
func settle(runs []run) []run {
	var out []run
	for _, r := range runs {
		if n := len(out); n > 0 && (out[n-1].inside == r.inside || !r.counts()) {
			out[n-1].toUS, out[n-1].depth = r.toUS, math.Max(out[n-1].depth, r.depth)
			continue
		} else if n == 1 && !out[0].counts() {
			r.fromUS = out[0].fromUS // a path that begins with a tremble
			out = out[:0]
		}
		out = append(out, r)
	}
	return out
}

func (r run) counts() bool { return r.depth >= 1 || r.toUS-r.fromUS >= edgeHoldUS }

// Crossing is one way of a path across a line. ToRight says that it went from
// the left of the line to its right, seen from A to B.
type Crossing struct {
	TUS     int64
	ToRight bool
}

// Crossings lists the ways of the path's foot across the line, between its
// ends. To go across and straight back is none.
func (l Line) Crossings(p Path) []Crossing {
	if len(p) == 0 || !p.feet().touches(Polygon{l.A, l.B}.Bounds()) {
		return nil
	}
	var out []Crossing
	net, lastUS := 0, int64(0) // crossings since the foot was last clear of the line
	clear := false             // it was clear of the line at some time before
	side, sideUS := l.right(p[0].Box.Bottom()), p[0].TUS
	settled := func() {
		if net != 0 {
			out = append(out, Crossing{TUS: lastUS, ToRight: net > 0})
		}
		net = 0
	}
	for i, q := range p {
		foot := q.Box.Bottom()
		if i > 0 && l.right(foot) != side {
			a, from := p[i-1], p[i-1].Box.Bottom()
			side, sideUS = !side, q.TUS
			if s, _, ok := meet(from, foot, l.A, l.B); ok {
				net, lastUS = net+1, timeAt(a, q, s)
				if !side {
					net -= 2
				}
			}
		}
		if l.away(foot) >= edgeWidth(q.Box) || q.TUS-sideUS >= edgeHoldUS {
			settled()
			clear = true
		}
	}
	if clear {
		settled() // the path ended as it went across
	}
	return out
}

// right tells whether p is to the right of the line; y points down.
func (l Line) right(p Point) bool { return cross(l.B.minus(l.A), p.minus(l.A)) > 0 }

// away is the distance of p from the line drawn on without end.
func (l Line) away(p Point) float64 {
	return math.Abs(cross(l.B.minus(l.A), p.minus(l.A))) / l.A.Dist(l.B)
}

func edgeWidth(b Box) float64 { return math.Max(minEdgePX, edgeShare*math.Min(b.W, b.H)) }

// timeAt is the time the share s of the way from a to b.
func timeAt(a, b PathPoint, s float64) int64 {
	return a.TUS + int64(math.Round(s*float64(b.TUS-a.TUS)))
}

func along(a, b Point, s float64) Point {
	return Point{a.X + s*(b.X-a.X), a.Y + s*(b.Y-a.Y)}
}

// feet is the box around every foot of the path.
func (p Path) feet() Box {
	g := make(Polygon, len(p))
	for i, q := range p {
		g[i] = q.Box.Bottom()
	}
	return g.Bounds()
}

// touches tells whether two boxes share a point, edges included; either may
// be a line or a point.
func (b Box) touches(o Box) bool {
	return b.X <= o.X+o.W && o.X <= b.X+b.W && b.Y <= o.Y+o.H && o.Y <= b.Y+b.H
}
