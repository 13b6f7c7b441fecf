package scene

import (
	"math"
	"slices"
)

// minMoveUS is the least time in motion of which a speed is told.
const minMoveUS = 500_000

// knot is one place of a way that counts towards its length.
type knot struct {
	foot Point
	offX float64 // how far off the foot may be, pixels
	offY float64
}

// knots are the feet of a path at least half a second apart, of which each has
// moved by more than jitter; and the time in motion, stops of a second left out.
func (p Path) knots() (out []knot, moveUS int64) {
	if len(p) < 2 {
		return nil, 0
	}
	add := func(q PathPoint) {
		out = append(out, knot{q.Box.Bottom(), math.Max(clickPX, footShare*q.Box.W), math.Max(clickPX, footShare*q.Box.H)})
	}
	add(p[0])
	last := p[0]
	for i, q := range p[1:] {
		d := q.Box.Bottom().Dist(last.Box.Bottom())
		if d < math.Max(1, travelShare*math.Min(q.Box.W, q.Box.H)) || q.TUS-last.TUS < 500_000 && i < len(p)-2 {
			continue
		}
		add(q)
		last = q
	}
	moveUS = p.DurationUS()
	for _, s := range p.Stops(1_000_000) {
		moveUS -= s.ToUS - s.FromUS
	}
	return out, moveUS
}

// Speed is the mean speed over ground while the object moved, km/h; false
// when it did not travel, or where the calibration does not reach.
func (g Ground) Speed(p Path) (Measured, bool) {
	ks, us := p.knots()
	if len(ks) < 2 || us < minMoveUS {
		return Measured{}, false
	}
	way := func(h Homography, first, last Point) (float64, bool) {
		sum := 0.0
		var at Point
		for i, k := range ks {
			foot := k.foot
			if i == 0 {
				foot.X, foot.Y = foot.X+first.X, foot.Y+first.Y
			}
			if i == len(ks)-1 {
				foot.X, foot.Y = foot.X+last.X, foot.Y+last.Y
			}
			q, ok := h.Map(foot)
			if !ok {
				return 0, false
			}
			if i > 0 {
				sum += q.Dist(at)
			}
			at = q
		}
		return sum / float64(us) * 1e6 * 3.6, true
	}
	m, ok := g.measure(func(h Homography) (float64, bool) { return way(h, Point{}, Point{}) })
	if !ok {
		return m, false
	}
	base, _ := way(g.best, Point{}, Point{})
	var errs []float64
	a, z := ks[0], ks[len(ks)-1]
	for _, off := range [][2]Point{{{X: a.offX}, {}}, {{Y: a.offY}, {}}, {{}, {X: z.offX}}, {{}, {Y: z.offY}}} {
		worst := 0.0
		for _, sign := range []float64{1, -1} {
			v, ok := way(g.best, Point{sign * off[0].X, sign * off[0].Y}, Point{sign * off[1].X, sign * off[1].Y})
			if !ok {
				return m, false
			}
			worst = math.Max(worst, math.Abs(v-base))
		}
		errs = append(errs, worst)
	}
	return m.and(errs...), true
}

// samples is at how many places of a path a size is measured.
const samples = 9

// median of the sizes that of measures at places along the path.
func (g Ground) median(p Path, of func(h Homography, b Box, off float64) (float64, bool)) (Measured, bool) {
	var all []Measured
	for i := range min(samples, len(p)) {
		b := p[i*(len(p)-1)/max(1, min(samples, len(p))-1)].Box
		m, ok := g.measure(func(h Homography) (float64, bool) { return of(h, b, 0) })
		off, okOff := of(g.best, b, math.Max(clickPX, footShare*math.Max(b.W, b.H)))
		base, _ := of(g.best, b, 0)
		if ok && okOff {
			all = append(all, m.and(math.Sqrt2*math.Abs(off-base)))
		}
	}
	if len(all) == 0 {
		return Measured{}, false
	}
	slices.SortFunc(all, func(a, b Measured) int { return int(math.Copysign(1, a.Value-b.Value)) })
	return all[len(all)/2], true
}

// Width is how wide the object's box stands on the ground, metres: as the
// camera sees it, so of a car seen from the side its length.
func (g Ground) Width(p Path) (Measured, bool) {
	return g.median(p, func(h Homography, b Box, off float64) (float64, bool) {
		l, okL := h.Map(Point{b.X, b.Y + b.H})
		r, okR := h.Map(Point{b.X + b.W + off, b.Y + b.H})
		return l.Dist(r), okL && okR
	})
}

// WidthOf is Width of one box.
func (g Ground) WidthOf(b Box) (Measured, bool) { return g.Width(Path{{Box: b}}) }

// Height is how high the object stands above its foot, metres: the homography
// fixes the camera as far as its pixels are square and its axis is the middle
// of the picture. False where that does not tell, as from straight above.
func (g Ground) Height(p Path) (Measured, bool) {
	return g.median(p, func(h Homography, b Box, off float64) (float64, bool) {
		up, back, ok := h.upright(g.centre)
		if !ok {
			return 0, false
		}
		foot, ok := h.Map(b.Bottom())
		if !ok {
			return 0, false
		}
		a := [3]float64{}
		for i := range 3 {
			a[i] = back[3*i]*foot.X + back[3*i+1]*foot.Y + back[3*i+2]
		}
		top := b.Y - off - g.centre.Y
		z := (top*a[2] - a[1]) / (up[1] - top*up[2])
		return math.Abs(z), !math.IsNaN(z) && !math.IsInf(z, 0) && math.Abs(z) < 1e4
	})
}

// upright is what a metre upwards adds to the homogeneous picture point of a
// place on the ground (as back maps it, about the picture's centre).
func (h Homography) upright(centre Point) (up [3]float64, back Homography, ok bool) {
	inv, ok := h.inverse()
	if !ok {
		return up, back, false
	}
	back = (Homography{1, 0, -centre.X, 0, 1, -centre.Y, 0, 0, 1}).times(inv)
	// The columns are f·r1 and f·r2 with a third row of their own; r1 ⟂ r2 and
	// |r1| = |r2| give f² (Zhang 2000, equations 3 and 4).
	c1, c2 := [3]float64{back[0], back[3], back[6]}, [3]float64{back[1], back[4], back[7]}
	n1, d1 := -(c1[0]*c2[0] + c1[1]*c2[1]), c1[2]*c2[2]
	n2, d2 := c1[0]*c1[0]+c1[1]*c1[1]-c2[0]*c2[0]-c2[1]*c2[1], c2[2]*c2[2]-c1[2]*c1[2]
	ff := (n1*d1 + n2*d2) / (d1*d1 + d2*d2)
	if !(ff > 0) || math.IsInf(ff, 0) {
		return up, back, false
	}
	f := math.Sqrt(ff)
	r1, r2 := [3]float64{c1[0] / f, c1[1] / f, c1[2]}, [3]float64{c2[0] / f, c2[1] / f, c2[2]}
	norm := func(v [3]float64) float64 { return math.Sqrt(v[0]*v[0] + v[1]*v[1] + v[2]*v[2]) }
	s := (norm(r1) + norm(r2)) / 2
	if !(s > 0) {
		return up, back, false
	}
	up = [3]float64{f * (r1[1]*r2[2] - r1[2]*r2[1]) / s, f * (r1[2]*r2[0] - r1[0]*r2[2]) / s, (r1[0]*r2[1] - r1[1]*r2[0]) / s}
	return up, back, true
}
