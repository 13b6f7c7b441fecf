package analysis

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"posteriori/engine/wire"
)

// What a worker says of itself comes with the hashes of the files that run: one
// put in place of another shows, whatever it says.
func TestWorkerIsNamedByItsHash(t *testing.T) {
	dir := t.TempDir()
	w := Worker{Path: filepath.Join(dir, "worker"), ORTPath: filepath.Join(dir, "lib.so")}
	named := func(program, library string) string {
		t.Helper()
		for path, text := range map[string]string{w.Path: program, w.ORTPath: library} {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return w.named(wire.Hello{Version: wire.Version, Build: "v1\n"}).Build
	}
	ours := named("a", "b")
	if !strings.HasPrefix(ours, "v1  sha256:ca978112") || !strings.Contains(ours, " onnxruntime sha256:3e23e816") {
		t.Errorf("%q", ours)
	}
	if again := named("a", "b"); again != ours {
		t.Errorf("%q, then %q", ours, again)
	}
	if named("x", "b") == ours || named("a", "x") == ours {
		t.Error("another file has the same name")
	}
	if got := (Worker{Path: "/nowhere"}).named(wire.Hello{Version: 1, Build: "v"}).Build; got != "v sha256:unknown" {
		t.Errorf("%q", got)
	}
	if got := w.named(wire.Hello{}); got.Build != "" {
		t.Errorf("a worker that said nothing is %q", got.Build)
	}
}

// FFmpeg's version is known once a worker told it, as long as its file is the
// same.
func TestFFmpegIsAskedOnce(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "ffmpeg")
	put := func(text string, age time.Duration) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
		then := time.Now().Add(-age)
		if err := os.Chtimes(path, then, then); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
	if f := findFFmpeg(); f.info != nil || f.version != "" {
		t.Errorf("there is none: %+v", f)
	}
	hello := wire.Hello{Versions: map[string]string{"ffmpeg": "7.1"}}
	put("#!/bin/sh\n", time.Second) // it may still be written to
	findFFmpeg().told(hello)
	if v := findFFmpeg().version; v != "" {
		t.Errorf("a young file's version is %q", v)
	}
	put("#!/bin/sh\n", time.Hour)
	findFFmpeg().told(wire.Hello{})
	if v := findFFmpeg().version; v != "" {
		t.Errorf("nobody told, and it is %q", v)
	}
	findFFmpeg().told(hello)
	if v := findFFmpeg().version; v != "7.1" {
		t.Errorf("told, it is %q", v)
	}
	put("#!/bin/sh\n\n", 30*time.Minute)
	if v := findFFmpeg().version; v != "" {
		t.Errorf("another file's version is %q", v)
	}
}
