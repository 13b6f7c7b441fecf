package motion

import "math/bits"

// bitPlane is a mask of one bit a sample: 64 samples a word, least
// significant bit leftmost, rows of words words. Bits right of the picture
// are always zero.
type bitPlane struct {
	w     []uint64
	words int
	rows  int
}

func newBitPlane(words, rows int) bitPlane {
	return bitPlane{w: make([]uint64, words*rows), words: words, rows: rows}
}

func (b bitPlane) row(y int) []uint64 { return b.w[y*b.words : (y+1)*b.words] }

func (b bitPlane) clear() { clear(b.w) }

func (b bitPlane) get(x, y int) bool {
	return b.w[y*b.words+x>>6]>>(uint(x)&63)&1 != 0
}

func (b bitPlane) set(x, y int) { b.w[y*b.words+x>>6] |= 1 << (uint(x) & 63) }

// setRun sets the samples [x0, x1) of row y.
func (b bitPlane) setRun(y, x0, x1 int) {
	row := b.row(y)
	for x0 < x1 {
		i := x0 >> 6
		end := min(x1, (i+1)<<6)
		m := ^uint64(0) << (uint(x0) & 63)
		if r := uint(end) & 63; r != 0 {
			m &= 1<<r - 1
		}
		row[i] |= m
		x0 = end
	}
}

// countIn is how many samples of row y are set in [x0, x1).
func (b bitPlane) countIn(y, x0, x1 int) int {
	row, n := b.row(y), 0
	for x0 < x1 {
		i := x0 >> 6
		end := min(x1, (i+1)<<6)
		m := ^uint64(0) << (uint(x0) & 63)
		if r := uint(end) & 63; r != 0 {
			m &= 1<<r - 1
		}
		n += bits.OnesCount64(row[i] & m)
		x0 = end
	}
	return n
}

// neighbours returns word i of a row with the words left and right of it,
// zero outside the picture.
func neighbours(row []uint64, i int) (l, c, r uint64) {
	c = row[i]
	if i > 0 {
		l = row[i-1]
	}
	if i+1 < len(row) {
		r = row[i+1]
	}
	return l, c, r
}

// dilate sets dst to src grown by one sample in the eight directions and
// clipped to the rows [y0, y1), beyond which src must be empty.
func (m *morph) dilate(dst, src bitPlane, y0, y1 int) {
	for y := y0; y < y1; y++ {
		d, s := m.tmp.row(y), src.row(y)
		for i := range s {
			l, c, r := neighbours(s, i)
			d[i] = c | c<<1 | c>>1 | l>>63 | r<<63
		}
	}
	for y := y0; y < y1; y++ {
		d := dst.row(y)
		up, c, dn := m.tmp.row(max(y-1, y0)), m.tmp.row(y), m.tmp.row(min(y+1, y1-1))
		for i := range d {
			d[i] = up[i] | c[i] | dn[i]
		}
		d[len(d)-1] &= m.last
	}
}

// erode sets dst to src shrunk by one sample in the eight directions; what
// lies outside the picture counts as set, so that an object cut by the
// border does not shrink there. Rows beyond [y0, y1) are left alone.
func (m *morph) erode(dst, src bitPlane, y0, y1 int) {
	for y := y0; y < y1; y++ {
		d, s := m.tmp.row(y), src.row(y)
		for i := range s {
			l, c, r := neighbours(s, i)
			if i == 0 {
				l = ^uint64(0)
			}
			if i == len(s)-1 {
				c |= ^m.last
				r = ^uint64(0)
			}
			d[i] = c & (c<<1 | l>>63) & (c>>1 | r<<63)
		}
	}
	for y := y0; y < y1; y++ {
		d := dst.row(y)
		up, c, dn := m.tmp.row(max(y-1, y0)), m.tmp.row(y), m.tmp.row(min(y+1, y1-1))
		for i := range d {
			d[i] = up[i] & c[i] & dn[i]
		}
		d[len(d)-1] &= m.last
	}
}

// morph holds the scratch of the clean-up: bit-sliced counters, so that one
// machine word carries 64 samples.
type morph struct {
	tmp  bitPlane
	cols [3]bitPlane // horizontal counts, one plane a binary digit
	last uint64      // the bits of a row's last word that lie in the picture
}

func newMorph(w, words, rows int) *morph {
	m := &morph{tmp: newBitPlane(words, rows), last: ^uint64(0)}
	if r := uint(w) & 63; r != 0 {
		m.last = 1<<r - 1
	}
	for i := range m.cols {
		m.cols[i] = newBitPlane(words, rows)
	}
	return m
}

// majority sets dst where at least need of the (2k+1)² samples around are set
// in src: the binary median for need = half of the window. k is 1, 2 or 3.
// perRow is how many samples each row of src has, or more. It returns the
// first and one past the last row of dst that hold something.
func (m *morph) majority(dst, src bitPlane, k, need int, perRow []int) (top, end int) {
	for y := 0; y < src.rows; y++ {
		m.countRow(src.row(y), y, k)
	}
	c0, c1, c2 := m.cols[0], m.cols[1], m.cols[2]
	top = src.rows
	for y := 0; y < src.rows; y++ {
		d := dst.row(y)
		y0, y1 := max(y-k, 0), min(y+k, src.rows-1)
		n := 0
		for _, c := range perRow[y0 : y1+1] {
			n += c
		}
		if n < need {
			clear(d)
			continue
		}
		var any uint64
		for i := range d {
			var s0, s1, s2, s3, s4, s5 uint64
			for r := y0; r <= y1; r++ {
				o := r*src.words + i
				a, b, c := c0.w[o], c1.w[o], c2.w[o]
				if a|b|c == 0 {
					continue
				}
				k0 := s0 & a
				s0 ^= a
				t := s1 ^ b
				k1 := s1&b | t&k0
				s1 = t ^ k0
				t = s2 ^ c
				k2 := s2&c | t&k1
				s2 = t ^ k1
				k3 := s3 & k2
				s3 ^= k2
				k4 := s4 & k3
				s4 ^= k3
				s5 ^= k4
			}
			if s0|s1|s2|s3|s4|s5 == 0 {
				d[i] = 0
				continue
			}
			d[i] = atLeast(need, s0, s1, s2, s3, s4, s5)
			any |= d[i]
		}
		d[len(d)-1] &= m.last
		if any != 0 {
			top, end = min(top, y), y+1
		}
	}
	return top, end
}

// countRow fills the horizontal counts of one row: set samples among the
// 2k+1 around each.
func (m *morph) countRow(s []uint64, y, k int) {
	a, b, c := m.cols[0].row(y), m.cols[1].row(y), m.cols[2].row(y)
	for i := range s {
		l, v, r := neighbours(s, i)
		if l|v|r == 0 {
			a[i], b[i], c[i] = 0, 0, 0
			continue
		}
		s0, s1, s2 := v, uint64(0), uint64(0)
		for j := uint(1); j <= uint(k); j++ {
			for _, t := range [2]uint64{v<<j | l>>(64-j), v>>j | r<<(64-j)} {
				k0 := s0 & t
				s0 ^= t
				k1 := s1 & k0
				s1 ^= k0
				s2 ^= k1
			}
		}
		a[i], b[i], c[i] = s0, s1, s2
	}
}

// atLeast compares 64 bit-sliced numbers of six digits with need.
func atLeast(need int, digits ...uint64) uint64 {
	gt, eq := uint64(0), ^uint64(0)
	for i := len(digits) - 1; i >= 0; i-- {
		if need>>uint(i)&1 == 1 {
			eq &= digits[i]
		} else {
			gt |= eq & digits[i]
			eq &^= digits[i]
		}
	}
	return gt | eq
}
