package evidence

import (
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"posteriori/engine/fault"
)

// Destroy overwrites a file with noise, on the disk, and removes it, or a
// folder with all in it; a symbolic link goes, what it names stays. What is not
// there is no error. Where a file system or a drive writes elsewhere than it
// read (copy on write, flash), the old blocks are not reached: only what was
// encrypted is then sure to be gone, by its key.
func Destroy(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return destroyFault(path, err)
	case info.IsDir():
		return destroyDir(path)
	case info.Mode().IsRegular():
		if err := overwrite(path, info.Size()); err != nil {
			return destroyFault(path, err)
		}
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return destroyFault(path, err)
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return destroyFault(path, err)
	}
	return nil
}

func destroyDir(path string) error {
	list, err := os.ReadDir(path)
	if err != nil {
		return destroyFault(path, err)
	}
	for _, e := range list {
		if err := Destroy(filepath.Join(path, e.Name())); err != nil {
			return err
		}
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return destroyFault(path, err)
	}
	return nil
}

// overwrite writes noise over a file's bytes where they are.
func overwrite(path string, n int64) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := io.CopyN(f, rand.Reader, n); err != nil {
		return err
	}
	return f.Sync()
}

func destroyFault(path string, err error) error {
	return fault.Wrap(fault.NoSpace, err, "it cannot be destroyed").OnFile(path).
		WithHint("let this account write there, then repeat the command: it goes on where it stopped")
}
