package score

import (
	"cmp"
	"slices"
)

// Scored is one box that a detector gave in the picture Image. One with a
// Score of 0 can stand for a true box.
type Scored struct {
	Image int
	Box   Rect
	Label string
	Score float64
}

// AveragePrecision is the COCO figure AP .50:.95: for each label in the truth
// and each overlap from .50 to .95 by .05 the precision at 101 steps of
// recall, averaged. At most 100 boxes of a picture count. There are no crowd
// regions. (cocodataset.org, Detection Evaluation.)
func AveragePrecision(found, truth []Scored) float64 {
	sum, labels := 0.0, PrecisionByLabel(found, truth)
	for _, ap := range labels {
		sum += ap
	}
	return sum / float64(max(len(labels), 1))
}

// PrecisionByLabel is [AveragePrecision] of each label in the truth.
func PrecisionByLabel(found, truth []Scored) map[string]float64 {
	found = best(found, 100)
	out := map[string]float64{}
	for _, t := range truth {
		if _, done := out[t.Label]; done {
			continue
		}
		f, t := of(found, t.Label), of(truth, t.Label)
		sum := 0.0
		for step := range 10 {
			sum += precisionAt(f, t, 0.5+0.05*float64(step)) / 10
		}
		out[t[0].Label] = sum
	}
	return out
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
			if o := f.Box.IoU(t.Box); t.Image == f.Image && !taken[j] && o >= top {
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
