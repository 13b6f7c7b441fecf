package attribute

import (
	"math"

	"posteriori/engine/scene"
)

const (
	endUS        = 300_000 // the ends of a path are means over this long
	leastTravel  = 0.5     // sizes
	leastOfFrame = 0.01    // of the picture's diagonal
	leastNoise   = 4.0     // times the path's jitter
)

// Heading is the direction in which a path in a w×h picture went from its
// first place to its last, in degrees clockwise from up in the image. The place is
// the bottom centre, where the object stands: it moves down the picture as an
// approaching object grows, while the centre may not move at all. It is false
// when the way is short against the object's size (half the side of the square
// of its mean area), the picture, or the path's own jitter.
func Heading(path scene.Path, w, h int) (deg float64, ok bool) {
	seen := path[:0:0]
	for _, p := range path {
		if !p.Interpolated {
			seen = append(seen, p)
		}
	}
	if len(seen) < 2 {
		return 0, false
	}
	a := meanBottom(seen, seen[0].TUS, seen[0].TUS+endUS)
	last := seen[len(seen)-1].TUS
	b := meanBottom(seen, last-endUS, last)
	if seen.DurationUS() < 2*endUS { // too short for means: they would overlap
		a, b = seen[0].Box.Bottom(), seen[len(seen)-1].Box.Bottom()
	}
	dx, dy := b.X-a.X, b.Y-a.Y
	d := math.Hypot(dx, dy)
	if d < leastTravel*meanSize(seen) || d < leastOfFrame*math.Hypot(float64(w), float64(h)) || d < leastNoise*jitter(seen) {
		return 0, false
	}
	deg = math.Atan2(dx, -dy) * 180 / math.Pi
	if deg < 0 {
		deg += 360
	}
	return deg, true
}

func meanBottom(p scene.Path, from, to int64) scene.Point {
	var s scene.Point
	part := p.Between(from, to)
	for _, q := range part {
		b := q.Box.Bottom()
		s.X += b.X
		s.Y += b.Y
	}
	n := float64(len(part))
	return scene.Point{X: s.X / n, Y: s.Y / n}
}

func meanSize(p scene.Path) float64 {
	var s float64
	for _, q := range p {
		s += math.Sqrt(q.Box.Area())
	}
	return s / float64(len(p))
}

// jitter is how far points lie off the straight way between their neighbours,
// at the root mean square.
func jitter(p scene.Path) float64 {
	var s float64
	for i := 1; i+1 < len(p); i++ {
		f := float64(p[i].TUS-p[i-1].TUS) / float64(p[i+1].TUS-p[i-1].TUS)
		mid := p[i-1].Box.Lerp(p[i+1].Box, f).Bottom()
		d := mid.Dist(p[i].Box.Bottom())
		s += d * d
	}
	return math.Sqrt(s / math.Max(1, float64(len(p)-2)))
}

var compass = [8]string{"N", "NE", "E", "SE", "S", "SW", "W", "NW"}

// Compass is the eighth of the compass that a heading in degrees lies in, each
// 45° wide around its name.
func Compass(deg float64) string {
	m := math.Mod(deg, 360)
	if m < 0 {
		m += 360
	}
	return compass[int(math.Floor(m/45+0.5))%8]
}
