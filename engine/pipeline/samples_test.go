package pipeline

import (
	"testing"

	"posteriori/engine/frame"
	"posteriori/engine/scene"
)

// TestSilhouetteOfAHoledPerson: head and legs are foreground, the shirt is as
// bright as the road: the silhouette is one piece.
func TestSilhouetteOfAHoledPerson(t *testing.T) {
	fg := frame.NewPlane(40, 40)
	set := func(x0, y0, x1, y1 int) {
		for y := y0; y < y1; y++ {
			for x := x0; x < x1; x++ {
				fg.Pix[y*fg.Stride+x] = 255
			}
		}
	}
	set(14, 5, 20, 10)  // head
	set(12, 20, 22, 34) // legs
	m, ok := cutMask(fg, nil, nil, scene.Box{X: 10, Y: 4, W: 14, H: 31}, 1, 1, 0)
	if !ok {
		t.Fatal("the silhouette says nothing")
	}
	fillColumns(m)
	at := func(x, y int) bool {
		x, y = x-m.X, y-m.Y
		return m.Bits[y*((m.W+7)/8)+x/8]&(0x80>>(x%8)) != 0
	}
	for y := 5; y < 34; y++ {
		if !at(16, y) {
			t.Errorf("hole at row %d", y)
		}
	}
	if at(11, 15) || at(16, 36) {
		t.Error("the silhouette grew outwards")
	}
}

func TestEmptyBoxHasNoSilhouette(t *testing.T) {
	if _, ok := cutMask(frame.NewPlane(20, 20), nil, nil, scene.Box{X: 2, Y: 2, W: 10, H: 10}, 1, 1, 0); ok {
		t.Error("no foreground, but a silhouette")
	}
}

// TestSilhouetteSeesColour: a red shirt as bright as the wall is seen by its
// colour, and nothing else is.
func TestSilhouetteSeesColour(t *testing.T) {
	full, back := frame.NewYUV(80, 80), frame.NewYUV(80, 80)
	for _, p := range []frame.Plane{full.U, full.V, back.U, back.V} {
		for i := range p.Pix {
			p.Pix[i] = 128
		}
	}
	for y := 10; y < 30; y++ {
		for x := 10; x < 20; x++ {
			full.V.Pix[y*full.V.Stride+x] = 170
		}
	}
	m, ok := cutMask(frame.NewPlane(40, 40), &full, &back, scene.Box{X: 16, Y: 16, W: 32, H: 48}, 0.5, 0.5, 0)
	if !ok {
		t.Fatal("the shirt is not seen")
	}
	n := 0
	for _, b := range m.Bits {
		for ; b != 0; b &= b - 1 {
			n++
		}
	}
	if n != 200 {
		t.Errorf("%d samples, want the 10×20 of the shirt", n)
	}
}
