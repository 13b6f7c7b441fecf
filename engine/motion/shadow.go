package motion

import "math/bits"

// Bounds of a cast shadow: how much of 256 parts of light it leaves, and how
// many grey levels the pattern under it may stray from a plain scaling.
const (
	shadowMin   = 110
	shadowMax   = 242
	shadowStray = 2.0
	shadowNeed  = 18 // of 25: shadows are patches, a car's window is a few samples
)

// dropShadows clears from raw what looks like the background seen in less
// light: over a small window the picture is the background times one factor
// (Jacques et al., SIBGRAPI 2005: normalised cross-correlation, then the
// ratio's spread), here as the residual of a least-squares fit, and most of
// the surroundings look so too. It needs near as scratch.
func (m *Model) dropShadows() {
	b, found := m.bg, 0
	for i, word := range m.raw.w {
		m.scratch.w[i] = 0
		y := i / m.raw.words
		if word == 0 || y < 1 || y >= m.h-1 {
			continue
		}
		for c := word; c != 0; c &= c - 1 {
			k := bits.TrailingZeros64(c)
			p := i*64 + k
			x := p - y*m.stride
			v, g := int(m.cur[p]), int(b.px[p].grey)
			if v*256 >= shadowMax*g || v*256 <= shadowMin*g || x < 1 || x >= m.w-1 {
				continue
			}
			if m.scaled(p) {
				m.scratch.w[i] |= 1 << uint(k)
				found++
			}
		}
	}
	if found < shadowNeed {
		return
	}
	m.morph.majority(m.near, m.scratch, 2, shadowNeed, m.perRow)
	for i, v := range m.near.w {
		m.raw.w[i] &^= v
	}
}

// scaled tells whether the 3×3 window around p is the background times one
// factor, up to noise.
func (m *Model) scaled(p int) bool {
	var xx, xb, bb int
	for dy := -m.stride; dy <= m.stride; dy += m.stride {
		q := p + dy
		for k := q - 1; k <= q+1; k++ {
			x, g := int(m.cur[k]), int(m.bg.px[k].grey)
			xx += x * x
			xb += x * g
			bb += g * g
		}
	}
	// residual = xx - xb²/bb, against 9·limit²
	res := float64(xx) - float64(xb)*float64(xb)/float64(bb)
	lim := shadowStray + float64(m.bg.px[p].noise)/256
	return res < 9*lim*lim
}
