package report

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Search is one search that was run, fruitless, refused and failed ones too,
// as the journal has it.
type Search struct {
	Record  int64
	At      time.Time
	By      string
	Act     string // journal.Sub
	Reason  string
	Filter  string // canonical JSON of query.Filter, as the journal has it
	Results *int64
	Outcome string // journal.Outcome
	Rule    string // that refused
	Failure string // fault.Kind, when it failed
}

// result says what came of the search.
func (s Search) result() text {
	switch {
	case s.Outcome == "refused":
		return ours("refusée (règle n° %s)", s.Rule)
	case s.Outcome != "ok":
		return ours("échec : %s", Term(Failure, s.Failure))
	case s.Results == nil: // one track was looked at
		return data("sans objet")
	case *s.Results == 0:
		return styled("aucun résultat", bold)
	}
	return data(plural(*s.Results, "piste", "pistes"))
}

// field writes the value of one field of a filter in French.
type field struct {
	name  string
	write func(json.RawMessage) (string, bool)
}

// filterFields are the fields of query.Filter.
var filterFields = map[string]field{
	"classes":    {"nature", termList(Class)},
	"colours":    {"couleur", termList(Colour)},
	"uppers":     {"vêtement du haut", termList(Colour)},
	"lowers":     {"vêtement du bas", termList(Colour)},
	"recordings": {"enregistrements", recordingList},
	"cameras":    {"caméras", stringList},
	"headings":   {"direction", headingList},
	"plate":      {"plaque", plateAsked},
	"plate_read": {"plaque", func(raw json.RawMessage) (string, bool) {
		v, ok := decode[bool](raw)
		return "lue par le logiciel", ok && v
	}},
	"heading_tolerance": {"tolérance de direction", degrees},
	"north":             {"nord indiqué pour", northList},
	"from":              {"à partir de", moment},
	"to":                {"jusqu’à", moment},
	"min_duration_us":   {"durée d’au moins", spanOf},
	"max_duration_us":   {"durée d’au plus", spanOf},
	"min_size":          {"taille d’au moins", sizeOf},
	"max_size":          {"taille d’au plus", sizeOf},
	"zones":             {"zones tracées", shapes},
	"lines":             {"lignes tracées", shapes},
	"enters":            {"entre dans", stringList},
	"leaves":            {"sort de", stringList},
	"dwell":             {"séjour", dwells},
	"crosses":           {"franchit", crosses},
	"stop_us":           {"arrêt d’au moins", spanOf},
	"events":            {"objet", termList(Event)},
	"min_speed_kmh":     {"vitesse d’au moins", kmh},
	"max_speed_kmh":     {"vitesse d’au plus", kmh},
	"where":             {"expression", oneString},
	"status":            {"décision", statusOf},
	"statuses":          {"décision", termList(Verdict)},
}

// FilterWords writes the canonical form of a filter in French, one condition
// after the other. A condition that it does not know is given as it stands: a
// search must never look wider in a report than it was.
func FilterWords(canonical string) string {
	if out := fieldWords(canonical, filterFields); out != "" {
		return out
	}
	return "toutes les pistes"
}

// fieldWords writes a JSON object in French, its fields in the order of their
// names. A field that the table lacks, and an object that cannot be read, are
// given as they stand.
func fieldWords(object string, known map[string]field) string {
	var f map[string]json.RawMessage
	if strings.TrimSpace(object) == "" {
		return ""
	}
	if err := json.Unmarshal([]byte(object), &f); err != nil {
		return clean(object)
	}
	var out []string
	for _, key := range slices.Sorted(maps.Keys(f)) {
		raw := f[key]
		if k, ok := known[key]; ok {
			if s, good := k.write(raw); good {
				if s != "" {
					out = append(out, k.name+nbsp+": "+clean(s))
				}
				continue
			}
		}
		out = append(out, clean(key)+nbsp+": "+clean(string(raw)))
	}
	return strings.Join(out, thin+"; ")
}

func decode[T any](raw json.RawMessage) (v T, ok bool) {
	return v, json.Unmarshal(raw, &v) == nil
}

// plateAsked tells that a plate was asked for: the journal holds no text of it.
func plateAsked(raw json.RawMessage) (string, bool) {
	v, ok := decode[struct {
		Fuzzy   int
		Literal bool
	}](raw)
	s := "un motif, consigné sous forme d’engagement et non en clair"
	if v.Fuzzy > 0 {
		s += ", " + plural(int64(v.Fuzzy), "caractère d’écart admis", "caractères d’écart admis")
	}
	if v.Literal {
		s += ", sans caractères ressemblants"
	}
	return s, ok
}

func stringList(raw json.RawMessage) (string, bool) {
	v, ok := decode[[]string](raw)
	return strings.Join(v, ", "), ok
}

func oneString(raw json.RawMessage) (string, bool) { return decode[string](raw) }

func statusOf(raw json.RawMessage) (string, bool) {
	if v, ok := decode[string](raw); ok {
		return Term(Verdict, v), true
	}
	return termList(Verdict)(raw)
}

func termList(v Vocabulary) func(json.RawMessage) (string, bool) {
	return func(raw json.RawMessage) (string, bool) {
		names, ok := decode[[]string](raw)
		return terms(v, names), ok
	}
}

func recordingList(raw json.RawMessage) (string, bool) {
	v, ok := decode[[]int64](raw)
	out := make([]string, len(v))
	for i, n := range v {
		out[i] = "E" + strconv.FormatInt(n, 10)
	}
	return strings.Join(out, ", "), ok
}

func headingList(raw json.RawMessage) (string, bool) {
	v, ok := decode[[]string](raw)
	for i, h := range v {
		if Known(Heading, strings.ToUpper(h)) {
			v[i] = Term(Heading, strings.ToUpper(h))
		} else {
			v[i] = h + "°"
		}
	}
	return strings.Join(v, ", "), ok
}

func degrees(raw json.RawMessage) (string, bool) {
	v, ok := decode[float64](raw)
	return decimal(v) + "°", ok
}

func kmh(raw json.RawMessage) (string, bool) {
	v, ok := decode[float64](raw)
	return decimal(v) + nbsp + "km/h, marge d’erreur comprise", ok
}

func northList(raw json.RawMessage) (string, bool) {
	v, ok := decode[map[string]float64](raw)
	var out []string
	for _, camera := range slices.Sorted(maps.Keys(v)) {
		out = append(out, fmt.Sprintf("%s à %s°", camera, decimal(v[camera])))
	}
	return strings.Join(out, ", "), ok
}

// moment writes a query.Moment: a wall-clock time in the zone it was asked in,
// or a media time.
func moment(raw json.RawMessage) (string, bool) {
	s, ok := decode[string](raw)
	if !ok {
		return "", false
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return Moment(t, t.Location()), true
	}
	if d, err := time.ParseDuration(s); err == nil {
		return Span(d.Microseconds()) + " après le début", true
	}
	return s + " après le début", true
}

func spanOf(raw json.RawMessage) (string, bool) {
	v, ok := decode[int64](raw)
	return Span(v), ok
}

func sizeOf(raw json.RawMessage) (string, bool) {
	v, ok := decode[struct{ W, H float64 }](raw)
	var out []string
	if v.W > 0 {
		out = append(out, "largeur "+decimal(v.W)+" pixels")
	}
	if v.H > 0 {
		out = append(out, "hauteur "+decimal(v.H)+" pixels")
	}
	return strings.Join(out, ", "), ok && len(out) > 0
}

func shapes(raw json.RawMessage) (string, bool) {
	type point struct{ X, Y float64 }
	v, ok := decode[[]struct {
		Name    string
		Polygon []point
		A, B    *point
	}](raw)
	var out []string
	for _, s := range v {
		if s.A != nil && s.B != nil {
			s.Polygon = []point{*s.A, *s.B}
		}
		var corners []string
		for _, p := range s.Polygon {
			corners = append(corners, "("+decimal(p.X)+thin+"; "+decimal(p.Y)+")")
		}
		out = append(out, s.Name+" "+strings.Join(corners, " "))
	}
	return strings.Join(out, ", "), ok
}

func dwells(raw json.RawMessage) (string, bool) {
	v, ok := decode[[]struct {
		Zone  string
		MinUS int64 `json:"min_us"`
	}](raw)
	var out []string
	for _, d := range v {
		out = append(out, "au moins "+Span(d.MinUS)+" dans "+d.Zone)
	}
	return strings.Join(out, ", "), ok
}

func crosses(raw json.RawMessage) (string, bool) {
	v, ok := decode[[]struct{ Line, Side string }](raw)
	var out []string
	for _, c := range v {
		switch c.Side {
		case "left":
			c.Line += " vers la gauche"
		case "right":
			c.Line += " vers la droite"
		}
		out = append(out, c.Line)
	}
	return strings.Join(out, ", "), ok
}

// decimal writes a number with as many digits as it has, up to two.
func decimal(v float64) string {
	s := Decimal(v, 2)
	if head, frac, ok := strings.Cut(s, ","); ok {
		if frac = strings.TrimRight(frac, "0"); frac == "" {
			return head
		}
		return head + "," + frac
	}
	return s
}
