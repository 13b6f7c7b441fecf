package engine

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"posteriori/engine/fault"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
)

var ctx = context.Background()

// deployed is the deployment record of stores for cases.
var deployed = Compliance{Reference: "RU-018 n° 2231", Date: "2025-01-15", ImpactAssessment: "AIPD v3"}

// testStore makes a store whose maker has every role, also where it is one
// for cases.
func testStore(t *testing.T, demo bool) *Store {
	t.Helper()
	o := InitOptions{Demo: demo, Compliance: deployed, Reason: "set up the service's machine", first: demoUser}
	s, err := Init(filepath.Join(t.TempDir(), "a", "store"), o)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2025, 3, 1, 9, 0, 0, 0, time.UTC)
	return s.WithClock(func() time.Time { at = at.Add(time.Second); return at })
}

func testDoc(id string, frame procedure.Frame) procedure.Document {
	return procedure.Document{ID: id, Frame: frame, Offence: "vol aggravé", Imprisonment: true, Service: "SRPJ", Parquet: "25/060"}
}

func withProcedure(t *testing.T, s *Store, id string) *Procedure {
	t.Helper()
	p, err := s.CreateProcedure(ctx, "open "+id, testDoc(id, procedure.Preliminary))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// records reads a journal that must verify.
func records(t *testing.T, s *Store, id string) []journal.Record {
	t.Helper()
	r, err := s.VerifyJournal(ctx, id, nil)
	if err != nil || !r.Intact {
		t.Fatalf("journal of %q: %+v, %v", id, r, err)
	}
	var out []journal.Record
	for r, err := range journal.Read(os.DirFS(s.journalDir(id)), journal.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

func TestInit(t *testing.T) {
	s := testStore(t, true)
	if s.Mark() != "DÉMONSTRATION" || !s.Demo() {
		t.Error("not marked")
	}
	rs := records(t, s, "")
	if len(rs) != 1 || rs[0].Sub != journal.SubInit || rs[0].Outcome != journal.OK || !rs[0].Demo {
		t.Errorf("%+v", rs)
	}
	who := rs[0]
	if who.Person.UID == "" || who.Host == "" || len(who.Build.SHA256) != 64 || !strings.Contains(who.Clock, "system clock") {
		t.Errorf("actor: %+v, build %+v, clock %q", who.Person, who.Build, who.Clock)
	}
	for _, path := range []string{"", "keys", "keys/journal.key"} {
		info, err := os.Stat(filepath.Join(s.Dir(), path))
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%q: %v, %v", path, info.Mode(), err)
		}
	}
	if testStore(t, false).Mark() != "" {
		t.Error("a store for cases is marked")
	}
	if _, err := Init(s.Dir(), InitOptions{Compliance: deployed, Reason: "again"}); fault.KindOf(err) != fault.BadInput {
		t.Errorf("twice: %v", err)
	}
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Init(full, InitOptions{Compliance: deployed, Reason: "over files"}); fault.KindOf(err) != fault.BadInput {
		t.Errorf("over files: %v", err)
	}
	empty := t.TempDir()
	if _, err := Init(empty, InitOptions{Compliance: deployed, Reason: " "}); fault.KindOf(err) != fault.Refused {
		t.Errorf("no reason: %v", err)
	}
	if _, err := Init(empty, InitOptions{Compliance: deployed, Reason: "an empty folder will do"}); err != nil {
		t.Error(err)
	}
	if list, _ := os.ReadDir(filepath.Dir(s.Dir())); len(list) != 1 {
		t.Errorf("left beside the store: %v", list)
	}
}

func TestOpenStore(t *testing.T) {
	if _, err := Open(t.TempDir()); fault.KindOf(err) != fault.NotFound {
		t.Errorf("no store: %v", err)
	}
	for name, c := range map[string]struct {
		file, text string
		want       fault.Kind
	}{
		"garbled":    {storeFile, "{", fault.BadInput},
		"new format": {storeFile, `{"format":99}`, fault.BadInput},
	} {
		s := testStore(t, false)
		if err := os.WriteFile(filepath.Join(s.Dir(), c.file), []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(s.Dir()); fault.KindOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := testStore(t, false)
	if err := os.Remove(filepath.Join(s.Dir(), "keys", "journal.key")); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(s.Dir()); fault.KindOf(err) != fault.Integrity {
		t.Errorf("no key: %v", err)
	}
}

func TestCreateProcedure(t *testing.T) {
	s := testStore(t, true)
	p := withProcedure(t, s, "P1")
	if !p.Doc.Demo || p.Doc.State != procedure.Open {
		t.Errorf("%+v", p.Doc)
	}
	rs := records(t, s, "P1")
	if len(rs) != 1 || rs[0].Sub != journal.SubOpen || rs[0].Procedure.ID != "P1" || rs[0].Procedure.Frame != "preliminary" {
		t.Errorf("%+v", rs)
	}
	if n := len(records(t, s, "")); n != 1 {
		t.Errorf("the store's journal has %d records, want that of init alone", n)
	}
	key, err := p.Key()
	if err != nil || len(key) != 32 {
		t.Fatalf("key: %d bytes, %v", len(key), err)
	}
	key2, err := withProcedure(t, s, "P2").Key()
	if err != nil || cmp.Equal(key, key2) {
		t.Errorf("two procedures share a key (%v)", err)
	}
	ix, err := p.Index(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := ix.Close(); err != nil {
		t.Error(err)
	}
	if err := os.Rename(p.IndexPath(), p.IndexPath()+".lost"); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Index(ctx); fault.KindOf(err) != fault.Integrity {
		t.Errorf("a lost index: %v", err)
	}
	docs, err := s.Procedures()
	if err != nil || len(docs) != 2 || docs[0].ID != "P1" || docs[1].ID != "P2" {
		t.Errorf("%+v, %v", docs, err)
	}

	_, err = s.CreateProcedure(ctx, "again", testDoc("P1", procedure.Preliminary))
	if fault.KindOf(err) != fault.BadInput {
		t.Errorf("twice: %v", err)
	}
	noFrame := testDoc("P3", "")
	if _, err := s.CreateProcedure(ctx, "no frame", noFrame); fault.KindOf(err) != fault.Refused {
		t.Errorf("no frame: %v", err)
	}
	if _, err := s.CreateProcedure(ctx, "", testDoc("P4", procedure.Preliminary)); fault.KindOf(err) != fault.Refused {
		t.Errorf("no reason: %v", err)
	}
	if _, err := s.CreateProcedure(ctx, "up", testDoc("../P5", procedure.Preliminary)); fault.KindOf(err) != fault.Usage {
		t.Errorf("bad ID: %v", err)
	}
	got := outcomes(records(t, s, "")[1:])
	want := []string{"procedure-open failed  P1", "procedure-open refused 3 P3", "procedure-open refused 8 ", "procedure-open failed  "}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if list, _ := os.ReadDir(filepath.Join(s.Dir(), "tmp")); len(list) != 0 {
		t.Errorf("left in tmp: %v", list)
	}
}

// outcomes puts records in short.
func outcomes(rs []journal.Record) []string {
	var out []string
	for _, r := range rs {
		s := string(r.Sub) + " " + string(r.Outcome) + " " + r.Rule + " "
		if r.Procedure != nil {
			s += r.Procedure.ID
		}
		out = append(out, s)
	}
	return out
}

// Two commands that change one procedure at once both leave their mark.
func TestChangeProcedure(t *testing.T) {
	s := testStore(t, false)
	withProcedure(t, s, "P1")
	auth := procedure.Authorisation{Magistrate: "M. X", Quality: procedure.Procureur, Date: "2025-03-01",
		Reference: "A-1", Document: "a.pdf", SHA256: strings.Repeat("0", 64)}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			err := s.Do(ctx, spec("P1", "the magistrate signed"), func(a *Act) error {
				return a.ChangeProcedure(ctx, journal.Details{}, func(d procedure.Document) (procedure.Document, error) {
					return procedure.Authorise(d, auth, s.now())
				})
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	p, err := s.OpenProcedure("P1")
	if err != nil || len(p.Doc.Authorisations) != 4 {
		t.Errorf("%d of 4 authorisations, %v", len(p.Doc.Authorisations), err)
	}
	err = s.Do(ctx, spec("P1", "incomplete"), func(a *Act) error {
		return a.ChangeProcedure(ctx, journal.Details{}, func(d procedure.Document) (procedure.Document, error) {
			return procedure.Authorise(d, procedure.Authorisation{}, s.now())
		})
	})
	if fault.KindOf(err) != fault.Refused {
		t.Error(err)
	}
	rs := records(t, s, "P1")
	if len(rs) != 6 || rs[5].Outcome != journal.Refused || rs[5].Rule != "4" {
		t.Errorf("%v", outcomes(rs))
	}
	if err := s.Do(ctx, spec("P1", "look"), func(a *Act) error { return a.Record(journal.Details{}) }); err != nil {
		t.Error(err)
	}
	if rs = records(t, s, "P1"); rs[6].Procedure.Authorisation != "A-1" {
		t.Errorf("authorisation %q", rs[6].Procedure.Authorisation)
	}
}

func TestOpenProcedure(t *testing.T) {
	s := testStore(t, false)
	withProcedure(t, s, "P1")
	if _, err := s.OpenProcedure("P9"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("absent: %v", err)
	}
	if _, err := s.OpenProcedure("../P1"); fault.KindOf(err) != fault.Usage {
		t.Errorf("path: %v", err)
	}
	if err := os.Rename(s.procedureDir("P1"), s.procedureDir("P7")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.OpenProcedure("P7"); fault.KindOf(err) != fault.Integrity {
		t.Errorf("renamed folder: %v", err)
	}
	if _, err := s.ProcedureKey("P7"); fault.KindOf(err) != fault.Integrity || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no key: %v", err)
	}
}
