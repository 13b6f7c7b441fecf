package queue

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"posteriori/engine/fault"
)

// Reason is why a task could not be done. It is all that the queue holds of an
// error: the words of one may name a file.
type Reason string

// The reasons.
const (
	Unreachable Reason = "unreachable" // the recording is not where the machine looks
	Unmapped    Reason = "unmapped"    // the machine maps other folders
	Differs     Reason = "differs"     // the recording there has another hash
	NoModel     Reason = "no-model"    // a model is not installed there
	OtherBuild  Reason = "other-build" // the machine computes with other programs than it said
	NoSpool     Reason = "no-spool"    // the task's file cannot be read, or no result written
	Broke       Reason = "broke"       // anything else
	MachineGone Reason = "machine-gone"
	Lost        Reason = "lost"
)

func (r Reason) Error() string { return string(r) }

// known keeps to words that are ours: whoever can write to the database may
// have put others there.
func known(r Reason) Reason {
	if slices.Contains([]Reason{Unreachable, Unmapped, Differs, NoModel, OtherBuild, NoSpool, MachineGone, Lost}, r) {
		return r
	}
	return Broke
}

// Machine is what a worker machine offers.
type Machine struct {
	// Build names what the machine computes with, in 32 hex digits: it gets tasks
	// of runs of the same build only.
	Build string
	Slots int // tasks at a time
	// Notice is told what its people must know; nil: nobody is.
	Notice func(string)
}

// newID is a name that says nothing.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// Intervals of a machine; variables for tests.
var (
	look = time.Second     // how often what is under way is looked after
	beat = 3 * time.Second // how often the machine says that it is there
)

// Work gives tasks to do, at most m.Slots at a time, until ctx ends; it then
// waits for those under way. An error of do that is a [Reason] is kept. The
// context of do ends when the task is not wanted any more: it was taken out, its
// run ended, or nothing was heard of either for [Lease].
func (q *Shared) Work(ctx context.Context, m Machine, do func(context.Context, Task) error) error {
	s := &serving{q: q, m: m, id: newID(), do: do, active: map[int64]context.CancelCauseFunc{}, heard: time.Now()}
	workers := river.NewWorkers()
	if err := river.AddWorkerSafely(workers, s); err != nil {
		return q.fail(err)
	}
	c, err := river.NewClient(riverpgxv5.New(q.pool), &river.Config{
		ID: s.id, Logger: quiet, Workers: workers, Queues: map[string]river.QueueConfig{m.Build: {MaxWorkers: m.Slots}},
		JobTimeout:           -1,                        // not River's one minute
		RescueStuckJobsAfter: 10 * 365 * 24 * time.Hour, // by age; [Shared.Mend] does it by machine
		RetryPolicy:          policy(q.delays),
		// A machine that is busy asks as a task ends; one that waits, twice a second.
		FetchCooldown: 20 * time.Millisecond, FetchPollInterval: 500 * time.Millisecond,
		// A connection that listens, on each of a thousand machines, would be the
		// first thing to run out.
		PollOnly:                    true,
		CompletedJobRetentionPeriod: time.Hour, CancelledJobRetentionPeriod: time.Hour,
	})
	if err != nil {
		return q.fail(err)
	}
	if err := s.say(ctx); err != nil {
		return err
	}
	s.forget(ctx)
	done := make(chan struct{})
	tend, stop := context.WithCancel(context.WithoutCancel(ctx))
	go func() { defer close(done); s.tend(tend) }()
	err = drive(ctx, c)
	stop()
	<-done
	gone, end := ask(context.WithoutCancel(ctx))
	defer end()
	_, _ = q.pool.Exec(gone, "DELETE FROM posteriori_machine WHERE id = $1", s.id) // else it is forgotten by its age
	return q.fail(err)
}

// serving is a machine at work.
type serving struct {
	river.WorkerDefaults[chunkArgs]
	q  *Shared
	m  Machine
	id string
	do func(context.Context, Task) error

	mu     sync.Mutex
	active map[int64]context.CancelCauseFunc
	heard  time.Time // of the database
}

// errUnwanted is why a task's context ends.
var errUnwanted = errors.New("the task is not wanted any more")

// Work does one job, if its run is there to ask for it.
func (s *serving) Work(ctx context.Context, j *river.Job[chunkArgs]) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s.mu.Lock()
	s.active[j.ID] = cancel
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.active, j.ID)
		s.mu.Unlock()
		if p := recover(); p != nil {
			err = Broke
		}
	}()
	t := Task{Run: Run{ID: j.Args.Run, Build: s.m.Build}, Name: j.Args.Task, Priority: j.Priority, Attempt: j.Attempt}
	asked, done := ask(ctx)
	err = s.q.pool.QueryRow(asked, "SELECT token, key FROM posteriori_run WHERE id = $1 AND beat_at > now() - $2::interval", t.Run.ID, Lease).
		Scan(&t.Run.Token, &t.Run.Key)
	done()
	if err != nil { // no run that is allowed to go on, or nobody to say so
		return river.JobSnooze(Lease / 2)
	}
	err = s.do(ctx, t)
	var r Reason
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return river.JobSnooze(0) // as if it had not begun
	case errors.As(err, &r):
		return r
	}
	return Broke
}

// say tells that the machine is there.
func (s *serving) say(ctx context.Context) error {
	ctx, done := ask(ctx)
	defer done()
	_, err := s.q.pool.Exec(ctx, `INSERT INTO posteriori_machine (id, build, slots, beat_at) VALUES ($1, $2, $3, now())
		ON CONFLICT (id) DO UPDATE SET beat_at = now()`, s.id, s.m.Build, s.m.Slots)
	if err == nil {
		// A job that the database holds for this machine and that it does not do is
		// one whose end could not be told: another gets it.
		_, err = s.q.pool.Exec(ctx, `UPDATE river_job SET state = 'available' WHERE state = 'running' AND queue = $1
			AND attempted_by[array_upper(attempted_by, 1)] = $2 AND NOT id = ANY($3) AND attempted_at < now() - interval '20 seconds'`, s.m.Build, s.id, s.under())
	}
	return s.q.fail(err)
}

// forget removes machines that are long gone.
func (s *serving) forget(ctx context.Context) {
	ctx, done := ask(ctx)
	defer done()
	_, _ = s.q.pool.Exec(ctx, "DELETE FROM posteriori_machine WHERE beat_at < now() - interval '1 hour'") // they count for nothing
}

// under are the tasks under way.
func (s *serving) under() []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.AppendSeq([]int64{}, maps.Keys(s.active))
}

// tend says that the machine is there and stops what is not wanted any more.
func (s *serving) tend(ctx context.Context) {
	var said time.Time
	away := false
	for tick := time.NewTicker(look); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
		err := s.look(ctx)
		if err == nil && time.Since(said) >= beat {
			if err = s.say(ctx); err == nil {
				said = time.Now()
			}
		}
		if err != nil && ctx.Err() == nil && !away && s.m.Notice != nil {
			s.m.Notice(notice(err) + "; waiting for it")
		}
		if err == nil && away && s.m.Notice != nil {
			s.m.Notice("the queue answers again")
		}
		away = err != nil
		if err != nil && time.Since(s.heard) > Lease {
			s.cancel(nil)
		}
	}
}

// notice is an error without the queue's address, which looks like a path: a log
// would not take it.
func notice(err error) string {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err.Error()
	}
	bare := *f
	bare.File = ""
	return bare.Error()
}

// look asks which of the tasks under way are still wanted.
func (s *serving) look(ctx context.Context) error {
	ids := s.under()
	if len(ids) == 0 {
		s.heard = time.Now() // there is nothing to be heard of
		return nil
	}
	ctx, done := ask(ctx)
	defer done()
	rows, err := s.q.pool.Query(ctx, `SELECT j.id FROM river_job j JOIN posteriori_run r ON r.id = j.args->>'run'
		WHERE j.id = ANY($1) AND j.state = 'running' AND j.attempted_by[array_upper(j.attempted_by, 1)] = $2
			AND r.beat_at > now() - $3::interval`, ids, s.id, Lease)
	if err != nil {
		return s.q.fail(err)
	}
	wanted, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return s.q.fail(err)
	}
	s.heard = time.Now()
	for _, id := range ids {
		if !slices.Contains(wanted, id) {
			s.cancel(&id)
		}
	}
	return nil
}

// cancel stops one task, or all.
func (s *serving) cancel(id *int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for at, stop := range s.active {
		if id == nil || *id == at {
			stop(errUnwanted)
		}
	}
}
