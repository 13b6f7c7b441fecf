package report

import "time"

// tree is one document before it is written: what both writers show.
type tree struct {
	title, subtitle string
	running         string // on each page: procedure and title
	service         string
	mark            string
	producer        string
	made            time.Time
	blocks          []block
}

// block is one of heading, para, list, pairs, table, figure, signature.
type block interface{ kind() string }

// style is how a stretch of text is set.
type style uint8

const (
	plain style = iota
	bold
	italic
	mono // hashes, file names, expressions: may break anywhere
)

// span is a stretch of text in one style; text a sequence of them.
type span struct {
	Text  string
	Style style
}

type text []span

type heading struct {
	Level int // 1 or 2
	Text  string
}

// para is a paragraph; Note sets it apart in a box.
type para struct {
	Text text
	Note bool
}

type list struct{ Items []text }

// pairs are fields with their names. An empty value is shown as « non
// renseigné ».
type pairs struct{ Rows []pair }

type pair struct {
	Name  string
	Value text
}

// column is a column of a table; Width is its share of the line.
type column struct {
	Title string
	Width float64
	Right bool
}

// table has its head repeated on each page that it runs over. Empty is shown
// in place of a table without rows.
type table struct {
	Columns []column
	Rows    [][]text
	Empty   string
}

// figure is a picture with lines of text beside it.
type figure struct {
	JPEG  []byte // nil, or unreadable: said so in its place
	Alt   string
	Title string
	Rows  []pair
}

// signature is the place for a name and a signature.
type signature struct{ Lines []text }

func (heading) kind() string   { return "heading" }
func (para) kind() string      { return "para" }
func (list) kind() string      { return "list" }
func (pairs) kind() string     { return "pairs" }
func (table) kind() string     { return "table" }
func (figure) kind() string    { return "figure" }
func (signature) kind() string { return "signature" }

func (t *tree) add(b ...block) { t.blocks = append(t.blocks, b...) }

func (t *tree) h1(s string) { t.add(heading{1, typo(s)}) }
func (t *tree) h2(s string) { t.add(heading{2, typo(s)}) }

// p adds a paragraph of our own words; arguments are data.
func (t *tree) p(format string, args ...any) { t.add(para{Text: ours(format, args...)}) }

// note adds a paragraph in a box.
func (t *tree) note(format string, args ...any) {
	t.add(para{Text: ours(format, args...), Note: true})
}

// data makes text of a value as it was given; an empty one is not renseigné.
func data(s string) text { return styled(s, plain) }

// code makes text in the fixed-width face: a hash, a file name, an expression.
func code(s string) text { return styled(s, mono) }

func styled(s string, st style) text {
	if s = clean(s); s == "" {
		return text{{unknown, italic}}
	}
	return text{{s, st}}
}

// unknown stands where a field is empty.
const unknown = "non renseigné"

// ours makes text of our own words, with French spacing; arguments, strings
// and [text] alike, are data and stay as they are. Verbs are %s and %d only.
func ours(format string, args ...any) text {
	var out text
	for format != "" {
		at := verb(format)
		if at < 0 || len(args) == 0 {
			break
		}
		out = append(out, span{typo(format[:at]), plain})
		switch v := args[0].(type) {
		case text:
			out = append(out, v...)
		case string:
			out = append(out, data(v)...)
		case int:
			out = append(out, span{Number(int64(v)), plain})
		case int64:
			out = append(out, span{Number(v), plain})
		}
		format, args = format[at+2:], args[1:]
	}
	if format != "" {
		out = append(out, span{typo(format), plain})
	}
	return out
}

func verb(s string) int {
	for i := 0; i+1 < len(s); i++ {
		if s[i] == '%' && (s[i+1] == 's' || s[i+1] == 'd') {
			return i
		}
	}
	return -1
}

// joined puts texts after each other.
func joined(parts ...text) text {
	var out text
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

// lines puts texts under each other; those that are empty are left out.
func lines(parts ...text) text {
	var out text
	for _, p := range parts {
		if len(p) == 0 {
			continue
		}
		if len(out) > 0 {
			out = append(out, span{"\n", plain})
		}
		out = append(out, p...)
	}
	return out
}
