package index

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"posteriori/engine/scene"
)

// TestVotes: what is kept tells why, and no more.
func TestVotes(t *testing.T) {
	s := openTest(t)
	rec := add(t, s, testRecording(1))
	begin(t, s, rec, "one")
	k := testTrack(1)
	k.Votes = scene.Votes{Looks: 3, Class: map[string]float64{"car": 2.1234, "truck": .001},
		Colour: map[string]float64{"red": 4, "pink": 3, "orange": 2, "brown": 1}, Lower: map[string]float64{"grey": math.NaN()}}
	finish(t, s, rec, k, testTrack(2))
	for track, want := range map[int64]scene.Votes{
		1: {Looks: 3, Class: map[string]float64{"car": 100}, Colour: map[string]float64{"red": 40, "pink": 30, "orange": 20}},
		2: {}, 99: {},
	} {
		if got, err := s.Votes(t.Context(), rec, track); err != nil || cmp.Diff(want, got) != "" {
			t.Errorf("track %d: %s, %v", track, cmp.Diff(want, got), err)
		}
	}
	if k.Votes.Class["car"] != 2.1234 {
		t.Error("storing votes changed them")
	}
}
