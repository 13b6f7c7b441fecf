package motion

import (
	"math/rand/v2"

	"posteriori/engine/frame"
)

// stage renders synthetic recordings: a textured backdrop, noise, and
// rectangles with a texture of their own.
type stage struct {
	w, h  int
	back  []byte
	noise int
	rng   *rand.Rand
	t     int64
	step  int64
}

func newStage(w, h, noise int, seed uint64) *stage {
	s := &stage{w: w, h: h, noise: noise, rng: rand.New(rand.NewPCG(seed, 7)), step: 40_000}
	s.back = make([]byte, w*h)
	for y := 0; y < h; y++ {
		for x := 0; x < w; x++ {
			v := 90 + 40*(x*2/w) + 30*(y*3/h%2) // broad areas
			if (x/13+y/17)%5 == 0 {
				v += 35 // patches with edges
			}
			s.back[y*w+x] = byte(v)
		}
	}
	return s
}

// thing is a rectangle of one grey with a darker bar.
type thing struct{ x, y, w, h, grey int }

func (s *stage) frame(things ...thing) frame.Plane {
	p := frame.NewPlane(s.w, s.h)
	copy(p.Pix, s.back)
	for _, o := range things {
		for y := max(o.y, 0); y < min(o.y+o.h, s.h); y++ {
			for x := max(o.x, 0); x < min(o.x+o.w, s.w); x++ {
				v := o.grey
				if (y-o.y)/4%3 == 1 {
					v -= 15
				}
				p.Pix[y*s.w+x] = clampByte(float64(v))
			}
		}
	}
	s.grain(p)
	return p
}

func (s *stage) grain(p frame.Plane) {
	if s.noise == 0 {
		return
	}
	for i, v := range p.Pix {
		n := s.rng.IntN(s.noise+1) + s.rng.IntN(s.noise+1) - s.noise
		p.Pix[i] = clampByte(float64(int(v) + n))
	}
}

func mapPixels(p frame.Plane, f func(v float64) float64) frame.Plane {
	for i, v := range p.Pix {
		p.Pix[i] = clampByte(f(float64(v)))
	}
	return p
}

// show applies one frame and moves time on.
func (s *stage) show(m *Model, p frame.Plane) Result {
	r := m.Apply(p, s.t)
	s.t += s.step
	return r
}

// settle shows the empty scene for the given media time.
func (s *stage) settle(m *Model, us int64) (r Result) {
	for end := s.t + us; s.t < end; {
		r = s.show(m, s.frame())
	}
	return r
}

func iou(b Blob, o thing) float64 {
	w := min(b.X+b.W, o.x+o.w) - max(b.X, o.x)
	h := min(b.Y+b.H, o.y+o.h) - max(b.Y, o.y)
	if w <= 0 || h <= 0 {
		return 0
	}
	return float64(w*h) / float64(b.W*b.H+o.w*o.h-w*h)
}

// best is the highest overlap of any blob with the thing.
func best(r Result, o thing) float64 {
	v := 0.0
	for _, b := range r.Blobs {
		v = max(v, iou(b, o))
	}
	return v
}
