package plate

import (
	"math/bits"
	"testing"

	"pgregory.net/rapid"
)

// What the screen passes over does not match.
func TestScreenLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := Fuse(rapid.SliceOfN(rapid.Custom(genRead), 1, 6).Draw(t, "reads"))
		text, _ := l.Best()
		for _, r := range l.Reads {
			if rapid.Bool().Draw(t, "raw") {
				text = r.Text()
			}
		}
		chars := []byte(text)
		for i := range chars { // near the plate, so that many match
			if rapid.IntRange(0, 3).Draw(t, "change") == 0 {
				chars[i] = rapid.SampledFrom([]byte(Alphabet+"?*")).Draw(t, "to")
			}
		}
		p, err := ParsePattern(string(chars))
		if err != nil {
			return
		}
		o := Options{Fuzzy: rapid.IntRange(0, 2).Draw(t, "fuzzy"), Literal: rapid.Bool().Draw(t, "literal")}
		lacking := bits.OnesCount64(uint64(p.Screen() &^ l.Screen()))
		if m := p.Match(l, o); m.OK && lacking > o.Fuzzy {
			t.Fatalf("%s matches %s with %d edits, and the screen lacks %d symbols: %s", chars, m.Text, m.Edits, lacking, m.Why())
		}
	})
}

func TestScreenSymbols(t *testing.T) {
	p, err := ParsePattern("ab-1?3-*")
	if err != nil {
		t.Fatal(err)
	}
	if got := string(p.Screen().Symbols()); got != "13AB" {
		t.Error(got)
	}
	if p.Screen()&(1<<Bit('B')) == 0 || Bit('?') != -1 {
		t.Error("bits")
	}
}
