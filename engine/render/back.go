package render

import (
	"image"
	"image/jpeg"
	"io"

	"posteriori/engine/fault"
	"posteriori/engine/frame"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// backMaker makes a background from pictures, for recordings that have no
// plate: the mean of every sample while no shown object is near it.
type backMaker struct {
	sum    [3][]uint32
	n      [3][]uint16
	first  *frame.YUV
	lastUS int64
	free   []bool // by luma sample of this picture
	w, h   int
}

func newBackMaker(f fit) *backMaker { return &backMaker{w: f.w, h: f.h, lastUS: -second} }

const backEveryUS = 400_000

// add takes a picture, at most one for every backEveryUS.
func (b *backMaker) add(t int64, y *frame.YUV, boxes []scene.Box) {
	if t-b.lastUS < backEveryUS && t >= b.lastUS {
		return
	}
	b.lastUS = t
	planes := [3]frame.Plane{y.Y, y.U, y.V}
	if b.first == nil {
		c := frame.NewYUV(b.w, b.h)
		for i, p := range [3]frame.Plane{c.Y, c.U, c.V} {
			copyPart(p, planes[i], 0, 0)
			b.sum[i] = make([]uint32, p.W*p.H)
			b.n[i] = make([]uint16, p.W*p.H)
		}
		b.first = &c
		b.free = make([]bool, b.w*b.h)
	}
	for i := range b.free {
		b.free[i] = true
	}
	for _, box := range boxes {
		p := box.Pad(.2*max(box.W, box.H)).Clamp(float64(b.w), float64(b.h))
		for j := int(p.Y); j < int(p.Y+p.H); j++ {
			clear(b.free[j*b.w+int(p.X) : j*b.w+int(p.X+p.W)])
		}
	}
	for i, p := range planes {
		step := b.w / p.W
		for j := range p.H {
			row := p.Row(j)
			for x, v := range row {
				if k := j*p.W + x; b.free[j*step*b.w+x*step] && b.n[i][k] < 4000 {
					b.sum[i][k] += uint32(v)
					b.n[i][k]++
				}
			}
		}
	}
}

// picture is the background; nil when no picture came. A place that was
// never free shows the first picture.
func (b *backMaker) picture() *frame.YUV {
	if b.first == nil {
		return nil
	}
	for i, p := range [3]frame.Plane{b.first.Y, b.first.U, b.first.V} {
		for k, n := range b.n[i] {
			if n > 0 {
				p.Pix[k] = byte((b.sum[i][k] + uint32(n)/2) / uint32(n))
			}
		}
	}
	return b.first
}

// background is a whole output picture with the plate in its place, and with
// the band, which stays the same.
func (r *renderer) background(b *wire.RenderBack) (frame.YUV, error) {
	out := frame.NewYUV(r.job.Width, r.job.Height)
	paint(out, 16)
	r.objectsBand(&out)
	f := r.fits[b.Source]
	var plate frame.YUV
	if b.JPEG.Len > 0 {
		var err error
		if plate, err = r.plate(b.Source, b.JPEG); err != nil {
			return out, err
		}
	} else if m := r.made[b.Source]; m != nil {
		plate = *m
	} else {
		return out, nil
	}
	place(out.Y, plate.Y, f.x, f.y)
	place(out.U, plate.U, f.x/2, f.y/2)
	place(out.V, plate.V, f.x/2, f.y/2)
	return out, nil
}

// plate is a background's picture at its size in the output.
func (r *renderer) plate(source int, b wire.Blob) (frame.YUV, error) {
	img, err := jpeg.Decode(io.NewSectionReader(r.blobs, b.At, b.Len))
	if err != nil {
		return frame.YUV{}, fault.Wrap(fault.BadInput, err, "its background picture is damaged").
			OnFile(r.job.Sources[source].Path)
	}
	f := r.fits[source]
	return scaled(fromImage(img), f.w, f.h), nil
}

// place puts src into dst at (x, y).
func place(dst, src frame.Plane, x, y int) {
	for j := range src.H {
		copy(dst.Row(y + j)[x:], src.Row(j))
	}
}

// paint fills a picture with one grey.
func paint(y frame.YUV, luma byte) {
	for i := range y.Y.Pix {
		y.Y.Pix[i] = luma
	}
	for i := range y.U.Pix {
		y.U.Pix[i] = 128
	}
	for i := range y.V.Pix {
		y.V.Pix[i] = 128
	}
}

// fromImage is a decoded JPEG as limited-range planes. JPEG is full range
// (JFIF, ITU-T T.871); video is limited.
func fromImage(img image.Image) frame.YUV {
	var luma, chroma [256]byte
	for i := range 256 {
		luma[i] = byte((i*219+127)/255 + 16)
		chroma[i] = byte(((i-128)*224+127*sign(i-128))/255 + 128)
	}
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	out := frame.NewYUV(w, h)
	paint(out, 16)
	switch m := img.(type) {
	case *image.YCbCr:
		for y := range h {
			for x := range w {
				out.Y.Pix[y*w+x] = luma[m.Y[m.YOffset(b.Min.X+x, b.Min.Y+y)]]
			}
		}
		for y := range out.U.H {
			for x := range out.U.W {
				o := m.COffset(b.Min.X+2*x, b.Min.Y+2*y)
				out.U.Pix[y*out.U.W+x] = chroma[m.Cb[o]]
				out.V.Pix[y*out.V.W+x] = chroma[m.Cr[o]]
			}
		}
	case *image.Gray:
		for y := range h {
			for x := range w {
				out.Y.Pix[y*w+x] = luma[m.GrayAt(b.Min.X+x, b.Min.Y+y).Y]
			}
		}
	}
	return out
}

func sign(v int) int {
	if v < 0 {
		return -1
	}
	return 1
}

// scaled is y at another size, bilinear.
func scaled(y frame.YUV, w, h int) frame.YUV {
	if y.Y.W == w && y.Y.H == h {
		return y
	}
	out := frame.NewYUV(w, h)
	resample(out.Y, y.Y)
	resample(out.U, y.U)
	resample(out.V, y.V)
	return out
}

// resample fills dst with src at dst's size, bilinear, samples at their centres.
func resample(dst, src frame.Plane) {
	sx, sy := float64(src.W)/float64(dst.W), float64(src.H)/float64(dst.H)
	at := func(i int, s float64, n int) (int, int, int) {
		v := max(0, (float64(i)+.5)*s-.5)
		k := min(int(v), n-1)
		return k, min(k+1, n-1), int((v - float64(k)) * 256)
	}
	for y := range dst.H {
		j0, j1, fy := at(y, sy, src.H)
		a, b, row := src.Row(j0), src.Row(j1), dst.Row(y)
		for x := range row {
			i0, i1, fx := at(x, sx, src.W)
			top := int(a[i0])*(256-fx) + int(a[i1])*fx
			low := int(b[i0])*(256-fx) + int(b[i1])*fx
			row[x] = byte((top*(256-fy) + low*fy + 1<<15) >> 16)
		}
	}
}
