package main

import (
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"posteriori/engine/scene"
)

func TestColourTable(t *testing.T) {
	var c colourTable
	for _, x := range [][2]string{{"red", "red"}, {"red", "red"}, {"red", "brown"}, {"silver", "grey"}, {"silver", "unknown"}, {"white", "white"}, {"white", ""}} {
		c.add(x[0], x[1])
	}
	f := c.figures()
	if f[0].Value != 50 || f[1].Value != percent(4, 6) || f[2].Value != 60 || f[3].Value != percent(6, 7) {
		t.Errorf("%+v", f[:4])
	}
	if f[4].Name != "red" || f[4].Note != "red 2, brown 1" || f[6].Note != "no vehicle 1, white 1" {
		t.Errorf("%+v", f[4:])
	}
}

func TestByContent(t *testing.T) {
	dir := t.TempDir()
	var files []string
	for i, text := range []string{"a", "b", "a"} {
		f := filepath.Join(dir, string(rune('0'+i)))
		if err := os.WriteFile(f, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	places, distinct, err := byContent(files)
	if err != nil || len(distinct) != 2 || len(places) != 2 {
		t.Fatal(places, distinct, err)
	}
	n := 0
	for _, p := range places {
		n += len(p)
	}
	if n != 3 {
		t.Error(places)
	}
}

func TestReadYOLO(t *testing.T) {
	dir := t.TempDir()
	for _, sub := range []string{"images", "labels"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	picture := filepath.Join(dir, "images", "a.png")
	f, err := os.Create(picture)
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(f, image.NewGray(image.Rect(0, 0, 200, 100))); err != nil {
		t.Fatal(err)
	}
	f.Close()
	labels := filepath.Join(dir, "labels", "a.txt")
	if err := os.WriteFile(labels, []byte("2 .5 .5 .2 .4\n4 .5 .5 .1 .1\n16 .25 .5 .5 1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := readYOLO(picture, 7)
	if err != nil || len(got) != 2 {
		t.Fatal(got, err)
	}
	if b := got[0].Box; got[0].Label != "car" || got[0].Image != 7 || b.X != 80 || b.Y != 30 || b.W != 40 || b.H != 40 {
		t.Errorf("%+v", got[0])
	}
	if got[1].Label != "animal" {
		t.Errorf("%+v", got[1])
	}
	if err := os.WriteFile(labels, []byte("2 .5 x\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := readYOLO(picture, 0); err == nil || !strings.Contains(err.Error(), "a.txt") {
		t.Error(err)
	}
}

func TestLargest(t *testing.T) {
	hits := []stillHit{{Class: "person", Best: [4]float64{0, 0, 90, 90}}, {Class: "car", Track: 1, Best: [4]float64{0, 0, 10, 10}}, {Class: "truck", Track: 2, Best: [4]float64{0, 0, 20, 10}}}
	if h, ok := largest(hits, scene.Car, scene.Truck); !ok || h.Track != 2 {
		t.Error(h, ok)
	}
	if _, ok := largest(hits, scene.Bus); ok {
		t.Error("a bus was found")
	}
}
