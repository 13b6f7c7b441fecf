package activity

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/image/draw"

	"posteriori/engine/scene"
)

// Sheet is the finished picture: the chart, then the heat maps.
type Sheet struct {
	Title, Scope, Mark string // heading, what was searched, demonstration mark
	bins               []Bin
	length             time.Duration
	clocks             bool
	noClock            int
	views              []View // of the heat maps; none when they are not wanted
}

// Sheet lays out what was counted, with heat maps if wanted.
func (a *Activity) Sheet(title, scope, mark string, heat bool) *Sheet {
	s := &Sheet{Title: title, Scope: scope, Mark: mark, clocks: a.clocks}
	s.bins, s.length = a.Hours()
	s.noClock = a.NoClock
	if heat {
		s.views = a.Views
	}
	return s
}

// Layout, in pixels.
const (
	sheetW    = 1200
	margin    = 60
	chartTop  = 90
	chartH    = 300
	chartFoot = 70
	viewW     = sheetW - 2*margin
	titleH    = 34
)

func (v *View) height() int { return max(1, viewW*max(1, v.Height)/max(1, v.Width)) }

func (s *Sheet) size() (w, h int) {
	h = chartTop + chartH + chartFoot + 20
	for i := range s.views {
		h += titleH + s.views[i].height() + 30
	}
	return sheetW, h
}

var (
	ink    = color.RGBA{0x22, 0x22, 0x22, 255}
	faint  = color.RGBA{0xdd, 0xdd, 0xdd, 255}
	paper  = color.RGBA{255, 255, 255, 255}
	unseen = color.RGBA{0xc8, 0xc8, 0xc8, 255}
)

// The kinds of objects that the chart tells apart, from the bottom up. The
// colours are Okabe and Ito's, told apart by the colour-blind too.
var kinds = []struct {
	name  string
	of    []scene.Class
	paint color.RGBA
}{
	{"personne", []scene.Class{scene.Person}, color.RGBA{0x00, 0x72, 0xb2, 255}},
	{"vélo, moto", []scene.Class{scene.Bicycle, scene.Motorcycle}, color.RGBA{0x00, 0x9e, 0x73, 255}},
	{"voiture", []scene.Class{scene.Car}, color.RGBA{0xe6, 0x9f, 0x00, 255}},
	{"bus, camion", []scene.Class{scene.Bus, scene.Truck}, color.RGBA{0xd5, 0x5e, 0x00, 255}},
	{"autre", nil, color.RGBA{0x80, 0x80, 0x80, 255}},
}

// Count is a number of objects, in French.
func Count(n int) string {
	if n < 2 {
		return fmt.Sprintf("%d objet", n)
	}
	return fmt.Sprintf("%d objets", n)
}

// byKind is a bin's count for each of kinds, and their sum.
func (b Bin) byKind() (n []int, sum int) {
	n = make([]int, len(kinds))
	for c, k := range b.Objects {
		i := slices.IndexFunc(kinds, func(k struct {
			name  string
			of    []scene.Class
			paint color.RGBA
		}) bool {
			return slices.Contains(k.of, c)
		})
		if i < 0 {
			i = len(kinds) - 1
		}
		n[i] += k
		sum += k
	}
	return n, sum
}

func (s *Sheet) draw(c canvas) error {
	w, h := s.size()
	c.rect(0, 0, float64(w), float64(h), paper)
	c.text(margin, 32, 20, -1, ink, s.Title)
	c.text(margin, 54, 13, -1, ink, s.Scope)
	c.text(sheetW-margin, 32, 14, 1, ink, s.Mark)
	s.chart(c)
	y := float64(chartTop + chartH + chartFoot)
	for i := range s.views {
		v := &s.views[i]
		c.text(margin, y+24, 16, -1, ink, fmt.Sprintf("%s\u00a0: %s, où ils ont posé les pieds ou les roues (de 0,05 à %s s au même endroit)",
			v.Name, Count(v.Objects), strings.ReplaceAll(strconv.FormatFloat(v.most(), 'g', 3, 64), ".", ",")))
		y += titleH
		if err := c.picture(margin, y, viewW, float64(v.height()), v.picture()); err != nil {
			return err
		}
		y += float64(v.height()) + 30
	}
	return nil
}

// chart draws the bars, what was not seen, and the axes.
func (s *Sheet) chart(c canvas) {
	most := 1
	for _, b := range s.bins {
		_, n := b.byKind()
		most = max(most, n)
	}
	const x0, width = float64(margin), float64(sheetW - 2*margin)
	base := float64(chartTop + chartH)
	by := tick(most)
	top := (most + by - 1) / by * by
	for v := 0; v <= top; v += by {
		y := base - float64(v)*chartH/float64(top)
		c.rect(x0, y, width, 1, faint)
		c.text(x0-8, y+4, 12, 1, ink, strconv.Itoa(v))
	}
	each := width / float64(max(1, len(s.bins)))
	for i, b := range s.bins {
		x := x0 + float64(i)*each
		for _, u := range b.Unseen {
			for k := 0.; k < chartH; k += 8 {
				c.rect(x+each*u.From, base-chartH+k, each*(u.To-u.From), 3, unseen)
			}
		}
		n, _ := b.byKind()
		y := base
		for k, v := range n {
			h := float64(v) * chartH / float64(top)
			if v > 0 {
				c.rect(x+each*.08, y-h, each*.84, h, kinds[k].paint)
			}
			y -= h
		}
	}
	s.labels(c, each)
	x := x0
	for _, k := range kinds {
		c.rect(x, base+44, 12, 12, k.paint)
		c.text(x+18, base+55, 13, -1, ink, k.name)
		x += 40 + 8*float64(utf8.RuneCountInString(k.name))
	}
	c.rect(x, base+44, 12, 3, unseen)
	c.rect(x, base+52, 12, 3, unseen)
	note := "non analysé"
	if s.noClock > 0 {
		note += fmt.Sprintf("\u00a0; %s d’enregistrements sans horloge ne sont pas comptés ici", Count(s.noClock))
	}
	c.text(x+18, base+55, 13, -1, ink, note)
}

// labels writes the times under the bars; two bars may bear the same hour in
// the night the clocks go back, so that the offset is written where it changes.
func (s *Sheet) labels(c canvas, each float64) {
	every := max(1, int(math.Ceil(86/each)))
	day, offset := "", 0
	for i := 0; i < len(s.bins); i += every {
		at := s.bins[i].Start
		x := margin + float64(i)*each
		c.rect(x, chartTop+chartH, 1, 5, ink)
		if !s.clocks {
			c.text(x, chartTop+chartH+18, 12, -1, ink, "+"+at.UTC().Sub(time.UnixMicro(0).UTC()).String())
			continue
		}
		form := "15:04"
		switch {
		case s.length >= 24*time.Hour:
			form = "02/01"
		case s.length < time.Minute:
			form = "15:04:05"
		}
		_, now := at.Zone()
		if i == 0 || now != offset {
			form += " -07:00"
		}
		offset = now
		c.text(x, chartTop+chartH+18, 12, -1, ink, at.Format(form))
		if d := at.Format("02/01/2006"); d != day && s.length < 24*time.Hour {
			c.text(x, chartTop+chartH+34, 12, -1, ink, d)
			day = d
		}
	}
}

// tick is a round distance of grid lines, for about five of them.
func tick(most int) int {
	for n := 1; ; n *= 10 {
		for _, k := range []int{1, 2, 5} {
			if most <= 6*k*n {
				return k * n
			}
		}
	}
}

// most is the longest that feet were in one cell, in seconds.
func (v *View) most() float64 { return slices.Max(v.Heat) }

// picture is the plate, darker and grey, under the heat in a logarithmic scale.
func (v *View) picture() image.Image {
	w, h := viewW, v.height()
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(out, out.Bounds(), image.NewUniform(color.Gray{0x40}), image.Point{}, draw.Src)
	if v.Plate != nil {
		grey := image.NewGray(out.Bounds())
		draw.ApproxBiLinear.Scale(grey, grey.Bounds(), v.Plate, v.Plate.Bounds(), draw.Src, nil)
		for i, g := range grey.Pix {
			grey.Pix[i] = g/2 + g/8
		}
		draw.Draw(out, out.Bounds(), grey, image.Point{}, draw.Src)
	}
	heat := image.NewNRGBA(image.Rect(0, 0, HeatW, HeatH))
	top := math.Log1p(min(stillness, v.most()) * 5)
	for i, s := range v.blurred() {
		if s > .02 {
			heat.SetNRGBA(i%HeatW, i/HeatW, glow(min(1, math.Log1p(s*5)/max(top, .1))))
		}
	}
	draw.ApproxBiLinear.Scale(out, out.Bounds(), heat, heat.Bounds(), draw.Over, nil)
	return out
}

// blurred is the heat spread over the nearest cells, for feet tremble.
func (v *View) blurred() []float64 {
	out := make([]float64, len(v.Heat))
	weights := [3]float64{.25, .5, .25}
	for y := range HeatH {
		for x := range HeatW {
			for j, wy := range weights {
				for i, wx := range weights {
					if a, b := x+i-1, y+j-1; a >= 0 && a < HeatW && b >= 0 && b < HeatH {
						out[y*HeatW+x] += wx * wy * v.Heat[b*HeatW+a]
					}
				}
			}
		}
	}
	return out
}

// glow goes from blue over red and yellow to white.
func glow(t float64) color.NRGBA {
	ramp := func(from, to float64) uint8 { return uint8(255 * min(1, max(0, (t-from)/(to-from)))) }
	blue := uint8(255 * max(0, .7-t*1.6))
	return color.NRGBA{ramp(.05, .5), ramp(.4, .85), max(blue, ramp(.85, 1)), uint8(90 + 140*t)}
}
