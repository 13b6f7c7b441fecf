package detectortest

import (
	"cmp"
	"slices"

	"posteriori/engine/scene"
)

// Scored is one box that a detector gave in the picture Image. One with a
// Score of 0 can stand for a true box.
type Scored struct {
	Image int
	Box   scene.Box
	Label string
	Score float64
}

// AveragePrecision is the COCO figure AP .50:.95: for each label in the truth
// and each overlap from .50 to .95 by .05 the precision at 101 steps of
// recall, averaged. At most 100 boxes of a picture count. There are no crowd
// regions. (cocodataset.org, Detection Evaluation.)
func AveragePrecision(found, truth []Scored) float64 {
	found = best(found, 100)
	labels := map[string]bool{}
	for _, t := range truth {
		labels[t.Label] = true
	}
	sum := 0.0
	for label := range labels {
		f, t := of(found, label), of(truth, label)
		for step := range 10 {
			sum += precisionAt(f, t, 0.5+0.05*float64(step)) / 10
		}
	}
	return sum / float64(max(len(labels), 1))
}

func best(all []Scored, n int) []Scored {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b Scored) int { return cmp.Compare(b.Score, a.Score) })
	count := map[int]int{}
	return slices.DeleteFunc(all, func(s Scored) bool { count[s.Image]++; return count[s.Image] > n })
}

func of(all []Scored, label string) []Scored {
	var out []Scored
	for _, s := range all {
		if s.Label == label {
			out = append(out, s)
		}
	}
	return out
}

// precisionAt is the mean precision over recall at one overlap; found is
// sorted by score.
func precisionAt(found, truth []Scored, overlap float64) float64 {
	taken := make([]bool, len(truth))
	precision, recall := make([]float64, len(found)), make([]float64, len(found))
	hits := 0
	for i, f := range found {
		at, top := -1, overlap
		for j, t := range truth {
			if o := IoU(f.Box, t.Box); t.Image == f.Image && !taken[j] && o >= top {
				at, top = j, o
			}
		}
		if at >= 0 {
			taken[at] = true
			hits++
		}
		precision[i], recall[i] = float64(hits)/float64(i+1), float64(hits)/float64(len(truth))
	}
	for i := len(precision) - 2; i >= 0; i-- {
		precision[i] = max(precision[i], precision[i+1])
	}
	sum, i := 0.0, 0
	for step := range 101 {
		for i < len(recall) && recall[i] < float64(step)/100-1e-9 {
			i++
		}
		if i < len(recall) {
			sum += precision[i]
		}
	}
	return sum / 101
}

// IoU is the area that two boxes share over the area that they cover.
func IoU(a, b scene.Box) float64 {
	w := min(a.X+a.W, b.X+b.W) - max(a.X, b.X)
	h := min(a.Y+a.H, b.Y+b.H) - max(a.Y, b.Y)
	if w <= 0 || h <= 0 {
		return 0
	}
	return w * h / (a.W*a.H + b.W*b.H - w*h)
}
