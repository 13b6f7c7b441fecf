package evidence

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"posteriori/engine/fault"
)

// TestDestroy: the content is overwritten before the name goes, folders with
// all in them; a link goes alone.
func TestDestroy(t *testing.T) {
	dir := t.TempDir()
	secret := strings.Repeat("secret", 100_000)
	put := func(path string) string {
		t.Helper()
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(secret), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	one, apart := put("one"), put("apart")
	put("folder/in/two")
	held, err := os.Open(one) // what the blocks hold after the name is gone
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if err := os.Symlink(apart, filepath.Join(dir, "folder", "link")); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{one, filepath.Join(dir, "folder"), filepath.Join(dir, "never there")} {
		if err := Destroy(path); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is still there: %v", path, err)
		}
	}
	left := make([]byte, len(secret))
	if n, _ := held.Read(left); n != len(secret) || strings.Contains(string(left), "secret") {
		t.Errorf("%d bytes are left and show what they were", n)
	}
	if b, err := os.ReadFile(apart); err != nil || string(b) != secret {
		t.Errorf("a link took what it names with it: %v", err)
	}
}

func TestAltered(t *testing.T) {
	path := write(t, "a", "x")
	id, err := Hash(ctx, path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Check(ctx, path, sum("x"), nil); err != nil || Altered(err) {
		t.Errorf("an unaltered one: %v", err)
	}
	if _, err := Check(ctx, path, sum("y"), nil); !Altered(err) {
		t.Errorf("an altered one: %v", err)
	}
	if err := os.WriteFile(path, []byte("xy"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Unchanged(id); !Altered(err) {
		t.Errorf("one that changed in use: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{Unchanged(id), func() error { _, err := Check(ctx, path, sum("x"), nil); return err }()} {
		if Altered(err) || fault.KindOf(err) != fault.Integrity {
			t.Errorf("one that is gone: %v", err)
		}
	}
}
