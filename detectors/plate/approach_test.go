package plate_test

import (
	"math/rand/v2"
	"path/filepath"
	"testing"

	"posteriori/detectors/detectortest"
	"posteriori/engine/frame"
	lp "posteriori/engine/plate"
	"posteriori/engine/scene"
)

// view is how a camera sees the drawn vehicle in one frame.
type view struct {
	scale float64 // of the picture; the plate is 120 pixels wide at 1
	blur  int     // pixels that it moves while the shutter is open
	light float64 // share of the luma that is left
	noise float64 // standard deviation, luma steps
}

// seen is f in that view: smaller, smeared along the line, darker, noisy.
func (v view) seen(f frame.YUV, rng *rand.Rand) frame.YUV {
	w, h := int(float64(f.Y.W)*v.scale)&^1, int(float64(f.Y.H)*v.scale)&^1
	out := frame.NewYUV(w, h)
	shrink(out.Y, f.Y)
	shrink(out.U, f.U)
	shrink(out.V, f.V)
	for y := range h {
		row := out.Y.Row(y)
		sharp := append([]byte(nil), row...)
		for x := range row {
			sum, n := 0, 0
			for i := max(0, x-v.blur/2); i <= min(w-1, x+v.blur/2); i++ {
				sum, n = sum+int(sharp[i]), n+1
			}
			luma := 16 + (float64(sum)/float64(n)-16)*v.light + rng.NormFloat64()*v.noise
			row[x] = byte(min(max(luma, 16), 235))
		}
	}
	return out
}

// shrink fills dst with the mean of what each sample covers in src.
func shrink(dst, src frame.Plane) {
	for y := range dst.H {
		y0, y1 := y*src.H/dst.H, max((y+1)*src.H/dst.H, y*src.H/dst.H+1)
		for x := range dst.W {
			x0, x1 := x*src.W/dst.W, max((x+1)*src.W/dst.W, x*src.W/dst.W+1)
			sum := 0
			for j := y0; j < y1; j++ {
				for _, v := range src.Row(j)[x0:x1] {
					sum += int(v)
				}
			}
			dst.Row(y)[x] = byte(sum / ((x1 - x0) * (y1 - y0)))
		}
	}
}

// TestFusedReadsOfAnApproach: a vehicle comes nearer at dusk, smeared and
// small in most frames. Many single reads are wrong; together they are right,
// and every raw read stays as it was.
func TestFusedReadsOfAnApproach(t *testing.T) {
	f := open(t, "plate-detector-320", "plate-reader-eu")
	pic := detectortest.JPEG(t, filepath.Join("testdata", "drawn.jpg"))
	at := scene.Box{X: 270, Y: 255, W: 120, H: 28}
	rng := rand.New(rand.NewPCG(4, 1))
	var reads []lp.Read
	wrong := 0
	for i := range 16 {
		v := view{scale: .3 + .025*float64(i), blur: 1 + i%4, light: .35, noise: 4}
		box := scene.Box{X: at.X * v.scale, Y: at.Y * v.scale, W: at.W * v.scale, H: at.H * v.scale}
		r, err := f.Reader.Read(v.seen(pic, rng), box)
		if err != nil {
			t.Fatal(err)
		}
		r.TUS = int64(i) * 40_000
		reads = append(reads, r)
		if r.Text() != "AB123CD" {
			wrong++
		}
		t.Logf("%2.0f px: %s %.2f", box.W, r.Text(), r.Score())
	}
	l := lp.Fuse(reads)
	text, score := l.Best()
	t.Logf("%d of %d wrong; together %s %.2f", wrong, len(reads), text, score)
	if wrong < 4 {
		t.Errorf("only %d reads of %d are wrong: that tells nothing of fusing", wrong, len(reads))
	}
	if text != "AB123CD" {
		t.Errorf("together read as %s", text)
	}
	if len(l.Reads) != len(reads) {
		t.Errorf("%d reads of %d were kept", len(l.Reads), len(reads))
	}
}
