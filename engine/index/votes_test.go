package index

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"posteriori/engine/scene"
)

func TestVotes(t *testing.T) {
	s := openTest(t)
	rec := add(t, s, testRecording(1))
	begin(t, s, rec, "one")
	k := testTrack(1)
	k.Votes = scene.Votes{Looks: 3, Class: map[string]float64{"car": 2.12345}, Colour: map[string]float64{"red": math.NaN()}}
	finish(t, s, rec, k, testTrack(2))
	for track, want := range map[int64]scene.Votes{
		1: {Looks: 3, Class: map[string]float64{"car": 2.123}, Colour: map[string]float64{"red": 0}},
		2: {}, 99: {},
	} {
		if got, err := s.Votes(t.Context(), rec, track); err != nil || cmp.Diff(want, got) != "" {
			t.Errorf("track %d: %s, %v", track, cmp.Diff(want, got), err)
		}
	}
	if k.Votes.Class["car"] != 2.12345 {
		t.Error("storing votes changed them")
	}
}
