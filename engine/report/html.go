package report

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"html/template"
)

//go:embed page.html
var pageHTML string

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

// htmlPage is what the template sees.
type htmlPage struct {
	Title, Subtitle, Running, Service, Mark, Producer string

	Blocks []htmlBlock
}

// htmlBlock is a block with its kind, for the template to choose by.
type htmlBlock struct {
	Kind string
	B    block
}

// Class is the style's class in the page.
func (s span) Class() string { return [...]string{"", "b", "i", "m"}[s.Style] }

// Widths are the columns' shares of the line in per cent.
func (t table) Widths() []float64 {
	sum := 0.0
	for _, c := range t.Columns {
		sum += c.Width
	}
	out := make([]float64, len(t.Columns))
	for i, c := range t.Columns {
		out[i] = float64(int(c.Width/sum*1000)) / 10
	}
	return out
}

// Source is the picture as an address that needs no other file; empty when
// there is none that can be shown.
func (f figure) Source() template.URL {
	if _, _, ok := pictureSize(f.JPEG); !ok {
		return ""
	}
	return template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(f.JPEG)) // checked to be a JPEG
}

// html writes the tree as one page that needs no other file.
func (t *tree) html() ([]byte, error) {
	page := htmlPage{Title: clean(t.title), Subtitle: clean(t.subtitle), Running: clean(t.running),
		Service: clean(t.service), Mark: t.mark, Producer: clean(t.producer)}
	for _, b := range t.blocks {
		page.Blocks = append(page.Blocks, htmlBlock{b.kind(), b})
	}
	var buf bytes.Buffer
	if err := pageTemplate.Execute(&buf, page); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}
