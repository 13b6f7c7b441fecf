package infer_test

// A writer of the smallest ONNX models (onnx.proto3 of the ONNX project), so
// that these tests need no model file.

import "encoding/binary"

type field struct{ b []byte }

func (f *field) varint(tag int, v uint64) *field {
	f.b = binary.AppendUvarint(f.b, uint64(tag)<<3)
	f.b = binary.AppendUvarint(f.b, v)
	return f
}

func (f *field) bytes(tag int, v []byte) *field {
	f.b = binary.AppendUvarint(f.b, uint64(tag)<<3|2)
	f.b = binary.AppendUvarint(f.b, uint64(len(v)))
	f.b = append(f.b, v...)
	return f
}

func (f *field) text(tag int, s string) *field { return f.bytes(tag, []byte(s)) }

// Element types of TensorProto.DataType.
const (
	onnxFloat  = 1
	onnxUint8  = 2
	onnxInt64  = 7
	onnxDouble = 11
)

type port struct {
	name string
	elem uint64
	dims []int64 // -1: the free dimension N
}

func (p port) encode() []byte {
	var shape field
	for _, d := range p.dims {
		var dim field
		if d < 0 {
			dim.text(2, "N")
		} else {
			dim.varint(1, uint64(d))
		}
		shape.bytes(1, dim.b)
	}
	tensor := new(field).varint(1, p.elem).bytes(2, shape.b)
	return new(field).text(1, p.name).bytes(2, new(field).bytes(1, tensor.b).b).b
}

type node struct {
	op      string
	in, out []string
}

// onnxModel is a model of these nodes.
func onnxModel(nodes []node, in, out []port) []byte {
	var graph field
	for _, n := range nodes {
		var x field
		for _, s := range n.in {
			x.text(1, s)
		}
		for _, s := range n.out {
			x.text(2, s)
		}
		graph.bytes(1, x.text(4, n.op).b)
	}
	graph.text(2, "test")
	for _, p := range in {
		graph.bytes(11, p.encode())
	}
	for _, p := range out {
		graph.bytes(12, p.encode())
	}
	opset := new(field).text(1, "").varint(2, 13)
	return new(field).varint(1, 8).bytes(7, graph.b).bytes(8, opset.b).b
}

// doubler adds x to itself, for any number of rows of 3.
func doubler() []byte {
	return onnxModel([]node{{"Add", []string{"x", "x"}, []string{"y"}}},
		[]port{{"x", onnxFloat, []int64{-1, 3}}}, []port{{"y", onnxFloat, []int64{-1, 3}}})
}
