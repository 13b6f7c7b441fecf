package render

import (
	"math"

	"posteriori/engine/frame"
	"posteriori/engine/scene"
)

// How an outline is made. Lengths in samples of the motion plane.
const (
	widen     = 1   // beyond the mask, for what the background model missed
	blurTwice = 1   // radius of the box blur that is run twice
	coreShare = .62 // of the box that always belongs to the object
	maskLeast = .2  // of the box that a usable mask covers
	maskAgeUS = 700_000
)

// outline makes the alpha of cut-outs of one tube.
type outline struct {
	path   scene.Path
	masks  []scene.Mask
	sx, sy float64 // plane samples per source pixel; 0: no plane
	low    []byte  // alpha on the plane grid
	tmp    []byte
	fall   []bool // by mask: unusable, judged once
}

func newOutline(path scene.Path, masks []scene.Mask, planeW, planeH, srcW, srcH int) *outline {
	o := &outline{path: path, masks: masks}
	if planeW > 0 && planeH > 0 {
		o.sx, o.sy = float64(planeW)/float64(srcW), float64(planeH)/float64(srcH)
	}
	return o
}

// nearestMask is the mask nearest in time to t and where the object was then.
func (o *outline) nearestMask(t int64) (*scene.Mask, scene.Box, bool) {
	lo, hi := 0, len(o.masks)
	for lo < hi {
		m := (lo + hi) / 2
		if o.masks[m].TUS < t {
			lo = m + 1
		} else {
			hi = m
		}
	}
	best, age := -1, int64(maskAgeUS)
	for _, i := range []int{lo - 1, lo} {
		if i < 0 || i >= len(o.masks) {
			continue
		}
		if d := max(o.masks[i].TUS-t, t-o.masks[i].TUS); d <= age {
			best, age = i, d
		}
	}
	if best < 0 || o.sx == 0 {
		return nil, scene.Box{}, false
	}
	m := &o.masks[best]
	box := boxAt(o.path, m.TUS)
	var set float64
	for _, b := range m.Bits {
		for ; b != 0; b &= b - 1 {
			set++
		}
	}
	if set < maskLeast*box.Area()*o.sx*o.sy {
		return nil, scene.Box{}, false
	}
	return m, box, true
}

// draw fills alpha (of a cut-out whose top-left corner is at (x, y) of the
// fitted picture) for the object at box, at media time t. box and (x, y) are
// in output pixels, scale is output pixels per source pixel.
func (o *outline) draw(alpha frame.Plane, x, y int, box scene.Box, scale float64, t int64) {
	m, then, ok := o.nearestMask(t)
	if !ok {
		ellipse(alpha, float64(x), float64(y), box.Pad(.1*max(box.W, box.H)), .3)
		return
	}
	// The mask moves with the object between its time and now.
	now := scene.Box{X: box.X / scale, Y: box.Y / scale, W: box.W / scale, H: box.H / scale}.Center()
	dx, dy := (now.X-then.Center().X)*o.sx, (now.Y-then.Center().Y)*o.sy
	const rim = widen + 2*blurTwice + 1
	w, h := m.W+2*rim, m.H+2*rim
	o.rasterise(m, w, h, rim)
	o.upsample(alpha, w, h, func(px, py int) (float64, float64) {
		u := (float64(x+px)+.5)/scale*o.sx - dx - float64(m.X) + rim - .5
		v := (float64(y+py)+.5)/scale*o.sy - dy - float64(m.Y) + rim - .5
		return u, v
	})
	core := box.Pad(-(1 - coreShare) / 2 * min(box.W, box.H))
	ellipseMax(alpha, float64(x), float64(y), core, .35)
}

// rasterise puts the mask with a rim into o.low: holes filled, widened, blurred.
func (o *outline) rasterise(m *scene.Mask, w, h, rim int) {
	n := w * h
	if cap(o.low) < n {
		o.low, o.tmp = make([]byte, n), make([]byte, n)
	}
	o.low, o.tmp = o.low[:n], o.tmp[:n]
	clear(o.low)
	stride := (m.W + 7) / 8
	for y := range m.H {
		for x := range m.W {
			if i := y*stride + x/8; i < len(m.Bits) && m.Bits[i]&(0x80>>(x%8)) != 0 {
				o.low[(y+rim)*w+x+rim] = 255
			}
		}
	}
	fillHoles(o.low, o.tmp, w, h)
	dilate(o.low, o.tmp, w, h)
	blur(o.low, o.tmp, w, h)
	blur(o.low, o.tmp, w, h)
}

// fillHoles sets every sample that has set samples on all four sides.
func fillHoles(p, tmp []byte, w, h int) {
	clear(tmp)
	for y := range h {
		a, b := -1, -1
		for x := range w {
			if p[y*w+x] != 0 {
				if a < 0 {
					a = x
				}
				b = x
			}
		}
		for x := a; a >= 0 && x <= b; x++ {
			tmp[y*w+x] = 1
		}
	}
	for x := range w {
		a, b := -1, -1
		for y := range h {
			if p[y*w+x] != 0 {
				if a < 0 {
					a = y
				}
				b = y
			}
		}
		for y := a; a >= 0 && y <= b; y++ {
			if tmp[y*w+x] == 1 {
				p[y*w+x] = 255
			}
		}
	}
}

// dilate widens by one sample.
func dilate(p, tmp []byte, w, h int) {
	copy(tmp, p)
	for y := 1; y < h-1; y++ {
		for x := 1; x < w-1; x++ {
			i := y*w + x
			p[i] = tmp[i] | tmp[i-1] | tmp[i+1] | tmp[i-w] | tmp[i+w]
		}
	}
}

// blur is a 3×3 box blur; the edge of the plane stays as it is.
func blur(p, tmp []byte, w, h int) {
	copy(tmp, p)
	for y := 1; y < h-1; y++ {
		for x := 1; x < w-1; x++ {
			i := y*w + x
			s := 0
			for d := -w; d <= w; d += w {
				s += int(tmp[i+d-1]) + int(tmp[i+d]) + int(tmp[i+d+1])
			}
			p[i] = byte((s + 4) / 9)
		}
	}
}

// upsample reads o.low bilinearly at the places that at gives.
func (o *outline) upsample(alpha frame.Plane, w, h int, at func(x, y int) (u, v float64)) {
	u0, v0 := at(0, 0)
	u1, v1 := at(1, 1)
	du, dv := int((u1-u0)*65536), int((v1-v0)*65536)
	for y := range alpha.H {
		row := alpha.Row(y)
		v := int(v0*65536) + y*dv
		vi, vf := v>>16, v&0xffff>>8
		if vi < 0 || vi >= h-1 {
			clear(row)
			continue
		}
		a, b := o.low[vi*w:vi*w+w], o.low[(vi+1)*w:(vi+1)*w+w]
		u := int(u0 * 65536)
		for x := range row {
			ui, uf := u>>16, u&0xffff>>8
			u += du
			if ui < 0 || ui >= w-1 {
				row[x] = 0
				continue
			}
			top := int(a[ui])*(256-uf) + int(a[ui+1])*uf
			bottom := int(b[ui])*(256-uf) + int(b[ui+1])*uf
			row[x] = byte((top*(256-vf) + bottom*vf) >> 16)
		}
	}
}

// ellipse fills alpha with an ellipse in box whose rim, the share soft of its
// radius, fades out.
func ellipse(alpha frame.Plane, x, y float64, box scene.Box, soft float64) {
	for i := range alpha.Pix {
		alpha.Pix[i] = 0
	}
	ellipseMax(alpha, x, y, box, soft)
}

// ellipseMax raises alpha to an ellipse.
func ellipseMax(alpha frame.Plane, x, y float64, box scene.Box, soft float64) {
	c := box.Center()
	rx, ry := max(box.W/2, 1), max(box.H/2, 1)
	for j := range alpha.H {
		v := (float64(j) + .5 + y - c.Y) / ry
		if v < -1 || v > 1 {
			continue
		}
		row := alpha.Row(j)
		// A squarer ellipse (fourth power) fits bodies and vehicles better.
		half := math.Sqrt(math.Sqrt(1 - v*v*v*v))
		from := max(0, int(c.X-half*rx-x))
		to := min(alpha.W, int(c.X+half*rx-x)+1)
		for i := from; i < to; i++ {
			u := (float64(i) + .5 + x - c.X) / rx
			d := u*u*u*u + v*v*v*v
			if d >= 1 {
				continue
			}
			r := math.Sqrt(math.Sqrt(d))
			a := byte(255 * min(1, (1-r)/soft))
			row[i] = max(row[i], a)
		}
	}
}

// boxAt is the path's box at t, or the nearest to it.
func boxAt(p scene.Path, t int64) scene.Box {
	if b, ok := p.At(t); ok {
		return b
	}
	switch {
	case len(p) == 0:
		return scene.Box{}
	case t < p[0].TUS:
		return p[0].Box
	}
	return p[len(p)-1].Box
}
