// Package frame holds planes of 8-bit samples and the frames made of them.
// It knows nothing of files, codecs or OpenCV.
package frame

// Plane is a rectangle of 8-bit samples, row by row. Row y starts at
// Pix[y*Stride]; W samples of it are meaningful. Stride >= W.
type Plane struct {
	Pix    []byte
	W, H   int
	Stride int
}

// NewPlane allocates a tightly packed plane of w×h samples.
func NewPlane(w, h int) Plane {
	return Plane{Pix: make([]byte, w*h), W: w, H: h, Stride: w}
}

// Row returns the W samples of row y.
func (p Plane) Row(y int) []byte { return p.Pix[y*p.Stride : y*p.Stride+p.W] }

// YUV is one picture in planar 4:2:0, BT.601 or BT.709 limited range as the
// recording has it. U and V are ⌈W/2⌉×⌈H/2⌉.
type YUV struct {
	Y, U, V Plane
}

// NewYUV allocates a picture of w×h luma samples.
func NewYUV(w, h int) YUV {
	cw, ch := (w+1)/2, (h+1)/2
	return YUV{Y: NewPlane(w, h), U: NewPlane(cw, ch), V: NewPlane(cw, ch)}
}

// YUVFromPacked slices one packed yuv420p picture (Y, then U, then V, no
// padding) without copying. It panics if buf is shorter than the picture.
func YUVFromPacked(buf []byte, w, h int) YUV {
	cw, ch := (w+1)/2, (h+1)/2
	y, u := w*h, cw*ch
	return YUV{
		Y: Plane{Pix: buf[:y:y], W: w, H: h, Stride: w},
		U: Plane{Pix: buf[y : y+u : y+u], W: cw, H: ch, Stride: cw},
		V: Plane{Pix: buf[y+u : y+2*u : y+2*u], W: cw, H: ch, Stride: cw},
	}
}

// PackedSize is the number of bytes of a packed yuv420p picture of w×h.
func PackedSize(w, h int) int { return w*h + 2*((w+1)/2)*((h+1)/2) }
