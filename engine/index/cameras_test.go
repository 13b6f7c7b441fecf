package index

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"posteriori/engine/scene"
)

func TestCameras(t *testing.T) {
	s := openTest(t)
	north := 35.0
	quay := Camera{Name: "quay", By: "OPJ-1", Record: 4, Calibration: scene.Calibration{Width: 640, Height: 360, North: &north,
		Lengths: []scene.Length{{A: scene.Point{X: 1, Y: 2}, B: scene.Point{X: 300, Y: 4}, Metres: 12.5}}}}
	gate := Camera{Name: "gate", By: "OPJ-2", Record: 5, Calibration: scene.Calibration{Width: 640, Height: 360, North: &north}}
	for _, c := range []Camera{gate, quay, gate} {
		c.Calibration.Width++ // what is said later holds
		if c.Record == 4 {
			c.Calibration.Width = 640
		}
		if err := s.SetCamera(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	gate.Calibration.Width++
	got, err := s.Cameras(t.Context())
	if d := cmp.Diff([]Camera{gate, quay}, got, cmpopts.IgnoreFields(Camera{}, "AtUS")); d != "" || err != nil {
		t.Error(d, err)
	}
	if got[0].AtUS == 0 {
		t.Error("no time")
	}
}

// A thing left names the track that left it, until that is erased.
func TestEvents(t *testing.T) {
	s := openTest(t)
	rec := add(t, s, testRecording(0))
	begin(t, s, rec, "one")
	bag := testTrack(2)
	bag.Event, bag.EventUS, bag.Linked = scene.ThingLeft, 1_500_000, 1
	finish(t, s, rec, testTrack(1), bag)
	event := func() scene.Track {
		t.Helper()
		rows := collect(t, s, Where{SQL: "t.event <> 0 AND t.event IN (1)", Narrow: true})
		if len(rows) != 1 {
			t.Fatalf("%d events", len(rows))
		}
		return rows[0].Track
	}
	if k := event(); k.ID != 2 || k.EventUS != 1_500_000 || k.Linked != 1 || k.Event != scene.ThingLeft {
		t.Errorf("%+v", k)
	}
	if _, err := s.EraseTrack(t.Context(), rec, 1); err != nil {
		t.Fatal(err)
	}
	if k := event(); k.Linked != 0 {
		t.Error("an erased track is still named")
	}
}
