// Package onnx reads what an ONNX file says of itself: its inputs and outputs,
// the names and texts in it, and how its outputs come about; it is how the
// engine looks into a model before it lets it near the runtime, and runs
// nothing. [Fold] spares the runtime what it need not do. Field numbers are those of onnx.proto3 of the ONNX
// project (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3).
package onnx

import (
	"errors"
	"fmt"
)

// ErrFormat is under every error about bytes that are no ONNX model.
var ErrFormat = errors.New("not an ONNX model")

// maxDepth bounds graphs inside graphs.
const maxDepth = 16

// Port is one input or output. A dimension of -1 is free.
type Port struct {
	Name  string
	Type  string // float32, int64, uint8, or onnx-N by the format's number
	Shape []int64
}

// Node is one operation, or a call of a function of the model.
type Node struct {
	Op      string
	Inputs  []string
	Outputs []string
}

// Model is what a file says of itself.
type Model struct {
	Inputs  []Port // those that a caller gives: weights are left out
	Outputs []Port
	Nodes   []Node // of the main graph

	// Texts are what people wrote: producer, documentation, metadata, text
	// attributes and text tensors, such as embedded labels.
	Texts []string
	// Names are those of nodes, operations, values and weights, at any depth.
	Names []string
	// External says that weights lie in another file, whose hash nobody knows.
	External bool
}

// Read reads the model in data. Errors are under [ErrFormat]; so is a model
// without inputs or outputs.
func Read(data []byte) (*Model, error) {
	r := &reader{weights: map[string]bool{}}
	if err := each(data, r.model); err != nil {
		return nil, err
	}
	inputs := r.m.Inputs[:0]
	for _, p := range r.m.Inputs {
		if !r.weights[p.Name] { // old models list weights among the inputs
			inputs = append(inputs, p)
		}
	}
	r.m.Inputs = inputs
	if len(inputs) == 0 || len(r.m.Outputs) == 0 {
		return nil, fmt.Errorf("%w: it has no inputs or no outputs", ErrFormat)
	}
	return &r.m, nil
}

type reader struct {
	m       Model
	weights map[string]bool
	depth   int
	graphs  int
}

func (r *reader) text(b []byte) { r.m.Texts = append(r.m.Texts, string(b)) }
func (r *reader) name(b []byte) {
	if len(b) > 0 {
		r.m.Names = append(r.m.Names, string(b))
	}
}

// model reads a ModelProto: producer 2 and 3, domain 4, doc 6, graph 7,
// metadata 14, functions 25.
func (r *reader) model(f field) error {
	switch f.tag {
	case 2, 3, 4, 6:
		r.text(f.b)
	case 7:
		if r.graphs++; r.graphs > 1 { // the runtime would merge them; nobody writes that
			return fmt.Errorf("%w: two graphs", ErrFormat)
		}
		return each(f.b, r.graph)
	case 14:
		return each(f.b, r.entry)
	case 25:
		return each(f.b, r.function)
	}
	return nil
}

// entry reads a StringStringEntryProto: key 1, value 2.
func (r *reader) entry(f field) error {
	if f.tag == 1 || f.tag == 2 {
		r.text(f.b)
	}
	return nil
}

// graph reads a GraphProto: node 1, name 2, initializer 5, doc 10, input 11,
// output 12, value_info 13, sparse_initializer 15, metadata 16.
func (r *reader) graph(f field) error {
	switch f.tag {
	case 1:
		return r.node(f.b, r.depth == 0)
	case 2:
		r.name(f.b)
	case 5:
		return each(f.b, r.tensor(r.depth == 0))
	case 10:
		r.text(f.b)
	case 11, 12:
		p, err := readPort(f.b)
		if err != nil {
			return err
		}
		r.name([]byte(p.Name))
		if r.depth > 0 {
			return nil
		}
		if f.tag == 11 {
			r.m.Inputs = append(r.m.Inputs, p)
		} else {
			r.m.Outputs = append(r.m.Outputs, p)
		}
	case 13:
		return each(f.b, func(f field) error {
			if f.tag == 1 {
				r.name(f.b)
			}
			return nil
		})
	case 15: // SparseTensorProto: values 1, indices 2
		return each(f.b, func(f field) error {
			if f.tag == 1 || f.tag == 2 {
				return each(f.b, r.tensor(r.depth == 0))
			}
			return nil
		})
	case 16:
		return each(f.b, r.entry)
	}
	return nil
}

// function reads a FunctionProto: name 1, input 4, output 5, node 7, doc 8,
// metadata 14.
func (r *reader) function(f field) error {
	switch f.tag {
	case 1, 4, 5:
		r.name(f.b)
	case 7:
		return r.node(f.b, false)
	case 8:
		r.text(f.b)
	case 14:
		return each(f.b, r.entry)
	}
	return nil
}

// node reads a NodeProto: input 1, output 2, name 3, op_type 4, attribute 5,
// doc 6, domain 7, metadata 9.
func (r *reader) node(b []byte, keep bool) error {
	var n Node
	err := each(b, func(f field) error {
		switch f.tag {
		case 1:
			n.Inputs = append(n.Inputs, string(f.b))
		case 2:
			n.Outputs = append(n.Outputs, string(f.b))
			r.name(f.b)
		case 3, 7:
			r.name(f.b)
		case 4:
			n.Op = string(f.b)
			r.name(f.b)
		case 5:
			return each(f.b, r.attribute)
		case 6:
			r.text(f.b)
		case 9:
			return each(f.b, r.entry)
		}
		return nil
	})
	if keep {
		r.m.Nodes = append(r.m.Nodes, n)
	}
	return err
}

// attribute reads an AttributeProto: name 1, string 4, tensor 5, graph 6,
// strings 9, tensors 10, graphs 11, doc 13, sparse tensors 22 and 23.
func (r *reader) attribute(f field) error {
	switch f.tag {
	case 1:
		r.name(f.b)
	case 4, 9, 13:
		r.text(f.b)
	case 5, 10:
		return each(f.b, r.tensor(false))
	case 6, 11:
		if r.depth++; r.depth > maxDepth {
			return fmt.Errorf("%w: graphs are nested too deep", ErrFormat)
		}
		defer func() { r.depth-- }()
		return each(f.b, r.graph)
	case 22, 23:
		return each(f.b, func(f field) error {
			if f.tag == 1 || f.tag == 2 {
				return each(f.b, r.tensor(false))
			}
			return nil
		})
	}
	return nil
}

// tensor reads a TensorProto: string_data 6, name 8, doc 12, external_data 13,
// data_location 14 (1 is external). Those of the main graph are its weights.
func (r *reader) tensor(weight bool) func(field) error {
	return func(f field) error {
		switch f.tag {
		case 6, 12:
			r.text(f.b)
		case 8:
			r.name(f.b)
			if weight {
				r.weights[string(f.b)] = true
			}
		case 13:
			r.m.External = true
		case 14:
			r.m.External = r.m.External || f.v == 1
		}
		return nil
	}
}

// readPort reads a ValueInfoProto: name 1, type 2 with tensor_type 1 of
// elem_type 1 and shape 2.
func readPort(data []byte) (Port, error) {
	p := Port{Shape: []int64{}}
	var kind, tensor []byte
	if err := each(data, func(f field) error {
		switch f.tag {
		case 1:
			p.Name = string(f.b)
		case 2:
			kind = f.b
		}
		return nil
	}); err != nil {
		return p, err
	}
	if err := each(kind, func(f field) error {
		if f.tag == 1 {
			tensor = f.b
		}
		return nil
	}); err != nil {
		return p, err
	}
	if tensor == nil {
		return p, fmt.Errorf("%w: %q is no tensor", ErrFormat, p.Name)
	}
	err := each(tensor, func(f field) error {
		switch f.tag {
		case 1:
			p.Type = elementType(f.v)
		case 2:
			return each(f.b, func(f field) error {
				if f.tag != 1 {
					return nil
				}
				d, err := dimension(f.b)
				p.Shape = append(p.Shape, d)
				return err
			})
		}
		return nil
	})
	return p, err
}

// dimension reads a Dimension: dim_value 1, or a name, which is free.
func dimension(data []byte) (int64, error) {
	d := int64(-1)
	err := each(data, func(f field) error {
		if f.tag == 1 && f.b == nil && int64(f.v) > 0 {
			d = int64(f.v)
		}
		return nil
	})
	return d, err
}

// elementType names a TensorProto.DataType.
func elementType(v uint64) string {
	switch v {
	case 1:
		return "float32"
	case 2:
		return "uint8"
	case 7:
		return "int64"
	}
	return fmt.Sprintf("onnx-%d", v)
}
