package attribute

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"posteriori/engine/frame"
	"posteriori/engine/scene"
)

// The coefficients fit the features and the vocabulary.
func TestCoefficients(t *testing.T) {
	p := paintwork()
	if len(coefficients) > 50_000 {
		t.Errorf("%d bytes of coefficients", len(coefficients))
	}
	if len(p.Hidden) == 0 || len(p.Hidden) != len(p.HiddenBias) || len(p.Output) != len(p.OutputBias) || p.Temperature <= 0 {
		t.Fatalf("%d %d %d %d, temperature %v", len(p.Hidden), len(p.HiddenBias), len(p.Output), len(p.OutputBias), p.Temperature)
	}
	for _, row := range p.Hidden {
		if len(row) != NumFeatures {
			t.Fatalf("a unit of %d weights for %d features", len(row), NumFeatures)
		}
	}
	seen := map[scene.Colour]bool{}
	for i, n := range p.Names {
		if c, ok := scene.ParseColour(n); !ok || c != p.colours[i] || seen[c] {
			t.Errorf("name %q", n)
		} else {
			seen[c] = true
		}
		if len(p.Output[i]) != len(p.Hidden) {
			t.Errorf("%s has %d weights", n, len(p.Output[i]))
		}
	}
	if len(seen) != NumColours {
		t.Errorf("%d of %d colours", len(seen), NumColours)
	}
}

func TestFeaturesAreShares(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := street()
		fill(f, 60, 40, 200, 150, [3]uint8{rapid.Byte().Draw(rt, "r"), rapid.Byte().Draw(rt, "g"), rapid.Byte().Draw(rt, "b")})
		box := scene.Box{X: rapid.Float64Range(0, 200).Draw(rt, "x"), Y: rapid.Float64Range(0, 100).Draw(rt, "y"),
			W: rapid.Float64Range(20, 110).Draw(rt, "w"), H: rapid.Float64Range(20, 75).Draw(rt, "h")}
		light := Light{White: 90, A: rapid.Float64Range(-5, 5).Draw(rt, "a"), B: rapid.Float64Range(-5, 5).Draw(rt, "lb")}
		x, n := Features(f, box, nil, light)
		if n == 0 {
			rt.Fatal("no samples")
		}
		for from, to := 0, zoneBins; to <= 2*zoneBins; from, to = to, to+zoneBins {
			sum := 0.0
			for _, v := range x[from:to] {
				if v < 0 || math.IsNaN(float64(v)) {
					rt.Fatalf("feature %v", v)
				}
				sum += float64(v) * float64(v)
			}
			if math.Abs(sum-1) > 1e-4 {
				rt.Fatalf("a zone's shares sum to %v", sum)
			}
		}
		if y, _ := Features(f, box, nil, light); x != y {
			rt.Fatal("the same picture gave other features")
		}
	})
}

// flipped is the picture mirrored, upside down, or both.
func flipped(f frame.YUV, across, down bool) frame.YUV {
	out := frame.NewYUV(f.Y.W, f.Y.H)
	for _, p := range [][2]frame.Plane{{f.Y, out.Y}, {f.U, out.U}, {f.V, out.V}} {
		for y := range p[0].H {
			for x := range p[0].W {
				u, v := x, y
				if across {
					u = p[0].W - 1 - x
				}
				if down {
					v = p[0].H - 1 - y
				}
				p[1].Row(v)[u] = p[0].Row(y)[x]
			}
		}
	}
	return out
}

// A picture that is mirrored or upside down shows the same paint.
func TestColourOfFlippedPictures(t *testing.T) {
	for want, paint := range map[scene.Colour][3]uint8{
		scene.Red: {190, 25, 30}, scene.Blue: {25, 70, 170}, scene.White: {240, 240, 238}, scene.Yellow: {240, 205, 30}, scene.Black: {22, 22, 24},
	} {
		f := street()
		box := car(f, paint)
		for _, way := range [][2]bool{{true, false}, {false, true}, {true, true}} {
			g, b := flipped(f, way[0], way[1]), box
			if way[0] {
				b.X = float64(f.Y.W) - box.X - box.W
			}
			if way[1] {
				b.Y = float64(f.Y.H) - box.Y - box.H
			}
			v, ok := Colour(Look{Picture: g, Box: b, Class: scene.Car, Light: SceneLight(g)})
			if got, _ := VoteColour(v); !ok || got != want {
				t.Errorf("%s, mirrored %v, upside down %v: %s", want, way[0], way[1], got)
			}
		}
	}
}

// A monochrome picture of a red car shows no colour, nor does the same at
// night, nor under one lamp's light.
func TestNoColourOutOfNothing(t *testing.T) {
	day := street()
	box := car(day, [3]uint8{190, 25, 30})
	for name, change := range map[string]func(y, u, v *byte){
		"monochrome": func(_, u, v *byte) { *u, *v = 128, 128 },
		"night":      func(y, u, v *byte) { *y, *u, *v = 16+(*y-16)/8, 128+byte(int(*u)-128)/8, 128 },
		"sodium":     func(y, u, v *byte) { *y, *u, *v = 40+*y/2, 70, 165 },
	} {
		f := flipped(day, false, false)
		for i := range f.Y.Pix {
			j := min(i/f.Y.Stride/2*f.U.Stride+i%f.Y.Stride/2, len(f.U.Pix)-1)
			u, v := f.U.Pix[j], f.V.Pix[j]
			change(&f.Y.Pix[i], &u, &v)
			if i%f.Y.Stride%2 == 1 && i/f.Y.Stride%2 == 1 {
				f.U.Pix[j], f.V.Pix[j] = u, v
			}
		}
		if v, ok := Colour(Look{Picture: f, Box: box, Class: scene.Car, Light: SceneLight(f)}); ok {
			t.Errorf("%s: %v", name, v)
		}
	}
}

// Looks that said nothing can be told outvote a few that guessed.
func TestUnknownWins(t *testing.T) {
	var v ColourVotes
	v[scene.UnknownColour], v[scene.Pink] = 0.8, 0.2
	if c, s := VoteColour(v); c != scene.UnknownColour || s != 0.2 {
		t.Errorf("%s %v", c, s)
	}
	v = ColourVotes{}
	v[scene.UnknownColour] = 1
	if c, s := VoteColour(v); c != scene.UnknownColour || s != 0 {
		t.Errorf("%s %v", c, s)
	}
}

func TestCalibratedRises(t *testing.T) {
	last := -1.0
	for s := 0.0; s <= 1.001; s += 0.01 {
		c := calibrated(s)
		if c < last || c < 0 || c > 1 {
			t.Fatalf("%.2f gives %.3f after %.3f", s, c, last)
		}
		last = c
	}
	if calibrated(0) != 0 || calibrated(1) != 1 {
		t.Error(calibrated(0), calibrated(1))
	}
}

func BenchmarkVehicleColour(b *testing.B) {
	f := street()
	box := car(f, [3]uint8{190, 25, 30})
	light := SceneLight(f)
	for b.Loop() {
		vehicleVotes(f, box, nil, light)
	}
}
