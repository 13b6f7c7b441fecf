package synopsis

import (
	"math/bits"

	"posteriori/engine/scene"
)

// The occupancy grid: one machine word a row of cells.
const (
	gridW = 64
	gridH = 36
)

// maxSamples bounds what a planner holds. When tubes need more, neighbouring
// samples are joined and the step doubles, so memory does not grow with the
// recordings.
const maxSamples = 2 << 20

// firstStepUS is the finest step of time that arrangement works in.
const firstStepUS = 200_000

// cells is what an object covers during one step: rows[0] is grid row y0,
// bit x of a row is grid column x.
type cells struct {
	y0   int
	rows []uint64
}

// add joins what d covers to c.
func (c cells) add(d cells) cells {
	if len(c.rows) == 0 {
		return cells{d.y0, append([]uint64(nil), d.rows...)}
	}
	if len(d.rows) == 0 {
		return c
	}
	y0 := min(c.y0, d.y0)
	y1 := max(c.y0+len(c.rows), d.y0+len(d.rows))
	out := make([]uint64, y1-y0)
	for i, r := range c.rows {
		out[c.y0-y0+i] = r
	}
	for i, r := range d.rows {
		out[d.y0-y0+i] |= r
	}
	return cells{y0, out}
}

func (c cells) count() (n int) {
	for _, r := range c.rows {
		n += bits.OnesCount64(r)
	}
	return n
}

// place is where an object is, in parts of the picture: 0..1 of its width or
// height.
type place struct{ x, y, w, h float32 }

// sampled is a tube on the step grid. Sample i covers media time
// [(first+i)·step, (first+i+1)·step).
type sampled struct {
	rec            int
	track          int64
	class          scene.Class
	startUS, endUS int64
	first          int64
	places         []place
	cover          []cells
}

// sampleTube puts a tube of a recording of w×h pixels on the grid.
func sampleTube(t Tube, r Recording, stepUS int64) sampled {
	s := sampled{rec: t.Recording, track: t.Track, class: t.Class, startUS: t.StartUS, endUS: t.EndUS}
	s.first = t.StartUS / stepUS
	last := t.EndUS / stepUS
	w, h := float64(r.Probe.Width), float64(r.Probe.Height)
	m := 0
	for k := s.first; k <= last; k++ {
		at := min(max(k*stepUS+stepUS/2, t.StartUS), t.EndUS)
		b := boxAt(t.Path, at)
		p := place{float32(b.X / w), float32(b.Y / h), float32(b.W / w), float32(b.H / h)}
		box := boxCells(p)
		c := box
		for m+1 < len(t.Masks) && abs64(t.Masks[m+1].TUS-at) <= abs64(t.Masks[m].TUS-at) {
			m++
		}
		if m < len(t.Masks) && abs64(t.Masks[m].TUS-at) <= second {
			// An object that stopped fades out of the motion mask: then
			// its box says better what it covers.
			if mc := maskCells(t.Masks[m], r.PlaneW, r.PlaneH); mc.count()*4 >= box.count() {
				c = mc
			}
		}
		s.places = append(s.places, p)
		s.cover = append(s.cover, c)
	}
	return s
}

// halve joins neighbouring samples, for a step of twice the length.
func (s *sampled) halve() {
	first := s.first / 2
	n := int((s.first+int64(len(s.places))-1)/2 - first + 1)
	places, cover := make([]place, n), make([]cells, n)
	for i := range s.places {
		j := int((s.first+int64(i))/2 - first)
		if places[j] == (place{}) {
			places[j] = s.places[i]
		}
		cover[j] = cover[j].add(s.cover[i])
	}
	s.first, s.places, s.cover = first, places, cover
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

// boxCells is every cell that the box touches.
func boxCells(p place) cells {
	clampTo := func(v float32, n int) int { return min(max(int(v*float32(n)), 0), n-1) }
	x0, x1 := clampTo(p.x, gridW), clampTo(p.x+p.w-1e-6, gridW)
	y0, y1 := clampTo(p.y, gridH), clampTo(p.y+p.h-1e-6, gridH)
	row := wordRange(x0, x1)
	rows := make([]uint64, y1-y0+1)
	for i := range rows {
		rows[i] = row
	}
	return cells{y0, rows}
}

// wordRange has the bits x0..x1 set, both included.
func wordRange(x0, x1 int) uint64 {
	if x1 < x0 {
		return 0
	}
	return (^uint64(0) >> (63 - (x1 - x0))) << x0
}

// maskCells is every cell in which the mask has a sample.
func maskCells(m scene.Mask, planeW, planeH int) cells {
	if planeW <= 0 || planeH <= 0 || m.W <= 0 || m.H <= 0 {
		return cells{}
	}
	col := func(x int) int { return min(max(x*gridW/planeW, 0), gridW-1) }
	row := func(y int) int { return min(max(y*gridH/planeH, 0), gridH-1) }
	c := cells{y0: row(m.Y)}
	c.rows = make([]uint64, row(m.Y+m.H-1)-c.y0+1)
	stride := (m.W + 7) / 8
	for y := range m.H {
		r := &c.rows[row(m.Y+y)-c.y0]
		for i := range stride {
			if y*stride+i >= len(m.Bits) {
				return c
			}
			for b := m.Bits[y*stride+i]; b != 0; b &= b - 1 {
				*r |= 1 << col(m.X+i*8+7-bits.TrailingZeros8(b))
			}
		}
	}
	return c
}

func abs64(v int64) int64 {
	if v < 0 {
		return -v
	}
	return v
}
