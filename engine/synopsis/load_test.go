package synopsis

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// A plan made from an index has its recordings, planes, plates and tubes, and
// its job carries them.
func TestLoad(t *testing.T) {
	ctx := context.Background()
	ix, err := index.Open(ctx, filepath.Join(t.TempDir(), "index.db"), bytes.Repeat([]byte{7}, index.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	clock := int64(1_700_000_000_000_000)
	tube := boxMasks(mover(0, 1, 2*second, 6*second, 0, 0, 100, 500, 100, 40, 80))
	for n := range int64(2) {
		r := index.Recording{SHA256: fmt.Sprintf("%064x", n+1), Path: fmt.Sprintf("/e/clip%d.mp4", n), Exhibit: "S1",
			Basis: "seizure", Camera: "nord", Probe: recording("a", "", 60*second).Probe}
		if n == 0 {
			r.ClockUS, r.ClockUncertaintyUS = &clock, second
		}
		id, err := ix.AddRecording(ctx, r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ix.BeginAnalysis(ctx, id, index.Analysis{Identity: "i", Build: "b", Device: "cpu"}); err != nil {
			t.Fatal(err)
		}
		end := wire.ChunkEnd{Frames: 9, Times: scene.PackTimes([]int64{0}), PlaneW: 320, PlaneH: 180,
			Plates: []wire.Plate{{TUS: second, JPEG: []byte{byte(n), 1}}, {TUS: 30 * second, JPEG: []byte{byte(n), 30}}}}
		if err := ix.PutChunk(ctx, id, end, nil); err != nil {
			t.Fatal(err)
		}
		tracks := []scene.Track{{ID: 1, Class: scene.Person, StartUS: tube.StartUS, EndUS: tube.EndUS, Path: tube.Path, Masks: tube.Masks}}
		for k, from := range []int64{3, 4, 40} { // not asked for: one there at the time, one to be rejected, one much later
			b := mover(0, int64(k)+2, from*second, 2*second, 0, 0, 100, 500, 100, 40, 80)
			tracks = append(tracks, scene.Track{ID: b.Track, Class: scene.Car, StartUS: b.StartUS, EndUS: b.EndUS, Path: b.Path})
		}
		if err := ix.Finish(ctx, id, slices.Values(tracks), nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := ix.Decide(ctx, index.Decision{Recording: 1, Track: 3, Verdict: index.Rejected, By: "a", Record: 1}); err != nil {
		t.Fatal(err)
	}
	p, l, err := Load(ctx, ix, []index.Key{{Recording: 1, Track: 1}, {Recording: 2, Track: 1}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := p.Plan(ctx)
	if err != nil {
		t.Fatal(err)
	}
	job, err := plan.Job(l, "/o.mp4", t.TempDir(), "m", nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Recordings) != 2 || len(job.Tubes) != 2 || job.Tubes[0].ClockUS != clock || job.Tubes[1].ClockUS != 0 {
		t.Fatalf("%d recordings, %d tubes", len(l.Recordings), len(job.Tubes))
	}
	blobs, err := os.Open(job.Blobs)
	if err != nil {
		t.Fatal(err)
	}
	defer blobs.Close()
	if job.Sources[1].PlaneW != 320 || len(job.Backs) == 0 || job.Backs[0].JPEG.Len != 2 {
		t.Fatalf("plane %d, backgrounds %+v", job.Sources[1].PlaneW, job.Backs)
	}
	var beside []string
	for _, b := range job.Beside {
		beside = append(beside, fmt.Sprintf("%d@%d", b.Source, b.FromUS/second))
	}
	if d := cmp.Diff([]string{"0@3", "1@3", "1@4"}, beside); d != "" {
		t.Errorf("what was there and is not shown: %s", d)
	}
	packed, err := job.Tubes[1].Masks.Read(blobs)
	if err != nil {
		t.Fatal(err)
	}
	masks, err := scene.UnpackMasks(packed)
	if err != nil || len(masks) != len(tube.Masks) {
		t.Fatalf("%d masks of %d: %v", len(masks), len(tube.Masks), err)
	}
	if _, _, err := Load(ctx, ix, []index.Key{{Recording: 1, Track: 7}}, Options{}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a track that is not there: %v", err)
	}
	if _, _, err := Load(ctx, ix, []index.Key{{Recording: 9, Track: 1}}, Options{}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a recording that is not there: %v", err)
	}
}
