package query

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

func run(t testing.TB, s *index.Store, f Filter) *Results {
	t.Helper()
	r, err := Run(t.Context(), s, f)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// atZone makes loc the machine's time zone for one test.
func atZone(t *testing.T, loc *time.Location) {
	zone := time.Local
	time.Local = loc
	t.Cleanup(func() { time.Local = zone })
}

func TestWriteTable(t *testing.T) {
	atZone(t, time.UTC)
	var b bytes.Buffer
	r := run(t, testStore(t), Filter{Recordings: []int64{1}, Where: `id in [1, 4]`})
	if err := r.WriteTable(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	want := `TRACK  CLASS  SCORE  COLOUR  HEADING  START                 IN VIEW  SIZE   STATUS    CAMERA
1:1    car    0.60   red     E        2024-05-01 12:00:10Z  10s      21x50  proposed  north
1:4    other  0.90   grey    -        2024-05-01 12:08:20Z  1m30s    24x80  proposed  north
2 tracks in 9m20s seen of 10m0s asked for; not seen: not-analysed 20s, relearning 20s
`
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Error(d)
	}
	b.Reset()
	r = run(t, testStore(t), Filter{Classes: []string{"animal"}, From: moment(t, "2024-05-01T12:00:00Z"), To: moment(t, "2024-05-01T12:01:00Z")})
	if err := r.WriteTable(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	want = "0 tracks in 1m5s seen of 1m5s asked for\nnot searched, their clock is not known: recordings 3\n"
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Error(d)
	}
}

func TestWriteJSON(t *testing.T) {
	r := run(t, testStore(t), Filter{Classes: []string{"car"}})
	var b bytes.Buffer
	if err := r.WriteJSON(t.Context(), &b, true); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Results int
		Scope   Scope
		Tracks  []Record
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatalf("%v\n%s", err, b.String())
	}
	if got.Results != 2 || len(got.Tracks) != 2 || got.Scope.SeenUS() != r.Scope.SeenUS() {
		t.Errorf("%s", b.String())
	}
	line := strings.Split(b.String(), "\n")[1]
	want := `{"recording":1,"sha256":"` + fmt.Sprintf("%064x", 1) + `","camera":"north","track":1,"class":"car","class_score":0.6,` +
		`"colour":"red","colour_score":0.5,"heading":90,"compass":"E","start":"2024-05-01T12:00:10Z","end":"2024-05-01T12:00:20Z",` +
		`"clock_uncertainty_us":5000000,"start_us":10000000,"end_us":20000000,"width":21,"height":50,"travel":200,"observed":1,` +
		`"best_us":10000000,"best":[39.5,100,21,50],"status":"proposed","path":[[10000000,39.5,100,21,50],[20000000,239.5,100,21,50]]},`
	if d := cmp.Diff(want, line); d != "" {
		t.Error(d)
	}
	b.Reset()
	if err := run(t, testStore(t), Filter{Classes: []string{"bag"}}).WriteJSON(t.Context(), &b, false); err != nil {
		t.Fatal(err)
	}
	if !json.Valid(b.Bytes()) || !strings.Contains(b.String(), `"tracks": [`) {
		t.Errorf("no results: %s", b.String())
	}
}

func TestWriteCSV(t *testing.T) {
	var b bytes.Buffer
	if err := run(t, testStore(t), Filter{}).WriteCSV(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) != 6 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	want := []string{"1", fmt.Sprintf("%064x", 1), "north", "4", "other", "0.9", "grey", "0.5", "", "2024-05-01T12:08:20Z", "2024-05-01T12:09:50Z",
		"5000000", "500000000", "590000000", "24", "80", "500000000", "8", "-50", "24", "80", "proposed", "", "", "", "", "", "", "", "", "", "", "", "", "", ""}
	if d := cmp.Diff(want, rows[4]); d != "" {
		t.Error(d)
	}
	if got := inert("=HYPERLINK(1)"); got != "'=HYPERLINK(1)" {
		t.Error(got)
	}
}

// Frames are counted over all chunks, in decode order, whatever their distance.
func TestWriteMOT(t *testing.T) {
	s, err := index.Open(t.Context(), filepath.Join(t.TempDir(), "i.db"), bytes.Repeat([]byte{1}, index.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	rec, err := s.AddRecording(t.Context(), index.Recording{SHA256: fmt.Sprintf("%064x", 1), Path: "/a", Probe: wire.Probe{DurationUS: 3e6}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.BeginAnalysis(t.Context(), rec, index.Analysis{Identity: "x"}); err != nil {
		t.Fatal(err)
	}
	for n, times := range [][]int64{{0, 500_000, 900_000}, {1_000_000, 2_000_000, 3_000_000}} {
		if err := s.PutChunk(t.Context(), rec, wire.ChunkEnd{Chunk: n, Frames: 3, Times: scene.PackTimes(times)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	a := trackOf(1, scene.Car, scene.Red, .5, 2, scene.Point{X: 10.5, Y: 100}, scene.Point{X: 160.5, Y: 100})
	b := trackOf(2, scene.Other, scene.Red, 1, 1, scene.Point{X: 11, Y: 60})
	b.ClassScore = 0
	if err := s.Finish(t.Context(), rec, slices.Values([]scene.Track{a, b}), nil); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run(t, s, Filter{}).WriteMOT(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	want := `2,1,0.00,50.00,21.00,50.00,0.600,-1,-1,-1
3,1,40.00,50.00,21.00,50.00,0.600,-1,-1,-1
4,1,50.00,50.00,21.00,50.00,0.600,-1,-1,-1
4,2,0.00,0.00,22.00,60.00,1.000,-1,-1,-1
5,1,150.00,50.00,21.00,50.00,0.600,-1,-1,-1
`
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Error(d)
	}
	if err := run(t, testStore(t), Filter{}).WriteMOT(t.Context(), &out); fault.KindOf(err) != fault.Usage {
		t.Errorf("two recordings in one MOT file: %v", err)
	}
}

func TestMediaTime(t *testing.T) {
	for us, want := range map[int64]string{0: "0:00:00.0", 59_960_000: "0:01:00.0", 3_723_440_000: "1:02:03.4", 360_000_000_000: "100:00:00.0"} {
		if got := MediaTime(us); got != want {
			t.Errorf("%d: %s, want %s", us, got, want)
		}
	}
}

// A start is told in the machine's zone, with its offset, so that the hour
// that comes twice when clocks are set back is told apart.
func TestWhenIsLocal(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Skip("no time zones on this machine: ", err)
	}
	atZone(t, paris)
	summer := time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC).UnixMicro()
	winter := summer + time.Hour.Microseconds()
	for _, c := range []struct {
		us   int64
		want string
	}{{summer, "2026-10-25 02:30:00+02:00"}, {winter, "2026-10-25 02:30:00+01:00"}} {
		if got := (Hit{Recording: &index.Recording{ClockUS: &c.us}}).When(); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}
