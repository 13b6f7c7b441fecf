package report

import (
	"bytes"
	"image/color"
	"image/jpeg"
)

// maxPictureSide bounds the pictures that a document shows, in pixels.
const maxPictureSide = 8192

// pictureSize is the size of a JPEG; false when it is none that both writers
// can show. CMYK is not shown: the documents' colours are sRGB.
func pictureSize(data []byte) (w, h int, ok bool) {
	if len(data) == 0 {
		return 0, 0, false
	}
	c, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil || c.Width < 1 || c.Height < 1 || c.Width > maxPictureSide || c.Height > maxPictureSide {
		return 0, 0, false
	}
	if c.ColorModel != color.GrayModel && c.ColorModel != color.YCbCrModel {
		return 0, 0, false
	}
	return c.Width, c.Height, true
}
