package report

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestTypography(t *testing.T) {
	reunion := time.FixedZone("RET", 4*3600)
	for _, c := range []struct{ got, want string }{
		{Moment(made, paris), "2\u00a0mars\u00a02026 à 14\u00a0h\u00a003\u00a0min\u00a007\u00a0s (UTC+1)"},
		{Moment(time.Date(2026, 4, 30, 22, 0, 0, 0, time.UTC), reunion), "1er\u00a0mai\u00a02026 à 2\u00a0h\u00a000\u00a0min\u00a000\u00a0s (UTC+4)"},
		{Moment(made, time.FixedZone("", -12600)), "2\u00a0mars\u00a02026 à 9\u00a0h\u00a033\u00a0min\u00a007\u00a0s (UTC−3:30)"},
		{Moment(time.Time{}, paris), "non renseigné"},
		{Number(0), "0"}, {Number(999), "999"}, {Number(-1234567), "−1\u202f234\u202f567"},
		{Decimal(1234.567, 2), "1\u202f234,57"}, {Decimal(-0.25, 2), "−0,25"}, {Percent(0.5), "50\u00a0%"},
		{Span(3_723_400_000), "1\u00a0h\u00a002\u00a0min\u00a003,4\u00a0s"}, {Span(0), "0,0\u00a0s"}, {Span(59_960_000), "1\u00a0min\u00a000,0\u00a0s"},
		{Span(-7_000_000), "−7,0\u00a0s"}, {Day("2026-02-22"), "22\u00a0février\u00a02026"}, {Day("demain"), "demain"},
		{Bytes(1), "1\u00a0octet"}, {typo("Vu l'article n° 3 : « oui » ; non ?"), "Vu l’article n°\u00a03\u00a0: «\u00a0oui\u00a0»\u202f; non\u202f?"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

func TestNumberKeepsItsDigits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(-1<<60, 1<<60).Draw(t, "n")
		plain := strings.NewReplacer(thin, "", "−", "-").Replace(Number(n))
		if back, err := strconv.ParseInt(plain, 10, 64); err != nil || back != n {
			t.Fatalf("%d was written %q", n, Number(n))
		}
	})
}

// TestCleanHidesNothing: every letter of what is shown can be drawn in all
// four faces, and nothing is dropped but spaces around.
func TestCleanHidesNothing(t *testing.T) {
	if got := clean("vide\u0301o\u202egpj.exe\x00\t漢\U0001f600"); got != "vidéo[U+202E]gpj.exe[U+0000] [U+6F22][U+1F600]" {
		t.Errorf("%q", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		for _, r := range pdfText(clean(s)) {
			if r == '\n' {
				continue
			}
			for i, f := range faces() {
				if g, err := f.font.GlyphIndex(nil, r); err != nil || g == 0 {
					t.Fatalf("face %d has no %U, which clean let through", i, r)
				}
			}
		}
		if again := clean(clean(s)); again != clean(s) {
			t.Fatalf("not stable: %q, %q", clean(s), again)
		}
	})
}

// TestLines: no line is wider than asked for, unless by one letter that fits
// nowhere, and all text is there.
func TestLines(t *testing.T) {
	r := newRuler().sized(9)
	rapid.Check(t, func(t *rapid.T) {
		var in text
		for range rapid.IntRange(0, 4).Draw(t, "spans") {
			in = append(in, span{rapid.StringMatching(`[a-zé0-9:;/ \n-]{0,90}`).Draw(t, "text"), style(rapid.IntRange(0, 3).Draw(t, "style"))})
		}
		wide := rapid.Float64Range(12, 170).Draw(t, "wide")
		want, got := "", ""
		for _, s := range in {
			want += s.Text
		}
		for _, l := range breakLines(in, wide, r) {
			for _, g := range l {
				got += g.Text
				if end := g.X + r.width(g.Text, g.Style); end > wide+0.01 {
					t.Fatalf("%q ends at %.2f of %.2f mm", g.Text, end, wide)
				}
			}
		}
		strip := strings.NewReplacer(" ", "", "\n", "")
		if strip.Replace(got) != strip.Replace(want) {
			t.Fatalf("%q became %q", want, got)
		}
	})
}
