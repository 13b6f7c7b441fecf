package plate

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestSyntaxesAreSound(t *testing.T) {
	for _, s := range Syntaxes {
		if len(s.Country) != 2 || s.prior <= 0 || s.prior > 1 {
			t.Errorf("%+v", s)
		}
		for _, f := range []byte(s.bare()) {
			if len(set(f)) < 1 || index(set(f)[0]) < 0 {
				t.Errorf("%s %s: %c allows nothing", s.Country, s.Form, f)
			}
		}
	}
}

func TestFitsAndGrouped(t *testing.T) {
	siv := Syntaxes[0]
	for text, want := range map[string]bool{"AB123CD": true, "AO123CD": false, "AB12CD": false, "AB123C1": false} {
		if siv.Fits(text) != want {
			t.Errorf("%s fits SIV: %v", text, !want)
		}
	}
	if got := siv.Grouped("AB123CD"); got != "AB-123-CD" {
		t.Error(got)
	}
	if got := (Syntax{Form: "N-LLL-NNN"}).Grouped("1ABC234"); got != "1-ABC-234" {
		t.Error(got)
	}
}

func TestInterpretationsProposeAndKeepTheRead(t *testing.T) {
	l := Fuse([]Read{with(sure("AB1Z3CD", .7), 3, '2', .2), sure("AB1Z3CD", .8)})
	got := l.Interpretations()
	if len(got) == 0 || got[0].Text != "AB-123-CD" || got[0].Syntaxes[0].Country != "FR" {
		t.Fatalf("%+v", got)
	}
	if len(got[0].Changed) != 1 || got[0].Changed[0] != 3 {
		t.Errorf("changed %v", got[0].Changed)
	}
	if text, _ := l.Best(); text != "AB1Z3CD" {
		t.Errorf("the read became %q", text)
	}
}

// What looks alike may stand in where the reader saw no second choice, and
// what does not may not.
func TestInterpretationsByLookAlikes(t *testing.T) {
	got := Fuse([]Read{sure("AB12OCD", .95)}).Interpretations()
	if len(got) != 2 || got[0].Text != "AB12-OCD" || got[1].Text != "AB-120-CD" {
		t.Errorf("%+v", got)
	}
	if got := Fuse([]Read{sure("XXXXXXXX", .95)}).Interpretations(); got != nil {
		t.Errorf("%+v", got)
	}
}

func TestInterpretationsDropADoubtfulPlace(t *testing.T) {
	l := Fuse([]Read{sure("1AB123CD", .6), sure("AB123CD", .75), sure("1AB123CD", .6), sure("AB123CD", .7)})
	found := false
	for _, i := range l.Interpretations() {
		found = found || i.Text == "AB-123-CD"
	}
	if !found {
		t.Errorf("%+v", l.Interpretations())
	}
}

func TestInterpretationsFit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := Fuse(rapid.SliceOfN(rapid.Custom(genRead), 0, 5).Draw(t, "reads"))
		last := 2.0
		for _, i := range l.Interpretations() {
			for _, s := range i.Syntaxes {
				if !s.Fits(Normal(i.Text)) {
					t.Fatalf("%s does not fit %s", i.Text, s.Form)
				}
			}
			if i.Score > last || i.Score <= 0 {
				t.Fatalf("scores %v after %v", i.Score, last)
			}
			last = i.Score
		}
	})
}

func TestMaskHides(t *testing.T) {
	for in, want := range map[string]string{"AB123CD": "██-███-██", "1234 ab 56": "████-██-██", "XXXXXXXXX": "█████████", "": ""} {
		if got := Mask(in); got != want {
			t.Errorf("Mask(%q) = %q, want %q", in, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text := genText(t, 0, 12)
		got := Mask(text)
		if strings.Trim(got, "█-") != "" || strings.Count(got, "█") != len(text) || !utf8.ValidString(got) {
			t.Fatalf("Mask(%q) = %q", text, got)
		}
	})
}

func TestCommit(t *testing.T) {
	key, other := []byte("0123456789abcdef"), []byte("0123456789abcdeF")
	commit := func(k []byte, s string) [32]byte {
		c, err := Commit(k, s)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	a := commit(key, "AB-123-CD")
	if a != commit(key, "ab 123 cd") {
		t.Error("the same plate, written otherwise, has another commitment")
	}
	if a == commit(other, "AB-123-CD") || a == commit(key, "AB-123-CE") {
		t.Error("another key or plate has the same commitment")
	}
	p, err := CommitPattern(key, pattern(t, "AB123CD"))
	if err != nil || p == a {
		t.Error("a pattern has a plate's commitment", err)
	}
	if _, err := Commit([]byte("short"), "AB123CD"); err == nil {
		t.Error("a short key")
	}
	if _, err := CommitPattern(nil, pattern(t, "AB123CD")); err == nil {
		t.Error("no key")
	}
}
