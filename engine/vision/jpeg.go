package vision

import (
	"bytes"
	"image/jpeg"
	"math"

	"gocv.io/x/gocv"

	"posteriori/engine/fault"
	"posteriori/engine/frame"
	"posteriori/engine/scene"
)

// maxJPEGSamples bounds a picture that DecodeJPEG will unpack: a few bytes
// of JPEG can claim gigabytes.
const maxJPEGSamples = 1 << 26

// EncodeJPEG makes a JPEG of the region of f (zero Box: all of it), shrunk so
// that its longer side is at most maxSide pixels (0: as it is). Quality is
// 1 to 100.
func EncodeJPEG(f frame.YUV, region scene.Box, maxSide, quality int) ([]byte, error) {
	part, err := cut(f, region)
	if err != nil {
		return nil, err
	}
	w, h := part.Dx(), part.Dy()
	if long := max(w, h); maxSide > 0 && long > maxSide {
		shrink := float64(maxSide) / float64(long)
		w = max(int(math.Round(float64(w)*shrink)), 1)
		h = max(int(math.Round(float64(h)*shrink)), 1)
	}
	buf := newScratch()
	defer buf.close()
	y, u, v, err := buf.resize(f, part, w, h, gocv.InterpolationArea)
	if err != nil {
		return nil, err
	}
	bgr := gocv.NewMatWithSize(h, w, gocv.MatTypeCV8UC3)
	defer bgr.Close()
	pix, err := bgr.DataPtrUint8()
	if err != nil || len(pix) != 3*w*h {
		return nil, fault.Wrap(fault.Internal, err, "cannot make a picture of %d×%d", w, h)
	}
	for i := range y {
		r, g, b := toRGB.rgb(y[i], u[i], v[i])
		pix[3*i], pix[3*i+1], pix[3*i+2] = b, g, r
	}
	out, err := gocv.IMEncodeWithParams(gocv.JPEGFileExt, bgr, []int{gocv.IMWriteJpegQuality, min(max(quality, 1), 100)})
	if out != nil {
		defer out.Close()
	}
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "cannot encode a JPEG of %d×%d", w, h)
	}
	return bytes.Clone(out.GetBytes()), nil
}

// DecodeJPEG unpacks a JPEG into a picture. What is no JPEG, or claims to be
// larger than 64 megapixels, is fault.BadInput. The orientation that a camera
// may have noted in it is not applied.
func DecodeJPEG(data []byte) (frame.YUV, error) {
	conf, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return frame.YUV{}, fault.Wrap(fault.BadInput, err, "not a JPEG picture")
	}
	if conf.Width <= 0 || conf.Height <= 0 || conf.Width > maxJPEGSamples/conf.Height {
		return frame.YUV{}, fault.New(fault.BadInput, "a JPEG picture of %d×%d is too large", conf.Width, conf.Height)
	}
	bgr, err := gocv.IMDecode(data, gocv.IMReadColor|gocv.IMReadIgnoreOrientation)
	defer bgr.Close()
	if err != nil || bgr.Empty() || bgr.Cols() != conf.Width || bgr.Rows() != conf.Height {
		return frame.YUV{}, fault.Wrap(fault.BadInput, err, "the JPEG picture is damaged")
	}
	pix, err := bgr.DataPtrUint8()
	if err != nil || len(pix) != 3*conf.Width*conf.Height {
		return frame.YUV{}, fault.Wrap(fault.Internal, err, "a decoded JPEG has %d bytes", len(pix))
	}
	f := frame.NewYUV(conf.Width, conf.Height)
	lumaFromBGR(f.Y, pix)
	chromaFromBGR(f, pix)
	return f, nil
}

func lumaFromBGR(dst frame.Plane, pix []uint8) {
	for i := range dst.Pix {
		p := pix[3*i : 3*i+3]
		dst.Pix[i] = lumaOf(int32(p[2]), int32(p[1]), int32(p[0]))
	}
}

// chromaFromBGR averages each 2×2 block; at an odd edge its samples count twice.
func chromaFromBGR(f frame.YUV, pix []uint8) {
	w, h := f.Y.W, f.Y.H
	for cy := range f.U.H {
		row0, row1 := 2*cy*w, min(2*cy+1, h-1)*w
		for cx := range f.U.W {
			x0, x1 := 2*cx, min(2*cx+1, w-1)
			var sum [3]int32
			for _, at := range [4]int{row0 + x0, row0 + x1, row1 + x0, row1 + x1} {
				for c := range sum {
					sum[c] += int32(pix[3*at+c])
				}
			}
			b, g, r := (sum[0]+2)/4, (sum[1]+2)/4, (sum[2]+2)/4
			f.U.Pix[cy*f.U.Stride+cx], f.V.Pix[cy*f.V.Stride+cx] = chromaOf(r, g, b)
		}
	}
}
