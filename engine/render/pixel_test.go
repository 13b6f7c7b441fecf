package render

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"posteriori/engine/frame"
	"posteriori/engine/scene"
)

func randomPlane(t *rapid.T, w, h int, name string) frame.Plane {
	p := frame.NewPlane(w, h)
	copy(p.Pix, rapid.SliceOfN(rapid.Byte(), w*h, w*h).Draw(t, name))
	return p
}

// stripsOf is a cut-out as it comes back from a spool.
func stripsOf(src frame.YUV, alpha frame.Plane) (out []strip) {
	var buf []byte
	for j := 0; j < alpha.H; j += 2 {
		p := strip{y: [2][]byte{src.Y.Row(j), src.Y.Row(j + 1)}, a: [2][]byte{alpha.Row(j), alpha.Row(j + 1)}, u: src.U.Row(j / 2), v: src.V.Row(j / 2)}
		p.body = p.a
		buf = p.pack(buf, false)
	}
	for len(buf) > 0 {
		var p strip
		p, buf = unpack(buf, false)
		out = append(out, p)
	}
	return out
}

// pasteAll lays a cut-out over a picture.
func pasteAll(dst frame.YUV, strips []strip, x, y int) {
	seam := seamLight(dst.Y, strips, x, y)
	for j := range strips {
		strips[j].blend(dst, x, y+2*j, seam)
	}
}

// Where the outline is full the recording's own samples stand; where it is
// empty the background is untouched.
func TestBlendKeepsSamples(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := 2*rapid.IntRange(1, 8).Draw(t, "w"), 2*rapid.IntRange(1, 8).Draw(t, "h")
		dst, src := frame.NewYUV(24, 24), frame.NewYUV(w, h)
		dst.Y, dst.U, dst.V = randomPlane(t, 24, 24, "Y"), randomPlane(t, 12, 12, "U"), randomPlane(t, 12, 12, "V")
		src.Y = randomPlane(t, w, h, "y")
		alpha := frame.NewPlane(w, h)
		for i := 0; i < len(alpha.Pix); i++ {
			a := rapid.SampledFrom([]byte{0, 60, 255}).Draw(t, "a")
			for n := rapid.SampledFrom([]int{1, 3, 8, 16}).Draw(t, "of them"); n > 0 && i < len(alpha.Pix); n-- {
				alpha.Pix[i] = a
				i++
			}
			i--
		}
		before := bytes.Clone(dst.Y.Pix)
		x, y := 2*rapid.IntRange(0, (24-w)/2).Draw(t, "x"), 2*rapid.IntRange(0, (24-h)/2).Draw(t, "y2")
		pasteAll(dst, stripsOf(src, alpha), x, y)
		for j := range 24 {
			for i := range 24 {
				k := j*24 + i
				in := i >= x && i < x+w && j >= y && j < y+h
				switch {
				case !in || alpha.Row(j - y)[i-x] == 0:
					if dst.Y.Pix[k] != before[k] {
						t.Fatalf("(%d,%d) outside the outline changed", i, j)
					}
				case alpha.Row(j - y)[i-x] == 255:
					if dst.Y.Pix[k] != src.Y.Row(j - y)[i-x] {
						t.Fatalf("(%d,%d) of the object changed", i, j)
					}
				}
			}
		}
	})
}

// A cut-out of the background itself, darker by some steps, leaves no step.
func TestSeamIsEvenedOut(t *testing.T) {
	dst, src := frame.NewYUV(40, 40), frame.NewYUV(40, 40)
	paint(dst, 120)
	paint(src, 90)
	g := grid{w: 40, h: 40, a: make([]byte, 40*40)}
	g.ellipse(scene.Box{X: 4, Y: 4, W: 32, H: 32}, .6)
	alpha := frame.Plane{Pix: g.a, W: 40, H: 40, Stride: 40}
	pasteAll(dst, stripsOf(src, alpha), 0, 0)
	for x := range 40 {
		a := int(alpha.Row(20)[x])
		v := int(dst.Y.Row(20)[x])
		if a < 64 && v < 112 {
			t.Errorf("luma %d at %d where a quarter is the object", v, x)
		}
		if a == 255 && v != 90 {
			t.Errorf("the object itself has luma %d", v)
		}
	}
}

func TestFillHoles(t *testing.T) {
	w, h := 7, 5
	ring := []byte("" +
		"\x00\x00\x00\x00\x00\x00\x00" +
		"\x00\xff\xff\xff\xff\xff\x00" +
		"\x00\xff\x00\x00\x00\xff\x00" +
		"\x00\xff\xff\xff\xff\xff\x00" +
		"\x00\x00\x00\x00\x00\x00\xff")
	fillHoles(ring, make([]byte, w*h), w, h)
	for x := 1; x <= 5; x++ {
		if ring[2*w+x] != 255 {
			t.Errorf("hole at %d", x)
		}
	}
	if ring[0] != 0 || ring[2*w] != 0 || ring[4*w+1] != 0 {
		t.Error("filled outside")
	}
}

func TestFitInto(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sw, sh := rapid.IntRange(1, 4000).Draw(t, "sw"), rapid.IntRange(1, 4000).Draw(t, "sh")
		w, h := 2*rapid.IntRange(8, 960).Draw(t, "w"), 2*rapid.IntRange(8, 960).Draw(t, "h")
		f := fitInto(sw, sh, w, h)
		if f.x < 0 || f.y < 0 || f.w < 2 || f.h < 2 || f.x+f.w > w || f.y+f.h > h || (f.x|f.y|f.w|f.h)&1 != 0 {
			t.Fatalf("%+v in %d×%d", f, w, h)
		}
		if f.w < w-3 && f.h < h-3 {
			t.Fatalf("%+v fills neither side of %d×%d", f, w, h)
		}
	})
}

func TestStampText(t *testing.T) {
	for want, got := range map[string]string{
		"+0:01:05":           stampText(0, 65_900_000, true, "", ""),
		"22:13:20 ×4":        stampText(1_700_000_000_000_000, 0, false, "", "×4"),
		"14/11 22:13:21":     stampText(1_700_000_000_000_000, 1_000_000, true, "", ""),
		"A +25:00:00 1/2":    stampText(0, 25*3600*second, false, "A", "1/2"),
		"cam 1 +0:00:00 1/2": stampText(0, 0, false, "cam 1", "1/2"),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Stamps stay in the picture, keep apart when there is room, and do not jump
// when their object trembles.
func TestStampsKeepApart(t *testing.T) {
	st := newStamper(400, 300)
	var lastX, lastY int
	for f := range int64(20) {
		a := rect{100 + int(f%2), 100, 40, 80}
		b := rect{110, 95, 40, 80}
		st.begin([]rect{a, b})
		x, y := st.place([2]int32{0, 0}, a, 60, 14, f)
		u, v := st.place([2]int32{1, 0}, b, 60, 14, f)
		if n := (rect{x, y, 60, 14}).overlap(rect{u, v, 60, 14}); n > 0 {
			t.Fatalf("frame %d: stamps share %d pixels", f, n)
		}
		if f > 0 && (abs(x-lastX) > 2 || abs(y-lastY) > 2) {
			t.Fatalf("frame %d: stamp jumps from %d,%d to %d,%d", f, lastX, lastY, x, y)
		}
		lastX, lastY = x, y
	}
	rapid.Check(t, func(t *rapid.T) {
		i := rapid.IntRange(-50, 400)
		r := rect{i.Draw(t, "x"), i.Draw(t, "y"), rapid.IntRange(1, 400).Draw(t, "w"), rapid.IntRange(1, 300).Draw(t, "h")}
		st := newStamper(400, 300)
		st.begin([]rect{r})
		if x, y := st.place([2]int32{}, r, 60, 14, 0); x < 0 || y < 0 || x+60 > 400 || y+14 > 300 {
			t.Fatalf("stamp at %d,%d", x, y)
		}
	})
}

// A stamp keeps up with an object that goes fast: it does not come to lie on it.
func TestStampsKeepUp(t *testing.T) {
	st := newStamper(400, 900)
	for f := range int64(20) {
		a := rect{100, 700 - 30*int(f), 40, 160}
		st.begin([]rect{a})
		x, y := st.place([2]int32{}, a, 60, 15, f)
		if n := (rect{x, y, 60, 15}).overlap(a); n > 60*15/3 {
			t.Fatalf("frame %d: the stamp lies on its object with %d of %d pixels", f, n, 60*15)
		}
	}
}

func abs(v int) int { return max(v, -v) }

// Text is legible on any ground: white inside, dark around, accents drawn.
func TestTextHasOutline(t *testing.T) {
	face, err := newTypeface(16)
	if err != nil {
		t.Fatal(err)
	}
	draw := func(s string) []byte {
		pic := frame.NewYUV(120, 32)
		paint(pic, 235)
		face.draw(&pic, 2, 2, s, white)
		return pic.Y.Pix
	}
	dark := 0
	for _, v := range draw("12:34") {
		if v < 60 {
			dark++
		}
	}
	if dark < 100 {
		t.Errorf("%d dark samples on a white ground", dark)
	}
	if bytes.Equal(draw("E"), draw("É")) || bytes.Equal(draw("—"), draw("?")) || bytes.Equal(draw("×"), draw("?")) || bytes.Equal(draw("’"), draw("?")) {
		t.Error("a character is missing from the font")
	}
	if !bytes.Equal(draw("\u4e2d"), draw("?")) {
		t.Error("an unknown character is not shown as one")
	}
	pic := frame.NewYUV(20, 10)
	face.draw(&pic, -30, -8, "outside the picture", white) // must not panic
	if face.width("11") <= face.width("1") {
		t.Error("width does not grow")
	}
}

// Resampling keeps a flat picture flat and the mean of any.
func TestResample(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src := frame.NewPlane(rapid.IntRange(1, 20).Draw(t, "w"), rapid.IntRange(1, 20).Draw(t, "h"))
		lo, hi := byte(255), byte(0)
		for i := range src.Pix {
			src.Pix[i] = rapid.Byte().Draw(t, "v")
			lo, hi = min(lo, src.Pix[i]), max(hi, src.Pix[i])
		}
		dst := frame.NewPlane(rapid.IntRange(1, 40).Draw(t, "dw"), rapid.IntRange(1, 40).Draw(t, "dh"))
		resample(dst, src)
		for _, v := range dst.Pix {
			if v < lo || v > hi {
				t.Fatalf("%d outside %d–%d", v, lo, hi)
			}
		}
	})
}

// A strip comes back without the empty columns at its ends.
func TestSpoolGivesBackWhatItGot(t *testing.T) {
	s, err := newSpool(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	const n, h = 12, 4
	q := [2]page{{s: s}, {s: s}}
	for i := range 5 {
		pg := &q[i/3]
		c := cut{w: n, h: h, tube: int32(i), rimmed: i%2 == 1}
		for j := 0; j < h; j += 2 {
			p := pg.blank(n, c.rimmed)
			clear(pg.blanks)
			for k := range p.y[1] {
				p.y[1][k] = byte(16*i + k)
			}
			p.v[2], p.a[0][5], p.a[1][4] = byte(20+i), byte(10+i), 9
			if c.rimmed {
				p.body[1][9] = byte(30 + i)
			}
			pg.put(&p, c.rimmed)
		}
		p := pg.blank(n, c.rimmed)
		clear(pg.blanks)
		pg.put(&p, c.rimmed) // nothing in it
		if err := pg.add(c); err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			if err := pg.flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := range q {
		if err := q[i].flush(); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.cuts) != 5 {
		t.Fatalf("%d cut-outs came back", len(s.cuts))
	}
	for i := range s.cuts {
		strips, err := s.read(&s.cuts[i])
		if err != nil {
			t.Fatal(err)
		}
		if len(strips) != h/2+1 || len(strips[h/2].u) != 0 {
			t.Fatalf("cut-out %d came back in %d strips", i, len(strips))
		}
		p := strips[1]
		wide := 2
		if i%2 == 1 {
			wide = 6
			if p.body[1][5] != byte(30+i) {
				t.Errorf("the body of cut-out %d came back as %v", i, p.body)
			}
		}
		if p.x != 4 || len(p.y[0]) != wide || len(p.u) != wide/2 {
			t.Fatalf("cut-out %d came back with %d columns from %d on", i, len(p.y[0]), p.x)
		}
		if p.y[1][1] != byte(16*i+5) || p.a[0][1] != byte(10+i) || p.a[1][0] != 9 || p.v[0] != byte(20+i) {
			t.Errorf("cut-out %d came back wrong", i)
		}
	}
	if _, err := newSpool("/none/such"); err == nil {
		t.Error("a scratch folder that does not exist was taken")
	}
}
