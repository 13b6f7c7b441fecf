package render

import (
	"math"

	"posteriori/engine/scene"
)

// How an outline is made. What is cut out stays where the recording shows it,
// so a little of its surroundings does no harm, and a missing part does.
const (
	coreShare  = .62 // of the box that always belongs to the object
	coreSoft   = .35 // of the core's radius over which it fades
	maskLeast  = .2  // of the box that a usable mask covers
	maskAgeUS  = 700_000
	reachFull  = .08 // of the box's longer side beyond the box that the mask may reach …
	reachMost  = .16 // … and where it has faded out: beyond, a mask tells of others
	maskMargin = .15 // of it: what is looked at beyond masks that reach beyond the box
	mixLow     = 60  // of 255: what the masks before and after make of a sample …
	mixHigh    = 150 // … counts as nothing below the one and as all above the other
	blindSX    = .25 // plane samples a source pixel where no plane is known
)

// outline makes the alpha of cut-outs of one tube.
type outline struct {
	path   scene.Path
	masks  []scene.Mask
	sx, sy float64 // plane samples per source pixel
	shapes [2]shape
	near   [2]*shape // in use for the last moment
	own    scene.Box // where the object is at it, on the plane …
	all    scene.Box // … with what lies at its feet …
	reach  scene.Box // … and with those shown with it
	side   float64   // the longer one of its box
	g      grid

	cmp        comparison
	mat        matting
	grown, tmp []byte  // scratch of grow and of body
	ends       []int32 // of grow: where it came to the end of its reach
	rivals     []rival // of the last moment
	keep       []byte  // see share
	seen       []bool  // scratch of part
	queue      []int32

	cols  []column
	cells []cell
	line  []int32
}

// grid is alpha on part of the motion plane, from sample (x, y) on.
type grid struct {
	x, y, w, h int
	a          []byte
}

func newOutline(path scene.Path, masks []scene.Mask, planeW, planeH, srcW, srcH int) *outline {
	o := &outline{path: path, masks: masks}
	o.shapes[0].index, o.shapes[1].index = -1, -1
	known := false
	if o.sx, o.sy, known = planeScale(planeW, planeH, srcW, srcH); !known {
		o.masks = nil
	}
	return o
}

// onPlane is a source box in plane samples.
func (o *outline) onPlane(b scene.Box) scene.Box {
	return scene.Box{X: b.X * o.sx, Y: b.Y * o.sy, W: b.W * o.sx, H: b.H * o.sy}
}

// around is the masks before and after t that tell of it, and their shares.
func (o *outline) around(t int64) (near [2]*shape, share [2]float64) {
	lo, hi := 0, len(o.masks)
	for lo < hi {
		m := (lo + hi) / 2
		if o.masks[m].TUS <= t {
			lo = m + 1
		} else {
			hi = m
		}
	}
	var age [2]float64
	for k, i := range [2]int{lo - 1, lo} {
		if i < 0 || i >= len(o.masks) || max(o.masks[i].TUS-t, t-o.masks[i].TUS) > maskAgeUS {
			continue
		}
		if s := o.shape(i, k); s.usable {
			near[k], age[k] = s, math.Abs(float64(o.masks[i].TUS-t))
		}
	}
	switch {
	case near[0] == nil || near[1] == nil:
		share = [2]float64{1, 1}
	case age[0]+age[1] == 0:
		share = [2]float64{.5, .5}
	default: // the far one soon counts for little: what moves in itself is elsewhere then
		a, b := age[1]*age[1]*age[1], age[0]*age[0]*age[0]
		share = [2]float64{a / (a + b), b / (a + b)}
	}
	return near, share
}

// shape is mask i, made once; of the two that are kept it takes place k.
func (o *outline) shape(i, k int) *shape {
	if o.shapes[k].index == i {
		return &o.shapes[k]
	}
	if o.shapes[1-k].index == i {
		o.shapes[0], o.shapes[1] = o.shapes[1], o.shapes[0]
		return &o.shapes[k]
	}
	m := &o.masks[i]
	s := &o.shapes[k]
	s.make(m, o.onPlane(boxAt(o.path, m.TUS)))
	s.index = i
	return s
}

// silhouette is the alpha, on the plane, of the object at box (source pixels)
// at media time t: the masks before and after, each moved with the object, so
// that the outline glides from one to the next and what one of them misses is
// there; the core of the box in any case; nothing far outside the box and the
// masks. Without a usable mask it is an ellipse around the box. others are the
// boxes of what else is there then and is not shown with it.
func (o *outline) silhouette(box scene.Box, t int64, others []other) *grid {
	near, share := o.around(t)
	o.near = near
	at := o.onPlane(box)
	o.own, o.all = o.whole(at)
	o.side = max(at.W, at.H)
	o.meet(at, others)
	g := o.spread(at, share)
	if o.shared() {
		if o.share(g); o.all != at && g.spills(o.keep, at) {
			o.own, o.all = at, at
			o.meet(at, others)
			g = o.spread(at, share)
			o.share(g)
		}
		g.only(o.keep)
	}
	g.fade(o.all, reachFull*o.side+1, reachMost*o.side+2)
	return g
}

// shared tells whether others are near: then keep holds.
func (o *outline) shared() bool { return len(o.rivals) > 0 }

// spread lays the masks, and the core of the box, on a grid around all of the
// object.
func (o *outline) spread(box scene.Box, share [2]float64) *grid {
	g := &o.g
	within := box.Pad(growReach*o.side + 2).Union(o.reach.Pad(maskMargin*o.side + 2))
	g.x, g.y = int(math.Floor(within.X)), int(math.Floor(within.Y))
	g.w, g.h = int(math.Ceil(within.X+within.W))-g.x, int(math.Ceil(within.Y+within.H))-g.y
	sized(&g.a, g.w*g.h)
	core, soft := box.Pad(-(1-coreShare)/2*min(box.W, box.H)), float64(coreSoft)
	if o.near[0] == nil && o.near[1] == nil {
		core, soft = box.Pad(.1*max(box.W, box.H)), .3
		clear(g.a)
	} else {
		g.mix(box.Center(), o.near, share)
	}
	g.ellipse(core, soft)
	return g
}

// mix fills the grid from the masks before and after, moved so that the
// object's centre comes to c.
func (g *grid) mix(c scene.Point, near [2]*shape, share [2]float64) {
	var curve [256]byte
	for v := range curve {
		curve[v] = byte(min(max((v-mixLow)*255/(mixHigh-mixLow), 0), 255))
	}
	first := true
	for k, s := range near {
		if s == nil {
			continue
		}
		s.onto(g, c, int(share[k]*256+.5), first)
		first = false
	}
	for i, v := range g.a {
		g.a[i] = curve[v]
	}
}

// ellipse raises the grid to an ellipse in box whose rim, the share soft of its
// radius, fades out. A squarer ellipse (fourth power) fits bodies and vehicles
// better.
func (g *grid) ellipse(box scene.Box, soft float64) {
	c := box.Center()
	rx, ry := max(box.W/2, .5), max(box.H/2, .5)
	for j := range g.h {
		v := (float64(g.y+j) + .5 - c.Y) / ry
		v *= v
		if v >= 1 {
			continue
		}
		row := g.a[j*g.w : (j+1)*g.w]
		for i := range row {
			u := (float64(g.x+i) + .5 - c.X) / rx
			u *= u
			if d := u*u + v*v; d < 1 {
				row[i] = max(row[i], byte(255*min(1, (1-math.Sqrt(math.Sqrt(d)))/soft)))
			}
		}
	}
}

// fade lets the grid fade out between the distances full and none from box.
func (g *grid) fade(box scene.Box, full, none float64) {
	away := func(v, from, to float64) float64 { return max(from-v, v-to, 0) }
	// Columns from in to before out are no further away than full.
	in := min(max(int(math.Ceil(box.X-full-.5))-g.x, 0), g.w)
	out := min(max(int(math.Floor(box.X+box.W+full-.5))+1-g.x, in), g.w)
	for j := range g.h {
		dy := away(float64(g.y+j)+.5, box.Y, box.Y+box.H)
		row := g.a[j*g.w : (j+1)*g.w]
		for i := 0; i < g.w; i++ {
			if i == in && dy <= full {
				if i = out; i >= g.w {
					break
				}
			}
			if row[i] == 0 {
				continue
			}
			d := max(dy, away(float64(g.x+i)+.5, box.X, box.X+box.W))
			if d > full {
				row[i] = byte(float64(row[i]) * max(0, (none-d)/(none-full)))
			}
		}
	}
}

// bounds is the part of the plane in which the grid is not zero.
func (g *grid) bounds() (x0, y0, x1, y1 int) { return g.boundsFrom(1) }

// boundsFrom is the part of the plane in which the grid is least or more.
func (g *grid) boundsFrom(least byte) (x0, y0, x1, y1 int) {
	x0, y0 = g.w, g.h
	for j := range g.h {
		row := g.a[j*g.w : (j+1)*g.w]
		a, b := 0, g.w
		for a < b && row[a] < least {
			a++
		}
		for b > a && row[b-1] < least {
			b--
		}
		if a < b {
			x0, x1, y0, y1 = min(x0, a), max(x1, b), min(y0, j), j+1
		}
	}
	return g.x + x0, g.y + y0, g.x + x1, g.y + y1
}

// column is where a column of the cut-out reads the grid, and as well a row:
// between samples at and at+1, at f/256 of the way.
type column struct{ at, f int32 }

// of reads a line, see grid.line.
func (c column) of(line []int32) int {
	return int((line[c.at]*(256-c.f) + line[c.at+1]*c.f + 1<<15) >> 16)
}

// placeOf is where output sample p reads a grid of n samples from origin on; s
// is plane samples an output sample.
func placeOf(p int, s float64, origin, n int) column {
	u := min(max((float64(p)+.5)*s-.5-float64(origin), 0), float64(n-1))
	k := min(int(u), n-2)
	return column{int32(k), int32((u-float64(k))*256 + .5)}
}

// cell is the columns of a cut-out, from up to before to, that lie between
// samples at and at+1 of the grid.
type cell struct{ at, from, to int32 }

// lay fills o.cols and o.cells for n columns of the fitted picture from x on.
func (o *outline) lay(g *grid, n, x int, scale float64) {
	o.cols, o.cells = o.cols[:0], o.cells[:0]
	for i := range n {
		c := placeOf(x+i, o.sx/scale, g.x, g.w)
		if k := len(o.cells); k == 0 || o.cells[k-1].at != c.at {
			o.cells = append(o.cells, cell{at: c.at, from: int32(i)})
		}
		o.cells[len(o.cells)-1].to = int32(i + 1)
		o.cols = append(o.cols, c)
	}
}

// line is a row of the grid times 256, between two of its own, from sample from
// to before to.
func (g *grid) line(line []int32, r column, from, to int) {
	a, b := g.a[int(r.at)*g.w:][from:to], g.a[(int(r.at)+1)*g.w:][from:to]
	for i, v := range a {
		line[from+i] = int32(v)*(256-r.f) + int32(b[i])*r.f
	}
}

// draw fills two rows, of a cut-out from row y of the fitted picture on, from
// the grid, bilinear; lay has told where their columns are. scale is output
// pixels a source pixel.
func (o *outline) draw(g *grid, rows [2][]byte, y int, scale float64) {
	sized(&o.line, g.w)
	for j, row := range rows {
		g.line(o.line, placeOf(y+j, o.sy/scale, g.y, g.h), 0, g.w)
		for i, c := range o.cols {
			row[i] = byte(c.of(o.line))
		}
	}
}

// boxAt is the path's box at t, or the nearest to it.
func boxAt(p scene.Path, t int64) scene.Box {
	if b, ok := p.At(t); ok {
		return b
	}
	switch {
	case len(p) == 0:
		return scene.Box{}
	case t < p[0].TUS:
		return p[0].Box
	}
	return p[len(p)-1].Box
}
