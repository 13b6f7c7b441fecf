package synopsis

import (
	"time"

	"posteriori/engine/fault"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// Mode is the kind of synopsis.
type Mode string

// The modes; see the package documentation.
const (
	Objects   Mode = "objects"
	Condense  Mode = "condense"
	Timelapse Mode = "timelapse"
)

// ParseMode reads a mode's name.
func ParseMode(s string) (Mode, error) {
	switch m := Mode(s); m {
	case Objects, Condense, Timelapse:
		return m, nil
	}
	return "", fault.New(fault.Usage, "%q is no mode of synopsis", s).
		WithHint("modes are objects, condense and timelapse")
}

// Recording is a source of tubes. Recordings of one camera and one picture
// size share a background; others are shown one after another.
type Recording struct {
	ID, Name, SHA256 string
	Path             string // absolute
	Camera           string
	Probe            wire.Probe
	PlaneW, PlaneH   int // motion plane that masks refer to
	HasClock         bool
	ClockUS          int64   // Unix µs of media time zero, when HasClock
	UncertaintyUS    int64   // of ClockUS
	Plates           []int64 // media times of clean backgrounds, in order; may be empty
	// Looks numbers, for each of Plates, the place and light it shows: those of
	// one camera that show the same in the same light have one number. nil: all do.
	Looks []int
}

// Tube is one track that passed the filter.
type Tube struct {
	Recording      int // index into the planner's recordings
	Track          int64
	Class          scene.Class
	StartUS, EndUS int64
	Path           scene.Path
	Masks          []scene.Mask
}

// Options are the analyst's wishes. Zero values take the defaults.
type Options struct {
	Mode Mode
	// DurationUS is the wanted length; 0: as short as the overlap allows
	// (objects), real speed for what moves (condense), eight times faster (timelapse).
	DurationUS int64
	// Density is the wanted mean number of objects on screen at once
	// (objects mode), an alternative to DurationUS.
	Density float64
	// MaxOverlap is the share of the objects' area, over their time, that may
	// fall on others, of a single group five times that: 0 takes the default
	// of .05, negative none at all.
	MaxOverlap float64
	// StillSpeed is how much faster an object that stands still is shown
	// (objects, condense); default 4, 1 shows everything at its own speed.
	StillSpeed float64
	// CutUS is the longest that a group is shown in one go; longer ones are
	// cut into parts that are shown as objects of their own. 0: the wanted
	// length, or without one what makes the video shorter by a good part.
	CutUS int64
	// MaxWidth bounds the output's width in pixels; default 1280.
	MaxWidth int
	// PadUS is shown before and after each object in condense; default 1 s.
	PadUS int64
	// ByClass gives rims, stamps and trails the colour of the object's class
	// (objects mode).
	ByClass bool
	// TrailUS is for how long the way that an object came is drawn behind it,
	// 0 for no trail (objects mode).
	TrailUS int64
	// Zone is the zone of time stamps; default UTC.
	Zone *time.Location
	// MaxWork bounds the search in word operations; default 5·10⁸, a few
	// seconds. The first complete arrangement is always made.
	MaxWork int64
}

const (
	second         = int64(time.Second / time.Microsecond)
	defaultOverlap = .05
	defaultStill   = 4
	defaultWidth   = 1280
	defaultWork    = 500_000_000
	defaultLapse   = 8
)

// check fills in defaults and refuses wishes that contradict each other.
func (o Options) check() (Options, error) {
	if o.Mode == "" {
		o.Mode = Objects
	}
	if _, err := ParseMode(string(o.Mode)); err != nil {
		return o, err
	}
	switch {
	case o.DurationUS < 0 || o.Density < 0:
		return o, fault.New(fault.Usage, "a length or density below zero cannot be made")
	case o.DurationUS > 0 && o.Density > 0:
		return o, fault.New(fault.Usage, "both a length and a density are wanted").
			WithHint("give --duration or --density")
	case o.Density > 0 && o.Mode != Objects:
		return o, fault.New(fault.Usage, "a density is for objects mode").WithHint("give --duration")
	case o.DurationUS > 0 && o.DurationUS < second:
		return o, fault.New(fault.Usage, "a synopsis of under one second cannot be watched").
			WithHint("give a --duration of 1s or more")
	case o.TrailUS < 0:
		return o, fault.New(fault.Usage, "a trail of less than nothing cannot be drawn")
	case (o.ByClass || o.TrailUS > 0) && o.Mode != Objects:
		return o, fault.New(fault.Usage, "trails and colours by class are for objects mode: %s shows whole pictures, as they are", o.Mode).
			WithHint("give --mode objects, or neither --trail nor --colour-by")
	case o.CutUS < 0 || o.CutUS > 0 && o.CutUS < second:
		return o, fault.New(fault.Usage, "parts of under one second cannot be watched").WithHint("give a --cut of 1s or more")
	case o.StillSpeed != 0 && o.StillSpeed < 1:
		return o, fault.New(fault.Usage, "the speed of still objects is %g", o.StillSpeed).
			WithHint("give 1 or more")
	case o.MaxOverlap > 1:
		return o, fault.New(fault.Usage, "the overlap is %g", o.MaxOverlap).WithHint("give a share from 0 to 1")
	}
	if o.MaxOverlap == 0 {
		o.MaxOverlap = defaultOverlap
	}
	o.MaxOverlap = max(0, o.MaxOverlap)
	if o.StillSpeed == 0 {
		o.StillSpeed = defaultStill
	}
	if o.MaxWidth == 0 {
		o.MaxWidth = defaultWidth
	}
	o.MaxWidth = max(o.MaxWidth, 64)
	if o.PadUS == 0 {
		o.PadUS = second
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.MaxWork == 0 {
		o.MaxWork = defaultWork
	}
	return o, nil
}
