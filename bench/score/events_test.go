package score

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// clip is a truth of two objects and a bag: a red car that drives right over
// 2..6 s, a person who walks up over 8..12 s, and nothing after 14 s.
const clip = `{
 "clip": "made.mp4", "width": 640, "height": 360, "duration_s": 20, "window_s": [0, 20],
 "objects": [
  {"id": 1, "class": "car", "colour": "red", "start_s": 2, "end_s": 6, "heading": "E", "certain": true,
   "boxes": [[2, 0, 100, 80, 40], [4, 200, 100, 80, 40], [6, 400, 100, 80, 40]]},
  {"id": 2, "class": "person", "colour": "grey", "colour_alt": ["blue"], "start_s": 8, "end_s": 12,
   "heading": "N", "heading_alt": "NE", "boxes": [[8, 300, 300, 20, 50], [12, 300, 200, 20, 50]]}
 ],
 "left_objects": [{"what": "bag", "class": "bag", "x": 500, "y": 300, "w": 20, "h": 20, "left_s": 3, "removed_s": null}],
 "static": [{"what": "cabinet", "x": 0, "y": 200, "w": 40, "h": 80}],
 "empty_spans_s": [[14, 20]]
}`

func truthOf(t *testing.T, text string) *Truth {
	t.Helper()
	truth, err := ReadTruth(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return truth
}

// moving is a track from one box to another, a point every tenth of a second.
func moving(id int64, class, colour string, heading, from, to float64, a, b Rect) Track {
	k := Track{ID: id, Class: class, Colour: colour, StartUS: int64(from * 1e6), EndUS: int64(to * 1e6)}
	if heading >= 0 {
		k.Heading = &heading
	}
	const steps = 40
	for i := 0; i <= steps; i++ {
		f := float64(i) / steps
		r := a.between(b, f)
		k.Path = append(k.Path, [5]float64{(from + f*(to-from)) * 1e6, r.X, r.Y, r.W, r.H})
	}
	return k
}

func rightTracks() []Track {
	return []Track{
		moving(1, "car", "red", 92, 2, 6, Rect{0, 100, 80, 40}, Rect{400, 100, 80, 40}),
		moving(2, "person", "silver", 40, 8, 12, Rect{300, 300, 20, 50}, Rect{300, 200, 20, 50}),
	}
}

func score(t *testing.T, tracks []Track) Events {
	return ScoreEvents(truthOf(t, clip), tracks, DefaultRules())
}

func TestEventsAllFound(t *testing.T) {
	got := score(t, rightTracks())
	got.Details = nil
	want := Events{
		Objects: 2, Found: 2, FoundFull: 2, Tracks: 2,
		Class: Ratio{2, 2}, Heading: Ratio{2, 2},
		Colour: Ratio{1, 2}, ColourNear: Ratio{2, 2}, // silver for grey
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestEventsNothing(t *testing.T) {
	got := score(t, nil)
	if got.Objects != 2 || got.Missed != 2 || got.Found != 0 || got.Class.Of != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestEventsHalfATrackIsNotFound(t *testing.T) {
	tracks := rightTracks()
	tracks[0] = moving(1, "car", "red", 90, 2, 3.9, Rect{0, 100, 80, 40}, Rect{190, 100, 80, 40})
	tracks = append(tracks, moving(3, "car", "red", 90, 4.1, 6, Rect{210, 100, 80, 40}, Rect{400, 100, 80, 40}))
	got := score(t, tracks)
	if got.Missed != 1 || got.Found != 1 || got.False != 0 || got.Fragments != 2 {
		t.Errorf("two halves: %+v", got)
	}
}

func TestEventsFragmentBesideTheTrack(t *testing.T) {
	// the legs of the person for a second, as a track of its own
	tracks := append(rightTracks(), moving(3, "other", "unknown", -1, 9, 10, Rect{302, 295, 16, 25}, Rect{302, 270, 16, 25}))
	got := score(t, tracks)
	if got.Found != 2 || got.Fragments != 1 || got.False != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestEventsOneTrackIsOneObject(t *testing.T) {
	// two objects side by side and one track that fits both
	text := strings.Replace(clip, `{"id": 2, "class": "person"`, `{"id": 3, "class": "car", "colour": "red",
	 "start_s": 2, "end_s": 6, "heading": "E", "boxes": [[2, 10, 100, 80, 40], [4, 210, 100, 80, 40], [6, 410, 100, 80, 40]]},
	 {"id": 2, "class": "person"`, 1)
	got := ScoreEvents(truthOf(t, text), rightTracks(), DefaultRules())
	if got.Found != 2 || got.Missed != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestEventsFalse(t *testing.T) {
	for name, c := range map[string]struct {
		track          Track
		falsely, empty int
	}{
		"nowhere":             {moving(3, "other", "", -1, 3, 5, Rect{300, 10, 20, 20}, Rect{350, 10, 20, 20}), 1, 0},
		"in an empty span":    {moving(3, "other", "", -1, 15, 17, Rect{300, 10, 20, 20}, Rect{350, 10, 20, 20}), 1, 1},
		"the bag":             {moving(3, "bag", "", -1, 3, 20, Rect{498, 299, 22, 22}, Rect{498, 299, 22, 22}), 0, 0},
		"the cabinet":         {moving(3, "other", "", -1, 3, 6, Rect{0, 200, 38, 80}, Rect{2, 200, 38, 80}), 0, 0},
		"shadow after an end": {moving(3, "other", "", -1, 6, 6.4, Rect{402, 120, 70, 20}, Rect{402, 120, 70, 20}), 0, 0},
	} {
		got := score(t, append(rightTracks(), c.track))
		if got.False != c.falsely || got.InEmpty != c.empty || got.Found != 2 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestEventsOutlivesItsObject(t *testing.T) {
	tracks := rightTracks()
	tracks[1].EndUS = 18e6
	last := tracks[1].Path[40]
	last[0] = 18e6
	tracks[1].Path = append(tracks[1].Path, last)
	got := score(t, tracks)
	if got.InEmpty != 1 || got.False != 0 || got.Found != 2 || len(got.Alarms) != 1 {
		t.Errorf("got %+v", got)
	}
}

// swap puts text into the car's label.
func withCar(t *testing.T, extra string) *Truth {
	return truthOf(t, strings.Replace(clip, `"colour": "red",`, `"colour": "red", `+extra+`,`, 1))
}

func TestEventsUncertainAndMinor(t *testing.T) {
	person := rightTracks()[1:]
	for extra, objects := range map[string]int{`"minor": false`: 2, `"minor": true`: 1} {
		if got := ScoreEvents(withCar(t, extra), person, DefaultRules()); got.Objects != objects {
			t.Errorf("%s: %+v", extra, got)
		}
	}
	truth := withCar(t, `"heading_certain": false`)
	if got := ScoreEvents(truth, rightTracks(), DefaultRules()); got.Heading.Of != 1 {
		t.Errorf("heading_certain: %+v", got)
	}
	no := false
	truth.Objects[0].Certain = &no
	if got := ScoreEvents(truth, person, DefaultRules()); got.Missed != 0 || got.Objects != 1 {
		t.Errorf("certain false, missed: %+v", got)
	}
	if got := ScoreEvents(truth, rightTracks(), DefaultRules()); got.Found != 2 || got.False != 0 {
		t.Errorf("certain false, found: %+v", got)
	}
	truth.Objects[0].Minor = true
	if got := ScoreEvents(truth, rightTracks(), DefaultRules()); got.Found != 1 || got.False != 0 {
		t.Errorf("minor, found: %+v", got)
	}
}

func TestEventsSpanOfLargeSize(t *testing.T) {
	truth := withCar(t, `"span_ge60px_s": [2, 4]`)
	half := moving(1, "car", "red", 90, 2, 4, Rect{0, 100, 80, 40}, Rect{200, 100, 80, 40})
	small := moving(5, "car", "", -1, 3, 5, Rect{300, 10, 50, 20}, Rect{350, 10, 50, 20})
	got := ScoreEvents(truth, []Track{half, rightTracks()[1], small}, DefaultRules())
	if got.Found != 2 || got.FoundFull != 2 || got.False != 0 || truth.SmallPX != 60 {
		t.Errorf("got %+v, small %v", got, truth.SmallPX)
	}
	// Small for most of the time is small; large for most of it is not.
	for wide, alarms := range map[float64]int{75: 0, 120: 1} {
		small := moving(5, "car", "", -1, 3, 5, Rect{300, 10, 50, 20}, Rect{350, 10, wide, 20})
		if got := ScoreEvents(truth, []Track{half, rightTracks()[1], small}, DefaultRules()); got.False != alarms {
			t.Errorf("from 50 to %v px wide: %d false, want %d", wide, got.False, alarms)
		}
	}
}

func TestEventsPushedBicycle(t *testing.T) {
	const bike = `{"id": 4, "class": "bicycle", "colour": "white", "start_s": 8, "end_s": 12, "heading": "N",
	 "pushed_by": 2, "boxes": [[8, 320, 310, 40, 40], [12, 320, 210, 40, 40]]}, {"id": 2, "pushes": 4,`
	truth := truthOf(t, strings.Replace(clip, `{"id": 2,`, bike, 1))
	car, person := rightTracks()[0], rightTracks()[1]
	bicycle := moving(4, "bicycle", "white", 0, 8, 12, Rect{320, 310, 40, 40}, Rect{320, 210, 40, 40})
	both := moving(5, "bicycle", "white", 0, 8, 12, Rect{300, 300, 60, 50}, Rect{300, 200, 60, 50})
	for name, c := range map[string]struct {
		tracks         []Track
		objects, found int
	}{
		"two tracks":      {[]Track{car, person, bicycle}, 3, 3},
		"one for both":    {[]Track{car, both}, 2, 2},
		"the person only": {[]Track{car, person}, 2, 2},
		"neither":         {[]Track{car}, 3, 1},
	} {
		got := ScoreEvents(truth, c.tracks, DefaultRules())
		if got.Objects != c.objects || got.Found != c.found || got.False != 0 || got.Fragments != 0 {
			t.Errorf("%s: %+v", name, got)
		}
		if got.Class.Right != got.Class.Of {
			t.Errorf("%s: class %v", name, got.Class)
		}
	}
}

func TestEventsWindow(t *testing.T) {
	truth := truthOf(t, strings.Replace(clip, `"window_s": [0, 20]`, `"window_s": [0, 13]`, 1))
	outside := moving(9, "car", "", -1, 13.5, 20, Rect{300, 10, 20, 20}, Rect{350, 10, 20, 20})
	truth.EmptySpansS = nil
	if got := ScoreEvents(truth, append(rightTracks(), outside), DefaultRules()); got.Tracks != 2 || got.False != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestEventsAdd(t *testing.T) {
	sum := Events{}
	sum.Add(score(t, rightTracks()))
	sum.Add(score(t, nil))
	if sum.Objects != 4 || sum.Found != 2 || sum.Missed != 2 || sum.Heading != (Ratio{2, 2}) {
		t.Errorf("got %+v", sum)
	}
}

func TestReadTracks(t *testing.T) {
	const one = `{"track": 3, "class": "car", "heading": null, "start_us": 5, "end_us": 15, "path": [[5, 0, 0, 2, 2], [15, 10, 0, 2, 2]]}`
	for _, text := range []string{"[" + one + "]", `{"count": 1, "tracks": [` + one + `]}`} {
		tracks, err := ReadTracks(strings.NewReader(text))
		if err != nil || len(tracks) != 1 || tracks[0].ID != 3 || tracks[0].Heading != nil {
			t.Fatalf("%s: %v %v", text, tracks, err)
		}
		if box, ok := tracks[0].At(10, 0); !ok || box != (Rect{5, 0, 2, 2}) {
			t.Errorf("at 10: %v %v", box, ok)
		}
		if _, ok := tracks[0].At(18, 2); ok {
			t.Error("18 is beyond the slack")
		}
	}
	if _, err := ReadTracks(strings.NewReader(`{"error": "no"}`)); err == nil {
		t.Error("an error answer was read as tracks")
	}
}

// The labels themselves, taken as tracks, must score full marks: the truth
// files hold no field that the scorer misreads.
func TestTruthFilesScoreThemselves(t *testing.T) {
	dir := os.Getenv("POSTERIORI_DATA")
	if dir == "" {
		dir = "../../../shared/data"
	}
	files, _ := filepath.Glob(filepath.Join(dir, "truth/events/*.json"))
	if len(files) == 0 {
		t.Skip("no truth/events under the data directory (POSTERIORI_DATA)")
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		truth := truthOf(t, string(raw))
		got := ScoreEvents(truth, truth.asTracks(), DefaultRules())
		if got.Missed != 0 || got.False != 0 || got.InEmpty != 0 || got.Fragments != 0 ||
			got.Heading.Share() != 1 || got.Class.Share() != 1 || got.Colour.Share() != 1 || got.Found < 4 {
			out, _ := json.MarshalIndent(got, "", " ")
			t.Errorf("%s: %s", filepath.Base(name), out)
		}
	}
}

// asTracks turns labels into the answer of a perfect engine.
func (t *Truth) asTracks() []Track {
	var out []Track
	for i, o := range t.Objects {
		deg := compass[o.Heading]
		k := Track{ID: int64(i + 1), Class: o.Class, Colour: o.Colour, Heading: &deg,
			StartUS: int64(o.StartS * 1e6), EndUS: int64(o.EndS * 1e6)}
		for _, b := range o.Boxes {
			b[0] *= 1e6
			k.Path = append(k.Path, b)
		}
		for _, end := range []float64{o.StartS, o.EndS} {
			r := o.at(end)
			p := [5]float64{end * 1e6, r.X, r.Y, r.W, r.H}
			if end*1e6 < k.Path[0][0] {
				k.Path = append([][5]float64{p}, k.Path...)
			} else if end*1e6 > k.Path[len(k.Path)-1][0] {
				k.Path = append(k.Path, p)
			}
		}
		out = append(out, k)
	}
	return out
}
