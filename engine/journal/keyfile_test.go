package journal

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"posteriori/engine/fault"
)

func TestKeyFile(t *testing.T) {
	dir := t.TempDir()
	key := dir + "/journal.key"
	writeFile(t, key, []byte("secret\n"))
	if err := CheckKeyFile(key); err != nil {
		t.Errorf("mode 600: %v", err)
	}
	if b, err := ReadKeyFile(key); err != nil || string(b) != "secret\n" {
		t.Errorf("ReadKeyFile = %q, %v", b, err)
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o777} {
		if err := os.Chmod(key, mode); err != nil {
			t.Fatal(err)
		}
		refusedKey(t, key, "others on this machine")
	}
	if err := os.Chmod(key, 0o400); err != nil {
		t.Fatal(err)
	}
	if err := CheckKeyFile(key); err != nil {
		t.Errorf("mode 400: %v", err)
	}
	if err := os.Symlink(key, dir+"/link"); err != nil {
		t.Fatal(err)
	}
	refusedKey(t, dir+"/link", "")
	if err := syscall.Mkfifo(dir+"/pipe", 0o600); err != nil {
		t.Fatal(err)
	}
	refusedKey(t, dir+"/pipe", "not a regular file")
	refusedKey(t, dir, "not a regular file")
	refusedKey(t, dir+"/none", "cannot be read")
	writeFile(t, dir+"/long", bytes.Repeat([]byte("k"), maxKeyFile+1))
	if _, err := ReadKeyFile(dir + "/long"); fault.KindOf(err) != fault.Integrity {
		t.Errorf("endless key: %v", err)
	}
	if os.Getuid() == 0 {
		if err := os.Chown(dir+"/long", 12345, 12345); err != nil {
			t.Fatal(err)
		}
		if err := CheckKeyFile(dir + "/long"); err == nil || !strings.Contains(err.Error(), "12345") {
			t.Errorf("a key of another account: %v", err)
		}
	}
}

// refusedKey wants both functions to refuse the file with a message.
func refusedKey(t *testing.T, path, message string) {
	t.Helper()
	_, rerr := ReadKeyFile(path)
	for _, err := range []error{CheckKeyFile(path), rerr} {
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != fault.Integrity || f.Rule != ruleProtect || f.File != path || !strings.Contains(err.Error(), message) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
