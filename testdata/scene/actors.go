package scene

import (
	"math"

	vocab "posteriori/engine/scene"
)

// paints are what the colour names look like in this scene.
var paints = map[vocab.Colour]rgb{
	vocab.UnknownColour: {120, 120, 120},
	vocab.Black:         {28, 28, 30}, vocab.Grey: {112, 113, 115}, vocab.Silver: {176, 180, 184},
	vocab.White: {238, 238, 236}, vocab.Red: {188, 26, 28}, vocab.Orange: {228, 112, 22},
	vocab.Yellow: {232, 200, 30}, vocab.Green: {34, 116, 52}, vocab.Blue: {30, 66, 168},
	vocab.Purple: {108, 44, 140}, vocab.Pink: {232, 130, 170}, vocab.Brown: {98, 60, 34},
	vocab.Beige: {204, 184, 148},
}

var (
	glass  = rgb{58, 70, 82}
	tyre   = rgb{24, 24, 26}
	rim    = rgb{150, 152, 156}
	skin   = rgb{208, 160, 128}
	hair   = rgb{52, 38, 30}
	lamp   = rgb{255, 248, 214}
	tail   = rgb{200, 20, 24}
	chrome = rgb{188, 190, 194}
)

// brush draws one actor in its own units: origin at the foot point, x along
// its travel (mirrored when it goes left), y upwards, 1 = one design unit at
// depth 1.
type brush struct {
	c    *canvas
	x, y float64
	k    float64 // scale
	flip float64 // 1 or -1
}

func (b brush) at(x, y float64) point { return point{b.x + b.flip*b.k*x, b.y - b.k*y} }

func (b brush) poly(col rgb, alpha, shade float64, xy ...float64) {
	pts := make([]point, len(xy)/2)
	for i := range pts {
		pts[i] = b.at(xy[2*i], xy[2*i+1])
	}
	b.c.fill(col, alpha, shade, pts...)
}

// box paints a rectangle by its lower left corner.
func (b brush) box(col rgb, x, y, w, h float64) {
	b.poly(col, 1, .12, x, y, x+w, y, x+w, y+h, x, y+h)
}

func (b brush) disc(col rgb, x, y, r float64) {
	p := b.at(x, y)
	b.c.ellipse(col, 1, 0, p.x, p.y, b.k*r, b.k*r)
}

func (b brush) bar(col rgb, x0, y0, x1, y1, w float64) {
	p, q := b.at(x0, y0), b.at(x1, y1)
	b.c.bar(col, 1, p.x, p.y, q.x, q.y, b.k*w)
}

// draw paints an actor where it is.
func (a *Actor) draw(c *canvas, p place) {
	b := a.brush(c, p)
	col := paints[a.Colour]
	endOn := math.Abs(p.dy) > math.Abs(p.dx)
	switch a.Class {
	case vocab.Car:
		if endOn {
			b.carEnd(col, p.dy < 0)
		} else {
			b.carSide(col)
		}
	case vocab.Truck:
		b.truck(col)
	case vocab.Bus:
		b.bus(col)
	case vocab.Bicycle, vocab.Motorcycle:
		b.twoWheeler(col, p.walked, a.Class == vocab.Motorcycle)
	case vocab.Bag, vocab.Suitcase:
		b.bag(col)
	case vocab.Animal:
		b.dog(col, p.walked)
	default:
		b.person(col, paints[a.Lower], p.walked/b.k, p.standing)
	}
}

func (a *Actor) brush(c *canvas, p place) brush {
	size := a.Size
	if size == 0 {
		size = 1
	}
	b := brush{c: c, x: p.x, y: p.y, k: size * depth(p.y), flip: 1}
	if p.dx < 0 {
		b.flip = -1
	}
	return b
}

func (b brush) wheel(x, r float64) {
	b.disc(tyre, x, r, r)
	b.disc(rim, x, r, r*.55)
}

func (b brush) carSide(col rgb) {
	b.poly(col, 1, .3, -76, 13, -78, 30, -70, 37, -46, 39, 44, 39, 70, 35, 78, 28, 77, 13)
	b.poly(col.times(.97), 1, .1, -50, 38, -32, 58, 14, 59, 46, 38)
	b.poly(glass, 1, -.4, -42, 40, -29, 55, -6, 55.5, -6, 40)
	b.poly(glass, 1, -.4, -2, 40, -2, 55.5, 12, 55.5, 36, 40)
	b.bar(col.times(.7), -4, 16, -4, 38, 1)
	b.box(col.times(.6), -76, 12, 152, 5)
	b.poly(lamp, 1, 0, 70, 28, 78, 27, 77, 32, 70, 34)
	b.poly(tail, 1, 0, -78, 27, -73, 27, -73, 34, -76, 34)
	b.bar(chrome, -20, 33, -12, 33, 1.6)
	b.wheel(-48, 13)
	b.wheel(50, 13)
}

// carEnd is a car that comes (or, going, is seen from behind).
func (b brush) carEnd(col rgb, going bool) {
	b.box(tyre, -31, 0, 10, 16)
	b.box(tyre, 21, 0, 10, 16)
	b.poly(col, 1, .3, -33, 9, -34, 32, -29, 38, 29, 38, 34, 32, 33, 9)
	b.poly(col.times(.97), 1, .1, -28, 37, -21, 58, 21, 58, 28, 37)
	b.poly(glass, 1, -.4, -24, 39, -19, 55, 19, 55, 24, 39)
	light := lamp
	if going {
		light = tail
	}
	b.box(light, -32, 24, 12, 7)
	b.box(light, 20, 24, 12, 7)
	b.box(rgb{225, 225, 215}, -10, 14, 20, 5)
}

func (b brush) truck(col rgb) {
	b.box(tyre.times(1.6), -88, 12, 176, 10)
	b.poly(col.times(1.02), 1, .12, -90, 20, -90, 92, 44, 92, 44, 20)
	b.poly(col.times(.9), 1, .2, 48, 16, 48, 78, 70, 78, 88, 46, 90, 16)
	b.poly(glass, 1, -.4, 58, 48, 58, 72, 69, 72, 83, 48)
	b.box(lamp, 85, 24, 5, 7)
	b.wheel(-62, 14)
	b.wheel(-32, 14)
	b.wheel(64, 14)
}

func (b brush) bus(col rgb) {
	b.poly(col, 1, .25, -140, 12, -140, 94, -134, 99, 134, 99, 140, 90, 140, 12)
	for i := range 8 {
		b.poly(glass, 1, -.4, float64(-132+33*i), 54, float64(-132+33*i), 86, float64(-104+33*i), 86, float64(-104+33*i), 54)
	}
	b.box(col.times(.65), -140, 12, 280, 8)
	b.box(lamp, 134, 24, 6, 8)
	b.box(tail, -140, 24, 5, 10)
	b.wheel(-92, 15)
	b.wheel(92, 15)
}

func (b brush) person(top, legs rgb, walked float64, standing bool) {
	swing := math.Sin(walked / 9)
	if standing {
		swing = .12
	}
	step := 11 * swing
	shoe := rgb{40, 36, 34}
	b.bar(legs.times(.85), 0, 44, -step*.55, 23, 8.5)
	b.bar(legs.times(.85), -step*.55, 24, -step, 3, 7)
	b.bar(legs, 0, 44, step*.55, 23, 8.5)
	b.bar(legs, step*.55, 24, step, 3, 7)
	b.box(shoe, -step-3, 0, 9, 4)
	b.box(shoe, step-3, 0, 9, 4)
	b.bar(top.times(.8), -1, 72, -1+step*.6, 45, 6)
	b.poly(top, 1, .18, -9, 42, -11, 72, -7, 78, 7, 78, 11, 72, 9, 42)
	b.bar(top.times(.9), 1, 72, 1-step*.6, 46, 6)
	b.disc(skin, 1-step*.6, 45, 2.8)
	b.box(skin.times(.9), -3, 77, 6, 5)
	b.disc(hair, -.8, 89, 7.6)
	b.disc(skin, 1.4, 87, 6.4)
}

func (b brush) twoWheeler(col rgb, walked float64, motor bool) {
	r, w := 15.0, 1.8
	if motor {
		r, w = 13, 5
	}
	for _, x := range []float64{-24, 24} {
		b.disc(tyre, x, r, r)
		b.disc(rgb{96, 98, 96}, x, r, r*.82)
		b.disc(chrome, x, r, 2.4)
	}
	s, k := math.Sincos(walked / (b.k * 10))
	if motor {
		b.poly(col, 1, .3, -30, 24, -26, 36, 4, 36, 20, 34, 14, 18, -14, 16)
		b.disc(lamp, 27, 30, 3.5)
	}
	b.bar(col, -24, r, -8, 32, w)
	b.bar(col, -8, 32, 16, 32, w)
	b.bar(col, -2, r, 16, 32, w)
	b.bar(col, -24, r, -2, r, w)
	b.bar(col, 24, r, 16, 40, w)
	b.bar(tyre, -12, 36, -3, 36, 3)
	b.bar(tyre, 12, 43, 20, 41, 2.2)
	b.bar(tyre, -2+6*k, r+6*s, -2-6*k, r-6*s, 2)
}

// rider sits on a two-wheeler; it is drawn after it and is an object of its
// own in the truth.
func (a *Actor) rider(c *canvas, p place) {
	b := a.brush(c, p)
	top, legs := paints[a.Lower], rgb{44, 48, 66}
	s, k := math.Sincos(p.walked / (b.k * 10))
	b.bar(legs.times(.8), -7, 40, 6-3*k, 27-3*s, 7)
	b.bar(legs.times(.8), 6-3*k, 28-3*s, -2-6*k, 15-6*s, 5.5)
	b.bar(legs, -7, 40, 6+3*k, 27+3*s, 7)
	b.bar(legs, 6+3*k, 28+3*s, -2+6*k, 15+6*s, 5.5)
	b.poly(top, 1, .18, -12, 36, -3, 66, 4, 69, 8, 64, -2, 38)
	b.bar(top.times(.9), 4, 64, 15, 44, 5)
	b.disc(rgb{222, 222, 216}, 7.5, 77, 7)
	b.disc(skin, 9, 74.5, 5.6)
}

func (b brush) bag(col rgb) {
	b.bar(col.times(.6), -6, 17, -3, 23, 2)
	b.bar(col.times(.6), 6, 17, 3, 23, 2)
	b.bar(col.times(.6), -3, 23, 3, 23, 2)
	b.poly(col, 1, .3, -13, 0, -14, 12, -10, 18, 10, 18, 14, 12, 13, 0)
	b.bar(col.times(.6), -12, 11, 12, 11, 1.2)
}

func (b brush) dog(col rgb, walked float64) {
	step := 4 * math.Sin(walked/(b.k*5))
	for _, x := range []float64{-13, 11} {
		b.bar(col.times(.8), x, 14, x-step, 0, 4)
		b.bar(col, x+2, 14, x+2+step, 0, 4)
	}
	b.poly(col, 1, .2, -16, 12, -17, 22, 12, 23, 14, 13)
	b.disc(col, 18, 25, 6)
	b.bar(col, 18, 24, 27, 23, 5)
	b.bar(col, -16, 21, -24, 29, 3)
}
