package onnx

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"posteriori/models/onnx/onnxtest"
)

type msg = onnxtest.Message

func float(name string, dims ...int64) onnxtest.Port {
	return onnxtest.Port{Name: name, Elem: onnxtest.Float, Dims: dims}
}

func TestReadsWhatAModelSaysOfItself(t *testing.T) {
	inner := msg{}.Bytes(1, msg{}.Text(3, "inner node").Text(4, "Relu"))
	tensor := msg{}.Text(8, "weights").Text(6, "label tensor").Text(12, "tensor doc").Bytes(9, make([]byte, 64))
	m := onnxtest.Model{
		Nodes: []onnxtest.Node{{Op: "Add", In: []string{"x", "weights"}, Out: []string{"y"}, Extra: msg{}.Text(3, "node").Text(6, "node doc").Bytes(5, msg{}.Text(1, "attr").Text(4, "attr text").Bytes(6, inner)).
			Bytes(9, msg{}.Text(1, "nk").Text(2, "nv"))}},
		In: []onnxtest.Port{float("x", -1, 3), float("weights", 3)}, Out: []onnxtest.Port{float("y", -1, 3)},
		Graph: msg{}.Bytes(5, tensor).Text(10, "graph doc").Bytes(13, msg{}.Text(1, "value")),
		Extra: msg{}.Text(2, "producer").Text(6, "doc").Bytes(14, msg{}.Text(1, "names").Text(2, "{0: 'car'}")).
			Bytes(25, msg{}.Text(1, "function").Bytes(7, msg{}.Text(3, "function node"))),
	}
	got, err := Read(m.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]Port{{"x", "float32", []int64{-1, 3}}}, got.Inputs); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]Port{{"y", "float32", []int64{-1, 3}}}, got.Outputs); d != "" {
		t.Error(d)
	}
	for _, w := range []string{"producer", "doc", "names", "{0: 'car'}", "node doc", "attr text", "nk", "nv", "label tensor", "tensor doc", "graph doc"} {
		if !slices.Contains(got.Texts, w) {
			t.Errorf("the text %q was not read: %q", w, got.Texts)
		}
	}
	for _, w := range []string{"node", "inner node", "Relu", "Add", "attr", "weights", "value", "x", "y", "function", "function node", "test"} {
		if !slices.Contains(got.Names, w) {
			t.Errorf("the name %q was not read: %q", w, got.Names)
		}
	}
	if got.External {
		t.Error("weights outside")
	}
}

func TestWeightsOutside(t *testing.T) {
	for _, x := range []msg{msg{}.Varint(14, 1), msg{}.Bytes(13, msg{}.Text(1, "location").Text(2, "../key"))} {
		m := onnxtest.Model{In: []onnxtest.Port{float("x", 1)}, Out: []onnxtest.Port{float("y", 1)}, Graph: msg{}.Bytes(5, x)}
		if got, err := Read(m.Encode()); err != nil || !got.External {
			t.Errorf("%v, %v", got, err)
		}
	}
}

func TestRefusesWhatIsNoModel(t *testing.T) {
	good := onnxtest.Model{In: []onnxtest.Port{float("x", 1)}, Out: []onnxtest.Port{float("y", 1)}}.Encode()
	deep := msg{}.Bytes(1, msg{}.Text(4, "X"))
	for range maxDepth + 2 {
		deep = msg{}.Bytes(1, msg{}.Bytes(5, msg{}.Bytes(6, deep)))
	}
	for name, data := range map[string][]byte{
		"empty": nil, "text": []byte("this is no model"), "cut": good[:len(good)-3], "twice": append(slices.Clone(good), good...),
		"no outputs": onnxtest.Model{In: []onnxtest.Port{float("x", 1)}}.Encode(),
		"deep":       onnxtest.Model{In: []onnxtest.Port{float("x", 1)}, Out: []onnxtest.Port{float("y", 1)}, Graph: deep}.Encode(),
	} {
		if _, err := Read(data); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNormalised(t *testing.T) {
	n := func(op, in, out string) onnxtest.Node {
		return onnxtest.Node{Op: op, In: strings.Fields(in), Out: []string{out}}
	}
	for name, c := range map[string]struct {
		want  bool
		nodes []onnxtest.Node
	}{
		"plain":            {false, []onnxtest.Node{n("Relu", "x", "y")}},
		"scores":           {false, []onnxtest.Node{n("Sigmoid", "x", "y")}},
		"layer":            {false, []onnxtest.Node{n("Mul", "x x", "s"), n("ReduceMean", "s", "m"), n("Sqrt", "m", "r"), n("Div", "x r", "y")}},
		"divided by a sum": {false, []onnxtest.Node{n("ReduceSum", "x", "s"), n("Div", "x s", "y")}},
		"operation":        {true, []onnxtest.Node{n("LpNormalization", "x", "y")}},
		"by its length":    {true, []onnxtest.Node{n("ReduceL2", "x", "l"), n("Clip", "l", "c"), n("Expand", "c", "e"), n("Div", "x e", "d"), n("Identity", "d", "y")}},
		"by hand":          {true, []onnxtest.Node{n("Mul", "x x", "s"), n("ReduceSum", "s", "m"), n("Add", "e m", "a"), n("Sqrt", "a", "r"), n("Div", "x r", "y")}},
		"times inverse":    {true, []onnxtest.Node{n("ReduceSumSquare", "x", "s"), n("Sqrt", "s", "r"), n("Reciprocal", "r", "i"), n("Mul", "x i", "y")}},
		"beside a box":     {true, []onnxtest.Node{n("LpNormalization", "x", "v"), n("Concat", "x v", "y")}},
		"in a circle":      {false, []onnxtest.Node{n("Identity", "y", "y")}},
	} {
		m, err := Read(onnxtest.Model{Nodes: c.nodes, In: []onnxtest.Port{float("x", 1, 9)}, Out: []onnxtest.Port{float("y", 1, 9)}}.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if got := len(m.Normalised()) == 1; got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestNormalisedEnds: a graph that doubles its paths at every step is given up.
func TestNormalisedEnds(t *testing.T) {
	m := Model{Outputs: []Port{{Name: "0"}}}
	m.Nodes = append(m.Nodes, Node{Op: "Div", Inputs: []string{"x", "1"}, Outputs: []string{"0"}})
	for i := 1; i < 200; i++ {
		to := strings.Repeat("i", i+1)
		m.Nodes = append(m.Nodes, Node{Op: "Add", Inputs: []string{to, to}, Outputs: []string{strings.Repeat("i", i)}})
	}
	m.Nodes[0].Inputs[1] = "i"
	if len(m.Normalised()) > 0 {
		t.Error("found")
	}
}

func FuzzRead(f *testing.F) {
	m := onnxtest.Model{In: []onnxtest.Port{float("x", -1, 3)}, Out: []onnxtest.Port{float("y", -1, 3)},
		Nodes: []onnxtest.Node{{Op: "ReduceL2", In: []string{"x"}, Out: []string{"l"}}, {Op: "Div", In: []string{"x", "l"}, Out: []string{"y"}}}}
	f.Add(m.Encode())
	f.Add([]byte{0x08, 0x08})
	f.Add([]byte{0x3a, 0x00})
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Read(data)
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Errorf("%v", err)
			}
			return
		}
		for _, p := range slices.Concat(m.Inputs, m.Outputs) {
			for _, d := range p.Shape {
				if d == 0 || d < -1 {
					t.Errorf("a dimension of %d", d)
				}
			}
		}
		m.Normalised()
	})
}
