package report

import "strings"

// measurer says how wide a stretch of text is, in mm.
type measurer interface {
	width(s string, st style) float64
}

// glyphs is a stretch of one style at its place in a line, mm from its left.
type glyphs struct {
	Text  string
	Style style
	X     float64
}

// set is one line of text as it is drawn.
type set []glyphs

// breaker cuts text into lines no wider than wide.
type breaker struct {
	m    measurer
	wide float64
	out  []set
	line set
	at   float64 // where the line under way ends
}

// breakLines cuts t into lines. It breaks at spaces and line feeds, and inside
// a word that is wider than a line.
func breakLines(t text, wide float64, m measurer) []set {
	b := &breaker{m: m, wide: wide}
	for i, para := range paragraphs(t) {
		if i > 0 {
			b.feed()
		}
		for _, w := range wordsOf(para) {
			b.word(w)
		}
	}
	b.feed()
	return b.out
}

// paragraphs splits text at its line feeds.
func paragraphs(t text) []text {
	out := []text{nil}
	for _, s := range t {
		for i, part := range strings.Split(s.Text, "\n") {
			if i > 0 {
				out = append(out, nil)
			}
			if part != "" {
				out[len(out)-1] = append(out[len(out)-1], span{part, s.Style})
			}
		}
	}
	return out
}

// wordsOf splits text at its spaces; spans without a space between them are
// one word.
func wordsOf(t text) []text {
	var out []text
	open := false
	for _, s := range t {
		for i, part := range strings.Split(s.Text, " ") {
			if i > 0 {
				open = false
			}
			if part == "" {
				continue
			}
			if !open {
				out = append(out, nil)
			}
			out[len(out)-1] = append(out[len(out)-1], span{part, s.Style})
			open = true
		}
	}
	return out
}

func (b *breaker) feed() { b.out, b.line, b.at = append(b.out, b.line), nil, 0 }

func (b *breaker) word(w text) {
	wide := 0.0
	for _, s := range w {
		wide += b.m.width(s.Text, s.Style)
	}
	gap := 0.0
	if len(b.line) > 0 {
		gap = b.m.width(" ", w[0].Style)
	}
	if b.at+gap+wide > b.wide && len(b.line) > 0 && (wide <= b.wide || !hasMono(w)) {
		b.feed()
		gap = 0
	}
	if b.at+gap+wide > b.wide {
		b.chop(w, gap)
		return
	}
	b.at += gap
	for _, s := range w {
		b.put(s.Text, s.Style)
	}
}

func hasMono(w text) bool {
	for _, s := range w {
		if s.Style == mono {
			return true
		}
	}
	return false
}

// put adds text to the line at its end. Neighbours of one style are joined
// where no space is between them.
func (b *breaker) put(s string, st style) {
	if n := len(b.line); n > 0 && b.line[n-1].Style == st {
		last := &b.line[n-1]
		if gap := b.at - last.X - b.m.width(last.Text, st); gap < 0.01 {
			last.Text += s
			b.at += b.m.width(s, st)
			return
		} else if space := b.m.width(" ", st); gap < space+0.01 {
			last.Text += " " + s
			b.at = last.X + b.m.width(last.Text, st)
			return
		}
	}
	b.line = append(b.line, glyphs{s, st, b.at})
	b.at += b.m.width(s, st)
}

// chop sets a word that is wider than a line, letter by letter.
func (b *breaker) chop(w text, gap float64) {
	b.at += gap
	for _, s := range w {
		for _, r := range s.Text {
			c := string(r)
			if b.at+b.m.width(c, s.Style) > b.wide && len(b.line) > 0 {
				b.feed()
			}
			b.put(c, s.Style)
		}
	}
}
