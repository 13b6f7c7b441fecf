package models

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"posteriori/engine/fault"
)

// Progress is one step of an installation. Done counts bytes; for the states
// other than Installing it is the model's last step.
type Progress struct {
	Model Model
	State State
	Done  int64
}

// Install puts models into the folder to, which is made if need be. From is a
// folder, or an http(s) address under which the files lie by their names;
// empty means each model's own address. Names are the models wanted; none
// means every model that this version loads, of which a folder may lack some.
//
// A file already right is left alone. Each new one is hashed while it is
// written beside its place and moved there only if its hash is the
// manifest's and [Inspect] finds nothing in it; otherwise fault.Integrity or
// fault.Refused, and nothing changes. Progress may be nil.
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
	if err := m.copyChecked(tmp, tee, name); err != nil {
		return err
	}
	if err := Check(tmp.Name(), m); err != nil { // looks into it before it is in place
		return onFile(err, name)
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
