package render

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"posteriori/engine/fault"
	"posteriori/engine/frame"
	"posteriori/engine/media"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// clipDir holds the one scene that all tests read.
var clipDir string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "render-test-")
	if err != nil {
		panic(err)
	}
	clipDir = dir
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		os.RemoveAll(dir)
		os.Exit(code)
	}))
}

// The scene: a white block of 40×60 crosses a grey picture of 320×240 at 60
// pixels a second, 100 pixels from the top, for four seconds at 25 a second.
const (
	sceneW, sceneH = 320, 240
	greyLuma       = 98 // 0x606060, limited range
)

func blockAt(us int64) scene.Box {
	return scene.Box{X: 60 * float64(us) / 1e6, Y: 100, W: 40, H: 60}
}

func blockPath(from, to int64) (p scene.Path) {
	for us := from; us <= to; us += 40_000 {
		p = append(p, scene.PathPoint{TUS: us, Box: blockAt(us)})
	}
	return p
}

// sourceClip renders the scene and probes it.
func sourceClip(t *testing.T) wire.RenderSource {
	t.Helper()
	name := filepath.Join(clipDir, "block.mp4")
	if _, err := os.Stat(name); err != nil {
		cmd := exec.Command("ffmpeg", "-v", "error", "-filter_complex",
			"color=c=0x606060:s=320x240:r=25:d=4[b];color=c=white:s=40x60:r=25:d=4[w];[b][w]overlay=x='t*60':y=100,format=yuv420p",
			"-c:v", "libx264", "-preset", "ultrafast", "-crf", "8", "-g", "25", name)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("ffmpeg cannot make the scene: %v: %s", err, out)
		}
	}
	p, err := media.Probe(context.Background(), name, 60_000_000)
	if err != nil {
		t.Fatal(err)
	}
	return wire.RenderSource{Path: name, Probe: *p, PlaneW: 160, PlaneH: 120}
}

func newJob(t *testing.T, frames int64) *wire.RenderJob {
	dir := t.TempDir()
	scratch := filepath.Join(dir, "scratch")
	if err := os.Mkdir(scratch, 0o700); err != nil {
		t.Fatal(err)
	}
	return &wire.RenderJob{
		Out: filepath.Join(dir, "out.mp4"), Scratch: scratch, Width: sceneW, Height: sceneH + 18, Band: 18,
		FrameUS: 40_000, Frames: frames, Mark: "MONTAGE DÉMONSTRATION", Sources: []wire.RenderSource{sourceClip(t)},
	}
}

// blob appends bytes to the job's file of them.
func blob(t testing.TB, job *wire.RenderJob, b []byte) wire.Blob {
	t.Helper()
	if job.Blobs == "" {
		job.Blobs = filepath.Join(job.Scratch, "blobs")
	}
	f, err := os.OpenFile(job.Blobs, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	at, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(b); err != nil {
		t.Fatal(err)
	}
	return wire.Blob{At: at, Len: int64(len(b))}
}

// pictures decodes a video into copies of its pictures.
func pictures(t *testing.T, name string) []frame.YUV {
	t.Helper()
	p, err := media.Probe(context.Background(), name, 60_000_000)
	if err != nil {
		t.Fatal(err)
	}
	d, err := media.Open(context.Background(), name, p, media.DecodeOptions{ToPTS: 1 << 62, AllFull: true})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var out []frame.YUV
	for {
		f, err := d.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		c := frame.NewYUV(f.Full.Y.W, f.Full.Y.H)
		copyPart(c.Y, f.Full.Y, 0, 0)
		copyPart(c.U, f.Full.U, 0, 0)
		copyPart(c.V, f.Full.V, 0, 0)
		out = append(out, c)
		f.Release()
	}
}

// mean luma of a rectangle.
func mean(y frame.YUV, b scene.Box) float64 {
	sum, n := 0, 0
	for j := int(b.Y); j < int(b.Y+b.H); j++ {
		for i := int(b.X); i < int(b.X+b.W); i++ {
			sum += int(y.Y.Row(j)[i])
			n++
		}
	}
	return float64(sum) / float64(n)
}

// brightest luma in a rectangle.
func brightest(y frame.YUV, b scene.Box) (v byte) {
	for j := max(0, int(b.Y)); j < int(b.Y+b.H); j++ {
		for i := max(0, int(b.X)); i < min(y.Y.W, int(b.X+b.W)); i++ {
			v = max(v, y.Y.Row(j)[i])
		}
	}
	return v
}

func greyJPEG(t *testing.T, w, h int, v uint8) []byte {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = v
	}
	img.Set(0, 0, color.Black)
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// One block is shown twice at once, a second and a half apart in its life:
// each place, its own stamp, the background between them, and the mark.
func TestObjectsShowTogether(t *testing.T) {
	job := newJob(t, 50)
	path := scene.PackPath(blockPath(0, 3_960_000))
	job.Backs = []wire.RenderBack{{JPEG: blob(t, job, greyJPEG(t, 160, 120, 0x60))}}
	job.Tubes = []wire.RenderTube{
		{Path: blob(t, job, path), Plays: []wire.RenderPlay{{Start: 0, Frames: 50, FromUS: 0, ToUS: 2_000_000}}},
		{Path: blob(t, job, path), ClockUS: 1_700_000_000_000_000, Plays: []wire.RenderPlay{{Start: 10, Frames: 38, FromUS: 1_960_000, ToUS: 3_480_000}}},
	}
	var last wire.Progress
	out, err := Run(context.Background(), job, func(p wire.Progress) { last = p })
	if err != nil {
		t.Fatal(err)
	}
	if out.Note != "" || last.Frames != 50 {
		t.Errorf("note %q, progress to frame %d", out.Note, last.Frames)
	}
	pics := pictures(t, job.Out)
	if len(pics) != 50 || pics[0].Y.W != sceneW || pics[0].Y.H != sceneH+18 {
		t.Fatalf("%d pictures", len(pics))
	}
	for _, f := range []int64{0, 12, 30, 47} {
		a, b := blockAt(f*40_000), blockAt(1_960_000+(f-10)*40_000)
		if v := mean(pics[f], a.Inset(8)); v < 220 {
			t.Errorf("frame %d: first block has luma %.0f", f, v)
		}
		white := mean(pics[f], b.Inset(8)) > 220
		if shown := f >= 10; white != shown {
			t.Errorf("frame %d: second block shown %v, want %v", f, white, shown)
		}
		if v := mean(pics[f], scene.Box{X: 290, Y: 10, W: 20, H: 60}); v < greyLuma-3 || v > greyLuma+3 {
			t.Errorf("frame %d: background %.0f, want %d", f, v, greyLuma)
		}
		if v := brightest(pics[f], scene.Box{X: a.X - 10, Y: a.Y - 22, W: 60, H: 18}); v < 200 {
			t.Errorf("frame %d: no time stamp above the first block (%d)", f, v)
		}
		if v := brightest(pics[f], scene.Box{X: 0, Y: sceneH + 2, W: sceneW, H: 14}); v < 200 {
			t.Errorf("frame %d: no mark (%d)", f, v)
		}
	}
	if left, _ := os.ReadDir(job.Scratch); len(left) != 0 {
		t.Errorf("%d files left in the scratch folder", len(left))
	}
}

// In the colour of its class an object has a rim, its way behind it and a
// legend; its own samples stay as they are.
func TestColourAndTrail(t *testing.T) {
	job := newJob(t, 10)
	job.Band, job.Height, job.TrailUS = 36, sceneH+36, 1_000_000
	job.Legend = []wire.RenderLegend{{Colour: wire.RGB{255, 0, 0}, Label: "personne"}}
	job.Backs = []wire.RenderBack{{JPEG: blob(t, job, greyJPEG(t, 320, 240, 0x60))}}
	job.Tubes = []wire.RenderTube{{
		Path: blob(t, job, scene.PackPath(blockPath(0, 3_960_000))), Colour: &job.Legend[0].Colour,
		Plays: []wire.RenderPlay{{Start: 0, Frames: 10, FromUS: 1_500_000, ToUS: 1_900_000}},
	}}
	if _, err := Run(context.Background(), job, nil); err != nil {
		t.Fatal(err)
	}
	pic := pictures(t, job.Out)[9]
	b := blockAt(1_880_000)
	red := func(what string, x, y, w, h float64, want bool) {
		t.Helper()
		most := byte(0)
		for j := int(y) / 2; j < int(y+h)/2; j++ {
			for i := int(x) / 2; i < int(x+w)/2; i++ {
				most = max(most, pic.V.Row(j)[i])
			}
		}
		if (most > 160) != want {
			t.Errorf("%s: red %v (Cr %d), want %v", what, !want, most, want)
		}
	}
	red("rim", b.X-8, b.Y-8, b.W+16, b.H+16, true)
	red("the object itself", b.X+12, b.Y+14, b.W-24, b.H-28, false)
	red("trail", b.X-2, b.Y+b.H-6, 12, 10, true)
	red("before the part that is shown", b.X-20, b.Y+b.H-6, 10, 10, false)
	red("legend", 0, sceneH, 90, 18, true)
	red("background", 250, 20, 60, 60, false)
}

// A mask of the block's upper half: the lower half is not cut out beyond the
// core, and no rectangle of the surroundings comes with it.
func TestMaskShapesTheCutOut(t *testing.T) {
	job := newJob(t, 5)
	// A darker background shows what was pasted; its seam must stay soft.
	job.Backs = []wire.RenderBack{{JPEG: blob(t, job, greyJPEG(t, 320, 240, 0x20))}}
	full := scene.Mask{TUS: 1_000_000, X: 30, Y: 50, W: 20, H: 30, Bits: bytes.Repeat([]byte{0xff, 0xff, 0xf0}, 30)}
	job.Tubes = []wire.RenderTube{{
		Path: blob(t, job, scene.PackPath(blockPath(1_000_000, 1_200_000))), Masks: blob(t, job, scene.PackMasks([]scene.Mask{full})),
		Plays: []wire.RenderPlay{{Frames: 5, FromUS: 1_000_000, ToUS: 1_200_000}},
	}}
	if _, err := Run(context.Background(), job, nil); err != nil {
		t.Fatal(err)
	}
	pic := pictures(t, job.Out)[4]
	box := blockAt(1_160_000)
	if v := mean(pic, box.Inset(6)); v < 220 {
		t.Errorf("the block has luma %.0f: the mask did not move with it", v)
	}
	dark := mean(pic, scene.Box{X: 250, Y: 180, W: 40, H: 40})
	if v := mean(pic, scene.Box{X: box.X - 13, Y: box.Y + 20, W: 3, H: 20}); v > dark+6 {
		t.Errorf("surroundings were pasted: %.0f over a background of %.0f", v, dark)
	}
}

// Track and mask have the block's upper part only: what is joined to it and
// differs from the background is cut out too, but not another object.
func TestOutlineGrows(t *testing.T) {
	job := newJob(t, 5)
	job.Backs = []wire.RenderBack{{JPEG: blob(t, job, greyJPEG(t, 320, 240, 0x60))}}
	path := blockPath(1_000_000, 1_200_000)
	path = withHeight(path, 46)
	upper := scene.Mask{TUS: 1_000_000, X: 30, Y: 50, W: 20, H: 23, Bits: bytes.Repeat([]byte{0xff, 0xff, 0xf0}, 23)}
	tube := wire.RenderTube{
		Path: blob(t, job, scene.PackPath(path)), Masks: blob(t, job, scene.PackMasks([]scene.Mask{upper})),
		Plays: []wire.RenderPlay{{Frames: 5, FromUS: 1_000_000, ToUS: 1_200_000}},
	}
	job.Tubes = []wire.RenderTube{tube}
	if _, err := Run(context.Background(), job, nil); err != nil {
		t.Fatal(err)
	}
	b := blockAt(1_160_000)
	foot := scene.Box{X: b.X + 10, Y: b.Y + 54, W: 20, H: 5}
	if v := mean(pictures(t, job.Out)[4], foot); v < 215 {
		t.Errorf("the foot has luma %.0f: it is missing", v)
	}
	// The same, with the foot the place of another object, shown elsewhere.
	job2 := newJob(t, 5)
	job2.Backs = []wire.RenderBack{{JPEG: blob(t, job2, greyJPEG(t, 320, 240, 0x60))}}
	for i := range path {
		path[i].Box.Y, path[i].Box.H = 146, 14
	}
	tube.Path, tube.Masks = blob(t, job2, scene.PackPath(withHeight(blockPath(1_000_000, 1_200_000), 46))), blob(t, job2, scene.PackMasks([]scene.Mask{upper}))
	other := wire.RenderTube{Path: blob(t, job2, scene.PackPath(path)), Plays: []wire.RenderPlay{{Frames: 1, FromUS: 1_000_000, ToUS: 1_190_000}}}
	job2.Tubes = []wire.RenderTube{tube, other}
	if _, err := Run(context.Background(), job2, nil); err != nil {
		t.Fatal(err)
	}
	if v := mean(pictures(t, job2.Out)[3], foot); v > 160 {
		t.Errorf("the foot, another's, has luma %.0f", v)
	}
	// The same, with the other not shown at all.
	job3 := newJob(t, 5)
	job3.Backs = []wire.RenderBack{{JPEG: blob(t, job3, greyJPEG(t, 320, 240, 0x60))}}
	tube.Path, tube.Masks = blob(t, job3, scene.PackPath(withHeight(blockPath(1_000_000, 1_200_000), 46))), blob(t, job3, scene.PackMasks([]scene.Mask{upper}))
	job3.Tubes = []wire.RenderTube{tube}
	job3.Beside = []wire.RenderBeside{{FromUS: 1_000_000, ToUS: 1_200_000, Path: blob(t, job3, scene.PackPath(path))}}
	if _, err := Run(context.Background(), job3, nil); err != nil {
		t.Fatal(err)
	}
	if v := mean(pictures(t, job3.Out)[3], foot); v > 160 {
		t.Errorf("the foot, of what is not shown, has luma %.0f", v)
	}
}

// withHeight is a path whose boxes are so high.
func withHeight(p scene.Path, h float64) scene.Path {
	for i := range p {
		p[i].Box.H = h
	}
	return p
}

// Without a plate the background is made from the pictures, without the block.
func TestBackgroundIsMade(t *testing.T) {
	job := newJob(t, 10)
	job.Backs = []wire.RenderBack{{}}
	job.Tubes = []wire.RenderTube{{
		Path:  blob(t, job, scene.PackPath(blockPath(0, 3_960_000))),
		Plays: []wire.RenderPlay{{Frames: 10, FromUS: 0, ToUS: 4_000_000}},
	}}
	if _, err := Run(context.Background(), job, nil); err != nil {
		t.Fatal(err)
	}
	for f, pic := range pictures(t, job.Out) {
		shown := blockAt(int64(f)*400_000 + 200_000)
		for x := 6.; x < 300; x += 20 {
			b := scene.Box{X: x, Y: 120, W: 8, H: 20}
			if b.Intersect(shown.Pad(24)).Empty() {
				if v := mean(pic, b); v > greyLuma+8 {
					t.Errorf("frame %d: a ghost of luma %.0f at %g", f, v, x)
				}
			}
		}
	}
}

// Condense shows the pictures of the moments it says, at the speed it says.
func TestSpansShowTheirMoments(t *testing.T) {
	job := newJob(t, 45)
	job.Height, job.Band = sceneH+36, 36
	job.Spans = []wire.RenderSpan{
		{Start: 0, Frames: 25, FromUS: 1_000_000, ToUS: 2_000_000, Label: "block"},
		{Start: 25, Frames: 10, FromUS: 2_000_000, ToUS: 3_600_000, Note: "×4"},
		{Start: 35, Frames: 10, FromUS: 200_000, ToUS: 600_000, ClockUS: 1},
	}
	if _, err := Run(context.Background(), job, nil); err != nil {
		t.Fatal(err)
	}
	pics := pictures(t, job.Out)
	if len(pics) != 45 {
		t.Fatalf("%d pictures", len(pics))
	}
	for f, us := range map[int]int64{0: 1_000_000, 24: 1_960_000, 25: 2_080_000, 34: 3_520_000, 35: 200_000, 44: 560_000} {
		if v := mean(pics[f], blockAt(us).Inset(4)); v < 225 {
			t.Errorf("frame %d does not show the moment %d µs (luma %.0f)", f, us, v)
		}
		if a := blockAt(us); a.X > 10 {
			if v := mean(pics[f], scene.Box{X: a.X - 9, Y: a.Y + 5, W: 4, H: 50}); v > 130 {
				t.Errorf("frame %d shows an earlier moment than %d µs", f, us)
			}
		}
		if v := brightest(pics[f], scene.Box{X: 0, Y: sceneH, W: sceneW, H: 18}); v < 200 {
			t.Errorf("frame %d: no clock", f)
		}
	}
}

// A span beyond the recording is shown as lacking, and said.
func TestLackingPicturesAreSaid(t *testing.T) {
	job := newJob(t, 20)
	job.Spans = []wire.RenderSpan{{Frames: 20, FromUS: 3_000_000, ToUS: 23_000_000}}
	out, err := Run(context.Background(), job, nil)
	if err != nil {
		t.Fatal(err)
	}
	if out.Note == "" || len(pictures(t, job.Out)) != 20 {
		t.Fatalf("note %q", out.Note)
	}
}

func TestFailuresLeaveNothing(t *testing.T) {
	gone := newJob(t, 5)
	gone.Sources[0].Path += ".gone"
	gone.Spans = []wire.RenderSpan{{Frames: 5, ToUS: 200_000}}
	_, err := Run(context.Background(), gone, nil)
	if k := fault.KindOf(err); k != fault.BadInput {
		t.Errorf("missing source: %v (%v)", err, k)
	}
	stopped := newJob(t, 5)
	stopped.Spans = gone.Spans
	ctx, cancel := context.WithCancel(context.Background())
	_, err = Run(ctx, stopped, func(wire.Progress) { cancel() })
	if k := fault.KindOf(err); k != fault.Interrupted {
		t.Errorf("stopped: %v (%v)", err, k)
	}
	damaged := newJob(t, 5)
	damaged.Backs = []wire.RenderBack{{JPEG: blob(t, damaged, []byte("no picture"))}}
	damaged.Tubes = []wire.RenderTube{{Path: blob(t, damaged, scene.PackPath(blockPath(0, 80_000))), Plays: []wire.RenderPlay{{Frames: 5, ToUS: 80_000}}}}
	if _, err = Run(context.Background(), damaged, nil); fault.KindOf(err) != fault.BadInput {
		t.Errorf("damaged background: %v", err)
	}
	damaged.Tubes[0].Path = blob(t, damaged, []byte{99, 99}) // in a new file: the first is gone
	if _, err = Run(context.Background(), damaged, nil); !errors.Is(err, scene.ErrPacked) {
		t.Errorf("damaged path: %v", err)
	}
	for _, j := range []*wire.RenderJob{gone, stopped, damaged} {
		if _, err := os.Stat(j.Out); !os.IsNotExist(err) {
			t.Errorf("%s was left", j.Out)
		}
	}
}

func TestSenselessJobs(t *testing.T) {
	ok := func() *wire.RenderJob {
		return &wire.RenderJob{Out: "/o.mp4", Scratch: "/none", Width: 64, Height: 64, FrameUS: 40_000, Frames: 5,
			Sources: []wire.RenderSource{{Probe: wire.Probe{Width: 64, Height: 64}}},
			Spans:   []wire.RenderSpan{{Frames: 5, ToUS: 9}}}
	}
	if err := check(ok()); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*wire.RenderJob){
		"relative": func(j *wire.RenderJob) { j.Out = "o.mp4" }, "odd": func(j *wire.RenderJob) { j.Width = 63 },
		"band": func(j *wire.RenderJob) { j.Band = 64 }, "frames": func(j *wire.RenderJob) { j.Frames = 0 },
		"hole": func(j *wire.RenderJob) { j.Spans[0].Start = 1 }, "source": func(j *wire.RenderJob) { j.Spans[0].Source = 1 },
		"time": func(j *wire.RenderJob) { j.Spans[0].ToUS = 0 }, "long": func(j *wire.RenderJob) { j.Spans[0].Frames = 6 },
		"both": func(j *wire.RenderJob) { j.Tubes = make([]wire.RenderTube, 1) }, "neither": func(j *wire.RenderJob) { j.Spans = nil },
		"no back": func(j *wire.RenderJob) { j.Spans, j.Tubes = nil, make([]wire.RenderTube, 1) },
		"size":    func(j *wire.RenderJob) { j.Sources[0].Probe.Width = 0 },
		"play": func(j *wire.RenderJob) {
			j.Spans, j.Backs, j.Blobs = nil, make([]wire.RenderBack, 1), "/none"
			j.Tubes = []wire.RenderTube{{Plays: []wire.RenderPlay{{Start: -1, Frames: 1, ToUS: 1}}}}
		},
	} {
		j := ok()
		spoil(j)
		if _, err := Run(context.Background(), j, nil); fault.KindOf(err) != fault.Internal || err == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
