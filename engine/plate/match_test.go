package plate

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"posteriori/engine/fault"
)

func pattern(t interface{ Fatal(...any) }, s string) Pattern {
	p, err := ParsePattern(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestMatch(t *testing.T) {
	votes := Fuse([]Read{at(1, with(sure("A8123CD", .7), 1, 'B', .2)), at(2, sure("A8123CD", .8))})
	for _, c := range []struct {
		pattern string
		o       Options
		ok      bool
		why     string
	}{
		{"A8-123-CD", Options{}, true, "read as asked"},
		{"a8 123 cd", Options{Literal: true}, true, "read as asked"},
		{"AB-123-CD", Options{}, true, "B is the reader's second choice at 2"},
		{"AB-123-CD", Options{Literal: true}, false, "8 read for B at 2"},
		{"A8-1?3-*", Options{}, true, "read as asked"},
		{"*CD", Options{}, true, "read as asked"},
		{"*123*", Options{}, true, "read as asked"},
		{"A8-123", Options{}, false, "C read besides"},
		{"A8-123-CO", Options{}, true, "D read for O at 7, which looks alike"},
		{"A8-123-CX", Options{}, false, "D read for X at 7"},
		{"A8-123-CX", Options{Fuzzy: 1}, true, "D read for X at 7"},
		{"A8-1234-CD", Options{Fuzzy: 1}, true, "4 not read after 5"},
		{"A8-12-CD", Options{Fuzzy: 1}, true, "3 read besides at 5"},
		{"A8-17-XX", Options{Fuzzy: 1}, false, ""},
	} {
		m := pattern(t, c.pattern).Match(votes, c.o)
		if m.OK != c.ok || !strings.Contains(m.Why(), c.why) {
			t.Errorf("%s %+v: ok %v, %q", c.pattern, c.o, m.OK, m.Why())
		}
	}
}

// A read that the votes overruled is still found, and said to be one.
func TestMatchOfAnOverruledRead(t *testing.T) {
	l := Fuse([]Read{at(1, sure("AB123CD", .9)), at(2, sure("AB123CD", .9)), at(3, sure("AX123CD", .5)), at(4, sure("AB123CD", .9)), at(5, sure("AB123CD", .9))})
	m := pattern(t, "AX123CD").Match(l, Options{Literal: true})
	if !m.OK || !m.Raw || m.Text != "AX123CD" || !strings.Contains(m.Why(), "single pictures") {
		t.Errorf("%+v %q", m, m.Why())
	}
	if m := pattern(t, "AB123CD").Match(l, Options{}); !m.OK || m.Raw || m.Score < .3 {
		t.Errorf("%+v", m)
	}
}

func TestMatchOfNothing(t *testing.T) {
	if m := pattern(t, "A*").Match(Lattice{}, Options{Fuzzy: 3}); m.OK {
		t.Errorf("a track without a plate matches: %+v", m)
	}
	if m := pattern(t, "A").MatchText("", Options{Fuzzy: 1}); m.OK {
		t.Errorf("no text matches: %+v", m)
	}
}

func TestScoreOrders(t *testing.T) {
	l := Fuse([]Read{sure("AB123CD", .9)})
	last := 2.0
	for _, p := range []string{"AB123CD", "AB123CO", "ABI23CO", "AB923CO"} {
		m := pattern(t, p).Match(l, Options{Fuzzy: 1})
		if !m.OK || m.Score >= last {
			t.Errorf("%s scores %.4f, after %.4f", p, m.Score, last)
		}
		last = m.Score
	}
}

// Every text meets itself, itself with characters behind wildcards, and with
// one edit under Fuzzy 1; never with two more edits.
func TestMatchProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := genText(t, 4, 9)
		if m := pattern(t, text).MatchText(text, Options{Literal: true}); !m.OK || m.Edits != 0 || m.Text != text {
			t.Fatalf("%s: %+v", text, m)
		}
		i := rapid.IntRange(1, len(text)-1).Draw(t, "i")
		for _, p := range []string{text[:i] + "?" + text[i+1:], text[:i] + "*", text[:i] + "*" + text[i:], "*" + text[i:]} {
			if m := pattern(t, p).MatchText(text, Options{Literal: true}); !m.OK {
				t.Fatalf("%s does not meet %s: %s", p, text, m.Why())
			}
		}
		x := string(Alphabet[rapid.IntRange(0, Symbols-1).Draw(t, "x")])
		for _, p := range []string{text[:i] + x + text[i:], text[:i] + text[i+1:], text[:i] + x + text[i+1:]} {
			if m := pattern(t, p).MatchText(text, Options{Literal: true, Fuzzy: 1}); !m.OK || m.Edits > 1 {
				t.Fatalf("%s does not meet %s with one edit: %+v", p, text, m)
			}
		}
		if m := pattern(t, text+x+x).MatchText(text, Options{Literal: true, Fuzzy: 1}); m.OK {
			t.Fatalf("%s with two characters more meets it with one edit", text)
		}
		loose := pattern(t, text).MatchText(text, Options{})
		if loose.Score < .999 {
			t.Fatalf("%s meets itself with score %v", text, loose.Score)
		}
	})
}

func TestEditsAreTheLeast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := genText(t, 1, 7), genText(t, 1, 7)
		m := pattern(t, a).MatchText(b, Options{Literal: true})
		if want := levenshtein(a, b); m.Edits != want {
			t.Fatalf("%s to %s: %d edits, want %d", a, b, m.Edits, want)
		}
	})
}

func levenshtein(a, b string) int {
	if a == "" || b == "" {
		return len(a) + len(b)
	}
	same := 1
	if a[0] == b[0] {
		same = 0
	}
	return min(levenshtein(a[1:], b[1:])+same, levenshtein(a[1:], b)+1, levenshtein(a, b[1:])+1)
}

func TestParsePattern(t *testing.T) {
	for _, bad := range []string{"", "*", "??", "- -", "AB_1", "é", "A;B", strings.Repeat("A", maxPattern+1)} {
		if _, err := ParsePattern(bad); fault.KindOf(err) != fault.Usage || err == nil {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if p := pattern(t, "ab**-1?3"); string(p.tokens) != "AB*1?3" || p.String() != "ab**-1?3" {
		t.Errorf("%q", p.tokens)
	}
}

func FuzzParsePattern(f *testing.F) {
	f.Add("AB-1?3-*", "AB123CD")
	f.Fuzz(func(t *testing.T, s, text string) {
		if len(s) > 64 || len(text) > 64 {
			return
		}
		p, err := ParsePattern(s)
		if err != nil {
			return
		}
		m := p.MatchText(text, Options{Fuzzy: 1})
		if m.OK && m.Edits > 1 || m.Score < 0 || m.Score > 1 || m.Why() == "" {
			t.Errorf("%q on %q: %+v", s, text, m)
		}
	})
}
