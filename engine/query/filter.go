package query

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"posteriori/engine/fault"
	"posteriori/engine/scene"
)

// Filter says which tracks are wanted. Lists of values (classes, colours,
// statuses, headings, recordings, cameras) hold when one of them fits; different
// conditions, and each of the rules about zones and lines, must all hold.
// The zero Filter takes every track.
type Filter struct {
	Classes    []string `json:"classes,omitempty"`
	Colours    []string `json:"colours,omitempty"`
	Uppers     []string `json:"uppers,omitempty"`   // colours of upper clothing: persons only
	Lowers     []string `json:"lowers,omitempty"`   // and of lower clothing
	Statuses   []string `json:"statuses,omitempty"` // index.Statuses
	Recordings []int64  `json:"recordings,omitempty"`
	Cameras    []string `json:"cameras,omitempty"`
	// Headings are as scene.ParseHeadings reads them, in the image plane (0 is
	// up), or true bearings for the cameras in North.
	Headings  []string `json:"headings,omitempty"`
	Tolerance float64  `json:"heading_tolerance,omitempty"` // degrees beside compass names
	// North gives, for a camera, the heading in its picture that points north.
	// Perspective makes such bearings rough.
	North map[string]float64 `json:"north,omitempty"`
	From  Moment             `json:"from,omitzero"`
	To    Moment             `json:"to,omitzero"`
	// MinDurationUS and MaxDurationUS bound the time in view.
	MinDurationUS int64 `json:"min_duration_us,omitempty"`
	MaxDurationUS int64 `json:"max_duration_us,omitempty"`
	// MinSize and MaxSize bound the median box of the track.
	MinSize Size `json:"min_size,omitzero"`
	MaxSize Size `json:"max_size,omitzero"`
	// Events are scene.Event by name.
	Events []string `json:"events,omitempty"`
	// MinSpeedKMH and MaxSpeedKMH bound the speed over ground, where the camera
	// is calibrated. What may lie within, given its error, is kept.
	MinSpeedKMH float64 `json:"min_speed_kmh,omitempty"`
	MaxSpeedKMH float64 `json:"max_speed_kmh,omitempty"`
	// Plate asks for a number plate; nil for any or none.
	Plate *Plate `json:"plate,omitempty"`
	// PlateRead asks that any plate was read, of a track that was not rejected.
	PlateRead bool `json:"plate_read,omitempty"`

	Zones   []scene.Zone `json:"zones,omitempty"`
	Lines   []scene.Line `json:"lines,omitempty"`
	Enters  []string     `json:"enters,omitempty"`  // zone names
	Leaves  []string     `json:"leaves,omitempty"`  // zone names
	Dwell   []Dwell      `json:"dwell,omitempty"`   //
	Crosses []Cross      `json:"crosses,omitempty"` //
	// StopUS asks for a stop of at least so long (scene.Path.Stops).
	StopUS int64 `json:"stop_us,omitempty"`

	Where string `json:"where,omitempty"` // see the package documentation
}

// Size bounds a box, in pixels. Zero is no bound.
type Size struct {
	W float64 `json:"w,omitempty"`
	H float64 `json:"h,omitempty"`
}

// Dwell asks for a time in a zone, all visits together.
type Dwell struct {
	Zone  string `json:"zone"`
	MinUS int64  `json:"min_us"`
}

// Cross asks for a way across a line. Side is "left" or "right", the side it
// ends on seen from A to B, or empty for either.
type Cross struct {
	Line string `json:"line"`
	Side string `json:"side,omitempty"`
}

// ParseSize reads "40" (height) or "30x40" (width and height).
func ParseSize(s string) (Size, error) {
	ws, hs, both := strings.Cut(s, "x")
	if !both {
		ws, hs = "0", s
	}
	w, errW := strconv.ParseFloat(ws, 64)
	h, errH := strconv.ParseFloat(hs, 64)
	if errW != nil || errH != nil || !(w >= 0 && h >= 0 && w <= 1e6 && h <= 1e6) {
		return Size{}, fmt.Errorf("%q is no size: 40 (height) or 30x40 (width x height), in pixels", s)
	}
	return Size{W: w, H: h}, nil
}

// ParseDwell reads "30s@NAME".
func ParseDwell(s string) (Dwell, error) {
	ds, zone, ok := strings.Cut(s, "@")
	d, err := time.ParseDuration(ds)
	if !ok || err != nil || d < 0 || zone == "" {
		return Dwell{}, fmt.Errorf("%q is no dwell: 30s@NAME, with NAME a zone", s)
	}
	return Dwell{Zone: zone, MinUS: d.Microseconds()}, nil
}

// ParseCross reads "NAME", "NAME:left" or "NAME:right". NAME may be a whole
// line, "NAME=x,y x,y", which is then returned too.
func ParseCross(s string) (Cross, *scene.Line, error) {
	var c Cross
	for _, side := range []string{"left", "right"} {
		if cut, ok := strings.CutSuffix(s, ":"+side); ok {
			s, c.Side = cut, side
		}
	}
	if strings.Contains(s, "=") {
		l, err := scene.ParseLine(s)
		if err != nil {
			return c, nil, err
		}
		c.Line = l.Name
		return c, &l, nil
	}
	if !scene.ValidName(s) {
		return c, nil, fmt.Errorf("%q is no line: NAME, NAME:left, NAME:right or NAME=x,y x,y", s)
	}
	c.Line = s
	return c, nil, nil
}

// Validate tells what is wrong with a filter, as fault.Usage.
func (f Filter) Validate() error {
	if err := f.checkNames(); err != nil {
		return usage(err)
	}
	if err := f.checkNumbers(); err != nil {
		return usage(err)
	}
	if err := f.checkShapes(); err != nil {
		return usage(err)
	}
	_, err := compile(f)
	return err
}

// usage makes err a usage error. It stands as the cause, not as the message:
// messages go into the journal, and what a user typed may name people.
func usage(err error) error {
	return fault.Wrap(fault.Usage, err, "wrong filter")
}

func (f Filter) checkNames() error {
	for _, c := range f.Classes {
		if _, ok := scene.ParseClass(c); !ok {
			return unknown("class", c, classNames())
		}
	}
	for _, c := range slices.Concat(f.Colours, f.Uppers, f.Lowers) {
		if _, ok := scene.ParseColour(c); !ok {
			return unknown("colour", c, colourNames())
		}
	}
	for _, e := range f.Events {
		if !slices.Contains(eventNames, e) {
			return unknown("event", e, eventNames)
		}
	}
	for _, s := range f.Statuses {
		if !slices.Contains(statusNames(), s) {
			return unknown("status", s, statusNames())
		}
	}
	if f.Plate != nil {
		if err := f.Plate.check(); err != nil {
			return fmt.Errorf("--plate: %w", err)
		}
	}
	for _, h := range f.Headings {
		if _, err := scene.ParseHeadings(h, f.Tolerance); err != nil {
			return err
		}
	}
	return nil
}

func (f Filter) checkNumbers() error {
	for cam, n := range f.North {
		if !(n >= 0 && n <= 360) {
			return fmt.Errorf("the north of camera %s is %v, not within 0 and 360", cam, n)
		}
	}
	if f.MinDurationUS < 0 || f.MaxDurationUS < 0 || f.StopUS < 0 {
		return fmt.Errorf("a duration is negative")
	}
	if f.MaxDurationUS > 0 && f.MaxDurationUS < f.MinDurationUS {
		return fmt.Errorf("the longest duration is shorter than the shortest")
	}
	if f.From.Set && f.To.Set && f.From.Media == f.To.Media && f.To.US < f.From.US {
		return fmt.Errorf("the end %s is before the beginning %s", f.To, f.From)
	}
	for _, v := range []float64{f.MinSpeedKMH, f.MaxSpeedKMH} {
		if !(v >= 0 && v <= 2000) {
			return fmt.Errorf("a speed of %v km/h is not within 0 and 2000", v)
		}
	}
	if f.MaxSpeedKMH > 0 && f.MaxSpeedKMH < f.MinSpeedKMH {
		return fmt.Errorf("the highest speed is below the lowest")
	}
	for _, s := range []Size{f.MinSize, f.MaxSize} {
		if !(s.W >= 0 && s.H >= 0) || math.IsInf(s.W, 0) || math.IsInf(s.H, 0) {
			return fmt.Errorf("a size is not a positive number")
		}
	}
	return nil
}

func (f Filter) checkShapes() error {
	zones, lines := map[string]bool{}, map[string]bool{}
	for _, z := range f.Zones {
		if err := z.Validate(); err != nil {
			return err
		}
		if zones[z.Name] {
			return fmt.Errorf("there are two zones %s", z.Name)
		}
		zones[z.Name] = true
	}
	for _, l := range f.Lines {
		if err := l.Validate(); err != nil {
			return err
		}
		if lines[l.Name] {
			return fmt.Errorf("there are two lines %s", l.Name)
		}
		lines[l.Name] = true
	}
	wanted := slices.Concat(f.Enters, f.Leaves)
	for _, d := range f.Dwell {
		wanted = append(wanted, d.Zone)
	}
	for _, name := range wanted {
		if !zones[name] {
			return unknown("zone", name, names(f.Zones))
		}
	}
	for _, c := range f.Crosses {
		if !lines[c.Line] {
			return unknown("line", c.Line, lineNames(f.Lines))
		}
		if c.Side != "" && c.Side != "left" && c.Side != "right" {
			return fmt.Errorf("a line is crossed to the left or to the right, not to the %q", c.Side)
		}
	}
	return nil
}

// Canonical is the filter as JSON, the same bytes for the same filter however
// it was written: for the journal.
func (f Filter) Canonical() []byte {
	f.Classes, f.Colours = tidy(f.Classes), tidy(f.Colours)
	f.Uppers, f.Lowers = tidy(f.Uppers), tidy(f.Lowers)
	f.Cameras, f.Headings = tidy(f.Cameras), tidy(f.Headings)
	f.Statuses, f.Events = tidy(f.Statuses), tidy(f.Events)
	f.Enters, f.Leaves = tidy(f.Enters), tidy(f.Leaves)
	f.Recordings = slices.Compact(slices.Sorted(slices.Values(f.Recordings)))
	f.Zones = slices.SortedFunc(slices.Values(f.Zones), func(a, b scene.Zone) int { return strings.Compare(a.Name, b.Name) })
	f.Lines = slices.SortedFunc(slices.Values(f.Lines), func(a, b scene.Line) int { return strings.Compare(a.Name, b.Name) })
	f.Dwell = slices.SortedFunc(slices.Values(f.Dwell), func(a, b Dwell) int {
		return strings.Compare(a.Zone, b.Zone)*2 + compareInt(a.MinUS, b.MinUS)
	})
	f.Crosses = slices.SortedFunc(slices.Values(f.Crosses), func(a, b Cross) int {
		return strings.Compare(a.Line, b.Line)*2 + strings.Compare(a.Side, b.Side)
	})
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(f); err != nil {
		panic(err) // no field of a filter can fail to encode
	}
	return bytes.TrimSpace(b.Bytes())
}

func compareInt(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func tidy(s []string) []string { return slices.Compact(slices.Sorted(slices.Values(s))) }
