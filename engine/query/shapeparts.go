package query

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// shapeParts are the conditions on the way that a track went.
func shapeParts(f Filter) (out []part) {
	for i, name := range f.Enters {
		out = append(out, part{path: true, flag: "enters", wanted: name, had: func(v view) string { return visits(v, name) },
			only: func(g *Filter) { g.Enters = []string{name} }, drop: func(g *Filter) { g.Enters = without(f.Enters, i) }})
	}
	for i, name := range f.Leaves {
		out = append(out, part{path: true, flag: "leaves", wanted: name, had: func(v view) string { return visits(v, name) },
			only: func(g *Filter) { g.Leaves = []string{name} }, drop: func(g *Filter) { g.Leaves = without(f.Leaves, i) }})
	}
	for i, d := range f.Dwell {
		out = append(out, part{path: true, flag: "dwell", wanted: exact(d.MinUS) + "@" + d.Zone, had: func(v view) string { return visits(v, d.Zone) },
			only: func(g *Filter) { g.Dwell = []Dwell{d} }, drop: func(g *Filter) { g.Dwell = without(f.Dwell, i) },
			away: func(v view) float64 {
				return ratio(float64(v.plan.zones[d.Zone].Dwell(v.Track.Path)), float64(d.MinUS))
			}})
	}
	for i, c := range f.Crosses {
		wanted := c.Line
		if c.Side != "" {
			wanted += ":" + c.Side
		}
		out = append(out, part{path: true, flag: "crosses", wanted: wanted, had: func(v view) string { return crossings(v, c.Line) },
			only: func(g *Filter) { g.Crosses = []Cross{c} }, drop: func(g *Filter) { g.Crosses = without(f.Crosses, i) }})
	}
	if f.StopUS > 0 {
		out = append(out, part{path: true, flag: "stops", wanted: exact(f.StopUS),
			only: func(g *Filter) { g.StopUS = f.StopUS }, drop: func(g *Filter) { g.StopUS = 0 },
			had:  func(v view) string { return "stood at most " + exact(v.Track.Path.LongestStand()) },
			away: func(v view) float64 { return ratio(float64(v.Track.Path.LongestStand()), float64(f.StopUS)) }})
	}
	return out
}

// without is a list less one of its values, in memory of its own.
func without[T any](list []T, i int) []T {
	return slices.Delete(slices.Clone(list), i, i+1)
}

// visits tells of a track's stays in a zone.
func visits(v view, zone string) string {
	z := v.plan.zones[zone]
	var out []string
	for _, s := range z.Visits(v.Track.Path) {
		how := "entered"
		if !s.Entered {
			how = "there from its first moment"
		}
		if !s.Left {
			how += ", never seen to leave"
		}
		out = append(out, fmt.Sprintf("%s for %s (%s)", MediaTime(s.FromUS), exact(s.ToUS-s.FromUS), how))
	}
	if out == nil {
		return "never inside"
	}
	return "inside " + strings.Join(out, "; ")
}

// crossings tells of a track's ways across a line.
func crossings(v view, line string) string {
	var out []string
	for _, c := range v.plan.lines[line].Crossings(v.Track.Path) {
		side := "left"
		if c.ToRight {
			side = "right"
		}
		out = append(out, "to the "+side+" at "+MediaTime(c.TUS))
	}
	if out == nil {
		return "never across"
	}
	return strings.Join(out, ", ")
}

// exact writes µs as 1m2.5s, to the hundredth of a second.
func exact(us int64) string {
	return (time.Duration(us) * time.Microsecond).Round(10 * time.Millisecond).String()
}
