package attribute

import (
	"math"

	"posteriori/engine/frame"
)

// Light is what a picture's light allows to be said of colours.
type Light struct {
	Mono  bool    // no colour in the picture: infra-red or a monochrome camera
	Dark  bool    // too dark for colours
	Cast  bool    // one lamp's colour lies over all of it (sodium light)
	A, B  float64 // CIELAB a and b of what is neutral in it: the white balance's error
	White float64 // CIELAB lightness of the picture's brightest fiftieth, 0..100

	grounded bool // A, B and White are those of the ground beneath one object
}

// Colours tells whether colours can be told at all.
func (l Light) Colours() bool { return !l.Mono && !l.Dark && !l.Cast }

// cast is how far from neutral the light is.
func (l Light) cast() float64 { return math.Hypot(l.A, l.B) }

// Limits of light. Chroma is in 8-bit samples around 128.
const (
	monoShare  = 0.98 // of samples are within one step of neutral: monochrome
	castChroma = 20.0 // the mean chroma lies this far from neutral
	castCosine = 0.94 // and this share of samples within 20 degrees of its hue
	castShare  = 0.97
	greyChroma = 15.0 // CIELAB; below, a sample may be something grey
	maxCast    = 5.0  // of the correction, CIELAB
	greyShare  = 0.25 // of the picture must be that, or nothing is known
	darkLuma   = 48   // the picture's brightest twentieth is below
)

// SceneLight judges a whole picture, by some ten thousand samples of it.
func SceneLight(f frame.YUV) Light {
	if f.U.W == 0 || f.U.H == 0 {
		return Light{Mono: true, Dark: true}
	}
	step := max(1, int(math.Sqrt(float64(f.U.W*f.U.H)/10000)))
	var luma [256]int
	var mu, mv float64
	n, grey := 0, 0
	for y := step / 2; y < f.U.H; y += step {
		for x := step / 2; x < f.U.W; x += step {
			luma[f.Y.Row(min(2*y, f.Y.H-1))[min(2*x, f.Y.W-1)]]++
			u, v := f.U.Row(y)[x], f.V.Row(y)[x]
			mu += float64(u)
			mv += float64(v)
			n++
			if u-127 <= 2 && v-127 <= 2 {
				grey++
			}
		}
	}
	mu, mv = mu/float64(n), mv/float64(n)
	a, b := neutral(f, step)
	return Light{
		A: a, B: b,
		Mono:  float64(grey) >= monoShare*float64(n),
		Cast:  oneHue(f, step, mu-128, mv-128, n),
		Dark:  percentile(&luma, n, 0.95) < darkLuma,
		White: fromYUV(byte(percentile(&luma, n, 0.98)), 128, 128).L,
	}
}

// neutral is the median a and b of the nearly neutral samples of middling
// lightness: roads, walls and clouds make most of a street, and are grey
// (the grey-world assumption of Buchsbaum 1980, on what can be grey). Zero
// where there are few.
func neutral(f frame.YUV, step int) (a, b float64) {
	var as, bs [256]int
	n, all := 0, 0
	for y := step / 2; y < f.U.H; y += step {
		for x := step / 2; x < f.U.W; x += step {
			c := fromYUV(f.Y.Row(min(2*y, f.Y.H-1))[min(2*x, f.Y.W-1)], f.U.Row(y)[x], f.V.Row(y)[x])
			all++
			if c.L > 20 && c.L < 92 && c.chroma() < greyChroma {
				as[int(c.a*4+128)]++
				bs[int(c.b*4+128)]++
				n++
			}
		}
	}
	if float64(n) < greyShare*float64(all) {
		return 0, 0
	}
	a, b = (float64(percentile(&as, n, 0.5))-127.5)/4, (float64(percentile(&bs, n, 0.5))-127.5)/4
	if d := math.Hypot(a, b); d > maxCast { // shade and sun differ by more than one correction can mend
		a, b = a*maxCast/d, b*maxCast/d
	}
	return a, b
}

// oneHue tells whether the mean chroma (u, v) is strong and nearly every
// sample points the same way or is too dark to tell. What is light and neutral
// speaks against it: a yellow car before a white wall is no sodium lamp.
func oneHue(f frame.YUV, step int, u, v float64, n int) bool {
	off := math.Hypot(u, v)
	if off < castChroma {
		return false
	}
	same := 0
	for y := step / 2; y < f.U.H; y += step {
		for x := step / 2; x < f.U.W; x += step {
			du, dv := float64(f.U.Row(y)[x])-128, float64(f.V.Row(y)[x])-128
			d := math.Hypot(du, dv)
			if d < 6 && f.Y.Row(min(2*y, f.Y.H-1))[min(2*x, f.Y.W-1)] < darkLuma || d >= 6 && du*u+dv*v > castCosine*d*off {
				same++
			}
		}
	}
	return float64(same) >= castShare*float64(n)
}

// percentile is the value below which the share q of n counted values lies.
func percentile(counts *[256]int, n int, q float64) int {
	left := int(q * float64(n))
	for v, c := range counts {
		if left -= c; left < 0 {
			return v
		}
	}
	return 255
}
