package synopsis

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"posteriori/engine/fault"
	"posteriori/engine/scene"
)

var update = flag.Bool("update", false, "write the golden files anew")

// goldenTubes is two people who meet, one who comes later and stands still,
// in two recordings of one camera.
func goldenTubes() ([]Recording, []Tube) {
	a, b := recording("a", "nord", 120*second), recording("b", "nord", 60*second)
	a.HasClock, a.ClockUS, a.UncertaintyUS = true, 1_700_000_000*second, 2*second
	b.HasClock, b.ClockUS = true, 1_700_090_000*second
	a.Plates = []int64{0, 60 * second}
	return []Recording{a, b}, []Tube{
		mover(0, 1, 5*second, 6*second, 0, 0, 100, 500, 100, 40, 80),
		mover(0, 2, 6*second, 5*second, 0, 90, 110, 510, 110, 40, 80),
		mover(1, 1, 10*second, 6*second, 20*second, 600, 200, 10, 220, 40, 80),
	}
}

func TestSidecarGolden(t *testing.T) {
	for _, mode := range []Mode{Objects, Condense} {
		recs, tubes := goldenTubes()
		_, plan := makePlan(t, recs, tubes, Options{Mode: mode, DurationUS: 12 * second})
		s := plan.Sidecar()
		s.Procedure, s.Mark, s.Query = "2026/114", "MONTAGE", map[string]string{"class": "person"}
		s.Output.File, s.Output.SHA256 = "out.mp4", "ab12"
		var got bytes.Buffer
		if err := s.Write(&got); err != nil {
			t.Fatal(err)
		}
		name := "testdata/sidecar-" + string(mode) + ".json"
		if *update {
			if err := os.WriteFile(name, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), got.String()); d != "" {
			t.Errorf("%s (refresh with -update):\n%s", name, d)
		}
	}
}

// Every frame of every object in the output can be traced to a recording by
// its hash, a track, and times that agree in µs and in PTS.
func TestSidecarCoversAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		recs, tubes := genTubes(t)
		_, plan := makePlan(t, recs, tubes, drawOptions(t))
		var buf bytes.Buffer
		if err := plan.Sidecar().Write(&buf); err != nil {
			t.Fatal(err)
		}
		var s Sidecar
		if err := json.Unmarshal(buf.Bytes(), &s); err != nil {
			t.Fatal(err)
		}
		listed := map[string]SidecarRecording{}
		for _, r := range s.Recordings {
			listed[r.ID] = r
		}
		if len(s.Objects) != len(tubes) || !strings.Contains(s.Statement, "not an original") {
			t.Fatalf("%d objects, statement %q", len(s.Objects), s.Statement)
		}
		for _, o := range s.Objects {
			r, ok := listed[o.Recording]
			if !ok || r.SHA256 != o.SHA256 || len(o.Plays) == 0 {
				t.Fatalf("track %d of %q: %d plays", o.Track, o.Recording, len(o.Plays))
			}
			for _, y := range o.Plays {
				us := (y.FromPTS - r.FirstPTS) * second * r.TimeBase.Num / r.TimeBase.Den
				if abs64(us-y.FromUS) > 80 || y.OutToUS-y.OutFromUS != y.Frames*s.Output.FrameUS {
					t.Fatalf("play %+v: PTS is at %d µs", y, us)
				}
			}
		}
		for _, sp := range s.Spans {
			if _, ok := listed[sp.Recording]; !ok {
				t.Fatalf("span of unlisted recording %q", sp.Recording)
			}
		}
	})
}

// fakeBlobs answers with what was asked for.
type fakeBlobs struct{ fail bool }

var errGone = errors.New("gone")

func (f fakeBlobs) Tube(rec int, track int64) (path, masks []byte, err error) {
	if f.fail {
		return nil, nil, errGone
	}
	return []byte{byte(rec), byte(track)}, nil, nil
}

func (f fakeBlobs) Beside(rec int, fromUS, toUS int64) ([]Beside, error) {
	return []Beside{{fromUS, toUS, []byte{byte(rec)}}}, nil
}

func (f fakeBlobs) Plate(rec int, tUS int64) ([]byte, error) {
	return []byte{byte(rec), byte(tUS / second)}, nil
}

func TestJob(t *testing.T) {
	recs, tubes := goldenTubes()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		paris = time.FixedZone("CET", 3600)
	}
	_, plan := makePlan(t, recs, tubes, Options{Zone: paris, CutUS: 60 * second})
	job, err := plan.Job(fakeBlobs{}, "/out.mp4", t.TempDir(), "MONTAGE", map[string]string{"title": "x"})
	if err != nil {
		t.Fatal(err)
	}
	if len(job.Tubes) != 3 || len(job.Sources) != 2 || len(job.Backs) == 0 || !job.Dates {
		t.Fatalf("%d tubes, %d sources, %d backgrounds, dates %v", len(job.Tubes), len(job.Sources), len(job.Backs), job.Dates)
	}
	if got := time.UnixMicro(job.Tubes[0].ClockUS).UTC().Format(time.DateTime); got != "2023-11-14 23:13:20" {
		t.Errorf("clock reads %s", got)
	}
	blobs, err := os.Open(job.Blobs)
	if err != nil {
		t.Fatal(err)
	}
	defer blobs.Close()
	path, _ := job.Tubes[1].Path.Read(blobs)
	back, _ := job.Backs[0].JPEG.Read(blobs)
	if string(path) != "\x00\x02" || string(back) != "\x00<" {
		t.Errorf("blobs %q %q", path, back)
	}
	var notes []string
	for _, y := range job.Tubes[2].Plays {
		notes = append(notes, y.Note)
	}
	if d := cmp.Diff([]string{"", "×4", ""}, notes); d != "" {
		t.Error(d)
	}
	if _, err := plan.Job(fakeBlobs{fail: true}, "/o", t.TempDir(), "", nil); !errors.Is(err, errGone) {
		t.Errorf("error of the index: %v", err)
	}
}

// The worker gets the backgrounds of the times that are shown, not only those
// that are seen: it tells an object by the background of its own time.
func TestPlatesOfWhatIsShown(t *testing.T) {
	r := recording("a", "north", 86_400*second)
	for h := range int64(24) {
		r.Plates = append(r.Plates, h*3600*second)
	}
	_, plan := makePlan(t, []Recording{r}, []Tube{
		mover(0, 1, (3*3600+100)*second, 8*second, 0, 0, 100, 500, 100, 200, 200),
		mover(0, 2, (9*3600+3590)*second, 8*second, 0, 0, 100, 500, 100, 200, 200),
		mover(0, 3, 3*3600*second+1796*second, 8*second, 0, 0, 100, 500, 100, 200, 200),
	}, Options{MaxOverlap: -1})
	job, err := plan.Job(fakeBlobs{}, "/out.mp4", t.TempDir(), "MONTAGE", nil)
	if err != nil {
		t.Fatal(err)
	}
	var hours []int64
	for _, p := range job.Plates {
		if p.JPEG.Len == 0 {
			t.Errorf("no picture of %d µs", p.TUS)
		}
		hours = append(hours, p.TUS/second/3600)
	}
	if d := cmp.Diff([]int64{3, 4, 10}, hours); d != "" {
		t.Error(d)
	}
}

// Recordings of other cameras are shown after each other, each over its own
// background.
func TestViewsFollowEachOther(t *testing.T) {
	recs := []Recording{recording("a", "north", 100*second), recording("b", "south", 100*second)}
	_, plan := makePlan(t, recs, []Tube{
		mover(0, 1, second, 5*second, 0, 0, 0, 500, 0, 50, 50),
		mover(1, 1, second, 5*second, 0, 0, 200, 500, 200, 50, 50),
	}, Options{})
	if len(plan.Backs) != 2 || plan.Backs[0].Scene == plan.Backs[1].Scene {
		t.Fatalf("backgrounds %+v", plan.Backs)
	}
	end := plan.Objects[0].Plays[0].Start + plan.Objects[0].Plays[0].Frames
	if second := plan.Objects[1].Plays[0].Start; second < end || plan.Backs[1].Start > second {
		t.Fatalf("first view ends at %d, second starts at %d over background from %d", end, second, plan.Backs[1].Start)
	}
	if plan.Backs[0].TUS != -1 {
		t.Fatal("a plate where none is known")
	}
}

// The background follows the time of what is shown.
func TestBackgroundFollowsTheDay(t *testing.T) {
	r := recording("a", "north", 86_400*second)
	for h := range int64(24) {
		r.Plates = append(r.Plates, h*3600*second)
	}
	var tubes []Tube
	for i := range int64(12) {
		tubes = append(tubes, mover(0, i+1, (2*i*3600+100)*second, 8*second, 0, 0, 100, 500, 100, 200, 200))
	}
	_, plan := makePlan(t, []Recording{r}, tubes, Options{MaxOverlap: -1})
	if len(plan.Backs) < 5 {
		t.Fatalf("%d backgrounds for a day", len(plan.Backs))
	}
	for i, b := range plan.Backs[1:] {
		if b.Start <= plan.Backs[i].Start {
			t.Fatalf("backgrounds out of order: %+v", plan.Backs)
		}
	}
}

// A gap in the recording is not shown.
func TestCondenseSkipsGaps(t *testing.T) {
	r := recording("a", "n", 100*second)
	r.Probe.Gaps = []scene.Coverage{{FromUS: 16 * second, ToUS: 90 * second, Kind: scene.Gap}}
	_, plan := makePlan(t, []Recording{r}, []Tube{mover(0, 1, 10*second, 5500_000, 0, 0, 0, 9, 9, 9, 9)},
		Options{Mode: Condense})
	for _, s := range plan.Spans {
		if s.ToUS > 16*second {
			t.Errorf("shows %d–%d s of a gap from 16 s", s.FromUS/second, s.ToUS/second)
		}
	}
}

func TestNotes(t *testing.T) {
	for want, y := range map[string]Play{
		"": {Speed: 1}, "×4": {Speed: 4}, "×1.5": {Speed: 1.5}, "×180 2/3": {Speed: 180.2, Part: 2, Parts: 3}, "1/2": {Speed: 1, Part: 1, Parts: 2},
	} {
		if got := y.note(); got != want {
			t.Errorf("%+v: %q, want %q", y, got, want)
		}
	}
}

func TestNoSizeIsRefused(t *testing.T) {
	r := recording("a", "n", second)
	r.Probe.Width = 0
	if _, err := NewPlanner([]Recording{r}, Options{}); fault.KindOf(err) != fault.BadInput {
		t.Error(err)
	}
}
