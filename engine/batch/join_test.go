package batch

import (
	"fmt"
	"slices"
	"testing"

	"posteriori/engine/index"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// straight is a track that goes at a pace from a place, seen ten times a second.
func straight(id int64, class scene.Class, fromUS, toUS int64, x, y, vx, vy, size float64) scene.Track {
	t := scene.Track{ID: id, Class: class, StartUS: fromUS, EndUS: toUS, BestUS: fromUS, Observed: 1}
	for at := fromUS; at <= toUS; at += 100_000 {
		s := float64(at-fromUS) / 1e6
		t.Path = append(t.Path, scene.PathPoint{TUS: at, Box: scene.Box{X: x + vx*s, Y: y + vy*s, W: size, H: size}})
	}
	t.Best = t.Path[0].Box
	return t
}

const sec = 1_000_000

func join(rec, track int64, atEnd bool, other, otherTrack int64) index.Join {
	return index.Join{Recording: rec, Track: track, AtEnd: atEnd, OtherRecording: other, OtherTrack: otherTrack}
}

// Who crosses a join is stitched; who ends or begins there without the other
// half is marked as cut; who has nothing to do with it is left alone.
func TestJoin(t *testing.T) {
	ends := []scene.Track{
		straight(1, scene.Car, 5*sec, 10*sec, 0, 100, 100, 0, 60),       // at 500 as the file ends
		straight(2, scene.Person, 2*sec, 10*sec, 300, 200, 0, 0, 40),    // stands
		straight(3, scene.Person, 9*sec, 10*sec, 0, 0, 5, 0, 40),        // goes on nowhere
		straight(4, scene.Car, 8*sec, 10*sec, 500, 180, -100, 0, 60),    // at 300, the other way
		straight(5, scene.Person, 9*sec, 10*sec, 900, 200, 0, 300, 200), // near, and far too large
	}
	begins := []scene.Track{
		straight(1, scene.Car, sec/2, 4*sec, 650, 100, 100, 0, 62),    // 1, one and a half seconds later
		straight(2, scene.Other, 3*sec, 6*sec, 301, 200, 0, 0, 42),    // 2, found when the ground was learnt
		straight(3, scene.Car, 0, 4*sec, 200, 180, -100, 0, 58),       // 4
		straight(4, scene.Person, 0, 4*sec, 900, 520, 0, 300, 50),     // new
		straight(5, scene.Person, 3*sec, 6*sec, 50, 700, 50, 0, 40),   // walked in later: not of the join
		straight(6, scene.Bicycle, sec/2, 4*sec, 560, 110, 90, 0, 61), // near 1, and no car
	}
	pairs := match(ends, begins, 11*sec) // a second lacks between the files
	want := map[int64]int64{1: 1, 2: 2, 4: 3}
	if len(pairs) != len(want) {
		t.Errorf("%v, want %v", pairs, want)
	}
	for a, b := range want {
		if pairs[a] != b {
			t.Errorf("track %d goes on as %d, want %d", a, pairs[a], b)
		}
	}
	got := marks(7, 8, ends, begins, pairs)
	has := func(j index.Join) bool { return slices.Contains(got, j) }
	for _, j := range []index.Join{join(7, 1, true, 8, 1), join(8, 1, false, 7, 1), join(7, 3, true, 8, 0), join(8, 4, false, 7, 0), join(8, 2, false, 7, 2)} {
		if !has(j) {
			t.Errorf("%+v lacks in %+v", j, got)
		}
	}
	if has(index.Join{Recording: 8, Track: 5, OtherRecording: 7}) || len(got) != 5+5 {
		t.Errorf("%+v", got)
	}
}

// Files that meet are joined through the index, again without harm; files with
// a hole between them are not.
func TestJoinFiles(t *testing.T) {
	ix, id := newBatch(t, 4, 0, 10*sec, 40*sec)
	for i := range 3 {
		rec, err := ix.AddRecording(t.Context(), index.Recording{SHA256: fmt.Sprintf("%064x", i+1), Path: "/x", Camera: "c", Probe: wire.Probe{DurationUS: 10 * sec,
			Width: 1000, Height: 600, Chunks: []wire.Chunk{{EndUS: 10 * sec}}}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ix.BeginAnalysis(t.Context(), rec, index.Analysis{Identity: "x"}); err != nil {
			t.Fatal(err)
		}
		end := wire.ChunkEnd{Times: scene.PackTimes(nil)}
		if err := ix.PutChunk(t.Context(), rec, end, nil); err != nil {
			t.Fatal(err)
		}
		tracks := []scene.Track{straight(1, scene.Car, 0, 10*sec, 100*float64(i)*10, 100, 100, 0, 60)}
		if err := ix.Finish(t.Context(), rec, slices.Values(tracks), nil); err != nil {
			t.Fatal(err)
		}
		it, err := ix.BatchItem(t.Context(), id, int64(i+1))
		if err != nil {
			t.Fatal(err)
		}
		it.Recording, it.State = rec, index.ItemAnalysed
		if err := ix.UpdateItem(t.Context(), it); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := JoinFiles(t.Context(), ix, id); err != nil {
			t.Fatal(err)
		}
	}
	joined, cut, err := ix.CountJoins(t.Context(), id)
	if err != nil || joined != 1 || cut != 0 {
		t.Errorf("%d joined, %d cut, %v", joined, cut, err)
	}
	if j, err := ix.Joins(t.Context(), 2, 1); err != nil || len(j) != 1 || j[0] != (index.Join{Recording: 2, Track: 1, OtherRecording: 1, OtherTrack: 1}) {
		t.Errorf("%+v, %v", j, err)
	}
	if _, err := ix.EraseTrack(t.Context(), 1, 1); err != nil {
		t.Fatal(err)
	}
	if j, err := ix.Joins(t.Context(), 2, 1); err != nil || len(j) != 1 || j[0].OtherTrack != 0 {
		t.Errorf("after the erasure of the other half: %+v, %v", j, err)
	}
}
