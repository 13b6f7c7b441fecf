package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"posteriori/bench/score"
)

func TestEdits(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"AB1", "AB1", 0}, {"AB1", "A81", 1}, {"AB1", "AB", 1}, {"AB", "AXB", 1}, {"", "ABC", 3}, {"KITTEN", "SITTING", 3}} {
		if got, back := edits(c.a, c.b), edits(c.b, c.a); got != c.want || back != c.want {
			t.Errorf("%s, %s: %d and back %d, want %d", c.a, c.b, got, back, c.want)
		}
	}
}

func TestPlateSets(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"eu/a.txt":               "a.jpg\t10\t20\t100\t22\tab-123 cd\n",
		"ro/annots/b.xml":        "<annotation><object><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>11</xmax><ymax>5</ymax></bndbox></object></annotation>",
		"ro_train/annots/no.xml": "<annotation/>",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := plateSets(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []plateSet{
		{"eu", []platePicture{{filepath.Join(dir, "eu/a.jpg"), []score.Rect{{X: 10, Y: 20, W: 100, H: 22}}, []string{"AB123CD"}}}},
		{"ro", []platePicture{{filepath.Join(dir, "ro/images/b.jpg"), []score.Rect{{X: 1, Y: 2, W: 10, H: 3}}, []string{""}}}},
	}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(plateSet{}, platePicture{})); d != "" {
		t.Error(d)
	}
	if err := os.WriteFile(filepath.Join(dir, "eu", "c.txt"), []byte("c.jpg\t1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := plateSets(dir); err == nil {
		t.Error("a line without a text was taken")
	}
}

func TestTallyPlates(t *testing.T) {
	box := score.Rect{X: 10, Y: 10, W: 100, H: 20}
	picture := func(text string) platePicture {
		return platePicture{"p.jpg", []score.Rect{box}, []string{text}}
	}
	hit := func(dx float64, text string) []plateHit {
		return []plateHit{{score.Rect{X: 10 + dx, Y: 10, W: 100, H: 20}, text, .9}}
	}
	s := plateSet{"eu", []platePicture{picture("A0"), picture("A0"), picture("A0B"), picture("A0"), picture("A0"), picture("")}}
	hits := [][]plateHit{hit(0, "A0"), hit(2, "AO"), hit(0, "A08"), hit(50, "A0"), nil, append(hit(0, "X"), hit(300, "Y")...)}
	got := tallyPlates(&env{}, s, hits)
	got.answers = nil
	want := plateTally{labelled: 6, found: 4, given: 6, texts: 5, strict: 2, zero: 3, oneWrong: 4}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(plateTally{}, answer{})); d != "" {
		t.Error(d)
	}
}
