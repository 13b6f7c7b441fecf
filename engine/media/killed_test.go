//go:build unix

package media

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestKilledToolIsNoDamage: a tool that the system, or somebody, kills is an
// error; the recording is not called damaged, or no video, for it. One that dies
// of the file is.
func TestKilledToolIsNoDamage(t *testing.T) {
	path := baseMP4(t)
	p := probe(t, path, time.Second)
	real := map[string]string{}
	for _, name := range []string{"ffmpeg", "ffprobe"} {
		at, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		real[name] = at
	}
	// dies puts a tool into $PATH that works for a moment and is then gone.
	dies := func(t *testing.T, tool, signal string) {
		t.Helper()
		dir := t.TempDir()
		for name, at := range real {
			text := "#!/bin/sh\nexec " + at + ` "$@"` + "\n"
			if name == tool {
				text = "#!/bin/sh\n" + at + ` "$@" | head -c 30000` + "\nkill -" + signal + " $$\n"
			}
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	}
	decode := func() (n int, rep Report, err error) {
		d, err := Open(context.Background(), path, p, whole())
		if err != nil {
			return 0, rep, err
		}
		defer d.Close()
		for {
			f, err := d.Next()
			if err != nil {
				return n, d.Report(), err
			}
			f.Release()
			n++
		}
	}
	t.Run("ffmpeg is killed", func(t *testing.T) {
		dies(t, "ffmpeg", "KILL")
		if n, rep, err := decode(); !errors.Is(err, errKilled) {
			t.Errorf("%d pictures, %+v, %v", n, rep, err)
		}
	})
	t.Run("ffmpeg crashes", func(t *testing.T) {
		dies(t, "ffmpeg", "SEGV")
		if n, rep, err := decode(); !errors.Is(err, io.EOF) || rep.Exit == "" {
			t.Errorf("%d pictures, %+v, %v", n, rep, err)
		}
	})
	t.Run("ffprobe is killed", func(t *testing.T) {
		dies(t, "ffprobe", "KILL")
		if _, err := Probe(context.Background(), path, 1e6); !errors.Is(err, errKilled) {
			t.Errorf("%v", err)
		}
	})
	t.Run("the second decode is killed", func(t *testing.T) {
		dies(t, "ffmpeg", "KILL")
		if cov, err := Examine(path, p, 0).Coverage(context.Background(), p.Chunks[len(p.Chunks)-1], 1, Report{Errors: 1}); !errors.Is(err, errKilled) {
			t.Errorf("%+v, %v", cov, err)
		}
	})
	t.Run("we end it ourselves", func(t *testing.T) {
		d, err := Open(context.Background(), path, p, whole())
		if err != nil {
			t.Fatal(err)
		}
		if f, err := d.Next(); err == nil {
			f.Release()
		}
		if err := d.Close(); err != nil || d.run.cmd.killed() != nil {
			t.Errorf("%v, %v", err, d.run.cmd.killed())
		}
	})
}
