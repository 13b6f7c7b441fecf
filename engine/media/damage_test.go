package media

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"posteriori/engine/fault"
	"posteriori/engine/scene"
)

// Chunks that give no picture, twice, are damaged from end to end.
func TestChunksWithoutPictures(t *testing.T) {
	b, err := os.ReadFile(formats(t)["mjpeg avi"])
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; ; { // pictures of noughts
		i := bytes.Index(b[at:bytes.LastIndex(b, []byte("idx1"))], []byte("00dc"))
		if i < 0 {
			break
		}
		at += i + 8
		n := int(binary.LittleEndian.Uint32(b[at-4:]))
		clear(b[at : at+n])
		at += n
	}
	path := writeFile(t, "nought.avi", b)
	p := probe(t, path, time.Second)
	if len(p.Chunks) < 2 {
		t.Fatalf("%+v", p)
	}
	exam := Examine(path, p, 0)
	for _, c := range p.Chunks {
		got, err := exam.Coverage(t.Context(), c, 0, Report{Device: "cpu", Errors: c.Packets, Messages: []string{"[mjpeg @ 0x1] no JPEG data found in image"}})
		if err != nil || len(got) != 1 {
			t.Fatalf("%v, %v", got, err)
		}
		why := fmt.Sprintf("%d pictures cannot be decoded: no JPEG data found in image", c.Packets)
		if g := got[0]; g.FromUS != c.StartUS || g.ToUS != c.EndUS || g.Kind != scene.Damaged || g.Reason != why {
			t.Errorf("%+v", g)
		}
	}
}

// TestUnsteady: pictures that lack once and are there the next time are no damage.
func TestUnsteady(t *testing.T) {
	photo := gen(t, "steady.png", append(lavfi("64x48", "1", "1"), "-frames:v", "1")...)
	p := probe(t, photo, time.Second)
	if cov, err := Examine(photo, p, 1).Coverage(t.Context(), p.Chunks[0], 0, Report{Exit: "killed", Device: "cpu"}); !errors.Is(err, errUnsteady) {
		t.Errorf("a photograph: %v, %v", cov, err)
	}
	for _, path := range []string{baseMP4(t), formats(t)["h264"]} {
		p := probe(t, path, time.Second)
		c := p.Chunks[1]
		rep := Report{Errors: 1, Device: "cpu"}
		if cov, err := Examine(path, p, 2).Coverage(t.Context(), c, c.Packets, rep); err != nil || len(cov) > 0 {
			t.Errorf("%s: %v, %v", path, cov, err)
		}
		for _, frames := range []int64{0, c.Packets / 2} {
			if cov, err := Examine(path, p, 2).Coverage(t.Context(), c, frames, rep); !errors.Is(err, errUnsteady) || fault.KindOf(err) != fault.Internal {
				t.Errorf("%s, %d of %d pictures: %v, %v", path, frames, c.Packets, cov, err)
			}
		}
	}
}

// countTools puts scripts named ffmpeg and ffprobe first on the PATH that note
// that they ran, and run the real ones. It gives how many ran so far.
func countTools(t *testing.T) func() int {
	t.Helper()
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	for _, n := range []string{"ffmpeg", "ffprobe"} {
		real, err := exec.LookPath(n)
		if err != nil {
			t.Skip(err)
		}
		script := fmt.Sprintf("#!/bin/sh\necho %s >> %s\nexec %s \"$@\"\n", n, log, real)
		if err := os.WriteFile(filepath.Join(dir, n), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return func() int {
		b, _ := os.ReadFile(log)
		return strings.Count(string(b), "\n")
	}
}

// TestUnseekableIsExaminedOnce: a recording that cannot be sought, with damage in
// each of its chunks, is read again once for all of them, and what is told of
// each chunk is what looking for it alone tells.
func TestUnseekableIsExaminedOnce(t *testing.T) {
	path := gen(t, "long.h264", append(lavfi("192x108", "25", "12"), "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-keyint_min", "25",
		"-sc_threshold", "0", "-f", "h264")...)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+4000 < len(b); i += len(b) / 60 { // in each group of pictures
		clear(b[i+2000 : i+2400])
	}
	path = writeFile(t, "harmed.h264", b)
	p := probe(t, path, time.Second)
	if p.Seekable || len(p.Chunks) < 5 {
		t.Fatalf("seekable: %v, %d chunks", p.Seekable, len(p.Chunks))
	}
	ran := countTools(t)
	exam := Examine(path, p, 0)
	rep := Report{Errors: 1, Device: "cpu"}
	first, err := exam.decode(t.Context(), exam.all(), rep)
	if err != nil {
		t.Fatal(err)
	}
	damaged := 0
	for _, c := range p.Chunks {
		got, err := exam.Coverage(context.Background(), c, owned(first, c), rep)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range got {
			if s.FromUS < c.StartUS || s.ToUS > c.EndUS || s.Kind != scene.Damaged {
				t.Errorf("chunk %d of %d to %d µs: %+v", c.Index, c.StartUS, c.EndUS, s)
			}
		}
		if len(got) > 0 {
			damaged++
		}
		alone, err := locate(context.Background(), path, p, c, maxSpans, rep)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := spansOf(got), spansOf(join(alone.spans)); a != b {
			t.Errorf("chunk %d: %s, looked at alone %s", c.Index, a, b)
		}
	}
	if damaged < len(p.Chunks)/2 {
		t.Errorf("damage in %d of %d chunks", damaged, len(p.Chunks))
	}
	if n, want := ran(), 1+2+2*len(p.Chunks); n != want { // the first decode and those that looked at chunks alone among them
		t.Errorf("%d programs ran, want %d", n, want)
	}
}

func spansOf(list []scene.Coverage) string {
	var out []string
	for _, s := range list {
		out = append(out, fmt.Sprintf("%d-%d", s.FromUS, s.ToUS))
	}
	return strings.Join(out, " ")
}
