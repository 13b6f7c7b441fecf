package evidence

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"posteriori/engine/fault"
)

var ctx = context.Background()

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func sum(text string) string {
	h := sha256.Sum256([]byte(text))
	return hex.EncodeToString(h[:])
}

func want(t *testing.T, what string, err error, kind fault.Kind, rule string) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != kind || f.Rule != rule {
		t.Errorf("%s: %v, want %v under rule %q", what, err, kind, rule)
	}
}

func TestHash(t *testing.T) {
	text := strings.Repeat("frames ", 500_000)
	path := write(t, "a.mp4", text)
	var last, total int64
	id, err := Hash(ctx, path, func(d, n int64) {
		if d <= last {
			t.Errorf("progress went from %d to %d", last, d)
		}
		last, total = d, n
	})
	if err != nil || id.SHA256 != sum(text) || id.Bytes != int64(len(text)) || last != id.Bytes || total != id.Bytes {
		t.Errorf("%+v, %v; progress %d of %d", id, err, last, total)
	}
	stop, cancel := context.WithCancel(ctx)
	if _, err := Hash(stop, path, func(int64, int64) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if id, err := Hash(ctx, write(t, "empty", ""), nil); err != nil || id.SHA256 != sum("") {
		t.Errorf("empty file: %+v, %v", id, err)
	}
}

func TestRule1(t *testing.T) {
	for _, url := range []string{"rtsp://cam/1", "http://h/x.mp4", "udp://@:1234", "pipe:0", "concat:a|b", "tcp:1", "file:/nowhere"} {
		_, err := Hash(ctx, url, nil)
		want(t, url, err, fault.Refused, "1")
	}
	_, err := Hash(ctx, write(t, "a", "x")+"\xe9.avi", nil)
	want(t, "name in Latin-1", err, fault.BadInput, "")
	pipe := filepath.Join(t.TempDir(), "live")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Hash(ctx, pipe, nil)
	want(t, "pipe", err, fault.Refused, "1")
	_, err = Hash(ctx, "/dev/zero", nil)
	want(t, "device", err, fault.Refused, "1")
	// A local file may have a colon in its name.
	path := write(t, "cam1:2025.mp4", "x")
	t.Chdir(filepath.Dir(path))
	if _, err := Hash(ctx, "cam1:2025.mp4", nil); err != nil {
		t.Error(err)
	}
}

func TestChangesWhileRead(t *testing.T) {
	t.Cleanup(func() { afterRead = func(string) {} })
	for name, change := range map[string]func(path string) error{
		"grows": func(p string) error { return os.Truncate(p, 9) },
		"shrinks": func(p string) error {
			return os.Truncate(p, 1)
		},
		"touched": func(p string) error { return os.Chtimes(p, time.Time{}, time.Unix(1, 0)) },
		"replaced": func(p string) error {
			info, err := os.Stat(p)
			if err != nil {
				return err
			}
			if err := os.WriteFile(p+"2", []byte("xyz"), 0o600); err != nil {
				return err
			}
			if err := os.Chtimes(p+"2", time.Time{}, info.ModTime()); err != nil {
				return err
			}
			return os.Rename(p+"2", p)
		},
	} {
		path := write(t, "a", "abc")
		afterRead = func(p string) {
			if err := change(p); err != nil {
				t.Fatal(err)
			}
		}
		_, err := Hash(ctx, path, nil)
		want(t, name, err, fault.Refused, "1")
	}
}

func TestOpenForWriting(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux can tell")
	}
	path := write(t, "a", "abc")
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Hash(ctx, path, nil)
	f.Close()
	var e *fault.Error
	if err == nil {
		t.Skip("this file system grants leases beside writers")
	}
	if !errors.As(err, &e) || e.Rule != "1" || !strings.Contains(e.Msg, "open for writing") {
		t.Errorf("%v", err)
	}
	if _, err := Hash(ctx, path, nil); err != nil {
		t.Errorf("after the writer closed it: %v", err)
	}
}

func TestUnreadable(t *testing.T) {
	_, err := Hash(ctx, filepath.Join(t.TempDir(), "none"), nil)
	want(t, "absent", err, fault.BadInput, "")
	_, err = Hash(ctx, t.TempDir(), nil)
	want(t, "folder", err, fault.BadInput, "")
	if os.Geteuid() == 0 {
		t.Skip("root may read every file")
	}
	path := write(t, "a", "abc")
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	_, err = Hash(ctx, path, nil)
	want(t, "permission", err, fault.BadInput, "")
}

func TestCheck(t *testing.T) {
	path := write(t, "a", "abc")
	id, err := Check(ctx, path, sum("abc"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := Unchanged(id); err != nil {
		t.Error(err)
	}
	_, err = Check(ctx, path, sum("abd"), nil)
	want(t, "altered", err, fault.Integrity, "21")
	if err := os.WriteFile(path, []byte("abcd"), 0o600); err != nil {
		t.Fatal(err)
	}
	want(t, "longer", Unchanged(id), fault.Integrity, "21")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	_, err = Check(ctx, path, sum("abc"), nil)
	want(t, "gone", err, fault.Integrity, "21")
	want(t, "gone", Unchanged(id), fault.Integrity, "21")
}

func TestDerived(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out.json")
	put := func(text string, clobber bool) (Derived, error) {
		w, err := Create(path, clobber)
		if err != nil {
			return Derived{}, err
		}
		defer w.Abort()
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		return w.Commit()
	}
	d, err := put("one", false)
	if err != nil || d.SHA256 != sum("one") || d.Bytes != 3 {
		t.Fatalf("%+v, %v", d, err)
	}
	_, err = put("two", false)
	want(t, "second time", err, fault.BadInput, "")
	if _, err := put("three", true); err != nil {
		t.Error(err)
	}
	if b, _ := os.ReadFile(path); string(b) != "three" {
		t.Errorf("holds %q", b)
	}
	w, err := Create(filepath.Join(dir, "late"), false)
	if err != nil {
		t.Fatal(err)
	}
	// Somebody else makes the file between Create and Commit.
	if err := os.WriteFile(filepath.Join(dir, "late"), []byte("theirs"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = w.Commit()
	want(t, "late", err, fault.BadInput, "")
	if b, _ := os.ReadFile(filepath.Join(dir, "late")); string(b) != "theirs" {
		t.Errorf("clobbered: %q", b)
	}
	w, err = Create(filepath.Join(dir, "dropped"), false)
	if err != nil {
		t.Fatal(err)
	}
	w.Abort()
	_, err = Create(filepath.Join(dir, "no", "folder"), false)
	want(t, "no folder", err, fault.BadInput, "")
	_, err = Create(dir, true)
	want(t, "a folder", err, fault.BadInput, "")
	list, _ := os.ReadDir(dir)
	if len(list) != 2 {
		t.Errorf("left behind: %v", list)
	}
}

func TestSeal(t *testing.T) {
	dir := t.TempDir()
	temp, path := filepath.Join(dir, "tmp.mp4"), filepath.Join(dir, "out.mp4")
	for i, text := range []string{"one", "two"} {
		if err := os.WriteFile(temp, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		d, err := Seal(ctx, temp, path, i == 1)
		if err != nil || d.SHA256 != sum(text) || d.Path != path {
			t.Fatalf("%+v, %v", d, err)
		}
	}
	_, err := Seal(ctx, temp, path, false)
	want(t, "exists", err, fault.BadInput, "")
	_, err = Seal(ctx, temp, path+"2", false)
	want(t, "nothing written", err, fault.BadInput, "")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}
