package models

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"posteriori/engine/fault"
	"posteriori/engine/scene"
)

var (
	nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)
	fileForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}\.onnx$`)
	hashForm = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// decoders are the packages that can read a model's output, by task.
var decoders = map[Task][]string{
	Detector:          {"deimv2", "nanodet", "yolox"},
	MoverClassifier:   {"mover-square"},
	VehicleAttributes: {"vehicle-attributes"},
	PlateDetector:     {"plate-grid", "plate-end2end"},
	PlateReader:       {"plate-columns", "plate-slots"},
}

func (m *Manifest) check() error {
	if m.Version != 1 {
		return fault.New(fault.BadInput, "a manifest of version %d is not known", m.Version)
	}
	for name, v := range m.Vocabularies {
		if err := v.check(name); err != nil {
			return err
		}
	}
	for i := range m.Models {
		x := &m.Models[i]
		for _, y := range m.Models[:i] {
			if x.Name == y.Name || x.File == y.File || x.SHA256 == y.SHA256 {
				return fault.New(fault.BadInput, "models %q and %q share a name, a file or a hash", y.Name, x.Name)
			}
		}
		for _, name := range x.Vocabularies {
			v, ok := m.Vocabularies[name]
			if !ok {
				return bad(*x, "there is no vocabulary %q", name)
			}
			x.vocabulary = append(x.vocabulary, v)
		}
		if err := x.check(); err != nil {
			return err
		}
		if words := Forbidden(*x); len(words) > 0 {
			return fault.New(fault.Refused, "model %q is of a kind that this engine must not hold: %s",
				x.Name, strings.Join(words, ", ")).UnderRule("11")
		}
	}
	return nil
}

func (v Vocabulary) check(name string) error {
	if len(v.Labels) == 0 || len(v.Labels) > 4096 {
		return fault.New(fault.BadInput, "the vocabulary %q has %d labels", name, len(v.Labels))
	}
	if stem, ok := numbered(v.Labels); ok {
		return fault.New(fault.Refused, "the vocabulary %q counts %q up: these are no labels of things", name, stem).UnderRule("11")
	}
	for l, c := range v.Classes {
		if !slices.Contains(v.Labels, l) {
			return fault.New(fault.BadInput, "the vocabulary %q has no label %q", name, l)
		}
		if _, ok := scene.ParseClass(c); !ok {
			return fault.New(fault.BadInput, "the vocabulary %q: %q is no class", name, c)
		}
	}
	return nil
}

func bad(m Model, format string, args ...any) error {
	e := fault.New(fault.BadInput, format, args...)
	e.Msg = "model " + m.Name + ": " + e.Msg
	return e
}

func (m Model) check() error {
	known, ok := decoders[m.Task]
	switch {
	case !nameForm.MatchString(m.Name):
		return bad(m, "%q is no name (lower-case letters, digits and dashes)", m.Name)
	case !fileForm.MatchString(m.File):
		return bad(m, "%q is no name of an ONNX file", m.File)
	case !hashForm.MatchString(m.SHA256):
		return bad(m, "sha256 is not 64 lower-case hex digits")
	case m.Bytes <= 0 || m.Bytes > 1<<31:
		return bad(m, "a size of %d bytes", m.Bytes)
	case !ok:
		return bad(m, "%q is no task", m.Task)
	case m.Decoder != "" && !slices.Contains(known, m.Decoder):
		return bad(m, "no decoder %q for the task %s", m.Decoder, m.Task)
	case m.Licence == "":
		return bad(m, "no licence")
	case !isHTTPS(m.Source) && m.Source != Own:
		return bad(m, "the source %q is neither an https address nor %s", m.Source, Own)
	case m.URL != "" && !isHTTPS(m.URL):
		return bad(m, "the url %q is no https address", m.URL)
	case len(m.Inputs) == 0 || len(m.Outputs) == 0:
		return bad(m, "inputs or outputs are lacking")
	case m.Loadable() && len(m.Vocabularies) == 0:
		return bad(m, "no vocabulary")
	}
	for _, p := range slices.Concat(m.Inputs, m.Outputs) {
		if err := p.check(m); err != nil {
			return err
		}
	}
	for _, p := range m.Outputs {
		if err := m.explain(p); err != nil {
			return fault.Wrap(fault.Refused, err, "model %q gives what nobody explains", m.Name).UnderRule("11")
		}
	}
	return nil
}

func (p Port) check(m Model) error {
	if p.Name == "" || len(p.Shape) == 0 || len(p.Shape) > 8 {
		return bad(m, "port %q has no name or a shape of %d dimensions", p.Name, len(p.Shape))
	}
	if !slices.Contains([]string{"float32", "int64", "uint8"}, p.Type) {
		return bad(m, "port %q is of type %q", p.Name, p.Type)
	}
	for _, d := range p.Shape {
		if d != -1 && (d <= 0 || d > 1<<20) {
			return bad(m, "port %q has a dimension of %d", p.Name, d)
		}
	}
	return nil
}

func isHTTPS(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil
}
