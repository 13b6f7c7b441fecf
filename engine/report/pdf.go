package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"strings"

	"codeberg.org/go-pdf/fpdf"
)

// Measures of a page, mm; sizes of type, points.
const (
	pageW, pageH       = 210.0, 297.0
	leftMM, rightMM    = 18.0, 18.0
	topMM, bottomMM    = 24.0, 20.0
	lineMM             = pageW - leftMM - rightMM
	endMM              = pageH - bottomMM // where the last line must end
	bodyPt, tablePt    = 9.5, 8.0
	leading            = 1.32 // line height in ems
	nameMM             = 46.0 // column of field names
	figureW, figureMax = 58.0, 64.0
	figureGap          = 5.0
)

type rgb struct{ r, g, b int }

// The colours; each has a contrast of 7 or more on white (WCAG 2.1, 1.4.6).
var (
	ink   = rgb{0x1a, 0x1a, 0x1a}
	soft  = rgb{0x44, 0x44, 0x44}
	blue  = rgb{0x1f, 0x3a, 0x5f}
	alarm = rgb{0x9b, 0x00, 0x14}
	rule  = rgb{0xaa, 0xb4, 0xc0}
	shade = rgb{0xe4, 0xea, 0xf1}
	box   = rgb{0xee, 0xf2, 0xf7}
)

// pdfWriter lays a tree out on pages.
type pdfWriter struct {
	f     *fpdf.Fpdf
	t     *tree
	rule  ruler
	y     float64 // where the next block begins
	face  style
	size  float64 // 0: the page's font is not known
	depth int     // of the last bookmark, -1 for none
}

// pdf writes the tree as a PDF.
func (t *tree) pdf() ([]byte, error) {
	w := &pdfWriter{t: t, rule: newRuler(), depth: -1}
	w.open()
	w.newPage()
	w.head()
	for i, b := range t.blocks {
		w.block(b, t.blocks[i+1:])
	}
	w.running()
	var buf bytes.Buffer
	if err := w.f.Output(&buf); err != nil {
		return nil, err
	}
	return finishPDF(buf.Bytes())
}

func (w *pdfWriter) open() {
	f := fpdf.New("P", "mm", "A4", "")
	w.f = f
	f.SetCatalogSort(true)
	f.SetCompression(true)
	f.SetAutoPageBreak(false, 0)
	f.SetMargins(leftMM, topMM, rightMM)
	f.SetCreationDate(w.t.made)
	f.SetModificationDate(w.t.made)
	f.SetProducer(pdfText(w.t.producer), true)
	f.SetTitle(pdfText(w.t.fullTitle()), true)
	f.SetSubject(pdfText(w.t.running), true)
	f.SetLang("fr-FR")
	f.SetXmpMetadata(w.t.xmp())
	f.AddOutputIntent(fpdf.OutputIntentType{
		SubtypeIdent: fpdf.OutputIntent_GTS_PDFA1, OutputConditionIdentifier: "sRGB IEC61966-2.1",
		Info: "sRGB IEC61966-2.1", ICCProfile: srgbProfile()})
	for _, face := range faces() {
		f.AddUTF8FontFromBytes(face.family, face.style, bytes.Clone(face.ttf))
	}
}

// fullTitle is the document's title with its mark.
func (t *tree) fullTitle() string { return join(" — ", clean(t.running), t.mark) }

// pdfText is text as the fonts have it: they know no thin space.
func pdfText(s string) string { return strings.ReplaceAll(s, thin, nbsp) }

func (w *pdfWriter) newPage() {
	w.f.AddPage()
	w.y, w.size = topMM, 0
}

// need begins a new page when less than mm are left on this one.
func (w *pdfWriter) need(mm float64) {
	if w.y+mm > endMM {
		w.newPage()
	}
}

func (w *pdfWriter) colour(c rgb) { w.f.SetTextColor(c.r, c.g, c.b) }

// letters writes one stretch of text with its baseline at y.
func (w *pdfWriter) letters(x, y float64, s string, st style, points float64) {
	if w.face != st || w.size != points {
		fc := faces()[st]
		w.f.SetFont(fc.family, fc.style, points*scale(st))
		w.face, w.size = st, points
	}
	w.f.Text(x, y, pdfText(s))
}

// line writes one line with its upper edge at y.
func (w *pdfWriter) line(x, y float64, l set, points float64) {
	base := y + points*mmPerPoint*(0.5*leading+0.36)
	for _, g := range l {
		w.letters(x+g.X, base, g.Text, g.Style, points)
	}
}

// cut breaks text into lines of so many mm.
func (w *pdfWriter) cut(t text, wide, points float64) []set {
	return breakLines(pdfSpaces(t), wide, w.rule.sized(points))
}

func pdfSpaces(t text) text {
	out := make(text, len(t))
	for i, s := range t {
		out[i] = span{pdfText(s.Text), s.Style}
	}
	return out
}

func lineHeight(points float64) float64 { return points * mmPerPoint * leading }

// lines writes lines one under the other, over as many pages as it takes.
func (w *pdfWriter) lines(x float64, ls []set, points float64) {
	h := lineHeight(points)
	for _, l := range ls {
		w.need(h)
		w.line(x, w.y, l, points)
		w.y += h
	}
}

// head writes the title at the top of the first page.
func (w *pdfWriter) head() {
	w.colour(soft)
	if w.t.service != "" {
		w.lines(leftMM, w.cut(data(w.t.service), lineMM, bodyPt), bodyPt)
	}
	w.colour(blue)
	w.lines(leftMM, w.cut(styled(w.t.title, bold), lineMM, 17), 17)
	if w.t.subtitle != "" {
		w.colour(soft)
		w.lines(leftMM, w.cut(data(w.t.subtitle), lineMM, bodyPt), bodyPt)
	}
	w.y += 1.5
	w.stroke(blue, 0.5)
	w.f.Line(leftMM, w.y, pageW-rightMM, w.y)
	w.y += 4
}

func (w *pdfWriter) stroke(c rgb, mm float64) {
	w.f.SetDrawColor(c.r, c.g, c.b)
	w.f.SetLineWidth(mm)
}

func (w *pdfWriter) fill(c rgb, x, y, wide, high float64) {
	w.f.SetFillColor(c.r, c.g, c.b)
	w.f.Rect(x, y, wide, high, "F")
}

// running writes what stands on every page, now that their number is known.
func (w *pdfWriter) running() {
	total := w.f.PageCount()
	for n := 1; n <= total; n++ {
		w.f.SetPage(n)
		w.size = 0
		w.colour(soft)
		left := pdfText(clean(w.t.running))
		mark := w.t.mark
		r := w.rule.sized(8)
		room := lineMM - r.width(mark, bold) - 4
		w.letters(leftMM, 14, shorten(left, room, r), plain, 8)
		if mark != "" {
			w.colour(alarm)
			w.letters(pageW-rightMM-r.width(mark, bold), 14, mark, bold, 8)
			w.colour(soft)
		}
		w.stroke(rule, 0.2)
		w.f.Line(leftMM, 16, pageW-rightMM, 16)
		page := pdfText("page" + nbsp + Number(int64(n)) + " sur" + nbsp + Number(int64(total)))
		w.letters(pageW-rightMM-r.width(page, plain), pageH-11, page, plain, 8)
		w.letters(leftMM, pageH-11, shorten(pdfText(clean(w.t.producer)), lineMM-40, r), plain, 8)
	}
	w.f.SetPage(total)
}

// shorten cuts s so that it is no wider than wide.
func shorten(s string, wide float64, r ruler) string {
	if r.width(s, plain) <= wide {
		return s
	}
	runes := []rune(s)
	for len(runes) > 0 && r.width(string(runes)+"…", plain) > wide {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}

// heading keeps with what follows it.
func (w *pdfWriter) heading(h heading, next []block) {
	size, before := h.measure()
	ls := w.cut(styled(h.Text, bold), lineMM, size)
	if w.y > topMM {
		w.y += before
	}
	w.need(float64(len(ls))*lineHeight(size) + 2.2 + w.atLeast(next))
	w.bookmark(h)
	w.colour(blue)
	w.lines(leftMM, ls, size)
	if h.Level == 1 {
		w.stroke(rule, 0.2)
		w.f.Line(leftMM, w.y+0.4, pageW-rightMM, w.y+0.4)
		w.y++
	}
	w.y += 1.2
	w.colour(ink)
}

func (h heading) measure() (size, before float64) {
	if h.Level > 1 {
		return 10.5, 3
	}
	return 12.5, 5
}

// atLeast is the room that the first part of the next blocks takes.
func (w *pdfWriter) atLeast(next []block) float64 {
	if len(next) == 0 {
		return 0
	}
	switch b := next[0].(type) {
	case heading:
		size, before := b.measure()
		return before + lineHeight(size) + 2.2 + w.atLeast(next[1:])
	case figure:
		return w.figureHeight(b)
	case table:
		return 24
	}
	return 12
}

// bookmark puts the heading into the outline; a level never skips one.
func (w *pdfWriter) bookmark(h heading) {
	w.depth = min(h.Level-1, w.depth+1)
	fc := faces()[bold]
	w.f.SetFont(fc.family, fc.style, bodyPt) // fpdf takes the text's coding from the font
	w.size = 0
	w.f.Bookmark(pdfText(h.Text), w.depth, w.y)
}

func (w *pdfWriter) picture(data []byte, x, y, maxW, maxH float64) (wide, high float64) {
	pw, ph, ok := pictureSize(data)
	if !ok {
		w.stroke(rule, 0.2)
		w.f.Rect(x, y, maxW, 30, "D")
		w.colour(soft)
		w.line(x+4, y+12, set{{"image non disponible", plain, 0}}, tablePt)
		w.colour(ink)
		return maxW, 30
	}
	k := math.Min(maxW/float64(pw), maxH/float64(ph))
	wide, high = float64(pw)*k, float64(ph)*k
	sum := sha256.Sum256(data)
	name, opt := hex.EncodeToString(sum[:]), fpdf.ImageOptions{ImageType: "jpg"} // one object for one picture
	w.f.RegisterImageOptionsReader(name, opt, bytes.NewReader(data))
	w.f.ImageOptions(name, x, y, wide, high, false, opt, 0, "")
	w.stroke(rule, 0.2)
	w.f.Rect(x, y, wide, high, "D")
	return wide, high
}
