// Package deimv2 reads DEIMv2 (Huang et al., "Real-Time Object Detection Meets
// DINOv3", 2025), a transformer that gives each object once: no suppression of
// doubles is needed within a picture. Several pictures go through it at once.
//
// It runs in float32. Eight-bit integers (QDQ, weights per channel, ranges of
// activations from 100 pictures of COCO) were measured on a processor with
// VNNI and are not worth it: all convolutions so make a look of the femto
// model .75 of its time, and nine of ten objects with a score over .35 are
// lost, most by input_proj alone; those of the backbone but for its
// downsampling make it .82, lose one object in twenty-three and .05 of the
// scores. Folding ([posteriori/models/onnx.Fold]) saves a tenth and nothing is lost.
package deimv2

import (
	"posteriori/detectors"
	"posteriori/detectors/network"
	"posteriori/engine/infer"
	"posteriori/engine/vision"
	"posteriori/models"
)

// Open loads a DEIMv2 model of the manifest from path. Errors are those of
// [network.Open].
func Open(path string, m models.Model, o detectors.Options) (*network.Detector, error) {
	side := int(m.Inputs[0].Shape[2])
	return network.Open(path, m, spec(side), o)
}

// The input is RGB in 0..1, stretched, as in the project's own export and
// samples; the backbones without DINOv3 take no mean and deviation.
func spec(side int) network.Spec {
	const unit = 1.0 / 255
	return network.Spec{
		Format: vision.Format{W: side, H: side, Stretch: true, Scale: [3]float32{unit, unit, unit}},
		Batch:  8,
		Shapes: func(n int) (in, out [][]int64) {
			b, s := int64(n), int64(side)
			return [][]int64{{b, 3, s, s}, {b, 2}}, nil
		},
		// The model scales its boxes to the size it is told: its input's.
		Fill: func(b *infer.Binding) {
			for i := range b.In[1].I64 {
				b.In[1].I64[i] = int64(side)
			}
		},
		Decode: decode,
	}
}

func decode(b *infer.Binding, i int, least float64, out []network.Candidate) []network.Candidate {
	labels, boxes, scores := b.Out[0].I64, b.Out[1].F32, b.Out[2].F32
	n := len(scores) / int(b.In[0].Shape[0])
	for q := i * n; q < (i+1)*n; q++ {
		if s := float64(scores[q]); s >= least {
			p := boxes[4*q : 4*q+4]
			out = append(out, network.Candidate{
				X0: float64(p[0]), Y0: float64(p[1]), X1: float64(p[2]), Y1: float64(p[3]),
				Label: int(labels[q]), Score: min(s, 1),
			})
		}
	}
	return out
}
