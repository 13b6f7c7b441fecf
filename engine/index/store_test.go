package index

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/ncruces/go-sqlite3"
	"go.uber.org/goleak"

	"posteriori/engine/fault"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var testKey = bytes.Repeat([]byte{7}, KeySize)

func openTest(t testing.TB) *Store {
	t.Helper()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "index.db"), testKey)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func testRecording(n int) Recording {
	clock := int64(1_700_000_000_000_000)
	return Recording{
		SHA256: fmt.Sprintf("%064x", 0xabc000+n), Path: fmt.Sprintf("/evidence/cam%d/clip%d.mp4", n, n),
		Bytes: 1000, ModifiedUS: 5, ImportedUS: 6, Exhibit: "SC-1", Basis: "requisition", Camera: "north gate",
		ClockUS: &clock, ClockUncertaintyUS: 2_000_000, ClockSource: "operator",
		Probe: wire.Probe{Format: "mov", Codec: "h264", Width: 640, Height: 360, DurationUS: 60_000_000,
			Chunks: []wire.Chunk{{Index: 0, EndPTS: 90000}}},
	}
}

func add(t testing.TB, s *Store, r Recording) int64 {
	t.Helper()
	id, err := s.AddRecording(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func begin(t testing.TB, s *Store, rec int64, identity string) map[int]bool {
	t.Helper()
	done, err := s.BeginAnalysis(t.Context(), rec, Analysis{Identity: identity, Build: "b1", Device: "cpu",
		Models: []ModelRef{{Name: "m", SHA256: "aa"}}, Params: wire.Params{MinScore: .25}})
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func testTrack(id int64) scene.Track {
	start := id * 1_000_000
	return scene.Track{
		ID: id, Class: scene.Car, ClassScore: .9, Colour: scene.Red, ColourScore: .5, Heading: 90, HasHeading: true,
		Observed: .75, StartUS: start, EndUS: start + 2_000_000, Best: scene.Box{X: 1, Y: 2, W: 30, H: 40}, BestUS: start,
		Crop: &scene.Crop{TUS: start, Box: scene.Box{W: 60, H: 80}, JPEG: []byte("jpeg")},
		Path: scene.Path{
			{TUS: start, Box: scene.Box{X: 0, Y: 2, W: 20, H: 30}},
			{TUS: start + 1_000_000, Box: scene.Box{X: 50, Y: 2, W: 30, H: 40}, Interpolated: true},
			{TUS: start + 2_000_000, Box: scene.Box{X: 100, Y: 2, W: 40, H: 50}},
		},
		Masks: []scene.Mask{{TUS: start, X: 1, Y: 2, W: 8, H: 2, Bits: []byte{0xF0, 0x0F}}},
	}
}

func finish(t testing.TB, s *Store, rec int64, tracks ...scene.Track) {
	t.Helper()
	cov := []scene.Coverage{{FromUS: 0, ToUS: 50_000_000, Kind: scene.Seen}, {FromUS: 50_000_000, ToUS: 60_000_000, Kind: scene.Damaged, Reason: "decoder"}}
	if err := s.Finish(t.Context(), rec, slices.Values(tracks), cov); err != nil {
		t.Fatal(err)
	}
}

func collect(t testing.TB, s *Store, w Where) []Row {
	t.Helper()
	var out []Row
	for r, err := range s.Search(t.Context(), w) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

func TestRecordings(t *testing.T) {
	s := openTest(t)
	want := testRecording(1)
	want.ID = add(t, s, want)
	second := testRecording(2)
	second.ClockUS = nil
	second.ID = add(t, s, second)
	if want.ID != 1 || second.ID != 2 {
		t.Errorf("ids %d, %d", want.ID, second.ID)
	}
	if id, err := s.AddRecording(t.Context(), testRecording(1)); id != 1 || !errors.Is(err, ErrDuplicate) {
		t.Errorf("same hash again: %d, %v", id, err)
	}
	got, err := s.Recordings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]Recording{want, second}, got); d != "" {
		t.Error(d)
	}
	if _, err := s.Recording(t.Context(), 9); fault.KindOf(err) != fault.NotFound {
		t.Errorf("no such recording: %v", err)
	}
	if got, ok, err := s.Imported(t.Context(), second.SHA256); !ok || err != nil || got.ID != second.ID {
		t.Errorf("by its hash: %+v, %v, %v", got, ok, err)
	}
	if _, ok, err := s.Imported(t.Context(), testRecording(3).SHA256); ok || err != nil {
		t.Errorf("a hash that was not imported: %v, %v", ok, err)
	}
}

func TestFindRecording(t *testing.T) {
	s := openTest(t)
	for n := range 3 {
		add(t, s, testRecording(n))
	}
	same := testRecording(7)
	same.Path = "/evidence/other/clip1.mp4"
	add(t, s, same)
	for ref, want := range map[string]int64{
		"2": 2, "/evidence/cam2/clip2.mp4": 3, "clip2.mp4": 3, testRecording(1).SHA256: 2,
		strings.ToUpper(testRecording(1).SHA256): 2, "cam1/clip1.mp4": 2,
	} {
		if r, err := s.FindRecording(t.Context(), ref); err != nil || r.ID != want {
			t.Errorf("%q: %d, %v; want %d", ref, r.ID, err, want)
		}
	}
	for ref, want := range map[string]fault.Kind{
		"": fault.NotFound, "99": fault.NotFound, "lip2.mp4": fault.NotFound, "00000": fault.NotFound,
		"clip1.mp4": fault.Usage, "00000000": fault.Usage,
	} {
		if _, err := s.FindRecording(t.Context(), ref); fault.KindOf(err) != want {
			t.Errorf("%q: %v, want %v", ref, err, want)
		}
	}
}

func TestWrongKeyAndNoIndex(t *testing.T) {
	path := filepath.Join(t.TempDir(), "index.db")
	s, err := Open(t.Context(), path, testKey)
	if err != nil {
		t.Fatal(err)
	}
	add(t, s, testRecording(1))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, plain := range []string{"SQLite format", "north gate", "CREATE TABLE"} {
		if bytes.Contains(raw, []byte(plain)) {
			t.Errorf("the file shows %q", plain)
		}
	}
	if fi, _ := os.Stat(path); fi.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", fi.Mode())
	}
	if _, err := Open(t.Context(), path, bytes.Repeat([]byte{8}, KeySize)); fault.KindOf(err) != fault.Integrity {
		t.Errorf("wrong key: %v", err)
	}
	if _, err := Open(t.Context(), path, testKey[:31]); err == nil {
		t.Error("short key opened the index")
	}
	s, err = Open(t.Context(), path, testKey)
	if err != nil {
		t.Fatalf("right key after wrong ones: %v", err)
	}
	defer s.Close()
	if all, err := s.Recordings(t.Context()); err != nil || len(all) != 1 {
		t.Errorf("%d recordings, %v", len(all), err)
	}
	junk := filepath.Join(t.TempDir(), "junk.db")
	if err := os.WriteFile(junk, bytes.Repeat([]byte("not an index "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), junk, testKey); fault.KindOf(err) != fault.Integrity {
		t.Errorf("junk: %v", err)
	}
	if _, err := Open(t.Context(), filepath.Join(t.TempDir(), "no", "such", "folder"), testKey); err == nil {
		t.Error("a folder that is not there opened")
	}
}

func TestNewerFormatIsRefused(t *testing.T) {
	s := openTest(t)
	if _, err := s.w.Exec("PRAGMA user_version=99"); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), s.path, testKey); fault.KindOf(err) != fault.BadInput || !strings.Contains(err.Error(), "format 99") {
		t.Errorf("format 99: %v", err)
	}
}

func chunkEnd(n int) wire.ChunkEnd {
	return wire.ChunkEnd{Chunk: n, Frames: 3, PlaneW: 480, PlaneH: 270,
		Times:    scene.PackTimes([]int64{int64(n) * 1000, int64(n)*1000 + 40, int64(n)*1000 + 80}),
		Coverage: []scene.Coverage{{FromUS: 0, ToUS: 5, Kind: scene.Seen}},
		Plates:   []wire.Plate{{TUS: int64(n) * 1000, JPEG: []byte{byte(n)}}}}
}

func pieceOf(chunk int, start int64) wire.TrackMsg {
	return wire.TrackMsg{Chunk: chunk, OpenEnd: true, Weight: 2, ClassVotes: map[string]float64{"car": 2},
		Track: wire.PackedTrack{Class: "car", StartUS: start, EndUS: start + 10, Path: []byte{1, 2}}}
}

// steps walks the staging into a list that can be compared.
func steps(t *testing.T, s *Store, rec int64) []string {
	t.Helper()
	var out []string
	for p, err := range s.Pieces(t.Context(), rec) {
		switch {
		case err != nil:
			t.Fatal(err)
		case p.End != nil:
			out = append(out, fmt.Sprintf("chunk %d, %d frames, %d bytes of times", p.End.Chunk, p.End.Frames, len(p.End.Times)))
		default:
			out = append(out, fmt.Sprintf("piece %d at %d", p.Track.Chunk, p.Track.Track.StartUS))
		}
	}
	return out
}

func TestChunksResumeAndPieces(t *testing.T) {
	s := openTest(t)
	rec := add(t, s, testRecording(1))
	if err := s.PutChunk(t.Context(), rec, chunkEnd(0), nil); fault.KindOf(err) != fault.NotFound {
		t.Errorf("chunk without analysis: %v", err)
	}
	if _, err := s.Analysis(t.Context(), rec); fault.KindOf(err) != fault.NotFound {
		t.Errorf("no analysis: %v", err)
	}
	if done := begin(t, s, rec, "one"); len(done) != 0 {
		t.Errorf("done at first: %v", done)
	}
	if a, err := s.Analysis(t.Context(), rec); err != nil || a.Recording != rec || a.Identity != "one" {
		t.Errorf("its analysis: %+v, %v", a, err)
	}
	put := func(n int, msgs ...wire.TrackMsg) {
		t.Helper()
		if err := s.PutChunk(t.Context(), rec, chunkEnd(n), msgs); err != nil {
			t.Fatal(err)
		}
	}
	put(1, pieceOf(1, 1010), pieceOf(1, 1020))
	put(0, pieceOf(0, 99), pieceOf(0, 98))
	put(0, pieceOf(0, 10)) // again, after a retry: replaces
	if d := cmp.Diff(map[int]bool{0: true, 1: true}, begin(t, s, rec, "one")); d != "" {
		t.Error(d)
	}
	n := len(chunkEnd(0).Times)
	want := []string{
		fmt.Sprintf("chunk 0, 3 frames, %d bytes of times", n), "piece 0 at 10",
		fmt.Sprintf("chunk 1, 3 frames, %d bytes of times", len(chunkEnd(1).Times)), "piece 1 at 1010", "piece 1 at 1020",
	}
	if d := cmp.Diff(want, steps(t, s, rec)); d != "" {
		t.Error(d)
	}
	var times []int64
	for at, err := range s.FrameTimes(t.Context(), rec) {
		if err != nil {
			t.Fatal(err)
		}
		times = append(times, at)
	}
	if d := cmp.Diff([]int64{0, 40, 80, 1000, 1040, 1080}, times); d != "" {
		t.Error(d)
	}
	plates, err := s.Plates(t.Context(), rec)
	if d := cmp.Diff([]wire.Plate{{TUS: 0, JPEG: []byte{0}}, {TUS: 1000, JPEG: []byte{1}}}, plates); d != "" || err != nil {
		t.Error(d, err)
	}
	if done := begin(t, s, rec, "two"); len(done) != 0 {
		t.Errorf("chunks of another identity count as done: %v", done)
	}
	if got := steps(t, s, rec); got != nil {
		t.Errorf("pieces of another identity: %v", got)
	}
}

// A walk that its reader leaves early must give its connection back.
func TestWalksStopEarly(t *testing.T) {
	s := openTest(t)
	rec := add(t, s, testRecording(1))
	begin(t, s, rec, "one")
	if err := s.PutChunk(t.Context(), rec, chunkEnd(0), []wire.TrackMsg{pieceOf(0, 1), pieceOf(0, 2)}); err != nil {
		t.Fatal(err)
	}
	for range 3 * maxReaders {
		for range s.Pieces(t.Context(), rec) {
			break
		}
		n := 0
		for range s.Pieces(t.Context(), rec) {
			if n++; n == 2 {
				break
			}
		}
		for range s.FrameTimes(t.Context(), rec) {
			break
		}
	}
}

func TestFinishAndSearch(t *testing.T) {
	s := openTest(t)
	rec := add(t, s, testRecording(1))
	begin(t, s, rec, "one")
	if err := s.PutChunk(t.Context(), rec, chunkEnd(0), []wire.TrackMsg{pieceOf(0, 1)}); err != nil {
		t.Fatal(err)
	}
	bare := scene.Track{ID: 1, StartUS: 5, EndUS: 5, Best: scene.Box{W: 4, H: 6}}
	finish(t, s, rec, testTrack(2), bare, testTrack(3))
	if got := steps(t, s, rec); len(got) != 1 {
		t.Errorf("after Finish: %v, want the chunk's end alone", got)
	}
	rows := collect(t, s, Where{Path: true})
	full := testTrack(2)
	full.Crop, full.Masks = nil, nil
	want := Row{Recording: rec, Track: full, TravelPX: rows[1].TravelPX, Status: Proposed,
		Size: Sizes{MinW: 20, MinH: 30, MedianW: 30, MedianH: 40, MaxW: 40, MaxH: 50}}
	if d := cmp.Diff(want, rows[1]); d != "" {
		t.Error(d)
	}
	if rows[1].TravelPX < 110 || rows[1].TravelPX > 130 {
		t.Errorf("travel %v", rows[1].TravelPX)
	}
	if d := cmp.Diff(Row{Recording: rec, Track: bare, Size: Sizes{4, 6, 4, 6, 4, 6}, Status: Proposed}, rows[0]); d != "" {
		t.Error(d)
	}
	if rows := collect(t, s, Where{SQL: "t.class = ? AND t.id > ?", Args: []any{int(scene.Car), 2}}); len(rows) != 1 || rows[0].Track.ID != 3 || rows[0].Track.Path != nil {
		t.Errorf("cars after 2: %+v", rows)
	}
	if rows := collect(t, s, Where{Limit: 2, Path: true}); len(rows) != 2 || rows[0].Track.ID != 1 {
		t.Errorf("limit 2: %+v", rows)
	}
	got, err := s.Track(t.Context(), rec, 3, true)
	if d := cmp.Diff(testTrack(3), got); d != "" || err != nil {
		t.Error(d, err)
	}
	if _, err := s.Track(t.Context(), rec, 4, true); fault.KindOf(err) != fault.NotFound {
		t.Errorf("track 4: %v", err)
	}
	if _, err := s.Crop(t.Context(), rec, 1); fault.KindOf(err) != fault.NotFound {
		t.Errorf("crop of 1: %v", err)
	}
	has, err := s.Cropped(t.Context(), []Key{{rec, 1}, {rec, 2}, {rec, 3}, {rec + 1, 2}})
	if err != nil || !slices.Equal(has, []bool{false, true, true, false}) {
		t.Errorf("pictures of tracks: %v, %v", has, err)
	}
	cov, err := s.Coverage(t.Context(), rec)
	if err != nil || len(cov) != 2 || cov[1].Reason != "decoder" {
		t.Errorf("coverage %v, %v", cov, err)
	}
	as, err := s.Analyses(t.Context())
	if err != nil || len(as) != 1 || as[0].State != Complete || as[0].Tracks != 3 || as[0].PlaneW != 480 ||
		as[0].ChunksDone != 1 || as[0].FinishedUS == 0 || as[0].Params.MinScore != .25 || as[0].Models[0].Name != "m" {
		t.Errorf("analyses %+v, %v", as, err)
	}
	if err := s.PutChunk(t.Context(), rec, chunkEnd(1), nil); err == nil {
		t.Error("a chunk went into a complete analysis")
	}
	begin(t, s, rec, "two")
	if rows := collect(t, s, Where{}); rows != nil {
		t.Errorf("tracks of another identity: %v", rows)
	}
}

// An aborted Finish leaves the staging as it was, so that the next run can
// stitch again.
func TestFinishIsAllOrNothing(t *testing.T) {
	s := openTest(t)
	rec := add(t, s, testRecording(1))
	begin(t, s, rec, "one")
	if err := s.PutChunk(t.Context(), rec, chunkEnd(0), []wire.TrackMsg{pieceOf(0, 1)}); err != nil {
		t.Fatal(err)
	}
	if err := s.Finish(t.Context(), rec, slices.Values([]scene.Track{testTrack(1), testTrack(1)}), nil); err == nil {
		t.Error("two tracks of one id were stored")
	}
	ctx, cancel := context.WithCancel(t.Context())
	giveUp := func(yield func(scene.Track) bool) {
		yield(testTrack(1))
		cancel()
	}
	if err := s.Finish(ctx, rec, giveUp, nil); fault.KindOf(err) != fault.Interrupted {
		t.Errorf("given up: %v", err)
	}
	if rows := collect(t, s, Where{}); rows != nil {
		t.Errorf("tracks of an aborted Finish: %v", rows)
	}
	if n := len(steps(t, s, rec)); n != 2 {
		t.Errorf("%d steps in the staging, want 2", n)
	}
	// The stitcher reads the staging while Finish writes.
	stitch := func(yield func(scene.Track) bool) {
		id := int64(0)
		for p, err := range s.Pieces(t.Context(), rec) {
			if err != nil {
				t.Error(err)
				return
			}
			if id++; p.Track != nil && !yield(testTrack(id)) {
				return
			}
		}
	}
	if err := s.Finish(t.Context(), rec, stitch, nil); err != nil {
		t.Fatal(err)
	}
	if rows := collect(t, s, Where{}); len(rows) != 1 {
		t.Errorf("%d tracks", len(rows))
	}
}

func TestFullDisk(t *testing.T) {
	s := openTest(t)
	rec := add(t, s, testRecording(1))
	begin(t, s, rec, "one")
	if _, err := s.w.Exec("PRAGMA max_page_count=60"); err != nil {
		t.Fatal(err)
	}
	end := chunkEnd(0)
	end.Plates[0].JPEG = make([]byte, 1<<20)
	err := s.PutChunk(t.Context(), rec, end, nil)
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.NoSpace || f.Hint == "" {
		t.Errorf("full disk: %v", err)
	}
	if done := begin(t, s, rec, "one"); len(done) != 0 {
		t.Errorf("half a chunk is done: %v", done)
	}
}

// Where the log or its shared part cannot grow, SQLite speaks of I/O errors.
func TestIOErrorIsTheDisk(t *testing.T) {
	s := openTest(t)
	for _, cause := range []error{sqlite3.IOERR, sqlite3.IOERR_WRITE, sqlite3.IOERR_SHMSIZE, sqlite3.IOERR_FSYNC} {
		err := s.fail(fmt.Errorf("put: %w", cause), "cannot store")
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != fault.NoSpace || f.Hint == "" || !errors.Is(err, cause) {
			t.Errorf("%v: %v", cause, err)
		}
		if strings.Contains(err.Error(), "sqlite") {
			t.Errorf("an officer reads %q", err)
		}
	}
}

// Readers in other processes and other goroutines see whole transactions.
func TestReadersBesideTheWriter(t *testing.T) {
	s := openTest(t)
	other, err := Open(t.Context(), s.path, testKey)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	done := make(chan error)
	for range 3 {
		go func() {
			var err error
			for range 20 {
				var all []Recording
				if all, err = other.Recordings(context.Background()); err != nil {
					break
				}
				for i, r := range all {
					if r.ID != int64(i+1) {
						err = fmt.Errorf("recording %d at %d", r.ID, i)
					}
				}
			}
			done <- err
		}()
	}
	for n := range 10 {
		add(t, s, testRecording(n))
	}
	for range 3 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
