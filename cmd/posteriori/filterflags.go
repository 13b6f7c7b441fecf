package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"posteriori/engine"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/journal"
	"posteriori/engine/query"
	"posteriori/engine/scene"
)

// filterFlags are the flags that choose tracks. Every command that takes
// tracks binds the same ones.
type filterFlags struct {
	classes, colours, uppers, lowers, statuses, events, headings, recordings, cameras, north []string

	zones, lines, enters, leaves, dwell, crosses []string
	from, to, minSize, maxSize, where, plate     string
	plateFuzzy                                   int
	plateLiteral, plateRead                      bool
	tolerance, minSpeed, maxSpeed                float64
	minDuration, maxDuration, stops              time.Duration
}

// filterHelp explains the flags; Long texts of commands that bind them hold it.
const filterHelp = `FILTERS combine: all must hold. Lists (--class car,bus) hold when one fits.
  Headings are in the picture, N up; with --north, or where scene calibrate said where
  north is, they are true bearings.
  Sizes are of the median box, in pixels: 40 is the height, 30x40 both.
  Times are clock times with their zone (2024-05-01T10:00:00+02:00) or media
  times (90s, 01:02:03). A clock's uncertainty widens: what may lie within is kept.
  A zone is NAME=x,y x,y x,y …, a line NAME=x,y x,y, in pixels of the recording.
  An object is where the middle of its box's lower edge is. It enters a zone when
  it was seen outside before; --dwell 0s@NAME takes all that were ever inside.
  --crosses NAME:right wants the way from the line's left to its right, seen from
  its first point to its second.
  --min-speed and --max-speed are over ground, for cameras that scene calibrate knows;
  what may lie within, given the error of its speed, is kept.
  --event left takes things that someone set down and went away from, removed those
  that were taken away.
  --plate takes a number plate: ? is one character, * any number, dashes and case do
  not count. Look-alikes (O 0 Q D, I 1, B 8, S 5, Z 2 …) and the reader's second
  choices match too, unless --plate-literal is given; --plate-fuzzy 1 lets one
  character be wrong, lacking or too many. Three characters must be known, and fifty
  different plates a day are answered, as plates are shown as blocks until a person
  has validated the track and unmasked it (hit unmask); rejected tracks are left out.
  --where takes an expression, e.g.
    class in ["car", "truck"] and dwell("gate") > 30s and not enters("yard")
  over id recording camera exhibit class score colour colour_score lower_colour
  lower_score vehicle heading compass start end start_s end_s duration width height min_width min_height
  max_width max_height travel speed observed status, with enters leaves inside dwell
  crosses stops heads, date("…") for clock times, and abs ceil floor round min max
  lower upper.
`

// bind adds the flags to a command.
func (o *filterFlags) bind(f *pflag.FlagSet) {
	f.StringSliceVar(&o.classes, "class", nil, "`class`: "+nameList(scene.Classes()))
	f.StringSliceVar(&o.colours, "colour", nil, "`colour`: "+nameList(scene.Colours()))
	f.StringSliceVar(&o.uppers, "upper", nil, "a person's upper clothing has this `colour`")
	f.StringSliceVar(&o.lowers, "lower", nil, "a person's lower clothing has this `colour`")
	f.StringSliceVar(&o.statuses, "status", nil, "what people decided: `status` proposed, validated or rejected")
	f.StringSliceVar(&o.events, "event", nil, "things `left` or removed")
	f.StringSliceVar(&o.headings, "heading", nil, "`heading`: N, NE, E …, a range like 350-10, or 90+-15")
	f.Float64Var(&o.tolerance, "heading-tolerance", 0, "`degrees` beside the 22.5 to either side of N, NE …")
	f.StringArrayVar(&o.north, "north", nil, "`CAMERA=DEGREES`: where north is in this camera's picture, clockwise from up")
	f.StringVar(&o.from, "from", "", "still there at this `time` or later")
	f.StringVar(&o.to, "to", "", "there at this `time` or before")
	f.DurationVar(&o.minDuration, "min-duration", 0, "in view so long or longer")
	f.DurationVar(&o.maxDuration, "max-duration", 0, "in view so long or shorter")
	f.StringVar(&o.minSize, "min-size", "", "`pixels`, height or WxH, at least")
	f.StringVar(&o.maxSize, "max-size", "", "`pixels`, height or WxH, at most")
	f.Float64Var(&o.minSpeed, "min-speed", 0, "`km/h` over ground, at least")
	f.Float64Var(&o.maxSpeed, "max-speed", 0, "`km/h` over ground, at most")
	f.StringArrayVar(&o.zones, "zone", nil, "define a zone: `\"NAME=x,y x,y x,y …\"`")
	f.StringArrayVar(&o.lines, "line", nil, "define a line: `\"NAME=x,y x,y\"`")
	f.StringArrayVar(&o.enters, "enters", nil, "enters this `zone`")
	f.StringArrayVar(&o.leaves, "leaves", nil, "leaves this `zone`")
	f.StringArrayVar(&o.dwell, "dwell", nil, "so long in a zone: `30s@NAME`")
	f.StringArrayVar(&o.crosses, "crosses", nil, "crosses this `line`: NAME, NAME:left, NAME:right, or a whole line")
	f.DurationVar(&o.stops, "stops", 0, "stands so long or longer")
	f.StringArrayVar(&o.recordings, "recording", nil, "`recording`: number, path, file name or start of its hash")
	f.StringArrayVar(&o.cameras, "camera", nil, "`camera` by name")
	f.StringVar(&o.plate, "plate", "", "`pattern` of a number plate, such as 'AB-1?3-*'")
	f.IntVar(&o.plateFuzzy, "plate-fuzzy", 0, "so many `characters` of the plate may be wrong")
	f.BoolVar(&o.plateLiteral, "plate-literal", false, "match no look-alikes")
	f.BoolVar(&o.plateRead, "plate-read", false, "a number plate was read, whichever")
	f.StringVar(&o.where, "where", "", "`expression` that must be true")
}

func nameList[T fmt.Stringer](values []T) string {
	var names []string
	for _, v := range values {
		names = append(names, v.String())
	}
	return strings.Join(names, ", ")
}

// filter reads the flags. Mistakes are fault.Usage, recordings that are not
// there fault.NotFound.
func (o *filterFlags) filter(ctx context.Context, c *cobra.Command, ix *index.Store) (query.Filter, error) {
	f := query.Filter{
		Events: o.events, PlateRead: o.plateRead, MinSpeedKMH: o.minSpeed, MaxSpeedKMH: o.maxSpeed,
		Classes: o.classes, Colours: o.colours, Uppers: o.uppers, Lowers: o.lowers, Statuses: o.statuses, Headings: o.headings, Tolerance: o.tolerance, Cameras: o.cameras, Where: o.where,
		MinDurationUS: o.minDuration.Microseconds(), MaxDurationUS: o.maxDuration.Microseconds(), StopUS: o.stops.Microseconds(),
	}
	for _, step := range []func(*query.Filter) error{o.readShapes, o.readTimes, o.readNorth, o.readPlate} {
		if err := step(&f); err != nil {
			// As the cause, not the message: that goes into the journal.
			return f, fault.Wrap(fault.Usage, err, "wrong option").WithHint("see %s --help", c.CommandPath())
		}
	}
	for _, ref := range o.recordings {
		r, err := ix.FindRecording(ctx, ref)
		if err != nil {
			return f, err
		}
		f.Recordings = append(f.Recordings, r.ID)
	}
	f, err := query.WithNorths(ctx, ix, f)
	if err == nil {
		err = f.Validate()
	}
	if e, ok := err.(*fault.Error); ok && e.Hint == "" {
		e.Hint = "see " + c.CommandPath() + " --help"
	}
	return f, err
}

func (o *filterFlags) readPlate(f *query.Filter) error {
	if o.plate == "" {
		if o.plateFuzzy != 0 || o.plateLiteral {
			return errors.New("--plate-fuzzy and --plate-literal go with --plate")
		}
		return nil
	}
	f.Plate = &query.Plate{Pattern: o.plate, Fuzzy: o.plateFuzzy, Literal: o.plateLiteral}
	return nil
}

// journalQuery is a filter as the journal has it, with a commitment in place
// of the plate that is asked for. It refuses what the user may not ask.
func journalQuery(act *engine.Act, f query.Filter) (*journal.Query, error) {
	q := &journal.Query{Filter: string(f.Canonical())}
	if f.Plate == nil {
		return q, nil
	}
	pattern, err := f.Plate.Parsed()
	if err != nil {
		return nil, err
	}
	if err := act.MaySearchPlates(pattern, f.Plate.Fuzzy); err != nil {
		return nil, err
	}
	commitment, err := act.Procedure().CommitPattern(pattern)
	q.Commitments = []string{commitment}
	return q, err
}

func (o *filterFlags) readShapes(f *query.Filter) error {
	for _, s := range o.zones {
		z, err := scene.ParseZone(s)
		if err != nil {
			return fmt.Errorf("--zone: %w", err)
		}
		f.Zones = append(f.Zones, z)
	}
	for _, s := range o.lines {
		l, err := scene.ParseLine(s)
		if err != nil {
			return fmt.Errorf("--line: %w", err)
		}
		f.Lines = append(f.Lines, l)
	}
	f.Enters, f.Leaves = o.enters, o.leaves
	for _, s := range o.dwell {
		d, err := query.ParseDwell(s)
		if err != nil {
			return fmt.Errorf("--dwell: %w", err)
		}
		f.Dwell = append(f.Dwell, d)
	}
	for _, s := range o.crosses {
		x, line, err := query.ParseCross(s)
		if err != nil {
			return fmt.Errorf("--crosses: %w", err)
		}
		f.Crosses = append(f.Crosses, x)
		if line != nil {
			f.Lines = append(f.Lines, *line)
		}
	}
	return nil
}

func (o *filterFlags) readTimes(f *query.Filter) error {
	for _, x := range []struct {
		name, text string
		to         *query.Moment
	}{{"from", o.from, &f.From}, {"to", o.to, &f.To}} {
		if x.text == "" {
			continue
		}
		m, err := query.ParseMoment(x.text)
		if err != nil {
			return fmt.Errorf("--%s: %w", x.name, err)
		}
		*x.to = m
	}
	for _, x := range []struct {
		name, text string
		to         *query.Size
	}{{"min-size", o.minSize, &f.MinSize}, {"max-size", o.maxSize, &f.MaxSize}} {
		if x.text == "" {
			continue
		}
		s, err := query.ParseSize(x.text)
		if err != nil {
			return fmt.Errorf("--%s: %w", x.name, err)
		}
		*x.to = s
	}
	return nil
}

func (o *filterFlags) readNorth(f *query.Filter) error {
	for _, s := range o.north {
		i := strings.LastIndex(s, "=")
		if i < 0 {
			return fmt.Errorf("--north: %q is not CAMERA=DEGREES", s)
		}
		deg, err := strconv.ParseFloat(s[i+1:], 64)
		if err != nil {
			return fmt.Errorf("--north: %q is not CAMERA=DEGREES", s)
		}
		if f.North == nil {
			f.North = map[string]float64{}
		}
		f.North[s[:i]] = deg
	}
	return nil
}

// filterText is the filter as its flags say it, for the frames and the tags of
// a video: "class=person, zone=kerb". The pattern of a plate is withheld, as
// from every file (CPP 230-21), and of shapes only the names are told.
func filterText(given *pflag.FlagSet) string {
	var known filterFlags
	filters := pflag.NewFlagSet("", pflag.ContinueOnError)
	known.bind(filters)
	var parts []string
	given.Visit(func(f *pflag.Flag) {
		if filters.Lookup(f.Name) == nil {
			return
		}
		values := []string{f.Value.String()}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		for i, v := range values {
			switch f.Name {
			case "plate":
				values[i] = "PLAQUE"
			case "zone", "line":
				values[i], _, _ = strings.Cut(v, "=")
			}
		}
		parts = append(parts, f.Name+"="+fault.Printable(strings.Join(values, ",")))
	})
	return strings.Join(parts, ", ")
}
