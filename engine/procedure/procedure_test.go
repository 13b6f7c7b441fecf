package procedure

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"posteriori/engine/fault"
)

var now = time.Date(2025, 3, 1, 9, 0, 0, 0, time.UTC)

func good(frame Frame) Document {
	return Document{ID: "2025-00123", Frame: frame, Offence: "vol aggravé", Imprisonment: true, Service: "SRPJ", Parquet: "25/060"}
}

func word() Authorisation {
	return Authorisation{Magistrate: "M. X", Quality: Procureur, Date: "2025-03-01", Reference: "A-1",
		Document: "a.pdf", SHA256: strings.Repeat("ab", 32)}
}

func refusedUnder(t *testing.T, what string, err error, rule string) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.Refused || f.Rule != rule || f.Hint == "" {
		t.Errorf("%s: %v, want a refusal under rule %s", what, err, rule)
	}
}

func must(t *testing.T) func(Document, error) Document {
	return func(d Document, err error) Document {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
}

func TestRule3(t *testing.T) {
	for name, change := range map[string]func(*Document){
		"no frame":         func(d *Document) { d.Frame = "" },
		"administrative":   func(d *Document) { d.Frame = "administrative" },
		"no imprisonment":  func(d *Document) { d.Imprisonment = false },
		"no offence":       func(d *Document) { d.Offence = " " },
		"no service":       func(d *Document) { d.Service = "" },
		"no parquet":       func(d *Document) { d.Parquet = "" },
		"74, mere offence": func(d *Document) { d.Frame, d.Imprisonment = CauseOfDeath, false },
	} {
		d := good(Preliminary)
		change(&d)
		_, err := New(d, now)
		refusedUnder(t, name, err, "3")
		d.State = Open
		d.Authorisations = []Authorisation{{Kind: Given, Frame: d.Frame}}
		refusedUnder(t, name+", analyse", MayAnalyse(d), "3")
	}
	for _, f := range Frames {
		must(t)(New(good(f), now))
	}
	d := good(MissingPerson)
	d.Offence, d.Imprisonment = "", false
	must(t)(New(d, now))
}

func TestRule4(t *testing.T) {
	flag := must(t)(New(good(Flagrance), now))
	if err := MayAnalyse(flag); err != nil || flag.Reference() != "deemed" {
		t.Errorf("flagrance: %v, reference %q", err, flag.Reference())
	}
	prel := must(t)(New(good(Preliminary), now))
	refusedUnder(t, "not authorised", MayAnalyse(prel), "4")
	auth := must(t)(Authorise(prel, word(), now))
	closing, err := BeginClosing(auth, nil, now)
	if err != nil || closing.Reference() != "A-1" || MayAnalyse(closing) == nil {
		t.Errorf("while closing: reference %q, %v", closing.Reference(), err)
	}
	revoked, err := Revoke(closing, Authorisation{Magistrate: "M", Quality: Procureur, Date: "2025-03-01", Reference: "R-1"}, now)
	if err != nil || revoked.Reference() != "" || MayConsult(revoked) == nil {
		t.Errorf("revoked while closing: reference %q, %v", revoked.Reference(), err)
	}
	if err := MayAnalyse(auth); err != nil || auth.Reference() != "A-1" {
		t.Errorf("authorised: %v", err)
	}
	refusedUnder(t, "the value before", MayAnalyse(prel), "4")
	refusedUnder(t, "revoked", MayAnalyse(must(t)(Revoke(auth, word(), now))), "4")
	veto := must(t)(Veto(flag, word(), now))
	refusedUnder(t, "veto", MayAnalyse(veto), "4")
	changed := must(t)(ChangeFrame(flag, Preliminary, now))
	refusedUnder(t, "flagrance to preliminary", MayAnalyse(changed), "4")
	if err := MayAnalyse(must(t)(Authorise(changed, word(), now))); err != nil {
		t.Error(err)
	}
	back := must(t)(ChangeFrame(must(t)(ChangeFrame(veto, Preliminary, now)), Flagrance, now))
	refusedUnder(t, "a veto is not lifted by changing the frame twice", MayAnalyse(back), "4")
	if _, err := ChangeFrame(flag, Flagrance, now); fault.KindOf(err) != fault.Usage {
		t.Errorf("same frame: %v", err)
	}
	_, err = ChangeFrame(flag, "none", now)
	refusedUnder(t, "unknown frame", err, "3")
	closed := auth
	closed.State = Closed
	refusedUnder(t, "closed", MayAnalyse(closed), "2")
}

func TestAuthoriseIsComplete(t *testing.T) {
	for name, change := range map[string]func(*Authorisation){
		"magistrate": func(a *Authorisation) { a.Magistrate = " " },
		"quality":    func(a *Authorisation) { a.Quality = "OPJ" },
		"the other":  func(a *Authorisation) { a.Quality = JugeInstruction },
		"reference":  func(a *Authorisation) { a.Reference = "" },
		"no date":    func(a *Authorisation) { a.Date = "1.3.2025" },
		"to come":    func(a *Authorisation) { a.Date = "2025-03-10" },
		"document":   func(a *Authorisation) { a.Document = "" },
		"hash":       func(a *Authorisation) { a.SHA256 = "ab" },
	} {
		a := word()
		change(&a)
		d := must(t)(New(good(Preliminary), now))
		got, err := Authorise(d, a, now)
		refusedUnder(t, name, err, "4")
		if len(got.Authorisations) != 0 {
			t.Errorf("%s: recorded all the same", name)
		}
	}
	cr := must(t)(New(good(CommissionRogatoire), now))
	_, err := Authorise(cr, word(), now)
	refusedUnder(t, "procureur in a commission rogatoire", err, "4")
	a := word()
	a.Quality = JugeInstruction
	must(t)(Authorise(cr, a, now))
}

// Whatever happens to a procedure, analysis is allowed exactly when it is open
// and the last decision in its present frame is an authorisation (or flagrance
// untouched); what was found may be looked at unless the last word is a veto
// or a revocation, or the data is gone. A refused step changes nothing.
func TestAnalysisFollowsLastWord(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d, err := New(good(rapid.SampledFrom([]Frame{Flagrance, Preliminary}).Draw(rt, "frame")), now)
		if err != nil {
			rt.Fatal(err)
		}
		word, state := map[bool]Kind{true: Deemed, false: ""}[d.Frame == Flagrance], Open
		for range rapid.IntRange(0, 12).Draw(rt, "steps") {
			step := rapid.SampledFrom(steps).Draw(rt, "step")
			before := d
			next, err := step.do(d)
			if may := slices.Contains(step.in, state); may != (err == nil) {
				rt.Fatalf("%s while %s: %v", step.name, state, err)
			}
			if err != nil {
				if diff := cmp.Diff(before, d); diff != "" {
					rt.Fatalf("%s was refused and changed: %s", step.name, diff)
				}
				continue
			}
			d = next
			if step.word != "" {
				word = step.word
			}
			if step.state != "" {
				state = step.state
			}
			analyse := state == Open && (word == Deemed || word == Given)
			if got := MayAnalyse(d) == nil; got != analyse {
				rt.Fatalf("analysis allowed %v, want %v: %s, %+v", got, analyse, state, d.Authorisations)
			}
			look := (state == Open || state == Closing) && word != Vetoed && word != Revoked
			if got := MayConsult(d) == nil; got != look {
				rt.Fatalf("looking allowed %v, want %v: %s, %+v", got, look, state, d.Authorisations)
			}
		}
	})
}

// steps are the operations of the state machine: in which states each may be,
// and what it leaves as the last word and the state.
var steps = []struct {
	name  string
	do    func(Document) (Document, error)
	in    []State
	word  Kind
	state State
}{
	{"authorise", func(d Document) (Document, error) { return Authorise(d, word(), now) }, []State{Open}, Given, ""},
	{"veto", func(d Document) (Document, error) { return Veto(d, word(), now) }, []State{Open, Closing}, Vetoed, ""},
	{"revoke", func(d Document) (Document, error) { return Revoke(d, word(), now) }, []State{Open, Closing}, Revoked, ""},
	{"frame", func(d Document) (Document, error) {
		to := Flagrance
		if d.Frame == Flagrance {
			to = Preliminary
		}
		return ChangeFrame(d, to, now)
	}, []State{Open}, FrameChanged, ""},
	{"begin closing", func(d Document) (Document, error) { return BeginClosing(d, nil, now) }, []State{Open}, "", Closing},
	{"purge", func(d Document) (Document, error) { return NotePurged(d, now) }, []State{Closing}, "", Purged},
	{"finish", func(d Document) (Document, error) { return FinishClosing(d, now) }, []State{Purged}, "", Closed},
}

// A text that hides what it says gets into no procedure.
func TestTextsThatHide(t *testing.T) {
	for _, bad := range []string{"vol\x00", "vol\nau PV", "vol \u202eélov", "vo\u200bl", "vol\xff", "vol\u2028", strings.Repeat("x", 2001), "\x1b[2Jvol"} {
		d := good(Preliminary)
		d.Offence = bad
		if _, err := New(d, now); fault.KindOf(err) != fault.Usage {
			t.Errorf("offence %q: %v", bad, err)
		} else if strings.ContainsAny(err.Error(), "\x00\n\x1b\u202e\u200b") {
			t.Errorf("offence %q is told as it is: %q", bad, err)
		}
		a := word()
		a.Magistrate = bad
		if _, err := Authorise(must(t)(New(good(Preliminary), now)), a, now); fault.KindOf(err) != fault.Usage {
			t.Errorf("magistrate %q: %v", bad, err)
		}
		if err := CheckReason(bad); fault.KindOf(err) != fault.Usage {
			t.Errorf("reason %q: %v", bad, err)
		}
	}
	var f *fault.Error
	d := good(CauseOfDeath)
	d.Imprisonment = false
	if _, err := New(d, now); !errors.As(err, &f) || !strings.Contains(f.Hint, "leave --offence out") {
		t.Errorf("74 with an offence: %v", err)
	}
}

func TestRules8And9And2(t *testing.T) {
	for _, blank := range []string{"", " ", "\t\n", "...", "\u2800\u2800", "—"} {
		refusedUnder(t, "reason", CheckReason(blank), "8")
	}
	if err := CheckReason("identify the lorry"); err != nil {
		t.Error(err)
	}
	d := must(t)(New(good(Preliminary), now))
	for _, b := range Bases {
		if err := MayImport(d, "S-1", b); err != nil {
			t.Error(err)
		}
	}
	refusedUnder(t, "exhibit", MayImport(d, " ", Seizure), "9")
	refusedUnder(t, "basis", MayImport(d, "S-1", ""), "9")
	refusedUnder(t, "basis", MayImport(d, "S-1", "found"), "9")
	d.State = Closed
	refusedUnder(t, "closed", MayImport(d, "S-1", Seizure), "2")
	refusedUnder(t, "closed", MayPlan(d), "2")
	refusedUnder(t, "two at once", CheckID("A,B"), "2")
	refusedUnder(t, "all", CheckID("*"), "2")
	for _, id := range []string{"", ".", "..", "a/b", "-x", strings.Repeat("x", 65), "a.", "é", "a\nb"} {
		if err := CheckID(id); fault.KindOf(err) != fault.Usage {
			t.Errorf("ID %q: %v", id, err)
		}
	}
	for _, id := range []string{"A", "2025-00123", "x.y_z", strings.Repeat("x", 64)} {
		if err := CheckID(id); err != nil {
			t.Errorf("ID %q: %v", id, err)
		}
	}
}

// Every rule that this code refuses under is in the data, with its articles.
func TestRulesAreData(t *testing.T) {
	for i := range 23 {
		n := strconv.Itoa(i + 1)
		r, date, ok := LookUp(n)
		if !ok || len(r.Articles) == 0 || r.Says == "" || date == "" {
			t.Errorf("rule %s: %+v", n, r)
		}
		var f *fault.Error
		if errors.As(Refuse(n, "do this", "no"), &f); !strings.Contains(f.Hint, r.Articles[0]) || !strings.Contains(f.Hint, "do this") {
			t.Errorf("rule %s: hint %q", n, f.Hint)
		}
	}
	if _, err := parseTable([]byte("rules: {}\nsurprise: 1\n")); err == nil {
		t.Error("an unknown field passes")
	}
	if _, err := parseTable([]byte("rules: {}\n")); err == nil {
		t.Error("a table without frames passes")
	}
}

func TestEncodeParse(t *testing.T) {
	d := must(t)(New(good(Preliminary), now))
	d2 := must(t)(Authorise(d, word(), now))
	var b []byte
	for _, d := range []Document{d, d2} {
		var err error
		if b, err = Encode(d); err != nil {
			t.Fatal(err)
		}
		got, err := Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(d, got); diff != "" {
			t.Error(diff)
		}
	}
	for name, bad := range map[string]string{
		"cut":        string(b[:len(b)/2]),
		"new format": strings.Replace(string(b), `"format": 1`, `"format": 2`, 1),
		"new field":  strings.Replace(string(b), `"format": 1`, `"format": 1, "x": 1`, 1),
	} {
		if _, err := Parse([]byte(bad)); fault.KindOf(err) != fault.BadInput {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Parse([]byte(strings.Replace(string(b), `2025-00123`, `../x`, 1))); err == nil {
		t.Error("a bad ID")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"format":1,"id":"A","frame":"74","state":"open","authorisations":[]}`))
	f.Add([]byte(`{"format":1,"id":"..","authorisations":[{"kind":"given"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := Parse(b)
		if err != nil {
			return
		}
		if CheckID(d.ID) != nil {
			t.Fatalf("ID %q got through", d.ID)
		}
		allowed := MayAnalyse(d) == nil
		if allowed && (!slices.Contains(Frames, d.Frame) || len(d.Authorisations) == 0) {
			t.Fatalf("analysis allowed for %+v", d)
		}
		_ = d.Reference()
	})
}
