package render

import (
	"posteriori/engine/frame"
	"posteriori/engine/scene"
)

// How much of a cut-out is the object, its shadow, or what stood around it
// (difference matting: the recording's own background is known, and so what
// the object's edge and shadow let through of it: Smith and Blinn, Blue screen
// matting, 1996, their case of a known backing and a guess at the object).
const (
	peelDeep   = .25  // of the box's shorter side: so far into it what shows the background is taken off
	peelShadow = .12  // … and what is like a shadow
	feet       = .8   // of an upright object's height: above it in the box there is no shadow of its own
	shadeLeast = 80   // of 256: what leaves less of the light is no shadow
	shadeMost  = 245  // … and what leaves more
	shadeTint  = 15   // difference of chroma, as it counts, that a shadow does not make
	bodyLeast  = .25  // of the silhouette that must differ from the background
	thin       = .016 // of the box's longer side: what is no thicker than twice that is no part of a large object
	edgeShare  = 218  // of 256 of the difference nearby, from which on a sample is all the object's
	edgeReach  = 2    // samples of the plane around the body that may hold its edge
	edgeFull   = 56   // of 255: as near as that to the body (see soften) a sample may be all its own …
	coreFrom   = 190  // … from there on it is so more and more, whatever it looks like …
	coreFull   = 250  // … and from there on surely
)

// matting is what tells how opaque a cut-out is, on the grid of its outline.
type matting struct {
	core  grid // 255: surely the object; less towards its edge; 0: none is near
	rim   grid // the same of a body without what is thin on it
	near  grid // how far the object close by differs from the background
	depth []int16
	tmp   []byte
	wide  []byte
	lines []int32 // scratch of apply: of two rows the outline, core, near and light
	sum   []int32

	counts [256]byte
}

// body finds the object in the silhouette, without what shows the background
// or lies in its shadow, and makes of it what apply needs; false where the
// background does not tell.
func (o *outline) body(g *grid, c *comparison, rimmed bool) bool {
	if !c.usable {
		return false
	}
	m, n := &o.mat, g.w*g.h
	for _, p := range []*grid{&m.core, &m.near} {
		p.x, p.y, p.w, p.h = g.x, g.y, g.w, g.h
		sized(&p.a, n)
	}
	sized(&m.tmp, n)
	all, differ := 0, 0
	for k, a := range g.a {
		m.core.a[k] = 0
		if a >= 128 {
			m.core.a[k] = 255
			all++
			if c.differs[k] > c.same {
				differ++
			}
		}
	}
	if float64(differ) < bodyLeast*float64(all) {
		return false
	}
	c.smooth(g)
	o.peel(g, c)
	o.trim()
	o.drop(g, c)
	for k, v := range m.core.a {
		m.near.a[k] = 0
		if v != 0 {
			m.near.a[k] = byte(min(max(c.differs[k], c.least), 255))
			g.a[k] = 255
		}
	}
	if rimmed {
		m.smooth()
	}
	for range edgeReach + 1 {
		widest(m.near.a, m.tmp, g.w, g.h)
	}
	m.soften()
	return true
}

// smooth makes m.rim of the body: noise on it would make a rim restless.
func (m *matting) smooth() {
	g := &m.rim
	*g = grid{x: m.core.x, y: m.core.y, w: m.core.w, h: m.core.h, a: append(g.a[:0], m.core.a...)}
	for range 2 { // each sample as most around it are
		blur(g.a, m.tmp, g.w, g.h)
		blur(g.a, m.tmp, g.w, g.h)
		for k, v := range g.a {
			g.a[k] = 0
			if v >= 128 {
				g.a[k] = 255
			}
		}
	}
	blur(g.a, m.tmp, g.w, g.h)
	blur(g.a, m.tmp, g.w, g.h)
}

// bodyBox is the body's bounds in output pixels of the fitted picture; empty
// for none.
func (o *outline) bodyBox(scale float64) scene.Box {
	x0, y0, x1, y1 := o.mat.core.boundsFrom(coreFrom)
	if x0 >= x1 {
		return scene.Box{}
	}
	sx, sy := scale/o.sx, scale/o.sy
	return scene.Box{X: float64(x0) * sx, Y: float64(y0) * sy, W: float64(x1-x0) * sx, H: float64(y1-y0) * sy}
}

// soften makes of the body how near each sample is to it: along a straight edge
// 255, 198 inside, 113, 28 and 0 outside.
func (m *matting) soften() {
	g := &m.core
	sized(&m.wide, len(g.a))
	copy(m.wide, g.a)
	widest(m.wide, m.tmp, g.w, g.h)
	blur(m.wide, m.tmp, g.w, g.h)
	blur(g.a, m.tmp, g.w, g.h)
	for k, v := range m.wide {
		g.a[k] = byte((2*int(g.a[k]) + int(v)) / 3)
	}
}

// peel takes off the body, from its rim inwards, what shows the background or
// is like a shadow: the further into the box the less.
func (o *outline) peel(g *grid, c *comparison) {
	m, n := &o.mat, g.w*g.h
	sized(&m.depth, n)
	own := o.own
	deep, shadow := int16(peelDeep*min(own.W, own.H)+.5), int16(peelShadow*min(own.W, own.H)+.5)
	ground := own.Y
	if own.H > 1.2*own.W {
		ground += feet * own.H
	}
	o.queue = o.queue[:0]
	for k, v := range m.core.a {
		if v == 0 {
			m.depth[k] = 0
			x := k % g.w
			if x > 0 && m.core.a[k-1] != 0 || x < g.w-1 && m.core.a[k+1] != 0 || k >= g.w && m.core.a[k-g.w] != 0 || k+g.w < n && m.core.a[k+g.w] != 0 {
				o.queue = append(o.queue, int32(k))
			}
		}
	}
	for at := 0; at < len(o.queue); at++ {
		i := int(o.queue[at])
		x := i % g.w
		for _, k := range [4]int{i - 1, i + 1, i - g.w, i + g.w} {
			if k == i-1 && x == 0 || k == i+1 && x == g.w-1 || k < 0 || k >= n || m.core.a[k] == 0 || c.differs[k] < 0 {
				continue
			}
			d, in := m.depth[i], g.inside(k, own)
			if in {
				d++
			}
			off := c.shows(k) && d <= deep
			if !off && (!in || d <= shadow && float64(g.y+k/g.w) >= ground) {
				off = c.shaded(k)
			}
			if off {
				m.core.a[k], m.depth[k] = 0, d
				o.queue = append(o.queue, int32(k))
			}
		}
	}
}

// trim takes off what is thin on the body of a large object: an edge of the scene that the picture shows a little elsewhere than the
// background does.
func (o *outline) trim() {
	m, own := &o.mat, o.own
	r := int(thin * max(own.W, own.H))
	if r < 1 {
		return
	}
	g := &m.core
	sized(&m.wide, len(g.a))
	for k, v := range g.a {
		m.wide[k] = 255 - v
	}
	for range r {
		widest(m.wide, m.tmp, g.w, g.h)
	}
	for k, v := range m.wide {
		m.wide[k] = 255 - v
	}
	for range r + 1 {
		widest(m.wide, m.tmp, g.w, g.h)
	}
	for k, v := range m.wide {
		if v == 0 {
			g.a[k] = 0
		}
	}
}

// drop takes away pieces of the body that hardly differ from the background
// anywhere: noise in a mask that is not quite the object's.
func (o *outline) drop(g *grid, c *comparison) {
	m, n := &o.mat, g.w*g.h
	clear(m.tmp)
	for from := range m.core.a {
		if m.core.a[from] == 0 || m.tmp[from] != 0 {
			continue
		}
		o.queue = append(o.queue[:0], int32(from))
		m.tmp[from] = 1
		most := int16(0)
		for at := 0; at < len(o.queue); at++ {
			i := int(o.queue[at])
			most = max(most, c.differs[i])
			if c.differs[i] < 0 {
				most = c.least // not known
			}
			x := i % g.w
			for _, k := range [4]int{i - 1, i + 1, i - g.w, i + g.w} {
				if k == i-1 && x == 0 || k == i+1 && x == g.w-1 || k < 0 || k >= n || m.core.a[k] == 0 || m.tmp[k] != 0 {
					continue
				}
				m.tmp[k] = 1
				o.queue = append(o.queue, int32(k))
			}
		}
		if most < c.least {
			for _, k := range o.queue {
				m.core.a[k] = 0
			}
		}
	}
}

// shaded tells whether a sample may be the background in a shadow.
func (c *comparison) shaded(k int) bool {
	back := int32(c.back[k]) - 16
	left := (back + int32(c.luma[k])) * 256
	return back > 8 && c.tint[k] <= max(shadeTint, c.same) && left >= shadeLeast*back && left <= shadeMost*back
}

// widest is a 3×3 maximum.
func widest(p, tmp []byte, w, h int) {
	for y := range h {
		row, out := p[y*w:][:w], tmp[y*w:][:w]
		for x, v := range row {
			out[x] = max(v, row[max(x-1, 0)], row[min(x+1, w-1)])
		}
	}
	for y := range h {
		a, b, c := tmp[max(y-1, 0)*w:][:w], tmp[y*w:][:w], tmp[min(y+1, h-1)*w:][:w]
		out := p[y*w:][:w]
		for x := range out {
			out[x] = max(a[x], b[x], c[x])
		}
	}
}

// apply turns a cut-out, at (x, y) of the fitted picture, from the recording's
// own samples into the object's and its shadow's, and fills alpha with how
// opaque they are, within the outline g. Laid over the recording's own
// background they give the recording's samples again; over anything else they
// leave nothing of that background. Where alpha is full nothing changes.
func (o *outline) apply(g *grid, yuv frame.YUV, alpha frame.Plane, p *plateView, x, y int, scale float64) {
	o.columns(g, alpha.W, x, scale)
	o.mat.weigh(int(o.cmp.same))
	sized(&o.mat.lines, 8*g.w)
	for j := 0; j < alpha.H; j += 2 {
		for row := range 2 {
			r := placeOf(y+j+row, o.sy/scale, g.y, g.h)
			for i, from := range [4]*grid{g, &o.mat.core, &o.mat.near, &o.cmp.light} {
				from.line(o.mat.lines[(4*row+i)*g.w:][:g.w], r)
			}
		}
		o.applyRows(yuv, alpha, p, x, y, j, g.w)
	}
}

// applyRows does two rows of luma and their row of chroma.
func (o *outline) applyRows(yuv frame.YUV, alpha frame.Plane, p *plateView, x, y, j, gw int) {
	none := (int(o.cmp.same) + 1) / 2 // differences that do not count
	u, v := yuv.U.Row(j/2), yuv.V.Row(j/2)
	bu, bv := p.pic.U.Row((y + j) / 2)[x/2:], p.pic.V.Row((y + j) / 2)[x/2:]
	sum, kept, tint := o.mat.sums(len(u))
	for i := range tint {
		du, dv := int32(u[i])-int32(bu[i]), int32(v[i])-int32(bv[i])
		tint[i] = diffChroma * max(du, -du, dv, -dv)
	}
	for row := range 2 {
		lines := o.mat.lines[4*row*gw:]
		reaches, cores, nears, lights := lines[:gw], lines[gw:][:gw], lines[2*gw:][:gw], lines[3*gw:][:gw]
		luma, out := yuv.Y.Row(j+row), alpha.Row(j+row)
		low, high := p.low.Row(y + j + row)[x:], p.high.Row(y + j + row)[x:]
		for i := range out {
			c := o.cols[i]
			reach := c.of(reaches)
			if reach == 0 {
				out[i] = 0
				continue
			}
			close := c.of(cores)
			core := min(max((close-coreFrom)*255/(coreFull-coreFrom), 0), 255)
			if core == 255 && reach == 255 {
				out[i] = 255
				sum[i/2], kept[i/2] = sum[i/2]+255, kept[i/2]+255
				continue
			}
			light := c.of(lights) - 128
			lit := min(max(int(luma[i]), int(low[i])+light, 0), int(high[i])+light, 255)
			diff := int(luma[i]) - lit
			d := max(diff, -diff, int(tint[i/2]))
			if core == 0 && d <= none {
				out[i] = 0
				continue
			}
			a, value, share := part(int(luma[i]), lit, d, core, min(close*255/edgeFull, 255), c.of(nears), &o.mat.counts)
			luma[i], out[i] = byte(value), byte((a*reach+127)/255)
			sum[i/2], kept[i/2] = sum[i/2]+int32(a), kept[i/2]+int32(share)
		}
	}
	for i, n := range sum {
		if n > 0 && n < 4*255 {
			k := int(kept[i])
			u[i] = lift(int(bu[i]), (int(u[i])-int(bu[i]))*k/1020, int(n))
			v[i] = lift(int(bv[i]), (int(v[i])-int(bv[i]))*k/1020, int(n))
		}
	}
}

// sums is room for what applyRows adds up for each sample of chroma, from zero,
// and for how far each differs.
func (m *matting) sums(n int) (sum, kept, tint []int32) {
	sized(&m.sum, 3*n)
	clear(m.sum)
	return m.sum[:n], m.sum[n : 2*n], m.sum[2*n:]
}

// over is 255/v in 65536ths: divisions are most of what part would cost.
var over = func() (t [256]int) {
	for v := 1; v < 256; v++ {
		t[v] = (255<<16 + v/2) / v
	}
	return t
}()

// ceil is a number in 65536ths, rounded up.
func ceil(v int) int { return (v + 1<<16 - 1) >> 16 }

// part is one sample's opacity and own luma, and which share of its difference
// d from the background counts (255: all of it). back is the background's luma
// in the picture's light, 0 to 255.
func part(luma, back, d int, core, edge, near int, counts *[256]byte) (a, value, share int) {
	diff := luma - back
	share = max(int(counts[min(d, 255)]), core) // below it is noise
	diff = diff * share / 255
	a = core
	if edge > 0 && near > 0 {
		a = max(a, min(255, d*over[near]*256/edgeShare>>16)*edge/255*share/255)
	}
	// No opacity may be less than what the difference needs.
	if diff < 0 {
		a = max(a, min(255, ceil(-diff*over[back])))
	} else if diff > 0 {
		a = max(a, min(255, ceil(diff*over[255-back])))
	}
	if a == 0 {
		return 0, luma, 0
	}
	return a, min(max(back+diff*over[a]>>16, 0), 255), share
}

// weigh fills m.counts: which share of a difference counts, of those that are
// the background's up to same.
func (m *matting) weigh(same int) {
	for d := range m.counts {
		m.counts[d] = byte(min(max((2*d-same)*255/same, 0), 255))
	}
}

// lift is a chroma value which, with the opacity sum/1020, differs by diff from
// the background's.
func lift(back, diff, sum int) byte { return byte(min(max(back+diff*1020/sum, 0), 255)) }

// widen lets the outline reach further, where the background tells what is the
// object: an edge and a shadow end softly.
func (o *outline) widen(g *grid) {
	sized(&o.tmp, g.w*g.h)
	own := o.own
	for range edgeReach {
		widest(g.a, o.tmp, g.w, g.h)
	}
	blur(g.a, o.tmp, g.w, g.h)
	blur(g.a, o.tmp, g.w, g.h)
	side := max(own.W, own.H)
	g.fade(own, growFull*side, growReach*side)
}
