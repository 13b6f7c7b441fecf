package models

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"posteriori/engine/fault"
	"posteriori/models/onnx/onnxtest"
)

type msg = onnxtest.Message

func port(name string, dims ...int64) onnxtest.Port {
	return onnxtest.Port{Name: name, Elem: onnxtest.Float, Dims: dims}
}

// clean is a good model file, and what the manifest says of it.
func clean() (onnxtest.Model, Model) {
	file := onnxtest.Model{
		Nodes: []onnxtest.Node{{Op: "Relu", In: []string{"images"}, Out: []string{"output"}, Extra: msg{}.Text(3, "multi_head_attention/pos_embed")}},
		In:    []onnxtest.Port{port("images", 1, 3, 4, 4)}, Out: []onnxtest.Port{port("output", -1, 6)},
		Extra: msg{}.Text(2, "pytorch").Bytes(14, msg{}.Text(1, "names").Text(2, "{0: 'car', 1: 'surface', 2: 'package'}")),
	}
	return file, Model{Name: "good", File: "good.onnx", Task: Detector, Decoder: "yolox",
		Outputs: []Port{{Name: "output", Type: "float32", Shape: []int64{-1, 6}}}}
}

// forbiddenFiles are models of each kind that must not be here, as a change to
// a clean one.
var forbiddenFiles = map[string]func(*onnxtest.Model){
	"face in metadata":      func(f *onnxtest.Model) { f.Extra = f.Extra.Bytes(14, msg{}.Text(1, "names").Text(2, "{0: 'face'}")) },
	"numbered face":         func(f *onnxtest.Model) { f.Extra = f.Extra.Bytes(14, msg{}.Text(1, "names").Text(2, "face_1")) },
	"visage":                func(f *onnxtest.Model) { f.Extra = f.Extra.Text(6, "détecteur de visages") },
	"re-identification":     func(f *onnxtest.Model) { f.Extra = f.Extra.Text(6, "person re-id") },
	"sex in a label tensor": func(f *onnxtest.Model) { f.Graph = f.Graph.Bytes(5, msg{}.Text(8, "l").Text(6, "female")) },
	"age in an attribute": func(f *onnxtest.Model) {
		f.Nodes[0].Extra = f.Nodes[0].Extra.Bytes(5, msg{}.Text(1, "k").Bytes(9, []byte("âge 30-40")))
	},
	"emotion in a node":       func(f *onnxtest.Model) { f.Nodes[0].Extra = msg{}.Text(3, "/emotion_branch/Conv") },
	"pose in a weight":        func(f *onnxtest.Model) { f.Graph = f.Graph.Bytes(5, msg{}.Text(8, "keypoint_head.weight")) },
	"gait in a value":         func(f *onnxtest.Model) { f.Graph = f.Graph.Bytes(13, msg{}.Text(1, "gait/Reshape_0")) },
	"ethnicity in the doc":    func(f *onnxtest.Model) { f.Graph = f.Graph.Text(10, "ethnicité") },
	"skin in a function":      func(f *onnxtest.Model) { f.Extra = f.Extra.Bytes(25, msg{}.Text(1, "SkinTone")) },
	"voice as an input":       func(f *onnxtest.Model) { f.In[0].Name = "voice" },
	"embedding as an output":  func(f *onnxtest.Model) { f.Out = append(f.Out, port("embedding", -1, 512)) },
	"nameless second output":  func(f *onnxtest.Model) { f.Out = append(f.Out, port("1234", -1, 128)) },
	"other shape":             func(f *onnxtest.Model) { f.Out[0].Dims = []int64{-1, 512} },
	"other type":              func(f *onnxtest.Model) { f.Out[0].Elem = onnxtest.Uint8 },
	"unit length":             func(f *onnxtest.Model) { f.Nodes[0].Op = "LpNormalization" },
	"weights in another file": func(f *onnxtest.Model) { f.Graph = f.Graph.Bytes(5, msg{}.Text(8, "w").Varint(14, 1)) },
}

func TestInspect(t *testing.T) {
	file, m := clean()
	if err := Inspect(file.Encode(), m); err != nil {
		t.Fatal(err)
	}
	for name, change := range forbiddenFiles {
		file, m := clean()
		change(&file)
		err := Inspect(file.Encode(), m)
		var f *fault.Error
		if fault.KindOf(err) != fault.Refused || !asFault(err, &f) || f.Rule != "11" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := Inspect([]byte("text"), m); fault.KindOf(err) != fault.BadInput {
		t.Errorf("no ONNX: %v", err)
	}
}

func asFault(err error, to **fault.Error) bool {
	f, ok := err.(*fault.Error)
	*to = f
	return ok
}

// TestOutputNames: an output called after a vector is refused though the list
// names it so.
func TestOutputNames(t *testing.T) {
	for _, name := range []string{"embedding", "features", "feat_1", "descriptor", "vector", "vecteur", "reid", "id_feature", "signature"} {
		file, m := clean()
		file.Out[0].Name, m.Outputs[0].Name = name, name
		if err := Inspect(file.Encode(), m); fault.KindOf(err) != fault.Refused {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestListedHashDoesNotHelp: a file whose hash is on the list is refused at
// installing, verifying and reading when it holds what it must not.
func TestListedHashDoesNotHelp(t *testing.T) {
	for name, change := range forbiddenFiles {
		file, x := clean()
		change(&file)
		data := file.Encode()
		sum := sha256.Sum256(data)
		x.Bytes, x.SHA256 = int64(len(data)), hex.EncodeToString(sum[:])
		m := &Manifest{Models: []Model{x}}
		from, to := folder(t, map[string]string{"good.onnx": string(data)}), t.TempDir()
		err := m.Install(t.Context(), from, to, nil, nil)
		if fault.KindOf(err) != fault.Refused || !strings.Contains(err.Error(), from) {
			t.Errorf("%s: installing: %v", name, err)
		}
		if l := listing(t, to); len(l) > 0 {
			t.Errorf("%s: left: %v", name, l)
		}
		if s := m.Verify(from)[0]; s.State != Wrong || fault.KindOf(s.Err) != fault.Refused {
			t.Errorf("%s: verifying: %s, %v", name, s.State, s.Err)
		}
		if b, err := Read(filepath.Join(from, "good.onnx"), x); fault.KindOf(err) != fault.Refused || b != nil {
			t.Errorf("%s: reading: %v", name, err)
		}
	}
}

// TestRealModelsPassInspection looks into every listed model there is.
func TestRealModelsPassInspection(t *testing.T) {
	dir := os.Getenv("POSTERIORI_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "data")
	}
	for _, x := range loaded(t).Models {
		data, err := os.ReadFile(filepath.Join(dir, "models", x.File))
		if err != nil {
			t.Logf("%s: not there (set POSTERIORI_DATA)", x.Name)
			continue
		}
		if err := Inspect(data, x); err != nil {
			t.Error(err)
		}
	}
}
