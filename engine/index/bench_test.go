package index

import (
	"iter"
	"testing"

	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// manyTracks makes n tracks over a day of ten recordings, with paths of 60 points.
func manyTracks(n int) iter.Seq[scene.Track] {
	return func(yield func(scene.Track) bool) {
		for i := range n {
			t := testTrack(int64(i + 1))
			t.StartUS = int64(i) * 8_000_000
			t.EndUS = t.StartUS + 12_000_000
			t.Class, t.Colour = scene.Class(i%9), scene.Colour(i%13)
			t.Crop, t.Masks, t.Path = nil, nil, make(scene.Path, 60)
			for k := range t.Path {
				x := float64((i*37+k*11)%1200) + float64(k%3)
				t.Path[k] = scene.PathPoint{TUS: t.StartUS + int64(k)*200_000, Box: scene.Box{X: x, Y: float64((i * 13) % 600), W: 40, H: 80}}
			}
			if !yield(t) {
				return
			}
		}
	}
}

func BenchmarkSearch(b *testing.B) {
	s := openTest(b)
	for n := range 10 {
		rec := add(b, s, testRecording(n))
		begin(b, s, rec, "one")
		if err := s.Finish(b.Context(), rec, manyTracks(10_000), nil); err != nil {
			b.Fatal(err)
		}
	}
	for _, q := range []struct {
		name string
		w    Where
	}{
		{"class-colour", Where{SQL: "t.class IN (4) AND t.colour IN (5)", Narrow: true}},
		{"count", Where{SQL: "t.median_h_px > 1000"}},
		{"all", Where{}},
		{"all-paths", Where{Path: true}},
		{"foot", Where{SQL: "t.foot_x1_px >= 100 AND t.foot_x0_px <= 200 AND t.foot_y1_px >= 100 AND t.foot_y0_px <= 110", Path: true}},
		{"minute", Where{SQL: "t.start_us BETWEEN ? - a.longest_us AND ? AND t.end_us >= ?", Args: []any{int64(4e10), int64(4e10 + 6e7), int64(4e10)}, Narrow: true}},
	} {
		b.Run(q.name, func(b *testing.B) {
			n := 0
			for b.Loop() {
				n = len(collect(b, s, q.w))
			}
			b.ReportMetric(float64(n), "rows")
		})
	}
}

// BenchmarkPutChunk commits a chunk with twenty pieces of tracks, each with a
// crop of 8 kB and silhouettes of 4 kB, durable when it returns.
func BenchmarkPutChunk(b *testing.B) {
	s := openTest(b)
	rec := add(b, s, testRecording(1))
	begin(b, s, rec, "one")
	path := scene.PackPath(testTrack(1).Path)
	n := 0
	for b.Loop() {
		var msgs []wire.TrackMsg
		for range 20 {
			msgs = append(msgs, wire.TrackMsg{Chunk: n, ClassVotes: map[string]float64{"car": 2}, Detections: 3, Track: wire.PackedTrack{StartUS: 1, EndUS: 2,
				Path: path, Masks: make([]byte, 4<<10), Crop: &scene.Crop{JPEG: make([]byte, 8<<10)}}})
		}
		end := wire.ChunkEnd{Chunk: n, Times: scene.PackTimes(nil), PlaneW: 32, PlaneH: 18,
			Coverage: []scene.Coverage{{ToUS: 1, Kind: scene.Seen}}}
		if err := s.PutChunk(b.Context(), rec, end, msgs); err != nil {
			b.Fatal(err)
		}
		n++
	}
}
