package synopsis

import (
	"math"
	"slices"
	"testing"

	vocab "posteriori/engine/scene"
	"posteriori/testdata/scene"
)

// condensed is a made scene whose truth are the tubes: a car passes, another
// stops for forty seconds, a person walks by.
func condensed(t *testing.T) (*scene.Scene, Recording, []Tube) {
	t.Helper()
	s, err := scene.New("street", 640, 360, 1)
	if err != nil {
		t.Fatal(err)
	}
	s.Seconds = 120
	s.Actors = []scene.Actor{
		{ID: 1, Class: vocab.Car, Colour: vocab.Red, Way: []scene.Waypoint{{T: 5, X: -90, Y: 246}, {T: 10, X: 730, Y: 246}}},
		{ID: 2, Class: vocab.Car, Colour: vocab.Blue, Way: []scene.Waypoint{
			{T: 20, X: -90, Y: 246}, {T: 24, X: 330, Y: 246}, {T: 64, X: 330, Y: 246}, {T: 68, X: 730, Y: 246}}},
		{ID: 3, Class: vocab.Person, Colour: vocab.Green, Lower: vocab.Black, Way: []scene.Waypoint{{T: 90, X: -20, Y: 296}, {T: 102, X: 660, Y: 296}}},
	}
	tubes := map[int]*Tube{}
	for i := range s.Frames() {
		for _, b := range s.Boxes(i) {
			u := tubes[b.ID]
			if u == nil {
				u = &Tube{Track: int64(b.ID), Class: vocab.Car, StartUS: s.TimeUS(i)}
				tubes[b.ID] = u
			}
			u.EndUS = s.TimeUS(i)
			u.Path = append(u.Path, vocab.PathPoint{TUS: u.EndUS, Box: vocab.Box{X: b.Box.X, Y: b.Box.Y, W: b.Box.W, H: b.Box.H}})
		}
	}
	r := recording("a", "n", int64(s.Seconds*1e6))
	return s, r, []Tube{*tubes[1], *tubes[2], *tubes[3]}
}

// Condense is slow where something moves and fast where nothing does, whatever
// length is wanted, and meets that length within two in a hundred. What moves is
// told by the scene, not by the tubes.
func TestCondenseFollowsActivity(t *testing.T) {
	s, r, tubes := condensed(t)
	moves := func(us int64) bool {
		at := func(us int64) []scene.Labelled { return s.Boxes(int(us / 40_000)) }
		then, now := at(max(us-second/2, 0)), at(us)
		return slices.ContainsFunc(now, func(b scene.Labelled) bool {
			return !slices.ContainsFunc(then, func(o scene.Labelled) bool {
				return o.ID == b.ID && math.Abs(o.Whole.X-b.Whole.X)+math.Abs(o.Whole.Y-b.Whole.Y) < 1
			})
		})
	}
	for _, want := range []int64{0, 20 * second, 30 * second, 40 * second, 60 * second} {
		_, plan := makePlan(t, []Recording{r}, tubes, Options{Mode: Condense, DurationUS: want})
		if d := plan.DurationUS(); want > 0 && math.Abs(float64(d-want)) > .02*float64(want) {
			t.Errorf("%d s are wanted, %.2f s made", want/second, float64(d)/1e6)
		}
		var moving, still, movingOut, stillOut float64
		for _, y := range plan.Spans {
			n := (y.ToUS - y.FromUS + 39_999) / 40_000
			for k := range n {
				us := y.FromUS + k*40_000
				if moves(us) {
					moving, movingOut = moving+1, movingOut+float64(y.Frames)/float64(n)
				} else if !moves(us-2*second) && !moves(us+2*second) { // well within
					still, stillOut = still+1, stillOut+float64(y.Frames)/float64(n)
				}
			}
		}
		slow, fast := moving/movingOut, still/stillOut
		t.Logf("%2d s wanted: ×%.2f where something moves, ×%.2f where nothing does", want/second, slow, fast)
		if moving < 20*25 || still < 30*25 {
			t.Fatalf("%.0f moving pictures, %.0f still", moving, still)
		}
		if want < 60*second && fast < 1.5*slow {
			t.Errorf("%d s wanted: ×%.2f where something moves, ×%.2f where nothing does", want/second, slow, fast)
		}
		if (want == 0 || want >= 36*second) && slow > 1.02 {
			t.Errorf("%d s wanted: ×%.2f where something moves", want/second, slow)
		}
	}
}
