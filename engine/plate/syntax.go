package plate

import (
	"cmp"
	"slices"
	"strings"
)

// Syntax is one form that plates of a country have. In its form L is a letter,
// N a digit, S a letter of the French SIV (no I, O, U), C a consonant, G a
// letter that Greek and Cyrillic share with Latin; a dash parts groups and is
// not read; anything else is itself.
type Syntax struct {
	Country string // ISO 3166, two letters
	Name    string
	Form    string
	prior   float64
}

// Syntaxes are the forms that are tried, French first. Forms that many
// countries share stand for all of them. Sources: the countries' rules as
// collected in UN/ECE "Distinguishing signs" and the French arrêté of
// 9 February 2009 (SIV: AA-123-AA; letters I, O, U excluded, SS not used in
// the first group).
var Syntaxes = []Syntax{
	{"FR", "SIV, since 2009", "SS-NNN-SS", 1},
	{"FR", "FNI, until 2009", "NNNN-LL-NN", .6},
	{"FR", "FNI, until 2009", "NNN-LLL-NN", .6},
	{"FR", "FNI, until 2009", "NNN-LL-NN", .5},
	{"FR", "FNI, until 2009", "NN-LLL-NN", .4},
	{"FR", "FNI, Corsica", "NNNN-LL-NA", .3},
	{"FR", "FNI, Corsica", "NNNN-LL-NB", .3},
	{"FR", "transit and temporary", "WW-NNN-SS", .5},
	{"IT", "since 1994", "SS-NNN-SS", .5},
	{"DE", "", "L-LL-NNNN", .3},
	{"DE", "", "LL-LL-NNNN", .3},
	{"DE", "", "LL-LL-NNN", .3},
	{"DE", "", "LL-L-NNNN", .3},
	{"DE", "", "LLL-LL-NNN", .2},
	{"DE", "", "LLL-L-NNN", .2},
	{"DE", "", "L-LL-NNN", .3},
	{"ES", "since 2000", "NNNN-CCC", .5},
	{"PT", "since 2020", "LL-NN-LL", .4},
	{"PT", "2005 to 2020", "NN-LL-NN", .4},
	{"PT", "until 2005", "NN-NN-LL", .3},
	{"BE", "since 2010", "N-LLL-NNN", .5},
	{"BE", "2008 to 2010", "NNN-LLL", .3},
	{"BE", "until 2008", "LLL-NNN", .3},
	{"NL", "", "NN-LLL-N", .3},
	{"NL", "", "LL-NNN-L", .3},
	{"NL", "", "L-NNN-LL", .3},
	{"LU", "", "LL-NNNN", .4},
	{"GB", "since 2001", "LLNN-LLL", .4},
	{"GB", "until 2001", "LNNN-LLL", .2},
	{"CH", "", "LL-NNNNNN", .3},
	{"CH", "", "LL-NNNNN", .3},
	{"RO", "", "LL-NN-LLL", .4},
	{"RO", "Bucharest", "B-NNN-LLL", .4},
	{"RO", "Bucharest", "B-NN-LLL", .4},
	{"SK", "", "LL-NNNLL", .4},
	{"CZ", "", "NLN-NNNN", .4},
	{"PL", "", "LL-NNNNN", .4},
	{"PL", "", "LLL-NNNN", .2},
	{"PL", "", "LLL-NNNNN", .2},
	{"PL", "", "LL-NNNNL", .2},
	{"HR", "", "LL-NNNN-LL", .3},
	{"HR", "", "LL-NNN-LL", .3},
	{"AT", "", "L-NNNNN-L", .2},
	{"AT", "", "LL-NNNLL", .2},
	{"BG", "", "GG-NNNN-GG", .3},
	{"GR", "", "GGG-NNNN", .3},
	{"HU", "since 2022", "LLLL-NNN", .2},
	{"HU", "until 2022", "LLL-NNN", .2},
	{"SE", "", "LLL-NNN", .2},
	{"LT", "", "LLL-NNN", .2},
	{"EE", "", "NNN-LLL", .2},
	{"SI", "", "LL-LL-NNN", .2},
	{"NO", "", "LL-NNNNN", .2},
	{"DK", "", "LL-NNNNN", .2},
	{"IE", "", "NNN-L-NNNNN", .2},
	{"UA", "", "GG-NNNN-GG", .3},
}

// classes are the letters of a form that stand for several characters.
var classes = map[byte]string{
	'L': "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
	'N': "0123456789",
	'S': "ABCDEFGHJKLMNPQRSTVWXYZ",
	'C': "BCDFGHJKLMNPRSTVWXYZ",
	'G': "ABEHIKMNOPCTXYZ",
}

// set is the characters that the form's letter f allows.
func set(f byte) string {
	if s, ok := classes[f]; ok {
		return s
	}
	return string(f)
}

// bare is the form without dashes.
func (s Syntax) bare() string { return strings.ReplaceAll(s.Form, "-", "") }

// Fits tells whether a text, as [Normal] gives it, has the form.
func (s Syntax) Fits(text string) bool {
	b := s.bare()
	if len(b) != len(text) {
		return false
	}
	for i := range len(b) {
		if strings.IndexByte(set(b[i]), text[i]) < 0 {
			return false
		}
	}
	return true
}

// Grouped puts the form's dashes into a text of its length.
func (s Syntax) Grouped(text string) string {
	out, k := make([]byte, 0, len(s.Form)), 0
	for i := 0; i < len(s.Form) && k < len(text); i++ {
		if s.Form[i] == '-' {
			out = append(out, '-')
			continue
		}
		out = append(out, text[k])
		k++
	}
	return string(append(out, text[k:]...))
}

// Interpretation is what a syntax would make of a lattice.
type Interpretation struct {
	Text     string   // grouped by dashes
	Syntaxes []Syntax // all that give this text, the likeliest first
	Changed  []int    // places, from 0, at which it departs from Lattice.Best
	// Score orders interpretations; it is no probability: the shares of the
	// chosen characters, times how common the syntax is taken to be.
	Score float64
}

const (
	// likeShare is what a look-alike's share counts for a character that the
	// reader itself gave nothing.
	likeShare = 0.08
	// floor is the support below which no syntax may choose a character.
	floor = 0.02
	// farFetched is the share of the best score below which nothing is proposed.
	farFetched = 0.05
)

// Interpretations are what the known syntaxes would make of the votes, best
// first; none where no form fits. They are proposals beside the raw reads,
// never instead of them.
func (l Lattice) Interpretations() []Interpretation {
	best, _ := l.Best()
	var out []Interpretation
	for _, slots := range l.variants() {
		for _, s := range Syntaxes {
			text, score, ok := s.fit(slots)
			if !ok {
				continue
			}
			out = addInterpretation(out, s, text, score*s.prior, best)
		}
	}
	slices.SortStableFunc(out, func(a, b Interpretation) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Text, b.Text))
	})
	for i := range out {
		if out[i].Score < farFetched*out[0].Score {
			return out[:i]
		}
	}
	return out
}

// addInterpretation joins syntaxes that give the same text.
func addInterpretation(out []Interpretation, s Syntax, text string, score float64, best string) []Interpretation {
	for i := range out {
		if Normal(out[i].Text) != text {
			continue
		}
		out[i].Syntaxes = append(out[i].Syntaxes, s)
		if score > out[i].Score {
			n := len(out[i].Syntaxes) - 1
			copy(out[i].Syntaxes[1:], out[i].Syntaxes[:n])
			out[i].Syntaxes[0], out[i].Score, out[i].Text = s, score, s.Grouped(text)
		}
		return out
	}
	n := Interpretation{Text: s.Grouped(text), Syntaxes: []Syntax{s}, Score: score}
	for i := range len(text) {
		if len(best) != len(text) || best[i] != text[i] {
			n.Changed = append(n.Changed, i)
		}
	}
	return append(out, n)
}

// doubtful is the share of "nothing there" from which on a place may be left
// out, and up to which it may be taken in.
const doubtful = 0.2

// variants are the places that hold a character, and the same with the one
// most doubtful place left out or taken in.
func (l Lattice) variants() [][]Slot {
	worst := -1
	for i, s := range l.Slots {
		if s.None >= doubtful && s.None <= 1-doubtful &&
			(worst < 0 || near(s) < near(l.Slots[worst])) {
			worst = i
		}
	}
	pick := func(toggle int) []Slot {
		var out []Slot
		for i, s := range l.Slots {
			_, share := s.Char.Best()
			if (s.None <= share) != (i == toggle) {
				out = append(out, s)
			}
		}
		return out
	}
	out := [][]Slot{pick(-1)}
	if worst >= 0 {
		out = append(out, pick(worst))
	}
	return out
}

// near is how far a place is from even odds of holding a character.
func near(s Slot) float64 { return max(s.None-.5, .5-s.None) }

// fit is the likeliest text of the form, with the product of its shares.
func (s Syntax) fit(slots []Slot) (text string, score float64, ok bool) {
	b := s.bare()
	if len(b) != len(slots) {
		return "", 0, false
	}
	out := make([]byte, len(b))
	score = 1
	for i := range len(b) {
		best := 0.0
		for _, c := range []byte(set(b[i])) {
			if v := support(slots[i], index(c)); v > best {
				best, out[i] = v, c
			}
		}
		if best < floor {
			return "", 0, false
		}
		score *= best
	}
	return string(out), score, true
}

// support is a symbol's share at a place, with something for look-alikes.
func support(s Slot, k int) float64 {
	v := s.Char[k]
	for j, p := range s.Char {
		if alike[k][j] {
			v += likeShare * p
		}
	}
	return v
}
