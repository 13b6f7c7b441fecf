package track

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"posteriori/engine/scene"
)

var street = sim{w: 1280, h: 720, fps: 25, detectHz: 4, seconds: 12, noise: 0.03, seed: 1, still: 1}

func (s sim) with(f func(*sim)) sim { f(&s); return s }

func people() []actor {
	return []actor{
		walker(scene.Person, -20, 400, 50, 130, 130, 0, 0.5, 11),
		walker(scene.Person, 1300, 410, 50, 130, -130, 0, 0.5, 11),
	}
}

// TestScenes runs whole scenes: each actor must be one track from entry to
// exit, tight, without a false one.
func TestScenes(t *testing.T) {
	cars := []actor{
		// 85 km/h seen from the side: 5 m of car are 140 px
		walker(scene.Car, -80, 400, 140, 60, 730, 0, 0.5, 11),
		walker(scene.Car, -80, 500, 140, 60, 730, 0, 1.5, 11),
		walker(scene.Motorcycle, 1300, 300, 60, 50, -730, 0, 1.5, 11),
	}
	one := people()[:1]
	for _, c := range []struct {
		name string
		s    sim
		hit  float64 // share of places found
		iou  float64
	}{
		{"crossing", street.with(func(s *sim) { s.actors = people() }), 0.99, 0.9},
		{"crossing, motion alone", street.with(func(s *sim) { s.actors, s.detectHz = people(), 0 }), 0.97, 0.95},
		{"crossing, detector alone", street.with(func(s *sim) { s.actors, s.noBlobs = people(), true }), 0.93, 0.85},
		{"four in ten detections missing", street.with(func(s *sim) { s.actors, s.miss = people(), 0.4 }), 0.98, 0.88},
		{"broken blobs", street.with(func(s *sim) { s.actors, s.split = people(), 0.5 }), 0.98, 0.88},
		{"two seconds hidden", street.with(func(s *sim) { s.actors = []actor{hidden(one[0], 4, 6)} }), 0.99, 0.9},
		{"two seconds hidden, motion alone", street.with(func(s *sim) {
			s.actors, s.detectHz = []actor{hidden(one[0], 4, 6)}, 0
		}), 0.98, 0.95},
		{"fast at 12 Hz", street.with(func(s *sim) { s.actors, s.fps = cars, 12 }), 0.93, 0.85},
		{"fast at 12 Hz, motion alone", street.with(func(s *sim) { s.actors, s.fps, s.detectHz = cars, 12, 0 }), 0.9, 0.9},
		{"variable frame rate", street.with(func(s *sim) {
			s.actors = people()
			s.times = func(i int) float64 { // 25 fps, slower and slower, then 25 again
				if t := float64(i) * 0.04; t < 4 || i > 150 {
					return math.Max(t, 0)
				}
				return 4 + float64(i-100)*0.04*(1+float64(i-100)/50)
			}
			s.times = monotone(s.times)
		}), 0.95, 0.85},
	} {
		t.Run(c.name, func(t *testing.T) {
			tracks := run(c.s.w, c.s.h, c.s.frames())
			ta := score(c.s, tracks)
			if len(tracks) != len(c.s.actors) || ta.switches > 0 || ta.matched < int(c.hit*float64(ta.truth)) || ta.iou < c.iou {
				t.Errorf("%d tracks for %d actors, %d switches, %d of %d places at mean IoU %.3f",
					len(tracks), len(c.s.actors), ta.switches, ta.matched, ta.truth, ta.iou)
			}
			for _, k := range tracks {
				checkTrack(t, k, c.s)
				if c.s.detectHz > 0 && k.Class() == scene.Other {
					t.Errorf("track %d has no class after %d detections", k.ID, k.Detections)
				}
			}
		})
	}
}

// monotone makes times strictly increasing.
func monotone(f func(int) float64) func(int) float64 {
	last, at := -1.0, -1
	var memo []float64
	return func(i int) float64 {
		for at < i {
			at++
			last = math.Max(f(at), last+0.02)
			memo = append(memo, last)
		}
		return memo[i]
	}
}

type fataler interface {
	Helper()
	Errorf(string, ...any)
}

// checkTrack holds what is true of every finished track.
func checkTrack(t fataler, k *Track, s sim) {
	t.Helper()
	if k.State != Ended || len(k.Path) < 2 {
		t.Errorf("track %d: state %d, %d points", k.ID, k.State, len(k.Path))
		return
	}
	for i, p := range k.Path {
		if i > 0 && p.TUS <= k.Path[i-1].TUS {
			t.Errorf("track %d: time %d after %d", k.ID, p.TUS, k.Path[i-1].TUS)
		}
		if b := p.Box; !valid(b) || b.X < -1e-6 || b.Y < -1e-6 || b.X+b.W > s.w+1e-6 || b.Y+b.H > s.h+1e-6 {
			t.Errorf("track %d: box %+v leaves the picture", k.ID, b)
		}
	}
	first, last := k.Path[0], k.Path[len(k.Path)-1]
	if first.Interpolated || last.Interpolated || first.TUS != k.FirstUS || last.TUS != k.LastUS {
		t.Errorf("track %d: ends %+v, %+v are not its observations %d, %d", k.ID, first, last, k.FirstUS, k.LastUS)
	}
	if !(k.Observed >= 0 && k.Observed <= 1 && k.Motion >= 0 && k.Motion <= 1) {
		t.Errorf("track %d: observed %v, motion %v", k.ID, k.Observed, k.Motion)
	}
}

// Noise-free walkers on lanes of their own, with any speed, frame rate and
// detector rate: one track each.
func TestIdentitiesHold(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := sim{w: 1280, h: 720, seconds: 6, still: 1}
		s.fps = rapid.Float64Range(8, 30).Draw(rt, "fps")
		s.detectHz = rapid.SampledFrom([]float64{0, 2, 4, 8}).Draw(rt, "detector")
		n := rapid.IntRange(1, 4).Draw(rt, "walkers")
		for i := range n {
			v := rapid.Float64Range(90, 400).Draw(rt, "speed")
			x := 60.0
			if rapid.Bool().Draw(rt, "leftwards") {
				v, x = -v, 1220
			}
			from := rapid.Float64Range(0.2, 2).Draw(rt, "from")
			s.actors = append(s.actors, walker(scene.Person, x, 160+170*float64(i), 50, 130, v, 0, from, from+3.5))
		}
		tracks := run(s.w, s.h, s.frames())
		ta := score(s, tracks)
		if len(tracks) != n || ta.switches > 0 || ta.matched*100 < ta.truth*93 {
			rt.Fatalf("%d tracks for %d walkers, %d switches, %d of %d places", len(tracks), n, ta.switches, ta.matched, ta.truth)
		}
		for _, k := range tracks {
			checkTrack(rt, k, s)
		}
	})
}

// Anything may come in: no panic, paths in order, no detection on two tracks.
func TestAnyInput(t *testing.T) {
	box := func(rt *rapid.T) scene.Box {
		return scene.Box{X: rapid.Float64Range(-100, 700).Draw(rt, "x"), Y: rapid.Float64Range(-100, 500).Draw(rt, "y"),
			W: rapid.Float64Range(-5, 400).Draw(rt, "w"), H: rapid.Float64Range(-5, 400).Draw(rt, "h")}
	}
	rapid.Check(t, func(rt *rapid.T) {
		tr := New(640, 480, Config{})
		var now int64
		var done []*Track
		for range rapid.IntRange(1, 40).Draw(rt, "frames") {
			now += rapid.Int64Range(-10_000, 400_000).Draw(rt, "step")
			f := Frame{TUS: now, Trusted: rapid.Bool().Draw(rt, "trusted")}
			if rapid.Bool().Draw(rt, "looks") {
				f.Looked = []scene.Box{{W: 640, H: 480}}
				for range rapid.IntRange(0, 5).Draw(rt, "detections") {
					f.Detections = append(f.Detections, Detection{box(rt), rapid.SampledFrom(scene.Classes()).Draw(rt, "class"), rapid.Float64Range(0, 1).Draw(rt, "score")})
				}
			}
			for range rapid.IntRange(0, 5).Draw(rt, "blobs") {
				f.Blobs = append(f.Blobs, Blob{Box: box(rt), Fill: rapid.Float64Range(0, 1).Draw(rt, "fill")})
			}
			tr.Step(f)
			taken, ids := map[int]int64{}, map[int64]bool{}
			for _, k := range tr.live {
				if ids[k.ID] {
					rt.Fatalf("track %d is live twice", k.ID)
				}
				ids[k.ID] = true
				if o, twice := taken[k.det]; k.det >= 0 && twice {
					rt.Fatalf("tracks %d and %d hold detection %d", o, k.ID, k.det)
				}
				taken[k.det] = k.ID
			}
			done = append(done, tr.Finished()...)
		}
		for _, k := range append(done, tr.Flush()...) {
			checkTrack(rt, k, sim{w: 640, h: 480})
		}
	})
}

func TestDeterministic(t *testing.T) {
	s := street.with(func(s *sim) { s.actors, s.split, s.miss = people(), 0.3, 0.3 })
	a, b := run(s.w, s.h, s.frames()), run(s.w, s.h, s.frames())
	if len(a) != len(b) {
		t.Fatalf("%d and %d tracks", len(a), len(b))
	}
	for i := range a {
		if d := cmp.Diff(a[i].Path, b[i].Path); d != "" {
			t.Errorf("track %d differs: %s", i, d)
		}
	}
}
