// Package scene renders street scenes of which everything is known: what
// moves, what it is, its colour, its heading, its box in every frame, where it
// stops, what it leaves behind and which zone it enters. Tests and benchmarks
// use its clips where real footage is too long, too vague or not to be had.
//
// A scene is a plan and a seed. The same plan gives the same pixels on every
// run; frames can be rendered in any order. Places are in design units, a
// picture of 640×360, and scale to any size.
package scene

import (
	"math"

	vocab "posteriori/engine/scene"
)

// Design is the size of the picture in design units.
const (
	DesignW = 640.0
	DesignH = 360.0
)

// Scene is the plan of one clip.
type Scene struct {
	Name     string
	W, H     int // pixels, even
	Seconds  float64
	Rate     []Rate // frame rate over time; empty: 25 a second
	Seed     uint64
	Actors   []Actor
	Posts    []Post // things in front of the actors
	Light    Light
	Noise    float64 // standard deviation of the sensor's noise, in levels of 255
	Shake    float64 // amplitude of camera shake, design units
	Wind     float64 // movement of the leaves, design units
	Shadows  float64 // darkness of shadows, 0..1
	Night    bool    // infra-red: grey, dark, headlights on …
	NightAtS float64 // … or so only from this second on; 0: never
	Interval float64 // seconds between labelled boxes of the truth; 0: .5
	Zones    []Zone

	backdrop *canvas // rendered once
	leaves   []leaf
	noise    []int8
}

// Rate is a frame rate that holds until a moment; the last holds to the end.
type Rate struct {
	UntilS    float64
	PerSecond float64
}

// Waypoint is where an actor's foot point is at a moment. Between waypoints
// it moves evenly; two at one place make a stop.
type Waypoint struct{ T, X, Y float64 }

// Actor is one thing that moves.
type Actor struct {
	ID     int // 1-based, unique
	Class  vocab.Class
	Colour vocab.Colour // body, or upper clothing
	Lower  vocab.Colour // trousers
	Way    []Waypoint
	Size   float64 // 1 is usual
	// Bag: a person carries a bag of this colour and sets it down at DropS
	// (0: never), and it is taken away at TakenS (0: never).
	Bag           vocab.Colour
	DropS, TakenS float64
	// RiderID is the truth's identity of a two-wheeler's rider; 0: no rider.
	RiderID int
}

// Post is a thing in front of the scene: an upright bar.
type Post struct{ X, Top, Bottom, Width float64 }

// Zone is a named polygon on the ground, in design units.
type Zone struct {
	Name    string
	Polygon [][2]float64
}

// Light is the brightness of the picture over time. Gain 1 is the backdrop as
// painted.
type Light struct {
	Steps         []Step
	Drift         float64 // amplitude of a slow swing
	DriftPeriodS  float64
	Flicker       float64 // amplitude of a mains flicker, frame by frame
	CloudShadowAt float64 // a cloud's edge crosses at this second; 0: none
}

// Step is a change of light at AtS to Gain, taking RampS.
type Step struct{ AtS, Gain, RampS float64 }

// unit is pixels per design unit.
func (s *Scene) unit() float64 { return float64(s.W) / DesignW }

// Frames is the number of frames.
func (s *Scene) Frames() int {
	n, from := 0, 0.0
	for _, r := range s.rates() {
		n += int(math.Round((r.UntilS - from) * r.PerSecond))
		from = r.UntilS
	}
	return n
}

// rates are the spans of one rate each, the last ending with the clip.
func (s *Scene) rates() []Rate {
	if len(s.Rate) == 0 {
		return []Rate{{s.Seconds, 25}}
	}
	out := append([]Rate(nil), s.Rate...)
	out[len(out)-1].UntilS = s.Seconds
	return out
}

// TimeUS is the media time of frame i (0-based), in microseconds.
func (s *Scene) TimeUS(i int) int64 {
	from, first := 0.0, 0
	rates := s.rates()
	for k, r := range rates {
		n := int(math.Round((r.UntilS - from) * r.PerSecond))
		if i < first+n || k == len(rates)-1 {
			return int64(math.Round((from + float64(i-first)/r.PerSecond) * 1e6))
		}
		first, from = first+n, r.UntilS
	}
	return 0
}

func (s *Scene) timeS(i int) float64 { return float64(s.TimeUS(i)) / 1e6 }

// place is an actor at a moment.
type place struct {
	x, y     float64 // foot point
	dx, dy   float64 // direction of travel, the last one while it stands
	walked   float64 // distance since its start, for the legs
	standing bool
	there    bool
}

// at finds an actor at t seconds.
func (a *Actor) at(t float64) place {
	w := a.Way
	if len(w) == 0 || t < w[0].T || t > w[len(w)-1].T {
		return place{}
	}
	p := place{there: true, x: w[0].X, y: w[0].Y, dx: 1}
	for i := 1; i < len(w); i++ {
		a, b := w[i-1], w[i]
		dx, dy := b.X-a.X, b.Y-a.Y
		length := math.Hypot(dx, dy)
		p.standing = length == 0
		if length > 0 {
			p.dx, p.dy = dx/length, dy/length
		}
		if t >= b.T {
			p.x, p.y, p.walked = b.X, b.Y, p.walked+length
			continue
		}
		f := (t - a.T) / (b.T - a.T)
		p.x, p.y, p.walked = a.X+f*dx, a.Y+f*dy, p.walked+f*length
		break
	}
	return p
}

// depth is how large things are at a ground line: 1 at the near pavement.
func depth(y float64) float64 { return max(.2, .45+.55*(y-130)/160) }

// gain is the brightness at t.
func (l Light) gain(t float64, frame int) float64 {
	g := 1.0
	for _, s := range l.Steps {
		switch {
		case t >= s.AtS+s.RampS:
			g = s.Gain
		case t >= s.AtS:
			g += (s.Gain - g) * (t - s.AtS) / s.RampS
		}
	}
	if l.DriftPeriodS > 0 {
		g *= 1 + l.Drift*math.Sin(2*math.Pi*t/l.DriftPeriodS)
	}
	if l.Flicker > 0 {
		g *= 1 + l.Flicker*math.Sin(float64(frame)*2.399)
	}
	return g
}

// night tells whether the camera sees by infra-red at t.
func (s *Scene) night(t float64) bool { return s.Night || s.NightAtS > 0 && t >= s.NightAtS }

// shake is the camera's displacement at t, in design units: a sum of swings
// that never settles.
func (s *Scene) shake(t float64) (dx, dy float64) {
	if s.Shake == 0 {
		return 0, 0
	}
	dx = .6*math.Sin(5.1*t) + .3*math.Sin(13.7*t+1) + .1*math.Sin(31*t+2)
	dy = .6*math.Sin(4.3*t+3) + .3*math.Sin(11.9*t+4) + .1*math.Sin(29*t+5)
	return s.Shake * dx, s.Shake * dy
}
