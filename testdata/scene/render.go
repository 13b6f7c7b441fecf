package scene

import (
	"math"
	"math/rand/v2"
	"slices"

	vocab "posteriori/engine/scene"
)

// FrameSize is the bytes of one frame: rgb24, packed.
func (s *Scene) FrameSize() int { return 3 * s.W * s.H }

// Renderer draws the frames of one scene. It is not for use by two
// goroutines at once.
type Renderer struct {
	s      *Scene
	canvas *canvas
}

// NewRenderer paints the backdrop and returns a renderer.
func (s *Scene) NewRenderer() *Renderer {
	if s.backdrop == nil {
		s.paintBackdrop()
		s.noise = noiseTable(s.Seed, s.Noise)
	}
	return &Renderer{s: s, canvas: newCanvas(s.W, s.H, s.unit())}
}

const noiseSize = 1 << 16

func noiseTable(seed uint64, sigma float64) []int8 {
	rng := rand.New(rand.NewPCG(seed, 2))
	out := make([]int8, noiseSize)
	for i := range out {
		out[i] = int8(max(-127, min(127, math.Round(rng.NormFloat64()*sigma))))
	}
	return out
}

// Render draws frame i and returns its pixels, which hold until the next call.
func (r *Renderer) Render(i int) []byte {
	s, c := r.s, r.canvas
	t := s.timeS(i)
	c.ox, c.oy = 0, 0
	dx, dy := s.shake(t)
	r.shifted(dx, dy)
	c.ox, c.oy = dx, dy
	if s.Wind > 0 {
		s.paintLeaves(c, t)
	}
	s.drawActors(c, t)
	for _, p := range s.Posts {
		c.rect(rgb{62, 66, 70}, 1, 0, p.X-p.Width/2, p.Top, p.Width, p.Bottom-p.Top)
		c.rect(rgb{116, 120, 124}, .7, 0, p.X-p.Width*.3, p.Top, p.Width*.25, p.Bottom-p.Top)
	}
	if s.Light.CloudShadowAt > 0 {
		r.cloud(t)
	}
	r.expose(s.Light.gain(t, i), i)
	return c.pix
}

// shifted copies the backdrop, displaced by a camera shake in design units.
func (r *Renderer) shifted(dx, dy float64) {
	s, c := r.s, r.canvas
	if dx == 0 && dy == 0 {
		copy(c.pix, s.backdrop.pix)
		return
	}
	sx, sy := -dx*s.unit(), -dy*s.unit()
	ix, iy := int(math.Floor(sx)), int(math.Floor(sy))
	fx, fy := int((sx-float64(ix))*256), int((sy-float64(iy))*256)
	src := s.backdrop.pix
	for y := range s.H {
		y0, y1 := 3*s.W*min(max(y+iy, 0), s.H-1), 3*s.W*min(max(y+iy+1, 0), s.H-1)
		out := c.pix[3*s.W*y:]
		for x := range s.W {
			x0, x1 := 3*min(max(x+ix, 0), s.W-1), 3*min(max(x+ix+1, 0), s.W-1)
			for k := range 3 {
				top := int(src[y0+x0+k])*(256-fx) + int(src[y0+x1+k])*fx
				low := int(src[y1+x0+k])*(256-fx) + int(src[y1+x1+k])*fx
				out[3*x+k] = byte((top*(256-fy) + low*fy) >> 16)
			}
		}
	}
}

// drawActors paints all that is there, far to near: shadows, things left,
// then bodies.
func (s *Scene) drawActors(c *canvas, t float64) {
	type drawn struct {
		y    float64
		draw func()
	}
	var list []drawn
	for i := range s.Actors {
		a := &s.Actors[i]
		if p := a.at(t); p.there {
			s.shadow(c, a, p, t)
			list = append(list, drawn{p.y, func() { s.drawOne(c, a, p, t) }})
		}
		if p, bag := a.leftBag(t); p.there {
			list = append(list, drawn{p.y - .5, func() { bag.draw(c, p) }})
		}
	}
	slices.SortStableFunc(list, func(a, b drawn) int {
		switch {
		case a.y < b.y:
			return -1
		case a.y > b.y:
			return 1
		}
		return 0
	})
	for _, d := range list {
		d.draw()
	}
}

func (s *Scene) drawOne(c *canvas, a *Actor, p place, t float64) {
	if s.night(t) && a.Class.IsVehicle() && a.Class != vocab.Bicycle {
		reach := 60 * depth(p.y)
		c.glow(2.6, p.x+p.dx*(reach+70*depth(p.y)), p.y+p.dy*reach, reach*1.3, reach*.35)
	}
	a.draw(c, p)
	if a.RiderID > 0 {
		a.rider(c, p)
	}
	if q, bag := a.carriedBag(t, p); q.there {
		bag.draw(c, q)
	}
}

func (s *Scene) shadow(c *canvas, a *Actor, p place, t float64) {
	if s.Shadows == 0 || s.night(t) {
		return
	}
	width, skew := 16.0, 14.0
	switch a.Class {
	case vocab.Car:
		width = 92
	case vocab.Truck:
		width = 108
	case vocab.Bus:
		width = 160
	case vocab.Bicycle, vocab.Motorcycle:
		width = 44
	}
	if a.Class.IsVehicle() && math.Abs(p.dy) > math.Abs(p.dx) {
		width *= .5
	}
	k := a.brush(c, p).k
	c.glow(1-s.Shadows, p.x+skew*k, p.y-1, width*k, 11*k)
}

// bagActor is the bag of a person as a thing of its own.
func (a *Actor) bagActor() *Actor { return &Actor{Class: vocab.Bag, Colour: a.Bag, Size: a.Size} }

// carriedBag is the bag in the hand, until it is set down.
func (a *Actor) carriedBag(t float64, p place) (place, *Actor) {
	if a.Bag == vocab.UnknownColour || (a.DropS > 0 && t >= a.DropS) {
		return place{}, nil
	}
	k := a.brush(nil, p).k
	return place{there: true, x: p.x - 4*k, y: p.y - 20*k, dx: 1}, &Actor{
		Class: vocab.Bag, Colour: a.Bag, Size: k / depth(p.y-20*k)}
}

// leftBag is the bag on the ground.
func (a *Actor) leftBag(t float64) (place, *Actor) {
	if a.Bag == vocab.UnknownColour || a.DropS == 0 || t < a.DropS || (a.TakenS > 0 && t >= a.TakenS) {
		return place{}, nil
	}
	at := a.at(a.DropS)
	return place{there: at.there, x: at.x - 16*depth(at.y), y: at.y, dx: 1}, a.bagActor()
}

// cloud darkens what lies behind a soft edge that crosses from left to right
// in four seconds and goes again after ten.
func (r *Renderer) cloud(t float64) {
	s, c := r.s, r.canvas
	edge := (t - s.Light.CloudShadowAt) / 4 * (float64(s.W) + 200)
	back := (t - s.Light.CloudShadowAt - 10) / 4 * (float64(s.W) + 200)
	if edge <= 0 {
		return
	}
	for x := range s.W {
		in := min(1, max(0, (edge-float64(x))/200)) - min(1, max(0, (back-float64(x))/200))
		f := int(256 * (1 - .28*in))
		for i := 3 * x; i < len(c.pix); i += 3 * s.W {
			for k := range 3 {
				c.pix[i+k] = byte(int(c.pix[i+k]) * f >> 8)
			}
		}
	}
}

// expose is the camera: brightness, the grey of infra-red, and noise.
func (r *Renderer) expose(gain float64, frame int) {
	s, pix := r.s, r.canvas.pix
	night := s.night(s.timeS(frame))
	if night {
		gain *= .42
		for i := 0; i < len(pix); i += 3 {
			g := byte((77*int(pix[i]) + 150*int(pix[i+1]) + 29*int(pix[i+2])) >> 8)
			pix[i], pix[i+1], pix[i+2] = g, g, g
		}
	}
	var lut [256]int
	for v := range lut {
		lut[v] = int(float64(v)*gain + .5)
	}
	var clamp [1024]byte
	for v := range clamp {
		clamp[v] = byte(max(0, min(255, v-256)))
	}
	rng := rand.New(rand.NewPCG(s.Seed^0x9e3779b97f4a7c15, uint64(frame)))
	for y := range s.H {
		row := pix[3*s.W*y : 3*s.W*(y+1)]
		off := int(rng.Uint32())
		if night { // grey noise
			for i := 0; i < len(row); i += 3 {
				g := clamp[min(lut[row[i]]+int(s.noise[(off+i)&(noiseSize-1)])+256, 1023)]
				row[i], row[i+1], row[i+2] = g, g, g
			}
			continue
		}
		for i, v := range row {
			row[i] = clamp[min(lut[v]+int(s.noise[(off+i)&(noiseSize-1)])+256, 1023)]
		}
	}
}
