package pipeline

import (
	"math/rand/v2"
	"testing"

	"posteriori/engine/frame"
)

// scenery is a plane with a sky, a road, a house and noise, of a brightness.
func scenery(w, h, bright int, seed uint64) frame.Plane {
	r := rand.New(rand.NewPCG(seed, 3))
	p := frame.NewPlane(w, h)
	for y := range h {
		row := p.Row(y)
		for x := range w {
			v := bright + 40*y/h
			if x > w/3 && x < 2*w/3 && y > h/4 && y < 3*h/4 {
				v += 35
			}
			row[x] = byte(min(255, v+r.IntN(7)))
		}
	}
	return p
}

func put(dst, src frame.Plane, x, y int) {
	for i := range src.H {
		copy(dst.Row(y + i)[x:], src.Row(i))
	}
}

func TestSeamsOfASplitScreen(t *testing.T) {
	const w, h = 480, 270
	four := frame.NewPlane(w, h)
	for i, at := range [4][2]int{{0, 0}, {w / 2, 0}, {0, h / 2}, {w / 2, h / 2}} {
		put(four, scenery(w/2, h/2, 30+45*i, uint64(i)), at[0], at[1])
	}
	lamp := scenery(w, h, 60, 9) // a post in the middle, from top to bottom
	for y := range h {
		for x := w/2 - 2; x < w/2+2; x++ {
			lamp.Row(y)[x] = 220
		}
	}
	framed := scenery(w, h, 60, 10) // four pictures with a line between them
	for y := range h {
		framed.Row(y)[w/2], framed.Row(y)[w/2-1] = 0, 0
	}
	clear(framed.Row(h / 2))
	for name, c := range map[string]struct {
		plane frame.Plane
		want  bool
	}{
		"one camera": {scenery(w, h, 60, 5), false}, "four cameras": {four, true},
		"a post in the middle": {lamp, false}, "lines between": {framed, true}, "tiny": {scenery(16, 16, 60, 1), false},
	} {
		var s seams
		for i := range int64(5) {
			s.look(c.plane, i*seamEveryUS)
		}
		if s.split() != c.want {
			t.Errorf("%s: %v", name, s.split())
		}
	}
	var s seams
	for i := range int64(20) { // a title over the first seconds, no more
		p := lamp
		if i < 6 {
			p = four
		}
		s.look(p, i*seamEveryUS)
	}
	if s.split() {
		t.Error("what is seen for a while only is no split screen")
	}
}
