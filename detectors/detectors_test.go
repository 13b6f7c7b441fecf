package detectors_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"posteriori/detectors"
	"posteriori/engine/scene"
)

func box(x, y, w, h float64) scene.Box { return scene.Box{X: x, Y: y, W: w, H: h} }

func det(label string, class scene.Class, score float64, b scene.Box, cut bool) detectors.Detection {
	return detectors.Detection{Box: b, Class: class, Score: score, Label: label, Cut: cut}
}

func TestMerge(t *testing.T) {
	person := func(score float64, b scene.Box) detectors.Detection {
		return det("person", scene.Person, score, b, false)
	}
	cutPerson := func(score float64, b scene.Box) detectors.Detection {
		return det("person", scene.Person, score, b, true)
	}
	whole := box(100, 100, 50, 150)
	for name, c := range map[string]struct {
		in, want []detectors.Detection
		raw      bool
	}{
		"nothing": {},
		"seen twice": {
			in:   []detectors.Detection{person(.6, box(102, 101, 50, 150)), person(.9, whole)},
			want: []detectors.Detection{person(.9, whole)},
		},
		"two side by side": {
			in:   []detectors.Detection{person(.6, box(130, 100, 50, 150)), person(.9, whole)},
			want: []detectors.Detection{person(.9, whole), person(.6, box(130, 100, 50, 150))},
		},
		"a cut one with a better score loses": {
			in:   []detectors.Detection{cutPerson(.95, box(100, 100, 50, 70)), person(.4, whole)},
			want: []detectors.Detection{person(.4, whole)},
		},
		"a cut one alone stays": {
			in:   []detectors.Detection{cutPerson(.95, box(100, 100, 50, 70)), person(.4, box(300, 100, 50, 150))},
			want: []detectors.Detection{cutPerson(.95, box(100, 100, 50, 70)), person(.4, box(300, 100, 50, 150))},
		},
		"a whole small one before a whole large one stays": {
			in:   []detectors.Detection{person(.9, whole), person(.5, box(110, 150, 20, 60))},
			want: []detectors.Detection{person(.9, whole), person(.5, box(110, 150, 20, 60))},
		},
		"car or truck": {
			in: []detectors.Detection{
				det("truck", scene.Truck, .5, box(0, 0, 100, 60), false), det("car", scene.Car, .6, box(2, 1, 100, 60), false),
			},
			want: []detectors.Detection{det("car", scene.Car, .6, box(2, 1, 100, 60), false)},
		},
		"car and truck, raw": {
			in: []detectors.Detection{
				det("truck", scene.Truck, .5, box(0, 0, 100, 60), false), det("car", scene.Car, .6, box(2, 1, 100, 60), false),
			},
			want: []detectors.Detection{
				det("car", scene.Car, .6, box(2, 1, 100, 60), false), det("truck", scene.Truck, .5, box(0, 0, 100, 60), false),
			},
			raw: true,
		},
		"person on a bicycle": {
			in: []detectors.Detection{
				det("bicycle", scene.Bicycle, .5, box(100, 140, 50, 110), false), person(.6, whole),
			},
			want: []detectors.Detection{person(.6, whole), det("bicycle", scene.Bicycle, .5, box(100, 140, 50, 110), false)},
		},
		"backpack and handbag are one bag": {
			in: []detectors.Detection{
				det("backpack", scene.Bag, .5, box(0, 0, 30, 30), false), det("handbag", scene.Bag, .6, box(1, 1, 30, 30), false),
			},
			want: []detectors.Detection{det("handbag", scene.Bag, .6, box(1, 1, 30, 30), false)},
		},
		"others stay apart": {
			in: []detectors.Detection{
				det("chair", scene.Other, .5, box(0, 0, 30, 30), false), det("couch", scene.Other, .6, box(1, 1, 30, 30), false),
			},
			want: []detectors.Detection{
				det("couch", scene.Other, .6, box(1, 1, 30, 30), false), det("chair", scene.Other, .5, box(0, 0, 30, 30), false),
			},
			raw: true,
		},
	} {
		if d := cmp.Diff(c.want, detectors.Merge(slices.Clone(c.in), c.raw)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func drawDetections(t *rapid.T) []detectors.Detection {
	one := rapid.Custom(func(t *rapid.T) detectors.Detection {
		num := rapid.IntRange(0, 60)
		class := rapid.SampledFrom([]scene.Class{scene.Person, scene.Car, scene.Truck, scene.Bag}).Draw(t, "class")
		return det(class.String(), class, float64(rapid.IntRange(1, 20).Draw(t, "score"))/20,
			box(float64(num.Draw(t, "x")), float64(num.Draw(t, "y")), float64(1+num.Draw(t, "w")), float64(1+num.Draw(t, "h"))),
			rapid.Bool().Draw(t, "cut"))
	})
	return rapid.SliceOfN(one, 0, 25).Draw(t, "detections")
}

func TestMergeProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawDetections(t)
		out := detectors.Merge(slices.Clone(in), false)
		for _, d := range out {
			if !slices.Contains(in, d) {
				t.Fatalf("%+v was not there", d)
			}
		}
		if !slices.IsSortedFunc(out, func(a, b detectors.Detection) int { return int(20 * (b.Score - a.Score)) }) {
			t.Fatalf("not best first: %v", out)
		}
		if len(in) > 0 && len(out) == 0 {
			t.Fatal("all are gone")
		}
		if d := cmp.Diff(out, detectors.Merge(slices.Clone(out), false)); d != "" {
			t.Fatalf("merging again changes: %s", d)
		}
		shuffled := slices.Clone(in)
		rand.New(rand.NewPCG(1, 1)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if d := cmp.Diff(out, detectors.Merge(shuffled, false)); d != "" {
			t.Fatalf("the order matters: %s", d)
		}
		// Every whole box of the best score of all stays.
		for _, d := range in {
			if !d.Cut && d.Score == 1 && len(out) > 0 && out[0].Score != 1 {
				t.Fatalf("the best is gone: %+v", d)
			}
		}
	})
}

func TestSuppress(t *testing.T) {
	a, b := box(0, 0, 10, 10), box(0, 0, 10, 8) // IoU .8
	in := []detectors.Detection{
		det("car", scene.Car, .5, a, false), det("car", scene.Car, .7, b, false), det("bus", scene.Bus, .6, a, false),
	}
	got := detectors.Suppress(slices.Clone(in), 0.8)
	if d := cmp.Diff([]detectors.Detection{in[1], in[2]}, got); d != "" {
		t.Errorf("at .8: %s", d)
	}
	if got := detectors.Suppress(slices.Clone(in), 0.81); len(got) != 3 {
		t.Errorf("at .81: %v", got)
	}
}

func TestCrop(t *testing.T) {
	for name, c := range map[string]struct {
		in, want scene.Box
		ok       bool
	}{
		"zero":             {scene.Box{}, box(0, 0, 1000, 500), true},
		"small":            {box(500, 200, 10, 20), box(455, 160, 100, 100), true},
		"wide":             {box(400, 200, 200, 100), box(400, 150, 200, 200), true},
		"at the corner":    {box(990, 0, 10, 10), box(900, 0, 100, 100), true},
		"over the edge":    {box(-50, 450, 100, 100), box(0, 400, 100, 100), true},
		"higher than all":  {box(300, 0, 700, 500), box(300, 0, 700, 500), true},
		"larger than all":  {box(-100, -100, 5000, 5000), box(0, 0, 1000, 500), true},
		"outside":          {box(1000, 0, 10, 10), scene.Box{}, false},
		"without width":    {box(10, 10, 0, 10), scene.Box{}, false},
		"not a number":     {box(math.NaN(), 10, 10, 10), scene.Box{}, false},
		"a width of no no": {box(10, 10, math.NaN(), 10), scene.Box{}, false},
	} {
		got, ok := detectors.Crop(c.in, 1000, 500, 100)
		if ok != c.ok || ok && got != c.want {
			t.Errorf("%s: %+v, %v", name, got, ok)
		}
	}
}

func TestCropProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, 2000).Draw(t, "w"), rapid.IntRange(1, 2000).Draw(t, "h")
		pos, size := rapid.Float64Range(-500, 2500), rapid.Float64Range(0.1, 3000)
		r := box(pos.Draw(t, "x"), pos.Draw(t, "y"), size.Draw(t, "rw"), size.Draw(t, "rh"))
		c, ok := detectors.Crop(r, w, h, 104)
		fw, fh := float64(w), float64(h)
		if touches := r.X < fw && r.Y < fh && r.X+r.W > 0 && r.Y+r.H > 0; touches != ok {
			t.Fatalf("%+v touches %v, ok %v", r, touches, ok)
		}
		if !ok {
			return
		}
		const e = 1e-6
		if c.X < -e || c.Y < -e || c.X+c.W > fw+e || c.Y+c.H > fh+e {
			t.Fatalf("%+v lies outside %d×%d", c, w, h)
		}
		if c.X > max(r.X, 0)+e || c.Y > max(r.Y, 0)+e || c.X+c.W < min(r.X+r.W, fw)-e || c.Y+c.H < min(r.Y+r.H, fh)-e {
			t.Fatalf("%+v does not hold %+v", c, r)
		}
		if math.Abs(c.W-c.H) > e && c.W < fw-e && c.H < fh-e {
			t.Fatalf("%+v is no square though it could be", c)
		}
	})
}

func TestCrops(t *testing.T) {
	whole := []scene.Box{box(0, 0, 800, 600)}
	for name, c := range map[string]struct{ in, want []scene.Box }{
		"none":              {nil, whole},
		"all outside":       {[]scene.Box{box(900, 0, 5, 5)}, nil},
		"one inside":        {[]scene.Box{box(110, 110, 250, 250), box(50, 50, 320, 320)}, []scene.Box{box(50, 50, 320, 320)}},
		"one inside, later": {[]scene.Box{box(50, 50, 320, 320), box(110, 110, 250, 250)}, []scene.Box{box(50, 50, 320, 320)}},
		"one inside, finer": {[]scene.Box{{}, box(0, 0, 480, 480)}, []scene.Box{whole[0], box(0, 0, 480, 480)}},
		"two": {
			[]scene.Box{box(0, 0, 100, 100), box(500, 0, 100, 100)}, []scene.Box{box(0, 0, 100, 100), box(500, 0, 100, 100)},
		},
	} {
		if d := cmp.Diff(c.want, detectors.Crops(c.in, 800, 600, 100)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}
