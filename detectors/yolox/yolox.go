// Package yolox reads YOLOX (Ge et al., "YOLOX: Exceeding YOLO Series in
// 2021", arXiv 2107.08430): three grids of cells, each cell one box with an
// objectness and a score for each label.
package yolox

import (
	"math"

	"posteriori/detectors"
	"posteriori/detectors/network"
	"posteriori/engine/infer"
	"posteriori/engine/vision"
	"posteriori/models"
)

var strides = [...]int{8, 16, 32}

// Open loads a YOLOX model of the manifest from path. Errors are those of
// [network.Open].
func Open(path string, m models.Model, o detectors.Options) (*network.Detector, error) {
	return network.Open(path, m, spec(int(m.Inputs[0].Shape[2]), len(m.Labels(0))), o)
}

// The input is BGR in 0..255, proportions kept, at the top left on grey 114.
func spec(side, labels int) network.Spec {
	cells := 0
	for _, s := range strides {
		cells += (side / s) * (side / s)
	}
	return network.Spec{
		Format: vision.Format{W: side, H: side, BGR: true, Pad: 114, Scale: [3]float32{1, 1, 1}},
		Batch:  1,
		Shapes: func(int) (in, out [][]int64) {
			return [][]int64{{1, 3, int64(side), int64(side)}}, [][]int64{{1, int64(cells), int64(5 + labels)}}
		},
		Decode: func(b *infer.Binding, _ int, least float64, out []network.Candidate) []network.Candidate {
			return decode(b.Out[0].F32, side, labels, least, out)
		},
		NMS: 0.65,
	}
}

// decode reads rows of [dx, dy, log w, log h, objectness, scores…], in cells
// of the grid of each stride (section 2.1 of the paper and its YOLOXHead).
func decode(rows []float32, side, labels int, least float64, out []network.Candidate) []network.Candidate {
	width := 5 + labels
	at := 0
	for _, stride := range strides {
		n, s := side/stride, float64(stride)
		for cell := range n * n {
			row := rows[at : at+width : at+width]
			at += width
			obj := float64(row[4])
			if obj < least { // no label can score more than 1
				continue
			}
			cx, cy := (float64(row[0])+float64(cell%n))*s, (float64(row[1])+float64(cell/n))*s
			w, h := math.Exp(float64(row[2]))*s, math.Exp(float64(row[3]))*s
			for l, p := range row[5:] {
				if score := obj * float64(p); score >= least {
					out = append(out, network.Candidate{
						X0: cx - w/2, Y0: cy - h/2, X1: cx + w/2, Y1: cy + h/2, Label: l, Score: min(score, 1),
					})
				}
			}
		}
	}
	return out
}
