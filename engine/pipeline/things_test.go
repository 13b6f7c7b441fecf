package pipeline

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"posteriori/engine/frame"
	"posteriori/engine/media"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
	made "posteriori/testdata/scene"
)

// packed is frame i of a made scene as the decoder would hand it over.
func packed(s *made.Scene, r *made.Renderer, i int) frame.YUV {
	rgb := r.Render(i)
	out := frame.NewYUV(s.W, s.H)
	at := func(x, y, c int) float64 { return float64(rgb[3*(y*s.W+x)+c]) }
	for y := range s.H {
		for x := range s.W {
			r, g, b := at(x, y, 0), at(x, y, 1), at(x, y, 2)
			luma := 0.299*r + 0.587*g + 0.114*b
			out.Y.Row(y)[x] = byte(luma)
			if x%2+y%2 == 0 {
				out.U.Row(y / 2)[x/2] = byte(math.Max(0, math.Min(255, 128+0.56*(b-luma))))
				out.V.Row(y / 2)[x/2] = byte(math.Max(0, math.Min(255, 128+0.71*(r-luma))))
			}
		}
	}
	return out
}

// play shows so much of a made scene to a processor and returns its things.
func play(t *testing.T, seconds float64, actors ...made.Actor) (events []wire.TrackMsg) {
	t.Helper()
	s := &made.Scene{W: 320, H: 180, Seconds: seconds, Seed: 3, Noise: 2, Shadows: .3, Rate: []made.Rate{{PerSecond: 8}}, Actors: actors}
	p := newProcessor(setup{w: s.W, h: s.H, planeW: s.W, planeH: s.H, stages: stages{}},
		wire.Chunk{EndPTS: math.MaxInt64, EndUS: int64(seconds * 1e6)})
	r := s.NewRenderer()
	for i := range s.Frames() {
		full := packed(s, r, i)
		pic := picture{pts: int64(i), tUS: s.TimeUS(i), plane: full.Y}
		if i%2 == 0 {
			pic.full = &full
		}
		if err := p.step(pic); err != nil {
			t.Fatal(err)
		}
	}
	msgs, _, err := p.end(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range msgs {
		if m.Track.Event != "" {
			events = append(events, m)
		}
	}
	return events
}

// carrier walks in, waits at x until the time, and walks off again.
func carrier(id int, from, at, until, x float64) made.Actor {
	return made.Actor{ID: id, Class: scene.Person, Colour: scene.Black, Lower: scene.Grey, Size: 1.3, Way: []made.Waypoint{
		{T: from, X: 690, Y: 300}, {T: at, X: x, Y: 300}, {T: until, X: x, Y: 300}, {T: until + 5, X: 690, Y: 300}}}
}

func expect(t *testing.T, events []wire.TrackMsg, kinds ...string) {
	t.Helper()
	var got []string
	for _, m := range events {
		got = append(got, m.Track.Event)
		t.Logf("%s at %.1f s: %.1f–%.1f s", m.Track.Event, float64(m.Track.EventUS)/1e6, float64(m.Track.StartUS)/1e6, float64(m.Track.EndUS)/1e6)
	}
	if len(got) != len(kinds) {
		t.Fatalf("events %v, want %v", got, kinds)
	}
	for i := range got {
		if got[i] != kinds[i] {
			t.Fatalf("events %v, want %v", got, kinds)
		}
	}
}

func near(t *testing.T, us int64, s, within float64) {
	t.Helper()
	if d := math.Abs(float64(us)/1e6 - s); d > within {
		t.Errorf("at %.1f s, want %.1f s", float64(us)/1e6, s)
	}
}

// TestBagLeft: from when it was set down, and still there at the end.
func TestBagLeft(t *testing.T) {
	a := carrier(1, 4, 8, 12, 380)
	a.Bag, a.DropS = scene.Brown, 10
	got := play(t, 30, a)
	expect(t, got, "left")
	m := got[0]
	near(t, m.Track.EventUS, 10, 2)
	path, err := scene.UnpackPath(m.Track.Path)
	if err != nil || !m.OpenEnd || m.Track.Crop == nil {
		t.Fatalf("%v, open %v, crop %v", err, m.OpenEnd, m.Track.Crop)
	}
	if b := path[0].Box; b.X < 165 || b.X+b.W > 205 || b.Y < 125 || b.Y+b.H > 160 {
		t.Errorf("it lies at %+v", b)
	}
	if masks, err := scene.UnpackMasks(m.Track.Masks); err != nil || len(masks) < 10 {
		t.Errorf("%d silhouettes, %v", len(masks), err)
	}
}

// TestBagLeftAndTaken: by another, long after: two events.
func TestBagLeftAndTaken(t *testing.T) {
	a, b := carrier(1, 2, 5, 8, 380), carrier(2, 24, 27, 29, 380)
	a.Bag, a.DropS, a.TakenS = scene.Brown, 6.5, 28
	got := play(t, 33, a, b)
	expect(t, got, "left", "removed")
	near(t, got[0].Track.EndUS, 28, 2)
	near(t, got[1].Track.EventUS, 28, 2)
}

// TestThingRemoved: it stood there from the start.
func TestThingRemoved(t *testing.T) {
	thing := made.Actor{ID: 9, Class: scene.Suitcase, Colour: scene.Red, Size: 1.4, Way: []made.Waypoint{{T: 0, X: 364, Y: 300}, {T: 18, X: 364, Y: 300}}}
	got := play(t, 34, thing, carrier(1, 14, 17, 19, 380))
	expect(t, got, "removed")
	near(t, got[0].Track.EventUS, 18, 2.5)
}

// TestNothingLeft: who waits, a bag set down for a moment, and a car that
// parks are no things left.
func TestNothingLeft(t *testing.T) {
	a := carrier(1, 2, 5, 22, 300)
	a.Bag, a.DropS, a.TakenS = scene.Brown, 8, 20
	car := made.Actor{ID: 3, Class: scene.Car, Colour: scene.White, Way: []made.Waypoint{{T: 26, X: -90, Y: 246}, {T: 30, X: 300, Y: 246}, {T: 46, X: 300, Y: 246}}}
	expect(t, play(t, 42, a, car))
}

// TestBagLeftOnFootage: a man sets a bag down beside a cabinet at 13 to 15 s
// and walks off at 19 s (ABODA, video 4).
func TestBagLeftOnFootage(t *testing.T) {
	data := os.Getenv("POSTERIORI_DATA")
	if data == "" {
		data = "../../../shared/data"
	}
	path := filepath.Join(data, "footage", "ABODA_video4.avi")
	if _, err := os.Stat(path); err != nil {
		t.Skip("the footage is not here: ", err)
	}
	p, err := media.Probe(t.Context(), path, 300_000_000)
	if err != nil {
		t.Fatal(err)
	}
	var events []wire.TrackMsg
	for _, m := range analyse(t, path, p, p.Chunks, nil)[0].Tracks {
		if m.Track.Event != "" {
			events = append(events, m)
		}
	}
	expect(t, events, "left")
	near(t, events[0].Track.EventUS, 14.2, 2)
	lies, _ := scene.UnpackPath(events[0].Track.Path)
	if iou := lies[0].Box.IoU(scene.Box{X: 450, Y: 365, W: 53, H: 52}); iou < 0.5 {
		t.Errorf("IoU with the bag %.2f", iou)
	}
}
