package review_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/query"
	"posteriori/engine/review"
	"posteriori/engine/scene"
	"posteriori/engine/synopsis"
	"posteriori/engine/wire"
)

// The columns say of each track what the search says of it.
func TestColumnsHoldTheSearch(t *testing.T) {
	s := town(t, 60)
	p := pageOf(t, s, query.Filter{}, false)
	block := p.Columns()
	res, err := query.Run(t.Context(), s, query.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	if p.Meta.Tracks != res.Len() || res.Len() != 120 {
		t.Fatalf("%d tracks of %d", p.Meta.Tracks, res.Len())
	}
	f64 := func(name string, i int) float64 {
		return math.Float64frombits(binary.LittleEndian.Uint64(block[p.Meta.Columns[name].Offset+8*i:]))
	}
	u16 := func(name string, i int) uint16 {
		return binary.LittleEndian.Uint16(block[p.Meta.Columns[name].Offset+2*i:])
	}
	i := 0
	for h, err := range res.Hits(t.Context(), true) {
		if err != nil {
			t.Fatal(err)
		}
		heading := -1.0
		if h.Track.HasHeading {
			heading = h.Track.Heading
		}
		rec := p.Meta.Recordings[u16("rec", i)]
		if f64("start", i) != float64(h.Track.StartUS) || f64("end", i) != float64(h.Track.EndUS) || f64("heading", i) != heading ||
			rec.ID != h.Recording.ID || float64(u16("width", i)) != h.Size.MedianW || block[p.Meta.Columns["class"].Offset+i] != byte(h.Track.Class) {
			t.Fatalf("row %d is not %v", i, p.Keys()[i])
		}
		i++
	}
	for name, c := range p.Meta.Columns {
		if c.Offset%8 != 0 {
			t.Errorf("column %s at %d", name, c.Offset)
		}
	}
}

// Nothing that a name holds can end an element of the page or load anything.
func TestPageHoldsNoForeignMarkup(t *testing.T) {
	s := openStore(t)
	r := recordingOf(1, `</script><script>alert(1)</script><img src=//evil.example/x>`, nil)
	add(t, s, r, whole(scene.Seen), walks(2, 1, 4))
	if _, err := s.Decide(t.Context(), index.Decision{Recording: 1, Track: 1, Verdict: index.Comment, Text: "</script><b>", By: "x"}); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := pageOf(t, s, query.Filter{}, false).WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	if strings.Contains(page, "alert(1)</script>") || strings.Contains(page, "<img src=//") || strings.Count(page, "<script") != strings.Count(page, "</script>") {
		t.Error("a name broke out of its place")
	}
	if !strings.Contains(page, "Content-Security-Policy") || !strings.Contains(page, "default-src &#39;none&#39;") {
		t.Error("a page in a folder states no policy")
	}
	for _, m := range regexp.MustCompile(`(?i)(?:https?:|wss?:)//[^\s"'<>]+`).FindAllString(review.Script()+page, -1) {
		if !strings.HasPrefix(m, "https://evil") {
			t.Errorf("the page names %s", m)
		}
	}
}

// Policies forbid what is not named, and what is named is the page's own.
func TestPolicy(t *testing.T) {
	for _, own := range []string{"file:", "'self'"} {
		p := review.Policy(own)
		for _, bad := range []string{"unsafe", "*", "http:", "https:"} {
			if strings.Contains(p, bad) {
				t.Errorf("%s allows %s", p, bad)
			}
		}
	}
	if !strings.Contains(review.Policy("file:"), "connect-src 'none'") {
		t.Error("a page in a folder may connect")
	}
}

func TestFlagsOfFilter(t *testing.T) {
	f := query.Filter{Classes: []string{"car"}, Headings: []string{"350-10"}, Tolerance: 3, North: map[string]float64{"b": 90, "a": 1.5},
		From: query.Moment{Set: true, US: 1_714_557_600_000_000}, To: query.Moment{Set: true, Media: true, US: 90_000_000}, MinDurationUS: 1_500_000,
		Recordings: []int64{2}, Zones: []scene.Zone{{Name: "gate", Polygon: scene.Polygon{{X: 1, Y: 2}, {X: 3, Y: 4}, {X: 5, Y: 0.5}}}},
		Lines: []scene.Line{{Name: "l", A: scene.Point{}, B: scene.Point{X: 9}}}, Enters: []string{"gate"}, Dwell: []query.Dwell{{Zone: "gate", MinUS: 2_000_000}},
		Crosses: []query.Cross{{Line: "l", Side: "left"}, {Line: "l"}}, MinSize: query.Size{H: 40}, Where: "speed > 3",
		Events: []string{"left"}, MinSpeedKMH: 12.5, PlateRead: true, Plate: &query.Plate{Pattern: "AB-1?3-*", Fuzzy: 1, Literal: true}}
	got := review.FlagsOf(f, true)
	want := review.Flags{Classes: []string{"car"}, Headings: true, North: f.North, From: &review.Bound{US: 1_714_557_600_000_000}, To: &review.Bound{US: 90_000_000, Media: true}, MinDurationUS: 1_500_000,
		MinSize: [2]float64{0, 40}, Names: []string{"gate", "l"}, Where: "speed > 3",
		Events: []string{"left"}, Plate: true, PlateRead: true,
		Recordings: []int64{2}, Rest: []string{"--heading", "350-10", "--heading-tolerance", "3", "--north", "a=1.5", "--north", "b=90",
			"--min-speed", "12.5", "--plate", "AB-1?3-*", "--plate-fuzzy", "1", "--plate-literal",
			"--zone", "gate=1,2 3,4 5,0.5", "--line", "l=0,0 9,0", "--enters", "gate", "--dwell", "2s@gate", "--crosses", "l:left", "--crosses", "l"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	folder, err := json.Marshal(review.FlagsOf(f, false)) // a derived file holds no pattern
	if err != nil || strings.Contains(string(folder), "AB-1") || !strings.Contains(string(folder), `"--plate","PLAQUE"`) {
		t.Errorf("in a folder: %s, %v", folder, err)
	}
}

func TestClipSpan(t *testing.T) {
	r := recordingOf(1, "c", nil)
	for _, c := range []struct {
		start, end int64
		part       int
		want       [3]int64 // from, to, parts
	}{
		{10_000_000, 12_000_000, 0, [3]int64{8_000_000, 14_040_000, 1}},
		{500_000, 1_000_000, 0, [3]int64{0, 3_040_000, 1}},
		{0, 599_000_000, 0, [3]int64{0, 120_000_000, 5}}, // as long as the recording
		{0, 599_000_000, 4, [3]int64{480_000_000, 600_000_000, 5}},
	} {
		from, to, parts, err := review.ClipSpan(r, c.start, c.end, c.part)
		if got := [3]int64{from, to, int64(parts)}; err != nil || got != c.want {
			t.Errorf("%d to %d, part %d: %v, %v", c.start, c.end, c.part, got, err)
		}
	}
	for _, part := range []int{-1, 1} {
		if _, _, _, err := review.ClipSpan(r, 1e6, 2e6, part); fault.KindOf(err) != fault.NotFound {
			t.Errorf("part %d: %v", part, err)
		}
	}
}

func TestSynopsisOf(t *testing.T) {
	side := synopsis.Sidecar{Schema: synopsis.SidecarSchema, Procedure: "P1", Mark: "MONTAGE", Figures: synopsis.Figures{Density: 2.5},
		Output: synopsis.SidecarOutput{SHA256: "ab", Width: 640, Height: 380, Band: 20, FrameUS: 40_000, Frames: 100},
		Objects: []synopsis.SidecarObject{{Recording: "2", Track: 7, Plays: []synopsis.SidecarPlay{{Play: synopsis.Play{Start: 50, Frames: 10, FromUS: 5, ToUS: 9}}}},
			{Recording: "1", Track: 3, Plays: []synopsis.SidecarPlay{{Play: synopsis.Play{Start: 0, Frames: 20, FromUS: 1, ToUS: 2}}}}}}
	b, err := json.Marshal(side)
	if err != nil {
		t.Fatal(err)
	}
	got, err := review.SynopsisOf(b, "s.mp4")
	want := review.Synopsis{Src: "s.mp4", SHA256: "ab", Density: 2.5, Width: 640, Height: 380, Band: 20, FrameUS: 40_000, Frames: 100, Mark: "MONTAGE", Procedure: "P1",
		Plays: [][6]int64{{1, 3, 0, 20, 1, 2}, {2, 7, 50, 10, 5, 9}}}
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Error(err, d)
	}
	for _, bad := range []string{"", "{}", `{"schema":"x"}`, `{"schema":"posteriori/synopsis/1","objects":[{"recording":"x","plays":[{}]}]}`} {
		if _, err := review.SynopsisOf([]byte(bad), "s"); fault.KindOf(err) != fault.BadInput {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestFrameTimesAndPlates(t *testing.T) {
	s := openStore(t)
	id := add(t, s, recordingOf(1, "c", nil), whole(scene.Seen), walks(1, 1, 4))
	got, err := review.FrameTimes(t.Context(), s, id, 5_000_000, 6_000_000)
	if err != nil || got[0] != 4_000_000 || len(got) != 76 || got[1] != 40_000 {
		t.Errorf("%d times, %v: %v", len(got), got[:min(3, len(got))], err)
	}
	many := openStore(t)
	r := recordingOf(1, "c", nil)
	rec, err := many.AddRecording(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := many.BeginAnalysis(t.Context(), rec, index.Analysis{Identity: "x"}); err != nil {
		t.Fatal(err)
	}
	var plates []wire.Plate
	for i := range 50 {
		plates = append(plates, wire.Plate{TUS: int64(i), JPEG: []byte{byte(i)}})
	}
	if err := many.PutChunk(t.Context(), rec, wire.ChunkEnd{Plates: plates}, nil); err != nil {
		t.Fatal(err)
	}
	some, err := review.Plates(t.Context(), many, rec)
	if err != nil || len(some) != 8 || some[0].TUS != 0 || some[7].TUS != 49 {
		t.Errorf("%v %v", some, err)
	}
}
