package plate

// Screen is a set of symbols, one bit for each of [Alphabet], by which plates
// that cannot meet a pattern are passed over unread.
type Screen uint64

func (s *Screen) add(c byte) {
	if i := index(c); i >= 0 {
		*s |= 1 << i
	}
}

// Symbols lists the symbols of the set.
func (s Screen) Symbols() []byte {
	var out []byte
	for i := range Symbols {
		if s&(1<<i) != 0 {
			out = append(out, Alphabet[i])
		}
	}
	return out
}

// Bit is the place of a symbol of the alphabet in a screen, -1 for others.
func Bit(c byte) int { return index(c) }

// Screen is every symbol that [Pattern.Match] could meet in the lattice
// without an edit: strongest symbols of a place or of a raw read, their
// look-alikes, and second choices.
func (l Lattice) Screen() Screen {
	var s Screen
	strongest := func(c Char) {
		b, _ := c.Best()
		s.add(b)
		for _, like := range []byte(Alphabet) {
			if LookAlike(b, like) {
				s.add(like)
			}
		}
	}
	for _, slot := range l.Slots {
		strongest(slot.Char)
		for i, v := range slot.Char {
			if v >= secondShare {
				s.add(Alphabet[i])
			}
		}
	}
	for _, r := range l.Reads {
		for _, c := range r.Chars {
			strongest(c)
		}
	}
	return s
}

// Screen is every symbol that the pattern names. Each of them that a lattice's
// screen lacks costs an edit.
func (p Pattern) Screen() Screen {
	var s Screen
	for _, c := range p.tokens {
		s.add(c)
	}
	return s
}
