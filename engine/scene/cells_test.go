package scene

import (
	"testing"

	"pgregory.net/rapid"
)

func drawPoint(t *rapid.T, name string) Point {
	return Point{X: rapid.Float64Range(-100, 2000).Draw(t, name+"x"), Y: rapid.Float64Range(-100, 1100).Draw(t, name+"y")}
}

// TestCellsLoseNothing: a path and a polygon that have a point in common have
// a cell in common, so that a search by cells leaves out no track.
func TestCellsLoseNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p Path
		for i := range rapid.IntRange(1, 6).Draw(t, "points") {
			f := drawPoint(t, "p")
			p = append(p, PathPoint{TUS: int64(i), Box: Box{X: f.X - 5, Y: f.Y - 10, W: 10, H: 10}})
		}
		g := Polygon{drawPoint(t, "a"), drawPoint(t, "b"), drawPoint(t, "c"), drawPoint(t, "d")}
		i, s := rapid.IntRange(0, len(p)-1).Draw(t, "i"), rapid.Float64Range(0, 1).Draw(t, "s")
		a, b := p[i].Box.Bottom(), p[min(i+1, len(p)-1)].Box.Bottom()
		on := Point{X: a.X + (b.X-a.X)*s, Y: a.Y + (b.Y-a.Y)*s}
		if g.Contains(on) && p.Cells()&g.Cells() == 0 {
			t.Fatalf("%v is on the path and in the polygon: cells %x and %x", on, p.Cells(), g.Cells())
		}
	})
}

// TestCellsTellApart: what is far from a zone is left out.
func TestCellsTellApart(t *testing.T) {
	zone := Polygon{{600, 300}, {700, 300}, {700, 420}, {600, 420}}
	diagonal := Path{{Box: Box{X: 0, Y: 90, W: 10, H: 10}}, {TUS: 1, Box: Box{X: 1000, Y: 900, W: 10, H: 10}}}
	beside := Path{{Box: Box{X: 800, Y: 80, W: 10, H: 10}}, {TUS: 1, Box: Box{X: 830, Y: 690, W: 10, H: 10}}}
	if diagonal.Cells() == AllCells || beside.Cells()&zone.Cells() != 0 {
		t.Errorf("diagonal %x, beside %x, zone %x", diagonal.Cells(), beside.Cells(), zone.Cells())
	}
	if (Path{}).Cells() != AllCells {
		t.Error("no path, and still it is known where it was")
	}
}
