// Command bench measures posteriori as a user would run it: it calls the
// programs in bin/, scores what they print against truth, and writes figures
// beside those of others. `make bench DATA=DIR SUITE=a,b JSON=FILE` runs it.
//
// DATA is laid out like this: footage/ with clips, models/ with ONNX files,
// truth/events/CLIP.json, truth/tracking/SEQ/seq.json (see engine's benchmark
// data), truth/plates/SET with photographs of plates. Suites for which it has nothing say so and are passed over.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"posteriori/bench/score"
	"posteriori/testdata/timedworker"
)

// env is what a suite may use.
type env struct {
	root    string        // the repository
	data    string        // laid out like the benchmark data
	out     string        // scratch that is kept between runs: clips that were built
	clip    string        // only clips whose name contains it
	keep    bool          // leave what lies beside RESULTS.md as it is
	full    bool          // every case, however long it takes
	part    string        // faults: kills or media; empty: both
	anew    bool          // faults: forget the sittings before
	within  time.Duration // faults: end after so long; 0: never
	peers   string        // a Python environment with other programs, or empty
	verbose bool

	stills map[string][][]stillHit  // answers of this run, by the photographs
	tracks map[string][]score.Track // and by clip
}

// note tells the person at the terminal what goes on.
func (e *env) note(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// suite is one group of figures. It returns errNoData when the data directory
// has nothing for it.
type suite struct {
	name string
	run  func(context.Context, *env) ([]figure, error)
}

func suites() []suite {
	return []suite{
		{"speed", speedSuite},
		{"triage", triageFigures},
		{"start", startSuite},
		{"gpu", gpuSuite},
		{"growth", growthSuite},
		{"query", querySuite},
		{"encryption", encryptionSuite},
		{"motion", motionSuite},
		{"tracking", trackingSuite},
		{"detection", detectionSuite},
		{"events", eventsSuite},
		{"journal", journalSuite},
		{"plates", plateSuite},
		{"colour", colourSuite},
		{"reliability", reliabilitySuite},
		{"faults", faultsSuite},
		{"soak", soakSuite},
		{"synopsis", synopsisSuite},
		{"review", reviewSuite},
		{"scale", machinesSuite},
	}
}

func main() {
	if filepath.Base(os.Args[0]) == timedworker.Name {
		os.Exit(timedworker.Main())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == "score-events" {
		return scoreEventFiles(args[1:])
	}
	if len(args) > 0 && args[0] == scaleCommand {
		return scaleRun(ctx, args[1:])
	}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	data := f.String("data", "../shared/data", "directory with footage, models and truth")
	names := f.String("suite", "all", "suites to run, by commas: "+strings.Join(suiteNames(), ", "))
	jsonFile := f.String("json", "", "write the figures there as JSON too")
	verbose := f.Bool("v", false, "print every miss and false alarm")
	clip := f.String("clip", "", "events, speed: only clips whose name contains this (leaves RESULTS.md as it is)")
	full := f.Bool("full", false, "speed, query, growth, faults, soak: every case and size, for hours")
	part := f.String("part", "", "faults: only kills, or only media")
	anew := f.Bool("anew", false, "faults, with -full: begin again, in place of going on where bench/faults.json ends")
	within := f.Duration("within", 0, "faults: end after so long, and keep what was done")
	peers := f.String("peers", "", "speed: a Python environment with dvr-scan-headless, to measure against")
	keep := f.Bool("keep", false, "leave bench/RESULTS.md as it is")
	if err := f.Parse(args); err != nil {
		return err
	}
	if *part != "" && *part != partKills && *part != partMedia {
		return fmt.Errorf("-part %s is neither %s nor %s", *part, partKills, partMedia)
	}
	chosen, err := choose(*names)
	if err != nil {
		return err
	}
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	dir, err := filepath.Abs(*data)
	if err != nil {
		return err
	}
	e := &env{root: root, data: dir, out: filepath.Join(root, "bench", "out"), clip: *clip, keep: *keep || *clip != "", full: *full, part: *part, anew: *anew, within: *within, peers: *peers, verbose: *verbose,
		stills: map[string][][]stillHit{}, tracks: map[string][]score.Track{}}
	if err := os.MkdirAll(e.out, 0o755); err != nil {
		return err
	}
	reports, err := runSuites(ctx, e, chosen)
	printTable(os.Stdout, reports)
	if *jsonFile != "" {
		err = errors.Join(err, writeJSON(*jsonFile, reports))
	}
	if !*keep && *clip == "" {
		err = errors.Join(err, updateResults(filepath.Join(root, "bench"), reports))
	}
	return err
}

// runSuites runs each suite, and has a report of each. One that fails does not
// take the figures of the others with it; one without data is no failure. One
// that is interrupted is the last, with the figures that it had.
func runSuites(ctx context.Context, e *env, chosen []suite) ([]report, error) {
	var reports []report
	var failed []string
	for _, s := range chosen {
		e.note("suite %s", s.name)
		figures, err := s.run(ctx, e)
		r := newReport(s.name, e, figures)
		if ctx.Err() != nil {
			r.Lacks = "interrupted: not all was measured"
			return append(reports, r), ctx.Err()
		}
		if err != nil {
			e.note("suite %s: %v", s.name, err)
			r.Lacks = err.Error()
		}
		if err != nil && !errors.Is(err, errNoData) {
			failed = append(failed, s.name)
		}
		reports = append(reports, r)
	}
	if len(failed) > 0 {
		return reports, fmt.Errorf("no figures, or not all, from: %s", strings.Join(failed, ", "))
	}
	return reports, nil
}

func suiteNames() []string {
	var out []string
	for _, s := range suites() {
		out = append(out, s.name)
	}
	return out
}

func choose(names string) ([]suite, error) {
	if names == "" || names == "all" {
		return suites(), nil
	}
	var out []suite
	for _, n := range strings.Split(names, ",") {
		found := false
		for _, s := range suites() {
			if s.name == strings.TrimSpace(n) {
				out, found = append(out, s), true
			}
		}
		if !found {
			return nil, fmt.Errorf("no suite is called %q; there are %s", n, strings.Join(suiteNames(), ", "))
		}
	}
	return out, nil
}

func writeJSON(file string, v any) error {
	raw, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(raw, '\n'), 0o644)
}
