package analysis

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"posteriori/engine/wire"
)

// What a worker says of itself comes with the hashes of the files that run: one
// put in place of another shows, whatever it says.
func TestWorkerIsNamedByItsHash(t *testing.T) {
	dir := t.TempDir()
	w := Worker{Path: filepath.Join(dir, "worker"), ORTPath: filepath.Join(dir, "lib.so")}
	named := func(program, library string) string {
		t.Helper()
		for path, text := range map[string]string{w.Path: program, w.ORTPath: library} {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return w.named(wire.Hello{Version: wire.Version, Build: "v1\n"}).Build
	}
	ours := named("a", "b")
	if !strings.HasPrefix(ours, "v1  sha256:ca978112") || !strings.Contains(ours, " onnxruntime sha256:3e23e816") {
		t.Errorf("%q", ours)
	}
	if again := named("a", "b"); again != ours {
		t.Errorf("%q, then %q", ours, again)
	}
	if named("x", "b") == ours || named("a", "x") == ours {
		t.Error("another file has the same name")
	}
	if got := (Worker{Path: "/nowhere"}).named(wire.Hello{Version: 1, Build: "v"}).Build; got != "v sha256:unknown" {
		t.Errorf("%q", got)
	}
	if got := w.named(wire.Hello{}); got.Build != "" {
		t.Errorf("a worker that said nothing is %q", got.Build)
	}
}
