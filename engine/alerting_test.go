package engine

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"posteriori/engine/alert"
	"posteriori/engine/fault"
	"posteriori/engine/journal"
)

// alerts are the records of alerts in the store's journal.
func alerts(t *testing.T, s *Store) []journal.Record {
	t.Helper()
	return slices.DeleteFunc(records(t, s, ""), func(r journal.Record) bool { return r.Sub != journal.SubAlert })
}

func TestAlertIsRecordedAndSent(t *testing.T) {
	tee, err := exec.LookPath("tee")
	if err != nil {
		t.Skip("no tee")
	}
	s := testStore(t, true)
	got := filepath.Join(t.TempDir(), "alert.json")
	s.meta.Alert = alert.Config{Command: []string{tee, got}}
	objects := []journal.Object{{Kind: "model", ID: "x", SHA256: strings.Repeat("0", 64)}}
	if err := s.Alert(t.Context(), AlertModel, "a model was refused", objects); err != nil {
		t.Fatal(err)
	}
	list := alerts(t, s)
	if len(list) != 1 || list[0].Outcome != journal.OK || list[0].Recipients[0].Who != "command tee" {
		t.Fatalf("%+v", list)
	}
	b, err := os.ReadFile(got)
	var a alert.Alert
	if err != nil || json.Unmarshal(b, &a) != nil {
		t.Fatalf("%v %s", err, b)
	}
	if a.Record != list[0].Seq || a.Rule != "11" || a.Kind != AlertModel || a.Objects[0].ID != "x" || !a.Demo {
		t.Errorf("%+v", a)
	}
}

// TestAlertThatIsNotDelivered stands in the journal, with its failure.
func TestAlertThatIsNotDelivered(t *testing.T) {
	s := testStore(t, true)
	s.meta.Alert = alert.Config{Command: []string{"/no/such/program"}}
	if err := s.Alert(t.Context(), AlertOriginal, "an original was altered", nil); err == nil {
		t.Error("no error")
	}
	list := alerts(t, s)
	if len(list) != 2 || list[1].Outcome != journal.Failed || list[1].Of == nil || *list[1].Of != list[0].Seq {
		t.Fatalf("%+v", list)
	}
	if strings.Contains(list[1].Error, "/no/such") {
		t.Errorf("the journal quotes the cause: %s", list[1].Error)
	}
}

// TestRefusedModelAlerts: an act that ends in a refusal under rule 11 raises
// one alert, whatever becomes of it; another refusal none.
func TestRefusedModelAlerts(t *testing.T) {
	s := testStore(t, true)
	s.meta.Alert = alert.Config{Command: []string{"/no/such/program"}}
	for _, c := range []struct {
		rule string
		want int
	}{{"8", 0}, {"11", 2}} {
		spec := ActSpec{Operation: journal.Modify, Sub: journal.SubModel, Reason: "test"}
		refusal := fault.New(fault.Refused, "no such model").UnderRule(c.rule)
		err := s.Do(t.Context(), spec, func(a *Act) error {
			a.About(journal.Details{Models: []journal.Model{{Name: "x"}}})
			return refusal
		})
		if err != error(refusal) {
			t.Errorf("rule %s: the refusal became %v", c.rule, err)
		}
		list := alerts(t, s)
		if len(list) != c.want {
			t.Errorf("rule %s: %d records of alerts, want %d", c.rule, len(list), c.want)
		}
		if c.want > 0 && list[0].Objects[0].ID != "x" {
			t.Errorf("%+v", list[0])
		}
	}
}

// What is not as the journal recorded it is told to the data controller, once
// for each act that meets it, also where the store's journal takes no record.
func TestAlterationAlerts(t *testing.T) {
	tee, err := exec.LookPath("tee")
	if err != nil {
		t.Skip("no tee")
	}
	s := testStore(t, true)
	withProcedure(t, s, "P-1")
	got := filepath.Join(t.TempDir(), "alert.json")
	s.meta.Alert = alert.Config{Command: []string{tee, got}}
	told := func() (a alert.Alert) {
		t.Helper()
		b, err := os.ReadFile(got)
		if err != nil || json.Unmarshal(b, &a) != nil {
			t.Fatalf("%v %s", err, b)
		}
		return a
	}
	path := s.sealedProcedure("P-1").path
	was, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	authorise(t, s, "P-1")
	if err := os.WriteFile(path, was, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Do(ctx, spec("P-1", "x"), func(*Act) error { return nil }); fault.KindOf(err) != fault.Integrity {
		t.Fatal(err)
	}
	list := alerts(t, s)
	if a := told(); len(list) != 1 || a.Record != list[0].Seq || a.Rule != "18" || a.Kind != AlertJournal || !strings.HasSuffix(a.Objects[0].ID, "/P-1") {
		t.Errorf("%+v, %+v", a, list)
	}
	if err := os.Truncate(filepath.Join(s.journalDir(""), "entries"), 10); err != nil {
		t.Fatal(err)
	}
	if err := s.Do(ctx, spec("", "x"), func(*Act) error { return nil }); fault.KindOf(err) != fault.Integrity {
		t.Fatal(err)
	}
	if a := told(); a.Record != alert.Unrecorded || a.Kind != AlertJournal || !strings.HasSuffix(a.Objects[0].ID, "/store") {
		t.Errorf("%+v", a)
	}
	// The program to tell is in a file for which only that journal vouched.
	if again, err := Open(s.dir); err != nil || again.meta.Alert.Configured() {
		t.Errorf("%+v, %v", again.meta.Alert, err)
	}
}
