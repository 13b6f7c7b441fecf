package render

import (
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
	notch      = .1   // of an object's height: a gap in it that is no higher …
	notchAlike = 24   // … and of no other luma than its ends, by more, is none
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
	lines []int32 // scratch of apply: of two rows the outline, of one core, near and light
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
	o.bridge(g, c)
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

// bridge puts back what is missing between two parts of the body, one closely
// above the other, and looks like them: a rail or a skirting board as dark as the
// clothes before it would cut a person in two.
func (o *outline) bridge(g *grid, c *comparison) {
	body, most := o.mat.core.a, int(notch*o.own.H)
	seen := func(k int) int { return int(c.back[k]) + int(c.luma[k]) }
	for x := range g.w {
		last := -1 // the body's last sample above; -1: none
		for k := x; k < len(body); k += g.w {
			if body[k] == 0 {
				continue
			}
			if gap := (k-last)/g.w - 1; last >= 0 && gap > 0 && gap <= most && g.inside(last, o.own) && g.inside(k, o.own) {
				like, i := (seen(last)+seen(k))/2, last+g.w
				for i < k && c.differs[i] >= 0 && max(seen(i)-like, like-seen(i)) <= notchAlike {
					i += g.w
				}
				for all := i >= k; all && i > last+g.w; {
					i -= g.w
					body[i] = 255
				}
			}
			last = k
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

// widen lets the outline reach further, where the background tells what is the
// object: an edge and a shadow end softly.
func (o *outline) widen(g *grid) {
	sized(&o.tmp, g.w*g.h)
	for range edgeReach {
		widest(g.a, o.tmp, g.w, g.h)
	}
	blur(g.a, o.tmp, g.w, g.h)
	blur(g.a, o.tmp, g.w, g.h)
	g.fade(o.reach, growFull*o.side, growReach*o.side)
	o.calm(g)
}

// calm takes out of the outline what shows the background and is not near the
// body: there is nothing to cut out.
func (o *outline) calm(g *grid) {
	m, c := &o.mat, &o.cmp
	none := (c.same + 1) / 2
	sized(&m.wide, g.w*g.h)
	for k := range m.wide {
		m.wide[k] = 0
		if d := c.differs[k]; m.core.a[k] != 0 || d > c.same || d < 0 {
			m.wide[k] = 255
		}
	}
	for y := 1; y < g.h-1; y++ {
		for x := 1; x < g.w-1; x++ {
			k := y*g.w + x
			if m.wide[k] != 0 || g.a[k] == 0 {
				continue
			}
			sum := int16(0)
			for d := k - g.w; d <= k+g.w; d += g.w {
				sum += max(c.differs[d-1], 0) + max(c.differs[d], 0) + max(c.differs[d+1], 0)
			}
			if sum > 9*none {
				m.wide[k] = 255
			}
		}
	}
	widest(m.wide, m.tmp, g.w, g.h)
	for k, v := range m.wide {
		if v == 0 {
			g.a[k] = 0
		}
	}
}
