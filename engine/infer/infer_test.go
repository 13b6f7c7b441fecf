package infer_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"posteriori/engine/fault"
	"posteriori/engine/infer"
)

// library loads ONNX Runtime, or skips.
func library(t testing.TB) string {
	t.Helper()
	path := os.Getenv("POSTERIORI_ONNXRUNTIME")
	if path == "" {
		t.Skip("no ONNX Runtime: set POSTERIORI_ONNXRUNTIME (make test does)")
	}
	if err := infer.Load(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func session(t testing.TB, model []byte) *infer.Session {
	t.Helper()
	library(t)
	s, err := infer.OpenBytes("test.onnx", model, infer.Options{Device: infer.CPU})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func bind(t testing.TB, s *infer.Session, in, out [][]int64) *infer.Binding {
	t.Helper()
	b, err := s.Bind(in, out)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

func TestMain(m *testing.M) {
	// Without a library, before any test loads one for the whole process.
	if _, err := infer.OpenBytes("m", doubler(), infer.Options{}); fault.KindOf(err) != fault.Missing {
		println("a model was opened without a library")
		os.Exit(1)
	}
	if infer.Version() != "" || infer.Loaded() != "" {
		println("a version without a library")
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func TestLoadOnce(t *testing.T) {
	path := library(t)
	if err := infer.Load(path); err != nil {
		t.Errorf("the same again: %v", err)
	}
	if infer.Loaded() != path || !strings.HasPrefix(infer.Version(), "1.") {
		t.Errorf("loaded %q, version %q", infer.Loaded(), infer.Version())
	}
	if err := infer.Load(path + ".other"); fault.KindOf(err) != fault.Internal {
		t.Errorf("another library: %v", err)
	}
}

func TestPorts(t *testing.T) {
	s := session(t, doubler())
	want := []infer.Port{{Name: "x", Type: infer.Float32, Shape: []int64{-1, 3}}}
	if d := cmp.Diff(want, s.Inputs()); d != "" {
		t.Error(d)
	}
	want[0].Name = "y"
	if d := cmp.Diff(want, s.Outputs()); d != "" {
		t.Error(d)
	}
	if s.Device() != infer.CPU {
		t.Errorf("on %s", s.Device())
	}
}

func TestRunAgainAndAgain(t *testing.T) {
	s := session(t, doubler())
	for _, out := range [][][]int64{nil, {{2, 3}}} {
		b := bind(t, s, [][]int64{{2, 3}}, out)
		for round := range 5 {
			want := make([]float32, 6)
			for i := range b.In[0].F32 {
				b.In[0].F32[i] = float32(10*round + i)
				want[i] = 2 * b.In[0].F32[i]
			}
			if err := b.Run(); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(infer.Tensor{Type: infer.Float32, Shape: []int64{2, 3}, F32: want}, b.Out[0]); d != "" {
				t.Fatalf("out %v, round %d: %s", out, round, d)
			}
		}
	}
}

func TestElementTypes(t *testing.T) {
	var nodes []node
	var in, out []port
	for i, elem := range []uint64{onnxFloat, onnxInt64, onnxUint8} {
		a, b := "in"+strconv.Itoa(i), "out"+strconv.Itoa(i)
		nodes = append(nodes, node{"Identity", []string{a}, []string{b}})
		in, out = append(in, port{a, elem, []int64{4}}), append(out, port{b, elem, []int64{4}})
	}
	s := session(t, onnxModel(nodes, in, out))
	for _, shapes := range [][][]int64{nil, {{4}, nil, {4}}} {
		b := bind(t, s, [][]int64{{4}, {4}, {4}}, shapes)
		copy(b.In[0].F32, []float32{1.5, -2, 0, 3})
		copy(b.In[1].I64, []int64{1 << 40, -1, 0, 7})
		copy(b.In[2].U8, []uint8{0, 1, 254, 255})
		if err := b.Run(); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(b.In, b.Out); d != "" {
			t.Error(d)
		}
	}
}

func TestUnusableElementType(t *testing.T) {
	model := onnxModel([]node{{"Identity", []string{"x"}, []string{"y"}}},
		[]port{{"x", onnxDouble, []int64{1}}}, []port{{"y", onnxDouble, []int64{1}}})
	s := session(t, model)
	if _, err := s.Bind([][]int64{{1}}, nil); fault.KindOf(err) != fault.Internal {
		t.Errorf("float64 was bound: %v", err)
	}
}

func TestBindRefuses(t *testing.T) {
	s := session(t, doubler())
	for name, shapes := range map[string][2][][]int64{
		"too few inputs":    {{}, nil},
		"other rank":        {{{2, 3, 1}}, nil},
		"other size":        {{{2, 4}}, nil},
		"nothing":           {{{0, 3}}, nil},
		"free left free":    {{{-1, 3}}, nil},
		"too many outputs":  {{{2, 3}}, {{2, 3}, {2, 3}}},
		"other output size": {{{2, 3}}, {{2, 5}}},
	} {
		if _, err := s.Bind(shapes[0], shapes[1]); fault.KindOf(err) != fault.Internal || err == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// An output shape that fits the declaration but not the run.
	b := bind(t, s, [][]int64{{2, 3}}, [][]int64{{7, 3}})
	if err := b.Run(); err == nil {
		t.Error("a run into an output of another size was taken")
	}
}

func TestBadModels(t *testing.T) {
	library(t)
	dir := t.TempDir()
	for name, data := range map[string][]byte{
		"empty": {}, "text": []byte("this is no model"), "short": doubler()[:20],
		"operator": onnxModel([]node{{"NoSuchOp", []string{"x"}, []string{"y"}}},
			[]port{{"x", onnxFloat, []int64{1}}}, []port{{"y", onnxFloat, []int64{1}}}),
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := infer.Open(path, infer.Options{})
		if fault.KindOf(err) != fault.BadInput {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := infer.Open(filepath.Join(dir, "absent"), infer.Options{}); fault.KindOf(err) != fault.Missing {
		t.Errorf("absent: %v", err)
	}
}

func TestDevices(t *testing.T) {
	library(t)
	if _, err := infer.OpenBytes("m", doubler(), infer.Options{Device: "tpu"}); fault.KindOf(err) != fault.Usage {
		t.Errorf("tpu: %v", err)
	}
	auto, err := infer.OpenBytes("m", doubler(), infer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer auto.Close()
	// CUDA works exactly where auto takes it.
	cuda, err := infer.OpenBytes("m", doubler(), infer.Options{Device: infer.CUDA})
	if (err == nil) != (auto.Device() == infer.CUDA) {
		t.Errorf("auto runs on %s, cuda says %v", auto.Device(), err)
	}
	if err != nil && fault.KindOf(err) != fault.Missing {
		t.Errorf("cuda: %v", err)
	}
	if err == nil {
		cuda.Close()
	}
}

func TestClosed(t *testing.T) {
	s := session(t, doubler())
	b := bind(t, s, [][]int64{{1, 3}}, nil)
	b.Close()
	b.Close()
	if err := b.Run(); err == nil {
		t.Error("a closed binding ran")
	}
	other := bind(t, s, [][]int64{{1, 3}}, nil)
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := other.Run(); err == nil {
		t.Error("a closed model ran")
	}
	if _, err := s.Bind([][]int64{{1, 3}}, nil); err == nil {
		t.Error("a closed model was bound")
	}
}

func TestManyBindingsAtOnce(t *testing.T) {
	s := session(t, doubler())
	var wg sync.WaitGroup
	for n := range 4 {
		wg.Go(func() {
			b, err := s.Bind([][]int64{{1, 3}}, nil)
			if err != nil {
				t.Error(err)
				return
			}
			defer b.Close()
			for range 200 {
				b.In[0].F32[1] = float32(n)
				if err := b.Run(); err != nil || b.Out[0].F32[1] != float32(2*n) {
					t.Errorf("%d: %v, %v", n, b.Out[0].F32, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// TestNoGrowth runs outputs made by the runtime, which must be freed each time.
func TestNoGrowth(t *testing.T) {
	s := session(t, doubler())
	const rows = 50_000 // 600 kB
	b := bind(t, s, [][]int64{{rows, 3}}, nil)
	run := func(n int) {
		for range n {
			if err := b.Run(); err != nil {
				t.Fatal(err)
			}
		}
		runtime.GC()
	}
	run(30)
	before := resident(t)
	run(300) // 180 MB if nothing were freed
	if grown := resident(t) - before; grown > 60<<20 {
		t.Errorf("grew by %d MB", grown>>20)
	}
}

func resident(t *testing.T) int64 {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("no /proc")
	}
	pages, err := strconv.ParseInt(strings.Fields(string(data))[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}
