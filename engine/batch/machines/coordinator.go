package machines

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"posteriori/engine/analysis"
	"posteriori/engine/batch/queue"
	"posteriori/engine/evidence"
	"posteriori/engine/fault"
	"posteriori/engine/wire"
)

// BuildOf is the name under which machines that compute with the same programs,
// libraries and kind of device find each other.
func BuildOf(h wire.Hello) string {
	v := map[string]string{"build": h.Build, "device": h.Device, "opencv": h.Versions["opencv"], "ffmpeg": h.Versions["ffmpeg"]}
	b, _ := json.Marshal(v) // strings
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

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

// Coordinator has the tasks of one batch done by other machines, and originals
// read by them. It is an [analysis.Runner].
type Coordinator struct {
	q      *queue.Shared
	spool  spool
	keys   *secrets
	run    queue.Run
	hello  wire.Hello
	fixed  int // chunks in the queue at a time; 0: by the machines that are there
	notice func(string)
	stop   context.CancelFunc
	done   chan struct{}
	intent sync.WaitGroup

	mu      sync.Mutex
	room    *sync.Cond
	window  int
	in      int                // tasks between their admission and their end
	waiting map[int64]chan end // by number in the queue
	away    time.Time          // since when the queue does not answer; zero: it does
}

// end is what became of a task, or why that is not known.
type end struct {
	queue.Ended
	err error
}

// Config is what a coordinator needs.
type Config struct {
	Queue  *queue.Shared
	Spool  string
	Key    []byte     // the procedure's
	Batch  int64      // in the procedure
	Hello  wire.Hello // of the worker that results must come from
	Window int        // chunks in the queue at a time; 0: twice what the machines take
	Notice func(string)
}

// Intervals of a coordinator; variables for tests.
var (
	pollEvery = 50 * time.Millisecond
	beatEvery = 2 * time.Second
	mendEvery = 3 * time.Second
	// giveUpAfter is how long the queue may not answer before the run ends.
	giveUpAfter = 10 * time.Minute
	// slowShare is how long a result that is there may take to be seen.
	slowShare = 90 * time.Second
)

// NewCoordinator makes the run known to the machines. Close ends it.
func NewCoordinator(ctx context.Context, c Config) (*Coordinator, error) {
	if err := CheckSpool(c.Spool); err != nil {
		return nil, err
	}
	keys, err := newSecrets(c.Key, c.Batch)
	if err != nil {
		return nil, err
	}
	out := &Coordinator{q: c.Queue, spool: spool(c.Spool), keys: keys, run: keys.queued(BuildOf(c.Hello)), hello: c.Hello, fixed: c.Window,
		notice: c.Notice, window: max(c.Window, 2), waiting: map[int64]chan end{}, done: make(chan struct{})}
	out.room = sync.NewCond(&out.mu)
	if err := out.spool.make(out.run.ID); err != nil {
		return nil, err
	}
	if err := c.Queue.Begin(ctx, out.run); err != nil {
		return nil, err
	}
	m, err := c.Queue.Beat(ctx, out.run)
	if err != nil {
		return nil, err
	}
	out.resize(m)
	ctx, out.stop = context.WithCancel(context.WithoutCancel(ctx))
	go func() { defer close(out.done); out.tend(ctx) }()
	return out, nil
}

// Close ends the run: machines stop within seconds, and nothing of it stays in
// the queue or on the share. So only a coordinator that was killed leaves
// something, for the next to take up or for [Forget].
func (c *Coordinator) Close(ctx context.Context) error {
	c.stop()
	<-c.done
	c.intent.Wait()
	err := c.q.Stop(context.WithoutCancel(ctx), c.run.ID)
	return errors.Join(err, spoolFault(c.spool.run(c.run.ID), os.RemoveAll(c.spool.run(c.run.ID))))
}

// Forget takes a batch's run out of the queue and of the spool, whether or not
// a coordinator is there.
func Forget(ctx context.Context, q *queue.Shared, dir string, key []byte, batch int64) error {
	keys, err := newSecrets(key, batch)
	if err != nil {
		return err
	}
	if err := q.Stop(ctx, keys.run); err != nil {
		return err
	}
	if dir == "" {
		return nil
	}
	return spoolFault(spool(dir).run(keys.run), os.RemoveAll(spool(dir).run(keys.run)))
}

// State is what the queue holds of a batch.
func State(ctx context.Context, q *queue.Shared, key []byte, batch int64) (queue.State, error) {
	keys, err := newSecrets(key, batch)
	if err != nil {
		return queue.State{}, err
	}
	return q.State(ctx, keys.run)
}

// Slots is how many tasks the machines that are there do at a time.
func (c *Coordinator) Slots() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return max(1, c.window/2)
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

// enter waits for room in the queue.
func (c *Coordinator) enter(ctx context.Context) error {
	defer context.AfterFunc(ctx, func() { c.mu.Lock(); defer c.mu.Unlock(); c.room.Broadcast() })()
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.in >= c.window && ctx.Err() == nil {
		c.room.Wait()
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	c.in++
	return nil
}

func (c *Coordinator) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.in--
	c.room.Broadcast()
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

// wait puts a task into the queue and waits for its end. A queue that lost it
// gets it again; one that does not answer is waited for.
func (c *Coordinator) wait(ctx context.Context, qt queue.Task) (queue.Ended, error) {
	for {
		id, err := c.q.Put(ctx, qt)
		if err != nil && ctx.Err() == nil {
			if err = c.bear(ctx, err); err == nil {
				continue
			}
		}
		if err != nil {
			return queue.Ended{}, err
		}
		ended := make(chan end, 1)
		c.mu.Lock()
		c.waiting[id] = ended
		c.mu.Unlock()
		select {
		case e := <-ended:
			if e.Reason == queue.Lost {
				continue
			}
			return e.Ended, e.err
		case <-ctx.Done():
			c.mu.Lock()
			delete(c.waiting, id)
			c.mu.Unlock()
			c.drop(id)
			return queue.Ended{}, context.Cause(ctx)
		}
	}
}

// drop takes a task out of the queue without holding up who waits; if that
// fails the run's end, or its silence, does it.
func (c *Coordinator) drop(id int64) {
	c.intent.Go(func() { _ = c.q.Drop(context.Background(), []int64{id}) })
}

// bear waits a little for a queue that does not answer, for as long as it is
// worth it: then the error comes back.
func (c *Coordinator) bear(ctx context.Context, err error) error {
	c.mu.Lock()
	first := c.away.IsZero()
	if first {
		c.away = time.Now()
	}
	since := c.away
	c.mu.Unlock()
	if first {
		c.say(err.Error() + "; waiting for it")
	}
	if time.Since(since) > giveUpAfter {
		return err
	}
	select {
	case <-time.After(500 * time.Millisecond):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// answered notes that the queue answers.
func (c *Coordinator) answered() {
	c.mu.Lock()
	was := c.away
	c.away = time.Time{}
	c.mu.Unlock()
	if !was.IsZero() {
		c.say("the queue answers again")
	}
}

func (c *Coordinator) say(line string) {
	if c.notice != nil {
		c.notice(line)
	}
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

// tend keeps the run alive, and looks what became of its tasks.
func (c *Coordinator) tend(ctx context.Context) {
	var beat, mend time.Time
	alone := time.Now() // since when no machine is there
	told := false
	for tick := time.NewTicker(pollEvery); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
		var err error
		if time.Since(beat) >= beatEvery {
			var m queue.Machines
			if m, err = c.q.Beat(ctx, c.run); err == nil {
				beat = time.Now()
				c.resize(m)
				if m.Fit > 0 {
					alone, told = time.Now(), false
				} else if time.Since(alone) > 5*time.Second && !told {
					told = true
					c.say(nobody(m))
				}
			}
		}
		if err == nil {
			err = c.collect(ctx, c.q.Ended)
		}
		if err == nil && time.Since(mend) >= mendEvery {
			if err = c.collect(ctx, c.q.Mend); err == nil {
				mend = time.Now()
			}
		}
		if err == nil {
			c.answered()
		} else if err = c.bear(ctx, err); err != nil && ctx.Err() == nil {
			c.fail(err)
		}
	}
}

// fail ends the waiting for all tasks: the queue does not answer any more.
func (c *Coordinator) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, ch := range c.waiting {
		delete(c.waiting, id)
		ch <- end{err: err}
	}
}

func nobody(m queue.Machines) string {
	if m.Others > 0 {
		return fmt.Sprintf("%d machines wait for work, but compute with other programs than this one: install the same build of both programs everywhere", m.Others)
	}
	return "no machine is there to work: start posteriori batch worker on some"
}

// resize fits the window to the machines that are there.
func (c *Coordinator) resize(m queue.Machines) {
	if c.fixed > 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.window = max(2, 2*m.Slots)
	c.room.Broadcast()
}

// collect asks about all tasks that are waited for, and tells who waits.
func (c *Coordinator) collect(ctx context.Context, ask func(context.Context, []int64) ([]queue.Ended, error)) error {
	c.mu.Lock()
	ids := make([]int64, 0, len(c.waiting))
	for id := range c.waiting {
		ids = append(ids, id)
	}
	c.mu.Unlock()
	if len(ids) == 0 {
		return nil
	}
	list, err := ask(ctx, ids)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range list {
		if ch, ok := c.waiting[e.ID]; ok {
			delete(c.waiting, e.ID)
			ch <- end{Ended: e}
		}
	}
	return nil
}

var (
	_ analysis.Runner = (*Coordinator)(nil)
	_ evidence.Hasher = (*Coordinator)(nil).Hash
)
