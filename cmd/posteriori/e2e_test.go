package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"posteriori/bench/score"
	"posteriori/testdata/scene"
)

// street renders the generator's street clip and its truth, once a test.
func street(t *testing.T, w, h int) (clip string, truth *score.Truth) {
	t.Helper()
	s, err := scene.New("street", w, h, 7)
	if err != nil {
		t.Fatal(err)
	}
	clip = filepath.Join(t.TempDir(), "street.mp4")
	if err := s.Encode(context.Background(), clip, scene.Encoding{GOP: 25}); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(s.Truth())
	if err != nil {
		t.Fatal(err)
	}
	if truth, err = score.ReadTruth(bytes.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	return clip, truth
}

// programs are both programs as a user has them, in one place.
type programs struct {
	t   *testing.T
	env []string
}

// newPrograms builds posteriori and takes the worker that make build left.
func newPrograms(t *testing.T) programs {
	t.Helper()
	worker := findWorker(t)
	if _, err := os.Stat(worker); err != nil {
		t.Skip("the worker is not built: run make build")
	}
	return programs{t, append(os.Environ(), "POSTERIORI_WORKER="+worker, "POSTERIORI_REASON=test", "POSTERIORI_PROCEDURE=E2E")}
}

// command is posteriori run by the test binary itself (see TestMain).
func (p programs) command(store string, args ...string) *exec.Cmd {
	exe, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	link := filepath.Join(filepath.Dir(store), "posteriori")
	if err := os.Symlink(exe, link); err != nil && !errors.Is(err, os.ErrExist) {
		p.t.Fatal(err)
	}
	cmd := exec.Command(link, args...)
	cmd.Env = append(p.env, "POSTERIORI_STORE="+store, "POSTERIORI_TEST_MAIN=1")
	return cmd
}

// launch starts the program: what it says on both outputs, and how it ends.
func (p programs) launch(store string, args ...string) (cmd *exec.Cmd, said *bytes.Buffer, ended <-chan error) {
	p.t.Helper()
	cmd, said = p.command(store, args...), &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	end := make(chan error, 1)
	go func() { end <- cmd.Wait() }()
	return cmd, said, end
}

func (p programs) run(store string, args ...string) string {
	p.t.Helper()
	cmd := p.command(store, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		p.t.Fatalf("posteriori %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return out.String()
}

// store makes a store with one authorised procedure and the clip in it, cut
// into chunks.
func (p programs) store(clip, chunk string) string {
	dir := p.emptyStore()
	p.run(dir, "import", "--exhibit", "1", "--basis", "seizure", "--camera", "C", "--chunk", chunk, clip)
	return dir
}

// emptyStore makes a store with one authorised procedure and no recording.
func (p programs) emptyStore() string {
	dir := filepath.Join(p.t.TempDir(), "store")
	p.run(dir, "init", "--demo")
	p.run(dir, "procedure", "open", "E2E", "--frame", "flagrance", "--offence", "vol", "--imprisonment", "--service", "S", "--parquet", "1")
	return dir
}

func (p programs) index(store string) string {
	return p.run(store, "query", "--format", "json", "--paths")
}

// TestKilledRunsGiveTheSameIndex: killed with kill -9 at random moments until
// a run comes through, and with another number of workers, the index is that
// of one unbroken run, byte for byte.
func TestKilledRunsGiveTheSameIndex(t *testing.T) {
	p := newPrograms(t)
	clip, _ := street(t, 320, 180)

	whole := p.store(clip, "8s")
	began := time.Now()
	p.run(whole, "analyse", "--detector", "none", "--workers", "1")
	took := time.Since(began)

	broken := p.store(clip, "8s")
	rng := rand.New(rand.NewPCG(1, 2))
	kills := 0
	for try := 0; ; try++ {
		cmd := p.command(broken, "analyse", "--detector", "none", "--workers", "2")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- cmd.Wait() }()
		patience := time.Duration(rng.Int64N(int64(took)*2/5) + int64(20*time.Millisecond))
		if try > 6 {
			patience = time.Hour // enough: let it come through
		}
		select {
		case err := <-done:
			if err != nil {
				t.Fatalf("run %d: %v", try, err)
			}
		case <-time.After(patience):
			if err := cmd.Process.Signal(syscall.SIGKILL); err != nil && !errors.Is(err, os.ErrProcessDone) {
				t.Fatal(err)
			}
			if <-done != nil {
				kills++
				continue
			}
		}
		break
	}
	if kills == 0 {
		t.Fatal("no run was killed: this proves nothing")
	}
	want, got := objects(t, p.index(whole)), objects(t, p.index(broken))
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("after %d kills the index differs (-unbroken +broken):\n%s", kills, d)
	}
	if len(want) < 5 {
		t.Errorf("only %d objects: this proves little", len(want))
	}
	p.run(broken, "journal", "verify")
}

// objects are a query's hits, as JSON values.
func objects(t *testing.T, text string) []any {
	t.Helper()
	var doc any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	switch d := doc.(type) {
	case []any:
		return d
	case map[string]any:
		for _, k := range []string{"tracks", "hits", "objects"} {
			if l, ok := d[k].([]any); ok {
				return l
			}
		}
	}
	t.Fatalf("no list of objects in %.300s", text)
	return nil
}

// TestFindsWhatTheSceneShows scores the engine on the generator's exact truth:
// with a detector where one is to be had, by motion alone where not.
func TestFindsWhatTheSceneShows(t *testing.T) {
	for _, c := range []struct {
		name         string
		detector     bool
		found, class int // at least, of ten objects
		alarms       int // at most
	}{
		{"motion", false, 3, 0, 3},
		{"detector", true, 7, 7, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPrograms(t)
			clip, truth := street(t, 640, 360)
			store := p.store(clip, "5m")
			if c.detector {
				p.models(store)
			}
			p.run(store, "analyse")
			tracks, err := score.ReadTracks(strings.NewReader(p.index(store)))
			if err != nil {
				t.Fatal(err)
			}
			got := score.ScoreEvents(truth, tracks, score.DefaultRules())
			t.Logf("%d of %d found, %d false, class %v, heading %v, colour %v", got.Found, got.Objects, got.False, got.Class, got.Heading, got.ColourNear)
			if got.Found < c.found || got.Class.Right < c.class || got.False > c.alarms || got.Heading.Right < got.Found-1 {
				t.Errorf("want %d found, %d classes right, %d false at most, headings right\n%+v\n%+v", c.found, c.class, c.alarms, got.Details, got.Alarms)
			}
		})
	}
}

// modelsDir is where the real models lie, in the data beside the repository.
func modelsDir() string {
	data := os.Getenv("POSTERIORI_DATA")
	if data == "" {
		data = filepath.Join("..", "..", "..", "shared", "data")
	}
	return filepath.Join(data, "models")
}

func (p programs) haveModels() bool {
	_, err := os.Stat(modelsDir())
	return err == nil
}

// models installs the real models, where the data that holds them is there.
func (p programs) models(store string) {
	p.t.Helper()
	dir := modelsDir()
	if !p.haveModels() {
		p.t.Skipf("no models in %s: set POSTERIORI_DATA", dir)
	}
	p.run(store, "models", "install", "--from", dir)
}
