package attribute

import (
	"math"

	"posteriori/engine/frame"
	"posteriori/engine/scene"
)

// A vehicle's colours are counted in three zones: the body, the part above it
// (roof, windows, load), and a ring around the box, which tells what light
// falls on neutral paint. The bins of a zone are
//
//	neutral  8 of lightness
//	weak     8 of hue, each dark and light: paint in shade, beige, brown, glare
//	strong   12 of hue, each dark, middling and light
//
// and a sample is shared out between neighbouring bins, so that nothing jumps.
const (
	neutralBins = 8
	weakHues    = 8
	weakBins    = weakHues * 2
	strongHues  = 12
	strongBins  = strongHues * 3
	zoneBins    = neutralBins + weakBins + strongBins
	ringBins    = neutralBins + weakHues + strongHues
	scalars     = 5

	// NumFeatures is the length of what [Features] fills in.
	NumFeatures = 2*zoneBins + ringBins + scalars + NumColours
)

// zones of a vehicle in shares of its box: left, top, right, bottom.
var (
	bodyZone = [4]float64{0.10, 0.38, 0.90, 0.86}
	topZone  = [4]float64{0.15, 0.06, 0.85, 0.38}
	ringZone = [4]float64{-0.2, -0.15, 1.2, 1.15} // less the box itself
)

const zoneSamples = 900

// Features counts the colours of the vehicle in box (source pixels): square
// roots of the bins' shares (Hellinger's distance), then white balance and
// lightness, then those of the votes that rules give (names.go), each about
// 0..1. inside is that of [Colour]. It returns how many samples of the body
// were in view.
func Features(f frame.YUV, box scene.Box, inside func(x, y int) bool, light Light) (out [NumFeatures]float32, seen int) {
	var body, top, ring zone
	body.count(f, box, bodyZone, light, inside)
	top.count(f, box, topZone, light, inside)
	ring.count(f, box, ringZone, light, func(x, y int) bool { return !box.Contains(scene.Point{X: float64(x), Y: float64(y)}) })
	at := out[:0]
	at = body.roots(at, false)
	at = top.roots(at, false)
	at = ring.roots(at, true)
	at = append(at, float32(light.A/10), float32(light.B/10), float32(light.White/100),
		float32(body.meanL()/100), float32((body.meanL()-ring.meanL())/100))
	r, _ := regionOf(scene.Car)
	p := pick(f, box, inside, r, light)
	if p.n > 0 {
		for i, v := range p.votes(r, light) {
			out[len(at)+i] = float32(math.Sqrt(v))
		}
	}
	return out, p.n
}

// zone is what was counted in one.
type zone struct {
	bins   [zoneBins]float64
	n      int
	lights float64
}

func (z *zone) meanL() float64 { return z.lights / math.Max(1, float64(z.n)) }

func (z *zone) count(f frame.YUV, box scene.Box, share [4]float64, light Light, inside func(x, y int) bool) {
	x0, y0 := box.X+share[0]*box.W, box.Y+share[1]*box.H
	x1, y1 := box.X+share[2]*box.W, box.Y+share[3]*box.H
	b := scene.Box{X: x0, Y: y0, W: x1 - x0, H: y1 - y0}.Clamp(float64(f.Y.W), float64(f.Y.H))
	if b.Empty() {
		return
	}
	step := max(1, int(math.Ceil(math.Sqrt(b.Area()/zoneSamples))))
	scale := 100 / math.Max(light.White, 80)
	for y := int(b.Y); y < min(f.Y.H, int(b.Y+b.H)+1); y += step {
		for x := int(b.X); x < min(f.Y.W, int(b.X+b.W)+1); x += step {
			if inside != nil && !inside(x, y) {
				continue
			}
			z.add(balanced(f, x, y, light), scale)
		}
	}
}

// balanced is the sample at a source pixel less the light's own colour, which
// fades with lightness.
func balanced(f frame.YUV, x, y int, light Light) lab {
	c := fromYUV(f.Y.Row(y)[x], f.U.Row(y / 2)[x/2], f.V.Row(y / 2)[x/2])
	k := math.Min(1, c.L/60)
	c.a, c.b = c.a-k*light.A, c.b-k*light.B
	return c
}

// Chroma at which a sample begins to be, and wholly is, weakly and strongly
// coloured (CIELAB).
const (
	weakFrom, weakTo     = 6, 13
	strongFrom, strongTo = 20, 34
	noisyL               = 22 // below, chroma counts less: coding noise
)

func (z *zone) add(c lab, scale float64) {
	z.n++
	L := math.Min(100, c.L*scale)
	z.lights += L
	C := c.chroma() * math.Min(1, math.Max(0.3, c.L/noisyL))
	weak, strong := ramp(C, weakFrom, weakTo), ramp(C, strongFrom, strongTo)
	hue := c.hue() / 360
	spread(z.bins[:neutralBins], L/100*(neutralBins-1), 1-weak)
	if w := weak * (1 - strong); w > 0 {
		i, j, k := around(hue, weakHues)
		bright := ramp(L, 30, 65)
		bins := z.bins[neutralBins:]
		bins[2*i] += w * (1 - k) * (1 - bright)
		bins[2*i+1] += w * (1 - k) * bright
		bins[2*j] += w * k * (1 - bright)
		bins[2*j+1] += w * k * bright
	}
	if strong > 0 {
		i, j, k := around(hue, strongHues)
		bins := z.bins[neutralBins+weakBins:]
		l := math.Max(0, math.Min((L-20)/25, 2))
		spread(bins[3*i:3*i+3], l, strong*(1-k))
		spread(bins[3*j:3*j+3], l, strong*k)
	}
}

func ramp(v, from, to float64) float64 { return math.Max(0, math.Min((v-from)/(to-from), 1)) }

// spread shares w between the two bins next to at, 0..len-1.
func spread(bins []float64, at, w float64) {
	i := min(max(int(at), 0), len(bins)-2)
	k := math.Max(0, math.Min(at-float64(i), 1))
	bins[i] += w * (1 - k)
	bins[i+1] += w * k
}

// around are the two of n bins of a circle next to v, 0..1, and the second's share.
func around(v float64, n int) (i, j int, k float64) {
	v *= float64(n)
	i = int(v) % n
	return i, (i + 1) % n, v - math.Floor(v)
}

// roots appends the square roots of the bins' shares; folded sums a hue's
// lightnesses up.
func (z *zone) roots(to []float32, folded bool) []float32 {
	n := math.Max(1, float64(z.n))
	put := func(v float64) { to = append(to, float32(math.Sqrt(v/n))) }
	if !folded {
		for _, v := range z.bins {
			put(v)
		}
		return to
	}
	for _, v := range z.bins[:neutralBins] {
		put(v)
	}
	for b := z.bins[neutralBins : neutralBins+weakBins]; len(b) > 0; b = b[2:] {
		put(b[0] + b[1])
	}
	for b := z.bins[neutralBins+weakBins:]; len(b) > 0; b = b[3:] {
		put(b[0] + b[1] + b[2])
	}
	return to
}
