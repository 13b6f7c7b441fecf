package plate

import (
	"math"

	"posteriori/engine/scene"
)

// MaxLength bounds the characters of one read.
const MaxLength = 16

// Char is, for each symbol of [Alphabet], the share that the reader gives it
// at one place, 0..1. What they lack to 1 is the share of "nothing there".
type Char [Symbols]float64

// Best is the strongest symbol and its share. Of equals the first wins.
func (c Char) Best() (symbol byte, share float64) {
	k := 0
	for i, v := range c {
		if v > c[k] {
			k = i
		}
	}
	return Alphabet[k], c[k]
}

// Read is one reading of one plate in one picture.
type Read struct {
	TUS   int64     // media time of the picture, µs
	Box   scene.Box // the plate in source pixels
	Found float64   // score of the plate detector, 0..1
	// Chars are the characters from left to right. The raw text is their
	// strongest symbols; nothing ever overwrites it.
	Chars []Char
}

// unit is the grain of shares and scores: packing keeps them exactly.
const unit = 255

// Rounded is r on the grid that packing keeps: shares in steps of 1/255 (those
// below half a step become 0), boxes in eighths of a pixel, at most
// [MaxLength] characters. Reads that are to be stored and compared are rounded
// once, when they are made.
func (r Read) Rounded() Read {
	out := Read{TUS: min(max(r.TUS, -maxUS), maxUS), Found: step(r.Found), Box: scene.Box{
		X: eighth(r.Box.X), Y: eighth(r.Box.Y), W: max(0, eighth(r.Box.W)), H: max(0, eighth(r.Box.H)),
	}}
	for _, c := range r.Chars[:min(len(r.Chars), MaxLength)] {
		for i := range c {
			c[i] = step(c[i])
		}
		out.Chars = append(out.Chars, c)
	}
	return out
}

func step(v float64) float64 {
	if !(v > 0) {
		return 0
	}
	return math.Round(min(v, 1)*unit) / unit
}

// maxEighth keeps boxes far within what packing holds.
const maxEighth = 1 << 26

func eighth(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return math.Round(min(max(v*8, -maxEighth), maxEighth)) / 8
}

// Text is the raw read: the strongest symbol of each place.
func (r Read) Text() string {
	out := make([]byte, len(r.Chars))
	for i, c := range r.Chars {
		out[i], _ = c.Best()
	}
	return string(out)
}

// Score is how sure the reader is of the whole text, 0..1: the product of its
// characters' shares. Nothing read is 0.
func (r Read) Score() float64 {
	if len(r.Chars) == 0 {
		return 0
	}
	p := 1.0
	for _, c := range r.Chars {
		_, v := c.Best()
		p *= min(v, 1)
	}
	return p
}

// weight is a read's say in a lattice. Its own certainty counts by character
// (the geometric mean, so that long plates are not worth less), and larger
// plates count more, up to the width from which more pixels tell no more.
func (r Read) weight() float64 {
	if len(r.Chars) == 0 {
		return 0
	}
	const enough = 110.0 // pixels
	size := 1.0
	if r.Box.W > 0 {
		size = min(1, 0.15+0.85*r.Box.W/enough)
	}
	mean := math.Pow(r.Score(), 1/float64(len(r.Chars)))
	return max(1e-3, mean*mean*mean*size*(0.3+0.7*r.Found))
}
