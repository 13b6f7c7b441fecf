package analysis

import (
	"math"
	"slices"

	"posteriori/engine/scene"
)

const (
	// linkSpanUS is how far from its time, to both sides, who left or took a
	// thing is looked for at its place: a hand is off it a moment before or
	// after the picture says so.
	linkSpanUS = 2_000_000
	linkStepUS = 200_000
	// linkReach is how far off a thing its owner may stand, in sizes of the
	// owner (square root of the box's area): an arm's length.
	linkReach = 0.5
	// pastUS is for how long ended lives are remembered: a thing is known to
	// be left only long after it was set down.
	pastUS = 120_000_000
)

// link finds, for every thing left or removed, the track that was there.
func (s *stitcher) link() {
	for _, l := range s.lives {
		if l.event == scene.NoEvent || l.linked != nil {
			continue
		}
		near := math.Inf(1)
		for _, o := range slices.Concat(s.past, s.lives) {
			if o.event != scene.NoEvent {
				continue
			}
			if d := apartAt(l.path[0].Box, o.path, l.eventUS); d < near || d == near && l.linked != nil && o.start() < l.linked.start() {
				near, l.linked = d, o
			}
		}
	}
}

// apartAt is how near the path comes to the thing around that time: between
// the borders, in the path's sizes, and, where they touch, by how little of
// the thing its box covers, below zero. +Inf where it stays out of reach.
func apartAt(thing scene.Box, path scene.Path, atUS int64) float64 {
	least := math.Inf(1)
	for t := atUS - linkSpanUS; t <= atUS+linkSpanUS; t += linkStepUS {
		b, ok := path.At(t)
		if !ok || b.Empty() {
			continue
		}
		dx := max(0, b.X-thing.X-thing.W, thing.X-b.X-b.W)
		dy := max(0, b.Y-thing.Y-thing.H, thing.Y-b.Y-b.H)
		d := math.Hypot(dx, dy) / math.Sqrt(b.Area())
		if d == 0 {
			d = -b.Intersect(thing).Area() / thing.Area()
		}
		if d <= linkReach {
			least = min(least, d)
		}
	}
	return least
}

// forget lets go of what was emitted long before.
func (s *stitcher) forget(cutUS int64) {
	s.past = slices.DeleteFunc(s.past, func(l *life) bool { return l.end() < cutUS-pastUS })
}
