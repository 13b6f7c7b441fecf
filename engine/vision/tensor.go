package vision

import (
	"math"

	"gocv.io/x/gocv"

	"posteriori/engine/fault"
	"posteriori/engine/frame"
	"posteriori/engine/scene"
)

// Format says what a model's picture input looks like: float32, 3×H×W,
// planes in the order R, G, B or B, G, R. A sample s of plane c becomes
// (s − Mean[c]) · Scale[c].
type Format struct {
	W, H  int
	BGR   bool
	Mean  [3]float32 // by plane, in 0..255
	Scale [3]float32 // by plane
	// Stretch fills the input without regard to proportions. Otherwise they
	// are kept, the picture lies at the top left (or in the middle with
	// Centre), and the rest is filled with the sample Pad.
	Stretch bool
	Centre  bool
	Pad     uint8
}

// Len is the number of floats of one picture.
func (f Format) Len() int { return 3 * f.W * f.H }

// Transform leads from an input's pixels back to the source:
// source = (input − D) / Scale + O, on each axis.
type Transform struct {
	OX, OY         float64 // source pixel at the input picture's top-left
	ScaleX, ScaleY float64 // input pixels per source pixel
	DX, DY         float64 // input pixel at which the picture starts
}

// ToSource maps a box from its corners in input pixels to source pixels.
func (t Transform) ToSource(x0, y0, x1, y1 float64) scene.Box {
	x, y := (x0-t.DX)/t.ScaleX+t.OX, (y0-t.DY)/t.ScaleY+t.OY
	return scene.Box{X: x, Y: y, W: (x1 - x0) / t.ScaleX, H: (y1 - y0) / t.ScaleY}
}

// ToInput maps a box from source pixels to its corners in input pixels.
func (t Transform) ToInput(b scene.Box) (x0, y0, x1, y1 float64) {
	x0, y0 = (b.X-t.OX)*t.ScaleX+t.DX, (b.Y-t.OY)*t.ScaleY+t.DY
	return x0, y0, x0 + b.W*t.ScaleX, y0 + b.H*t.ScaleY
}

// Resampler makes tensors of one Format out of parts of pictures. It keeps
// its buffers between calls: use it from one goroutine at a time, and Close it.
type Resampler struct {
	format Format
	buf    scratch
	lut    [3][256]float32 // by plane R, G, B
	plane  [3]int          // where R, G, B go
	pad    [3]float32      // by plane of the tensor
}

// NewResampler makes a Resampler for a Format of positive size.
func NewResampler(f Format) *Resampler {
	r := &Resampler{format: f, buf: newScratch(), plane: [3]int{0, 1, 2}}
	if f.BGR {
		r.plane = [3]int{2, 1, 0}
	}
	for c, p := range r.plane {
		for i := range 256 {
			r.lut[c][i] = (float32(i) - f.Mean[p]) * f.Scale[p]
		}
		r.pad[p] = r.lut[c][f.Pad]
	}
	return r
}

// Close frees the buffers.
func (r *Resampler) Close() { r.buf.close() }

// Tensor writes the region of f (zero Box: all of it) into dst, which holds
// exactly Format.Len floats, and says how to get back. The region is first
// snapped to whole samples, see [Snap].
func (r *Resampler) Tensor(f frame.YUV, region scene.Box, dst []float32) (Transform, error) {
	if len(dst) != r.format.Len() {
		return Transform{}, fault.New(fault.Internal, "a tensor of %d floats was given for one of %d", len(dst), r.format.Len())
	}
	part, err := cut(f, region)
	if err != nil {
		return Transform{}, err
	}
	w, h, dx, dy := r.place(part.Dx(), part.Dy())
	y, u, v, err := r.buf.resize(f, part, w, h, filterFor(part.Dx(), part.Dy(), w, h))
	if err != nil {
		return Transform{}, err
	}
	if w != r.format.W || h != r.format.H {
		r.fill(dst)
	}
	for row := range h {
		s := row * w
		r.row(dst, (dy+row)*r.format.W+dx, y[s:s+w], u[s:s+w], v[s:s+w])
	}
	return Transform{
		OX: float64(part.Min.X), OY: float64(part.Min.Y),
		ScaleX: float64(w) / float64(part.Dx()), ScaleY: float64(h) / float64(part.Dy()),
		DX: float64(dx), DY: float64(dy),
	}, nil
}

// filterFor interpolates between the nearest samples, as models saw it in
// training, unless that would pass over samples altogether.
func filterFor(fromW, fromH, w, h int) gocv.InterpolationFlags {
	if fromW >= 2*w || fromH >= 2*h {
		return gocv.InterpolationArea
	}
	return gocv.InterpolationLinear
}

// place is the size of a w×h part in the input, and its top-left corner.
func (r *Resampler) place(w, h int) (pw, ph, dx, dy int) {
	pw, ph = r.format.W, r.format.H
	if r.format.Stretch {
		return pw, ph, 0, 0
	}
	scale := min(float64(pw)/float64(w), float64(ph)/float64(h))
	side := func(n, most int) int {
		return min(max(int(math.Round(float64(n)*scale)), 1), most)
	}
	pw, ph = side(w, pw), side(h, ph)
	if r.format.Centre {
		dx, dy = (r.format.W-pw)/2, (r.format.H-ph)/2
	}
	return pw, ph, dx, dy
}

func (r *Resampler) fill(dst []float32) {
	n := r.format.W * r.format.H
	for c, v := range r.pad {
		p := dst[c*n : (c+1)*n]
		for i := range p {
			p[i] = v
		}
	}
}

// row converts one row of samples to the three planes, from offset at on.
func (r *Resampler) row(dst []float32, at int, y, u, v []uint8) {
	n := r.format.W * r.format.H
	w := len(y)
	u, v = u[:w], v[:w]
	pr := dst[r.plane[0]*n+at:][:w]
	pg := dst[r.plane[1]*n+at:][:w]
	pb := dst[r.plane[2]*n+at:][:w]
	t := &toRGB
	lr, lg, lb := &r.lut[0], &r.lut[1], &r.lut[2]
	for i, ys := range y {
		us, vs := u[i], v[i]
		l := t.y[ys]
		pr[i] = lr[clamp8(l+t.vr[vs])]
		pg[i] = lg[clamp8(l+t.ug[us]+t.vg[vs])]
		pb[i] = lb[clamp8(l+t.ub[us])]
	}
}
