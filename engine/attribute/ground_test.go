package attribute

import (
	"testing"

	"posteriori/engine/frame"
	"posteriori/engine/scene"
)

// shadedRoad is a dark, bluish road beneath a bright sky.
func shadedRoad() frame.YUV {
	f := frame.NewYUV(320, 180)
	fill(f, 0, 0, 320, 180, [3]uint8{48, 50, 60})
	fill(f, 0, 0, 320, 50, [3]uint8{225, 240, 255})
	return f
}

// look is one at a car that was painted over the background.
func look(f, back frame.YUV, box scene.Box) Look {
	return Look{Picture: f, Back: &back, Box: box, Class: scene.Car, Light: SceneLight(f), Inside: func(x, y int) bool { return true }}
}

// In the shade below a bright sky a white car is no lighter than a grey one in
// the sun. What tells them apart is the road beneath.
func TestGroundTellsWhatWhiteIs(t *testing.T) {
	for want, paint := range map[scene.Colour][3]uint8{
		scene.White: {150, 156, 176}, scene.Silver: {108, 112, 128}, scene.Black: {26, 27, 33}, scene.Blue: {30, 50, 140}, scene.Red: {120, 22, 30},
	} {
		f := shadedRoad()
		box := car(f, paint)
		v, ok := Colour(look(f, shadedRoad(), box))
		if got, _ := VoteColour(v); !ok || got != want {
			t.Errorf("%s on a shaded road: got %s, votes %v", want, got, v)
		}
	}
}

// A silhouette is wider than its object: what shows the background is not it.
func TestBackgroundIsNotTheObject(t *testing.T) {
	f, back := street(), street()
	fill(f, 150, 90, 170, 110, [3]uint8{25, 70, 170})
	l := look(f, back, scene.Box{X: 100, Y: 60, W: 120, H: 80})
	l.Class = scene.Other
	v, ok := Colour(l)
	if got, _ := VoteColour(v); !ok || got != scene.Blue {
		t.Errorf("a small blue thing in a wide silhouette: %s %v", got, v)
	}
	l.Inside = nil // as of what stands still
	if got, _ := VoteColour(must(Colour(l))); got != scene.Blue {
		t.Errorf("without a silhouette: %s", got)
	}
	if _, ok := Colour(look(back, back, l.Box)); ok {
		t.Error("the background alone has a colour")
	}
}

func TestLowerClothing(t *testing.T) {
	f := street()
	box := scene.Box{X: 140, Y: 40, W: 40, H: 120}
	fill(f, 150, 40, 170, 58, [3]uint8{210, 160, 135}) // head
	fill(f, 145, 58, 175, 105, [3]uint8{200, 30, 30})  // coat
	fill(f, 148, 105, 172, 158, [3]uint8{30, 50, 130}) // jeans
	back := street()
	l := Look{Picture: f, Back: &back, Box: box, Class: scene.Person, Light: SceneLight(f)}
	if got, _ := VoteColour(must(Lower(l))); got != scene.Blue {
		t.Errorf("jeans are %s", got)
	}
	if got, _ := VoteColour(must(Colour(l))); got != scene.Red {
		t.Errorf("the coat is %s", got)
	}
	for name, change := range map[string]func(*Look){
		"cut off":    func(l *Look) { l.Box.H = 140 },
		"sitting":    func(l *Look) { l.Box.W = 90 },
		"small":      func(l *Look) { l.Box.W, l.Box.H = 12, 36 },
		"a car":      func(l *Look) { l.Class = scene.Car },
		"monochrome": func(l *Look) { l.Light.Mono = true },
	} {
		k := l
		change(&k)
		if v, ok := Lower(k); ok {
			t.Errorf("%s: lower clothing %v", name, v)
		}
	}
}
