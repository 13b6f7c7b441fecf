package detectortest

import (
	"math/rand/v2"

	"posteriori/engine/frame"
)

// Noise is a picture of w×h with blocks of random brightness and colour, the
// same each time.
func Noise(w, h int) frame.YUV {
	r := rand.New(rand.NewPCG(1, 2))
	f := frame.NewYUV(w, h)
	for _, p := range []frame.Plane{f.Y, f.U, f.V} {
		const block = 16
		across := p.W/block + 1
		vals := make([]byte, across*(p.H/block+1))
		for i := range vals {
			vals[i] = byte(16 + r.IntN(220))
		}
		for y := range p.H {
			row := p.Row(y)
			for x := range row {
				row[x] = vals[y/block*across+x/block]
			}
		}
	}
	return f
}

// Flat is a grey picture of w×h in which there is nothing.
func Flat(w, h int) frame.YUV {
	f := frame.NewYUV(w, h)
	for _, p := range []frame.Plane{f.Y, f.U, f.V} {
		for i := range p.Pix {
			p.Pix[i] = 128
		}
	}
	return f
}

// Paste copies a picture into another with its top-left corner at x, y, both
// even. What does not fit is left out.
func Paste(dst, src frame.YUV, x, y int) {
	paste(dst.Y, src.Y, x, y)
	paste(dst.U, src.U, x/2, y/2)
	paste(dst.V, src.V, x/2, y/2)
}

func paste(dst, src frame.Plane, x, y int) {
	for r := range min(src.H, dst.H-y) {
		copy(dst.Row(y + r)[x:], src.Row(r))
	}
}

// Grey is a picture without its colour.
func Grey(f frame.YUV) frame.YUV {
	g := Flat(f.Y.W, f.Y.H)
	Paste(frame.YUV{Y: g.Y}, frame.YUV{Y: f.Y}, 0, 0)
	return g
}
