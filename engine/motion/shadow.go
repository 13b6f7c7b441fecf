package motion

import "math/bits"

// Bounds of a cast shadow: how much light it may take, and how far the
// pattern under it may stray from a plain scaling.
const (
	shadowMin = 102 // of 256
	shadowMax = 246
)

// dropShadows clears from raw what looks like the background seen in less
// light: over a small window the picture is the background times one factor
// (Jacques et al., SIBGRAPI 2005: normalised cross-correlation, then the
// ratio's spread), here as the residual of a least-squares fit.
func (m *Model) dropShadows() {
	b := m.bg
	copy(m.scratch.w, m.raw.w)
	for i, word := range m.raw.w {
		if word == 0 {
			continue
		}
		y := i / m.raw.words
		if y < 1 || y >= m.h-1 {
			continue
		}
		for c := word; c != 0; c &= c - 1 {
			k := bits.TrailingZeros64(c)
			p := i*64 + k
			x := p - y*m.stride
			v, g := int(m.cur[p]), int(b.px[p].grey)
			if x < 1 || x >= m.w-1 || v*256 >= shadowMax*g || v*256 <= shadowMin*g {
				continue
			}
			if m.scaled(p) {
				m.scratch.w[i] &^= 1 << uint(k)
			}
		}
	}
	copy(m.raw.w, m.scratch.w)
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
	lim := shadowNoise + float64(m.bg.px[p].noise)/256
	return res < 9*lim*lim
}

var shadowNoise = 2.0
