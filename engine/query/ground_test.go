package query

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/scene"
)

// groundStore has camera north calibrated: seen from above, 10 pixels are a
// metre, and north is to the right. Its car (1-1) goes 20 m in 10 s.
func groundStore(t *testing.T) *index.Store {
	t.Helper()
	s := testStore(t)
	at := func(x, y float64) scene.Pair {
		return scene.Pair{Image: scene.Point{X: x, Y: y}, Ground: scene.Point{X: x / 10, Y: y / 10}}
	}
	north := 90.0
	err := s.SetCamera(t.Context(), index.Camera{Name: "north", By: "x", Calibration: scene.Calibration{Width: 640, Height: 360,
		Points: []scene.Pair{at(0, 0), at(640, 0), at(640, 360), at(0, 360)}, North: &north}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSpeeds(t *testing.T) {
	s := groundStore(t)
	for _, c := range []struct {
		f    Filter
		want []string
	}{
		{Filter{MinSpeedKMH: 6}, []string{"1-1", "1-3"}},
		{Filter{MinSpeedKMH: 10}, []string{"1-3"}}, // the bus goes 40 m in 10 s
		{Filter{MaxSpeedKMH: 5, MinSpeedKMH: .1}, []string{"1-2"}},
		{Filter{MinSpeedKMH: 500}, nil},
		{Filter{MinSpeedKMH: 7.26, Classes: []string{"car"}}, []string{"1-1"}}, // within its error
	} {
		if d := cmp.Diff(c.want, found(t, s, c.f)); d != "" {
			t.Errorf("%s: %s", c.f.Canonical(), d)
		}
	}
	r := run(t, s, Filter{MinSpeedKMH: 1})
	if !strings.Contains(r.Summary(), "not searched, their camera is not calibrated: recordings 2, 3") {
		t.Error(r.Summary())
	}
	for _, bad := range []Filter{{MinSpeedKMH: -1}, {MinSpeedKMH: 9, MaxSpeedKMH: 8}, {MaxSpeedKMH: math.NaN()}} {
		if err := bad.Validate(); fault.KindOf(err) != fault.Usage {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

// Every output of a speed or a size has its error beside it.
func TestNoSpeedWithoutItsError(t *testing.T) {
	s := groundStore(t)
	r := run(t, s, Filter{Recordings: []int64{1}})
	var b bytes.Buffer
	if err := r.WriteJSON(t.Context(), &b, false); err != nil {
		t.Fatal(err)
	}
	var out struct{ Tracks []Record }
	if err := json.Unmarshal(b.Bytes(), &out); err != nil {
		t.Fatal(err)
	}
	car := out.Tracks[0].Ground
	if car == nil || car.Speed == nil || math.Abs(car.Speed.Value-7.2) > .2 || !(car.Speed.Error > 0 && car.Speed.Error < 2) ||
		car.Width == nil || math.Abs(car.Width.Value-2.1) > .1 || !(car.Width.Error > 0) || car.Height != nil {
		t.Errorf("the car's ground is %s", b.String())
	}
	if out.Tracks[3].Ground.Speed != nil {
		t.Error("what never moved has a speed")
	}
	b.Reset()
	if err := r.WriteCSV(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		for i := len(row) - 6; i < len(row); i += 2 {
			if (row[i] == "") != (row[i+1] == "") {
				t.Errorf("%q", row)
			}
		}
	}
	b.Reset()
	if err := r.WriteTable(t.Context(), &b); err != nil || !strings.Contains(b.String(), "7±1 km/h") {
		t.Error(b.String(), err)
	}
	if h := firstHit(t, r); h.Track.Path != nil {
		t.Error("a path where none was asked for")
	}
}

func firstHit(t *testing.T, r *Results) Hit {
	t.Helper()
	for h, err := range r.Hits(t.Context(), false) {
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	t.Fatal("no hits")
	return Hit{}
}

// A calibration is of the size of its pictures.
func TestCalibrationOfAnotherSize(t *testing.T) {
	s := groundStore(t)
	cams, err := s.Cameras(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c := cams[0]
	c.Calibration.Width = 1280
	if err := s.SetCamera(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if got := found(t, s, Filter{MinSpeedKMH: 1}); got != nil {
		t.Errorf("%q have a speed from pictures of another size", got)
	}
}

func TestNorths(t *testing.T) {
	s := groundStore(t)
	for _, c := range []struct {
		f    Filter
		want map[string]float64
	}{
		{Filter{}, map[string]float64{"north": 90}},
		{Filter{North: map[string]float64{"north": 10, "south": 20}}, map[string]float64{"north": 10, "south": 20}},
		{Filter{Cameras: []string{"south"}}, nil},
	} {
		got, err := WithNorths(t.Context(), s, c.f)
		if d := cmp.Diff(c.want, got.North); d != "" || err != nil {
			t.Error(d, err)
		}
	}
	f, err := WithNorths(t.Context(), s, Filter{Headings: []string{"N"}})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"1-1"}, found(t, s, f)); d != "" { // it heads right, which is north
		t.Error(d)
	}
}

func TestEventFilter(t *testing.T) {
	s := testStore(t)
	bag := trackOf(2, scene.Bag, scene.Black, 30, 90, scene.Point{X: 20, Y: 30}, scene.Point{X: 20, Y: 30})
	bag.Event, bag.EventUS, bag.Linked = scene.ThingLeft, 31_000_000, 1
	gone := trackOf(3, scene.Other, scene.Black, 40, 50, scene.Point{X: 20, Y: 30}, scene.Point{X: 20, Y: 30})
	gone.Event, gone.EventUS = scene.ThingRemoved, 45_000_000
	fill(t, s, 3, nil, trackOf(1, scene.Person, scene.Red, 20, 40, scene.Point{X: 20, Y: 30}), bag, gone)
	for _, c := range []struct {
		events, want []string
	}{{[]string{"left"}, []string{"3-2"}}, {[]string{"removed"}, []string{"3-3"}}, {[]string{"removed", "left"}, []string{"3-2", "3-3"}}} {
		if d := cmp.Diff(c.want, found(t, s, Filter{Events: c.events})); d != "" {
			t.Errorf("%s: %s", c.events, d)
		}
	}
	r := run(t, s, Filter{Events: []string{"left"}})
	var b bytes.Buffer
	if err := r.WriteTable(t.Context(), &b); err != nil || !strings.Contains(b.String(), "left 0:00:31.0 near 3:1") {
		t.Error(b.String(), err)
	}
	rec := firstHit(t, r).Record()
	if rec.Event != "left" || *rec.EventUS != 31_000_000 || rec.Linked != 1 || rec.EventAt != nil {
		t.Errorf("%+v", rec)
	}
	if err := (Filter{Events: []string{"lost"}}).Validate(); fault.KindOf(err) != fault.Usage {
		t.Error(err)
	}
}
