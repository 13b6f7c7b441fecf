package models

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"posteriori/engine/fault"
)

// State is what became of a model's file.
type State string

// The states.
const (
	Absent     State = "absent"     // not there
	OK         State = "ok"         // there, and its hash is the manifest's
	Wrong      State = "wrong"      // there, and its hash is another, it is refused, or it cannot be read
	Installing State = "installing" // on its way
	Installed  State = "installed"  // put in place now
)

// Status is one model's file in a folder.
type Status struct {
	Model Model
	Path  string
	State State
	Err   error // why it is Wrong
}

const installHint = "install it with `posteriori models install --from DIR`"

// Verify hashes the file of every model in dir, in the manifest's order.
func (m *Manifest) Verify(dir string) []Status {
	out := make([]Status, 0, len(m.Models))
	for _, x := range m.Models {
		out = append(out, x.status(dir))
	}
	return out
}

func (m Model) status(dir string) Status {
	s := Status{Model: m, Path: filepath.Join(dir, m.File), State: OK}
	if s.Err = Check(s.Path, m); s.Err != nil {
		s.State = Wrong
		if errors.Is(s.Err, fs.ErrNotExist) {
			s.State, s.Err = Absent, nil
		}
	}
	return s
}

// Check is [Read] without the content.
func Check(path string, m Model) error {
	_, err := Read(path, m)
	return err
}

// Read is the content of the file at path, hashed and looked into: what it
// returns is what was checked. Not there or not readable is fault.Missing,
// another size or hash than the manifest's is fault.Integrity under rule 11,
// and what [Inspect] refuses is refused.
func Read(path string, m Model) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.Wrap(fault.Missing, reason(err), "model %s cannot be read", m.Name).OnFile(path).WithHint(installHint)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && !info.Mode().IsRegular() {
		return nil, fault.New(fault.Integrity, "model %s is not a regular file", m.Name).OnFile(path)
	}
	var b bytes.Buffer
	b.Grow(int(min(m.Bytes+1, 64<<20)))
	if err := m.copyChecked(&b, f, path); err != nil {
		return nil, err
	}
	if err := Inspect(b.Bytes(), m); err != nil {
		return nil, onFile(err, path)
	}
	return b.Bytes(), nil
}

// onFile names the file in an error that Inspect made.
func onFile(err error, path string) error {
	var f *fault.Error
	if errors.As(err, &f) {
		_ = f.OnFile(path)
	}
	return err
}

// reason drops the path from an error of the file system: fault.Error has it.
func reason(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// copyChecked copies a model, refusing all but the manifest's size and hash.
// What is copied before a refusal must be thrown away.
func (m Model) copyChecked(to io.Writer, from io.Reader, name string) error {
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(to, h), io.LimitReader(from, m.Bytes+1))
	if err != nil {
		return writeFault(err, name)
	}
	if n != m.Bytes {
		what := "shorter"
		if n > m.Bytes {
			what = "longer"
		}
		return m.refuse(name, "is %s than the %d bytes of the manifest", what, m.Bytes)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != m.SHA256 {
		return m.refuse(name, "has the SHA-256 %s, which is not in the manifest", got)
	}
	return nil
}

func (m Model) refuse(name, format string, args ...any) error {
	e := fault.New(fault.Integrity, format, args...).OnFile(name).
		UnderRule("11").
		WithHint("get the file that the manifest names: %s, SHA-256 %s", m.Source, m.SHA256)
	e.Msg = "model " + m.Name + " " + e.Msg
	return e
}

func writeFault(err error, name string) error {
	kind := fault.Internal
	switch {
	case errors.Is(err, context.Canceled):
		kind = fault.Interrupted
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS), errors.Is(err, syscall.EDQUOT):
		kind = fault.NoSpace
	}
	return fault.Wrap(kind, reason(err), "cannot be copied").OnFile(name)
}
