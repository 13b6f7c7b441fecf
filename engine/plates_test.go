package engine

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"posteriori/engine/access"
	"posteriori/engine/journal"
	"posteriori/engine/plate"
)

// Rule 10: the journal refers to plates by commitments under the procedure's
// own key: the same plate is another one in another procedure.
func TestPlateCommitments(t *testing.T) {
	s := testStore(t, false)
	withProcedure(t, s, "P1")
	withProcedure(t, s, "P2")
	commit := func(id, text string) string {
		t.Helper()
		p, err := s.OpenProcedure(id)
		if err != nil {
			t.Fatal(err)
		}
		c, err := p.CommitPlate(text)
		if err != nil || len(c) != 64 || strings.Contains(strings.ToUpper(c), "AB123CD") {
			t.Fatalf("%s, %v", c, err)
		}
		return c
	}
	if commit("P1", "AB-123-CD") != commit("P1", "ab123cd") {
		t.Error("one plate has two commitments")
	}
	if commit("P1", "AB-123-CD") == commit("P2", "AB-123-CD") || commit("P1", "AB-123-CD") == commit("P1", "AB-123-CE") {
		t.Error("commitments do not differ")
	}
	p, err := s.OpenProcedure("P1")
	if err != nil {
		t.Fatal(err)
	}
	pattern, err := plate.ParsePattern("AB-123-CD")
	if err != nil {
		t.Fatal(err)
	}
	if c, err := p.CommitPattern(pattern); err != nil || c == commit("P1", "AB-123-CD") {
		t.Errorf("a pattern has a plate's commitment: %v", err)
	}
}

// ask does a search for a plate, up to its record.
func ask(s *Store, id, text string, fuzzy int) error {
	return s.Do(ctx, spec(id, "look for the lorry"), func(a *Act) error {
		pattern, err := plate.ParsePattern(text)
		if err != nil {
			return err
		}
		if err := a.MaySearchPlates(pattern, fuzzy); err != nil {
			return err
		}
		c, err := a.Procedure().CommitPattern(pattern)
		if err != nil {
			return err
		}
		return a.Record(journal.Details{Query: &journal.Query{Filter: "{}", Commitments: []string{c}}})
	})
}

// Rule 5: a habilitation for video alone does not allow searches by plate.
func TestMaySearchPlates(t *testing.T) {
	s := testStore(t, false)
	withProcedure(t, s, "P1")
	pattern, err := plate.ParsePattern("AB-123-CD")
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.Begin(ctx, spec("P1", "look for the lorry"))
	if err != nil {
		t.Fatal(err)
	}
	defer a.End(ctx, nil)
	if err := a.MaySearchPlates(pattern, 0); err != nil {
		t.Error(err)
	}
	for i := range a.user.Habilitations {
		a.user.Habilitations[i].Natures = []access.Nature{access.Video}
	}
	if err := a.MaySearchPlates(pattern, 0); ruleOf(err) != "5" {
		t.Error(err)
	}
}

// Rule 10: a masked plate is not guessed letter by letter.
func TestPlatesAreNotGuessed(t *testing.T) {
	s := testStore(t, false)
	at := time.Date(2025, 3, 1, 9, 0, 0, 0, time.UTC)
	s = s.WithClock(func() time.Time { at = at.Add(time.Second); return at })
	withProcedure(t, s, "P1")
	withProcedure(t, s, "P2")
	for text, fuzzy := range map[string]int{"A*": 0, "*B": 0, "AB*": 0, "?B-?2??-??": 0, "AB1*": 1, "AB12*": 2, "AB-123": 3} {
		if err := ask(s, "P1", text, fuzzy); ruleOf(err) != "10" {
			t.Errorf("%s with %d wrong: %v", text, fuzzy, err)
		}
	}
	for i := range mostPatterns {
		if err := ask(s, "P1", fmt.Sprintf("AB1%02d*", i), 0); err != nil {
			t.Fatal(i, err)
		}
	}
	if err := ask(s, "P1", "AB199*", 0); ruleOf(err) != "10" {
		t.Errorf("one more: %v", err)
	}
	if err := ask(s, "P1", "ab-107*", 0); err != nil {
		t.Errorf("one that was asked before: %v", err)
	}
	if err := ask(s, "P2", "AB199*", 0); err != nil {
		t.Errorf("in another procedure: %v", err)
	}
	at = at.Add(patternsSpan)
	if err := ask(s, "P1", "AB199*", 0); err != nil {
		t.Errorf("the next day: %v", err)
	}
}
