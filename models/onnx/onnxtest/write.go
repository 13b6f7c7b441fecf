// Package onnxtest writes the smallest ONNX models, so that tests need no
// model file. Field numbers are those of onnx.proto3 of the ONNX project.
package onnxtest

import "encoding/binary"

// Message is a protocol-buffers message in the making.
type Message []byte

// Varint adds a number under a tag.
func (m Message) Varint(tag int, v uint64) Message {
	return binary.AppendUvarint(binary.AppendUvarint(m, uint64(tag)<<3), v)
}

// Bytes adds bytes, or a nested message, under a tag.
func (m Message) Bytes(tag int, v []byte) Message {
	m = binary.AppendUvarint(m, uint64(tag)<<3|2)
	return append(binary.AppendUvarint(m, uint64(len(v))), v...)
}

// Text adds a string under a tag.
func (m Message) Text(tag int, s string) Message { return m.Bytes(tag, []byte(s)) }

// Element types of TensorProto.DataType.
const (
	Float  = 1
	Uint8  = 2
	Int64  = 7
	Double = 11
)

// Port is an input or output; a dimension of -1 is free.
type Port struct {
	Name string
	Elem uint64
	Dims []int64
}

func (p Port) encode() Message {
	var shape Message
	for _, d := range p.Dims {
		var dim Message
		if d < 0 {
			dim = dim.Text(2, "N")
		} else {
			dim = dim.Varint(1, uint64(d))
		}
		shape = shape.Bytes(1, dim)
	}
	tensor := Message{}.Varint(1, p.Elem).Bytes(2, shape)
	return Message{}.Text(1, p.Name).Bytes(2, Message{}.Bytes(1, tensor))
}

// Node is one operation. Extra is appended to its message: attributes, a name.
type Node struct {
	Op      string
	In, Out []string
	Extra   Message
}

// Model is a model in the making. Graph and Extra are appended to the graph's
// and the model's own message.
type Model struct {
	Nodes   []Node
	In, Out []Port
	Graph   Message
	Extra   Message
}

// Encode is the file of m.
func (m Model) Encode() []byte {
	var graph Message
	for _, n := range m.Nodes {
		var x Message
		for _, s := range n.In {
			x = x.Text(1, s)
		}
		for _, s := range n.Out {
			x = x.Text(2, s)
		}
		graph = graph.Bytes(1, append(x.Text(4, n.Op), n.Extra...))
	}
	graph = graph.Text(2, "test")
	for _, p := range m.In {
		graph = graph.Bytes(11, p.encode())
	}
	for _, p := range m.Out {
		graph = graph.Bytes(12, p.encode())
	}
	graph = append(graph, m.Graph...)
	opset := Message{}.Text(1, "").Varint(2, 13)
	return append(Message{}.Varint(1, 8).Bytes(7, graph).Bytes(8, opset), m.Extra...)
}
