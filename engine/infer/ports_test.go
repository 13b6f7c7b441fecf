package infer

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	ort "github.com/yalue/onnxruntime_go"
)

// TestPortsAreTheRuntimes compares what is read from real models with what
// the runtime says of them.
func TestPortsAreTheRuntimes(t *testing.T) {
	lib := os.Getenv("POSTERIORI_ONNXRUNTIME")
	if lib == "" {
		t.Skip("no ONNX Runtime: set POSTERIORI_ONNXRUNTIME (make test does)")
	}
	dir := os.Getenv("POSTERIORI_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	files, err := filepath.Glob(filepath.Join(dir, "models", "*.onnx"))
	if err != nil || len(files) == 0 {
		t.Skip("no models (set POSTERIORI_DATA)")
	}
	if err := Load(lib); err != nil {
		t.Fatal(err)
	}
	types := map[ort.TensorElementDataType]Type{
		ort.TensorElementDataTypeFloat: Float32, ort.TensorElementDataTypeInt64: Int64, ort.TensorElementDataTypeUint8: Uint8,
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		in, out, err := readPorts(data)
		if err != nil {
			t.Errorf("%s: %v", f, err)
			continue
		}
		opts, err := ort.NewSessionOptions()
		if err != nil {
			t.Fatal(err)
		}
		opts.SetGraphOptimizationLevel(ort.GraphOptimizationLevelDisableAll)
		wantIn, wantOut, err := ort.GetInputOutputInfoWithOptions(f, opts)
		opts.Destroy()
		if err != nil {
			t.Fatal(err)
		}
		var got, want []Port
		got = append(append(got, in...), out...)
		for _, p := range append(wantIn, wantOut...) {
			want = append(want, Port{Name: p.Name, Type: types[p.DataType], Shape: p.Dimensions})
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", filepath.Base(f), d)
		}
	}
}

func FuzzReadPorts(f *testing.F) {
	f.Add([]byte{0x08, 0x08})
	f.Add([]byte{0x3a, 0x00})
	// A graph with input "x" and output "y", both float of shape [N, 3].
	shape := []byte{0x0a, 0x03, 0x12, 0x01, 'N', 0x0a, 0x02, 0x08, 0x03}
	tensor := append([]byte{0x08, 0x01, 0x12, byte(len(shape))}, shape...)
	kind := append([]byte{0x0a, byte(len(tensor))}, tensor...)
	port := append([]byte{0x0a, 0x01, 'x', 0x12, byte(len(kind))}, kind...)
	graph := append([]byte{0x5a, byte(len(port))}, port...)
	graph = append(append(graph, 0x62, byte(len(port))), port...)
	model := append([]byte{0x3a, byte(len(graph))}, graph...)
	if in, out, err := readPorts(model); err != nil || len(in) != 1 || len(out) != 1 || in[0].Shape[1] != 3 {
		f.Fatalf("%v, %v, %v", in, out, err)
	}
	f.Add(model)
	f.Fuzz(func(t *testing.T, data []byte) {
		in, out, err := readPorts(data)
		if err != nil {
			return
		}
		for _, p := range append(in, out...) {
			for _, d := range p.Shape {
				if d == 0 || d < -1 {
					t.Errorf("a dimension of %d", d)
				}
			}
		}
	})
}
