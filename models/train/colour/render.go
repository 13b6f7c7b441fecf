package main

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"path/filepath"

	"posteriori/engine/scene"
)

// renders writes features of drawn vehicles: a silhouette of body and cabin
// with windows, wheels, lamps, grille and plate, under a sky that the clear
// coat mirrors, before a photograph's background or a plain one. Shapes
// matter little, as features have none: what counts is which share of a box has
// which colour when the paint has one.
func renders(data string, labels []label, out *json.Encoder, n int, seed uint64) error {
	rng := rand.New(rand.NewPCG(seed, 1<<40))
	var backs []picture
	for i := 0; i < len(labels) && len(backs) < 24; i += 3 {
		l := labels[i]
		if l.Colour == "unknown" {
			continue
		}
		p, err := load(filepath.Join(data, l.File), scene.Box{X: l.Box[0], Y: l.Box[1], W: l.Box[2], H: l.Box[3]})
		if err != nil {
			return err
		}
		backs = append(backs, p)
	}
	for i := range n {
		q := paints[i%len(paints)]
		p := background(backs, rng)
		p.draw(q, rng)
		if err := out.Encode(row{Group: 10000 + i, Colour: q.name, Made: true, X: p.disguised(rng).features()}); err != nil {
			return err
		}
	}
	return nil
}

// background is a picture with an empty place for a vehicle.
func background(backs []picture, rng *rand.Rand) picture {
	const side = 120
	p := picture{w: side, h: side * 4 / 5, pix: make([][3]float64, side*side*4/5)}
	p.box = scene.Box{X: 20 + 8*rng.Float64(), Y: 18 + 6*rng.Float64(), W: 66 + 10*rng.Float64(), H: 48 + 8*rng.Float64()}
	if rng.Float64() < 0.35 || len(backs) == 0 { // a plain one, with a floor
		wall, floor := math.Pow(rng.Float64(), 0.6), math.Pow(rng.Float64(), 0.8)
		if rng.Float64() < 0.5 {
			wall, floor = 1, 0.9+0.1*rng.Float64()
		}
		for i := range p.pix {
			v := wall
			if i/p.w > int(p.box.Y+0.8*p.box.H) {
				v = floor
			}
			p.pix[i] = [3]float64{v, v, v}
		}
		return p
	}
	b := backs[rng.IntN(len(backs))]
	flip := rng.IntN(2) == 0
	for y := range p.h {
		for x := range p.w {
			u := x
			if flip {
				u = p.w - 1 - x
			}
			p.pix[y*p.w+x] = b.pix[(y*b.h/p.h)*b.w+u*b.w/p.w]
		}
	}
	return p
}

// draw paints a vehicle into the box.
func (p *picture) draw(q paint, rng *rand.Rand) {
	between := func(a, b float64) float64 { return a + (b-a)*rng.Float64() }
	rgb := fromLCh(between(q.l0, q.l1), between(q.c0, q.c1), between(q.h0, q.h1))
	light := between(0.75, 1.15)                                            // of the place
	coat, sky := between(0.02, 0.14), [3]float64{.8, .9, between(.95, 1.2)} // mirrored at the least
	bands, phase := between(2, 7), between(0, 6)                            // of what is mirrored
	glass, glare := between(0.01, 0.05), between(0, 0.5)
	cabin, belt, low := between(0.1, 0.3), between(0.3, 0.45), between(0.82, 0.92)
	rim := between(0.02, 0.6)
	front := rng.Float64() < 0.6
	lamp := [3]float64{.8, .8, .75}
	if rng.IntN(2) == 0 {
		lamp = [3]float64{.5, .03, .03}
	}
	dark := rng.Float64() < 0.15 // a roof that is no paint
	for y := max(0, int(p.box.Y)); y < min(p.h, int(p.box.Y+p.box.H)); y++ {
		for x := max(0, int(p.box.X)); x < min(p.w, int(p.box.X+p.box.W)); x++ {
			u, v := (float64(x)-p.box.X)/p.box.W, (float64(y)-p.box.Y)/p.box.H
			c := &p.pix[y*p.w+x]
			edge := cabin * math.Max(0, (belt-v)/belt) // the cabin narrows upwards
			if v < belt && (u < edge+0.1 || u > 0.9-edge) || (u-0.5)*(u-0.5)*4+(v-0.5)*(v-0.5)*2 > 1.25 {
				continue
			}
			mirror := (0.5 + 0.5*math.Sin(bands*v*3+phase+2*u)) * coat * (1.4 - v)
			shade := light * (1.2 - 0.6*v) * (0.9 + 0.2*math.Sin(3*u+phase))
			paintAt := [3]float64{}
			for k := range c {
				paintAt[k] = shade*rgb[k] + mirror*sky[k]*light
			}
			wheel := !front && (math.Hypot((u-.22)*1.5, v-.82) < .16 || math.Hypot((u-.78)*1.5, v-.82) < .16)
			switch {
			case wheel && (math.Hypot((u-.22)*1.5, v-.82) < .09 || math.Hypot((u-.78)*1.5, v-.82) < .09):
				*c = [3]float64{rim * light, rim * light, rim * light}
			case wheel, front && v > low-.04 && (u < .25 || u > .75):
				*c = [3]float64{.015, .015, .016}
			case v > low: // the shadow beneath
				for k := range c {
					c[k] *= 0.15
				}
			case v > .1 && v < belt && u > edge+.16 && u < .84-edge:
				g := glass + glare*mirror/coat*.3*light
				*c = [3]float64{g, g, g * 1.05}
			case dark && v < belt:
				*c = [3]float64{.02, .02, .02}
			case front && v > .55 && v < .72 && u > .33 && u < .67: // grille
				*c = [3]float64{.03, .03, .03}
			case front && v > .72 && v < .79 && u > .4 && u < .6: // number plate
				*c = [3]float64{.7 * light, .7 * light, .65 * light}
			case v > .46 && v < .58 && (u < .18 || u > .82):
				*c = [3]float64{lamp[0] * light, lamp[1] * light, lamp[2] * light}
			default:
				*c = paintAt
			}
		}
	}
}
