package attribute

import (
	"image/color"
	"math"
	"testing"

	"pgregory.net/rapid"

	"posteriori/engine/frame"
	"posteriori/engine/scene"
)

// rgb paints one pixel as limited-range BT.601 (chroma at even places).
func rgb(f frame.YUV, x, y int, r, g, b uint8) {
	Y, cb, cr := color.RGBToYCbCr(r, g, b)
	f.Y.Row(y)[x] = limited(Y, 219, 0, 16)
	if x%2 == 0 && y%2 == 0 {
		f.U.Row(y / 2)[x/2] = limited(cb, 224, 128, 128)
		f.V.Row(y / 2)[x/2] = limited(cr, 224, 128, 128)
	}
}

func fill(f frame.YUV, x0, y0, x1, y1 int, c [3]uint8) {
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			rgb(f, x, y, c[0], c[1], c[2])
		}
	}
}

// street is a grey road with a white house and a red sign, so that the light
// can be judged.
func street() frame.YUV {
	f := frame.NewYUV(320, 180)
	fill(f, 0, 0, 320, 180, [3]uint8{120, 120, 118})
	fill(f, 0, 0, 320, 20, [3]uint8{245, 245, 245})
	fill(f, 0, 20, 40, 60, [3]uint8{190, 30, 30})
	return f
}

// car paints a body with dark windows and tyres, and returns its box.
func car(f frame.YUV, paint [3]uint8) scene.Box {
	fill(f, 100, 60, 220, 140, paint)
	fill(f, 120, 66, 200, 86, [3]uint8{35, 38, 42}) // windows
	fill(f, 108, 126, 134, 140, [3]uint8{20, 20, 20})
	fill(f, 186, 126, 212, 140, [3]uint8{20, 20, 20})
	return scene.Box{X: 100, Y: 60, W: 120, H: 80}
}

func TestColourOfPaintedCars(t *testing.T) {
	for want, paint := range map[scene.Colour][3]uint8{
		scene.Black: {22, 22, 24}, scene.Grey: {95, 96, 98}, scene.Silver: {150, 152, 155},
		scene.White: {240, 240, 238}, scene.Red: {190, 25, 30}, scene.Orange: {240, 120, 20},
		scene.Yellow: {240, 205, 30}, scene.Green: {20, 110, 50}, scene.Blue: {25, 70, 170},
		scene.Purple: {100, 40, 130}, scene.Pink: {240, 120, 180}, scene.Brown: {95, 60, 35},
		scene.Beige: {215, 195, 150},
	} {
		t.Run(want.String(), func(t *testing.T) {
			f := street()
			box := car(f, paint)
			v, ok := Colour(Look{Picture: f, Box: box, Class: scene.Car, Light: SceneLight(f)})
			if !ok {
				t.Fatal("no votes in daylight")
			}
			if got, share := VoteColour(v); got != want {
				t.Errorf("got %s (%.2f), votes %v", got, share, v)
			}
		})
	}
}

func TestColourOfClothing(t *testing.T) {
	f := street()
	box := scene.Box{X: 140, Y: 40, W: 40, H: 120}
	fill(f, 150, 40, 170, 58, [3]uint8{210, 160, 135}) // head
	fill(f, 145, 58, 175, 105, [3]uint8{200, 30, 30})  // coat
	fill(f, 148, 105, 172, 158, [3]uint8{30, 50, 130}) // jeans
	v, ok := Colour(Look{Picture: f, Box: box, Class: scene.Person, Light: SceneLight(f)})
	if got, _ := VoteColour(v); !ok || got != scene.Red {
		t.Errorf("coat: got %s %v", got, v)
	}
}

func TestColourHeedsTheMask(t *testing.T) {
	f := street()
	fill(f, 100, 60, 160, 140, [3]uint8{25, 70, 170})
	fill(f, 160, 60, 220, 140, [3]uint8{190, 25, 30})
	box := scene.Box{X: 100, Y: 60, W: 120, H: 80}
	left := func(x, _ int) bool { return x < 158 }
	v, ok := Colour(Look{Picture: f, Box: box, Inside: left, Class: scene.Other, Light: SceneLight(f)})
	if got, _ := VoteColour(v); !ok || got != scene.Blue {
		t.Errorf("masked to the blue half: got %s %v", got, v)
	}
	if got, _ := VoteColour(must(Colour(Look{Picture: f, Box: box, Class: scene.Other, Light: SceneLight(f)}))); got != scene.UnknownColour {
		t.Errorf("half blue, half red: got %s, want unknown", got)
	}
	if _, ok := Colour(Look{Picture: f, Box: box, Inside: func(int, int) bool { return false }, Class: scene.Other, Light: SceneLight(f)}); ok {
		t.Error("votes from an empty mask")
	}
}

func must(v ColourVotes, _ bool) ColourVotes { return v }

func TestLightForbids(t *testing.T) {
	infrared := frame.NewYUV(160, 90)
	for i := range infrared.Y.Pix {
		infrared.Y.Pix[i] = byte(40 + i%150)
	}
	for i := range infrared.U.Pix {
		infrared.U.Pix[i], infrared.V.Pix[i] = byte(127+i%3), byte(127+i/2%3)
	}
	night := frame.NewYUV(160, 90)
	fill(night, 0, 0, 160, 90, [3]uint8{6, 5, 8})
	fill(night, 0, 0, 20, 10, [3]uint8{90, 20, 20})
	sodium := frame.NewYUV(160, 90)
	for y := range 90 {
		for x := range 160 {
			k := 0.5 + 0.5*float64(x)/160
			rgb(sodium, x, y, uint8(230*k), uint8(140*k), uint8(30*k))
		}
	}
	for name, c := range map[string]struct {
		f    frame.YUV
		want Light
	}{
		"infra-red": {infrared, Light{Mono: true}},
		"night":     {night, Light{Dark: true}},
		"sodium":    {sodium, Light{Cast: true}},
		"day":       {street(), Light{}},
	} {
		got := SceneLight(c.f)
		got.White, got.A, got.B = 0, 0, 0
		got.Mono = got.Mono && !got.Dark // of a night it does not matter
		if got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
		v, ok := Colour(Look{Picture: c.f, Box: scene.Box{X: 20, Y: 20, W: 100, H: 60}, Class: scene.Car, Light: SceneLight(c.f)})
		if ok != (name == "day") {
			t.Errorf("%s: votes %v %v", name, v, ok)
		}
	}
	if l := SceneLight(frame.YUV{}); l.Colours() {
		t.Error("colours in a picture without pixels")
	}
}

// A neutral scene in colour is not infra-red: its chroma is off by more than
// coding noise in places.
func TestNeutralSceneIsNotMono(t *testing.T) {
	f := frame.NewYUV(160, 90)
	fill(f, 0, 0, 160, 90, [3]uint8{128, 126, 120})
	if SceneLight(f).Mono {
		t.Error("warm grey road taken for a monochrome picture")
	}
}

func TestVoteColour(t *testing.T) {
	var v ColourVotes
	if c, s := VoteColour(v); c != scene.UnknownColour || s != 0 {
		t.Errorf("no votes: %s %v", c, s)
	}
	v[scene.Red], v[scene.Blue] = 5, 4.8
	if c, _ := VoteColour(v); c != scene.UnknownColour {
		t.Errorf("votes that disagree: %s", c)
	}
	v[scene.Blue] = 1
	if c, s := VoteColour(v); c != scene.Red || math.Abs(s-5.0/6) > 1e-9 {
		t.Errorf("clear votes: %s %v", c, s)
	}
}

func TestColourVotesSumToOne(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := street()
		n := rapid.IntRange(1, 6).Draw(rt, "patches")
		for range n {
			x, y := rapid.IntRange(0, 280).Draw(rt, "x"), rapid.IntRange(0, 140).Draw(rt, "y")
			fill(f, x, y, x+40, y+40, [3]uint8{rapid.Byte().Draw(rt, "r"), rapid.Byte().Draw(rt, "g"), rapid.Byte().Draw(rt, "b")})
		}
		box := scene.Box{X: rapid.Float64Range(-50, 330).Draw(rt, "bx"), Y: rapid.Float64Range(-50, 190).Draw(rt, "by"),
			W: rapid.Float64Range(0, 400).Draw(rt, "bw"), H: rapid.Float64Range(0, 300).Draw(rt, "bh")}
		class := rapid.SampledFrom(scene.Classes()).Draw(rt, "class")
		v, ok := Colour(Look{Picture: f, Box: box, Class: class, Light: Light{White: 90}})
		var sum float64
		for _, x := range v {
			if x < 0 || math.IsNaN(x) {
				rt.Fatalf("vote %v", v)
			}
			sum += x
		}
		if ok && math.Abs(sum-1) > 1e-9 || !ok && sum != 0 {
			rt.Fatalf("ok %v, votes sum to %v", ok, sum)
		}
	})
}

func TestLabOfKnownColours(t *testing.T) {
	// Values of the sRGB primaries in CIELAB (D65), as any colour tool gives them.
	for _, c := range []struct {
		r, g, b int
		want    lab
	}{
		{255, 255, 255, lab{100, 0, 0}}, {0, 0, 0, lab{0, 0, 0}}, {255, 0, 0, lab{53.24, 80.09, 67.20}},
		{0, 255, 0, lab{87.73, -86.18, 83.18}}, {0, 0, 255, lab{32.30, 79.19, -107.86}}, {119, 119, 119, lab{50.03, 0, 0}},
	} {
		got := fromRGB(c.r, c.g, c.b)
		if math.Abs(got.L-c.want.L) > 0.2 || math.Abs(got.a-c.want.a) > 0.4 || math.Abs(got.b-c.want.b) > 0.4 {
			t.Errorf("rgb %d %d %d: %+v, want %+v", c.r, c.g, c.b, got, c.want)
		}
	}
}

func TestNumColours(t *testing.T) {
	if NumColours != len(scene.Colours()) {
		t.Fatalf("NumColours is %d, the vocabulary has %d: set it to its last colour", NumColours, len(scene.Colours()))
	}
}
