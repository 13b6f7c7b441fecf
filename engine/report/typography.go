package report

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
)

// Spaces of French typography: the wide one before a colon and inside
// guillemets, the thin one before ; ? ! and between thousands (Imprimerie
// nationale, Lexique des règles typographiques).
const (
	nbsp = "\u00a0"
	thin = "\u202f"
)

var spacing = strings.NewReplacer(
	" :", nbsp+":", " ;", thin+";", " ?", thin+"?", " !", thin+"!",
	" »", nbsp+"»", "« ", "«"+nbsp, " %", nbsp+"%", "n° ", "n°"+nbsp, "'", "’",
	"art. ", "art."+nbsp, "articles R. ", "articles R."+nbsp, "R. 40", "R."+nbsp+"40")

// typo sets the spaces and apostrophes of our own sentences. Data never pass
// through it.
func typo(s string) string { return spacing.Replace(s) }

// Number writes n with thin spaces between thousands.
func Number(n int64) string {
	s := strconv.FormatInt(n, 10)
	head := ""
	if strings.HasPrefix(s, "-") {
		head, s = "−", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + thin + s[i:]
	}
	return head + s
}

// Decimal writes v with so many digits after the comma.
func Decimal(v float64, digits int) string {
	whole, frac, _ := strings.Cut(strconv.FormatFloat(v, 'f', digits, 64), ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return unknown
	}
	out := Number(n)
	if n == 0 && strings.HasPrefix(whole, "-") {
		out = "−0"
	}
	if frac != "" {
		out += "," + frac
	}
	return out
}

// Percent writes a share of one.
func Percent(v float64) string { return Decimal(v*100, 0) + nbsp + "%" }

var months = [...]string{"janvier", "février", "mars", "avril", "mai", "juin",
	"juillet", "août", "septembre", "octobre", "novembre", "décembre"}

// Date writes the day of t as t has it: « 2 mars 2026 ».
func Date(t time.Time) string {
	if t.IsZero() {
		return unknown
	}
	day := strconv.Itoa(t.Day())
	if t.Day() == 1 {
		day = "1er"
	}
	return day + nbsp + months[t.Month()-1] + nbsp + strconv.Itoa(t.Year())
}

// Day writes a date of the form YYYY-MM-DD; another is given back as it is.
func Day(s string) string {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return clean(s)
	}
	return Date(t)
}

// Moment writes t in zone, with the zone's distance from UTC:
// « 2 mars 2026 à 14 h 03 min 07 s (UTC+1) ».
func Moment(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return unknown
	}
	if zone == nil {
		zone = time.UTC
	}
	t = t.In(zone)
	return fmt.Sprintf("%s à %d%sh%s%02d%smin%s%02d%ss (%s)", Date(t), t.Hour(), nbsp, nbsp,
		t.Minute(), nbsp, nbsp, t.Second(), nbsp, offset(t))
}

func offset(t time.Time) string {
	_, sec := t.Zone()
	if sec == 0 {
		return "UTC"
	}
	sign := "+"
	if sec < 0 {
		sign, sec = "−", -sec
	}
	if m := sec % 3600 / 60; m != 0 {
		return fmt.Sprintf("UTC%s%d:%02d", sign, sec/3600, m)
	}
	return fmt.Sprintf("UTC%s%d", sign, sec/3600)
}

// Span writes a length of media time, µs: « 1 h 02 min 03,4 s ».
func Span(us int64) string {
	head := ""
	if us < 0 {
		head, us = "−", -us
	}
	tenths := (us + 50_000) / 100_000
	h, m, s := tenths/36_000, tenths/600%60, tenths%600
	sec := fmt.Sprintf("%02d,%d%ss", s/10, s%10, nbsp)
	switch {
	case h > 0:
		return fmt.Sprintf("%s%s%sh%s%02d%smin%s%s", head, Number(h), nbsp, nbsp, m, nbsp, nbsp, sec)
	case m > 0:
		return fmt.Sprintf("%s%d%smin%s%s", head, m, nbsp, nbsp, sec)
	}
	return head + strings.TrimPrefix(sec[:1], "0") + sec[1:]
}

// Bytes writes a size of a file, exactly.
func Bytes(n int64) string { return plural(n, "octet", "octets") }

// plural writes n and its noun.
func plural(n int64, one, many string) string {
	if n > -2 && n < 2 {
		return Number(n) + nbsp + one
	}
	return Number(n) + nbsp + many
}

var goFont = sync.OnceValue(func() *sfnt.Font {
	f, err := sfnt.Parse(goregular.TTF)
	if err != nil {
		panic("the embedded font cannot be read: " + err.Error())
	}
	return f
})

// drawable says whether the fonts have a picture of r. The four faces cover
// the same letters.
func drawable(r rune) bool {
	if r >= ' ' && r < 0x7f || r >= 0xa0 && r < 0x100 && r != 0xad {
		return true
	}
	if r > 0xffff || !unicode.IsPrint(r) {
		return false
	}
	g, err := goFont().GlyphIndex(nil, r)
	return err == nil && g != 0
}

// clean writes text that came from outside so that both writers show the
// same, and that nothing hides in it: a control character, a letter that the
// fonts lack, a change of direction become their number, [U+202E].
func clean(s string) string {
	s = strings.TrimSpace(compose(strings.ToValidUTF8(s, "\ufffd")))
	ok := true
	for _, r := range s {
		if !drawable(r) && string(r) != thin && r != '\n' {
			ok = false
			break
		}
	}
	if ok {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case drawable(r) || string(r) == thin || r == '\n':
			b.WriteRune(r)
		case r == '\t':
			b.WriteByte(' ')
		default:
			fmt.Fprintf(&b, "[U+%04X]", r)
		}
	}
	return b.String()
}

// accents are the letters of French that some systems write as a letter and
// an accent apart (file names of macOS).
var accents = strings.NewReplacer(
	"a\u0300", "à", "a\u0302", "â", "a\u0308", "ä", "c\u0327", "ç", "e\u0300", "è", "e\u0301", "é",
	"e\u0302", "ê", "e\u0308", "ë", "i\u0302", "î", "i\u0308", "ï", "o\u0302", "ô", "o\u0308", "ö",
	"u\u0300", "ù", "u\u0302", "û", "u\u0308", "ü", "y\u0308", "ÿ", "n\u0303", "ñ",
	"A\u0300", "À", "A\u0302", "Â", "C\u0327", "Ç", "E\u0300", "È", "E\u0301", "É", "E\u0302", "Ê",
	"E\u0308", "Ë", "I\u0302", "Î", "I\u0308", "Ï", "O\u0302", "Ô", "U\u0300", "Ù", "U\u0302", "Û",
	"U\u0308", "Ü")

func compose(s string) string {
	for _, r := range s {
		if r >= 0x300 && r < 0x370 {
			return accents.Replace(s)
		}
	}
	return s
}

// join puts what is not empty together.
func join(sep string, parts ...string) string {
	var out []string
	for _, p := range parts {
		if strings.TrimSpace(p) != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, sep)
}

func orElse(s, other string) string {
	if strings.TrimSpace(s) == "" {
		return other
	}
	return s
}
