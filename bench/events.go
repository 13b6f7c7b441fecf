package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"posteriori/bench/score"
)

func eventsSuite(ctx context.Context, e *env) ([]figure, error) {
	files, _ := filepath.Glob(filepath.Join(e.data, "truth/events/*.json"))
	if len(files) == 0 {
		return nil, errNoData
	}
	var total score.Events
	var out []figure
	var failed error
	for _, f := range files {
		if !strings.Contains(filepath.Base(f), e.clip) {
			continue
		}
		got, err := scoreClip(ctx, e, f)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		clip := strings.TrimSuffix(filepath.Base(f), ".json")
		if e.verbose {
			e.note("  %s", clip)
			detail(got)
		}
		total.Add(got)
		out = append(out, figure{Name: clip, Value: percent(got.Found, got.Objects), Unit: "% found", Note: summary(got)})
	}
	if len(out) == 0 {
		return nil, failed
	}
	return append(eventFigures(total), out...), failed
}

// scoreClip scores the program on the clip of a truth file.
func scoreClip(ctx context.Context, e *env, file string) (score.Events, error) {
	truth, err := readTruth(file)
	if err != nil {
		return score.Events{}, err
	}
	tracks, err := eventTracks(ctx, e, filepath.Join(e.data, "footage", truth.Clip))
	if err != nil {
		return score.Events{}, fmt.Errorf("%s: %w", truth.Clip, err)
	}
	return score.ScoreEvents(truth, tracks, score.DefaultRules()), nil
}

func readTruth(file string) (*score.Truth, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	t, err := score.ReadTruth(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return t, nil
}

// eventTracks analyses a clip and asks for all its tracks. The answer stays in
// the scratch folder, for score-events. Suites of one run share the answer.
func eventTracks(ctx context.Context, e *env, clip string) ([]score.Track, error) {
	if t, ok := e.tracks[clip]; ok {
		return t, nil
	}
	p, err := newProgram(ctx, e)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	if _, err := p.analyse(ctx, clip); err != nil {
		return nil, err
	}
	raw, err := p.run(ctx, "query", "--format", "json", "--paths")
	if err != nil {
		return nil, err
	}
	saved := filepath.Join(e.out, "tracks-"+filepath.Base(clip)+".json")
	if err := os.WriteFile(saved, raw, 0o644); err != nil {
		return nil, err
	}
	tracks, err := score.ReadTracks(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	e.tracks[clip] = tracks
	return tracks, nil
}

func percent(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return 100 * float64(a) / float64(b)
}

func eventFigures(t score.Events) []figure {
	const goal = "goal of the project"
	r := score.DefaultRules()
	rules := fmt.Sprintf("IoU ≥ %.1f at ≥ %.0f %% of the labelled boxes, over ≥ %.0f %% of the span", r.IoU, 100*r.BoxShare, 100*r.SpanShare)
	return []figure{
		{"found", percent(t.Found, t.Objects), "%", "98", goal, fmt.Sprintf("%d of %d objects; %s", t.Found, t.Objects, rules)},
		{"found, every labelled box", percent(t.FoundFull, t.Objects), "%", "", "", "IoU as above at all of them"},
		{"false", percent(t.False, t.Tracks), "%", "3", goal, fmt.Sprintf("%d of %d tracks in the windows", t.False, t.Tracks)},
		{"tracks in empty spans", float64(t.InEmpty), "", "0", goal, fmt.Sprintf("longer than %.0f s there", r.EmptyS)},
		{"fragments", float64(t.Fragments), "", "", "", "further tracks on labelled objects"},
		{"class", 100 * t.Class.Share(), "%", "95", goal, t.Class.String() + " of the found"},
		{"heading within 45°", 100 * t.Heading.Share(), "%", "97", goal, fmt.Sprintf("%v of the found, %d not told", t.Heading, t.HeadingUnknown)},
		{"colour", 100 * t.Colour.Share(), "%", "90", goal, fmt.Sprintf("%v of the found, %d unknown", t.Colour, t.ColourUnknown)},
		{"colour, neighbours right", 100 * t.ColourNear.Share(), "%", "", "", "silver, grey, white and black, grey taken for each other"},
	}
}

func summary(t score.Events) string {
	return fmt.Sprintf("%d of %d found, %d false, %d in empty spans, %d fragments, class %v, heading %v, colour %v",
		t.Found, t.Objects, t.False, t.InEmpty, t.Fragments, t.Class, t.Heading, t.Colour)
}

// detail prints what became of every object, and every alarm.
func detail(t score.Events) {
	mark := func(ok bool) string { return map[bool]string{true: "", false: " ✗"}[ok] }
	for _, d := range t.Details {
		line := fmt.Sprintf("  object %d %s: %s, boxes %.0f %%, span %.0f %%", d.Object, d.Class, d.State, 100*d.Boxes, 100*d.Span)
		if d.State == "found" {
			line += fmt.Sprintf(", track %d %s%s", d.Track, d.GotClass, mark(d.ClassOK))
			if d.Colour != "" {
				line += fmt.Sprintf(", colour %s, got %s%s", d.Colour, d.GotColour, mark(d.ColourOK))
			}
			if d.Heading != "" {
				line += fmt.Sprintf(", heading %s, got %.0f°%s", d.Heading, d.GotDeg, mark(d.HeadingOK))
			}
		}
		if len(d.Fragments) > 0 {
			line += fmt.Sprintf(", fragments %v", d.Fragments)
		}
		fmt.Fprintln(os.Stderr, line)
	}
	for _, a := range t.Alarms {
		fmt.Fprintf(os.Stderr, "  track %d %s %.1f–%.1f s at (%.0f, %.0f) %.0f×%.0f: %s\n",
			a.Track, a.Class, a.StartS, a.EndS, a.Box.X, a.Box.Y, a.Box.W, a.Box.H, a.Why)
	}
}

// scoreEventFiles scores the saved answer of a query, for work on the engine:
//
//	bench score-events TRUTH.json TRACKS.json
func scoreEventFiles(args []string) error {
	f := flag.NewFlagSet("score-events", flag.ContinueOnError)
	asJSON := f.Bool("json", false, "print everything as JSON")
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() != 2 {
		return fmt.Errorf("score-events wants two files: the truth, and the answer of posteriori query --format json --paths")
	}
	truth, err := readTruth(f.Arg(0))
	if err != nil {
		return err
	}
	raw, err := os.ReadFile(f.Arg(1))
	if err != nil {
		return err
	}
	tracks, err := score.ReadTracks(bytes.NewReader(raw))
	if err != nil {
		return fmt.Errorf("%s: %w", f.Arg(1), err)
	}
	got := score.ScoreEvents(truth, tracks, score.DefaultRules())
	if *asJSON {
		enc := json.NewEncoder(os.Stdout)
		enc.SetIndent("", " ")
		return enc.Encode(got)
	}
	detail(got)
	fmt.Println(strings.TrimSpace(summary(got)))
	return nil
}
