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
