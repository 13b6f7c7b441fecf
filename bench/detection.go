package main

import (
	"bufio"
	"context"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"posteriori/bench/score"
	"posteriori/engine/scene"
)

// cocoClass maps the labels of COCO, by number, to the project's classes.
var cocoClass = func() map[int]scene.Class {
	m := map[int]scene.Class{0: scene.Person, 1: scene.Bicycle, 2: scene.Car, 3: scene.Motorcycle, 5: scene.Bus, 7: scene.Truck,
		24: scene.Bag, 26: scene.Bag, 28: scene.Suitcase}
	for animal := 14; animal <= 23; animal++ {
		m[animal] = scene.Animal
	}
	return m
}()

// detectionSuite scores what the program finds in photographs with boxes
// labelled as in COCO, by class. The labels that have no class of the project
// are neither missed nor found.
func detectionSuite(ctx context.Context, e *env) ([]figure, error) {
	sets, _ := filepath.Glob(filepath.Join(e.data, "truth/detection/*"))
	var out []figure
	for _, dir := range sets {
		files := picturesIn(filepath.Join(dir, "images"))
		if len(files) == 0 {
			continue
		}
		figures, err := scoreDetection(ctx, e, filepath.Base(dir), files)
		if err != nil {
			return out, fmt.Errorf("%s: %w", dir, err)
		}
		out = append(out, figures...)
	}
	if len(out) == 0 {
		return nil, errNoData
	}
	return out, nil
}

func scoreDetection(ctx context.Context, e *env, name string, files []string) ([]figure, error) {
	var truth, found []score.Scored
	for i, f := range files {
		t, err := readYOLO(f, i)
		if err != nil {
			return nil, err
		}
		truth = append(truth, t...)
	}
	hits, err := readStills(ctx, e, files)
	if err != nil {
		return nil, err
	}
	for i, list := range hits {
		for _, h := range list {
			found = append(found, score.Scored{Image: i, Label: h.Class, Score: h.ClassScore,
				Box: score.Rect{X: h.Best[0], Y: h.Best[1], W: h.Best[2], H: h.Best[3]}})
		}
	}
	note := fmt.Sprintf("%d photographs, the program's own threshold, AP .50:.95", len(files))
	out := []figure{{Name: name + " mean AP", Value: 100 * score.AveragePrecision(found, truth), Unit: "%", Note: note}}
	each := score.PrecisionByLabel(found, truth)
	for _, c := range scene.Classes() {
		if ap, ok := each[c.String()]; ok {
			n := 0
			for _, t := range truth {
				if t.Label == c.String() {
					n++
				}
			}
			out = append(out, figure{Name: name + " AP " + c.String(), Value: 100 * ap, Unit: "%", Note: fmt.Sprintf("%d boxes", n)})
		}
	}
	return out, nil
}

// readYOLO reads images/NAME.jpg's labels/NAME.txt: lines of label, middle x,
// middle y, width and height as shares of the picture. A picture without a
// file has nothing in it.
func readYOLO(picture string, number int) ([]score.Scored, error) {
	dir, base := filepath.Dir(filepath.Dir(picture)), filepath.Base(picture)
	file, err := os.Open(filepath.Join(dir, "labels", strings.TrimSuffix(base, filepath.Ext(base))+".txt"))
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	w, h, err := pictureSize(picture)
	if err != nil {
		return nil, err
	}
	var out []score.Scored
	in := bufio.NewScanner(file)
	for in.Scan() {
		var label int
		var x, y, bw, bh float64
		if _, err := fmt.Sscan(in.Text(), &label, &x, &y, &bw, &bh); err != nil {
			return nil, fmt.Errorf("%s: %q: %w", file.Name(), in.Text(), err)
		}
		if c, ok := cocoClass[label]; ok {
			out = append(out, score.Scored{Image: number, Label: c.String(),
				Box: score.Rect{X: (x - bw/2) * w, Y: (y - bh/2) * h, W: bw * w, H: bh * h}})
		}
	}
	return out, in.Err()
}

func pictureSize(file string) (w, h float64, err error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	c, _, err := image.DecodeConfig(f)
	if err != nil {
		return 0, 0, fmt.Errorf("%s: %w", file, err)
	}
	return float64(c.Width), float64(c.Height), nil
}

// largest is the hit of the greatest box among those of the classes.
func largest(hits []stillHit, classes ...scene.Class) (stillHit, bool) {
	var best stillHit
	area := 0.0
	for _, h := range hits {
		c, _ := scene.ParseClass(h.Class)
		if a := h.Best[2] * h.Best[3]; slices.Contains(classes, c) && a > area {
			best, area = h, a
		}
	}
	return best, area > 0
}
