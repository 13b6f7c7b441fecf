package vision_test

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"posteriori/engine/fault"
	"posteriori/engine/frame"
	"posteriori/engine/scene"
	"posteriori/engine/vision"
)

// solid is a picture of one YUV colour.
func solid(w, h int, y, u, v byte) frame.YUV {
	f := frame.NewYUV(w, h)
	for p, s := range map[*frame.Plane]byte{&f.Y: y, &f.U: u, &f.V: v} {
		for i := range p.Pix {
			p.Pix[i] = s
		}
	}
	return f
}

func noise(w, h int) frame.YUV {
	r := rand.New(rand.NewPCG(uint64(w), uint64(h)))
	f := frame.NewYUV(w, h)
	for _, p := range []frame.Plane{f.Y, f.U, f.V} {
		for i := range p.Pix {
			p.Pix[i] = byte(16 + r.IntN(220))
		}
	}
	return f
}

var unit = [3]float32{1, 1, 1}

func tensor(t testing.TB, format vision.Format, f frame.YUV, b scene.Box) ([]float32, vision.Transform) {
	t.Helper()
	r := vision.NewResampler(format)
	defer r.Close()
	dst := make([]float32, format.Len())
	tr, err := r.Tensor(f, b, dst)
	if err != nil {
		t.Fatal(err)
	}
	return dst, tr
}

// TestColours checks the colour bars of BT.601 at limited range (the values
// are those of EBU Tech 3325's 100 % bars).
func TestColours(t *testing.T) {
	for name, c := range map[string]struct{ yuv, rgb [3]byte }{
		"white":   {[3]byte{235, 128, 128}, [3]byte{255, 255, 255}},
		"black":   {[3]byte{16, 128, 128}, [3]byte{0, 0, 0}},
		"grey":    {[3]byte{126, 128, 128}, [3]byte{128, 128, 128}},
		"red":     {[3]byte{81, 90, 240}, [3]byte{255, 0, 0}},
		"green":   {[3]byte{145, 54, 34}, [3]byte{0, 255, 0}},
		"blue":    {[3]byte{41, 240, 110}, [3]byte{0, 0, 255}},
		"yellow":  {[3]byte{210, 16, 146}, [3]byte{255, 255, 0}},
		"cyan":    {[3]byte{170, 166, 16}, [3]byte{0, 255, 255}},
		"magenta": {[3]byte{106, 202, 222}, [3]byte{255, 0, 255}},
		"over":    {[3]byte{255, 128, 128}, [3]byte{255, 255, 255}},
		"under":   {[3]byte{0, 128, 128}, [3]byte{0, 0, 0}},
	} {
		f := solid(8, 8, c.yuv[0], c.yuv[1], c.yuv[2])
		for _, bgr := range []bool{false, true} {
			got, _ := tensor(t, vision.Format{W: 4, H: 4, BGR: bgr, Stretch: true, Scale: unit}, f, scene.Box{})
			for p := range 3 {
				want := c.rgb[p]
				if bgr {
					want = c.rgb[2-p]
				}
				if math.Abs(float64(got[16*p])-float64(want)) > 2 {
					t.Errorf("%s, BGR %v: plane %d is %v, not %d", name, bgr, p, got[16*p], want)
				}
			}
		}
	}
}

func TestMeanAndScale(t *testing.T) {
	f := solid(4, 4, 81, 90, 240) // red: R 255, G 0, B 0 within one
	format := vision.Format{W: 2, H: 2, BGR: true, Stretch: true,
		Mean: [3]float32{10, 20, 30}, Scale: [3]float32{1, 2, 0.5}}
	got, _ := tensor(t, format, f, scene.Box{})
	for p, want := range []float64{-10, -40, 112.5} {
		if math.Abs(float64(got[4*p])-want) > 2 {
			t.Errorf("plane %d is %v, not %v", p, got[4*p], want)
		}
	}
}

func TestLetterbox(t *testing.T) {
	f := solid(40, 20, 235, 128, 128)
	format := vision.Format{W: 16, H: 16, Pad: 114, Scale: unit}
	for _, centre := range []bool{false, true} {
		format.Centre = centre
		got, tr := tensor(t, format, f, scene.Box{})
		from := 0
		if centre {
			from = 4
		}
		for i, v := range got[:256] {
			want := float32(114)
			if y := i / 16; y >= from && y < from+8 {
				want = 255
			}
			if v != want {
				t.Fatalf("centre %v: sample %d,%d is %v, not %v", centre, i%16, i/16, v, want)
			}
		}
		if want := (vision.Transform{ScaleX: 0.4, ScaleY: 0.4, DY: float64(from)}); tr != want {
			t.Errorf("transform %+v, not %+v", tr, want)
		}
	}
}

// TestBufferIsOverwritten uses one Resampler for pictures of many forms: what
// an earlier one left must not show.
func TestBufferIsOverwritten(t *testing.T) {
	format := vision.Format{W: 16, H: 16, Pad: 114, Scale: unit}
	r := vision.NewResampler(format)
	defer r.Close()
	dst := make([]float32, format.Len())
	for _, size := range [][2]int{{40, 20}, {20, 40}, {7, 3}, {16, 16}, {1, 1}, {40, 20}} {
		f := noise(size[0], size[1])
		if _, err := r.Tensor(f, scene.Box{}, dst); err != nil {
			t.Fatal(err)
		}
		if want, _ := tensor(t, format, f, scene.Box{}); !equal(dst, want) {
			t.Errorf("%v differs from a fresh one", size)
		}
	}
}

func equal(a, b []float32) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}

// TestRegionIsThePart compares a region with the same part copied out.
func TestRegionIsThePart(t *testing.T) {
	f := noise(64, 48)
	part := frame.NewYUV(20, 16)
	for y := range 16 {
		copy(part.Y.Row(y), f.Y.Row(y + 8)[10:])
	}
	for y := range 8 {
		copy(part.U.Row(y), f.U.Row(y + 4)[5:])
		copy(part.V.Row(y), f.V.Row(y + 4)[5:])
	}
	format := vision.Format{W: 24, H: 24, Scale: unit}
	got, tr := tensor(t, format, f, scene.Box{X: 11, Y: 8.5, W: 18.2, H: 15.5})
	want, _ := tensor(t, format, part, scene.Box{})
	if !equal(got, want) {
		t.Error("the region differs from the part")
	}
	if tr.OX != 10 || tr.OY != 8 {
		t.Errorf("origin %v,%v", tr.OX, tr.OY)
	}
}

// TestStrides shows planes inside larger buffers, the last row cut short.
func TestStrides(t *testing.T) {
	f := noise(33, 17)
	loose := f
	for _, p := range []*frame.Plane{&loose.Y, &loose.U, &loose.V} {
		stride := p.W + 7
		pix := make([]byte, (p.H-1)*stride+p.W)
		for y := range p.H {
			copy(pix[y*stride:], p.Row(y))
		}
		*p = frame.Plane{Pix: pix, W: p.W, H: p.H, Stride: stride}
	}
	format := vision.Format{W: 32, H: 32, Scale: unit}
	for _, b := range []scene.Box{{}, {X: 4, Y: 4, W: 20, H: 13}, {X: 20, Y: 10, W: 13, H: 7}, {W: 8, H: 8}} {
		got, _ := tensor(t, format, loose, b)
		want, _ := tensor(t, format, f, b)
		if !equal(got, want) {
			t.Errorf("%+v: a stride changes the picture", b)
		}
	}
}

func TestTransformThereAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		side := rapid.IntRange(1, 300)
		w, h := side.Draw(t, "w"), side.Draw(t, "h")
		num := rapid.Float64Range(-50, 350)
		region := scene.Box{X: num.Draw(t, "x"), Y: num.Draw(t, "y"), W: rapid.Float64Range(0.1, 400).Draw(t, "rw"), H: rapid.Float64Range(0.1, 400).Draw(t, "rh")}
		format := vision.Format{W: 16, H: 12, Stretch: rapid.Bool().Draw(t, "stretch"), Centre: rapid.Bool().Draw(t, "centre"), Scale: unit}
		r := vision.NewResampler(format)
		defer r.Close()
		tr, err := r.Tensor(solid(w, h, 100, 128, 128), region, make([]float32, format.Len()))
		snap := vision.Snap(region, w, h)
		if snap.Empty() != (err != nil) {
			t.Fatalf("region %v of %d×%d: %v", snap, w, h, err)
		}
		if err != nil {
			return
		}
		if snap.Min.X%2 != 0 || snap.Min.Y%2 != 0 || !snap.In(image.Rect(0, 0, w, h)) {
			t.Fatalf("snapped to %v in %d×%d", snap, w, h)
		}
		box := scene.Box{X: float64(snap.Min.X), Y: float64(snap.Min.Y), W: float64(snap.Dx()), H: float64(snap.Dy())}
		x0, y0, x1, y1 := tr.ToInput(box)
		if x0 < -1e-9 || y0 < -1e-9 || x1 > 16+1e-9 || y1 > 12+1e-9 {
			t.Fatalf("the region comes to lie at %v,%v–%v,%v", x0, y0, x1, y1)
		}
		back := tr.ToSource(x0, y0, x1, y1)
		for _, d := range []float64{back.X - box.X, back.Y - box.Y, back.W - box.W, back.H - box.H} {
			if math.Abs(d) > 1e-9 {
				t.Fatalf("%+v comes back as %+v", box, back)
			}
		}
	})
}

// TestPlaceIsExact finds a bright square again where the transform says.
func TestPlaceIsExact(t *testing.T) {
	f := solid(200, 100, 16, 128, 128)
	for y := 40; y < 60; y++ {
		for x := 80; x < 120; x++ {
			f.Y.Row(y)[x] = 235
		}
	}
	format := vision.Format{W: 96, H: 96, Scale: unit}
	got, tr := tensor(t, format, f, scene.Box{X: 60, Y: 20, W: 80, H: 60})
	var sum, mx, my float64
	for i, v := range got[:96*96] {
		sum += float64(v)
		mx += float64(v) * (float64(i%96) + 0.5)
		my += float64(v) * (float64(i/96) + 0.5)
	}
	at := tr.ToSource(mx/sum, my/sum, mx/sum, my/sum)
	if math.Abs(at.X-100) > 0.1 || math.Abs(at.Y-50) > 0.1 {
		t.Errorf("the square's middle is at %v,%v, not 100,50", at.X, at.Y)
	}
}

func TestRefuses(t *testing.T) {
	good := noise(8, 6)
	short := good
	short.Y.Pix = short.Y.Pix[:40]
	odd := good
	odd.U = frame.NewPlane(3, 3)
	nan := math.NaN()
	r := vision.NewResampler(vision.Format{W: 4, H: 4, Scale: unit})
	defer r.Close()
	for name, c := range map[string]struct {
		f frame.YUV
		b scene.Box
		n int
	}{
		"short plane":      {short, scene.Box{}, 48},
		"other chroma":     {odd, scene.Box{}, 48},
		"nothing":          {frame.YUV{}, scene.Box{}, 48},
		"outside":          {good, scene.Box{X: 8, W: 4, H: 4}, 48},
		"left of it":       {good, scene.Box{X: -9, W: 4, H: 4}, 48},
		"not a number":     {good, scene.Box{X: nan, W: 4, H: 4}, 48},
		"endless":          {good, scene.Box{X: math.Inf(-1), W: math.Inf(1), H: 4}, 48},
		"negative":         {good, scene.Box{X: 4, W: -2, H: 4}, 48},
		"no width":         {good, scene.Box{X: 4, H: 4}, 48},
		"a tensor too big": {good, scene.Box{}, 49},
	} {
		if _, err := r.Tensor(c.f, c.b, make([]float32, c.n)); fault.KindOf(err) != fault.Internal || err == nil {
			t.Errorf("%s: %v", name, err)
		}
		if c.n == 48 {
			if _, err := vision.EncodeJPEG(c.f, c.b, 0, 90); err == nil {
				t.Errorf("%s: a JPEG was made", name)
			}
		}
	}
}

func TestJPEGThereAndBack(t *testing.T) {
	for _, size := range [][2]int{{64, 48}, {33, 17}, {1, 1}, {2, 1}} {
		f := frame.NewYUV(size[0], size[1])
		for y := range f.Y.H {
			for x := range f.Y.W {
				f.Y.Row(y)[x] = byte(100 + x + y/2)
			}
		}
		for y := range f.U.H {
			for x := range f.U.W {
				f.U.Row(y)[x], f.V.Row(y)[x] = byte(100+x), byte(150-y)
			}
		}
		data, err := vision.EncodeJPEG(f, scene.Box{}, 0, 98)
		if err != nil {
			t.Fatal(err)
		}
		back, err := vision.DecodeJPEG(data)
		if err != nil {
			t.Fatal(err)
		}
		if back.Y.W != f.Y.W || back.Y.H != f.Y.H {
			t.Fatalf("%v comes back as %d×%d", size, back.Y.W, back.Y.H)
		}
		for name, p := range map[string][2]frame.Plane{"Y": {f.Y, back.Y}, "U": {f.U, back.U}, "V": {f.V, back.V}} {
			if d := meanDifference(p[0], p[1]); d > 2 {
				t.Errorf("%v: %s differs by %.1f in the mean", size, name, d)
			}
		}
	}
}

func meanDifference(a, b frame.Plane) float64 {
	sum := 0.0
	for y := range a.H {
		for x, v := range a.Row(y) {
			sum += math.Abs(float64(v) - float64(b.Row(y)[x]))
		}
	}
	return sum / float64(a.W*a.H)
}

// TestJPEGIsSeenByOthers reads what is written with Go's own decoder.
func TestJPEGIsSeenByOthers(t *testing.T) {
	f := solid(120, 90, 81, 90, 240) // red
	data, err := vision.EncodeJPEG(f, scene.Box{X: 20, Y: 10, W: 80, H: 40}, 50, 90)
	if err != nil {
		t.Fatal(err)
	}
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if got := img.Bounds().Size(); got != image.Pt(50, 25) {
		t.Errorf("a picture of %v", got)
	}
	r, g, b, _ := img.At(25, 12).RGBA()
	if r>>8 < 250 || g>>8 > 6 || b>>8 > 6 {
		t.Errorf("red is %d,%d,%d", r>>8, g>>8, b>>8)
	}
}

func TestJPEGOfOthers(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 31, 15))
	for i := range 31 * 15 {
		img.Set(i%31, i/31, color.RGBA{0, 0, 255, 255})
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	f, err := vision.DecodeJPEG(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{41, 240, 110} {
		p := []frame.Plane{f.Y, f.U, f.V}[i]
		if got := int(p.Row(7)[7]); got < want-3 || got > want+3 {
			t.Errorf("plane %d of blue is %d, not %d", i, got, want)
		}
	}
}

func TestBadJPEG(t *testing.T) {
	good, err := vision.EncodeJPEG(noise(64, 64), scene.Box{}, 0, 90)
	if err != nil {
		t.Fatal(err)
	}
	// The frame header's height and width say 65535 each.
	huge := bytes.Clone(good)
	at := bytes.Index(huge, []byte{0xff, 0xc0})
	copy(huge[at+5:], []byte{0xff, 0xff, 0xff, 0xff})
	for name, data := range map[string][]byte{
		"nothing": nil, "text": []byte("no picture"), "start only": good[:20], "huge": huge,
		"PNG": []byte("\x89PNG\r\n\x1a\n0000000000000000"),
	} {
		if _, err := vision.DecodeJPEG(data); fault.KindOf(err) != fault.BadInput {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDecodeJPEG(f *testing.F) {
	good, err := vision.EncodeJPEG(noise(16, 16), scene.Box{}, 0, 50)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte{0xff, 0xd8, 0xff, 0xd9})
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := vision.DecodeJPEG(data)
		if err != nil {
			return
		}
		if len(p.Y.Pix) != p.Y.W*p.Y.H || p.U.W != (p.Y.W+1)/2 || p.V.H != (p.Y.H+1)/2 {
			t.Errorf("planes of %d×%d", p.Y.W, p.Y.H)
		}
	})
}

func TestVersion(t *testing.T) {
	if v := vision.Version(); !strings.HasPrefix(v, "4.") {
		t.Errorf("version %q", v)
	}
}
