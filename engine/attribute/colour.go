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

// normalise makes the votes sum to 1.
func (v *ColourVotes) normalise() {
	var sum float64
	for _, x := range v {
		sum += x
	}
	for i := range v {
		v[i] /= sum
	}
}

const (
	redAmongPink = 0.65
	maxSamples   = 2500
	minSamples   = 24
)

// Colour votes on the colour of one object in one picture: of a vehicle's
// body, or of a person's upper clothing. A vehicle without a silhouette, as in
// a photograph, is named by the classifier, which learnt from photographs;
// with one, by the rules, which are better there (make bench SUITE=events). box is in source pixels; inside, when
// not nil, tells whether a source pixel belongs to the object's silhouette. It
// is false when the class has no colour, the light shows none, or too little
// of the object is in view.
func Colour(f frame.YUV, box scene.Box, inside func(x, y int) bool, class scene.Class, light Light) (ColourVotes, bool) {
	r, ok := regionOf(class)
	if !ok || !light.Colours() {
		return ColourVotes{}, false
	}
	if vehicle := class == scene.Car || class == scene.Truck || class == scene.Bus; vehicle && inside == nil {
		return vehicleVotes(f, box, inside, light)
	}
	p := pick(f, box, inside, r, light)
	if p.n < minSamples {
		return ColourVotes{}, false
	}
	v := p.votes(r)
	v.doubt(ruleDoubt)
	return v, true
}

// ruleDoubt is the share of looks in which the rules that name clothes, bags
// and two-wheelers see something else: a bag's strap, hair, a lining. So much
// of each vote goes to all names alike, and the score of a track stays honest.
// Measured on persons of the training photographs (models/train/colour).
const ruleDoubt = 0.12

// doubt gives the share d of the votes to every colour alike.
func (v *ColourVotes) doubt(d float64) {
	for i := range v {
		v[i] *= 1 - d
		if scene.Colour(i) != scene.UnknownColour {
			v[i] += d / float64(NumColours-1)
		}
	}
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
			c := balanced(f, x, y, light)
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

// votes turns samples to votes that sum to 1.
func (s *sampled) votes(r region) ColourVotes {
	var v ColourVotes
	n := float64(s.n)
	for i, c := range s.named {
		v[i] = c / n
	}
	if r.glass > 0 && v[scene.Red] > redAmongPink*v[scene.Pink] {
		// Sky and lamps lay a pink glare on red paint; pink paint is rare.
		v[scene.Red] += v[scene.Pink]
		v[scene.Pink] = 0
	}
	s.shade(r, &v, float64(s.neutrals)/n*(1-r.glass))
	v.normalise()
	return v
}

// VoteColour is the colour that a track's votes agree on, with its share of
// them, 0..1. It is unknown where no colour has the better part, a second one
// comes close, or most looks said that nothing can be told.
func VoteColour(v ColourVotes) (scene.Colour, float64) {
	sum := v[scene.UnknownColour]
	best, second := 0, 0
	for i := 1; i < NumColours; i++ {
		sum += v[i]
		if v[i] > v[best] || best == 0 {
			best, second = i, best
		} else if v[i] > v[second] || second == 0 {
			second = i
		}
	}
	if best == 0 || sum <= v[scene.UnknownColour] {
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
