package engine

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"posteriori/engine/fault"
	"posteriori/engine/journal"
)

// statistics does the act and returns what it counted.
func statistics(s *Store, year int) (st *journal.Stats, err error) {
	spec := ActSpec{Operation: journal.Consult, Sub: journal.SubJournalStats, Reason: "annual report"}
	err = s.Do(ctx, spec, func(a *Act) error {
		if err := a.Record(journal.Details{}); err != nil {
			return err
		}
		st, err = a.JournalStats(ctx, year)
		return err
	})
	return st, err
}

// The statistics are what one counts by hand over the store's journal and each
// procedure's, their own act included.
func TestJournalStats(t *testing.T) {
	s := testStore(t, true)
	ids := []string{"", "P1", "P2", "P3"}
	for i, id := range ids[1:] {
		withProcedure(t, s, id)
		for range i + 1 {
			spec := ActSpec{Procedure: id, Operation: journal.Consult, Sub: journal.SubShow, Reason: "look"}
			if err := s.Do(ctx, spec, func(a *Act) error { return a.Record(journal.Details{}) }); err != nil {
				t.Fatal(err)
			}
			spec.Reason = " "
			if err := s.Do(ctx, spec, func(a *Act) error { return a.Record(journal.Details{}) }); fault.KindOf(err) != fault.Refused {
				t.Fatal(err)
			}
		}
	}
	got, err := statistics(s, 2025)
	if err != nil {
		t.Fatal(err)
	}
	want := journal.NewStats(2025)
	for _, id := range ids {
		for _, r := range records(t, s, id) {
			if r.TimeLocal[:4] != "2025" { // the store was made before its clock was set
				continue
			}
			want.Records++
			want.Operations[r.Operation]++
			want.Subs[r.Sub]++
			want.Outcomes[r.Outcome]++
			want.Months[r.TimeLocal[:7]]++
			if r.Outcome == journal.Refused {
				want.Rules[r.Rule]++
			}
			if r.Procedure != nil && r.Procedure.Frame != "" {
				want.Frames[r.Procedure.Frame]++
			} else {
				want.Frames["none"]++
			}
		}
	}
	want.Journals = len(ids)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got.Outcomes[journal.Refused] != 6 || got.Subs[journal.SubJournalStats] != 1 {
		t.Errorf("%+v", got)
	}
}

// A journal that was touched, or is gone, is not counted over; nor are
// statistics read without their record.
func TestJournalStatsRefused(t *testing.T) {
	s := testStore(t, true)
	withProcedure(t, s, "P1")
	entries := filepath.Join(s.journalDir("P1"), "entries")
	b, err := os.ReadFile(entries)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(entries, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := statistics(s, 0); fault.KindOf(err) != fault.Integrity {
		t.Errorf("touched: %v", err)
	}
	if err := os.RemoveAll(s.journalDir("P1")); err != nil {
		t.Fatal(err)
	}
	if _, err := statistics(s, 0); fault.KindOf(err) != fault.Integrity {
		t.Errorf("gone: %v", err)
	}
	spec := ActSpec{Operation: journal.Consult, Sub: journal.SubJournalStats, Reason: "annual report"}
	err = s.Do(ctx, spec, func(a *Act) error {
		_, err := a.JournalStats(ctx, 0)
		return err
	})
	if fault.KindOf(err) != fault.Internal {
		t.Errorf("before its record: %v", err)
	}
}
