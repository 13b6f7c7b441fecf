package survey

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"posteriori/engine/batch"
	"posteriori/engine/fault"
	"posteriori/engine/wire"
	"posteriori/testdata/seizure"
)

// container plays the worker: what its files' names say, in every container.
type container struct{}

func (container) Glance(_ context.Context, path string) (*wire.Probe, wire.Hello, error) {
	if strings.Contains(path, "cut off") {
		return nil, wire.Hello{}, fault.New(fault.BadInput, "the recording was never closed").OnFile(path)
	}
	p := &wire.Probe{Format: "mov,mp4", Codec: "h264", Width: 160, Height: 120, DurationUS: seizure.Clip.Microseconds()}
	return p, wire.Hello{}, nil
}

func paris(t *testing.T) *time.Location {
	t.Helper()
	z, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// lines gives each line of a result by its path in the tree.
func lines(t *testing.T, r *Result, root string) map[string]batch.File {
	t.Helper()
	out := map[string]batch.File{}
	add := func(f batch.File) {
		rel, err := filepath.Rel(root, f.Path)
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := out[rel]; twice {
			t.Errorf("%q stands twice in the manifest", rel)
		}
		out[rel] = f
	}
	for _, c := range r.Cameras {
		for _, f := range c.Files {
			add(f)
		}
	}
	for _, l := range r.LeftOut {
		for _, f := range l.Files {
			add(f)
		}
	}
	return out
}

// Every name in a tree has one line, with a reason where it is left out, and
// each is what the maker of the tree says it is.
func TestSeizure(t *testing.T) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed")
	}
	dir := t.TempDir()
	truth, err := seizure.Make(dir, 5)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(filepath.Join(dir, "locked"), 0o755) })
	r, err := Run(t.Context(), Options{Roots: []string{dir}, Zone: paris(t), Prober: container{}, At: 2})
	if err != nil {
		t.Fatal(err)
	}
	got := lines(t, r, dir)
	for _, rel := range truth.Analyse {
		if f := got[rel]; f.Action != batch.Analyse || f.Kind != batch.Video || f.Length != seizure.Clip {
			t.Errorf("%q: %+v", rel, f)
		}
	}
	for rel, kind := range truth.LeftOut {
		if f := got[rel]; f.Action != batch.LeaveOut || f.Reason == "" || string(f.Kind) != kind {
			t.Errorf("%q is to be left out as %s: %+v", rel, kind, f)
		}
	}
	for rel, first := range truth.Duplicates {
		if f := got[rel]; f.Action != batch.LeaveOut || !strings.Contains(f.Reason, first) || len(f.SHA256) != 64 {
			t.Errorf("%q is the same as %q: %+v", rel, first, f)
		}
	}
	names := 0
	_ = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			names++
		}
		return nil
	})
	if len(got) != names || r.Plan.Totals.Files != names || r.Plan.Totals.Analyse != len(truth.Analyse) {
		t.Errorf("%d lines and totals of %+v for %d names, %d to analyse", len(got), r.Plan.Totals, names, len(truth.Analyse))
	}
	cams := map[string]*batch.Camera{}
	for _, c := range r.Cameras {
		cams[c.Name] = c
	}
	if c := cams["ch01"]; c == nil || len(c.Files) != 4 || c.Gaps.Count != 1 || c.Gaps.Length != seizure.Clip || c.Overlaps.Count != 0 {
		t.Errorf("ch01: %+v", c)
	} else if c.Clock.From != "name" || c.From.Format(time.RFC3339) != "2024-03-01T14:00:00+01:00" || c.Confirmed {
		t.Errorf("the clock of ch01: %+v from %v", c.Clock, c.From)
	}
	if c := cams["ch03"]; c == nil || len(c.Files) != 5 || c.Overlaps.Count != 1 || c.Overlaps.Length != 3*time.Second || c.Gaps.Count != 1 || c.Gaps.Length != 3*time.Second {
		t.Errorf("ch03, of which one file begins three seconds early: %+v", c)
	}
	if c := cams["Camera"]; c == nil || c.From.Format(time.RFC3339) != "2024-03-01T14:00:00+01:00" {
		t.Errorf("the telephone writes UTC: %+v", c)
	}
}

// A manifest reads back as it was written, whatever the names are.
func TestManifestRoundTrip(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a \"b\": {c}, #d.txt", "new\nline.txt", "caf\xe9.txt", "- x.txt", "é.txt", "true", "\x1b[31m.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r, err := Run(t.Context(), Options{Roots: []string{dir}, Zone: paris(t)})
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	w, err := batch.NewWriter(&buf)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Write(w); err != nil {
		t.Fatal(err)
	}
	if bytes.ContainsRune(buf.Bytes(), 0x1b) {
		t.Error("a terminal would obey the manifest")
	}
	got := map[string]bool{}
	err = batch.Read(bytes.NewReader(buf.Bytes()), func(d batch.Doc) error {
		if d.LeftOut != nil {
			for _, f := range d.LeftOut.Files {
				got[f.Path] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%v in\n%s", err, buf.String())
	}
	for path := range lines(t, r, dir) {
		if !got[filepath.Join(dir, path)] {
			t.Errorf("%q is lost", path)
		}
	}
	for _, bad := range []string{"plan: {version: 1, zone: UTC, extra: 1}", "plan: {version: 2, zone: UTC}", "camera: {name: x}", "", "- 1",
		"plan: {version: 1, zone: UTC}\n---\ncamera: {name: x, clock: {from: name}, files: [{path: /x, action: skip}]}",
		"plan: {version: 1, zone: UTC}\n---\nleft-out: {kind: text, files: [{path: /x, action: analyse}]}"} {
		if err := batch.Read(strings.NewReader(bad), func(batch.Doc) error { return nil }); fault.KindOf(err) != fault.BadInput {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// What a person confirmed stays when the plan is made anew.
func TestAnswersStay(t *testing.T) {
	dir := t.TempDir()
	mp4 := []byte("\x00\x00\x00\x10ftypisom\x00\x00\x00\x00")
	for i := range 3 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("cam2_2024030114%02d00.mp4", i)), append(mp4, byte(i)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	o := Options{Roots: []string{dir}, Zone: paris(t), Prober: container{}, At: 1}
	r, err := Run(t.Context(), o)
	if err != nil || len(r.Cameras) != 1 {
		t.Fatal(err, r)
	}
	c := *r.Cameras[0]
	if c.Gaps.Count != 2 || c.Gaps.Length != 2*(time.Minute-seizure.Clip) {
		t.Errorf("gaps of a minute between files of two seconds: %+v", c.Gaps)
	}
	c.Name, c.Confirmed, c.Clock.Offset = "porte nord", true, -3*time.Minute
	o.Before = map[string]batch.Camera{c.Key: c}
	if r, err = Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if n := r.Cameras[0]; n.Name != "porte nord" || !n.Confirmed || n.Clock.Offset != -3*time.Minute {
		t.Errorf("%+v", n)
	}
}

// Files numbered like a sequence that record at the same time are cameras.
func TestNumbersThatAreCameras(t *testing.T) {
	dir := t.TempDir()
	for i := 1; i <= 3; i++ {
		name := fmt.Sprintf("view%d.mp4", i)
		if err := os.WriteFile(filepath.Join(dir, name), []byte("\x00\x00\x00\x10ftypisom"+name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r, err := Run(t.Context(), Options{Roots: []string{dir}, Zone: paris(t), Prober: together{}, At: 1})
	if err != nil || len(r.Cameras) != 3 {
		t.Fatalf("%v, %d cameras, want 3", err, len(r.Cameras))
	}
}

type together struct{}

func (together) Glance(_ context.Context, path string) (*wire.Probe, wire.Hello, error) {
	return &wire.Probe{Format: "mov", Codec: "h264", Width: 160, Height: 120, DurationUS: 600e6, Created: "2024-03-01T13:00:00Z"}, wire.Hello{}, nil
}

// A worker that is not there ends the survey: no other file would fare better.
func TestNoWorker(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x.mp4"), []byte("\x00\x00\x00\x10ftypisom"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), Options{Roots: []string{dir}, Zone: time.UTC, Prober: gone{}}); fault.KindOf(err) != fault.Missing {
		t.Errorf("%v", err)
	}
	if _, err := Run(t.Context(), Options{Roots: []string{filepath.Join(dir, "none")}, Zone: time.UTC}); fault.KindOf(err) != fault.BadInput {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, Options{Roots: []string{dir}, Zone: time.UTC}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

type gone struct{}

func (gone) Glance(context.Context, string) (*wire.Probe, wire.Hello, error) {
	return nil, wire.Hello{}, fault.New(fault.Missing, "the worker program is not there")
}

// Marks that contain one another, and bytes that are nearly something.
func TestSniff(t *testing.T) {
	ts := bytes.Repeat(append([]byte{0x47}, make([]byte, 187)...), 8)
	for text, want := range map[string]batch.Kind{
		"\x00\x00\x00\x18ftypheic": batch.Picture, "\x00\x00\x00\x18ftypisom": batch.Video, "RIFF\x00\x00\x00\x00AVI LIST": batch.Video,
		"RIFF\x00\x00\x00\x00WAVEfmt ": batch.Sound, "G": batch.Text, string(ts): batch.Video, string(ts[:400]): batch.Other,
		"\x00\x00\x00\x00": batch.Other, "\xff\xfeh\x00i\x00": batch.Text, "Gruß\n": batch.Text, "a\x00b": batch.Other,
	} {
		if got, what := sniff([]byte(text)); got != want {
			t.Errorf("%.20q is %s (%s), want %s", text, got, what, want)
		}
	}
}
