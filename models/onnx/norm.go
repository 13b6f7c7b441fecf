package onnx

import "slices"

// What is divided by its own length is a point on a sphere: that is how
// vectors for recognition leave a network, to be compared by their angle.

// passing are operations that change neither the values nor their meaning.
var passing = map[string]bool{
	"Identity": true, "Reshape": true, "Squeeze": true, "Unsqueeze": true, "Flatten": true,
	"Cast": true, "Transpose": true, "Slice": true, "Dropout": true, "Gather": true, "Split": true,
}

// lengthening are operations that a length passes on its way to the division.
var lengthening = map[string]bool{
	"Clip": true, "Max": true, "Add": true, "Expand": true, "Identity": true, "Unsqueeze": true,
	"Reshape": true, "Shape": true, "Cast": true,
}

// maxSteps bounds the values looked at on the way back from one output.
const maxSteps = 1000

// trail goes back from a value through the operations that made it.
type trail struct {
	made  map[string]*Node
	steps int // left
}

// from is what made a value, or nil where the search ends.
func (t *trail) from(value string) *Node {
	n := t.made[value]
	if t.steps--; t.steps < 0 || n == nil || len(n.Inputs) == 0 {
		return nil
	}
	return n
}

// Normalised lists the outputs whose values were divided by their Euclidean
// length, as far as the main graph shows it.
func (m *Model) Normalised() []string {
	made := map[string]*Node{}
	for i := range m.Nodes {
		for _, o := range m.Nodes[i].Outputs {
			made[o] = &m.Nodes[i]
		}
	}
	var out []string
	for _, p := range m.Outputs {
		if t := (&trail{made, maxSteps}); t.normalised(p.Name) {
			out = append(out, p.Name)
		}
	}
	return out
}

func (t *trail) normalised(value string) bool {
	n := t.from(value)
	switch {
	case n == nil:
		return false
	case n.Op == "LpNormalization":
		return true
	case n.Op == "Div" && len(n.Inputs) == 2:
		return t.length(n.Inputs[1])
	case n.Op == "Mul": // by one over the length
		return slices.ContainsFunc(n.Inputs, t.inverse)
	case n.Op == "Concat": // beside other things, such as a box
		return slices.ContainsFunc(n.Inputs, t.normalised)
	case passing[n.Op]:
		return t.normalised(n.Inputs[0])
	}
	return false
}

func (t *trail) inverse(value string) bool {
	n := t.from(value)
	return n != nil && (n.Op == "Reciprocal" && t.length(n.Inputs[0]) || n.Op == "Pow" && t.squares(n.Inputs[0]))
}

// length tells whether a value is a Euclidean length: ReduceL2, or the root of
// a sum of squares.
func (t *trail) length(value string) bool {
	n := t.from(value)
	switch {
	case n == nil:
		return false
	case n.Op == "ReduceL2":
		return true
	case n.Op == "Sqrt" || n.Op == "Pow":
		return t.squares(n.Inputs[0])
	case lengthening[n.Op]:
		return slices.ContainsFunc(n.Inputs, t.length)
	}
	return false
}

// squares tells whether a value is a sum of squares. A mean of squares is not:
// that is how layers are normalised inside a network.
func (t *trail) squares(value string) bool {
	n := t.from(value)
	switch {
	case n == nil:
		return false
	case n.Op == "ReduceSumSquare":
		return true
	case n.Op == "ReduceSum":
		s := t.from(n.Inputs[0])
		return s != nil && (s.Op == "Pow" || s.Op == "Mul" && len(s.Inputs) == 2 && s.Inputs[0] == s.Inputs[1])
	case lengthening[n.Op]:
		return slices.ContainsFunc(n.Inputs, t.squares)
	}
	return false
}
