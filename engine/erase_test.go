package engine

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"posteriori/engine/access"
	"posteriori/engine/evidence"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// marked is a store with one recognisable recording: its name, its camera and
// the picture of its first track carry a pattern that is nowhere else.
type marked struct {
	*Store
	pattern []byte
	key     []byte
	rec     index.Recording
}

func newMarked(t *testing.T, s *Store) marked {
	t.Helper()
	p := withProcedure(t, s, "P1")
	m := marked{Store: s, pattern: []byte("REMNANT-" + rand.Text())}
	var err error
	if m.key, err = p.Key(); err != nil {
		t.Fatal(err)
	}
	ix, err := p.Index(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	m.rec = index.Recording{Path: "/evidence/" + string(m.pattern) + ".mp4", Camera: string(m.pattern), Exhibit: "S1", Basis: "seizure",
		ImportedUS: s.Now().UnixMicro(), Probe: wire.Probe{DurationUS: 60_000_000, Width: 640, Height: 360}}
	sum := sha256.Sum256(m.pattern)
	m.rec.SHA256 = hex.EncodeToString(sum[:])
	if m.rec.ID, err = ix.AddRecording(ctx, m.rec); err != nil {
		t.Fatal(err)
	}
	m.fill(t, ix)
	// What was handed over, and what lies in the store.
	for _, path := range []string{"/usb/clip.mp4", filepath.Join(p.DerivedDir(), "sheet.png")} {
		if !strings.HasPrefix(path, "/usb") {
			if err := os.WriteFile(path, m.pattern, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := ix.AddDerived(ctx, index.Derived{Kind: "clip", Name: filepath.Base(path), Path: path, SHA256: m.rec.SHA256, MadeUS: 1}); err != nil {
			t.Fatal(err)
		}
	}
	scratch, _, err := p.TempDir("work-*")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(scratch, "left by a crash"), m.pattern, 0o600); err != nil {
		t.Fatal(err)
	}
	return m
}

// fill puts three tracks of the recording into the index.
func (m marked) fill(t *testing.T, ix *index.Store) {
	t.Helper()
	if _, err := ix.BeginAnalysis(ctx, m.rec.ID, index.Analysis{Identity: "test"}); err != nil {
		t.Fatal(err)
	}
	if err := ix.PutChunk(ctx, m.rec.ID, wire.ChunkEnd{Times: scene.PackTimes(nil)}, nil); err != nil {
		t.Fatal(err)
	}
	var tracks []scene.Track
	for id := int64(1); id <= 3; id++ {
		box := scene.Box{X: 10, Y: 10, W: 40, H: 40}
		tracks = append(tracks, scene.Track{ID: id, StartUS: id * 1_000_000, EndUS: id*1_000_000 + 500_000, Best: box, BestUS: id * 1_000_000,
			Path: scene.Path{{TUS: id * 1_000_000, Box: box}, {TUS: id*1_000_000 + 500_000, Box: box}},
			Crop: &scene.Crop{TUS: id * 1_000_000, Box: box, JPEG: bytes.Repeat(m.pattern, 40)}})
	}
	if err := ix.Finish(ctx, m.rec.ID, slices.Values(tracks), []scene.Coverage{{ToUS: 60_000_000, Kind: scene.Seen}}); err != nil {
		t.Fatal(err)
	}
}

// where lists the files under dir, the derived and temporary ones apart, that
// hold b.
func where(t *testing.T, dir string, b []byte) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, b) || bytes.Contains([]byte(path[len(dir):]), b) {
			files = append(files, path[len(dir):])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// papersOf stands in for the documents, which package engine draws up elsewhere:
// their records alone count here.
func papersOf(s *Store) func(context.Context, procedure.Step) error {
	return func(ctx context.Context, step procedure.Step) error {
		sub := map[procedure.Step]journal.Sub{procedure.StepReport: journal.SubReport, procedure.StepMention: journal.SubMention,
			procedure.StepCertificate: journal.SubCertificate}[step]
		return s.Do(ctx, ActSpec{Procedure: "P1", Operation: journal.Communicate, Sub: sub, Reason: "close"},
			func(a *Act) error { return a.Record(journal.Details{}) })
	}
}

// TestRemnants: before the purge the encrypted index shows nothing in plain;
// after it, no byte of the store holds the object or the key.
func TestRemnants(t *testing.T) {
	testRemnants(t, testStore(t, true), nil)
}

// TestRemnantsOnDisk looks at the blocks of the disk too, freed ones included.
func TestRemnantsOnDisk(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("making a small disk takes root")
	}
	image := filepath.Join(t.TempDir(), "disk")
	dir := filepath.Join(t.TempDir(), "mnt")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, cmd := range [][]string{{"truncate", "-s", "24M", image}, {"mkfs.ext4", "-q", "-O", "^has_journal", image}, {"mount", "-o", "loop", image, dir}} {
		if out, err := exec.Command(cmd[0], cmd[1:]...).CombinedOutput(); err != nil {
			t.Skipf("no small disk can be made here: %s: %v %s", cmd[0], err, out)
		}
	}
	mounted := true
	unmount := func() {
		if mounted {
			mounted = false
			if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
				t.Errorf("umount: %v %s", err, out)
			}
		}
	}
	t.Cleanup(unmount)
	s, err := Init(filepath.Join(dir, "store"), InitOptions{Demo: true, Reason: "test", first: demoUser})
	if err != nil {
		t.Fatal(err)
	}
	testRemnants(t, s, func(m marked) {
		unmount()
		raw, err := os.ReadFile(image)
		if err != nil {
			t.Fatal(err)
		}
		for what, b := range map[string][]byte{"the object": m.pattern, "the key": m.key} {
			if bytes.Contains(raw, b) {
				t.Errorf("the disk still holds %s", what)
			}
		}
	})
}

func testRemnants(t *testing.T, s *Store, more func(marked)) {
	m := newMarked(t, s)
	for _, f := range where(t, s.dir, m.pattern) {
		if !strings.Contains(f, "/derived/") && !strings.Contains(f, "/tmp/") {
			t.Errorf("%s shows the object before the purge", f)
		}
	}
	if files := where(t, s.dir, m.key); len(files) != 1 {
		t.Errorf("the key is in %v, want its file alone", files)
	}
	if err := s.CloseProcedure(ctx, "P1", CloseOptions{Reason: "close", Paper: papersOf(s)}); err != nil {
		t.Fatal(err)
	}
	for what, b := range map[string][]byte{"the object": m.pattern, "the key": m.key} {
		if files := where(t, s.dir, b); len(files) > 0 {
			t.Errorf("%v still hold %s", files, what)
		}
	}
	checkPurged(t, m)
	if more != nil {
		more(m)
	}
}

// checkPurged looks at what is left of P1: a journal that verifies and tells
// what was destroyed, and refusals.
func checkPurged(t *testing.T, m marked) {
	t.Helper()
	var purge *journal.Record
	for _, r := range records(t, m.Store, "P1") {
		if r.Sub == journal.SubPurge && r.Outcome == journal.OK {
			purge = &r
		}
	}
	if purge == nil || purge.Erasure == nil || purge.Erasure.Ground == "" || purge.Erasure.Method == "" {
		t.Fatalf("the purge's record: %+v", purge)
	}
	for what, n := range map[string]int64{"recordings": 1, "tracks": 3, "derived": 1, "handed_over": 1} {
		if purge.Erasure.Counts[what] != n {
			t.Errorf("the record counts %d %s, want %d", purge.Erasure.Counts[what], what, n)
		}
	}
	for _, sub := range []journal.Sub{journal.SubQuery, journal.SubImport, journal.SubAnalyse, journal.SubErase} {
		err := m.Do(ctx, ActSpec{Procedure: "P1", Operation: journal.Consult, Sub: sub, Reason: "look"}, func(a *Act) error {
			_, err := a.Procedure().Index(ctx)
			return err
		})
		if fault.KindOf(err) != fault.Refused {
			t.Errorf("%s after the purge: %v", sub, err)
		}
	}
	if _, err := evidence.Hash(ctx, m.keyPath("P1"), nil); fault.KindOf(err) != fault.BadInput {
		t.Errorf("the key's file: %v", err)
	}
}

// TestClosureGoesOn: broken off at each step in turn, before it or after its
// record, closing comes to the same end when it is called again.
func TestClosureGoesOn(t *testing.T) {
	for _, at := range []procedure.Step{procedure.StepBegin, procedure.StepReport, procedure.StepMention, procedure.StepCopy,
		procedure.StepPurge, procedure.StepCertificate, procedure.StepFinish} {
		m := newMarked(t, testStore(t, true))
		killed := errors.New("killed")
		stop, cancel := context.WithCancelCause(ctx)
		request := &procedure.CopyRequest{Reference: "R-1", Magistrate: "M"}
		o := CloseOptions{Reason: "close", Copy: request, CopyDir: filepath.Join(t.TempDir(), "copy"), Paper: papersOf(m.Store)}
		o.Tell = func(done procedure.Step) {
			if done == at {
				cancel(killed)
			}
		}
		err := m.CloseProcedure(stop, "P1", o)
		cancel(nil)
		if at != procedure.StepFinish && err == nil {
			t.Fatalf("%s: it was not interrupted", at)
		}
		if at == procedure.StepPurge { // as if the key alone had been destroyed by then
			if err := os.WriteFile(m.Store.procedureDir("P1")+"/index.db", m.pattern, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if at != procedure.StepFinish {
			o.Tell = nil // the same command again
			if err := m.CloseProcedure(ctx, "P1", o); err != nil {
				t.Fatalf("%s: %v", at, err)
			}
		}
		p, err := m.OpenProcedure("P1")
		if err != nil || p.Doc.State != procedure.Closed {
			t.Fatalf("%s: %v, %v", at, p, err)
		}
		if files := where(t, m.dir, m.pattern); len(files) > 0 {
			t.Errorf("%s: %v are left", at, files)
		}
		checkPurged(t, m)
	}
}

// TestClosingNeedsPapers: a report that an act has made stale is made anew, and
// a closure that lacks one is refused before anything happens.
func TestClosingNeedsPapers(t *testing.T) {
	m := newMarked(t, testStore(t, true))
	paper := papersOf(m.Store)
	for _, step := range []procedure.Step{procedure.StepReport, procedure.StepMention} {
		if err := paper(ctx, step); err != nil {
			t.Fatal(err)
		}
	}
	have, err := m.Papers("P1")
	if err != nil || !have.Report || !have.Mention {
		t.Fatalf("%+v, %v", have, err)
	}
	if err := m.Do(ctx, ActSpec{Procedure: "P1", Operation: journal.Modify, Sub: journal.SubAuthorise, Reason: "x"},
		func(a *Act) error { return a.Record(journal.Details{}) }); err != nil {
		t.Fatal(err)
	}
	if have, _ = m.Papers("P1"); have.Report || have.Mention {
		t.Errorf("still up to date: %+v", have)
	}
	err = m.CloseProcedure(ctx, "P1", CloseOptions{Reason: "close"})
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.Refused || f.Rule != "13" {
		t.Errorf("without papers: %v", err)
	}
	err = m.CloseProcedure(ctx, "P1", CloseOptions{Reason: "close", Paper: paper, CopyDir: "x"})
	if !errors.As(err, &f) || f.Kind != fault.Refused || f.Rule != "13" {
		t.Errorf("a copy without request: %v", err)
	}
	p, err := m.OpenProcedure("P1")
	if err != nil || p.Doc.State != procedure.Open {
		t.Errorf("a refused closure left it %s, %v", p.Doc.State, err)
	}
	last := records(t, m.Store, "P1")
	if r := last[len(last)-1]; r.Outcome != journal.Refused || r.Rule != "13" {
		t.Errorf("the refusal's record: %+v", r)
	}
}

// act runs do in P1.
func (m marked) act(sub journal.Sub, do func(*Act, *index.Store) error) error {
	return m.Do(ctx, ActSpec{Procedure: "P1", Operation: journal.Erase, Sub: sub, Reason: "on order"}, func(a *Act) error {
		ix, err := a.Procedure().Index(ctx)
		if err != nil {
			return err
		}
		defer ix.Close()
		return do(a, ix)
	})
}

// TestOrdered: what is ordered erased is gone everywhere, with what in the
// store shows it, and the report is stale; an order that is not complete is
// refused and erases nothing.
func TestOrdered(t *testing.T) {
	m := newMarked(t, testStore(t, true))
	order := procedure.Authorisation{Reference: "O-1", Magistrate: "M", Quality: procedure.Referent, Date: "2025-02-01"}
	if err := papersOf(m.Store)(ctx, procedure.StepReport); err != nil {
		t.Fatal(err)
	}
	err := m.act(journal.SubErase, func(a *Act, ix *index.Store) error {
		_, err := a.EraseOrdered(ctx, ix, Order{Recording: m.rec, Track: 2, Decision: procedure.Authorisation{Magistrate: "M"}})
		return err
	})
	if fault.KindOf(err) != fault.Refused {
		t.Fatalf("without an order: %v", err)
	}
	var done Erased
	err = m.act(journal.SubErase, func(a *Act, ix *index.Store) error {
		if done, err = a.EraseOrdered(ctx, ix, Order{Recording: m.rec, Track: 2, Decision: order}); err != nil {
			return err
		}
		_, terr := ix.Track(ctx, m.rec.ID, 2, true)
		if fault.KindOf(terr) != fault.NotFound {
			t.Errorf("track 2 is still there: %v", terr)
		}
		_, terr = ix.Track(ctx, m.rec.ID, 1, true)
		return terr
	})
	if err != nil || len(done.Tracks) != 1 || len(done.Outside) != 1 {
		t.Fatalf("%+v, %v", done, err)
	}
	if have, _ := m.Papers("P1"); have.Report {
		t.Error("the report is not stale")
	}
	if _, err := os.Stat(filepath.Join(m.procedureDir("P1"), "derived", "sheet.png")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file of the store that showed it: %v", err)
	}
	car := scene.Car
	err = m.act(journal.SubRectify, func(a *Act, ix *index.Store) error {
		if err := a.RectifyOrdered(ctx, ix, Order{Recording: m.rec, Track: 1, Decision: order}, index.Correction{Class: &car}); err != nil {
			return err
		}
		t1, err := ix.Track(ctx, m.rec.ID, 1, false)
		if t1.Class != scene.Car {
			t.Errorf("class %v", t1.Class)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	err = m.act(journal.SubErase, func(a *Act, ix *index.Store) error {
		done, err = a.EraseOrdered(ctx, ix, Order{Recording: m.rec, Decision: order})
		return err
	})
	if err != nil || !slices.Equal(done.Recordings, []int64{1}) || done.Counts["track"] != 2 {
		t.Fatalf("%+v, %v", done, err)
	}
	p, err := m.OpenProcedure("P1")
	if err != nil || procedure.MayRecord(p.Doc, m.rec.SHA256, m.Now()) == nil {
		t.Errorf("what was erased on order may come in again: %v", err)
	}
	for _, r := range records(t, m.Store, "P1") {
		if r.Sub == journal.SubErase && r.Outcome == journal.OK && (r.Erasure == nil || r.Erasure.Decision != "O-1" || r.Decision == nil) {
			t.Errorf("an erasure's record: %+v", r)
		}
	}
}

// TestPurgeDue: three years after its first import, and not a day before, a
// recording is erased, also when an erasure was broken off after its record.
func TestPurgeDue(t *testing.T) {
	m := newMarked(t, testStore(t, true))
	imported := time.UnixMicro(m.rec.ImportedUS).UTC()
	at := imported.AddDate(3, 0, -1)
	s := m.Store.WithClock(func() time.Time { return at })
	var told []string
	s.OnNotice(func(line string) { told = append(told, line) })
	if done, err := s.PurgeDue(ctx, "nightly"); err != nil || len(done) != 0 {
		t.Fatalf("%+v, %v", done, err)
	}
	// As an interruption leaves it: marked as erased, still in the index.
	err := m.act(journal.SubImport, func(a *Act, _ *index.Store) error {
		return a.ChangeProcedure(ctx, journal.Details{}, func(d procedure.Document) (procedure.Document, error) {
			return procedure.NoteItems(d, []string{m.rec.SHA256}, imported), nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Do(ctx, spec("P1", "look"), func(a *Act) error { return a.Record(journal.Details{}) }); err != nil {
		t.Fatal(err)
	}
	if len(told) != 1 || !strings.Contains(told[0], "1 recording will be erased by law") {
		t.Errorf("told %q", told)
	}
	at = imported.AddDate(3, 0, 1)
	done, err := s.PurgeDue(ctx, "nightly")
	if err != nil || len(done) != 1 || !slices.Equal(done[0].Recordings, []int64{1}) || done[0].Counts["track"] != 3 {
		t.Fatalf("%+v, %v", done, err)
	}
	if done, err = s.PurgeDue(ctx, "nightly"); err != nil || len(done) != 0 {
		t.Errorf("a second time: %+v, %v", done, err)
	}
	err = s.Do(ctx, ActSpec{Procedure: "P1", Operation: journal.Collect, Sub: journal.SubImport, Reason: "again"}, func(a *Act) error {
		return a.RecordItems(ctx, journal.Details{}, []string{m.rec.SHA256})
	})
	if fault.KindOf(err) != fault.Refused {
		t.Errorf("imported again: %v", err)
	}
}

// newOverdue makes a procedure with a recording that the clock can make due, and an
// agent of it, who may look and may not purge.
func newOverdue(t *testing.T) (m marked, clock *time.Time, agent *Store) {
	t.Helper()
	m = newMarked(t, testStore(t, false))
	now := m.Now()
	clock = &now
	m.Store = m.WithClock(func() time.Time { return *clock })
	err := m.act(journal.SubImport, func(a *Act, _ *index.Store) error {
		return a.RecordItems(ctx, journal.Details{}, []string{m.rec.SHA256})
	})
	if err != nil {
		t.Fatal(err)
	}
	addUser(t, m.Store, access.Agent)
	if err := changeUser(t, m.Store, journal.SubUserAssign, on(func(u access.User) (access.User, error) { return u.AssignedTo("P1") })); err != nil {
		t.Fatal(err)
	}
	return m, clock, m.as("jmartin", "70001")
}

// search is an act that looks at what the procedure holds.
func search(s *Store) (recordings int, err error) {
	err = s.Do(ctx, spec("P1", "search"), func(a *Act) error {
		ix, err := a.Procedure().Index(ctx)
		if err != nil {
			return err
		}
		defer ix.Close()
		recs, err := ix.Recordings(ctx)
		recordings = len(recs)
		return errors.Join(err, a.Record(journal.Details{}))
	})
	return recordings, err
}

// TestActsEraseWhatIsDueFirst: from the day on which its time is over no act
// sees a recording, whoever acts, and nobody had to purge it.
func TestActsEraseWhatIsDueFirst(t *testing.T) {
	m, clock, agent := newOverdue(t)
	var told []string
	agent.OnNotice(func(line string) { told = append(told, line) })
	*clock = clock.AddDate(3, 0, -1)
	if n, err := search(agent); n != 1 || err != nil {
		t.Fatalf("a day before: %d recordings, %v", n, err)
	}
	*clock = clock.AddDate(0, 0, 1)
	told = nil
	if n, err := search(agent); n != 0 || err != nil {
		t.Fatalf("%d recordings, %v", n, err)
	}
	if len(told) != 2 || !strings.Contains(told[0], "recordings [1] were erased first") || !strings.Contains(told[1], "/usb/clip.mp4") {
		t.Errorf("told %q", told)
	}
	if _, err := search(agent); err != nil {
		t.Fatal(err)
	}
	var acts []string
	for _, r := range records(t, m.Store, "P1") {
		if r.Person.UID == "70001" {
			acts = append(acts, string(r.Sub))
		}
		if r.Sub == journal.SubPurge && (r.Reason != overdueReason || r.Erasure == nil || r.Erasure.Counts["tracks"] != 3) {
			t.Errorf("the record of the erasure: %+v", r)
		}
	}
	if want := []string{"query", "purge", "query", "query"}; !slices.Equal(acts, want) {
		t.Errorf("records %q, want %q", acts, want)
	}
	err := agent.Do(ctx, ActSpec{Procedure: "P1", Operation: journal.Erase, Sub: journal.SubPurge, Reason: "x"}, func(*Act) error { return nil })
	if ruleOf(err) != "7" {
		t.Errorf("an agent may purge: %v", err)
	}
}

// TestInterruptedErasureGoesOn: what was recorded as erased, on order too, and
// was killed before the index followed, the next act erases.
func TestInterruptedErasureGoesOn(t *testing.T) {
	m, _, agent := newOverdue(t)
	p, err := m.OpenProcedure("P1")
	if err != nil {
		t.Fatal(err)
	}
	err = m.act(journal.SubErase, func(a *Act, _ *index.Store) error {
		if err := writeNew(p.erasingPath(), nil); err != nil {
			return err
		}
		return a.ChangeProcedure(ctx, journal.Details{}, func(d procedure.Document) (procedure.Document, error) {
			return procedure.NoteErased(d, []string{m.rec.SHA256}, procedure.GroundOrder, m.Now()), nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := search(agent); n != 0 || err != nil || p.erasing() {
		t.Errorf("%d recordings, %v, still erasing %v", n, err, p.erasing())
	}
	for _, r := range records(t, m.Store, "P1") {
		if r.Sub == journal.SubPurge && (r.Erasure == nil || !strings.HasSuffix(r.Erasure.Ground, "on order")) {
			t.Errorf("the ground of what was ordered: %+v", r.Erasure)
		}
	}
}

// TestLeapingClockErasesNothing: a date that nothing vouches for erases nothing
// and lets nothing be read; set right, all is there; as time really passes, in
// steps that the journals know of, what is due goes unasked.
func TestLeapingClockErasesNothing(t *testing.T) {
	m, clock, agent := newOverdue(t)
	agent.clock = clockLoose
	recorded := *clock
	*clock = recorded.AddDate(3, 1, 0)
	for range 2 { // the refusal that the first left is no witness
		n, err := search(agent)
		if n != 0 || ruleOf(err) != "14" || !errors.Is(err, ErrOverdue) || !strings.Contains(err.Error(), "and 2028-04-01 and no time service") {
			t.Fatalf("after a leap: %d recordings, %v", n, err)
		}
		*clock = clock.AddDate(0, 0, 1)
	}
	theirs := *m.Store
	theirs.clock = clockLoose
	if done, err := theirs.PurgeDue(ctx, "nightly"); len(done) != 0 || !errors.Is(err, ErrOverdue) {
		t.Fatalf("the nightly erasure after a leap: %+v, %v", done, err)
	}
	*clock = recorded.AddDate(0, 0, 1)
	if n, err := search(agent); n != 1 || err != nil {
		t.Fatalf("the clock set right: %d recordings, %v", n, err)
	}
	for *clock = clock.AddDate(0, 0, 29); clock.Before(recorded.AddDate(3, 0, 0)); *clock = clock.AddDate(0, 0, 29) {
		if n, err := search(agent); n != 1 || err != nil {
			t.Fatalf("%v: %d recordings, %v", *clock, n, err)
		}
	}
	if n, err := search(agent); n != 0 || err != nil {
		t.Errorf("three years in steps: %d recordings, %v", n, err)
	}
}

// TestVouchedDatesErase: a time service, or a person whom the record names,
// lets what is due be erased after a time of which the journals know nothing.
func TestVouchedDatesErase(t *testing.T) {
	m, clock, agent := newOverdue(t)
	*clock = clock.AddDate(3, 0, 0)
	agent.clock = clockLoose
	if _, err := search(agent); !errors.Is(err, ErrOverdue) {
		t.Fatal(err)
	}
	loose := *m.Store
	loose.clock = clockLoose
	done, err := loose.ConfirmClock().PurgeDue(ctx, "we looked at the calendar")
	if err != nil || len(done) != 1 {
		t.Fatalf("%+v, %v", done, err)
	}
	all := records(t, m.Store, "P1")
	if last := all[len(all)-1]; last.Sub != journal.SubPurge || last.Clock != clockLoose+clockConfirmed {
		t.Errorf("the record of a vouched date: %+v", last)
	}
	// From then on the date is known, and needs no second word.
	if from, _ := loose.unseen(clock.AddDate(-3, 0, 0)); !from.IsZero() {
		t.Errorf("nothing is known since %v", from)
	}

	m, clock, agent = newOverdue(t)
	*clock = clock.AddDate(3, 0, 0)
	agent.clock = clockKept
	if n, err := search(agent); n != 0 || err != nil {
		t.Errorf("a synchronised clock: %d recordings, %v", n, err)
	}
}

// TestLeapingClockKeepsNoOrderedErasureWaiting: what was recorded as erased goes,
// whatever the date; what is due by the date alone stays.
func TestLeapingClockKeepsNoOrderedErasureWaiting(t *testing.T) {
	m, clock, agent := newOverdue(t)
	p, err := m.OpenProcedure("P1")
	if err != nil {
		t.Fatal(err)
	}
	other := strings.Repeat("ab", 32)
	err = m.act(journal.SubErase, func(a *Act, _ *index.Store) error {
		if err := writeNew(p.erasingPath(), nil); err != nil {
			return err
		}
		return a.ChangeProcedure(ctx, journal.Details{}, func(d procedure.Document) (procedure.Document, error) {
			return procedure.NoteErased(procedure.NoteItems(d, []string{other}, m.Now()), []string{m.rec.SHA256}, procedure.GroundOrder, m.Now()), nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	*clock = clock.AddDate(3, 0, 0)
	agent.clock = clockLoose
	if _, err := search(agent); !errors.Is(err, ErrOverdue) || p.erasing() {
		t.Errorf("%v, still erasing %v", err, p.erasing())
	}
	if p, err = m.OpenProcedure("P1"); err != nil {
		t.Fatal(err)
	}
	for _, it := range p.Doc.Retention.Items {
		if (it.Erased == nil) != (it.SHA256 == other) {
			t.Errorf("%+v", it)
		}
	}
}

// TestDueIsNotReadBesideAJob: while a job keeps what is due from being erased,
// acts are refused, and the job is stopped.
func TestDueIsNotReadBesideAJob(t *testing.T) {
	m, clock, agent := newOverdue(t)
	m.poll = time.Millisecond
	var mu sync.Mutex
	now := *clock
	m.Store = m.WithClock(func() time.Time { mu.Lock(); defer mu.Unlock(); return now })
	agent = m.as("jmartin", "70001")
	err := m.Do(ctx, ActSpec{Procedure: "P1", Operation: journal.Collect, Sub: journal.SubAnalyse, Reason: "x"}, func(a *Act) error {
		unlock, err := a.Procedure().LockAnalysis(ctx)
		if err != nil {
			return err
		}
		defer unlock()
		if err := a.Record(journal.Details{}); err != nil {
			return err
		}
		job, stop := a.Watch(ctx, nil)
		mu.Lock()
		now = now.AddDate(3, 0, 1)
		mu.Unlock()
		if n, err := search(agent); n != 0 || ruleOf(err) != "14" || !errors.Is(err, ErrOverdue) {
			t.Errorf("beside the job: %d recordings, %v", n, err)
		}
		<-job.Done()
		return stop(job.Err())
	})
	if ruleOf(err) != "14" || !errors.Is(err, ErrOverdue) {
		t.Errorf("the job ended with %v", err)
	}
	if n, err := search(agent); n != 0 || err != nil {
		t.Errorf("after it: %d recordings, %v", n, err)
	}
}

// TestTestClock: only a demonstration store's clock can be set.
func TestTestClock(t *testing.T) {
	start := time.Date(2028, 3, 1, 0, 0, 0, 0, time.UTC)
	s, err := testStore(t, true).WithTestClock(start)
	if err != nil || s.Now().Before(start) {
		t.Fatalf("%v, %v", s.Now(), err)
	}
	withProcedure(t, s, "P1")
	if r := records(t, s, "P1")[0]; r.Clock != testClock {
		t.Errorf("the record's clock is %q", r.Clock)
	}
	if _, err := testStore(t, false).WithTestClock(start); fault.KindOf(err) != fault.Refused {
		t.Errorf("a real store: %v", err)
	}
}
