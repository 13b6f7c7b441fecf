package synopsis

import (
	"slices"

	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// kinds are what colours by class tell apart, the last standing for the rest.
// The colours are Okabe and Ito's, told apart by the colour-blind too, lightened
// to be read as text with a dark outline.
var kinds = []struct {
	label  string
	of     []scene.Class
	colour wire.RGB
}{
	{"personne", []scene.Class{scene.Person}, wire.RGB{0x56, 0xc0, 0xf5}},
	{"vélo, moto", []scene.Class{scene.Bicycle, scene.Motorcycle}, wire.RGB{0x2e, 0xe0, 0xa0}},
	{"voiture", []scene.Class{scene.Car}, wire.RGB{0xf5, 0xc4, 0x10}},
	{"bus, camion", []scene.Class{scene.Bus, scene.Truck}, wire.RGB{0xff, 0x78, 0x38}},
	{"bagage", []scene.Class{scene.Bag, scene.Suitcase}, wire.RGB{0xf0, 0x92, 0xc8}},
	{"autre", nil, wire.RGB{0xe4, 0xe4, 0xe4}},
}

// kindOf is the kind of a class.
func kindOf(c scene.Class) int {
	for i := range kinds {
		if slices.Contains(kinds[i].of, c) {
			return i
		}
	}
	return len(kinds) - 1
}

// legend explains the colours that are on screen at some time; none when
// nothing is coloured.
func (p *Plan) legend() (l []wire.RenderLegend) {
	if !p.Options.ByClass {
		return nil
	}
	shown := make([]bool, len(kinds))
	for i := range p.Objects {
		shown[kindOf(p.Objects[i].Class)] = true
	}
	for i, k := range kinds {
		if shown[i] {
			l = append(l, wire.RenderLegend{Colour: k.colour, Label: k.label})
		}
	}
	return l
}
