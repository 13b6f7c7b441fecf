package engine

import (
	"strings"
	"testing"

	"posteriori/engine/access"
	"posteriori/engine/fault"
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

// Rule 5: a habilitation for video alone does not allow searches by plate.
func TestMaySearchPlates(t *testing.T) {
	s := testStore(t, false)
	withProcedure(t, s, "P1")
	a, err := s.Begin(ctx, spec("P1", "look for the lorry"))
	if err != nil {
		t.Fatal(err)
	}
	defer a.End(ctx, nil)
	if err := a.MaySearchPlates(); err != nil {
		t.Error(err)
	}
	for i := range a.user.Habilitations {
		a.user.Habilitations[i].Natures = []access.Nature{access.Video}
	}
	if err := a.MaySearchPlates(); fault.KindOf(err) != fault.Refused {
		t.Error(err)
	}
}
