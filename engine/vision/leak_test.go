package vision_test

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"posteriori/engine/scene"
	"posteriori/engine/vision"
)

// exercise calls everything that makes Mats, the failing ways too.
func exercise(t testing.TB, times int) {
	f := noise(640, 360)
	bad := f
	bad.V.Pix = nil
	r := vision.NewResampler(vision.Format{W: 416, H: 416, Scale: unit})
	defer r.Close()
	dst := make([]float32, 3*416*416)
	for range times {
		if _, err := r.Tensor(f, scene.Box{X: 10, Y: 20, W: 400, H: 300}, dst); err != nil {
			t.Fatal(err)
		}
		data, err := vision.EncodeJPEG(f, scene.Box{}, 320, 80)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := vision.DecodeJPEG(data); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Tensor(bad, scene.Box{}, dst); err == nil {
			t.Fatal("a picture without V was taken")
		}
		if _, err := vision.EncodeJPEG(bad, scene.Box{}, 0, 80); err == nil {
			t.Fatal("a picture without V was taken")
		}
		if _, err := vision.DecodeJPEG(data[:len(data)/8]); err == nil {
			// Decoders make something of a cut picture; either way nothing stays.
			continue
		}
	}
}

func TestMemoryDoesNotGrow(t *testing.T) {
	vision.SetNumThreads(1)
	exercise(t, 10)
	runtime.GC()
	before := resident(t)
	exercise(t, 60) // one plane of 640×360 kept per call would be 14 MB
	runtime.GC()
	if grown := resident(t) - before; grown > 10<<20 {
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
