package batch

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"posteriori/engine/fault"
	"posteriori/engine/index"
)

// ErrStop is wrapped by what a [Handler] returns when no other file would fare
// better: the authorisation is gone, a program is missing, the disk is full.
// The run ends, and what was finished is kept.
var ErrStop = errors.New("the run stops")

// Handler imports and analyses one file. It returns the item with what became
// of it: State, Reason, Hint, Recording, Tracks and NotSeen. An error that wraps
// [ErrAgain] lets the file wait for another try, one that wraps [ErrStop] ends
// the run; any other is what the file failed for. It may be given a file again
// that it had finished, or half finished, when the process was killed.
type Handler func(ctx context.Context, it index.BatchItem, report func(Step)) (index.BatchItem, error)

// Runner works through one batch.
type Runner struct {
	Index   *index.Store
	Queue   Queue
	Batch   int64
	Workers int // files at a time
	Slots   int // workers that are busy at a time, for the time left; 0: Workers
	Handle  Handler
	Report  func(Progress)
	Speeds  *Speeds

	// For tests; 0: a second, ten seconds, ten minutes.
	look, note, quiet time.Duration
}

// ErrPaused and ErrCancelled are why a run ended that somebody paused or
// cancelled.
var (
	ErrPaused    = errors.New("the batch was paused")
	ErrCancelled = errors.New("the batch was cancelled")
)

// errDone ends a run that has nothing left to do.
var errDone = errors.New("done")

// Run works until no file waits, the batch is paused or cancelled, or ctx ends.
// What it had begun then is kept and goes on with the next run. At the end of
// all the objects are joined that files cut.
func (r *Runner) Run(ctx context.Context) error {
	if r.Speeds == nil {
		r.Speeds = &Speeds{}
	}
	acc := newAccount(r.Speeds, cmp.Or(r.Slots, r.Workers), time.Now)
	var jobs []Job
	for it, err := range r.Index.BatchItems(ctx, r.Batch, "") {
		if err != nil {
			return err
		}
		if it.State == index.ItemLeftOut {
			continue
		}
		acc.know(it.Item, load(it), it.State, it.Tracks)
		if it.State == index.ItemWaiting {
			jobs = append(jobs, Job{Batch: r.Batch, Item: it.Item, Priority: it.Priority})
		}
	}
	if len(jobs) == 0 {
		return JoinFiles(ctx, r.Index, r.Batch)
	}
	if err := r.Queue.Add(ctx, jobs); err != nil {
		return err
	}
	w := &work{Runner: r, acc: acc, waiting: len(jobs)}
	parent := ctx
	ctx, w.stop = context.WithCancelCause(ctx)
	watched := make(chan struct{})
	go func() { defer close(watched); w.watch(ctx) }()
	err := r.Queue.Work(ctx, max(1, r.Workers), w.do)
	cause := context.Cause(ctx)
	w.stop(nil)
	<-watched
	w.tell(context.WithoutCancel(ctx), "")
	switch {
	case errors.Is(cause, errDone):
		return JoinFiles(parent, r.Index, r.Batch)
	case cause != nil:
		return cause
	}
	return err
}

// load is what an item asks of a run.
func load(it index.BatchItem) Load {
	return Load{Group: it.Video, Length: time.Duration(it.LengthUS) * time.Microsecond, Bytes: it.Bytes}
}

// work is one run under way.
type work struct {
	*Runner
	acc  *account
	stop context.CancelCauseFunc

	mu      sync.Mutex
	waiting int // files without an end
}

// watch looks after what others say of the batch, and tells how far it is.
func (w *work) watch(ctx context.Context) {
	look, note, quiet := cmp.Or(w.look, time.Second), cmp.Or(w.note, 10*time.Second), cmp.Or(w.quiet, 10*time.Minute)
	var noted time.Time
	if w.Report != nil { // a batch of a second is seen, too
		w.Report(w.acc.progress())
	}
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		state, err := w.state(ctx)
		switch {
		case err != nil:
			continue // whoever writes next says it better
		case state == index.BatchPaused:
			w.stop(ErrPaused)
			return
		case state == index.BatchCancelled:
			w.stop(ErrCancelled)
			return
		}
		// A share that was mounted to wait for its server says nothing by itself.
		for _, item := range w.acc.stuck(quiet) {
			w.tell(ctx, fmt.Sprintf("file %d has not got on for %v: it waits for its disk, its share or a machine", item, quiet))
		}
		if time.Since(noted) >= note {
			noted = time.Now()
			w.tell(ctx, "")
		} else if w.Report != nil {
			w.Report(w.acc.progress())
		}
	}
}

func (w *work) state(ctx context.Context) (string, error) {
	all, err := w.Index.Batches(ctx)
	if err != nil {
		return "", err
	}
	for _, b := range all {
		if b.ID == w.Batch {
			return b.State, nil
		}
	}
	return "", fault.New(fault.NotFound, "there is no batch %d", w.Batch)
}

// tell notes the progress where posteriori batch status reads it.
func (w *work) tell(ctx context.Context, line string) {
	p := w.acc.progress()
	if b, err := json.Marshal(p); err == nil {
		_ = w.Index.SetBatchProgress(ctx, w.Batch, string(b)) // a figure for people: nothing rests on it
	}
	p.Line = line
	if w.Report != nil {
		w.Report(p)
	}
}

// do does one job of the queue.
func (w *work) do(ctx context.Context, j Job) error {
	if j.Batch != w.Batch {
		return nil // left over from a batch that is gone
	}
	it, err := w.Index.BatchItem(ctx, j.Batch, j.Item)
	if err != nil {
		return w.broken(ctx, err)
	}
	if it.State != index.ItemWaiting {
		return nil
	}
	w.acc.start(j.Item, load(it))
	it.Attempts++
	it.Reason, it.Hint = "", "" // of an earlier try
	done, err := w.Handle(ctx, it, func(s Step) {
		w.acc.step(j.Item, s)
		if s.Line != "" {
			w.tell(ctx, s.Line)
		}
	})
	switch {
	case ctx.Err() != nil && (err != nil || done.State == index.ItemWaiting):
		w.acc.end(j.Item, "", "", true, 0)
		return context.Cause(ctx)
	case errors.Is(err, ErrStop):
		w.acc.end(j.Item, "", "", true, 0)
		w.stop(err)
		<-ctx.Done() // so that the queue sees an interruption, not a failure
		return err
	case errors.Is(err, ErrAgain) && !j.Last:
		it.Reason, it.Hint = Words(err)
		w.acc.end(j.Item, "", "", true, 0)
		if uerr := w.Index.UpdateItem(ctx, it); uerr != nil {
			return w.broken(ctx, uerr)
		}
		w.tell(ctx, fmt.Sprintf("file %d: %s; it will be tried again", it.Item, it.Reason))
		return err
	case err != nil:
		done = it
		done.State = index.ItemFailed
		done.Reason, done.Hint = Words(err)
	}
	done.Attempts = it.Attempts
	if err := w.Index.UpdateItem(context.WithoutCancel(ctx), done); err != nil {
		return w.broken(ctx, err)
	}
	w.acc.end(j.Item, index.ItemWaiting, done.State, false, done.Tracks)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting--; w.waiting == 0 {
		w.stop(errDone)
	}
	return nil
}

// broken stops the run for the sake of an index that cannot be used.
func (w *work) broken(ctx context.Context, err error) error {
	w.stop(err)
	<-ctx.Done()
	return err
}

// Words are an error's message and hint without the file's name: the account
// has that already.
func Words(err error) (reason, hint string) {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err.Error(), ""
	}
	if f.Err != nil && f.Kind == fault.Internal {
		return f.Msg + ": " + fault.Printable(f.Err.Error()), f.Hint
	}
	return f.Msg, f.Hint
}
