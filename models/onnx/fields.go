package onnx

import "encoding/binary"

// field is one field of a protocol-buffers message: the number of a varint,
// or the bytes of a nested field. Fixed-size fields have neither.
type field struct {
	tag int
	v   uint64
	b   []byte // nil unless the field is length-delimited
	raw []byte // all of it, its key included
}

// each calls f for every field of the message in data
// (https://protobuf.dev/programming-guides/encoding). Groups, which ONNX does
// not use, are refused. Bytes alias data.
func each(data []byte, f func(field) error) error {
	for len(data) > 0 {
		all := data
		key, n := binary.Uvarint(data)
		if n <= 0 || key>>3 == 0 || key>>3 > 1<<29 {
			return ErrFormat
		}
		data = data[n:]
		x := field{tag: int(key >> 3)}
		switch key & 7 {
		case 0:
			if x.v, n = binary.Uvarint(data); n <= 0 {
				return ErrFormat
			}
			data = data[n:]
		case 1, 5:
			size := 8
			if key&7 == 5 {
				size = 4
			}
			if len(data) < size {
				return ErrFormat
			}
			data = data[size:]
		case 2:
			size, n := binary.Uvarint(data)
			if n <= 0 || size > uint64(len(data)-n) {
				return ErrFormat
			}
			x.b = data[n : n+int(size) : n+int(size)]
			data = data[n+int(size):]
		default:
			return ErrFormat
		}
		x.raw = all[: len(all)-len(data) : len(all)-len(data)]
		if err := f(x); err != nil {
			return err
		}
	}
	return nil
}

// message is a protocol-buffers message in the making.
type message []byte

func (m message) varint(tag int, v uint64) message {
	return binary.AppendUvarint(binary.AppendUvarint(m, uint64(tag)<<3), v)
}

func (m message) bytes(tag int, v []byte) message {
	m = binary.AppendUvarint(m, uint64(tag)<<3|2)
	return append(binary.AppendUvarint(m, uint64(len(v))), v...)
}
