package report

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Proposal is one track as the engine found it. It carries no picture and no
// plate: those of a proposal that nobody validated stay out of the documents
// (rules 10 and 20).
type Proposal struct {
	Recording  int64
	Track      int64
	File       string
	SHA256     string // of the original
	Camera     string
	Class      string // scene.Class
	ClassScore float64
	Colour     string // scene.Colour
	ColScore   float64
	Lower      string // scene.Colour of a person's lower clothing; Colour is then that of the upper
	LowerScore float64
	Compass    string    // scene.Compass; empty when it did not travel
	StartUS    int64     // media time
	EndUS      int64     //
	BestUS     int64     // of the still
	Start      time.Time // wall clock; zero when the recording's clock is not known
	WithinUS   int64     // its uncertainty, either way
	Frame      int64     // of the still, counted from 1 in decode order; 0: not counted
	Box        [4]int    // of the object in the still's frame: x, y, width, height
	Corrected  []Correction
}

// Correction is one rectification by a person.
type Correction struct {
	Field, Before, After string // "class", "colour" or "lower", and its values
	By                   string
	At                   time.Time
	Record               int64
}

// Decision is what a person said of a proposal.
type Decision struct {
	Verdict string // index.Verdict
	By      string // name, quality, matricule
	Text    string
	At      time.Time
	Record  int64  // of the journal
	Leaf    string // hash of that record in the journal's tree, base64
}

// ref names the track as the commands do.
func (p Proposal) ref() string { return fmt.Sprintf("%d:%d", p.Recording, p.Track) }

// ErrNotValidated is under the error about a proposal that a report would show
// as a finding, or set aside, without a person having said so.
var ErrNotValidated = errors.New("nobody decided so")

// Finding is a proposal that a person validated. Only [NewFinding] makes one.
type Finding struct {
	p     Proposal
	d     Decision
	still []byte
	hash  string
	plate text // nil while it is masked
}

// NewFinding makes a finding of a proposal with the decision that validated it
// and its still (JPEG; nil when there is none).
func NewFinding(p Proposal, d Decision, still []byte) (Finding, error) {
	if d.Verdict != "validated" || strings.TrimSpace(d.By) == "" {
		return Finding{}, fmt.Errorf("track %s is no finding: %w", p.ref(), ErrNotValidated)
	}
	f := Finding{p: p, d: d, still: still}
	if len(still) > 0 {
		sum := sha256.Sum256(still)
		f.hash = hex.EncodeToString(sum[:])
	}
	return f, nil
}

// Plate is a finding's number plate, once it has been unmasked.
type Plate struct {
	Text   string // what the votes of all reads say
	By     string // who unmasked it
	Record int64  // of the journal
}

// WithPlate adds the plate that somebody unmasked. A plate that nobody
// unmasked is [ErrNotValidated] (rule 10).
func (f Finding) WithPlate(p Plate) (Finding, error) {
	if strings.TrimSpace(p.Text) == "" || strings.TrimSpace(p.By) == "" {
		return f, fmt.Errorf("the plate of track %s is masked: %w", f.p.ref(), ErrNotValidated)
	}
	f.plate = joined(code(p.Text), ours(" — lecture proposée par le logiciel, masquage levé par %s (enregistrement n° %s du journal)", p.By, Number(p.Record)))
	return f, nil
}

// SetAside is a proposal that a person rejected. Only [NewSetAside] makes one.
type SetAside struct {
	p Proposal
	d Decision
}

// NewSetAside makes it of the decision that rejected the proposal.
func NewSetAside(p Proposal, d Decision) (SetAside, error) {
	if d.Verdict != "rejected" || strings.TrimSpace(d.By) == "" {
		return SetAside{}, fmt.Errorf("track %s is not set aside: %w", p.ref(), ErrNotValidated)
	}
	return SetAside{p, d}, nil
}

// when is the moment of a proposal's start for a person to read.
func (p Proposal) when(f Frame) text {
	if p.Start.IsZero() {
		return ours("%s après le début de l’enregistrement (horloge non renseignée)", Span(p.StartUS))
	}
	return ours("%s, %s", f.when(p.Start), within(p.WithinUS))
}

// looks says what the engine proposes: class, score, colour.
func (p Proposal) looks() text {
	out := ours("%s (score %s)", Term(Class, p.Class), Decimal(p.ClassScore, 2))
	if p.Class == "other" {
		out = ours("%s", Term(Class, p.Class)) // no detector named it: there is no score
	}
	if p.Class == "person" {
		return joined(out, ours(", haut : "), paint(p.Colour, p.ColScore), ours(", bas : "), paint(p.Lower, p.LowerScore))
	}
	if p.Colour != "" && p.Colour != "unknown" {
		return joined(out, ours(", couleur : "), paint(p.Colour, p.ColScore))
	}
	return joined(out, ours(", couleur indéterminée"))
}

// paint is a colour and its score.
func paint(colour string, score float64) text {
	if colour == "" || colour == "unknown" {
		return ours("couleur indéterminée")
	}
	return ours("%s (score %s)", Term(Colour, colour), Decimal(score, 2))
}

func (p Proposal) corrections(f Frame) text {
	var out text
	for _, c := range p.Corrected {
		field, voc := "nature", Class
		switch c.Field {
		case "colour":
			field, voc = "couleur", Colour
		case "lower":
			field, voc = "couleur du bas", Colour
		}
		out = lines(out, ours("%s rectifiée : « %s » au lieu de « %s », par %s, le %s (enregistrement n° %s du journal)", field,
			Term(voc, c.After), Term(voc, c.Before), c.By, f.when(c.At), Number(c.Record)))
	}
	return out
}

// decided says who decided, when and where that is recorded.
func (d Decision) decided(f Frame) text {
	return ours("%s par %s, le %s (enregistrement n° %s du journal)", Term(Verdict, d.Verdict), d.By, f.when(d.At), Number(d.Record))
}

// figure shows the finding with all that makes it verifiable.
func (h Finding) figure(n int, f Frame) figure {
	p := h.p
	frame := data(unknown)
	if p.Frame > 0 {
		frame = data(Number(p.Frame))
	}
	heading := data("déplacement insuffisant pour le dire")
	if p.Compass != "" {
		heading = cite(Term(Heading, p.Compass))
	}
	still := data("aucune image")
	if h.hash != "" {
		still = code(h.hash)
	}
	rows := []pair{
		{"Référence", data(p.ref())},
		{"Proposition", p.looks()},
		{"Direction", heading},
		{"Enregistrement", joined(data(fmt.Sprintf("E%d", p.Recording)), ours(" — "), code(p.File))},
		{"Caméra", data(p.Camera)},
		{"Date et heure", p.when(f)},
		{"Repère temporel", ours("de %s à %s ; image : %s", Span(p.StartUS), Span(p.EndUS), Span(p.BestUS))},
		{"Image n°", frame},
		{"Cadre de l’objet", ours("x %d, y %d, largeur %d, hauteur %d pixels", p.Box[0], p.Box[1], p.Box[2], p.Box[3])},
		{"SHA-256 de l’image", still},
		{"Décision", h.d.decided(f)},
	}
	if h.plate != nil {
		rows = append(rows, pair{"Plaque", h.plate})
	}
	if h.d.Text != "" {
		rows = append(rows, pair{"Motif", data(h.d.Text)})
	}
	if c := p.corrections(f); len(c) > 0 {
		rows = append(rows, pair{"Rectification", c})
	}
	title := fmt.Sprintf("Élément n°"+nbsp+"%d", n)
	return figure{JPEG: h.still, Title: title, Rows: rows,
		Alt: clean(fmt.Sprintf("%s, %s, enregistrement E%d, piste %s", title, Term(Class, p.Class), p.Recording, p.ref()))}
}
