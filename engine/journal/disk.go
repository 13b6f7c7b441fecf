package journal

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"

	"posteriori/engine/fault"
)

// disk is what writing a record does to the folder. Tests put one in its
// place that fails or stops half-way.
type disk struct {
	writeAt  func(f *os.File, b []byte, off int64) (int, error)
	sync     func(f *os.File) error
	truncate func(f *os.File, size int64) error
	rename   func(from, to string) error
	remove   func(name string) error
}

var realDisk = disk{
	writeAt:  (*os.File).WriteAt,
	sync:     (*os.File).Sync,
	truncate: (*os.File).Truncate,
	rename:   os.Rename,
	remove:   os.Remove,
}

// put writes b at off in the named file, which it makes if need be, and has
// it on the disk before it returns. With whole set the file ends after b.
func (d disk) put(name string, b []byte, off int64, whole bool) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if whole {
		if err := d.truncate(f, off); err != nil {
			return err
		}
	}
	if _, err := d.writeAt(f, b, off); err != nil {
		return err
	}
	if err := d.sync(f); err != nil {
		return err
	}
	return f.Close()
}

// cut shortens the named file.
func (d disk) cut(name string, size int64) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := d.truncate(f, size); err != nil {
		return err
	}
	return d.sync(f)
}

// syncDir makes a rename in the folder last.
func (d disk) syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return d.sync(f)
}

// lockWait bounds how long a writer waits for another; a record takes
// milliseconds, so a longer wait means a stopped process.
const lockWait = 30 * time.Second

// lockFile takes the lock on an open file, shared or exclusive.
func lockFile(ctx context.Context, f *os.File, exclusive bool) error {
	how := syscall.LOCK_SH
	if exclusive {
		how = syscall.LOCK_EX
	}
	ctx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	for wait := 100 * time.Microsecond; ; wait = min(2*wait, 2*time.Millisecond) {
		err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		if err == nil || !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return err
		}
		select {
		case <-ctx.Done():
			return fault.New(fault.Internal, "another process holds the lock").OnFile(f.Name()).
				WithHint("look for a posteriori process that is stopped, and end it")
		case <-time.After(wait):
		}
	}
}

// Lock waits for the exclusive lock on the file at path, which it makes, and
// returns what gives it back. It is for other files that processes share.
func Lock(ctx context.Context, path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fault.Wrap(fault.NoSpace, err, "its lock cannot be made").OnFile(path).WithHint("make room, or let this account write there")
	}
	if err := lockFile(ctx, f, true); err != nil {
		f.Close()
		return nil, err
	}
	return func() { f.Close() }, nil // closing gives a flock back
}

func unlockFile(f *os.File) { _ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }

// Rows of the law table: no record, no act; what touches the journal is told.
const (
	ruleJournal = "16"
	ruleProtect = "18"
)

// writeFault turns an error of writing into what the user is told, nil into nil.
func writeFault(dir string, err error) error {
	var f *fault.Error
	if err == nil || errors.As(err, &f) {
		return err
	}
	kind, hint := fault.Internal, "repair the disk, then repeat the command"
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		kind, hint = fault.NoSpace, "free some space on that disk, then repeat the command"
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		kind, hint = fault.NoSpace, "make the folder writable for this account, then repeat the command"
	}
	return fault.Wrap(kind, err, "the journal cannot be written, so nothing was done").
		OnFile(dir).UnderRule(ruleJournal).WithHint("%s", hint)
}

// tampered is the error for a journal that is not as it was sealed.
func tampered(dir, format string, args ...any) error {
	return fault.New(fault.Integrity, format, args...).OnFile(dir).
		UnderRule(ruleProtect).WithHint("run posteriori journal verify; it names the first record touched")
}

// countLines reads r to its end: how many line feeds, and the length up to
// and with the limit-th. A torn last line is not counted.
func countLines(r io.Reader, limit int64) (lines, at int64, err error) {
	buf := make([]byte, 32<<10)
	var read int64
	for {
		n, err := r.Read(buf)
		for i, c := range buf[:n] {
			if c == '\n' {
				if lines++; lines == limit {
					at = read + int64(i) + 1
				}
			}
		}
		read += int64(n)
		if err == io.EOF {
			return lines, at, nil
		}
		if err != nil {
			return lines, at, err
		}
	}
}
