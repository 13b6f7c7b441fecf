package analysis

import (
	"testing"

	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// thingAt is a piece of a thing left at the time, on the lane of straight.
func thingAt(c wire.Chunk, lane int, eventUS, toUS int64, openEnd bool) wire.TrackMsg {
	b := scene.Box{X: seconds(eventUS)*20 + 10, Y: float64(lane)*100 + 40, W: 15, H: 15}
	var path scene.Path
	for at := eventUS; at < toUS; at += 2_000_000 {
		path = append(path, scene.PathPoint{TUS: at, Box: b})
	}
	m := pieceOf(c, append(path, scene.PathPoint{TUS: toUS, Box: b}), openEnd)
	m.ClassVotes = nil
	m.Track.Event, m.Track.EventUS = scene.ThingLeft.String(), eventUS
	return m
}

// TestThingsAreLinked: a thing is linked with who passed its place then, also
// when that one's track ended in the chunk before, and only with tracks that
// move; two things of one place and time are one across a cut.
func TestThingsAreLinked(t *testing.T) {
	c0 := wire.Chunk{Index: 0, StartUS: 0, EndUS: 30_000_000}
	c1 := wire.Chunk{Index: 1, StartUS: 30_000_000, EndUS: 60_000_000}
	got := stitched(t, []wire.Chunk{c0, c1}, [][]wire.TrackMsg{
		{pieceOf(c0, straight(0, 5_000_000, 29_000_000), false), pieceOf(c0, straight(2, 1_000_000, 20_000_000), false),
			thingAt(c0, 2, 10_000_000, 29_900_000, true)},
		{thingAt(c1, 2, 10_000_000, 50_000_000, false), // seen in the lead-in
			thingAt(c1, 0, 25_000_000, 45_000_000, false),
			thingAt(c1, 4, 26_000_000, 45_000_000, false)},
	})
	byEvent := map[int64]scene.Track{}
	ids := map[float64]int64{}
	for _, tr := range got {
		if tr.Event == scene.NoEvent {
			ids[tr.Path[0].Box.Y] = tr.ID
			continue
		}
		byEvent[tr.EventUS] = tr
	}
	if len(got) != 5 || len(byEvent) != 3 {
		t.Fatalf("%d tracks, %d things; want 5 and 3", len(got), len(byEvent))
	}
	for at, lane := range map[int64]float64{10_000_000: 200, 25_000_000: 0} {
		if tr := byEvent[at]; tr.Linked != ids[lane] || tr.Linked == 0 {
			t.Errorf("the thing at %d is linked with %d, want %d", at, tr.Linked, ids[lane])
		}
	}
	if tr := byEvent[10_000_000]; tr.StartUS != 10_000_000 || tr.EndUS != 50_000_000 {
		t.Errorf("across the cut: %d..%d", tr.StartUS, tr.EndUS)
	}
	if tr := byEvent[26_000_000]; tr.Linked != 0 || tr.StartUS != 30_000_000 {
		t.Errorf("nobody was there: %d, from %d", tr.Linked, tr.StartUS)
	}
}
