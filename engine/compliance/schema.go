package compliance

import (
	"reflect"
	"regexp"
	"slices"
	"strings"

	"posteriori/engine/wire"
	"posteriori/models"
)

// blobs are the columns that may hold bytes, and why none is a vector of what
// a person looks like.
var blobs = map[string]Text{
	"chunk.times": {"times of frames (scene.PackTimes)", "instants des images"},
	"piece.msg":   {"a piece of a track until it is stitched, as JSON (the line on messages says what is in it)", "partie d’un objet suivi en attente de raccord (contenu : voir la ligne sur le second programme)"},
	"plate.jpeg":  {"a picture of the scene without its movers", "image de la scène sans ce qui y bouge"},
	"way.path":    {"where a track was: times and boxes (scene.PackPath)", "positions de l’objet : instants et rectangles"},
	"tube.masks":  {"the track's silhouettes, to cut it out of the picture (scene.PackMasks); never compared", "silhouettes, pour détourer l’objet dans l’image ; jamais comparées"},
	"crop.jpeg":   {"the track's best picture, for a person to look at; never compared", "meilleure vue de l’objet, pour l’œil humain ; jamais comparée"},

	"registration_read.reads": {"what was read of a vehicle's number plate, character by character (plate.Pack)", "lecture d’une plaque d’immatriculation, caractère par caractère"},
}

// trackTexts are the columns of tables tied to a track that may hold text.
var trackTexts = map[string]string{
	"decision.verdict": "validated, rejected or comment", "decision.body": "what a person wrote", "decision.by_whom": "who decided",
	"rectification.field": "class, colour or lower (clothing)", "rectification.by_whom": "who corrected",
	"tube.votes":        "why the class and the colours: of each the three names with most votes, in hundredths, and how often the detector found it",
	"registration.best": "a vehicle's number plate, masked until a person validated the track", "registration.unmasked_by": "who unmasked it",
}

// Column is one column of the index.
type Column struct {
	Table, Name, Type string
	Tied              bool // its table's rows are about one track
}

var (
	comment     = regexp.MustCompile(`--[^\n]*`)
	createTable = regexp.MustCompile(`(?is)^\s*CREATE\s+(?:VIRTUAL\s+)?(?:TEMP\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?["\x60\[]?(\w+)["\x60\]]?\s*(.*)$`)
	addColumn   = regexp.MustCompile(`(?is)^\s*ALTER\s+TABLE\s+["\x60\[]?(\w+)["\x60\]]?\s+ADD\s+(?:COLUMN\s+)?(.*)$`)
	constraint  = regexp.MustCompile(`(?i)^(PRIMARY|FOREIGN|UNIQUE|CHECK|CONSTRAINT)\b`)
	numbered    = regexp.MustCompile(`^(.*?)_?\d+$`)
)

// Columns reads the columns that a schema's text makes, in its order.
func Columns(schema string) []Column {
	var out []Column
	for _, stmt := range strings.Split(comment.ReplaceAllString(schema, ""), ";") {
		table, body := "", ""
		if m := createTable.FindStringSubmatch(stmt); m != nil {
			table, body = m[1], m[2]
			if i, j := strings.Index(body, "("), strings.LastIndex(body, ")"); i >= 0 && j > i {
				body = body[i+1 : j]
			}
		} else if m := addColumn.FindStringSubmatch(stmt); m != nil {
			table, body = m[1], m[2]
		}
		for _, def := range splitTop(body) {
			f := strings.Fields(def)
			if len(f) == 0 || constraint.MatchString(f[0]) {
				continue
			}
			c := Column{Table: table, Name: strings.Trim(f[0], "\"`[]")}
			if len(f) > 1 {
				c.Type = strings.ToUpper(strings.Trim(f[1], "(,"))
			}
			if !slices.ContainsFunc(out, func(d Column) bool { return d.Table == c.Table && d.Name == c.Name }) {
				out = append(out, c)
			}
		}
	}
	tied := map[string]bool{"track": true}
	for _, c := range out {
		if c.Name == "track" || c.Table == "piece" {
			tied[c.Table] = true
		}
	}
	for i := range out {
		out[i].Tied = tied[out[i].Table]
	}
	return out
}

// splitTop cuts at the commas outside brackets.
func splitTop(s string) []string {
	var out []string
	depth, from := 0, 0
	for i, r := range s {
		switch r {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				out = append(out, strings.TrimSpace(s[from:i]))
				from = i + 1
			}
		}
	}
	return append(out, strings.TrimSpace(s[from:]))
}

// CheckSchema sees that no column of the index holds a vector: bytes only
// where it is known what they are, no text tied to a track but known ones, no
// column counted up (v0, v1, …), none with a word of recognition for a name,
// and only the types of a strict table.
func CheckSchema(schema string) Check {
	c := check("schema", Text{"no vector is tied to a track in the index", "Aucun vecteur rattaché à un objet suivi dans l’index"}, nil, nil)
	cols := Columns(schema)
	if len(cols) < 20 {
		c.fail(say("only %d columns were read, which proves nothing", "%d colonnes lues seulement, ce qui ne prouve rien", len(cols)))
	}
	family := map[string]int{}
	for _, col := range cols {
		full := col.Table + "." + col.Name
		// A column may number things and name an analysis: identity of data.
		words := slices.DeleteFunc(models.ForbiddenWords(full), func(w string) bool { return strings.HasSuffix(w, "(identity of a person)") })
		if len(words) > 0 {
			c.fail(speaks(full, words))
		}
		switch why, known := blobs[full]; {
		case col.Type == "INTEGER" || col.Type == "REAL":
		case col.Type == "TEXT" && (!col.Tied || trackTexts[full] != ""):
		case col.Type == "BLOB" && known:
			c.Facts = append(c.Facts, say("%s: %s", "%s : %s", full, why))
		default:
			c.fail(say("%s is a %s of which nobody says what it holds", "%s est un %s dont le contenu n’est déclaré nulle part", full, col.Type))
		}
		if m := numbered.FindStringSubmatch(col.Name); m != nil {
			if stem := col.Table + "." + m[1]; family[stem] >= 0 {
				if family[stem]++; family[stem] > 8 {
					family[stem] = -1 << 30
					c.fail(say("the columns %s… are counted up like a vector's", "les colonnes %s… sont numérotées comme celles d’un vecteur", stem))
				}
			}
		}
	}
	c.Facts = append(c.Facts, say("%d columns read", "%d colonnes lues", len(cols)))
	return c
}

// trackBytes are the lists in what the worker says of a track.
var trackBytes = map[string]Text{
	"Track.Path":      {"times and boxes", "instants et rectangles"},
	"Track.Masks":     {"silhouettes, to cut the track out of the picture", "silhouettes, pour détourer l’objet dans l’image"},
	"Track.Crop.JPEG": {"the best picture, for a person to look at", "meilleure vue, pour l’œil humain"},
	"ClassVotes":      {"score of each class", "score de chaque classe"}, "ColourVotes": {"score of each colour", "score de chaque couleur"},
	"LowerVotes": {"score of each colour of lower clothing", "score de chaque couleur du vêtement du bas"},
	"Plates":     {"what was read of its number plate, character by character", "lecture de sa plaque, caractère par caractère"},
}

// CheckMessages sees that the worker says nothing of a track that could be a
// vector: no list of numbers but known ones.
func CheckMessages() Check { return checkMessage(reflect.TypeFor[wire.TrackMsg]()) }

func checkMessage(t reflect.Type) Check {
	c := check("messages", Text{"what the worker says of a track holds no vector", "Aucun vecteur dans ce que le second programme dit d’un objet suivi"}, nil, nil)
	walk(t, "", &c, 0)
	return c
}

func walk(t reflect.Type, at string, c *Check, depth int) {
	switch t.Kind() {
	case reflect.Pointer:
		walk(t.Elem(), at, c, depth)
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			name := strings.TrimPrefix(at+"."+f.Name, ".")
			if words := models.ForbiddenWords(f.Name); len(words) > 0 {
				c.fail(speaks(name, words))
			}
			if depth < 8 {
				walk(f.Type, name, c, depth+1)
			}
		}
	case reflect.Slice, reflect.Array, reflect.Map, reflect.Interface:
		if why, ok := trackBytes[at]; ok {
			c.Facts = append(c.Facts, say("%s: %s", "%s : %s", at, why))
		} else {
			c.fail(say("%s is a %s of which nobody says what it holds", "%s est un %s dont le contenu n’est déclaré nulle part", at, t))
		}
	}
}
