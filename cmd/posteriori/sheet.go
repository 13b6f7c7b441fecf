package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"html/template"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"posteriori/engine"
	"posteriori/engine/evidence"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/query"
)

// Bounds of a contact sheet. A PNG is held in memory whole.
const (
	maxSheetHTML = 5000
	maxSheetPNG  = 240
	maxCropSide  = 8192
)

// sheetFile is a finished contact sheet beside its final place.
type sheetFile struct {
	temp, sha256 string
	shown        int
	note         string
	drop         func()
}

// makeSheet makes the contact sheet that o asks for; nil when it asks for none.
func (a *app) makeSheet(ctx context.Context, store *engine.Store, ix *index.Store, res *query.Results, o queryOptions) (*sheetFile, error) {
	if o.sheet == "" {
		return nil, nil
	}
	if err := spareOriginals(ctx, ix, o.sheet); err != nil {
		return nil, err
	}
	temp, drop, err := tempBeside(o.sheet, o.overwrite)
	if err != nil {
		return nil, err
	}
	s := &sheetFile{temp: temp, drop: drop}
	if err := s.fill(ctx, store.Mark(), ix, res, strings.ToLower(filepath.Ext(o.sheet)) == ".png"); err != nil {
		drop()
		return nil, err
	}
	made, err := evidence.Hash(ctx, temp, nil)
	if err != nil {
		drop()
		return nil, err
	}
	s.sha256 = made.SHA256
	return s, nil
}

func (s *sheetFile) fill(ctx context.Context, mark string, ix *index.Store, res *query.Results, asPNG bool) error {
	f, err := os.OpenFile(s.temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fault.Wrap(fault.NoSpace, err, "it cannot be written").OnFile(s.temp)
	}
	defer f.Close()
	limit := maxSheetHTML
	if asPNG {
		limit = maxSheetPNG
	}
	sum := strings.ReplaceAll(res.Summary(), "\n", "; ")
	if res.Len() > limit {
		s.note = fmt.Sprintf("; the first %d of %d tracks", limit, res.Len())
		sum += fmt.Sprintf(" (the first %d are shown)", limit)
	}
	head := sheetHead{Mark: mark, Summary: sum}
	if asPNG {
		s.shown, err = writeSheetPNG(ctx, f, head, ix, res, limit)
	} else {
		s.shown, err = writeSheetHTML(ctx, f, head, ix, res, limit)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil && fault.KindOf(err) == fault.Internal {
		return fault.Wrap(fault.NoSpace, err, "the sheet cannot be written").OnFile(s.temp)
	}
	return err
}

type sheetHead struct{ Mark, Summary string }

// sheetCell is one track on a sheet.
type sheetCell struct {
	Lines [3]string
	JPEG  []byte // nil when the track has no picture
}

// Image is the picture as an address that needs no other file.
func (c sheetCell) Image() template.URL {
	return template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(c.JPEG)) // JPEG from our own index
}

// cells walks at most limit hits with their pictures.
func cells(ctx context.Context, ix *index.Store, res *query.Results, limit int, do func(sheetCell) error) (n int, err error) {
	for h, err := range res.Hits(ctx, false) {
		if err != nil {
			return n, err
		}
		if n == limit {
			break
		}
		cell := sheetCell{Lines: label(h)}
		crop, err := ix.Crop(ctx, h.Recording.ID, h.Track.ID)
		if err == nil {
			cell.JPEG = crop.JPEG
		} else if fault.KindOf(err) != fault.NotFound {
			return n, err
		}
		if err := do(cell); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// label is what a person reads under a picture.
func label(h query.Hit) [3]string {
	t := h.Track
	heading := h.Compass()
	if heading != "" {
		heading = "  " + heading
	}
	return [3]string{
		fmt.Sprintf("%d:%d  %s %.2f", h.Recording.ID, t.ID, t.Class, t.ClassScore),
		t.Colour.String() + heading,
		h.When(),
	}
}

var sheetTop = template.Must(template.New("top").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Contact sheet</title><style>
body{font:14px sans-serif;margin:1em;background:#fff;color:#111}
main{display:grid;grid-template-columns:repeat(auto-fill,minmax(180px,1fr));gap:12px}
figure{margin:0;background:#f2f2f2;border-radius:4px;overflow:hidden}
figure img,figure .none{display:block;width:100%;height:150px;object-fit:contain;background:#222}
figcaption{padding:4px 8px 8px;white-space:pre-line}
.mark{font-weight:bold;color:#b00020}
</style></head><body>{{if .Mark}}<p class="mark">{{.Mark}}</p>{{end}}<p>{{.Summary}}</p>
<p>Each picture is a proposal of the engine, for a person to judge.</p><main>
`))

var sheetFigure = template.Must(template.New("cell").Parse(
	`<figure>{{if .JPEG}}<img alt="{{index .Lines 0}}" src="{{.Image}}">{{else}}<div class="none"></div>{{end}}<figcaption>{{range .Lines}}{{.}}
{{end}}</figcaption></figure>
`))

func writeSheetHTML(ctx context.Context, w io.Writer, head sheetHead, ix *index.Store, res *query.Results, limit int) (int, error) {
	if err := sheetTop.Execute(w, head); err != nil {
		return 0, err
	}
	n, err := cells(ctx, ix, res, limit, func(c sheetCell) error { return sheetFigure.Execute(w, c) })
	if err != nil {
		return n, err
	}
	_, err = io.WriteString(w, "</main></body></html>\n")
	return n, err
}

// Measures of a PNG sheet, pixels.
const (
	cellW, cellH  = 200, 150
	textH, margin = 56, 10
	lineH, topH   = 17, 54
	sheetColumns  = 6
)

func writeSheetPNG(ctx context.Context, w io.Writer, head sheetHead, ix *index.Store, res *query.Results, limit int) (int, error) {
	face, err := sheetFace()
	if err != nil {
		return 0, err
	}
	defer face.Close()
	count := max(1, min(limit, res.Len()))
	cols := min(sheetColumns, max(3, count))
	rows := (count + cols - 1) / cols
	img := image.NewRGBA(image.Rect(0, 0, margin+cols*(cellW+margin), topH+rows*(cellH+textH+margin)))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	top := textWriter{img: img, face: face, width: img.Bounds().Dx() - 2*margin}
	if head.Mark != "" {
		top.ink = color.RGBA{R: 0xB0, B: 0x20, A: 255}
		top.write(margin, 18, head.Mark)
	}
	top.ink = color.Black
	top.write(margin, 18+lineH+4, head.Summary)
	i := 0
	n, err := cells(ctx, ix, res, limit, func(c sheetCell) error {
		at := image.Pt(margin+i%cols*(cellW+margin), topH+i/cols*(cellH+textH+margin))
		i++
		drawCell(img, face, at, c)
		return nil
	})
	if err != nil {
		return n, err
	}
	enc := png.Encoder{CompressionLevel: png.BestSpeed}
	return n, enc.Encode(w, img)
}

func drawCell(img *image.RGBA, face font.Face, at image.Point, c sheetCell) {
	frame := image.Rectangle{Min: at, Max: at.Add(image.Pt(cellW, cellH))}
	draw.Draw(img, frame, image.NewUniform(color.Gray{Y: 0x22}), image.Point{}, draw.Src)
	if pic := decodeCrop(c.JPEG); pic != nil {
		draw.CatmullRom.Scale(img, fit(pic.Bounds(), frame), pic, pic.Bounds(), draw.Src, nil)
	}
	t := textWriter{img: img, face: face, width: cellW, ink: color.Black}
	for k, line := range c.Lines {
		t.write(at.X, at.Y+cellH+lineH*(k+1)-2, line)
	}
}

// decodeCrop decodes a picture; nil when it is none, or too large to be one of ours.
func decodeCrop(data []byte) image.Image {
	cfg, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil || cfg.Width > maxCropSide || cfg.Height > maxCropSide {
		return nil
	}
	pic, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	return pic
}

// fit is the largest rectangle of src's shape in the middle of dst.
func fit(src, dst image.Rectangle) image.Rectangle {
	w, h := dst.Dx(), dst.Dy()
	if src.Dx()*h > w*src.Dy() {
		h = max(1, src.Dy()*w/src.Dx())
	} else {
		w = max(1, src.Dx()*h/max(1, src.Dy()))
	}
	at := dst.Min.Add(image.Pt((dst.Dx()-w)/2, (dst.Dy()-h)/2))
	return image.Rectangle{Min: at, Max: at.Add(image.Pt(w, h))}
}

func sheetFace() (font.Face, error) {
	f, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return nil, err
	}
	return opentype.NewFace(f, &opentype.FaceOptions{Size: 13, DPI: 72, Hinting: font.HintingFull})
}

// textWriter writes lines of text no wider than width.
type textWriter struct {
	img   *image.RGBA
	face  font.Face
	width int
	ink   color.Color
}

func (t textWriter) write(x, y int, s string) {
	r := []rune(s)
	for len(r) > 1 && font.MeasureString(t.face, string(r)).Ceil() > t.width {
		r = append(r[:len(r)-2], '…')
	}
	d := font.Drawer{Dst: t.img, Src: image.NewUniform(t.ink), Face: t.face, Dot: fixed.P(x, y)}
	d.DrawString(string(r))
}
