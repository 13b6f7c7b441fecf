package motion

// component is one connected piece of the mask.
type component struct {
	x0, y0, x1, y1 int32 // x1, y1 exclusive
	area, strong   int32
	diff           int64 // sum of |picture - background|
	bright         int32 // samples brighter than the background
	parts          int32
	root           int32 // index of the component this one was merged into
	ages           ages
}

// components are the pieces of the present mask and the blobs made of them;
// the slices are kept between frames.
type components struct {
	list  []component
	index []int32 // root run to component
	area  []int32
	blobs []Blob
}

const (
	minStrong = 3   // certain samples that a blob must have
	maxBlobs  = 512 // more is weather: the largest cannot be told apart either
)

// find labels the mask, wipes what is too small or too faint from it, merges
// fragments, and lists the blobs.
func (c *components) find(m *Model, tUS int64) {
	c.list, c.index = c.list[:0], c.index[:0]
	m.lab.label(m.clean, m.w, min(m.top, m.end), m.end, 1, false)
	for i := range m.lab.runs {
		r := &m.lab.runs[i]
		if int(r.label) == i {
			c.index = append(c.index, int32(len(c.list)))
			c.list = append(c.list, component{x0: r.x0, y0: r.y, x1: r.x1, y1: r.y + 1, parts: 1, root: int32(len(c.list))})
		} else {
			c.index = append(c.index, c.index[r.label])
		}
		c.list[c.index[i]].add(m, r, tUS)
	}
	c.wipe(m)
	c.merge(int32(m.cfg.MergeGap))
	c.emit(m.cfg.MinArea)
}

// add takes one run into the component.
func (q *component) add(m *Model, r *run, tUS int64) {
	q.x0, q.x1, q.y1 = min(q.x0, r.x0), max(q.x1, r.x1), max(q.y1, r.y+1)
	q.area += r.x1 - r.x0
	q.strong += int32(m.strong.countIn(int(r.y), int(r.x0), int(r.x1)))
	p := int(r.y)*m.stride + int(r.x0)
	for x := int(r.x0); x < int(r.x1); x, p = x+1, p+1 {
		d := int(m.cur[p]) - int(m.bg.px[p].grey)
		if d > 0 {
			q.bright++
		}
		q.diff += int64(abs(d))
	}
	for x := int(r.x0); x < int(r.x1); {
		end := min((x/cellSize+1)*cellSize, int(r.x1))
		q.ages.add(m.stills.ageAt(x, int(r.y), tUS), int32(end-x))
		x = end
	}
}

// faint tells a piece without enough certain samples, or a speck.
func (q *component) faint() bool { return q.area < 4 || q.strong < minStrong }

// wipe clears faint pieces from the mask.
func (c *components) wipe(m *Model) {
	for i := range m.lab.runs {
		r := &m.lab.runs[i]
		if c.list[c.index[i]].faint() {
			row := m.clean.row(int(r.y))
			for x := r.x0; x < r.x1; x++ {
				row[x>>6] &^= 1 << (uint(x) & 63)
			}
		}
	}
}

// merge joins pieces of one object: one above the other with a small gap and
// a common column, or boxes that overlap.
func (c *components) merge(gap int32) {
	if len(c.list) > maxBlobs {
		return
	}
	for again := true; again; {
		again = false
		for i := range c.list {
			a := &c.list[i]
			if a.root != int32(i) || a.faint() {
				continue
			}
			for j := i + 1; j < len(c.list); j++ {
				b := &c.list[j]
				if b.root != int32(j) || b.faint() || !a.joins(b, gap) {
					continue
				}
				a.absorb(b)
				b.root = int32(i)
				again = true
			}
		}
	}
}

// joins tells whether two pieces are one object: one is a fragment beside the
// other, they share at least half of the narrower one's columns, and overlap
// or lie no more than the gap apart. Two pieces of like size are two objects,
// one behind the other.
func (q *component) joins(o *component, gap int32) bool {
	ox := min(q.x1, o.x1) - max(q.x0, o.x0)
	if min(q.area, o.area)*5 > max(q.area, o.area)*2 {
		return false
	}
	if ox <= 0 || ox*2 < min(q.x1-q.x0, o.x1-o.x0) {
		return false
	}
	apart := max(q.y0, o.y0) - min(q.y1, o.y1)
	return apart <= min(gap, 1+max(q.y1-q.y0, o.y1-o.y0)/4)
}

func (q *component) absorb(o *component) {
	q.x0, q.y0, q.x1, q.y1 = min(q.x0, o.x0), min(q.y0, o.y0), max(q.x1, o.x1), max(q.y1, o.y1)
	q.area += o.area
	q.strong += o.strong
	q.diff += o.diff
	q.bright += o.bright
	q.parts += o.parts
	for k := range q.ages {
		q.ages[k] += o.ages[k]
	}
}

// emit lists the blobs.
func (c *components) emit(minArea int) {
	c.blobs = c.blobs[:0]
	for i := range c.list {
		q := &c.list[i]
		if q.root != int32(i) || q.faint() || int(q.area) < minArea {
			continue
		}
		w, h := int(q.x1-q.x0), int(q.y1-q.y0)
		c.blobs = append(c.blobs, Blob{
			X: int(q.x0), Y: int(q.y0), W: w, H: h, Area: int(q.area),
			Fill:     float64(q.area) / float64(w*h),
			Contrast: float64(q.diff) / float64(q.area),
			StillUS:  q.ages.still(), Parts: int(q.parts),
		})
	}
}
