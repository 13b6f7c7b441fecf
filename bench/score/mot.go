package score

import "math"

// Box is one object at one frame of a MOTChallenge text.
type Box struct {
	ID int
	Rect
	Flagged bool // the truth marks it as not to be considered
}

// Sequence is the boxes of each frame, by 1-based frame number.
type Sequence map[int][]Box

// Tracking holds the figures of one sequence, or of several added up.
type Tracking struct {
	Frames, TruthBoxes, ResultBoxes int
	TP, FP, FN                      int // at IoU .5
	Switches                        int // a truth object changes its track
	Fragments                       int // a truth object is lost and found again
	IDTP                            int // boxes right under the best one-to-one naming of tracks
	MOTA, MOTP, IDF1                float64
	HOTA, DetA, AssA                float64 // mean over IoU .05, .10 … .95
}

const (
	eps     = 1e-9
	motaIoU = .5
)

// numbered is a sequence with identities numbered from 0.
type numbered struct {
	truth, result   [][]int       // identities by frame
	iou             [][][]float64 // by frame, truth, result
	nTruth, nResult int
	truthCount      []float64 // boxes of each identity
	resultCount     []float64
}

// ScoreTracking scores result against truth at the frames in frames.
// CLEAR figures follow Bernardin and Stiefelhagen 2008, IDF1 Ristani et al.
// 2016, HOTA Luiten et al. 2021, each as its authors' reference code settles
// the details.
func ScoreTracking(truth, result Sequence, frames []int) Tracking {
	n := number(truth, result, frames)
	t := Tracking{Frames: len(frames)}
	for f := range n.truth {
		t.TruthBoxes += len(n.truth[f])
		t.ResultBoxes += len(n.result[f])
	}
	n.clear(&t)
	n.identity(&t)
	n.hota(&t)
	return t
}

// WithoutFlagged takes the boxes that the truth flags out of both: the flagged
// ones themselves, and those results that are best paired with one of them at
// IoU .5. They are then neither missed nor false, as in MOT16 and later.
func WithoutFlagged(truth, result Sequence) (Sequence, Sequence) {
	t, r := Sequence{}, Sequence{}
	for f, boxes := range result {
		weight := matrix(len(truth[f]), len(boxes))
		for i, a := range truth[f] {
			for j, b := range boxes {
				if iou := a.IoU(b.Rect); iou >= motaIoU-eps {
					weight[i][j] = iou
				}
			}
		}
		drop := make([]bool, len(boxes))
		for i, j := range Assign(weight) {
			if j >= 0 && truth[f][i].Flagged {
				drop[j] = true
			}
		}
		for j, b := range boxes {
			if !drop[j] {
				r[f] = append(r[f], b)
			}
		}
	}
	for f, boxes := range truth {
		for _, b := range boxes {
			if !b.Flagged {
				t[f] = append(t[f], b)
			}
		}
	}
	return t, r
}

func number(truth, result Sequence, frames []int) *numbered {
	n := &numbered{}
	truthIDs, resultIDs := map[int]int{}, map[int]int{}
	for _, f := range frames {
		n.truth = append(n.truth, identities(truth[f], truthIDs, &n.truthCount))
		n.result = append(n.result, identities(result[f], resultIDs, &n.resultCount))
		m := make([][]float64, len(truth[f]))
		for i, a := range truth[f] {
			m[i] = make([]float64, len(result[f]))
			for j, b := range result[f] {
				m[i][j] = a.IoU(b.Rect)
			}
		}
		n.iou = append(n.iou, m)
	}
	n.nTruth, n.nResult = len(truthIDs), len(resultIDs)
	return n
}

func identities(boxes []Box, seen map[int]int, count *[]float64) []int {
	out := make([]int, len(boxes))
	for i, b := range boxes {
		id, ok := seen[b.ID]
		if !ok {
			id = len(seen)
			seen[b.ID] = id
			*count = append(*count, 0)
		}
		out[i] = id
		(*count)[id]++
	}
	return out
}

func matrix(rows, cols int) [][]float64 {
	m := make([][]float64, rows)
	for i := range m {
		m[i] = make([]float64, cols)
	}
	return m
}

// clear counts matches frame by frame. A match of the frame before is kept
// while it still holds: it weighs more than any sum of overlaps.
func (n *numbered) clear(t *Tracking) {
	const keep = 1000
	last := make([]int, n.nTruth)    // the track that an object last had, ever
	current := make([]int, n.nTruth) // the one it had in the frame before
	lost := make([]bool, n.nTruth)   // in view and without a track when last in view
	for i := range last {
		last[i], current[i] = -1, -1
	}
	overlap := 0.0
	for f := range n.truth {
		weight := matrix(len(n.truth[f]), len(n.result[f]))
		for i, g := range n.truth[f] {
			for j, r := range n.result[f] {
				if n.iou[f][i][j] < motaIoU-eps {
					continue
				}
				weight[i][j] = n.iou[f][i][j]
				if current[g] == r {
					weight[i][j] += keep
				}
			}
		}
		for i := range current {
			current[i] = -1
		}
		for i, j := range Assign(weight) {
			g := n.truth[f][i]
			if j < 0 {
				lost[g] = true
				continue
			}
			r := n.result[f][j]
			if last[g] >= 0 && last[g] != r {
				t.Switches++
			}
			if lost[g] && last[g] >= 0 {
				t.Fragments++
			}
			last[g], current[g], lost[g] = r, r, false
			overlap += n.iou[f][i][j]
			t.TP++
		}
	}
	t.FP, t.FN = t.ResultBoxes-t.TP, t.TruthBoxes-t.TP
	t.MOTA = 1 - share(float64(t.FP+t.FN+t.Switches), float64(t.TruthBoxes))
	t.MOTP = share(overlap, float64(t.TP))
}

// identity finds the one-to-one naming of whole tracks that explains most
// boxes.
func (n *numbered) identity(t *Tracking) {
	weight := matrix(n.nTruth, n.nResult)
	for f := range n.truth {
		for i, g := range n.truth[f] {
			for j, r := range n.result[f] {
				if n.iou[f][i][j] >= motaIoU-eps {
					weight[g][r]++
				}
			}
		}
	}
	for g, r := range Assign(weight) {
		if r >= 0 {
			t.IDTP += int(weight[g][r])
		}
	}
	t.IDF1 = share(2*float64(t.IDTP), float64(t.TruthBoxes+t.ResultBoxes))
}

// hota scores detection and association together, at 19 thresholds.
func (n *numbered) hota(t *Tracking) {
	const levels = 19
	align := n.alignment()
	var tp [levels]float64
	var matches [levels][][]float64
	for a := range matches {
		matches[a] = matrix(n.nTruth, n.nResult)
	}
	for f := range n.truth {
		weight := matrix(len(n.truth[f]), len(n.result[f]))
		for i, g := range n.truth[f] {
			for j, r := range n.result[f] {
				weight[i][j] = align[g][r] * n.iou[f][i][j]
			}
		}
		for i, j := range Assign(weight) {
			for a := range levels {
				if j >= 0 && n.iou[f][i][j] >= .05*float64(a+1)-eps {
					tp[a]++
					matches[a][n.truth[f][i]][n.result[f][j]]++
				}
			}
		}
	}
	for a := range levels {
		ass := 0.0
		for g, row := range matches[a] {
			for r, m := range row {
				ass += m * share(m, n.truthCount[g]+n.resultCount[r]-m)
			}
		}
		assA := share(ass, tp[a])
		detA := share(tp[a], float64(t.TruthBoxes+t.ResultBoxes)-tp[a])
		t.DetA += detA / levels
		t.AssA += assA / levels
		t.HOTA += math.Sqrt(detA*assA) / levels
	}
}

// alignment is how well each pair of identities goes together over the whole
// sequence, 0..1.
func (n *numbered) alignment() [][]float64 {
	potential := matrix(n.nTruth, n.nResult)
	for f := range n.truth {
		sumTruth, sumResult := make([]float64, len(n.truth[f])), make([]float64, len(n.result[f]))
		for i := range n.truth[f] {
			for j := range n.result[f] {
				sumTruth[i] += n.iou[f][i][j]
				sumResult[j] += n.iou[f][i][j]
			}
		}
		for i, g := range n.truth[f] {
			for j, r := range n.result[f] {
				s := n.iou[f][i][j]
				potential[g][r] += share(s, sumTruth[i]+sumResult[j]-s)
			}
		}
	}
	for g, row := range potential {
		for r, p := range row {
			row[r] = share(p, n.truthCount[g]+n.resultCount[r]-p)
		}
	}
	return potential
}

// share is a ÷ b, and 0 where there is nothing to divide by.
func share(a, b float64) float64 {
	if b <= eps {
		return 0
	}
	return a / b
}
