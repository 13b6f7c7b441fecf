package synopsis

import (
	"math/bits"

	"posteriori/engine/scene"
)

// The occupancy grid: 128×72 cells in tiles of 8×8, one machine word a tile.
// A small object touches a handful of tiles, so that comparing it costs no
// more than on a coarser grid kept row by row.
const (
	gridW   = 128
	gridH   = 72
	tileCol = gridW / 8
	tileRow = gridH / 8
	tiles   = tileCol * tileRow // under 256: a tile's number is one byte
)

// stencil is a whole grid that is being drawn on.
type stencil struct{ bits [tiles]uint64 }

// set marks a cell.
func (s *stencil) set(x, y int) {
	s.bits[y/8*tileCol+x/8] |= 1 << (y%8*8 + x%8)
}

func (s *stencil) count() (n int) {
	for _, w := range s.bits {
		n += bits.OnesCount64(w)
	}
	return n
}

// box marks every cell that the box touches; a box outside the picture marks
// the nearest.
func (s *stencil) box(p place) {
	at := func(v float32, n int) int { return min(max(int(v*float32(n)), 0), n-1) }
	x0, x1 := at(p.x, gridW), at(p.x+p.w-1e-6, gridW)
	y0, y1 := at(p.y, gridH), at(p.y+p.h-1e-6, gridH)
	for y := y0; y <= y1; y++ {
		for x := x0; x <= x1; x++ {
			s.set(x, y)
		}
	}
}

// mask marks every cell in which the mask, moved by (dx, dy) samples of its
// plane, has a sample.
func (s *stencil) mask(m scene.Mask, planeW, planeH, dx, dy int) {
	if planeW <= 0 || planeH <= 0 || m.W <= 0 || m.H <= 0 {
		return
	}
	stride := (m.W + 7) / 8
	for y := range m.H {
		row := (m.Y + y + dy) * gridH / planeH
		if m.Y+y+dy < 0 || row >= gridH {
			continue
		}
		for i := range stride {
			if y*stride+i >= len(m.Bits) {
				return
			}
			for b := m.Bits[y*stride+i]; b != 0; b &= b - 1 {
				x := m.X + i*8 + 7 - bits.TrailingZeros8(b) + dx
				if col := x * gridW / planeW; x >= 0 && col < gridW {
					s.set(col, row)
				}
			}
		}
	}
}

// film is what an object covers, step by step: tile pos[i] holds bits[i], for
// i from the step's first to its last. Tiles of a step are in rising order.
type film struct {
	end  []uint32 // by step: index behind its last tile
	pos  []uint8
	bits []uint64
}

func (f *film) len() int { return len(f.end) }

// span is the tiles of a step; before the first and after the last, theirs.
func (f *film) span(k int) (from, to int) {
	k = min(max(k, 0), len(f.end)-1)
	if k > 0 {
		from = int(f.end[k-1])
	}
	return from, int(f.end[k])
}

// add appends a step.
func (f *film) add(s *stencil) {
	for i, w := range s.bits {
		if w != 0 {
			f.pos = append(f.pos, uint8(i))
			f.bits = append(f.bits, w)
		}
	}
	f.end = append(f.end, uint32(len(f.pos)))
}

// onto draws a step onto a stencil.
func (f *film) onto(s *stencil, k int) {
	from, to := f.span(k)
	for i := from; i < to; i++ {
		s.bits[f.pos[i]] |= f.bits[i]
	}
}

// count is the cells of a step.
func (f *film) count(k int) (n int) {
	from, to := f.span(k)
	for _, w := range f.bits[from:to] {
		n += bits.OnesCount64(w)
	}
	return n
}

// trim gives back room that growing left over.
func (f *film) trim() {
	f.end = append([]uint32(nil), f.end...)
	f.pos = append([]uint8(nil), f.pos...)
	f.bits = append([]uint64(nil), f.bits...)
}
