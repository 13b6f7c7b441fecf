package machines

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"

	"posteriori/engine/analysis"
	"posteriori/engine/batch/queue"
	"posteriori/engine/evidence"
	"posteriori/engine/fault"
	"posteriori/engine/wire"
	"posteriori/models"
)

// Machine is a worker machine: it does tasks of whatever procedures' runs are in
// the queue. It opens no store and holds no key.
type Machine struct {
	Queue   *queue.Shared
	Spool   string // as this machine sees it
	Maps    []Mapping
	Models  string // folder
	Worker  analysis.Worker
	Hello   wire.Hello // what the worker said of itself here
	Name    string     // as the analysis records it: see [wire.CheckMachine] and [MachineName]
	Slots   int
	Threads int          // of one worker process
	Notice  func(string) // told what its people must know; it names no file

	mu       sync.Mutex
	checked  map[string]*original // originals by path here
	models   map[string]string    // paths of models that were checked, by hash
	manifest *models.Manifest
}

// original is one that was hashed here.
type original struct {
	reading sync.Mutex
	id      evidence.Identity
}

// faultPause is how long a machine that could not begin a task holds its place,
// so that one with a share missing does not eat the queue. A variable for tests.
var faultPause = 3 * time.Second

// Work works until ctx ends.
func (m *Machine) Work(ctx context.Context) error {
	if !wire.CheckMachine(m.Name) {
		return fault.New(fault.Usage, "a machine cannot be called %q", m.Name).WithHint("letters, digits, points, dashes and underscores, 64 at the most")
	}
	if err := CheckSpool(m.Spool); err != nil {
		return err
	}
	var err error
	if m.manifest, err = models.Load(); err != nil {
		return err
	}
	m.checked, m.models = map[string]*original{}, map[string]string{}
	return m.Queue.Work(ctx, queue.Machine{Build: BuildOf(m.Hello), Slots: m.Slots, Notice: m.Notice}, m.do)
}

// do does one task.
func (m *Machine) do(ctx context.Context, t queue.Task) error {
	err := m.try(ctx, t)
	var why queue.Reason
	if errors.As(err, &why) && ctx.Err() == nil {
		if m.Notice != nil {
			m.Notice("a task could not be done here: " + string(why))
		}
		select {
		case <-time.After(faultPause):
		case <-ctx.Done():
		}
	}
	return err
}

func (m *Machine) try(ctx context.Context, t queue.Task) error {
	sp := spool(m.Spool)
	if sp.has(sp.result(t)) { // its end could not be told
		return nil
	}
	o, err := readOrder(ctx, sp, t)
	if err != nil {
		return err
	}
	job, err := m.here(o)
	if err != nil {
		return err
	}
	f, err := sp.writing(t)
	if err != nil {
		return queue.NoSpool
	}
	defer os.Remove(f.Name())
	defer f.Close()
	s, err := newSealer(f, t)
	if err != nil {
		return queue.NoSpool
	}
	if o.reads() {
		err = read(ctx, s, job.Path)
	} else {
		err = m.work(ctx, s, o, job)
	}
	if err != nil {
		return err
	}
	if s.Close() != nil || f.Close() != nil || os.Rename(f.Name(), sp.result(t)) != nil {
		return queue.NoSpool
	}
	return nil
}

// read reads a file for its hash, whatever was known of it.
func read(ctx context.Context, s *sealer, path string) error {
	var out reading
	id, err := evidence.Hash(ctx, path, nil)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil:
		id.Path = ""
		out.Identity = &id
	case fault.KindOf(err) == fault.Refused: // rule 1: it is not finished
		f, _ := failure(err)
		out.Failure = &f
	default:
		return queue.Unreachable
	}
	if json.NewEncoder(s).Encode(out) != nil {
		return queue.NoSpool
	}
	return nil
}

// work has the worker do a job on the original that the order is about.
func (m *Machine) work(ctx context.Context, s *sealer, o order, job wire.Job) error {
	id, err := m.original(ctx, job.Path, o.SHA256)
	if err != nil {
		return err
	}
	if err := m.answer(ctx, s, o, job); err != nil {
		return err
	}
	if err := evidence.Unchanged(id); err != nil {
		return queue.Differs
	}
	return nil
}

// readOrder reads a task's file, which a network share may take a while to show.
func readOrder(ctx context.Context, sp spool, t queue.Task) (order, error) {
	var o order
	f, err := openSoon(ctx, sp.task(t))
	if err != nil {
		return o, queue.NoSpool
	}
	f.Close()
	sealed, err := os.ReadFile(f.Name())
	if err != nil {
		return o, queue.NoSpool
	}
	text, err := openTask(t, sealed)
	if err == nil {
		err = json.Unmarshal(text, &o)
	}
	if err != nil {
		return o, queue.NoSpool
	}
	return o, nil
}

// here makes the job fit for this machine: its paths, its threads.
func (m *Machine) here(o order) (wire.Job, error) {
	job := o.Job
	path, err := mapped(m.Maps, job.Path)
	if err != nil {
		return job, err
	}
	job.Path = path
	fit := func(e *wire.Engine) error {
		e.ORTPath, e.Threads = m.Worker.Library(e.Device), max(1, m.Threads)
		for i, x := range e.Models {
			if e.Models[i].Path, err = m.model(x); err != nil {
				return err
			}
		}
		return nil
	}
	switch {
	case job.Analyse != nil:
		return job, fit(&job.Analyse.Engine)
	case job.Triage != nil:
		return job, fit(&job.Triage.Engine)
	}
	return job, nil
}

// model is where a model of the list lies here (rule 11).
func (m *Machine) model(x wire.Model) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if path, ok := m.models[x.SHA256]; ok {
		return path, nil
	}
	known, err := m.manifest.Find(x.Name)
	if err != nil || known.SHA256 != x.SHA256 {
		return "", queue.NoModel
	}
	path := filepath.Join(m.Models, known.File)
	if err := models.Check(path, known); err != nil {
		return "", queue.NoModel
	}
	m.models[x.SHA256] = path
	return path, nil
}

// original sees to it that the file here is the one that was imported: it is
// hashed once, and again when it looks changed (rule 21).
func (m *Machine) original(ctx context.Context, path, want string) (evidence.Identity, error) {
	m.mu.Lock()
	o := m.checked[path]
	if o == nil {
		o = &original{}
		m.checked[path] = o
	}
	m.mu.Unlock()
	o.reading.Lock() // one reads it, the others wait for that
	defer o.reading.Unlock()
	if o.id.SHA256 == want && evidence.Unchanged(o.id) == nil {
		return o.id, nil
	}
	id, err := evidence.Check(ctx, path, want, nil)
	switch {
	case ctx.Err() != nil:
		return id, ctx.Err()
	case errors.Is(err, fs.ErrNotExist), err != nil && !evidence.Altered(err):
		return id, queue.Unreachable
	case err != nil:
		return id, queue.Differs
	}
	o.id = id
	return id, nil
}

// answer runs the worker and seals what it says. A worker that fails is an
// answer too.
func (m *Machine) answer(ctx context.Context, s *sealer, o order, job wire.Job) error {
	w := wire.NewWriter(s)
	other, written := false, error(nil)
	send := func(k wire.Kind, body any) error {
		written = errors.Join(written, w.Send(k, body))
		return written
	}
	_, err := m.Worker.Do(ctx, analysis.Task{Job: job}, func(h wire.Hello) error {
		same := h.Build == o.Hello.Build
		if job.Probe == nil { // which opens no models
			same = same && h.Device == o.Hello.Device && h.Detector == o.Hello.Detector && maps.Equal(h.Versions, o.Hello.Versions)
		}
		if !same {
			other = true
			return queue.OtherBuild
		}
		h.Machine = m.Name
		return send(wire.KindHello, h)
	}, func(msg wire.Message) error {
		if msg.Kind == wire.KindProgress {
			return nil // nobody sees it in time
		}
		return send(msg.Kind, json.RawMessage(msg.Body))
	})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case other:
		return queue.OtherBuild
	case written != nil:
		return queue.NoSpool
	case err != nil:
		if fail, ok := failure(err); ok {
			err = send(wire.KindFailure, fail)
			break
		}
		return queue.Broke
	default:
		err = send(wire.KindDone, wire.Done{})
	}
	if err != nil {
		return queue.NoSpool
	}
	return nil
}

// failure is a worker's error as its last word; not of one that did not start,
// or met what lies in this machine and not in the file.
func failure(err error) (wire.Failure, bool) {
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind == fault.Missing || f.Kind == fault.NoSpace {
		return wire.Failure{}, false
	}
	out := wire.Failure{Fault: int(f.Kind), Rule: f.Rule, Msg: f.Msg, Hint: f.Hint}
	if f.Err != nil {
		out.Cause = f.Err.Error()
	}
	return out, true
}
