package machines

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"posteriori/engine/wire"
)

// A machine's name is the same each time, may stand where it is recorded, and
// does not tell the number that it is made from.
func TestMachineName(t *testing.T) {
	const id = "0123456789abcdef0123456789abcdef"
	path := filepath.Join(t.TempDir(), "machine-id")
	if err := os.WriteFile(path, []byte(id+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	a, b := nameFrom(path), nameFrom(path)
	if a != b || !strings.HasPrefix(a, "m-") || !wire.CheckMachine(a) || strings.Contains(id, a[2:]) {
		t.Errorf("%q, %q", a, b)
	}
	for _, text := range []string{"", "uninitialized\n", id[:20]} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		a, b := nameFrom(path), nameFrom(path)
		if a == b || !strings.HasPrefix(a, "r-") || !wire.CheckMachine(a) {
			t.Errorf("of %q: %q, %q", text, a, b)
		}
	}
	for _, bad := range []string{"", "a b", "-x", "é", "a\n", strings.Repeat("a", 65)} {
		if wire.CheckMachine(bad) {
			t.Errorf("%q may be a name", bad)
		}
	}
}
