package track

import (
	"testing"

	"posteriori/engine/scene"
)

// way is a path of two seconds at 10 a second from box a to box b.
func way(a, b scene.Box, fromUS int64) scene.Path {
	var p scene.Path
	for i := range 21 {
		p = append(p, scene.PathPoint{TUS: fromUS + int64(i)*100_000, Box: a.Lerp(b, float64(i)/20)})
	}
	return p
}

func TestFollows(t *testing.T) {
	car := way(scene.Box{X: 100, Y: 100, W: 40, H: 30}, scene.Box{X: 400, Y: 100, W: 40, H: 30}, 0)
	far := way(scene.Box{X: 100, Y: 50, W: 20, H: 15}, scene.Box{X: 200, Y: 250, W: 100, H: 75}, 0)
	still := way(scene.Box{X: 100, Y: 100, W: 40, H: 30}, scene.Box{X: 102, Y: 100, W: 40, H: 30}, 0)
	for name, c := range map[string]struct {
		a, b scene.Path
		want bool
	}{
		"its shadow":             {way(scene.Box{X: 60, Y: 120, W: 30, H: 12}, scene.Box{X: 360, Y: 120, W: 30, H: 12}, 0), car, true},
		"grows as it comes near": {way(scene.Box{X: 70, Y: 60, W: 20, H: 8}, scene.Box{X: 50, Y: 300, W: 100, H: 40}, 0), far, true},
		"comes the other way":    {way(scene.Box{X: 400, Y: 130, W: 30, H: 12}, scene.Box{X: 100, Y: 130, W: 30, H: 12}, 0), car, false},
		"overtakes":              {way(scene.Box{X: 20, Y: 130, W: 40, H: 30}, scene.Box{X: 620, Y: 130, W: 40, H: 30}, 0), car, false},
		"far off":                {way(scene.Box{X: 100, Y: 300, W: 30, H: 12}, scene.Box{X: 400, Y: 300, W: 30, H: 12}, 0), car, false},
		"later":                  {way(scene.Box{X: 60, Y: 120, W: 30, H: 12}, scene.Box{X: 360, Y: 120, W: 30, H: 12}, 1_900_000), car, false},
		"beside what stands":     {way(scene.Box{X: 60, Y: 120, W: 30, H: 12}, scene.Box{X: 62, Y: 120, W: 30, H: 12}, 0), still, false},
	} {
		if got := follows(c.a, c.b, c.b[0].TUS, c.b[len(c.b)-1].TUS); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestShadowIsNoObject: a blob that goes beside a detected car ends with it;
// the same blob is an object where no detector looked, or none is near.
func TestShadowIsNoObject(t *testing.T) {
	for name, c := range map[string]struct {
		looked bool
		dy     float64
		want   int
	}{
		"beside a car":        {true, 70, 1},
		"where no one looked": {false, 70, 2},
		"on the other side":   {true, 400, 2},
	} {
		tr := New(1280, 720, Config{})
		for i := range 75 {
			x := 100 + float64(i)*10
			car, shade := scene.Box{X: x, Y: 200, W: 90, H: 60}, scene.Box{X: x - 20, Y: 200 + c.dy, W: 60, H: 20}
			f := Frame{TUS: int64(i) * 40_000, Trusted: true, Blobs: []Blob{{car, 0.9, area(car)}, {shade, 0.9, area(shade)}}}
			if i%5 == 0 {
				f.Detections = []Detection{{car, scene.Car, 0.8}}
				f.Looked = []scene.Box{car.Pad(5)}
				if c.looked {
					f.Looked = append(f.Looked, scene.Box{W: 1280, H: 720})
				}
			}
			tr.Step(f)
		}
		if got := tr.Flush(); len(got) != c.want {
			t.Errorf("%s: %d tracks, want %d", name, len(got), c.want)
		}
	}
}

// TestTwoSeenApartStayTwo: what the detector saw in two places is not taken
// for one object when one hides the other, and keeps its way.
func TestTwoSeenApartStayTwo(t *testing.T) {
	at := func(x float64) []sample {
		var s []sample
		for i := range 5 {
			s = append(s, sample{t: int64(i) * 200_000, box: scene.Box{X: x, W: 20, H: 50}, kind: detected})
		}
		return s
	}
	a, b, c := &Track{core: core{samples: at(0)}}, &Track{core: core{samples: at(60)}}, &Track{core: core{samples: at(4)}}
	if !apartBefore(a, b) || apartBefore(a, c) {
		t.Errorf("apart: %v, in one place: %v", apartBefore(a, b), apartBefore(a, c))
	}
}

func TestDenied(t *testing.T) {
	known := Track{Detections: 8, core: core{looks: 4, vain: 4}}
	for name, c := range map[string]struct {
		k    Track
		now  int64
		want bool
	}{
		"looked at in vain":  {known, 1_000_000, true},
		"a moment ago":       {known, 500_000, false},
		"seldom detected":    {Track{Detections: 3, core: core{looks: 20, vain: 4}}, 1_000_000, false},
		"not looked at":      {Track{Detections: 8}, 1_000_000, false},
		"never detected yet": {Track{core: core{looks: 9, vain: 9}}, 1_000_000, false},
	} {
		if got := c.k.denied(c.now); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestErraticShape: what grows as it comes near keeps its shape, what swells
// and shrinks does not.
func TestErraticShape(t *testing.T) {
	path := func(sides ...float64) (p scene.Path) {
		for i, s := range sides {
			p = append(p, scene.PathPoint{TUS: int64(i) * 600_000, Box: scene.Box{X: 20 + float64(40*i), Y: 20, W: s, H: s}})
		}
		return p
	}
	tr := New(640, 360, Config{})
	if e := tr.erratic(path(10, 13, 17, 22, 30, 40, 52)); e > 0.01 {
		t.Errorf("an approach: %.2f", e)
	}
	if e := tr.erratic(path(30, 33, 29, 32, 30)); e > erraticMost {
		t.Errorf("a trembling box: %.2f", e)
	}
	if e := tr.erratic(path(15, 27, 42, 64, 20, 11, 12)); e <= erraticMost {
		t.Errorf("a shadow on a bank: %.2f", e)
	}
	var across scene.Path // from below the lower border to above the upper one
	for i, y := range []float64{330, 260, 150, 40, -80, -160} {
		b, _ := clip(scene.Box{X: 200, Y: y, W: 120, H: 180}, 640, 360)
		across = append(across, scene.PathPoint{TUS: int64(i) * 600_000, Box: b})
	}
	if e := tr.erratic(across); e > 0.01 {
		t.Errorf("a car that the border cuts at both ends: %.2f", e)
	}
}

// TestHardlyFoundIsNoObject: a shadow that swells, which two looks of many took
// for a car with low scores, is none; what the detector knows is, whatever its
// box does.
func TestHardlyFoundIsNoObject(t *testing.T) {
	tr := New(640, 360, Config{})
	var swells scene.Path
	for i, s := range []float64{15, 27, 42, 64, 20, 11, 12} {
		swells = append(swells, scene.PathPoint{TUS: int64(i) * 600_000, Box: scene.Box{X: 20 + float64(40*i), Y: 20, W: s, H: s}})
	}
	for _, c := range []struct {
		name   string
		k      Track
		worthy bool
	}{
		{"two low scores in 21 looks", Track{Detections: 2, Weight: .54, core: core{looks: 19}}, false},
		{"two in five looks", Track{Detections: 2, Weight: .54, core: core{looks: 3}}, true},
		{"two high scores in 21 looks", Track{Detections: 2, Weight: 1.6, core: core{looks: 19}}, true},
		{"found at nearly every look", Track{Detections: 9, Weight: 2.7, core: core{looks: 2}}, true},
		{"never found", Track{core: core{looks: 19}}, false},
	} {
		c.k.Path = swells
		if got := tr.worthy(&c.k); got != c.worthy {
			t.Errorf("%s: worthy %v", c.name, got)
		}
	}
}
