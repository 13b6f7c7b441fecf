package media

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"posteriori/engine/fault"
)

func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("no small disk can be mounted here (%v); the words are tested in TestWriteErrors", err)
	}
	defer syscall.Unmount(dir, 0)
	out := filepath.Join(dir, "o.mp4")
	e, err := NewEncoder(context.Background(), out, 640, 480, 40_000, nil)
	if err != nil {
		t.Fatal(err)
	}
	x := uint32(1)
	y := grey(640, 480, 0)
	for range 60 {
		for i := range y.Y.Pix { // noise does not compress
			x = x*1664525 + 1013904223
			y.Y.Pix[i] = byte(x >> 24)
		}
		if err = e.Write(y); err != nil {
			break
		}
	}
	if cerr := e.Close(); err == nil {
		err = cerr
	}
	wantFault(t, err, fault.NoSpace, out, "full")
	if _, err := os.Stat(out); err == nil {
		t.Error("an unfinished file is left")
	}
}
