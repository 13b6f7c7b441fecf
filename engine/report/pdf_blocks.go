package report

// block writes one block; next are those that follow it.
func (w *pdfWriter) block(b block, next []block) {
	w.colour(ink)
	switch b := b.(type) {
	case heading:
		w.heading(b, next)
	case para:
		w.para(b)
	case list:
		w.list(b)
	case pairs:
		w.pairs(leftMM, lineMM, nameMM, b.Rows, bodyPt)
		w.y += 2
	case table:
		w.table(b)
	case figure:
		w.figure(b)
	case signature:
		w.signature(b)
	}
}

func (w *pdfWriter) para(p para) {
	if p.Note {
		s := rowStyle{points: bodyPt, pad: 1.6, fill: &box, bar: true}
		w.row([]cellBox{{x: leftMM + 1, wide: lineMM - 1, lines: w.cut(p.Text, lineMM-5, bodyPt), inset: 2.5}}, s, nil)
		w.y += 2.4
		return
	}
	w.lines(leftMM, w.cut(p.Text, lineMM, bodyPt), bodyPt)
	w.y += 1.8
}

func (w *pdfWriter) list(l list) {
	h := lineHeight(bodyPt)
	for _, item := range l.Items {
		ls := w.cut(item, lineMM-6, bodyPt)
		w.need(h)
		w.letters(leftMM+1.5, w.y+bodyPt*mmPerPoint*(0.5*leading+0.36), "•", plain, bodyPt)
		w.lines(leftMM+6, ls, bodyPt)
		w.y += 0.6
	}
	w.y += 1.2
}

func (w *pdfWriter) pairs(x, wide, name float64, rows []pair, points float64) {
	for _, p := range rows {
		s := rowStyle{points: points, pad: 0.35}
		w.row([]cellBox{
			{x: x, wide: name, lines: w.cut(text{{p.Name, plain}}, name-2, points), ink: &soft},
			{x: x + name, wide: wide - name, lines: w.cut(p.Value, wide-name, points)},
		}, s, nil)
	}
}

// cellBox is one cell of a row: its place and its lines.
type cellBox struct {
	x, wide float64
	lines   []set
	inset   float64 // mm between its edge and its text
	right   bool
	ink     *rgb
}

// rowStyle is how a row is drawn.
type rowStyle struct {
	points float64
	pad    float64 // mm above and below the text
	fill   *rgb
	grid   bool // lines around each cell
	bar    bool // a bar at the left
}

// row writes cells beside each other. A row that does not fit on the page goes
// to the next whole, or, where it is longer than a page, in parts; again is
// called on each new page (it writes a table's head).
func (w *pdfWriter) row(cells []cellBox, s rowStyle, again func()) {
	h, total := lineHeight(s.points), 1
	for _, c := range cells {
		total = max(total, len(c.lines))
	}
	for from := 0; from < total; {
		room := int((endMM - w.y - 2*s.pad) / h)
		page := int((endMM-topMM-2*s.pad)/h) - 4 // a repeated head takes its share
		if left := total - from; left > room && (room < 3 || from == 0 && left <= page) {
			w.newPage()
			if again != nil {
				again()
			}
			continue
		}
		n := min(total-from, room)
		w.strip(cells, s, from, n, h)
		from += n
	}
}

// strip writes n lines of a row.
func (w *pdfWriter) strip(cells []cellBox, s rowStyle, from, n int, h float64) {
	high := float64(n)*h + 2*s.pad
	for _, c := range cells {
		if s.fill != nil {
			w.fill(*s.fill, c.x, w.y, c.wide, high)
		}
		if s.bar {
			w.fill(blue, c.x-1, w.y, 1, high)
		}
		if s.grid {
			w.stroke(rule, 0.2)
			w.f.Rect(c.x, w.y, c.wide, high, "D")
		}
	}
	for _, c := range cells {
		w.colour(ink)
		if c.ink != nil {
			w.colour(*c.ink)
		}
		for i := from; i < min(from+n, len(c.lines)); i++ {
			x := c.x + c.inset
			if c.right {
				x = c.x + c.wide - c.inset - w.widthOf(c.lines[i], s.points)
			}
			w.line(x, w.y+s.pad+float64(i-from)*h, c.lines[i], s.points)
		}
	}
	w.y += high
	w.colour(ink)
}

func (w *pdfWriter) widthOf(l set, points float64) float64 {
	if len(l) == 0 {
		return 0
	}
	last := l[len(l)-1]
	return last.X + w.rule.sized(points).width(last.Text, last.Style)
}

const cellInset = 1.2

func (w *pdfWriter) table(t table) {
	if len(t.Rows) == 0 {
		w.para(para{Text: text{{t.Empty, plain}}})
		return
	}
	head := make([]text, len(t.Columns))
	for i, c := range t.Columns {
		head[i] = text{{c.Title, bold}}
	}
	headStyle := rowStyle{points: tablePt, pad: 0.9, fill: &shade, grid: true}
	body := rowStyle{points: tablePt, pad: 0.7, grid: true}
	titles := w.cells(t, head)
	again := func() { w.row(titles, headStyle, nil) }
	w.need(22)
	again()
	for _, r := range t.Rows {
		w.row(w.cells(t, r), body, again)
	}
	w.y += 3
}

func (w *pdfWriter) cells(t table, row []text) []cellBox {
	x, out := leftMM, make([]cellBox, len(t.Columns))
	for i, share := range t.Widths() {
		wide := lineMM * share / 100
		if i == len(t.Columns)-1 {
			wide = leftMM + lineMM - x
		}
		out[i] = cellBox{x: x, wide: wide, inset: cellInset, right: t.Columns[i].Right,
			lines: w.cut(row[i], wide-2*cellInset, tablePt)}
		x += wide
	}
	return out
}

// figure writes a picture with its fields beside it.
func (w *pdfWriter) figure(f figure) {
	const x, wide = leftMM + figureW + figureGap, lineMM - figureW - figureGap
	w.need(w.figureHeight(f))
	top, page := w.y, w.f.PageNo()
	_, high := w.picture(f.JPEG, leftMM, top, figureW, figureMax)
	w.colour(blue)
	w.lines(x, w.cut(text{{f.Title, bold}}, wide, bodyPt), bodyPt)
	w.y++
	w.colour(ink)
	w.pairs(x, wide, 30, f.Rows, tablePt)
	if w.f.PageNo() == page {
		w.y = max(w.y, top+high)
	}
	w.y += 4
}

// figureHeight is the room that a figure takes, a page at most.
func (w *pdfWriter) figureHeight(f figure) float64 {
	need := 36.0
	if pw, ph, ok := pictureSize(f.JPEG); ok {
		need = min(figureMax, figureW*float64(ph)/float64(pw))
	}
	need = max(need, w.height(f.Rows, lineMM-figureW-figureGap)+8)
	return min(need, endMM-topMM)
}

// height is how high pairs will be.
func (w *pdfWriter) height(rows []pair, wide float64) float64 {
	sum := 0.0
	for _, p := range rows {
		n := max(len(w.cut(p.Value, wide-30, tablePt)), len(w.cut(text{{p.Name, plain}}, 28, tablePt)))
		sum += float64(n)*lineHeight(tablePt) + 0.7
	}
	return sum
}

func (w *pdfWriter) signature(s signature) {
	const wide, high = 74.0, 34.0
	w.y += 5
	w.need(high)
	x, top := pageW-rightMM-wide, w.y
	w.stroke(rule, 0.2)
	w.f.Rect(x, top, wide, high, "D")
	w.y += 2
	for _, l := range s.Lines {
		w.lines(x+3, w.cut(l, wide-6, bodyPt), bodyPt)
	}
	w.y = max(w.y, top+high) + 3
}
