package render

import (
	"image"
	"image/color"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"posteriori/engine/fault"
	"posteriori/engine/frame"
)

// typeface draws white text with a dark outline. Glyphs are kept.
type typeface struct {
	face    font.Face
	size    float64 // pixels
	ascent  int
	height  int // of a line, outline included
	rim     int // width of the outline
	glyphs  map[rune]*glyph
	outside byte // luma of the outline
}

// glyph is one character's coverage: of its body, and of body and outline.
type glyph struct {
	w, h       int
	dx, dy     int // of its top-left corner from the pen, on the baseline
	advance    int
	fill, dark []byte
}

// newTypeface makes Go Bold at a size in pixels.
func newTypeface(px float64) (*typeface, error) {
	parsed, err := opentype.Parse(gobold.TTF)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the built-in font")
	}
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: px, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the built-in font")
	}
	m := face.Metrics()
	t := &typeface{face: face, size: px, rim: max(1, int(px/9)), glyphs: map[rune]*glyph{}, outside: 20}
	t.ascent = m.Ascent.Ceil()
	t.height = m.Ascent.Ceil() + m.Descent.Ceil() + 2*t.rim
	return t, nil
}

// glyph is a character, drawn at its first use.
func (t *typeface) glyph(r rune) *glyph {
	if g, ok := t.glyphs[r]; ok {
		return g
	}
	bounds, advance, ok := t.face.GlyphBounds(r)
	if !ok && r != '?' {
		g := t.glyph('?')
		t.glyphs[r] = g
		return g
	}
	x0, y0 := bounds.Min.X.Floor()-t.rim, bounds.Min.Y.Floor()-t.rim
	w, h := bounds.Max.X.Ceil()+t.rim-x0, bounds.Max.Y.Ceil()+t.rim-y0
	g := &glyph{w: max(w, 0), h: max(h, 0), dx: x0, dy: y0, advance: advance.Round()}
	img := image.NewAlpha(image.Rect(0, 0, g.w, g.h))
	d := font.Drawer{Dst: img, Src: image.NewUniform(color.Opaque), Face: t.face, Dot: fixed.P(-x0, -y0)}
	d.DrawString(string(r))
	g.fill = img.Pix
	g.dark = make([]byte, len(g.fill))
	for y := range g.h {
		for x := range g.w {
			g.dark[y*g.w+x] = t.around(g, x, y)
		}
	}
	t.glyphs[r] = g
	return g
}

// around is the strongest coverage within the outline's width.
func (t *typeface) around(g *glyph, x, y int) (v byte) {
	for j := max(0, y-t.rim); j <= min(g.h-1, y+t.rim); j++ {
		for i := max(0, x-t.rim); i <= min(g.w-1, x+t.rim); i++ {
			v = max(v, g.fill[j*g.w+i])
		}
	}
	return v
}

// width of a text in pixels, outline included.
func (t *typeface) width(s string) int {
	n := 2 * t.rim
	for _, r := range s {
		n += t.glyph(r).advance
	}
	return n
}

// draw writes s in an ink with its top-left corner at (x, y): outlines first,
// so that none covers the letter before it. What lies outside the picture is
// left out.
func (t *typeface) draw(dst *frame.YUV, x, y int, s string, in ink) {
	for pass := range 2 {
		pen := x + t.rim
		for _, r := range s {
			g := t.glyph(r)
			cover, with := g.dark, ink{t.outside, 128, 128}
			if pass == 1 {
				cover, with = g.fill, in
			}
			g.paint(dst, pen+g.dx, y+t.rim+t.ascent+g.dy, cover, with)
			pen += g.advance
		}
	}
}

// paint mixes an ink in by cover.
func (g *glyph) paint(dst *frame.YUV, x, y int, cover []byte, in ink) {
	for j := range g.h {
		py := y + j
		if py < 0 || py >= dst.Y.H {
			continue
		}
		for i := range g.w {
			c, px := int(cover[j*g.w+i]), x+i
			if c == 0 || px < 0 || px >= dst.Y.W {
				continue
			}
			in.mixInto(dst, px, py, c)
		}
	}
}

// mix is a with the share c/255 of b.
func mix(a, b byte, c int) byte {
	return byte((int(a)*(255-c) + int(b)*c + 127) / 255)
}
