package models

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"posteriori/engine/fault"
	"posteriori/engine/scene"
)

func loaded(t testing.TB) *Manifest {
	t.Helper()
	m, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestBuiltInManifest(t *testing.T) {
	m := loaded(t)
	var names []string
	for _, x := range m.ForTask(Detector) {
		names = append(names, x.Name)
	}
	if d := cmp.Diff([]string{"deimv2-femto", "nanodet-plus-m", "yolox-nano", "deimv2-atto"}, names); d != "" {
		t.Errorf("detectors, best first: %s", d)
	}
	for _, x := range m.Models {
		found, err := m.Find(x.Name)
		if err != nil || found.SHA256 != x.SHA256 {
			t.Errorf("Find(%q): %v", x.Name, err)
		}
		if found, ok := m.ByHash(x.SHA256); !ok || found.Name != x.Name {
			t.Errorf("ByHash of %s finds %q", x.Name, found.Name)
		}
		if !x.Loadable() {
			t.Errorf("%s: this version does not load it", x.Name)
		}
		if strings.Contains(x.Licence, "unclear") != x.Grey {
			t.Errorf("%s: the licence %q, grey %v", x.Name, x.Licence, x.Grey)
		}
	}
	if _, err := m.Find("yolo"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("an unknown name: %v", err)
	}
	if _, ok := m.ByHash(""); ok {
		t.Error("an empty hash was found")
	}
}

func TestClasses(t *testing.T) {
	x, err := loaded(t).Find("yolox-nano")
	if err != nil {
		t.Fatal(err)
	}
	labels := x.Labels(0)
	classes, known := x.Classes(0)
	if len(labels) != 80 || len(classes) != 80 || len(known) != 80 {
		t.Fatalf("%d labels, %d classes, %d known", len(labels), len(classes), len(known))
	}
	count := map[scene.Class]int{}
	for i, l := range labels {
		if known[i] {
			count[classes[i]]++
		} else if classes[i] != scene.Other {
			t.Errorf("%s is dropped and yet %s", l, classes[i])
		}
	}
	want := map[scene.Class]int{
		scene.Person: 1, scene.Bicycle: 1, scene.Motorcycle: 1, scene.Car: 1, scene.Truck: 1,
		scene.Bus: 1, scene.Bag: 2, scene.Suitcase: 1, scene.Animal: 10,
	}
	if d := cmp.Diff(want, count); d != "" {
		t.Error(d)
	}
	// The places of a few labels in the official list of 80.
	for i, l := range map[int]string{0: "person", 2: "car", 7: "truck", 24: "backpack", 28: "suitcase", 79: "toothbrush"} {
		if labels[i] != l {
			t.Errorf("label %d is %q, not %q", i, labels[i], l)
		}
	}
	if x.Labels(1) != nil {
		t.Error("a second vocabulary")
	}
}

// one is a manifest of one good model, in which tests replace words.
const one = `version: 1
vocabularies:
  v: {labels: [car, dog], classes: {car: car}}
models:
  - name: good-model
    file: good.onnx
    sha256: 0000000000000000000000000000000000000000000000000000000000000000
    bytes: 5
    task: detector
    decoder: yolox
    licence: MIT
    source: https://example.org/x
    inputs: [{name: images, type: float32, shape: [1, 3, 4, 4]}]
    outputs: [{name: output, type: float32, shape: [-1, 7], holds: [box, score, v]}]
    vocabularies: [v]
`

func TestParseRefuses(t *testing.T) {
	if _, err := ParseManifest([]byte(one)); err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string][2]string{
		"version":            {"version: 1", "version: 2"},
		"unknown key":        {"licence: MIT", "licence: MIT\n    colour: red"},
		"unknown key on top": {"version: 1", "version: 1\nmore: 1"},
		"name":               {"good-model", "Good Model"},
		"path as file":       {"file: good.onnx", "file: ../good.onnx"},
		"hidden file":        {"file: good.onnx", "file: .good.onnx"},
		"no ONNX":            {"good.onnx", "good.exe"},
		"short hash":         {"sha256: 00", "sha256: 0"},
		"capital hash":       {"sha256: 00", "sha256: A0"},
		"no bytes":           {"bytes: 5", "bytes: 0"},
		"bytes as text":      {"bytes: 5", "bytes: five"},
		"task":               {"task: detector", "task: segmenter"},
		"decoder":            {"decoder: yolox", "decoder: yolo"},
		"decoder of others":  {"decoder: yolox", "decoder: vehicle-attributes"},
		"licence":            {"licence: MIT", "licence: ''"},
		"source":             {"https://example.org/x", "http://example.org/x"},
		"url":                {"licence: MIT", "licence: MIT\n    url: file:///etc/passwd"},
		"port name":          {"name: images", "name: ''"},
		"port type":          {"float32, shape: [1", "float64, shape: [1"},
		"port shape":         {"[1, 3, 4, 4]", "[1, 3, 0, 4]"},
		"no shape":           {"[1, 3, 4, 4]", "[]"},
		"vocabulary":         {"vocabularies: [v]", "vocabularies: [w]"},
		"no vocabulary":      {"vocabularies: [v]", "vocabularies: []"},
		"class":              {"classes: {car: car}", "classes: {car: lorry}"},
		"label":              {"classes: {car: car}", "classes: {van: car}"},
		"second document":    {"vocabularies: [v]\n", "vocabularies: [v]\n---\nversion: 1\n"},
		"same key twice":     {"version: 1", "version: 1\nversion: 1"},
	} {
		text := strings.Replace(one, r[0], r[1], 1)
		if text == one {
			t.Fatalf("%s: nothing replaced", name)
		}
		if _, err := ParseManifest([]byte(text)); fault.KindOf(err) != fault.BadInput {
			t.Errorf("%s: %v", name, err)
		}
	}
	twice := one + one[strings.Index(one, "  - name"):]
	if _, err := ParseManifest([]byte(twice)); fault.KindOf(err) != fault.BadInput {
		t.Errorf("a model twice: %v", err)
	}
	if _, err := ParseManifest(make([]byte, 2<<20)); fault.KindOf(err) != fault.BadInput {
		t.Errorf("two megabytes: %v", err)
	}
}

func TestManifestIsClean(t *testing.T) {
	for _, x := range loaded(t).Models {
		if words := Forbidden(x); words != nil {
			t.Errorf("%s: %v", x.Name, words)
		}
	}
}

func TestPlantedModelIsRefused(t *testing.T) {
	for name, r := range map[string][2]string{
		"name":                {"good-model", "face-detector"},
		"name, one word":      {"good-model", "retinaface"},
		"file":                {"good.onnx", "ArcFaceR50.onnx"},
		"camel case":          {"good.onnx", "personReID.onnx"},
		"source":              {"example.org/x", "example.org/insightface"},
		"output":              {"name: output", "name: embedding"},
		"output in capitals":  {"name: output", "name: EMBEDDINGS_0"},
		"output, gender":      {"name: output", "name: gender_logits"},
		"output, age":         {"name: output", "name: age"},
		"output, pose":        {"name: output", "name: keypoints"},
		"input":               {"name: images", "name: face_crop"},
		"label":               {"[car, dog]", "[car, face]"},
		"label, emotion":      {"[car, dog]", "[car, emotional state]"},
		"label, age":          {"[car, dog]", "[car, 'age 30-40']"},
		"notes":               {"licence: MIT", "licence: MIT\n    notes: for person re-identification"},
		"notes, feature":      {"licence: MIT", "licence: MIT\n    notes: gives a feature vector"},
		"label, French":       {"[car, dog]", "[car, Visage_1]"},
		"label, accents":      {"[car, dog]", "[car, âge]"},
		"label, sex":          {"[car, dog]", "[car, woman]"},
		"label, phrase":       {"[car, dog]", "[car, 'fauteuil roulant']"},
		"nothing explains":    {"holds: [box, score, v]", "holds: []"},
		"explains too little": {"holds: [box, score, v]", "holds: [box, v]"},
		"vector":              {"shape: [-1, 7], holds: [box, score, v]", "shape: [-1, 512], holds: [score]"},
		"vector, free":        {"shape: [-1, 7], holds: [box, score, v]", "shape: [-1, -1], holds: [box]"},
		"numbers as labels":   {"[car, dog]", "[car, dog, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11]"},
		"notes, ethnic":       {"licence: MIT", "licence: MIT\n    notes: ethnicity"},
		"vocabulary":          {"[v]", "[v]\n    notes: gait"},
		"tool of recognition": {"good.onnx", "osnet_x0_25.onnx"},
	} {
		text := strings.Replace(one, r[0], r[1], 1)
		if text == one {
			t.Fatalf("%s: nothing replaced", name)
		}
		if _, err := ParseManifest([]byte(text)); fault.KindOf(err) != fault.Refused {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHarmlessWordsPass(t *testing.T) {
	for _, s := range []string{
		"images", "image_size", "garbage truck", "package", "stage", "message", "surface",
		"overhead", "traffic light", "year", "Identity:0", "Identity", "video", "grid", "essex",
		"vehicle-attributes-recognition-barrier-0039", "license-plates-end2end1", "car", "headlight",
	} {
		if found := forbiddenIn(s, output); found != nil {
			t.Errorf("%q is refused: %v", s, found)
		}
	}
	for _, s := range []string{"Identity of a person", "person_id", "track-id"} {
		if forbiddenIn(s, output) == nil {
			t.Errorf("%q passes", s)
		}
	}
}

// TestForbiddenWordIsFoundAnywhere plants words between harmless ones.
func TestForbiddenWordIsFoundAnywhere(t *testing.T) {
	var shownWords, innerWords []string
	for _, k := range forbidden().Kinds {
		list := slices.Concat(k.Words, k.Starts, k.Phrases)
		shownWords = append(shownWords, list...)
		if !k.Outside {
			innerWords = append(innerWords, list...)
		}
	}
	if len(shownWords) < 200 || len(innerWords) < 100 {
		t.Fatalf("%d and %d words", len(shownWords), len(innerWords))
	}
	rapid.Check(t, func(t *rapid.T) {
		at, words := shown, shownWords
		if rapid.Bool().Draw(t, "inner") {
			at, words = inner, innerWords
		}
		word := rapid.SampledFrom(words).Draw(t, "word")
		before := rapid.SampledFrom([]string{"car_", "the ", "v2.", "model/", "2"}).Draw(t, "before")
		after := rapid.SampledFrom([]string{"", "_0", " net", "-v3", ":x", "1", "Score"}).Draw(t, "after")
		if rapid.Bool().Draw(t, "capitals") && after != "Score" {
			word = strings.ToUpper(word)
		}
		if text := before + word + after; forbiddenIn(text, at) == nil {
			t.Fatalf("%q passes", text)
		}
	})
}

func FuzzParseManifest(f *testing.F) {
	f.Add([]byte(one))
	f.Add(builtin[:2000])
	f.Add([]byte("version: 1\nvocabularies: &a {a: *a}\n"))
	f.Add([]byte("{version: 1, models: [{name: a}]}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ParseManifest(data)
		if err != nil {
			return
		}
		for _, x := range m.Models {
			if strings.ContainsAny(x.File, "/\\") || len(x.SHA256) != 64 || x.Bytes <= 0 || Forbidden(x) != nil {
				t.Errorf("%+v was taken", x)
			}
		}
	})
}
