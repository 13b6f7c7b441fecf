package main

import (
	"fmt"
	"math"
	"strings"
)

// panel is one chart: what was measured over what grew.
type panel struct {
	title, xAxis, yAxis string
	x, y                []float64
}

const (
	panelW, panelH = 420, 260
	marginL        = 64
	marginT        = 34
	marginR        = 18
	marginB        = 46
)

// plot draws panels side by side as one SVG file. Both axes begin at nought,
// so that what is in proportion lies on a straight line through the corner and
// what stays the same on a level one.
func plot(panels ...panel) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12" fill="#222">`+"\n", panelW*len(panels), panelH)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="#fff"/>`+"\n")
	for i, p := range panels {
		p.draw(&b, float64(i*panelW))
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func (p panel) draw(b *strings.Builder, left float64) {
	xTop, yTop := ceiling(p.x), ceiling(p.y)
	px := func(v float64) float64 { return left + marginL + v/xTop*(panelW-marginL-marginR) }
	py := func(v float64) float64 { return panelH - marginB - v/yTop*(panelH-marginT-marginB) }
	text := func(x, y float64, anchor, s string) {
		fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`+"\n", x, y, anchor, escape.Replace(s))
	}
	text(left+marginL, 18, "start", p.title)
	text(left+marginL+(panelW-marginL-marginR)/2, panelH-8, "middle", p.xAxis)
	for k := range 5 {
		v := float64(k) / 4
		fmt.Fprintf(b, `<path d="M%.1f %.1fH%.1f" stroke="#ddd"/>`+"\n", px(0), py(v*yTop), px(xTop))
		text(px(0)-6, py(v*yTop)+4, "end", short(v*yTop))
		text(px(v*xTop), py(0)+16, "middle", short(v*xTop))
	}
	fmt.Fprintf(b, `<text transform="translate(%.1f %.1f) rotate(-90)" text-anchor="middle">%s</text>`+"\n", left+14, py(yTop/2), escape.Replace(p.yAxis))
	fmt.Fprintf(b, `<path d="M%.1f %.1fV%.1fH%.1f" fill="none" stroke="#222"/>`+"\n", px(0), py(yTop), py(0), px(xTop))
	var line []string
	for i := range p.x {
		line = append(line, fmt.Sprintf("%.1f,%.1f", px(p.x[i]), py(p.y[i])))
	}
	fmt.Fprintf(b, `<polyline points="%s" fill="none" stroke="#1f5fa8" stroke-width="2"/>`+"\n", strings.Join(line, " "))
	for i := range p.x {
		fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="3.5" fill="#1f5fa8"/>`+"\n", px(p.x[i]), py(p.y[i]))
	}
}

var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// ceiling is a round number at or above all values: 1, 2 or 4 times a power of ten, times 1 or 2.
func ceiling(v []float64) float64 {
	top := 0.0
	for _, x := range v {
		top = max(top, x)
	}
	if top <= 0 {
		return 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(top)))
	for _, k := range []float64{1, 1.2, 1.6, 2, 4, 6, 8} {
		if k*unit >= top {
			return k * unit
		}
	}
	return 10 * unit
}

// short writes an axis value.
func short(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%.3gM", v/1e6)
	case v >= 1e4:
		return fmt.Sprintf("%.3gk", v/1e3)
	}
	return fmt.Sprintf("%.4g", v)
}
