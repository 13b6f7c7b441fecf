package models

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"posteriori/engine/fault"
	"posteriori/models/onnx"
)

// Inspect looks into the ONNX file in data, which is said to be m, and refuses
// what this engine must not hold, whatever the list says of its hash: a
// forbidden word in any name, label, metadata or text of it, an output that
// the list does not explain or that is a vector brought to unit length, and
// weights in another file. A refusal is fault.Refused under rule 11; a file
// that is no ONNX model is fault.BadInput.
func Inspect(data []byte, m Model) error {
	g, err := onnx.Read(data)
	if err != nil {
		return fault.Wrap(fault.BadInput, err, "model %s cannot be looked into", m.Name)
	}
	why := forbiddenInFile(g)
	why = append(why, unexplained(g, m)...)
	if g.External {
		why = append(why, "its weights lie in another file")
	}
	if len(why) == 0 {
		return nil
	}
	const most = 8
	if len(why) > most {
		why = append(why[:most], fmt.Sprintf("and %d more", len(why)-most))
	}
	return fault.New(fault.Refused, "model %s must not be in this engine: %s", m.Name, strings.Join(why, "; ")).
		UnderRule("11").WithHint("no model may describe a face, a body, a voice or who a person is; remove the file and tell the data controller")
}

func forbiddenInFile(g *onnx.Model) []string {
	var found []string
	look := func(text string, at place) {
		found = append(found, forbiddenIn(text, at)...)
	}
	for _, t := range g.Texts {
		look(t, shown)
	}
	slices.Sort(g.Names)
	for _, n := range slices.Compact(g.Names) {
		look(n, inner)
	}
	for _, p := range g.Inputs {
		look(p.Name, shown)
	}
	for _, p := range g.Outputs {
		look(p.Name, output)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// unexplained lists the outputs of the file that are not m's, or whose values
// are points on a sphere.
func unexplained(g *onnx.Model, m Model) []string {
	var why []string
	for _, p := range g.Outputs {
		i := slices.IndexFunc(m.Outputs, func(q Port) bool { return q.Name == p.Name })
		if i < 0 || m.Outputs[i].Type != p.Type || !slices.Equal(m.Outputs[i].Shape, p.Shape) {
			why = append(why, fmt.Sprintf("output %.40q %s%v is not explained by the list", p.Name, p.Type, p.Shape))
		}
	}
	for _, name := range g.Normalised() {
		why = append(why, fmt.Sprintf("output %.40q is a vector of unit length, as for recognition", name))
	}
	return why
}

// terms are the values that an output may hold beside the labels of a
// vocabulary, and how many numbers each takes.
var terms = map[string]int64{
	"box":        4, // corners, or centre and size
	"box-sides":  4, // distances of the four sides, each as one of several bins: times their number
	"objectness": 1,
	"score":      1,
	"label":      1, // number of a label
	"picture":    1, // number of the picture in the batch
}

// explain says why the numbers along p's last dimension are not those that
// p.Holds names, or nil. A free dimension is one number for each object.
func (m Model) explain(p Port) error {
	if len(p.Holds) == 0 {
		return fmt.Errorf("nothing says what output %q holds", p.Name)
	}
	var sum int64
	for _, h := range p.Holds {
		n, err := m.width(h)
		if err != nil {
			return fmt.Errorf("output %q: %w", p.Name, err)
		}
		sum += n
	}
	shape := p.Shape
	for len(shape) > 2 && shape[len(shape)-1] == 1 {
		shape = shape[:len(shape)-1]
	}
	last := shape[len(shape)-1]
	if last == sum || last == -1 && sum == 1 {
		return nil
	}
	return fmt.Errorf("output %q has %d numbers in a row, of which %d are explained", p.Name, last, sum)
}

// width is how many numbers one entry of Holds takes: a term, a term times a
// number ("box-sides*8"), or a vocabulary of the model.
func (m Model) width(hold string) (int64, error) {
	term, times, many := strings.Cut(hold, "*")
	if n, ok := terms[term]; ok {
		if !many {
			return n, nil
		}
		var k int64
		if _, err := fmt.Sscanf(times, "%d", &k); err == nil && term == "box-sides" && k > 1 && k <= 32 {
			return n * k, nil
		}
		return 0, fmt.Errorf("%q is not known", hold)
	}
	if i := slices.Index(m.Vocabularies, hold); i >= 0 {
		return int64(len(m.vocabulary[i].Labels)), nil
	}
	return 0, fmt.Errorf("%q is neither a vocabulary of the model nor known", hold)
}

// numbered says of a vocabulary whose labels are one word counted up (f0, f1,
// …) what that word is: such labels name the axes of a vector, not things.
func numbered(labels []string) (string, bool) {
	count := map[string]int{}
	for _, l := range labels {
		stem := strings.TrimRightFunc(l, unicode.IsDigit)
		if stem != l {
			if count[stem]++; count[stem] > 10 {
				return stem, true
			}
		}
	}
	return "", false
}
