package report

import (
	"math"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goitalic"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// face is one of the four faces that documents are set in.
type face struct {
	family, style string // as fpdf names them
	ttf           []byte
	font          *sfnt.Font
}

// faces are the faces by style. The Go fonts (Bigelow & Holmes, BSD licence)
// may be embedded freely.
var faces = sync.OnceValue(func() [4]face {
	out := [4]face{
		plain:  {family: "go", ttf: goregular.TTF},
		bold:   {family: "go", style: "B", ttf: gobold.TTF},
		italic: {family: "go", style: "I", ttf: goitalic.TTF},
		mono:   {family: "gomono", ttf: gomono.TTF},
	}
	for i := range out {
		f, err := sfnt.Parse(out[i].ttf)
		if err != nil {
			panic("an embedded font cannot be read: " + err.Error())
		}
		out[i].font = f
	}
	return out
})

// ruler measures text of one size as the PDF writer will set it. It is used
// by one goroutine.
type ruler struct {
	mm     float64 // height of the em
	widths *[4]map[rune]int
	buf    *sfnt.Buffer
}

func newRuler() ruler {
	r := ruler{widths: new([4]map[rune]int), buf: new(sfnt.Buffer)}
	for i := range r.widths {
		r.widths[i] = map[rune]int{}
	}
	return r
}

const mmPerPoint = 25.4 / 72

func (r ruler) sized(points float64) ruler {
	r.mm = points * mmPerPoint
	return r
}

func (r ruler) width(s string, st style) float64 {
	sum := 0
	for _, c := range s {
		n, ok := r.widths[st][c]
		if !ok {
			n = r.advance(c, st)
			r.widths[st][c] = n
		}
		sum += n
	}
	return float64(sum) / 1000 * r.mm * scale(st)
}

// scale is the size of a style against its neighbours': the fixed-width face
// looks large, and a SHA-256 has to fit on a line.
func scale(st style) float64 {
	if st == mono {
		return 0.9
	}
	return 1
}

// advance is the width of a letter in thousandths of the em.
func (r ruler) advance(c rune, st style) int {
	f := faces()[st].font
	g, err := f.GlyphIndex(r.buf, c)
	if err != nil {
		return 500
	}
	em := int(f.UnitsPerEm())
	a, err := f.GlyphAdvance(r.buf, g, fixed.I(em), font.HintingNone)
	if err != nil {
		return 500
	}
	return int(math.Round(float64(a) / 64 / float64(em) * 1000))
}
