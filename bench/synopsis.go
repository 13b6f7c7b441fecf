package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"posteriori/engine"
	"posteriori/engine/index"
	"posteriori/engine/scene"
	"posteriori/engine/synopsis"
	"posteriori/engine/wire"
)

// synopsisClips are shown as a synopsis; half: the goal is half the length of
// the plain method.
var synopsisClips = []clipToShow{
	{"dvrscan_traffic_camera.mp4", true}, // the first is shown at 1920×1080 too
	{"one-by-one-person-detection.mp4", true},
	{"person-bicycle-car-detection_38s.mp4", false},
	{"vtest_PETS09-S2L1_480x360.avi", false},
}

// strangers bounds how many other clips are shown where none of those is there.
const strangers = 4

const (
	scaleTubes   = 100_000
	scaleCommand = "synopsis-scale" // of this program: arranges made tubes and prints scaleResult
	synopsisGoal = "goal of the project"
)

// synopsisSuite measures arrangement and rendering of objects mode, against
// the plain reference on the same tubes.
func synopsisSuite(ctx context.Context, e *env) ([]figure, error) {
	var out []figure
	var failed error
	clips := synopsisFiles(e)
	if len(clips) == 0 {
		e.note("  no footage: only made tubes")
	} else if large, err := enlarged(ctx, e, clips[0].file); err != nil {
		failed = err
	} else {
		clips = append(clips, clipToShow{file: large})
	}
	for _, c := range clips {
		e.note("  %s", filepath.Base(c.file))
		figures, err := synopsisClip(ctx, e, c.file, c.half)
		if errors.Is(err, errNothing) {
			e.note("  %s: nothing moves in it", filepath.Base(c.file))
			continue
		}
		if err != nil { // the figures of the other clips stand
			failed = errors.Join(failed, fmt.Errorf("%s: %w", filepath.Base(c.file), err))
		}
		out = append(out, figures...)
	}
	scale, err := synopsisScale(ctx, e)
	return append(out, scale...), errors.Join(failed, err)
}

// clipToShow is a recording of which a synopsis is made; half: the goal is half
// the length of the plain method.
type clipToShow struct {
	file string
	half bool
}

// synopsisFiles is the clips of the list that the data directory has, the
// motorway first; else others of its footage.
func synopsisFiles(e *env) (clips []clipToShow) {
	for _, c := range synopsisClips {
		file := filepath.Join(e.data, "footage", c.file)
		if _, err := os.Stat(file); err == nil {
			clips = append(clips, clipToShow{file, c.half})
		}
	}
	if len(clips) > 0 {
		return clips
	}
	others, _ := filepath.Glob(filepath.Join(e.data, "footage", "*")) // the pattern is well-formed
	for _, file := range others {
		if ext := filepath.Ext(file); len(clips) < strangers && (ext == ".mp4" || ext == ".avi" || ext == ".mkv") {
			clips = append(clips, clipToShow{file: file})
		}
	}
	return clips
}

// enlarged is a clip at 1920×1080, to render at that size; made once.
func enlarged(ctx context.Context, e *env, file string) (string, error) {
	name := filepath.Join(e.out, "1080p-"+strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))+".mp4")
	if _, err := os.Stat(name); err == nil {
		return name, nil
	}
	part := name + ".part"
	cmd := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-y", "-i", file, "-an",
		"-vf", "scale=1920:1080:force_original_aspect_ratio=decrease:force_divisible_by=2",
		"-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-fps_mode", "passthrough", "-f", "mp4", part)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("ffmpeg cannot enlarge %s: %w: %s", filepath.Base(file), err, tail(string(out)))
	}
	return name, os.Rename(part, name)
}

// errNothing: a clip has no objects, so that there is no synopsis of it.
var errNothing = errors.New("nothing found")

// synopsisClip analyses a clip, arranges what was found and renders it.
func synopsisClip(ctx context.Context, e *env, file string, half bool) ([]figure, error) {
	p, err := newProgram(ctx, e)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	if _, err := p.analyse(ctx, file); err != nil {
		return nil, err
	}
	r, err := arrangeIndex(ctx, p.store)
	if err != nil {
		return nil, err
	}
	name := filepath.Base(file)
	goal, source := "", ""
	if half {
		goal, source = "0.5 or less", synopsisGoal
	}
	f := r.plan
	out := []figure{
		{name + ": length over the plain method's", float64(f.OutputUS) / float64(r.plain.OutputUS), "", goal, source,
			fmt.Sprintf("%.1f s, plain %.1f s (greedy first-fit in order), of %.1f s; %d objects in %d groups, %d parts",
				float64(f.OutputUS)/1e6, float64(r.plain.OutputUS)/1e6, float64(f.SourceUS)/1e6, f.Objects, f.Groups, f.Parts)},
		{name + ": FR", f.FR, "", fmt.Sprintf("%.3f", r.plain.FR), "plain method", "output over source length"},
		{name + ": CR", f.CR, "", fmt.Sprintf("%.3f", r.plain.CR), "plain method", "share of the picture that is covered"},
		{name + ": OR", f.OR, "", fmt.Sprintf("%.3f; goal .05 or less", r.plain.OR), "plain method", "share of the objects' area that overlaps"},
		{name + ": CDR", f.CDR, "", fmt.Sprintf("%.3f", r.plain.CDR), "plain method", "share of pairs the wrong way round"},
		{name + ": lost tubes", float64(r.tubes - f.Objects), "", "0", synopsisGoal, fmt.Sprintf("of %d", r.tubes)},
		{name + ": arrangement", r.took.Seconds(), "s", "", "", "annealing and all; the plain method takes milliseconds"},
	}
	rendered, err := renderFigures(ctx, p, name, r.cpu)
	return append(out, rendered...), err
}

// arranged is one arrangement beside the plain one.
type arranged struct {
	plan, plain synopsis.Figures
	tubes       int
	took, cpu   time.Duration
}

// arrangeIndex arranges every track of the store's procedure.
func arrangeIndex(ctx context.Context, store string) (arranged, error) {
	var r arranged
	s, err := engine.Open(store)
	if err != nil {
		return r, err
	}
	proc, err := s.OpenProcedure(procedureID)
	if err != nil {
		return r, err
	}
	ix, err := proc.Index(ctx)
	if err != nil {
		return r, err
	}
	defer ix.Close()
	keys, err := ix.Keys(ctx, index.Where{})
	if err != nil {
		return r, err
	}
	if len(keys) == 0 {
		return r, errNothing
	}
	p, _, err := synopsis.Load(ctx, ix, keys, synopsis.Options{})
	if err != nil {
		return r, err
	}
	return arrange(ctx, p, len(keys))
}

func arrange(ctx context.Context, p *synopsis.Planner, tubes int) (arranged, error) {
	r := arranged{tubes: tubes, plain: p.Reference()}
	start, cpu := time.Now(), ownCPU()
	plan, err := p.Plan(ctx)
	if err != nil {
		return r, err
	}
	r.took, r.cpu, r.plan = time.Since(start), ownCPU()-cpu, plan.Figures
	return r, nil
}

// ownCPU is the processor time that this process has used.
func ownCPU() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail for oneself
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// renderFigures has the program make the video. The processor time of the
// whole command is what does not depend on what else the machine does; without
// the arrangement, which has a figure of its own and took this process so much
// of it, it is that of rendering, start and hashing included.
func renderFigures(ctx context.Context, p *program, name string, arranging time.Duration) ([]figure, error) {
	dir, err := os.MkdirTemp(filepath.Dir(p.store), "synopsis-") // outside the store, which only acts change
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	raw, u, err := p.measured(ctx, "synopsis", "--json", "--mode", "objects", "--width", "1920", "-o", filepath.Join(dir, "synopsis.mp4"))
	if err != nil {
		return nil, err
	}
	var made struct {
		Figures synopsis.Figures `json:"figures"`
	}
	if err := json.Unmarshal(raw, &made); err != nil {
		return nil, err
	}
	side, err := os.ReadFile(filepath.Join(dir, "synopsis.json"))
	if err != nil {
		return nil, err
	}
	var s synopsis.Sidecar
	if err := json.Unmarshal(side, &s); err != nil {
		return nil, err
	}
	note := fmt.Sprintf("%d×%d, %d frames, %.0f objects at once; whole command with hashing, arrangement, decoding and encoding; %.1f s of processor time, of them %.1f to arrange; %.1f s on the clock",
		s.Output.Width, s.Output.Height, s.Output.Frames, made.Figures.Density, u.CPU.Seconds(), arranging.Seconds(), u.Wall.Seconds())
	length := float64(made.Figures.OutputUS) / 1e6
	return []figure{
		{name + ": rendering", float64(s.Output.Frames) / u.Wall.Seconds(), "fps", "FGS 1294 (its arrangement, without decoding and encoding)", "Malekpour et al. 2024, arXiv 2409.05230", note},
		{name + ": rendering, times real time of two processors", 2 * length / (u.CPU - arranging).Seconds(), "", "2", synopsisGoal,
			"as above without what it takes to arrange"},
		{name + ": whole command, times real time of two processors", 2 * length / u.CPU.Seconds(), "", "", "", "as above"},
	}, nil
}

// scaleResult is what the scale command prints.
type scaleResult struct {
	Plan, Plain          synopsis.Figures
	Tubes                int
	AddS, ArrangeS, AllS float64
}

// synopsisScale arranges a day of a busy street in a process of its own, so
// that its memory is nothing but its own.
func synopsisScale(ctx context.Context, e *env) ([]figure, error) {
	e.note("  arranging %d made tubes", scaleTubes)
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, scaleCommand, strconv.Itoa(scaleTubes))
	cmd.Env = append(os.Environ(), "GOMAXPROCS=2")
	cmd.Stderr = os.Stderr
	file, err := os.CreateTemp(e.out, "scale-*.json")
	if err != nil {
		return nil, err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	cmd.Stdout = file
	u, err := measure(cmd)
	if err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(file.Name())
	if err != nil {
		return nil, err
	}
	var r scaleResult
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, err
	}
	note := fmt.Sprintf("24 h, 1280×720; on the clock: sampling %.1f s, arrangement %.1f s; %.1f h long, plain %.1f h",
		r.AddS, r.ArrangeS, float64(r.Plan.OutputUS)/3.6e9, float64(r.Plain.OutputUS)/3.6e9)
	name := fmt.Sprintf("%d made tubes", r.Tubes)
	return []figure{
		{name + ": processor time", u.CPU.Seconds(), "s", "60", synopsisGoal, "sampling, the plain method and the arrangement; " + note},
		{name + ": peak memory", float64(u.PeakRSS) / 1e6, "MB", "1024", synopsisGoal, "resident, process of its own"},
		{name + ": length over the plain method's", float64(r.Plan.OutputUS) / float64(r.Plain.OutputUS), "", "", "", note},
		{name + ": FR", r.Plan.FR, "", fmt.Sprintf("%.4f", r.Plain.FR), "plain method", ""},
		{name + ": CR", r.Plan.CR, "", fmt.Sprintf("%.4f", r.Plain.CR), "plain method", ""},
		{name + ": OR", r.Plan.OR, "", fmt.Sprintf("%.4f; goal .05 or less", r.Plain.OR), "plain method", ""},
		{name + ": CDR", r.Plan.CDR, "", fmt.Sprintf("%.4f", r.Plain.CDR), "plain method", ""},
		{name + ": lost tubes", float64(r.Tubes - r.Plan.Objects), "", "0", synopsisGoal, ""},
	}, nil
}

// scaleRun is the scale command: n made tubes, arranged.
func scaleRun(ctx context.Context, args []string) error {
	n := scaleTubes
	if len(args) > 0 {
		var err error
		if n, err = strconv.Atoi(args[0]); err != nil || n < 1 {
			return fmt.Errorf("%s: %q is no number of tubes", scaleCommand, args[0])
		}
	}
	start := time.Now()
	p, err := madeStreet(n)
	if err != nil {
		return err
	}
	added := time.Since(start)
	r, err := arrange(ctx, p, n)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(scaleResult{Plan: r.plan, Plain: r.plain, Tubes: n,
		AddS: added.Seconds(), ArrangeS: r.took.Seconds(), AllS: time.Since(start).Seconds()})
}

// madeStreet is a day of a street: four lanes of vehicles, two pavements of
// walkers, more by day than by night, now and then one who stops.
func madeStreet(n int) (*synopsis.Planner, error) {
	rng := rand.New(rand.NewPCG(11, 3))
	p, err := synopsis.NewPlanner([]synopsis.Recording{{
		ID: "1", Name: "made.mp4", Camera: "street", PlaneW: 320, PlaneH: 180,
		Probe: wire.Probe{Width: 1280, Height: 720, DurationUS: fillDayS * 1e6, FrameUS: 40_000, TimeBase: wire.Rational{Num: 1, Den: 90_000}},
	}}, synopsis.Options{})
	if err != nil {
		return nil, err
	}
	for i := range n {
		if err := p.Add(madeTube(rng, int64(i+1), dayTime(float64(i)/float64(n)))); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// dayTime is the µs of the day before which the share f of its traffic has
// passed: three times as dense at one in the afternoon as at one at night.
func dayTime(f float64) int64 {
	lo, hi := 0., 1.
	for range 40 {
		t := (lo + hi) / 2
		if t-.5*math.Sin(2*math.Pi*(t-1./24))/(2*math.Pi)-.5*math.Sin(2*math.Pi/24)/(2*math.Pi) < f {
			lo = t
		} else {
			hi = t
		}
	}
	return int64(lo * (fillDayS - 60) * 1e6)
}

func madeTube(rng *rand.Rand, id, start int64) synopsis.Tube {
	t := synopsis.Tube{Track: id, Class: scene.Car, StartUS: start}
	lane := rng.IntN(6)
	y, h, w := 300+60*float64(lane)+20*rng.Float64(), 40+12*float64(lane), 80+24*float64(lane)
	speed := 150 + 150*rng.Float64() // pixels a second
	if lane == 0 || lane == 5 {
		t.Class, w, speed = scene.Person, h*.45, 60+60*rng.Float64()
	}
	x, way := -w, 1.
	if lane%2 == 1 {
		x, way = 1280, -1
	}
	stop := 0.
	if rng.IntN(20) == 0 {
		stop = 5 + 20*rng.Float64()
	}
	length := (1280 + w) / speed
	const every = .2
	for s := 0.; s <= length+stop; s += every {
		moved := min(s, length/2) + max(0, s-stop-length/2)
		t.Path = append(t.Path, scene.PathPoint{TUS: start + int64(s*1e6),
			Box: scene.Box{X: x + way*moved*speed, Y: y, W: w, H: h}})
	}
	t.EndUS = t.Path[len(t.Path)-1].TUS
	return t
}
