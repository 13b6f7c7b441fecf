// Package align tells by how much a picture lies beside another of the same
// scene: a camera on a mast or a drone drifts and shakes.
//
// A few patches are followed together by Lucas and Kanade's method (An iterative
// image registration technique, IJCAI 1981), each without its mean, so that light
// does not count; a patch that fits badly counts little (iteratively reweighted
// least squares), so that what moves before some of them does not count either.
// Edges in two directions are enough. Turns and zooms are not told.
package align

import (
	"cmp"
	"image"
	"math"
	"slices"

	"posteriori/engine/frame"
)

const (
	side      = 17  // samples of a patch, each way, of every second one …
	step      = 2   // … which makes it 33 wide
	cols      = 6   // cells of the picture, of which each gives at most one patch
	rows      = 4   //
	edge      = 30. // least mean square of the gradient of a patch
	corner    = 6.  // … and of all of them together in the weakest direction
	least     = 4   // patches that must fit …
	fitShare  = .6  // … and share of those that can be seen
	unlike    = .35 // of a patch's variance: so much it may differ and fit …
	noise     = 12. // … and so much in any case
	done      = .08 // samples: a smaller step ends the search
	iterate   = 10  // steps at most
	farthest  = 24  // samples that a first guess looks around, each way
	guessStep = 3   // samples between guesses …
	// … of which so many are followed at most.
	guessTries = 4
	most       = 64. // samples: what is farther is no drift
)

// Reference is a picture that others are compared with.
type Reference struct {
	patches []patch
	seen    []seen // scratch of Shift
}

// seen is a patch in a picture: its share of the normal equations, and the mean
// square of what remains.
type seen struct {
	p      *patch
	ex, ey float64
	rest   float64
}

// patch is a part of the reference: its samples less their mean, their
// gradients, the gradients' products, and the samples' variance.
type patch struct {
	x, y       int // of its first sample
	v, gx, gy  [side * side]float32
	xx, xy, yy float64
	variance   float64
}

// New takes a reference. Patches are put where free allows it, told by the
// patch's place; nil allows all.
func New(ref frame.Plane, free func(image.Rectangle) bool) *Reference {
	r := &Reference{}
	const wide = (side-1)*step + 1
	for j := range rows {
		for i := range cols {
			best, found := patch{}, edge
			x0, x1 := max(2, ref.W*i/cols), min(ref.W*(i+1)/cols, ref.W-wide-2)
			y0, y1 := max(2, ref.H*j/rows), min(ref.H*(j+1)/rows, ref.H-wide-2)
			for y := y0; y < y1; y += wide {
				for x := x0; x < x1; x += wide {
					if free != nil && !free(image.Rect(x, y, x+wide, y+wide)) {
						continue
					}
					p := patch{x: x, y: y}
					if c := p.take(ref); c > found {
						best, found = p, c
					}
				}
			}
			if found > edge {
				r.patches = append(r.patches, best)
			}
		}
	}
	return r
}

// take fills the patch from its place in ref and tells the mean square of its
// gradient.
func (p *patch) take(ref frame.Plane) float64 {
	var sum float64
	p.xx, p.xy, p.yy, p.variance = 0, 0, 0, 0
	for j := range side {
		row := ref.Row(p.y + j*step)
		up, down := ref.Row(p.y+j*step-1), ref.Row(p.y+j*step+1)
		for i := range side {
			x, k := p.x+i*step, j*side+i
			gx := (float64(row[x+1]) - float64(row[x-1])) / 2
			gy := (float64(down[x]) - float64(up[x])) / 2
			p.v[k], p.gx[k], p.gy[k] = float32(row[x]), float32(gx), float32(gy)
			sum += float64(row[x])
			p.xx, p.xy, p.yy = p.xx+gx*gx, p.xy+gx*gy, p.yy+gy*gy
		}
	}
	const n = side * side
	for k := range p.v {
		p.v[k] -= float32(sum / n)
		p.variance += float64(p.v[k]) * float64(p.v[k]) / n
	}
	return (p.xx + p.yy) / n
}

// Shift is by how many samples what the reference shows lies further right and
// down in pic, of which the first sample is at in the reference's coordinates.
// It is looked for near (dx, dy), or with far about it. Patches in busy, in pic's
// coordinates, are left out. ok is false where the picture does not tell.
func (r *Reference) Shift(pic frame.Plane, at image.Point, dx, dy float64, far bool, busy []image.Rectangle) (x, y float64, ok bool) {
	if len(r.patches) < least {
		return dx, dy, false
	}
	if !far {
		return r.follow(pic, at, dx, dy, busy)
	}
	for _, g := range r.guesses(pic, at, dx, dy, busy) {
		if x, y, ok = r.follow(pic, at, g.x, g.y, busy); ok {
			return x, y, true
		}
	}
	return dx, dy, false
}

// follow looks for the shift from (dx, dy) on.
func (r *Reference) follow(pic frame.Plane, at image.Point, dx, dy float64, busy []image.Rectangle) (x, y float64, ok bool) {
	for range iterate {
		r.seen = r.seen[:0]
		for k := range r.patches {
			if s, ok := r.patches[k].look(pic, at, dx, dy, busy); ok {
				r.seen = append(r.seen, s)
			}
		}
		u, v, ok := r.solve()
		if !ok {
			return dx, dy, false
		}
		dx, dy = dx+u, dy+v
		if math.Abs(dx) > most || math.Abs(dy) > most {
			return dx, dy, false
		}
		if math.Abs(u) < done && math.Abs(v) < done {
			return dx, dy, r.fits()
		}
	}
	return dx, dy, false
}

// solve is the next step of the search; false where the patches do not tell.
func (r *Reference) solve() (u, v float64, ok bool) {
	if len(r.seen) < least {
		return 0, 0, false
	}
	rests := make([]float64, 0, len(r.seen))
	for _, s := range r.seen {
		rests = append(rests, s.rest)
	}
	usual := max(median(rests), noise)
	var xx, xy, yy, ex, ey, all float64
	for _, s := range r.seen {
		w := usual / (usual + s.rest)
		w *= w
		xx, xy, yy = xx+w*s.p.xx, xy+w*s.p.xy, yy+w*s.p.yy
		ex, ey, all = ex+w*s.ex, ey+w*s.ey, all+w
	}
	half, det := (xx+yy)/2, xx*yy-xy*xy
	if weak := half - math.Sqrt(max(half*half-det, 0)); weak < corner*all*side*side {
		return 0, 0, false
	}
	u, v = (yy*ex-xy*ey)/det, (xx*ey-xy*ex)/det
	// One step goes no further than edges can tell.
	return min(max(u, -2), 2), min(max(v, -2), 2), true
}

// fits tells whether most patches look as in the reference.
func (r *Reference) fits() bool {
	n := 0
	for _, s := range r.seen {
		if s.rest < max(noise, unlike*s.p.variance) {
			n++
		}
	}
	return n >= least && float64(n) >= fitShare*float64(len(r.seen))
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	return s[len(s)/2]
}

// sees tells whether the patch lies in the picture, moved by (dx, dy), and not
// in what is busy.
func (p *patch) sees(pic frame.Plane, at image.Point, dx, dy float64, busy []image.Rectangle) bool {
	x, y := float64(p.x-at.X)+dx, float64(p.y-at.Y)+dy
	if x < 0 || y < 0 || x+(side-1)*step+1 >= float64(pic.W) || y+(side-1)*step+1 >= float64(pic.H) {
		return false
	}
	here := image.Rect(int(x), int(y), int(x)+(side-1)*step+2, int(y)+(side-1)*step+2)
	return !slices.ContainsFunc(busy, here.Overlaps)
}

// look compares the patch with the picture.
func (p *patch) look(pic frame.Plane, at image.Point, dx, dy float64, busy []image.Rectangle) (seen, bool) {
	if !p.sees(pic, at, dx, dy, busy) {
		return seen{}, false
	}
	x, y := float64(p.x-at.X)+dx, float64(p.y-at.Y)+dy
	x0, y0 := int(x), int(y)
	fx, fy := float32(x-float64(x0)), float32(y-float64(y0))
	var now [side * side]float32
	var sum float32
	for j := range side {
		a, b := pic.Row(y0 + j*step)[x0:], pic.Row(y0 + j*step + 1)[x0:]
		for i := range side {
			q := i * step
			top := float32(a[q])*(1-fx) + float32(a[q+1])*fx
			low := float32(b[q])*(1-fx) + float32(b[q+1])*fx
			s := top*(1-fy) + low*fy
			now[j*side+i] = s
			sum += s
		}
	}
	mean := sum / (side * side)
	var ex, ey, rest float32
	for k, s := range now {
		e := p.v[k] - (s - mean)
		ex, ey, rest = ex+e*p.gx[k], ey+e*p.gy[k], rest+e*e
	}
	return seen{p, float64(ex), float64(ey), float64(rest) / (side * side)}, true
}

// guess is a shift, and what the patches differ by that can be seen there.
type guess struct {
	x, y, cost float64
	n          int
}

// guesses are the shifts about (dx, dy) at which the patches differ least, the
// best first: other light and few patches in view may put a wrong one there.
func (r *Reference) guesses(pic frame.Plane, at image.Point, dx, dy float64, busy []image.Rectangle) []guess {
	var all []guess
	seen := 0
	costs := make([]float64, 0, len(r.patches))
	for v := -farthest; v <= farthest; v += guessStep {
		for u := -farthest; u <= farthest; u += guessStep {
			costs = costs[:0]
			for k := range r.patches {
				p := &r.patches[k]
				if p.sees(pic, at, dx+float64(u), dy+float64(v), busy) {
					costs = append(costs, p.differs(pic, p.x-at.X+int(dx)+u, p.y-at.Y+int(dy)+v))
				}
			}
			if n := len(costs); n >= least {
				all = append(all, guess{dx + float64(u), dy + float64(v), median(costs), n})
				seen = max(seen, n)
			}
		}
	}
	all = slices.DeleteFunc(all, func(g guess) bool { return 2*g.n < seen }) // few are alike by chance
	slices.SortStableFunc(all, func(a, b guess) int { return cmp.Compare(a.cost, b.cost) })
	var best []guess
	for _, g := range all {
		beside := slices.ContainsFunc(best, func(o guess) bool { return math.Hypot(g.x-o.x, g.y-o.y) < 2*guessStep })
		if !beside && len(best) < guessTries {
			best = append(best, g)
		}
	}
	return best
}

// differs is the mean square difference of the patch from the picture at (x, y),
// both without their means, over every fourth of its samples.
func (p *patch) differs(pic frame.Plane, x, y int) float64 {
	var sum, square float32
	n := 0
	for j := 0; j < side; j += 2 {
		row := pic.Row(y + j*step)
		for i := 0; i < side; i += 2 {
			e := float32(row[x+i*step]) - p.v[j*side+i]
			sum, square = sum+e, square+e*e
			n++
		}
	}
	mean := float64(sum) / float64(n)
	return float64(square)/float64(n) - mean*mean
}
