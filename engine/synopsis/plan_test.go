package synopsis

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"posteriori/engine/fault"
	"posteriori/engine/scene"
)

func makePlan(t interface{ Fatal(...any) }, recs []Recording, tubes []Tube, opt Options) (*Planner, *Plan) {
	p, err := NewPlanner(recs, opt)
	if err != nil {
		t.Fatal(err)
	}
	for _, tube := range tubes {
		if err := p.Add(tube); err != nil {
			t.Fatal(err)
		}
	}
	plan, err := p.Plan(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return p, plan
}

func drawOptions(t *rapid.T) Options {
	o := Options{
		Mode:       rapid.SampledFrom([]Mode{Objects, Condense, Timelapse}).Draw(t, "mode"),
		MaxOverlap: rapid.SampledFrom([]float64{-1, 0, .2, 1}).Draw(t, "overlap"),
		StillSpeed: rapid.SampledFrom([]float64{0, 1, 10}).Draw(t, "still"),
		MaxWork:    200_000,
	}
	switch rapid.IntRange(0, 2).Draw(t, "wish") {
	case 1:
		o.DurationUS = rapid.Int64Range(second, 300*second).Draw(t, "duration")
	case 2:
		if o.Mode == Objects {
			o.Density = rapid.Float64Range(.2, 20).Draw(t, "density")
		}
	}
	return o
}

// Whatever is wanted, every moment of every tube is shown, once, at the
// speed that is stated, within the output.
func TestNothingIsLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		recs, tubes := genTubes(t)
		opt := drawOptions(t)
		_, plan := makePlan(t, recs, tubes, opt)
		if len(plan.Objects) != len(tubes) {
			t.Fatalf("%d objects of %d tubes", len(plan.Objects), len(tubes))
		}
		if plan.Width%2 != 0 || plan.Height%2 != 0 || plan.Frames <= 0 {
			t.Fatalf("output %d×%d, %d frames", plan.Width, plan.Height, plan.Frames)
		}
		for _, o := range plan.Objects {
			tube := tubes[o.Track-1]
			if tube.Recording != o.Recording {
				t.Fatalf("track %d of recording %d shown as of %d", o.Track, tube.Recording, o.Recording)
			}
			at := tube.StartUS
			for _, y := range o.Plays {
				if abs64(y.FromUS-at) > 2 {
					t.Fatalf("track %d: %d µs to %d µs not shown", o.Track, at, y.FromUS)
				}
				if y.Frames <= 0 || y.Start < 0 || y.Start+y.Frames > plan.Frames {
					t.Fatalf("track %d plays outside the output: %+v of %d", o.Track, y, plan.Frames)
				}
				shown := float64(y.ToUS-y.FromUS) / y.Speed
				if d := shown - float64(y.Frames*plan.FrameUS); opt.Mode == Objects && (d > float64(2*plan.FrameUS) || -d > float64(2*plan.FrameUS)) {
					t.Fatalf("track %d: %+v is not at its speed", o.Track, y)
				}
				at = y.ToUS
			}
			if abs64(at-tube.EndUS-1) > 2 {
				t.Fatalf("track %d ends at %d, shown to %d", o.Track, tube.EndUS, at)
			}
		}
	})
}

// The overlap stays within the bound; a wanted length is met or the plan says
// that it is not.
func TestOverlapAndLength(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		recs, tubes := genTubes(t)
		opt := drawOptions(t)
		opt.Mode = Objects
		_, plan := makePlan(t, recs, tubes, opt)
		if plan.Figures.OR > plan.Options.MaxOverlap+1e-9 {
			t.Fatalf("overlap %g over %g", plan.Figures.OR, plan.Options.MaxOverlap)
		}
		warned := slices.ContainsFunc(plan.Warnings, func(s string) bool { return strings.Contains(s, "cannot hold") })
		views := map[string]bool{}
		for _, o := range plan.Objects {
			views[recs[o.Recording].Camera] = true
		}
		slack := int64(len(views)) * 2 * firstStepUS
		if opt.DurationUS > 0 && !warned && plan.DurationUS() > opt.DurationUS+slack {
			t.Fatalf("%d s wanted, %d s made, nothing said", opt.DurationUS/second, plan.DurationUS()/second)
		}
	})
}

// Objects of one group keep their distance in time, frame for frame, except
// for rounding.
func TestGroupsKeepTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gap := rapid.Int64Range(0, 3*second).Draw(t, "gap")
		a := mover(0, 1, 10*second, 12*second, 0, 0, 100, 500, 100, 40, 80)
		b := mover(0, 2, 10*second+gap, 12*second-gap, 0, 10+40*float64(gap)/float64(second), 110, 510, 110, 40, 80)
		c := mover(0, 3, 100*second, 12*second, rapid.SampledFrom([]int64{0, 8 * second}).Draw(t, "stop"), 0, 100, 500, 100, 40, 80)
		_, plan := makePlan(t, []Recording{recording("a", "n", 600*second)}, []Tube{a, b, c}, Options{MaxWork: 1_000_000})
		if plan.Objects[0].Group != plan.Objects[1].Group || plan.Objects[0].Group == plan.Objects[2].Group {
			t.Fatalf("groups %d %d %d", plan.Objects[0].Group, plan.Objects[1].Group, plan.Objects[2].Group)
		}
		shift := func(o Object) int64 { return o.Plays[0].Start*plan.FrameUS - o.Plays[0].FromUS }
		if d := abs64(shift(plan.Objects[0]) - shift(plan.Objects[1])); d > plan.FrameUS {
			t.Fatalf("shifted apart by %d µs", d)
		}
	})
}

// Condense and timelapse never show a later moment before an earlier one, and
// their spans tile the output.
func TestSpansKeepOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		recs, tubes := genTubes(t)
		opt := drawOptions(t)
		opt.Density = 0
		opt.Mode = rapid.SampledFrom([]Mode{Condense, Timelapse}).Draw(t, "kind")
		_, plan := makePlan(t, recs, tubes, opt)
		var frame int64
		last := map[int]int64{}
		for _, s := range plan.Spans {
			if s.Start != frame {
				t.Fatalf("span starts at frame %d, the one before ends at %d", s.Start, frame)
			}
			frame = s.Start + s.Frames
			if s.FromUS < last[s.Recording] {
				t.Fatalf("recording %d goes back to %d", s.Recording, s.FromUS)
			}
			last[s.Recording] = s.ToUS
			if opt.Mode == Timelapse && s.Speed != plan.Spans[0].Speed {
				t.Fatal("timelapse changes its speed")
			}
		}
		if frame != plan.Frames {
			t.Fatalf("%d frames of spans, %d of output", frame, plan.Frames)
		}
		if want := opt.DurationUS; want > 0 && len(plan.Warnings) == 0 {
			if got := plan.DurationUS(); got > want+want/50+2*plan.FrameUS {
				t.Fatalf("%d µs wanted, %d made", want, got)
			}
		}
	})
}

func TestPlanIsDeterministic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		recs, tubes := genTubes(t)
		opt := drawOptions(t)
		_, one := makePlan(t, recs, tubes, opt)
		slices.Reverse(tubes)
		_, two := makePlan(t, recs, tubes, opt)
		if d := cmp.Diff(one.Sidecar(), two.Sidecar(), cmp.AllowUnexported(Figures{})); d != "" {
			t.Fatal(d)
		}
	})
}

func TestStillStretchesAreShort(t *testing.T) {
	recs := []Recording{recording("a", "n", 7200*second)}
	parked := mover(0, 1, 10*second, 8*second, 3600*second, 0, 100, 300, 100, 60, 60)
	_, plan := makePlan(t, recs, []Tube{parked}, Options{})
	if got := plan.DurationUS(); got > 25*second {
		t.Fatalf("an hour's rest makes a video of %d s", got/second)
	}
	fast := slices.ContainsFunc(plan.Objects[0].Plays, func(y Play) bool { return y.Speed > 100 && y.note() != "" })
	if !fast {
		t.Fatalf("no fast stretch: %+v", plan.Objects[0].Plays)
	}
	_, plan = makePlan(t, recs, []Tube{parked}, Options{StillSpeed: 1, DurationUS: 60 * second, MaxWork: 5_000_000})
	if n := plan.Objects[0].Plays[0].Parts; n < 50 {
		t.Fatalf("cut into %d parts", n)
	}
}

func TestOverlapSavesTime(t *testing.T) {
	recs, tubes := street(300, 7)
	p, plan := makePlan(t, recs, tubes, Options{MaxWork: 20_000_000})
	ref := p.Reference()
	if plan.Figures.OutputUS >= ref.OutputUS {
		t.Fatalf("%d s, the plain method %d s", plan.Figures.OutputUS/second, ref.OutputUS/second)
	}
	if plan.Figures.FR > .01 {
		t.Fatalf("FR %g", plan.Figures.FR)
	}
}

func TestManySamplesAreJoined(t *testing.T) {
	r := recording("a", "n", 100_000*second)
	tube := mover(0, 1, 1*second, 9*second, 0, 0, 100, 300, 100, 60, 60)
	s := sampleTube(tube, r, firstStepUS)
	coarse := sampleTube(tube, r, 2*firstStepUS)
	s.halve()
	if s.first != coarse.first || len(s.places) != len(coarse.places) {
		t.Fatalf("%d+%d, want %d+%d", s.first, len(s.places), coarse.first, len(coarse.places))
	}
	for k := range s.places {
		var fine, both stencil
		s.cover.onto(&fine, k)
		both = fine
		coarse.cover.onto(&both, k)
		// The coarser grid looks at another moment of the same step.
		if d := both.count() - fine.count(); d > fine.count()/2 {
			t.Fatalf("step %d: %d cells differ of %d", k, d, fine.count())
		}
	}
}

// A full mask, moved or not, covers the same cells as its box.
func TestMaskCells(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, y := rapid.IntRange(0, 300).Draw(t, "x"), rapid.IntRange(0, 160).Draw(t, "y")
		w, h := rapid.IntRange(1, 320-x).Draw(t, "w"), rapid.IntRange(1, 180-y).Draw(t, "h")
		dx, dy := rapid.IntRange(-x, 320-x-w).Draw(t, "dx"), rapid.IntRange(-y, 180-y-h).Draw(t, "dy")
		m := scene.Mask{X: x, Y: y, W: w, H: h, Bits: make([]byte, (w+7)/8*h)}
		for i := range w * h {
			m.Bits[i/w*((w+7)/8)+i%w/8] |= 0x80 >> (i % w % 8)
		}
		var got, want stencil
		got.mask(m, 320, 180, dx, dy)
		want.box(place{float32(x+dx) / 320, float32(y+dy) / 180, float32(w)/320 - 1e-4, float32(h)/180 - 1e-4})
		for i := range got.bits {
			if got.bits[i]&^want.bits[i] != 0 && got.count() > want.count()+(w+h)/2+2 {
				t.Fatalf("mask covers %d cells, its box %d", got.count(), want.count())
			}
		}
		if want.count() > got.count()+(w+h)/2+2 {
			t.Fatalf("box covers %d cells, its mask %d", want.count(), got.count())
		}
	})
}

func TestWrongWishes(t *testing.T) {
	for _, o := range []Options{
		{Mode: "sideways"}, {DurationUS: -1}, {DurationUS: 10}, {Density: 2, DurationUS: 9 * second},
		{Mode: Condense, Density: 2}, {StillSpeed: .5}, {MaxOverlap: 2},
	} {
		if _, err := NewPlanner(nil, o); fault.KindOf(err) != fault.Usage {
			t.Errorf("%+v: %v", o, err)
		}
	}
	p, err := NewPlanner([]Recording{recording("a", "n", second)}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Plan(context.Background()); fault.KindOf(err) != fault.NotFound {
		t.Errorf("no tubes: %v", err)
	}
	for _, tube := range []Tube{{}, {Recording: 3}, {Recording: -1}} {
		if err := p.Add(tube); err == nil {
			t.Errorf("%+v taken", tube)
		}
	}
}

func TestStoppedSearchStillPlans(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	recs, tubes := street(50, 1)
	p, _ := NewPlanner(recs, Options{})
	for _, tube := range tubes {
		if err := p.Add(tube); err != nil {
			t.Fatal(err)
		}
	}
	plan, err := p.Plan(ctx)
	if err != nil || len(plan.Objects) != 50 {
		t.Fatal(err)
	}
}

func TestInversions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SliceOfN(rapid.IntRange(0, 9), 0, 30).Draw(t, "v")
		var want int64
		for i := range v {
			for j := range i {
				if v[j] > v[i] {
					want++
				}
			}
		}
		if got := inversions(slices.Clone(v), make([]int, len(v))); got != want {
			t.Fatalf("%d, want %d", got, want)
		}
	})
}

// A group that alone makes the video so long is cut, and says so; not when
// another limit is asked for. What a wanted length cannot hold is named.
func TestLongOnesAreCut(t *testing.T) {
	recs := []Recording{recording("a", "n", 600*second)}
	tubes := []Tube{mover(0, 1, 0, 60*second, 0, 0, 20, 560, 20, 40, 40)}
	for i := range 6 {
		tubes = append(tubes, mover(0, int64(i+2), int64(100+20*i)*second, 6*second, 0, 0, 100+float64(40*i), 500, 100+float64(40*i), 30, 30))
	}
	_, plan := makePlan(t, recs, tubes, Options{MaxWork: 5_000_000})
	if got := plan.DurationUS(); got > 35*second || plan.Objects[0].Plays[0].Parts < 2 {
		t.Errorf("%d s: %+v", got/second, plan.Objects[0].Plays)
	}
	_, plan = makePlan(t, recs, tubes, Options{MaxWork: 5_000_000, CutUS: 100 * second})
	if got := plan.DurationUS(); got < 60*second || len(plan.Objects[0].Plays) != 1 {
		t.Errorf("%d s: %+v", got/second, plan.Objects[0].Plays)
	}
	wide := []Tube{mover(0, 1, 0, 8*second, 0, 0, 0, 20, 20, 600, 300), mover(0, 2, 50*second, 8*second, 0, 0, 0, 20, 20, 600, 300)}
	_, plan = makePlan(t, recs, wide, Options{MaxWork: 5_000_000, DurationUS: 9 * second, StillSpeed: 1})
	beyond := 0
	for _, o := range plan.Objects {
		if o.Beyond {
			beyond++
		}
	}
	if beyond == 0 || len(plan.Warnings) != 1 || !strings.Contains(plan.Warnings[0], "loses none (after 9s: a:") {
		t.Errorf("%d beyond: %q", beyond, plan.Warnings)
	}
}

// No single object is covered for more than its own bound, which for a small
// one, touched at its edges, is wider in proportion.
func TestEachStaysVisible(t *testing.T) {
	recs, tubes := street(200, 3)
	p, _ := makePlan(t, recs, tubes, Options{MaxWork: 20_000_000})
	a, l := p.arrange(t.Context(), p.views()[0], 0, p.opt.MaxWork)
	s := a.newSearch(l, l.steps)
	most, used := 0, 0
	for i, n := range s.shares {
		area := a.parts[i].area
		if n > a.allow[i] || n > area*7/10 {
			t.Errorf("object %d shares %d of its %d cells", i, n, area)
		}
		most, used = most+a.allow[i], used+n
	}
	if used*10 < most {
		t.Errorf("of %d cells that may be shared %d are: nothing was tried", most, used)
	}
	square := func(side, steps int) float64 { // cells that are touched
		b := newArranger([]part{{area: side * side * steps, n: steps}}, .05, 1)
		return float64(b.allow[0]) / float64(side*side*steps)
	}
	if v := square(60, 10); v < .25 || v > .27 {
		t.Errorf("a large object may share %.2f of its cells", v)
	}
	if v := square(3, 10); v < .5 || v > .55 { // 2×2 of 9 cells are covered: a quarter of them and half of the rest
		t.Errorf("a small object may share %.2f of its cells", v)
	}
	if b := newArranger([]part{{area: 90, n: 10}}, 0, 1); b.allow[0] != 0 {
		t.Errorf("without overlap %d cells may be shared", b.allow[0])
	}
}
