package activity

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"posteriori/engine/fault"
)

// canvas is drawn on in pixels, y down.
type canvas interface {
	rect(x, y, w, h float64, c color.RGBA)
	// text writes s with its baseline at y: from x on (-1), around x (0), or up to x (1).
	text(x, y, size float64, anchor int, c color.RGBA, s string)
	picture(x, y, w, h float64, m image.Image) error
}

// svgCanvas writes SVG as it is drawn on.
type svgCanvas struct{ w *bufio.Writer }

func (c svgCanvas) rect(x, y, w, h float64, col color.RGBA) {
	fmt.Fprintf(c.w, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s" fill-opacity="%.3g"/>`+"\n",
		x, y, w, h, hex(col), float64(col.A)/255)
}

func (c svgCanvas) text(x, y, size float64, anchor int, col color.RGBA, s string) {
	var safe bytes.Buffer
	_ = xml.EscapeText(&safe, []byte(s)) // a buffer takes all
	fmt.Fprintf(c.w, `<text x="%.1f" y="%.1f" font-size="%.1f" text-anchor="%s" fill="%s">%s</text>`+"\n",
		x, y, size, [3]string{"start", "middle", "end"}[anchor+1], hex(col), safe.String())
}

func (c svgCanvas) picture(x, y, w, h float64, m image.Image) error {
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.w, `<image x="%.1f" y="%.1f" width="%.1f" height="%.1f" preserveAspectRatio="none" href="data:image/png;base64,%s"/>`+"\n",
		x, y, w, h, base64.StdEncoding.EncodeToString(b.Bytes()))
	return err
}

func hex(c color.RGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// pngCanvas draws into an image.
type pngCanvas struct {
	img   *image.RGBA
	fonts map[float64]font.Face
	ttf   *opentype.Font
}

func newPNGCanvas(w, h int) (*pngCanvas, error) {
	f, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the built-in font")
	}
	return &pngCanvas{image.NewRGBA(image.Rect(0, 0, w, h)), map[float64]font.Face{}, f}, nil
}

func (c *pngCanvas) rect(x, y, w, h float64, col color.RGBA) {
	// color.RGBA is premultiplied; ours is not.
	src := image.NewUniform(color.NRGBA(col))
	draw.Draw(c.img, image.Rect(int(x+.5), int(y+.5), int(x+w+.5), int(y+h+.5)), src, image.Point{}, draw.Over)
}

func (c *pngCanvas) text(x, y, size float64, anchor int, col color.RGBA, s string) {
	face := c.fonts[size]
	if face == nil {
		var err error
		if face, err = opentype.NewFace(c.ttf, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingFull}); err != nil {
			return // a size that no face can have: nothing is readable at it
		}
		c.fonts[size] = face
	}
	d := font.Drawer{Dst: c.img, Src: image.NewUniform(col), Face: face}
	x -= float64(d.MeasureString(s).Round()) * float64(anchor+1) / 2
	d.Dot = fixed.P(int(x+.5), int(y+.5))
	d.DrawString(s)
}

func (c *pngCanvas) picture(x, y, w, h float64, m image.Image) error {
	draw.ApproxBiLinear.Scale(c.img, image.Rect(int(x+.5), int(y+.5), int(x+w+.5), int(y+h+.5)), m, m.Bounds(), draw.Over, nil)
	return nil
}

// WriteSVG draws the sheet as SVG that needs nothing else.
func (s *Sheet) WriteSVG(w io.Writer) error {
	b := bufio.NewWriter(w)
	width, height := s.size()
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif">`+"\n",
		width, height, width, height)
	if err := s.draw(svgCanvas{b}); err != nil {
		return err
	}
	fmt.Fprintln(b, "</svg>")
	return b.Flush()
}

// WritePNG draws the sheet as PNG.
func (s *Sheet) WritePNG(w io.Writer) error {
	c, err := newPNGCanvas(s.size())
	if err != nil {
		return err
	}
	if err := s.draw(c); err != nil {
		return err
	}
	return png.Encode(w, c.img)
}
