package main

import (
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"posteriori/bench/score"
	"posteriori/engine/plate"
	"posteriori/engine/scene"
)

// platePicture is one photograph with what it should give.
type platePicture struct {
	file  string
	boxes []score.Rect
	texts []string // of each box; empty where the set tells none
}

// plateSet is one folder of truth/plates.
type plateSet struct {
	name     string
	pictures []platePicture
}

// plateSets reads every set: photographs with text files of lines "file, x, y,
// w, h, text" parted by tabs (openalpr/benchmarks), or images/ with annots/
// (Pascal VOC, boxes without text).
func plateSets(dir string) ([]plateSet, error) {
	folders, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return nil, err
	}
	var out []plateSet
	for _, f := range folders {
		if strings.HasSuffix(f, "_train") {
			continue
		}
		s := plateSet{name: filepath.Base(f)}
		for pattern, read := range map[string]func(string) (platePicture, error){"*.txt": readLine, "annots/*.xml": readVOC} {
			files, err := filepath.Glob(filepath.Join(f, pattern))
			if err != nil {
				return nil, err
			}
			for _, file := range files {
				p, err := read(file)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", file, err)
				}
				s.pictures = append(s.pictures, p)
			}
		}
		if len(s.pictures) > 0 {
			out = append(out, s)
		}
	}
	return out, nil
}

func readLine(file string) (platePicture, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return platePicture{}, err
	}
	var p platePicture
	for line := range strings.Lines(string(raw)) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		v := strings.Split(strings.TrimSpace(line), "\t")
		if len(v) != 6 {
			return p, fmt.Errorf("%q is not file, x, y, w, h, text", line)
		}
		var n [4]float64
		for i := range n {
			if n[i], err = strconv.ParseFloat(v[i+1], 64); err != nil {
				return p, err
			}
		}
		p.file = filepath.Join(filepath.Dir(file), v[0])
		p.boxes = append(p.boxes, score.Rect{X: n[0], Y: n[1], W: n[2], H: n[3]})
		p.texts = append(p.texts, plate.Normal(v[5]))
	}
	if p.file == "" {
		return p, fmt.Errorf("it names no photograph")
	}
	return p, nil
}

func readVOC(file string) (platePicture, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return platePicture{}, err
	}
	var doc struct {
		Box []struct {
			X0 float64 `xml:"xmin"`
			Y0 float64 `xml:"ymin"`
			X1 float64 `xml:"xmax"`
			Y1 float64 `xml:"ymax"`
		} `xml:"object>bndbox"`
	}
	if err := xml.Unmarshal(raw, &doc); err != nil {
		return platePicture{}, err
	}
	name := strings.TrimSuffix(filepath.Base(file), ".xml") + ".jpg"
	p := platePicture{file: filepath.Join(filepath.Dir(filepath.Dir(file)), "images", name)}
	for _, b := range doc.Box {
		p.boxes = append(p.boxes, score.Rect{X: b.X0, Y: b.Y0, W: b.X1 - b.X0, H: b.Y1 - b.Y0})
		p.texts = append(p.texts, "")
	}
	return p, nil
}

// plateTally counts what a set's labels say of the answers.
type plateTally struct {
	labelled, found, given        int // plates; found at IoU .5; boxes given
	texts, strict, zero, oneWrong int // labelled texts; read exactly; with O as 0; with at most one character wrong
	answers                       []answer
}

const (
	plateFound = 0.5 // overlap from which a plate counts as found
	plateRead  = 0.3 // and from which an answer is held against its text
)

// tallyPlates holds the answers against the labels. A text not read counts as
// wrong.
func tallyPlates(e *env, s plateSet, hits [][]plateHit) plateTally {
	var t plateTally
	for i, p := range s.pictures {
		t.given += len(hits[i])
		for k, b := range p.boxes {
			t.labelled++
			best, overlap := plateHit{}, 0.0
			for _, h := range hits[i] {
				if o := scene.Box(h.Box).IoU(scene.Box(b)); o > overlap {
					best, overlap = h, o
				}
			}
			if overlap >= plateFound {
				t.found++
			} else if e.verbose {
				e.note("%s: %s not found (best overlap %.2f)", s.name, filepath.Base(p.file), overlap)
			}
			if p.texts[k] != "" {
				t.read(e, filepath.Base(p.file), p.texts[k], best, overlap)
			}
		}
	}
	return t
}

func (t *plateTally) read(e *env, file, want string, h plateHit, overlap float64) {
	t.texts++
	if overlap < plateRead {
		return
	}
	zero := strings.NewReplacer("O", "0")
	if h.Text == want {
		t.strict++
	}
	wrong := edits(zero.Replace(h.Text), zero.Replace(want))
	switch {
	case wrong == 0:
		t.zero++
		t.oneWrong++
	case wrong == 1:
		t.oneWrong++
	}
	if wrong > 0 && e.verbose {
		e.note("%s: %s read as %s (%.2f)", file, want, h.Text, h.Score)
	}
	t.answers = append(t.answers, answer{h.Score, wrong == 0, wrong == 0})
}

// edits is the least number of characters to change, drop or put in that makes
// b of a (Levenshtein 1966).
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := before
			if a[i] != b[j] {
				change++
			}
			before = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

func (t plateTally) figures(name, note string) []figure {
	of := func(n, all int) string { return fmt.Sprintf("%d of %d; %s", n, all, note) }
	eu := strings.HasPrefix(name, "eu,")
	out := []figure{
		{Name: name + ": recall at IoU .5", Value: percent(t.found, t.labelled), Unit: "%", Note: of(t.found, t.labelled)},
		{Name: name + ": precision", Value: percent(min(t.found, t.given), t.given), Unit: "%",
			Note: of(t.found, t.given) + "; of several plates in a photograph some sets label one"},
	}
	if eu {
		out[0].Reference, out[0].Source = "98", "goal of the project"
	}
	if t.texts == 0 {
		return out
	}
	read := figure{Name: name + ": read exactly, O as 0", Value: percent(t.zero, t.texts), Unit: "%", Note: of(t.zero, t.texts)}
	if eu {
		read.Reference, read.Source = "99; 93.5; 96.3", "goal; Silva & Jung; OpenALPR commercial"
	}
	out = append(out, read,
		figure{Name: name + ": read exactly", Value: percent(t.strict, t.texts), Unit: "%", Note: of(t.strict, t.texts)},
		figure{Name: name + ": at most one character wrong", Value: percent(t.oneWrong, t.texts), Unit: "%", Note: of(t.oneWrong, t.texts)})
	return slices.Concat(out, reliability(name+": score", t.answers))
}
