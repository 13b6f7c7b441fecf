package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"posteriori/bench/score"
	"posteriori/engine/scene"
)

func TestChoose(t *testing.T) {
	if got, err := choose("tracking, events"); err != nil || len(got) != 2 || got[0].name != "tracking" {
		t.Errorf("%v %v", got, err)
	}
	if got, err := choose("all"); err != nil || len(got) != len(suites()) {
		t.Errorf("all: %v %v", got, err)
	}
	if _, err := choose("speed,chess"); err == nil || !strings.Contains(err.Error(), "tracking") {
		t.Errorf("an unknown suite: %v", err)
	}
}

// Each suite keeps its last run, in a fixed order, and a table cell cannot
// break the table.
func TestUpdateResults(t *testing.T) {
	dir := t.TempDir()
	events := report{Suite: "events", Date: "d1", Commit: "c1", Figures: []figure{{Name: "found", Value: 97.5, Unit: "%", Note: "a|b"}}}
	speed := report{Suite: "speed", Date: "d2", Commit: "c2", Figures: []figure{{Name: "ratio", Value: .5, Reference: "0.5"}}}
	for _, r := range [][]report{{events}, {speed}} {
		if err := updateResults(dir, r); err != nil {
			t.Fatal(err)
		}
	}
	events.Date, events.Figures[0].Value = "d3", 98
	if err := updateResults(dir, []report{events}); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "RESULTS.md"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for _, want := range []string{"## speed\n\nd2", "| ratio | 0.500 | 0.5 |", "d3", "| found | 98 % |", `a\|b`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "d1") || strings.Index(text, "## speed") > strings.Index(text, "## events") {
		t.Errorf("order or leftovers:\n%s", text)
	}
}

func TestResultsFileDamaged(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "results.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := updateResults(dir, nil); err == nil {
		t.Error("a damaged file was written over")
	}
}

func TestFigureText(t *testing.T) {
	for want, f := range map[string]figure{
		"3": {Value: 3}, "0.123": {Value: .1234}, "12.35 s": {Value: 12.345, Unit: "s"}, "97.3 %": {Value: 97.26, Unit: "%"}, "123.5 MB": {Value: 123.45, Unit: "MB"},
	} {
		if got := f.text(); got != want {
			t.Errorf("%v prints %q, want %q", f.Value, got, want)
		}
	}
}

func TestParseStat(t *testing.T) {
	const line = "42 (a) b) c) S 7 42 42 0 -1 4194304 1 0 0 0 2 3 0 0 20 0 1 0 99 1000000 321 18446744073709551615 1 1"
	parent, pages, err := parseStat(line)
	if err != nil || parent != 7 || pages != 321 {
		t.Errorf("%d %d %v", parent, pages, err)
	}
	for _, bad := range []string{"", "42 (x", "42 (x) S 1"} {
		if _, _, err := parseStat(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

// The measured memory covers children, and processor time too.
func TestMeasureCountsTheTree(t *testing.T) {
	cmd := exec.Command("sh", "-c", `head -c 30000000 /dev/zero | { tail -c 30000000; } | wc -c; sleep .2; true`)
	u, err := measure(cmd)
	if err != nil {
		t.Fatal(err)
	}
	if u.Wall <= 0 || u.CPU <= 0 {
		t.Errorf("%+v", u)
	}
	if own := treeRSS(os.Getpid()); own < 1<<20 {
		t.Errorf("this process has %d bytes", own)
	}
	if u.PeakRSS < 25e6 { // tail holds 30 MB to find its end
		t.Errorf("peak %d bytes", u.PeakRSS)
	}
	if _, err := measure(exec.Command("/does/not/exist")); err == nil {
		t.Error("an absent program ran")
	}
}

func TestSummaryAndGoalFigures(t *testing.T) {
	e := score.Events{Objects: 50, Found: 49, Missed: 1, Tracks: 60, False: 3, Class: score.Ratio{Right: 40, Of: 49}}
	f := eventFigures(e)
	if f[0].Value != 98 || f[2].Value != 5 || f[5].Name != "class" {
		t.Errorf("%+v", f)
	}
	if s := summary(e); !strings.Contains(s, "49 of 50") || !strings.Contains(s, "40/49") {
		t.Error(s)
	}
}

func TestScoreEventFiles(t *testing.T) {
	dir := t.TempDir()
	truth, tracks := filepath.Join(dir, "t.json"), filepath.Join(dir, "k.json")
	files := map[string]string{
		truth:  `{"width": 100, "height": 100, "window_s": [0, 4], "objects": [{"id": 1, "class": "car", "start_s": 1, "end_s": 2, "boxes": [[1, 0, 0, 10, 10]]}]}`,
		tracks: `[{"track": 1, "class": "car", "start_us": 1000000, "end_us": 2000000, "path": [[1000000, 0, 0, 10, 10]]}]`,
	}
	for name, text := range files {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := scoreEventFiles([]string{truth, tracks}); err != nil {
		t.Error(err)
	}
	if err := scoreEventFiles([]string{truth}); err == nil {
		t.Error("one file is not enough")
	}
	if err := scoreEventFiles([]string{truth, truth}); err == nil {
		t.Error("a truth file is no answer")
	}
}

// Made tracks are valid: in order, inside their time, of every class asked for.
func TestMadeTracks(t *testing.T) {
	seen, last := map[scene.Class]int{}, int64(-1)
	for k := range madeTracks(1, 2000) {
		if k.StartUS <= last || k.EndUS <= k.StartUS || k.EndUS > (fillDayS+60)*1e6 {
			t.Fatalf("times of %d: %d %d", k.ID, k.StartUS, k.EndUS)
		}
		last = k.StartUS
		seen[k.Class]++
		for i := 1; i < len(k.Path); i++ {
			if k.Path[i].TUS <= k.Path[i-1].TUS {
				t.Fatalf("path of %d", k.ID)
			}
		}
	}
	if len(seen) < 6 {
		t.Errorf("classes %v", seen)
	}
}

func TestCountTracks(t *testing.T) {
	for text, want := range map[string]int{`[{}, {}]`: 2, `{"tracks": [{}]}`: 1, `[]`: 0} {
		if n, err := countTracks([]byte(text)); err != nil || n != want {
			t.Errorf("%s: %d %v", text, n, err)
		}
	}
	if _, err := countTracks([]byte("no")); err == nil {
		t.Error("no JSON")
	}
}

// A sequence of pictures becomes a clip with one frame for each.
func TestSequenceOfPictures(t *testing.T) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed")
	}
	dir := t.TempDir()
	if err := ffmpeg(context.Background(), "-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=0.5", filepath.Join(dir, "%06d.jpg")); err != nil {
		t.Fatal(err)
	}
	q := sequence{Frames: "%06d.jpg", FPS: 10}
	file, err := q.clip(context.Background(), &env{out: dir}, dir, "SEQ")
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("ffprobe", "-v", "error", "-count_packets", "-show_entries", "stream=nb_read_packets", "-of", "csv=p=0", file).Output()
	if err != nil || !bytes.HasPrefix(out, []byte("5")) {
		t.Errorf("%s packets, %v", out, err)
	}
	if _, err := (sequence{}).clip(context.Background(), &env{}, dir, "SEQ"); err == nil {
		t.Error("a sequence of nothing")
	}
}

func TestRunSuitesKeepsWhatThereIs(t *testing.T) {
	made := []figure{{Name: "a", Value: 1}}
	broken := errors.New("broken clip")
	reports, err := runSuites(t.Context(), &env{root: t.TempDir()}, []suite{
		{"nothing", func(context.Context, *env) ([]figure, error) { return nil, errNoData }},
		{"part", func(context.Context, *env) ([]figure, error) { return made, broken }},
		{"whole", func(context.Context, *env) ([]figure, error) { return made, nil }},
	})
	if err == nil || strings.Contains(err.Error(), "nothing") || !strings.Contains(err.Error(), "part") {
		t.Errorf("the error should name the suite that failed and no other: %v", err)
	}
	if len(reports) != 3 || reports[0].Lacks != errNoData.Error() || reports[1].Lacks != broken.Error() || len(reports[1].Figures) != 1 {
		t.Fatalf("reports %+v", reports)
	}
	dir := t.TempDir()
	if err := updateResults(dir, reports); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "RESULTS.md"))
	if err != nil {
		t.Fatal(err)
	}
	if s := string(got); !strings.Contains(s, "## whole") || strings.Contains(s, "## part") || strings.Contains(s, "## nothing") {
		t.Errorf("only a whole suite replaces its last figures:\n%s", s)
	}
}

// An interrupted suite keeps what it had counted, and does not replace its last
// figures.
func TestRunSuitesInterrupted(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	reports, err := runSuites(ctx, &env{root: t.TempDir()}, []suite{
		{"cut", func(context.Context, *env) ([]figure, error) {
			stop()
			return killFigures(&tally{Kills: []*killSitting{{Killed: map[string]int{"ffmpeg": 3}, Lost: 1}}}), ctx.Err()
		}},
		{"never", func(context.Context, *env) ([]figure, error) { panic("it was interrupted") }},
	})
	if !errors.Is(err, context.Canceled) || len(reports) != 1 {
		t.Fatalf("%d reports, %v", len(reports), err)
	}
	if r := reports[0]; r.Lacks == "" || len(r.Figures) == 0 || r.Figures[0].Value != 3 || !strings.Contains(r.Figures[0].Note, "3 FFmpeg") {
		t.Errorf("%+v", r)
	}
}
