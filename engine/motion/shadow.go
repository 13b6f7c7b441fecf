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
// the surroundings look so too. It uses near and scratch.
func (m *Model) dropShadows() {
	b, found := m.bg, 0
	for i, word := range m.raw.w {
		m.scratch.w[i], m.dark.w[i] = 0, 0
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
			m.dark.w[i] |= 1 << uint(k)
			if m.scaled(p) {
				m.scratch.w[i] |= 1 << uint(k)
				found++
			}
		}
	}
	if found < shadowNeed {
		return
	}
	top, end := m.morph.majority(m.near, m.scratch, 2, shadowNeed, m.perRow)
	if top >= end {
		return
	}
	// Its rim, where the window straddles light and shade, goes with it.
	top, end = max(top-2, 0), min(end+2, m.h)
	m.morph.dilate(m.scratch, m.near, top, end)
	m.morph.dilate(m.near, m.scratch, top, end)
	for i := top * m.raw.words; i < end*m.raw.words; i++ {
		m.raw.w[i] &^= m.near.w[i] & m.dark.w[i]
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
