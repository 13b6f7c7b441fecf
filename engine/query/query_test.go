package query

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

var noon = time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)

// testStore holds two recordings of ten minutes, an hour apart, and a third
// without clock or analysis. Tracks of the first: 1 a red car going east
// through the square, 2 a person who stands in the square for a minute, 3 a
// blue bus going west below it, 4 a thing that never moved. The second has
// the same car once more.
func testStore(t testing.TB) *index.Store {
	t.Helper()
	s, err := index.Open(t.Context(), filepath.Join(t.TempDir(), "i.db"), bytes.Repeat([]byte{1}, index.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	for n, cam := range []string{"north", "south", "yard"} {
		clock := noon.Add(time.Duration(n) * time.Hour).UnixMicro()
		r := index.Recording{SHA256: fmt.Sprintf("%064x", n+1), Path: fmt.Sprintf("/e/%s.mp4", cam), Exhibit: "S1", Basis: "seizure",
			Camera: cam, ClockUS: &clock, ClockUncertaintyUS: 5_000_000, Probe: wire.Probe{DurationUS: 600_000_000, Width: 640, Height: 360}}
		if cam == "yard" {
			r.ClockUS = nil
		}
		if _, err := s.AddRecording(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	car := trackOf(1, scene.Car, scene.Red, 10, 20, scene.Point{X: 50, Y: 150}, scene.Point{X: 250, Y: 150})
	car.Heading, car.HasHeading = 90, true
	person := trackOf(2, scene.Person, scene.UnknownColour, 60, 130, scene.Point{X: 150, Y: 250}, scene.Point{X: 150, Y: 150}, scene.Point{X: 150, Y: 150},
		scene.Point{X: 150, Y: 150}, scene.Point{X: 150, Y: 150}, scene.Point{X: 150, Y: 150}, scene.Point{X: 150, Y: 150}, scene.Point{X: 150, Y: 150})
	person.Heading, person.HasHeading = 0, true
	bus := trackOf(3, scene.Bus, scene.Blue, 300, 310, scene.Point{X: 400, Y: 300}, scene.Point{X: 0, Y: 300})
	bus.Heading, bus.HasHeading = 270, true
	thing := trackOf(4, scene.Other, scene.Grey, 500, 590, scene.Point{X: 20, Y: 30}, scene.Point{X: 20, Y: 30})
	fill(t, s, 1, []scene.Coverage{
		{FromUS: 0, ToUS: 580_000_000, Kind: scene.Seen},
		{FromUS: 100_000_000, ToUS: 120_000_000, Kind: scene.Relearning, Reason: "light"},
	}, car, person, bus, thing)
	for track, v := range map[int64]index.Verdict{2: index.Validated, 3: index.Rejected} {
		if _, err := s.Decide(t.Context(), index.Decision{Recording: 1, Track: track, Verdict: v, By: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	fill(t, s, 2, []scene.Coverage{{FromUS: 0, ToUS: 600_000_000, Kind: scene.Seen}}, car)
	return s
}

// trackOf makes a track whose foot goes through the points at even times.
func trackOf(id int64, class scene.Class, colour scene.Colour, fromS, toS float64, feet ...scene.Point) scene.Track {
	t := scene.Track{ID: id, Class: class, ClassScore: .5 + float64(id)/10, Colour: colour, ColourScore: .5, Observed: 1,
		StartUS: int64(fromS * 1e6), EndUS: int64(toS * 1e6)}
	w, h := 20.0+float64(id), 40.0+10*float64(id)
	for i, f := range feet {
		at := t.StartUS + (t.EndUS-t.StartUS)*int64(i)/int64(max(1, len(feet)-1))
		t.Path = append(t.Path, scene.PathPoint{TUS: at, Box: scene.Box{X: f.X - w/2, Y: f.Y - h, W: w, H: h}})
	}
	t.Best, t.BestUS = t.Path[0].Box, t.StartUS
	return t
}

func fill(t testing.TB, s *index.Store, rec int64, cov []scene.Coverage, tracks ...scene.Track) {
	t.Helper()
	if _, err := s.BeginAnalysis(t.Context(), rec, index.Analysis{Identity: "x"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Finish(t.Context(), rec, slices.Values(tracks), cov); err != nil {
		t.Fatal(err)
	}
}

func shapes(f Filter) Filter {
	f.Zones = []scene.Zone{
		{Name: "square", Polygon: scene.Polygon{{X: 100, Y: 100}, {X: 200, Y: 100}, {X: 200, Y: 200}, {X: 100, Y: 200}}},
		{Name: "corner", Polygon: scene.Polygon{{X: 0, Y: 0}, {X: 0, Y: 60}, {X: 60, Y: 60}}},
	}
	f.Lines = []scene.Line{{Name: "gate", A: scene.Point{X: 180, Y: 400}, B: scene.Point{X: 180, Y: 100}}}
	return f
}

func moment(t testing.TB, s string) Moment {
	t.Helper()
	m, err := ParseMoment(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// found runs a filter and lists "recording-track".
func found(t testing.TB, s *index.Store, f Filter) []string {
	t.Helper()
	r, err := Run(t.Context(), s, f)
	if err != nil {
		t.Fatalf("%s: %v", f.Canonical(), err)
	}
	var out []string
	for h, err := range r.Hits(t.Context(), true) {
		if err != nil {
			t.Fatal(err)
		}
		if len(h.Track.Path) == 0 {
			t.Error("no path")
		}
		out = append(out, fmt.Sprintf("%d-%d", h.Recording.ID, h.Track.ID))
	}
	if len(out) != r.Len() {
		t.Errorf("%d walked, %d found", len(out), r.Len())
	}
	return out
}

func TestRun(t *testing.T) {
	s := testStore(t)
	min := func(d string) int64 { v, _ := time.ParseDuration(d); return v.Microseconds() }
	for _, c := range []struct {
		name string
		f    Filter
		want string
	}{
		{"all", Filter{}, "1-1 1-2 1-3 1-4 2-1"},
		{"class", Filter{Classes: []string{"car", "bus"}}, "1-1 1-3 2-1"},
		{"colour and class", Filter{Classes: []string{"car", "bus"}, Colours: []string{"blue"}}, "1-3"},
		{"camera", Filter{Cameras: []string{"south"}}, "2-1"},
		{"recording", Filter{Recordings: []int64{1}, Classes: []string{"car"}}, "1-1"},
		{"heading E", Filter{Headings: []string{"E"}}, "1-1 2-1"},
		{"headings", Filter{Headings: []string{"W", "350-10"}}, "1-2 1-3"},
		{"true bearing", Filter{Headings: []string{"N"}, North: map[string]float64{"north": 90}}, "1-1"},
		{"true bearing and image", Filter{Headings: []string{"N", "E"}, North: map[string]float64{"south": 270}}, "1-1 1-2"},
		{"min duration", Filter{MinDurationUS: min("60s")}, "1-2 1-4"},
		{"max duration", Filter{MaxDurationUS: min("60s")}, "1-1 1-3 2-1"},
		{"min height", Filter{MinSize: Size{H: 65}}, "1-3 1-4"},
		{"max height", Filter{MaxSize: Size{H: 50}}, "1-1 2-1"},
		{"min width and height", Filter{MinSize: Size{W: 23, H: 60}}, "1-3 1-4"},
		{"media time", Filter{From: moment(t, "1m"), To: moment(t, "05:00")}, "1-2 1-3"},
		{"to alone", Filter{To: moment(t, "15s")}, "1-1 2-1"},
		{"clock", Filter{From: moment(t, "2024-05-01T12:05:00Z"), To: moment(t, "2024-05-01T12:06:00Z")}, "1-3"},
		{"clock, zone", Filter{From: moment(t, "2024-05-01T15:00:00+02:00")}, "2-1"},
		{"clock, within the uncertainty", Filter{From: moment(t, "2024-05-01T12:00:23Z"), To: moment(t, "2024-05-01T12:00:30Z")}, "1-1"},
		{"clock, beyond the uncertainty", Filter{From: moment(t, "2024-05-01T12:00:26Z"), To: moment(t, "2024-05-01T12:00:54Z")}, ""},
		{"enters", shapes(Filter{Enters: []string{"square"}}), "1-1 1-2 2-1"},
		{"leaves", shapes(Filter{Leaves: []string{"square"}}), "1-1 2-1"},
		{"dwell", shapes(Filter{Dwell: []Dwell{{"square", min("30s")}}}), "1-2"},
		{"dwell of nothing", shapes(Filter{Dwell: []Dwell{{"corner", 0}}}), "1-4"},
		{"crosses", shapes(Filter{Crosses: []Cross{{Line: "gate"}}}), "1-1 1-3 2-1"},
		{"crosses to the right", shapes(Filter{Crosses: []Cross{{Line: "gate", Side: "right"}}}), "1-1 2-1"},
		{"crosses to the left", shapes(Filter{Crosses: []Cross{{Line: "gate", Side: "left"}}}), "1-3"},
		{"enters and crosses", shapes(Filter{Enters: []string{"square"}, Crosses: []Cross{{Line: "gate"}}}), "1-1 2-1"},
		{"stops", Filter{StopUS: min("30s")}, "1-2 1-4"},
		{"where", Filter{Where: `class == "car" and camera == "north"`}, "1-1"},
		{"where dwell", shapes(Filter{Where: `dwell("square") > 30s or crosses("gate", "left")`}), "1-2 1-3"},
		{"where not", shapes(Filter{Where: `not enters("square")`}), "1-3 1-4"},
		{"where heading", Filter{Where: `heads("E") or compass == "W"`}, "1-1 1-3 2-1"},
		{"where time", Filter{Where: `start > date("2024-05-01T12:01:00Z") and end < date("2024-05-01T12:06:00Z")`}, "1-3"},
		{"where stops", Filter{Where: `stops(50s) and class == "person"`}, "1-2"},
		{"where vehicle", Filter{Where: `vehicle and speed > 20 and height < 1e3`}, "1-3"},
		{"validated", Filter{Statuses: []string{"validated"}}, "1-2"},
		{"decided", Filter{Statuses: []string{"validated", "rejected"}}, "1-2 1-3"},
		{"not rejected", Filter{Statuses: []string{"proposed", "validated"}, Recordings: []int64{1}}, "1-1 1-2 1-4"},
		{"where status", Filter{Where: `status == "rejected" or status in ["validated"]`}, "1-2 1-3"},
		{"where inside", shapes(Filter{Where: `inside("corner") && travel == 0`}), "1-4"},
	} {
		if d := cmp.Diff(c.want, strings.Join(found(t, s, c.f), " ")); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}

func TestRunRefusesWhatIsNotThere(t *testing.T) {
	s := testStore(t)
	for _, f := range []Filter{{Recordings: []int64{9}}, {Cameras: []string{"nort"}}, {North: map[string]float64{"east": 3}}} {
		if _, err := Run(t.Context(), s, f); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s: %v", f.Canonical(), err)
		}
	}
	if _, err := Run(t.Context(), s, Filter{Cameras: []string{"nort"}}); !strings.Contains(err.Error(), `did you mean "north"`) {
		t.Error(err)
	}
}

func TestScope(t *testing.T) {
	s := testStore(t)
	scope := func(f Filter) []RecordingScope {
		r, err := Run(t.Context(), s, f)
		if err != nil {
			t.Fatal(err)
		}
		return r.Scope.Recordings
	}
	us := func(seen, relearn, not int64) map[scene.CoverageKind]int64 {
		m := map[scene.CoverageKind]int64{}
		for k, v := range map[scene.CoverageKind]int64{scene.Seen: seen, scene.Relearning: relearn, scene.NotAnalysed: not} {
			if v > 0 {
				m[k] = v * 1_000_000
			}
		}
		return m
	}
	want := []RecordingScope{
		{Recording: 1, AskedUS: 600_000_000, US: us(560, 20, 20)},
		{Recording: 2, AskedUS: 600_000_000, US: us(600, 0, 0)},
		{Recording: 3, AskedUS: 600_000_000, US: us(0, 0, 600)},
	}
	if d := cmp.Diff(want, scope(Filter{})); d != "" {
		t.Error(d)
	}
	want = []RecordingScope{
		{Recording: 1, AskedUS: 20_000_000, US: us(10, 10, 0)}, // 110 s to 130 s, widened by 5 s each way
		{Recording: 2},
		{Recording: 3, NoClock: true},
	}
	if d := cmp.Diff(want, scope(Filter{From: moment(t, "2024-05-01T12:01:55Z"), To: moment(t, "2024-05-01T12:02:05Z")})); d != "" {
		t.Error(d)
	}
	r, err := Run(t.Context(), s, Filter{Cameras: []string{"north", "yard"}})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(us(0, 20, 620), r.Scope.NotSeen()); d != "" || r.Scope.SeenUS() != 560_000_000 || r.Scope.AskedUS() != 1_200_000_000 {
		t.Error(d, r.Scope.SeenUS(), r.Scope.AskedUS())
	}
}

// A photograph lasts no time, and is seen all the same.
func TestScopeOfAStill(t *testing.T) {
	s := testStore(t)
	id, err := s.AddRecording(t.Context(), index.Recording{SHA256: strings.Repeat("9", 64), Probe: wire.Probe{Still: true}})
	if err != nil {
		t.Fatal(err)
	}
	f := Filter{Recordings: []int64{id}}
	for _, want := range []scene.CoverageKind{scene.NotAnalysed, scene.Seen} {
		r, err := Run(t.Context(), s, f)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(map[scene.CoverageKind]int64{want: 1}, r.Scope.Recordings[0].US); d != "" {
			t.Error(d)
		}
		if want == scene.NotAnalysed {
			fill(t, s, id, []scene.Coverage{{Kind: scene.Seen}})
		}
	}
}

// What the index is asked must never leave out what the expression keeps:
// random expressions give the same with and without it.
func TestPushdownChangesNothing(t *testing.T) {
	s := testStore(t)
	rng := rand.New(rand.NewPCG(5, 6))
	pick := func(of ...string) string { return of[rng.IntN(len(of))] }
	var gen func(depth int) string
	gen = func(depth int) string {
		if depth > 0 && rng.IntN(2) == 0 {
			return "(" + gen(depth-1) + pick(" and ", " or ", " && ", " || ") + gen(depth-1) + ")"
		}
		if depth > 0 && rng.IntN(5) == 0 {
			return "not (" + gen(depth-1) + ")"
		}
		op := pick("==", "!=", "<", "<=", ">", ">=")
		num := pick("0", "-1", "10", "20.5", "70s", "1m", "21", "60", "0.6", "4", "1", "500ms")
		switch rng.IntN(6) {
		case 0:
			return pick("class", "colour") + " " + op + " " + pick(`"car"`, `"red"`)
		case 1:
			return pick("class", "colour") + ` in ["` + pick("car", "person") + `"]`
		case 2:
			return pick("enters", "leaves", "inside") + `("` + pick("square", "corner") + `")`
		case 3:
			return `dwell("` + pick("square", "corner") + `") ` + op + " " + num
		case 4:
			return num + " " + op + " " + pick("duration", "start_s", "height", "score", "id", "travel", "recording")
		}
		return pick("duration", "end_s", "width", "min_height", "observed", "colour_score", "heading", "speed") + " " + op + " " + num
	}
	tried := 0
	for range 400 {
		f := shapes(Filter{Where: gen(3)})
		x, err := compile(f)
		if err != nil {
			continue // class == "red" and the like are mistakes
		}
		tried++
		got := found(t, s, f)
		p, err := newPlan(f)
		if err != nil {
			t.Fatal(err)
		}
		_, did := push(x.tree, f)
		p.where = index.Where{Path: true}
		all, err := s.Recordings(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		r := &Results{store: s, plan: p, recs: map[int64]*index.Recording{1: &all[0], 2: &all[1]}}
		if err := r.find(t.Context()); err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, k := range r.Keys() {
			want = append(want, fmt.Sprintf("%d-%d", k.Recording, k.Track))
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("%s (pushed: %v): %s", f.Where, did, d)
		}
	}
	if tried < 200 {
		t.Errorf("only %d expressions tried", tried)
	}
}
