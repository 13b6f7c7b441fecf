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
	"strconv"
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

// mediaFaults has a batch import and analyse mutated files of every kind, and
// counts what must be nought: crashes of the program, files without an outcome,
// processes that stay. The slowest file shows that nothing hangs.
func mediaFaults(ctx context.Context, e *env, t *tally) error {
	from, total := t.media().To, hostileDefault
	if e.full {
		total = hostileFull
	}
	if from >= total {
		return nil
	}
	dir, err := os.MkdirTemp(e.out, "hostile-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	list, lacks, err := makeBases(ctx, dir)
	if err != nil {
		return err
	}
	h := &mediaSitting{sitting: e.sitting(), From: from, To: from, Kinds: len(list), Lacks: lacks, Held: true, Outcomes: map[string]int{}}
	t.Media = append(t.Media, h)
	for h.To < total {
		if err := h.batch(ctx, e, list, dir, h.To, min(total, h.To+hostileAtOnce)); err != nil {
			return err
		}
		if err := t.save(); err != nil {
			return err
		}
		e.note("  %d of %d hostile files: %v, slowest %.1f s", h.To, total, h.Outcomes, h.SlowestS)
	}
	return nil
}

// mediaFigures are the counts of what was done so far.
func mediaFigures(t *tally) []figure {
	h := t.media()
	if h.To == 0 {
		return nil
	}
	var outcomes []string
	for _, k := range slices.Sorted(maps.Keys(h.Outcomes)) {
		outcomes = append(outcomes, fmt.Sprintf("%d %s", h.Outcomes[k], k))
	}
	note := fmt.Sprintf("%d kinds of file × %d ways to harm them; %s; %s", h.Kinds, len(mutations), strings.Join(outcomes, ", "), sittings(t.Media))
	left := "workers, ffmpeg and ffprobe after the run"
	if h.Held {
		left += ", and whoever holds a file open"
	}
	if len(h.Lacks) > 0 {
		note += "; not made by this FFmpeg: " + strings.Join(h.Lacks, ", ")
	}
	return []figure{
		{Name: "hostile files", Value: float64(h.To), Reference: fmt.Sprint(hostileFull), Source: "goal of the project", Note: note},
		nought("hostile files, crashes of the program", h.Crashes, "batch run ends with an exit status of its own"),
		nought("hostile files without an outcome", h.Without, "analysed, partly analysed, refused or failed, with the reason"),
		nought("hostile files, processes left behind", h.Left, left),
		nought("hostile files, journals that do not verify", h.Unverified, "after each batch of "+strconv.Itoa(hostileAtOnce)),
		{Name: "hostile files, slowest", Value: h.SlowestS, Unit: "s", Note: h.Slowest + ", import and analysis"},
		{Name: "hostile files, each", Value: h.TookS / float64(h.To), Unit: "s", Note: "wall time of the batch"},
		{Name: "hostile files, peak memory", Value: float64(h.Peak) / (1 << 20), Unit: "MiB", Note: "program, workers and FFmpeg together"},
	}
}

// batch runs one batch of hostile files.
func (h *mediaSitting) batch(ctx context.Context, e *env, list []base, dir string, from, to int) error {
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
		h.Crashes++
		e.note("  %v\n%s", err, tail(said.String()))
	}
	h.TookS += time.Since(began).Seconds()
	h.Peak = max(h.Peak, u.PeakRSS)
	h.Left += len(readersOf(seized))
	if err := h.account(ctx, p, to-from); err != nil {
		return err
	}
	if err := h.read(log, seized); err != nil {
		return err
	}
	if _, err := p.run(ctx, "journal", "verify"); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		h.Unverified++
	}
	h.To = to
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
func (h *mediaSitting) account(ctx context.Context, p *program, files int) error {
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
	for _, it := range v.Items {
		h.Outcomes[it.State]++
		if it.State == "waiting" || it.State != "analysed" && it.Reason == "" {
			h.Without++
		}
	}
	return nil
}

// read takes the slowest file from the log.
func (h *mediaSitting) read(log, seized string) error {
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
		if v.Took > h.SlowestS && v.Item > 0 && v.Item <= len(list) {
			h.SlowestS, h.Slowest = v.Took, list[v.Item-1].Name()
		}
	}
	return nil
}

// readersOf lists the processes whose command line names a folder, or that hold a
// file of it open.
func readersOf(dir string) []string {
	var out []string
	procs, _ := filepath.Glob("/proc/[0-9]*")
	for _, p := range procs {
		if b, err := os.ReadFile(filepath.Join(p, "cmdline")); err == nil && bytes.Contains(b, []byte(dir)) {
			out = append(out, string(b))
			continue
		}
		fds, _ := filepath.Glob(filepath.Join(p, "fd", "*"))
		for _, fd := range fds {
			if at, err := os.Readlink(fd); err == nil && strings.HasPrefix(at, dir+string(filepath.Separator)) {
				out = append(out, at)
			}
		}
	}
	return out
}
