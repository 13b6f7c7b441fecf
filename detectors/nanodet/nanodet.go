// Package nanodet reads NanoDet-Plus: four grids of points, each with a score
// for each label and its distance to the four sides of the box as a
// distribution (Li et al., "Generalized Focal Loss", arXiv 2006.04388).
package nanodet

import (
	"math"

	"posteriori/detectors"
	"posteriori/detectors/network"
	"posteriori/engine/infer"
	"posteriori/engine/vision"
	"posteriori/models"
)

var strides = [...]int{8, 16, 32, 64}

// bins is the number of steps of a distance's distribution, 0 to 7 strides.
const bins = 8

// Open loads a NanoDet-Plus model of the manifest from path. Errors are those
// of [network.Open].
func Open(path string, m models.Model, o detectors.Options) (*network.Detector, error) {
	return network.Open(path, m, spec(int(m.Inputs[0].Shape[2]), len(m.Labels(0))), o)
}

// gridSide is the number of points along one side at a stride; the last,
// half covered, counts.
func gridSide(side, stride int) int { return (side + stride - 1) / stride }

func spec(side, labels int) network.Spec {
	points := 0
	for _, s := range strides {
		points += gridSide(side, s) * gridSide(side, s)
	}
	return network.Spec{
		Format: vision.Format{
			W: side, H: side, BGR: true, Stretch: true,
			Mean:  [3]float32{103.53, 116.28, 123.675},
			Scale: [3]float32{1 / 57.375, 1 / 57.12, 1 / 58.395},
		},
		Batch: 1,
		Shapes: func(int) (in, out [][]int64) {
			return [][]int64{{1, 3, int64(side), int64(side)}}, [][]int64{{1, int64(points), int64(labels + 4*bins)}}
		},
		Decode: func(b *infer.Binding, _ int, least float64, out []network.Candidate) []network.Candidate {
			return decode(b.Out[0].F32, side, labels, least, out)
		},
		NMS: 0.6,
	}
}

func decode(rows []float32, side, labels int, least float64, out []network.Candidate) []network.Candidate {
	width := labels + 4*bins
	limit := float32(least)
	at := 0
	for _, stride := range strides {
		n, s := gridSide(side, stride), float64(stride)
		for point := range n * n {
			row := rows[at : at+width : at+width]
			at += width
			var box *network.Candidate
			for l, p := range row[:labels] {
				if p < limit {
					continue
				}
				if box == nil {
					x, y := float64(point%n)*s, float64(point/n)*s
					d := row[labels:]
					box = &network.Candidate{
						X0: x - s*distance(d[:bins]), Y0: y - s*distance(d[bins:2*bins]),
						X1: x + s*distance(d[2*bins:3*bins]), Y1: y + s*distance(d[3*bins:]),
					}
				}
				c := *box
				c.Label, c.Score = l, min(float64(p), 1)
				out = append(out, c)
			}
		}
	}
	return out
}

// distance is the mean of the distribution whose logits are given, in strides.
func distance(logits []float32) float64 {
	top := logits[0]
	for _, v := range logits[1:] {
		top = max(top, v)
	}
	var sum, mean float64
	for i, v := range logits {
		e := math.Exp(float64(v - top))
		sum += e
		mean += e * float64(i)
	}
	return mean / sum
}
