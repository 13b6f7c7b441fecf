package attribute

import (
	"math"

	"posteriori/engine/frame"
	"posteriori/engine/scene"
)

// NumColours is the number of colours, [scene.UnknownColour] among them.
const NumColours = int(scene.Beige) + 1

// ColourVotes is how much speaks for each colour, by [scene.Colour]. One
// look's votes sum to 1; the sum over many looks is what [VoteColour] takes.
type ColourVotes [NumColours]float64

// Add puts another look's votes in, with a weight (sharpness, size, score).
func (v *ColourVotes) Add(o ColourVotes, weight float64) {
	for i := range v {
		v[i] += weight * o[i]
	}
}

const (
	maxSamples = 2500
	minSamples = 24
)

// Colour votes on the colour of one object in one picture: of a vehicle's
// body, or of a person's upper clothing. box is in source pixels; inside, when
// not nil, tells whether a source pixel belongs to the object's silhouette. It
// is false when the class has no colour, the light shows none, or too little
// of the object is in view.
func Colour(f frame.YUV, box scene.Box, inside func(x, y int) bool, class scene.Class, light Light) (ColourVotes, bool) {
	r, ok := regionOf(class)
	if !ok || !light.Colours() {
		return ColourVotes{}, false
	}
	p := pick(f, box, inside, r, light)
	if p.n < minSamples {
		return ColourVotes{}, false
	}
	return p.votes(r), true
}

// region is the part of a box that shows the colour asked for: an ellipse in
// shares of the box's sides.
type region struct {
	cx, cy, rx, ry float64
	// glass: share of achromatic samples that are windows, tyres, grille and
	// glare on any vehicle, and so no word on its paint.
	glass float64
}

func regionOf(c scene.Class) (region, bool) {
	switch c {
	case scene.Car, scene.Truck, scene.Bus:
		return region{0.5, 0.52, 0.40, 0.34, 0.6}, true
	case scene.Motorcycle, scene.Bicycle:
		return region{0.5, 0.62, 0.30, 0.28, 0.3}, true
	case scene.Person:
		return region{0.5, 0.34, 0.26, 0.17, 0}, true
	case scene.Bag, scene.Suitcase, scene.Animal, scene.Other:
		return region{0.5, 0.5, 0.35, 0.35, 0}, true
	}
	return region{}, false
}

// sampled is what the pixels of a region are.
type sampled struct {
	n        int
	named    [NumColours]float64 // chromatic samples by name
	neutral  [101]int            // achromatic ones by lightness relative to the scene
	neutrals int
	cast     float64 // mean blue-ness of the neutral ones
}

func pick(f frame.YUV, box scene.Box, inside func(x, y int) bool, r region, light Light) sampled {
	cx, cy := box.X+r.cx*box.W, box.Y+r.cy*box.H
	rx, ry := r.rx*box.W, r.ry*box.H
	step := max(1, int(math.Ceil(math.Sqrt(math.Pi*rx*ry/maxSamples))))
	scale := 100 / math.Max(light.White, 80)
	var s sampled
	for y := max(0, int(cy-ry)); y < min(f.Y.H, int(cy+ry)+1); y += step {
		for x := max(0, int(cx-rx)); x < min(f.Y.W, int(cx+rx)+1); x += step {
			dx, dy := (float64(x)-cx)/rx, (float64(y)-cy)/ry
			if dx*dx+dy*dy > 1 || inside != nil && !inside(x, y) {
				continue
			}
			c := fromYUV(f.Y.Row(y)[x], f.U.Row(y / 2)[x/2], f.V.Row(y / 2)[x/2])
			s.n++
			if name := nameOf(c); name != scene.UnknownColour {
				s.named[name]++
				continue
			}
			s.neutral[int(math.Max(0, math.Min(c.L*scale, 100)))]++
			s.neutrals++
		}
	}
	return s
}

// nameOf is the basic colour term of a chromatic sample, UnknownColour for a
// neutral one. The borders, in CIELAB hue, chroma and lightness, follow the
// focal colours of the basic terms and were set on photographs of vehicles.
func nameOf(c lab) scene.Colour {
	C, h := c.chroma(), c.hue()
	least := 13.0
	switch {
	case c.L < 12:
		least = 22 // chroma of near-black is coding noise
	case c.L < 25:
		least = 15
	case h > 220 && h < 300:
		least = 16 // sky light turns neutral paint blue
	}
	if C < least {
		return scene.UnknownColour
	}
	switch {
	case h < 45 || h >= 345:
		return reddish(c, C, h)
	case h < 68:
		if c.L < 48 || C < 30 {
			return brownish(c, C)
		}
		return scene.Orange
	case h < 105:
		if C < 32 {
			return brownish(c, C)
		}
		if c.L < 45 {
			return scene.Brown
		}
		return scene.Yellow
	case h < 190:
		return scene.Green
	case h < 300:
		return scene.Blue
	case h < 325:
		if c.L > 62 {
			return scene.Pink
		}
		return scene.Purple
	}
	if c.L > 38 {
		return scene.Pink
	}
	return scene.Purple
}

func reddish(c lab, C, h float64) scene.Colour {
	switch {
	case C < 22 && c.L < 50:
		return scene.Brown
	case c.L > 62 && C < 55 || h >= 345 && c.L > 35 || h < 8 && c.L > 45:
		return scene.Pink
	}
	return scene.Red
}

func brownish(c lab, C float64) scene.Colour {
	if c.L > 62 {
		return scene.Beige
	}
	return scene.Brown
}

// votes turns samples to votes that sum to 1.
func (s *sampled) votes(r region) ColourVotes {
	var v ColourVotes
	n := float64(s.n)
	var chromatic float64
	for i, c := range s.named {
		v[i] = c / n
		chromatic += c / n
	}
	s.shade(r, &v, float64(s.neutrals)/n*(1-r.glass))
	var sum float64
	for _, x := range v {
		sum += x
	}
	for i := range v {
		v[i] /= sum
	}
	return v
}

// shade votes on the neutral samples by the lightness of their upper part:
// windows and tyres darken every vehicle, the paint is what is lighter. Near a
// border both sides get votes, so that many looks decide.
func (s *sampled) shade(r region, v *ColourVotes, weight float64) {
	if s.neutrals == 0 {
		return
	}
	q, names, borders := 0.5, cloth, clothBorders
	if r.glass > 0 {
		q, names, borders = 0.6, paint, paintBorders
	}
	left, L := int(q*float64(s.neutrals)), 0
	for l, c := range s.neutral {
		if left -= c; left < 0 {
			L = l
			break
		}
	}
	rest := weight
	for i, b := range borders {
		below := 1 / (1 + math.Exp((float64(L)-b)/softness))
		v[names[i]] += rest * below
		rest *= 1 - below
	}
	v[names[len(names)-1]] += rest
}

// Borders of lightness between the neutral names.
var (
	paint        = []scene.Colour{scene.Black, scene.Grey, scene.Silver, scene.White}
	paintBorders = []float64{38, 45, 71}
	cloth        = []scene.Colour{scene.Black, scene.Grey, scene.White}
	clothBorders = []float64{28, 70}
)

const softness = 1.5

// VoteColour is the colour that a track's votes agree on, with its share of
// them, 0..1. It is unknown where no colour has the better part, or a second
// one comes close.
func VoteColour(v ColourVotes) (scene.Colour, float64) {
	var sum float64
	best, second := 0, 0
	for i := 1; i < NumColours; i++ {
		sum += v[i]
		if v[i] > v[best] || best == 0 {
			best, second = i, best
		} else if v[i] > v[second] || second == 0 {
			second = i
		}
	}
	if sum <= 0 {
		return scene.UnknownColour, 0
	}
	share := v[best] / sum
	if share < leastShare || v[second] > leastLead*v[best] {
		return scene.UnknownColour, share
	}
	return scene.Colour(best), share
}

const (
	leastShare = 0.34
	leastLead  = 0.9
)
