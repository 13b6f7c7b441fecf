package main

import (
	"os"
	"path/filepath"
	"testing"

	"posteriori/engine/fault"
	"posteriori/engine/wire"
	"posteriori/models"
)

// TestCUDAFallsBack: where there is no card, the CPU computes, and it is said.
func TestCUDAFallsBack(t *testing.T) {
	ort, data := os.Getenv("POSTERIORI_ONNXRUNTIME"), os.Getenv("POSTERIORI_DATA")
	if ort == "" || data == "" {
		t.Skip("set POSTERIORI_ONNXRUNTIME and POSTERIORI_DATA")
	}
	all, err := models.Load()
	if err != nil {
		t.Fatal(err)
	}
	m := all.ForTask(models.Detector)[0]
	path := filepath.Join(data, "models", m.File)
	if models.Check(path, m) != nil {
		t.Skipf("%s is not there", path)
	}
	e := wire.Engine{Device: "cuda", Threads: 1, ORTPath: ort, Models: []wire.Model{{Name: m.Name, Path: path, SHA256: m.SHA256}}}
	h := wire.Hello{Versions: map[string]string{}}
	got, err := openEngine(e, &h)
	if err != nil {
		t.Fatal(err)
	}
	defer got.close()
	if fell := h.Fallback != ""; fell != (h.Device == "cpu") {
		t.Errorf("on %s, with %q", h.Device, h.Fallback)
	}
	e.Models[0].SHA256 = "0" // what is wrong otherwise stays wrong
	if _, err := openEngine(e, &h); fault.KindOf(err) != fault.Integrity {
		t.Errorf("a model of another hash: %v", err)
	}
}
