package nanodet

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"posteriori/detectors/network"
)

func TestDistance(t *testing.T) {
	for want, logits := range map[float64][]float32{
		3.5: {0, 0, 0, 0, 0, 0, 0, 0},
		7:   {0, 0, 0, 0, 0, 0, 0, 100},
		0:   {90, 0, 0, 0, 0, 0, 0, 0},
		2.5: {-1000, -1000, 50, 50, -1000, -1000, -1000, -1000},
	} {
		if got := distance(logits); math.Abs(got-want) > 1e-9 {
			t.Errorf("%v: %v, not %v", logits, got, want)
		}
	}
}

// TestDecode puts boxes into grids of a 72×72 input: 9×9 points of 8, 5×5 of
// 16, 3×3 of 32 and 2×2 of 64 pixels; the last of each row half outside.
func TestDecode(t *testing.T) {
	const labels, width = 2, 2 + 4*bins
	rows := make([]float32, (81+25+9+4)*width)
	set := func(point int, scores [2]float32, dist [4]int) {
		row := rows[point*width:]
		copy(row, scores[:])
		for side, d := range dist {
			row[labels+side*bins+d] = 1000
		}
	}
	set(9+3, [2]float32{0.5, 0.25}, [4]int{1, 0, 2, 7}) // point 24,8
	set(81+24, [2]float32{0, 1}, [4]int{1, 1, 1, 1})    // point 64,64
	set(81+25+9+3, [2]float32{0.25, 0.1}, [4]int{1, 1, 0, 0})
	got := decode(rows, 72, labels, 0.25, nil)
	want := []network.Candidate{
		{X0: 16, Y0: 8, X1: 40, Y1: 64, Label: 0, Score: 0.5},
		{X0: 16, Y0: 8, X1: 40, Y1: 64, Label: 1, Score: 0.25},
		{X0: 48, Y0: 48, X1: 80, Y1: 80, Label: 1, Score: 1},
		{X0: 0, Y0: 0, X1: 64, Y1: 64, Label: 0, Score: 0.25},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestPointsOfTheRealModel(t *testing.T) {
	in, out := spec(416, 80).Shapes(1)
	if d := cmp.Diff([][][]int64{{{1, 3, 416, 416}}, {{1, 3598, 112}}}, [][][]int64{in, out}); d != "" {
		t.Error(d)
	}
}
