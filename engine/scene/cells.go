package scene

import "math"

// cellPX is the side of a cell of the coarse map of where feet were. The map
// is 8×8 cells and begins anew at its edges, so that it needs no picture size:
// two places 512 px apart share a cell, and the extent of the feet tells them
// apart.
const cellPX = 64

// Cells are cells of the coarse map, a bit each: row times 8, plus column.
type Cells uint64

// AllCells is the map of which nothing is known.
const AllCells = ^Cells(0)

// add marks every cell that the rectangle touches; a pixel around it is taken
// in, for stored paths are rounded.
func (c *Cells) add(x0, y0, x1, y1 float64) {
	cell := func(v float64) int { return int(math.Floor(v / cellPX)) }
	cx0, cx1 := cell(x0-1), cell(x1+1)
	cy0, cy1 := cell(y0-1), cell(y1+1)
	if cx1-cx0 >= 8 {
		cx0, cx1 = 0, 7
	}
	if cy1-cy0 >= 8 {
		cy0, cy1 = 0, 7
	}
	for y := cy0; y <= cy1; y++ {
		for x := cx0; x <= cx1; x++ {
			*c |= 1 << uint((y&7)*8+x&7)
		}
	}
}

// segment marks every cell that the segment touches, and perhaps some beside it.
func (c *Cells) segment(a, b Point) {
	long := math.Max(math.Abs(b.X-a.X), math.Abs(b.Y-a.Y))
	if math.IsNaN(long) || long > 1<<20 {
		*c = AllCells
		return
	}
	n := 1 + int(long/(cellPX/2))
	for i := range n {
		s, t := float64(i)/float64(n), float64(i+1)/float64(n)
		x0, x1 := a.X+(b.X-a.X)*s, a.X+(b.X-a.X)*t
		y0, y1 := a.Y+(b.Y-a.Y)*s, a.Y+(b.Y-a.Y)*t
		c.add(math.Min(x0, x1), math.Min(y0, y1), math.Max(x0, x1), math.Max(y0, y1))
	}
}

// Cells are the cells that the feet of a path touched on their way; all when
// there is no path.
func (p Path) Cells() Cells {
	if len(p) == 0 {
		return AllCells
	}
	var c Cells
	last := p[0].Box.Bottom()
	c.segment(last, last)
	for _, q := range p[1:] {
		foot := q.Box.Bottom()
		c.segment(last, foot)
		last = foot
	}
	return c
}

// Cells are the cells that a polygon touches: those of its edges, and those
// whose middle lies inside.
func (g Polygon) Cells() Cells {
	var c Cells
	for i, a := range g {
		c.segment(a, g[(i+1)%len(g)])
	}
	b := g.Bounds()
	if b.W > 1<<16 || b.H > 1<<16 || math.IsNaN(b.W+b.H) {
		return AllCells
	}
	for y := math.Floor(b.Y/cellPX) * cellPX; y <= b.Y+b.H; y += cellPX {
		for x := math.Floor(b.X/cellPX) * cellPX; x <= b.X+b.W; x += cellPX {
			if g.Contains(Point{X: x + cellPX/2, Y: y + cellPX/2}) {
				c.add(x+2, y+2, x+cellPX-2, y+cellPX-2)
			}
		}
	}
	return c
}
