package attribute

import (
	"math"

	"posteriori/engine/frame"
	"posteriori/engine/scene"
)

// ground is what lies around an object's foot: roads, pavements and floors are
// nearly neutral, and in the same light as what stands on them. A picture's
// own brightest part may be the sky or nothing at all.
type ground struct {
	luma, a, b float64 // the median, Y of CIE 1931 with 1 white; and of CIELAB
	n          int
}

const (
	groundSamples = 700
	leastGround   = 60   // samples
	aroundFoot    = 0.35 // of the box's longer side, to each side
	fromHeight    = 0.45 // of the box, downwards
)

// groundAt samples what lies around the lower part of a box and outside the
// silhouette.
func groundAt(f frame.YUV, box scene.Box, inside func(x, y int) bool) ground {
	pad := aroundFoot * math.Max(box.W, box.H)
	area := scene.Box{X: box.X - pad, Y: box.Y + fromHeight*box.H, W: box.W + 2*pad, H: (1-fromHeight)*box.H + pad}.
		Clamp(float64(f.Y.W), float64(f.Y.H))
	if area.Empty() {
		return ground{}
	}
	step := max(1, int(math.Sqrt(area.Area()/groundSamples)))
	var ls, as, bs [256]int
	g := ground{}
	for y := int(area.Y); y < min(f.Y.H, int(area.Y+area.H)); y += step {
		for x := int(area.X); x < min(f.Y.W, int(area.X+area.W)); x += step {
			if box.Contains(scene.Point{X: float64(x), Y: float64(y)}) && (inside == nil || inside(x, y)) {
				continue
			}
			c := fromYUV(f.Y.Row(y)[x], f.U.Row(y / 2)[x/2], f.V.Row(y / 2)[x/2])
			if c.chroma() > greyChroma {
				continue
			}
			ls[int(c.L*2.5)]++
			as[int(c.a*4+128)]++
			bs[int(c.b*4+128)]++
			g.n++
		}
	}
	if g.n < leastGround {
		return ground{}
	}
	g.luma = lumaOf((float64(percentile(&ls, g.n, 0.5)) + 0.5) / 2.5)
	g.a, g.b = (float64(percentile(&as, g.n, 0.5))-127.5)/4, (float64(percentile(&bs, g.n, 0.5))-127.5)/4
	return g
}

// lumaOf and lightOf are CIELAB's lightness and back.
func lumaOf(L float64) float64 {
	t := (L + 16) / 116
	if t > 6.0/29 {
		return t * t * t
	}
	return 3 * 36.0 / 841 * (t - 4.0/29)
}

func lightOf(y float64) float64 {
	if y > 216.0/24389 {
		return 116*math.Cbrt(y) - 16
	}
	return y * 24389.0 / 27
}

// What grounds reflect (asphalt, stone, concrete, wooden and light floors).
const (
	darkGround  = 0.10
	lightGround = 0.30
)

// on is the light on an object that stands on this ground.
func (l Light) on(g ground) Light {
	if g.n == 0 {
		return l
	}
	w := math.Min(1, math.Max(g.luma/lightGround, math.Min(lumaOf(l.White), g.luma/darkGround)))
	l.White = lightOf(w)
	l.A, l.B, l.grounded = g.a, g.b, true
	if d := math.Hypot(g.a, g.b); d > farCast {
		l.A, l.B = g.a*farCast/d, g.b*farCast/d
	}
	return l
}

const (
	farCast      = 10.0 // of the correction by the ground, CIELAB
	darkestWhite = 60.0 // lightness of white in the least light that is measured against
)

// A pixel that is this near to the background, in 8-bit samples, shows it: the
// silhouette is wider than the object.
const (
	sameLuma   = 9
	sameChroma = 5 // both together
)

// body tells which pixels show the object: those of the silhouette that differ
// from the background. Of what stands still there is no silhouette.
func (l Look) body() func(x, y int) bool {
	if l.Back == nil {
		return l.Inside
	}
	f, b := l.Picture, *l.Back
	differs := func(x, y int) bool {
		d := int(f.Y.Row(y)[x]) - int(b.Y.Row(y)[x])
		u, v := int(f.U.Row(y / 2)[x/2])-int(b.U.Row(y / 2)[x/2]), int(f.V.Row(y / 2)[x/2])-int(b.V.Row(y / 2)[x/2])
		return d > sameLuma || -d > sameLuma || max(u, -u)+max(v, -v) > sameChroma
	}
	if l.Inside == nil {
		return differs
	}
	return func(x, y int) bool { return l.Inside(x, y) && differs(x, y) }
}
