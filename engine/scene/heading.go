package scene

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

var compass = [8]string{"N", "NE", "E", "SE", "S", "SW", "W", "NW"}

// sectorHalf is half the width of a compass sector: eight of them tile the circle.
const sectorHalf = 22.5

// Compass is the name of the eighth of the circle that a heading lies in.
func Compass(deg float64) string {
	return compass[int(math.Round(Turn(deg)/45))%8]
}

// Turn brings an angle into [0, 360).
func Turn(deg float64) float64 {
	d := math.Mod(deg, 360)
	if d < 0 {
		d += 360
	}
	return math.Mod(d, 360)
}

// Headings is the range of headings from From clockwise to To, degrees, both
// included: from 350 to 10 goes over north. From 0 to 360 is the circle.
type Headings struct {
	From float64 `json:"from"`
	To   float64 `json:"to"`
}

// Contains tells whether a heading lies in the range.
func (h Headings) Contains(deg float64) bool {
	if h.To-h.From >= 360 {
		return true
	}
	return Turn(deg-h.From) <= Turn(h.To-h.From)
}

// ParseHeadings reads a compass name ("NE": 22.5 degrees to either side, and
// tolerance more), a range clockwise ("350-10"), or a heading and how far
// from it ("90+-15", "90±15"). The tolerance widens only compass names.
func ParseHeadings(s string, tolerance float64) (Headings, error) {
	bad := fmt.Errorf("%q is no heading: N, NE, E, SE, S, SW, W, NW, a range like 350-10, or 90+-15", s)
	if !(tolerance >= 0 && tolerance <= 180) {
		return Headings{}, fmt.Errorf("a tolerance of %v degrees is not within 0 and 180", tolerance)
	}
	for i, name := range compass {
		if strings.EqualFold(s, name) {
			return around(float64(i)*45, sectorHalf+tolerance), nil
		}
	}
	for _, sep := range []string{"±", "+-", "-"} {
		left, right, ok := strings.Cut(s, sep)
		if !ok {
			continue
		}
		a, errA := strconv.ParseFloat(strings.TrimSpace(left), 64)
		b, errB := strconv.ParseFloat(strings.TrimSpace(right), 64)
		if errA != nil || errB != nil || !(a >= 0 && a <= 360 && b >= 0 && b <= 360) {
			return Headings{}, bad
		}
		if sep == "-" {
			return Headings{From: a, To: b}, nil
		}
		return around(a, b), nil
	}
	return Headings{}, bad
}

func around(deg, half float64) Headings {
	if half >= 180 {
		return Headings{From: 0, To: 360}
	}
	return Headings{From: Turn(deg - half), To: Turn(deg + half)}
}
