package motion

import (
	"strings"
	"testing"

	"posteriori/engine/frame"
)

// shifted is the empty scene seen by a camera turned by (dx, dy) samples.
func (s *stage) shifted(dx, dy int) frame.Plane {
	p := frame.NewPlane(s.w, s.h)
	for y := 0; y < s.h; y++ {
		for x := 0; x < s.w; x++ {
			p.Pix[y*s.w+x] = s.back[min(max(y+dy, 0), s.h-1)*s.w+min(max(x+dx, 0), s.w-1)]
		}
	}
	s.grain(p)
	return p
}

func ready(t *testing.T, cfg Config) (*stage, *Model) {
	t.Helper()
	s := newStage(192, 144, 3, 11)
	m := New(s.w, s.h, cfg)
	if r := s.settle(m, 3_000_000); r.State != Normal || len(r.Blobs) != 0 {
		t.Fatalf("after three seconds: %v, %d blobs", r.State, len(r.Blobs))
	}
	return s, m
}

func TestBrightnessStep(t *testing.T) {
	for _, gain := range []float64{0.8, 1.2} {
		s, m := ready(t, Config{})
		for i := 0; i < 75; i++ {
			o := thing{10 + 2*i, 60, 16, 24, 240}
			r := s.show(m, mapPixels(s.frame(o), func(v float64) float64 { return v * gain }))
			if r.State != Normal || len(r.Blobs) > 1 {
				t.Fatalf("gain %.1f, frame %d: %v, blobs %+v", gain, i, r.State, r.Blobs)
			}
			if o.grey = int(240 * gain); best(r, o) < 0.6 {
				t.Fatalf("gain %.1f, frame %d: object lost: %+v", gain, i, r.Blobs)
			}
		}
	}
}

func TestLightSwitch(t *testing.T) {
	s, m := ready(t, Config{})
	// Another light: some areas darker, some brighter, the tone curve cannot
	// explain it, the edges are the same.
	relit := func(things ...thing) frame.Plane {
		p := s.frame(things...)
		for i, v := range p.Pix {
			x, y := i%s.w, i/s.w
			f := 0.35 + float64(x)/float64(s.w)*0.25 + float64(y)/float64(s.h)*1.4
			p.Pix[i] = clampByte(float64(v) * f)
		}
		return p
	}
	relearned := false
	for i := 0; i < 100; i++ {
		r := s.show(m, relit())
		if len(r.Blobs) != 0 && r.State != Normal {
			t.Fatalf("frame %d: blobs while %v", i, r.State)
		}
		if r.State == Relearning {
			relearned = true
			if r.Reason == "" {
				t.Fatal("relearning without a reason")
			}
		}
		if i > 80 && (r.State != Normal || len(r.Blobs) != 0) {
			t.Fatalf("frame %d: still %v (%s), %d blobs", i, r.State, r.Reason, len(r.Blobs))
		}
	}
	if !relearned {
		t.Error("a light switch went unnoticed")
	}
	o := thing{80, 60, 16, 24, 240}
	if r := s.show(m, relit(o)); len(r.Blobs) == 0 {
		t.Error("no object found after relearning")
	}
}

func TestKeyFramePulse(t *testing.T) {
	s, m := ready(t, Config{})
	for i := 0; i < 250; i++ {
		p := s.frame()
		if i%25 == 0 { // a key frame: coarser noise, as quantisation changes
			for k, v := range p.Pix {
				p.Pix[k] = clampByte(float64(v) + float64((k/8+k/s.w/8)%3-1)*7)
			}
		}
		if r := s.show(m, p); len(r.Blobs) != 0 || r.State != Normal {
			t.Fatalf("frame %d: %v, blobs %+v", i, r.State, r.Blobs)
		}
	}
}

func TestShakeIsTolerated(t *testing.T) {
	s, m := ready(t, Config{})
	offs := [][2]int{{0, 0}, {1, 0}, {2, 1}, {0, -2}, {-1, 1}, {-2, 0}, {0, 1}}
	for i := 0; i < 70; i++ {
		d := offs[i%len(offs)]
		if r := s.show(m, s.shifted(d[0], d[1])); len(r.Blobs) != 0 || r.State != Normal {
			t.Fatalf("frame %d, shake %v: %v, blobs %+v", i, d, r.State, r.Blobs)
		}
	}
	// A shift that stays is taken over without a pause.
	for i := 0; i < 75; i++ {
		if r := s.show(m, s.shifted(3, 2)); len(r.Blobs) != 0 || r.State != Normal {
			t.Fatalf("lasting shift, frame %d: %v, blobs %+v", i, r.State, r.Blobs)
		}
	}
	if m.edges.sx != 0 || m.edges.sy != 0 {
		t.Errorf("the model did not follow: shift %d, %d", m.edges.sx, m.edges.sy)
	}
}

func TestCameraMoved(t *testing.T) {
	s, m := ready(t, Config{})
	for i := 0; i < 90; i++ {
		r := s.show(m, s.shifted(37, 29))
		if r.State == Relearning && r.Reason != "camera moved" {
			t.Fatalf("frame %d: reason %q", i, r.Reason)
		}
		if i == 0 && r.State != Relearning {
			t.Fatalf("the first frame after the move: %v, %d blobs, %.2f changed", r.State, len(r.Blobs), r.Changed)
		}
		if i > 75 && (r.State != Normal || len(r.Blobs) != 0) {
			t.Fatalf("frame %d: %v, %d blobs", i, r.State, len(r.Blobs))
		}
	}
}

func TestCovered(t *testing.T) {
	s, m := ready(t, Config{})
	flat := frame.NewPlane(s.w, s.h)
	for i := range flat.Pix {
		flat.Pix[i] = 30
	}
	for i := 0; i < 100; i++ {
		r := s.show(m, flat)
		if r.State != Covered || len(r.Blobs) != 0 || !strings.Contains(r.Reason, "covered") {
			t.Fatalf("frame %d: %v %q", i, r.State, r.Reason)
		}
	}
	if r := s.settle(m, 200_000); r.State != Normal || len(r.Blobs) != 0 {
		t.Errorf("uncovered: %v, %d blobs", r.State, len(r.Blobs))
	}
}

func TestCoveredFromTheStart(t *testing.T) {
	s := newStage(192, 144, 3, 12)
	m := New(s.w, s.h, Config{})
	for i := 0; i < 50; i++ {
		if r := s.show(m, frame.NewPlane(s.w, s.h)); r.State != Covered {
			t.Fatalf("frame %d: %v", i, r.State)
		}
	}
	if r := s.show(m, s.frame()); r.State != Warming || r.Reason != "" { // the cover's reason went with it
		t.Errorf("just uncovered: %v %q", r.State, r.Reason)
	}
	if r := s.settle(m, 2_500_000); r.State != Normal || len(r.Blobs) != 0 {
		t.Errorf("uncovered: %v %q, %d blobs", r.State, r.Reason, len(r.Blobs))
	}
}

func TestTimeJumps(t *testing.T) {
	s, m := ready(t, Config{})
	s.t -= 2_000_000 // back
	if r := s.show(m, s.frame()); len(r.Blobs) != 0 {
		t.Errorf("blobs after a jump back: %+v", r.Blobs)
	}
	s.t += 3_600_000_000 // an hour without frames
	if r := s.show(m, s.frame()); len(r.Blobs) != 0 {
		t.Errorf("blobs after an hour's gap: %+v", r.Blobs)
	}
}
