package motion

import (
	"time"

	"posteriori/engine/frame"
)

// Config sets the model up. The zero value of every field means its default.
// Sizes are plane samples, times are media time.
type Config struct {
	WarmUp      time.Duration // learning at the start and after a disturbance; 1.5 s
	Refresh     time.Duration // mean time between two updates of one background sample; 800 ms
	AbsorbAfter time.Duration // an object that stands still this long joins the background; 60 s
	GhostAfter  time.Duration // a still region is first asked whether it is a ghost; 1 s
	Settle      time.Duration // a disturbance must last this long before the model is thrown away; 700 ms
	Radius      int           // smallest difference, in grey levels, that counts as change; 11
	MinArea     int           // smallest blob; 12
	MergeGap    int           // fragments closer than this, one above the other, are one object; 4
	FloodShare  float64       // share of foreground that no object makes; 0.6
	Seed        uint64        // of the pseudo-random choice of samples; any value, 0 too
}

func (c Config) withDefaults() Config {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&c.WarmUp, 1500*time.Millisecond)
	def(&c.Refresh, 800*time.Millisecond)
	def(&c.AbsorbAfter, time.Minute)
	def(&c.GhostAfter, time.Second)
	def(&c.Settle, 700*time.Millisecond)
	if c.Radius <= 0 {
		c.Radius = 11
	}
	if c.MinArea <= 0 {
		c.MinArea = 12
	}
	if c.MergeGap <= 0 {
		c.MergeGap = 4
	}
	if c.FloodShare <= 0 {
		c.FloodShare = 0.6
	}
	return c
}

// State says how far a result can be trusted.
type State int

// The states.
const (
	Normal     State = iota // the mask is what moves or stands before the background
	Warming                 // the background is young: blobs are given, with less certainty
	Relearning              // light or camera changed: no blobs
	Covered                 // the picture holds nothing to see: no blobs
)

// String is the state's name.
func (s State) String() string {
	switch s {
	case Normal:
		return "normal"
	case Warming:
		return "warming"
	case Relearning:
		return "relearning"
	case Covered:
		return "covered"
	}
	return "unknown"
}

// Area is a rectangle of plane samples: top-left sample and size.
type Area struct{ X, Y, W, H int }

// Blob is one connected thing in the foreground, in plane samples.
type Blob struct {
	X, Y, W, H int     // bounding box
	Area       int     // samples of foreground
	Fill       float64 // Area / (W·H), 0..1
	Contrast   float64 // mean difference from the background, grey levels
	StillUS    int64   // for how long four fifths of it have not changed, µs
	Parts      int     // fragments that were merged into it
}

// Result is what one frame showed. Mask and Blobs are valid until the next
// call of Apply.
type Result struct {
	Mask    frame.Plane // 0 background, 255 foreground; all 0 when State is Relearning or Covered
	Blobs   []Blob      // in reading order of their first sample; none when Relearning or Covered
	State   State
	Changed float64 // share of samples that differ from the model, before clean-up, 0..1
	Reason  string  // why the state is Relearning or Covered, "" otherwise
}
