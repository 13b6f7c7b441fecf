package netshare

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func TestShare(t *testing.T) {
	from, at := t.TempDir(), t.TempDir()
	for name, text := range map[string]string{"a.mp4": "first", "b": "second"} {
		if err := os.WriteFile(filepath.Join(from, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Mount(from, at)
	if err != nil {
		t.Skip(err)
	}
	defer s.Close()
	read := func() (string, error) {
		b, err := os.ReadFile(filepath.Join(at, "b"))
		return string(b), err
	}
	if text, err := read(); err != nil || text != "second" || s.Reads() == 0 {
		t.Fatalf("%q, %v", text, err)
	}
	if list, err := os.ReadDir(at); err != nil || len(list) != 2 || list[0].Name() != "a.mp4" {
		t.Errorf("%v, %v", list, err)
	}
	if _, err := os.Stat(filepath.Join(at, "c")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	s.Slow(100 * time.Millisecond)
	began := time.Now()
	if text, err := read(); err != nil || text != "second" || time.Since(began) < 200*time.Millisecond {
		t.Errorf("slow: %q, %v after %v", text, err, time.Since(began))
	}
	s.Away(syscall.ESTALE)
	if _, err := read(); !errors.Is(err, syscall.ESTALE) {
		t.Errorf("away: %v", err)
	}
	s.Back()
	s.Mute()
	got := make(chan string, 1)
	go func() { text, _ := read(); got <- text }()
	select {
	case <-got:
		t.Error("a share that does not answer answered")
	case <-time.After(300 * time.Millisecond):
	}
	s.Back()
	if text := <-got; text != "second" {
		t.Errorf("back: %q", text)
	}
}
