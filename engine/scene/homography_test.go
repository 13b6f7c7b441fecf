package scene

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// camera is a pinhole without roll over a ground plane.
type camera struct {
	w, h, focus, tilt, up float64 // pixels, degrees below the horizon, metres
}

func genCamera(t *rapid.T) camera {
	return camera{w: 1280, h: 720, focus: 1280 * rapid.Float64Range(.8, 1.6).Draw(t, "focus"),
		tilt: rapid.Float64Range(20, 70).Draw(t, "tilt"), up: rapid.Float64Range(3, 15).Draw(t, "up")}
}

// see is where a place x metres right, z metres ahead and up metres above the
// ground appears.
func (c camera) see(x, z, up float64) Point {
	sin, cos := math.Sincos(c.tilt * math.Pi / 180)
	y := c.up - up
	depth := z*cos + y*sin
	return Point{c.w/2 + c.focus*x/depth, c.h/2 + c.focus*(y*cos-z*sin)/depth}
}

// ahead is how far ahead the picture's row y shows ground.
func (c camera) ahead(y float64) float64 {
	return c.up / math.Tan(c.tilt*math.Pi/180+math.Atan((y-c.h/2)/c.focus))
}

// marks are places on the ground spread over the lower picture, seen exactly
// or with clicks off by up to off pixels.
func (c camera) marks(n int, off float64, rnd *rand.Rand) (out []Pair) {
	near, far := c.ahead(c.h*.95), c.ahead(c.h*.35)
	wide := (c.w / 2 * .9) / c.focus * near
	for i := range n {
		g := Point{wide * []float64{-1, 1, 1, -1, 0, .4, -.5, .7}[i%8], near + (far-near)*[]float64{0, 0, 1, 1, .5, .2, .7, .6}[i%8]}
		p := c.see(g.X, g.Y, 0)
		out = append(out, Pair{Image: Point{p.X + off*(2*rnd.Float64()-1), p.Y + off*(2*rnd.Float64()-1)}, Ground: g})
	}
	return out
}

// drive is a path over 4 m of a box 1.8 m wide and 1.5 m high at that speed.
func (c camera) drive(kmh, deg float64) (p Path) {
	at := Point{-2, c.ahead(c.h * .6)}
	sin, cos := math.Sincos(deg * math.Pi / 180)
	for i := range 31 {
		s := 4 * float64(i) / 30
		x, z := at.X+s*sin, at.Y+s*cos
		l, r, top := c.see(x-.9, z, 0), c.see(x+.9, z, 0), c.see(x, z, 1.5)
		p = append(p, PathPoint{TUS: int64(s / kmh * 3.6e6), Box: Box{X: l.X, Y: top.Y, W: r.X - l.X, H: l.Y - top.Y}})
	}
	return p
}

// Points that are seen exactly give back every place, speed and size.
func TestGroundIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := genCamera(t)
		cal := Calibration{Width: int(c.w), Height: 2 * int(c.h), Points: c.marks(rapid.IntRange(4, 8).Draw(t, "points"), 0, rand.New(rand.NewPCG(1, 2)))}
		h, err := FitHomography(cal.Points)
		if err != nil {
			t.Fatal(err)
		}
		x, z := rapid.Float64Range(-5, 5).Draw(t, "x"), rapid.Float64Range(c.ahead(c.h), c.ahead(c.h*.4)).Draw(t, "z")
		got, ok := h.Map(c.see(x, z, 0))
		if !ok || got.Dist(Point{x, z}) > 1e-4*(1+z) {
			t.Fatalf("(%v,%v) is mapped to %v %v", x, z, got, ok)
		}
		cal.Height = int(c.h) // the centre of the picture counts for heights
		for i := range cal.Points {
			cal.Points[i].Image.Y = math.Min(cal.Points[i].Image.Y, c.h)
		}
		g, ok, err := cal.Ground()
		if !ok || err != nil {
			t.Fatal(err)
		}
		kmh := rapid.Float64Range(2, 20).Draw(t, "speed")
		p := c.drive(kmh, rapid.Float64Range(60, 120).Draw(t, "heading"))
		near := func(what string, m Measured, ok bool, want, tolerance float64) {
			t.Helper()
			if !ok || math.Abs(m.Value-want) > tolerance*want || !(m.Error > 0) {
				t.Fatalf("%s is %v ± %v %v, want %v", what, m.Value, m.Error, ok, want)
			}
		}
		m, ok := g.Speed(p)
		near("speed", m, ok, kmh, .02)
		m, ok = g.Width(p)
		near("width", m, ok, 1.8, .02)
		m, ok = g.Height(p)
		near("height", m, ok, 1.5, .02)
	})
}

// Of points set by hand, each off by up to 1.5 px, the error bar holds the truth.
func TestErrorBarHolds(t *testing.T) {
	held, all := 0, 0
	rnd := rand.New(rand.NewPCG(3, 4))
	for i := range 300 {
		c := camera{w: 1280, h: 720, focus: 1280 * (.8 + .8*rnd.Float64()), tilt: 20 + 40*rnd.Float64(), up: 3 + 9*rnd.Float64()}
		g, ok, err := Calibration{Width: 1280, Height: 720, Points: c.marks(4+i%5, clickPX, rnd)}.Ground()
		if errors.Is(err, ErrDegenerate) || !ok {
			continue
		}
		p := c.drive(10, 90)
		m, okM := g.Speed(p)
		w, okW := g.Width(p)
		if !okM || !okW {
			continue
		}
		all += 2
		if math.Abs(m.Value-10) <= m.Error {
			held++
		}
		if math.Abs(w.Value-1.8) <= w.Error {
			held++
		}
		if m.Error > 10 {
			t.Errorf("%+v: %v ± %v km/h says nothing", c, m.Value, m.Error)
		}
	}
	if all < 400 || float64(held) < .95*float64(all) {
		t.Errorf("the bar held the truth %d times of %d", held, all)
	}
}

// A length alone leaves the camera's tilt and lens open: its bar holds the
// truth for every camera that it may be.
func TestLengthAlone(t *testing.T) {
	held, all := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		c := genCamera(t)
		z := c.ahead(c.h * .7)
		cal := Calibration{Width: int(c.w), Height: int(c.h), Lengths: []Length{{c.see(-1.5, z, 0), c.see(1.5, z, 0), 3}}}
		if cal.Validate() != nil {
			t.Skip("outside the picture")
		}
		g, ok, err := cal.Ground()
		if !ok || err != nil {
			t.Fatal(err)
		}
		m, ok := g.Speed(c.drive(8, rapid.Float64Range(70, 110).Draw(t, "heading")))
		if !ok {
			t.Skip("beyond the horizon of a camera that it may be")
		}
		all++
		if math.Abs(m.Value-8) <= m.Error {
			held++
		}
	})
	if all < 50 || float64(held) < .95*float64(all) {
		t.Errorf("the bar held the truth %d times of %d", held, all)
	}
}

func TestBadCalibrations(t *testing.T) {
	line := []Pair{{Point{0, 0}, Point{0, 0}}, {Point{10, 10}, Point{1, 1}}, {Point{20, 20}, Point{2, 2}}, {Point{30, 0}, Point{3, 0}}}
	if _, err := FitHomography(line); !errors.Is(err, ErrDegenerate) {
		t.Errorf("three on a line: %v", err)
	}
	if _, err := FitHomography(line[:3]); !errors.Is(err, ErrFewPoints) {
		t.Error(err)
	}
	same := []Pair{line[0], line[0], line[0], line[0]}
	if _, err := FitHomography(same); !errors.Is(err, ErrDegenerate) {
		t.Errorf("one point: %v", err)
	}
	deg := 400.0
	for name, c := range map[string]Calibration{
		"nothing": {Width: 640, Height: 360}, "three points": {Width: 640, Height: 360, Points: line[:3]},
		"outside": {Width: 10, Height: 10, Points: line}, "north": {Width: 9, Height: 9, North: &deg},
		"both":      {Width: 640, Height: 360, Points: line, Lengths: []Length{{Point{0, 0}, Point{100, 0}, 2}}},
		"no length": {Width: 640, Height: 360, Lengths: []Length{{Point{0, 0}, Point{100, 0}, 0}}},
		"tiny":      {Width: 640, Height: 360, Lengths: []Length{{Point{0, 0}, Point{1, 0}, 2}}},
	} {
		if _, ok, err := c.Ground(); ok || err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	cross := []Pair{{Point{100, 100}, Point{0, 0}}, {Point{200, 100}, Point{1, 0}}, {Point{200, 200}, Point{0, 1}}, {Point{100, 200}, Point{1, 1}}}
	if _, err := FitHomography(cross); !errors.Is(err, ErrDegenerate) {
		t.Errorf("points in a wrong order, whose plane is seen from both sides: %v", err)
	}
}

// What stands, or lies beyond the horizon, has no speed.
func TestNoSpeed(t *testing.T) {
	c := camera{w: 1280, h: 720, focus: 1200, tilt: 20, up: 5}
	g, ok, err := Calibration{Width: 1280, Height: 720, Points: c.marks(4, 0, rand.New(rand.NewPCG(1, 2)))}.Ground()
	if !ok || err != nil {
		t.Fatal(err)
	}
	still := Path{{TUS: 0, Box: Box{X: 600, Y: 500, W: 40, H: 40}}, {TUS: 5_000_000, Box: Box{X: 600, Y: 500, W: 40, H: 40}}}
	sky := Path{{TUS: 0, Box: Box{X: 600, Y: -200, W: 40, H: 40}}, {TUS: 5_000_000, Box: Box{X: 900, Y: -200, W: 40, H: 40}}}
	for name, p := range map[string]Path{"standing": still, "in the sky": sky, "nothing": nil} {
		if m, ok := g.Speed(p); ok {
			t.Errorf("%s: %v km/h", name, m)
		}
	}
	if _, ok := g.Width(sky); ok {
		t.Error("the sky has a width")
	}
}
