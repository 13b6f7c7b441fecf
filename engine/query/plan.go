package query

import (
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr/vm"

	"posteriori/engine/index"
	"posteriori/engine/plate"
	"posteriori/engine/scene"
)

// plan is a filter made ready for one index.
type plan struct {
	filter   Filter
	where    index.Where
	expr     *expression
	headings []scene.Headings
	zones    map[string]scene.Zone
	lines    map[string]scene.Line
	pattern  plate.Pattern
	grounds  map[int64]scene.Ground    // by recording
	matches  map[index.Key]plate.Match // how each track that was kept met pattern
	residual bool                      // rows that the SQL chose must pass the tests in Go too
}

// condition collects the parts of a WHERE.
type condition struct {
	parts  []string
	args   []any
	narrow bool
	foot   bool // names an extent of the feet
}

func (c *condition) add(sql string, args ...any) {
	c.parts, c.args = append(c.parts, sql), append(c.args, args...)
}

func (c *condition) push(p pushed) {
	c.add("("+p.sql+")", p.args...)
	c.narrow, c.foot = c.narrow || p.narrow, c.foot || p.foot
}

// newPlan validates a filter and divides it between SQL and Go.
func newPlan(f Filter) (*plan, error) {
	if err := f.Validate(); err != nil {
		return nil, err
	}
	p := &plan{filter: f, zones: map[string]scene.Zone{}, lines: map[string]scene.Line{}}
	var c condition
	p.scopeSQL(&c)
	p.timeSQL(&c)
	p.kindSQL(&c)
	p.sizeSQL(&c)
	p.shapeSQL(&c)
	p.plateSQL(&c)
	p.speedSQL(&c)
	x, err := compile(f)
	if err != nil {
		return nil, err
	}
	if p.expr = x; x != nil {
		if s, ok := push(x.tree, f); ok {
			c.push(s)
		}
		p.residual = true
		p.where.Path = p.where.Path || x.needPath
	}
	p.where.SQL, p.where.Args, p.where.Narrow, p.where.Foot = strings.Join(c.parts, " AND "), c.args, c.narrow, c.foot
	return p, nil
}

func (p *plan) scopeSQL(c *condition) {
	if ids := p.filter.Recordings; len(ids) > 0 {
		c.add("r.id IN (" + intList(ids) + ")")
	}
	if cams := p.filter.Cameras; len(cams) > 0 {
		var args []any
		for _, cam := range cams {
			args = append(args, cam)
		}
		c.add("r.camera IN ("+marks(len(cams))+")", args...)
	}
}

// timeSQL keeps tracks that may lie between From and To. longest_us bounds how
// long before From a track that is still there can have begun, so that the
// index by start finds it.
func (p *plan) timeSQL(c *condition) {
	for _, b := range []struct {
		m            Moment
		media, clock string
	}{
		{p.filter.From, "t.end_us >= ? AND t.start_us >= ? - a.longest_us",
			"t.end_us >= ? - r.clock_unix_us - r.clock_uncertainty_us AND t.start_us >= ? - r.clock_unix_us - r.clock_uncertainty_us - a.longest_us"},
		{p.filter.To, "t.start_us <= ?", "t.start_us <= ? - r.clock_unix_us + r.clock_uncertainty_us"},
	} {
		if !b.m.Set {
			continue
		}
		sql := b.clock
		if b.m.Media {
			sql = b.media
		}
		args := slices.Repeat([]any{b.m.US}, strings.Count(sql, "?"))
		c.add(sql, args...)
		c.narrow = true
	}
}

func (p *plan) kindSQL(c *condition) {
	f := p.filter
	var classes []int64
	for _, n := range f.Classes {
		v, _ := scene.ParseClass(n)
		classes = append(classes, int64(v))
	}
	colours := colourNumbers(f.Colours)
	if classes == nil && colours != nil { // see schema.sql, track_by_kind
		c.add("t.class IN (" + allClasses() + ")")
	}
	if classes != nil {
		c.add("t.class IN (" + intList(classes) + ")")
	}
	if colours != nil {
		c.add("t.colour IN (" + intList(colours) + ")")
	}
	c.narrow = c.narrow || classes != nil || colours != nil
	p.clothingSQL(c)
	p.statusSQL(c)
	p.eventSQL(c)
	for _, s := range f.Headings {
		h, _ := scene.ParseHeadings(s, f.Tolerance)
		p.headings = append(p.headings, h)
	}
	switch {
	case len(p.headings) == 0:
	case len(f.North) > 0: // differs by camera
		c.add("t.heading_deg IS NOT NULL")
		p.residual = true
	default:
		p.headingSQL(c)
	}
}

// clothingSQL keeps persons by what they wear.
func (p *plan) clothingSQL(c *condition) {
	for _, w := range []struct {
		column string
		wanted []string
	}{{"t.colour", p.filter.Uppers}, {"t.lower", p.filter.Lowers}} {
		if w.wanted == nil {
			continue
		}
		c.add(fmt.Sprintf("t.class = %d AND %s IN (%s)", scene.Person, w.column, intList(colourNumbers(w.wanted))))
		c.narrow = true
	}
}

// colourNumbers are colours as the index has them; nil of none.
func colourNumbers(names []string) (out []int64) {
	for _, n := range names {
		v, _ := scene.ParseColour(n)
		out = append(out, int64(v))
	}
	return out
}

// allClasses lists the numbers of all classes.
func allClasses() string {
	var all []int64
	for _, c := range scene.Classes() {
		all = append(all, int64(c))
	}
	return intList(all)
}

// statusSQL is narrow where only decided tracks are wanted: few are.
func (p *plan) statusSQL(c *condition) {
	if len(p.filter.Statuses) == 0 {
		return
	}
	var places []int64
	decided := true
	for _, n := range p.filter.Statuses {
		i := slices.Index(index.Statuses, index.Status(n))
		places = append(places, int64(i))
		decided = decided && i > 0
	}
	if decided { // the index by status holds no others, and SQLite must see it
		c.add("t.status <> 0")
		c.narrow = true
	}
	c.add("t.status IN (" + intList(places) + ")")
}

func (p *plan) eventSQL(c *condition) {
	if p.filter.Events == nil {
		return
	}
	var wanted []int64
	for _, n := range p.filter.Events {
		e, _ := scene.ParseEvent(n)
		wanted = append(wanted, int64(e))
	}
	c.add("t.event <> 0 AND t.event IN (" + intList(wanted) + ")")
	c.narrow = true
}

func (p *plan) headingSQL(c *condition) {
	var any []string
	for _, h := range p.headings {
		op := " AND "
		if h.From > h.To {
			op = " OR "
		}
		any = append(any, "(t.heading_deg >= ?"+op+"t.heading_deg <= ?)")
		c.args = append(c.args, h.From, h.To)
	}
	// A range may end at 360, which is stored as 0.
	for _, h := range p.headings {
		if h.To == 360 {
			any = append(any, "t.heading_deg = 0")
		}
	}
	c.add("(" + strings.Join(any, " OR ") + ")")
}

func (p *plan) sizeSQL(c *condition) {
	f := p.filter
	for _, b := range []struct {
		v   float64
		sql string
	}{
		{f.MinSize.W, "t.median_w_px >= ?"}, {f.MinSize.H, "t.median_h_px >= ?"},
		{f.MaxSize.W, "t.median_w_px <= ?"}, {f.MaxSize.H, "t.median_h_px <= ?"},
	} {
		if b.v > 0 {
			c.add(b.sql, b.v)
		}
	}
	if least := max(f.MinDurationUS, f.StopUS); least > 0 {
		c.add("t.end_us - t.start_us >= ?", least)
	}
	if f.StopUS > 0 {
		c.add("t.stand_us >= ?", f.StopUS)
		c.narrow = true
	}
	if f.MaxDurationUS > 0 {
		c.add("t.end_us - t.start_us <= ?", f.MaxDurationUS)
	}
}

// shapeSQL leaves out tracks whose feet were nowhere near a zone or line that
// the filter needs.
func (p *plan) shapeSQL(c *condition) {
	f := p.filter
	for _, z := range f.Zones {
		p.zones[z.Name] = z
	}
	for _, l := range f.Lines {
		p.lines[l.Name] = l
	}
	zones := slices.Concat(f.Enters, f.Leaves)
	for _, d := range f.Dwell {
		zones = append(zones, d.Zone)
	}
	for _, name := range tidy(zones) {
		c.push(footWithin(p.zones[name].Polygon))
	}
	for _, x := range f.Crosses {
		l := p.lines[x.Line]
		c.push(footWithin(scene.Polygon{l.A, l.B}))
	}
	if len(zones)+len(f.Crosses) > 0 || f.StopUS > 0 {
		p.where.Path, p.residual = true, true
	}
}

// bearing is the heading that filters judge: in the picture, or over ground
// when the camera's north is given.
func (p *plan) bearing(camera string, t scene.Track) (deg float64, known bool) {
	if !t.HasHeading {
		return 0, false
	}
	return scene.Turn(t.Heading - p.filter.North[camera]), true
}

// keeps runs the tests in Go.
func (p *plan) keeps(rec *index.Recording, row index.Row, m *vm.VM, e *env) (bool, error) {
	deg, known := p.bearing(rec.Camera, row.Track)
	if len(p.headings) > 0 {
		in := func(h scene.Headings) bool { return h.Contains(deg) }
		if !known || !slices.ContainsFunc(p.headings, in) {
			return false, nil
		}
	}
	if !p.keepsPath(row.Track.Path) || !p.keepsSpeed(row) {
		return false, nil
	}
	if ok, err := p.keepsPlate(row); !ok || err != nil {
		return false, err
	}
	if p.expr == nil {
		return true, nil
	}
	e.set(rec, row, deg, known)
	return p.expr.holds(m, e)
}

func (p *plan) keepsPath(path scene.Path) bool {
	f := p.filter
	for _, name := range f.Enters {
		if !anyVisit(p.zones[name], path, func(v scene.Visit) bool { return v.Entered }) {
			return false
		}
	}
	for _, name := range f.Leaves {
		if !anyVisit(p.zones[name], path, func(v scene.Visit) bool { return v.Left }) {
			return false
		}
	}
	for _, d := range f.Dwell {
		z := p.zones[d.Zone]
		if z.Dwell(path) < d.MinUS || !anyVisit(z, path, func(scene.Visit) bool { return true }) {
			return false
		}
	}
	for _, c := range f.Crosses {
		if !crosses(p.lines[c.Line], c.Side, path) {
			return false
		}
	}
	return f.StopUS == 0 || len(path.Stops(f.StopUS)) > 0
}
