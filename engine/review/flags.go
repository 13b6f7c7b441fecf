package review

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"posteriori/engine/query"
)

// Flags are a filter as the options of posteriori query, so that the page can
// write the command line of what it shows. The page narrows the lists and
// bounds; Rest holds what it only repeats.
//
// The pattern of a plate that was asked for stands in a page from a server only:
// no derived file holds it (query.Plate). In a folder, Plate says that there is one.
type Flags struct {
	Classes       []string           `json:"classes,omitempty"`
	Colours       []string           `json:"colours,omitempty"`
	Uppers        []string           `json:"uppers,omitempty"`
	Lowers        []string           `json:"lowers,omitempty"`
	Statuses      []string           `json:"statuses,omitempty"`
	Cameras       []string           `json:"cameras,omitempty"`
	Headings      bool               `json:"headings,omitempty"` // Rest has some
	From          *Bound             `json:"from,omitempty"`
	To            *Bound             `json:"to,omitempty"`
	Recordings    []int64            `json:"recordings,omitempty"`
	MinDurationUS int64              `json:"min_duration_us,omitempty"`
	MaxDurationUS int64              `json:"max_duration_us,omitempty"`
	MinSize       [2]float64         `json:"min_size"` // width, height; 0: none
	MaxSize       [2]float64         `json:"max_size"`
	StopUS        int64              `json:"stop_us,omitempty"`
	Names         []string           `json:"names,omitempty"` // of zones and lines
	North         map[string]float64 `json:"north,omitempty"` // by camera: the heading that points north
	Where         string             `json:"where,omitempty"`
	Events        []string           `json:"events,omitempty"`
	Plate         bool               `json:"plate,omitempty"`
	PlateRead     bool               `json:"plate_read,omitempty"`
	Rest          []string           `json:"rest,omitempty"`
}

// Bound is a moment that a search ends or begins at: Unix µs, or media time.
type Bound struct {
	US    int64 `json:"us"`
	Media bool  `json:"media,omitempty"`
}

// withheld stands in a command line for the pattern of a plate.
const withheld = "PLAQUE"

// FlagsOf writes a filter as options; with the pattern of a plate only for a
// page that is live.
func FlagsOf(f query.Filter, live bool) Flags {
	out := Flags{Classes: f.Classes, Colours: f.Colours, Uppers: f.Uppers, Lowers: f.Lowers, Statuses: f.Statuses, Cameras: f.Cameras, Headings: f.Headings != nil,
		MinDurationUS: f.MinDurationUS, MaxDurationUS: f.MaxDurationUS, StopUS: f.StopUS, Where: f.Where, North: f.North,
		Events: f.Events, Recordings: f.Recordings, Plate: f.Plate != nil, PlateRead: f.PlateRead,
		MinSize: [2]float64{f.MinSize.W, f.MinSize.H}, MaxSize: [2]float64{f.MaxSize.W, f.MaxSize.H}}
	if f.From.Set {
		out.From = &Bound{f.From.US, f.From.Media}
	}
	if f.To.Set {
		out.To = &Bound{f.To.US, f.To.Media}
	}
	add := func(flag, value string) { out.Rest = append(out.Rest, "--"+flag, value) }
	for _, h := range f.Headings {
		add("heading", h)
	}
	if f.Headings != nil && f.Tolerance != 0 {
		add("heading-tolerance", strconv.FormatFloat(f.Tolerance, 'f', -1, 64))
	}
	for _, cam := range slices.Sorted(maps.Keys(f.North)) {
		add("north", cam+"="+strconv.FormatFloat(f.North[cam], 'f', -1, 64))
	}
	for _, s := range []struct {
		flag string
		kmh  float64
	}{{"min-speed", f.MinSpeedKMH}, {"max-speed", f.MaxSpeedKMH}} {
		if s.kmh > 0 {
			add(s.flag, strconv.FormatFloat(s.kmh, 'f', -1, 64))
		}
	}
	plateFlags(f.Plate, live, add, &out)
	shapeFlags(f, add, &out)
	return out
}

func plateFlags(p *query.Plate, live bool, add func(flag, value string), out *Flags) {
	if p == nil {
		return
	}
	pattern := withheld
	if live {
		pattern = p.Pattern
	}
	add("plate", pattern)
	if p.Fuzzy > 0 {
		add("plate-fuzzy", strconv.Itoa(p.Fuzzy))
	}
	if p.Literal {
		out.Rest = append(out.Rest, "--plate-literal")
	}
}

func shapeFlags(f query.Filter, add func(flag, value string), out *Flags) {
	for _, z := range f.Zones {
		add("zone", z.String())
		out.Names = append(out.Names, z.Name)
	}
	for _, l := range f.Lines {
		add("line", l.String())
		out.Names = append(out.Names, l.Name)
	}
	for _, name := range f.Enters {
		add("enters", name)
	}
	for _, name := range f.Leaves {
		add("leaves", name)
	}
	for _, d := range f.Dwell {
		add("dwell", fmt.Sprintf("%v@%s", time.Duration(d.MinUS)*time.Microsecond, d.Zone))
	}
	for _, x := range f.Crosses {
		add("crosses", strings.TrimSuffix(x.Line+":"+x.Side, ":"))
	}
}
