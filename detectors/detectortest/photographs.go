package detectortest

import (
	"testing"

	"posteriori/bench/score"
	"posteriori/detectors"
	"posteriori/engine/scene"
)

// subjects are COCO-128 pictures with few and large objects of the vocabulary.
var subjects = []int{785, 1675, 5529, 11760, 13177, 13201}

// testPhotographs looks for the large objects in colour and in grey.
func testPhotographs(t *testing.T, d detectors.Detector, labels []string) {
	large, hits, grey := 0, 0, 0
	for _, p := range COCO(t, labels, subjects...) {
		colour, without := Detect(t, d, p.Frame), Detect(t, d, Grey(p.Frame))
		for _, truth := range p.Truth {
			if truth.Box.W*truth.Box.H < 0.08*float64(p.Frame.Y.W*p.Frame.Y.H) || truth.Label == "bench" {
				continue
			}
			large++
			if seen(colour, truth) {
				hits++
			}
			if seen(without, truth) {
				grey++
			}
		}
	}
	if large < 8 {
		t.Fatalf("only %d large objects", large)
	}
	if float64(hits) < 0.85*float64(large) || float64(grey) < 0.6*float64(large) {
		t.Errorf("of %d large objects %d were found, %d in grey", large, hits, grey)
	}
}

func seen(ds []detectors.Detection, truth score.Scored) bool {
	for _, x := range ds {
		if x.Label == truth.Label && x.Score >= 0.3 && score.Rect(x.Box).IoU(truth.Box) >= 0.5 {
			return true
		}
	}
	return false
}

// testPlaced puts a photograph somewhere into a large empty picture: looked
// at through a region, its object must be found at the place it was put.
func testPlaced(t *testing.T, d detectors.Detector, labels []string) {
	for _, p := range COCO(t, labels, 785, 5529) {
		alone := largest(Detect(t, d, p.Frame))
		if alone.Label == "" {
			t.Fatalf("%s: nothing found", p.Name)
		}
		f := Flat(1601, 1201)
		const x, y = 900, 500
		Paste(f, p.Frame, x, y)
		region := scene.Box{X: x, Y: y, W: float64(p.Frame.Y.W), H: float64(p.Frame.Y.H)}
		placed := largest(Detect(t, d, f, scene.Box{X: 10, Y: 10, W: 50, H: 50}, region))
		placed.Box.X -= x
		placed.Box.Y -= y
		if placed.Label != alone.Label || score.Rect(placed.Box).IoU(score.Rect(alone.Box)) < 0.7 {
			t.Errorf("%s: %+v alone, %+v in a large picture", p.Name, alone, placed)
		}
		object := alone.Box
		object.X += x
		object.Y += y
		near := largest(Detect(t, d, f, object))
		near.Box.X -= x
		near.Box.Y -= y
		if near.Label != alone.Label || score.Rect(near.Box).IoU(score.Rect(alone.Box)) < 0.6 {
			t.Errorf("%s: %+v alone, %+v through a region of its size", p.Name, alone, near)
		}
	}
}

// testCut looks at an object through a region that cuts it and through one
// that does not: one object comes out, and it is whole.
func testCut(t *testing.T, d detectors.Detector, labels []string) {
	for _, p := range COCO(t, labels, 13201) {
		f := Flat(1600, 1200)
		const x, y = 400, 300
		Paste(f, p.Frame, x, y)
		region := scene.Box{X: x, Y: y, W: float64(p.Frame.Y.W), H: float64(p.Frame.Y.H)}
		whole := largest(Detect(t, d, f, region))
		if whole.Class != scene.Person || whole.Cut {
			t.Fatalf("the person: %+v", whole)
		}
		half := scene.Box{X: whole.Box.X - 100, Y: whole.Box.Y + whole.Box.H*0.4 - 400, W: 400, H: 400}
		cut := Detect(t, d, f, half)
		if part := largest(cut); part.Class == scene.Person && (!part.Cut || part.Box.Y+part.Box.H > half.Y+half.H+1) {
			t.Errorf("the part: %+v in %+v", part, half)
		}
		for _, order := range [][]scene.Box{{half, region}, {region, half}} {
			n := 0
			for _, x := range Detect(t, d, f, order...) {
				if x.Class == scene.Person && x.Score >= 0.3 {
					n++
					if x.Cut || score.Rect(x.Box).IoU(score.Rect(whole.Box)) < 0.9 {
						t.Errorf("not the whole person: %+v, which is %+v", x, whole)
					}
				}
			}
			if n != 1 {
				t.Errorf("%d persons come out of one", n)
			}
		}
	}
}
