package scene

import "math"

// Span is a stretch of media time, both ends included.
type Span struct {
	FromUS, ToUS int64
}

// stopShare is how far the foot may stray while an object stands, as a share
// of its size (the root of its box's area).
const (
	stopShare = 0.15
	minStopPX = 2.0
)

// Stops lists the stretches of at least minUS in which the object stood: its
// foot stayed within 15 % of its size of where it was as the stretch began.
// So the speed under which it stands is relative to its size, whatever the
// distance from the camera, and the tremble of its box is no speed.
func (p Path) Stops(minUS int64) []Span {
	var out []Span
	for i := 0; i < len(p); {
		r := math.Max(minStopPX, stopShare*math.Sqrt(p[i].Box.Area()))
		from := p[i].Box.Bottom()
		j := i
		for j+1 < len(p) && p[j+1].Box.Bottom().Dist(from) <= r {
			j++
		}
		if j > i && p[j].TUS-p[i].TUS >= minUS {
			out = append(out, Span{p[i].TUS, p[j].TUS})
			i = j + 1
		} else {
			i++
		}
	}
	return out
}

// restingUS is up to how far apart places are kept while an object rests (see
// [posteriori/engine/track]): once a second, and the next picture.
const restingUS = 1_250_000

// Gaps lists the stretches of more than leastUS between two places in a row:
// nothing was seen of the object there, and what was seen before and after was
// taken for one. Of an object at rest fewer places are kept, which is no gap.
func (p Path) Gaps(leastUS int64) []Span {
	var out []Span
	for i := 1; i < len(p); i++ {
		apart := p[i].TUS - p[i-1].TUS
		rests := apart <= restingUS && p[i].Box.IoU(p[i-1].Box) > .5
		if apart > leastUS && !rests {
			out = append(out, Span{p[i-1].TUS, p[i].TUS})
		}
	}
	return out
}

// LongestStand is the longest time for which the object stood, µs: Stops(us)
// finds one just for us up to that.
func (p Path) LongestStand() (us int64) {
	for i := 0; i < len(p) && p[len(p)-1].TUS-p[i].TUS > us; i++ {
		r := math.Max(minStopPX, stopShare*math.Sqrt(p[i].Box.Area()))
		from := p[i].Box.Bottom()
		j := i
		for j+1 < len(p) && p[j+1].Box.Bottom().Dist(from) <= r {
			j++
		}
		us = max(us, p[j].TUS-p[i].TUS)
	}
	return us
}
