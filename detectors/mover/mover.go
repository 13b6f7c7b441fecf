// Package mover names what a motion model cut out of a picture: a small
// classifier of our own (models/train/objects), for machines on which no
// detector is installed, and for what a detector is blind to.
//
// It finds nothing and corrects no box: an answer is how likely each class is,
// as votes to be summed over a track.
package mover

import (
	"posteriori/detectors"
	"posteriori/detectors/network"
	"posteriori/engine/fault"
	"posteriori/engine/frame"
	"posteriori/engine/infer"
	"posteriori/engine/scene"
	"posteriori/engine/vision"
	"posteriori/models"
)

// around is how much wider than the box the square is that the model sees.
const around = 1.4

// Namer is the classifier, loaded. It is safe for concurrent use, but one
// call runs at a time.
type Namer struct {
	*network.Single
	classes []scene.Class // by output
	side    int
}

// Open loads the model m, of the task mover-classifier, from path. Of the
// options Device and Threads count. Errors are those of [network.OpenSession];
// a model of another task is fault.BadInput.
func Open(path string, m models.Model, o detectors.Options) (*Namer, error) {
	if m.Task != models.MoverClassifier || len(m.Inputs) != 1 || len(m.Inputs[0].Shape) != 4 || m.Inputs[0].Shape[1] != 4 {
		return nil, fault.New(fault.BadInput, "model %s is a %s, not a classifier of movers", m.Name, m.Task)
	}
	classes, known := m.Classes(0)
	for i, k := range known {
		if !k {
			return nil, fault.New(fault.BadInput, "model %s: %q is no class", m.Name, m.Labels(0)[i])
		}
	}
	side := m.Inputs[0].Shape[2]
	single, err := network.OpenSingle(path, m, o, [][]int64{{1, 4, side, side}}, [][]int64{{1, int64(len(classes))}},
		vision.Format{W: int(side), H: int(side), BGR: true, Stretch: true, Scale: [3]float32{1, 1, 1}})
	if err != nil {
		return nil, err
	}
	return &Namer{single, classes, int(side)}, nil
}

// Name looks at what is in the box of f, in source pixels, and returns how
// likely each class is, by scene.Class; the shares sum to 1. It is false for a
// box that does not touch the picture.
func (n *Namer) Name(f frame.YUV, box scene.Box) (shares []float64, ok bool, err error) {
	b := box.Clamp(float64(f.Y.W), float64(f.Y.H))
	square, ok := detectors.Crop(b, f.Y.W, f.Y.H, around*max(b.W, b.H))
	if b.Empty() || !ok {
		return nil, false, nil
	}
	err = n.Use(func(model *infer.Binding, resample *vision.Resampler) error {
		in := model.In[0].F32
		size := n.side * n.side
		way, err := resample.Tensor(f, square, in[:3*size])
		if err != nil {
			return err
		}
		n.mark(in[3*size:], way, b)
		if err := model.Run(); err != nil {
			return err
		}
		shares = make([]float64, len(scene.Classes()))
		for i, p := range model.Out[0].F32[:len(n.classes)] {
			shares[n.classes[i]] += float64(p)
		}
		return nil
	})
	return shares, err == nil, err
}

// mark fills the fourth plane: 1 where the box is, else 0.
func (n *Namer) mark(plane []float32, way vision.Transform, box scene.Box) {
	x0, y0, x1, y1 := way.ToInput(box)
	at := func(v float64) int { return min(max(int(v+0.5), 0), n.side) }
	left, right, top, bottom := at(x0), at(x1), at(y0), at(y1)
	clear(plane)
	for y := top; y < bottom; y++ {
		row := plane[y*n.side : (y+1)*n.side]
		for x := left; x < right; x++ {
			row[x] = 1
		}
	}
}
