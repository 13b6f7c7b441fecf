package models

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"posteriori/engine/fault"
	"posteriori/models/onnx/onnxtest"
)

// small is a manifest of models whose files are the given texts; those named
// plate… are not loadable.
func small(t *testing.T, texts map[string]string) *Manifest {
	t.Helper()
	m := &Manifest{}
	for _, name := range []string{"one", "two", "plate"} {
		text, ok := texts[name]
		if !ok {
			continue
		}
		sum := sha256.Sum256([]byte(text))
		x := Model{
			Name: name, File: name + ".onnx", Bytes: int64(len(text)), SHA256: hex.EncodeToString(sum[:]),
			Task: Detector, Decoder: "yolox", Source: "https://example.org/" + name,
			Outputs: []Port{{Name: "y", Type: "float32", Shape: []int64{-1, 3}}},
		}
		if name == "plate" {
			x.Task, x.Decoder = PlateReader, ""
		}
		m.Models = append(m.Models, x)
	}
	return m
}

func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// listing is each file's content.
func listing(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = string(data)
	}
	return out
}

var (
	first, second, reader = tiny("first"), tiny("second model"), tiny("reader")

	altered = strings.Replace(first, "first", "fIrst", 1)
	texts   = map[string]string{"one": first, "two": second, "plate": reader}
)

// tiny is the smallest model, with a word in it that tells it from others.
func tiny(word string) string {
	x, y := onnxtest.Port{Name: "x", Elem: onnxtest.Float, Dims: []int64{-1, 3}}, onnxtest.Port{Name: "y", Elem: onnxtest.Float, Dims: []int64{-1, 3}}
	return string(onnxtest.Model{In: []onnxtest.Port{x}, Out: []onnxtest.Port{y}, Extra: onnxtest.Message{}.Text(6, word)}.Encode())
}

func TestInstallFromFolder(t *testing.T) {
	m := small(t, texts)
	from := folder(t, map[string]string{"one.onnx": first, "plate.onnx": reader, "more.txt": "x"})
	to := filepath.Join(t.TempDir(), "a", "models")
	var steps []string
	tell := func(p Progress) {
		if p.State != Installing || p.Done == 0 {
			steps = append(steps, fmt.Sprint(p.Model.Name, " ", p.State, " ", p.Done))
		}
	}
	if err := m.Install(t.Context(), from, to, nil, tell); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]string{"one.onnx": first}, listing(t, to)); d != "" {
		t.Errorf("installed: %s", d)
	}
	if d := cmp.Diff([]string{"one installing 0", fmt.Sprint("one installed ", len(first)), "two absent 0"}, steps); d != "" {
		t.Errorf("progress: %s", d)
	}
	// By its name, a model that this version does not load is installed too.
	if err := m.Install(t.Context(), from, to, []string{"plate"}, nil); err != nil {
		t.Fatal(err)
	}
	states := map[string]State{}
	for _, s := range m.Verify(to) {
		states[s.Model.Name] = s.State
	}
	if d := cmp.Diff(map[string]State{"one": OK, "two": Absent, "plate": OK}, states); d != "" {
		t.Errorf("states: %s", d)
	}
}

func TestInstalledFileIsLeftAlone(t *testing.T) {
	m := small(t, texts)
	to := folder(t, map[string]string{"one.onnx": first, "two.onnx": "damaged"})
	before, err := os.Stat(filepath.Join(to, "one.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	from := folder(t, map[string]string{"one.onnx": "other", "two.onnx": second})
	if err := m.Install(t.Context(), from, to, []string{"one", "two"}, nil); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(filepath.Join(to, "one.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	if !os.SameFile(before, after) || !before.ModTime().Equal(after.ModTime()) {
		t.Error("a good file was replaced")
	}
	if d := cmp.Diff(map[string]string{"one.onnx": first, "two.onnx": second}, listing(t, to)); d != "" {
		t.Errorf("a damaged file was not replaced: %s", d)
	}
}

func TestInstallRefusesAnotherFile(t *testing.T) {
	for name, text := range map[string]string{"same size": altered, "longer": first + " and more", "shorter": first[:3], "empty": ""} {
		m := small(t, texts)
		to := folder(t, map[string]string{"one.onnx": "old"})
		err := m.Install(t.Context(), folder(t, map[string]string{"one.onnx": text}), to, nil, nil)
		if fault.KindOf(err) != fault.Integrity {
			t.Errorf("%s: %v", name, err)
		}
		if d := cmp.Diff(map[string]string{"one.onnx": "old"}, listing(t, to)); d != "" {
			t.Errorf("%s: the folder changed: %s", name, d)
		}
	}
}

func TestInstallFaults(t *testing.T) {
	m := small(t, texts)
	from := folder(t, map[string]string{"two.onnx": second})
	file := filepath.Join(from, "two.onnx")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx      context.Context
		from, to string
		names    []string
		want     fault.Kind
	}{
		"unknown model":     {t.Context(), from, t.TempDir(), []string{"three"}, fault.NotFound},
		"named and absent":  {t.Context(), from, t.TempDir(), []string{"one"}, fault.NotFound},
		"nothing there":     {t.Context(), t.TempDir(), t.TempDir(), nil, fault.NotFound},
		"no folder":         {t.Context(), filepath.Join(from, "x"), t.TempDir(), nil, fault.BadInput},
		"a file as folder":  {t.Context(), file, t.TempDir(), nil, fault.BadInput},
		"into a file":       {t.Context(), from, file, nil, fault.NoSpace},
		"other scheme":      {t.Context(), "ftp://example.org/", t.TempDir(), nil, fault.Usage},
		"no address known":  {t.Context(), "", t.TempDir(), []string{"one"}, fault.NotFound},
		"interrupted":       {ctx, from, t.TempDir(), []string{"two"}, fault.Interrupted},
		"refused by server": {t.Context(), "http://127.0.0.1:1/", t.TempDir(), []string{"one"}, fault.NotFound},
	} {
		err := m.Install(c.ctx, c.from, c.to, c.names, nil)
		if fault.KindOf(err) != c.want || err == nil {
			t.Errorf("%s: %v, kind %s", name, err, fault.KindOf(err))
		}
		if entries, err := os.ReadDir(c.to); err == nil && len(entries) > 0 {
			t.Errorf("%s: %v was left", name, entries)
		}
	}
}

func TestInstallFromAddress(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/models/one.onnx":
			fmt.Fprint(w, first)
		case "/models/two.onnx": // goes on for ever
			for range 1 << 20 {
				if _, err := fmt.Fprint(w, strings.Repeat("x", 1024)); err != nil {
					return
				}
			}
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	m := small(t, texts)
	to := t.TempDir()
	if err := m.Install(t.Context(), server.URL+"/models/", to, []string{"one"}, nil); err != nil {
		t.Fatal(err)
	}
	if err := m.Install(t.Context(), server.URL+"/models", to, []string{"two"}, nil); fault.KindOf(err) != fault.Integrity {
		t.Errorf("endless: %v", err)
	}
	if err := m.Install(t.Context(), server.URL+"/models", to, []string{"plate"}, nil); fault.KindOf(err) != fault.NotFound {
		t.Errorf("not on the server: %v", err)
	}
	// A model's own address is used when none is given.
	m.Models[1].URL = server.URL + "/models/one.onnx"
	if err := m.Install(t.Context(), "", to, []string{"two"}, nil); fault.KindOf(err) != fault.Integrity {
		t.Errorf("own address: %v", err)
	}
	if d := cmp.Diff(map[string]string{"one.onnx": first}, listing(t, to)); d != "" {
		t.Errorf("installed: %s", d)
	}
}

func TestCheckAndRead(t *testing.T) {
	m := small(t, texts)
	one := m.Models[0]
	dir := folder(t, map[string]string{"good": first, "other": altered, "long": first + "!"})
	for name, want := range map[string]fault.Kind{"other": fault.Integrity, "long": fault.Integrity, "absent": fault.Missing, ".": fault.Integrity} {
		path := filepath.Join(dir, name)
		if err := Check(path, one); fault.KindOf(err) != want {
			t.Errorf("Check of %s: %v", name, err)
		}
		if data, err := Read(path, one); fault.KindOf(err) != want || data != nil {
			t.Errorf("Read of %s: %q, %v", name, data, err)
		}
	}
	if data, err := Read(filepath.Join(dir, "good"), one); err != nil || string(data) != first {
		t.Errorf("Read: %q, %v", data, err)
	}
	for _, s := range m.Verify(dir) {
		if s.State != Absent || s.Err != nil {
			t.Errorf("%s is %s: %v", s.Model.Name, s.State, s.Err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "one.onnx"), []byte(altered), 0o600); err != nil {
		t.Fatal(err)
	}
	if s := m.Verify(dir)[0]; s.State != Wrong || fault.KindOf(s.Err) != fault.Integrity {
		t.Errorf("a changed file is %s: %v", s.State, s.Err)
	}
}

// TestRealModels hashes the files of the test data, where it is.
func TestRealModels(t *testing.T) {
	dir := os.Getenv("POSTERIORI_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "data")
	}
	if _, err := os.Stat(filepath.Join(dir, "models")); err != nil {
		t.Skipf("no models: %v (set POSTERIORI_DATA)", err)
	}
	for _, s := range loaded(t).Verify(filepath.Join(dir, "models")) {
		if s.State == Wrong {
			t.Error(s.Err)
		}
	}
}
