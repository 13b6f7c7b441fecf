package scene

// Quarters are the pictures of a split screen of w×h pixels: above left, above
// right, below left, below right. Of odd sides the right and the lower ones have
// the pixel more.
func Quarters(w, h int) [4]Box {
	x, y := float64(w/2), float64(h/2)
	right, below := float64(w)-x, float64(h)-y
	return [4]Box{{W: x, H: y}, {X: x, W: right, H: y}, {Y: y, W: x, H: below}, {X: x, Y: y, W: right, H: below}}
}

// HoldsMiddle tells whether the middle of o lies in b, whose right and lower
// edges are not its own.
func (b Box) HoldsMiddle(o Box) bool {
	c := o.Center()
	return c.X >= b.X && c.Y >= b.Y && c.X < b.X+b.W && c.Y < b.Y+b.H
}
