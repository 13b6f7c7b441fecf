package detectortest

import (
	"cmp"
	"math"
	"slices"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"posteriori/detectors"
	"posteriori/engine/frame"
	"posteriori/engine/scene"
)

// Open makes the detector under test.
type Open func(t testing.TB, o detectors.Options) detectors.Detector

// Run runs the suite. Labels are the detector's own, for the truth of the
// photographs; without those their part is skipped.
func Run(t *testing.T, open Open, labels []string) {
	d := open(t, detectors.Options{Device: "cpu"})
	t.Cleanup(func() { d.Close() })
	t.Run("Info", func(t *testing.T) { testInfo(t, d) })
	t.Run("Nothing", func(t *testing.T) { testNothing(t, d) })
	t.Run("Sizes", func(t *testing.T) { testSizes(t, d) })
	t.Run("Regions", func(t *testing.T) { testRegions(t, d) })
	t.Run("Concurrent", func(t *testing.T) { testConcurrent(t, d) })
	t.Run("Faults", func(t *testing.T) { testFaults(t, open) })
	t.Run("Photographs", func(t *testing.T) { testPhotographs(t, d, labels) })
	t.Run("Placed", func(t *testing.T) { testPlaced(t, d, labels) })
	t.Run("Cut", func(t *testing.T) { testCut(t, d, labels) })
	t.Run("MinScoreAndRaw", func(t *testing.T) { testOptions(t, d, open) })
}

// Detect calls d and checks what must hold of every answer: boxes with an
// area, inside the picture, scores in 0..1, best first.
func Detect(t testing.TB, d detectors.Detector, f frame.YUV, regions ...scene.Box) []detectors.Detection {
	t.Helper()
	ds, err := d.Detect(f, regions)
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range ds {
		b := x.Box
		if !(b.X >= 0 && b.Y >= 0 && b.W > 0 && b.H > 0 && b.X+b.W <= float64(f.Y.W)+1e-6 && b.Y+b.H <= float64(f.Y.H)+1e-6) {
			t.Errorf("box %+v in a picture of %d×%d", b, f.Y.W, f.Y.H)
		}
		if !(x.Score > 0 && x.Score <= 1) || x.Label == "" {
			t.Errorf("score %v, label %q", x.Score, x.Label)
		}
		if i > 0 && x.Score > ds[i-1].Score {
			t.Errorf("score %v comes after %v", x.Score, ds[i-1].Score)
		}
	}
	return ds
}

func testInfo(t *testing.T, d detectors.Detector) {
	i := d.Info()
	if i.Name == "" || len(i.SHA256) != 64 || i.Device != "cpu" || i.Input < 32 || i.Batch < 1 {
		t.Errorf("%+v", i)
	}
}

func testNothing(t *testing.T, d detectors.Detector) {
	for _, x := range Detect(t, d, Flat(640, 360)) {
		if x.Score > 0.4 {
			t.Errorf("in an empty picture: %+v", x)
		}
	}
}

func testSizes(t *testing.T, d detectors.Detector) {
	for _, s := range [][2]int{{1, 1}, {3, 5}, {641, 361}, {2, 400}, {400, 1}} {
		Detect(t, d, Noise(s[0], s[1]))
	}
	Detect(t, d, Grey(Noise(321, 241)))
}

func testRegions(t *testing.T, d detectors.Detector) {
	f := Noise(321, 241)
	whole := Detect(t, d, f)
	for _, r := range []scene.Box{{}, {X: -50, Y: -50, W: 1000, H: 1000}} {
		if diff := gocmp.Diff(whole, Detect(t, d, f, r)); diff != "" {
			t.Errorf("%+v is not the whole picture: %s", r, diff)
		}
	}
	for _, r := range []scene.Box{
		{X: 500, Y: 500, W: 10, H: 10}, {X: -20, Y: 10, W: 20, H: 20}, {X: 10, Y: 10, W: -5, H: 5},
		{X: 10, Y: 10, W: 5}, {X: math.NaN(), Y: 10, W: 5, H: 5}, {X: math.Inf(-1), W: math.Inf(1), H: 3},
	} {
		if ds := Detect(t, d, f, r); ds != nil {
			t.Errorf("in %+v, outside the picture: %v", r, ds)
		}
	}
	Detect(t, d, f, scene.Box{X: 320.5, Y: 240.5, W: 0.25, H: 0.25}, scene.Box{X: 3, Y: 3, W: 1, H: 1}, scene.Box{X: 100, Y: 0, W: 3, H: 241})
	a, b := scene.Box{X: 0, Y: 0, W: 120, H: 120}, scene.Box{X: 180, Y: 100, W: 120, H: 120}
	if diff := gocmp.Diff(Detect(t, d, f, a, b), Detect(t, d, f, b, a)); diff != "" {
		t.Errorf("the order of regions matters: %s", diff)
	}
	if diff := gocmp.Diff(Detect(t, d, f, a), Detect(t, d, f, a, a, scene.Box{X: 40, Y: 40, W: 20, H: 20})); diff != "" {
		t.Errorf("regions inside a region matter: %s", diff)
	}
}

func testConcurrent(t *testing.T, d detectors.Detector) {
	f := Noise(200, 160)
	SameForAllCallers(t, func() (any, error) { return d.Detect(f, nil) })
}

// SameForAllCallers asks a model several times at once, and again: it must
// always answer the same.
func SameForAllCallers(t *testing.T, ask func() (any, error)) {
	t.Helper()
	want, err := ask()
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			got, err := ask()
			if err != nil {
				t.Error(err)
			}
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	wg.Wait()
}

func testFaults(t *testing.T, open Open) {
	d := open(t, detectors.Options{Device: "cpu"})
	broken := Flat(64, 64)
	broken.V.Pix = broken.V.Pix[:10]
	if _, err := d.Detect(broken, nil); err == nil {
		t.Error("a picture with half a plane was taken")
	}
	if _, err := d.Detect(Flat(64, 64), nil); err != nil {
		t.Errorf("after a fault: %v", err)
	}
	for range 2 {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := d.Detect(Flat(64, 64), nil); err == nil {
		t.Error("a closed detector answered")
	}
}

func testOptions(t *testing.T, d detectors.Detector, open Open) {
	f := Noise(320, 240)
	strict := open(t, detectors.Options{Device: "cpu", MinScore: 0.9})
	defer strict.Close()
	for _, x := range Detect(t, strict, f) {
		if x.Score < 0.9 {
			t.Errorf("weaker than asked for: %+v", x)
		}
	}
	raw := open(t, detectors.Options{Device: "cpu", MinScore: 0.01, Raw: true})
	defer raw.Close()
	usual := Detect(t, d, f)
	if few, many := len(usual), len(Detect(t, raw, f)); many < few || many == 0 {
		t.Errorf("%d raw detections, %d by default", many, few)
	}
	for _, x := range usual {
		if x.Class == scene.Other || x.Score < detectors.DefaultMinScore {
			t.Errorf("outside the vocabulary or too weak: %+v", x)
		}
	}
}

// largest is the detection with the largest box among those of some weight.
func largest(ds []detectors.Detection) detectors.Detection {
	ds = slices.DeleteFunc(slices.Clone(ds), func(x detectors.Detection) bool { return x.Score < 0.3 })
	if len(ds) == 0 {
		return detectors.Detection{}
	}
	return slices.MaxFunc(ds, func(a, b detectors.Detection) int {
		return cmp.Compare(a.Box.W*a.Box.H, b.Box.W*b.Box.H)
	})
}
