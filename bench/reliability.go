package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"posteriori/bench/score"
	"posteriori/engine/scene"
)

// answer is one thing said with a score, and whether it was right. Near counts
// neighbours among the colours as right.
type answer struct {
	score       float64
	right, near bool
}

// sure is the score from which nine in ten answers should be right.
const sure = 0.9

// reliabilitySuite measures whether scores mean what they say: class in
// photographs with boxes (a hit is right when a labelled object of its class
// overlaps it by half), colour of photographed vehicles, and both on events.
// Of a suite whose data lack it says nothing.
func reliabilitySuite(ctx context.Context, e *env) ([]figure, error) {
	classes, err := stillClasses(ctx, e)
	if err != nil {
		return nil, err
	}
	colours, err := stillColours(ctx, e)
	if err != nil {
		return nil, err
	}
	trackClasses, trackColours, err := eventAnswers(ctx, e)
	if err != nil {
		return nil, err
	}
	var out []figure
	for _, part := range []struct {
		name string
		list []answer
	}{
		{"class, photographs", classes}, {"colour, photographs", colours},
		{"class, recordings", trackClasses}, {"colour, recordings", trackColours},
	} {
		if len(part.list) > 0 {
			out = append(out, reliability(part.name, part.list)...)
		}
	}
	if len(out) == 0 {
		return nil, errNoData
	}
	return out, nil
}

// reliability is the expected calibration error in ten equal bins (Guo et al.,
// "On Calibration of Modern Neural Networks", ICML 2017), how many of the sure
// answers are right, and both with neighbours taken as right where that
// differs.
func reliability(name string, list []answer) []figure {
	right := func(a answer) bool { return a.right }
	near := func(a answer) bool { return a.near }
	of, hit := sureOnes(list, right)
	note := fmt.Sprintf("%d answers, ten bins", len(list))
	out := []figure{
		{Name: name + ", calibration error", Value: 100 * calibrationError(list, right), Unit: "%", Note: note},
		{Name: name + ", right of those ≥ .9", Value: percent(hit, of), Unit: "%", Reference: "90", Source: "goal of the project",
			Note: fmt.Sprintf("%d of %d; %d in all", hit, of, len(list))},
	}
	if _, n := sureOnes(list, near); n != hit {
		out = append(out, figure{Name: name + ", right or neighbour of those ≥ .9", Value: percent(n, of), Unit: "%",
			Note: "silver, grey, white and black, grey taken for each other"})
	}
	return out
}

func sureOnes(list []answer, right func(answer) bool) (of, hit int) {
	for _, a := range list {
		if a.score >= sure {
			of++
			if right(a) {
				hit++
			}
		}
	}
	return of, hit
}

func calibrationError(list []answer, right func(answer) bool) float64 {
	var n, hit [10]int
	var said [10]float64
	for _, a := range list {
		i := min(9, max(0, int(a.score*10)))
		n[i]++
		said[i] += a.score
		if right(a) {
			hit[i]++
		}
	}
	var sum float64
	for i := range n {
		sum += math.Abs(said[i] - float64(hit[i]))
	}
	return sum / float64(max(1, len(list)))
}

func stillClasses(ctx context.Context, e *env) ([]answer, error) {
	files, err := pictures(filepath.Join(e.data, "truth/detection/*/images"))
	if err != nil || len(files) == 0 {
		return nil, err
	}
	hits, err := readStills(ctx, e, files)
	if err != nil {
		return nil, err
	}
	var out []answer
	for i, list := range hits {
		truth, err := readYOLO(files[i], i)
		if err != nil {
			return nil, err
		}
		out = append(out, judged(list, truth)...)
	}
	return out, nil
}

// judged says of each hit, the surest first, whether a labelled object that no
// other hit took overlaps it by half.
func judged(hits []stillHit, truth []score.Scored) []answer {
	hits = slices.SortedStableFunc(slices.Values(hits), func(a, b stillHit) int { return cmp.Compare(b.ClassScore, a.ClassScore) })
	taken := make([]bool, len(truth))
	var out []answer
	for _, h := range hits {
		box := scene.Box{X: h.Best[0], Y: h.Best[1], W: h.Best[2], H: h.Best[3]}
		best, at := 0.5, -1
		for i, t := range truth {
			if o := box.IoU(scene.Box(t.Box)); !taken[i] && t.Label == h.Class && o >= best {
				best, at = o, i
			}
		}
		if at >= 0 {
			taken[at] = true
		}
		out = append(out, answer{h.ClassScore, at >= 0, at >= 0})
	}
	return out
}

func stillColours(ctx context.Context, e *env) ([]answer, error) {
	files, err := pictures(filepath.Join(e.data, "truth/colour/*"))
	if err != nil || len(files) == 0 {
		return nil, err
	}
	hits, err := readStills(ctx, e, files)
	if err != nil {
		return nil, err
	}
	var out []answer
	for i, f := range files {
		if h, ok := largest(hits[i], scene.Car, scene.Truck, scene.Bus); ok && h.Colour != scene.UnknownColour.String() {
			label := filepath.Base(filepath.Dir(f))
			out = append(out, answer{h.ColourScore, h.Colour == label, h.Colour == label || slices.Contains(neighbours[label], h.Colour)})
		}
	}
	return out, nil
}

// eventAnswers are the classes and colours said of the labelled objects that
// were found on recordings.
func eventAnswers(ctx context.Context, e *env) (classes, colours []answer, err error) {
	files, err := filepath.Glob(filepath.Join(e.data, "truth/events/*.json"))
	if err != nil {
		return nil, nil, err
	}
	for _, f := range files {
		got, err := scoreClip(ctx, e, f)
		if err != nil {
			return nil, nil, err
		}
		for _, d := range got.Details {
			if d.State != "found" {
				continue
			}
			classes = append(classes, answer{d.ClassScore, d.ClassOK, d.ClassOK})
			if d.Colour != "" && d.Colour != "unknown" && d.GotColour != "" && d.GotColour != "unknown" {
				colours = append(colours, answer{d.ColourScore, d.ColourOK, d.ColourNear})
			}
		}
	}
	return classes, colours, nil
}

func pictures(pattern string) ([]string, error) {
	dirs, err := filepath.Glob(pattern)
	var out []string
	for _, d := range dirs {
		out = append(out, picturesIn(d)...)
	}
	return out, err
}
