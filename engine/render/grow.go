package render

import (
	"math"

	"posteriori/engine/frame"
	"posteriori/engine/scene"
)

// How far an outline grows over what differs from the background: a head or a
// leg that the motion mask and so the box did not have.
const (
	growReach  = .4 // of the box's longer side beyond the box …
	growFull   = .3 // … and from where on it fades
	growLeast  = 22 // difference from the background, of luma, that is followed
	growNoise  = 5  // … or so many times the median difference around the object, where that is more
	growMost   = .3 // of the silhouette's area: what would grow more is light that changed
	growChroma = 3  // a difference of chroma counts so many times

	uprightLeast = 2 // height of a mask over its width
	uprightMost  = 3 // area of a mask's box over that of the object's
)

// plateView is a background at the size of the decoded pictures, to compare
// them with.
type plateView struct {
	pic  frame.YUV // of the fitted picture
	x, y int       // of the decoded picture's first sample in it
}

// growEveryUS is for how long what an outline grew over moves with the object
// before it is looked for again.
const growEveryUS = 180_000

// growth is what an outline grew over at a moment.
type growth struct {
	grid
	us int64
	at scene.Point // the object's centre then, on the plane
	ok bool
}

// grow adds to the grid what is joined to it and differs from the background,
// outside the boxes of others. Where the mask itself reaches far beyond the
// box it is of several objects, and nothing is added.
func (o *outline) grow(g *grid, t int64, others []scene.Box, f *frame.YUV, p *plateView, scale float64) {
	c := o.own.Center()
	if d := t - o.more.us; !o.more.ok || d < 0 || d >= growEveryUS {
		o.more.us, o.more.at, o.more.ok = t, c, true
		o.more.x, o.more.y, o.more.w, o.more.h, o.more.a = g.x, g.y, 0, 0, o.more.a[:0]
		if o.find(g, others, f, p, scale) {
			o.more.w, o.more.h, o.more.a = g.w, g.h, append(o.more.a, o.grown...)
		}
	}
	dx := int(math.Round(c.X-o.more.at.X)) + o.more.x - g.x
	dy := int(math.Round(c.Y-o.more.at.Y)) + o.more.y - g.y
	for j := max(0, -dy); j < o.more.h && j+dy < g.h; j++ {
		for i := max(0, -dx); i < o.more.w && i+dx < g.w; i++ {
			if v := o.more.a[j*o.more.w+i]; v != 0 {
				k := (j+dy)*g.w + i + dx
				g.a[k] = max(g.a[k], v)
			}
		}
	}
}

// find leaves in o.grown what is to be added; false for nothing.
func (o *outline) find(g *grid, others []scene.Box, f *frame.YUV, p *plateView, scale float64) bool {
	own := o.own
	if o.spills(own) {
		return false
	}
	n := g.w * g.h
	if cap(o.differs) < n {
		o.differs, o.luma, o.grown, o.tmp = make([]int16, n), make([]int16, n), make([]byte, n), make([]byte, n)
	}
	o.differs, o.luma, o.grown, o.tmp = o.differs[:n], o.luma[:n], o.grown[:n], o.tmp[:n]
	least := o.compare(g, f, p, scale)
	for i := range others {
		o.bar(g, own, o.onPlane(others[i]))
	}
	clear(o.grown)
	o.queue = o.queue[:0]
	for i, a := range g.a {
		if a >= 128 {
			o.queue = append(o.queue, int32(i))
		}
	}
	most := int(growMost * float64(len(o.queue)))
	added := 0
	for len(o.queue) > 0 {
		i := int(o.queue[len(o.queue)-1])
		o.queue = o.queue[:len(o.queue)-1]
		x := i % g.w
		for _, k := range [4]int{i - 1, i + 1, i - g.w, i + g.w} {
			if k == i-1 && x == 0 || k == i+1 && x == g.w-1 || k < 0 || k >= n {
				continue
			}
			if o.grown[k] == 0 && g.a[k] < 128 && o.differs[k] >= least {
				o.grown[k] = 255
				o.queue = append(o.queue, int32(k))
				added++
			}
		}
	}
	if added == 0 || added > most {
		return false
	}
	dilate(o.grown, o.tmp, g.w, g.h)
	blur(o.grown, o.tmp, g.w, g.h)
	side := max(own.W, own.H)
	h := grid{x: g.x, y: g.y, w: g.w, h: g.h, a: o.grown}
	h.fade(own, growFull*side, growReach*side)
	return true
}

// spills tells whether a mask in use reaches beyond where it would fade.
func (o *outline) spills(own scene.Box) bool {
	far := reachMost * max(own.W, own.H)
	for _, s := range o.near {
		if s == nil {
			continue
		}
		m, in := s.box(own.Center()), own.Pad(far)
		if m.X < in.X || m.Y < in.Y || m.X+m.W > in.X+in.W || m.Y+m.H > in.Y+in.H {
			return true
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

// compare fills o.differs: how far each sample of the grid is from the
// background, less what all around the object is. It returns which difference
// is one.
func (o *outline) compare(g *grid, f *frame.YUV, p *plateView, scale float64) (least int16) {
	sx, sy := scale/o.sx, scale/o.sy // output pixels a plane sample
	var light [511]int               // how often each difference of luma is seen around the object
	all, luma := 0, o.luma
	for j := range g.h {
		y := int((float64(g.y+j) + .25) * sy)
		y2 := int((float64(g.y+j) + .75) * sy)
		for i := range g.w {
			k := j*g.w + i
			x, x2 := int((float64(g.x+i)+.25)*sx), int((float64(g.x+i)+.75)*sx)
			o.differs[k] = -1
			if x < p.x || y < p.y || x2 >= p.x+f.Y.W || y2 >= p.y+f.Y.H {
				continue // not decoded
			}
			d := func(x, y int) int16 { return int16(f.Y.Row(y - p.y)[x-p.x]) - int16(p.pic.Y.Row(y)[x]) }
			luma[k] = (d(x, y) + d(x2, y) + d(x, y2) + d(x2, y2)) / 4
			u := int16(f.U.Row((y - p.y) / 2)[(x-p.x)/2]) - int16(p.pic.U.Row(y / 2)[x/2])
			v := int16(f.V.Row((y - p.y) / 2)[(x-p.x)/2]) - int16(p.pic.V.Row(y / 2)[x/2])
			o.differs[k] = growChroma * max(u, -u, v, -v)
			if g.a[k] == 0 {
				light[luma[k]+255]++
				all++
			}
		}
	}
	middle := int16(median(light[:], all) - 255)
	var noise [growChroma*255 + 1]int
	for k, v := range luma {
		if o.differs[k] >= 0 {
			o.differs[k] = max(o.differs[k], v-middle, middle-v)
			if g.a[k] == 0 {
				noise[o.differs[k]]++
			}
		}
	}
	return int16(max(growLeast, growNoise*median(noise[:], all)))
}

// median is the value that half of all counted do not exceed.
func median(counts []int, all int) int {
	n := 0
	for v, c := range counts {
		if n += c; 2*n >= all {
			return v
		}
	}
	return len(counts) - 1
}

// bar keeps growth out of another's box, unless it is the object's own too.
func (o *outline) bar(g *grid, own, other scene.Box) {
	for y := max(g.y, int(other.Y)); y < min(g.y+g.h, int(other.Y+other.H)+1); y++ {
		for x := max(g.x, int(other.X)); x < min(g.x+g.w, int(other.X+other.W)+1); x++ {
			if !own.Contains(scene.Point{X: float64(x) + .5, Y: float64(y) + .5}) {
				o.differs[(y-g.y)*g.w+x-g.x] = -1
			}
		}
	}
}
