package scene

import (
	"errors"
	"fmt"
	"math"
)

// Calibration is what a person said of where a camera looks: points or lengths
// on the ground, seen in pictures of Width×Height pixels.
type Calibration struct {
	Width   int      `json:"width"`
	Height  int      `json:"height"`
	Points  []Pair   `json:"points,omitempty"`  // at least four, or none
	Lengths []Length `json:"lengths,omitempty"` // with no points
	// North is the heading in the picture that points north, degrees; nil when
	// nobody has said.
	North *float64 `json:"north,omitempty"`
}

// Length is a length on the ground between two points of the picture.
type Length struct {
	A, B   Point
	Metres float64
}

// Measured is a value that was measured in the picture, right to within Error
// either way: the combined effect of all known errors at two standard
// deviations, or the whole range of what a single length leaves open.
type Measured struct {
	Value float64 `json:"value"`
	Error float64 `json:"error"`
}

const (
	// clickPX is how far off a person sets a point of the picture, two standard
	// deviations.
	clickPX = 1.5
	// footShare is how far off the lower edge of a box is, as a share of its
	// height, two standard deviations; no less than clickPX.
	footShare = 0.04
	// maxAsked bounds the points and lengths of a calibration.
	maxAsked = 64
)

// Validate tells what is wrong with a calibration.
func (c Calibration) Validate() error {
	switch {
	case len(c.Points) > 0 && len(c.Lengths) > 0:
		return errors.New("points and lengths are two ways of saying it: give one")
	case len(c.Points) == 0 && len(c.Lengths) == 0 && c.North == nil:
		return errors.New("a calibration says nothing")
	case len(c.Points) > maxAsked || len(c.Lengths) > maxAsked:
		return fmt.Errorf("more than %d points or lengths", maxAsked)
	case len(c.Points) > 0 && len(c.Points) < 4:
		return fmt.Errorf("%d points do not fix a plane: give four or more", len(c.Points))
	case c.North != nil && !(*c.North >= 0 && *c.North <= 360):
		return fmt.Errorf("a north of %v degrees is not within 0 and 360", *c.North)
	}
	in := func(p Point) bool {
		return p.X >= 0 && p.Y >= 0 && p.X <= float64(c.Width) && p.Y <= float64(c.Height)
	}
	for _, p := range c.Points {
		if !in(p.Image) {
			return fmt.Errorf("the point %v,%v lies outside the picture of %dx%d", p.Image.X, p.Image.Y, c.Width, c.Height)
		}
		if !(math.Abs(p.Ground.X) <= 1e6 && math.Abs(p.Ground.Y) <= 1e6) {
			return errors.New("a point lies more than a thousand kilometres away")
		}
	}
	for _, l := range c.Lengths {
		if !in(l.A) || !in(l.B) {
			return fmt.Errorf("a length ends outside the picture of %dx%d", c.Width, c.Height)
		}
		if !(l.Metres > 0 && l.Metres <= 1e6) || l.A.Dist(l.B) < 4*clickPX {
			return errors.New("a length is no length, or too short in the picture")
		}
	}
	return nil
}

// Ground is what a calibration makes of the picture: the likeliest homography,
// and those that its errors leave possible too.
type Ground struct {
	best   Homography
	pairs  [][2]Homography // one coordinate of a point moved up and down
	family []Homography    // with lengths alone: all cameras that they fit
	centre Point           // of the picture
	// ResidualPX is how far the points lie off the fit, root mean square, in
	// pixels of the picture; 0 with four points, which always fit.
	ResidualPX float64
}

// Ground makes a calibration ready; false when it tells the north alone.
func (c Calibration) Ground() (g Ground, ok bool, err error) {
	if err := c.Validate(); err != nil {
		return g, false, err
	}
	g.centre = Point{float64(c.Width) / 2, float64(c.Height) / 2}
	switch {
	case len(c.Points) > 0:
		err = g.fitPoints(c.Points)
	case len(c.Lengths) > 0:
		err = g.fitLengths(c)
	default:
		return g, false, nil
	}
	return g, err == nil, err
}

func (g *Ground) fitPoints(points []Pair) (err error) {
	if g.best, err = FitHomography(points); err != nil {
		return err
	}
	back, ok := g.best.inverse()
	if !ok {
		return ErrDegenerate
	}
	sum := 0.0
	for _, p := range points {
		q, _ := back.project(p.Ground)
		d := q.Dist(p.Image)
		sum += d * d
	}
	by := clickPX
	if n := len(points); n > 4 { // two equations a point, eight unknowns
		g.ResidualPX = math.Sqrt(sum / float64(2*n-8))
		by = math.Max(by, 2*g.ResidualPX)
	}
	moved := make([]Pair, len(points))
	for i := range points {
		for _, step := range []Point{{by, 0}, {0, by}} {
			var pair [2]Homography
			for k, sign := range []float64{1, -1} {
				copy(moved, points)
				moved[i].Image.X += sign * step.X
				moved[i].Image.Y += sign * step.Y
				if pair[k], err = FitHomography(moved); err != nil {
					return fmt.Errorf("%w, or lie too near to that", err)
				}
			}
			g.pairs = append(g.pairs, pair)
		}
	}
	return nil
}

// project is Map on any side of the horizon.
func (h Homography) project(p Point) (Point, bool) {
	w := h[6]*p.X + h[7]*p.Y + h[8]
	return Point{(h[0]*p.X + h[1]*p.Y + h[2]) / w, (h[3]*p.X + h[4]*p.Y + h[5]) / w}, w != 0
}

// The cameras that a length alone leaves possible: without roll, looking down
// at 15° to 89°, with a lens from 28 mm to 66 mm (for 36 mm of film).
var (
	tilts = []float64{15, 22, 30, 40, 52, 65, 78, 89}
	foci  = []float64{0.78, 1.1, 1.5, 1.84} // focal length over the picture's width
)

// lengthSlack is how far a length may be off for a camera to count as possible.
const lengthSlack = 0.03

func (g *Ground) fitLengths(c Calibration) error {
	for _, tilt := range tilts {
		for _, focus := range foci {
			if h, ok := g.scaledBy(cameraAt(tilt, focus*float64(c.Width), g.centre), c.Lengths); ok {
				g.family = append(g.family, h)
			}
		}
	}
	if len(g.family) == 0 {
		return errors.New("no camera fits the lengths: they contradict each other, or one lies above the horizon")
	}
	g.best = g.family[len(g.family)/2]
	return nil
}

// cameraAt is the picture of a plane one metre below a camera that looks down
// by tilt degrees.
func cameraAt(tilt, focus float64, centre Point) Homography {
	sin, cos := math.Sincos(tilt * math.Pi / 180)
	h := Homography{1, 0, 0, 0, -sin, focus * cos, 0, cos, focus * sin}
	h = h.times(Homography{1, 0, -centre.X, 0, 1, -centre.Y, 0, 0, 1})
	h, _ = h.scaled(1 / (focus * sin))
	return h
}

// scaledBy gives a camera the height at which the lengths are right on average.
func (g *Ground) scaledBy(h Homography, lengths []Length) (Homography, bool) {
	sum := 0.0
	of := make([]float64, len(lengths))
	for i, l := range lengths {
		a, okA := h.Map(l.A)
		b, okB := h.Map(l.B)
		if !okA || !okB {
			return h, false
		}
		of[i] = l.Metres / a.Dist(b)
		sum += of[i] / float64(len(lengths))
	}
	for i, l := range lengths {
		if math.Abs(of[i]/sum-1) > lengthSlack+2*clickPX/l.A.Dist(l.B) {
			return h, false
		}
	}
	for i := range 6 {
		h[i] *= sum
	}
	return h, true
}

// measure applies a measurement to every possible homography. It is false
// when one of them cannot tell.
func (g Ground) measure(of func(Homography) (float64, bool)) (m Measured, ok bool) {
	if len(g.family) > 0 {
		lo, hi := math.Inf(1), math.Inf(-1)
		for _, h := range g.family {
			v, ok := of(h)
			if !ok {
				return m, false
			}
			lo, hi = math.Min(lo, v), math.Max(hi, v)
		}
		return Measured{(lo + hi) / 2, (hi - lo) / 2}, true
	}
	if m.Value, ok = of(g.best); !ok {
		return m, false
	}
	sum := 0.0
	for _, p := range g.pairs {
		a, okA := of(p[0])
		b, okB := of(p[1])
		if !okA || !okB {
			return m, false
		}
		// The farther of the two counts: near the horizon they differ much.
		d := math.Max(math.Abs(a-m.Value), math.Abs(b-m.Value))
		sum += d * d
	}
	m.Error = math.Sqrt(sum)
	return m, true
}

// and adds independent errors.
func (m Measured) and(errs ...float64) Measured {
	sum := m.Error * m.Error
	for _, e := range errs {
		sum += e * e
	}
	m.Error = math.Sqrt(sum)
	return m
}
