package compliance

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"posteriori/engine/index"
	"posteriori/engine/wire"
	"posteriori/models"
)

// build makes a program of this Go text, as the engine's are made.
func build(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	for name, s := range map[string]string{"go.mod": "module example\n\ngo 1.24\n", "main.go": text} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "build", "-ldflags=-s -w", "-o", "program", ".")
	cmd.Dir = dir
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return filepath.Join(dir, "program")
}

func read(t *testing.T, path string) Program {
	t.Helper()
	p, err := ReadProgram(path)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestForbiddenSymbolIsSeen builds a program with a function that detects
// faces, and the same without it.
func TestForbiddenSymbolIsSeen(t *testing.T) {
	const text = "package main\n\nimport \"fmt\"\n\ntype %[1]s struct{}\n\n//go:noinline\nfunc (%[1]s) %[2]s() int { return 1 }\n\nfunc main() { fmt.Println(%[1]s{}.%[2]s()) }\n"
	for _, c := range []struct {
		kind, function string
		ok             bool
	}{
		{"Surface", "Interface", true}, {"CascadeClassifier", "Load", false}, {"net", "FaceDetect", false},
		{"person_reid", "Run", false}, {"HOGDescriptor", "Run", false},
	} {
		p := read(t, build(t, fmt.Sprintf(text, c.kind, c.function)))
		got := p.checkSymbols()
		if got.OK != c.ok {
			t.Errorf("%s.%s: %+v", c.kind, c.function, got)
		}
	}
}

// TestFewSymbolsProveNothing: a program that hides its names fails.
func TestFewSymbolsProveNothing(t *testing.T) {
	if c := (Program{Path: "p", Names: 3}).checkSymbols(); c.OK {
		t.Error("three names were proof")
	}
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	e := Gather(Sources{Programs: []string{text}})
	if e.OK() || e.Checks[0].OK || e.Checks[1].OK {
		t.Errorf("%+v", e.Checks[:2])
	}
	if e := Gather(Sources{}); e.OK() || e.Checks[0].OK {
		t.Error("no program was proof")
	}
}

func TestForbiddenLibraryIsSeen(t *testing.T) {
	for name, ok := range map[string]bool{
		"libc.so.6": true, "libopencv_core.so.406": true, "libopencv_imgproc.so.406": true,
		"libopencv_objdetect.so.406": false, "libopencv_face.so.4.6": false, "libopencv_dnn.so.406": false, "libopencv_ml.so.406": false,
		"libopencv_video.so.406": false, "libdlib.so.19": false, "libtensorflow.so.2": false, "libdl.so.2": true,
	} {
		for _, p := range []Program{{Path: "p", Needs: []string{name}}, {Path: "p", Reaches: []string{name}}} {
			if got := p.checkLibraries(); got.OK != ok {
				t.Errorf("%s: %+v", name, got)
			}
		}
	}
}

// TestLibrariesAreRead reads what a real program links, and what that reaches.
func TestLibrariesAreRead(t *testing.T) {
	cc, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("no C compiler")
	}
	dir := t.TempDir()
	src, bin := filepath.Join(dir, "a.c"), filepath.Join(dir, "liba.so")
	if err := os.WriteFile(src, []byte("int cv_CascadeClassifier_load(void) { return 0; }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	lib := filepath.Join(dir, "libopencv_objdetect.so.406")
	for _, args := range [][]string{{"-shared", "-fPIC", "-Wl,-soname,libopencv_objdetect.so.406", "-o", lib, src}, {"-shared", "-fPIC", "-Wl,--no-as-needed", "-Wl,-soname,liba.so", "-o", bin, src, lib}} {
		if out, err := exec.Command(cc, args...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	t.Setenv("LD_LIBRARY_PATH", dir)
	got := Program{Path: "p", Needs: []string{"liba.so"}, Reaches: reaches([]string{"liba.so"})}
	if c := got.checkLibraries(); c.OK || !strings.Contains(c.Wrong[0].EN, "objdetect") {
		t.Errorf("%+v", c)
	}
}

func TestSchema(t *testing.T) {
	schema := index.Schema()
	if c := CheckSchema(schema); !c.OK {
		t.Fatalf("%q", c.Wrong)
	}
	var family []string
	for i := range 16 {
		family = append(family, fmt.Sprintf("v%d REAL NOT NULL", i))
	}
	for name, more := range map[string]string{
		"a column of bytes":      "ALTER TABLE track ADD COLUMN embedding BLOB;",
		"bytes, harmless name":   "ALTER TABLE track ADD COLUMN extra BLOB;",
		"text tied to a track":   "ALTER TABLE crop ADD COLUMN notes TEXT;",
		"a table of vectors":     "CREATE TABLE looks (recording INTEGER, track INTEGER, data BLOB NOT NULL) STRICT;",
		"vectors without a type": "CREATE TABLE looks (track INTEGER, data);",
		"numbers counted up":     "CREATE TABLE looks (track INTEGER, " + strings.Join(family, ", ") + ") STRICT;",
		"a virtual table":        "CREATE VIRTUAL TABLE looks USING vec0(track INTEGER, e float[512]);",
		"a word":                 "CREATE TABLE looks (track INTEGER, gender INTEGER);",
		"a word, French":         "CREATE TABLE visage (track INTEGER, x REAL);",
		"any type elsewhere":     "CREATE TABLE other (a ANY);",
	} {
		if c := CheckSchema(schema + ";" + more); c.OK {
			t.Errorf("%s passes", name)
		}
	}
	if c := CheckSchema(""); c.OK {
		t.Error("an empty schema was proof")
	}
}

func TestMessages(t *testing.T) {
	if c := CheckMessages(); !c.OK || len(c.Facts) < 4 {
		t.Fatalf("%+v", c)
	}
	type track struct {
		wire.TrackMsg
		Looks []float32
	}
	for _, v := range []any{struct{ Looks []float32 }{}, struct{ V [128]float64 }{}, struct{ Embedding int }{}, struct{ Any any }{}, track{}} {
		if c := checkMessage(reflect.TypeOf(v)); c.OK {
			t.Errorf("%T passes", v)
		}
	}
}

func TestModels(t *testing.T) {
	m, err := models.Load()
	if err != nil {
		t.Fatal(err)
	}
	if c := CheckModels(m, ""); !c.OK || len(c.Facts) != len(m.Models) {
		t.Fatalf("%+v", c)
	}
	planted := *m
	planted.Models = append(planted.Models[:len(planted.Models):len(planted.Models)], models.Model{Name: "face-detector"})
	if c := CheckModels(&planted, ""); c.OK {
		t.Error("a face detector on the list passes")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, m.Models[0].File), []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	if c := CheckModels(m, dir); c.OK {
		t.Error("another file in a model's place passes")
	}
	if c := CheckModels(nil, ""); c.OK {
		t.Error("no list was proof")
	}
}

func commands(more ...Command) []Command {
	list := []Command{{Path: "posteriori import", Use: "import FILE…"}, {Path: "posteriori query", Use: "query [-p ID]", Flags: []Flag{{Name: "colour", Value: "NAMES"}}}}
	for i := range 10 {
		list = append(list, Command{Path: fmt.Sprintf("posteriori c%d", i), Use: "c", Flags: []Flag{{Name: "output", Value: "file"}}})
	}
	return append(list, more...)
}

func TestCommands(t *testing.T) {
	if c := CheckCommands(commands()); !c.OK {
		t.Fatalf("%q", c.Wrong)
	}
	flag := func(name, value string) Command {
		return Command{Path: "posteriori query", Use: "query", Flags: []Flag{{Name: name, Value: value}}}
	}
	for _, x := range []Command{
		flag("photo", "file"), flag("photo", "string"), flag("like", "TRACK"), flag("similar-to", "TRACK"), flag("by", "image"),
		flag("face", "bool"), flag("gender", "string"), flag("sample", "file"), flag("query", "path"),
		{Path: "posteriori search", Use: "search PICTURE"}, {Path: "posteriori search", Use: "search FILE"},
		{Path: "posteriori similar", Use: "similar TRACK"}, {Path: "posteriori watchlist", Use: "watchlist"}, {Path: "posteriori reid", Use: "reid"},
	} {
		if c := CheckCommands(commands(x)); c.OK {
			t.Errorf("%+v passes", x)
		}
	}
	if c := CheckCommands(nil); c.OK {
		t.Error("no command was proof")
	}
}

func TestSBOM(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	m, err := models.Load()
	if err != nil {
		t.Fatal(err)
	}
	libraries := map[string]string{"opencv": "4.6.0"}
	programs := []Program{read(t, self), read(t, self)}
	data, err := SBOM(programs, m, libraries, "1.0")
	if err != nil {
		t.Fatal(err)
	}
	var b bom
	if err := json.Unmarshal(data, &b); err != nil || b.Format != "CycloneDX" || b.Spec != "1.5" {
		t.Fatalf("%v %+v", err, b)
	}
	seen := map[string]int{}
	for _, c := range b.Components {
		seen[c.Name]++
		if c.Name == "OpenCV" && c.Version != "4.6.0" || c.Type == "machine-learning-model" && len(c.Hashes) != 1 {
			t.Errorf("%+v", c)
		}
	}
	for _, n := range []string{"OpenCV", "FFmpeg", "ONNX Runtime", "yolox-nano"} {
		if seen[n] != 1 {
			t.Errorf("%s stands there %d times", n, seen[n])
		}
	}
	if again, err := SBOM(programs, m, libraries, "1.0"); err != nil || string(again) != string(data) {
		t.Error("other bytes the second time")
	}
}

// Every module that is built in has its licence in the list.
func TestModulesHaveLicences(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}", "posteriori/cmd/posteriori", "posteriori/cmd/posteriori-worker")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, path := range strings.Fields(string(out)) {
		if !seen[path] && Licence(path) == "" {
			t.Errorf("%s: say its licence in licences.go", path)
		}
		seen[path] = true
	}
	if len(seen) < 10 || Licence("github.com/nobody/knows") != "" {
		t.Errorf("%d modules read", len(seen))
	}
}

// The documents are in French: each text has one, of its own unless it is made
// of names alone.
func TestTextsAreInFrench(t *testing.T) {
	m, err := models.Load()
	if err != nil {
		t.Fatal(err)
	}
	e := Gather(Sources{Models: m, Schema: index.Schema()})
	for _, x := range m.Models {
		if tasks[x.Task].FR == "" {
			t.Errorf("the task %s has no French", x.Task)
		}
	}
	english := regexp.MustCompile(`(?i)\b(the|of|and|with|which|nobody|holds|links|not)\b`)
	for _, c := range e.Checks {
		for _, text := range slices.Concat([]Text{c.Title}, c.Wrong, c.Facts) {
			if text.FR == "" || text.FR == text.EN || english.MatchString(text.FR) {
				t.Errorf("%s: %q in French is %q", c.Name, text.EN, text.FR)
			}
		}
	}
}
