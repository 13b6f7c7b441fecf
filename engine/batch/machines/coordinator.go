package machines

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"posteriori/engine/analysis"
	"posteriori/engine/batch/queue"
	"posteriori/engine/evidence"
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
