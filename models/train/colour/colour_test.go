package main

import (
	"image"
	"image/color"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"posteriori/engine/attribute"
	"posteriori/engine/scene"
)

// whiteCar is a white body on a grey road.
func whiteCar() picture {
	img := image.NewRGBA(image.Rect(0, 0, 120, 90))
	for y := range 90 {
		for x := range 120 {
			c := color.RGBA{110, 110, 108, 255}
			if x >= 30 && x < 90 && y >= 25 && y < 65 {
				c = color.RGBA{225, 225, 222, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	return newPicture(img, scene.Box{X: 30, Y: 25, W: 60, H: 40})
}

func TestGuisesAreReproducible(t *testing.T) {
	a := rows(whiteCar(), "white", 4, rand.New(rand.NewPCG(1, 2)))
	b := rows(whiteCar(), "white", 4, rand.New(rand.NewPCG(1, 2)))
	if d := cmp.Diff(a, b); d != "" {
		t.Error(d)
	}
	painted := 0
	for _, r := range a {
		if len(r.X) != attribute.NumFeatures {
			t.Fatalf("%d features", len(r.X))
		}
		if r.Made {
			painted++
		}
	}
	if len(a)-painted != 4 || painted == 0 {
		t.Errorf("%d rows, %d painted", len(a), painted)
	}
}

// Paint in the middle of a term's range is called by that term by the rules too.
func TestRepaint(t *testing.T) {
	for _, name := range []string{"red", "blue", "yellow", "green", "black"} {
		p := whiteCar()
		if !p.repaint(name, 0.75, rand.New(rand.NewPCG(3, 4))) {
			t.Fatal("no paintwork found on a white car")
		}
		f := p.yuv()
		v, ok := attribute.Colour(attribute.Look{Picture: f, Box: p.box, Class: scene.Other, Light: attribute.SceneLight(f)})
		if got, _ := attribute.VoteColour(v); !ok || got.String() != name {
			t.Errorf("%s is seen as %s", name, got)
		}
	}
}

func TestEncodedInvertsLinear(t *testing.T) {
	for i := range 256 {
		if got := encoded(linears[i]); int(got) != i {
			t.Errorf("%d became %d", i, got)
		}
	}
}

func TestEveryColourHasPaint(t *testing.T) {
	has := map[string]bool{}
	for _, p := range paints {
		if _, ok := scene.ParseColour(p.name); !ok {
			t.Errorf("%q", p.name)
		}
		has[p.name] = true
	}
	if len(has) != len(scene.Colours())-1 {
		t.Errorf("%d colours have paint", len(has))
	}
}
