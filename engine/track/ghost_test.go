package track

import (
	"testing"

	"posteriori/engine/scene"
)

// TestWhoComesToAGhostIsAnother: what stood there as the picture began left a
// ghost; who comes to its place later is one track from where they came in.
func TestWhoComesToAGhostIsAnother(t *testing.T) {
	ghost := scene.Box{X: 600, Y: 270, W: 50, H: 130}
	comes := actor{scene.Person, func(t float64) (scene.Box, bool) {
		x := 20 + 75*(t-1)
		if x > 600 {
			x = 600
		}
		return scene.Box{X: x, Y: 272, W: 50, H: 130}, t > 1
	}}
	s := street.with(func(s *sim) { s.seconds, s.actors = 16, []actor{comes} })
	frames := s.frames()
	for i := range frames {
		bs := []scene.Box{ghost}
		if b, ok := comes.at(float64(frames[i].TUS) / 1e6); ok {
			bs = fuse(append(bs, b))
		}
		frames[i].Blobs = nil
		for _, b := range bs {
			frames[i].Blobs = append(frames[i].Blobs, Blob{Box: b, Fill: .7, Area: .7 * area(b)})
		}
	}
	k := only(t, run(s.w, s.h, frames))
	if k.FirstUS > 1_500_000 || k.Path[0].Box.X > 120 {
		t.Errorf("it begins at %.1f s, %.0f px", float64(k.FirstUS)/1e6, k.Path[0].Box.X)
	}
}

func TestLeft(t *testing.T) {
	for name, c := range map[string]struct {
		k    Track
		want bool
	}{
		"seen nearly always, now in vain": {Track{Stopped: true, Detections: 9, core: core{looks: 4, vain: 3}}, true},
		"looked at once since":            {Track{Stopped: true, Detections: 9, core: core{looks: 4, vain: 1}}, false},
		"seldom seen":                     {Track{Stopped: true, Detections: 9, core: core{looks: 9, vain: 2}}, false},
		"on its way":                      {Track{Detections: 9, core: core{looks: 4, vain: 3}}, false},
		"hardly known":                    {Track{Stopped: true, Detections: 2, core: core{looks: 3, vain: 3}}, false},
	} {
		if got := c.k.left(); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestGhostIsNoEnd: for how long a ghost outlived who left it is no part of
// their life.
func TestGhostIsNoEnd(t *testing.T) {
	for _, left := range []bool{true, false} {
		k := &Track{State: Confirmed, Stopped: true, LastUS: 4_000_000, DetectedUS: 2_000_000, Detections: 9}
		if left {
			k.looks, k.vain = 2, 2
		}
		for at := int64(0); at <= 4_000_000; at += 100_000 {
			s := sample{t: at, kind: detected, box: scene.Box{X: 20, Y: 20, W: 10, H: 30}, noise: noiseBlob}
			if at > k.DetectedUS {
				s.kind = followed
			}
			k.samples = append(k.samples, s)
		}
		New(640, 360, Config{}).finish(k, Lost)
		if want := map[bool]int64{true: 2_000_000, false: 4_000_000}[left]; k.LastUS != want {
			t.Errorf("left %v: it ends at %d µs, want %d", left, k.LastUS, want)
		}
	}
}

// TestNewcomerTakesThePlaceOfOneWhoLeft: where a track that stood is a ghost
// by now, and another has come, each keeps its own life.
func TestNewcomerTakesThePlaceOfOneWhoLeft(t *testing.T) {
	tr := New(1280, 720, Config{})
	at := scene.Box{X: 600, Y: 270, W: 50, H: 130}
	known := func(id, from, last int64, b scene.Box) *Track {
		k := &Track{ID: id, State: Confirmed, FirstUS: from, LastUS: 10_000_000, DetectedUS: last, Box: b, Detections: 9, Seen: true,
			Votes: make([]float64, len(scene.Classes()))}
		k.Votes[scene.Person], k.Weight = 6, float64(10-id) // the older one weighs more
		k.core = core{k: newKalman(b, noiseDetected, 0), born: from, class: scene.Person, det: -1, dupUS: 8_000_000}
		for us := from; us <= 10_000_000; us += 100_000 {
			kind := detected
			if us > last {
				kind = followed
			}
			x := b.X - float64(10_000_000-us)/1e6*60
			if id == 1 {
				x = b.X - max(0, float64(4_000_000-us)/1e6*60)
			}
			k.samples = append(k.samples, sample{t: us, kind: kind, noise: noiseDetected, box: scene.Box{X: x, Y: b.Y, W: b.W, H: b.H}})
		}
		return k
	}
	ghost, comer := known(1, 1_000_000, 6_000_000, at), known(2, 7_000_000, 10_000_000, at)
	ghost.Stopped, ghost.looks, ghost.vain = true, 3, 3
	ghost.dup = comer
	tr.now, tr.started, tr.live = 10_000_000, true, []*Track{ghost, comer}
	tr.dedupe()
	got := append(tr.Finished(), tr.Flush()...)
	if len(got) != 2 || got[0].ID != 1 || got[0].LastUS != 6_000_000 || got[1].ID != 2 || got[1].FirstUS != 7_000_000 {
		for _, k := range got {
			t.Errorf("track %d from %d to %d", k.ID, k.FirstUS, k.LastUS)
		}
	}
}

// TestGhostDoesNotWidenWhoLeavesIt: who walks off is as wide as the detector
// saw them, although one blob holds them and the place where they stood.
func TestGhostDoesNotWidenWhoLeavesIt(t *testing.T) {
	goes := actor{scene.Person, func(t float64) (scene.Box, bool) {
		x := 300 + 100*t // walks in, stands from the 3rd to the 6th second, walks on
		if t > 3 {
			x = 600 + max(0, 100*(t-6))
		}
		return scene.Box{X: x, Y: 270, W: 50, H: 130}, true
	}}
	s := street.with(func(s *sim) { s.seconds, s.actors, s.still = 9, []actor{goes}, 0 })
	frames := s.frames()
	for i := range frames {
		at := float64(frames[i].TUS) / 1e6
		if at > 6 && at < 6.6 { // no detection, and one blob
			b, _ := goes.at(at)
			u := b.Union(scene.Box{X: 600, Y: 270, W: 50, H: 130})
			frames[i].Detections, frames[i].Looked = nil, nil
			frames[i].Blobs = []Blob{{Box: u, Fill: .7, Area: .7 * area(u)}}
		}
	}
	for _, p := range only(t, run(s.w, s.h, frames)).Path {
		if p.Box.W > 70 {
			t.Fatalf("%.0f wide at %.1f s", p.Box.W, float64(p.TUS)/1e6)
		}
	}
}

// TestGhostIsNoBeginning: the time in which a blob stood, until someone came
// to its place, is no part of their life, and it does not win them over.
func TestGhostIsNoBeginning(t *testing.T) {
	tr := New(1280, 720, Config{})
	at := scene.Box{X: 600, Y: 270, W: 50, H: 130}
	f := Frame{Trusted: true, Blobs: []Blob{{Box: at, Fill: .7, Area: 4000}}}
	for f.TUS = 0; f.TUS < 4_000_000; f.TUS += 40_000 {
		tr.Step(f)
	}
	ghost := tr.live[0]
	if !ghost.standing(tr.now) {
		t.Fatal("it does not stand")
	}
	comer := &Track{State: Confirmed, Detections: 3, core: core{class: scene.Person}}
	comer.pred = scene.Box{X: 585, Y: 270, W: 50, H: 130}
	ghost.pred = at
	d := Detection{Box: at, Class: scene.Person, Score: .8}
	if a, b := tr.detectionCost(comer, d), tr.detectionCost(ghost, d); a >= b {
		t.Errorf("the ghost costs %.2f, who comes %.2f", b, a)
	}
	f.Detections, f.Looked = []Detection{d}, []scene.Box{{W: 1280, H: 720}}
	tr.Step(f)
	if ghost.Detections != 1 || ghost.FirstUS != 4_000_000 {
		t.Errorf("detected %d times, from %d µs", ghost.Detections, ghost.FirstUS)
	}
}

// TestRestOfWhatWasNeverFound: where a blob that the detector looked at in vain
// comes to rest its life ends a moment later; of what the detector knows, or has
// not looked at, the rest stays.
func TestRestOfWhatWasNeverFound(t *testing.T) {
	life := func() (out []sample) { // two seconds of way, ten of rest
		for ms := int64(0); ms <= 12_000; ms += 200 {
			x := float64(min(ms, 2000)) / 10
			out = append(out, sample{t: ms * 1000, box: scene.Box{X: x + float64(ms%400)/200, Y: 50, W: 20, H: 20}, kind: followed})
		}
		return out
	}
	for _, c := range []struct {
		name    string
		k       Track
		lastUS  int64
		movedUS int64
	}{
		{"looked at in vain", Track{core: core{vain: strayVain}}, 2_800_000, 1_800_000},
		{"found once", Track{Detections: 1, core: core{vain: strayVain}}, 12_000_000, 0},
		{"not looked at", Track{}, 12_000_000, 0},
		{"hardly at rest", Track{core: core{vain: strayVain}}, 2_600_000, 1_800_000},
	} {
		c.k.samples, c.k.LastUS = life(), 12_000_000
		if c.name == "hardly at rest" {
			c.k.cutAfter(2_600_000)
		}
		if moved, rests := c.k.trimRest(1_000_000); moved != c.movedUS || rests != (c.lastUS == 2_800_000) {
			t.Errorf("%s: moved for %d µs, want %d; rests %v", c.name, moved, c.movedUS, rests)
		}
		if got := c.k.samples[len(c.k.samples)-1].t; got != c.lastUS || c.k.LastUS != c.lastUS {
			t.Errorf("%s: it ends at %d, LastUS %d, want %d", c.name, got, c.k.LastUS, c.lastUS)
		}
	}
}
