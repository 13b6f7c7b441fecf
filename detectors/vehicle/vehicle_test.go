package vehicle_test

import (
	"math"
	"path/filepath"
	"testing"

	"posteriori/detectors"
	"posteriori/detectors/detectortest"
	"posteriori/detectors/open"
	"posteriori/detectors/vehicle"
	"posteriori/engine/fault"
	"posteriori/engine/scene"
	"posteriori/models"
)

func openModel(t testing.TB) *vehicle.Model {
	t.Helper()
	detectortest.Runtime(t)
	m, path := detectortest.Model(t, "vehicle-attributes-0039")
	v, err := vehicle.Open(path, m, detectors.Options{Device: "cpu"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return v
}

func TestAttributesAreShares(t *testing.T) {
	v := openModel(t)
	f := detectortest.Noise(321, 199)
	colours, types, err := v.Attributes(f, scene.Box{X: 100, Y: 50, W: 90.5, H: 60})
	if err != nil {
		t.Fatal(err)
	}
	if len(colours) != 7 || len(types) != 4 {
		t.Fatalf("%d colours and %d types", len(colours), len(types))
	}
	var cs, ts float64
	for _, p := range colours {
		cs += p
	}
	for _, p := range types {
		ts += p
	}
	if math.Abs(cs-1) > 1e-3 || math.Abs(ts-1) > 1e-3 {
		t.Errorf("shares add up to %v and %v", cs, ts)
	}
}

// colourPhotographs counts how often the best colour is the folder's name.
// The vehicle is where a detector, when there is one, sees the largest.
func colourPhotographs(t testing.TB, v *vehicle.Model, colour string, most int) (right, all int) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(detectortest.Root(t), "truth", "colour", colour, "*.jpg"))
	if err != nil || len(files) == 0 {
		t.Skipf("no photographs of %s vehicles", colour)
	}
	m, path := detectortest.Model(t, "yolox-nano")
	d, err := open.Detector(path, m, detectors.Options{Device: "cpu", MinScore: 0.3})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, name := range files[:min(len(files), most)] {
		f := detectortest.JPEG(t, name)
		ds, err := d.Detect(f, nil)
		if err != nil {
			t.Fatal(err)
		}
		box := scene.Box{}
		for _, x := range ds {
			if x.Class.IsVehicle() && x.Box.W*x.Box.H > box.W*box.H {
				box = x.Box
			}
		}
		colours, _, err := v.Attributes(f, box)
		if err != nil {
			t.Fatal(err)
		}
		best := scene.UnknownColour
		for c, p := range colours {
			if p > colours[best] {
				best = c
			}
		}
		if best.String() == colour {
			right++
		}
		all++
	}
	return right, all
}

func TestRedAndYellowAreNamed(t *testing.T) {
	v := openModel(t)
	for _, colour := range []string{"red", "yellow"} {
		if right, all := colourPhotographs(t, v, colour, 12); right < all-1 {
			t.Errorf("%s: %d of %d", colour, right, all)
		}
	}
}

func BenchmarkColours(b *testing.B) {
	v := openModel(b)
	for _, colour := range []string{"red", "yellow", "white", "blue", "green", "black"} {
		b.Run(colour, func(b *testing.B) {
			for range b.N {
				right, all := colourPhotographs(b, v, colour, 1000)
				b.ReportMetric(float64(right)/float64(all), "right")
			}
		})
	}
}

func TestSameForAllCallers(t *testing.T) {
	v := openModel(t)
	f := detectortest.Noise(200, 200)
	detectortest.SameForAllCallers(t, func() (any, error) {
		colours, _, err := v.Attributes(f, scene.Box{X: 10, Y: 10, W: 100, H: 80})
		return colours, err
	})
}

func TestErrors(t *testing.T) {
	v := openModel(t)
	f := detectortest.Flat(64, 64)
	if _, _, err := v.Attributes(f, scene.Box{X: 100, Y: 100, W: 5, H: 5}); err == nil {
		t.Error("a box outside the picture was taken")
	}
	v.Close()
	if err := v.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if _, _, err := v.Attributes(f, scene.Box{}); err == nil {
		t.Error("a closed model answered")
	}
	m, path := detectortest.Model(t, "yolox-nano")
	if _, err := vehicle.Open(path, m, detectors.Options{}); fault.KindOf(err) != fault.BadInput {
		t.Errorf("a detector was taken: %v", err)
	}
	manifest, err := models.Load()
	if err != nil {
		t.Fatal(err)
	}
	attributes, err := manifest.Find("vehicle-attributes-0039")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := vehicle.Open(path, attributes, detectors.Options{}); fault.KindOf(err) != fault.Integrity {
		t.Errorf("a file of another hash was taken: %v", err)
	}
}
