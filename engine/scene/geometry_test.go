package scene

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func genBox(t *rapid.T) Box {
	f := func(name string, lo, hi float64) float64 { return rapid.Float64Range(lo, hi).Draw(t, name) }
	return Box{X: f("x", -500, 500), Y: f("y", -500, 500), W: f("w", 0, 300), H: f("h", 0, 300)}
}

func TestBoxLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := genBox(t), genBox(t)
		const eps = 1e-6
		i, u := a.Intersect(b), a.Union(b)
		if i != b.Intersect(a) || a.IoU(b) != b.IoU(a) {
			t.Fatal("not symmetric")
		}
		if i.Area() > math.Min(a.Area(), b.Area())+eps || u.Area()+eps < math.Max(a.Area(), b.Area()) {
			t.Fatalf("areas: %v ∩ %v = %v, ∪ %v", a, b, i, u)
		}
		if v := a.IoU(b); v < 0 || v > 1 {
			t.Fatalf("IoU %v", v)
		}
		if a.Area() > 1 && math.Abs(a.IoU(a)-1) > eps {
			t.Fatalf("IoU with itself %v", a.IoU(a))
		}
		if a.W > 1e-6 && a.H > 1e-6 && !a.Contains(a.Center()) {
			t.Fatal("centre outside")
		}
		if c := a.Clamp(640, 360); !c.Empty() && (c.X < 0 || c.Y < 0 || c.X+c.W > 640+eps || c.Y+c.H > 360+eps) {
			t.Fatalf("clamped to %v", c)
		}
		if p := a.Inset(1e9); p.W > eps || p.H > eps {
			t.Fatalf("inset without end: %v", p)
		}
		if a.Lerp(b, 0) != a || a.Lerp(b, .5).Center().Dist(along(a.Center(), b.Center(), .5)) > eps {
			t.Fatal("lerp")
		}
	})
}

func TestBoxEdges(t *testing.T) {
	b := Box{X: 10, Y: 20, W: 4, H: 6}
	if !b.Contains(Point{10, 20}) || b.Contains(Point{14, 20}) || b.Contains(Point{10, 26}) {
		t.Error("left and top edge are in, right and bottom are not")
	}
	if b.Intersect(Box{X: 14, Y: 20, W: 1, H: 1}) != (Box{}) {
		t.Error("boxes that touch share nothing")
	}
	if got := b.Pad(2); got != (Box{8, 18, 8, 10}) {
		t.Errorf("pad: %v", got)
	}
	if b.Bottom() != (Point{12, 26}) {
		t.Errorf("bottom: %v", b.Bottom())
	}
	if got := (Box{}).Union(b); got != b {
		t.Errorf("union with nothing: %v", got)
	}
}

func TestPathAt(t *testing.T) {
	p := Path{{TUS: 100, Box: Box{0, 0, 10, 10}}, {TUS: 200, Box: Box{10, 0, 20, 10}}, {TUS: 400, Box: Box{10, 20, 20, 10}}}
	for at, want := range map[int64]Box{100: {0, 0, 10, 10}, 150: {5, 0, 15, 10}, 300: {10, 10, 20, 10}, 400: {10, 20, 20, 10}} {
		if got, ok := p.At(at); !ok || got != want {
			t.Errorf("at %d: %v, %v", at, got, ok)
		}
	}
	for _, at := range []int64{99, 401} {
		if _, ok := p.At(at); ok {
			t.Errorf("there is a box at %d", at)
		}
	}
	if got := p.Between(101, 399); len(got) != 1 || got[0].TUS != 200 {
		t.Errorf("between: %v", got)
	}
	if p.Between(201, 399) != nil || p.Between(300, 100) != nil || Path(nil).Between(0, 1) != nil {
		t.Error("between nothing")
	}
	if p.Bounds() != (Box{0, 0, 30, 30}) || p.DurationUS() != 300 {
		t.Errorf("bounds %v, duration %d", p.Bounds(), p.DurationUS())
	}
	if got := p.Displacement(); got != (Point{15, 20}) {
		t.Errorf("displacement %v", got)
	}
	if got := p.Length(); got != 35 {
		t.Errorf("length %v", got)
	}
}

// A box that trembles travels nowhere; one that goes, goes its way.
func TestTravelLeavesOutJitter(t *testing.T) {
	var still, moving Path
	for i := range 200 {
		j := float64(i%3) - 1
		still = append(still, PathPoint{TUS: int64(i) * 100_000, Box: Box{X: 100 + j, Y: 50, W: 40, H: 80}})
		moving = append(moving, PathPoint{TUS: int64(i) * 100_000, Box: Box{X: 3*float64(i) + j, Y: 50, W: 40, H: 80}})
	}
	if got := still.Travel(); got != 0 {
		t.Errorf("still: %v", got)
	}
	if got := moving.Travel(); got < 570 || got > 620 {
		t.Errorf("moving 597 px: %v", got)
	}
	if still.Length() < 150 {
		t.Error("the test's tremble is too small to tell")
	}
}

func TestPolygonContains(t *testing.T) {
	l := Polygon{{0, 0}, {10, 0}, {10, 4}, {4, 4}, {4, 10}, {0, 10}} // an L
	for pt, want := range map[Point]bool{
		{2, 2}: true, {9, 2}: true, {2, 9}: true, {7, 7}: false, {-1, 5}: false, {11, 2}: false,
		{0, 0}: true, {10, 2}: true, {4, 7}: true, {4, 4}: true, {0, 5}: true, {7, 4}: true, {7, 4.001}: false,
	} {
		if got := l.Contains(pt); got != want {
			t.Errorf("%v: %v", pt, got)
		}
	}
	if got := l.Area(); got != 64 {
		t.Errorf("area %v", got)
	}
	bow := Polygon{{0, 0}, {10, 10}, {10, 0}, {0, 10}}
	if !bow.Contains(Point{2, 5}) || bow.Contains(Point{5, 2}) {
		t.Error("even-odd rule of a ring that crosses itself")
	}
}

// Whether a point lies in a polygon does not depend on where the ring starts,
// which way it goes, or where the origin is.
func TestPolygonContainsIsSteady(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Point {
			return Point{float64(rapid.IntRange(-50, 50).Draw(t, "x")), float64(rapid.IntRange(-50, 50).Draw(t, "y"))}
		}), 3, 9).Draw(t, "ring")
		p := Point{float64(rapid.IntRange(-60, 60).Draw(t, "px")) + .5, float64(rapid.IntRange(-60, 60).Draw(t, "py")) + .25}
		if Polygon(g).Dist(p) < 1e-6 {
			return
		}
		want := Polygon(g).Contains(p)
		turned := append(append(Polygon{}, g[1:]...), g[0])
		back, moved := make(Polygon, len(g)), make(Polygon, len(g))
		for i, q := range g {
			back[len(g)-1-i] = q
			moved[i] = Point{q.X + 256, q.Y - 128}
		}
		if turned.Contains(p) != want || back.Contains(p) != want || moved.Contains(Point{p.X + 256, p.Y - 128}) != want {
			t.Fatalf("%v in %v", p, g)
		}
	})
}

func TestHeadings(t *testing.T) {
	for _, c := range []struct {
		in  string
		tol float64
		yes []float64
		no  []float64
	}{
		{"N", 0, []float64{0, 22.5, 337.5, 360, -10}, []float64{23, 337, 180}},
		{"ne", 0, []float64{45, 23, 67}, []float64{0, 70, 225}},
		{"E", 10, []float64{60, 120}, []float64{50, 130}},
		{"350-10", 0, []float64{350, 0, 10, 355}, []float64{11, 349, 180}},
		{"10-350", 0, []float64{10, 180, 350}, []float64{0, 5, 355}},
		{"90+-15", 0, []float64{75, 105}, []float64{74, 106}},
		{"0±30", 0, []float64{330, 30}, []float64{31, 329}},
		{"0-360", 0, []float64{0, 90, 359.9}, nil},
		{"S", 180, []float64{0, 90, 180}, nil},
	} {
		h, err := ParseHeadings(c.in, c.tol)
		if err != nil {
			t.Errorf("%q: %v", c.in, err)
			continue
		}
		for _, d := range c.yes {
			if !h.Contains(d) {
				t.Errorf("%q (%v) does not hold %v", c.in, h, d)
			}
		}
		for _, d := range c.no {
			if h.Contains(d) {
				t.Errorf("%q (%v) holds %v", c.in, h, d)
			}
		}
	}
	for _, bad := range []string{"", "NNE", "north", "-", "5", "400-500", "NaN-3", "1-2-3", "90+-x"} {
		if h, err := ParseHeadings(bad, 0); err == nil {
			t.Errorf("%q is %v", bad, h)
		}
	}
	if _, err := ParseHeadings("N", math.NaN()); err == nil {
		t.Error("a tolerance that is no number")
	}
	for deg, want := range map[float64]string{0: "N", 22: "N", 23: "NE", 91: "E", 359: "N", -45: "NW", 180: "S", 202: "S", 203: "SW"} {
		if got := Compass(deg); got != want {
			t.Errorf("%v is %s, want %s", deg, got, want)
		}
	}
}

func TestParseShapes(t *testing.T) {
	z, err := ParseZone("quai-3=0,0 10.5,0  10,20\t0,20")
	if d := cmp.Diff(Zone{"quai-3", Polygon{{0, 0}, {10.5, 0}, {10, 20}, {0, 20}}}, z); d != "" || err != nil {
		t.Error(d, err)
	}
	l, err := ParseLine("entrée=1,2 -3,4")
	if d := cmp.Diff(Line{"entrée", Point{1, 2}, Point{-3, 4}}, l); d != "" || err != nil {
		t.Error(d, err)
	}
	for in, want := range map[string]string{
		"gate": "not NAME=", "=1,2 3,4": "no name", "3x=1,2 3,4": "no name", "a b=1,2 3,4": "no name",
		"g=1,2 3": "not a point", "g=1,2 x,4": "not a point", "g=1,2 1,2": "no length", "g=1,2 1,2 3,4": "needs 2",
		"g=1,2 NaN,4": "outside any picture", "g=1,2 1e9,4": "outside any picture",
	} {
		if _, err := ParseLine(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("line %q: %v, want %q", in, err, want)
		}
	}
	for in, want := range map[string]string{
		"g=1,2 3,4": "needs 3", "g=0,0 1,1 2,2": "encloses nothing", "g=" + strings.Repeat("1,1 ", 300): "over 256",
	} {
		if _, err := ParseZone(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("zone %q: %v, want %q", in, err, want)
		}
	}
}

func FuzzParseZone(f *testing.F) {
	f.Add("quai=0,0 10.5,0 10,20 0,20")
	f.Add("x=1e3,-0 2,2 .5,7")
	f.Add("=,")
	f.Fuzz(func(t *testing.T, s string) {
		z, err := ParseZone(s)
		if err != nil {
			return
		}
		again, err := ParseZone(z.String())
		if d := cmp.Diff(z, again); err != nil || d != "" {
			t.Errorf("%q: %v %s", z.String(), err, d)
		}
	})
}

func FuzzParseLine(f *testing.F) {
	f.Add("gate=0,0 10.5,0")
	f.Add("x=1e6,-0 NaN,2")
	f.Add("x=1,1 1,1 Inf,0")
	f.Fuzz(func(t *testing.T, s string) {
		l, err := ParseLine(s)
		if err != nil {
			return
		}
		for _, v := range []float64{l.A.X, l.A.Y, l.B.X, l.B.Y} {
			if !(math.Abs(v) <= maxPixel) {
				t.Errorf("%q: %v", s, l)
			}
		}
		again, err := ParseLine(l.String())
		if d := cmp.Diff(l, again); err != nil || d != "" || l.A == l.B {
			t.Errorf("%q: %v %s", l.String(), err, d)
		}
	})
}

func FuzzParseHeadings(f *testing.F) {
	for _, s := range []string{"N", "sw", "350-10", "90+-15", "90±15"} {
		f.Add(s, 5.0)
	}
	f.Fuzz(func(t *testing.T, s string, tol float64) {
		h, err := ParseHeadings(s, tol)
		if err == nil && !(h.Contains(h.From) && h.Contains(h.To)) {
			t.Errorf("%q: %v does not hold its ends", s, h)
		}
	})
}
