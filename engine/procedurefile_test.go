package engine

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"posteriori/engine/fault"
)

// An authorisation written in by hand, or an older document put back with the
// seal of another procedure, opens nothing.
func TestProcedureWrittenByHand(t *testing.T) {
	s := testStore(t, true)
	withProcedure(t, s, "P-1")
	withProcedure(t, s, "P-2")
	path := filepath.Join(s.procedureDir("P-1"), procedureFile)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other, err := os.ReadFile(filepath.Join(s.procedureDir("P-2"), procedureFile))
	if err != nil {
		t.Fatal(err)
	}
	seal := func(b []byte) string { return string(b)[strings.Index(string(b), `"seal"`):] }
	for name, text := range map[string]string{
		"an authorisation": strings.Replace(string(raw), `"authorisations": []`,
			`"authorisations": [{"kind":"given","frame":"preliminary","magistrate":"X","quality":"procureur","date":"2026-01-01","reference":"1","recorded":"2026-01-01T00:00:00Z"}]`, 1),
		"another offence": strings.Replace(string(raw), `"vol aggravé"`, `"viol"`, 1),
		"another's seal":  strings.Replace(string(raw), seal(raw), seal(other), 1),
		"no seal":         strings.Replace(string(raw), `"seal": "`, `"seal": "A`, 1),
	} {
		if text == string(raw) {
			t.Fatalf("%s: nothing was changed", name)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.OpenProcedure("P-1"); fault.KindOf(err) != fault.Integrity {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.OpenProcedure("P-1"); err != nil {
		t.Error(err)
	}
}
