package infer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"posteriori/engine/fault"
)

// This test stands in the first file, as later ones load a library for good.

func TestLoadRefuses(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.so")
	if err := os.WriteFile(text, []byte("no library"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"", "libonnxruntime.so", filepath.Join(dir, "absent.so"), dir, text} {
		err := Load(path)
		if fault.KindOf(err) != fault.Missing {
			t.Errorf("Load(%q): %v", path, err)
		}
		if f, ok := err.(*fault.Error); !ok || !strings.Contains(f.Hint, "make build") {
			t.Errorf("Load(%q) gives no hint: %v", path, err)
		}
	}
}
