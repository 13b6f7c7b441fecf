package main

import (
	"math"
	"testing"

	"posteriori/bench/score"
)

func TestCalibrationError(t *testing.T) {
	right := func(a answer) bool { return a.right }
	var list []answer
	for i := range 10 { // .95 said, nine of ten right; .25 said, half right
		list = append(list, answer{.95, i > 0, true}, answer{.25, i%2 == 0, false})
	}
	if got := calibrationError(list, right); math.Abs(got-(.05+.25)/2) > 1e-9 {
		t.Errorf("%v", got)
	}
	if got := calibrationError(nil, right); got != 0 {
		t.Errorf("of nothing: %v", got)
	}
	f := reliability("x", list)
	if len(f) != 3 || f[1].Value != 90 || f[2].Value != 100 || f[1].Note != "9 of 10; 20 in all" {
		t.Errorf("%+v", f)
	}
	if f := reliability("x", []answer{{1, true, true}}); len(f) != 2 || f[0].Value != 0 {
		t.Errorf("without neighbours: %+v", f)
	}
}

// Of two hits on one object only the surer is right; another class never is.
func TestJudged(t *testing.T) {
	truth := []score.Scored{{Label: "car", Box: score.Rect{X: 0, Y: 0, W: 100, H: 50}}}
	got := judged([]stillHit{
		{Class: "car", ClassScore: .5, Best: [4]float64{0, 0, 100, 50}},
		{Class: "car", ClassScore: .8, Best: [4]float64{5, 0, 100, 50}},
		{Class: "bus", ClassScore: .9, Best: [4]float64{0, 0, 100, 50}},
		{Class: "car", ClassScore: .7, Best: [4]float64{80, 0, 100, 50}},
	}, truth)
	want := []answer{{.9, false, false}, {.8, true, true}, {.7, false, false}, {.5, false, false}}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%d: %+v, want %+v", i, got[i], want[i])
		}
	}
}
