package attribute

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"posteriori/engine/frame"
	"posteriori/engine/scene"
)

// straight is a path of n points 40 ms apart along a vector, with wobble px.
func straight(n int, dx, dy, wobble float64) scene.Path {
	p := make(scene.Path, n)
	for i := range p {
		f := float64(i) / float64(n-1)
		s := wobble * float64(i%2*2-1)
		p[i] = scene.PathPoint{TUS: int64(i) * 40_000, Box: scene.Box{X: 300 + f*dx + s, Y: 200 + f*dy - s, W: 30, H: 60}}
	}
	return p
}

func TestHeading(t *testing.T) {
	for _, c := range []struct {
		name   string
		path   scene.Path
		want   float64
		wantOK bool
	}{
		{"east", straight(100, 200, 0, 0), 90, true},
		{"north", straight(100, 0, -150, 1), 0, true},
		{"south-west", straight(100, -120, 120, 1), 225, true},
		{"hardly moved", straight(100, 12, 5, 1), 0, false},
		{"jitter", straight(100, 30, 0, 12), 0, false},
		{"two points", straight(2, 200, 0, 0), 90, true},
		{"empty", nil, 0, false},
		{"one point", straight(100, 100, 0, 0)[:1], 0, false},
	} {
		got, ok := Heading(c.path, 1280, 720)
		if ok != c.wantOK || ok && math.Abs(math.Mod(got-c.want+540, 360)-180) > 2 {
			t.Errorf("%s: %.1f %v, want %.1f %v", c.name, got, ok, c.want, c.wantOK)
		}
	}
}

func TestHeadingOfApproachingCar(t *testing.T) {
	p := make(scene.Path, 60)
	for i := range p { // grows around a fixed centre, as a car does that comes straight at the camera
		s := 40 + 3*float64(i)
		p[i] = scene.PathPoint{TUS: int64(i) * 40_000, Box: scene.Box{X: 640 - s/2, Y: 360 - s/2, W: s, H: s}}
	}
	if got, ok := Heading(p, 1280, 720); !ok || Compass(got) != "S" {
		t.Errorf("got %.0f %v, want S", got, ok)
	}
}

func TestHeadingIgnoresBridgedEnds(t *testing.T) {
	p := straight(100, 200, 0, 0)
	for i := 90; i < 100; i++ {
		p[i].Interpolated = true
		p[i].Box.Y -= 400
	}
	if got, ok := Heading(p, 1280, 720); !ok || math.Abs(got-90) > 2 {
		t.Errorf("got %.0f %v, want 90", got, ok)
	}
}

func TestHeadingTurnsWithThePath(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		deg := rapid.Float64Range(0, 359.99).Draw(rt, "heading")
		far := rapid.Float64Range(80, 300).Draw(rt, "distance")
		s, c := math.Sincos(deg * math.Pi / 180)
		got, ok := Heading(straight(50, far*s, -far*c, 0), 1280, 720)
		if !ok || math.Abs(math.Mod(got-deg+540, 360)-180) > 0.01 {
			rt.Fatalf("heading %.2f: got %.2f %v", deg, got, ok)
		}
	})
}

func TestCompass(t *testing.T) {
	for deg, want := range map[float64]string{0: "N", 22: "N", 23: "NE", 90: "E", 134: "SE", 180: "S",
		225: "SW", 270: "W", 315: "NW", 338: "N", 359.9: "N", 360: "N", -45: "NW", 725: "N"} {
		if got := Compass(deg); got != want {
			t.Errorf("%v: %s, want %s", deg, got, want)
		}
	}
}

func TestClass(t *testing.T) {
	votes := make([]float64, len(scene.Classes()))
	if c, s := Class(votes, 0); c != scene.Other || s != 0 {
		t.Errorf("no votes: %s %v", c, s)
	}
	votes[scene.Car], votes[scene.Truck] = 6, 2
	if c, s := Class(votes, 10); c != scene.Car || math.Abs(s-0.75*0.955) > 1e-9 { // detections of .8 are right in .955
		t.Errorf("car: %s %v", c, s)
	}
	if _, s := Class(votes, 1); s > 1 {
		t.Errorf("score %v above 1", s)
	}
}

func TestSharpnessFallsWithBlur(t *testing.T) {
	p := frame.NewPlane(64, 64)
	for y := range 64 {
		for x := range 64 {
			p.Row(y)[x] = byte(60 + 120*((x/4+y/4)%2))
		}
	}
	blurred := frame.NewPlane(64, 64)
	for y := 1; y < 63; y++ {
		for x := 1; x < 63; x++ {
			s := 0
			for dy := -1; dy <= 1; dy++ {
				for dx := -1; dx <= 1; dx++ {
					s += int(p.Row(y + dy)[x+dx])
				}
			}
			blurred.Row(y)[x] = byte(s / 9)
		}
	}
	box := scene.Box{X: 4, Y: 4, W: 56, H: 56}
	a, b := Sharpness(p, box), Sharpness(blurred, box)
	if a < 2*b || b <= 0 {
		t.Errorf("sharp %.0f, blurred %.0f", a, b)
	}
	for _, empty := range []scene.Box{{}, {X: 500, Y: 500, W: 10, H: 10}, {X: -20, Y: 0, W: 20, H: 20}} {
		if s := Sharpness(p, empty); s != 0 {
			t.Errorf("%v: %v, want 0", empty, s)
		}
	}
}

func TestCropScoreOrder(t *testing.T) {
	box := scene.Box{X: 100, Y: 100, W: 80, H: 160}
	base := CropScore(box, 1280, 720, 200, 0.7, false)
	for name, worse := range map[string]float64{
		"smaller": CropScore(scene.Box{X: 100, Y: 100, W: 40, H: 80}, 1280, 720, 200, 0.7, false),
		"blurred": CropScore(box, 1280, 720, 20, 0.7, false),
		"unsure":  CropScore(box, 1280, 720, 200, 0.3, false),
		"cut":     CropScore(box, 1280, 720, 200, 0.7, true),
	} {
		if worse >= base {
			t.Errorf("%s: %.3f, not below %.3f", name, worse, base)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		s := CropScore(scene.Box{W: rapid.Float64Range(0, 4000).Draw(rt, "w"), H: rapid.Float64Range(0, 4000).Draw(rt, "h")},
			1280, 720, rapid.Float64Range(0, 1e5).Draw(rt, "sharp"), rapid.Float64Range(0, 1).Draw(rt, "score"), rapid.Bool().Draw(rt, "cut"))
		if !(s >= 0 && s <= 1) {
			rt.Fatalf("score %v", s)
		}
	})
}

func BenchmarkColour(b *testing.B) {
	f := street()
	box := car(f, [3]uint8{190, 25, 30})
	light := SceneLight(f)
	for b.Loop() {
		Colour(Look{Picture: f, Box: box, Class: scene.Car, Light: light})
	}
}
