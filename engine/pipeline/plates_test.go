package pipeline

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"posteriori/detectors"
	"posteriori/engine/frame"
	"posteriori/engine/media"
	lp "posteriori/engine/plate"
	"posteriori/engine/scene"
	"posteriori/engine/track"
	"posteriori/engine/wire"
)

// van is a red van, in which the finder below sees a plate.
const van = "color=gray:s=480x270:r=25:d=5[a];color=red:s=120x90:r=25:d=5[b];[a][b]overlay=x=20+50*t:y=90,noise=alls=3"

// vans finds the red thing as a car.
type vans struct{}

func (vans) Detect(f frame.YUV, _ []scene.Box) ([]detectors.Detection, error) {
	box, ok := red(f)
	if !ok {
		return nil, nil
	}
	return []detectors.Detection{{Box: box, Class: scene.Car, Score: 0.8}}, nil
}

func (vans) Info() detectors.Info { return detectors.Info{Name: "vans", Device: "cpu"} }
func (vans) Close() error         { return nil }

func red(f frame.YUV) (scene.Box, bool) {
	x0, y0, x1, y1 := f.V.W, f.V.H, -1, -1
	for y := range f.V.H {
		for x, v := range f.V.Row(y) {
			if v > 180 {
				x0, y0, x1, y1 = min(x0, x), min(y0, y), max(x1, x), max(y1, y)
			}
		}
	}
	return scene.Box{X: float64(2 * x0), Y: float64(2 * y0), W: float64(2 * (x1 - x0 + 1)), H: float64(2 * (y1 - y0 + 1))}, x1 > x0
}

// plates finds a plate in the lower half of what is red, and one that belongs
// to nothing; it counts its looks.
type plates struct {
	looks int
	asked [][]scene.Box
}

func (p *plates) Layers(w, h int) [][]scene.Box {
	return [][]scene.Box{{{W: float64(w), H: float64(h)}}}
}

func (p *plates) Find(f frame.YUV, tUS int64, layers ...[]scene.Box) ([]lp.Read, error) {
	p.looks++
	p.asked = append(p.asked, slices.Concat(layers...))
	out := []lp.Read{plateRead("ZZ999ZZ", tUS, scene.Box{X: 400, Y: 5, W: 50, H: 11})}
	if b, ok := red(f); ok {
		text := "AB123CD"
		if p.looks == 2 {
			text = "A8123CD"
		}
		out = append(out, plateRead(text, tUS, scene.Box{X: b.X + 30, Y: b.Y + 60, W: 50, H: 11}))
	}
	return out, nil
}

func plateRead(text string, tUS int64, box scene.Box) lp.Read {
	r := lp.Read{TUS: tUS, Box: box, Found: 0.9}
	for _, c := range []byte(text) {
		var ch lp.Char
		for i := range lp.Symbols {
			if lp.Alphabet[i] == c {
				ch[i] = 0.99
			}
		}
		r.Chars = append(r.Chars, ch)
	}
	return r.Rounded()
}

// run analyses with plates and returns the pieces of tracks.
func runPlates(t *testing.T, path string, p *wire.Probe, det detectors.Detector, f PlateFinder) (msgs []wire.TrackMsg) {
	t.Helper()
	job := wire.AnalyseJob{Probe: *p, Chunks: p.Chunks, Engine: wire.Engine{Device: "cpu", Threads: 1}}
	err := Run(t.Context(), path, job, det, func(_ wire.Kind, body any) error {
		if m, ok := body.(wire.TrackMsg); ok {
			msgs = append(msgs, m)
		}
		return nil
	}, WithPlates(f))
	if err != nil {
		t.Fatal(err)
	}
	return msgs
}

func TestPlatesOfATrack(t *testing.T) {
	path := clip(t, "van.mp4", van, "-c:v", "libx264", "-preset", "ultrafast", "-g", "60", "-bf", "0")
	p := planned(t, path, 2_400_000)
	if len(p.Chunks) < 2 {
		t.Fatalf("%d chunks", len(p.Chunks))
	}
	f := &plates{}
	msgs := runPlates(t, path, p, vans{}, f)
	var all []byte
	for _, m := range msgs {
		if m.Track.Class != scene.Car.String() {
			continue
		}
		reads, err := lp.UnpackReads(m.Plates)
		if err != nil || len(reads) == 0 {
			t.Errorf("chunk %d: %d reads, %v; %d..%d, %d detections", m.Chunk, len(reads), err, m.Track.StartUS, m.Track.EndUS, m.Detections)
		}
		c := p.Chunks[m.Chunk]
		for _, r := range reads {
			if r.TUS < c.StartUS || r.TUS >= c.EndUS {
				t.Errorf("chunk %d holds a read at %d", m.Chunk, r.TUS)
			}
		}
		if all, err = lp.Join(all, m.Plates); err != nil {
			t.Fatal(err)
		}
	}
	l, err := lp.Unpack(all)
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := l.Best(); text != "AB123CD" {
		t.Errorf("best %q of %v", text, l.Raw())
	}
	for _, c := range l.Raw() {
		if c.Text == "ZZ999ZZ" {
			t.Error("a plate elsewhere became the van's")
		}
	}
	// Six sure reads a chunk are enough, however often the van is seen.
	if f.looks > len(p.Chunks)*(enoughReads+1) {
		t.Errorf("%d looks", f.looks)
	}
	for _, boxes := range f.asked {
		if len(boxes) != 1 || boxes[0].W < minVehicle {
			t.Fatalf("looked at %v", boxes)
		}
	}
}

// Plates of a photograph go to the vehicle around them; one without a vehicle
// is an object of its own; and with no detector at all they are still read.
func TestPlatesOfAPhotograph(t *testing.T) {
	path := clip(t, "photo.jpg", van, "-frames:v", "1", "-q:v", "2")
	p, err := media.Probe(context.Background(), path, 60_000_000)
	if err != nil {
		t.Fatal(err)
	}
	for name, det := range map[string]detectors.Detector{"with": vans{}, "without": nil} {
		got := map[string]string{}
		for _, m := range runPlates(t, path, p, det, &plates{}) {
			l, err := lp.Unpack(m.Plates)
			if err != nil {
				t.Fatal(err)
			}
			text, _ := l.Best()
			got[text] = m.Track.Class
		}
		want := map[string]string{"AB123CD": "car", "ZZ999ZZ": "other"}
		if det == nil {
			want["AB123CD"] = "other"
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s a detector: %s", name, d)
		}
	}
}

func TestPlateDue(t *testing.T) {
	n := &numbers{}
	if !n.due(1, true, 0) {
		t.Error("never looked at, and not due")
	}
	n.note([]lp.Read{plateRead("AB123CD", 0, scene.Box{})}, 100, 0)
	for _, c := range []struct {
		view    float64
		stopped bool
		tUS     int64
		want    bool
	}{
		{100, false, 100_000, false}, {120, false, 100_000, true}, {100, false, sameViewUS, true},
		{100, true, sameViewUS, false}, {100, true, restViewUS, true},
	} {
		if got := n.due(c.view, c.stopped, c.tUS); got != c.want {
			t.Errorf("%+v: due %v", c, got)
		}
	}
	for range vainViews {
		n.note(nil, 100, 0)
	}
	if n.due(120, false, 10*restViewUS) || !n.due(150, false, 0) {
		t.Error("after looks in vain only a much better view is due")
	}
	for range enoughReads {
		n.note([]lp.Read{plateRead("AB123CD", 0, scene.Box{})}, 100, 0)
	}
	if n.due(1000, false, 10*restViewUS) {
		t.Error("enough was read, and another look is due")
	}
}

func TestPlateGrant(t *testing.T) {
	var o platesOf
	if got := o.grant(0, 10); got != plateViewsAtOnce {
		t.Errorf("%d at once", got)
	}
	if o.grant(0, 1) != 0 || o.grant(1_000_000/plateViewsPerSecond, 5) != 1 {
		t.Error("looks do not come back with media time")
	}
}

// A plate in the boxes of two vehicles is that of the smaller, which stands
// before the other.
func TestMine(t *testing.T) {
	car := func(id int64, b scene.Box) *track.Track {
		v := make([]float64, int(scene.Bus)+1)
		v[scene.Car] = 1
		return &track.Track{ID: id, Box: b, Votes: v}
	}
	big, small := car(1, scene.Box{W: 300, H: 200}), car(2, scene.Box{X: 180, Y: 100, W: 100, H: 80})
	live := []*track.Track{big, small}
	a, b := plateRead("AA111AA", 0, scene.Box{X: 40, Y: 150, W: 50, H: 11}), plateRead("BB222BB", 0, scene.Box{X: 200, Y: 150, W: 50, H: 11})
	if d := cmp.Diff([]lp.Read{a}, mine([]lp.Read{b, a}, big, live)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]lp.Read{b}, mine([]lp.Read{b, a}, small, live)); d != "" {
		t.Error(d)
	}
}
