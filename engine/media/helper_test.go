package media

import (
	"context"
	"errors"
	"hash/crc32"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"posteriori/engine/fault"
	"posteriori/engine/wire"
)

var (
	genDir  string
	genMu   sync.Mutex
	genDone = map[string]bool{}
)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "media")
	if err != nil {
		panic(err)
	}
	genDir = dir
	code := m.Run()
	os.RemoveAll(dir)
	if code == 0 {
		if err := goleak.Find(); err != nil {
			println("goroutines left:", err.Error())
			code = 1
		}
	}
	os.Exit(code)
}

// ffmpegRun runs ffmpeg and fails the test if it fails.
func ffmpegRun(t testing.TB, args ...string) []byte {
	t.Helper()
	cmd := exec.Command("ffmpeg", append([]string{"-v", "error", "-nostdin", "-y"}, args...)...)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("ffmpeg %v: %v\n%s", args, err, errs.String())
	}
	return out
}

// gen makes a file once for all tests, from arguments of ffmpeg's, and gives
// its path. Names that are other generated files stand for their paths.
func gen(t testing.TB, name string, args ...string) string {
	t.Helper()
	genMu.Lock()
	defer genMu.Unlock()
	path := filepath.Join(genDir, name)
	if !genDone[name] {
		ffmpegRun(t, append(args, path)...)
		genDone[name] = true
	}
	return path
}

// src is a lavfi input of a moving picture.
func lavfi(size, rate, dur string) []string {
	return []string{"-f", "lavfi", "-i", "testsrc2=s=" + size + ":r=" + rate + ":d=" + dur}
}

// baseMP4 is 3 s of H.264 with B-frames, a key frame a second.
func baseMP4(t testing.TB) string {
	return gen(t, "b.mp4", append(lavfi("192x108", "25", "3"), "-c:v", "libx264", "-preset", "veryfast", "-g", "25",
		"-keyint_min", "25", "-sc_threshold", "0", "-bf", "3", "-pix_fmt", "yuv420p")...)
}

// hasX265 tells whether this ffmpeg encodes HEVC.
var hasX265 = sync.OnceValue(func() bool {
	out, err := exec.Command("ffmpeg", "-v", "error", "-encoders").Output()
	return err == nil && strings.Contains(string(out), "libx265")
})

// formats are the same pictures, more or less, in the containers and codecs
// that recordings come in.
func formats(t testing.TB) map[string]string {
	b := baseMP4(t)
	copyTo := func(name string, more ...string) string {
		return gen(t, name, append([]string{"-i", b, "-c", "copy"}, more...)...)
	}
	src := lavfi("192x108", "25", "3")
	m := map[string]string{
		"mp4":       b,
		"mkv":       copyTo("b.mkv"),
		"ts":        copyTo("b.ts"),
		"h264":      copyTo("b.h264", "-bsf:v", "h264_mp4toannexb"),
		"h264 avi":  copyTo("h264.avi"),
		"asp avi":   gen(t, "asp.avi", append(src, "-c:v", "mpeg4", "-g", "25", "-bf", "2")...),
		"sp avi":    gen(t, "sp.avi", append(src, "-c:v", "mpeg4", "-g", "25")...),
		"mjpeg avi": gen(t, "mj.avi", append(src, "-c:v", "mjpeg")...),
		"mjpeg":     gen(t, "mj.mjpeg", append(src, "-c:v", "mjpeg")...),
		"offset":    gen(t, "offset.mkv", "-itsoffset", "7.5", "-i", b, "-c", "copy"),
		"10 bit":    gen(t, "ten.mp4", append(lavfi("192x108", "30", "1"), "-c:v", "libx264", "-preset", "veryfast", "-g", "15", "-pix_fmt", "yuv422p10le")...),
		"mpeg2 ps":  gen(t, "m2.mpg", append(src, "-c:v", "mpeg2video", "-g", "15", "-bf", "2")...),
	}
	if hasX265() {
		m["hevc mp4"] = gen(t, "h.mp4", append(src, "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:keyint=25:bframes=3")...)
	}
	return m
}

var probes = map[string]*wire.Probe{}

// probe gives the probe of a file; it is made once for generated files.
func probe(t testing.TB, path string, chunk time.Duration) *wire.Probe {
	t.Helper()
	key := path + chunk.String()
	genMu.Lock()
	known := probes[key]
	genMu.Unlock()
	if known != nil && strings.HasPrefix(path, genDir) {
		c := *known
		return &c
	}
	p, err := Probe(context.Background(), path, chunk.Microseconds())
	if err != nil {
		t.Fatalf("Probe: %v", err)
	}
	genMu.Lock()
	probes[key] = p
	genMu.Unlock()
	c := *p
	return &c
}

// got is one decoded picture, as tests compare it.
type got struct {
	pts  int64
	sum  uint32
	full uint32 // 0: none
}

func whole() DecodeOptions {
	return DecodeOptions{FromPTS: math.MinInt64, ToPTS: math.MaxInt64, PlaneW: 64, PlaneH: 36}
}

// decode reads all pictures of a span.
func decode(t testing.TB, path string, p *wire.Probe, o DecodeOptions) ([]got, Report) {
	t.Helper()
	d, err := Open(context.Background(), path, p, o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	defer d.Close()
	var out []got
	for {
		f, err := d.Next()
		if errors.Is(err, io.EOF) {
			return out, d.Report()
		}
		if err != nil {
			t.Fatalf("Next: %v", err)
		}
		g := got{pts: f.PTS, sum: crc32.ChecksumIEEE(f.Plane.Pix)}
		if f.Full != nil {
			g.full = crc32.ChecksumIEEE(f.full) | 1
		}
		out = append(out, g)
		f.Release()
	}
}

func ptsOf(g []got) []int64 {
	var out []int64
	for _, x := range g {
		out = append(out, x.pts)
	}
	return out
}

// wantFault fails unless err is a fault of the kind that names the file and
// whose words contain each of the given ones.
func wantFault(t testing.TB, err error, kind fault.Kind, path string, words ...string) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) {
		t.Fatalf("error is %v, wanted a fault.Error", err)
	}
	if f.Kind != kind {
		t.Errorf("kind %v, wanted %v (%v)", f.Kind, kind, err)
	}
	if path != "" && f.File != path {
		t.Errorf("names the file %q, wanted %q", f.File, path)
	}
	if f.Hint == "" {
		t.Errorf("no hint: %v", err)
	}
	for _, w := range words {
		if !strings.Contains(f.Error(), w) {
			t.Errorf("error %q lacks %q", f.Error(), w)
		}
	}
}

// footage is a file of the shared footage, or the test is skipped.
func footage(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("POSTERIORI_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	path := filepath.Join(dir, "footage", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no footage %s: set POSTERIORI_DATA to the folder that holds footage/", name)
	}
	return path
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func writeFile(t testing.TB, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// packetPos are the byte positions of the video packets.
func packetPos(t testing.TB, path, format string) []int {
	t.Helper()
	format, _, _ = strings.Cut(format, ",")
	out, err := exec.Command("ffprobe", "-v", "error", "-f", format, "-select_streams", "v:0", "-show_entries", "packet=pos",
		"-of", "compact=p=0", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []int
	for l := range strings.Lines(string(out)) {
		if _, v, ok := strings.Cut(strings.TrimSpace(l), "pos="); ok {
			v, _, _ = strings.Cut(v, "|")
			x, err := strconv.Atoi(v)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, x)
		}
	}
	return all
}
