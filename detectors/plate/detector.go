// Package plate finds number plates in pictures and reads them: detectors
// (ours, and end-to-end ones such as YOLOv9's) and readers (ours, and those of
// fast-plate-ocr), each behind one small interface.
package plate

import (
	"math"

	"posteriori/detectors"
	"posteriori/detectors/network"
	"posteriori/engine/fault"
	"posteriori/engine/infer"
	"posteriori/engine/vision"
	"posteriori/models"
)

// The decoders, as the manifest names them.
const (
	Grid     = "plate-grid"    // ours: rows of [x0, y0, x1, y1, score], one for each cell
	EndToEnd = "plate-end2end" // rows of [picture, x0, y0, x1, y1, label, score]
	Columns  = "plate-columns" // ours: shares of characters and of nothing, column by column
	Slots    = "plate-slots"   // fast-plate-ocr: shares of characters and of nothing, place by place
)

// OpenDetector loads a plate detector of the manifest from path. Its
// detections are plates, whatever their class says. Errors are those of
// [network.Open]; a model of another task is fault.BadInput.
func OpenDetector(path string, m models.Model, o detectors.Options) (detectors.Detector, error) {
	if m.Task != models.PlateDetector || len(m.Inputs) != 1 || len(m.Inputs[0].Shape) != 4 {
		return nil, fault.New(fault.BadInput, "model %s is a %s, not a plate detector", m.Name, m.Task)
	}
	o.Raw = true // a plate is no class of the scene
	side := int(m.Inputs[0].Shape[2])
	var spec network.Spec
	switch m.Decoder {
	case Grid:
		spec = gridSpec(side)
	case EndToEnd:
		spec = endToEndSpec(side)
	default:
		return nil, fault.New(fault.BadInput, "this version has no decoder %q for model %s", m.Decoder, m.Name)
	}
	d, err := network.Open(path, m, spec, o)
	if err != nil {
		return nil, err
	}
	return d, nil
}

// gridStride is the side of a cell of our detector, in input pixels.
const gridStride = 8

// The input is BGR in 0..255, proportions kept, at the top left on grey 114.
func gridSpec(side int) network.Spec {
	cells := int64(side/gridStride) * int64(side/gridStride)
	return network.Spec{
		Format: vision.Format{W: side, H: side, BGR: true, Pad: 114, Scale: [3]float32{1, 1, 1}},
		Batch:  8,
		Shapes: func(n int) (in, out [][]int64) {
			return [][]int64{{int64(n), 3, int64(side), int64(side)}}, [][]int64{{int64(n), cells, 5}}
		},
		Decode: func(b *infer.Binding, i int, least float64, out []network.Candidate) []network.Candidate {
			size := int(cells) * 5
			return decodeGrid(b.Out[0].F32[i*size:(i+1)*size], least, out)
		},
		NMS: 0.45,
	}
}

func decodeGrid(rows []float32, least float64, out []network.Candidate) []network.Candidate {
	for ; len(rows) >= 5; rows = rows[5:] {
		if score := float64(rows[4]); score >= least {
			out = append(out, network.Candidate{
				X0: float64(rows[0]), Y0: float64(rows[1]), X1: float64(rows[2]), Y1: float64(rows[3]), Score: min(score, 1),
			})
		}
	}
	return out
}

// The input is RGB in 0..1, proportions kept, in the middle on grey 114.
func endToEndSpec(side int) network.Spec {
	const s = 1.0 / 255
	return network.Spec{
		Format: vision.Format{W: side, H: side, Centre: true, Pad: 114, Scale: [3]float32{s, s, s}},
		Batch:  1,
		Shapes: func(int) (in, out [][]int64) {
			return [][]int64{{1, 3, int64(side), int64(side)}}, [][]int64{nil}
		},
		Decode: func(b *infer.Binding, _ int, least float64, out []network.Candidate) []network.Candidate {
			return decodeEndToEnd(b.Out[0].F32, least, out)
		},
	}
}

func decodeEndToEnd(rows []float32, least float64, out []network.Candidate) []network.Candidate {
	for ; len(rows) >= 7; rows = rows[7:] {
		score := float64(rows[6])
		if !(score >= least) || math.Round(float64(rows[5])) != 0 {
			continue
		}
		out = append(out, network.Candidate{
			X0: float64(rows[1]), Y0: float64(rows[2]), X1: float64(rows[3]), Y1: float64(rows[4]), Score: min(score, 1),
		})
	}
	return out
}
