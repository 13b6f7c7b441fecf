package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"posteriori/engine/batch"
)

// How many hostile files a run takes.
const (
	hostileDefault = 264
	hostileFull    = 10_000
	hostileAtOnce  = 264 // in one batch
)

// hostile is what became of the files.
type hostile struct {
	files            int
	outcomes         map[string]int
	without, crashes int
	left             int // processes that outlived the program
	slowest          time.Duration
	slowestKind      string
	peak             int64
	tookAll          time.Duration
	unverified       int
}

// hostileFigures has a batch import and analyse mutated files of every kind, and
// counts what must be nought: crashes of the program, files without an outcome,
// processes that stay. The slowest file shows that nothing hangs.
func hostileFigures(ctx context.Context, e *env) ([]figure, error) {
	total := hostileDefault
	if e.full {
		total = hostileFull
	}
	dir, err := os.MkdirTemp(e.out, "hostile-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	list, lacks, err := makeBases(ctx, dir)
	if err != nil {
		return nil, err
	}
	h := &hostile{outcomes: map[string]int{}}
	for from := 0; from < total; from += hostileAtOnce {
		if err := h.batch(ctx, e, list, dir, from, min(total, from+hostileAtOnce)); err != nil {
			return h.figures(len(list), lacks), err
		}
		e.note("  %d of %d hostile files: %v, slowest %v", h.files, total, h.outcomes, h.slowest.Round(time.Millisecond))
	}
	return h.figures(len(list), lacks), nil
}

// figures are the counts of what was done so far.
func (h *hostile) figures(bases int, lacks []string) []figure {
	var kinds []string
	for _, k := range slices.Sorted(maps.Keys(h.outcomes)) {
		kinds = append(kinds, fmt.Sprintf("%d %s", h.outcomes[k], k))
	}
	note := fmt.Sprintf("%d kinds of file × %d ways to harm them; %s", bases, len(mutations), strings.Join(kinds, ", "))
	if len(lacks) > 0 {
		note += "; not made by this FFmpeg: " + strings.Join(lacks, ", ")
	}
	nought := func(name string, n int, note string) figure {
		return figure{Name: name, Value: float64(n), Reference: "0", Source: "goal of the project", Note: note}
	}
	return []figure{
		{Name: "hostile files", Value: float64(h.files), Reference: fmt.Sprint(hostileFull), Source: "with FULL=1", Note: note},
		nought("hostile files, crashes of the program", h.crashes, "batch run ends with an exit status of its own"),
		nought("hostile files without an outcome", h.without, "analysed, partly analysed, refused or failed, with the reason"),
		nought("hostile files, processes left behind", h.left, "workers, ffmpeg and ffprobe after the run"),
		nought("hostile files, journals that do not verify", h.unverified, ""),
		{Name: "hostile files, slowest", Value: h.slowest.Seconds(), Unit: "s", Note: h.slowestKind + ", import and analysis"},
		{Name: "hostile files, each", Value: h.tookAll.Seconds() / float64(max(1, h.files)), Unit: "s", Note: "wall time of the batch"},
		{Name: "hostile files, peak memory", Value: float64(h.peak) / (1 << 20), Unit: "MiB", Note: "program, workers and FFmpeg together"},
	}
}

// batch runs one batch of hostile files.
func (h *hostile) batch(ctx context.Context, e *env, list []base, dir string, from, to int) error {
	seized := filepath.Join(dir, "seized")
	defer os.RemoveAll(seized)
	if err := os.MkdirAll(seized, 0o755); err != nil {
		return err
	}
	for n := from; n < to; n++ {
		b, how := mutated(list, n)
		name := fmt.Sprintf("%05d-%s.%s", n, strings.ReplaceAll(how, " ", "-"), b.ext)
		if err := os.WriteFile(filepath.Join(seized, name), b.data, 0o644); err != nil {
			return err
		}
	}
	p, err := emptyProgram(ctx, e)
	if err != nil {
		return err
	}
	defer p.Close()
	manifest := filepath.Join(dir, "manifest.yaml")
	if err := everyFile(seized, manifest); err != nil {
		return err
	}
	log := filepath.Join(dir, "run.log")
	_ = os.Remove(log)
	began := time.Now()
	cmd := exec.CommandContext(ctx, p.bin, "batch", "run", manifest, "--detector", "none", "--log", log, "--log-format", "json")
	cmd.Env = p.env
	var said bytes.Buffer
	cmd.Stderr = &said
	u, err := measure(cmd)
	if ctx.Err() != nil { // what was interrupted says nothing
		return ctx.Err()
	}
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 4) { // 4: some files could not be analysed
		h.crashes++
		e.note("  %v\n%s", err, tail(said.String()))
	}
	h.tookAll += time.Since(began)
	h.peak = max(h.peak, u.PeakRSS)
	h.left += len(readersOf(seized))
	if err := h.account(ctx, p, to-from); err != nil {
		return err
	}
	if err := h.read(log, seized); err != nil {
		return err
	}
	if _, err := p.run(ctx, "journal", "verify"); err != nil {
		h.unverified++
	}
	return nil
}

// everyFile writes a manifest that has every file of a folder analysed, whatever
// it is: what batch plan leaves out would meet no decoder.
func everyFile(dir, manifest string) error {
	list, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var paths []string
	for _, e := range list {
		paths = append(paths, filepath.Join(dir, e.Name()))
	}
	return writeManifest(manifest, paths...)
}

func writeManifest(manifest string, paths ...string) error {
	f, err := os.Create(manifest)
	if err != nil {
		return err
	}
	defer f.Close()
	w, err := batch.NewWriter(f)
	if err != nil {
		return err
	}
	c := batch.Camera{Name: "C", Key: "C", Clock: batch.Clock{From: "none"}}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		c.Files = append(c.Files, batch.File{Path: path, Bytes: info.Size(), Kind: batch.Video, Action: batch.Analyse})
	}
	plan := batch.Plan{Version: batch.Version, Made: time.Now().UTC(), Roots: []string{filepath.Dir(paths[0])}, Exhibit: "S1", Basis: "seizure", Zone: "UTC"}
	if err := w.Put(batch.Doc{Plan: &plan}); err != nil {
		return err
	}
	return w.Put(batch.Doc{Camera: &c})
}

// account asks what became of each file.
func (h *hostile) account(ctx context.Context, p *program, files int) error {
	raw, err := p.run(ctx, "batch", "status", "--all", "--json")
	if err != nil {
		return err
	}
	var v struct {
		Items []struct {
			State  string `json:"state"`
			Reason string `json:"reason"`
		} `json:"items"`
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		return err
	}
	if len(v.Items) != files {
		return fmt.Errorf("batch status lists %d of %d files: %.300s", len(v.Items), files, raw)
	}
	h.files += files
	for _, it := range v.Items {
		h.outcomes[it.State]++
		if it.State == "waiting" || it.State != "analysed" && it.Reason == "" {
			h.without++
		}
	}
	return nil
}

// read takes the slowest file from the log.
func (h *hostile) read(log, seized string) error {
	list, err := os.ReadDir(seized)
	if err != nil {
		return err
	}
	f, err := os.Open(log)
	if err != nil {
		return err
	}
	defer f.Close()
	for in := bufio.NewScanner(f); in.Scan(); {
		var v struct {
			Item int     `json:"item"`
			Took float64 `json:"took_s"`
		}
		if err := json.Unmarshal(in.Bytes(), &v); err != nil {
			return err
		}
		if took := time.Duration(v.Took * float64(time.Second)); took > h.slowest && v.Item > 0 && v.Item <= len(list) {
			h.slowest, h.slowestKind = took, list[v.Item-1].Name()
		}
	}
	return nil
}

// readersOf lists the processes whose command line names a folder.
func readersOf(dir string) []string {
	var out []string
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, l := range lines {
		if b, err := os.ReadFile(l); err == nil && bytes.Contains(b, []byte(dir)) {
			out = append(out, string(b))
		}
	}
	return out
}
