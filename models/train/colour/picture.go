package main

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"

	"posteriori/engine/frame"
	"posteriori/engine/scene"
)

// picture is linear light, red, green, blue, 0..1, row by row; box is the object.
type picture struct {
	w, h int
	pix  [][3]float64
	box  scene.Box
}

const (
	around       = 0.8 // of the object's size is kept on each side of it
	leastSide    = 30  // of an object in a guise, in pixels
	greatestSide = 80
)

// newPicture reads the object and what is around it.
func newPicture(img image.Image, box scene.Box) picture {
	b := img.Bounds()
	part := box.Pad(around*math.Max(box.W, box.H)).Clamp(float64(b.Dx()), float64(b.Dy()))
	x0, y0 := int(part.X), int(part.Y)
	p := picture{w: int(part.W), h: int(part.H), box: scene.Box{X: box.X - float64(x0), Y: box.Y - float64(y0), W: box.W, H: box.H}}
	p.pix = make([][3]float64, p.w*p.h)
	for y := range p.h {
		for x := range p.w {
			r, g, bl, _ := img.At(b.Min.X+x0+x, b.Min.Y+y0+y).RGBA()
			p.pix[y*p.w+x] = [3]float64{linears[r>>8], linears[g>>8], linears[bl>>8]}
		}
	}
	return p
}

// scaled makes the picture smaller, by the mean over each new pixel.
func (p picture) scaled(k float64) picture {
	if k >= 1 {
		q := p
		q.pix = append([][3]float64(nil), p.pix...)
		return q
	}
	w, h := max(16, int(float64(p.w)*k)), max(16, int(float64(p.h)*k))
	kx, ky := float64(w)/float64(p.w), float64(h)/float64(p.h)
	q := picture{w: w, h: h, pix: make([][3]float64, w*h), box: scene.Box{X: p.box.X * kx, Y: p.box.Y * ky, W: p.box.W * kx, H: p.box.H * ky}}
	for y := range h {
		y0, y1 := y*p.h/h, max(y*p.h/h+1, (y+1)*p.h/h)
		for x := range w {
			x0, x1 := x*p.w/w, max(x*p.w/w+1, (x+1)*p.w/w)
			var s [3]float64
			for v := y0; v < min(y1, p.h); v++ {
				for u := x0; u < min(x1, p.w); u++ {
					for c := range s {
						s[c] += p.pix[v*p.w+u][c]
					}
				}
			}
			n := float64((min(y1, p.h) - y0) * (min(x1, p.w) - x0))
			q.pix[y*w+x] = [3]float64{s[0] / n, s[1] / n, s[2] / n}
		}
	}
	return q
}

// disguised is the picture at another size, exposure, white balance and
// saturation, with noise, another cut of the box, and sometimes before a plain wall.
func (p picture) disguised(rng *rand.Rand) picture {
	side := leastSide * math.Pow(greatestSide/float64(leastSide), rng.Float64())
	q := p.scaled(side / math.Max(p.box.W, p.box.H))
	between := func(a, b float64) float64 { return a + (b-a)*rng.Float64() }
	gain := math.Exp(between(-0.3, 0.25))
	cast := [3]float64{gain * between(0.92, 1.08), gain, gain * between(0.9, 1.1)}
	gamma, vivid, noise := between(0.85, 1.2), between(0.75, 1.2), between(0, 0.012)
	for i := range q.pix {
		c := &q.pix[i]
		grey := (c[0] + c[1] + c[2]) / 3
		for k := range c {
			v := math.Max(0, grey+vivid*(c[k]-grey)) * cast[k]
			c[k] = math.Max(0, math.Pow(v, gamma)+noise*rng.NormFloat64()*math.Sqrt(v+0.02))
		}
	}
	b := q.box
	q.box = scene.Box{X: b.X + b.W*between(-.06, .06), Y: b.Y + b.H*between(-.06, .06), W: b.W * between(.92, 1.08), H: b.H * between(.92, 1.08)}
	if rng.Float64() < 0.2 {
		q.wall(math.Pow(rng.Float64(), 0.7), b)
	}
	return q
}

// wall puts one grey around the object.
func (p *picture) wall(grey float64, b scene.Box) {
	cx, cy := b.X+b.W/2, b.Y+b.H/2
	for y := range p.h {
		for x := range p.w {
			dx, dy := math.Abs(float64(x)-cx)/(b.W*0.54), math.Abs(float64(y)-cy)/(b.H*0.54)
			if math.Pow(dx, 4)+math.Pow(dy, 4) > 1 {
				p.pix[y*p.w+x] = [3]float64{grey, grey, grey}
			}
		}
	}
}

// yuv is the picture as a decoder gives it: limited-range BT.601, 4:2:0.
func (p picture) yuv() frame.YUV {
	f := frame.NewYUV(p.w, p.h)
	cb, cr := make([]float64, f.U.W*f.U.H), make([]float64, f.U.W*f.U.H)
	n := make([]float64, f.U.W*f.U.H)
	for y := range p.h {
		for x := range p.w {
			c := p.pix[y*p.w+x]
			Y, b, r := color.RGBToYCbCr(encoded(c[0]), encoded(c[1]), encoded(c[2]))
			f.Y.Row(y)[x] = byte(16.5 + float64(Y)*219/255)
			i := min(y/2, f.U.H-1)*f.U.W + min(x/2, f.U.W-1)
			cb[i], cr[i], n[i] = cb[i]+float64(b), cr[i]+float64(r), n[i]+1
		}
	}
	for i, k := range n {
		x, y := i%f.U.W, i/f.U.W
		f.U.Row(y)[x] = byte(128.5 + (cb[i]/k-128)*224/255)
		f.V.Row(y)[x] = byte(128.5 + (cr[i]/k-128)*224/255)
	}
	return f
}

// linears is linear of 8-bit values.
var linears = func() (t [256]float64) {
	for i := range t {
		t[i] = linear(float64(i) / 255)
	}
	return t
}()

// linear and encoded are the sRGB transfer function and back (IEC 61966-2-1).
func linear(v float64) float64 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

func encoded(v float64) uint8 {
	if v <= 0.0031308 {
		v *= 12.92
	} else {
		v = 1.055*math.Pow(math.Min(v, 1), 1/2.4) - 0.055
	}
	return uint8(math.Max(0, math.Min(255*v+0.5, 255)))
}
