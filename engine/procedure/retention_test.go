package procedure

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"posteriori/engine/fault"
)

func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

func sha(n int) string { return strings.Repeat(string(rune('a'+n%6)), 64) }

func wantRule(t *testing.T, what string, err error, rule string) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.Refused || f.Rule != rule {
		t.Errorf("%s: %v, want a refusal under rule %s", what, err, rule)
	}
}

func TestDeadline(t *testing.T) {
	ext := func(recorded, until string) Extension {
		return Extension{Recorded: day(recorded), Until: day(until)}
	}
	for _, c := range []struct {
		name, recorded string
		extensions     []Extension
		deadline, warn string
	}{
		{"plain", "2025-03-01", nil, "2028-03-01", "2027-09-01"},
		{"leap day", "2024-02-29", nil, "2027-02-28", "2026-08-29"},
		{"end of August", "2025-08-31", nil, "2028-08-31", "2028-02-29"},
		{"extended", "2025-03-01", []Extension{ext("2028-01-01", "2029-03-01")}, "2029-03-01", "2028-09-01"},
		{"extended too late", "2025-03-01", []Extension{ext("2028-03-01", "2029-03-01")}, "2028-03-01", "2027-09-01"},
		{"extended to an earlier day", "2025-03-01", []Extension{ext("2025-04-01", "2026-01-01")}, "2028-03-01", "2027-09-01"},
		{"extended twice", "2025-03-01", []Extension{ext("2028-01-01", "2029-03-01"), ext("2029-02-01", "2030-01-31")}, "2030-01-31", "2029-07-31"},
		{"the second too late", "2025-03-01", []Extension{ext("2028-01-01", "2029-03-01"), ext("2029-04-01", "2030-01-31")}, "2029-03-01", "2028-09-01"},
	} {
		if got := Deadline(day(c.recorded), c.extensions); !got.Equal(day(c.deadline)) {
			t.Errorf("%s: deadline %v, want %s", c.name, got, c.deadline)
		}
		if got := WarnFrom(day(c.recorded), c.extensions); !got.Equal(day(c.warn)) {
			t.Errorf("%s: warning from %v, want %s", c.name, got, c.warn)
		}
	}
}

func anyTime(from, to string) *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		return time.Unix(rapid.Int64Range(day(from).Unix(), day(to).Unix()).Draw(t, "unix"), 0).UTC()
	})
}

// Whatever is recorded, erased or extended: three years end, warnings come
// before, and nothing that was due becomes anything else.
func TestRetentionProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		recorded := anyTime("2020-01-01", "2032-01-01").Draw(t, "recorded")
		end := Deadline(recorded, nil)
		if y := end.Sub(recorded); y < (3*365)*24*time.Hour || y > (3*365+1)*24*time.Hour {
			t.Fatalf("kept %v", y)
		}
		if !end.Before(recorded.AddDate(3, 0, 0)) && !end.Equal(recorded.AddDate(3, 0, 0)) {
			t.Fatalf("%v is later than three years after %v", end, recorded)
		}
		later := recorded.Add(time.Duration(rapid.Int64Range(0, 1<<40).Draw(t, "later")))
		if Deadline(later, nil).Before(end) {
			t.Fatalf("recorded later, erased earlier")
		}
		exts := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Extension {
			return Extension{Recorded: anyTime("2020-01-01", "2040-01-01").Draw(t, "rec"), Until: anyTime("2020-01-01", "2040-01-01").Draw(t, "until")}
		}), 0, 4).Draw(t, "extensions")
		moved := Deadline(recorded, exts)
		if moved.Before(end) {
			t.Fatalf("an extension shortened the time")
		}
		if warn := WarnFrom(recorded, exts); !warn.Before(moved) {
			t.Fatalf("warning %v, deadline %v", warn, moved)
		}
		d := Document{State: Open, Retention: Retention{Extensions: exts}}
		d = NoteItems(d, []string{sha(0), sha(1)}, recorded)
		again := NoteItems(d, []string{sha(0)}, later)
		if diff := cmp.Diff(d, again); diff != "" {
			t.Fatalf("importing again restarted the clock: %s", diff)
		}
		at := anyTime("2020-01-01", "2045-01-01").Draw(t, "at")
		s := Stand(d, at)
		if due := !at.Before(moved); due != (len(s.Due) == 2) || due != (MayRecord(d, sha(0), at) != nil) {
			t.Fatalf("at %v with deadline %v: %+v", at, moved, s)
		}
		erased := Stand(NoteErased(d, []string{sha(0)}, GroundRetention, at), at)
		if len(erased.Due)+len(erased.Soon) > 1 {
			t.Fatalf("erased and still to erase: %+v", erased)
		}
		if one := NoteErased(d, []string{sha(0)}, GroundOrder, at); MayRecord(one, sha(0), recorded) == nil {
			t.Fatalf("what was erased on order came in again")
		}
	})
}

func order() Authorisation {
	return Authorisation{Magistrate: "M", Quality: Procureur, Date: "2027-12-01", Reference: "R-1", Document: "d.pdf", SHA256: sha(0)}
}

func TestExtend(t *testing.T) {
	at := day("2028-01-01")
	base := NoteItems(Document{ID: "p", State: Open}, []string{sha(1)}, day("2025-03-01"))
	d, err := Extend(base, order(), day("2029-01-01"), at)
	if err != nil || !Stand(d, at).Next.Equal(day("2029-01-01")) {
		t.Fatalf("%+v, %v", d.Retention, err)
	}
	if len(base.Retention.Extensions) != 0 {
		t.Error("Extend changed its argument")
	}
	for name, change := range map[string]func(d *Document, a *Authorisation, until, at *time.Time){
		"no document":   func(_ *Document, a *Authorisation, _, _ *time.Time) { a.Document = "" },
		"no hash":       func(_ *Document, a *Authorisation, _, _ *time.Time) { a.SHA256 = "x" },
		"no magistrate": func(_ *Document, a *Authorisation, _, _ *time.Time) { a.Magistrate = " " },
		"no quality":    func(_ *Document, a *Authorisation, _, _ *time.Time) { a.Quality = "prefet" },
		"the referent":  func(_ *Document, a *Authorisation, _, _ *time.Time) { a.Quality = Referent },
		"no reference":  func(_ *Document, a *Authorisation, _, _ *time.Time) { a.Reference = "" },
		"no date":       func(_ *Document, a *Authorisation, _, _ *time.Time) { a.Date = "soon" },
		"to come":       func(_ *Document, a *Authorisation, _, _ *time.Time) { a.Date = "2030-01-01" },
		"past":          func(_ *Document, _ *Authorisation, until, at *time.Time) { *until = *at },
		"due already":   func(_ *Document, _ *Authorisation, _, at *time.Time) { *at = day("2028-03-01") },
		"nothing kept":  func(d *Document, _ *Authorisation, _, _ *time.Time) { d.Retention.Items = nil },
		"closed":        func(d *Document, _ *Authorisation, _, _ *time.Time) { d.State = Closed },
	} {
		d, a, until, at := base, order(), day("2029-01-01"), at
		change(&d, &a, &until, &at)
		_, err := Extend(d, a, until, at)
		wantRule(t, name, err, "14")
	}
}

func TestCheckOrder(t *testing.T) {
	at := day("2028-01-01")
	a := order()
	a.Document, a.SHA256, a.Quality = "", "", Referent
	if err := CheckOrder(a, at); err != nil {
		t.Error(err)
	}
	a.Reference = ""
	wantRule(t, "no reference", CheckOrder(a, at), "15")
}

func TestRemaining(t *testing.T) {
	at := day("2028-01-01")
	open := NoteItems(Document{ID: "p", State: Open}, []string{sha(1)}, at)
	request := &CopyRequest{Reference: "C-1", Magistrate: "M"}
	closing, _ := BeginClosing(open, nil, at)
	withCopy, _ := BeginClosing(open, request, at)
	copied, _ := NoteCopied(withCopy, *request)
	purged, _ := NotePurged(closing, at)
	closed, _ := FinishClosing(purged, at)
	for _, c := range []struct {
		name string
		doc  Document
		copy *CopyRequest
		have Papers
		want []Step
	}{
		{"all", open, request, Papers{}, Steps},
		{"no copy", open, nil, Papers{}, []Step{StepBegin, StepReport, StepMention, StepPurge, StepCertificate, StepFinish}},
		{"papers there", open, nil, Papers{Report: true, Mention: true}, []Step{StepBegin, StepPurge, StepCertificate, StepFinish}},
		{"an old certificate", open, nil, Papers{Report: true, Mention: true, Certificate: true}, []Step{StepBegin, StepPurge, StepCertificate, StepFinish}},
		{"goes on with the copy it began with", withCopy, nil, Papers{Report: true}, []Step{StepMention, StepCopy, StepPurge, StepCertificate, StepFinish}},
		{"copied", copied, request, Papers{Report: true, Mention: true}, []Step{StepPurge, StepCertificate, StepFinish}},
		{"a copy asked for late", closing, request, Papers{Report: true, Mention: true}, []Step{StepCopy, StepPurge, StepCertificate, StepFinish}},
		{"purged", purged, nil, Papers{}, []Step{StepCertificate, StepFinish}},
		{"certified", purged, nil, Papers{Certificate: true}, []Step{StepFinish}},
	} {
		got, err := Remaining(c.doc, c.copy, c.have)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v, want %v", c.name, got, err, c.want)
		}
	}
	_, err := Remaining(closed, nil, Papers{})
	wantRule(t, "closed", err, "14")
	_, err = Remaining(open, &CopyRequest{Magistrate: "M"}, Papers{})
	wantRule(t, "copy without request", err, "13")
	_, err = Remaining(open, &CopyRequest{Reference: "C"}, Papers{})
	wantRule(t, "copy without magistrate", err, "13")
	if left, err := Remaining(func() Document { d, _ := NotePurged(copied, at); return d }(), request, Papers{}); err != nil || len(left) != 2 {
		t.Errorf("the same command after the purge: %v, %v", left, err)
	}
	_, err = Remaining(purged, request, Papers{})
	wantRule(t, "copy of nothing", err, "13")
}

// A closure may be killed after any step and goes on to the same end; no
// order of steps destroys data before report and mention are there.
func TestClosingProperties(t *testing.T) {
	at := day("2028-01-01")
	rapid.Check(t, func(t *rapid.T) {
		d := NoteItems(Document{ID: "p", State: Open}, []string{sha(1)}, at)
		var request *CopyRequest
		if rapid.Bool().Draw(t, "copy") {
			request = &CopyRequest{Reference: "C", Magistrate: "M"}
		}
		have := Papers{}
		for n := 0; d.State != Closed; n++ {
			if n > 20 {
				t.Fatalf("no end in sight: %+v", d)
			}
			asked := request
			if n > 0 && rapid.Bool().Draw(t, "resumed without flags") {
				asked = nil
			}
			if Gone(d) {
				asked = nil
			}
			left, err := Remaining(d, asked, have)
			if err != nil || len(left) == 0 {
				t.Fatal(left, err)
			}
			switch left[0] {
			case StepBegin:
				d, err = BeginClosing(d, asked, at)
			case StepReport:
				have.Report = true
			case StepMention:
				have.Mention = true
			case StepCopy:
				d, err = NoteCopied(d, *request)
			case StepPurge:
				if !have.Report || !have.Mention || request != nil && !d.Retention.Closing.Copied {
					t.Fatalf("purged too early: %+v", have)
				}
				d, err = NotePurged(d, at)
			case StepCertificate:
				if !Gone(d) {
					t.Fatal("certified before it was done")
				}
				have.Certificate = true
			case StepFinish:
				d, err = FinishClosing(d, at)
			}
			if err != nil {
				t.Fatal(err)
			}
			if !Gone(d) && rapid.IntRange(0, 5).Draw(t, "act between") == 0 {
				have = Papers{} // somebody acted: the papers are stale
			}
		}
		wantRuleR(t, CheckGone(d), "14")
		if s := Stand(d, at.AddDate(9, 0, 0)); len(s.Due) > 0 {
			t.Fatalf("closed and still due: %+v", s)
		}
	})
}

func wantRuleR(t *rapid.T, err error, rule string) {
	var f *fault.Error
	if !errors.As(err, &f) || f.Rule != rule {
		t.Fatalf("%v, want rule %s", err, rule)
	}
}

func TestStatesRefuse(t *testing.T) {
	at := day("2028-01-01")
	open := Document{ID: "p", State: Open}
	_, err := NotePurged(open, at)
	wantRule(t, "purge of an open procedure", err, "14")
	_, err = FinishClosing(open, at)
	wantRule(t, "finish an open one", err, "14")
	_, err = NoteCopied(open, CopyRequest{})
	wantRule(t, "copy of an open one", err, "13")
	closing, err := BeginClosing(open, nil, at)
	if err != nil {
		t.Fatal(err)
	}
	_, err = BeginClosing(closing, nil, at)
	wantRule(t, "begin twice", err, "2")
	if CheckGone(closing) != nil {
		t.Error("the data of a procedure that is being closed is still there")
	}
}
