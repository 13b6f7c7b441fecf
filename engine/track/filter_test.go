package track

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"posteriori/engine/scene"
)

func TestKalmanFindsTheSpeed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		vx, vy := rapid.Float64Range(-300, 300).Draw(rt, "vx"), rapid.Float64Range(-300, 300).Draw(rt, "vy")
		at := func(s float64) scene.Box { return scene.Box{X: 500 + vx*s, Y: 300 + vy*s, W: 60, H: 120} }
		k := newKalman(at(0), noiseDetected, startGrowth)
		s := 0.0
		for range 40 { // steps of varying length, as a variable frame rate gives them
			dt := rapid.Float64Range(0.02, 0.3).Draw(rt, "dt")
			s += dt
			k.predict(dt)
			k.update(at(s), noiseDetected, true)
		}
		if d := math.Hypot(k.cx.v-vx, k.cy.v-vy); d > 0.05*size(at(0)) {
			rt.Fatalf("speed off by %.2f px/s", d)
		}
		if d := distance(k.box(), at(s)); d > 1 {
			rt.Fatalf("place off by %.2f px", d)
		}
	})
}

// Two steps of white-noise acceleration must be as uncertain as one of the
// same length, or the frame rate would matter.
func TestPredictionComposes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		a, b := rapid.Float64Range(0.01, 1).Draw(rt, "a"), rapid.Float64Range(0.01, 1).Draw(rt, "b")
		q := rapid.Float64Range(0.1, 100).Draw(rt, "q")
		one, two := axis{1, 2, 3, 0.5, 4}, axis{1, 2, 3, 0.5, 4}
		one.predict(a+b, q)
		two.predict(a, q)
		two.predict(b, q)
		for _, d := range []float64{one.p - two.p, one.v - two.v, one.ppp - two.ppp, one.ppv - two.ppv, one.pvv - two.pvv} {
			if math.Abs(d) > 1e-6 {
				rt.Fatalf("%+v is not %+v", one, two)
			}
		}
	})
}

func TestOutlierDoesNotDrag(t *testing.T) {
	b := scene.Box{X: 100, Y: 100, W: 50, H: 120}
	k := newKalman(b, noiseDetected, startGrowth)
	for range 20 {
		k.predict(0.1)
		k.update(b, noiseDetected, true)
	}
	k.predict(0.1)
	k.update(scene.Box{X: 100, Y: 100, W: 50, H: 50}, noiseDetected, true) // legs behind a car
	if got := k.box(); got.IoU(b) < 0.75 {
		t.Errorf("one cut box dragged the track to %v", got)
	}
}

func TestSmootherBeatsItsMeasurements(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var ss []sample
	var raw float64
	truth := func(i int) scene.Box { return scene.Box{X: 50 + 4*float64(i), Y: 100 + float64(i), W: 50, H: 100} }
	for i := range 120 {
		z := jitter(r, truth(i), 4)
		raw += z.IoU(truth(i))
		ss = append(ss, sample{t: int64(i) * 40_000, box: z, kind: detected, noise: noiseDetected})
	}
	var sm smoother
	p := sm.path(ss, 1280, 720)
	var smooth float64
	for i, q := range p {
		smooth += q.Box.IoU(truth(i))
	}
	if raw, smooth = raw/120, smooth/120; smooth < raw+0.04 || smooth < 0.9 {
		t.Errorf("mean IoU %.3f smoothed, %.3f measured", smooth, raw)
	}
}

func TestSmootherBridgesAGapStraight(t *testing.T) {
	var ss []sample
	for i := range 60 {
		s := sample{t: int64(i) * 40_000}
		if i < 20 || i >= 40 {
			s.kind, s.noise = detected, noiseDetected
			s.box = scene.Box{X: 10 * float64(i), Y: 100, W: 40, H: 80}
		}
		ss = append(ss, s)
	}
	var sm smoother
	for i, q := range sm.path(ss, 1280, 720) {
		want := scene.Box{X: 10 * float64(i), Y: 100, W: 40, H: 80}
		if q.Box.IoU(want) < 0.95 || q.Interpolated != (i >= 20 && i < 40) {
			t.Errorf("point %d: %+v, want about %v", i, q, want)
		}
	}
}
