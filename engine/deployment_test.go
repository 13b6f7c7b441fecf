package engine

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"posteriori/engine/alert"
	"posteriori/engine/fault"
	"posteriori/engine/journal"
)

func changeDeployment(s *Store, change func(Deployment) Deployment) error {
	return s.Do(ctx, ActSpec{Operation: journal.Modify, Sub: journal.SubAdmin, Reason: "revision"}, func(a *Act) error {
		return a.ChangeDeployment(ctx, func(d Deployment) (Deployment, error) { return change(d), nil })
	})
}

// The deployment record changes by an act only, stays whole (rule 19), and what
// a killed process had recorded is done by the next.
func TestChangeDeployment(t *testing.T) {
	s := testStore(t, false)
	path := filepath.Join(s.dir, storeFile)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]func(Deployment) Deployment{
		"no assessment": func(d Deployment) Deployment { d.Compliance.ImpactAssessment = ""; return d },
		"no record":     func(d Deployment) Deployment { d.Compliance = Compliance{}; return d },
		"to come":       func(d Deployment) Deployment { d.Compliance.Date = "2999-01-01"; return d },
	} {
		if err := changeDeployment(s, c); ruleOf(err) != "19" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := changeDeployment(s, func(d Deployment) Deployment { return d }); fault.KindOf(err) != fault.Usage {
		t.Errorf("no change: %v", err)
	}
	set := func(d Deployment) Deployment {
		d.Compliance.ImpactAssessment, d.Compliance.Date = "AIPD v4", "2025-02-28"
		d.Alert = alert.Config{Command: []string{"/bin/true", "secret"}}
		return d
	}
	if err := changeDeployment(s.as("other", "70009"), set); ruleOf(err) != "5" {
		t.Errorf("a stranger: %v", err)
	}
	if err := changeDeployment(s, set); err != nil {
		t.Fatal(err)
	}
	rs := records(t, s, "")
	last := rs[len(rs)-1]
	if last.Sub != journal.SubAdmin || !strings.Contains(last.Params, "AIPD v4") || strings.Contains(last.Params, "secret") {
		t.Errorf("%+v", last)
	}
	again, err := Open(s.dir)
	if err != nil || again.Deployment().Compliance.ImpactAssessment != "AIPD v4" || again.meta.ID != s.meta.ID || again.Demo() {
		t.Fatalf("%+v, %v", again, err)
	}
	// A clock set back makes no statement one of the future.
	back := again.WithClock(func() time.Time { return time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC) })
	if err := back.Do(context.Background(), spec("", "x"), func(a *Act) error { return a.Record(journal.Details{}) }); err != nil {
		t.Errorf("clock set back: %v", err)
	}
	// Killed between record and file.
	after, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"": before, ".next": after} {
		if err := os.WriteFile(path+name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if again, err = Open(s.dir); err != nil || again.Deployment().Compliance.ImpactAssessment != "AIPD v4" {
		t.Errorf("not recovered: %v", err)
	}
	// An older description put back by hand.
	if err := os.WriteFile(path, before, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err = Open(s.dir); fault.KindOf(err) != fault.Integrity {
		t.Errorf("an older one: %v", err)
	}
}
