package models

import (
	"bytes"
	_ "embed"
	"io"
	"sync"

	"go.yaml.in/yaml/v3"

	"posteriori/engine/fault"
	"posteriori/engine/scene"
)

//go:embed manifest.yaml
var builtin []byte

// Task is what a model is for. The list is closed.
type Task string

// The tasks.
const (
	Detector          Task = "detector"
	MoverClassifier   Task = "mover-classifier"
	VehicleAttributes Task = "vehicle-attributes"
	PlateDetector     Task = "plate-detector"
	PlateReader       Task = "plate-reader"
)

// Own is the source of the models that this project trained: the folder with
// the recipe.
const Own = "models/train"

// Manifest is the list of models.
type Manifest struct {
	Version      int                   `yaml:"version"`
	Vocabularies map[string]Vocabulary `yaml:"vocabularies"`
	Models       []Model               `yaml:"models"`
}

// Vocabulary is a list of labels in the order of a model's outputs, and the
// scene class that each stands for. A label without a class is dropped.
type Vocabulary struct {
	Labels  []string          `yaml:"labels"`
	Classes map[string]string `yaml:"classes,omitempty"`
}

// Model is one model file.
type Model struct {
	Name    string `yaml:"name"`
	File    string `yaml:"file"`   // name inside the folder of models
	SHA256  string `yaml:"sha256"` // lower-case hex
	Bytes   int64  `yaml:"bytes"`
	Task    Task   `yaml:"task"`
	Decoder string `yaml:"decoder,omitempty"` // the package of detectors/ that reads its output; empty: not loaded by this version
	Licence string `yaml:"licence"`
	Grey    bool   `yaml:"grey,omitempty"` // the licence is not clear enough to ship it
	Source  string `yaml:"source"`         // the project it comes from; Own for those that this project trained
	URL     string `yaml:"url,omitempty"`  // where this very file can be fetched, if anywhere

	// For the model's card in the dossier technique, in French: what its training
	// data held and where that came from, as far as it is known, and what it is not
	// good at.
	Training string `yaml:"training"`
	Limits   string `yaml:"limits"`

	Inputs       []Port     `yaml:"inputs"`
	Outputs      []Port     `yaml:"outputs"`
	Vocabularies []string   `yaml:"vocabularies,omitempty"`
	Accuracy     []Accuracy `yaml:"accuracy,omitempty"`
	Notes        string     `yaml:"notes,omitempty"`

	vocabulary []Vocabulary // as Vocabularies names them
}

// Port is one input or output. A dimension of -1 is free.
//
// Holds says what the numbers along an output's last dimension (less trailing
// ones) are, in any order: the names of vocabularies of the model, one number
// for each label, and box, box-sides*BINS, objectness, score, label, picture.
// They must add up: a number that nobody can name may be part of a vector for
// recognition, and such a model is refused.
type Port struct {
	Name  string   `yaml:"name"`
	Type  string   `yaml:"type"` // float32, int64 or uint8
	Shape []int64  `yaml:"shape,flow"`
	Holds []string `yaml:"holds,omitempty,flow"` // outputs only
}

// Accuracy is one figure, and who measured it.
type Accuracy struct {
	Set    string  `yaml:"set"`
	Metric string  `yaml:"metric"`
	Value  float64 `yaml:"value"`
	Source string  `yaml:"source"`
}

// Loadable tells whether this version of the engine runs the model.
func (m Model) Loadable() bool { return m.Decoder != "" }

// Labels is the i-th vocabulary's labels, in the order of the model's
// outputs; nil when it has fewer vocabularies.
func (m Model) Labels(i int) []string {
	if i >= len(m.vocabulary) {
		return nil
	}
	return m.vocabulary[i].Labels
}

// Classes is, for each label of the i-th vocabulary, the class that it stands
// for; known is false for those that are dropped.
func (m Model) Classes(i int) (classes []scene.Class, known []bool) {
	labels := m.Labels(i)
	classes, known = make([]scene.Class, len(labels)), make([]bool, len(labels))
	for j, l := range labels {
		if name, ok := m.vocabulary[i].Classes[l]; ok {
			classes[j], known[j] = scene.ParseClass(name)
		}
	}
	return classes, known
}

var load = sync.OnceValues(func() (*Manifest, error) { return ParseManifest(builtin) })

// Load is the manifest that this program was built with. It is shared: do
// not change it.
func Load() (*Manifest, error) { return load() }

// ParseManifest reads and checks a manifest. Anything unknown, missing or
// forbidden in it is fault.BadInput (fault.Refused where it is forbidden).
func ParseManifest(data []byte) (*Manifest, error) {
	if len(data) > 1<<20 {
		return nil, fault.New(fault.BadInput, "a manifest of %d bytes is too large", len(data))
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	var m Manifest
	if err := dec.Decode(&m); err != nil {
		return nil, fault.Wrap(fault.BadInput, err, "the manifest of models cannot be read")
	}
	if err := dec.Decode(new(yaml.Node)); err != io.EOF {
		return nil, fault.New(fault.BadInput, "the manifest of models has a second document")
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	return &m, nil
}

// Find is the model of that name, or fault.NotFound.
func (m *Manifest) Find(name string) (Model, error) {
	for _, x := range m.Models {
		if x.Name == name {
			return x, nil
		}
	}
	return Model{}, fault.New(fault.NotFound, "no model is called %q", name).
		WithHint("`posteriori models list` shows the names")
}

// ByHash is the model whose file has that SHA-256, in lower-case hex.
func (m *Manifest) ByHash(sha256 string) (Model, bool) {
	for _, x := range m.Models {
		if x.SHA256 == sha256 {
			return x, true
		}
	}
	return Model{}, false
}

// ForTask lists the models of a task that this version runs, best first.
func (m *Manifest) ForTask(t Task) []Model {
	var out []Model
	for _, x := range m.Models {
		if x.Task == t && x.Loadable() {
			out = append(out, x)
		}
	}
	return out
}
