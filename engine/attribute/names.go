package attribute

import (
	"math"

	"posteriori/engine/scene"
)

// nameOf is the basic colour term of a chromatic sample, UnknownColour for a
// neutral one. The borders, in CIELAB hue, chroma and lightness, follow the
// focal colours of the basic terms and were set on photographs of vehicles.
func nameOf(c lab, light Light) scene.Colour {
	C, h := c.chroma(), c.hue()
	least, warm := 13.0, warmNeutral
	if light.grounded {
		warm = groundWarm + warmPerCast*light.cast()
	}
	switch {
	case c.L < 12:
		least = 22 // chroma of near-black is coding noise
	case c.L < 25:
		least = 15
	case h > skyFrom && h < skyTo && light.grounded:
		least = math.Min(skyChroma, groundSky+light.cast())
	case h > skyFrom && h < skyTo:
		least = skyChroma // sky light turns neutral paint blue
	}
	if C < least {
		if h > 15 && h < 90 && C > warm && c.L > 14 && c.L < 50 {
			return scene.Brown // brown paint is barely chromatic
		}
		return scene.UnknownColour
	}
	switch {
	case h < 45 || h >= 345:
		return reddish(c, C, h)
	case h < 68:
		if c.L < 48 || C < 30 {
			return brownish(c)
		}
		return scene.Orange
	case h < 105:
		if C < 32 {
			return brownish(c)
		}
		if c.L < 45 {
			return scene.Brown
		}
		return scene.Yellow
	case h < 190:
		return scene.Green
	case h < 300:
		return scene.Blue
	case h < 322:
		if c.L > 60 {
			return scene.Pink
		}
		return scene.Purple
	}
	if c.L > 28 {
		return scene.Pink
	}
	return scene.Purple
}

func reddish(c lab, C, h float64) scene.Colour {
	switch {
	case C < 22 && c.L < 50:
		return scene.Brown
	case c.L > 62 && C < 55 || h >= 345 && c.L > 42 || h < 8 && c.L > 50:
		return scene.Pink
	}
	return scene.Red
}

func brownish(c lab) scene.Colour {
	if c.L > 62 {
		return scene.Beige
	}
	return scene.Brown
}

// shade votes on the neutral samples by the lightness of their upper part:
// windows and tyres darken every vehicle, the paint is what is lighter. Near a
// border both sides get votes, so that many looks decide.
func (s *sampled) shade(r region, v *ColourVotes, weight float64, light Light) {
	if s.neutrals == 0 {
		return
	}
	names, borders, soft := cloth, clothBorders, softness
	if light.grounded {
		soft = groundSoftness
	}
	if r.glass > 0 {
		names, borders = paint, paintBorders
		if light.grounded {
			borders = groundBorders
		}
	}
	left, L := int(r.upper*float64(s.neutrals)), 0
	for l, c := range s.neutral {
		if left -= c; left < 0 {
			L = l
			break
		}
	}
	rest := weight
	for i, b := range borders {
		below := 1 / (1 + math.Exp((float64(L)-b)/soft))
		v[names[i]] += rest * below
		rest *= 1 - below
	}
	v[names[len(names)-1]] += rest
}

// Borders of lightness between the neutral names.
var (
	paint         = []scene.Colour{scene.Black, scene.Grey, scene.Silver, scene.White}
	paintBorders  = []float64{38, 45, 71}
	groundBorders = []float64{45, 59, 78}
	cloth         = []scene.Colour{scene.Black, scene.Grey, scene.White}
	clothBorders  = []float64{28, 70}
)

const (
	softness    = 1.5 // of a border, in lightness
	warmNeutral = 7.0 // chroma from which a dark warm neutral is brown

	// Hues that the sky lays on neutral paint, and the chroma from which it is
	// paint all the same. Measured against the ground beneath, little is needed
	// where that is neutral; the further it is from neutral, the less a little says.
	skyFrom, skyTo = 190, 300
	skyChroma      = 19.0
	groundSky      = 6.0
	groundWarm     = 4.5
	warmPerCast    = 0.3
	groundSoftness = 4.0
)
