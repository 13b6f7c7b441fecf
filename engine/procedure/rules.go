package procedure

import (
	"bytes"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"posteriori/engine/fault"
)

//go:embed rules.yaml
var rulesYAML []byte

// Rule is one row of the law table, as data.
type Rule struct {
	Title    string   `yaml:"title"`
	Articles []string `yaml:"articles"`
	Says     string   `yaml:"says"`
}

// frameRule is what the law asks of a legal frame.
type frameRule struct {
	Magistrates []Quality `yaml:"magistrates"`
	Deemed      bool      `yaml:"deemed"`  // authorisation is deemed given at opening
	Offence     bool      `yaml:"offence"` // an offence must be named
}

type lawTable struct {
	TextOf string              `yaml:"text_of"`
	Code   string              `yaml:"code"`
	Rules  map[string]Rule     `yaml:"rules"`
	Frames map[Frame]frameRule `yaml:"frames"`
}

// parseTable reads the law table strictly: every frame, no unknown field.
func parseTable(b []byte) (lawTable, error) {
	var t lawTable
	dec := yaml.NewDecoder(bytes.NewReader(b))
	dec.KnownFields(true)
	if err := dec.Decode(&t); err != nil {
		return lawTable{}, err
	}
	for _, f := range Frames {
		if len(t.Frames[f].Magistrates) == 0 {
			return lawTable{}, fmt.Errorf("no magistrate for frame %q", f)
		}
	}
	return t, nil
}

var law = sync.OnceValue(func() lawTable {
	t, err := parseTable(rulesYAML)
	if err != nil {
		panic("rules.yaml: " + err.Error()) // built in; the tests read it
	}
	return t
})

// LookUp gives the rule of that number and the date of the texts.
func LookUp(number string) (r Rule, textOf string, ok bool) {
	r, ok = law().Rules[number]
	return r, law().TextOf, ok
}

// Refuse makes the refusal under the rule of that number: the message is for
// the case at hand, the hint what to do, with the articles behind it.
func Refuse(number, todo, format string, args ...any) error {
	err := fault.New(fault.Refused, format, args...).UnderRule(number)
	r, date, ok := LookUp(number)
	if !ok {
		return err.WithHint("%s", todo)
	}
	hint := fmt.Sprintf("%s (%s, texts of %s): %s", strings.Join(r.Articles, ", "), r.Title, date, r.Says)
	if todo != "" {
		hint = todo + ". " + hint
	}
	return err.WithHint("%s", hint)
}

// CheckReason refuses a blank reason (rule 8).
func CheckReason(reason string) error {
	if err := CheckText("the reason", reason); err != nil && strings.TrimSpace(reason) != "" {
		return err
	}
	if !says(reason) {
		return Refuse("8", "say why with --reason or $POSTERIORI_REASON", "no reason is given for this act")
	}
	return nil
}

// MayImport says whether recordings of that origin may enter d (rules 2, 9).
func MayImport(d Document, exhibit string, basis Basis) error {
	if err := mustBeOpen(d); err != nil {
		return err
	}
	if !says(exhibit) {
		return Refuse("9", "name the scellé or PV with --exhibit", "the recordings have no origin")
	}
	if !slices.Contains(Bases, basis) {
		return Refuse("9", "name it with --basis "+join(Bases), "the recordings have no legal basis (%q)", basis)
	}
	return CheckText("the exhibit", exhibit)
}

// MayPlan says whether seized files may be looked through for d, to see what is
// to be imported (rule 2).
func MayPlan(d Document) error { return mustBeOpen(d) }

// MayAnalyse says whether recordings of d may be analysed (rules 3, 4): its
// frame and offence are in order, and the last word of the magistrate in its
// present frame is an authorisation.
func MayAnalyse(d Document) error {
	if err := mustBeOpen(d); err != nil {
		return err
	}
	if err := Check(d); err != nil {
		return err
	}
	return authorised(d)
}

// authorised says whether the last word of the magistrate in the present frame
// is an authorisation, given or deemed.
func authorised(d Document) error {
	todo := "record the authorisation with posteriori procedure authorise " + d.ID
	if len(d.Authorisations) == 0 {
		return Refuse("4", todo, "no authorisation is recorded for procedure %s", d.ID)
	}
	last := d.Authorisations[len(d.Authorisations)-1]
	switch {
	case last.Kind == Vetoed:
		return Refuse("4", todo, "the procureur objected (%s)", last.Reference)
	case last.Kind == Revoked:
		return Refuse("4", todo, "the authorisation was revoked (%s)", last.Reference)
	case last.Kind == FrameChanged || last.Frame != d.Frame:
		return Refuse("4", todo, "procedure %s changed to frame %s and was not authorised in it", d.ID, d.Frame)
	}
	return nil
}

// MayConsult says whether what analysis found in d may be looked at (rule 4):
// not after a veto or a revocation that is the magistrate's last word, and not
// once the data is erased.
func MayConsult(d Document) error {
	if err := CheckGone(d); err != nil {
		return err
	}
	if len(d.Authorisations) == 0 {
		return nil
	}
	last := d.Authorisations[len(d.Authorisations)-1]
	todo := "record a new authorisation with posteriori procedure authorise " + d.ID
	switch last.Kind {
	case Vetoed:
		return Refuse("4", todo, "the procureur objected (%s), so nothing of it may be looked at", last.Reference)
	case Revoked:
		return Refuse("4", todo, "the authorisation was revoked (%s), so nothing of it may be looked at", last.Reference)
	}
	return nil
}

// mustBeOpen refuses whatever adds to a closed procedure (rule 2).
func mustBeOpen(d Document) error {
	if d.State != Open {
		return Refuse("2", "", "procedure %s is %s", d.ID, d.State)
	}
	return nil
}

// join lists choices as a|b|c.
func join[T ~string](list []T) string {
	parts := make([]string, len(list))
	for i, v := range list {
		parts[i] = string(v)
	}
	return strings.Join(parts, "|")
}
