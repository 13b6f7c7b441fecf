package media

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// A chunk that gave no picture is damaged from end to end, and nothing is read
// again to find that out: of a file of a million broken packets that cannot be
// sought in, each of hundreds of chunks would begin from the start.
func TestChunkWithoutPictures(t *testing.T) {
	p := &wire.Probe{TimeBase: wire.Rational{Num: 1, Den: 25}, Counted: true}
	c := wire.Chunk{Index: 3, StartUS: 900_000_000, EndUS: 1_200_000_000, Packets: 7500}
	got, err := Examine("/nonexistent.avi", p).Coverage(t.Context(), c, 0, Report{Errors: 7500, Messages: []string{"[mjpeg @ 0x1] no JPEG data found in image"}})
	if err != nil || len(got) != 1 {
		t.Fatalf("%v, %v", got, err)
	}
	if g := got[0]; g.FromUS != c.StartUS || g.ToUS != c.EndUS || g.Kind != scene.Damaged || g.Reason != "7500 pictures cannot be decoded: no JPEG data found in image" {
		t.Errorf("%+v", g)
	}
	if _, err := Examine("/nonexistent.avi", p).Coverage(t.Context(), c, 20, Report{Errors: 7480}); err == nil {
		t.Error("one with pictures is not looked at again, so this proves nothing")
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
	exam := Examine(path, p)
	rep := Report{Errors: 1}
	damaged := 0
	for _, c := range p.Chunks {
		got, err := exam.Coverage(context.Background(), c, c.Packets/2, rep)
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
		if a, b := spansOf(got), spansOf(join(alone)); a != b {
			t.Errorf("chunk %d: %s, looked at alone %s", c.Index, a, b)
		}
	}
	if damaged < len(p.Chunks)/2 {
		t.Errorf("damage in %d of %d chunks", damaged, len(p.Chunks))
	}
	if n, want := ran(), 2+2*len(p.Chunks); n != want { // those that looked at chunks alone among them
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
