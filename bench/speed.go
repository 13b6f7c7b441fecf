package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"posteriori/bench/score"
	"posteriori/engine/analysis"
	"posteriori/engine/scene"
)

// speedCase is one recording that speed is measured on.
type speedCase struct {
	footage
	rounds int
	goal   string // of the share of the decoder's speed
	memory string // goal, MB
}

// quickCases are what a run of ten minutes on two cores has time for.
func quickCases() []speedCase {
	return []speedCase{
		{footage{park10, coding{"h264", 1080, 50, false}, 300}, 2, "0.85", "600"},
		{footage{park10, coding{"h264", 720, 250, false}, 300}, 2, "0.85", "600"},
		{footage{highway, coding{"h264", 1080, 25, true}, 120}, 2, "0.6", "600"},
		{footage{park10, coding{"hevc", 2160, 50, false}, 60}, 1, "0.85", "1200"},
	}
}

// allCases are every codec, size, distance of key frames and kind of rate.
func allCases() []speedCase {
	var out []speedCase
	for _, codec := range []string{"h264", "hevc"} {
		for _, height := range []int{720, 1080, 2160} {
			for _, gop := range []int{25, 50, 250} {
				for _, cbr := range []bool{false, true} {
					c := coding{codec, height, gop, cbr}
					memory := map[bool]string{false: "600", true: "1200"}[height > 1080]
					out = append(out, speedCase{footage{park10, c, 120}, 3, "0.85", memory},
						speedCase{footage{highway, c, 60}, 3, "0.6", memory})
				}
			}
		}
	}
	return out
}

// speedSuite measures analysis against plain decoding of the same file, in
// turns, so that a noisy machine is noisy to both.
func speedSuite(ctx context.Context, e *env) ([]figure, error) {
	cases := quickCases()
	if e.full {
		cases = allCases()
	}
	out, err := longSpeed(ctx, e)
	if err != nil {
		return out, err
	}
	figures, err := measureCases(ctx, e, "", cases)
	out = append(out, figures...)
	if err != nil || e.peers == "" {
		return out, err
	}
	clip, err := cases[0].build(ctx, e)
	if errors.Is(err, errNoData) {
		return out, nil
	}
	if err == nil {
		figures, err = peerFigures(ctx, e, clip)
		out = append(out, figures...)
	}
	return out, err
}

// longCase is one recording that something is measured on.
type longCase interface {
	fmt.Stringer
	build(context.Context, *env) (clip string, err error)
	measure(ctx context.Context, e *env, clip string) ([]figure, error)
}

// measureCases measures those cases whose footage is there and whose name, with
// the label before it, was asked for.
func measureCases[C longCase](ctx context.Context, e *env, label string, cases []C) (out []figure, err error) {
	for _, c := range cases {
		if name := label + c.String(); e.clip != "" && !strings.Contains(name, e.clip) {
			continue
		}
		clip, err := c.build(ctx, e)
		if errors.Is(err, errNoData) {
			continue
		}
		if err != nil {
			return out, err
		}
		e.note("  %s%s", label, c)
		figures, err := c.measure(ctx, e, clip)
		out = append(out, figures...)
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

// longSpeed is what a small machine must do with what recorders mostly hold:
// ten minutes at 720p in which seldom something moves. Without footage the
// scene is a rendered one.
func longSpeed(ctx context.Context, e *env) ([]figure, error) {
	clip, what, err := longClip(ctx, e)
	if err != nil {
		return nil, err
	}
	c := speedCase{footage{material{name: what}, coding{"h264", 720, 50, false}, longSeconds}, 2, "0.5", "800"}
	if e.clip != "" && !strings.Contains(c.String(), e.clip) {
		return nil, nil
	}
	e.note("  %s", c)
	return c.measure(ctx, e, clip)
}

// floors are what FFmpeg alone needs: to find the packets, to decode the key
// frames, to decode everything.
var floors = []struct {
	name string
	cmd  func(ctx context.Context, clip string) *exec.Cmd
}{
	{"demux floor", func(ctx context.Context, clip string) *exec.Cmd {
		return exec.CommandContext(ctx, "ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "packet=pts,size,flags", "-of", "csv", clip)
	}},
	{"key-frame floor", func(ctx context.Context, clip string) *exec.Cmd {
		return exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-nostdin", "-skip_frame", "nokey", "-i", clip, "-f", "null", "-")
	}},
	{"decode floor", func(ctx context.Context, clip string) *exec.Cmd {
		return exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-nostdin", "-i", clip, "-f", "null", "-")
	}},
}

// measure runs the floors and the analysis in turns.
func (c speedCase) measure(ctx context.Context, e *env, clip string) ([]figure, error) {
	below := make([][]usage, len(floors))
	var ours []analysed
	for round := range c.rounds {
		for i, f := range floors {
			u, err := measure(f.cmd(ctx, clip))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", f.name, err)
			}
			below[i] = append(below[i], u)
		}
		a, err := analyseOnce(ctx, e, clip, c.String())
		if err != nil {
			return nil, err
		}
		ours = append(ours, a)
		floor := below[len(floors)-1][round]
		e.note("    round %d: ffmpeg %.1f s (%.1f s of processor time), analyse %.1f s (%.1f s), %.0f MB",
			round+1, floor.Wall.Seconds(), floor.CPU.Seconds(), a.Wall.Seconds(), a.CPU.Seconds(), float64(a.PeakRSS)/1e6)
	}
	var out []figure
	for i, f := range floors {
		out = append(out, figure{fmt.Sprintf("%s: %s", c, f.name), median(walls(below[i])), "s", "", "",
			fmt.Sprintf("%d s of footage, %.1f s of processor time; median of %d", c.seconds, median(cpus(below[i])), c.rounds)})
	}
	return append(out, c.figures(below[len(floors)-1], ours)...), nil
}

// figures hold the analyses against the decode floor of the same rounds.
func (c speedCase) figures(floor []usage, ours []analysed) []figure {
	var wall, cpu []float64
	var us []usage
	peak := int64(0)
	for i, a := range ours {
		wall = append(wall, floor[i].Wall.Seconds()/a.Wall.Seconds())
		cpu = append(cpu, floor[i].CPU.Seconds()/a.CPU.Seconds())
		peak = max(peak, a.PeakRSS)
		us = append(us, a.usage)
	}
	last := ours[len(ours)-1]
	took := median(walls(us))
	return []figure{
		{c.String() + ": analysis, share of the decoder's speed", median(wall), "", c.goal, "goal of the project",
			fmt.Sprintf("full coverage; rounds %s", numbers(wall))},
		{c.String() + ": decoder's processor time over the analysis's", median(cpu), "", "", "", "the same on a machine with other work; rounds " + numbers(cpu)},
		{c.String() + ": analysis", took, "s", "", "", fmt.Sprintf("full coverage, %.0f × real time, %.0f fps, %d frames seen, %d objects, %.1f s of processor time",
			float64(c.seconds)/took, float64(last.frames)/took, last.frames, last.tracks, median(cpus(us)))},
		{c.String() + ": peak memory", float64(peak) / 1e6, "MB", c.memory, "goal of the project", "all processes, resident, shared pages counted in each"},
		{c.String() + ": detector's share of the worker's own time", last.share("detect"), "%", "", "", "by stage: " + last.stageList() + "; profile in bench/out/" + filepath.Base(last.profile)},
	}
}

// analysed is what one analysis took, and where its workers spent it.
type analysed struct {
	usage
	frames, tracks int64
	stages         map[string]time.Duration
	profile        string // pprof's, of all workers
	found          []score.Track
	triage         *analysis.TriageSummary
	skippedUS      int64  // not decoded
	device         string // cpu or cuda
}

// share of the workers' own time, which is all but waiting for the decoder, in per cent.
func (a analysed) share(stage string) float64 {
	var sum time.Duration
	for k, d := range a.stages {
		if k != "decode" {
			sum += d
		}
	}
	if sum == 0 {
		return 0
	}
	return 100 * float64(a.stages[stage]) / float64(sum)
}

func (a analysed) stageList() string {
	var parts []string
	for k, d := range a.stages {
		if k == "decode" {
			k = "waiting for the decoder"
		}
		parts = append(parts, fmt.Sprintf("%s %.1f s", k, d.Seconds()))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

// analyseOnce imports a clip into a fresh store and analyses it.
func analyseOnce(ctx context.Context, e *env, clip, name string, flags ...string) (analysed, error) {
	var a analysed
	p, err := newProgram(ctx, e)
	if err != nil {
		return a, err
	}
	defer p.Close()
	if _, err := p.run(ctx, "import", "--exhibit", "S1", "--basis", "seizure", "--camera", "bench", clip); err != nil {
		return a, err
	}
	a.profile = filepath.Join(e.out, "profile-"+strings.NewReplacer(" ", "-", "/", "", "%", "pc", ",", "").Replace(name))
	if err := os.RemoveAll(a.profile); err != nil {
		return a, err
	}
	if err := os.Mkdir(a.profile, 0o755); err != nil {
		return a, err
	}
	p.env = append(p.env, "POSTERIORI_PROFILE="+filepath.Join(a.profile, "worker-%p.pprof"))
	raw, u, err := p.measured(ctx, append([]string{"analyse", "--json"}, flags...)...)
	if err != nil {
		return a, err
	}
	a.usage = u
	var outcomes []analysis.Outcome
	if err := json.Unmarshal(raw, &outcomes); err != nil || len(outcomes) != 1 {
		return a, fmt.Errorf("analyse --json says %q: %w", tail(string(raw)), err)
	}
	a.frames, a.tracks, a.triage = outcomes[0].Frames, outcomes[0].Tracks, outcomes[0].Triage
	for _, c := range outcomes[0].Coverage {
		if c.Kind == scene.Triaged {
			a.skippedUS += c.ToUS - c.FromUS
		}
	}
	if a.stages, a.device, err = insideOf(ctx, p.store); err != nil {
		return a, err
	}
	if raw, err = p.run(ctx, "query", "--format", "json", "--paths"); err != nil {
		return a, err
	}
	a.found, err = score.ReadTracks(bytes.NewReader(raw))
	return a, err
}

// insideOf is the time that workers spent in each stage of the store's only
// recording, and what they computed on.
func insideOf(ctx context.Context, store string) (stages map[string]time.Duration, device string, err error) {
	ix, err := openIndex(ctx, store)
	if err != nil {
		return nil, "", err
	}
	defer ix.Close()
	stages = map[string]time.Duration{}
	for piece, err := range ix.Pieces(ctx, 1) {
		if err != nil {
			return nil, "", err
		}
		if piece.End != nil {
			for k, ns := range piece.End.Stages {
				stages[k] += time.Duration(ns)
			}
		}
	}
	all, err := ix.Analyses(ctx)
	if err != nil || len(all) != 1 {
		return nil, "", fmt.Errorf("%d analyses: %w", len(all), err)
	}
	return stages, all[0].Device, nil
}

// peerSeconds is how much of a clip the peers see: they are slow.
const peerSeconds = 60

// peerFigures hold the analysis against other programs, on the beginning of a clip.
func peerFigures(ctx context.Context, e *env, clip string) ([]figure, error) {
	python, err := e.peerPython()
	if err != nil {
		return nil, err
	}
	short := filepath.Join(e.out, "peers.mp4")
	if err := ffmpeg(ctx, "-i", clip, "-t", fmt.Sprint(peerSeconds), "-c", "copy", short); err != nil {
		return nil, err
	}
	ours, err := analyseOnce(ctx, e, short, "peers")
	if err != nil {
		return nil, err
	}
	goals := map[string]string{"DVR-Scan, MOG2": "10", "DVR-Scan, CNT": "4"}
	var out []figure
	for _, p := range peers {
		u, err := measure(p.cmd(ctx, python, short))
		if err != nil {
			return out, fmt.Errorf("%s: %w", p.name, err)
		}
		e.note("    %s: %.1f s (%.1f s of processor time); analyse %.1f s (%.1f s)", p.name, u.Wall.Seconds(), u.CPU.Seconds(), ours.Wall.Seconds(), ours.CPU.Seconds())
		out = append(out, figure{"times as fast as " + p.name, u.Wall.Seconds() / ours.Wall.Seconds(), "×", goals[p.name], "goal of the project",
			fmt.Sprintf("first %d s of %s: %.1f s (%.1f s of processor time) against %.1f s (%.1f s); %s", peerSeconds, filepath.Base(clip),
				u.Wall.Seconds(), u.CPU.Seconds(), ours.Wall.Seconds(), ours.CPU.Seconds(), p.what)})
	}
	return out, nil
}

func walls(us []usage) (out []float64) {
	for _, u := range us {
		out = append(out, u.Wall.Seconds())
	}
	return out
}

func cpus(us []usage) (out []float64) {
	for _, u := range us {
		out = append(out, u.CPU.Seconds())
	}
	return out
}

func numbers(v []float64) string {
	parts := make([]string, len(v))
	for i, x := range v {
		parts[i] = fmt.Sprintf("%.2f", x)
	}
	return strings.Join(parts, " ")
}

func median(v []float64) float64 {
	s := slices.Clone(v)
	slices.Sort(s)
	if n := len(s); n%2 == 0 {
		return (s[n/2-1] + s[n/2]) / 2
	}
	return s[len(s)/2]
}
