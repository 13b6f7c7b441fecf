package link

import (
	"testing"

	"posteriori/engine/scene"
)

// stretch is a piece of a way: 10 points a second from box a at fromUS to
// box b at toUS.
func stretch(class scene.Class, a, b scene.Box, fromUS, toUS int64) Tracklet {
	t := Tracklet{Class: class, Detections: 5, Head: true, Tail: true}
	for at := fromUS; at <= toUS; at += 100_000 {
		t.Path = append(t.Path, scene.PathPoint{TUS: at, Box: a.Lerp(b, float64(at-fromUS)/float64(toUS-fromUS))})
	}
	return t
}

func TestTracklets(t *testing.T) {
	at := func(x float64) scene.Box { return scene.Box{X: x, Y: 300, W: 40, H: 100} }
	half := func(x float64) scene.Box { return scene.Box{X: x, Y: 300, W: 40, H: 45} } // its legs hidden
	const s = 1_000_000
	walker := stretch(scene.Person, at(200), at(320), 0, 2*s) // 60 px/s
	for name, c := range map[string]struct {
		in   []Tracklet
		want []int
	}{
		"hidden for two seconds":    {[]Tracklet{walker, stretch(scene.Person, at(440), at(560), 4*s, 6*s)}, []int{-1, 0}},
		"in order of any kind":      {[]Tracklet{stretch(scene.Person, at(440), at(560), 4*s, 6*s), walker}, []int{1, -1}},
		"named by one of them only": {[]Tracklet{walker, stretch(scene.Other, at(380), at(560), 3*s, 6*s)}, []int{-1, 0}},
		"another kind":              {[]Tracklet{walker, stretch(scene.Car, at(380), at(560), 3*s, 6*s)}, []int{-1, -1}},
		"too far off":               {[]Tracklet{walker, stretch(scene.Person, at(700), at(820), 4*s, 6*s)}, []int{-1, -1}},
		"too late":                  {[]Tracklet{walker, stretch(scene.Person, at(620), at(740), 7*s, 9*s)}, []int{-1, -1}},
		"four times as large":       {[]Tracklet{walker, stretch(scene.Person, scene.Box{X: 380, Y: 200, W: 160, H: 400}, scene.Box{X: 500, Y: 200, W: 160, H: 400}, 3*s, 6*s)}, []int{-1, -1}},
		"a car that turned unseen":  {[]Tracklet{stretch(scene.Car, at(200), at(250), 0, 2*s), stretch(scene.Car, at(250), at(200), 4*s, 6*s)}, []int{-1, -1}},
		"far off, where cars go and come": {[]Tracklet{
			stretch(scene.Car, scene.Box{X: 520, Y: 340, W: 60, H: 48}, scene.Box{X: 600, Y: 300, W: 30, H: 24}, 0, 4*s),
			stretch(scene.Car, scene.Box{X: 608, Y: 300, W: 30, H: 24}, scene.Box{X: 668, Y: 360, W: 60, H: 48}, 4*s+500_000, 8*s),
		}, []int{-1, -1}},
		"someone who turned unseen":   {[]Tracklet{stretch(scene.Person, at(200), at(250), 0, 2*s), stretch(scene.Person, at(250), at(200), 4*s, 6*s)}, []int{-1, 0}},
		"its legs hidden at the seam": {[]Tracklet{stretch(scene.Person, half(200), half(320), 0, 2*s), stretch(scene.Person, at(332), at(452), 2*s+200_000, 4*s)}, []int{-1, 0}},
		"stood behind a post":         {[]Tracklet{stretch(scene.Person, at(300), at(300), 0, 2*s), stretch(scene.Person, at(310), at(310), 6*s, 8*s)}, []int{-1, 0}},
		"stood, and another came":     {[]Tracklet{stretch(scene.Person, at(300), at(300), 0, 2*s), stretch(scene.Person, at(400), at(400), 6*s, 8*s)}, []int{-1, -1}},
		"handed over":                 {[]Tracklet{walker, stretch(scene.Person, half(290), half(410), s+500_000, 3*s+500_000)}, []int{-1, 0}},
		"side by side for a moment":   {[]Tracklet{walker, stretch(scene.Person, at(345), at(470), s+500_000, 3*s+500_000)}, []int{-1, -1}},
		"one of two, who knows which": {[]Tracklet{walker, stretch(scene.Person, at(435), at(560), 4*s, 6*s), stretch(scene.Person, at(445), at(565), 4*s, 6*s)}, []int{-1, -1, -1}},
		"left, and one came in there": {[]Tracklet{stretch(scene.Person, at(20), at(0), 0, 2*s), stretch(scene.Person, at(0), at(20), 3*s, 5*s)}, []int{-1, -1}},
		"a chain": {[]Tracklet{walker, stretch(scene.Person, at(380), at(440), 3*s, 4*s),
			stretch(scene.Person, at(500), at(620), 5*s, 7*s)}, []int{-1, 0, 1}},
		"two at once, each its own": {[]Tracklet{
			walker, stretch(scene.Person, scene.Box{X: 560, Y: 320, W: 40, H: 100}, scene.Box{X: 440, Y: 320, W: 40, H: 100}, 0, 2*s),
			stretch(scene.Person, scene.Box{X: 320, Y: 320, W: 40, H: 100}, scene.Box{X: 200, Y: 320, W: 40, H: 100}, 4*s, 6*s),
			stretch(scene.Person, at(440), at(560), 4*s, 6*s),
		}, []int{-1, -1, 1, 0}},
		"nothing to join":        {[]Tracklet{walker, {}}, []int{-1, -1}},
		"its end is not its end": {[]Tracklet{{Path: walker.Path, Class: scene.Person, Detections: 5, Head: true}, stretch(scene.Person, at(440), at(560), 4*s, 6*s)}, []int{-1, -1}},
	} {
		got := Tracklets(1280, 720, c.in)
		for i := range c.want {
			if got[i] != c.want[i] {
				t.Errorf("%s: %v, want %v", name, got, c.want)
				break
			}
		}
	}
}
