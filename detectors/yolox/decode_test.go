package yolox

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"posteriori/detectors/network"
)

// TestDecode puts boxes into cells of each grid of a 64×64 input: 64 cells of
// 8 pixels, 16 of 16, 4 of 32.
func TestDecode(t *testing.T) {
	const labels, width = 3, 8
	rows := make([]float32, (64+16+4)*width)
	set := func(cell int, v ...float32) { copy(rows[cell*width:], v) }
	log := func(v float64) float32 { return float32(math.Log(v)) }
	set(8+2, 0.5, 0.25, log(2), log(4), 0.5, 0, 0.5, 1)  // grid 8: cell 2,1
	set(64+5, 0, 0, log(1), log(1), 1, 0.125, 0, 0)      // grid 16: cell 1,1
	set(64+16+3, 1, 1, log(0.5), log(0.25), 0.25, 1)     // grid 32: cell 1,1
	set(64+16, 1, 1, log(0.5), log(0.25), 0.05, 1, 1, 1) // too weak
	got := decode(rows, 64, labels, 0.125, nil)
	for i := range got {
		for _, v := range []*float64{&got[i].X0, &got[i].Y0, &got[i].X1, &got[i].Y1} {
			*v = math.Round(*v*1000) / 1000 // log and back in float32
		}
	}
	want := []network.Candidate{
		{X0: 12, Y0: -6, X1: 28, Y1: 26, Label: 1, Score: 0.25},
		{X0: 12, Y0: -6, X1: 28, Y1: 26, Label: 2, Score: 0.5},
		{X0: 8, Y0: 8, X1: 24, Y1: 24, Label: 0, Score: 0.125},
		{X0: 56, Y0: 60, X1: 72, Y1: 68, Label: 0, Score: 0.25},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestHostileNumbers must end in no panic; the network drops such boxes.
func TestHostileNumbers(t *testing.T) {
	rows := make([]float32, (64+16+4)*8)
	for i := range rows {
		rows[i] = []float32{float32(math.NaN()), float32(math.Inf(1)), 1e30, -1e30, 1}[i%5]
	}
	decode(rows, 64, 3, 0.1, nil)
}
