package synopsis

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"posteriori/engine/fault"
)

// shownOnce checks that every tube is shown, whole, from its first moment to
// its last.
func shownOnce(t *testing.T, plan *Plan, tubes []Tube) {
	t.Helper()
	if len(plan.Objects) != len(tubes) {
		t.Fatalf("%d objects of %d tracks", len(plan.Objects), len(tubes))
	}
	for i := range plan.Objects {
		o := &plan.Objects[i]
		k := slices.IndexFunc(tubes, func(u Tube) bool { return u.Recording == o.Recording && u.Track == o.Track })
		at := tubes[k].StartUS
		for _, y := range o.Plays {
			if y.FromUS > at || y.Start < 0 || y.Frames < 1 || y.Start+y.Frames > plan.Frames {
				t.Fatalf("track %d: %+v leaves out what follows %d µs", o.Track, y, at)
			}
			at = max(at, y.ToUS)
		}
		if at < tubes[k].EndUS {
			t.Fatalf("track %d is shown up to %d µs of %d", o.Track, at, tubes[k].EndUS)
		}
	}
}

func finite(t *testing.T, f Figures) {
	t.Helper()
	for name, v := range map[string]float64{"FR": f.FR, "CR": f.CR, "OR": f.OR, "CDR": f.CDR, "density": f.Density} {
		if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
			t.Errorf("%s is %g", name, v)
		}
	}
}

func TestNoTrack(t *testing.T) {
	p, err := NewPlanner([]Recording{recording("a", "n", second)}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Plan(context.Background()); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
	if f := p.Reference(); f.Objects != 0 {
		t.Errorf("%+v", f)
	}
}

func TestOneTrack(t *testing.T) {
	tubes := []Tube{mover(0, 1, 100*second, 6*second, 0, 0, 100, 500, 100, 50, 50)}
	for _, o := range []Options{{}, {Density: 3}, {DurationUS: 30 * second}, {Mode: Condense}, {Mode: Timelapse}} {
		_, plan := makePlan(t, []Recording{recording("a", "n", 600*second)}, tubes, o)
		shownOnce(t, plan, tubes)
		finite(t, plan.Figures)
		if plan.Figures.OR != 0 || len(plan.Warnings) != 0 {
			t.Errorf("%+v: overlap %g, warnings %q", o, plan.Figures.OR, plan.Warnings)
		}
	}
}

// A track as long as ten hours of recording: what stands is shown in seconds,
// what walks all the time in parts at once.
func TestTrackAsLongAsTheRecording(t *testing.T) {
	const hours = 36_000 * second
	recs := []Recording{recording("a", "n", hours)}
	stands := mover(0, 1, 0, 8*second, hours-9*second, 0, 100, 500, 100, 50, 50)
	_, plan := makePlan(t, recs, []Tube{stands}, Options{})
	shownOnce(t, plan, []Tube{stands})
	if d := plan.DurationUS(); d > 30*second {
		t.Errorf("what stands for ten hours is shown for %d s", d/second)
	}
	walks := mover(0, 1, 0, 1800*second, 0, 0, 100, 90_000, 100, 20, 40)
	for i := range walks.Path {
		walks.Path[i].Box.X = math.Mod(walks.Path[i].Box.X, 600)
	}
	_, plan = makePlan(t, recs, []Tube{walks}, Options{})
	shownOnce(t, plan, []Tube{walks})
	if d := plan.DurationUS(); d > 600*second {
		t.Errorf("what walks for half an hour is shown for %d s", d/second)
	}
}

// A thousand at once: none is lost, the overlap holds, and a length that
// cannot hold them is said, with what does not fit and what length holds all.
func TestThousandAtOnce(t *testing.T) {
	var tubes []Tube
	for i := range int64(1000) {
		y := float64(i*7919%300) + 5
		tubes = append(tubes, mover(0, i+1, 10*second+i*7919%second, 6*second, 0, 0, y, 600, y, 20, 40))
	}
	_, plan := makePlan(t, []Recording{recording("a", "n", 60*second)}, tubes, Options{DurationUS: 10 * second, MaxWork: 20_000_000})
	shownOnce(t, plan, tubes)
	finite(t, plan.Figures)
	if plan.Figures.OR > .055 {
		t.Errorf("overlap %g", plan.Figures.OR)
	}
	var beyond int
	for _, o := range plan.Objects {
		if o.Beyond {
			beyond++
		}
	}
	said := strings.Join(plan.Warnings, "; ")
	length := (time.Duration(plan.DurationUS()) * time.Microsecond).Round(100 * time.Millisecond)
	if beyond == 0 || !strings.Contains(said, "10s cannot hold all 1000 objects") || !strings.Contains(said, "--duration "+length.String()+" holds all") ||
		!strings.Contains(said, "a:") {
		t.Errorf("%d objects beyond the wanted length of a video of %v; said: %s", beyond, length, said)
	}
}

// scenePlate is a made picture of a street: bright above, a darker road, a
// house at x.
func scenePlate(t *testing.T, x int, light float64, grey bool) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 320, 180))
	for j := range 180 {
		for i := range 320 {
			v := 200.
			if j > 90 {
				v = 90
			}
			if i >= x && i < x+90 && j > 20 && j < 120 {
				v = 40
			}
			v *= light
			c := color.RGBA{uint8(v), uint8(v * .8), uint8(v * .5), 255}
			if grey {
				c.G, c.B = c.R, c.R
			}
			img.SetRGBA(i, j, c)
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Backgrounds are told apart by day and night and by where the camera looks,
// not by a passing cloud, and few of many are looked at.
func TestLooks(t *testing.T) {
	day, cloud := scenePlate(t, 30, 1, false), scenePlate(t, 30, .85, false)
	night, infrared := scenePlate(t, 30, .2, false), scenePlate(t, 30, .9, true)
	moved := scenePlate(t, 210, 1, false)
	broken := []byte("no picture")
	var k looks
	for i, p := range [][]byte{day, cloud, night, infrared, moved, broken, night, cloud} {
		if got, want := k.of(p), []int{0, 0, 1, 2, 3, 0, 1, 0}[i]; got != want {
			t.Errorf("plate %d has look %d, want %d", i, got, want)
		}
	}
	var plates []plate
	for i := range 200 {
		p := day
		if i >= 63 && i < 150 {
			p = night
		}
		plates = append(plates, plate{jpeg: p})
	}
	for i, n := range (&looks{}).number(plates) {
		if want := i >= 63 && i < 150; (n == 1) != want {
			t.Fatalf("plate %d has look %d", i, n)
		}
	}
}

// A camera that was moved in the middle, or day and night: what was recorded
// over the one background is not shown over the other.
func TestMovedCamera(t *testing.T) {
	r := recording("a", "n", 600*second)
	r.Plates, r.Looks = []int64{0, 200 * second, 320 * second, 500 * second}, []int{0, 0, 1, 1}
	tubes := []Tube{
		mover(0, 1, 10*second, 5*second, 0, 0, 100, 500, 100, 50, 50),
		mover(0, 2, 230*second, 5*second, 0, 0, 200, 500, 200, 50, 50),
		mover(0, 3, 330*second, 5*second, 0, 0, 100, 500, 100, 50, 50),
		mover(0, 4, 590*second, 5*second, 0, 0, 200, 500, 200, 50, 50),
	}
	_, plan := makePlan(t, []Recording{r}, tubes, Options{})
	shownOnce(t, plan, tubes)
	for i := range plan.Objects {
		o := &plan.Objects[i]
		want := r.lookAt(o.Plays[0].FromUS)
		for f := o.Plays[0].Start; f < o.Plays[0].Start+o.Plays[0].Frames; f++ {
			if got := r.lookAt(backAt(plan, f).TUS); got != want {
				t.Fatalf("track %d of look %d over a background of look %d at frame %d", o.Track, want, got, f)
			}
		}
	}
	if len(plan.Warnings) != 1 || !strings.Contains(plan.Warnings[0], "2 views") {
		t.Errorf("warnings %q", plan.Warnings)
	}
}

// backAt is the background of an output frame.
func backAt(plan *Plan, frame int64) (b Back) {
	for _, x := range plan.Backs {
		if x.Start <= frame {
			b = x
		}
	}
	return b
}

// Recordings of other sizes and rates share an output: the largest picture,
// the finest frame distance, each object for as long as it was there.
func TestMixedSizesAndRates(t *testing.T) {
	small, large, variable := recording("a", "n", 60*second), recording("b", "s", 60*second), recording("c", "w", 60*second)
	small.Probe.Width, small.Probe.Height, small.Probe.FrameUS = 320, 240, 200_000
	large.Probe.Width, large.Probe.Height, large.Probe.FrameUS = 1280, 720, 33_367
	variable.Probe.Variable, variable.Probe.FrameUS = true, 1_000
	tubes := []Tube{
		mover(0, 1, second, 5*second, 0, 0, 100, 250, 100, 20, 30),
		mover(1, 1, second, 5*second, 0, 0, 100, 1200, 100, 50, 50),
		mover(2, 1, second, 5*second, 0, 0, 100, 500, 100, 50, 50),
	}
	_, plan := makePlan(t, []Recording{small, large, variable}, tubes, Options{})
	shownOnce(t, plan, tubes)
	if plan.Width != 1280 || plan.Height-plan.Band != 720 || plan.FrameUS != 33_367 {
		t.Errorf("output of %d×%d every %d µs", plan.Width, plan.Height-plan.Band, plan.FrameUS)
	}
	for i := range plan.Objects {
		var frames int64
		for _, y := range plan.Objects[i].Plays {
			frames += y.Frames
		}
		if us := frames * plan.FrameUS; us < 4_900_000 || us > 5_200_000 {
			t.Errorf("an object of 5 s is shown for %d µs", us)
		}
	}
}

// Clocks of two zones are one time line: stamps are in the zone asked for.
func TestTwoTimeZones(t *testing.T) {
	at := func(s string) int64 {
		x, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return x.UnixMicro()
	}
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Skip(err)
	}
	recs := []Recording{recording("a", "n", 600*second), recording("b", "n", 600*second)}
	recs[0].HasClock, recs[0].ClockUS = true, at("2026-03-01T14:30:00+02:00") // 12:30 UTC
	recs[1].HasClock, recs[1].ClockUS = true, at("2026-03-01T12:10:00Z")
	tubes := []Tube{mover(0, 1, 0, 5*second, 0, 0, 100, 500, 100, 50, 50), mover(1, 1, 0, 5*second, 0, 0, 100, 500, 100, 50, 50)}
	_, plan := makePlan(t, recs, tubes, Options{Mode: Condense, Zone: paris})
	if plan.Spans[0].Recording != 1 {
		t.Errorf("the later recording is shown first: %+v", plan.Spans)
	}
	job, err := plan.Job(fakeBlobs{}, "/o", t.TempDir(), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if s := time.UnixMicro(job.Spans[0].ClockUS).UTC().Format(time.TimeOnly); s != "13:10:00" || plan.ZoneName() != "CET (UTC+01:00)" {
		t.Errorf("stamps from %s in %s", s, plan.ZoneName())
	}
}

// In the night the clocks go back the same hour comes twice: stamps tell the
// two apart, and the frame says so.
func TestNightOfTheClockChange(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Skip(err)
	}
	r := recording("a", "n", 4*3600*second)
	r.HasClock, r.ClockUS = true, time.Date(2025, 10, 26, 0, 0, 0, 0, time.UTC).UnixMicro() // 02:00 summer time
	tubes := []Tube{
		mover(0, 1, 1800*second, 5*second, 0, 0, 100, 500, 100, 50, 50),
		mover(0, 2, 5400*second, 5*second, 0, 0, 200, 500, 200, 50, 50),
	}
	_, plan := makePlan(t, []Recording{r}, tubes, Options{Zone: paris})
	job, err := plan.Job(fakeBlobs{}, "/o", t.TempDir(), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"+02:00", "+01:00"} {
		u := &job.Tubes[i]
		stamp := time.UnixMicro(u.ClockUS + u.Plays[0].FromUS).UTC().Format(time.TimeOnly)
		if stamp != "02:30:00" || u.Plays[0].Note != want {
			t.Errorf("stamp %s %s, want 02:30:00 %s", stamp, u.Plays[0].Note, want)
		}
	}
	if z := plan.ZoneName(); z != "CEST (UTC+02:00), CET (UTC+01:00)" {
		t.Errorf("zone %q", z)
	}
}

// Condense meets the wanted length within two in a hundred, whatever the
// recordings, unless there are more things to show than frames.
func TestCondenseMeetsItsLength(t *testing.T) {
	for seed := range uint64(6) {
		recs, tubes := street(30, seed)
		for _, want := range []int64{20 * second, 45 * second, 90 * second} {
			_, plan := makePlan(t, recs, tubes, Options{Mode: Condense, DurationUS: want})
			_, free := makePlan(t, recs, tubes, Options{Mode: Condense})
			aim := min(want, free.DurationUS()) // it is never slowed down
			if d := plan.DurationUS(); math.Abs(float64(d-aim)) > .02*float64(aim) {
				t.Errorf("seed %d: %.2f s where %.2f s are wanted", seed, float64(d)/1e6, float64(aim)/1e6)
			}
		}
	}
}
