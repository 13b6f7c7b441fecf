package plate

import (
	"cmp"
	"slices"
)

// Slot is one place of a lattice: the reads' votes, by share.
type Slot struct {
	Char Char    // shares of the symbols
	None float64 // share of "no character here"
}

// Lattice is what all reads of one track say together. The reads are aligned
// character by character and vote in every place with their weight
// (recogniser output voting, Fiscus 1997, with the readers' own
// distributions as confidences).
type Lattice struct {
	Slots []Slot // shares of each add up to 1
	Reads []Read // as they were, by time
}

// MaxReads is how many reads a lattice takes in; beyond it, the best remain.
const MaxReads = 64

// Fuse makes the lattice of reads. Their order does not matter; reads without
// characters are left out. No reads give the empty lattice.
func Fuse(reads []Read) Lattice {
	kept := make([]Read, 0, len(reads))
	for _, r := range reads {
		if r = r.Rounded(); len(r.Chars) > 0 {
			kept = append(kept, r)
		}
	}
	if len(kept) == 0 {
		return Lattice{}
	}
	slices.SortFunc(kept, byWeight)
	kept = kept[:min(len(kept), MaxReads)]
	var f fusion
	for _, r := range kept {
		f.add(r)
	}
	// Once more along the finished skeleton, so that the first reads' say in
	// where characters lie does not outweigh all that came later.
	again := fusion{sum: make([]Slot, len(f.sum)), guide: f.slots()}
	for _, r := range kept {
		again.add(r)
	}
	l := Lattice{Slots: prune(again.slots()), Reads: kept}
	slices.SortFunc(l.Reads, byTime)
	return l
}

func byWeight(a, b Read) int {
	return cmp.Or(cmp.Compare(b.weight(), a.weight()), byTime(a, b))
}

// byTime is a total order of reads, so that a lattice has one form.
func byTime(a, b Read) int {
	c := cmp.Or(cmp.Compare(a.TUS, b.TUS), cmp.Compare(a.Box.X, b.Box.X), cmp.Compare(a.Box.Y, b.Box.Y),
		cmp.Compare(a.Box.W, b.Box.W), cmp.Compare(a.Box.H, b.Box.H), cmp.Compare(a.Found, b.Found),
		cmp.Compare(len(a.Chars), len(b.Chars)))
	for i := 0; c == 0 && i < len(a.Chars); i++ {
		c = slices.Compare(a.Chars[i][:], b.Chars[i][:])
	}
	return c
}

// fusion sums weighted votes. With a guide, reads are aligned to that and the
// places stay; without, to what has been summed, and places may be added.
type fusion struct {
	sum    []Slot
	weight float64
	guide  []Slot
}

func (f *fusion) add(r Read) {
	w := r.weight()
	base := f.guide
	if base == nil {
		base = f.slots()
	}
	next := make([]Slot, 0, len(base)+2)
	for _, p := range align(base, r.Chars) {
		switch {
		case p.slot < 0 && f.guide != nil:
			continue // no place for it; it stays in the raw read
		case p.slot < 0: // a new place: all before it saw nothing there
			next = append(next, Slot{None: f.weight}.plus(r.Chars[p.char], w))
		case p.char < 0:
			s := f.sum[p.slot]
			s.None += w
			next = append(next, s)
		default:
			next = append(next, f.sum[p.slot].plus(r.Chars[p.char], w))
		}
	}
	f.sum, f.weight = next, f.weight+w
}

// plus adds a character's shares with weight w.
func (s Slot) plus(c Char, w float64) Slot {
	rest := 1.0
	total := 0.0
	for _, v := range c {
		total += v
	}
	k := 1.0
	if total > 1 {
		k = 1 / total
	}
	for i, v := range c {
		s.Char[i] += w * v * k
		rest -= v * k
	}
	s.None += w * max(0, rest)
	return s
}

// slots are the sums as shares.
func (f *fusion) slots() []Slot {
	out := make([]Slot, len(f.sum))
	for i, s := range f.sum {
		total := s.None
		for _, v := range s.Char {
			total += v
		}
		if total > 0 {
			s.None /= total
			for k := range s.Char {
				s.Char[k] /= total
			}
		}
		out[i] = s
	}
	return out
}

// minSlot is the share of characters below which a place is noise.
const minSlot = 0.08

func prune(in []Slot) []Slot {
	out := in[:0]
	for _, s := range in {
		if s.None < 1-minSlot {
			out = append(out, s)
		}
	}
	return out
}

// Best is what the votes say: the strongest symbol of each place where one is
// more likely than none, and the product of their shares, 0..1.
func (l Lattice) Best() (text string, score float64) {
	out := make([]byte, 0, len(l.Slots))
	score = 1
	for _, s := range l.Slots {
		c, share := s.Char.Best()
		if s.None > share {
			score *= s.None
			continue
		}
		out = append(out, c)
		score *= share
	}
	if len(out) == 0 {
		return "", 0
	}
	return string(out), score
}

// Raw are the distinct raw reads, each with how many pictures gave it, the
// most frequent first.
func (l Lattice) Raw() []Count {
	n := map[string]int{}
	for _, r := range l.Reads {
		n[r.Text()]++
	}
	out := make([]Count, 0, len(n))
	for text, k := range n {
		out = append(out, Count{text, k})
	}
	slices.SortFunc(out, func(a, b Count) int { return cmp.Or(b.N-a.N, cmp.Compare(a.Text, b.Text)) })
	return out
}

// Count is a raw read and how many pictures gave it.
type Count struct {
	Text string
	N    int
}
