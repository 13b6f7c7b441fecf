package plate

import (
	"fmt"
	"math"
	"strings"
)

// Options say how far a match may depart from what was read.
type Options struct {
	// Fuzzy is the most characters that may be wrong, lacking or too many.
	Fuzzy int
	// Literal takes only what the votes or a raw read say: no look-alikes and
	// no second choices of the reader.
	Literal bool
}

// How is the way in which one character of a pattern met the plate.
type How string

// The ways. Exact, Any and Run ask nothing of the reader; Second and Alike are
// doubts; the rest are edits, and Skipped is a place at which the reads
// themselves disagree whether there is a character.
const (
	Exact    How = "exact"
	Any      How = "any"      // met a ?
	Run      How = "run"      // met a *
	Second   How = "second"   // the reader's second choice there
	Alike    How = "alike"    // a look-alike was read
	Replaced How = "replaced" // another character was read
	Lacking  How = "lacking"  // the plate lacks it
	Extra    How = "extra"    // the plate has one more
	Skipped  How = "skipped"
)

// Step is one character of a match. Place counts the plate's characters from
// 1; a lacking one has that of the character before which it is missed.
type Step struct {
	How   How
	Want  byte // of the pattern; 0 for Run, Extra and Skipped
	Read  byte // strongest symbol read; 0 for Lacking
	Place int
	Share float64 // of what counted there, 0..1
}

// Match is how a pattern met a lattice.
type Match struct {
	OK    bool
	Text  string // what was read, that the pattern met: the votes' or a raw read
	Raw   bool   // Text is a raw read that the votes did not bear out
	Edits int
	Steps []Step
	// Score is the product of the shares of the characters that the pattern
	// names, where look-alikes and edits count little. It orders matches.
	Score float64
	doubt float64
}

const (
	secondShare = 0.04 // the least share of a second choice
	alikeScore  = 0.25 // what a look-alike's share counts
	editScore   = 0.05
	skippable   = 0.3 // share of "nothing there" from which a place may be passed over
)

// Match finds the best way in which the pattern meets the votes or, where that
// is better, one of the raw reads. OK is false when more than o.Fuzzy edits
// would be needed; Edits then says how many, Steps how.
func (p Pattern) Match(l Lattice, o Options) Match {
	best := p.along(l.Slots, o)
	tried := map[string]bool{best.Text: true}
	for _, r := range l.Reads {
		if text := r.Text(); !tried[text] {
			tried[text] = true
			m := p.along(literal(r), o)
			m.Raw = true
			if m.better(best) {
				best = m
			}
		}
	}
	best.OK = best.Edits <= o.Fuzzy && len(best.Text) > 0
	return best
}

// MatchText is Match for a plate that is known for certain, such as one that
// an analyst corrected.
func (p Pattern) MatchText(text string, o Options) Match {
	var slots []Slot
	for _, c := range []byte(Normal(text)) {
		var s Slot
		s.Char[index(c)] = 1
		slots = append(slots, s)
	}
	m := p.along(slots, o)
	m.OK = m.Edits <= o.Fuzzy && len(m.Text) > 0
	return m
}

// literal is a read as places, its strongest symbols alone: what a single
// picture's second choices are worth, the votes already say.
func literal(r Read) []Slot {
	out := make([]Slot, len(r.Chars))
	for i, c := range r.Chars {
		b, share := c.Best()
		out[i].Char[index(b)] = share
		out[i].None = max(0, 1-share)
	}
	return out
}

func (m Match) better(o Match) bool {
	if m.Edits != o.Edits {
		return m.Edits < o.Edits
	}
	if m.doubt != o.doubt {
		return m.doubt < o.doubt
	}
	return false
}

// cell is the least cost of a part of the pattern along a part of the plate:
// edits first, then doubts.
type cell struct {
	edits int
	doubt float64
	step  Step
	di    int // tokens that the step takes
	dj    int // places that it takes
}

func (c cell) less(o cell) bool {
	return c.edits < o.edits || c.edits == o.edits && c.doubt < o.doubt
}

// along walks the pattern along the places (dynamic programming over both).
func (p Pattern) along(slots []Slot, o Options) Match {
	n, m := len(p.tokens), len(slots)
	at := make([][]cell, n+1)
	for i := range at {
		at[i] = make([]cell, m+1)
		for j := range at[i] {
			if i+j > 0 {
				at[i][j] = p.cheapest(at, i, j, slots, o)
			}
		}
	}
	out := Match{Edits: at[n][m].edits, doubt: at[n][m].doubt, Score: 1}
	for i, j := n, m; i+j > 0; {
		c := at[i][j]
		c.step.Place = j - c.dj + 1
		out.Steps = append(out.Steps, c.step)
		i, j = i-c.di, j-c.dj
	}
	for a, b := 0, len(out.Steps)-1; a < b; a, b = a+1, b-1 {
		out.Steps[a], out.Steps[b] = out.Steps[b], out.Steps[a]
	}
	place := 0
	for k := range out.Steps {
		out.count(k, &place)
	}
	return out
}

// count renumbers places without the skipped ones, and sums text and score.
func (m *Match) count(k int, place *int) {
	s := &m.Steps[k]
	if s.Read != 0 && s.How != Skipped {
		*place++
		m.Text += string(s.Read)
	}
	s.Place = max(1, *place)
	switch s.How {
	case Exact, Second:
		m.Score *= s.Share
	case Alike:
		m.Score *= s.Share * alikeScore
	case Replaced, Lacking, Extra:
		m.Score *= editScore
	}
}

// cheapest is the best last step to (i, j).
func (p Pattern) cheapest(at [][]cell, i, j int, slots []Slot, o Options) cell {
	best := cell{edits: math.MaxInt32}
	try := func(di, dj, edits int, doubt float64, s Step) {
		from := at[i-di][j-dj]
		c := cell{from.edits + edits, from.doubt + doubt, s, di, dj}
		if c.less(best) {
			best = c
		}
	}
	if i > 0 && p.tokens[i-1] == '*' {
		try(1, 0, 0, 0, Step{How: Run})
		if j > 0 {
			b, share := slots[j-1].Char.Best()
			try(0, 1, 0, 0, Step{How: Run, Read: b, Share: share})
		}
	}
	if i > 0 && j > 0 && p.tokens[i-1] != '*' {
		edits, doubt, s := meet(p.tokens[i-1], slots[j-1], o)
		try(1, 1, edits, doubt, s)
	}
	if i > 0 && p.tokens[i-1] != '*' {
		try(1, 0, 1, 0, Step{How: Lacking, Want: p.tokens[i-1]})
	}
	if j > 0 {
		b, share := slots[j-1].Char.Best()
		switch none := slots[j-1].None; {
		case none > share:
			try(0, 1, 0, 0, Step{How: Skipped, Read: b, Share: none})
		case none >= skippable && !o.Literal:
			try(0, 1, 0, 1-none, Step{How: Skipped, Read: b, Share: none})
		}
		try(0, 1, 1, 0, Step{How: Extra, Read: b, Share: share})
	}
	return best
}

// meet is what one character of the pattern costs at one place.
func meet(want byte, s Slot, o Options) (edits int, doubt float64, step Step) {
	read, share := s.Char.Best()
	step = Step{Want: want, Read: read, Share: share}
	if want == '?' {
		step.How = Any
		return 0, 0, step
	}
	if read == want {
		step.How = Exact
		return 0, 0, step
	}
	if o.Literal {
		step.How = Replaced
		return 1, 0, step
	}
	if v := s.Char[index(want)]; v >= secondShare {
		step.How, step.Share = Second, v
		return 0, 1 - v, step
	}
	if LookAlike(want, read) {
		step.How = Alike
		return 0, 1.5, step
	}
	step.How = Replaced
	return 1, 0, step
}

// Why tells what the match rests on, for the answer to the analyst: one clause
// for each doubt, or that every character was read as asked.
func (m Match) Why() string {
	var why []string
	for _, s := range m.Steps {
		switch s.How {
		case Second:
			why = append(why, fmt.Sprintf("%c is the reader's second choice at %d (%.0f%%), after %c", s.Want, s.Place, 100*s.Share, s.Read))
		case Alike:
			why = append(why, fmt.Sprintf("%c read for %c at %d, which looks alike", s.Read, s.Want, s.Place))
		case Replaced:
			why = append(why, fmt.Sprintf("%c read for %c at %d", s.Read, s.Want, s.Place))
		case Lacking:
			why = append(why, fmt.Sprintf("%c not read after %d", s.Want, s.Place))
		case Extra:
			why = append(why, fmt.Sprintf("%c read besides at %d", s.Read, s.Place))
		}
	}
	if len(why) == 0 {
		why = append(why, "read as asked")
	}
	if m.Raw {
		why = append(why, "in single pictures only, the votes say otherwise")
	}
	return strings.Join(why, "; ")
}
