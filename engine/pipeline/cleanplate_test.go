package pipeline

import (
	"bytes"
	"image/color"
	"image/jpeg"
	"math"
	"testing"

	"pgregory.net/rapid"

	"posteriori/engine/frame"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
	made "posteriori/testdata/scene"
)

// When a camera goes over to infra-red, the background is soon that of the
// night, and the day's is kept, as it was, beside it.
func TestPlatesOfDayAndNight(t *testing.T) {
	const switchS, endS = 14., 24.
	for _, gain := range []float64{1, 2} { // at 2 the lamps make the night nearly as light as the day
		playNight(t, switchS, endS, gain)
	}
}

func playNight(t *testing.T, switchS, endS, gain float64) {
	t.Helper()
	s := &made.Scene{W: 320, H: 180, Seconds: endS, Seed: 3, Noise: 2, NightAtS: switchS, Light: made.Light{Steps: []made.Step{{AtS: switchS, Gain: gain}}}, Rate: []made.Rate{{PerSecond: 8}}, Actors: []made.Actor{
		{ID: 1, Class: scene.Car, Colour: scene.Red, Way: []made.Waypoint{{T: 4, X: -90, Y: 246}, {T: 9, X: 730, Y: 246}}},
	}}
	p := newProcessor(setup{w: s.W, h: s.H, planeW: s.W, planeH: s.H, stages: stages{}}, wire.Chunk{EndPTS: math.MaxInt64, EndUS: int64(endS * 1e6)})
	r := s.NewRenderer()
	for i := range s.Frames() {
		full := packed(s, r, i)
		if err := p.step(picture{pts: int64(i), tUS: s.TimeUS(i), plane: full.Y, full: &full}); err != nil {
			t.Fatal(err)
		}
	}
	_, end, err := p.end(nil)
	if err != nil {
		t.Fatal(err)
	}
	night := packed(s, r, s.Frames()-1)
	if d := apart(p.plate.pic.Y, night.Y); d > 6 {
		t.Errorf("%g s after dark the background is %.1f of luma off", endS-switchS, d)
	}
	day := false
	for _, k := range end.Plates {
		img, err := jpeg.Decode(bytes.NewReader(k.JPEG))
		if err != nil {
			t.Fatal(err)
		}
		luma, tint := 0., 0.
		for y := 0; y < s.H; y += 4 {
			for x := 0; x < s.W; x += 4 {
				c := color.YCbCrModel.Convert(img.At(x, y)).(color.YCbCr)
				luma += float64(c.Y) / float64(s.W*s.H/16)
				tint += (math.Abs(float64(c.Cb)-128) + math.Abs(float64(c.Cr)-128)) / float64(s.W*s.H/16)
			}
		}
		at := float64(k.TUS) / 1e6
		t.Logf("at %.1f s: luma %.0f, tint %.1f", at, luma, tint)
		if day := tint > 4; day != (at < switchS) {
			t.Errorf("at %.1f s the background has luma %.0f and tint %.1f", at, luma, tint)
		}
		day = day || at < switchS
	}
	if !day {
		t.Error("no background of the day is kept")
	}
}

// apart is the mean difference of two planes.
func apart(a, b frame.Plane) float64 {
	sum := 0.
	for y := range a.H {
		for x, v := range a.Row(y) {
			sum += math.Abs(float64(v) - float64(b.Row(y)[x]))
		}
	}
	return sum / float64(a.W*a.H)
}

// What follows goes a quarter of the way, rounded to the nearest, wherever the
// piece begins and ends.
func TestFollow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := rapid.IntRange(1, 40).Draw(t, "w")
		dst, src := frame.NewPlane(w, 1), frame.NewPlane(w, 1)
		copy(dst.Pix, rapid.SliceOfN(rapid.Byte(), w, w).Draw(t, "dst"))
		copy(src.Pix, rapid.SliceOfN(rapid.Byte(), w, w).Draw(t, "src"))
		x0 := rapid.IntRange(0, w).Draw(t, "x0")
		x1 := rapid.IntRange(x0, w+3).Draw(t, "x1")
		was := append([]byte(nil), dst.Pix...)
		follow(dst, src, x0, 0, x1, 1, false)
		for x, got := range dst.Pix {
			d, s := int(was[x]), int(src.Pix[x])
			want := d
			if x >= x0 && x < x1 {
				want = (3*d + s + 2) / 4
			}
			if int(got) != want {
				t.Fatalf("%d: %d towards %d is %d, want %d", x, d, s, got, want)
			}
		}
	})
}

func BenchmarkFollow(b *testing.B) {
	dst, src := frame.NewPlane(1280, 720), frame.NewPlane(1280, 720)
	b.SetBytes(1280 * 720)
	for b.Loop() {
		for x := 0; x < 1280; x += 32 {
			follow(dst, src, x, 0, x+32, 720, false)
		}
	}
}

// The background of a camera that drifts is as sharp as its picture.
func TestPlateFollowsADrift(t *testing.T) {
	stripes := func(shift float64) frame.YUV { // white lines on a road
		y := frame.NewYUV(320, 240)
		for j := range 240 {
			for i := range 320 {
				u, v := float64(i)-shift, float64(j)-shift/2
				d := min(math.Abs(math.Mod(u+v+1000, 70)-35), math.Abs(math.Mod(u-2*v+2000, 90)-45))
				y.Y.Row(j)[i] = byte(200 - 90*min(max(d-2, 0), 1))
			}
		}
		for i := range y.U.Pix {
			y.U.Pix[i], y.V.Pix[i] = 128, 128
		}
		return y
	}
	p, still := newPlate(320, 240), frame.NewPlane(160, 120)
	for k := range 40 {
		now := stripes(1.2 * float64(k))
		p.drift(&now)
		p.look(&now, still, int64(k)*4_000_000, true)
		if k == 39 {
			d := apart(p.pic.Y, now.Y)
			t.Logf("after a drift of %.0f pixels it is %.1f of luma off", 1.2*39, d)
			if d > 4 { // 8.1 without
				t.Errorf("after a drift of %.0f pixels the background is %.1f of luma off", 1.2*39, d)
			}
		}
	}
}
