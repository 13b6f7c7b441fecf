package scene

import (
	"math"
	"sort"
)

// At is the box at media time tUS, on the straight way between the points
// around it. It is false before the first point and after the last.
func (p Path) At(tUS int64) (Box, bool) {
	if len(p) == 0 || tUS < p[0].TUS || tUS > p[len(p)-1].TUS {
		return Box{}, false
	}
	i := sort.Search(len(p), func(i int) bool { return p[i].TUS >= tUS })
	if p[i].TUS == tUS {
		return p[i].Box, true
	}
	a, b := p[i-1], p[i]
	return a.Box.Lerp(b.Box, float64(tUS-a.TUS)/float64(b.TUS-a.TUS)), true
}

// Between is the stretch of the path with fromUS <= TUS <= toUS. It shares
// the path's memory.
func (p Path) Between(fromUS, toUS int64) Path {
	i := sort.Search(len(p), func(i int) bool { return p[i].TUS >= fromUS })
	j := sort.Search(len(p), func(i int) bool { return p[i].TUS > toUS })
	if j <= i {
		return nil
	}
	return p[i:j:j]
}

// Bounds is the smallest box around every box of the path.
func (p Path) Bounds() Box {
	var b Box
	for _, q := range p {
		b = b.Union(q.Box)
	}
	return b
}

// Length is the way travelled by the bottom centre, in pixels. Jitter adds to
// it: use [Path.Displacement] to tell whether an object went anywhere.
func (p Path) Length() float64 {
	var n float64
	for i := 1; i < len(p); i++ {
		n += p[i].Box.Bottom().Dist(p[i-1].Box.Bottom())
	}
	return n
}

// Displacement is the way in a straight line from the first bottom centre to
// the last, as a vector in pixels.
func (p Path) Displacement() Point {
	if len(p) == 0 {
		return Point{}
	}
	a, b := p[0].Box.Bottom(), p[len(p)-1].Box.Bottom()
	return Point{b.X - a.X, b.Y - a.Y}
}

// DurationUS is the time from the first point to the last.
func (p Path) DurationUS() int64 {
	if len(p) == 0 {
		return 0
	}
	return p[len(p)-1].TUS - p[0].TUS
}

// travelShare is the part of a box's smaller side by which the foot must have
// moved before the move counts: less is jitter of the box.
const travelShare = 0.125

// Travel is the way travelled by the bottom centre, in pixels, with jitter
// left out: a move counts once it is an eighth of the box's smaller side.
func (p Path) Travel() float64 {
	if len(p) == 0 {
		return 0
	}
	var n float64
	from := p[0].Box.Bottom()
	for _, q := range p[1:] {
		at := q.Box.Bottom()
		if d := at.Dist(from); d >= math.Max(1, travelShare*math.Min(q.Box.W, q.Box.H)) {
			n += d
			from = at
		}
	}
	return n
}
