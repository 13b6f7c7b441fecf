package render

import (
	"posteriori/engine/scene"
)

// How far an outline grows over what differs from the background: a head or a
// leg that the motion mask and so the box did not have.
const (
	growReach  = .35 // of the box's longer side beyond the box …
	growFull   = .27 // … and from where on it fades
	growMost   = .6  // of the silhouette's area outside the box: what would grow more is light that changed …
	growEnd    = 4   // samples of the grid's border: what grows into it …
	growMay    = 3   // … by more than so few is of another object
	shadowMost = 1.  // … and of shadow
)

// grow adds to the grid what is joined to it and differs from the background,
// and is not another's.
func (o *outline) grow(g *grid, c *comparison) {
	own, n := o.own, g.w*g.h
	if o.reach != o.all {
		own = own.Union(o.reach)
	}
	shared := o.shared()
	sized(&o.grown, n)
	sized(&o.tmp, n)
	clear(o.grown)
	o.queue = o.queue[:0]
	for i, a := range g.a {
		if a >= 128 {
			o.queue = append(o.queue, int32(i))
		}
	}
	most, shadowed := int(growMost*float64(len(o.queue))), int(shadowMost*float64(len(o.queue)))
	added, outside, shadow := 0, 0, 0
	o.ends = o.ends[:0]
	for len(o.queue) > 0 {
		i := int(o.queue[len(o.queue)-1])
		o.queue = o.queue[:len(o.queue)-1]
		x := i % g.w
		for _, k := range [4]int{i - 1, i + 1, i - g.w, i + g.w} {
			if k == i-1 && x == 0 || k == i+1 && x == g.w-1 || k < 0 || k >= n {
				continue
			}
			if o.grown[k] != 0 || g.a[k] >= 128 || shared && o.keep[k] < 128 || c.differs[k] <= c.same {
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
				if u, v := k%g.w, k/g.w; u < growEnd || v < growEnd || u >= g.w-growEnd || v >= g.h-growEnd {
					o.ends = append(o.ends, int32(k))
				}
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
	if len(o.ends) >= growMay {
		o.forget(g, own)
	}
	dilate(o.grown, o.tmp, g.w, g.h)
	blur(o.grown, o.tmp, g.w, g.h)
	h := grid{x: g.x, y: g.y, w: g.w, h: g.h, a: o.grown}
	h.fade(o.reach, growFull*o.side, growReach*o.side)
	for k, v := range o.grown {
		g.a[k] = max(g.a[k], v)
	}
}

// forget takes back what grew beyond own and is joined to where growth ended for
// want of room: that is no head and no leg but another, who would be cut off there.
func (o *outline) forget(g *grid, own scene.Box) {
	for _, k := range o.ends {
		o.grown[k] = 0
	}
	o.queue = append(o.queue[:0], o.ends...)
	for at := 0; at < len(o.queue); at++ {
		i := int(o.queue[at])
		x := i % g.w
		for _, k := range [4]int{i - 1, i + 1, i - g.w, i + g.w} {
			if k == i-1 && x == 0 || k == i+1 && x == g.w-1 || k < 0 || k >= len(g.a) || o.grown[k] == 0 || g.inside(k, own) {
				continue
			}
			o.grown[k] = 0
			o.queue = append(o.queue, int32(k))
		}
	}
}

// inside tells whether the middle of sample k of the grid lies in a box.
func (g *grid) inside(k int, b scene.Box) bool {
	x, y := float64(g.x+k%g.w)+.5, float64(g.y+k/g.w)+.5
	return x > b.X && x < b.X+b.W && y > b.Y && y < b.Y+b.H
}
