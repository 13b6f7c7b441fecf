package index

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/ncruces/go-sqlite3/driver"
	"github.com/ncruces/go-sqlite3/ext/serdes"
	"pgregory.net/rapid"

	"posteriori/engine/fault"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// analysed is a store with one recording of three tracks.
func analysed(t *testing.T) (*Store, int64) {
	t.Helper()
	s := openTest(t)
	rec := add(t, s, testRecording(1))
	begin(t, s, rec, "one")
	finish(t, s, rec, testTrack(1), testTrack(2), testTrack(3))
	return s, rec
}

func decide(t *testing.T, s *Store, rec, track int64, v Verdict, text string) int64 {
	t.Helper()
	seq, err := s.Decide(t.Context(), Decision{Recording: rec, Track: track, Verdict: v, Text: text, By: "OPJ-1", AtUS: 7, Record: 12})
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

func statuses(t *testing.T, s *Store) []Status {
	t.Helper()
	var out []Status
	for _, r := range collect(t, s, Where{}) {
		out = append(out, r.Status)
	}
	return out
}

func TestDecisions(t *testing.T) {
	s, rec := analysed(t)
	decide(t, s, rec, 2, Validated, "")
	decide(t, s, rec, 3, Comment, "parked")
	decide(t, s, rec, 2, Rejected, "another car")
	if seq := decide(t, s, rec, 2, Comment, "seen twice"); seq != 4 {
		t.Errorf("fourth decision is %d", seq)
	}
	got, err := s.Decisions(t.Context(), rec, 2)
	want := []Decision{
		{Seq: 1, Recording: rec, Track: 2, Verdict: Validated, By: "OPJ-1", AtUS: 7, Record: 12},
		{Seq: 3, Recording: rec, Track: 2, Verdict: Rejected, Text: "another car", By: "OPJ-1", AtUS: 7, Record: 12},
		{Seq: 4, Recording: rec, Track: 2, Verdict: Comment, Text: "seen twice", By: "OPJ-1", AtUS: 7, Record: 12},
	}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Error(d, err)
	}
	if all, err := s.Decisions(t.Context(), 0, 0); len(all) != 4 || err != nil {
		t.Errorf("%d decisions in all, %v", len(all), err)
	}
	if d := cmp.Diff([]Status{Proposed, StatusRejected, Proposed}, statuses(t, s)); d != "" {
		t.Error(d)
	}
	for name, d := range map[string]Decision{
		"no such track": {Recording: rec, Track: 9, Verdict: Validated, By: "x"},
		"empty comment": {Recording: rec, Track: 1, Verdict: Comment, Text: " ", By: "x"},
		"proposed":      {Recording: rec, Track: 1, Verdict: "proposed", By: "x"},
		"nobody":        {Recording: rec, Track: 1, Verdict: Rejected},
	} {
		if _, err := s.Decide(t.Context(), d); err == nil {
			t.Errorf("%s was stored", name)
		}
	}
	if _, err := s.BeginAnalysis(t.Context(), rec, Analysis{Identity: "two"}); fault.KindOf(err) != fault.Refused {
		t.Errorf("an analysis over decisions: %v", err)
	}
	if _, err := s.BeginAnalysis(t.Context(), rec, Analysis{Identity: "one"}); err != nil {
		t.Errorf("the same analysis again: %v", err)
	}
}

// The status is the last verdict that is no comment, whatever came before.
func TestStatusFollowsDecisions(t *testing.T) {
	s, rec := analysed(t)
	want := []Status{Proposed, Proposed, Proposed}
	rapid.Check(t, func(r *rapid.T) {
		track := rapid.Int64Range(1, 3).Draw(r, "track")
		v := rapid.SampledFrom([]Verdict{Validated, Rejected, Comment}).Draw(r, "verdict")
		decide(t, s, rec, track, v, "why")
		if v != Comment {
			want[track-1] = Status(v)
		}
		if d := cmp.Diff(want, statuses(t, s)); d != "" {
			r.Fatal(d)
		}
	})
}

func TestDerivedFiles(t *testing.T) {
	s := openTest(t)
	d := Derived{Kind: "clip", Name: "a.mp4", Path: "/out/a.mp4", SHA256: fmt.Sprintf("%064x", 5), Bytes: 9, MadeUS: 10, Record: 3, How: `{"from_us":1}`}
	var want []Derived
	for range 2 {
		id, err := s.AddDerived(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		d.ID = id
		want = append(want, d)
	}
	got, err := s.DerivedFiles(t.Context())
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	for _, bad := range []Derived{{Kind: "clip", SHA256: "no hash"}, {Kind: "clip", SHA256: d.SHA256, How: "no JSON"}, {SHA256: d.SHA256}} {
		if _, err := s.AddDerived(t.Context(), bad); err == nil {
			t.Errorf("listed %+v", bad)
		}
	}
	if err := s.ForgetDerived(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if err := s.ForgetDerived(t.Context(), 2); fault.KindOf(err) != fault.NotFound {
		t.Errorf("forgotten twice: %v", err)
	}
	if d.ID, err = s.AddDerived(t.Context(), d); d.ID != 3 || err != nil {
		t.Errorf("the number of a forgotten file came again: %d, %v", d.ID, err)
	}
}

func TestRectify(t *testing.T) {
	s, rec := analysed(t)
	for _, c := range []struct {
		class  scene.Class
		colour *scene.Colour
	}{{scene.Bus, new(scene.Blue)}, {scene.Truck, nil}} {
		if err := s.Rectify(t.Context(), rec, 2, Correction{Class: &c.class, Colour: c.colour}, "MAG-1", 40); err != nil {
			t.Fatal(err)
		}
	}
	row := collect(t, s, Where{SQL: "t.id = 2"})[0].Track
	if row.Class != scene.Truck || row.Colour != scene.Blue || row.ClassScore != 1 || row.ColourScore != 1 {
		t.Errorf("corrected: %+v", row)
	}
	got, err := s.Rectifications(t.Context(), rec, 0)
	want := []Rectification{
		{Seq: 1, Recording: rec, Track: 2, Field: "class", Before: "car", BeforeScore: .9, After: "bus", By: "MAG-1", Record: 40},
		{Seq: 2, Recording: rec, Track: 2, Field: "colour", Before: "red", BeforeScore: .5, After: "blue", By: "MAG-1", Record: 40},
		{Seq: 3, Recording: rec, Track: 2, Field: "class", Before: "bus", BeforeScore: 1, After: "truck", By: "MAG-1", Record: 40},
	}
	if d := cmp.Diff(want, got, cmpopts.IgnoreFields(Rectification{}, "AtUS")); d != "" || err != nil {
		t.Error(d, err)
	}
	if err := s.Rectify(t.Context(), rec, 2, Correction{}, "MAG-1", 40); fault.KindOf(err) != fault.Usage {
		t.Errorf("nothing corrected: %v", err)
	}
	if err := s.Rectify(t.Context(), rec, 9, Correction{Colour: new(scene.Blue)}, "MAG-1", 40); fault.KindOf(err) != fault.NotFound {
		t.Errorf("no such track corrected: %v", err)
	}
}

// plainPages is every page of the file as SQLite holds it, decrypted, those
// that are free included.
func plainPages(t *testing.T, s *Store) []byte {
	t.Helper()
	conn, err := s.w.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var out []byte
	err = conn.Raw(func(dc any) (err error) {
		out, err = serdes.Serialize(dc.(driver.Conn).Raw(), "main")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// marked is a track with bytes that are found again wherever they stay.
func marked(id int64, mark string) scene.Track {
	k := testTrack(id)
	k.Crop.JPEG = bytes.Repeat([]byte(mark+"-picture"), 2000) // overflows many pages
	k.Masks[0].Bits = []byte("mk" + mark[:2] + "??????????????")[:k.Masks[0].H]
	return k
}

func TestEraseTrack(t *testing.T) {
	s := openTest(t)
	rec := add(t, s, testRecording(1))
	begin(t, s, rec, "one")
	finish(t, s, rec, marked(1, "KEPTONE"), marked(2, "GONETWO"), marked(3, "KEPTTHREE"))
	decide(t, s, rec, 2, Comment, "GONETWO-comment")
	if err := s.Rectify(t.Context(), rec, 2, Correction{Class: new(scene.Bus)}, "GONETWO-by", 1); err != nil {
		t.Fatal(err)
	}
	if before := plainPages(t, s); !bytes.Contains(before, []byte("GONETWO-picture")) || !bytes.Contains(before, []byte("GONETWO-comment")) {
		t.Fatal("the test does not see what is stored")
	}
	got, err := s.EraseTrack(t.Context(), rec, 2)
	want := Erased{Rows: map[string]int64{"track": 1, "tube": 1, "way": 1, "crop": 1, "decision": 1, "rectification": 1}}
	if d := cmp.Diff(want, got); d != "" || err != nil || got.Total() != 6 {
		t.Error(d, err)
	}
	after := plainPages(t, s)
	if bytes.Contains(after, []byte("GONETWO")) {
		t.Error("what was erased stays in the file")
	}
	if !bytes.Contains(after, []byte("KEPTONE")) || !bytes.Contains(after, []byte("KEPTTHREE")) {
		t.Error("more was erased than asked for")
	}
	if fi, err := os.Stat(s.path + "-wal"); err != nil || fi.Size() != 0 {
		t.Errorf("the log was not emptied: %v, %v", fi, err)
	}
	if rows := collect(t, s, Where{}); len(rows) != 2 {
		t.Errorf("%d tracks stay", len(rows))
	}
	for name, do := range map[string]func() error{
		"track": func() error { _, err := s.Track(t.Context(), rec, 2, false); return err },
		"decide": func() error {
			_, err := s.Decide(t.Context(), Decision{Recording: rec, Track: 2, Verdict: Validated, By: "x"})
			return err
		},
		"erase":   func() error { _, err := s.EraseTrack(t.Context(), rec, 2); return err },
		"another": func() error { _, err := s.EraseTrack(t.Context(), rec, 77); return err },
	} {
		if err := do(); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s after the erasure: %v", name, err)
		}
	}
	if _, err := s.BeginAnalysis(t.Context(), rec, Analysis{Identity: "two"}); fault.KindOf(err) != fault.Refused {
		t.Errorf("a new analysis would bring it back: %v", err)
	}
	as, err := s.Analyses(t.Context())
	if err != nil || as[0].Tracks != 2 {
		t.Errorf("analyses %+v, %v", as, err)
	}
}

func TestEraseRecording(t *testing.T) {
	s := openTest(t)
	for n := range 2 {
		r := testRecording(n)
		r.Camera = fmt.Sprintf("CAMERA-%d", n)
		rec := add(t, s, r)
		begin(t, s, rec, "one")
		if err := s.PutChunk(t.Context(), rec, chunkEnd(0), []wire.TrackMsg{pieceOf(0, 1)}); err != nil {
			t.Fatal(err)
		}
		finish(t, s, rec, marked(1, "MARKFIRST"), marked(2, "MARKSECOND"))
		decide(t, s, rec, 1, Validated, fmt.Sprintf("TEXT-%d", n))
	}
	if _, err := s.EraseTrack(t.Context(), 2, 1); err != nil {
		t.Fatal(err)
	}
	got, err := s.EraseRecording(t.Context(), 2)
	want := Erased{Rows: map[string]int64{"recording": 1, "analysis": 1, "chunk": 1, "plate": 1, "coverage": 2, "track": 1, "tube": 1, "way": 1, "crop": 1}}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Error(d, err)
	}
	for _, mark := range []string{"CAMERA-1", "TEXT-1", "cam1/clip1", testRecording(1).SHA256} {
		if bytes.Contains(plainPages(t, s), []byte(mark)) {
			t.Errorf("%s stays in the file", mark)
		}
	}
	if all, err := s.Recordings(t.Context()); len(all) != 1 || all[0].Camera != "CAMERA-0" || err != nil {
		t.Errorf("recordings %v, %v", all, err)
	}
	if id := add(t, s, testRecording(1)); id != 3 {
		t.Errorf("the next recording is %d, the number of an erased one is never used again", id)
	}
	stones, err := s.Tombstones(t.Context())
	if d := cmp.Diff([]Tombstone{{Recording: 2}}, stones, cmpopts.IgnoreFields(Tombstone{}, "AtUS")); d != "" || err != nil {
		t.Error(d, err)
	}
	if _, err := s.EraseRecording(t.Context(), 2); fault.KindOf(err) != fault.NotFound {
		t.Errorf("erased twice: %v", err)
	}
}

// shape lists tables, columns and indexes, however they came to be.
func shape(t *testing.T, s *Store) []string {
	t.Helper()
	var out []string
	rows, err := s.r.Query(`SELECT m.type || ' ' || m.name || ' ' || coalesce((SELECT group_concat(concat_ws(' ', c.name, c.type, c."notnull", c.dflt_value, c.pk))
			FROM pragma_table_info(m.name) c WHERE m.type = 'table'), '') || coalesce((SELECT group_concat(x.name) FROM pragma_index_info(m.name) x), '')
		FROM sqlite_schema m WHERE m.type IN ('table', 'index')
		UNION ALL SELECT concat_ws(' ', 'stat', tbl, idx, stat) FROM sqlite_stat1`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

// testdata/version1.db was made by the program of version 1, with testKey: a
// complete analysis of three tracks, and one with a chunk in the staging.
func TestUpgrade(t *testing.T) {
	old, err := os.ReadFile("testdata/version1.db")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "index.db")
	if err := os.WriteFile(path, old, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second opens what the first brought up to date
		s, err := Open(t.Context(), path, testKey)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(shape(t, openTest(t)), shape(t, s)); d != "" {
			t.Error(d)
		}
		var problems string
		if err := s.w.QueryRow("PRAGMA integrity_check").Scan(&problems); err != nil || problems != "ok" {
			t.Errorf("%s, %v", problems, err)
		}
		if rows := collect(t, s, Where{}); len(rows) != 3 || rows[2].Status != Proposed {
			t.Errorf("tracks %+v", rows)
		}
		// Where their feet were is not known cell by cell: no search by place leaves them out.
		if rows := collect(t, s, Where{SQL: "t.cells & 1 <> 0", Foot: true}); len(rows) != 3 {
			t.Errorf("%d tracks in a cell", len(rows))
		}
		got, err := s.Track(t.Context(), 1, 2, true)
		if d := cmp.Diff(testTrack(2), got); d != "" || err != nil {
			t.Error(d, err)
		}
		if n := len(steps(t, s, 2)); n != 2 {
			t.Errorf("%d steps in the staging, want 2", n)
		}
		decide(t, s, 1, 1, Validated, "")
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// testdata/version5.db was made by the program of version 5, with testKey: a
// car and a person of one analysis, without lower clothing.
func TestUpgradeGivesRoomForLowerClothing(t *testing.T) {
	old, err := os.ReadFile("testdata/version5.db")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "index.db")
	if err := os.WriteFile(path, old, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), path, testKey)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if d := cmp.Diff(shape(t, openTest(t)), shape(t, s)); d != "" {
		t.Error(d)
	}
	person := testTrack(2)
	person.Class, person.Colour = scene.Person, scene.Blue
	if got, err := s.Track(t.Context(), 1, 2, true); err != nil || cmp.Diff(person, got) != "" {
		t.Error(cmp.Diff(person, got), err)
	}
	if err := s.Rectify(t.Context(), 1, 2, Correction{Lower: new(scene.Black)}, "MAG-1", 40); err != nil {
		t.Fatal(err)
	}
	got, err := s.Rectifications(t.Context(), 1, 2)
	if err != nil || len(got) != 1 || got[0].Field != "lower" || got[0].Before != "unknown" || got[0].After != "black" {
		t.Errorf("corrections %+v, %v", got, err)
	}
}

// An upgrade that fails leaves the file as it was.
func TestUpgradeIsAllOrNothing(t *testing.T) {
	s := openTest(t)
	if _, err := s.w.Exec("PRAGMA user_version=1"); err != nil { // the tables of version 2 are there already
		t.Fatal(err)
	}
	if again, err := Open(t.Context(), s.path, testKey); err == nil {
		again.Close()
		t.Fatal("an upgrade over its own tables went through")
	}
	var version int
	if err := s.w.QueryRow("PRAGMA user_version").Scan(&version); err != nil || version != 1 {
		t.Errorf("version %d, %v", version, err)
	}
	var none sql.NullString
	if err := s.w.QueryRow("SELECT body FROM decision").Scan(&none); err != sql.ErrNoRows {
		t.Errorf("decisions after a failed upgrade: %v", err)
	}
}
