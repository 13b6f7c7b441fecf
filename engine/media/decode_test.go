package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"posteriori/engine/fault"
	"posteriori/engine/wire"
)

// packetPTS are the PTS of the video packets that are to be shown, as
// ffprobe lists them in a run of its own.
func packetPTS(t *testing.T, format, path string) []int64 {
	t.Helper()
	format, _, _ = strings.Cut(format, ",")
	out, err := exec.Command("ffprobe", "-v", "error", "-f", format, "-select_streams", "v:0", "-show_entries", "packet=pts,flags",
		"-of", "compact=p=0", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []int64
	for l := range strings.Lines(string(out)) {
		l = strings.TrimSpace(l)
		if i := strings.Index(l, "pts="); i >= 0 && !strings.Contains(l, "D") {
			v, _, _ := strings.Cut(l[i+4:], "|")
			n, err := strconv.ParseInt(v, 10, 64)
			if err != nil {
				continue // a picture without PTS in a program stream
			}
			all = append(all, n)
		}
	}
	slices.Sort(all)
	return all
}

// diffPTS compares; a program stream leaves out PTS of some pictures, which
// FFmpeg then fills in.
func diffPTS(packets, pictures []int64, format string) string {
	if format == "mpeg" {
		for _, x := range packets {
			if !slices.Contains(pictures, x) {
				return "a packet's PTS is lacking"
			}
		}
		return ""
	}
	return cmp.Diff(packets, pictures)
}

func TestDecodedTimesArePacketTimes(t *testing.T) {
	t.Parallel()
	for name, path := range formats(t) {
		t.Run(name, func(t *testing.T) {
			p := probe(t, path, time.Second)
			g, rep := decode(t, path, p, whole())
			want := make([]int64, p.Packets)
			for i := range want {
				want[i] = int64(i)
			}
			if !p.Counted {
				want = packetPTS(t, p.Format, path)
			}
			if d := diffPTS(want, ptsOf(g), p.Format); d != "" {
				t.Errorf("PTS (-packets +pictures):\n%s", d)
			}
			if rep.Errors != 0 || rep.Exit != "" || !rep.Ended || rep.Frames != p.Packets {
				t.Errorf("report %+v", rep)
			}
			if p.FirstPTS != want[0] {
				t.Errorf("FirstPTS %d, wanted %d", p.FirstPTS, want[0])
			}
		})
	}
}

func TestChunksGiveTheSamePicturesAsOnePass(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"mp4", "ts", "h264", "sp avi", "mpeg2 ps"} {
		path, ok := formats(t)[name]
		if !ok {
			continue
		}
		t.Run(name, func(t *testing.T) {
			p := probe(t, path, time.Second)
			if len(p.Chunks) < 2 {
				t.Fatalf("%d chunks", len(p.Chunks))
			}
			o := whole()
			o.FullUS = 300_000
			all, _ := decode(t, path, p, o)
			var parts []got
			for _, c := range p.Chunks {
				o := o
				o.FromPTS, o.ToPTS = c.LeadPTS, c.EndPTS
				if c.Index > 0 { // nearer than the plan's, so that it is a seek
					o.FromPTS = p.Chunks[c.Index-1].StartPTS
				}
				g, rep := decode(t, path, p, o)
				if rep.Unsought {
					t.Errorf("chunk %d: the seek was not trusted", c.Index)
				}
				g = slices.DeleteFunc(g, func(g got) bool { return g.pts < c.StartPTS })
				if int64(len(g)) != c.Packets {
					t.Errorf("chunk %d: %d pictures of %d packets", c.Index, len(g), c.Packets)
				}
				parts = append(parts, g...)
			}
			if d := cmp.Diff(all, parts, cmp.AllowUnexported(got{})); d != "" {
				t.Errorf("(-one pass +chunks):\n%s", d)
			}
		})
	}
}

func TestVariableFrameRate(t *testing.T) {
	t.Parallel()
	// Frames 0-49, then every fifth, then a hole of 3 s.
	path := gen(t, "vfr.mkv", append(lavfi("96x64", "50", "8"),
		"-vf", "select='lt(n,50)+not(mod(n,5))*lt(n,150)+gte(n,300)'", "-fps_mode", "passthrough",
		"-c:v", "libx264", "-preset", "veryfast", "-g", "20", "-bf", "2")...)
	p := probe(t, path, time.Second)
	if !p.Variable || p.FrameUS != 20_000 {
		t.Errorf("Variable %v, FrameUS %d", p.Variable, p.FrameUS)
	}
	g, rep := decode(t, path, p, whole())
	if d := cmp.Diff(packetPTS(t, p.Format, path), ptsOf(g)); d != "" {
		t.Error(d)
	}
	if len(p.Gaps) != 1 || p.Gaps[0].FromUS != 2_920_000 || p.Gaps[0].ToUS != 6_000_000 {
		t.Errorf("gaps %+v", p.Gaps)
	}
	if d := cmp.Diff(p.Gaps, rep.Holes); d != "" {
		t.Errorf("probe's and decode's holes differ: %s", d)
	}
}

func TestFootageTimes(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"dvrscan_traffic_camera_vfr.mp4", "person-bicycle-car-detection_38s.mp4"} {
		path := footage(t, name)
		p := probe(t, path, 10*time.Second)
		g, _ := decode(t, path, p, whole())
		if d := cmp.Diff(packetPTS(t, p.Format, path), ptsOf(g)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	// MPEG-4 in AVI, odd rates, no PTS, three packets that are no pictures.
	path := footage(t, "bgslib_video03_cdnet_highway.avi")
	p := probe(t, path, 10*time.Second)
	g, rep := decode(t, path, p, whole())
	if cov, err := Examine(path, p, 0).Coverage(context.Background(), wire.Chunk{EndPTS: math.MaxInt64, EndUS: p.DurationUS, Packets: p.Packets},
		rep.Frames, rep); err != nil || len(cov) != 0 {
		t.Errorf("coverage %v, %v", cov, err)
	}
	if !p.Counted || int64(len(g)) != p.Packets-3 || p.FrameUS != 16_667 {
		t.Errorf("counted %v, %d pictures of %d, %d µs", p.Counted, len(g), p.Packets, p.FrameUS)
	}
}

func TestFullPicturesFollowTheGrid(t *testing.T) {
	path := baseMP4(t)
	p := probe(t, path, time.Second)
	o := whole()
	o.FullUS = 190_000
	g, _ := decode(t, path, p, o)
	prev := int64(-1)
	for _, x := range g {
		cell := NewClock(p).US(x.pts) / o.FullUS
		if want := cell > prev; want != (x.full != 0) {
			t.Errorf("PTS %d in cell %d after %d: full %v", x.pts, cell, prev, x.full != 0)
		}
		prev = cell
	}
}

func TestAllFullEqualsFull(t *testing.T) {
	t.Parallel()
	path := baseMP4(t)
	p := probe(t, path, time.Second)
	o := whole()
	o.FullUS = 1
	both, _ := decode(t, path, p, o)
	o.AllFull = true
	only, _ := decode(t, path, p, o)
	if len(both) != len(only) {
		t.Fatalf("%d and %d pictures", len(both), len(only))
	}
	for i := range both {
		if both[i].full == 0 || both[i].full != only[i].full || both[i].pts != only[i].pts {
			t.Fatalf("picture %d: %+v and %+v", i, both[i], only[i])
		}
	}
}

func TestLumaIsNotStretched(t *testing.T) {
	t.Parallel()
	// Full range comes to limited range at full size: 16 + 5 × 219 / 255.
	for i, c := range []struct {
		pix, codec, span string
		want             byte
	}{{"yuv420p", "ffv1", "tv", 5}, {"yuv420p", "ffv1", "unspecified", 5}, {"yuv420p", "ffv1", "pc", 20}, {"yuvj420p", "mjpeg", "pc", 20}} {
		path := gen(t, fmt.Sprintf("range%d.mkv", i), "-f", "lavfi", "-i", "color=s=64x48:r=5:d=1,format="+c.pix+",lutyuv=y=5:u=128:v=128",
			"-c:v", c.codec, "-pix_fmt", c.pix, "-color_range", c.span, "-q:v", "1")
		p := probe(t, path, time.Second)
		o := whole()
		o.FullUS, o.PlaneW, o.PlaneH = 1, 32, 24
		d, err := Open(context.Background(), path, p, o)
		if err != nil {
			t.Fatal(err)
		}
		f, err := d.Next()
		if err != nil {
			t.Fatal(err)
		}
		if p.Plain != (c.want == 5) || f.Plane.Pix[100] != 5 || f.Full.Y.Pix[100] != c.want {
			t.Errorf("%+v: luma 5 is %d small, %d full size; plain %v", c, f.Plane.Pix[100], f.Full.Y.Pix[100], p.Plain)
		}
		f.Release()
		d.Close()
	}
}

// TestLargePicturesLoseLinesOnly: the plane of a large picture, of which lines
// are left out, shows the same as that of all its lines, in the same place.
func TestLargePicturesLoseLinesOnly(t *testing.T) {
	t.Parallel()
	for lines, want := range map[int]string{35: "", 71: "", 72: "field=top,", 142: "field=top,", 144: "field=top,field=top,"} {
		if got := fewer(lines, 36); got != want {
			t.Errorf("%d lines for 36: %q, want %q", lines, got, want)
		}
	}
	// A ramp down the picture: what is shifted by a line is off by 1/5 or less.
	path := gen(t, "ramp.mkv", "-f", "lavfi", "-i", "nullsrc=s=256x1080:r=5:d=0.2,format=yuv420p,geq=lum='16+Y/5':cb=128:cr=128", "-c:v", "ffv1")
	p := probe(t, path, time.Second)
	o := whole()
	o.PlaneW, o.PlaneH = 64, 270
	d, err := Open(context.Background(), path, p, o)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	f, err := d.Next()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Release()
	for y := 1; y < 269; y++ {
		want := 16 + (float64(y)*4+1.5)/5
		if got := float64(f.Plane.Row(y)[32]); math.Abs(got-want) > 1.2 {
			t.Errorf("row %d is %v, want %.1f", y, got, want)
		}
	}
}

func TestAnyStartPTS(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"mp4", "h264"} {
		path := formats(t)[name]
		p := probe(t, path, time.Second)
		all, _ := decode(t, path, p, whole())
		for _, i := range []int{1, 50} {
			o := whole()
			o.FromPTS, o.ToPTS = all[i].pts, all[i].pts+1
			g, _ := decode(t, path, p, o)
			if len(g) != 1 || g[0] != all[i] {
				t.Errorf("%s picture %d: got %+v, wanted %+v", name, i, g, all[i])
			}
			o.AllFull = true
			if g, _ := decode(t, path, p, o); len(g) != 1 || g[0].pts != all[i].pts {
				t.Errorf("%s picture %d at full size: got %+v", name, i, g)
			}
		}
	}
}

func TestSeekIsNotTrusted(t *testing.T) {
	path := baseMP4(t)
	p := probe(t, path, time.Second)
	want, _ := decode(t, path, p, whole())
	// A plan that calls the container's time something else: seeks land
	// far after FromPTS, and decoding must fall back to the start.
	lied := *p
	lied.TimeBase = wire.Rational{Num: 4, Den: p.TimeBase.Den}
	d := &Decoder{p: &lied}
	a := attempts(d.p, &DecodeOptions{FromPTS: p.Chunks[1].StartPTS})
	if a[len(a)-1].seekUS != -1 || len(a) < 2 {
		t.Fatalf("attempts %+v", a)
	}
	src, err := reopen(path, p)
	if err != nil {
		t.Fatal(err)
	}
	o := whole()
	o.FromPTS = p.Chunks[1].StartPTS
	if err := o.complete(p); err != nil {
		t.Fatal(err)
	}
	dec := newDecoder(context.Background(), src, p, o)
	defer dec.Close()
	if err := dec.reach([]attempt{{seekUS: 2_500_000, device: "cpu"}, {seekUS: -1, device: "cpu"}}); err != nil {
		t.Fatal(err)
	}
	f, err := dec.Next()
	if err != nil || f.PTS != p.Chunks[1].StartPTS || !dec.Report().Unsought {
		t.Errorf("first picture %v (%v), report %+v", f, err, dec.Report())
	}
	if f != nil && f.PTS != want[25].pts {
		t.Errorf("PTS %d", f.PTS)
	}
	f.Release()
}

func TestCloseAndCancelAtAnyTime(t *testing.T) {
	path := baseMP4(t)
	p := probe(t, path, time.Second)
	o := whole()
	o.FullUS = 1
	d, err := Open(context.Background(), path, p, o)
	if err != nil {
		t.Fatal(err)
	}
	d.Close()
	d.Close()
	if _, err := d.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("Next after Close: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	d, err = Open(ctx, path, p, o)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	for err == nil {
		var f *Frame
		f, err = d.Next()
		f.Release()
	}
	if fault.KindOf(err) != fault.Interrupted && !errors.Is(err, io.EOF) {
		t.Errorf("after cancel: %v", err)
	}
	d.Close()
	if _, err := Open(ctx, path, p, o); fault.KindOf(err) != fault.Interrupted {
		t.Errorf("Open after cancel: %v", err)
	}
}

func TestReleaseReusesBuffers(t *testing.T) {
	path := baseMP4(t)
	p := probe(t, path, time.Second)
	o := whole()
	o.FullUS = 1
	d, err := Open(context.Background(), path, p, o)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for {
		f, err := d.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		f.Release()
		f.Release()
	}
	if n := len(d.planes.free); n == 0 || n > smallSlack+3 {
		t.Errorf("%d planes for %d pictures", n, p.Packets)
	}
	if n := len(d.fulls.free); n == 0 || n > fullSlack+3 {
		t.Errorf("%d full-size buffers for %d pictures", n, p.Packets)
	}
}

func TestOptionsThatMakeNoSense(t *testing.T) {
	path := baseMP4(t)
	p := probe(t, path, time.Second)
	for _, o := range []DecodeOptions{
		{ToPTS: math.MaxInt64},
		{ToPTS: math.MaxInt64, PlaneW: 1 << 16, PlaneH: 10},
		{FromPTS: 10, ToPTS: 5, PlaneW: 10, PlaneH: 10},
	} {
		if _, err := Open(context.Background(), path, p, o); fault.KindOf(err) != fault.Internal {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func TestCUDAFallsBackToCPU(t *testing.T) {
	t.Parallel()
	path := baseMP4(t)
	o := whole()
	o.Device, o.FullUS = "cuda", 500_000
	g, rep := decode(t, path, probe(t, path, time.Second), o)
	if len(g) != 75 || rep.Device != "cpu" && rep.Device != "cuda" {
		t.Errorf("%d pictures on %q", len(g), rep.Device)
	}
	o.Device = "cpu"
	h, _ := decode(t, path, probe(t, path, time.Second), o)
	if rep.Device == "cpu" && !cmp.Equal(g, h, cmp.AllowUnexported(got{})) {
		t.Error("the fallback gives other pictures than the CPU")
	}
}
