package models

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"posteriori/engine/fault"
)

// State is what became of a model's file.
type State string

// The states.
const (
	Absent     State = "absent"     // not there
	OK         State = "ok"         // there, and its hash is the manifest's
	Wrong      State = "wrong"      // there, and its hash is another, or it cannot be read
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

// Progress is one step of an installation. Done counts bytes; for the states
// other than Installing it is the model's last step.
type Progress struct {
	Model Model
	State State
	Done  int64
}

const installHint = "install it with `posteriori models install`"

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

// Check hashes the file at path. Not there or not readable is fault.Missing,
// another size or hash than the manifest's is fault.Integrity.
func Check(path string, m Model) error {
	_, err := read(path, m, io.Discard)
	return err
}

// Read is the content of the file at path, after the same checks as [Check]:
// what it returns is what was hashed.
func Read(path string, m Model) ([]byte, error) {
	var b bytes.Buffer
	if _, err := read(path, m, &b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func read(path string, m Model, to io.Writer) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, fault.Wrap(fault.Missing, reason(err), "model %s cannot be read", m.Name).OnFile(path).WithHint(installHint)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && !info.Mode().IsRegular() {
		return 0, fault.New(fault.Integrity, "model %s is not a regular file", m.Name).OnFile(path)
	}
	return m.copyChecked(to, f, path)
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
func (m Model) copyChecked(to io.Writer, from io.Reader, name string) (int64, error) {
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(to, h), io.LimitReader(from, m.Bytes+1))
	if err != nil {
		return n, writeFault(err, name)
	}
	if n != m.Bytes {
		what := "shorter"
		if n > m.Bytes {
			what = "longer"
		}
		return n, m.refuse(name, "is %s than the %d bytes of the manifest", what, m.Bytes)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != m.SHA256 {
		return n, m.refuse(name, "has the SHA-256 %s, which is not in the manifest", got)
	}
	return n, nil
}

func (m Model) refuse(name, format string, args ...any) error {
	e := fault.New(fault.Integrity, format, args...).OnFile(name).
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

// Install puts models into the folder to, which is made if need be. From is a
// folder, or an http(s) address under which the files lie by their names;
// empty means each model's own address. Names are the models wanted; none
// means every model that this version loads, of which a folder may lack some.
//
// A file already right is left alone. Each new one is hashed while it is
// written beside its place and moved there only if its hash is the
// manifest's; otherwise fault.Integrity, and nothing changes. Progress may be
// nil.
func (m *Manifest) Install(ctx context.Context, from, to string, names []string, progress func(Progress)) error {
	wanted, err := m.wanted(names)
	if err != nil {
		return err
	}
	if progress == nil {
		progress = func(Progress) {}
	}
	src, err := newSource(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return fault.Wrap(fault.NoSpace, reason(err), "the folder of models cannot be made").OnFile(to)
	}
	got := 0
	for _, x := range wanted {
		if x.status(to).State == OK {
			progress(Progress{Model: x, State: OK, Done: x.Bytes})
			got++
			continue
		}
		err := x.install(ctx, src, to, progress)
		if err != nil && len(names) == 0 && src.isDir() && errors.Is(err, fs.ErrNotExist) {
			progress(Progress{Model: x, State: Absent})
			continue
		}
		if err != nil {
			return err
		}
		got++
	}
	if got == 0 {
		return fault.New(fault.NotFound, "none of the manifest's models is there").OnFile(from).
			WithHint("`posteriori models list` shows the names of the files")
	}
	return nil
}

func (m *Manifest) wanted(names []string) ([]Model, error) {
	var out []Model
	for _, n := range names {
		x, err := m.Find(n)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	if len(names) > 0 {
		return out, nil
	}
	for _, x := range m.Models {
		if x.Loadable() {
			out = append(out, x)
		}
	}
	return out, nil
}

func (m Model) install(ctx context.Context, src source, to string, progress func(Progress)) error {
	in, name, err := src.open(ctx, m)
	if err != nil {
		return err
	}
	defer in.Close()
	tmp, err := os.CreateTemp(to, ".install-*")
	if err != nil {
		return fault.Wrap(fault.NoSpace, reason(err), "the folder of models cannot be written").OnFile(to)
	}
	defer os.Remove(tmp.Name()) // fails once it has been moved, as it should
	defer tmp.Close()
	progress(Progress{Model: m, State: Installing})
	tee := &meter{r: in, ctx: ctx, tell: func(n int64) { progress(Progress{Model: m, State: Installing, Done: n}) }}
	if _, err := m.copyChecked(tmp, tee, name); err != nil {
		return err
	}
	place := filepath.Join(to, m.File)
	for _, step := range []func() error{
		func() error { return tmp.Chmod(0o644) }, tmp.Sync, tmp.Close,
		func() error { return os.Rename(tmp.Name(), place) },
	} {
		if err := step(); err != nil {
			return writeFault(err, place)
		}
	}
	progress(Progress{Model: m, State: Installed, Done: m.Bytes})
	return nil
}

// meter counts what is read, and stops when its context does.
type meter struct {
	r    io.Reader
	ctx  context.Context
	n    int64
	tell func(int64)
}

func (m *meter) Read(p []byte) (int, error) {
	if err := m.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := m.r.Read(p)
	m.n += int64(n)
	m.tell(m.n)
	return n, err
}

// source is where files come from: a folder, an address, or (both empty)
// each model's own address.
type source struct {
	dir  string
	base *url.URL
}

func (s source) isDir() bool { return s.dir != "" }

func newSource(from string) (source, error) {
	if from == "" {
		return source{}, nil
	}
	if strings.Contains(from, "://") {
		u, err := url.Parse(from)
		if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
			return source{}, fault.New(fault.Usage, "%q is no http(s) address", from)
		}
		return source{base: u}, nil
	}
	info, err := os.Stat(from)
	if err != nil {
		return source{}, fault.Wrap(fault.BadInput, reason(err), "the folder to install from cannot be read").OnFile(from)
	}
	if !info.IsDir() {
		return source{}, fault.New(fault.BadInput, "not a folder").OnFile(from)
	}
	return source{dir: from}, nil
}

func (s source) open(ctx context.Context, m Model) (io.ReadCloser, string, error) {
	if s.isDir() {
		name := filepath.Join(s.dir, m.File)
		f, err := os.Open(name)
		if err != nil {
			return nil, name, fault.Wrap(fault.NotFound, reason(err), "model %s cannot be read", m.Name).OnFile(name)
		}
		return f, name, nil
	}
	address := m.URL
	if s.base != nil {
		u := *s.base
		u.Path = path.Join("/", u.Path, m.File)
		address = u.String()
	}
	if address == "" {
		return nil, "", fault.New(fault.NotFound, "no address is known for model %s (%s)", m.Name, m.File).
			WithHint("give the folder or the address where it lies: --from DIR|URL; it comes from %s", m.Source)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, address, fault.Wrap(fault.Usage, err, "not an address").OnFile(address)
	}
	client := &http.Client{Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, ResponseHeaderTimeout: time.Minute, DisableKeepAlives: true,
	}}
	res, err := client.Do(req)
	if err != nil {
		if errors.Is(err, context.Canceled) {
			return nil, address, fault.Wrap(fault.Interrupted, err, "cannot be fetched").OnFile(address)
		}
		return nil, address, fault.Wrap(fault.NotFound, err, "cannot be fetched").OnFile(address).
			WithHint("without a network, install from a folder: --from DIR")
	}
	if res.StatusCode != http.StatusOK {
		res.Body.Close()
		return nil, address, fault.New(fault.NotFound, "cannot be fetched: the server answered %s", res.Status).OnFile(address)
	}
	return res.Body, address, nil
}
