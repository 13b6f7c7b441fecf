package render

import (
	"posteriori/engine/frame"
	"posteriori/engine/wire"
)

// How a picture is compared with the background.
const (
	diffLeast  = 22            // difference, of luma, that is another thing …
	diffNoise  = 5             // … or so many times the median difference around the object, where that is more
	diffChroma = 3             // a difference of chroma counts so many times …
	diffCast   = 8             // … less what is this part of the background's own: the camera's white balance drifts
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
	coarse    coarse
}

// coarse is a background on the samples of the motion plane, of which each is
// probed at four places of the fitted picture: columns[2i] and columns[2i+1],
// and rows as well.
type coarse struct {
	columns, rows []int32
	w             int    // columns/2
	luma          []byte // mean of the four
	low, high     []byte // at the first
	u, v          []byte // at the first
}

// planeScale is plane samples a source pixel; where no plane is known there is
// one all the same.
func planeScale(planeW, planeH, srcW, srcH int) (sx, sy float64, known bool) {
	if planeW > 0 && planeH > 0 {
		return float64(planeW) / float64(srcW), float64(planeH) / float64(srcH), true
	}
	return blindSX, blindSX, false
}

// newPlateView takes a background of a source; scale is output pixels a source
// pixel.
func newPlateView(pic frame.YUV, s *wire.RenderSource, scale float64) *plateView {
	p := &plateView{pic: pic, low: frame.NewPlane(pic.Y.W, pic.Y.H), high: frame.NewPlane(pic.Y.W, pic.Y.H)}
	tmp := make([]byte, len(p.low.Pix))
	for i, v := range pic.Y.Pix {
		p.low.Pix[i], p.high.Pix[i] = 255-v, v
	}
	widest(p.high.Pix, tmp, pic.Y.W, pic.Y.H)
	widest(p.low.Pix, tmp, pic.Y.W, pic.Y.H)
	for i, v := range p.low.Pix {
		p.low.Pix[i] = 255 - v
	}
	sx, sy, _ := planeScale(s.PlaneW, s.PlaneH, s.Probe.Width, s.Probe.Height)
	p.look(scale/sx, scale/sy)
	return p
}

// look fills p.coarse; sx and sy are output pixels a plane sample.
func (p *plateView) look(sx, sy float64) {
	probes := func(s float64, most int) (out []int32) {
		for i := 0.; int((i+.75)*s) < most; i++ {
			out = append(out, int32((i+.25)*s), int32((i+.75)*s))
		}
		return out
	}
	c := &p.coarse
	c.columns, c.rows = probes(sx, p.pic.Y.W), probes(sy, p.pic.Y.H)
	c.w = len(c.columns) / 2
	n := c.w * len(c.rows) / 2
	c.luma, c.low, c.high, c.u, c.v = make([]byte, n), make([]byte, n), make([]byte, n), make([]byte, n), make([]byte, n)
	for j := range len(c.rows) / 2 {
		y, y2 := int(c.rows[2*j]), int(c.rows[2*j+1])
		s, t := p.pic.Y.Row(y), p.pic.Y.Row(y2)
		for i := range c.w {
			x, x2, k := c.columns[2*i], c.columns[2*i+1], j*c.w+i
			c.luma[k] = byte((int(s[x]) + int(s[x2]) + int(t[x]) + int(t[x2])) / 4)
			c.low[k], c.high[k] = p.low.Row(y)[x], p.high.Row(y)[x]
			c.u[k], c.v[k] = p.pic.U.Row(y / 2)[x/2], p.pic.V.Row(y / 2)[x/2]
		}
	}
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

	sums, counts []int32  // scratch of spread
	seen         [511]int // how often each difference of luma, plus 255, is seen around the object
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
func (o *outline) compare(g *grid, f *frame.YUV, p *plateView) *comparison {
	c, n := &o.cmp, g.w*g.h
	sized(&c.differs, n)
	sized(&c.luma, n)
	sized(&c.back, n)
	sized(&c.chroma, n)
	sized(&c.tint, n)
	sized(&c.slack, n)
	for k := range c.differs {
		c.differs[k] = -1
	}
	clear(c.seen[:])
	q := &p.coarse
	within := func(probes []int32, origin, n, from, size int) (int, int) { // of the grid, what was decoded
		a, b := max(origin, 0), min(origin+n, len(probes)/2)
		for a < b && int(probes[2*a]) < from {
			a++
		}
		for a < b && int(probes[2*b-1]) >= from+size {
			b--
		}
		return a, b
	}
	x0, x1 := within(q.columns, g.x, g.w, p.x, f.Y.W)
	y0, y1 := within(q.rows, g.y, g.h, p.y, f.Y.H)
	all := 0
	if x0 < x1 {
		for y := y0; y < y1; y++ {
			all += c.row(g, f, p, y, x0, x1)
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

// row compares the plane's row y from column x0 to before x1 and counts in
// c.seen the differences of luma where the grid is empty. It returns how many.
func (c *comparison) row(g *grid, f *frame.YUV, p *plateView, y, x0, x1 int) (all int) {
	q, n := &p.coarse, x1-x0
	to, from := (y-g.y)*g.w+x0-g.x, y*q.w+x0
	first, second := int(q.rows[2*y])-p.y, int(q.rows[2*y+1])-p.y
	a, b := f.Y.Row(first), f.Y.Row(second)
	fu, fv := f.U.Row(first/2), f.V.Row(first/2)
	probes := q.columns[2*x0:][:2*n]
	backs, lows, highs, us, vs := q.luma[from:][:n], q.low[from:][:n], q.high[from:][:n], q.u[from:][:n], q.v[from:][:n]
	differs, lumas, chromas := c.differs[to:][:n], c.luma[to:][:n], c.chroma[to:][:n]
	tints, slacks, lit := c.tint[to:][:n], c.slack[to:][:n], c.back[to:][:n]
	empty := g.a[to:][:n]
	for i := range n {
		x, x2 := int(probes[2*i])-p.x, int(probes[2*i+1])-p.x
		back := int32(backs[i])
		luma := (int32(a[x])+int32(a[x2])+int32(b[x])+int32(b[x2]))/4 - back
		bu, bv := int32(us[i]), int32(vs[i])
		u, v := int32(fu[x/2])-bu, int32(fv[x/2])-bv
		differs[i], lit[i], lumas[i], chromas[i] = 0, int16(back), int16(luma), int16(chromaApart(u, v, bu, bv))
		if luma < 0 {
			slacks[i] = int16(back - int32(lows[i]))
			// A shadow takes of the colour what it takes of the light.
			if light := back - 16; light > 0 {
				dark := min(-luma, light)
				u += divided((bu-128)*dark, light)
				v += divided((bv-128)*dark, light)
			}
		} else {
			slacks[i] = int16(int32(highs[i]) - back)
		}
		tints[i] = int16(diffChroma * max(u, -u, v, -v))
		if empty[i] == 0 {
			c.seen[luma+255]++
			all++
		}
	}
	return all
}

// chromaApart is how a difference of chroma from (bu, bv) counts.
func chromaApart(u, v, bu, bv int32) int32 {
	bu, bv = bu-128, bv-128
	return diffChroma * max(0, max(u, -u, v, -v)-(max(bu, -bu)+max(bv, -bv))/diffCast)
}

// divided is n/d, for n under 2¹⁵ either way and d from 1 to 255: exact, and
// quicker than to divide.
func divided(n, d int32) int32 {
	sign := n >> 31
	q := int32(uint64(uint32((n^sign)-sign)) * uint64(oneOver[d]) >> 24)
	return (q ^ sign) - sign
}

// oneOver is 2²⁴/d, rounded up.
var oneOver = func() (t [256]uint32) {
	for d := uint32(1); d < 256; d++ {
		t[d] = (1<<24 + d - 1) / d
	}
	return t
}()

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
	few := int32(r)               // fewer samples tell nothing
	for j := 0; j < g.h; j += 2 { // light changes slowly: one value for 2×2 samples
		j0, j1 := max(0, j-r)*w, min(g.h, j+r+1)*w
		row := l.a[j*g.w:][:g.w]
		for i := 0; i < g.w; i += 2 {
			i0, i1 := max(0, i-r), min(g.w, i+r+1)
			v := int32(middle)
			if m := c.counts[j1+i1] - c.counts[j1+i0] - c.counts[j0+i1] + c.counts[j0+i0]; m >= few {
				v = (c.sums[j1+i1] - c.sums[j1+i0] - c.sums[j0+i1] + c.sums[j0+i0]) / m
			}
			row[i] = byte(min(max(v+128, 0), 255))
			if i+1 < g.w {
				row[i+1] = row[i]
			}
		}
		if j+1 < g.h {
			copy(l.a[(j+1)*g.w:][:g.w], row)
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
		if o.shared() {
			copy(o.keep[to:to+w], o.keep[from:])
		}
		for _, p := range [4][]int16{c.differs, c.luma, c.back, c.tint} {
			copy(p[to:to+w], p[from:])
		}
	}
	g.x, g.y, g.w, g.h, g.a = g.x+x0, g.y+y0, w, h, g.a[:w*h]
	c.light = grid{x: g.x, y: g.y, w: w, h: h, a: c.light.a[:w*h]}
	if o.shared() {
		o.keep = o.keep[:w*h]
	}
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
