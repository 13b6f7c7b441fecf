package motion

import (
	"testing"

	"posteriori/engine/frame"
)

func TestMovingSquareOnNoise(t *testing.T) {
	for _, noise := range []int{2, 8} {
		s := newStage(160, 120, noise, 1)
		m := New(s.w, s.h, Config{})
		if r := s.settle(m, 3_000_000); r.State != Normal || len(r.Blobs) != 0 {
			t.Fatalf("noise %d: empty scene: state %v, blobs %v", noise, r.State, r.Blobs)
		}
		for i := 0; i < 60; i++ {
			o := thing{10 + 2*i, 40, 14, 22, 230}
			r := s.show(m, s.frame(o))
			if got := best(r, o); len(r.Blobs) != 1 || got < 0.75 {
				t.Fatalf("noise %d, frame %d: %d blobs, best overlap %.2f, want 1 and ≥ 0.75: %+v", noise, i, len(r.Blobs), got, r.Blobs)
			}
		}
		if r := s.settle(m, 200_000); len(r.Blobs) != 0 {
			t.Errorf("noise %d: object gone, blobs left: %+v", noise, r.Blobs)
		}
	}
}

func TestSmallObject(t *testing.T) {
	s := newStage(160, 120, 2, 2)
	m := New(s.w, s.h, Config{})
	s.settle(m, 2_500_000)
	seen := 0
	for i := 0; i < 40; i++ {
		o := thing{20 + i, 70, 4, 6, 20}
		if r := s.show(m, s.frame(o)); best(r, o) > 0.4 {
			seen++
		}
	}
	if seen < 36 {
		t.Errorf("object of 4×6 samples seen in %d of 40 frames", seen)
	}
}

func TestStrideDoesNotMatter(t *testing.T) {
	s := newStage(130, 70, 4, 3)
	a, b := New(s.w, s.h, Config{}), New(s.w, s.h, Config{})
	for i := 0; i < 80; i++ {
		p := s.frame(thing{i, 20, 12, 12, 220})
		wide := frame.Plane{Pix: make([]byte, 200*70), W: 130, H: 70, Stride: 200}
		for y := 0; y < p.H; y++ {
			copy(wide.Row(y), p.Row(y))
			wide.Pix[y*200+150] = byte(i) // beyond the picture: must not matter
		}
		ra, rb := a.Apply(p, s.t), b.Apply(wide, s.t)
		s.t += s.step
		if string(ra.Mask.Pix) != string(rb.Mask.Pix) || len(ra.Blobs) != len(rb.Blobs) {
			t.Fatalf("frame %d: results differ with the stride", i)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	s := newStage(160, 120, 3, 4)
	m := New(s.w, s.h, Config{})
	s.settle(m, 2_000_000)
	var ps []frame.Plane
	for i := 0; i < 20; i++ {
		ps = append(ps, s.frame(thing{20 + 3*i, 30, 20, 20, 230}, thing{10, 80, 10, 10, 20}))
	}
	for _, p := range ps { // lets the slices grow
		s.show(m, p)
	}
	i := 0
	n := testing.AllocsPerRun(40, func() {
		s.show(m, ps[i%len(ps)])
		i++
	})
	if n != 0 {
		t.Errorf("%.1f allocations a frame", n)
	}
}
