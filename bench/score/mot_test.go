package score

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func near(t *testing.T, name string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-6 {
		t.Errorf("%s = %.6f, want %.6f", name, got, want)
	}
}

// line makes a track: id at frames from..to, box at x, moved by step a frame.
func line(s Sequence, id, from, to int, x, step float64) {
	for f := from; f <= to; f++ {
		s[f] = append(s[f], Box{id, Rect{x + step*float64(f), 0, 20, 40}, false})
	}
}

func TestPerfectTracking(t *testing.T) {
	truth := Sequence{}
	line(truth, 1, 1, 10, 0, 5)
	line(truth, 2, 3, 8, 300, -5)
	got := ScoreTracking(truth, truth, truth.Frames())
	for name, v := range map[string]float64{"MOTA": got.MOTA, "IDF1": got.IDF1, "HOTA": got.HOTA, "MOTP": got.MOTP} {
		near(t, name, v, 1)
	}
	if got.Switches != 0 || got.Fragments != 0 || got.TP != 16 {
		t.Errorf("got %+v", got)
	}
}

// One object of ten frames, tracked by A for six and then by B for four.
// Worked by hand: no miss, one switch; IDTP 6; AssA = (6·.6 + 4·.4)/10.
func TestOneSwitch(t *testing.T) {
	truth, result := Sequence{}, Sequence{}
	line(truth, 1, 1, 10, 0, 5)
	line(result, 7, 1, 6, 0, 5)
	line(result, 8, 7, 10, 0, 5)
	got := ScoreTracking(truth, result, truth.Frames())
	near(t, "MOTA", got.MOTA, .9)
	near(t, "IDF1", got.IDF1, .6)
	near(t, "AssA", got.AssA, .52)
	near(t, "DetA", got.DetA, 1)
	near(t, "HOTA", got.HOTA, math.Sqrt(.52))
	if got.Switches != 1 || got.Fragments != 0 {
		t.Errorf("switches %d fragments %d, want 1 and 0", got.Switches, got.Fragments)
	}
}

// The same track lost for two frames, with one false box in each.
func TestGapAndFalseBoxes(t *testing.T) {
	truth, result := Sequence{}, Sequence{}
	line(truth, 1, 1, 10, 0, 5)
	line(result, 7, 1, 4, 0, 5)
	line(result, 9, 5, 6, 500, 0)
	line(result, 7, 7, 10, 0, 5)
	got := ScoreTracking(truth, result, truth.Frames())
	near(t, "MOTA", got.MOTA, 1-4./10)
	near(t, "IDF1", got.IDF1, 2*8./20)
	near(t, "DetA", got.DetA, 8./12)
	if got.Switches != 0 || got.Fragments != 1 || got.FN != 2 || got.FP != 2 {
		t.Errorf("got %+v", got)
	}
}

func TestNothingFound(t *testing.T) {
	truth := Sequence{}
	line(truth, 1, 1, 10, 0, 5)
	got := ScoreTracking(truth, Sequence{}, truth.Frames())
	if got.MOTA != 0 || got.IDF1 != 0 || got.HOTA != 0 || got.FN != 10 {
		t.Errorf("got %+v", got)
	}
}

// Frames that the truth does not speak of are not scored.
func TestOnlyTruthFrames(t *testing.T) {
	truth, result := Sequence{}, Sequence{}
	for f := 1; f <= 11; f += 5 {
		truth[f] = []Box{{1, Rect{float64(f), 0, 20, 40}, false}}
	}
	line(result, 3, 1, 11, 0, 1)
	line(result, 4, 2, 5, 400, 0)
	got := ScoreTracking(truth, result, truth.Frames())
	if got.FP != 0 || got.TP != 3 || got.MOTA != 1 {
		t.Errorf("got %+v", got)
	}
}

// A flagged box costs nothing, found or not; a false box beside it does.
func TestFlagged(t *testing.T) {
	truth, result := Sequence{}, Sequence{}
	line(truth, 1, 1, 10, 0, 5)
	line(truth, 2, 1, 10, 300, 5)
	for f := range truth {
		truth[f][1].Flagged = true
	}
	line(result, 7, 1, 10, 0, 5)
	line(result, 8, 1, 5, 302, 5)
	line(result, 9, 6, 10, 330, 5)
	all := ScoreTracking(truth, result, truth.Frames())
	if all.TruthBoxes != 20 || all.FN != 5 || all.FP != 5 {
		t.Errorf("all: %+v", all)
	}
	got, kept := WithoutFlagged(truth, result)
	some := ScoreTracking(got, kept, truth.Frames())
	if some.TruthBoxes != 10 || some.FN != 0 || some.FP != 5 {
		t.Errorf("without: %+v", some)
	}
}

func TestAgainstMotmetrics(t *testing.T) {
	raw, err := os.ReadFile("testdata/motmetrics.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Truth, Result [][6]float64
		Figures       map[string]float64
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 5 {
		t.Fatalf("%d cases", len(cases))
	}
	for i, c := range cases {
		truth := sequence(c.Truth)
		got := ScoreTracking(truth, sequence(c.Result), truth.Frames())
		for name, v := range map[string]float64{
			"mota": got.MOTA, "idf1": got.IDF1, "num_switches": float64(got.Switches),
			"num_misses": float64(got.FN), "num_false_positives": float64(got.FP),
			"num_fragmentations": float64(got.Fragments),
		} {
			if math.Abs(v-c.Figures[name]) > 1e-6 {
				t.Errorf("case %d: %s = %v, motmetrics says %v", i, name, v, c.Figures[name])
			}
		}
	}
}

func sequence(rows [][6]float64) Sequence {
	s := Sequence{}
	for _, r := range rows {
		s[int(r[0])] = append(s[int(r[0])], Box{int(r[1]), Rect{r[2], r[3], r[4], r[5]}, false})
	}
	return s
}

// Assign must do as well as trying every pairing.
func TestAssignIsBest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows, cols := rapid.IntRange(0, 5).Draw(t, "rows"), rapid.IntRange(0, 5).Draw(t, "cols")
		w := matrix(rows, cols)
		for i := range w {
			for j := range w[i] {
				w[i][j] = float64(rapid.IntRange(-3, 9).Draw(t, "w"))
			}
		}
		got, used := 0.0, map[int]bool{}
		for i, j := range Assign(w) {
			if j < 0 {
				continue
			}
			if used[j] {
				t.Fatalf("column %d used twice", j)
			}
			used[j] = true
			got += w[i][j]
		}
		if want := bestByTrial(w, 0, map[int]bool{}); got != want {
			t.Fatalf("sum %v, the best is %v, of %v", got, want, w)
		}
	})
}

func bestByTrial(w [][]float64, row int, used map[int]bool) float64 {
	if row == len(w) {
		return 0
	}
	best := bestByTrial(w, row+1, used)
	for j, v := range w[row] {
		if !used[j] && v > 0 {
			used[j] = true
			best = max(best, v+bestByTrial(w, row+1, used))
			delete(used, j)
		}
	}
	return best
}

func TestReadMOT(t *testing.T) {
	const text = "1,9,10,20,30,40,1\n\n1,10,0,0,8,8,0\n6,9,12,20,30,40,1,1,1\n"
	truth, err := ReadMOTTruth(strings.NewReader(text), .5)
	if err != nil {
		t.Fatal(err)
	}
	if len(truth[1]) != 2 || truth[1][0] != (Box{9, Rect{5, 10, 15, 20}, false}) || !truth[1][1].Flagged || len(truth.Frames()) != 2 {
		t.Errorf("truth %v", truth)
	}
	result, err := ReadMOTResult(strings.NewReader(text))
	if err != nil || len(result[1]) != 2 || result[1][1].Flagged {
		t.Errorf("a result of confidence 0 is a result: %v %v", result, err)
	}
	for _, bad := range []string{"1,2,3\n", "1,x,3,4,5,6\n"} {
		if _, err := ReadMOTResult(strings.NewReader(bad)); err == nil || !strings.Contains(err.Error(), "line 1") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
