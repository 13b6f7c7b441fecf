package render

import (
	"posteriori/engine/scene"
)

// How far an outline grows over what differs from the background: a head or a
// leg that the motion mask and so the box did not have.
const (
	growReach  = .4  // of the box's longer side beyond the box …
	growFull   = .3  // … and from where on it fades
	growMost   = .6  // of the silhouette's area outside the box: what would grow more is light that changed …
	shadowMost = 1.  // … and of shadow
	growApart  = .08 // of the longer side of another's box: so near it nothing is added

	uprightLeast = 2 // height of a mask over its width
	uprightMost  = 3 // area of a mask's box over that of the object's
)

// grow adds to the grid what is joined to it and differs from the background,
// outside the boxes of others. Where the mask itself reaches far beyond the
// box it is of several objects, and nothing is added outside the box.
func (o *outline) grow(g *grid, others []scene.Box, c *comparison) {
	own, n := o.own, g.w*g.h
	sized(&o.grown, n)
	sized(&o.tmp, n)
	sized(&o.barred, n)
	clear(o.grown)
	clear(o.barred)
	if o.spills(own, others) {
		g.mark(o.barred, g.plane(), own)
	}
	for i := range others {
		b := o.onPlane(others[i])
		g.mark(o.barred, b.Pad(2+growApart*max(b.W, b.H)), own)
	}
	o.queue = o.queue[:0]
	for i, a := range g.a {
		if a >= 128 {
			o.queue = append(o.queue, int32(i))
		}
	}
	most, shadowed := int(growMost*float64(len(o.queue))), int(shadowMost*float64(len(o.queue)))
	added, outside, shadow := 0, 0, 0
	for len(o.queue) > 0 {
		i := int(o.queue[len(o.queue)-1])
		o.queue = o.queue[:len(o.queue)-1]
		x := i % g.w
		for _, k := range [4]int{i - 1, i + 1, i - g.w, i + g.w} {
			if k == i-1 && x == 0 || k == i+1 && x == g.w-1 || k < 0 || k >= n {
				continue
			}
			if o.grown[k] != 0 || g.a[k] >= 128 || o.barred[k] || c.differs[k] <= c.same {
				continue
			}
			dark := c.shaded(k)
			if c.differs[k] < c.least && !dark {
				continue
			}
			o.grown[k] = 255
			o.queue = append(o.queue, int32(k))
			added++
			switch {
			case g.inside(k, own):
			case dark:
				shadow++
			default:
				outside++
			}
		}
	}
	if added == 0 {
		return
	}
	if outside > most || shadow > shadowed { // the light changed, but what differs in the box is the object's
		for k, v := range o.grown {
			if v != 0 && !g.inside(k, own) {
				o.grown[k] = 0
			}
		}
	}
	dilate(o.grown, o.tmp, g.w, g.h)
	blur(o.grown, o.tmp, g.w, g.h)
	side := max(own.W, own.H)
	h := grid{x: g.x, y: g.y, w: g.w, h: g.h, a: o.grown}
	h.fade(own, growFull*side, growReach*side)
	for k, v := range o.grown {
		g.a[k] = max(g.a[k], v)
	}
}

// plane is the grid's place on the motion plane.
func (g *grid) plane() scene.Box {
	return scene.Box{X: float64(g.x), Y: float64(g.y), W: float64(g.w), H: float64(g.h)}
}

// inside tells whether the middle of sample k of the grid lies in a box.
func (g *grid) inside(k int, b scene.Box) bool {
	x, y := float64(g.x+k%g.w)+.5, float64(g.y+k/g.w)+.5
	return x > b.X && x < b.X+b.W && y > b.Y && y < b.Y+b.H
}

// mark sets what lies in a box and not in the other.
func (g *grid) mark(set []bool, in, but scene.Box) {
	for y := max(g.y, int(in.Y)); y < min(g.y+g.h, int(in.Y+in.H)+1); y++ {
		for x := max(g.x, int(in.X)); x < min(g.x+g.w, int(in.X+in.W)+1); x++ {
			if k := (y-g.y)*g.w + x - g.x; g.inside(k, in) && !g.inside(k, but) {
				set[k] = true
			}
		}
	}
}

// spills tells whether a mask in use reaches beyond where it would fade and
// into what is another's alone.
func (o *outline) spills(own scene.Box, others []scene.Box) bool {
	in := own.Pad(reachMost * max(own.W, own.H))
	for _, s := range o.near {
		if s == nil {
			continue
		}
		m := s.box(own.Center())
		if m.X >= in.X && m.Y >= in.Y && m.X+m.W <= in.X+in.W && m.Y+m.H <= in.Y+in.H {
			continue
		}
		for i := range others {
			if b := o.onPlane(others[i]); m.Intersect(b).Area() > own.Intersect(b).Area() {
				return true
			}
		}
	}
	return false
}

// upright is the box together with masks in use that are much taller than wide
// and no wider than it: one person, of whom the box has a part. A mask that is
// wide may be of several objects, one before the other.
func (o *outline) upright(own scene.Box) scene.Box {
	out := own
	for _, s := range o.near {
		if s == nil {
			continue
		}
		m, in := s.box(own.Center()), own.Pad(reachMost*max(own.W, own.H))
		if m.H > uprightLeast*m.W && m.X >= in.X && m.X+m.W <= in.X+in.W && m.Area() < uprightMost*own.Area() {
			out = out.Union(m)
		}
	}
	return out
}
