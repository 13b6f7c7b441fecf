package procedure

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"posteriori/engine/fault"
)

// maxText bounds a text that goes into a record or a document, in bytes.
const maxText = 2000

// CheckText refuses a text that does not read as what it is: bytes that are
// not UTF-8, control characters, line breaks, and the invisible or
// direction-changing characters that make one text pass for another (Unicode
// Technical Report 36, section 2.5). What names the text in the message.
func CheckText(what, text string) error {
	bad := func(why string) error {
		return fault.New(fault.Usage, "%s %s: %q", what, why, clip(text)).
			WithHint("write it on one line, in plain letters")
	}
	if len(text) > maxText {
		return bad("is too long")
	}
	if !utf8.ValidString(text) {
		return bad("is not UTF-8 text")
	}
	for _, r := range text {
		switch {
		case unicode.IsControl(r):
			return bad("holds a control character")
		case unicode.Is(unicode.Cf, r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r),
			unicode.Is(unicode.Co, r), unicode.Is(unicode.Variation_Selector, r), r == '\u115f', r == '\u1160', r == '\u3164', r == '\uffa0':
			return bad("holds an invisible character")
		}
	}
	return nil
}

// says tells whether a text says anything: spaces, dots and the blank patterns
// of other scripts do not.
func says(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
}

// CheckName is [CheckText] for the name of a person or a service: letters are
// those of the Latin script, so that no look-alike of another script passes.
func CheckName(what, name string) error {
	if strings.TrimSpace(name) == "" {
		return fault.New(fault.Usage, "%s is blank", what).WithHint("give it")
	}
	if err := CheckText(what, name); err != nil {
		return err
	}
	letters := 0
	for _, r := range name {
		if !unicode.IsLetter(r) {
			continue
		}
		letters++
		if !unicode.Is(unicode.Latin, r) {
			return fault.New(fault.Usage, "%s has a letter that is not Latin: %+q in %q", what, r, name).
				WithHint("write it in Latin letters, as on the order of habilitation")
		}
	}
	if letters == 0 {
		return fault.New(fault.Usage, "%s has no letter: %q", what, name).WithHint("write it in full")
	}
	return nil
}

// clip shortens a text for a message.
func clip(s string) string {
	if len(s) > 100 {
		return strings.ToValidUTF8(s[:100], "") + "…"
	}
	return s
}
