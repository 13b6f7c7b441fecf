package render

import (
	"encoding/binary"
	"slices"

	"posteriori/engine/frame"
)

// strip is two rows of a cut-out and their row of chroma, from column x of the
// cut-out on: its samples, how opaque each of luma is, and how near each is to
// the body. x and the number of columns are even; there may be none.
type strip struct {
	x    int
	y, a [2][]byte
	body [2][]byte // a again without a rim
	u, v []byte
}

// stripSize is the bytes of a strip of n columns.
func stripSize(n int, rimmed bool) int {
	if rimmed {
		return 7 * n
	}
	return 5 * n
}

// stripOf slices a strip out of buf.
func stripOf(buf []byte, x, n int, rimmed bool) strip {
	next := func(n int) []byte {
		b := buf[:n:n]
		buf = buf[n:]
		return b
	}
	s := strip{x: x, y: [2][]byte{next(n), next(n)}, u: next(n / 2), v: next(n / 2), a: [2][]byte{next(n), next(n)}}
	s.body = s.a
	if rimmed {
		s.body = [2][]byte{next(n), next(n)}
	}
	return s
}

// pack appends the strip's bytes without the columns at both ends in which
// there is nothing, and before them the first column and how many there are.
func (s *strip) pack(buf []byte, rimmed bool) []byte {
	from, to := len(s.a[0]), 0
	for _, row := range [4][]byte{s.a[0], s.a[1], s.body[0], s.body[1]} {
		for i := 0; i < from; i++ {
			if row[i] != 0 {
				from = i
			}
		}
		for i := len(row); i > max(to, from); i-- {
			if row[i-1] != 0 {
				to = i
			}
		}
	}
	from, to = from&^1, (to+1)&^1
	if from >= to {
		return append(buf, 0, 0, 0, 0)
	}
	buf = slices.Grow(buf, stripHead+stripSize(to-from, rimmed))
	buf = binary.LittleEndian.AppendUint16(buf, uint16(s.x+from))
	buf = binary.LittleEndian.AppendUint16(buf, uint16(to-from))
	buf = append(append(buf, s.y[0][from:to]...), s.y[1][from:to]...)
	buf = append(append(buf, s.u[from/2:to/2]...), s.v[from/2:to/2]...)
	buf = append(append(buf, s.a[0][from:to]...), s.a[1][from:to]...)
	if rimmed {
		buf = append(append(buf, s.body[0][from:to]...), s.body[1][from:to]...)
	}
	return buf
}

// stripHead is the bytes of a packed strip's first column and width.
const stripHead = 4

// unpack gives the strip at the head of buf, and what follows it.
func unpack(buf []byte, rimmed bool) (strip, []byte) {
	x, n := binary.LittleEndian.Uint16(buf), int(binary.LittleEndian.Uint16(buf[2:]))
	buf = buf[stripHead:]
	return stripOf(buf, int(x), n, rimmed), buf[stripSize(n, rimmed):]
}

// seamMost bounds by how many steps of luma a seam is evened out.
const seamMost = 48

// blend mixes a strip of a cut-out at (x, y), both even, into dst. Where the
// outline fades, the cut-out's light is drawn by seam to that of the place it
// comes to, so that a cloud between the two moments leaves no halo; its opaque
// part keeps the recording's own samples. A sample of chroma is mixed in by the
// mean alpha of its four of luma.
func (s *strip) blend(dst frame.YUV, x, y, seam int) {
	x += s.x
	n := len(s.u)
	y0, y1 := dst.Y.Row(y)[x:][:2*n], dst.Y.Row(y + 1)[x:][:2*n]
	u, v := dst.U.Row(y / 2)[x/2:][:n], dst.V.Row(y / 2)[x/2:][:n]
	a0, a1 := s.a[0][:2*n], s.a[1][:2*n]
	const eight, none, all = 8, 0, 1<<64 - 1
	for i := 0; i < n; {
		k := 2 * i
		if k+eight <= 2*n { // many times eight columns are all empty or all the object's
			b0, b1 := binary.LittleEndian.Uint64(a0[k:]), binary.LittleEndian.Uint64(a1[k:])
			if b0|b1 == none {
				i += eight / 2
				continue
			}
			if b0&b1 == all {
				copy(y0[k:k+eight], s.y[0][k:])
				copy(y1[k:k+eight], s.y[1][k:])
				copy(u[i:i+eight/2], s.u[i:])
				copy(v[i:i+eight/2], s.v[i:])
				i += eight / 2
				continue
			}
		}
		for end := min(i+eight/2, n); i < end; i++ {
			k := 2 * i
			y0[k] = lay(y0[k], s.y[0][k], a0[k], seam)
			y0[k+1] = lay(y0[k+1], s.y[0][k+1], a0[k+1], seam)
			y1[k] = lay(y1[k], s.y[1][k], a1[k], seam)
			y1[k+1] = lay(y1[k+1], s.y[1][k+1], a1[k+1], seam)
			if c := (int(a0[k]) + int(a0[k+1]) + int(a1[k]) + int(a1[k+1]) + 2) / 4; c != 0 {
				u[i], v[i] = mix(u[i], s.u[i], c), mix(v[i], s.v[i], c)
			}
		}
	}
}

// lay is a sample of luma under one of a cut-out.
func lay(under, over, a byte, seam int) byte {
	switch a {
	case 0:
		return under
	case 255:
		return over
	}
	c := int(a)
	lit := int(over)
	if seam != 0 {
		lit = min(max(lit+seam*(255-c)/255, 0), 255)
	}
	return byte((int(under)*(255-c) + lit*c + 127) / 255)
}

// seamLight is the mean difference of luma, place less cut-out, where the
// outline of a cut-out at (x, y) fades.
func seamLight(dst frame.Plane, strips []strip, x, y int) int {
	sum, n := 0, 0
	for j := range strips {
		s := &strips[j]
		a, over := s.a[0], s.y[0]
		d := dst.Row(y + 2*j)[x+s.x:][:len(a)]
		for i, v := range a {
			if v > 8 && v < 128 {
				sum += int(d[i]) - int(over[i])
				n++
			}
		}
	}
	if n < 16 {
		return 0
	}
	return min(max(sum/n, -seamMost), seamMost)
}
