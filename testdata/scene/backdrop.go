package scene

import (
	"math"
	"math/rand/v2"
)

// leaf is one blob of a tree's crown, repainted where there is wind.
type leaf struct {
	x, y, r float64
	col     rgb
	phase   float64
}

// paintBackdrop paints the street without anyone in it: sky and houses, far
// pavement, road with two lanes and a zebra crossing, near pavement, grass,
// trees.
func (s *Scene) paintBackdrop() {
	// Larger than the picture, so that a shaking camera never sees its edge.
	const edge = 40.0
	c := newCanvas(s.W, s.H, s.unit())
	rng := rand.New(rand.NewPCG(s.Seed, 1))
	c.fill(rgb{168, 194, 222}, 1, -.15, point{-edge, -edge}, point{DesignW + edge, -edge}, point{DesignW + edge, 70}, point{-edge, 70})
	houses(c, rng)
	c.rect(rgb{150, 146, 140}, 1, -.05, -edge, 112, DesignW+2*edge, 42)
	slabs(c, 112, 154, 26, rgb{128, 124, 118})
	c.rect(rgb{178, 176, 170}, 1, 0, -edge, 152, DesignW+2*edge, 3)
	c.rect(rgb{84, 85, 88}, 1, -.12, -edge, 155, DesignW+2*edge, 110)
	for x := -edge; x < DesignW+edge; x += 46 {
		c.fill(rgb{205, 203, 192}, .9, 0, point{x, 204}, point{x + 26, 204}, point{x + 27, 207}, point{x, 207})
	}
	for i := range 7 { // zebra
		y := 159 + float64(i)*15
		c.fill(rgb{208, 207, 200}, .92, 0, point{428, y}, point{484, y}, point{488, y + 8}, point{430, y + 8})
	}
	c.rect(rgb{186, 184, 178}, 1, 0, -edge, 264, DesignW+2*edge, 4)
	c.rect(rgb{158, 154, 147}, 1, -.06, -edge, 268, DesignW+2*edge, 44)
	slabs(c, 268, 312, 40, rgb{134, 130, 123})
	c.rect(rgb{84, 116, 62}, 1, .12, -edge, 312, DesignW+2*edge, 90)
	s.grain(c, rng)
	s.plantTrees(rng)
	for _, trunk := range [][3]float64{{66, 118, 6}, {196, 118, 5}, {352, 118, 6}, {566, 118, 6}} {
		c.rect(rgb{74, 56, 42}, 1, 0, trunk[0]-trunk[2]/2, trunk[1]-46, trunk[2], 50)
	}
	if s.Wind == 0 {
		s.paintLeaves(c, 0)
	}
	s.backdrop = c
}

func houses(c *canvas, rng *rand.Rand) {
	walls := []rgb{{188, 168, 142}, {170, 120, 98}, {206, 200, 188}, {150, 140, 134}, {196, 178, 128}}
	x := -40.0
	for i := 0; x < DesignW+40; i++ {
		w := 70 + 50*rng.Float64()
		top := 8 + 26*rng.Float64()
		wall := walls[i%len(walls)]
		c.rect(wall, 1, .12, x, top, w, 106-top+8)
		c.fill(rgb{104, 66, 56}, 1, .1, point{x - 2, top}, point{x + 8, top - 12}, point{x + w - 8, top - 12}, point{x + w + 2, top})
		for wy := top + 8; wy < 84; wy += 24 {
			for wx := x + 8; wx < x+w-14; wx += 20 {
				c.rect(wall.times(.75), 1, 0, wx-1, wy-1, 11, 16)
				c.rect(rgb{64, 76, 90}.times(.8+.4*rng.Float64()), 1, .3, wx, wy, 9, 14)
			}
		}
		c.rect(rgb{70, 48, 36}, 1, 0, x+w/2-5, 92, 10, 21)
		x += w
	}
}

func slabs(c *canvas, top, bottom, size float64, col rgb) {
	for x := -40.0; x < DesignW+40; x += size {
		c.fill(col, .5, 0, point{x, top}, point{x + .9, top}, point{x + 6.9, bottom}, point{x + 6, bottom})
	}
	mid := (top + bottom) / 2
	c.rect(col, .5, 0, -40, mid, DesignW+80, .8)
}

// grain gives every surface its texture: noise of three sizes.
func (s *Scene) grain(c *canvas, rng *rand.Rand) {
	for _, g := range []struct{ cell, depth float64 }{{1.2, .03}, {7, .03}, {60, .05}} {
		cell := g.cell * s.unit()
		cols, rows := int(float64(s.W)/cell)+3, int(float64(s.H)/cell)+3
		v := make([]float64, cols*rows)
		for i := range v {
			v[i] = (2*rng.Float64() - 1) * g.depth
		}
		for y := range s.H {
			fy := float64(y) / cell
			iy := int(fy)
			fy -= float64(iy)
			for x := range s.W {
				fx := float64(x) / cell
				ix := int(fx)
				fx -= float64(ix)
				k := iy*cols + ix
				top, low := v[k]+fx*(v[k+1]-v[k]), v[k+cols]+fx*(v[k+cols+1]-v[k+cols])
				f := 1 + top + fy*(low-top)
				p := c.pix[3*(y*s.W+x):]
				for j := range 3 {
					p[j] = byte(min(255, float64(p[j])*f))
				}
			}
		}
	}
}

func (s *Scene) plantTrees(rng *rand.Rand) {
	for _, t := range [][3]float64{{66, 58, 30}, {196, 64, 25}, {352, 56, 32}, {566, 60, 29}} {
		for range 70 {
			a, d := 2*math.Pi*rng.Float64(), math.Sqrt(rng.Float64())
			l := leaf{x: t[0] + d*t[2]*math.Cos(a), y: t[1] + .8*d*t[2]*math.Sin(a), r: 4 + 5*rng.Float64(), phase: 6.3 * rng.Float64()}
			l.col = rgb{44, 78, 34}.mix(rgb{112, 146, 70}, rng.Float64()*.6+.4*(t[1]-l.y)/t[2])
			s.leaves = append(s.leaves, l)
		}
	}
}

func (s *Scene) paintLeaves(c *canvas, t float64) {
	for _, l := range s.leaves {
		dx := s.Wind * math.Sin(2.1*t+l.phase)
		dy := .5 * s.Wind * math.Sin(3.3*t+2*l.phase)
		c.ellipse(l.col, .85, .2, l.x+dx, l.y+dy, l.r, l.r*.85)
	}
}
