package scene

import (
	"errors"
	"math"
)

// Homography maps the picture to the ground plane, or back: row by row, the
// matrix that takes (x, y, 1) to (X·w, Y·w, w). Its sign is such that w is
// positive on the side of the horizon that it was fitted on.
type Homography [9]float64

// Pair is a point of the picture and where it lies on the ground, in metres.
type Pair struct {
	Image  Point `json:"image"`
	Ground Point `json:"ground"`
}

// The errors of [FitHomography].
var (
	ErrFewPoints  = errors.New("a plane needs four points")
	ErrDegenerate = errors.New("the points do not fix a plane: three of four lie on a line, or they contradict each other")
)

// leastW is the least w, relative to the middle of the points that the
// homography was fitted on, at which a point still counts as below the
// horizon: nearer to it a pixel is too many metres.
const leastW = 0.02

// Map is where p lies; false at the horizon and beyond.
func (h Homography) Map(p Point) (Point, bool) {
	w := h[6]*p.X + h[7]*p.Y + h[8]
	if !(w > leastW) {
		return Point{}, false
	}
	q := Point{(h[0]*p.X + h[1]*p.Y + h[2]) / w, (h[3]*p.X + h[4]*p.Y + h[5]) / w}
	return q, !math.IsNaN(q.X+q.Y) && !math.IsInf(q.X+q.Y, 0)
}

// FitHomography finds the homography from picture to ground that fits at
// least four pairs best: the normalised direct linear transform (Hartley and
// Zisserman, Multiple View Geometry, 2nd ed., algorithm 4.2). w is 1 at the
// middle of the picture points. Four pairs fit exactly; of more, the algebraic
// error is least.
func FitHomography(pairs []Pair) (Homography, error) {
	if len(pairs) < 4 {
		return Homography{}, ErrFewPoints
	}
	var from, to []Point
	for _, p := range pairs {
		from, to = append(from, p.Image), append(to, p.Ground)
	}
	tf, okF := normaliser(from)
	tt, okT := normaliser(to)
	if !okF || !okT {
		return Homography{}, ErrDegenerate
	}
	var m [9][9]float64 // AᵀA of the equations' matrix A
	for _, p := range pairs {
		x, y := affine(tf, p.Image), affine(tt, p.Ground)
		for _, row := range [2][9]float64{
			{x.X, x.Y, 1, 0, 0, 0, -y.X * x.X, -y.X * x.Y, -y.X},
			{0, 0, 0, x.X, x.Y, 1, -y.Y * x.X, -y.Y * x.Y, -y.Y},
		} {
			for i := range row {
				for j := range row {
					m[i][j] += row[i] * row[j]
				}
			}
		}
	}
	n, second := leastEigenvector(m)
	if second < 1e-7 {
		return Homography{}, ErrDegenerate
	}
	inv, _ := Homography(tt).inverse()
	h := inv.times(n).times(tf)
	mid := Point{-tf[2] / tf[0], -tf[5] / tf[0]}
	h, ok := h.scaled(1 / (h[6]*mid.X + h[7]*mid.Y + h[8]))
	if !ok {
		return h, ErrDegenerate
	}
	for _, p := range from { // one side of the horizon
		if _, ok := h.Map(p); !ok {
			return h, ErrDegenerate
		}
	}
	return h, nil
}

// normaliser moves points to the origin and scales them to a mean distance of √2.
func normaliser(ps []Point) (t Homography, ok bool) {
	var c Point
	for _, p := range ps {
		c.X, c.Y = c.X+p.X/float64(len(ps)), c.Y+p.Y/float64(len(ps))
	}
	d := 0.0
	for _, p := range ps {
		d += p.Dist(c) / float64(len(ps))
	}
	s := math.Sqrt2 / d
	if !(d > 0) || math.IsInf(s, 0) {
		return t, false
	}
	return Homography{s, 0, -s * c.X, 0, s, -s * c.Y, 0, 0, 1}, true
}

func affine(t Homography, p Point) Point { return Point{t[0]*p.X + t[2], t[4]*p.Y + t[5]} }

func (h Homography) times(o Homography) (out Homography) {
	for i := range 3 {
		for j := range 3 {
			for k := range 3 {
				out[3*i+j] += h[3*i+k] * o[3*k+j]
			}
		}
	}
	return out
}

func (h Homography) scaled(s float64) (Homography, bool) {
	for i := range h {
		h[i] *= s
	}
	for _, v := range h {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return h, false
		}
	}
	return h, true
}

// inverse is the matrix's inverse; false when it has none.
func (h Homography) inverse() (out Homography, ok bool) {
	a := Homography{
		h[4]*h[8] - h[5]*h[7], h[2]*h[7] - h[1]*h[8], h[1]*h[5] - h[2]*h[4],
		h[5]*h[6] - h[3]*h[8], h[0]*h[8] - h[2]*h[6], h[2]*h[3] - h[0]*h[5],
		h[3]*h[7] - h[4]*h[6], h[1]*h[6] - h[0]*h[7], h[0]*h[4] - h[1]*h[3],
	}
	return a.scaled(1 / (h[0]*a[0] + h[1]*a[3] + h[2]*a[6]))
}

// leastEigenvector is the unit eigenvector of a symmetric matrix that belongs
// to the least eigenvalue, and the second least eigenvalue over the largest, by
// cyclic Jacobi rotations (Golub and Van Loan, Matrix Computations, 8.5).
func leastEigenvector(a [9][9]float64) (v Homography, second float64) {
	var e [9][9]float64
	for i := range e {
		e[i][i] = 1
	}
	for range 60 {
		off := 0.0
		for p := range 9 {
			for q := p + 1; q < 9; q++ {
				off += a[p][q] * a[p][q]
				rotate(&a, &e, p, q)
			}
		}
		if off == 0 {
			break
		}
	}
	least, next, most := 0, math.Inf(1), 0.0
	for i := range 9 {
		if a[i][i] < a[least][least] {
			least = i
		}
		most = math.Max(most, a[i][i])
	}
	for i := range 9 {
		if i != least {
			next = math.Min(next, a[i][i])
		}
		v[i] = e[i][least]
	}
	return v, next / most
}

// rotate makes a[p][q] zero.
func rotate(a, e *[9][9]float64, p, q int) {
	if a[p][q] == 0 {
		return
	}
	theta := (a[q][q] - a[p][p]) / (2 * a[p][q])
	t := 1 / (math.Abs(theta) + math.Hypot(theta, 1))
	if theta < 0 {
		t = -t
	}
	c := 1 / math.Hypot(t, 1)
	s := t * c
	for k := range 9 {
		x, y := a[k][p], a[k][q]
		a[k][p], a[k][q] = c*x-s*y, s*x+c*y
	}
	for k := range 9 {
		x, y := a[p][k], a[q][k]
		a[p][k], a[q][k] = c*x-s*y, s*x+c*y
		x, y = e[k][p], e[k][q]
		e[k][p], e[k][q] = c*x-s*y, s*x+c*y
	}
	a[p][q], a[q][p] = 0, 0
}
