package index

import (
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// BenchmarkEncryption measures what encryption costs: the time to open, and a
// search over 100,000 tracks beside the same search on a file in clear, in
// turns. It reports medians: "open-ms" and, as encrypted over clear,
// "search-ratio" and "paths-ratio". `make bench SUITE=encryption` runs it.
func BenchmarkEncryption(b *testing.B) {
	dir, key := b.TempDir(), make([]byte, KeySize)
	clear, sealed := filepath.Join(dir, "clear.db"), filepath.Join(dir, "sealed.db")
	fillFile(b, clear, nil)
	fillFile(b, sealed, key)
	search := Where{SQL: "t.class IN (4) AND t.colour IN (5)", Narrow: true}
	paths := Where{SQL: "t.foot_x1_px >= 100 AND t.foot_x0_px <= 200 AND t.foot_y1_px >= 100 AND t.foot_y0_px <= 110", Path: true}
	var opens, searches, pathRatios []float64
	for range 9 {
		plain, _ := openTimed(b, clear, nil)
		crypt, took := openTimed(b, sealed, key)
		opens = append(opens, 1000*took)
		searches = append(searches, searchTimed(b, crypt, search)/searchTimed(b, plain, search))
		pathRatios = append(pathRatios, searchTimed(b, crypt, paths)/searchTimed(b, plain, paths))
		plain.Close()
		crypt.Close()
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(middle(opens), "open-ms")
	b.ReportMetric(middle(searches), "search-ratio")
	b.ReportMetric(middle(pathRatios), "paths-ratio")
}

func fillFile(b *testing.B, path string, key []byte) {
	b.Helper()
	s, err := openFile(b.Context(), path, key)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for n := range 10 {
		rec := add(b, s, testRecording(n))
		begin(b, s, rec, "one")
		if err := s.Finish(b.Context(), rec, manyTracks(10_000), nil); err != nil {
			b.Fatal(err)
		}
	}
}

// openTimed opens an index and says in seconds how long it took.
func openTimed(b *testing.B, path string, key []byte) (*Store, float64) {
	b.Helper()
	start := time.Now()
	s, err := openFile(b.Context(), path, key)
	if err != nil {
		b.Fatal(err)
	}
	return s, time.Since(start).Seconds()
}

// searchTimed says in seconds how long a search took.
func searchTimed(b *testing.B, s *Store, w Where) float64 {
	b.Helper()
	start := time.Now()
	if len(collect(b, s, w)) == 0 {
		b.Fatal("the search finds nothing: it measures nothing")
	}
	return time.Since(start).Seconds()
}

func middle(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}
