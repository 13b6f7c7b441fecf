package evidence

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"posteriori/engine/fault"
)

// Derived is a file that was made from originals.
type Derived struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
	Bytes  int64  `json:"bytes"`
}

// Writer writes one derived file beside its final name. Nothing is to be seen
// there until [Writer.Commit].
type Writer struct {
	f       *os.File
	path    string
	clobber bool
	sum     hash.Hash
	n       int64
}

// Create starts a derived file that will be path. An existing one is
// fault.BadInput unless clobber is set.
func Create(path string, clobber bool) (*Writer, error) {
	if err := free(path, clobber); err != nil {
		return nil, err
	}
	f, err := tempFile(path)
	if err != nil {
		return nil, err
	}
	return &Writer{f: f, path: path, clobber: clobber, sum: sha256.New()}, nil
}

// free says whether path may be written.
func free(path string, clobber bool) error {
	if err := CheckPlace(path); err != nil {
		return err
	}
	info, err := os.Lstat(path)
	switch {
	case err == nil && info.IsDir():
		return fault.New(fault.BadInput, "it is a folder").OnFile(path)
	case err == nil && !clobber:
		return exists(path)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return writeFault(path, err)
	}
	return nil
}

func exists(path string) error {
	return fault.New(fault.BadInput, "it exists already").OnFile(path).
		WithHint("name another file, or remove this one")
}

func writeFault(path string, err error) error {
	kind, hint := fault.Internal, ""
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		kind, hint = fault.NoSpace, "free some space on that disk, then repeat the command"
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		kind, hint = fault.NoSpace, "name a folder that this account may write to"
	case errors.Is(err, fs.ErrNotExist):
		kind, hint = fault.BadInput, "make its folder first"
	}
	return fault.Wrap(kind, err, "it cannot be written").OnFile(path).WithHint("%s", hint)
}

// Write adds to the file.
func (w *Writer) Write(b []byte) (int, error) {
	n, err := w.f.Write(b)
	w.sum.Write(b[:n])
	w.n += int64(n)
	if err != nil {
		return n, writeFault(w.path, err)
	}
	return n, nil
}

// Commit puts the file in its place, on the disk, and says what it is.
func (w *Writer) Commit() (Derived, error) {
	temp := w.f.Name()
	defer w.Abort()
	if err := w.f.Sync(); err != nil {
		return Derived{}, writeFault(w.path, err)
	}
	if err := w.f.Close(); err != nil {
		return Derived{}, writeFault(w.path, err)
	}
	if err := place(temp, w.path, w.clobber); err != nil {
		return Derived{}, err
	}
	return Derived{Path: w.path, SHA256: hex.EncodeToString(w.sum.Sum(nil)), Bytes: w.n}, nil
}

// Abort removes what was written. After Commit it does nothing.
func (w *Writer) Abort() {
	_ = w.f.Close()
	_ = os.Remove(w.f.Name())
}

// Seal takes a file that another program wrote at temp, in the folder of
// path, and makes it the derived file path as [Writer.Commit] does.
func Seal(ctx context.Context, temp, path string, clobber bool) (Derived, error) {
	if err := free(path, clobber); err != nil {
		return Derived{}, err
	}
	id, err := Hash(ctx, temp, nil)
	if err != nil {
		return Derived{}, err
	}
	f, err := os.OpenFile(temp, os.O_RDWR, 0)
	if err != nil {
		return Derived{}, writeFault(path, err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return Derived{}, writeFault(path, err)
	}
	if err := place(temp, path, clobber); err != nil {
		return Derived{}, err
	}
	return Derived{Path: path, SHA256: id.SHA256, Bytes: id.Bytes}, nil
}

// place moves temp to path. Without clobber a file that came there meanwhile
// stays: a hard link, unlike a rename, fails on an existing name. File
// systems without links (exFAT, some network shares) get a last look and a
// rename.
func place(temp, path string, clobber bool) error {
	if err := os.Chmod(temp, 0o600); err != nil {
		return writeFault(path, err)
	}
	var err error
	if clobber {
		err = os.Rename(temp, path)
	} else if err = os.Link(temp, path); err == nil {
		err = os.Remove(temp)
	} else if !errors.Is(err, fs.ErrExist) {
		if err = free(path, false); err == nil {
			err = os.Rename(temp, path)
		}
	}
	if errors.Is(err, fs.ErrExist) {
		return exists(path)
	}
	if err != nil {
		var f *fault.Error
		if errors.As(err, &f) {
			return err
		}
		return writeFault(path, err)
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return writeFault(path, err)
	}
	return nil
}

// syncDir puts a folder's list of names on the disk.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) { // some shares cannot
		return err
	}
	return nil
}
