package analysis

import (
	"testing"

	"github.com/google/go-cmp/cmp"
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

// TestLostAndFoundIsOneTrack: what the tracker lost for a while is one track,
// with all that was seen of it, whether or not a cut lies in between; who
// comes the other way is another.
func TestLostAndFoundIsOneTrack(t *testing.T) {
	const total = 120_000_000
	rapid.Check(t, func(t *rapid.T) {
		chunkUS := rapid.Int64Range(200, 1200).Draw(t, "chunk") * 100_000
		hidden := rapid.Int64Range(100, 400).Draw(t, "hidden") * 100_000
		gap := rapid.Int64Range(5, 25).Draw(t, "for") * 100_000
		// Lanes are 100 px apart: both pieces have to be on one.
		lives := [][2]int64{{hidden - 9_000_000, hidden}, {hidden + gap, hidden + gap + 9_000_000}, {0, total - 100_000}}
		var chunks []wire.Chunk
		var msgs [][]wire.TrackMsg
		for from := int64(0); from < total; from += chunkUS {
			c := wire.Chunk{Index: len(chunks), StartUS: from, EndUS: min(from+chunkUS, total)}
			var ms []wire.TrackMsg
			for i, l := range lives {
				a, b := max(l[0], from-testLead, 0), min(l[1], c.EndUS-100_000)
				if b < from || a > b {
					continue
				}
				ms = append(ms, pieceOf(c, straight(i/2*4, a, b), l[1] >= c.EndUS))
			}
			chunks, msgs = append(chunks, c), append(msgs, ms)
		}
		got := stitched(t, chunks, msgs)
		if len(got) != 2 {
			t.Fatalf("%d tracks, want 2", len(got))
		}
		for i, tr := range got {
			if tr.ID != int64(i+1) && tr.ID != int64(2-i) {
				t.Fatalf("IDs %d, %d", got[0].ID, got[1].ID)
			}
		}
		if got[0].Path[0].Box.Y > got[1].Path[0].Box.Y {
			got[0], got[1] = got[1], got[0]
		}
		if tr := got[0]; tr.StartUS != max(0, lives[0][0]) || tr.EndUS != lives[1][1] {
			t.Fatalf("%d..%d, want %d..%d", tr.StartUS, tr.EndUS, lives[0][0], lives[1][1])
		}
	})
}

// TestJoinKeepsAll: a joined track has the votes of both pieces, the better
// crop, and of what both saw the larger box.
func TestJoinKeepsAll(t *testing.T) {
	part := straight(0, 4_800_000, 9_000_000) // its first boxes are a part of it
	for i := range 3 {
		part[i].Box.H = 20
	}
	mask := func(us ...int64) (out []scene.Mask) {
		for _, u := range us {
			out = append(out, scene.Mask{TUS: u})
		}
		return out
	}
	a := &life{path: straight(0, 0, 5_000_000), classes: map[string]float64{"person": 2}, looks: 3, observed: 5, cropScr: 1, crop: &scene.Crop{TUS: 1}, masks: mask(1_000_000, 5_000_000)}
	b := &life{path: part, classes: map[string]float64{"person": 1, "bag": 1}, looks: 2, observed: 4, cropScr: 2, crop: &scene.Crop{TUS: 2}, masks: mask(4_900_000, 6_000_000), open: true}
	a.colours, a.lower, b.colours, b.lower = map[string]float64{}, map[string]float64{}, map[string]float64{"red": 1}, map[string]float64{}
	a.append(b)
	if a.classes["person"] != 3 || a.classes["bag"] != 1 || a.colours["red"] != 1 || a.looks != 5 || a.crop.TUS != 2 || !a.open || b.whole() != a {
		t.Errorf("joined: %+v", a)
	}
	for i, p := range a.path {
		if p.Box.H != 60 || i > 0 && p.TUS-a.path[i-1].TUS != 100_000 {
			t.Errorf("at %d: %+v", i, p)
		}
	}
	if len(a.masks) != 3 || a.masks[2].TUS != 6_000_000 {
		t.Errorf("masks %+v", a.masks)
	}
}

// TestNoCameraGoesOnInAnother: of a split screen's pictures each is apart.
func TestNoCameraGoesOnInAnother(t *testing.T) {
	for _, quarters := range []bool{false, true} {
		n := 0
		s := &stitcher{w: 800, h: 400, quarters: quarters, emit: func(scene.Track) error { n++; return nil }}
		c := wire.Chunk{EndUS: 60_000_000}
		// To the right at 20 px/s: the one ends at 370 px, the other begins at 390.
		msgs := []wire.TrackMsg{pieceOf(c, straight(0, 5_000_000, 18_000_000), false), pieceOf(c, straight(0, 19_100_000, 30_000_000), false)}
		if err := s.chunk(c, msgs); err != nil {
			t.Fatal(err)
		}
		if err := s.flush(); err != nil {
			t.Fatal(err)
		}
		if want := map[bool]int{false: 1, true: 2}[quarters]; n != want {
			t.Errorf("quarters %v: %d tracks, want %d", quarters, n, want)
		}
	}
}

// TestStitcherForgets: what is complete is emitted as the recording goes on.
func TestStitcherForgets(t *testing.T) {
	n := 0
	s := &stitcher{w: 1280, h: 720, emit: func(tr scene.Track) error {
		if n++; tr.ID != int64(n) {
			t.Errorf("track %d is given as number %d", tr.ID, n)
		}
		return nil
	}}
	for i := range 100 {
		c := wire.Chunk{Index: i, StartUS: int64(i) * 30_000_000, EndUS: int64(i+1) * 30_000_000}
		m := pieceOf(c, straight(0, c.StartUS+10_000_000, c.StartUS+20_000_000), false)
		if err := s.chunk(c, []wire.TrackMsg{m}); err != nil {
			t.Fatal(err)
		}
		if len(s.lives) > 2 || n < i-1 || len(s.past) > 8 {
			t.Fatalf("after %d chunks %d lives are held, %d remembered, %d given", i+1, len(s.lives), len(s.past), n)
		}
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

// TestVotesOfAllPieces: a life over three chunks tells of each look and vote.
func TestVotesOfAllPieces(t *testing.T) {
	chunks, msgs := cutUp([][2]int64{{1_000_000, 25_000_000}}, 10_000_000, 30_000_000)
	got := stitched(t, chunks, msgs)
	if len(got) != 1 {
		t.Fatalf("%d lives", len(got))
	}
	want := scene.Votes{Looks: 12, Class: map[string]float64{"person": 9}, Colour: map[string]float64{}, Lower: map[string]float64{}}
	if d := cmp.Diff(want, got[0].Votes); d != "" {
		t.Error(d)
	}
}
