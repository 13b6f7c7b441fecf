package attribute

import (
	"math"
	"slices"

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

// Look is one object in one picture.
type Look struct {
	Picture frame.YUV
	// Back is the scene without its movers, as large as the picture; nil where
	// it is not known, as in a photograph.
	Back  *frame.YUV
	Box   scene.Box // source pixels
	Class scene.Class
	Light Light // of the picture
	// Inside tells whether a source pixel belongs to the object's silhouette;
	// nil where there is none.
	Inside func(x, y int) bool
}

// Colour votes on the colour of a vehicle's body, of a person's upper clothing
// or of a thing. A vehicle in a photograph is named by the classifier, which
// learnt from photographs; one before a known background by the rules, which
// are better there (make bench SUITE=events). It is false when the class has
// no colour, the light shows none, or too little of the object is in view.
func Colour(l Look) (ColourVotes, bool) {
	r, ok := regionOf(l.Class)
	if !ok || !l.Light.Colours() {
		return ColourVotes{}, false
	}
	if vehicle := l.Class == scene.Car || l.Class == scene.Truck || l.Class == scene.Bus; vehicle && l.Inside == nil && l.Back == nil {
		return vehicleVotes(l.Picture, l.Box, nil, l.Light)
	}
	return l.name(r)
}

// Lower votes on the colour of a person's lower clothing. It is false where
// Colour is, for all that is no person, and where the legs are not in view:
// the person sits, is cut off, or is too small.
func Lower(l Look) (ColourVotes, bool) {
	if l.Class != scene.Person || !l.Light.Colours() || l.Box.H < leastStanding || l.Box.H < standing*l.Box.W {
		return ColourVotes{}, false
	}
	if l.Box.Y+l.Box.H > float64(l.Picture.Y.H)-nearEdge {
		return ColourVotes{}, false
	}
	return l.name(region{0.5, 0.68, 0.22, 0.14, 0.5, 0})
}

const (
	leastStanding = 40  // px, height of a person whose legs can be told from the rest
	standing      = 1.6 // height over width of who stands or walks
	nearEdge      = 3   // px
)

// name votes by the rules.
func (l Look) name(r region) (ColourVotes, bool) {
	inside := l.body()
	light := l.Light
	if l.Inside != nil || l.Back != nil {
		light = light.on(groundAt(l.Picture, l.Box, inside))
	}
	p := pick(l.Picture, l.Box, inside, r, light)
	if p.n < minSamples {
		return ColourVotes{}, false
	}
	v := p.votes(r, light)
	if light.grounded {
		v.sharpen(groundSharp)
		v.doubt(groundDoubt)
		return v, true
	}
	v.doubt(ruleDoubt)
	return v, true
}

// ruleDoubt is the share of looks in which the rules that name clothes, bags
// and two-wheelers see something else: a bag's strap, hair, a lining. So much
// of each vote goes to all names alike, and the score of a track stays honest.
// Measured on persons of the training photographs (models/train/colour).
const ruleDoubt = 0.12

// sharpen raises the votes to a power and makes them sum to 1 again.
func (v *ColourVotes) sharpen(power float64) {
	for i := range v {
		v[i] = math.Pow(v[i], power)
	}
	v.normalise()
}

// Of looks measured against the ground. The share of a track's votes is how
// often the name is right, within what 39 objects of the benchmark's clips, on
// which both were fitted, can tell.
const (
	groundSharp = 2.0
	groundDoubt = 0.04
)

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
	// upper: the lightness of neutral samples is that below which this share lies.
	upper float64
	// glass: share of achromatic samples that are windows, tyres, grille and
	// glare on any vehicle, and so no word on its paint.
	glass float64
}

func regionOf(c scene.Class) (region, bool) {
	switch c {
	case scene.Car, scene.Truck, scene.Bus:
		return region{0.5, 0.52, 0.40, 0.34, 0.6, 0.6}, true
	case scene.Motorcycle:
		return region{0.5, 0.62, 0.30, 0.28, 0.6, 0.3}, true
	case scene.Bicycle: // of thin tubes, before tyres and legs
		return region{0.5, 0.62, 0.30, 0.28, 0.8, 0.3}, true
	case scene.Person: // below long hair, above the legs
		return region{0.5, 0.37, 0.26, 0.15, 0.5, 0}, true
	case scene.Bag, scene.Suitcase, scene.Animal, scene.Other:
		return region{0.5, 0.5, 0.35, 0.35, 0.5, 0}, true
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
	var all []lab
	for y := max(0, int(cy-ry)); y < min(f.Y.H, int(cy+ry)+1); y += step {
		for x := max(0, int(cx-rx)); x < min(f.Y.W, int(cx+rx)+1); x += step {
			dx, dy := (float64(x)-cx)/rx, (float64(y)-cy)/ry
			if dx*dx+dy*dy > 1 || inside != nil && !inside(x, y) {
				continue
			}
			all = append(all, balanced(f, x, y, light))
		}
	}
	s := sampled{n: len(all)}
	scale := 100 / math.Max(light.White, 80)
	glass := -1.0
	if light.grounded {
		scale = 100 / math.Max(light.White, darkestWhite)
		if r.glass > 0 {
			glass = glassShare * upperLight(all)
		}
	}
	for _, c := range all {
		if name := nameOf(c, light); name != scene.UnknownColour && (c.L >= glass || c.chroma() > strongFrom) {
			s.named[name]++
			continue
		}
		s.neutral[int(math.Max(0, math.Min(c.L*scale, 100)))]++
		s.neutrals++
	}
	return s
}

// upperLight is the lightness of a vehicle's lighter parts.
func upperLight(all []lab) float64 {
	if len(all) == 0 {
		return 0
	}
	lights := make([]float64, len(all))
	for i, c := range all {
		lights[i] = c.L
	}
	slices.Sort(lights)
	return lights[len(lights)*7/10]
}

// glassShare is the lightness of windows, tyres, grille and shadow at the most,
// of that of a vehicle's lighter parts: what glass mirrors is no paint.
const glassShare = 0.62

// votes turns samples to votes that sum to 1.
func (s *sampled) votes(r region, light Light) ColourVotes {
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
	s.shade(r, &v, float64(s.neutrals)/n*(1-r.glass), light)
	v.normalise()
	return v
}

// VoteColour is the colour that a track's votes agree on, with its share of
// them, 0..1. It is unknown where no colour has the better part, another one
// comes close that is no neighbouring shade, or most looks said that nothing
// can be told.
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
	if share < leastShare || v[second] > leastLead*v[best] && !shades(best, second) {
		return scene.UnknownColour, share
	}
	return scene.Colour(best), share
}

// shades tells whether two colours are neighbours from black to white: light
// alone turns one into the other, and either is a fair word.
func shades(a, b int) bool {
	lightest := int(scene.White)
	return a >= int(scene.Black) && b >= int(scene.Black) && a <= lightest && b <= lightest && max(a-b, b-a) == 1
}

const (
	leastShare = 0.3
	leastLead  = 0.9
)
