package track

import (
	"math"
	"testing"

	"posteriori/engine/scene"
)

// passed is a tracker that has seen cars pass one after another, at the given
// speeds in pixels a second, from the border that they come in over.
func passed(speeds ...float64) *Tracker {
	tr := New(640, 360, Config{})
	t := int64(0)
	for _, v := range speeds {
		x := 20.
		if v < 0 {
			x = 580
		}
		for range int(520 / math.Abs(v) * 10) {
			b := scene.Box{X: x, Y: 150, W: 60, H: 40}
			tr.Step(Frame{TUS: t, Trusted: true, Looked: []scene.Box{{W: 640, H: 360}},
				Detections: []Detection{{Box: b, Class: scene.Car, Score: .9}}, Blobs: []Blob{{Box: b, Fill: .9, Area: 2000}}})
			x += v / 10
			t += 100_000
		}
		t += 5_000_000
		tr.Step(Frame{TUS: t, Trusted: true})
	}
	return tr
}

// TestFlow: on a road what begins is expected to go as the others did; where they
// go both ways, or few went, nothing is.
func TestFlow(t *testing.T) {
	begins := scene.Box{X: 300, Y: 150, W: 60, H: 40}
	for _, c := range []struct {
		name   string
		speeds []float64
		want   float64 // pixels a second, to within 15
		sure   bool
	}{
		{"one way", []float64{100, 110, 95, 105}, 102, true},
		{"both ways", []float64{100, -100, 100, -100}, 0, false},
		{"two cars", []float64{100, 100}, 0, false},
		{"nobody", nil, 0, false},
	} {
		tr := passed(c.speeds...)
		k := tr.birth(begins, noiseDetected).k
		spread := math.Sqrt(k.cx.pvv)
		if math.Abs(k.cx.v-c.want) > 15 || math.Abs(k.cy.v) > 5 || (spread < 100) != c.sure {
			t.Errorf("%s: expected at %.0f, %.0f ± %.0f px/s, want %.0f, sure %v", c.name, k.cx.v, k.cy.v, spread, c.want, c.sure)
		}
		aside := tr.birth(scene.Box{X: 300, Y: 300, W: 60, H: 40}, noiseDetected).k
		if aside.cx.v != 0 {
			t.Errorf("%s: where nothing went %.0f px/s are expected", c.name, aside.cx.v)
		}
	}
}
