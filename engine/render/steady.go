package render

import (
	"image"
	"math"

	"posteriori/engine/align"
	"posteriori/engine/frame"
	"posteriori/engine/scene"
)

// steadyLeast is by how many pixels a camera must have moved on for what is cut
// out to be laid elsewhere; less is seen by nobody.
const steadyLeast = 1.4

// steady is by how much a picture lies beside the plate that it is compared with.
type steady struct {
	ref    *align.Reference
	dx, dy float64 // of the last picture, in output pixels
	known  bool
}

// hold finds how far the camera has moved since the plate, and moves what it
// shows, c.at and the boxes, to where the plate has it.
func (c *cutter) hold(pic frame.Plane) {
	c.at = c.from
	if c.plate == nil {
		return
	}
	s, f := &c.steady, c.r.fits[c.src]
	c.busy = c.busy[:0]
	for _, boxes := range [2][]scene.Box{c.boxes, c.there} {
		for _, b := range boxes {
			b = f.box(b)
			c.busy = append(c.busy, image.Rect(int(b.X), int(b.Y), int(b.X+b.W)+1, int(b.Y+b.H)+1).Sub(c.from))
		}
	}
	if dx, dy, ok := s.ref.Shift(pic, c.from, s.dx, s.dy, !s.known, c.busy); ok {
		s.dx, s.dy, s.known = dx, dy, true
	}
	even := func(d float64, was int) int { // chroma has every second sample
		if math.Abs(d-float64(was)) < steadyLeast {
			return was
		}
		return 2 * int(math.Round(d/2))
	}
	c.moved = image.Pt(even(s.dx, c.moved.X), even(s.dy, c.moved.Y))
	c.plate.x, c.plate.y = c.from.X, c.from.Y
	if c.moved == (image.Point{}) {
		return
	}
	c.at = c.from.Sub(c.moved)
	c.plate.x, c.plate.y = c.at.X, c.at.Y
	for _, boxes := range [2][]scene.Box{c.boxes, c.there} {
		for i := range boxes {
			boxes[i].X -= float64(c.moved.X) / f.s
			boxes[i].Y -= float64(c.moved.Y) / f.s
		}
	}
}
