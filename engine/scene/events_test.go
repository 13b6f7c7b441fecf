package scene

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// walk makes the path of a box of 20×40 whose foot goes through the points,
// one second apart.
func walk(feet ...Point) Path {
	return walkEvery(1_000_000, feet...)
}

func walkEvery(us int64, feet ...Point) Path {
	var p Path
	for i, f := range feet {
		p = append(p, PathPoint{TUS: int64(i) * us, Box: Box{X: f.X - 10, Y: f.Y - 40, W: 20, H: 40}})
	}
	return p
}

var square = Zone{Name: "square", Polygon: Polygon{{100, 100}, {200, 100}, {200, 200}, {100, 200}}}

func TestVisits(t *testing.T) {
	for _, c := range []struct {
		name string
		path Path
		want []Visit
	}{
		{"none", nil, nil},
		{"far", walk(Point{0, 0}, Point{50, 50}), nil},
		{"through", walk(Point{50, 150}, Point{150, 150}, Point{250, 150}),
			[]Visit{{FromUS: 500_000, ToUS: 1_500_000, Entered: true, Left: true}}},
		{"through between two points", walk(Point{0, 150}, Point{400, 150}),
			[]Visit{{FromUS: 250_000, ToUS: 500_000, Entered: true, Left: true}}},
		{"stays", walk(Point{50, 150}, Point{150, 150}, Point{150, 150}),
			[]Visit{{FromUS: 500_000, ToUS: 2_000_000, Entered: true}}},
		{"begins inside", walk(Point{150, 150}, Point{150, 250}),
			[]Visit{{FromUS: 0, ToUS: 500_000, Left: true}}},
		{"twice", walk(Point{50, 150}, Point{150, 150}, Point{50, 150}, Point{150, 150}),
			[]Visit{{FromUS: 500_000, ToUS: 1_500_000, Entered: true, Left: true}, {FromUS: 2_500_000, ToUS: 3_000_000, Entered: true}}},
		{"never moves inside", walk(Point{150, 150}, Point{150, 150}), []Visit{{FromUS: 0, ToUS: 1_000_000}}},
		{"one point", walk(Point{150, 150}), []Visit{{}}},
		{"passes the corner outside", walk(Point{50, 120}, Point{120, 50}), nil},
	} {
		if d := cmp.Diff(c.want, square.Visits(c.path)); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
	if got := square.Dwell(walk(Point{50, 150}, Point{150, 150}, Point{50, 150}, Point{150, 150})); got != 1_500_000 {
		t.Errorf("dwell %d", got)
	}
}

// An object that stands on the edge of a zone and trembles over it, then goes
// in, has entered once.
func TestVisitsTremble(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var feet []Point
	for x := 50.0; x < 100; x += 5 {
		feet = append(feet, Point{x, 150})
	}
	for range 100 {
		feet = append(feet, Point{100 + rng.Float64()*3 - 1.5, 150 + rng.Float64()*3})
	}
	for x := 100.0; x < 150; x += 5 {
		feet = append(feet, Point{x, 150})
	}
	got := square.Visits(walkEvery(100_000, feet...))
	if len(got) != 1 || !got[0].Entered || got[0].Left {
		t.Errorf("visits: %+v", got)
	}
}

// A zone thinner than the tremble margin is still passed through.
func TestVisitsThinZone(t *testing.T) {
	strip := Zone{Name: "strip", Polygon: Polygon{{100, 0}, {102, 0}, {102, 300}, {100, 300}}}
	got := strip.Visits(walkEvery(100_000, Point{50, 150}, Point{80, 150}, Point{110, 150}, Point{140, 150}))
	if len(got) != 1 || !got[0].Entered || !got[0].Left {
		t.Errorf("visits: %+v", got)
	}
}

// Visits lie within the path, in order, apart, and only the first may begin
// without entering, only the last end without leaving.
func TestVisitsAreOrdered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		feet := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Point {
			return Point{float64(rapid.IntRange(60, 240).Draw(t, "x")), float64(rapid.IntRange(60, 240).Draw(t, "y"))}
		}), 1, 30).Draw(t, "feet")
		p := walkEvery(rapid.Int64Range(1, 2_000_000).Draw(t, "step"), feet...)
		vs := square.Visits(p)
		at := p[0].TUS
		for i, v := range vs {
			if v.FromUS < at || v.ToUS < v.FromUS || v.ToUS > p[len(p)-1].TUS {
				t.Fatalf("visit %d of %+v", i, vs)
			}
			if !v.Entered && (i > 0 || v.FromUS != p[0].TUS) || !v.Left && (i < len(vs)-1 || v.ToUS != p[len(p)-1].TUS) {
				t.Fatalf("visit %d of %+v", i, vs)
			}
			at = v.ToUS
		}
	})
}

func TestCrossings(t *testing.T) {
	up := Line{Name: "up", A: Point{100, 200}, B: Point{100, 100}} // upwards: right is right
	for _, c := range []struct {
		name string
		path Path
		want []Crossing
	}{
		{"none", nil, nil},
		{"to the right", walk(Point{50, 150}, Point{150, 150}), []Crossing{{TUS: 500_000, ToRight: true}}},
		{"to the left", walk(Point{150, 150}, Point{50, 150}), []Crossing{{TUS: 500_000}}},
		{"there and back", walk(Point{50, 150}, Point{150, 150}, Point{50, 150}), []Crossing{{TUS: 500_000, ToRight: true}, {TUS: 1_500_000}}},
		{"past its end", walk(Point{50, 90}, Point{150, 90}), nil},
		{"round its end and back over it", walk(Point{50, 150}, Point{50, 50}, Point{150, 50}, Point{150, 150}, Point{50, 150}),
			[]Crossing{{TUS: 3_500_000}}},
		{"a step over and back", walkEvery(100_000, Point{50, 150}, Point{101, 150}, Point{50, 150}), nil},
		{"touches it", walk(Point{50, 150}, Point{100, 150}, Point{50, 150}), nil},
		{"by way of a point on it", walk(Point{50, 150}, Point{100, 150}, Point{150, 150}), []Crossing{{TUS: 1_000_000, ToRight: true}}},
		{"ends as it crosses", walkEvery(100_000, Point{50, 150}, Point{90, 150}, Point{101, 150}), []Crossing{{TUS: 190_909, ToRight: true}}},
	} {
		if d := cmp.Diff(c.want, up.Crossings(c.path)); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}

// However the foot trembles on the line, a way over it is one crossing, and
// an object that only ever stands on it is none.
func TestCrossingsTremble(t *testing.T) {
	line := Line{Name: "l", A: Point{100, 300}, B: Point{100, 0}}
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		var stand []Point
		for range 5 * rapid.IntRange(1, 40).Draw(t, "n") {
			stand = append(stand, Point{100 + rng.Float64()*3 - 1.5, 150})
		}
		feet := append(append([]Point{{50, 150}, {80, 150}}, stand...), Point{120, 150}, Point{150, 150})
		if got := line.Crossings(walkEvery(40_000, feet...)); len(got) != 1 || !got[0].ToRight {
			t.Fatalf("a way over the line: %+v", got)
		}
		back := append(append([]Point{{50, 150}, {80, 150}}, stand...), Point{80, 150}, Point{50, 150})
		if got := line.Crossings(walkEvery(40_000, back...)); len(got) != 0 {
			t.Fatalf("a stand on the line: %+v", got)
		}
		// The path the other way round crosses the other way.
		for i, j := 0, len(feet)-1; i < j; i, j = i+1, j-1 {
			feet[i], feet[j] = feet[j], feet[i]
		}
		if got := line.Crossings(walkEvery(40_000, feet...)); len(got) != 1 || got[0].ToRight {
			t.Fatalf("the way back: %+v", got)
		}
	})
}

func TestStops(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var feet []Point
	for i := range 20 {
		feet = append(feet, Point{float64(i) * 10, 100})
	}
	for range 100 {
		feet = append(feet, Point{200 + rng.Float64()*2, 100 + rng.Float64()*2})
	}
	for i := range 20 {
		feet = append(feet, Point{210 + float64(i)*10, 100})
	}
	p := walkEvery(100_000, feet...)
	got := p.Stops(5_000_000)
	if len(got) != 1 || got[0].FromUS < 1_900_000 || got[0].FromUS > 2_000_000 || got[0].ToUS < 11_800_000 || got[0].ToUS > 12_100_000 {
		t.Errorf("stops: %+v", got)
	}
	if got := p.Stops(15_000_000); got != nil {
		t.Errorf("stops of 15 s: %+v", got)
	}
	if got := walk(Point{1, 1}).Stops(0); got != nil {
		t.Errorf("one point stops: %+v", got)
	}
}

// A stand of so long is found by Stops up to the longest one, and not beyond.
func TestLongestStand(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p Path
		at, us := Point{}, int64(0)
		for range rapid.IntRange(0, 30).Draw(t, "points") {
			us += rapid.Int64Range(1, 3_000_000).Draw(t, "step")
			at.X += rapid.Float64Range(-8, 8).Draw(t, "dx")
			p = append(p, PathPoint{TUS: us, Box: Box{X: at.X, Y: 10, W: 20, H: 40}})
		}
		longest := p.LongestStand()
		if longest > 0 && len(p.Stops(longest)) == 0 {
			t.Fatalf("a stand of %d is not found", longest)
		}
		if len(p.Stops(longest+1)) > 0 {
			t.Fatalf("a stand longer than %d is found", longest)
		}
	})
}
