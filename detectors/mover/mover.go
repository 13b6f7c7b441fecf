// Package mover names what a motion model cut out of a picture: a small
// classifier of our own (models/train/objects), for machines on which no
// detector is installed, and for what a detector is blind to.
//
// It finds nothing and corrects no box: an answer is how likely each class is,
// as votes to be summed over a track.
package mover

import (
	"sync"

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
	info    detectors.Info
	classes []scene.Class // by output
	side    int

	mu       sync.Mutex
	session  *infer.Session
	binding  *infer.Binding
	resample *vision.Resampler
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
	session, err := network.OpenSession(path, m, o)
	if err != nil {
		return nil, err
	}
	side := m.Inputs[0].Shape[2]
	n := &Namer{
		info:    detectors.Info{Name: m.Name, SHA256: m.SHA256, Device: string(session.Device()), Input: int(side), Batch: 1},
		classes: classes, side: int(side), session: session,
	}
	n.binding, err = session.Bind([][]int64{{1, 4, side, side}}, [][]int64{{1, int64(len(classes))}})
	if err != nil {
		session.Close()
		return nil, err
	}
	n.resample = vision.NewResampler(vision.Format{
		W: n.side, H: n.side, BGR: true, Stretch: true, Scale: [3]float32{1, 1, 1},
	})
	return n, nil
}

// Info says what is running.
func (n *Namer) Info() detectors.Info { return n.info }

// Name looks at what is in the box of f, in source pixels, and returns how
// likely each class is, by scene.Class; the shares sum to 1. It is false for a
// box that does not touch the picture.
func (n *Namer) Name(f frame.YUV, box scene.Box) (shares []float64, ok bool, err error) {
	b := box.Clamp(float64(f.Y.W), float64(f.Y.H))
	square, ok := detectors.Crop(b, f.Y.W, f.Y.H, around*max(b.W, b.H))
	if b.Empty() || !ok {
		return nil, false, nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.session == nil {
		return nil, false, fault.New(fault.Internal, "the classifier %s is closed", n.info.Name)
	}
	in := n.binding.In[0].F32
	size := n.side * n.side
	way, err := n.resample.Tensor(f, square, in[:3*size])
	if err != nil {
		return nil, false, err
	}
	n.mark(in[3*size:], way, b)
	if err := n.binding.Run(); err != nil {
		return nil, false, err
	}
	shares = make([]float64, len(scene.Classes()))
	for i, p := range n.binding.Out[0].F32[:len(n.classes)] {
		shares[n.classes[i]] += float64(p)
	}
	return shares, true, nil
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

// Close frees the model. A second Close does nothing.
func (n *Namer) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.session == nil {
		return nil
	}
	n.binding.Close()
	n.resample.Close()
	err := n.session.Close()
	n.session = nil
	return err
}
