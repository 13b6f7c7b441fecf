package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The seizure of a soak: recordings of six minutes, of ten recorders' channels.
const (
	soakDefault  = 100
	soakFull     = 1000
	soakChannels = 10
	soakSeconds  = 360
)

// soakKinds are the objects that cross in recordings of one kind: most have
// none, as at night.
var soakKinds = []int{0, 0, 1, 0, 2, 0, 0, 3, 0, 1}

// soakSuite plans and runs a batch over a made-up seizure: 1,000 recordings and
// 100 h with -full, else a tenth. It measures whether memory and open files stay
// as they are, whether each total is exact, and how right the time left was.
func soakSuite(ctx context.Context, e *env) ([]figure, error) {
	files := soakDefault
	if e.full {
		files = soakFull
	}
	dir, err := os.MkdirTemp(e.out, "soak-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	s := &soak{e: e, files: files, dir: dir}
	if err := s.make(ctx); err != nil {
		return nil, err
	}
	if s.p, err = emptyProgram(ctx, e); err != nil {
		return nil, err
	}
	defer s.p.Close()
	if err := s.run(ctx); err != nil {
		return s.figures(), err
	}
	return s.figures(), nil
}

// soak is one run.
type soak struct {
	e       *env
	p       *program
	files   int
	dir     string
	objects int // that cross, in all
	bytes   int64
	plan    time.Duration
	took    time.Duration
	samples []soakSample
	// What is off, and must be nought.
	off []string
}

// soakSample is what was seen of the run at one moment.
type soakSample struct {
	at          time.Duration
	share, left float64 // as the program tells; s, negative: not known
	rss         int64   // of the program alone
	tree        int64   // with all that it started
	open        int     // files that the program has open
	openTree    int     // and all that it started
}

// make makes the recordings: one encoding of each kind, and so many copies,
// each with a number in a box of its own, so that no two are the same file.
func (s *soak) make(ctx context.Context) error {
	var kinds [][]byte
	for i, n := range soakKinds {
		path := filepath.Join(s.dir, fmt.Sprintf("kind-%d.mp4", i))
		if err := ffmpeg(ctx, soakArgs(i, n, path)...); err != nil {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		kinds = append(kinds, b)
	}
	began := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	for i := range s.files {
		ch, n := i%soakChannels, i/soakChannels
		dir := filepath.Join(s.seized(), fmt.Sprintf("ch%02d", ch+1))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		k := (i + n) % len(kinds)
		s.objects += soakKinds[k]
		text := numbered(kinds[k], i)
		s.bytes += int64(len(text))
		at := began.Add(time.Duration(n*soakSeconds) * time.Second)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("ch%02d_%s.mp4", ch+1, at.Format("20060102_150405"))), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (s *soak) seized() string { return filepath.Join(s.dir, "seized") }

// soakArgs has FFmpeg make six minutes of 160×120 pictures at two a second, with
// a sensor's noise, and so many boxes that cross one after the other, for twenty
// seconds each and far from the file's ends.
func soakArgs(kind, objects int, path string) []string {
	// A plain picture would be one that a covered lens gives.
	args := []string{"-f", "lavfi", "-i", fmt.Sprintf("color=0x909090:s=160x120:r=2:d=%d,drawgrid=w=24:h=24:t=5:c=0x383838", soakSeconds)}
	graph, last := "", "0"
	for i := range objects {
		args = append(args, "-f", "lavfi", "-i", "color="+[]string{"white", "black", "yellow"}[i%3]+":s=24x18:r=2")
		at := 60 + 90*i
		x := fmt.Sprintf("(t-%d)*9-24", at)
		if (kind+i)%2 == 0 {
			x = fmt.Sprintf("160-(t-%d)*9", at)
		}
		graph += fmt.Sprintf("[%s][%d]overlay=shortest=1:x='if(between(t,%d,%d),%s,-100)':y=%d[o%d];", last, i+1, at, at+21, x, 30+20*i, i)
		last = fmt.Sprintf("o%d", i)
	}
	graph += fmt.Sprintf("[%s]noise=alls=3:allf=t:all_seed=%d[out]", last, kind)
	return append(args, "-filter_complex", graph, "-map", "[out]", "-c:v", "libx264", "-preset", "veryfast", "-crf", "30", "-g", "20", "-pix_fmt", "yuv420p", path)
}

// numbered is an MP4 with a number at its end, in a box that readers pass over
// (ISO/IEC 14496-12, 8.1.2).
func numbered(mp4 []byte, n int) []byte {
	box := binary.BigEndian.AppendUint32(nil, 16)
	box = append(box, "free"...)
	return append(bytes.Clone(mp4), binary.BigEndian.AppendUint64(box, uint64(n))...)
}

// run plans, runs, and asks what came of it.
func (s *soak) run(ctx context.Context) error {
	manifest := filepath.Join(s.dir, "manifest.yaml")
	began := time.Now()
	if _, err := s.p.run(ctx, "batch", "plan", "--exhibit", "S1", "--basis", "seizure", "--zone", "UTC", "-o", manifest, s.seized()); err != nil {
		return err
	}
	s.plan = time.Since(began)
	if err := s.batch(ctx, manifest); err != nil {
		return err
	}
	return s.check(ctx)
}

// batch runs the batch and samples it.
func (s *soak) batch(ctx context.Context, manifest string) error {
	cmd := exec.CommandContext(ctx, s.p.bin, "batch", "run", manifest, "--detector", "none", "--metrics", "127.0.0.1:0")
	cmd.Env = s.p.env
	said, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	shown, end := make(chan string, 1), make(chan string, 1)
	go func() { // the address, then what is said, of which the end is kept
		var last []string
		for in := bufio.NewScanner(said); in.Scan(); {
			if m := shownAt.FindString(in.Text()); m != "" {
				shown <- m
			}
			last = append(last[max(0, len(last)-11):], in.Text())
		}
		end <- strings.Join(last, "\n")
	}()
	address := ""
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for noted := began; ; {
		select {
		case address = <-shown:
		case text := <-end: // it has ended
			s.took = time.Since(began)
			if err := cmd.Wait(); err != nil {
				return fmt.Errorf("posteriori batch run: %w\n%s", err, text)
			}
			return nil
		case <-tick.C:
			if sample, ok := look(ctx, cmd.Process.Pid, address); ok {
				sample.at = time.Since(began)
				s.samples = append(s.samples, sample)
				if time.Since(noted) > time.Minute {
					noted = time.Now()
					s.e.note("  %.0f %%, %.0f s left; %d MB, %d files open; with workers %d MB, %d", 100*sample.share, sample.left, sample.rss>>20, sample.open, sample.tree>>20, sample.openTree)
				}
			}
		}
	}
}

var (
	shownAt = regexp.MustCompile(`http://127\.0\.0\.1:\d+/metrics`)
	shareIs = regexp.MustCompile(`(?m)^posteriori_batch_share (\S+)$`)
	leftIs  = regexp.MustCompile(`(?m)^posteriori_batch_left_seconds (\S+)$`)
)

// look takes one sample of a program and of all below it.
func look(ctx context.Context, pid int, address string) (s soakSample, ok bool) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil || address == "" {
		return s, false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return s, false
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	share, left := shareIs.FindSubmatch(text), leftIs.FindSubmatch(text)
	if err != nil || share == nil || left == nil {
		return s, false
	}
	s.share, _ = strconv.ParseFloat(string(share[1]), 64)
	s.left, _ = strconv.ParseFloat(string(left[1]), 64)
	for _, p := range tree(pid) {
		fds, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.pid)) // it may be gone
		rss := p.pages * int64(os.Getpagesize())
		if p.pid == pid {
			s.rss, s.open = rss, len(fds)
		}
		s.tree, s.openTree = s.tree+rss, s.openTree+len(fds)
	}
	return s, s.rss > 0
}

// check compares each total with what was made.
func (s *soak) check(ctx context.Context) error {
	want := func(what string, got, want any) {
		if fmt.Sprint(got) != fmt.Sprint(want) {
			s.off = append(s.off, fmt.Sprintf("%s: %v, not %v", what, got, want))
		}
	}
	var status struct {
		Files   int            `json:"files"`
		States  map[string]int `json:"states"`
		Tracks  int            `json:"tracks"`
		NotSeen int64          `json:"not_seen_us"`
		Joined  int            `json:"joined"`
	}
	if err := s.json(ctx, &status, "batch", "status", "--json"); err != nil {
		return err
	}
	want("files", status.Files, s.files)
	want("states", status.States, map[string]int{"analysed": s.files})
	want("objects by the batch", status.Tracks, s.objects)
	want("time not seen", status.NotSeen, 0)
	want("objects that a join of files cuts", status.Joined, 0)
	var found struct {
		Results int `json:"results"`
		Scope   struct {
			Recordings []struct {
				Asked int64            `json:"asked_us"`
				US    map[string]int64 `json:"us"`
			} `json:"recordings"`
		} `json:"scope"`
	}
	if err := s.json(ctx, &found, "query", "--format", "json"); err != nil {
		return err
	}
	var asked, seen int64
	for _, r := range found.Scope.Recordings {
		asked, seen = asked+r.Asked, seen+r.US["seen"]
	}
	want("objects by a query", found.Results, s.objects)
	want("recordings by a query", len(found.Scope.Recordings), s.files)
	want("time asked for", asked, int64(s.files)*soakSeconds*1e6)
	want("time seen", seen, int64(s.files)*soakSeconds*1e6)
	for _, sub := range []string{"import", "analyse"} {
		n, err := recorded(s.p, sub)
		if err != nil {
			return err
		}
		want("records of "+sub, n, s.files)
	}
	for _, args := range [][]string{{"journal", "verify"}, {"doctor", "--store", s.p.store, "--reason", "benchmark"}} {
		if _, err := s.p.run(ctx, args...); err != nil {
			s.off = append(s.off, err.Error())
		}
	}
	return ctx.Err()
}

func (s *soak) json(ctx context.Context, v any, args ...string) error {
	raw, err := s.p.run(ctx, args...)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, v)
}

// figures are what the samples say; those of a run that broke off say how far it
// came.
func (s *soak) figures() []figure {
	if len(s.samples) == 0 {
		return nil
	}
	hours := float64(s.files) * soakSeconds / 3600
	last := s.samples[len(s.samples)-1]
	footage := fmt.Sprintf("%d recordings of 6 min, %.0f h in all, made up: 160×120, 2 pictures a second, H.264, a sensor's noise, %d boxes cross; %.0f MB; no detector", s.files, hours, s.objects, float64(s.bytes)/1e6)
	if s.took == 0 {
		footage = fmt.Sprintf("broken off at %.0f %%; ", 100*last.share) + footage
	}
	out := []figure{
		{Name: "soak, recordings", Value: float64(s.files), Reference: strconv.Itoa(soakFull), Source: "with FULL=1", Note: footage},
		{Name: "soak, plan", Value: s.plan.Seconds(), Unit: "s", Note: "batch plan, with its samples"},
		{Name: "soak, run", Value: cmp.Or(s.took, last.at).Seconds(), Unit: "s", Note: fmt.Sprintf("batch run; %.0f × real time", hours*3600*last.share/max(1, cmp.Or(s.took, last.at).Seconds()))},
	}
	early, late := s.between(0.1, 0.3), s.between(0.8, 1)
	if len(early) > 0 && len(late) > 0 {
		flat := func(name, unit string, scale float64, of func(soakSample) int64) figure {
			a, b := float64(middle(early, of))/scale, float64(middle(late, of))/scale
			return figure{Name: name, Value: b / a, Reference: "1", Source: "goal of the project",
				Note: fmt.Sprintf("%.0f %s (median while 10 to 30 %% were done), %.0f (80 to 100 %%), %.0f at the most", a, unit, b, float64(s.most(of))/scale)}
		}
		out = append(out,
			flat("soak, memory of the program, late over early", "MB", 1e6, func(x soakSample) int64 { return x.rss }),
			flat("soak, memory with workers, late over early", "MB", 1e6, func(x soakSample) int64 { return x.tree }),
			flat("soak, open files of the program, late over early", "files", 1, func(x soakSample) int64 { return int64(x.open) }),
			flat("soak, open files with workers, late over early", "files", 1, func(x soakSample) int64 { return int64(x.openTree) }))
	}
	if s.took > 0 {
		out = append(out, figure{Name: "soak, totals that are off", Value: float64(len(s.off)), Reference: "0", Source: "goal of the project",
			Note: cmp.Or(strings.Join(s.off, "; "), "files, states, objects, seconds seen, records of the journal; journal verify and doctor --store")})
		out = append(out, s.leftFigures()...)
	}
	return out
}

func (s *soak) between(from, to float64) (out []soakSample) {
	for _, x := range s.samples {
		if x.share >= from && x.share <= to {
			out = append(out, x)
		}
	}
	return out
}

func middle(list []soakSample, of func(soakSample) int64) int64 {
	var all []int64
	for _, x := range list {
		all = append(all, of(x))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

func (s *soak) most(of func(soakSample) int64) (m int64) {
	for _, x := range s.samples {
		m = max(m, of(x))
	}
	return m
}

// leftFigures say how far the time left was from the true one: after the first
// tenth, and at the worst until the last.
func (s *soak) leftFigures() []figure {
	var first, worst float64
	at := 0.0
	for i, x := range s.between(0.1, 0.9) {
		truth := (s.took - x.at).Seconds()
		off := 100 * math.Abs(x.left-truth) / truth
		if x.left < 0 {
			off = 100
		}
		if i == 0 {
			first = off
		}
		if off > worst {
			worst, at = off, x.share
		}
	}
	const goal = "20"
	return []figure{
		{Name: "soak, time left, off after the first tenth", Value: first, Unit: "%", Reference: goal, Source: "goal of the project", Note: "of the time that was left in truth"},
		{Name: "soak, time left, off at the worst", Value: worst, Unit: "%", Reference: goal, Source: "goal of the project", Note: fmt.Sprintf("of the samples from 10 to 90 %% of the work, at %.0f %%; whatever else the machine did meanwhile is in it", 100*at)},
	}
}
