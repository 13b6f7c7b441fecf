package survey

import (
	"fmt"
	"slices"
	"time"

	"posteriori/engine/batch"
)

// clock chooses what says when a camera's files began, sets their starts by
// it, and gathers the evidence for and against.
func (g *group) clock(zone *time.Location) batch.Clock {
	type source struct {
		from, words string
		at          func(*entry) (time.Time, bool)
		uncertain   time.Duration
	}
	sources := []source{
		{"name", "names carry the time", nameTime(zone), 2 * time.Minute},
		{"sidecar", "texts beside them state the time", sideTime(zone), 2 * time.Minute},
		{"container", "containers carry a creation time", createdTime(zone), 5 * time.Minute},
	}
	c := batch.Clock{From: "none"}
	for _, e := range g.files {
		e.start, e.zero = time.Time{}, true
	}
	var chosen *source
	for i, s := range sources {
		n := 0
		for _, e := range g.files {
			if _, ok := s.at(e); ok {
				n++
			}
		}
		if n == 0 {
			continue
		}
		c.Evidence = append(c.Evidence, fmt.Sprintf("%s (%d of %d)", s.words, n, len(g.files)))
		if chosen == nil && n*10 >= len(g.files)*9 {
			chosen = &sources[i]
		}
	}
	if chosen == nil {
		if how := g.dayOnly(); how != "" {
			c.Evidence = append(c.Evidence, how)
		}
		return c
	}
	c.From, c.Uncertainty = chosen.from, chosen.uncertain
	for _, e := range g.files {
		if t, ok := chosen.at(e); ok {
			e.start, e.zero = t, false
		}
	}
	if chosen.from == "name" {
		c.Evidence = append(c.Evidence, "read as "+g.how())
	}
	c.Evidence = append(c.Evidence, g.compare(zone, chosen.from)...)
	return c
}

func nameTime(zone *time.Location) func(*entry) (time.Time, bool) {
	return func(e *entry) (time.Time, bool) {
		return inZone(e.name.start, e.name.utc, zone), !e.name.start.IsZero() && !e.name.dateOnly
	}
}

func sideTime(zone *time.Location) func(*entry) (time.Time, bool) {
	return func(e *entry) (time.Time, bool) { return inZone(e.side, e.sideUTC, zone), !e.side.IsZero() }
}

func createdTime(zone *time.Location) func(*entry) (time.Time, bool) {
	return func(e *entry) (time.Time, bool) {
		if e.probe == nil {
			return time.Time{}, false
		}
		t, err := time.Parse(time.RFC3339Nano, e.probe.Created)
		return t.In(zone), err == nil
	}
}

// inZone is a recorder's time as a moment: in UTC where it said so.
func inZone(t time.Time, utc bool, zone *time.Location) time.Time {
	if utc {
		return t.In(zone)
	}
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), zone)
}

func (g *group) how() string {
	for _, e := range g.files {
		if e.name.how != "" && !e.name.dateOnly {
			if e.name.utc {
				return e.name.how + ", in UTC"
			}
			return e.name.how + ", in the plan's zone"
		}
	}
	return "?"
}

func (g *group) dayOnly() string {
	for _, e := range g.files {
		if e.name.dateOnly {
			return "a name carries a day without a time, as messengers write when they receive a file: " + e.name.start.Format(time.DateOnly)
		}
	}
	return ""
}

// compare sets the start beside what else bears a time.
func (g *group) compare(zone *time.Location, from string) []string {
	var toStart, toEnd, modified []time.Duration
	for _, e := range g.files {
		if e.zero {
			continue
		}
		if t, ok := createdTime(zone)(e); ok && from != "container" {
			toStart = append(toStart, t.Sub(e.start))
			toEnd = append(toEnd, t.Sub(e.start.Add(e.length())))
		}
		modified = append(modified, e.modified.Sub(e.start.Add(e.length())))
	}
	var out []string
	if len(toStart) > 0 {
		s, n := median(toStart), median(toEnd)
		switch {
		case within2s(s):
			out = append(out, "container times agree with them")
		case within2s(n):
			out = append(out, "container times are those of the files' ends, and agree")
		case (s % (15 * time.Minute)).Abs() <= nearby:
			out = append(out, fmt.Sprintf("container times differ by %v, whole quarters of an hour: one of the two is in another zone", s.Round(time.Second)))
		default:
			out = append(out, fmt.Sprintf("container times differ by %v (median)", s.Round(time.Second)))
		}
	} else if from == "container" {
		out = append(out, "containers of telephones often carry the time of the end, not of the beginning: check one against a known moment")
	}
	if m := median(modified); len(modified) > 0 && m.Abs() <= 10*time.Second {
		out = append(out, fmt.Sprintf("the files' own dates are those of the recordings' ends, within %v", m.Abs().Round(time.Second)))
	}
	return out
}

func within2s(d time.Duration) bool { return d.Abs() <= nearby }

func median(d []time.Duration) time.Duration {
	if len(d) == 0 {
		return 0
	}
	d = slices.Clone(d)
	slices.Sort(d)
	return d[len(d)/2]
}
