package onnx

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"

	"posteriori/models/onnx/onnxtest"
)

// Tensor is a TensorProto of float32.
func tensor(name string, dims []uint64, values ...float32) []byte {
	return weight{name: name, dims: dims, values: values}.encode()
}

// block is a model of one learnable affine block, as change leaves it.
func block(change func(*onnxtest.Model)) []byte {
	m := onnxtest.Model{
		Nodes: []onnxtest.Node{
			{Op: "Conv", In: []string{"x", "w", "b"}, Out: []string{"c"}, Extra: onnxtest.Message{}.Text(3, "conv")},
			{Op: "Relu", In: []string{"c"}, Out: []string{"r"}, Extra: onnxtest.Message{}.Text(3, "act")},
			{Op: "Mul", In: []string{"scale", "r"}, Out: []string{"m"}},
			{Op: "Add", In: []string{"m", "shift"}, Out: []string{"y"}},
		},
		In:  []onnxtest.Port{{Name: "x", Elem: onnxtest.Float, Dims: []int64{1, 2, 4, 4}}},
		Out: []onnxtest.Port{{Name: "y", Elem: onnxtest.Float, Dims: []int64{1, 2, 4, 4}}},
	}
	m.Graph = m.Graph.
		Bytes(5, tensor("w", []uint64{2, 2, 1, 1}, 1, -2, 3, 4)).Bytes(5, tensor("b", []uint64{2}, .5, -.5)).
		Bytes(5, tensor("scale", []uint64{1}, 2)).Bytes(5, tensor("shift", nil, -3))
	if change != nil {
		change(&m)
	}
	return m.Encode()
}

func TestFold(t *testing.T) {
	got, err := Read(Fold(block(nil)))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Nodes) != 2 || got.Nodes[0].Op != "Conv" || got.Nodes[1].Op != "Clip" || got.Nodes[1].Outputs[0] != "y" {
		t.Fatalf("%+v", got.Nodes)
	}
	f := folder{weights: map[string]weight{}, names: map[string]bool{}, given: map[string]bool{}, output: map[string]bool{}, uses: map[string]int{}}
	if err := each(Fold(block(nil)), f.model); err != nil {
		t.Fatal(err)
	}
	if err := each(f.graph, f.part); err != nil {
		t.Fatal(err)
	}
	if len(f.weights) != 3 {
		t.Errorf("weights that nothing reads are left: %v", f.weights)
	}
	for i, want := range [][]float32{{2, -4, 6, 8}, {-2, -4}} {
		if w := f.weights[f.nodes[0].in[i+1]]; !equal(w.values, want) {
			t.Errorf("%s: %v, want %v", w.name, w.values, want)
		}
	}
	if w := f.weights[f.nodes[1].in[1]]; !equal(w.values, []float32{-3}) || len(w.dims) != 0 {
		t.Errorf("floor %+v", w)
	}
}

func equal(a, b []float32) bool {
	return len(a) == len(b) && bytes.Equal(weight{values: a}.encode(), weight{values: b}.encode())
}

func TestFoldLeavesWhatDoesNotMatch(t *testing.T) {
	op := func(i int, in ...string) func(*onnxtest.Model) {
		return func(m *onnxtest.Model) { m.Nodes[i].In = in }
	}
	reads := func(value string) func(*onnxtest.Model) {
		return func(m *onnxtest.Model) {
			m.Nodes = append(m.Nodes, onnxtest.Node{Op: "Neg", In: []string{value}, Out: []string{"z"}})
		}
	}
	puts := func(b []byte) func(*onnxtest.Model) {
		return func(m *onnxtest.Model) { m.Graph = m.Graph.Bytes(5, b) }
	}
	for name, change := range map[string]func(*onnxtest.Model){
		"the convolution read elsewhere": reads("c"),
		"the Relu read elsewhere":        reads("r"),
		"the product read elsewhere":     reads("m"),
		"the Relu an output": func(m *onnxtest.Model) {
			m.Out = append(m.Out, onnxtest.Port{Name: "r", Elem: onnxtest.Float, Dims: []int64{1, 2, 4, 4}})
		},
		"no bias":             op(0, "x", "w"),
		"a computed kernel":   op(0, "x", "x", "b"),
		"a computed scale":    op(2, "x", "r"),
		"a computed shift":    op(3, "m", "x"),
		"a square":            op(2, "r", "r"),
		"negative":            puts(tensor("scale", []uint64{1}, -2)),
		"zero":                puts(tensor("scale", []uint64{1}, 0)),
		"not a number":        puts(tensor("scale", []uint64{1}, float32(math.NaN()))),
		"endless":             puts(tensor("shift", []uint64{1}, float32(math.Inf(1)))),
		"one of each channel": puts(tensor("scale", []uint64{2, 1, 1}, 1, 2)),
		"of more dimensions":  puts(tensor("scale", []uint64{1, 1, 1, 1, 1}, 2)),
		"doubles":             puts(onnxtest.Message{}.Varint(1, 1).Varint(2, onnxtest.Double).Text(8, "scale").Bytes(9, make([]byte, 8))),
		"elsewhere":           puts(onnxtest.Message{}.Varint(1, 1).Varint(2, 1).Text(8, "scale").Bytes(9, make([]byte, 4)).Varint(14, 1)),
		"cut short":           puts(onnxtest.Message{}.Varint(1, 9).Varint(2, 1).Text(8, "w").Bytes(9, make([]byte, 4))),
		"huge":                puts(onnxtest.Message{}.Varint(1, 1<<33).Varint(1, 1<<33).Varint(2, 1).Text(8, "w").Bytes(9, nil)),
		"given by the caller": func(m *onnxtest.Model) {
			m.In = append(m.In, onnxtest.Port{Name: "scale", Elem: onnxtest.Float, Dims: []int64{1}})
		},
		"names taken":         puts(tensor("w/folded", []uint64{1}, 1)),
		"another activation":  func(m *onnxtest.Model) { m.Nodes[1].Op = "Tanh" },
		"somebody's own Relu": func(m *onnxtest.Model) { m.Nodes[1].Extra = m.Nodes[1].Extra.Text(7, "own") },
		"an older set":        func(m *onnxtest.Model) { m.Extra = m.Extra.Bytes(8, onnxtest.Message{}.Text(1, "").Varint(2, 10)) },
		"a graph in an operation": func(m *onnxtest.Model) {
			m.Nodes[1].Extra = m.Nodes[1].Extra.Bytes(5, onnxtest.Message{}.Bytes(6, nil))
		},
		"a function": func(m *onnxtest.Model) { m.Extra = m.Extra.Bytes(25, nil) },
	} {
		data := block(change)
		if got := Fold(data); !bytes.Equal(got, data) {
			t.Errorf("%s: folded", name)
		}
	}
	for _, data := range [][]byte{nil, []byte("no model"), block(nil)[:40]} {
		if got := Fold(data); !bytes.Equal(got, data) {
			t.Errorf("%q: changed", data)
		}
	}
}

// The default detector has twenty such blocks.
func TestFoldDetector(t *testing.T) {
	data := os.Getenv("POSTERIORI_DATA")
	if data == "" {
		t.Skip("no data: set POSTERIORI_DATA (make test does)")
	}
	b, err := os.ReadFile(filepath.Join(data, "models", "deimv2_hgnetv2_femto_coco.onnx"))
	if err != nil {
		t.Skip(err)
	}
	was, err := Read(b)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Read(Fold(b))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(was.Nodes) - len(got.Nodes); n != 40 {
		t.Errorf("%d operations fewer, want 40", n)
	}
	if again := Fold(Fold(b)); !bytes.Equal(again, Fold(b)) {
		t.Error("folding again changes something")
	}
}

func FuzzFold(f *testing.F) {
	f.Add(block(nil))
	f.Add(binary.AppendUvarint(nil, 7<<3|2))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, err := Read(data)
		if _, after := Read(Fold(data)); err == nil && after != nil {
			t.Errorf("a model no more: %v", after)
		}
	})
}
