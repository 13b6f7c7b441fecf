package network

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"posteriori/detectors"
	"posteriori/engine/frame"
	"posteriori/engine/infer"
	"posteriori/engine/scene"
	"posteriori/engine/vision"
	"posteriori/models"
)

func TestClip(t *testing.T) {
	e := bounds{x0: 100, y0: 0, x1: 500, y1: 400, w: 1000, h: 400}
	for name, c := range map[string]struct {
		in, want scene.Box
		cut, ok  bool
	}{
		"inside":                {scene.Box{X: 200, Y: 100, W: 50, H: 50}, scene.Box{X: 200, Y: 100, W: 50, H: 50}, false, true},
		"over the left edge":    {scene.Box{X: 90, Y: 100, W: 60, H: 50}, scene.Box{X: 100, Y: 100, W: 50, H: 50}, true, true},
		"near the right edge":   {scene.Box{X: 400, Y: 100, W: 98, H: 50}, scene.Box{X: 400, Y: 100, W: 98, H: 50}, true, true},
		"at the picture's edge": {scene.Box{X: 200, Y: -5, W: 50, H: 405}, scene.Box{X: 200, Y: 0, W: 50, H: 400}, false, true},
		"beyond":                {scene.Box{X: 600, Y: 100, W: 50, H: 50}, scene.Box{}, false, false},
		"flat":                  {scene.Box{X: 200, Y: 100, W: 50}, scene.Box{}, false, false},
		"not a number":          {scene.Box{X: math.NaN(), Y: 100, W: 50, H: 50}, scene.Box{}, false, false},
		"endless":               {scene.Box{X: math.Inf(-1), Y: 100, W: math.Inf(1), H: 50}, scene.Box{}, false, false},
	} {
		got, cut, ok := e.clip(c.in)
		if got != c.want || cut != c.cut || ok != c.ok {
			t.Errorf("%s: %+v, cut %v, ok %v", name, got, cut, ok)
		}
	}
}

// TestName feeds candidates as a model may give them, hostile ones too.
func TestName(t *testing.T) {
	d := &Detector{
		labels: []string{"car", "chair"}, classes: []scene.Class{scene.Car, scene.Other}, known: []bool{true, false},
	}
	f := frame.NewYUV(200, 100)
	crop := scene.Box{X: 100, Y: 0, W: 100, H: 100}
	way := vision.Transform{OX: 100, ScaleX: 2, ScaleY: 2}
	found := []Candidate{
		{X0: 20, Y0: 40, X1: 60, Y1: 80, Label: 0, Score: 0.5},
		{X0: 20, Y0: 40, X1: 60, Y1: 80, Label: 1, Score: 0.5},
		{X0: 20, Y0: 40, X1: 60, Y1: 80, Label: 2, Score: 0.5},
		{X0: 20, Y0: 40, X1: 60, Y1: 80, Label: -1, Score: 0.5},
		{X0: 60, Y0: 40, X1: 20, Y1: 80, Label: 0, Score: 0.5},
	}
	want := []detectors.Detection{{Box: scene.Box{X: 110, Y: 20, W: 20, H: 20}, Class: scene.Car, Score: 0.5, Label: "car"}}
	if diff := cmp.Diff(want, d.name(found, way, crop, f)); diff != "" {
		t.Error(diff)
	}
	d.options.Raw = true
	want = append(want, detectors.Detection{Box: want[0].Box, Score: 0.5, Label: "chair"})
	if diff := cmp.Diff(want, d.name(found, way, crop, f)); diff != "" {
		t.Errorf("raw: %s", diff)
	}
	var many []Candidate
	for i := range 3 * maxCandidates {
		many = append(many, Candidate{X0: 20, Y0: 40, X1: 60, Y1: 80, Score: float64(i) / (3 * maxCandidates)})
	}
	got := d.name(many, way, crop, f)
	if len(got) != maxCandidates || got[len(got)-1].Score < 0.66 {
		t.Errorf("%d of many, the last of score %v", len(got), got[len(got)-1].Score)
	}
}

func TestNameStaysInside(t *testing.T) {
	d := &Detector{labels: []string{"car"}, classes: []scene.Class{scene.Car}, known: []bool{true}}
	f := frame.NewYUV(301, 199)
	rapid.Check(t, func(t *rapid.T) {
		num := rapid.Float64()
		c := Candidate{X0: num.Draw(t, "x0"), Y0: num.Draw(t, "y0"), X1: num.Draw(t, "x1"), Y1: num.Draw(t, "y1"), Score: 0.5}
		way := vision.Transform{OX: 20, OY: 30, ScaleX: 1.7, ScaleY: 0.3, DX: 4}
		for _, x := range d.name([]Candidate{c}, way, scene.Box{X: 20, Y: 30, W: 200, H: 150}, f) {
			b := x.Box
			if !(b.X >= 20 && b.Y >= 30 && b.W > 0 && b.H > 0 && b.X+b.W <= 220+1e-9 && b.Y+b.H <= 180+1e-9) {
				t.Fatalf("%+v", b)
			}
		}
	})
}

func TestSamePorts(t *testing.T) {
	got := []infer.Port{{Name: "a", Type: infer.Float32, Shape: []int64{-1, 3}}}
	good := models.Port{Name: "a", Type: "float32", Shape: []int64{-1, 3}}
	if !samePorts(got, []models.Port{good}) {
		t.Error("the same are not the same")
	}
	for name, change := range map[string]func(*models.Port){
		"name": func(p *models.Port) { p.Name = "b" }, "type": func(p *models.Port) { p.Type = "uint8" },
		"rank": func(p *models.Port) { p.Shape = []int64{-1} }, "size": func(p *models.Port) { p.Shape = []int64{-1, 4} },
		"fixed": func(p *models.Port) { p.Shape = []int64{1, 3} },
	} {
		p := good
		change(&p)
		if samePorts(got, []models.Port{p}) {
			t.Errorf("another %s is the same", name)
		}
	}
	if samePorts(got, nil) {
		t.Error("none are the same")
	}
}
