package pipeline

import (
	"posteriori/engine/frame"
)

// plateUS is the distance between two looks at the background, and
// plateEveryUS that between two plates that are kept.
const (
	plateUS      = 1_000_000
	plateEveryUS = 120_000_000
)

// plate learns the scene without its movers from full-size frames: each
// sample follows the picture where nothing moves, and stays where something
// does.
type plate struct {
	w, h   int
	pic    frame.YUV
	known  []bool // by sample of the motion plane
	lastUS int64
	any    bool
}

func newPlate(w, h int) *plate { return &plate{w: w, h: h} }

// look takes one full-size frame and the foreground on the motion plane.
func (p *plate) look(full frame.YUV, mask frame.Plane, tUS int64) {
	if p.any && tUS-p.lastUS < plateUS {
		return
	}
	p.lastUS = tUS
	if !p.any {
		p.any = true
		p.pic = frame.NewYUV(p.w, p.h)
		p.known = make([]bool, mask.W*mask.H)
		copyPlane(p.pic.Y, full.Y)
		copyPlane(p.pic.U, full.U)
		copyPlane(p.pic.V, full.V)
	}
	// A margin of two samples around movers keeps their shadows and soft
	// edges out of the plate.
	for my := range mask.H {
		y0, y1 := my*p.h/mask.H, (my+1)*p.h/mask.H
		for mx := range mask.W {
			if near(mask, mx, my, 2) {
				continue
			}
			i := my*mask.W + mx
			x0, x1 := mx*p.w/mask.W, (mx+1)*p.w/mask.W
			shift := uint(2) // follow the light in about four looks
			if !p.known[i] {
				p.known[i] = true
				shift = 0
			}
			follow(p.pic.Y, full.Y, x0, y0, x1, y1, shift)
			follow(p.pic.U, full.U, x0/2, y0/2, (x1+1)/2, (y1+1)/2, shift)
			follow(p.pic.V, full.V, x0/2, y0/2, (x1+1)/2, (y1+1)/2, shift)
		}
	}
}

// near tells whether any sample within d of (x, y) is foreground.
func near(m frame.Plane, x, y, d int) bool {
	for j := max(0, y-d); j <= min(m.H-1, y+d); j++ {
		row := m.Row(j)
		for i := max(0, x-d); i <= min(m.W-1, x+d); i++ {
			if row[i] != 0 {
				return true
			}
		}
	}
	return false
}

// follow moves dst towards src by 1/2^shift over [x0,x1)×[y0,y1).
func follow(dst, src frame.Plane, x0, y0, x1, y1 int, shift uint) {
	x1, y1 = min(x1, dst.W), min(y1, dst.H)
	for y := y0; y < y1; y++ {
		d, s := dst.Row(y)[x0:x1], src.Row(y)[x0:x1]
		for i := range d {
			diff := int(s[i]) - int(d[i])
			step := diff >> shift
			if step == 0 && diff > 0 {
				step = 1
			}
			d[i] = byte(int(d[i]) + step)
		}
	}
}

func copyPlane(dst, src frame.Plane) {
	for y := range dst.H {
		copy(dst.Row(y), src.Row(y))
	}
}
