package main

import (
	"math"
	"math/rand/v2"
	"slices"
)

// paint is a colour term as ranges of CIELAB lightness, chroma and hue
// (degrees) in which paint in even light goes by that name: around the focal
// colours of the basic terms (Berlin and Kay 1969; Sturges and Whitfield,
// "Locating Basic Colours in the Munsell Space", 1995), with the neutral names
// as car makers use them.
type paint struct {
	name                   string
	l0, l1, c0, c1, h0, h1 float64
}

var paints = []paint{
	{"black", 2, 16, 0, 3, 0, 360}, {"black", 2, 16, 0, 3, 0, 360},
	{"grey", 30, 54, 0, 4, 0, 360}, {"silver", 62, 76, 0, 4, 0, 360},
	{"white", 87, 97, 0, 5, 60, 120},
	{"red", 26, 50, 45, 85, 22, 42}, {"red", 18, 32, 32, 50, 18, 38},
	{"orange", 54, 70, 58, 90, 50, 66},
	{"yellow", 68, 90, 55, 95, 76, 100},
	{"green", 20, 62, 16, 60, 120, 180}, {"green", 60, 82, 50, 90, 106, 130},
	{"blue", 14, 55, 18, 62, 250, 298}, {"blue", 52, 76, 22, 50, 205, 262},
	{"purple", 18, 48, 22, 62, 302, 332},
	{"pink", 58, 84, 16, 60, 335, 375}, {"pink", 44, 60, 52, 76, 342, 364},
	{"brown", 16, 44, 9, 34, 38, 76}, {"brown", 14, 42, 5, 13, 35, 80},
	{"beige", 62, 86, 9, 27, 64, 96},
}

// repaint gives a neutral car other paint: what is neutral and light in its
// box is paint, its light is the old colour over the share that the old paint
// reflects, and the clear coat adds a little of the sky. False where too
// little of the box is paint.
func (p *picture) repaint(name string, reflects float64, rng *rand.Rand) bool {
	mask, ref := p.paintwork()
	if mask == nil {
		return false
	}
	var of []paint
	for _, q := range paints {
		if q.name == name {
			of = append(of, q)
		}
	}
	q := of[rng.IntN(len(of))]
	between := func(a, b float64) float64 { return a + (b-a)*rng.Float64() }
	rgb := fromLCh(between(q.l0, q.l1), between(q.c0, q.c1), between(q.h0, q.h1))
	coat := between(0.005, 0.05) * ref / reflects
	for i, in := range mask {
		if in == 0 {
			continue
		}
		c := &p.pix[i]
		light := (c[0] + c[1] + c[2]) / 3
		glare := coat*light/ref + math.Max(0, light-1.25*ref)*0.5
		for k := range c {
			c[k] = in*(c[k]/reflects*rgb[k]+glare) + (1-in)*c[k]
		}
	}
	return true
}

// paintwork tells, 0..1, how much each pixel is paint, and how light paint is.
func (p *picture) paintwork() (mask []float64, ref float64) {
	b := p.box.Clamp(float64(p.w), float64(p.h))
	var lights []float64
	each := func(f func(i int, light, odd float64)) {
		for y := int(b.Y); y < int(b.Y+b.H); y++ {
			for x := int(b.X); x < int(b.X+b.W); x++ {
				c := p.pix[y*p.w+x]
				m := (c[0] + c[1] + c[2]) / 3
				f(y*p.w+x, m, (max(c[0], c[1], c[2])-min(c[0], c[1], c[2]))/math.Max(m, 0.02))
			}
		}
	}
	each(func(_ int, light, odd float64) {
		if odd < 0.5 {
			lights = append(lights, light)
		}
	})
	if len(lights) < 80 {
		return nil, 0
	}
	slices.Sort(lights)
	ref = lights[len(lights)*7/10]
	mask = make([]float64, len(p.pix))
	n := 0.0
	each(func(i int, light, odd float64) {
		if odd < 0.6 {
			mask[i] = math.Max(0, math.Min((light/ref-0.3)/0.2, 1))
			n += mask[i]
		}
	})
	if ref < 0.05 || n < 0.3*b.Area() {
		return nil, 0
	}
	return mask, ref
}

// fromLCh is linear sRGB (D65) of CIELAB lightness, chroma and hue.
func fromLCh(L, C, h float64) [3]float64 {
	a, b := C*math.Cos(h*math.Pi/180), C*math.Sin(h*math.Pi/180)
	fy := (L + 16) / 116
	inv := func(t float64) float64 {
		if t > 6.0/29 {
			return t * t * t
		}
		return 3 * 36.0 / 841 * (t - 4.0/29)
	}
	x, y, z := 0.95047*inv(fy+a/500), inv(fy), 1.08883*inv(fy-b/200)
	return [3]float64{
		math.Max(0.001, 3.2404542*x-1.5371385*y-0.4985314*z),
		math.Max(0.001, -0.9692660*x+1.8760108*y+0.0415560*z),
		math.Max(0.001, 0.0556434*x-0.2040259*y+1.0572252*z),
	}
}
