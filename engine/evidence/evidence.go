// Package evidence keeps originals untouched and derived files accountable.
//
// Originals are opened for reading only, and their SHA-256 is what they are
// known by: taken at import, checked at each use (rule 21). A file that is
// not finished is refused (rule 1): a stream's address, a pipe or device, a
// file that another program has open for writing, or one that changes while
// it is read. Derived files are new files that appear whole, with their hash,
// and replace nothing unless told to.
package evidence

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"regexp"
	"time"
	"unicode/utf8"

	"posteriori/engine/fault"
	"posteriori/engine/procedure"
)

// Identity is what a file was when it was read.
type Identity struct {
	Path     string    `json:"path"`
	SHA256   string    `json:"sha256"`
	Bytes    int64     `json:"bytes"`
	Modified time.Time `json:"modified"`
}

// Progress is told how many of total bytes were read.
type Progress func(done, total int64)

// address matches what FFmpeg would take for a protocol: rtsp://, http://,
// pipe:, concat:, tcp: and so on.
var address = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]+:`)

// CheckPath refuses what is not a finished file on a disk (rule 1). A path
// that does not exist, or whose name no index can hold, is fault.BadInput.
func CheckPath(path string) error {
	if !utf8.ValidString(path) {
		return fault.New(fault.BadInput, "its name is not in UTF-8").OnFile(path).
			WithHint("give the copy another name, or mount its volume so that names are UTF-8 (iocharset=utf8), then repeat the command")
	}
	info, err := os.Stat(path)
	if err != nil {
		if address.MatchString(path) {
			return refuse(path, "save the recording as a file and import that", "it is an address, not a file")
		}
		return readFault(path, err)
	}
	if info.IsDir() {
		if _, err := os.ReadDir(path); err != nil {
			return readFault(path, err)
		}
		return fault.New(fault.BadInput, "it is a folder").OnFile(path)
	}
	return checkRegular(path, info)
}

func checkRegular(path string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return refuse(path, "save the recording as a file and import that", "it is a %s, not a finished file", kindOf(info.Mode()))
	}
	return nil
}

func kindOf(m fs.FileMode) string {
	switch {
	case m&fs.ModeNamedPipe != 0:
		return "pipe"
	case m&fs.ModeSocket != 0:
		return "socket"
	case m&fs.ModeDevice != 0:
		return "device"
	}
	return "special file"
}

// notFinished is the refusal of a file that is still being made.
func notFinished(path, format string, args ...any) error {
	return refuse(path, "wait until it is complete, then repeat the command", format, args...)
}

// refuse refuses path under rule 1. The path stands apart from the message,
// which goes into the journal.
func refuse(path, todo, format string, args ...any) error {
	return refuseUnder("1", path, todo, format, args...)
}

func refuseUnder(rule, path, todo, format string, args ...any) error {
	err := procedure.Refuse(rule, todo, format, args...)
	var f *fault.Error
	if errors.As(err, &f) {
		return f.OnFile(path)
	}
	return err
}

func readFault(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fault.New(fault.BadInput, "there is no such file").OnFile(path).
			WithHint("check the name, and that the medium is connected")
	case errors.Is(err, fs.ErrPermission):
		return fault.New(fault.BadInput, "it may not be read").OnFile(path).
			WithHint("give this account the right to read it, then repeat the command")
	}
	return fault.Wrap(fault.BadInput, err, "it cannot be read").OnFile(path).
		WithHint("see that its disk or share is there and answers, then repeat the command")
}

// afterRead is called between reading and the second look; tests change the
// file there.
var afterRead = func(path string) {}

// Hash reads path to its end and says what it is. It refuses a file that is
// not finished (rule 1); other failures are fault.BadInput on the file. It
// ends early with ctx's error. report may be nil.
func Hash(ctx context.Context, path string, report Progress) (Identity, error) {
	if err := CheckPath(path); err != nil {
		return Identity{}, err
	}
	f, err := os.Open(path)
	if err != nil {
		return Identity{}, readFault(path, err)
	}
	defer f.Close()
	before, err := f.Stat()
	if err != nil {
		return Identity{}, readFault(path, err)
	}
	if err := checkRegular(path, before); err != nil {
		return Identity{}, err
	}
	if beingWritten(f) {
		return Identity{}, notFinished(path, "another program has it open for writing")
	}
	h := sha256.New()
	n, err := copyHash(ctx, h, f, before.Size(), report)
	if err != nil {
		if ctx.Err() != nil {
			return Identity{}, ctx.Err()
		}
		return Identity{}, readFault(path, err)
	}
	afterRead(path)
	after, err := os.Stat(path)
	if err != nil {
		return Identity{}, readFault(path, err)
	}
	if n != before.Size() || !same(before, after) {
		return Identity{}, notFinished(path, "it changed while it was read (%d bytes, then %d)", before.Size(), after.Size())
	}
	return Identity{Path: path, SHA256: hex.EncodeToString(h.Sum(nil)), Bytes: n, Modified: before.ModTime().UTC()}, nil
}

// same says that two looks at a path saw the same unchanged file.
func same(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// copyHash feeds h from r block by block.
func copyHash(ctx context.Context, h io.Writer, r io.Reader, total int64, report Progress) (int64, error) {
	buf := make([]byte, 1<<20)
	var done int64
	for {
		if err := ctx.Err(); err != nil {
			return done, err
		}
		n, err := r.Read(buf)
		if n > 0 {
			h.Write(buf[:n])
			done += int64(n)
			if report != nil {
				report(done, total)
			}
		}
		if err == io.EOF {
			return done, nil
		}
		if err != nil {
			return done, err
		}
	}
}

// Hasher reads a file whole and says what it is: [Hash], or another machine that
// does the same.
type Hasher func(ctx context.Context, path string, report Progress) (Identity, error)

// Check reads path and compares it with the hash taken at import. An original
// that differs or is gone is fault.Integrity (rule 21).
func Check(ctx context.Context, path, want string, report Progress) (Identity, error) {
	return Hasher(Hash).Check(ctx, path, want, report)
}

// Check is [Check] by the hasher.
func (h Hasher) Check(ctx context.Context, path, want string, report Progress) (Identity, error) {
	id, err := h(ctx, path, report)
	if errors.Is(err, fs.ErrNotExist) || fault.KindOf(err) == fault.BadInput {
		return id, fault.Wrap(fault.Integrity, err, "the original cannot be checked").UnderRule("21").
			WithHint("put the original back where it was imported from, or see that its disk or share is there")
	}
	if err != nil {
		return id, err
	}
	if id.SHA256 != want {
		return id, fault.New(fault.Integrity, "the original was altered: its SHA-256 is %s, at import it was %s", id.SHA256, want).
			OnFile(path).UnderRule("21").WithHint("go back to the sealed exhibit; nothing is done with an altered file")
	}
	return id, nil
}

// Altered tells whether err, of [Check] or [Unchanged], says that an original
// is there but is another file now. One that is gone or cannot be read is not.
func Altered(err error) bool {
	var f *fault.Error
	return errors.As(err, &f) && f.Kind == fault.Integrity && f.Rule == "21" && f.Err == nil
}

// Unchanged is the cheap look between two checks: size and time of change are
// still those of id. It fails as [Check] does.
func Unchanged(id Identity) error {
	info, err := os.Stat(id.Path)
	if err != nil {
		return fault.Wrap(fault.Integrity, err, "the original is gone").OnFile(id.Path).UnderRule("21").
			WithHint("put the original back where it was imported from, or see that its disk or share is there")
	}
	if info.Size() != id.Bytes || !info.ModTime().Equal(id.Modified) {
		return fault.New(fault.Integrity, "the original changed while it was in use").OnFile(id.Path).UnderRule("21").
			WithHint("check the exhibit; nothing is done with an altered file")
	}
	return nil
}
