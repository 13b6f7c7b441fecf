package vision

import (
	"image"
	"math"
	"runtime"

	"gocv.io/x/gocv"

	"posteriori/engine/fault"
	"posteriori/engine/frame"
	"posteriori/engine/scene"
)

// Snap is the part of a w×h picture that stands for the region b: whole
// samples that hold all of b, the top-left corner on an even sample so that
// chroma lines up, clipped to the picture. It is empty when nothing is left.
// A b without area, such as the zero Box, stands for the whole picture.
func Snap(b scene.Box, w, h int) image.Rectangle {
	all := image.Rect(0, 0, w, h)
	if b.W == 0 && b.H == 0 {
		return all
	}
	x0, y0, x1, y1 := b.X, b.Y, b.X+b.W, b.Y+b.H
	if !(x1 > x0 && y1 > y0) || math.IsInf(x1-x0, 0) || math.IsInf(y1-y0, 0) {
		return image.Rectangle{}
	}
	lim := func(v float64, n int) int { return int(min(max(v, 0), float64(n))) }
	return image.Rect(
		lim(math.Floor(x0), w)&^1, lim(math.Floor(y0), h)&^1,
		lim(math.Ceil(x1), w), lim(math.Ceil(y1), h),
	).Intersect(all)
}

// check refuses a picture whose planes are not what their sizes say. OpenCV
// reads by address and would not notice.
func check(f frame.YUV) error {
	cw, ch := (f.Y.W+1)/2, (f.Y.H+1)/2
	ok := f.Y.W > 0 && f.Y.H > 0 && whole(f.Y) && whole(f.U) && whole(f.V) &&
		f.U.W == cw && f.U.H == ch && f.V.W == cw && f.V.H == ch
	if !ok {
		return fault.New(fault.Internal, "the planes of a picture of %d×%d do not fit together", f.Y.W, f.Y.H)
	}
	return nil
}

func whole(p frame.Plane) bool {
	return p.Stride >= p.W && p.H > 0 && len(p.Pix) >= (p.H-1)*p.Stride+p.W
}

// cut checks f and snaps the region b in it.
func cut(f frame.YUV, b scene.Box) (image.Rectangle, error) {
	if err := check(f); err != nil {
		return image.Rectangle{}, err
	}
	r := Snap(b, f.Y.W, f.Y.H)
	if r.Empty() {
		return r, fault.New(fault.Internal, "the region %+v lies outside a picture of %d×%d", b, f.Y.W, f.Y.H)
	}
	return r, nil
}

// scratch is three planes resized to one size.
type scratch struct {
	y, u, v gocv.Mat
}

func newScratch() scratch {
	return scratch{y: gocv.NewMat(), u: gocv.NewMat(), v: gocv.NewMat()}
}

func (s *scratch) close() {
	s.y.Close()
	s.u.Close()
	s.v.Close()
}

// resize scales the part r of f to w×h, chroma to full resolution too, and
// returns the samples, which live until the next call or close.
func (s *scratch) resize(f frame.YUV, r image.Rectangle, w, h int, filter gocv.InterpolationFlags) (y, u, v []uint8, err error) {
	c := image.Rect(r.Min.X/2, r.Min.Y/2, (r.Max.X+1)/2, (r.Max.Y+1)/2)
	if y, err = resizePlane(f.Y, r, &s.y, w, h, filter); err != nil {
		return nil, nil, nil, err
	}
	if u, err = resizePlane(f.U, c, &s.u, w, h, filter); err != nil {
		return nil, nil, nil, err
	}
	v, err = resizePlane(f.V, c, &s.v, w, h, filter)
	return y, u, v, err
}

func resizePlane(p frame.Plane, r image.Rectangle, dst *gocv.Mat, w, h int, filter gocv.InterpolationFlags) ([]uint8, error) {
	// Only the rows of r are shown to OpenCV, as one Mat of the stride's width;
	// where the last row is cut short, the part is copied first.
	from, n := r.Min.Y*p.Stride, r.Dy()*p.Stride
	x0, width := r.Min.X, p.Stride
	var pix []byte
	if from+n <= len(p.Pix) {
		pix = p.Pix[from : from+n]
	} else {
		pix, x0, width = copyPart(p, r), 0, r.Dx()
	}
	rows, err := gocv.NewMatFromBytes(r.Dy(), width, gocv.MatTypeCV8UC1, pix)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "cannot show a plane to OpenCV")
	}
	defer rows.Close()
	part := rows.Region(image.Rect(x0, 0, x0+r.Dx(), r.Dy()))
	defer part.Close()
	if (r.Dx() < w || r.Dy() < h) && filter == gocv.InterpolationArea {
		filter = gocv.InterpolationLinear // area has no meaning when enlarging
	}
	if err := gocv.Resize(part, dst, image.Pt(w, h), 0, 0, filter); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "cannot resize %v to %d×%d", r, w, h)
	}
	runtime.KeepAlive(pix)
	out, err := dst.DataPtrUint8()
	if err != nil || len(out) != w*h {
		return nil, fault.Wrap(fault.Internal, err, "a resized plane has %d samples, not %d×%d", len(out), w, h)
	}
	return out, nil
}

func copyPart(p frame.Plane, r image.Rectangle) []byte {
	out := make([]byte, 0, r.Dx()*r.Dy())
	for y := r.Min.Y; y < r.Max.Y; y++ {
		out = append(out, p.Row(y)[r.Min.X:r.Max.X]...)
	}
	return out
}
