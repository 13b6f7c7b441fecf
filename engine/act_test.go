package engine

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"posteriori/engine/fault"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
)

func spec(id, reason string) ActSpec {
	return ActSpec{Procedure: id, Operation: journal.Consult, Sub: journal.SubQuery, Reason: reason}
}

// However an act ends, its journal has exactly one record of it, and a second
// only when it failed after the first.
func TestOneRecordPerAct(t *testing.T) {
	s := testStore(t, false)
	withProcedure(t, s, "P1")
	n := int64(4)
	about := journal.Details{Query: &journal.Query{Filter: "x", Results: &n}}
	plain := errors.New("/home/someone/name.mp4 broke")
	for name, c := range map[string]struct {
		do      func(*Act) error
		kind    fault.Kind // 0: no error
		records []string   // outcome, rule, error
	}{
		"goes ahead": {func(a *Act) error { return a.Record(about) }, 0, []string{"ok  "}},
		"refused": {func(a *Act) error { return procedure.MayAnalyse(a.Procedure().Doc) }, fault.Refused,
			[]string{"refused 4 refused: no authorisation is recorded for procedure P1"}},
		"fails": {func(*Act) error { return fault.New(fault.BadInput, "no good").OnFile("/secret/name") }, fault.BadInput,
			[]string{"failed  bad-input: no good"}},
		"is asked wrongly": {func(*Act) error { return fault.New(fault.Usage, "%q is no plate", "AB-123-CD") }, fault.Usage,
			[]string{"failed  usage"}},
		"fails without a fault": {func(*Act) error { return plain }, fault.Internal, []string{"failed  internal"}},
		"fails after": {func(a *Act) error {
			if err := a.Record(about); err != nil {
				return err
			}
			return fault.New(fault.NoSpace, "full")
		}, fault.NoSpace, []string{"ok  ", "failed  no-space: full"}},
		"refused after": {func(a *Act) error {
			if err := a.Record(about); err != nil {
				return err
			}
			return procedure.Refuse("4", "", "revoked meanwhile")
		}, fault.Refused, []string{"ok  ", "failed 4 refused: revoked meanwhile"}},
		"forgets": {func(*Act) error { return nil }, fault.Internal,
			[]string{"failed  internal: the command did not record its act"}},
		"records twice": {func(a *Act) error {
			if err := a.Record(about); err != nil {
				return err
			}
			return a.Record(about)
		}, fault.Internal, []string{"ok  ", "failed  internal: an act was recorded twice"}},
		"integrity": {func(*Act) error { return fault.New(fault.Integrity, "altered").UnderRule("21") }, fault.Integrity,
			[]string{"failed 21 integrity: altered"}},
	} {
		before := len(records(t, s, "P1"))
		err := s.Do(ctx, spec("P1", "look for the lorry"), c.do)
		if c.kind == 0 && err != nil || c.kind != 0 && (err == nil || fault.KindOf(err) != c.kind) {
			t.Errorf("%s: %v", name, err)
		}
		rs := records(t, s, "P1")[before:]
		var got []string
		for i, r := range rs {
			got = append(got, string(r.Outcome)+" "+r.Rule+" "+r.Error)
			if r.Reason != "look for the lorry" || r.Procedure.ID != "P1" {
				t.Errorf("%s: %+v", name, r)
			}
			if i == 1 && (r.Of == nil || *r.Of != rs[0].Seq || r.Query == nil) {
				t.Errorf("%s: the failure does not name its act: %+v", name, r)
			}
		}
		if d := cmp.Diff(c.records, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	if n := len(records(t, s, "")); n != 1 {
		t.Errorf("%d records in the store's journal", n)
	}
}

func TestPanicIsRecorded(t *testing.T) {
	s := testStore(t, false)
	withProcedure(t, s, "P1")
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = s.Do(ctx, spec("P1", "x"), func(*Act) error { panic("bug") })
	}()
	if rs := records(t, s, "P1"); len(rs) != 2 || rs[1].Outcome != journal.Failed {
		t.Errorf("%v", outcomes(rs))
	}
}

func TestInterrupted(t *testing.T) {
	s := testStore(t, false)
	withProcedure(t, s, "P1")
	stop, cancel := context.WithCancel(ctx)
	err := s.Do(stop, spec("P1", "x"), func(*Act) error { cancel(); return stop.Err() })
	if fault.KindOf(err) != fault.Interrupted {
		t.Error(err)
	}
	if err := s.Do(stop, spec("P1", "x"), func(*Act) error { t.Error("went on"); return nil }); fault.KindOf(err) != fault.Interrupted {
		t.Error(err)
	}
	rs := records(t, s, "P1")
	if len(rs) != 3 || rs[1].Error != "interrupted: interrupted" || rs[2].Error != rs[1].Error {
		t.Errorf("%+v", rs)
	}
}

func TestBeginRefusals(t *testing.T) {
	s := testStore(t, false)
	withProcedure(t, s, "P1")
	never := func(*Act) error { t.Error("the act went on"); return nil }
	for _, c := range []struct {
		spec ActSpec
		kind fault.Kind
		log  string // where it is recorded
		want string
	}{
		{spec("P1", " "), fault.Refused, "P1", "query refused 8 P1"},
		{spec("", ""), fault.Refused, "", "query refused 8 "},
		{spec("P9", "x"), fault.NotFound, "", "query failed  P9"},
		{spec("P1,P2", "x"), fault.Refused, "", "query refused 2 "},
		{spec("*", "x"), fault.Refused, "", "query refused 2 "},
		{spec("../P1", "x"), fault.Usage, "", "query failed  "},
	} {
		before := len(records(t, s, c.log))
		if err := s.Do(ctx, c.spec, never); fault.KindOf(err) != c.kind {
			t.Errorf("%+v: %v", c.spec, err)
		}
		if d := cmp.Diff([]string{c.want}, outcomes(records(t, s, c.log)[before:])); d != "" {
			t.Errorf("%+v: %s", c.spec, d)
		}
	}
}

// No record, no act: with a journal that cannot take the record the effect
// does not happen, and a journal that was touched stops every act and is
// reported in the store's own.
func TestNoRecordNoAct(t *testing.T) {
	s := testStore(t, false)
	withProcedure(t, s, "P1")
	entries := filepath.Join(s.journalDir("P1"), "entries")
	good, err := os.ReadFile(entries)
	if err != nil {
		t.Fatal(err)
	}
	effect := false
	act := func(a *Act) error {
		if err := a.Record(journal.Details{}); err != nil {
			return err
		}
		effect = true
		return nil
	}
	// The file is replaced by a folder: no write can succeed, for root neither.
	if err := os.Mkdir(filepath.Join(s.journalDir("P1"), "pending"), 0o700); err != nil {
		t.Fatal(err)
	}
	err = s.Do(ctx, spec("P1", "x"), act)
	var f *fault.Error
	if !errors.As(err, &f) || f.Rule != "16" || effect {
		t.Errorf("unwritable: %v, effect %v", err, effect)
	}
	if err := os.Remove(filepath.Join(s.journalDir("P1"), "pending")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(entries, good[:len(good)-2], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Do(ctx, spec("P1", "x"), act); fault.KindOf(err) != fault.Integrity || effect {
		t.Errorf("touched: %v, effect %v", err, effect)
	}
	rs := records(t, s, "")
	if act := rs[len(rs)-2]; act.Rule != "18" || act.Outcome != journal.Failed || act.Procedure.ID != "P1" || rs[len(rs)-1].Sub != journal.SubAlert {
		t.Errorf("not reported in the store's journal, with an alert: %v", outcomes(rs))
	}
	if r, err := s.VerifyJournal(ctx, "P1", nil); err != nil || r.Intact || r.First != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

// Any series of acts leaves one record each, and the journal verifies.
func TestSeriesOfActs(t *testing.T) {
	s := testStore(t, false)
	withProcedure(t, s, "P1")
	total := 1
	rapid.Check(t, func(rt *rapid.T) {
		for _, how := range rapid.SliceOfN(rapid.IntRange(0, 3), 0, 1).Draw(rt, "acts") {
			_ = s.Do(ctx, spec("P1", "x"), func(a *Act) error {
				switch how {
				case 0:
					return a.Record(journal.Details{})
				case 1:
					return errors.New("fails")
				case 2:
					return procedure.Refuse("4", "", "no")
				}
				total++ // this one has two
				if err := a.Record(journal.Details{}); err != nil {
					return err
				}
				return errors.New("fails later")
			})
			total++
		}
		r, err := s.VerifyJournal(ctx, "P1", nil)
		if err != nil || !r.Intact || r.Size != int64(total) {
			rt.Fatalf("%d records, want %d: %+v, %v", r.Size, total, r, err)
		}
	})
}
