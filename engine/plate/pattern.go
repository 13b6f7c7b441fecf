package plate

import (
	"strings"

	"posteriori/engine/fault"
)

// Pattern is a plate with wildcards: ? is one character, * any number of them,
// none included. Case does not matter; dashes, dots and spaces are passed over,
// as countries set them differently and readers do not read them. A pattern
// stands for the whole plate: AB* begins with AB, *AB* holds AB.
type Pattern struct {
	source string
	tokens []byte
}

// maxPattern bounds the tokens of a pattern.
const maxPattern = 32

// ParsePattern reads a pattern. Anything that cannot stand on a plate, nothing
// at all, or wildcards alone, is fault.Usage: a search for every plate is a
// search for none.
func ParsePattern(text string) (Pattern, error) {
	p := Pattern{source: text}
	literal := false
	for _, c := range []byte(strings.ToUpper(text)) {
		switch {
		case c == '-' || c == ' ' || c == '.':
			continue
		case c == '*' && len(p.tokens) > 0 && p.tokens[len(p.tokens)-1] == '*':
			continue
		case c == '?' || c == '*':
		case index(c) >= 0:
			literal = true
		default:
			return Pattern{}, fault.New(fault.Usage, "%q cannot stand in a plate pattern", text).
				WithHint("letters A to Z, digits, ? for one character, * for any number; dashes and spaces do not count")
		}
		p.tokens = append(p.tokens, c)
	}
	if !literal {
		return Pattern{}, fault.New(fault.Usage, "the plate pattern %q names no character", text).
			WithHint("give at least one letter or digit, such as AB-1?3-*")
	}
	if len(p.tokens) > maxPattern {
		return Pattern{}, fault.New(fault.Usage, "the plate pattern is longer than %d characters", maxPattern)
	}
	return p, nil
}

// String is the pattern as it was given.
func (p Pattern) String() string { return p.source }

// Known is how many characters the pattern names.
func (p Pattern) Known() int {
	n := 0
	for _, c := range p.tokens {
		if c != '?' && c != '*' {
			n++
		}
	}
	return n
}
