package motion

import "testing"

// find is the stand that lies on o, if any.
func find(m *Model, o thing) (Stand, bool) {
	for _, s := range m.Stands() {
		if s.Area.iou(Area{o.x, o.y, o.w, o.h}) > 0.5 {
			return s, true
		}
	}
	return Stand{}, false
}

// run shows the things for so long.
func (s *stage) run(m *Model, us int64, things ...thing) {
	for end := s.t + us; s.t < end; {
		s.show(m, s.frame(things...))
	}
}

// TestThingSetDown: it is known from when it stood, through a passer-by and
// its becoming background, until it is taken.
func TestThingSetDown(t *testing.T) {
	s, m := ready(t, Config{AbsorbAfter: 8e9})
	bag := thing{90, 80, 12, 12, 235}
	at := s.t
	s.run(m, 4_000_000, bag)
	got, ok := find(m, bag)
	if !ok || got.Gone || got.SinceUS < at || got.SinceUS > at+300_000 {
		t.Fatalf("set down at %d: %+v, %v", at, got, ok)
	}
	id := got.ID
	for x := 60; x < 130; x += 2 { // someone walks past before it
		s.show(m, s.frame(bag, thing{x, 60, 20, 40, 20}))
	}
	s.run(m, 12_000_000, bag)
	if got, ok = find(m, bag); !ok || got.ID != id || s.t-got.SeenUS > 1_000_000 {
		t.Fatalf("after a passer-by and its absorption: %+v, %v", got, ok)
	}
	taken := s.t
	s.run(m, 4_000_000)
	got, ok = find(m, bag)
	if !ok || !got.Gone || got.SinceUS < taken || got.SinceUS > taken+300_000 {
		t.Fatalf("taken at %d: %+v, %v", taken, got, ok)
	}
	if n := len(m.Stands()); n != 1 {
		t.Errorf("%d places, want the one that is empty now", n)
	}
}

// TestThingPickedUpSoon: what is taken while it is still foreground is let go.
func TestThingPickedUpSoon(t *testing.T) {
	s, m := ready(t, Config{})
	bag := thing{90, 80, 12, 12, 235}
	s.run(m, 5_000_000, bag)
	if _, ok := find(m, bag); !ok {
		t.Fatal("not found")
	}
	s.run(m, 2_000_000)
	if n := len(m.Stands()); n != 0 {
		t.Errorf("%d places after it was taken", n)
	}
}

// TestLightIsNoStand: a patch of light, a change of all light and a moving
// object are no places where something stands.
func TestLightIsNoStand(t *testing.T) {
	s, m := ready(t, Config{})
	for x := 20; x < 120; x += 2 {
		s.show(m, s.frame(thing{x, 60, 20, 30, 235}))
		if n := len(m.Stands()); n != 0 {
			t.Fatalf("a walker is %d places", n)
		}
	}
	s.settle(m, 3_000_000)
	for end := s.t + 5_000_000; s.t < end; {
		s.show(m, mapPixels(s.frame(), func(v float64) float64 { return v*1.2 + 6 }))
	}
	if got := m.Stands(); len(got) != 0 {
		t.Errorf("light: %+v", got)
	}
}
