// Package network runs a detection model on regions of pictures: it resamples
// them into the model's input, several to a run where the model allows it, has
// the outputs decoded, and brings the boxes back to source pixels. What
// differs from model to model is a [Spec].
package network

import (
	"strings"
	"sync"

	"posteriori/detectors"
	"posteriori/engine/fault"
	"posteriori/engine/frame"
	"posteriori/engine/infer"
	"posteriori/engine/scene"
	"posteriori/engine/vision"
	"posteriori/models"
)

// Candidate is one box as the model gives it, by its corners in input pixels.
type Candidate struct {
	X0, Y0, X1, Y1 float64
	Label          int // index into the model's vocabulary
	Score          float64
}

// Spec is what is particular about a model.
type Spec struct {
	Format vision.Format
	Batch  int // most pictures that one run takes on CUDA; on the CPU more than one gains nothing
	// Shapes are the shapes of all inputs and outputs for n pictures. Input 0
	// is the pictures.
	Shapes func(n int) (in, out [][]int64)
	// Fill sets inputs other than the pictures; nil when there are none. It is
	// called once for each binding.
	Fill func(b *infer.Binding)
	// Decode appends the boxes of picture i that score min or more.
	Decode func(b *infer.Binding, i int, min float64, out []Candidate) []Candidate
	// NMS is the overlap from which two boxes of one label in one picture are
	// one object; 0 for models that give each object once.
	NMS float64
}

// maxCandidates bounds the boxes of one picture that are looked at further.
const maxCandidates = 1000

// Detector is a Spec with its model loaded. See [detectors.Detector].
type Detector struct {
	spec    Spec
	model   models.Model
	options detectors.Options
	labels  []string
	classes []scene.Class
	known   []bool
	device  infer.Device

	mu       sync.Mutex // guards all below
	session  *infer.Session
	resample *vision.Resampler
	bindings map[int]*infer.Binding // by number of pictures
	found    []Candidate
}

var _ detectors.Detector = (*Detector)(nil)

// Open checks the file at path against m's hash and loads it. Its inputs and
// outputs must be the manifest's, else fault.Integrity.
func Open(path string, m models.Model, spec Spec, o detectors.Options) (*Detector, error) {
	if o.MinScore == 0 {
		o.MinScore = detectors.DefaultMinScore
	}
	session, err := OpenSession(path, m, o)
	if err != nil {
		return nil, err
	}
	d := &Detector{
		spec: spec, model: m, options: o, device: session.Device(), labels: m.Labels(0),
		session: session, resample: vision.NewResampler(spec.Format), bindings: map[int]*infer.Binding{},
	}
	d.classes, d.known = m.Classes(0)
	if d.device == infer.CPU {
		d.spec.Batch = 1
	}
	if _, err := d.binding(1); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// OpenSession loads the file at path if its hash is m's and its inputs and
// outputs are those that m says.
func OpenSession(path string, m models.Model, o detectors.Options) (*infer.Session, error) {
	device, err := infer.ParseDevice(o.Device)
	if err != nil {
		return nil, err
	}
	data, err := models.Read(path, m)
	if err != nil {
		return nil, err
	}
	s, err := infer.OpenBytes(path, data, infer.Options{Device: device, Threads: o.Threads})
	if err != nil {
		return nil, err
	}
	if !samePorts(s.Inputs(), m.Inputs) || !samePorts(s.Outputs(), m.Outputs) {
		s.Close()
		return nil, fault.New(fault.Integrity, "the inputs or outputs of model %s are not those of the manifest", m.Name).OnFile(path)
	}
	return s, nil
}

func samePorts(got []infer.Port, want []models.Port) bool {
	if len(got) != len(want) {
		return false
	}
	for i, g := range got {
		w := want[i]
		if g.Name != w.Name || !strings.EqualFold(string(g.Type), w.Type) || len(g.Shape) != len(w.Shape) {
			return false
		}
		for j, d := range g.Shape {
			if max(d, -1) != w.Shape[j] {
				return false
			}
		}
	}
	return true
}

// Info says what is running.
func (d *Detector) Info() detectors.Info {
	return detectors.Info{
		Name: d.model.Name, SHA256: d.model.SHA256, Device: string(d.device),
		Input: d.spec.Format.W, Batch: d.spec.Batch,
	}
}

// Close frees the model. A second Close does nothing.
func (d *Detector) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.session == nil {
		return nil
	}
	for _, b := range d.bindings {
		b.Close()
	}
	d.resample.Close()
	err := d.session.Close()
	d.session, d.resample, d.bindings = nil, nil, nil
	return err
}

// Detect finds the objects in the regions of f.
func (d *Detector) Detect(f frame.YUV, regions []scene.Box) ([]detectors.Detection, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.session == nil {
		return nil, fault.New(fault.Internal, "the detector %s is closed", d.model.Name)
	}
	crops := detectors.Crops(regions, f.Y.W, f.Y.H, float64(d.spec.Format.W)/4)
	var all []detectors.Detection
	for len(crops) > 0 {
		n := min(len(crops), d.spec.Batch)
		found, err := d.run(f, crops[:n])
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
		crops = crops[n:]
	}
	return detectors.Merge(all, d.options.Raw), nil
}

func (d *Detector) binding(n int) (*infer.Binding, error) {
	if b, ok := d.bindings[n]; ok {
		return b, nil
	}
	in, out := d.spec.Shapes(n)
	b, err := d.session.Bind(in, out)
	if err != nil {
		return nil, err
	}
	if d.spec.Fill != nil {
		d.spec.Fill(b)
	}
	d.bindings[n] = b
	return b, nil
}

// run looks at as many crops as one run takes.
func (d *Detector) run(f frame.YUV, crops []scene.Box) ([]detectors.Detection, error) {
	b, err := d.binding(len(crops))
	if err != nil {
		return nil, err
	}
	ways := make([]vision.Transform, len(crops))
	size := d.spec.Format.Len()
	for i, c := range crops {
		if ways[i], err = d.resample.Tensor(f, c, b.In[0].F32[i*size:(i+1)*size]); err != nil {
			return nil, err
		}
	}
	if err := b.Run(); err != nil {
		return nil, err
	}
	var all []detectors.Detection
	for i, c := range crops {
		d.found = d.spec.Decode(b, i, d.options.MinScore, d.found[:0])
		ds := d.name(d.found, ways[i], c, f)
		if d.spec.NMS > 0 {
			ds = detectors.Suppress(ds, d.spec.NMS)
		}
		all = append(all, ds...)
	}
	return all, nil
}
