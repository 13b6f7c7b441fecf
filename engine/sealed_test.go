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

	"posteriori/engine/fault"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
)

// word is the magistrate's, with its document.
func word(ref string) procedure.Authorisation {
	return procedure.Authorisation{Magistrate: "M", Quality: procedure.Procureur, Date: "2025-03-01", Reference: ref,
		Document: "a.pdf", SHA256: strings.Repeat("ab", 32)}
}

func changing(s *Store, id string, sub journal.Sub, change func(procedure.Document) (procedure.Document, error)) error {
	return s.Do(ctx, ActSpec{Procedure: id, Operation: journal.Modify, Sub: sub, Reason: "x"}, func(a *Act) error {
		return a.ChangeProcedure(ctx, journal.Details{}, change)
	})
}

func authorise(t *testing.T, s *Store, id string) {
	t.Helper()
	if err := changing(s, id, journal.SubAuthorise, func(d procedure.Document) (procedure.Document, error) {
		return procedure.Authorise(d, word("A-1"), s.now())
	}); err != nil {
		t.Fatal(err)
	}
}

func revoke(s *Store, id string) error {
	return changing(s, id, journal.SubRevoke, func(d procedure.Document) (procedure.Document, error) {
		return procedure.Revoke(d, word("R-1"), s.now())
	})
}

// A document written by hand opens nothing, and neither does an older one put
// back: that of before a revocation, say.
func TestProcedureWrittenByHand(t *testing.T) {
	s := testStore(t, true)
	withProcedure(t, s, "P-1")
	withProcedure(t, s, "P-2")
	path := s.sealedProcedure("P-1").path
	read := func(path string) []byte {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	opened := read(path)
	authorise(t, s, "P-1")
	authorised := read(path)
	if err := revoke(s, "P-1"); err != nil {
		t.Fatal(err)
	}
	revoked := read(path)
	for name, text := range map[string][]byte{
		"before the revocation":    authorised,
		"before the authorisation": opened,
		"another offence":          []byte(strings.Replace(string(revoked), `"vol aggravé"`, `"viol"`, 1)),
		"of another procedure":     read(s.sealedProcedure("P-2").path),
		"empty":                    nil,
	} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.OpenProcedure("P-1"); fault.KindOf(err) != fault.Integrity {
			t.Errorf("%s: %v", name, err)
		}
		if err := s.Do(ctx, spec("P-1", "x"), func(*Act) error { t.Error("went on"); return nil }); fault.KindOf(err) != fault.Integrity {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := s.OpenProcedure("P-1"); fault.KindOf(err) != fault.Integrity {
		t.Errorf("gone: %v", err)
	}
	// Recorded, but the process died before the file was in place.
	for name, b := range map[string][]byte{path: authorised, path + ".next": revoked} {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, err := s.OpenProcedure("P-1")
	if err != nil || procedure.MayAnalyse(p.Doc) == nil {
		t.Errorf("the revocation was not put in place: %+v, %v", p, err)
	}
	// A content that no record names is of an act that did not happen.
	if err := os.WriteFile(path+".next", authorised, 0o600); err != nil {
		t.Fatal(err)
	}
	if p, err := s.OpenProcedure("P-1"); err != nil || procedure.MayAnalyse(p.Doc) == nil {
		t.Errorf("%+v, %v", p, err)
	}
}

// Killed at any step of changing a document, the procedure is what it was
// before, or what the record says, and the next change builds on that.
func TestKilledWhileChanging(t *testing.T) {
	died := errors.New("killed")
	for name, recorded := range map[string]bool{"before the record": false, "after the record": true} {
		s := testStore(t, true)
		withProcedure(t, s, "P-1")
		authorise(t, s, "P-1")
		log, release, err := s.openJournal("P-1")
		if err != nil {
			t.Fatal(err)
		}
		f := s.sealedProcedure("P-1")
		was, err := os.ReadFile(f.path)
		if err != nil {
			t.Fatal(err)
		}
		edit := func(old []byte) ([]byte, error) {
			d, err := procedure.Parse(old)
			if err == nil {
				d, err = procedure.Revoke(d, word("R-1"), s.now())
			}
			if err != nil {
				return nil, err
			}
			return procedure.Encode(d)
		}
		err = f.change(ctx, log, edit, func(sealed map[string]string) error {
			if recorded {
				r := s.record(ActSpec{Operation: journal.Modify, Sub: journal.SubRevoke, Reason: "x"})
				r.Outcome, r.Sealed = journal.OK, sealed
				if _, err := log.Append(r); err != nil {
					return err
				}
			}
			return died
		})
		release()
		if !errors.Is(err, died) {
			t.Fatal(err)
		}
		if now, err := os.ReadFile(f.path); err != nil || string(now) != string(was) {
			t.Fatalf("%s: the file was put in place, %v", name, err)
		}
		p, err := s.OpenProcedure("P-1")
		if err != nil || (procedure.MayAnalyse(p.Doc) != nil) != recorded {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
		err = changing(s, "P-1", journal.SubAuthorise, func(d procedure.Document) (procedure.Document, error) {
			if last := d.Authorisations[len(d.Authorisations)-1]; (last.Kind == procedure.Revoked) != recorded {
				t.Errorf("%s: the next change builds on %+v", name, last)
			}
			return procedure.Authorise(d, word("A-2"), s.now())
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		records(t, s, "P-1")
	}
}

// Acts of one store that are under way at once write through one open journal,
// which is given back when the last has ended.
func TestActsShareTheirJournal(t *testing.T) {
	s := testStore(t, true)
	withProcedure(t, s, "P-1")
	const n = 40
	var ready, ended sync.WaitGroup
	ready.Add(n)
	logs := make([]*journal.Log, n)
	for i := range n {
		ended.Go(func() {
			a, err := s.Begin(ctx, spec("P-1", "x"))
			ready.Done()
			if err != nil {
				t.Error(err)
				return
			}
			ready.Wait()
			logs[i] = a.Journal()
			if err := a.End(ctx, a.Record(journal.Details{})); err != nil {
				t.Error(err)
			}
		})
	}
	ended.Wait()
	for i, l := range logs {
		if l == nil || l != logs[0] {
			t.Fatalf("act %d has a journal of its own", i)
		}
	}
	if len(s.logs.open) != 0 {
		t.Errorf("still open: %d journals", len(s.logs.open))
	}
	seen := map[int64]bool{}
	for _, r := range records(t, s, "P-1") {
		seen[r.Seq] = true
	}
	if len(seen) != n+1 {
		t.Errorf("%d records, want %d", len(seen), n+1)
	}
}

// Another process, here another Store on the same folder, appends between.
func TestSharedJournalSeesOtherProcesses(t *testing.T) {
	s := testStore(t, true)
	withProcedure(t, s, "P-1")
	other, err := Open(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.Begin(ctx, spec("P-1", "x"))
	if err != nil {
		t.Fatal(err)
	}
	authorise(t, other, "P-1")
	if err := a.End(ctx, a.Record(journal.Details{})); err != nil {
		t.Fatal(err)
	}
	// The act knew the older document; what it recorded does not undo the newer.
	if p, err := s.OpenProcedure("P-1"); err != nil || procedure.MayAnalyse(p.Doc) != nil {
		t.Errorf("%+v, %v", p, err)
	}
	if n := len(records(t, s, "P-1")); n != 3 {
		t.Errorf("%d records", n)
	}
}

// Who acts after the clock was set back is told, and the record says it.
func TestClockSetBackIsTold(t *testing.T) {
	s := testStore(t, true)
	withProcedure(t, s, "P-1")
	at := time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)
	s = s.WithClock(func() time.Time { return at })
	var told []string
	s.OnNotice(func(line string) { told = append(told, line) })
	for _, hours := range []time.Duration{0, -3, 0} {
		at = at.Add(hours * time.Hour)
		if err := s.Do(ctx, spec("P-1", "x"), func(a *Act) error { return a.Record(journal.Details{}) }); err != nil {
			t.Fatal(err)
		}
	}
	if len(told) != 1 || !strings.Contains(told[0], "3h0m0s before") {
		t.Errorf("%q", told)
	}
	rs := records(t, s, "P-1")
	if got := rs[len(rs)-2].ClockBack; got != "3h0m0s" {
		t.Errorf("the record says %q", got)
	}
}

// A store whose own journal was touched opens for looking at what was touched,
// and for nothing else.
func TestTouchedStoreJournal(t *testing.T) {
	s := testStore(t, true)
	withProcedure(t, s, "P-1")
	entries := filepath.Join(s.journalDir(""), "entries")
	b, err := os.ReadFile(entries)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(entries, []byte(strings.Replace(string(b), "set up", "sat up", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := Open(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := again.VerifyJournal(ctx, "", nil); err != nil || r.Intact || r.First != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	for _, id := range []string{"", "P-1"} {
		err := again.Do(context.Background(), spec(id, "x"), func(*Act) error { t.Error("went on"); return nil })
		if fault.KindOf(err) != fault.Integrity {
			t.Errorf("%q: %v", id, err)
		}
	}
}
