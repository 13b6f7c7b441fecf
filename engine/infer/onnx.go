package infer

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The runtime tells a model's inputs and outputs only by building it, which
// costs as much as opening it: half a second of processor time for a
// transformer. They stand plainly in the file, so they are read from there
// (onnx.proto3 of the ONNX project: ModelProto.graph = 7, GraphProto.input =
// 11, .output = 12, .initializer = 5, ValueInfoProto, TypeProto).

var errONNX = errors.New("not an ONNX model")

// readPorts finds the inputs and outputs of the model in data.
func readPorts(data []byte) (in, out []Port, err error) {
	var graph []byte
	if err := fields(data, func(tag int, _ uint64, b []byte) error {
		if tag == 7 {
			graph = b
		}
		return nil
	}); err != nil {
		return nil, nil, err
	}
	weights := map[string]bool{}
	err = fields(graph, func(tag int, _ uint64, b []byte) error {
		switch tag {
		case 5: // old models list weights among the inputs: TensorProto.name = 8
			return fields(b, func(tag int, _ uint64, b []byte) error {
				if tag == 8 {
					weights[string(b)] = true
				}
				return nil
			})
		case 11:
			return appendPort(&in, b)
		case 12:
			return appendPort(&out, b)
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	inputs := in[:0]
	for _, p := range in {
		if !weights[p.Name] {
			inputs = append(inputs, p)
		}
	}
	if len(inputs) == 0 || len(out) == 0 {
		return nil, nil, fmt.Errorf("%w: it has no inputs or no outputs", errONNX)
	}
	return inputs, out, nil
}

// appendPort reads a ValueInfoProto: name = 1, type = 2 with tensor_type = 1
// of elem_type = 1 and shape = 2.
func appendPort(to *[]Port, data []byte) error {
	p := Port{Shape: []int64{}}
	var kind, tensor []byte
	if err := fields(data, func(tag int, _ uint64, b []byte) error {
		switch tag {
		case 1:
			p.Name = string(b)
		case 2:
			kind = b
		}
		return nil
	}); err != nil {
		return err
	}
	if err := fields(kind, func(tag int, _ uint64, b []byte) error {
		if tag == 1 {
			tensor = b
		}
		return nil
	}); err != nil {
		return err
	}
	if tensor == nil {
		return fmt.Errorf("%w: %q is no tensor", errONNX, p.Name)
	}
	err := fields(tensor, func(tag int, v uint64, b []byte) error {
		switch tag {
		case 1:
			p.Type = elementType(v)
		case 2:
			return fields(b, func(tag int, _ uint64, b []byte) error {
				if tag != 1 {
					return nil
				}
				d, err := dimension(b)
				p.Shape = append(p.Shape, d)
				return err
			})
		}
		return nil
	})
	*to = append(*to, p)
	return err
}

// dimension reads a Dimension: dim_value = 1, or a name, which is free.
func dimension(data []byte) (int64, error) {
	d := int64(-1)
	err := fields(data, func(tag int, v uint64, b []byte) error {
		if tag == 1 && b == nil && int64(v) > 0 {
			d = int64(v)
		}
		return nil
	})
	return d, err
}

// elementType names a TensorProto.DataType.
func elementType(v uint64) Type {
	switch v {
	case 1:
		return Float32
	case 2:
		return Uint8
	case 7:
		return Int64
	}
	return Type(fmt.Sprintf("onnx-%d", v))
}

// fields calls f for every field of a protocol-buffers message: with the
// number of a varint, or with the bytes of a nested field.
func fields(data []byte, f func(tag int, v uint64, b []byte) error) error {
	for len(data) > 0 {
		key, n := binary.Uvarint(data)
		if n <= 0 || key>>3 == 0 || key>>3 > 1<<29 {
			return errONNX
		}
		data = data[n:]
		var v uint64
		var b []byte
		switch key & 7 {
		case 0:
			if v, n = binary.Uvarint(data); n <= 0 {
				return errONNX
			}
			data = data[n:]
		case 1, 5:
			size := 8
			if key&7 == 5 {
				size = 4
			}
			if len(data) < size {
				return errONNX
			}
			data = data[size:]
			continue // no field that is looked for
		case 2:
			size, n := binary.Uvarint(data)
			if n <= 0 || size > uint64(len(data)-n) {
				return errONNX
			}
			b = data[n : n+int(size) : n+int(size)]
			data = data[n+int(size):]
		default:
			return errONNX
		}
		if err := f(int(key>>3), v, b); err != nil {
			return err
		}
	}
	return nil
}
