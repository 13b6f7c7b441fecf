package mover_test

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"posteriori/detectors"
	"posteriori/detectors/detectortest"
	"posteriori/detectors/mover"
	"posteriori/engine/fault"
	"posteriori/engine/scene"
	"posteriori/models"
)

// own is the manifest's entry of the model and its file in this repository.
func own(t testing.TB) (models.Model, string) {
	t.Helper()
	detectortest.Runtime(t)
	all, err := models.Load()
	if err != nil {
		t.Fatal(err)
	}
	m, err := all.Find("mover-classifier-64")
	if err != nil {
		t.Fatal(err)
	}
	return m, filepath.Join("..", "..", "models", m.File)
}

func open(t testing.TB) *mover.Namer {
	t.Helper()
	m, path := own(t)
	n, err := mover.Open(path, m, detectors.Options{Device: "cpu"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

func TestSharesSumToOne(t *testing.T) {
	n := open(t)
	f := detectortest.Noise(321, 199)
	for _, box := range []scene.Box{
		{X: 100, Y: 50, W: 40, H: 90}, {X: -30, Y: -30, W: 60, H: 60}, {X: 310, Y: 150, W: 60, H: 60},
		{W: 321, H: 199}, {X: -50, Y: -50, W: 900, H: 900}, {X: 5, Y: 5, W: 1, H: 1},
	} {
		shares, ok, err := n.Name(f, box)
		if err != nil || !ok || len(shares) != len(scene.Classes()) {
			t.Errorf("%v: %v %v %v", box, shares, ok, err)
			continue
		}
		var sum float64
		for _, s := range shares {
			sum += s
		}
		if math.Abs(sum-1) > 1e-3 {
			t.Errorf("%v: shares sum to %v", box, sum)
		}
	}
	for _, box := range []scene.Box{{X: 400, Y: 10, W: 20, H: 20}, {X: 10, Y: 10}} {
		if s, ok, err := n.Name(f, box); ok || err != nil {
			t.Errorf("%v, where there is nothing: %v, %v", box, s, err)
		}
	}
}

func TestSameForAllCallers(t *testing.T) {
	n := open(t)
	f := detectortest.Noise(200, 200)
	detectortest.SameForAllCallers(t, func() (any, error) {
		shares, _, err := n.Name(f, scene.Box{X: 10, Y: 10, W: 100, H: 80})
		return shares, err
	})
}

func TestErrors(t *testing.T) {
	m, path := own(t)
	other := m
	other.Task = models.Detector
	if _, err := mover.Open(path, other, detectors.Options{}); fault.KindOf(err) != fault.BadInput {
		t.Errorf("another task: %v", err)
	}
	damaged := filepath.Join(t.TempDir(), m.File)
	if err := os.WriteFile(damaged, []byte("no model"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := mover.Open(damaged, m, detectors.Options{}); fault.KindOf(err) != fault.Integrity {
		t.Errorf("another file: %v", err)
	}
	n := open(t)
	n.Close()
	if err := n.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
	if _, _, err := n.Name(detectortest.Noise(64, 64), scene.Box{W: 20, H: 20}); fault.KindOf(err) != fault.Internal {
		t.Errorf("closed: %v", err)
	}
}

// measure names the objects of coco128 by their labelled boxes, of the first so
// many photographs (0: all), and counts by the labelled class; vans, lorries
// and buses are one, bicycles and motorcycles too.
func measure(t testing.TB, n *mover.Namer, photographs int) (right, all map[scene.Class]int) {
	t.Helper()
	coco, _ := detectortest.Model(t, "deimv2-femto")
	classes, known := coco.Classes(0)
	byLabel := map[string]scene.Class{}
	for i, l := range coco.Labels(0) {
		if known[i] {
			byLabel[l] = classes[i]
		}
	}
	right, all = map[scene.Class]int{}, map[scene.Class]int{}
	pictures := detectortest.COCO(t, coco.Labels(0))
	if photographs > 0 {
		pictures = pictures[:min(photographs, len(pictures))]
	}
	for _, p := range pictures {
		for _, o := range p.Truth {
			box := scene.Box(o.Box)
			if max(box.W, box.H) < 16 {
				continue
			}
			shares, ok, err := n.Name(p.Frame, box)
			if err != nil || !ok {
				t.Fatal(o, ok, err)
			}
			best := scene.Other
			for c, s := range shares {
				if s > shares[best] {
					best = scene.Class(c)
				}
			}
			want := coarse(byLabel[o.Label])
			all[want]++
			if coarse(best) == want {
				right[want]++
			}
		}
	}
	return right, all
}

func coarse(c scene.Class) scene.Class {
	switch c {
	case scene.Bicycle:
		return scene.Motorcycle
	case scene.Bus:
		return scene.Truck
	case scene.Person, scene.Motorcycle, scene.Car, scene.Truck:
		return c
	}
	return scene.Other
}

// BenchmarkCOCO128 gives the figures of the manifest.
func BenchmarkCOCO128(b *testing.B) {
	n := open(b)
	for b.Loop() {
		right, all := measure(b, n, 0)
		for _, c := range []scene.Class{scene.Person, scene.Motorcycle, scene.Car, scene.Truck, scene.Other} {
			b.ReportMetric(float64(right[c])/float64(max(1, all[c])), c.String())
			b.Logf("%s: %d of %d", c, right[c], all[c])
		}
	}
}

// Most of the persons and cars of photographs that were not trained on are
// named so by their labelled boxes.
func TestNamesPersonsAndCars(t *testing.T) {
	n := open(t)
	right, all := measure(t, n, 60)
	for _, c := range []scene.Class{scene.Person, scene.Car} {
		if float64(right[c]) < leastRight*float64(all[c]) {
			t.Errorf("%s: %d of %d", c, right[c], all[c])
		}
	}
}

const leastRight = 0.5
