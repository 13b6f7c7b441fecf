package machines

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"posteriori/engine/analysis"
	"posteriori/engine/batch/queue"
	"posteriori/engine/evidence"
	"posteriori/engine/fault"
	"posteriori/engine/wire"
)

// order is the content of a task file: a job for the worker there, or, with no
// more than a path in it, that the file is to be read for its hash.
type order struct {
	SHA256 string     `json:"sha256,omitempty"`
	Job    wire.Job   `json:"job"` // the coordinator's path; models by name and hash
	Hello  wire.Hello `json:"hello"`
}

func (o order) reads() bool { return o.Job.Analyse == nil && o.Job.Triage == nil && o.Job.Probe == nil }

// reading is what a machine says of a file that it read for its hash: one of the
// two.
type reading struct {
	Identity *evidence.Identity `json:"identity,omitempty"`
	Failure  *wire.Failure      `json:"failure,omitempty"`
}

// Do has a task done by some machine. See [analysis.Runner].
func (c *Coordinator) Do(ctx context.Context, t analysis.Task, accept func(wire.Hello) error, handle func(wire.Message) error) (time.Duration, error) {
	o, err := c.order(t)
	if err != nil {
		return 0, err
	}
	qt := queue.Task{Run: c.run, Name: c.keys.name(c.run.Build, t), Priority: cmp.Or(t.Priority, 2)}
	return c.have(ctx, qt, o, func(r io.Reader) (keep bool, err error) {
		var taking error
		err = analysis.Replay(r, accept, func(m wire.Message) error {
			taking = handle(m)
			return taking
		})
		// A full disk here, say, is no fault of the result.
		return taking != nil && !errors.Is(taking, wire.ErrProtocol), err
	})
}

// Hash has a file read by some machine: an [evidence.Hasher]. What this machine
// sees of the file must not change meanwhile, and the other must see as many
// bytes.
func (c *Coordinator) Hash(ctx context.Context, path string, report evidence.Progress) (evidence.Identity, error) {
	if err := evidence.CheckPath(path); err != nil {
		return evidence.Identity{}, err
	}
	before, err := os.Stat(path)
	if err != nil {
		return evidence.Identity{}, fault.Wrap(fault.BadInput, err, "it cannot be read").OnFile(path)
	}
	var got reading
	qt := queue.Task{Run: c.run, Name: newName(), Priority: 1} // much waits for it, and it is soon done
	_, err = c.have(ctx, qt, order{Job: wire.Job{Path: path}, Hello: c.hello}, func(r io.Reader) (bool, error) {
		b, err := io.ReadAll(r)
		if err == nil {
			err = json.Unmarshal(b, &got)
		}
		return false, err
	})
	if err != nil {
		return evidence.Identity{}, err
	}
	if f := got.Failure; f != nil {
		return evidence.Identity{}, &fault.Error{Kind: fault.Kind(f.Fault), File: path, Rule: f.Rule, Msg: fault.Printable(f.Msg), Hint: fault.Printable(f.Hint)}
	}
	id := evidence.Identity{Path: path, Bytes: before.Size(), Modified: before.ModTime().UTC()}
	if err := evidence.Unchanged(id); err != nil {
		return id, err
	}
	if got.Identity == nil || got.Identity.Bytes != id.Bytes {
		return id, refused(path, queue.Differs)
	}
	id.SHA256 = got.Identity.SHA256
	if report != nil {
		report(id.Bytes, id.Bytes)
	}
	return id, nil
}

// have has an order carried out by some machine and gives its result to use,
// which says whether it is to be kept all the same. How long the machine took
// comes back.
func (c *Coordinator) have(ctx context.Context, qt queue.Task, o order, use func(io.Reader) (keep bool, err error)) (time.Duration, error) {
	if err := c.enter(ctx); err != nil {
		return 0, err
	}
	defer c.leave()
	var took time.Duration
	for try := 1; ; try++ {
		if !c.spool.has(c.spool.result(qt)) { // else a run that was killed left it
			if err := c.write(qt, o); err != nil {
				return took, err
			}
			end, err := c.wait(ctx, qt)
			if err != nil {
				return took, err
			}
			took += end.Took
			if end.Reason != "" {
				_ = os.Remove(c.spool.task(qt))
				return took, refused(o.Job.Path, end.Reason)
			}
		}
		err := c.take(ctx, qt, use)
		if errors.Is(err, ErrSeal) && try < 2 && ctx.Err() == nil { // a machine that crashed as it wrote, or somebody else
			c.say(fmt.Sprintf("a result was damaged (%v); the task is done again", err))
			continue
		}
		return took, err
	}
}

// refused explains why no machine did a task.
func refused(path string, why queue.Reason) error {
	words := map[queue.Reason]string{
		queue.Unreachable: "the worker machines do not find it where they look",
		queue.Unmapped:    "the worker machines map other folders",
		queue.Differs:     "the worker machines find another file at its place",
		queue.NoModel:     "the worker machines lack a model",
		queue.OtherBuild:  "the worker machines compute with other programs than they said",
		queue.NoSpool:     "the worker machines cannot use the spool folder",
		queue.MachineGone: "each machine that worked on it went away",
	}
	return fault.Wrap(fault.Missing, analysis.ErrElsewhere, "%s", cmp.Or(words[why], "the worker machines broke off")).OnFile(path).
		WithHint("look at what posteriori batch worker says there, and at its --map, --spool and --models; then posteriori batch retry")
}

// order is the job as another machine is told it.
func (c *Coordinator) order(t analysis.Task) (order, error) {
	o := order{SHA256: t.SHA256, Job: t.Job, Hello: c.hello}
	strip := func(e *wire.Engine) {
		e.ORTPath = ""
		models := make([]wire.Model, len(e.Models))
		for i, m := range e.Models {
			models[i] = wire.Model{Name: m.Name, SHA256: m.SHA256}
		}
		e.Models = models
	}
	switch {
	case t.Job.Analyse != nil:
		job := *t.Job.Analyse
		strip(&job.Engine)
		o.Job.Analyse = &job
	case t.Job.Triage != nil:
		job := *t.Job.Triage
		strip(&job.Engine)
		o.Job.Triage = &job
	case t.Job.Probe == nil:
		return o, fault.New(fault.Internal, "a job that is not for other machines")
	}
	return o, nil
}

// write leaves a task's file where machines find it.
func (c *Coordinator) write(qt queue.Task, o order) error {
	text, err := json.Marshal(o)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "encode the task")
	}
	sealed, err := sealTask(qt, text)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "seal the task")
	}
	return c.spool.put(c.spool.task(qt), sealed)
}

// take opens a result for use, and removes it when it was taken in.
func (c *Coordinator) take(ctx context.Context, qt queue.Task, use func(io.Reader) (keep bool, err error)) error {
	path := c.spool.result(qt)
	f, err := openSoon(ctx, path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: a result that was told of is not there", ErrSeal)
	}
	if err != nil {
		return spoolFault(path, err)
	}
	defer f.Close()
	r, err := c.keys.open(f, qt.Name)
	var seal error
	keep := false
	if err == nil {
		keep, err = use(&checked{r: r, err: &seal})
	}
	if seal != nil { // told by its own name, not as a worker that broke off
		keep, err = false, seal
	}
	if ctx.Err() != nil {
		return context.Cause(ctx) // it stays for the next run
	}
	if keep {
		return err
	}
	_ = os.Remove(path)
	_ = os.Remove(c.spool.task(qt))
	return err
}

// checked keeps the error of a seal that does not fit.
type checked struct {
	r   *opener
	err *error
}

func (c *checked) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if errors.Is(err, ErrSeal) {
		*c.err = err
	}
	return n, err
}

// openSoon opens a file that another machine has made: a network share may take
// a while to show it.
func openSoon(ctx context.Context, path string) (*os.File, error) {
	for deadline := time.Now().Add(slowShare); ; {
		f, err := os.Open(path)
		if !errors.Is(err, fs.ErrNotExist) || time.Now().After(deadline) {
			return f, err
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
