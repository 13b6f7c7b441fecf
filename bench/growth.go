package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// growthMinutes are the lengths of the recordings that growthSuite analyses:
// each some times the one before, so that what grows with length shows.
// growthFull goes on to a day.
var (
	growthMinutes    = []int{10, 30, 90}
	growthFull       = []int{10, 30, 90, 360, 1440}
	growthRecordings = []int{1, 3, 9}
	growthTracks     = []int{3_000, 10_000, 30_000}
)

// growthSuite measures time and memory against the length of a recording, the
// number of recordings and the number of tracks, and draws them. The pictures
// are those of longClip, smaller, over and over: what happens in them is the
// same in every ten minutes, so that time should be in proportion and memory
// the same.
func growthSuite(ctx context.Context, e *env) ([]figure, error) {
	var out []figure
	for _, f := range []func(context.Context, *env) ([]figure, error){growthOfLength, growthOfRecordings, growthOfTracks} {
		figures, err := f(ctx, e)
		if out = append(out, figures...); err != nil {
			return out, err
		}
	}
	return out, nil
}

// grown is a series of measurements over what grew.
type grown struct {
	what         string // with its unit
	x            []float64
	peaks, times []float64 // MB, s
}

func (g *grown) add(x int, peakRSS int64, took time.Duration) {
	g.x, g.peaks, g.times = append(g.x, float64(x)), append(g.peaks, float64(peakRSS)/1e6), append(g.times, took.Seconds())
}

// draw writes the series to a file beside RESULTS.md.
func (g *grown) draw(e *env, name, timeAxis string) error {
	svg := plot(panel{timeAxis, g.what, "s", g.x, g.times}, panel{"peak memory, all processes", g.what, "MB", g.x, g.peaks})
	return os.WriteFile(e.picture(name), []byte(svg), 0o644)
}

// picture is where a drawing goes: beside RESULTS.md, or with -keep and -clip,
// which leave that alone, into the scratch folder.
func (e *env) picture(name string) string {
	if e.keep {
		return filepath.Join(e.out, name)
	}
	return filepath.Join(e.root, "bench", name)
}

// figures say how far the ends of the series are from in proportion.
func (g *grown) figures(name, picture, goalMB, note string) []figure {
	last := len(g.x) - 1
	more := g.x[last] / g.x[0]
	return []figure{
		{name + ": peak memory at the end", g.peaks[last], "MB", goalMB, "goal of the project", fmt.Sprintf("%.0f %s; %s", g.x[last], g.what, note)},
		{name + ": memory, last over first", g.peaks[last] / g.peaks[0], "", "1", "goal of the project", fmt.Sprintf("%.0f times as much; plot: [%s](%s)", more, picture, picture)},
		{name + ": time in proportion, last over first", g.times[last] / g.times[0] / more, "", "1", "goal of the project", fmt.Sprintf("%.1f s against %.1f s", g.times[last], g.times[0])},
	}
}

// run measures the analysis at x, in a store of its own.
func (g *grown) run(ctx context.Context, e *env, x int, analyse func(*program) (usage, error)) error {
	p, err := newProgram(ctx, e)
	if err != nil {
		return err
	}
	defer p.Close()
	u, err := analyse(p)
	if err != nil {
		return err
	}
	e.note("  %d %s: %.1f s, %.0f MB", x, g.what, u.Wall.Seconds(), float64(u.PeakRSS)/1e6)
	g.add(x, u.PeakRSS, u.CPU)
	return nil
}

func growthOfLength(ctx context.Context, e *env) ([]figure, error) {
	lengths := growthMinutes
	if e.full {
		lengths = growthFull
	}
	g := grown{what: "minutes of footage"}
	for _, minutes := range lengths {
		clip, err := loopedClip(ctx, e, minutes)
		if err != nil {
			return nil, err
		}
		err = g.run(ctx, e, minutes, func(p *program) (usage, error) { return p.analyse(ctx, clip) })
		if err != nil {
			return nil, err
		}
	}
	const name = "growth-length.svg"
	return g.figures("length", name, "600", "640×360, 25 fps, H.264; processor time"), g.draw(e, name, "processor time of the analysis")
}

func growthOfRecordings(ctx context.Context, e *env) ([]figure, error) {
	whole, err := loopedClip(ctx, e, growthMinutes[0])
	if err != nil {
		return nil, err
	}
	g := grown{what: "recordings of a minute"}
	for _, n := range growthRecordings {
		err := g.run(ctx, e, n, func(p *program) (usage, error) { return analyseMany(ctx, p, whole, n) })
		if err != nil {
			return nil, err
		}
	}
	const name = "growth-recordings.svg"
	return g.figures("recordings", name, "600", "640×360, 25 fps, H.264; processor time"), g.draw(e, name, "processor time of the analysis")
}

// analyseMany cuts n different minutes out of a clip and analyses them together.
func analyseMany(ctx context.Context, p *program, whole string, n int) (usage, error) {
	dir := filepath.Join(p.store, "cuts")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return usage{}, err
	}
	args := []string{"import", "--exhibit", "S1", "--basis", "seizure", "--camera", "bench"}
	for i := range n {
		cut := filepath.Join(dir, fmt.Sprintf("%d.mp4", i))
		if err := ffmpeg(ctx, "-ss", fmt.Sprint(60*i), "-i", whole, "-t", "60", "-c", "copy", cut); err != nil {
			return usage{}, err
		}
		args = append(args, cut)
	}
	if _, err := p.run(ctx, args...); err != nil {
		return usage{}, err
	}
	_, u, err := p.measured(ctx, "analyse")
	return u, err
}

// growthOfTracks asks indexes that grow for all that they hold.
func growthOfTracks(ctx context.Context, e *env) ([]figure, error) {
	g := grown{what: "tracks"}
	for _, n := range growthTracks {
		p, err := newProgram(ctx, e)
		if err != nil {
			return nil, err
		}
		err = fillIndex(ctx, p.store, n, fillRecordings)
		var u usage
		if err == nil {
			_, u, err = p.measured(ctx, "query", "--format", "json")
		}
		p.Close()
		if err != nil {
			return nil, err
		}
		e.note("  %d tracks: %.2f s, %.0f MB", n, u.Wall.Seconds(), float64(u.PeakRSS)/1e6)
		g.add(n, u.PeakRSS, u.CPU)
	}
	const name = "growth-tracks.svg"
	return g.figures("tracks", name, "", "a search that prints every one; processor time of the command"), g.draw(e, name, "processor time of a search that prints all")
}

// loopedClip is longClip at 640×360, repeated to so many minutes. It is built
// once; the packets are copied, so its times stay exact.
func loopedClip(ctx context.Context, e *env, minutes int) (string, error) {
	once := filepath.Join(e.out, "small-footage.mp4")
	if _, err := os.Stat(once); err != nil {
		long, _, err := longClip(ctx, e)
		if err != nil {
			return "", err
		}
		part := filepath.Join(e.out, "part-small-footage.mp4")
		if err := ffmpeg(ctx, "-i", long, "-vf", "scale=640:360", "-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-g", "50", part); err != nil {
			return "", err
		}
		if err := os.Rename(part, once); err != nil {
			return "", err
		}
	}
	file := filepath.Join(e.out, fmt.Sprintf("looped-%d.mp4", minutes))
	if _, err := os.Stat(file); err == nil {
		return file, nil
	}
	part := filepath.Join(e.out, fmt.Sprintf("part-looped-%d.mp4", minutes))
	if err := ffmpeg(ctx, "-stream_loop", fmt.Sprint(minutes*60/longSeconds), "-i", once,
		"-t", fmt.Sprint(minutes*60), "-c", "copy", part); err != nil {
		return "", err
	}
	return file, os.Rename(part, file)
}
