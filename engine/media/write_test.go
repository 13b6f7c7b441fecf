package media

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"posteriori/engine/fault"
	"posteriori/engine/frame"
	"posteriori/engine/wire"
)

// grey is a picture of one luma value.
func grey(w, h int, v byte) frame.YUV {
	y := frame.NewYUV(w, h)
	for _, p := range []frame.Plane{y.U, y.V} {
		for i := range p.Pix {
			p.Pix[i] = 128
		}
	}
	for i := range y.Y.Pix {
		y.Y.Pix[i] = v
	}
	return y
}

func TestEncoder(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "o=%d.mp4")
	e, err := NewEncoder(context.Background(), out, 63, 41, 50_000, map[string]string{"title": "a = b; c", "comment": "procédure 12"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		if err := e.Write(grey(63, 41, byte(20+10*i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Write(grey(64, 41, 0)); fault.KindOf(err) != fault.Internal {
		t.Errorf("a picture of another size: %v", err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Errorf("Close again: %v", err)
	}
	p := probe(t, out, time.Second)
	if p.Codec != "h264" || p.Packets != 20 || p.FrameUS != 50_000 || p.Width != 64 || p.Height != 42 || p.DurationUS != 1_000_000 {
		t.Errorf("%+v", p)
	}
	b := string(readFile(t, out))
	if !strings.Contains(b, "a = b; c") || !strings.Contains(b, "procédure 12") {
		t.Error("tags are lacking")
	}
	if strings.Index(b, "moov") > strings.Index(b, "mdat") {
		t.Error("the index is not in front")
	}
	_, err = NewEncoder(context.Background(), out, 10, 10, 1000, nil)
	wantFault(t, err, fault.Usage, out, "exists")
}

func TestEncoderStops(t *testing.T) {
	out := filepath.Join(t.TempDir(), "o.mp4")
	ctx, cancel := context.WithCancel(context.Background())
	e, err := NewEncoder(ctx, out, 64, 48, 40_000, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Write(grey(64, 48, 9)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := e.Close(); fault.KindOf(err) != fault.Interrupted {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("an unfinished file is left")
	}
}

func TestWriteErrors(t *testing.T) {
	for words, kind := range map[string]fault.Kind{
		"av_interleaved_write_frame(): No space left on device": fault.NoSpace,
		"file:/x/o.mp4: Read-only file system":                  fault.NoSpace,
		"Unknown encoder 'libx264'":                             fault.Missing,
		"something else":                                        fault.Internal,
	} {
		m := &messages{}
		_, _ = m.Write([]byte("[mp4 @ 0x1] " + words + "\nConversion failed!\n"))
		if err := writeError(m, "/x/o.mp4"); fault.KindOf(err) != kind {
			t.Errorf("%q: %v", words, err)
		}
	}
}

func TestClips(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		format, out string
		words       string
		packets     int64
	}{
		{"mp4", "c.mp4", "0:00:01.000 to 0:00:01.", 20},
		{"mkv", "c.mkv.part", "copied bit for bit", 20},
		{"ts", "c.mp4", "without sound", 20},
		{"h264", "c.mp4", "encoded anew as H.264 (the recording has no timestamps", 10},
	} {
		t.Run(c.format, func(t *testing.T) {
			path := formats(t)[c.format]
			p := probe(t, path, 5*time.Minute) // one chunk, as most imports make it
			p.Chunks = nil                     // as a ClipJob brings it
			out := filepath.Join(t.TempDir(), c.out)
			made, err := ExtractClip(context.Background(), path, &wire.ClipJob{Probe: *p, FromUS: 1_400_000, ToUS: 1_800_000, Out: out})
			if err != nil {
				t.Fatal(err)
			}
			note := made.Note
			if made.Copied != strings.Contains(note, "copied") || made.FromUS > 1_400_000+p.FrameUS || !made.Copied && made.FromUS < 1_400_000-p.FrameUS {
				t.Errorf("begins at %d: %+v", made.FromUS, made)
			}
			q := probe(t, out, time.Second)
			if !strings.Contains(note, c.words) || q.KeyFrames == 0 || q.Width != 192 {
				t.Errorf("note %q, %+v", note, q)
			}
			// A copy may hold a few pictures more: reordered ones.
			if q.Packets < c.packets || q.Packets > c.packets+5 && c.format != "ts" { // a small .ts is read from its start
				t.Errorf("%d packets, %q", q.Packets, note)
			}
			_, err = ExtractClip(context.Background(), path, &wire.ClipJob{Probe: *p, ToUS: 1e6, Out: out})
			wantFault(t, err, fault.Usage, out, "exists")
		})
	}
	path := baseMP4(t)
	_, err := ExtractClip(context.Background(), path, &wire.ClipJob{Probe: *probe(t, path, time.Second), FromUS: 9e6, ToUS: 10e6, Out: filepath.Join(t.TempDir(), "x.mp4")})
	wantFault(t, err, fault.Usage, path, "holds nothing")
}

// fakeTools puts scripts named ffmpeg and ffprobe first on the PATH.
func fakeTools(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	for _, n := range []string{"ffmpeg", "ffprobe"} {
		if err := os.WriteFile(filepath.Join(dir, n), []byte("#!/bin/sh\n"+script), fs.FileMode(0o700)); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
}

func TestHangingDecoderIsKilled(t *testing.T) {
	path := baseMP4(t)
	p := probe(t, path, time.Second)
	pid := filepath.Join(t.TempDir(), "pid")
	fakeTools(t, "sleep 1000 & echo $! > "+pid+"; wait")
	o := whole()
	o.Stall = 300 * time.Millisecond
	o.FullUS = 100_000
	g, rep := decode(t, path, p, o)
	if len(g) != 0 || !rep.Stalled || rep.Ended {
		t.Errorf("%d pictures, %+v", len(g), rep)
	}
	if b, err := os.ReadFile(pid); err == nil { // its child must be gone too
		child := "/proc/" + strings.TrimSpace(string(b)) + "/stat"
		for range 100 {
			s, err := os.ReadFile(child)
			if err != nil || strings.Contains(string(s), ") Z ") {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		t.Error("a child of the tool lives on")
	}
}

func TestHangingProbeIsKilled(t *testing.T) {
	path := baseMP4(t)
	old := scanStall
	defer func() { scanStall = old }()
	scanStall = 200 * time.Millisecond
	fakeTools(t, "exec sleep 1000")
	_, err := Probe(context.Background(), path, 1e6)
	wantFault(t, err, fault.BadInput, path)
	src, err := openSource(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = scanPackets(context.Background(), src, 0, "", func(*packet) error { return nil })
	if fault.KindOf(err) != fault.BadInput {
		t.Errorf("scan: %v", err)
	}
}

func TestToolsMissing(t *testing.T) {
	path := baseMP4(t)
	p := probe(t, path, time.Second)
	t.Setenv("PATH", t.TempDir())
	_, err := Probe(context.Background(), path, 1e6)
	wantFault(t, err, fault.Missing, "", "ffprobe is not installed")
	_, err = Open(context.Background(), path, p, whole())
	wantFault(t, err, fault.Missing, "", "ffmpeg is not installed")
}

func TestChattyToolIsBounded(t *testing.T) {
	m := &messages{}
	line := []byte("[h264 @ 0x55] [error] " + strings.Repeat("x", 5000) + "\n")
	for range 10_000 {
		if n, err := m.Write(line); n != len(line) || err != nil {
			t.Fatal(n, err)
		}
	}
	_, _ = m.Write([]byte("    Last message repeated 7 times\n"))
	ls, n := m.lines()
	if n != 10_007 || len(ls) != headLines+tailLines || len(ls[0]) > lineBytes {
		t.Errorf("%d lines, %d kept of %d bytes", n, len(ls), len(ls[0]))
	}
}

func TestVersion(t *testing.T) {
	v, err := Version(context.Background())
	if err != nil || v == "" {
		t.Errorf("%q %v", v, err)
	}
}
