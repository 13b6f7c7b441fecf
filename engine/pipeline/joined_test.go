package pipeline

import (
	"testing"

	"posteriori/engine/frame"
	"posteriori/engine/scene"
	"posteriori/engine/track"
)

// ground is a foreground to draw on.
type ground struct{ frame.Plane }

func (g ground) set(x0, y0, x1, y1 int) {
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			g.Pix[y*g.Stride+x] = 255
		}
	}
}

// silhouetteOf is the silhouette of the first of tracks at boxes.
func silhouetteOf(t *testing.T, g ground, view scene.Box, boxes ...scene.Box) func(x, y int) bool {
	t.Helper()
	var live []*track.Track
	for i, b := range boxes {
		live = append(live, &track.Track{ID: int64(i + 1), Box: b, State: track.Confirmed})
	}
	m, ok := cutMask(g.Plane, nil, nil, boxes[0], 1, 1, 0)
	if !ok {
		t.Fatal("the silhouette says nothing")
	}
	var j joined
	j.take(live, []scene.Box{view}, 0, 1, 1)
	j.look(g.Plane)
	m = j.widen(m, 1)
	return func(x, y int) bool {
		x, y = x-m.X, y-m.Y
		return x >= 0 && y >= 0 && x < m.W && y < m.H && m.Bits[y*((m.W+7)/8)+x/8]&(0x80>>(x%8)) != 0
	}
}

// Of who rides a bicycle, and is no track, the bicycle's silhouette has all;
// who walks beside, touches and is a track keeps to himself.
func TestRiderIsOfTheBicycle(t *testing.T) {
	g := ground{frame.NewPlane(100, 100)}
	g.set(30, 60, 60, 80) // bicycle
	g.set(40, 35, 50, 60) // rider
	g.set(50, 45, 62, 46) // arm
	g.set(62, 30, 72, 80) // who walks beside
	bicycle, walker := scene.Box{X: 30, Y: 60, W: 30, H: 20}, scene.Box{X: 62, Y: 30, W: 10, H: 50}
	at := silhouetteOf(t, g, scene.Box{W: 100, H: 100}, bicycle, walker)
	for y := 35; y < 60; y++ {
		for x := 40; x < 50; x++ {
			if !at(x, y) {
				t.Fatalf("the rider lacks (%d,%d)", x, y)
			}
		}
	}
	for y := 30; y < 80; y++ {
		for x := 63; x < 72; x++ {
			if at(x, y) {
				t.Fatalf("(%d,%d) is of who walks beside", x, y)
			}
		}
	}
	// Without a track of its own what touches is the bicycle's.
	if !silhouetteOf(t, g, scene.Box{W: 100, H: 100}, bicycle)(66, 50) {
		t.Error("what is joined and nobody's is not the bicycle's")
	}
}

// Light that floods the picture about an object is not the object, and nothing
// goes from one camera of a split screen into another's.
func TestFloodIsNotJoined(t *testing.T) {
	g := ground{frame.NewPlane(100, 100)}
	g.set(0, 0, 100, 100)
	if silhouetteOf(t, g, scene.Box{W: 100, H: 100}, scene.Box{X: 40, Y: 40, W: 20, H: 20})(35, 50) {
		t.Error("light about the object became part of it")
	}
	g = ground{frame.NewPlane(100, 100)}
	g.set(40, 35, 50, 80)
	at := silhouetteOf(t, g, scene.Box{Y: 50, W: 100, H: 50}, scene.Box{X: 35, Y: 60, W: 20, H: 20})
	if !at(45, 55) || at(45, 45) {
		t.Errorf("in its own view %v, beyond it %v", at(45, 55), at(45, 45))
	}
}
