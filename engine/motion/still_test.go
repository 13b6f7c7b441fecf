package motion

import "testing"

func TestStoppedObjectStays(t *testing.T) {
	s, m := ready(t, Config{})
	o := thing{20, 60, 20, 30, 235}
	for ; o.x < 90; o.x += 2 {
		s.show(m, s.frame(o))
	}
	start := s.t
	s.step = 200_000 // nothing depends on the number of frames
	var r Result
	for s.t < start+50_000_000 {
		if r = s.show(m, s.frame(o)); best(r, o) < 0.7 {
			t.Fatalf("%.1f s after it stopped: best overlap %.2f, %+v", float64(s.t-start)/1e6, best(r, o), r.Blobs)
		}
	}
	if r.Blobs[0].StillUS < 30_000_000 {
		t.Errorf("still for %d µs, want ≥ 30 s", r.Blobs[0].StillUS)
	}
	for s.t < start+75_000_000 {
		r = s.show(m, s.frame(o))
	}
	if len(r.Blobs) != 0 {
		t.Errorf("not absorbed after 75 s: %+v", r.Blobs)
	}
}

func TestHold(t *testing.T) {
	s, m := ready(t, Config{AbsorbAfter: 5e9})
	o := thing{90, 60, 20, 30, 235}
	m.Hold([]Area{{o.x - 3, o.y - 3, o.w + 6, o.h + 6}, {-10, -10, 5, 5}, {1000, 0, 10, 10}})
	s.step = 100_000
	for end := s.t + 20_000_000; s.t < end; {
		if r := s.show(m, s.frame(o)); best(r, o) < 0.7 {
			t.Fatalf("held object lost at %d µs", s.t)
		}
	}
	m.Hold(nil)
	var r Result
	for end := s.t + 8_000_000; s.t < end; {
		r = s.show(m, s.frame(o))
	}
	if len(r.Blobs) != 0 {
		t.Errorf("not absorbed after its hold ended: %+v", r.Blobs)
	}
}

func TestAbsorb(t *testing.T) {
	s, m := ready(t, Config{})
	o, other := thing{90, 60, 20, 30, 235}, thing{20, 20, 16, 16, 20}
	s.show(m, s.frame(o, other))
	m.Absorb(Area{o.x - 4, o.y - 4, o.w + 8, o.h + 8})
	r := s.show(m, s.frame(o, other))
	if best(r, o) > 0 || best(r, other) < 0.7 {
		t.Errorf("want the first absorbed and the second kept: %+v", r.Blobs)
	}
}

func TestGhostIsResolved(t *testing.T) {
	s := newStage(192, 144, 3, 21)
	m := New(s.w, s.h, Config{})
	o := thing{90, 60, 20, 30, 235}
	for s.t < 4_000_000 { // there from the start: background
		s.show(m, s.frame(o))
	}
	for x := o.x; x < 190; x += 3 {
		s.show(m, s.frame(thing{x, o.y, o.w, o.h, o.grey}))
	}
	var r Result
	for end := s.t + 2_500_000; s.t < end; {
		r = s.show(m, s.frame())
	}
	if len(r.Blobs) != 0 {
		t.Errorf("ghost left behind: %+v", r.Blobs)
	}
	bg := m.Background()
	if d := abs(int(bg.Row(75)[100]) - int(s.back[75*s.w+100])); d > 6 {
		t.Errorf("the background still shows what left: off by %d", d)
	}
}

func TestShadowIsNotAnObject(t *testing.T) {
	s, m := ready(t, Config{})
	o := thing{60, 40, 16, 40, 240}
	p := s.frame(o)
	for y := 72; y < 82; y++ { // cast to the right of its foot
		for x := 76; x < 110; x++ {
			p.Pix[y*s.w+x] = byte(int(p.Pix[y*s.w+x]) * 7 / 10)
		}
	}
	r := s.show(m, p)
	if got := best(r, o); got < 0.75 {
		t.Errorf("best overlap %.2f, want ≥ 0.75: %+v", got, r.Blobs)
	}
}

func TestFragmentsMerge(t *testing.T) {
	s, m := ready(t, Config{})
	whole := thing{60, 30, 14, 40, 240}
	r := s.show(m, s.frame(thing{60, 30, 14, 28, 240}, thing{61, 63, 12, 7, 240}))
	if len(r.Blobs) != 1 || best(r, whole) < 0.8 || r.Blobs[0].Parts != 2 {
		t.Errorf("want one blob of two parts: %+v", r.Blobs)
	}
	r = s.show(m, s.frame(thing{60, 30, 14, 20, 240}, thing{90, 30, 14, 20, 240}))
	if len(r.Blobs) != 2 {
		t.Errorf("want two objects side by side: %+v", r.Blobs)
	}
}
