package infer_test

import "posteriori/models/onnx/onnxtest"

// Short names for the writer of small models.
type port struct {
	name string
	elem uint64
	dims []int64
}

type node struct {
	op      string
	in, out []string
}

const (
	onnxFloat  = onnxtest.Float
	onnxUint8  = onnxtest.Uint8
	onnxInt64  = onnxtest.Int64
	onnxDouble = onnxtest.Double
)

// onnxModel is a model of these nodes.
func onnxModel(nodes []node, in, out []port) []byte {
	var m onnxtest.Model
	for _, n := range nodes {
		m.Nodes = append(m.Nodes, onnxtest.Node{Op: n.op, In: n.in, Out: n.out})
	}
	for _, p := range in {
		m.In = append(m.In, onnxtest.Port{Name: p.name, Elem: p.elem, Dims: p.dims})
	}
	for _, p := range out {
		m.Out = append(m.Out, onnxtest.Port{Name: p.name, Elem: p.elem, Dims: p.dims})
	}
	return m.Encode()
}

// doubler adds x to itself, for any number of rows of 3.
func doubler() []byte {
	return onnxModel([]node{{"Add", []string{"x", "x"}, []string{"y"}}},
		[]port{{"x", onnxFloat, []int64{-1, 3}}}, []port{{"y", onnxFloat, []int64{-1, 3}}})
}
