package score

import (
	"math"
	"testing"
)

func TestAveragePrecision(t *testing.T) {
	at := func(image int, x float64, label string, score float64) Scored {
		return Scored{Image: image, Box: Rect{X: x, Y: 0, W: 10, H: 10}, Label: label, Score: score}
	}
	truth := []Scored{at(0, 0, "car", 0), at(1, 50, "car", 0)}
	for name, c := range map[string]struct {
		found []Scored
		want  float64
	}{
		"all":               {[]Scored{at(0, 0, "car", .9), at(1, 50, "car", .8)}, 1},
		"nothing":           {nil, 0},
		"half":              {[]Scored{at(0, 0, "car", .9)}, 51.0 / 101},
		"a false one last":  {[]Scored{at(0, 0, "car", .9), at(1, 50, "car", .8), at(1, 0, "car", .1)}, 1},
		"a false one first": {[]Scored{at(1, 0, "car", .95), at(0, 0, "car", .9), at(1, 50, "car", .8)}, 2.0 / 3},
		"twice":             {[]Scored{at(0, 0, "car", .9), at(0, 0, "car", .85), at(1, 50, "car", .8)}, (51 + 50*2.0/3) / 101},
		"other label":       {[]Scored{at(0, 0, "bus", .9), at(1, 50, "bus", .8)}, 0},
		"other picture":     {[]Scored{at(1, 0, "car", .9), at(0, 50, "car", .8)}, 0},
		// One pixel beside: an overlap of 9/11 = .82 counts at 7 of 10 thresholds.
		"beside": {[]Scored{at(0, 1, "car", .9), at(1, 51, "car", .8)}, 0.7},
	} {
		if got := AveragePrecision(c.found, truth); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: %v, not %v", name, got, c.want)
		}
	}
	mixed := append(truth, at(0, 80, "dog", 0))
	if got := AveragePrecision([]Scored{at(0, 80, "dog", .5)}, mixed); math.Abs(got-0.5) > 1e-9 {
		t.Errorf("one label of two: %v", got)
	}
}
