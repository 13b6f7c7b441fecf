package render

import (
	"math"

	"posteriori/engine/scene"
)

// rim is the samples around a mask that widening and blurring reach.
const rim = 4

// shape is a mask made fit to cut with: its holes filled, widened by a sample
// for what the background model missed, and blurred.
type shape struct {
	index  int // of the mask; -1: none
	usable bool
	x, y   int // of its first sample on the plane
	w, h   int
	at     scene.Point // the object's centre then, in plane samples
	full   scene.Box   // of what is set, in plane samples …
	high   scene.Box   // … and of what of it is no shadow at the object's feet
	a, tmp []byte
}

// make takes a mask of an object that was at box, in plane samples.
func (s *shape) make(m *scene.Mask, box scene.Box) {
	s.x, s.y, s.w, s.h, s.at = m.X-rim, m.Y-rim, m.W+2*rim, m.H+2*rim, box.Center()
	n := s.w * s.h
	if cap(s.a) < n {
		s.a, s.tmp = make([]byte, n), make([]byte, n)
	}
	s.a, s.tmp = s.a[:n], s.tmp[:n]
	clear(s.a)
	stride, set := (m.W+7)/8, 0
	var full, high bounds
	feet := box.Y + (1-footShare)*box.H
	for y := range m.H {
		for x := range m.W {
			if i := y*stride + x/8; i < len(m.Bits) && m.Bits[i]&(0x80>>(x%8)) != 0 {
				s.a[(y+rim)*s.w+x+rim] = 255
				full.add(m.X+x, m.Y+y)
				if float64(m.Y+y) < feet {
					high.add(m.X+x, m.Y+y)
				}
				set++
			}
		}
	}
	s.full, s.high = full.box(), high.box()
	s.usable = float64(set) >= maskLeast*box.Area()
	if !s.usable {
		return
	}
	fillHoles(s.a, s.tmp, s.w, s.h)
	dilate(s.a, s.tmp, s.w, s.h)
	blur(s.a, s.tmp, s.w, s.h)
	blur(s.a, s.tmp, s.w, s.h)
}

// bounds are those of samples; the zero value is of none.
type bounds struct{ x0, y0, x1, y1 int }

func (b *bounds) add(x, y int) {
	if b.x1 == b.x0 {
		*b = bounds{x, y, x + 1, y + 1}
		return
	}
	*b = bounds{min(b.x0, x), min(b.y0, y), max(b.x1, x+1), max(b.y1, y+1)}
}

func (b *bounds) box() scene.Box {
	return scene.Box{X: float64(b.x0), Y: float64(b.y0), W: float64(b.x1 - b.x0), H: float64(b.y1 - b.y0)}
}

// moved is a box of the shape's when the object's centre is at c.
func (s *shape) moved(b scene.Box, c scene.Point) scene.Box {
	b.X, b.Y = b.X+c.X-s.at.X, b.Y+c.Y-s.at.Y
	return b
}

// onto adds share/256 of the shape to the grid, moved so that the object's
// centre comes to c; with fresh the grid is overwritten.
func (s *shape) onto(g *grid, c scene.Point, share int, fresh bool) {
	// Grid sample (0, 0) lies here in the shape.
	u, v := float64(g.x)-(c.X-s.at.X)-float64(s.x), float64(g.y)-(c.Y-s.at.Y)-float64(s.y)
	u0, v0 := int(math.Floor(u)), int(math.Floor(v))
	fu, fv := int((u-float64(u0))*256), int((v-float64(v0))*256)
	if fresh {
		clear(g.a)
	}
	for j := max(0, -v0); j < g.h && v0+j+1 < s.h; j++ {
		a, b := s.a[(v0+j)*s.w:][:s.w], s.a[(v0+j+1)*s.w:][:s.w]
		row := g.a[j*g.w:][:g.w]
		for i := max(0, -u0); i < g.w && u0+i+1 < s.w; i++ {
			k := u0 + i
			top := int(a[k])*(256-fu) + int(a[k+1])*fu
			low := int(b[k])*(256-fu) + int(b[k+1])*fu
			if n := (top*(256-fv) + low*fv) >> 16; n > 0 {
				row[i] = byte(min(255, int(row[i])+(n*share+128)>>8))
			}
		}
	}
}

// fillHoles sets every sample that has set samples on all four sides.
func fillHoles(p, tmp []byte, w, h int) {
	clear(tmp)
	for y := range h {
		a, b := -1, -1
		for x := range w {
			if p[y*w+x] != 0 {
				if a < 0 {
					a = x
				}
				b = x
			}
		}
		for x := a; a >= 0 && x <= b; x++ {
			tmp[y*w+x] = 1
		}
	}
	for x := range w {
		a, b := -1, -1
		for y := range h {
			if p[y*w+x] != 0 {
				if a < 0 {
					a = y
				}
				b = y
			}
		}
		for y := a; a >= 0 && y <= b; y++ {
			if tmp[y*w+x] == 1 {
				p[y*w+x] = 255
			}
		}
	}
}

// dilate widens by one sample.
func dilate(p, tmp []byte, w, h int) {
	copy(tmp, p)
	for y := 1; y < h-1; y++ {
		for x := 1; x < w-1; x++ {
			i := y*w + x
			p[i] = tmp[i] | tmp[i-1] | tmp[i+1] | tmp[i-w] | tmp[i+w]
		}
	}
}

// blur is a 3×3 box blur; the edge of the plane stays as it is.
func blur(p, tmp []byte, w, h int) {
	copy(tmp, p)
	for y := 1; y < h-1; y++ {
		a, b, c, out := tmp[(y-1)*w:][:w], tmp[y*w:][:w], tmp[(y+1)*w:][:w], p[y*w:][:w]
		last, this := 0, int(a[0])+int(b[0])+int(c[0]) // sums of columns
		for x := 1; x < w; x++ {
			next := int(a[x]) + int(b[x]) + int(c[x])
			if x > 1 {
				out[x-1] = byte((last + this + next + 4) / 9)
			}
			last, this = this, next
		}
	}
}
