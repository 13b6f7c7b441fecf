package render

import (
	"bytes"
	"image"
	"image/jpeg"
	"math"
	"os"
	"path/filepath"
	"testing"

	"posteriori/engine/frame"
	"posteriori/engine/media"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// The stage: a person of known opacity before a wall and on a floor, with a
// shadow on the floor, laid over the same place at another hour where a
// dark person stands half behind.
const (
	stageW, stageH = 480, 360
	stageStep      = 4 // samples of the picture a sample of the motion plane
)

// person is the true opacity of one: a head, a body and a leg, with edges
// soft over two samples. Their middle is at (x, y).
func person(x, y float64) func(i, j int) float64 {
	part := func(u, v, cx, cy, rx, ry float64) float64 {
		d := math.Hypot((u-cx)/rx, (v-cy)/ry)
		return min(max((1-d)*min(rx, ry)/2+.5, 0), 1)
	}
	return func(i, j int) float64 {
		u, v := float64(i)+.5-x, float64(j)+.5-y
		return max(part(u, v, 0, -75, 20, 25), part(u, v, 0, -10, 38, 50), part(u, v, -12, 60, 12, 45), part(u, v, 14, 60, 12, 45))
	}
}

// onFloor is how much of the light a person's shadow leaves.
func onFloor(x, y float64) func(i, j int) float64 {
	return func(i, j int) float64 {
		u, v := (float64(i)-x-45)/40, (float64(j)-y-98)/14
		return 1 - .35*min(max(1.3-math.Hypot(u, v), 0)/.6, 1)
	}
}

// stage is the place in a light: a bright wall, a dark beam, a striped floor.
func stage(light float64) frame.YUV {
	y := frame.NewYUV(stageW, stageH)
	paint(y, 128)
	for j := range stageH {
		for i := range stageW {
			v := 196 + 8*math.Sin(float64(i)/40)
			switch {
			case j >= 230:
				v = 110 + 18*math.Sin(float64(i)/9+float64(j)/30)
			case i >= 300 && i < 340:
				v = 140
			}
			y.Y.Row(j)[i] = byte(v*light + .5)
			if j >= 230 {
				y.U.Row(j / 2)[i/2], y.V.Row(j / 2)[i/2] = 104, 150
			}
		}
	}
	return y
}

// wear is the person's own colours: hair, clothes with a pattern.
func wear(dark, y float64) func(i, j int) (l, u, v float64) {
	return func(i, j int) (float64, float64, float64) {
		if float64(j) < y-55 {
			return dark * .6, 122, 138
		}
		return dark + 8*math.Sin(float64(i+j)/5), 132, 124
	}
}

// put is the ideal composition: a person with its shadow laid over a picture.
func put(dst frame.YUV, opacity, shade func(i, j int) float64, colour func(i, j int) (l, u, v float64)) {
	for j := range stageH {
		for i := range stageW {
			a, s := opacity(i, j), shade(i, j)
			l, u, v := colour(i, j)
			p := &dst.Y.Row(j)[i]
			*p = byte(float64(*p)*s*(1-a) + l*a + .5)
			if i&1 == 0 && j&1 == 0 {
				a = (a + opacity(i+1, j) + opacity(i, j+1) + opacity(i+1, j+1)) / 4
				p := &dst.U.Row(j / 2)[i/2]
				*p = byte(128 + (float64(*p)-128)*s*(1-a) + (u-128)*a + .5)
				p = &dst.V.Row(j / 2)[i/2]
				*p = byte(128 + (float64(*p)-128)*s*(1-a) + (v-128)*a + .5)
			}
		}
	}
}

// maskOf is what the motion model makes of a person: samples a third of which
// is the person's or in its shadow.
func maskOf(t int64, opacity, shade func(i, j int) float64) scene.Mask {
	w, h := stageW/stageStep, stageH/stageStep
	m := scene.Mask{TUS: t, W: w, H: h, Bits: make([]byte, (w+7)/8*h)}
	for y := range h {
		for x := range w {
			sum := 0.
			for k := range stageStep * stageStep {
				i, j := x*stageStep+k%stageStep, y*stageStep+k/stageStep
				sum += max(opacity(i, j), min(1, 4*(1-shade(i, j))))
			}
			if sum > stageStep*stageStep/3. {
				m.Bits[y*((w+7)/8)+x/8] |= 0x80 >> (x % 8)
			}
		}
	}
	return m
}

// plateOf is a picture as a background plate is kept.
func plateOf(t testing.TB, y frame.YUV) []byte {
	img := image.NewYCbCr(image.Rect(0, 0, y.Y.W, y.Y.H), image.YCbCrSubsampleRatio420)
	full := func(v byte, of float64, from float64) byte {
		return byte(min(max((float64(v)-from)*255/of+from*255/of*0, 0), 255))
	}
	for i, v := range y.Y.Pix {
		img.Y[i] = full(v, 219, 16)
	}
	for i := range y.U.Pix {
		img.Cb[i] = byte(min(max(128+(float64(y.U.Pix[i])-128)*255/224+.5, 0), 255))
		img.Cr[i] = byte(min(max(128+(float64(y.V.Pix[i])-128)*255/224+.5, 0), 255))
	}
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, img, &jpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// noisy adds what a sensor does.
func noisy(y frame.YUV) frame.YUV {
	seed := uint32(7)
	for i := range y.Y.Pix {
		seed = seed*1664525 + 1013904223
		y.Y.Pix[i] = byte(int(y.Y.Pix[i]) + int(seed>>30) - 1)
	}
	return y
}

// act is one play of the stage: what is laid over what, and what would be
// ideal.
type act struct {
	source, under, ideal frame.YUV
	job                  *wire.RenderJob
}

const actX, actY = 210., 180. // where the person stands

// newAct makes the stage's play: the source a little lighter than when its
// plate was kept, the mask up to a second old, as at rest.
func newAct(t testing.TB) *act { return newActAt(t, stage) }

// newActAt is the same at another place.
func newActAt(t testing.TB, stage func(light float64) frame.YUV) *act {
	opacity, shade := person(actX, actY), onFloor(actX, actY)
	a := &act{source: stage(1.04), under: stage(.8), ideal: frame.NewYUV(stageW, stageH)}
	put(a.source, opacity, shade, wear(70, actY))
	noisy(a.source)
	put(a.under, person(255, 165), func(i, j int) float64 { return 1 }, wear(40, 165))
	place(a.ideal.Y, a.under.Y, 0, 0)
	place(a.ideal.U, a.under.U, 0, 0)
	place(a.ideal.V, a.under.V, 0, 0)
	put(a.ideal, opacity, shade, wear(70, actY))

	dir := t.TempDir()
	job := &wire.RenderJob{Width: stageW, Height: stageH, FrameUS: 40_000, Frames: 1, Scratch: dir, Blobs: filepath.Join(dir, "blobs"),
		Sources: []wire.RenderSource{{Probe: wire.Probe{Width: stageW, Height: stageH, FrameUS: 40_000}, PlaneW: stageW / stageStep, PlaneH: stageH / stageStep}}}
	job.Backs = []wire.RenderBack{{TUS: 3600 * second, JPEG: blob(t, job, plateOf(t, stage(.5)))}} // of what is shown: evening
	job.Plates = []wire.RenderPlate{{TUS: 60 * second, JPEG: blob(t, job, plateOf(t, stage(1)))}}
	box := scene.Box{X: actX - 38, Y: actY - 100, W: 76, H: 205}
	path := scene.Path{{TUS: 0, Box: box}, {TUS: 2 * second, Box: box}}
	then := maskOf(1_300_000, person(actX-5, actY+2), onFloor(actX-5, actY+2))
	job.Tubes = []wire.RenderTube{{
		Path: blob(t, job, scene.PackPath(path)), Masks: blob(t, job, scene.PackMasks([]scene.Mask{then})),
		Plays: []wire.RenderPlay{{Frames: 1, FromUS: 900_000, ToUS: 1_000_000}},
	}}
	a.job = job
	return a
}

// play cuts the person out and lays it over the other picture.
func (a *act) play(t testing.TB) (got frame.YUV) {
	r, err := newRenderer(a.job, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	c := cutter{r: r, shows: r.showings(0), beside: r.bystanders(0)}
	if err := c.cut(&media.Frame{TUS: 940_000, Full: &a.source}, 980_000); err != nil {
		t.Fatal(err)
	}
	if err := c.finish(); err != nil {
		t.Fatal(err)
	}
	if len(r.spool.cuts) != 1 {
		t.Fatalf("%d cut-outs", len(r.spool.cuts))
	}
	if err := r.paste(a.under, &r.spool.cuts[0]); err != nil {
		t.Fatal(err)
	}
	return a.under
}

// A person cut out of one hour and laid over another, where somebody else
// stands, looks as if it had stood there: no ring of its own wall about it, its
// shadow dark and not grey, itself unchanged.
func TestNoHalo(t *testing.T) {
	a := newAct(t)
	got := a.play(t)
	if dir := os.Getenv("HALO_PICTURES"); dir != "" {
		for name, y := range map[string]frame.YUV{"got": got, "ideal": a.ideal, "source": a.source} {
			if err := os.WriteFile(filepath.Join(dir, name+".jpg"), plateOf(t, y), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	opacity, shade, other := person(actX, actY), onFloor(actX, actY), person(255, 165)
	around := func(i, j int) bool { // up to 16 samples outside the body, not on the floor
		if opacity(i, j) > .02 || j > 225 {
			return false
		}
		for a := range 16 {
			s, c := math.Sincos(float64(a) * math.Pi / 8)
			for d := 2.; d <= 16; d += 2 {
				if opacity(i+int(c*d), j+int(s*d)) > .5 {
					return true
				}
			}
		}
		return false
	}
	for _, m := range []struct {
		name string
		in   func(i, j int) bool
		most float64 // mean error of luma; in brackets that of the mask pasted with a soft rim
	}{
		{"around it", around, 1}, // (13.6)
		{"around it, over the other", func(i, j int) bool { return around(i, j) && other(i, j) == 1 }, 1},    // (7.2)
		{"at its edge", func(i, j int) bool { a := opacity(i, j); return a > .02 && a < .98 && j < 225 }, 9}, // (28.9)
		{"in its shadow", func(i, j int) bool { return shade(i, j) < .8 && opacity(i, j) == 0 }, 6},          // (20)
		{"of itself", func(i, j int) bool { return opacity(i, j) == 1 }, 2},                                  // (1.3)
	} {
		sum, n, worst := 0., 0., 0.
		for j := range stageH {
			for i := range stageW {
				if m.in(i, j) {
					d := math.Abs(float64(got.Y.Row(j)[i]) - float64(a.ideal.Y.Row(j)[i]))
					sum, n, worst = sum+d, n+1, max(worst, d)
				}
			}
		}
		t.Logf("%-27s mean error %4.1f, most %3.0f of luma, over %.0f samples", m.name, sum/n, worst, n)
		if sum/n > m.most || n < 100 {
			t.Errorf("%s the mean error is %.1f of luma over %.0f samples, more than %g", m.name, sum/n, n, m.most)
		}
	}
}

// A rail behind the person, as dark as the clothes before it, does not cut it in
// two.
func TestRailDoesNotCut(t *testing.T) {
	const top, bottom = 164, 176
	a := newActAt(t, func(light float64) frame.YUV {
		y := stage(light)
		for j := top; j < bottom; j++ {
			for i := range stageW {
				y.Y.Row(j)[i] = byte(70*light + .5)
			}
		}
		return y
	})
	for j := top; j < bottom; j++ { // the other hour has no rail: what is missing of the person shows
		for i := range stageW {
			a.under.Y.Row(j)[i] = 180
		}
	}
	got, opacity := a.play(t), person(actX, actY)
	sum, n := 0., 0.
	for j := top; j < bottom; j++ {
		for i := range stageW {
			if opacity(i-4, j) == 1 && opacity(i+4, j) == 1 {
				sum += math.Abs(float64(got.Y.Row(j)[i]) - float64(a.source.Y.Row(j)[i]))
				n++
			}
		}
	}
	t.Logf("before the rail the mean error is %.1f of luma over %.0f samples", sum/n, n)
	if sum/n > 3 || n < 500 { // 35 without the bridge
		t.Errorf("before the rail the mean error is %.1f of luma over %.0f samples", sum/n, n)
	}
}

// A rim in the colour of the class runs about the person and not about the
// shadow.
func TestRimFollowsTheBody(t *testing.T) {
	a := newAct(t)
	a.job.Tubes[0].Colour = &wire.RGB{0, 0, 255}
	got := a.play(t)
	opacity, shade := person(actX, actY), onFloor(actX, actY)
	blue := func(i, j int) bool { return got.U.Row(j / 2)[i/2] > 170 }
	rows, rimmed := 0, 0
	for j := int(actY) - 95; j < 225; j += 2 {
		left, right := -1, -1
		for i := range stageW {
			if opacity(i, j) > .5 {
				if left < 0 {
					left = i
				}
				right = i
			}
		}
		l, r := false, false
		for d := range 10 {
			l, r = l || blue(left-d, j), r || blue(right+d, j)
		}
		rows++
		if l && r {
			rimmed++
		}
	}
	if rimmed < rows*95/100 {
		t.Errorf("the rim stands on both sides of the person in %d of %d rows", rimmed, rows)
	}
	shadow, on := 0, 0
	for j := 0; j < stageH; j += 2 {
		for i := int(actX) + 45; i < stageW; i += 2 {
			if shade(i, j) < .97 {
				shadow++
				if blue(i, j) {
					on++
				}
			}
		}
	}
	t.Logf("rim on both sides in %d of %d rows, on %d of %d samples of the shadow", rimmed, rows, on, shadow)
	if shadow < 100 || on > shadow/50 {
		t.Errorf("the rim covers %d of %d samples of the shadow", on, shadow)
	}
}

// BenchmarkCut is one cut-out of a large object, made and laid over a picture.
func BenchmarkCut(b *testing.B) {
	a := newAct(b)
	r, err := newRenderer(a.job, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer r.close()
	f := &media.Frame{TUS: 940_000, Full: &a.source}
	c := cutter{r: r}
	for b.Loop() {
		c.shows = r.showings(0)
		if err := c.cut(f, 980_000); err != nil {
			b.Fatal(err)
		}
		if err := c.finish(); err != nil {
			b.Fatal(err)
		}
		if err := r.paste(a.under, &r.spool.cuts[0]); err != nil {
			b.Fatal(err)
		}
		r.spool.cuts, r.spool.end = r.spool.cuts[:0], 0
	}
}
