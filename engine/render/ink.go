package render

import (
	"posteriori/engine/frame"
	"posteriori/engine/wire"
)

// ink is a colour as limited-range luma and chroma.
type ink struct{ y, u, v byte }

// white is the ink of what has no colour of its own.
var white = ink{235, 128, 128}

// inkOf converts by BT.601; nil is white.
func inkOf(c *wire.RGB) ink {
	if c == nil {
		return white
	}
	r, g, b := float64(c[0]), float64(c[1]), float64(c[2])
	return ink{
		byte(16.5 + .257*r + .504*g + .098*b),
		byte(128.5 - .148*r - .291*g + .439*b),
		byte(128.5 + .439*r - .368*g - .071*b),
	}
}

// mixInto colours a sample of the picture with the share c/255.
func (k ink) mixInto(dst *frame.YUV, x, y, c int) {
	i := y*dst.Y.Stride + x
	dst.Y.Pix[i] = mix(dst.Y.Pix[i], k.y, c)
	if x&1 == 0 && y&1 == 0 {
		i = y/2*dst.U.Stride + x/2
		dst.U.Pix[i] = mix(dst.U.Pix[i], k.u, c)
		dst.V.Pix[i] = mix(dst.V.Pix[i], k.v, c)
	}
}

// rimPeak is the alpha, or the nearness to the body (see matting.smooth), at
// which a rim is strongest, and rimWidth how far from it the rim has ended.
const (
	rimPeak  = 96
	rimWidth = 80
)

// rim colours the soft edge of a body in a strip of a cut-out at (x, y): the
// object itself keeps the recording's own samples.
func (k ink) rim(dst *frame.YUV, s *strip, x, y int) {
	for j, row := range s.body {
		for i, a := range row {
			if d := max(int(a)-rimPeak, rimPeak-int(a)); d < rimWidth {
				k.mixInto(dst, x+s.x+i, y+j, 230*(rimWidth-d)/rimWidth)
			}
		}
	}
}
