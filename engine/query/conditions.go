package query

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"

	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/plate"
	"posteriori/engine/scene"
)

// Condition is one condition of a filter and what it says of one track.
type Condition struct {
	Flag   string `json:"condition"` // as the command line has it: class, min-duration, where …
	Wanted string `json:"wanted"`
	Had    string `json:"had"`
	Kept   bool   `json:"kept"`
}

// part is one condition of a filter, so that it can be asked alone or left out.
type part struct {
	flag, wanted string
	scope        bool          // says where to look, not for what
	only, drop   func(*Filter) // puts it into an empty filter; takes it out of the whole one
	had          func(view) string
	path         bool // had or away read the path
	// away says how far a track that it drops is from being kept: 0 is next to it,
	// 1 is far or not known. Nil is not known.
	away func(view) float64
}

// view is what a part is explained from. Its track has a path where one is needed.
type view struct {
	Hit
	plan *plan // of the whole filter: its zones, lines and bearings
}

// parts lists the conditions of a filter, in the order of its fields.
func parts(f Filter) []part {
	out := slices.Concat(kindParts(f), timeParts(f), sizeParts(f), groundParts(f), plateParts(f), shapeParts(f), whereParts(f))
	return append(out, scopeParts(f)...)
}

func kindParts(f Filter) (out []part) {
	if f.Classes != nil {
		out = append(out, part{flag: "class", wanted: strings.Join(f.Classes, ", "),
			only: func(g *Filter) { g.Classes = f.Classes }, drop: func(g *Filter) { g.Classes = nil },
			had:  func(v view) string { return fmt.Sprintf("%s, score %.2f", v.Track.Class, v.Track.ClassScore) },
			away: func(v view) float64 { return v.Track.ClassScore }}) // the less sure, the nearer
	}
	if f.Colours != nil {
		out = append(out, part{flag: "colour", wanted: strings.Join(f.Colours, ", "),
			only: func(g *Filter) { g.Colours = f.Colours }, drop: func(g *Filter) { g.Colours = nil },
			had:  func(v view) string { return fmt.Sprintf("%s, score %.2f", v.Track.Colour, v.Track.ColourScore) },
			away: func(v view) float64 { return v.Track.ColourScore }})
	}
	out = append(out, clothingParts(f)...)
	if f.Statuses != nil {
		out = append(out, part{flag: "status", wanted: strings.Join(f.Statuses, ", "),
			only: func(g *Filter) { g.Statuses = f.Statuses }, drop: func(g *Filter) { g.Statuses = nil },
			had: func(v view) string { return string(v.Status) }})
	}
	if f.Events != nil {
		out = append(out, part{flag: "event", wanted: strings.Join(f.Events, ", "),
			only: func(g *Filter) { g.Events = f.Events }, drop: func(g *Filter) { g.Events = nil },
			had: func(v view) string { return cmp.Or(v.Track.Event.String(), "none: it moves") }})
	}
	if f.Headings != nil {
		out = append(out, part{flag: "heading", wanted: strings.Join(f.Headings, ", "),
			only: func(g *Filter) { g.Headings, g.Tolerance, g.North = f.Headings, f.Tolerance, f.North },
			drop: func(g *Filter) { g.Headings = nil },
			had:  hadHeading, away: awayHeading})
	}
	return out
}

// clothingParts are asked of persons: all else has none.
func clothingParts(f Filter) (out []part) {
	worn := func(v view, c scene.Colour, score float64) string {
		if v.Track.Class != scene.Person {
			return "none: it is no person"
		}
		return fmt.Sprintf("%s, score %.2f", c, score)
	}
	away := func(v view, score float64) float64 {
		if v.Track.Class != scene.Person {
			return 1
		}
		return score
	}
	if f.Uppers != nil {
		out = append(out, part{flag: "upper", wanted: strings.Join(f.Uppers, ", "),
			only: func(g *Filter) { g.Uppers = f.Uppers }, drop: func(g *Filter) { g.Uppers = nil },
			had:  func(v view) string { return worn(v, v.Track.Colour, v.Track.ColourScore) },
			away: func(v view) float64 { return away(v, v.Track.ColourScore) }})
	}
	if f.Lowers != nil {
		out = append(out, part{flag: "lower", wanted: strings.Join(f.Lowers, ", "),
			only: func(g *Filter) { g.Lowers = f.Lowers }, drop: func(g *Filter) { g.Lowers = nil },
			had:  func(v view) string { return worn(v, v.Track.Lower, v.Track.LowerScore) },
			away: func(v view) float64 { return away(v, v.Track.LowerScore) }})
	}
	return out
}

func hadHeading(v view) string {
	deg, known := v.Bearing()
	if !known {
		return "none: it did not travel far enough"
	}
	return fmt.Sprintf("%s (%.0f°)", scene.Compass(deg), deg)
}

// awayHeading is the angle to the nearest end of a wanted range, over 180°.
func awayHeading(v view) float64 {
	deg, known := v.Bearing()
	if !known {
		return 1
	}
	least := 180.0
	for _, h := range v.plan.headings {
		for _, end := range []float64{h.From, h.To} {
			d := math.Abs(scene.Turn(deg - end))
			least = min(least, d, 360-d)
		}
	}
	return least / 180
}

func timeParts(f Filter) (out []part) {
	if f.From.Set {
		out = append(out, part{flag: "from", wanted: f.From.String(),
			only: func(g *Filter) { g.From = f.From }, drop: func(g *Filter) { g.From = Moment{} },
			had:  func(v view) string { return "gone at " + v.at(f.From, v.Track.EndUS) },
			away: func(v view) float64 { return v.hours(f.From, v.Track.EndUS) }})
	}
	if f.To.Set {
		out = append(out, part{flag: "to", wanted: f.To.String(),
			only: func(g *Filter) { g.To = f.To }, drop: func(g *Filter) { g.To = Moment{} },
			had:  func(v view) string { return "there from " + v.at(f.To, v.Track.StartUS) },
			away: func(v view) float64 { return v.hours(f.To, v.Track.StartUS) }})
	}
	length := func(v view) int64 { return v.Track.EndUS - v.Track.StartUS }
	had := func(v view) string { return "in view " + exact(length(v)) }
	if f.MinDurationUS > 0 {
		out = append(out, part{flag: "min-duration", wanted: exact(f.MinDurationUS), had: had,
			only: func(g *Filter) { g.MinDurationUS = f.MinDurationUS }, drop: func(g *Filter) { g.MinDurationUS = 0 },
			away: func(v view) float64 { return ratio(float64(length(v)), float64(f.MinDurationUS)) }})
	}
	if f.MaxDurationUS > 0 {
		out = append(out, part{flag: "max-duration", wanted: exact(f.MaxDurationUS), had: had,
			only: func(g *Filter) { g.MaxDurationUS = f.MaxDurationUS }, drop: func(g *Filter) { g.MaxDurationUS = 0 },
			away: func(v view) float64 { return ratio(float64(length(v)), float64(f.MaxDurationUS)) }})
	}
	return out
}

// at is media time us in the kind of time that m is.
func (v view) at(m Moment, us int64) string {
	if m.Media {
		return MediaTime(us)
	}
	at, ok := v.Clock(us)
	if !ok {
		return "a clock time that is not known"
	}
	return at.Format(time.RFC3339)
}

// hours is how far media time us is from m, 1 for an hour or more.
func (v view) hours(m Moment, us int64) float64 {
	if !m.Media {
		if v.Recording.ClockUS == nil {
			return 1
		}
		us += *v.Recording.ClockUS
	}
	return min(1, math.Abs(float64(us-m.US))/3.6e9)
}

func sizeParts(f Filter) (out []part) {
	for _, s := range []struct {
		flag string
		size Size
		of   func(*Filter) *Size
	}{{"min-size", f.MinSize, func(g *Filter) *Size { return &g.MinSize }}, {"max-size", f.MaxSize, func(g *Filter) *Size { return &g.MaxSize }}} {
		if s.size == (Size{}) {
			continue
		}
		out = append(out, part{flag: s.flag, wanted: s.size.String(),
			only: func(g *Filter) { *s.of(g) = s.size }, drop: func(g *Filter) { *s.of(g) = Size{} },
			had: func(v view) string { return fmt.Sprintf("%.0fx%.0f px", v.Size.MedianW, v.Size.MedianH) },
			away: func(v view) float64 {
				d := 0.0
				if s.size.W > 0 {
					d = ratio(v.Size.MedianW, s.size.W)
				}
				if s.size.H > 0 {
					d = max(d, ratio(v.Size.MedianH, s.size.H))
				}
				return d
			}})
	}
	return out
}

// String writes the size for a person to read.
func (s Size) String() string {
	if s.W == 0 {
		return fmt.Sprintf("%g px high", s.H)
	}
	return fmt.Sprintf("%gx%g px", s.W, s.H)
}

// ratio is 0 for equal numbers and nears 1 as one is many times the other.
func ratio(a, b float64) float64 {
	if a <= 0 || b <= 0 {
		return 1
	}
	return 1 - min(a, b)/max(a, b)
}

func scopeParts(f Filter) (out []part) {
	if f.Recordings != nil {
		out = append(out, part{flag: "recording", scope: true, wanted: strings.Join(strings.Fields(fmt.Sprint(f.Recordings)), ", "),
			only: func(g *Filter) { g.Recordings = f.Recordings }, drop: func(g *Filter) { g.Recordings = nil },
			had: func(v view) string { return fmt.Sprint(v.Recording.ID) }})
	}
	if f.Cameras != nil {
		out = append(out, part{flag: "camera", scope: true, wanted: strings.Join(f.Cameras, ", "),
			only: func(g *Filter) { g.Cameras = f.Cameras }, drop: func(g *Filter) { g.Cameras = nil },
			had: func(v view) string { return v.Recording.Camera }})
	}
	return out
}

// whereParts cuts an expression at the "and"s of its top level.
func whereParts(f Filter) (out []part) {
	x, err := compile(f)
	if err != nil || x == nil {
		return nil
	}
	terms := conjuncts(x.tree)
	texts := make([]string, len(terms))
	for i, n := range terms {
		texts[i] = n.String()
	}
	for i, text := range texts {
		alone := f
		if alone.Where = text; len(texts) == 1 {
			text, alone.Where = f.Where, f.Where
		} else if _, err := compile(alone); err != nil { // a term that does not stand alone
			return []part{wherePart(f.Where, "")}
		}
		rest := slices.Delete(slices.Clone(texts), i, i+1)
		out = append(out, wherePart(text, strings.Join(rest, " and ")))
	}
	return out
}

func wherePart(text, rest string) part {
	return part{flag: "where", wanted: text, only: func(g *Filter) { g.Where = text }, drop: func(g *Filter) { g.Where = rest },
		had: func(view) string { return "not so" }}
}

func conjuncts(n ast.Node) []ast.Node {
	if b, ok := n.(*ast.BinaryNode); ok && (b.Operator == "and" || b.Operator == "&&") {
		return slices.Concat(conjuncts(b.Left), conjuncts(b.Right))
	}
	return []ast.Node{n}
}

// Explain tells, condition by condition, what f says of one track. Each is
// asked as a search asks it. The track comes with its path. One that is not
// there is fault.NotFound.
func Explain(ctx context.Context, store *index.Store, f Filter, key index.Key) (Hit, []Condition, error) {
	whole, recs, err := prepare(ctx, store, f)
	if err != nil {
		return Hit{}, nil, err
	}
	if _, err := store.Track(ctx, key.Recording, key.Track, false); err != nil {
		return Hit{}, nil, err
	}
	v := view{plan: whole}
	for row, err := range store.Rows(ctx, []index.Key{key}, true) {
		if err != nil {
			return Hit{}, nil, err
		}
		v.Hit = whole.hit(recs, row)
	}
	if v.Recording == nil {
		return Hit{}, nil, fault.New(fault.NotFound, "track %d:%d has just been erased", key.Recording, key.Track)
	}
	var out []Condition
	for _, p := range parts(f) {
		kept, match, err := p.keeps(ctx, store, f, recs, whole.grounds, key)
		if err != nil {
			return Hit{}, nil, err
		}
		c := Condition{Flag: p.flag, Wanted: p.wanted, Kept: kept, Had: p.had(v)}
		if match != nil {
			whole.matches[key] = *match
			c.Had = why(*match, true)
		}
		if kept && p.flag == "where" {
			c.Had = "so"
		}
		out = append(out, c)
	}
	plates, err := whole.plates(ctx, store, []index.Key{key}, []index.Status{v.Status})
	v.Plate = plates[key]
	return v.Hit, out, err
}

// oneTrack narrows a search to one track.
func oneTrack(w index.Where, key index.Key) index.Where {
	cond := "r.id = ? AND t.id = ?"
	if w.SQL != "" {
		cond += " AND (" + w.SQL + ")"
	}
	w.SQL, w.Args, w.Narrow = cond, append([]any{key.Recording, key.Track}, w.Args...), false
	return w
}

// keeps asks the part alone of one track; with how its plate matched, if that
// was asked.
func (p part) keeps(ctx context.Context, store *index.Store, f Filter, recs map[int64]*index.Recording, grounds map[int64]scene.Ground, key index.Key) (bool, *plate.Match, error) {
	g := Filter{Zones: f.Zones, Lines: f.Lines, Tolerance: f.Tolerance, North: f.North}
	p.only(&g)
	alone, err := newPlan(g)
	if err != nil {
		return false, nil, err
	}
	alone.grounds = grounds
	alone.where = oneTrack(alone.where, key)
	found := false
	err = alone.walk(ctx, store, recs, func(index.Row) bool { found = true; return false })
	if m, ok := alone.matches[key]; ok {
		return found, &m, err
	}
	return found, nil, err
}
