package track

import (
	"math"
	"testing"

	"posteriori/engine/scene"
)

// stopper walks in, stands during [a, b), and walks on.
func stopper(class scene.Class, v, a, b, end float64) actor {
	return actor{class, func(t float64) (scene.Box, bool) {
		if t < 0.5 || t >= end {
			return scene.Box{}, false
		}
		moving := math.Min(t, a) - 0.5 + math.Max(0, t-b)
		return scene.Box{X: 100 + v*moving, Y: 270, W: 50, H: 130}, true
	}}
}

func only(t *testing.T, tracks []*Track) *Track {
	t.Helper()
	if len(tracks) != 1 {
		for _, k := range tracks {
			t.Logf("track %d %s %.2f–%.2f s", k.ID, k.Class(), float64(k.FirstUS)/1e6, float64(k.LastUS)/1e6)
		}
		t.Fatalf("%d tracks, want 1", len(tracks))
	}
	return tracks[0]
}

func TestLongStopIsOneTrackOfBoundedSize(t *testing.T) {
	s := street.with(func(s *sim) {
		s.seconds = 600
		s.actors = []actor{stopper(scene.Person, 130, 4, 590, 598)}
	})
	k := only(t, run(s.w, s.h, s.frames()))
	if ta := score(s, []*Track{k}); ta.matched < ta.truth*99/100 {
		t.Errorf("%d of %d places", ta.matched, ta.truth)
	}
	if len(k.Path) > 1100 {
		t.Errorf("%d points for ten minutes at rest", len(k.Path))
	}
	for i := 1; i < len(k.Path); i++ {
		if d := k.Path[i].TUS - k.Path[i-1].TUS; d > 1_100_000 {
			t.Errorf("%d µs between points", d)
		}
	}
	checkTrack(t, k, s)
}

func TestStoppedObjectIsTakenUpAgainInPlace(t *testing.T) {
	s := street.with(func(s *sim) { // no detector: the background swallows who stands for long
		s.detectHz, s.seconds, s.still = 0, 40, 0
		s.actors = []actor{hidden(stopper(scene.Other, 130, 4, 25, 32), 9, 25)}
	})
	k := only(t, run(s.w, s.h, s.frames()))
	if from, to := float64(k.FirstUS)/1e6, float64(k.LastUS)/1e6; from > 0.7 || to < 30 {
		t.Errorf("%.2f–%.2f s, want .5–30.5", from, to)
	}
	if k.Observed > 0.6 {
		t.Errorf("observed %.2f of a life half unseen", k.Observed)
	}
}

func TestParkedCarIsNoTrackUntilItLeaves(t *testing.T) {
	parked := actor{scene.Car, func(t float64) (scene.Box, bool) {
		return scene.Box{X: 300 + 150*math.Max(0, t-20), Y: 400, W: 150, H: 70}, t < 26
	}}
	s := street.with(func(s *sim) {
		s.seconds, s.noise = 19, 0.05
		s.actors = []actor{parked, walker(scene.Person, 100, 440, 50, 130, 130, 0, 2, 8)}
	})
	tracks := run(s.w, s.h, s.frames())
	if k := only(t, tracks); k.Class() != scene.Person {
		t.Errorf("the parked car became a track")
	}
	s.seconds = 30
	s.actors = s.actors[:1]
	k := only(t, run(s.w, s.h, s.frames()))
	if from := float64(k.FirstUS) / 1e6; from < 18 || from > 20.6 {
		t.Errorf("the car's track starts at %.2f s, it moved off at 20", from)
	}
}

func TestFlickerIsNoTrack(t *testing.T) {
	leaf := func(x, y, phase float64) actor { // sways about its place
		return actor{scene.Other, func(t float64) (scene.Box, bool) {
			return scene.Box{X: x + 9*math.Sin(5*t+phase), Y: y + 4*math.Cos(3*t), W: 40, H: 30}, math.Sin(2*t+phase) > -0.7
		}}
	}
	rain := actor{scene.Other, func(t float64) (scene.Box, bool) { // short streaks, never the same twice
		n := math.Floor(t / 0.12)
		return scene.Box{X: math.Mod(n*397, 1200), Y: math.Mod(n*211, 600), W: 8, H: 40}, true
	}}
	s := street.with(func(s *sim) {
		s.detectHz, s.seconds = 0, 30
		s.actors = []actor{leaf(200, 200, 0), leaf(500, 300, 1), leaf(900, 250, 2), rain}
	})
	if tracks := run(s.w, s.h, s.frames()); len(tracks) > 0 {
		t.Errorf("%d tracks of leaves and rain", len(tracks))
	}
}

func TestLeavesPromptly(t *testing.T) {
	s := street.with(func(s *sim) {
		s.seconds = 4.2
		s.actors = []actor{walker(scene.Car, 900, 400, 140, 60, 300, 0, 0, 9)}
	})
	tr := New(int(s.w), int(s.h), Config{})
	ended := math.Inf(1)
	for _, f := range s.frames() {
		tr.Step(f)
		for _, k := range tr.Finished() {
			ended = float64(f.TUS) / 1e6
			if k.Ending != Left {
				t.Errorf("ending %d, want Left", k.Ending)
			}
		}
	}
	if gone := (1280.0 - 830) / 300; ended > gone+0.8 {
		t.Errorf("left at %.2f s, ended at %.2f", gone, ended)
	}
}

func TestUpperBodyIsNoSecondTrack(t *testing.T) {
	s := street.with(func(s *sim) { s.actors = people()[:1] })
	fs := s.frames()
	for i := range fs { // every other look sees the upper half alone, or beside the whole
		for _, d := range fs[i].Detections {
			half := Detection{scene.Box{X: d.Box.X, Y: d.Box.Y, W: d.Box.W, H: d.Box.H * 0.5}, d.Class, d.Score * 0.9}
			fs[i].Detections = append(fs[i].Detections, half)
		}
	}
	k := only(t, run(s.w, s.h, fs))
	if ta := score(s, []*Track{k}); ta.iou < 0.85 {
		t.Errorf("mean IoU %.3f", ta.iou)
	}
}

func TestBlobTrackAndDetectionBecomeOne(t *testing.T) {
	s := street.with(func(s *sim) { s.actors = people()[:1] })
	fs := s.frames()
	for i := range fs {
		if fs[i].TUS < 5_000_000 { // the detector wakes up late
			fs[i].Detections, fs[i].Looked = nil, nil
		}
	}
	k := only(t, run(s.w, s.h, fs))
	if k.Class() != scene.Person || k.FirstUS > 700_000 {
		t.Errorf("%s from %.2f s, want a person from .5", k.Class(), float64(k.FirstUS)/1e6)
	}
}

func TestRiderDoesNotFlipTheMotorcycle(t *testing.T) {
	bike := walker(scene.Motorcycle, -40, 400, 90, 110, 260, 0, 0.5, 11)
	rider := actor{scene.Person, func(t float64) (scene.Box, bool) {
		b, ok := bike.at(t)
		return scene.Box{X: b.X + 20, Y: b.Y, W: 45, H: 80}, ok
	}}
	s := street.with(func(s *sim) { s.actors, s.miss = []actor{bike, rider}, 0.3 })
	classes := map[scene.Class]int{}
	for _, k := range run(s.w, s.h, s.frames()) {
		classes[k.Class()]++
		for c, v := range k.Votes {
			if scene.Class(c) != k.Class() && v > 0.3*k.Weight {
				t.Errorf("track %d is torn: %v", k.ID, k.Votes)
			}
		}
	}
	if classes[scene.Motorcycle] != 1 || classes[scene.Person] > 1 {
		t.Errorf("tracks by class: %v", classes)
	}
}

func TestUntrustedBackgroundStartsNothing(t *testing.T) {
	tr := New(1280, 720, Config{})
	for i := range 100 {
		x := float64(i) * 10
		tr.Step(Frame{TUS: int64(i) * 40_000, Blobs: []Blob{{Box: scene.Box{X: x, Y: 200, W: 60, H: 60}, Fill: 0.9}}})
	}
	if n := len(tr.Live()) + len(tr.Flush()); n > 0 {
		t.Errorf("%d tracks from blobs that mean nothing", n)
	}
}

func TestThinOutlinesStartNothing(t *testing.T) {
	tr := New(1280, 720, Config{})
	for i := range 100 {
		x := float64(i) * 8
		tr.Step(Frame{TUS: int64(i) * 40_000, Trusted: true, Blobs: []Blob{{Box: scene.Box{X: x, Y: 200, W: 260, H: 160}, Fill: 0.07}}})
	}
	if n := len(tr.Flush()); n > 0 {
		t.Errorf("%d tracks from outlines", n)
	}
}

func TestTimeThatDoesNotAdvanceIsIgnored(t *testing.T) {
	tr := New(100, 100, Config{})
	tr.Step(Frame{TUS: 1000, Trusted: true, Blobs: []Blob{{Box: scene.Box{W: 20, H: 20}, Fill: 1}}})
	tr.Step(Frame{TUS: 1000, Trusted: true})
	tr.Step(Frame{TUS: 500, Trusted: true})
	if live := tr.Live(); len(live) != 1 || !live[0].Seen {
		t.Errorf("live %v", live)
	}
}

func BenchmarkStep100(b *testing.B) {
	s := sim{w: 3840, h: 2160, fps: 25, detectHz: 5, seconds: 4, noise: 0.02, seed: 5}
	for i := range 100 {
		x, y := 150+float64(i%10)*360, 200+float64(i/10)*200
		s.actors = append(s.actors, walker(scene.Person, x, y, 40, 100, 60-float64(i%3)*50, 20, 0, 9))
	}
	fs := s.frames()
	tr := New(3840, 2160, Config{})
	i, shift := 0, int64(0)
	b.ReportAllocs()
	most := 0
	for b.Loop() {
		most = max(most, len(tr.live))
		f := fs[i%len(fs)]
		f.TUS += shift
		tr.Step(f)
		tr.Finished()
		if i++; i%len(fs) == 0 {
			shift += fs[len(fs)-1].TUS + 10_000_000 // all are lost before they come again
		}
	}
	b.ReportMetric(float64(most), "live")
}

// part is what shows of a walker behind an upright board: its head.
func part(a actor, from, to float64) func(f *Frame) {
	return func(f *Frame) {
		t := float64(f.TUS) / 1e6
		if t < from || t >= to {
			return
		}
		b, _ := a.at(t)
		f.Detections = nil
		f.Blobs = []Blob{{Box: scene.Box{X: b.X + b.W/4, Y: b.Y, W: b.W / 2, H: b.H / 3}, Fill: .7, Area: area(b) / 8}}
	}
}

// TestPartOfAKnownObjectDoesNotShrinkIt: a person of whom only the head shows
// for a second is as tall as before.
func TestPartOfAKnownObjectDoesNotShrinkIt(t *testing.T) {
	who := walker(scene.Person, 100, 270, 50, 130, 90, 0, 0.5, 6)
	s := street.with(func(s *sim) { s.seconds, s.actors = 6, []actor{who} })
	frames, hide := s.frames(), part(who, 3, 4)
	for i := range frames {
		hide(&frames[i])
	}
	for _, p := range only(t, run(s.w, s.h, frames)).Path {
		if p.TUS > 1_000_000 && p.TUS < 5_000_000 && (p.Box.H < 100 || p.Box.W < 33) {
			t.Fatalf("%.0f×%.0f at %.1f s, the person is 50×130", p.Box.W, p.Box.H, float64(p.TUS)/1e6)
		}
	}
}

// TestStrideIsNoGrowth: a wide and a narrow box, one after the other, say
// nothing of how wide the third will be.
func TestStrideIsNoGrowth(t *testing.T) {
	k := newKalman(scene.Box{X: 493, Y: 200, W: 43, H: 72}, noiseDetected, startGrowth)
	k.predict(0.2)
	k.update(scene.Box{X: 488, Y: 199, W: 21, H: 71}, noiseDetected, false)
	k.predict(0.2)
	if b := k.box(); b.W < 12 {
		t.Errorf("%.1f wide after 43 and 21", b.W)
	}
}

// TestVagueEndIsCut: a second of which only a blob that holds others told is
// not part of the life.
func TestVagueEndIsCut(t *testing.T) {
	k := &Track{LastUS: 2_000_000}
	for at := int64(0); at <= 2_000_000; at += 100_000 {
		kind := detected
		if at > 1_000_000 {
			kind = weak
		}
		k.samples = append(k.samples, sample{t: at, kind: kind, box: scene.Box{W: 10, H: 10}})
	}
	if k.trimVague(); k.LastUS != 1_300_000 {
		t.Errorf("it ends at %d µs", k.LastUS)
	}
}

// TestStrayEndIsCut: what a well-known object's track took up of others, after
// a time without a sight of it and under the detector's eyes, is no part of it.
func TestStrayEndIsCut(t *testing.T) {
	for name, c := range map[string]struct {
		dets, vain int
		again      int64 // when a blob is taken for it
		want       int64
	}{
		"another's blob":       {6, 5, 3_600_000, 2_000_000},
		"soon again":           {6, 5, 2_600_000, 6_000_000},
		"not looked at":        {6, 2, 3_600_000, 6_000_000},
		"hardly known":         {3, 5, 3_600_000, 6_000_000},
		"seen by the detector": {6, 0, 3_600_000, 6_000_000},
	} {
		k := &Track{State: Confirmed, LastUS: 6_000_000, DetectedUS: 1_500_000, Detections: c.dets, core: core{vain: c.vain}}
		for at := int64(0); at <= 6_000_000; at += 100_000 {
			s := sample{t: at, kind: followed, box: scene.Box{X: 20, Y: 20, W: 10, H: 10}, noise: noiseBlob}
			switch {
			case at <= 1_500_000:
				s.kind = detected
			case at > 2_000_000 && at < c.again:
				s = sample{t: at}
			}
			k.samples = append(k.samples, s)
		}
		if New(640, 360, Config{}).finish(k, Left); k.LastUS != c.want {
			t.Errorf("%s: it ends at %d µs, want %d", name, k.LastUS, c.want)
		}
	}
}

// TestFairScoreKeepsItsOwn: between two people side by side the detector sees
// a third, a little surer than of the second of them. It is nobody's.
func TestFairScoreKeepsItsOwn(t *testing.T) {
	tr := New(480, 360, Config{})
	at := func(x, y float64) scene.Box { return scene.Box{X: x, Y: y, W: 14, H: 37} }
	for i := range 20 {
		x := 370 + float64(i)
		f := Frame{TUS: int64(i) * 200_000, Trusted: true, Looked: []scene.Box{{W: 480, H: 360}}}
		f.Detections = []Detection{{at(x, 67), scene.Person, .7}, {at(x+16, 69), scene.Person, .7}}
		if i == 19 {
			f.Detections[0].Score, f.Detections[1].Score = .49, .43
			f.Detections = append(f.Detections, Detection{at(x+8, 68), scene.Person, .48})
		}
		for _, d := range f.Detections[:2] {
			f.Blobs = append(f.Blobs, Blob{Box: d.Box, Fill: .7, Area: 300})
		}
		tr.Step(f)
	}
	live := tr.Live()
	if len(live) != 2 || live[1].Box.X < 402 {
		t.Errorf("%d tracks, the second at %.0f px, want 405", len(live), live[len(live)-1].Box.X)
	}
}

// TestFairCost: a fair score is taken by its own kind alone, a high one by who
// is there.
func TestFairCost(t *testing.T) {
	tr := New(480, 360, Config{})
	at := scene.Box{X: 100, Y: 100, W: 20, H: 40}
	for name, c := range map[string]struct {
		class scene.Class
		dets  int
		score float64
		want  bool
	}{
		"its own":       {scene.Person, 3, .4, true},
		"another kind":  {scene.Bicycle, 3, .4, false},
		"hardly known":  {scene.Person, 2, .4, false},
		"a high score":  {scene.Person, 1, .5, true},
		"high, another": {scene.Bicycle, 3, .5, true},
	} {
		k := &Track{State: Confirmed, Detections: c.dets, core: core{class: c.class, pred: at, hasPred: true}}
		if got := !math.IsInf(tr.fairCost(k, Detection{Box: at, Class: scene.Person, Score: c.score}), 1); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestOneWeakLookTakesNothing: a car that the detector named once, and with
// little trust, crosses the picture all the same.
func TestOneWeakLookTakesNothing(t *testing.T) {
	s := street.with(func(s *sim) {
		s.detectHz, s.seconds = 0, 5
		s.actors = []actor{walker(scene.Car, -60, 250, 160, 90, 220, 0, 0.2, 5)}
	})
	frames := s.frames()
	for i := range frames {
		if len(frames[i].Blobs) > 0 && frames[i].TUS > 1_500_000 {
			frames[i].Detections = []Detection{{Box: frames[i].Blobs[0].Box, Class: scene.Car, Score: 0.3}}
			break
		}
	}
	only(t, run(s.w, s.h, frames))
}
