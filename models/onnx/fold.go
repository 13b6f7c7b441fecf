package onnx

import (
	"encoding/binary"
	"math"
)

// Fold gives a model that computes the same with fewer operations: where the
// rectified output of a convolution is multiplied by one number and another is
// added (the learnable affine block of HGNetV2), both go into its weights. For
// s > 0
//
//	s·max(W∗x + B, 0) + b = max(sW∗x + sB + b, b)
//
// and the maximum is a Clip, which ONNX Runtime does within the convolution,
// as it does a Relu; the two operations that are spared would also have kept
// it from leaving pictures in the order of channels that it computes fastest.
// Values differ by the rounding of float32. What does not match exactly, and
// data that is no model, comes back as it is.
func Fold(data []byte) []byte {
	set := func() map[string]bool { return map[string]bool{} }
	f := folder{weights: map[string]weight{}, uses: map[string]int{}, names: set(), given: set(), output: set(), gone: set()}
	if each(data, f.model) != nil || f.opset < 11 || f.nested || f.graphs != 1 {
		return data
	}
	if each(f.graph, f.part) != nil || f.nested {
		return data
	}
	reader := map[string]*operation{} // the last reader of each value
	for _, n := range f.nodes {
		for _, in := range n.in {
			f.uses[in]++
			reader[in] = n
		}
	}
	changed := false
	for _, n := range f.nodes {
		changed = f.block(n, reader) || changed
	}
	if !changed {
		return data
	}
	return f.encode(data)
}

// folder is a model that is being folded.
type folder struct {
	opset  uint64
	graphs int
	nested bool // it has graphs in graphs, or functions: their names are not followed
	graph  []byte

	nodes   []*operation
	weights map[string]weight
	uses    map[string]int  // readers of a value; the caller is one
	names   map[string]bool // of all values
	given   map[string]bool // by the caller, who may thereby replace a weight
	output  map[string]bool // to the caller
	gone    map[string]bool // values that a folded block no longer reads
	added   []weight
}

// operation is a node.
type operation struct {
	fields  []field
	op      string
	in, out []string
	own     bool // of the format's own domain
	dropped bool
}

// weight is an initializer of the main graph.
type weight struct {
	name   string
	dims   []uint64
	values []float32 // nil when it is not of float32, or elsewhere
}

// model reads a ModelProto: graph 7, opset_import 8, functions 25.
func (f *folder) model(x field) error {
	switch x.tag {
	case 7:
		f.graph = x.b
		f.graphs++
	case 8: // OperatorSetIdProto: domain 1, version 2
		var domain string
		var version uint64
		err := each(x.b, func(x field) error {
			switch x.tag {
			case 1:
				domain = string(x.b)
			case 2:
				version = x.v
			}
			return nil
		})
		if ownDomain(domain) {
			f.opset = version
		}
		return err
	case 25:
		f.nested = true
	}
	return nil
}

func ownDomain(s string) bool { return s == "" || s == "ai.onnx" }

// part reads a part of the GraphProto: node 1, initializer 5, input 11, output 12.
func (f *folder) part(x field) error {
	switch x.tag {
	case 1:
		return f.node(x.b)
	case 5:
		w, err := readWeight(x.b)
		f.weights[w.name], f.names[w.name] = w, true
		return err
	case 11, 12:
		p, err := readPort(x.b)
		if x.tag == 11 {
			f.given[p.Name] = true
		} else {
			f.uses[p.Name]++
			f.output[p.Name] = true
		}
		f.names[p.Name] = true
		return err
	}
	return nil
}

// node reads a NodeProto: input 1, output 2, op_type 4, attribute 5, domain 7.
func (f *folder) node(b []byte) error {
	n := &operation{own: true}
	f.nodes = append(f.nodes, n)
	return each(b, func(x field) error {
		n.fields = append(n.fields, x)
		switch x.tag {
		case 1:
			n.in = append(n.in, string(x.b))
		case 2:
			n.out = append(n.out, string(x.b))
			f.names[string(x.b)] = true
		case 4:
			n.op = string(x.b)
		case 5: // AttributeProto: graph 6, graphs 11
			return each(x.b, func(x field) error {
				f.nested = f.nested || x.tag == 6 || x.tag == 11
				return nil
			})
		case 7:
			n.own = ownDomain(string(x.b))
		}
		return nil
	})
}

// readWeight reads a TensorProto: dims 1, data_type 2 (1 is float32),
// float_data 4, name 8, raw_data 9, data_location 14.
func readWeight(b []byte) (w weight, err error) {
	var kind, place uint64
	var data []byte
	err = each(b, func(x field) error {
		switch x.tag {
		case 1:
			if x.b == nil {
				w.dims = append(w.dims, x.v)
			}
			for d := x.b; len(d) > 0; { // packed
				v, n := binary.Uvarint(d)
				if n <= 0 {
					return ErrFormat
				}
				w.dims, d = append(w.dims, v), d[n:]
			}
		case 2:
			kind = x.v
		case 4, 9:
			data = x.b
		case 8:
			w.name = string(x.b)
		case 14:
			place = x.v
		}
		return nil
	})
	size := uint64(1)
	for _, d := range w.dims {
		if d > math.MaxInt32 {
			return w, err
		}
		if size *= d; size > math.MaxInt32 {
			return w, err
		}
	}
	if kind != 1 || place != 0 || uint64(len(data)) != 4*size {
		return w, err
	}
	w.values = make([]float32, size)
	for i := range w.values {
		w.values[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return w, err
}

func (w weight) encode() []byte {
	var m message
	for _, d := range w.dims {
		m = m.varint(1, d)
	}
	raw := make([]byte, 0, 4*len(w.values))
	for _, v := range w.values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return m.varint(2, 1).bytes(8, []byte(w.name)).bytes(9, raw)
}

// block folds what follows the convolution n, and tells whether it did.
func (f *folder) block(n *operation, reader map[string]*operation) bool {
	if !n.is("Conv", 3) {
		return false
	}
	kernel, bias := f.weights[n.in[1]], f.weights[n.in[2]]
	relu := f.only(n, reader, "Relu", 1)
	mul := f.only(relu, reader, "Mul", 2)
	add := f.only(mul, reader, "Add", 2)
	if add == nil || !f.constant(n.in[1]) || !f.constant(n.in[2]) {
		return false
	}
	s, sok := f.number(mul, relu.out[0])
	b, bok := f.number(add, mul.out[0])
	floor := n.out[0] + "/floor"
	names := [3]string{n.in[1] + "/folded", n.in[2] + "/folded", floor}
	if !sok || !bok || !(s > 0) || f.names[names[0]] || f.names[names[1]] || f.names[names[2]] {
		return false
	}
	scaled := func(name string, w weight, plus float32) {
		out := weight{name: name, dims: w.dims, values: make([]float32, len(w.values))}
		for i, v := range w.values {
			out.values[i] = v*s + plus
		}
		f.added = append(f.added, out)
		f.names[name] = true
	}
	scaled(names[0], kernel, 0)
	scaled(names[1], bias, b)
	f.added = append(f.added, weight{name: floor, values: []float32{b}})
	f.names[floor] = true
	n.read(1, names[0])
	n.read(2, names[1])
	relu.replace("Clip", []string{n.out[0], floor}, add.out)
	mul.dropped, add.dropped = true, true
	for _, n := range [2]*operation{mul, add} {
		f.gone[n.in[0]], f.gone[n.in[1]] = true, true
	}
	f.gone[kernel.name], f.gone[bias.name] = true, true
	return true
}

func (n *operation) is(op string, inputs int) bool {
	return n != nil && n.own && !n.dropped && n.op == op && len(n.in) == inputs && len(n.out) == 1
}

// only is the operation that alone reads what n gives, if it is such a one.
func (f *folder) only(n *operation, reader map[string]*operation, op string, inputs int) *operation {
	if n == nil || f.uses[n.out[0]] != 1 {
		return nil
	}
	if r := reader[n.out[0]]; r.is(op, inputs) {
		return r
	}
	return nil
}

// constant tells whether a value is a weight that nobody replaces.
func (f *folder) constant(name string) bool {
	return f.weights[name].values != nil && !f.given[name]
}

// number is the single value that n takes beside the input named.
func (f *folder) number(n *operation, beside string) (float32, bool) {
	other := n.in[0]
	if other == beside {
		other = n.in[1]
	}
	w := f.weights[other]
	if !f.constant(other) || len(w.values) != 1 || len(w.dims) > 1 {
		return 0, false
	}
	v := w.values[0]
	return v, !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0)
}

// read makes input i another.
func (n *operation) read(i int, name string) {
	n.in[i] = name
	for k, x := range n.fields {
		if x.tag != 1 {
			continue
		}
		if i == 0 {
			n.fields[k].raw = message{}.bytes(1, []byte(name))
			return
		}
		i--
	}
}

// replace makes n another operation under its own name, without attributes.
func (n *operation) replace(op string, in, out []string) {
	var fields []field
	add := func(tag int, s string) {
		fields = append(fields, field{tag: tag, raw: message{}.bytes(tag, []byte(s))})
	}
	for _, s := range in {
		add(1, s)
	}
	for _, s := range out {
		add(2, s)
	}
	add(4, op)
	for _, x := range n.fields {
		if x.tag == 3 {
			fields = append(fields, x)
		}
	}
	n.fields, n.op, n.in, n.out = fields, op, in, out
}

// encode is the model as it is now. Weights that nothing reads any more are
// left out, and so is what was said of values that are gone.
func (f *folder) encode(data []byte) []byte {
	read := f.output
	for _, n := range f.nodes {
		if !n.dropped {
			for _, in := range n.in {
				read[in] = true
			}
		}
	}
	var graph, out message
	next := 0
	_ = each(f.graph, func(x field) error { // was read without an error before
		switch x.tag {
		case 1:
			if n := f.nodes[next]; !n.dropped {
				var m message
				for _, x := range n.fields {
					m = append(m, x.raw...)
				}
				graph = graph.bytes(1, m)
			}
			next++
			return nil
		case 5:
			if w, _ := readWeight(x.b); f.gone[w.name] && !read[w.name] {
				return nil
			}
		case 13: // ValueInfoProto: name 1
			gone := false
			_ = each(x.b, func(x field) error {
				gone = gone || x.tag == 1 && f.gone[string(x.b)]
				return nil
			})
			if gone {
				return nil
			}
		}
		graph = append(graph, x.raw...)
		return nil
	})
	for _, w := range f.added {
		graph = graph.bytes(5, w.encode())
	}
	_ = each(data, func(x field) error {
		if x.tag == 7 {
			out = out.bytes(7, graph)
		} else {
			out = append(out, x.raw...)
		}
		return nil
	})
	return out
}
