package synopsis

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"posteriori/engine/fault"
	"posteriori/engine/scene"
)

// Play shows [FromUS, ToUS) of a recording over Frames output frames from
// Start on.
type Play struct {
	Start  int64   `json:"start_frame"`
	Frames int64   `json:"frames"`
	FromUS int64   `json:"from_us"`
	ToUS   int64   `json:"to_us"`
	Speed  float64 `json:"speed"`           // media seconds in an output second
	Part   int     `json:"part,omitempty"`  // 1-based, when a group was cut
	Parts  int     `json:"parts,omitempty"` // into so many
}

// Object is one tube and where the output shows it.
type Object struct {
	Recording int
	Track     int64
	Class     scene.Class
	Group     int // objects with one number were moved together
	Plays     []Play
	Beyond    bool // shown after the wanted length, which could not hold all
}

// Span is a stretch of a recording in condense and timelapse, with the tracks
// that are in it.
type Span struct {
	Play
	Recording int
	Tracks    []int64
}

// Back is the background from output frame Start on: the plate of Recording
// at TUS. TUS below zero: no plate is known, the worker makes one.
type Back struct {
	Start     int64
	Recording int
	Scene     int
	TUS       int64
}

// Plan is a finished synopsis, still without pixels.
type Plan struct {
	Options       Options
	Recordings    []Recording
	Width, Height int // of the output, even, Band included
	Band          int // rows under the picture for text
	FrameUS       int64
	Frames        int64
	Objects       []Object // objects mode, by recording and track
	Spans         []Span   // condense and timelapse, in output order
	Backs         []Back
	Figures       Figures
	Warnings      []string // what the analyst must be told
}

// DurationUS is the length of the output.
func (p *Plan) DurationUS() int64 { return p.Frames * p.FrameUS }

// Planner collects tubes. It keeps only their low-resolution cover.
type Planner struct {
	opt     Options
	recs    []Recording
	tubes   []sampled
	stepUS  int64
	samples int
}

// NewPlanner begins a plan over recordings. Wrong options are fault.Usage.
func NewPlanner(recs []Recording, opt Options) (*Planner, error) {
	opt, err := opt.check()
	if err != nil {
		return nil, err
	}
	for i := range recs {
		if recs[i].Probe.Width <= 0 || recs[i].Probe.Height <= 0 {
			return nil, fault.New(fault.BadInput, "its picture has no size").OnFile(recs[i].Name)
		}
	}
	return &Planner{opt: opt, recs: recs, stepUS: firstStepUS}, nil
}

// Add takes one tube. Its path and masks are not kept.
func (p *Planner) Add(t Tube) error {
	switch {
	case t.Recording < 0 || t.Recording >= len(p.recs):
		return fault.New(fault.Internal, "track %d is of no known recording", t.Track)
	case len(t.Path) == 0 || t.EndUS < t.StartUS || t.StartUS < 0:
		return fault.New(fault.Internal, "track %d has no path or no time", t.Track).
			OnFile(p.recs[t.Recording].Name)
	}
	s := sampleTube(t, p.recs[t.Recording], p.stepUS)
	p.tubes = append(p.tubes, s)
	p.samples += len(s.places)
	if p.samples > maxSamples {
		p.stepUS *= 2
		p.samples = 0
		for i := range p.tubes {
			p.tubes[i].halve()
			p.samples += len(p.tubes[i].places)
		}
	}
	return nil
}

// Plan arranges what was added. With nothing added it is fault.NotFound. When
// ctx is done the best arrangement so far is returned, without an error.
func (p *Planner) Plan(ctx context.Context) (*Plan, error) {
	if len(p.tubes) == 0 {
		return nil, fault.New(fault.NotFound, "no object to show")
	}
	pl := &Plan{Options: p.opt, Recordings: p.recs}
	p.sortTubes()
	used := p.usedRecordings()
	pl.outputSize(used)
	if p.opt.Mode == Objects {
		p.planObjects(ctx, pl)
	} else {
		p.planSpans(pl)
	}
	pl.Figures.finish(pl, used)
	return pl, nil
}

// sortTubes puts tubes in source order: wall clock where known, else the
// order of recordings and media time.
func (p *Planner) sortTubes() {
	slices.SortFunc(p.tubes, func(a, b sampled) int {
		return cmp.Or(
			cmp.Compare(p.wallUS(a.rec, a.startUS), p.wallUS(b.rec, b.startUS)),
			cmp.Compare(a.rec, b.rec), cmp.Compare(a.startUS, b.startUS), cmp.Compare(a.track, b.track))
	})
}

// wallUS orders moments across recordings. Recordings without a clock come
// one after another, before those with one.
func (p *Planner) wallUS(rec int, mediaUS int64) int64 {
	r := &p.recs[rec]
	if r.HasClock {
		return r.ClockUS + mediaUS
	}
	n := mediaUS
	for i := range rec {
		if !p.recs[i].HasClock {
			n += p.recs[i].Probe.DurationUS + second
		}
	}
	return n
}

func (p *Planner) usedRecordings() []int {
	var used []int
	for i := range p.tubes {
		used = append(used, p.tubes[i].rec)
	}
	slices.Sort(used)
	return slices.Compact(used)
}

// outputSize takes the largest picture among the recordings, up to MaxWidth,
// and the finest frame distance, between 30 and 10 frames a second. Small
// pictures are enlarged up to twice, so that time stamps can be read.
func (p *Plan) outputSize(used []int) {
	p.FrameUS = 100_000
	w, h := 0, 0
	for _, i := range used {
		pr := &p.Recordings[i].Probe
		if pr.Width*pr.Height > w*h {
			w, h = pr.Width, pr.Height
		}
		f := pr.FrameUS
		if f == 0 || pr.Variable {
			f = 40_000
		}
		p.FrameUS = max(min(p.FrameUS, f), 33_333)
	}
	scale := min(max(1, min(2, leastWidth/float64(w))), float64(p.Options.MaxWidth)/float64(w))
	even := func(v float64) int { return max(2, int(v+.5)&^1) }
	p.Width = even(float64(w) * scale)
	p.Height = even(float64(h) * scale)
	p.Band = even(max(18, float64(p.Height)/26))
	if p.Options.Mode != Objects || p.Options.ByClass {
		p.Band *= 2 // a line for the mark, a line for time and source or the legend
	}
	p.Height += p.Band
}

// leastWidth is up to which width small pictures are enlarged.
const leastWidth = 640

// frameAt is the output frame nearest to output time t.
func (p *Plan) frameAt(t int64) int64 { return (t + p.FrameUS/2) / p.FrameUS }

func (p *Plan) warn(format string, args ...any) {
	p.Warnings = append(p.Warnings, fmt.Sprintf(format, args...))
}
