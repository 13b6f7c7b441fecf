package render

import (
	"posteriori/engine/frame"
)

// How a picture is compared with the background.
const (
	diffLeast  = 22            // difference, of luma, that is another thing …
	diffNoise  = 5             // … or so many times the median difference around the object, where that is more
	diffChroma = 3             // a difference of chroma counts so many times
	sameLeast  = 8             // difference, of luma, up to which a place shows the background …
	sameNoise  = 3             // … or so many times the median difference
	sameMost   = 28            // where more is noise the background tells nothing
	cropMargin = edgeReach + 3 // samples that widening and blurring reach
	lightSpan  = .35           // of the box's longer side: the light of so wide a surrounding is a place's
)

// plateView is a background at the size of the decoded pictures, to compare
// them with.
type plateView struct {
	pic  frame.YUV // of the fitted picture
	x, y int       // of the decoded picture's first sample in it
	// low and high are the least and the most luma around each sample: what was
	// coded, scaled and kept twice does not agree to the sample.
	low, high frame.Plane
}

func newPlateView(pic frame.YUV, x, y int) *plateView {
	p := &plateView{pic: pic, x: x, y: y, low: frame.NewPlane(pic.Y.W, pic.Y.H), high: frame.NewPlane(pic.Y.W, pic.Y.H)}
	tmp := make([]byte, len(p.low.Pix))
	for i, v := range pic.Y.Pix {
		p.low.Pix[i], p.high.Pix[i] = 255-v, v
	}
	widest(p.high.Pix, tmp, pic.Y.W, pic.Y.H)
	widest(p.low.Pix, tmp, pic.Y.W, pic.Y.H)
	for i, v := range p.low.Pix {
		p.low.Pix[i] = 255 - v
	}
	return p
}

// comparison is how a picture differs from the background, by sample of a grid.
type comparison struct {
	differs []int16 // of luma or chroma, whichever is more; -1: not decoded
	luma    []int16 // picture less background, with its sign
	back    []int16 // luma of the background in the picture's light
	chroma  []int16 // difference of chroma, as it counts
	tint    []int16 // … from that of the background in a shadow as dark as the picture
	slack   []int16 // how much of a difference of luma is that edges do not agree to the sample
	mean    []int16 // of differs, of a sample and those around it
	light   grid    // how much lighter the picture is than the background where nothing is, plus 128
	least   int16   // difference that is another thing
	same    int16   // difference up to which a place shows the background
	usable  bool    // the background is that of the picture

	sums, counts []int32 // scratch of spread
	seen         [511]int
	probes       []int32
}

// sized makes a slice n long, its content unknown.
func sized[T any](s *[]T, n int) {
	if cap(*s) < n {
		*s = make([]T, n)
	}
	*s = (*s)[:n]
}

// compare fills o.cmp for the grid. Where the grid is empty nothing of the
// object is: what differs there, slowly over the picture, is light.
func (o *outline) compare(g *grid, f *frame.YUV, p *plateView, scale float64) *comparison {
	c, n := &o.cmp, g.w*g.h
	sized(&c.differs, n)
	sized(&c.luma, n)
	sized(&c.back, n)
	sized(&c.chroma, n)
	sized(&c.tint, n)
	sized(&c.slack, n)
	light := &c.seen // how often each difference of luma is seen around the object
	clear(light[:])
	all := 0
	// Each sample of the plane is probed at four places.
	probe := func(i, origin int, s float64) (int, int) {
		return int((float64(origin+i) + .25) * s), int((float64(origin+i) + .75) * s)
	}
	sized(&c.probes, 2*g.w)
	from, to := g.w, 0 // columns that were decoded
	for i := range g.w {
		x, x2 := probe(i, g.x, scale/o.sx)
		c.probes[2*i], c.probes[2*i+1] = int32(x), int32(x2)
		if x >= p.x && x2 < p.x+f.Y.W {
			from, to = min(from, i), i+1
		}
	}
	for j := range g.h {
		y, y2 := probe(j, g.y, scale/o.sy)
		differs := c.differs[j*g.w:][:g.w]
		for i := range differs {
			differs[i] = -1
		}
		if y < p.y || y2 >= p.y+f.Y.H {
			continue
		}
		a, b := f.Y.Row(y-p.y), f.Y.Row(y2-p.y)
		s, t := p.pic.Y.Row(y)[p.x:][:f.Y.W], p.pic.Y.Row(y2)[p.x:][:f.Y.W]
		low, high := p.low.Row(y)[p.x:][:f.Y.W], p.high.Row(y)[p.x:][:f.Y.W]
		fu, fv := f.U.Row((y-p.y)/2), f.V.Row((y-p.y)/2)
		pu, pv := p.pic.U.Row(y / 2)[p.x/2:][:f.U.W], p.pic.V.Row(y / 2)[p.x/2:][:f.U.W]
		for i := from; i < to; i++ {
			k := j*g.w + i
			x, x2 := int(c.probes[2*i])-p.x, int(c.probes[2*i+1])-p.x
			back := (int16(s[x]) + int16(s[x2]) + int16(t[x]) + int16(t[x2])) / 4
			luma := (int16(a[x])+int16(a[x2])+int16(b[x])+int16(b[x2]))/4 - back
			bu, bv := int16(pu[x/2]), int16(pv[x/2])
			u, v := int16(fu[x/2])-bu, int16(fv[x/2])-bv
			c.back[k], c.luma[k] = back, luma
			if c.slack[k] = int16(high[x]) - back; luma < 0 {
				c.slack[k] = back - int16(low[x])
			}
			c.chroma[k], differs[i] = diffChroma*max(u, -u, v, -v), 0
			// A shadow takes of the colour what it takes of the light.
			if lit := back - 16; lit > 0 && luma < 0 {
				u -= (bu - 128) * max(luma, -lit) / lit
				v -= (bv - 128) * max(luma, -lit) / lit
			}
			c.tint[k] = diffChroma * max(u, -u, v, -v)
			if g.a[k] == 0 {
				light[luma+255]++
				all++
			}
		}
	}
	if all == 0 {
		c.usable = false
		return c
	}
	c.spread(g, int16(median(c.seen[:], all)-255), max(3, int(lightSpan*max(o.own.W, o.own.H)/2)))
	c.measure(g, all)
	return c
}

// measure turns differences of luma into those that light does not explain.
func (c *comparison) measure(g *grid, all int) {
	var noise [diffChroma*255 + 1]int
	for k, d := range c.differs {
		if d < 0 {
			continue
		}
		lit := int16(c.light.a[k]) - 128
		v := c.luma[k] - lit
		c.luma[k], c.back[k] = v, c.back[k]+lit
		c.differs[k] = max(c.chroma[k], max(v, -v)-max(c.slack[k], 0))
		if g.a[k] == 0 {
			noise[c.differs[k]]++
		}
	}
	m := median(noise[:], all)
	c.least, c.same = int16(max(diffLeast, diffNoise*m)), int16(max(sameLeast, sameNoise*m))
	c.usable = c.same <= sameMost
}

// smooth fills c.mean where shows asks for it; at the edge of the grid it is the
// sample itself.
func (c *comparison) smooth(g *grid) {
	sized(&c.mean, g.w*g.h)
	copy(c.mean, c.differs)
	for y := 1; y < g.h-1; y++ {
		for x := 1; x < g.w-1; x++ {
			k := y*g.w + x
			if d := c.differs[k]; d <= c.same || d >= c.least {
				continue // is not asked for
			}
			sum := int16(0)
			for d := k - g.w; d <= k+g.w; d += g.w {
				sum += max(c.differs[d-1], 0) + max(c.differs[d], 0) + max(c.differs[d+1], 0)
			}
			c.mean[k] = sum / 9
		}
	}
}

// shows tells whether a sample shows the background: alone it may differ.
func (c *comparison) shows(k int) bool {
	return c.differs[k] <= c.same || c.differs[k] < c.least && c.mean[k] <= (c.same+c.least)/2
}

// spread fills c.light: around each sample, within r samples each way, the mean
// difference of what shows the background; middle where nothing does.
func (c *comparison) spread(g *grid, middle int16, r int) {
	n := g.w * g.h
	l := &c.light
	l.x, l.y, l.w, l.h = g.x, g.y, g.w, g.h
	sized(&l.a, n)
	w := g.w + 1
	sized(&c.sums, w*(g.h+1))
	sized(&c.counts, w*(g.h+1))
	clear(c.sums[:w])
	clear(c.counts[:w])
	for j := range g.h { // summed-area tables
		sum, count := int32(0), int32(0)
		c.sums[(j+1)*w], c.counts[(j+1)*w] = 0, 0
		for i := range g.w {
			k := j*g.w + i
			if d := c.luma[k] - middle; g.a[k] == 0 && c.differs[k] >= 0 && d < diffLeast/2 && d > -diffLeast/2 {
				sum += int32(c.luma[k])
				count++
			}
			at := (j+1)*w + i + 1
			c.sums[at], c.counts[at] = c.sums[at-w]+sum, c.counts[at-w]+count
		}
	}
	few := int32(r) // fewer samples tell nothing
	for j := range g.h {
		j0, j1 := max(0, j-r)*w, min(g.h, j+r+1)*w
		for i := range g.w {
			i0, i1 := max(0, i-r), min(g.w, i+r+1)
			v := int32(middle)
			if m := c.counts[j1+i1] - c.counts[j1+i0] - c.counts[j0+i1] + c.counts[j0+i0]; m >= few {
				v = (c.sums[j1+i1] - c.sums[j1+i0] - c.sums[j0+i1] + c.sums[j0+i0]) / m
			}
			l.a[j*g.w+i] = byte(min(max(v+128, 0), 255))
		}
	}
}

// crop leaves of the grid, and of what is known of it, what is not empty and a
// margin.
func (o *outline) crop(g *grid, c *comparison) {
	x0, y0, x1, y1 := g.bounds()
	x0, y0, x1, y1 = max(x0-g.x-cropMargin, 0), max(y0-g.y-cropMargin, 0), min(x1-g.x+cropMargin, g.w), min(y1-g.y+cropMargin, g.h)
	if x1-x0 < 2 || y1-y0 < 2 {
		return
	}
	w, h := x1-x0, y1-y0
	for j := range h {
		to, from := j*w, (y0+j)*g.w+x0
		copy(g.a[to:to+w], g.a[from:])
		copy(c.light.a[to:to+w], c.light.a[from:])
		for _, p := range [4][]int16{c.differs, c.luma, c.back, c.tint} {
			copy(p[to:to+w], p[from:])
		}
	}
	g.x, g.y, g.w, g.h, g.a = g.x+x0, g.y+y0, w, h, g.a[:w*h]
	c.light = grid{x: g.x, y: g.y, w: w, h: h, a: c.light.a[:w*h]}
	c.differs, c.luma, c.back, c.tint = c.differs[:w*h], c.luma[:w*h], c.back[:w*h], c.tint[:w*h]
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
