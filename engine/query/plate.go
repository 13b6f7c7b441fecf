package query

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"strings"

	"posteriori/engine/index"
	"posteriori/engine/plate"
	"posteriori/engine/scene"
)

// maxFuzzy is how many characters of a plate may be wrong at most: with more,
// every plate of a street matches.
const maxFuzzy = 3

// Plate asks for a number plate. The pattern is no part of the filter's JSON,
// so that neither the journal nor a derived file holds it: there it is a
// commitment (journal.Query.Commitments).
type Plate struct {
	Pattern string `json:"-"`                 // as plate.ParsePattern reads it
	Fuzzy   int    `json:"fuzzy,omitempty"`   // characters that may be wrong, lacking or too many
	Literal bool   `json:"literal,omitempty"` // without look-alikes and second choices
}

// Parsed is the pattern; a mistake in it is fault.Usage.
func (p Plate) Parsed() (plate.Pattern, error) { return plate.ParsePattern(p.Pattern) }

func (p Plate) check() error {
	pattern, err := p.Parsed()
	if err != nil {
		return err
	}
	if p.Fuzzy < 0 || p.Fuzzy > maxFuzzy {
		return fmt.Errorf("--plate-fuzzy is not within 0 and %d", maxFuzzy)
	}
	if n := len(pattern.Screen().Symbols()); p.Fuzzy >= n {
		return fmt.Errorf("with %d characters that may be wrong the pattern, which names %d, asks for nothing", p.Fuzzy, n)
	}
	return nil
}

// plateSQL passes over plates that cannot match, and those of tracks that were
// rejected: what a person set aside is not searched any more (rule 10).
func (p *plan) plateSQL(c *condition) {
	if p.filter.PlateRead {
		c.add("t.status <> 2 AND EXISTS (SELECT 1 FROM registration g WHERE g.recording = r.id AND g.track = t.id)")
	}
	if p.filter.Plate == nil {
		return
	}
	p.pattern, _ = p.filter.Plate.Parsed()
	p.matches = map[index.Key]plate.Match{}
	p.where.Reads, p.residual = true, true
	symbols := p.pattern.Screen().Symbols()
	var there []string
	for _, s := range symbols {
		there = append(there, fmt.Sprintf("(g.symbols >> %d & 1)", plate.Bit(s)))
	}
	c.add(fmt.Sprintf("t.status <> 2 AND t.id IN (SELECT g.track FROM registration g WHERE g.recording = r.id AND %s >= %d)",
		strings.Join(there, " + "), len(symbols)-p.filter.Plate.Fuzzy))
	c.narrow = true
}

// keepsPlate matches the reads of a row, and notes how.
func (p *plan) keepsPlate(row index.Row) (bool, error) {
	if p.filter.Plate == nil {
		return true, nil
	}
	l, err := plate.Unpack(row.Track.Plates)
	if err != nil {
		return false, err
	}
	m := p.pattern.Match(l, plate.Options{Fuzzy: p.filter.Plate.Fuzzy, Literal: p.filter.Plate.Literal})
	if m.OK {
		p.matches[index.Key{Recording: row.Recording, Track: row.Track.ID}] = m
	}
	return m.OK, nil
}

// PlateShown is a hit's number plate as an answer may have it. It is masked
// until a person has validated the hit and an officer has unmasked it.
type PlateShown struct {
	Text   string    `json:"text"` // blocks in the plate's shape while it is masked
	Masked bool      `json:"masked"`
	Match  *PlateWhy `json:"match,omitempty"` // with a filter for plates
}

// PlateWhy tells how a plate met the pattern that was asked for. Nothing of
// what was read stands in it while the plate is masked.
type PlateWhy struct {
	Text  string  `json:"text,omitempty"` // what was read, that the pattern met
	Why   string  `json:"why"`
	Edits int     `json:"edits"`
	Score float64 `json:"score"` // 0..1; orders matches
	// Doubts is what Why says, for who writes it in another language.
	Doubts []PlateDoubt `json:"-"`
	Raw    bool         `json:"-"` // see plate.Match
}

// PlateDoubt is a character at which a plate met the pattern in another way
// than as asked. Of a masked plate Read and Percent are left out.
type PlateDoubt struct {
	How     plate.How `json:"how"`
	Want    string    `json:"want,omitempty"`
	Read    string    `json:"read,omitempty"`
	Place   int       `json:"place"` // of the plate's characters, from 1
	Percent int       `json:"percent,omitempty"`
}

// shown makes what an answer may have of a plate; nil for nothing.
func (p *plan) shown(r index.Registration, s index.Status) *PlateShown {
	text, masked := r.Visible(s)
	if text == "" {
		return nil
	}
	out := &PlateShown{Text: text, Masked: masked}
	if m, ok := p.matches[index.Key{Recording: r.Recording, Track: r.Track}]; ok {
		out.Match = &PlateWhy{Why: why(m, masked), Edits: m.Edits, Score: round3(m.Score), Doubts: doubts(m, masked), Raw: m.Raw}
		if !masked {
			out.Match.Text = m.Text
		}
	}
	return out
}

// doubts lists what why tells.
func doubts(m plate.Match, masked bool) (out []PlateDoubt) {
	letter := func(c byte) string {
		if c == 0 {
			return ""
		}
		return string(rune(c))
	}
	for _, s := range m.Steps {
		switch s.How {
		case plate.Second, plate.Alike, plate.Replaced, plate.Lacking, plate.Extra:
			d := PlateDoubt{How: s.How, Want: letter(s.Want), Place: s.Place}
			if !masked {
				d.Read = letter(s.Read)
				if s.How == plate.Second {
					d.Percent = int(math.Round(100 * s.Share))
				}
			}
			out = append(out, d)
		}
	}
	return out
}

// why tells what a match rests on; of a masked plate only with the characters
// that were asked for.
func why(m plate.Match, masked bool) string {
	if !masked {
		return m.Why()
	}
	var out []string
	for _, s := range m.Steps {
		switch s.How {
		case plate.Second:
			out = append(out, fmt.Sprintf("%c is the reader's second choice at %d", s.Want, s.Place))
		case plate.Alike:
			out = append(out, fmt.Sprintf("a look-alike of %c read at %d", s.Want, s.Place))
		case plate.Replaced:
			out = append(out, fmt.Sprintf("another than %c read at %d", s.Want, s.Place))
		case plate.Lacking:
			out = append(out, fmt.Sprintf("%c not read after %d", s.Want, s.Place))
		case plate.Extra:
			out = append(out, fmt.Sprintf("a character more read at %d", s.Place))
		}
	}
	if len(out) == 0 {
		out = append(out, "read as asked")
	}
	if m.Raw {
		out = append(out, "in single pictures only")
	}
	return strings.Join(out, "; ")
}

// plates reads what answers may have of the plates of some tracks, whose
// statuses they are told.
func (p *plan) plates(ctx context.Context, store *index.Store, keys []index.Key, statuses []index.Status) (map[index.Key]*PlateShown, error) {
	var out map[index.Key]*PlateShown
	i := 0 // both are in one order
	for reg, err := range store.Registrations(ctx, keys) {
		if err != nil {
			return nil, err
		}
		key := index.Key{Recording: reg.Recording, Track: reg.Track}
		for keys[i] != key {
			i++
		}
		if s := p.shown(reg, statuses[i]); s != nil {
			if out == nil {
				out = map[index.Key]*PlateShown{}
			}
			out[key] = s
		}
	}
	return out, nil
}

// plateParts is the condition on the plate. It never says what another plate is.
func plateParts(f Filter) (out []part) {
	if f.PlateRead {
		out = append(out, part{flag: "plate-read", wanted: "any", only: func(g *Filter) { g.PlateRead = true }, drop: func(g *Filter) { g.PlateRead = false },
			had: func(v view) string {
				if v.Status == index.StatusRejected {
					return "rejected"
				}
				return cmp.Or(v.plateText(), "none")
			}})
	}
	if f.Plate == nil {
		return out
	}
	wanted := f.Plate.Pattern
	if f.Plate.Fuzzy > 0 {
		wanted += fmt.Sprintf(", up to %d characters wrong", f.Plate.Fuzzy)
	}
	return append(out, part{flag: "plate", wanted: wanted, only: func(g *Filter) { g.Plate = f.Plate }, drop: func(g *Filter) { g.Plate = nil },
		had: func(v view) string {
			if v.Track.Class.IsVehicle() || v.Track.Class == scene.Other {
				return "another plate, or none that could be read"
			}
			return "no plate: it is no vehicle"
		}})
}

// plateText is the hit's plate as an answer may have it.
func (v view) plateText() string {
	if v.Plate == nil {
		return ""
	}
	return v.Plate.Text
}
