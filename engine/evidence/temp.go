package evidence

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"posteriori/engine/fault"
)

// tempPrefix begins the names of what is being made beside its place.
const tempPrefix = ".posteriori-"

// TempDir makes an empty folder beside path for work that will become path, and
// returns what removes it. What an earlier process left there when it was killed
// is destroyed first: it may be pictures in the clear.
func TempDir(path string) (dir string, drop func(), err error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", nil, fault.Wrap(fault.Usage, err, "no such path").OnFile(path)
	}
	if err := CheckPlace(abs); err != nil {
		return "", nil, err
	}
	Sweep(filepath.Dir(abs))
	for {
		if dir, err = os.MkdirTemp(filepath.Dir(abs), tempPrefix+"*"); err != nil {
			return "", nil, writeFault(path, err)
		}
		f, err := os.Open(dir)
		if err == nil && hold(f) {
			return dir, func() { _ = os.RemoveAll(dir); _ = f.Close() }, nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", nil, writeFault(path, err)
		}
	}
}

// tempFile makes an empty file beside path, as [TempDir] does.
func tempFile(path string) (*os.File, error) {
	Sweep(filepath.Dir(path))
	for {
		f, err := os.CreateTemp(filepath.Dir(path), tempPrefix+"*"+filepath.Ext(path))
		if err != nil {
			return nil, writeFault(path, err)
		}
		if hold(f) {
			return f, nil
		}
		_ = f.Close()
	}
}

// hold marks what is being made as in use for as long as f is open, which ends
// with the process. It fails when another process swept it in the moment between
// its making and its mark. A file system without locks has no such marks, and
// nothing is swept there.
func hold(f *os.File) bool {
	if errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB), syscall.EWOULDBLOCK) {
		return false
	}
	made, err := f.Stat()
	if err != nil {
		return false
	}
	now, err := os.Lstat(f.Name())
	return err == nil && os.SameFile(made, now)
}

// Sweep destroys what killed processes of this account left in dir beside their
// output. What a running one is making stays. What cannot be destroyed is left
// for the next time.
func Sweep(dir string) {
	list, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range list {
		if strings.HasPrefix(e.Name(), tempPrefix) {
			sweepOne(filepath.Join(dir, e.Name()))
		}
	}
}

func sweepOne(path string) {
	info, err := os.Lstat(path)
	if err != nil || !info.IsDir() && !info.Mode().IsRegular() {
		return
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(st.Uid) != os.Geteuid() {
		return
	}
	f, err := os.Open(path)
	if err != nil {
		return
	}
	defer f.Close()
	if now, err := f.Stat(); err != nil || !os.SameFile(info, now) {
		return
	}
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		return
	}
	if info.Mode().IsRegular() && st.Nlink > 1 { // killed between its two names: the other is the finished file
		_ = os.Remove(path)
		return
	}
	_ = Destroy(path)
}
