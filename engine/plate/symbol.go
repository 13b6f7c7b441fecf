package plate

import "strings"

// Alphabet is every character a plate is read in, in the order of [Char].
const Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// Symbols is their number.
const Symbols = len(Alphabet)

// index is the place of an ASCII character in the alphabet, or -1.
func index(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'A' && c <= 'Z':
		return int(c-'A') + 10
	}
	return -1
}

// Normal is a plate's text in the alphabet: upper case, without the dashes,
// dots and spaces that countries set between groups. Anything else is dropped.
func Normal(text string) string {
	var b strings.Builder
	for _, c := range []byte(strings.ToUpper(text)) {
		if index(c) >= 0 {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// Confusable lists the characters that a camera, a reader or an eye takes for
// one another. They are classes: every two of a class may stand for each
// other, no others do. O, 0, Q and D differ by a stroke that dirt or few
// pixels hide; on many plates (Slovakia, Czechia before 2001, most of the
// United States) O and 0 are one and the same die.
var Confusable = []string{"0ODQ", "1IL", "2Z", "5S", "6G", "7T", "8B", "4A", "UV"}

// alike[i][j] tells whether two symbols share a class. A symbol is not alike
// itself.
var alike = func() (m [Symbols][Symbols]bool) {
	for _, class := range Confusable {
		for _, a := range []byte(class) {
			for _, b := range []byte(class) {
				m[index(a)][index(b)] = a != b
			}
		}
	}
	return m
}()

// LookAlike tells whether two characters of the alphabet are confusable.
func LookAlike(a, b byte) bool {
	i, j := index(a), index(b)
	return i >= 0 && j >= 0 && alike[i][j]
}
