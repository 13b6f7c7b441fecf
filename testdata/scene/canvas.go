package scene

import (
	"image"
	"image/draw"
	"math"

	"golang.org/x/image/vector"
)

// rgb is a colour, 0..255 a channel.
type rgb [3]float64

func (c rgb) times(f float64) rgb {
	return rgb{min(c[0]*f, 255), min(c[1]*f, 255), min(c[2]*f, 255)}
}

func (c rgb) mix(o rgb, f float64) rgb {
	return rgb{c[0] + f*(o[0]-c[0]), c[1] + f*(o[1]-c[1]), c[2] + f*(o[2]-c[2])}
}

// point is a place in design units.
type point struct{ x, y float64 }

// canvas is an RGB picture with an anti-aliased brush. It notes the extent of
// what was drawn since the last mark.
type canvas struct {
	pix        []byte // 3 bytes a pixel
	w, h       int
	unit       float64 // pixels per design unit
	ox, oy     float64 // shift of all that is drawn, design units
	raster     vector.Rasterizer
	mask       *image.Alpha
	x0, y0     float64 // extent, pixels
	x1, y1     float64
	measuring  bool // note extents only, draw nothing
	outOfScope bool // shadows and lights do not count in the extent
}

func newCanvas(w, h int, unit float64) *canvas {
	c := &canvas{pix: make([]byte, 3*w*h), w: w, h: h, unit: unit, mask: image.NewAlpha(image.Rect(0, 0, w, h))}
	c.mark()
	return c
}

// mark forgets the extent.
func (c *canvas) mark() {
	c.x0, c.y0, c.x1, c.y1 = math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
}

func (c *canvas) px(p point) (x, y float64) { return (p.x + c.ox) * c.unit, (p.y + c.oy) * c.unit }

// fill paints a polygon. The colour may change from top to bottom by shade:
// 0 is even, .3 is 30 % darker at its foot.
func (c *canvas) fill(col rgb, alpha, shade float64, pts ...point) {
	if len(pts) < 3 {
		return
	}
	x0, y0, x1, y1 := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, p := range pts {
		x, y := c.px(p)
		x0, y0, x1, y1 = min(x0, x), min(y0, y), max(x1, x), max(y1, y)
	}
	if !c.outOfScope {
		c.x0, c.y0, c.x1, c.y1 = min(c.x0, x0), min(c.y0, y0), max(c.x1, x1), max(c.y1, y1)
	}
	left, top := max(int(math.Floor(x0)), 0), max(int(math.Floor(y0)), 0)
	right, bottom := min(int(math.Ceil(x1)), c.w), min(int(math.Ceil(y1)), c.h)
	if c.measuring || right <= left || bottom <= top {
		return
	}
	w, h := right-left, bottom-top
	c.raster.Reset(w, h)
	c.raster.DrawOp = draw.Src
	for i, p := range pts {
		x, y := c.px(p)
		fx, fy := float32(x-float64(left)), float32(y-float64(top))
		if i == 0 {
			c.raster.MoveTo(fx, fy)
		} else {
			c.raster.LineTo(fx, fy)
		}
	}
	c.raster.ClosePath()
	c.mask.Rect = image.Rect(0, 0, w, h)
	c.mask.Stride = w
	c.raster.Draw(c.mask, c.mask.Rect, image.Opaque, image.Point{})
	c.blend(left, top, w, h, col, alpha, shade, y0, y1)
}

func (c *canvas) blend(left, top, w, h int, col rgb, alpha, shade, y0, y1 float64) {
	a256 := int(alpha * 256)
	for y := range h {
		f := 1.0
		if shade != 0 {
			f = 1 - shade*max(0, float64(top+y)-y0)/max(y1-y0, 1)
		}
		r, g, b := int(min(col[0]*f, 255)), int(min(col[1]*f, 255)), int(min(col[2]*f, 255))
		row := c.pix[3*((top+y)*c.w+left):]
		for x, m := range c.mask.Pix[y*w : y*w+w] {
			if m == 0 {
				continue
			}
			a := int(m) * a256 / 255 // 0..256
			p := row[3*x : 3*x+3 : 3*x+3]
			p[0] += byte((r - int(p[0])) * a >> 8)
			p[1] += byte((g - int(p[1])) * a >> 8)
			p[2] += byte((b - int(p[2])) * a >> 8)
		}
	}
}

// rect paints an upright rectangle.
func (c *canvas) rect(col rgb, alpha, shade, x, y, w, h float64) {
	c.fill(col, alpha, shade, point{x, y}, point{x + w, y}, point{x + w, y + h}, point{x, y + h})
}

// ellipse paints an ellipse around (x, y).
func (c *canvas) ellipse(col rgb, alpha, shade, x, y, rx, ry float64) {
	const n = 20
	var pts [n]point
	for i := range pts {
		s, k := math.Sincos(2 * math.Pi * float64(i) / n)
		pts[i] = point{x + rx*k, y + ry*s}
	}
	c.fill(col, alpha, shade, pts[:]...)
}

// bar paints a thick line with square ends.
func (c *canvas) bar(col rgb, alpha, x0, y0, x1, y1, width float64) {
	dx, dy := x1-x0, y1-y0
	l := math.Hypot(dx, dy)
	if l == 0 {
		return
	}
	nx, ny := -dy/l*width/2, dx/l*width/2
	c.fill(col, alpha, 0, point{x0 + nx, y0 + ny}, point{x1 + nx, y1 + ny}, point{x1 - nx, y1 - ny}, point{x0 - nx, y0 - ny})
}

// glow changes brightness softly inside an ellipse: by factor at its heart,
// not at all at its rim. It is no part of an object's extent.
func (c *canvas) glow(factor, x, y, rx, ry float64) {
	if c.measuring {
		return
	}
	cx, cy := c.px(point{x, y})
	rx, ry = rx*c.unit, ry*c.unit
	for py := max(int(cy-ry), 0); py < min(int(cy+ry)+1, c.h); py++ {
		dy := (float64(py) + .5 - cy) / ry
		for qx := max(int(cx-rx), 0); qx < min(int(cx+rx)+1, c.w); qx++ {
			dx := (float64(qx) + .5 - cx) / rx
			d := 1 - dx*dx - dy*dy
			if d <= 0 {
				continue
			}
			d = min(1, 1.6*d)
			f := 256 + int((factor-1)*d*256)
			p := c.pix[3*(py*c.w+qx):]
			for k := range 3 {
				p[k] = byte(min(int(p[k])*f>>8, 255))
			}
		}
	}
}
