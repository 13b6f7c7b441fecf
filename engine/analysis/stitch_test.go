package analysis

import (
	"testing"

	"pgregory.net/rapid"

	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// straight is a path at 10 Hz from fromUS to toUS, to the right at 20 px/s,
// on its own lane.
func straight(lane int, fromUS, toUS int64) scene.Path {
	var p scene.Path
	for t := fromUS; t <= toUS; t += 100_000 {
		p = append(p, scene.PathPoint{TUS: t, Box: scene.Box{X: seconds(t) * 20, Y: float64(lane) * 100, W: 40, H: 60}})
	}
	return p
}

func pieceOf(c wire.Chunk, p scene.Path, openEnd bool) wire.TrackMsg {
	return wire.TrackMsg{
		Chunk: c.Index, OpenStart: p[0].TUS < c.StartUS, OpenEnd: openEnd,
		ClassVotes: map[string]float64{"person": 3}, Weight: 3, Detections: 4,
		Track: wire.PackedTrack{
			StartUS: max(c.StartUS, p[0].TUS), EndUS: p[len(p)-1].TUS, Observed: 1, Path: scene.PackPath(p),
		},
	}
}

const testLead = 12_000_000

// cutUp makes the pieces that chunks of the given length would hold of lives
// that run from life[0] to life[1].
func cutUp(lives [][2]int64, chunkUS, totalUS int64) (chunks []wire.Chunk, msgs [][]wire.TrackMsg) {
	for from := int64(0); from < totalUS; from += chunkUS {
		c := wire.Chunk{Index: len(chunks), StartUS: from, EndUS: min(from+chunkUS, totalUS)}
		var ms []wire.TrackMsg
		for lane, l := range lives {
			a, b := max(l[0], from-testLead), min(l[1], c.EndUS-100_000)
			if b < from || a > b {
				continue
			}
			ms = append(ms, pieceOf(c, straight(lane, a, b), l[1] >= c.EndUS))
		}
		chunks, msgs = append(chunks, c), append(msgs, ms)
	}
	return chunks, msgs
}

func stitched(t interface{ Fatal(...any) }, chunks []wire.Chunk, msgs [][]wire.TrackMsg) []scene.Track {
	var out []scene.Track
	s := &stitcher{w: 1280, h: 720, emit: func(t scene.Track) error { out = append(out, t); return nil }}
	for i, c := range chunks {
		if err := s.chunk(c, msgs[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.flush(); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestCutsLeaveNoTrace: however a recording is cut, the same lives come back,
// whole, each once.
func TestCutsLeaveNoTrace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const total = 120_000_000
		var lives [][2]int64
		for range rapid.IntRange(1, 5).Draw(t, "lives") {
			a := rapid.Int64Range(0, 1100).Draw(t, "from") * 100_000
			b := min(total-100_000, a+rapid.Int64Range(10, 900).Draw(t, "for")*100_000)
			lives = append(lives, [2]int64{a, b})
		}
		chunkUS := rapid.Int64Range(200, 1200).Draw(t, "chunk") * 100_000
		got := stitched(t, first(cutUp(lives, chunkUS, total)), second(cutUp(lives, chunkUS, total)))
		if len(got) != len(lives) {
			t.Fatalf("%d tracks of %d lives", len(got), len(lives))
		}
		seen := map[int64]bool{}
		for _, tr := range got {
			lane := int(tr.Path[0].Box.Y / 100)
			if l := lives[lane]; tr.StartUS != l[0] || tr.EndUS != l[1] {
				t.Fatalf("lane %d: %d..%d, want %d..%d", lane, tr.StartUS, tr.EndUS, l[0], l[1])
			}
			if seen[tr.ID] {
				t.Fatalf("track %d twice", tr.ID)
			}
			seen[tr.ID] = true
			if tr.Class != scene.Person || tr.Observed < 0.85 {
				t.Fatalf("class %v, observed %v", tr.Class, tr.Observed)
			}
			for i := 1; i < len(tr.Path); i++ {
				if tr.Path[i].TUS <= tr.Path[i-1].TUS {
					t.Fatalf("time stands still at %d", i)
				}
			}
		}
	})
}

func first(c []wire.Chunk, _ [][]wire.TrackMsg) []wire.Chunk       { return c }
func second(_ []wire.Chunk, m [][]wire.TrackMsg) [][]wire.TrackMsg { return m }

// TestStrangersAreNotJoined: a piece that overlaps nothing open is a new
// track from the cut on, and what it claims of the time before is left out.
func TestStrangersAreNotJoined(t *testing.T) {
	c0 := wire.Chunk{Index: 0, StartUS: 0, EndUS: 30_000_000}
	c1 := wire.Chunk{Index: 1, StartUS: 30_000_000, EndUS: 60_000_000}
	got := stitched(t, []wire.Chunk{c0, c1}, [][]wire.TrackMsg{
		{pieceOf(c0, straight(0, 10_000_000, 29_900_000), true)},
		{pieceOf(c1, straight(3, 20_000_000, 40_000_000), false)},
	})
	if len(got) != 2 {
		t.Fatalf("%d tracks, want 2", len(got))
	}
	if got[1].StartUS != 30_000_000 {
		t.Errorf("the stranger starts at %d, before the chunk that saw it", got[1].StartUS)
	}
}

// TestDamagedPieceIsAnError: what a worker sends is not trusted.
func TestDamagedPieceIsAnError(t *testing.T) {
	s := &stitcher{emit: func(scene.Track) error { return nil }}
	m := wire.TrackMsg{Track: wire.PackedTrack{Path: []byte{0xff, 0xff, 0xff}}}
	if err := s.chunk(wire.Chunk{}, []wire.TrackMsg{m}); err == nil {
		t.Error("a damaged path passed")
	}
}
