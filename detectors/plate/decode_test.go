package plate

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"posteriori/detectors"
	"posteriori/detectors/network"
	"posteriori/engine/fault"
	"posteriori/engine/infer"
	lp "posteriori/engine/plate"
	"posteriori/engine/scene"
)

// columns are rows of a reader's output: each byte the strongest symbol of a
// column, - for nothing.
func columns(text string, share float32) []float32 {
	var out []float32
	for _, c := range []byte(text) {
		p := make([]float32, row)
		k := lp.Symbols
		if c != '-' {
			for i := range lp.Symbols {
				if lp.Alphabet[i] == c {
					k = i
				}
			}
		}
		p[k] = share
		p[(k+1)%row] = 1 - share
		out = append(out, p...)
	}
	return out
}

func text(chars []lp.Char) string { return lp.Read{Chars: chars}.Text() }

func TestDecodeColumns(t *testing.T) {
	for in, want := range map[string]string{
		"--AA-BB--": "AB", "AA-AA": "AA", "AABB": "AB", "-----": "", "": "", "A": "A", "1-1-1": "111",
	} {
		if got := text(decodeColumns(columns(in, .9), len(in))); got != want {
			t.Errorf("%q gives %q, want %q", in, got, want)
		}
	}
}

func TestDecodeColumnsKeepsDoubt(t *testing.T) {
	p := make([]float32, 2*row)
	p[8], p[11], p[lp.Symbols] = .6, .3, .1 // 8, then B, then nothing
	p[row+8], p[row+11], p[row+lp.Symbols] = .5, .4, .1
	got := decodeColumns(p, 2)
	if len(got) != 1 {
		t.Fatalf("%d characters", len(got))
	}
	if c, share := got[0].Best(); c != '8' || share < .5 || share > .6 {
		t.Errorf("%c %.3f", c, share)
	}
	if b := got[0][11]; b < .3 || b > .4 {
		t.Errorf("B has %.3f", b)
	}
}

func TestCertainty(t *testing.T) {
	long, short := decodeSlots(columns("AB123CD", .9), 7), decodeSlots(columns("AB", .8), 2)
	if a, b := certainty(long), certainty(short); math.Abs(a-.9) > 1e-6 || math.Abs(b-.8) > 1e-6 || certainty(nil) != 0 {
		t.Errorf("%v %v", a, b)
	}
}

// One view that cuts a character off and one that takes the edge for one do
// not outweigh those that agree, and the doubt stays in the shares.
func TestVote(t *testing.T) {
	read := func(s string, share float32) []lp.Char { return decodeSlots(columns(s, share), len(s)) }
	got := vote([][]lp.Char{read("AB123CD", .8), read("B123CD", .8), read("IAB123CD", .7), read("AB123CD", .8)})
	if text(got) != "AB123CD" {
		t.Errorf("%q", text(got))
	}
	if s := certainty(got); s <= 0 || s >= .8 {
		t.Errorf("certainty %.2f: views that disagree leave no doubt", s)
	}
	if one := read("AB", .9); text(vote([][]lp.Char{one})) != "AB" || vote(nil) != nil {
		t.Error("one view, or none")
	}
}

// Further rounds are read only as long as reads disagree or doubt, and then
// they count: here only wide pads have the last character in the picture.
func TestUntilSure(t *testing.T) {
	rounds := layouts[Columns].rounds
	run := func(read func(p pad) (string, float32)) (chars []lp.Char, n int) {
		chars, err := untilSure(rounds, func(pads []pad) (out [][]lp.Char, err error) {
			n++
			for _, p := range pads {
				s, share := read(p)
				out = append(out, decodeSlots(columns(s, share), len(s)))
			}
			return out, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return chars, n
	}
	for name, c := range map[string]struct {
		read func(pad) (string, float32)
		want string
		n    int
	}{
		"all sure":      {func(pad) (string, float32) { return "AB123CD", .99 }, "AB123CD", 1},
		"all in doubt":  {func(pad) (string, float32) { return "AB123CD", .9 }, "AB123CD", len(rounds)},
		"nothing there": {func(pad) (string, float32) { return "-------", .99 }, "", 1},
		"one disagrees": {func(p pad) (string, float32) {
			if p == rounds[0][1] {
				return "AB123CO", .99
			}
			return "AB123CD", .99
		}, "AB123CD", len(rounds)},
		"a box that cuts": {func(p pad) (string, float32) {
			if p.x < .05 {
				return "AB123C", .7
			}
			return "AB123CD", .99
		}, "AB123CD", len(rounds)},
	} {
		if chars, n := run(c.read); text(chars) != c.want || n != c.n {
			t.Errorf("%s: %q after %d rounds, want %q after %d", name, text(chars), n, c.want, c.n)
		}
	}
	failing := fault.New(fault.Internal, "no model")
	if _, err := untilSure(rounds, func([]pad) ([][]lp.Char, error) { return nil, failing }); err != failing {
		t.Errorf("%v", err)
	}
}

// The model is bound for rounds of one size.
func TestRoundsAreOfOneSize(t *testing.T) {
	for name, l := range layouts {
		for _, r := range l.rounds {
			if len(r) == 0 || len(r) != len(l.rounds[0]) {
				t.Errorf("%s: a round of %d beside one of %d", name, len(r), len(l.rounds[0]))
			}
		}
	}
}

func TestDecodeSlots(t *testing.T) {
	if got := text(decodeSlots(columns("AA-1", .9), 4)); got != "AA1" {
		t.Errorf("%q", got)
	}
}

func TestDecodedSharesAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 12).Draw(t, "columns")
		rows := make([]float32, n*row)
		for i := range n {
			sum := float32(0)
			for k := range row {
				v := rapid.Float32Range(0, 1).Draw(t, "p")
				rows[i*row+k] = v * v * v
				sum += v * v * v
			}
			for k := range row {
				rows[i*row+k] /= max(sum, 1e-6)
			}
		}
		for _, decode := range []func([]float32, int) []lp.Char{decodeColumns, decodeSlots} {
			for _, c := range decode(rows, n) {
				total := 0.0
				for _, v := range c {
					if v < 0 || math.IsNaN(v) {
						t.Fatalf("share %v", v)
					}
					total += v
				}
				if total > 1+1e-4 {
					t.Fatalf("shares add up to %v", total)
				}
			}
		}
	})
}

func TestDecodeDetectors(t *testing.T) {
	nan := float32(math.NaN())
	grid := decodeGrid([]float32{1, 2, 3, 4, .9, 0, 0, 1, 1, .1, 0, 0, 1, 1, nan, 5, 6, 7, 8, 1.5}, .3, nil)
	want := []network.Candidate{{X0: 1, Y0: 2, X1: 3, Y1: 4, Score: float64(float32(.9))}, {X0: 5, Y0: 6, X1: 7, Y1: 8, Score: 1}}
	if d := cmp.Diff(want, grid); d != "" {
		t.Error(d)
	}
	e2e := decodeEndToEnd([]float32{0, 1, 2, 3, 4, 0, .9, 0, 1, 2, 3, 4, 0, .2, 0, 1, 2, 3, 4, 0, nan, 0, 1, 2, 3, 4, 1, .9, 0, 1}, .3, nil)
	if d := cmp.Diff(want[:1], e2e); d != "" {
		t.Error(d)
	}
}

func TestFills(t *testing.T) {
	rgb := []float32{0, 255, 0, 255, 0, 255} // black, then white
	in := infer.Tensor{F32: make([]float32, 4), U8: make([]uint8, 12)}
	fillGrey(rgb, 2, 1, 1, in) // the second picture of two
	fillInterleaved(rgb, 2, 1, 1, in)
	if d := cmp.Diff([]uint8{0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255}, in.U8); d != "" || in.F32[2] != 0 || math.Abs(float64(in.F32[3])-255) > .01 {
		t.Error(in.F32, d)
	}
}

func TestDistinct(t *testing.T) {
	box := func(x, w, score float64, cut bool) detectors.Detection {
		return detectors.Detection{Box: scene.Box{X: x, Y: 10, W: w, H: 20}, Score: score, Cut: cut}
	}
	got := Distinct([]detectors.Detection{box(0, 100, .5, false), box(2, 60, .9, true), box(3, 96, .8, false), box(200, 90, .3, false)})
	if d := cmp.Diff([]detectors.Detection{box(3, 96, .8, false), box(200, 90, .3, false)}, got); d != "" {
		t.Error(d)
	}
}

// Every place of a picture lies in a square of each layer, and whatever is
// not larger than a tenth of it lies whole in one.
func TestLayersCover(t *testing.T) {
	if got := Layers(300, 200, 320); len(got) != 2 || len(got[0]) != 1 {
		t.Errorf("a small picture: %v", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(32, 6000).Draw(t, "w"), rapid.IntRange(32, 6000).Draw(t, "h")
		x, y := rapid.Float64Range(0, 1).Draw(t, "x"), rapid.Float64Range(0, 1).Draw(t, "y")
		for i, layer := range Layers(w, h, 320) {
			side := layer[0].H
			b := scene.Box{W: min(.1*side, float64(w)), H: .05 * side}
			b.X, b.Y = x*(float64(w)-b.W), y*(float64(h)-b.H)
			whole := false
			for _, r := range layer {
				if r.X < -1e-9 || r.Y < -1e-9 || r.X+r.W > float64(w)+1e-6 || r.Y+r.H > float64(h)+1e-6 {
					t.Fatalf("%+v lies outside", r)
				}
				whole = whole || r.Intersect(b).Area() > .999*b.Area()
			}
			if !whole {
				t.Fatalf("layer %d of %d×%d cuts %+v", i, w, h, b)
			}
		}
	})
}
