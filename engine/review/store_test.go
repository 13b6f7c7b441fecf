package review_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"iter"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"posteriori/engine/index"
	"posteriori/engine/query"
	"posteriori/engine/review"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// The night on which clocks in France went back, in 2025: 02:30 comes twice.
var clocksBack = time.Date(2025, 10, 26, 0, 0, 0, 0, time.UTC)

// recordingOf is a recording of ten minutes from cam, as import leaves it.
func recordingOf(n int, cam string, clock *int64) index.Recording {
	return index.Recording{SHA256: fmt.Sprintf("%064x", n), Path: fmt.Sprintf("/e/%d.mp4", n), Exhibit: "S1", Basis: "seizure", Camera: cam,
		ClockUS: clock, ClockUncertaintyUS: 5_000_000, Probe: wire.Probe{DurationUS: 600_000_000, Width: 320, Height: 180, FrameUS: 40_000,
			FirstPTS: 1000, TimeBase: wire.Rational{Num: 1, Den: 12800}}}
}

func openStore(t testing.TB) *index.Store {
	t.Helper()
	s, err := index.Open(t.Context(), filepath.Join(t.TempDir(), "i.db"), bytes.Repeat([]byte{1}, index.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func plain(t testing.TB) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 64, 36))
	for i := range img.Pix {
		img.Pix[i] = 90
	}
	img.SetGray(3, 3, color.Gray{Y: 200})
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func add(t testing.TB, s *index.Store, r index.Recording, cov []scene.Coverage, tracks iter.Seq[scene.Track]) int64 {
	t.Helper()
	id, err := s.AddRecording(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.BeginAnalysis(t.Context(), id, index.Analysis{Identity: "x"}); err != nil {
		t.Fatal(err)
	}
	var times []int64
	for us := int64(0); us < 20_000_000; us += 40_000 {
		times = append(times, us)
	}
	end := wire.ChunkEnd{Times: scene.PackTimes(times), Plates: []wire.Plate{{TUS: 1_000_000, JPEG: plain(t)}, {TUS: 400_000_000, JPEG: plain(t)}}}
	if err := s.PutChunk(t.Context(), id, end, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Finish(t.Context(), id, tracks, cov); err != nil {
		t.Fatal(err)
	}
	return id
}

// walks makes n tracks that wander through the picture.
func walks(n int, seed uint64, points int) iter.Seq[scene.Track] {
	return func(yield func(scene.Track) bool) {
		r := rand.New(rand.NewPCG(seed, 1))
		for i := range n {
			start := int64(i) * 560_000_000 / int64(n)
			t := scene.Track{ID: int64(i + 1), Class: scene.Class(r.IntN(len(scene.Classes()))), ClassScore: .3 + .6*r.Float64(),
				Colour: scene.Colour(r.IntN(len(scene.Colours()))), ColourScore: r.Float64(), Observed: 1, StartUS: start}
			x, y, way := 40+240*r.Float64(), 60+110*r.Float64(), 2*math.Pi*r.Float64()
			for k := range points {
				way += .4 * (r.Float64() - .5)
				step := 3 * r.Float64()
				if r.IntN(12) == 0 {
					step = 0
				}
				x, y = min(315, max(5, x+step*math.Cos(way))), min(175, max(30, y+step*math.Sin(way)))
				w, h := 10+4*r.Float64(), 24+4*r.Float64()
				t.Path = append(t.Path, scene.PathPoint{TUS: start + int64(k)*120_000 + int64(r.IntN(50_000)), Box: scene.Box{X: x - w/2, Y: y - h, W: w, H: h}})
			}
			t.EndUS = t.Path[len(t.Path)-1].TUS
			if d := t.Path.Displacement(); math.Hypot(d.X, d.Y) > 20 {
				t.Heading, t.HasHeading = scene.Turn(math.Atan2(d.X, -d.Y)*180/math.Pi), true
			}
			t.Best, t.BestUS = t.Path[0].Box, t.Path[0].TUS
			if i < 40 {
				t.Crop = &scene.Crop{TUS: t.BestUS, Box: t.Best, JPEG: smallJPEG}
			}
			if !yield(t) {
				return
			}
		}
	}
}

var smallJPEG = func() []byte {
	var b bytes.Buffer
	_ = jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 16)), nil)
	return b.Bytes()
}()

func whole(kind scene.CoverageKind) []scene.Coverage {
	return []scene.Coverage{{FromUS: 0, ToUS: 600_000_000, Kind: kind}}
}

// town is a procedure of four recordings: two of one camera with a clock, one of
// another, whose camera moved in the middle, and one without a clock or analysis.
func town(t testing.TB, n int) *index.Store {
	t.Helper()
	s := openStore(t)
	at := clocksBack.UnixMicro()
	add(t, s, recordingOf(1, "gare", &at), whole(scene.Seen), walks(n, 1, 60))
	later := clocksBack.Add(time.Hour).UnixMicro()
	add(t, s, recordingOf(2, "gare", &later), []scene.Coverage{{FromUS: 0, ToUS: 500_000_000, Kind: scene.Seen}, {FromUS: 200_000_000, ToUS: 220_000_000, Kind: scene.Damaged}},
		walks(n/2, 2, 60))
	add(t, s, recordingOf(3, "quai <b>&'", &later), []scene.Coverage{{FromUS: 0, ToUS: 600_000_000, Kind: scene.Seen},
		{FromUS: 300_000_000, ToUS: 330_000_000, Kind: scene.Relearning, Reason: "camera moved"}}, walks(n/2, 3, 60))
	if _, err := s.AddRecording(t.Context(), recordingOf(4, "cave", nil)); err != nil {
		t.Fatal(err)
	}
	return s
}

func pageOf(t testing.TB, s *index.Store, f query.Filter, live bool) *review.Page {
	t.Helper()
	res, err := query.Run(t.Context(), s, f)
	if err != nil {
		t.Fatal(err)
	}
	p, err := review.Collect(t.Context(), s, res, f, review.Options{Procedure: "P1", Mark: "DÉMONSTRATION", Build: "test", By: "M1",
		Made: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Live: live})
	if err != nil {
		t.Fatal(err)
	}
	return p
}
