package render

import (
	"math"

	"posteriori/engine/frame"
	"posteriori/engine/scene"
)

// trailStepUS is the distance of the points of a trail.
const trailStepUS = 100_000

// trailPoint is a point of a trail in output pixels; share (0..1) is how much
// of it is left.
type trailPoint struct{ x, y, share float64 }

// trails draws the way that each object on screen came, at its feet, the
// older the fainter.
type trails struct {
	r     *renderer
	paths map[int32]scene.Path
	pts   []trailPoint
	cover []byte
}

// pathsKept bounds the paths held.
const pathsKept = 256

// paint draws the trails of the cut-outs of a picture, under all of them.
func (t *trails) paint(pic *frame.YUV, live []*cut) error {
	if t.r.job.TrailUS <= 0 {
		return nil
	}
	thick := max(1.2, float64(t.r.job.Height)/420)
	for _, c := range live {
		if err := t.points(c); err != nil {
			return err
		}
		t.stroke(pic, thick+1.2, ink{20, 128, 128}, .55)
		t.stroke(pic, thick, inkOf(t.r.job.Tubes[c.tube].Colour), .9)
	}
	return nil
}

// points finds where the object's feet were before the cut-out's moment.
func (t *trails) points(c *cut) error {
	tube := &t.r.job.Tubes[c.tube]
	path, ok := t.paths[c.tube]
	if !ok {
		var err error
		if path, err = t.r.path(int(c.tube)); err != nil {
			return err
		}
		if len(t.paths) >= pathsKept {
			clear(t.paths)
		}
		t.paths[c.tube] = path
	}
	// A trail begins where the part that is shown does.
	whole := t.r.job.TrailUS
	from := max(tube.Plays[t.r.strand(c)].FromUS, c.tUS-whole)
	f := t.r.fits[tube.Source]
	t.pts = t.pts[:0]
	for us := from; ; us = min(us+trailStepUS, c.tUS) {
		p := f.box(boxAt(path, us)).Bottom()
		t.pts = append(t.pts, trailPoint{p.X + float64(f.x), p.Y + float64(f.y), 1 - float64(c.tUS-us)/float64(whole+1)})
		if us >= c.tUS {
			return nil
		}
	}
}

// stroke draws a line through the points, r pixels to each side. Where it
// crosses itself it is no stronger.
func (t *trails) stroke(pic *frame.YUV, r float64, k ink, strength float64) {
	box := scene.Box{X: t.pts[0].x, Y: t.pts[0].y}
	for _, p := range t.pts {
		x0, y0 := min(box.X, p.x), min(box.Y, p.y)
		box = scene.Box{X: x0, Y: y0, W: max(box.X+box.W, p.x) - x0, H: max(box.Y+box.H, p.y) - y0}
	}
	box = box.Pad(r+1).Clamp(float64(pic.Y.W), float64(t.r.job.Height-t.r.job.Band))
	x0, y0, w, h := int(box.X), int(box.Y), int(box.W), int(box.H)
	if w < 1 || h < 1 {
		return
	}
	if cap(t.cover) < w*h {
		t.cover = make([]byte, w*h)
	}
	cover := t.cover[:w*h]
	clear(cover)
	for i := range t.pts[1:] {
		segment(cover, w, h, t.pts[i], t.pts[i+1], r, float64(x0), float64(y0), strength)
	}
	for i, c := range cover {
		if c != 0 {
			k.mixInto(pic, x0+i%w, y0+i/w, int(c))
		}
	}
}

// segment raises the cover by a line from a to b; (x, y) is its first sample.
func segment(cover []byte, w, h int, a, b trailPoint, r, x, y, strength float64) {
	dx, dy := b.x-a.x, b.y-a.y
	length := dx*dx + dy*dy
	for j := max(0, int(min(a.y, b.y)-y-r-1)); j < min(h, int(max(a.y, b.y)-y+r+2)); j++ {
		for i := max(0, int(min(a.x, b.x)-x-r-1)); i < min(w, int(max(a.x, b.x)-x+r+2)); i++ {
			px, py := x+float64(i)+.5-a.x, y+float64(j)+.5-a.y
			f := 0.
			if length > 0 {
				f = min(max((px*dx+py*dy)/length, 0), 1)
			}
			c := min(1, r+.5-math.Hypot(px-f*dx, py-f*dy)) * (a.share + (b.share-a.share)*f)
			if c > 0 {
				cover[j*w+i] = max(cover[j*w+i], byte(255*strength*c))
			}
		}
	}
}
