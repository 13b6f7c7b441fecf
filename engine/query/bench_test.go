package query

import (
	"bytes"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"posteriori/engine/index"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// benchTracks is how many tracks the benchmark has in each of ten recordings:
// 10,000, or a tenth of $POSTERIORI_BENCH_TRACKS.
func benchTracks(b *testing.B) int {
	text := os.Getenv("POSTERIORI_BENCH_TRACKS")
	if text == "" {
		return 10_000
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 10 {
		b.Fatal("$POSTERIORI_BENCH_TRACKS is no number of tracks")
	}
	return n / 10
}

// bigStore holds ten recordings of tracks with paths of 60 points.
func bigStore(b *testing.B) *index.Store {
	b.Helper()
	s, err := index.Open(b.Context(), filepath.Join(b.TempDir(), "i.db"), bytes.Repeat([]byte{1}, index.KeySize))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	for n := range 10 {
		clock := noon.UnixMicro() + int64(n)*86_400_000_000
		rec, err := s.AddRecording(b.Context(), index.Recording{SHA256: fmt.Sprintf("%064x", n), Path: fmt.Sprint("/e/", n), Camera: fmt.Sprint("c", n%3),
			ClockUS: &clock, Probe: wire.Probe{DurationUS: 86_400_000_000}})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.BeginAnalysis(b.Context(), rec, index.Analysis{Identity: "x"}); err != nil {
			b.Fatal(err)
		}
		if err := s.Finish(b.Context(), rec, manyTracks(benchTracks(b)), nil); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

// manyTracks go straight ways of 300 px at places that differ, for 12 s each.
func manyTracks(n int) iter.Seq[scene.Track] {
	return func(yield func(scene.Track) bool) {
		for i := range n {
			t := scene.Track{ID: int64(i + 1), Class: scene.Class(i % 10), ClassScore: .8, Colour: scene.Colour(i % 13), Observed: 1,
				StartUS: int64(i) * 8_000_000, HasHeading: true, Heading: float64(i % 360)}
			t.EndUS = t.StartUS + 11_800_000
			if i%3 == 0 { // every third has a plate
				t.Plates = sureRead(fmt.Sprintf("%c%c%03d%c%c", 'A'+i%23, 'A'+i/7%19, i%1000, 'A'+i/11%23, 'A'+i/13%19))
			}
			for k := range 60 {
				t.Path = append(t.Path, scene.PathPoint{TUS: t.StartUS + int64(k)*200_000, Box: scene.Box{
					X: float64((i*37)%900 + 5*k), Y: float64((i*13)%600 + k%3), W: 40, H: 80}})
			}
			if !yield(t) {
				return
			}
		}
	}
}

func BenchmarkQuery(b *testing.B) {
	s := bigStore(b)
	zone := []scene.Zone{{Name: "z", Polygon: scene.Polygon{{X: 300, Y: 300}, {X: 340, Y: 300}, {X: 340, Y: 320}, {X: 300, Y: 320}}}}
	minute := Filter{From: moment(b, "2024-05-04T15:00:00Z"), To: moment(b, "2024-05-04T15:01:00Z")}
	for _, q := range []struct {
		name string
		f    Filter
	}{
		{"class-colour", Filter{Classes: []string{"car"}, Colours: []string{"red"}}},
		{"minute", minute},
		{"where-indexed", Filter{Where: `class == "car" and colour == "red" and duration > 5s`}},
		{"size-scan", Filter{MinSize: Size{H: 1000}}},
		{"zone", Filter{Zones: zone, Enters: []string{"z"}}},
		{"zone-of-a-class", Filter{Zones: zone, Enters: []string{"z"}, Classes: []string{"car"}}},
		{"stops", Filter{StopUS: 10_000_000}},
		{"plate", Filter{Plate: &Plate{Pattern: "AB-1?3-*"}}},
		{"plate-fuzzy", Filter{Plate: &Plate{Pattern: "AB-1?3-CD", Fuzzy: 1}}},
	} {
		b.Run(q.name, func(b *testing.B) {
			n := 0
			for b.Loop() {
				r := run(b, s, q.f)
				n = 0
				for _, err := range r.Hits(b.Context(), false) {
					if err != nil {
						b.Fatal(err)
					}
					n++
				}
			}
			b.ReportMetric(float64(n), "hits")
		})
	}
}
