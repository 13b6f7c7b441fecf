package infer_test

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"posteriori/engine/infer"
	"posteriori/models/onnx"
)

// The default detector gives the same scores and boxes folded.
func TestFoldedAgrees(t *testing.T) {
	library(t)
	dir := os.Getenv("POSTERIORI_DATA")
	data, err := os.ReadFile(filepath.Join(dir, "models", "deimv2_hgnetv2_femto_coco.onnx"))
	if err != nil {
		t.Skipf("no model: set POSTERIORI_DATA to the folder that holds models/: %v", err)
	}
	if len(onnx.Fold(data)) == len(data) {
		t.Fatal("nothing is folded: this proves nothing")
	}
	asIs, err := infer.OpenAsIs("test.onnx", data)
	if err != nil {
		t.Fatal(err)
	}
	defer asIs.Close()
	in := [][]int64{{1, 3, 416, 416}, {1, 2}}
	a, b := bind(t, asIs, in, nil), bind(t, session(t, data), in, nil)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range a.In[0].F32 {
		a.In[0].F32[i] = rng.Float32()
	}
	copy(b.In[0].F32, a.In[0].F32)
	for _, x := range []*infer.Binding{a, b} {
		x.In[1].I64[0], x.In[1].I64[1] = 416, 416
		if err := x.Run(); err != nil {
			t.Fatal(err)
		}
	}
	const first = 20 // boxes in the order of their scores: among the last, rounding changes it
	for _, c := range []struct {
		what   string
		port   int
		each   int
		within float64
	}{{"box", 1, 4, .05}, {"score", 2, 1, 1e-4}} {
		got, want := b.Out[c.port].F32[:first*c.each], a.Out[c.port].F32[:first*c.each]
		for i := range want {
			if d := math.Abs(float64(got[i] - want[i])); !(d <= c.within) {
				t.Fatalf("%s %d: %v, want %v", c.what, i, got[i], want[i])
			}
		}
	}
}
