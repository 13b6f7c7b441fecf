package detectortest

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"posteriori/bench/score"
	"posteriori/engine/frame"
	"posteriori/engine/infer"
	"posteriori/engine/vision"
	"posteriori/models"
)

// Root is the folder of test data, or skips the test where there is none:
// $POSTERIORI_DATA, or shared/data beside the repository.
func Root(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("POSTERIORI_DATA")
	if dir == "" {
		dir = filepath.Join(repository(t), "..", "shared", "data")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no test data: %v (set POSTERIORI_DATA)", err)
	}
	return dir
}

// repository is the folder with go.mod, upwards from the test's.
func repository(t testing.TB) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = up
	}
}

// Runtime loads ONNX Runtime from $POSTERIORI_ONNXRUNTIME, or skips.
func Runtime(t testing.TB) {
	t.Helper()
	path := os.Getenv("POSTERIORI_ONNXRUNTIME")
	if path == "" {
		t.Skip("no ONNX Runtime: set POSTERIORI_ONNXRUNTIME (make test does)")
	}
	if err := infer.Load(path); err != nil {
		t.Fatal(err)
	}
}

// Model finds a model of the manifest and its file in the test data, or skips.
func Model(t testing.TB, name string) (models.Model, string) {
	t.Helper()
	manifest, err := models.Load()
	if err != nil {
		t.Fatal(err)
	}
	m, err := manifest.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(Root(t), "models", m.File)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("model %s is not there: %v", name, err)
	}
	return m, path
}

// Picture is a photograph with what is in it.
type Picture struct {
	Name  string
	Frame frame.YUV
	Truth []score.Scored // in source pixels
}

// COCO reads pictures of the COCO-128 set by their numbers; none means all.
func COCO(t testing.TB, labels []string, numbers ...int) []Picture {
	t.Helper()
	dir := filepath.Join(Root(t), "truth", "detection", "coco128")
	files, err := filepath.Glob(filepath.Join(dir, "images", "*.jpg"))
	if err != nil || len(files) == 0 {
		t.Skipf("no COCO-128 pictures in %s", dir)
	}
	var out []Picture
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".jpg")
		if len(numbers) > 0 && !slices.ContainsFunc(numbers, func(n int) bool { return name == fmt.Sprintf("%012d", n) }) {
			continue
		}
		p := Picture{Name: name, Frame: JPEG(t, f)}
		p.Truth = readTruth(t, filepath.Join(dir, "labels", name+".txt"), p.Frame, labels)
		for i := range p.Truth {
			p.Truth[i].Image = len(out)
		}
		out = append(out, p)
	}
	return out
}

// JPEG reads a picture.
func JPEG(t testing.TB, path string) frame.YUV {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := vision.DecodeJPEG(data)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return f
}

// readTruth reads lines of "label x y w h", the middle and the size as shares
// of the picture's. A picture without a file has nothing in it.
func readTruth(t testing.TB, path string, f frame.YUV, labels []string) []score.Scored {
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer file.Close()
	w, h := float64(f.Y.W), float64(f.Y.H)
	var out []score.Scored
	for s := bufio.NewScanner(file); s.Scan(); {
		var l int
		var x, y, bw, bh float64
		if _, err := fmt.Sscan(s.Text(), &l, &x, &y, &bw, &bh); err != nil || l < 0 || l >= len(labels) {
			t.Fatalf("%s: %q: %v", path, s.Text(), err)
		}
		out = append(out, score.Scored{Label: labels[l], Box: score.Rect{X: (x - bw/2) * w, Y: (y - bh/2) * h, W: bw * w, H: bh * h}})
	}
	return out
}
