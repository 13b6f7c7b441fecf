package pipeline

import (
	"math"

	"posteriori/engine/frame"
)

// What the coverage says of split screens.
const (
	splitSeen   = "the picture seems to be made of four cameras' pictures: analyse --quarters --again treats them apart"
	splitApart  = "the four quarters of the picture are treated apart, as asked"
	splitUnseen = splitApart + "; no seams are seen between them"
)

const (
	seamEveryUS = 500_000 // between two looks for seams
	seamLooks   = 3       // looks that it takes to tell
	seamShare   = 0.8     // of the looks that must find them
	armShare    = 0.5     // of each of the cross's four arms that must be an edge
	seamStep    = 10      // least step of brightness across a seam
	seamExcess  = 2.5     // and how much larger it is than the steps beside it
)

// seams watches for split screens: four pictures in one, two above two. Where
// they meet, brightness jumps along a cross through the middle, in every
// frame, all along. Seams elsewhere, of two, nine or unequal pictures, are not
// looked for.
type seams struct {
	looks, found int
	nextUS       int64
}

// look takes in a plane if it is time to.
func (s *seams) look(p frame.Plane, tUS int64) {
	if s.looks > 0 && tUS < s.nextUS {
		return
	}
	s.nextUS = tUS + seamEveryUS
	s.looks++
	if crossed(p) {
		s.found++
	}
}

// split tells whether the pictures were made of four.
func (s *seams) split() bool {
	return s.looks >= seamLooks && float64(s.found) >= seamShare*float64(s.looks)
}

// note is what the coverage says of it.
func (s *seams) note(quarters bool) string {
	switch {
	case quarters && s.split():
		return splitApart
	case quarters:
		return splitUnseen
	case s.split():
		return splitSeen
	}
	return ""
}

// crossed tells whether all four arms of the cross through the middle are edges.
func crossed(p frame.Plane) bool {
	across := func(row, x int) int { return step(p.Row(row)[x], p.Row(row)[x-1]) }
	down := func(col, y int) int { return step(p.Row(y)[col], p.Row(y - 1)[col]) }
	return arm(across, 0, p.H/2, p.W/2) && arm(across, p.H/2, p.H, p.W/2) &&
		arm(down, 0, p.W/2, p.H/2) && arm(down, p.W/2, p.W, p.H/2)
}

func step(a, b byte) int { return max(int(a)-int(b), int(b)-int(a)) }

// arm tells whether at most lines of from..to something steps at mid that does
// not step beside it. The ends of the arm, where others meet it, do not count.
func arm(steps func(line, at int) int, from, to, mid int) bool {
	const at, beside, reach = 2, 5, 14 // samples off the middle
	if mid <= reach {
		return false
	}
	skip := (to - from) / 10
	lines, edges := 0, 0
	for line := from + skip; line < to-skip; line++ {
		peak, sum := 0, 0
		for x := mid - at; x <= mid+at; x++ {
			peak = max(peak, steps(line, x))
		}
		for x := beside; x < reach; x++ {
			sum += steps(line, mid-x) + steps(line, mid+x)
		}
		mean := float64(sum) / (2 * (reach - beside))
		lines++
		if float64(peak) >= math.Max(seamStep, seamExcess*mean) {
			edges++
		}
	}
	return lines > 0 && float64(edges) >= armShare*float64(lines)
}
