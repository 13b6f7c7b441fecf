// Package queue keeps what a batch has still to do, on River
// (https://riverqueue.com): a batch's files in an SQLite file of the procedure,
// [SQLite], and the chunks that many machines are asked to work through in a
// Postgres, [Shared]. It is the only importer of River and of its drivers;
// engine/batch knows the first as [batch.Queue].
//
// Neither holds anything of a file but references. In SQLite a row is two
// numbers, of a batch and of a file in it. In Postgres it is two names that only
// the holder of the procedure's key can make: of a run and of a task in it; and
// why a task failed, in one of a few words. Whoever reads the queue learns how
// much there is to do and how long each part took.
package queue

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"path/filepath"
	"time"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/driver"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"posteriori/engine/batch"
	"posteriori/engine/fault"
)

// name is that of the one queue in an SQLite file.
const name = river.QueueDefault

// args are a job's arguments, as River stores them.
type args struct {
	Batch int64 `json:"batch" river:"unique"`
	Item  int64 `json:"item" river:"unique"`
}

// Kind names the job to River.
func (args) Kind() string { return "recording" }

// live are the states in which a job is not added a second time.
var live = []rivertype.JobState{rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
	rivertype.JobStateRunning, rivertype.JobStateScheduled}

// SQLite is a queue in a file. One process at a time may open it: the caller
// sees to that.
type SQLite struct {
	db     *sql.DB
	path   string
	delays []time.Duration
	due    time.Duration // between two looks at the clock; for tests
}

// OpenSQLite opens the queue at path, or makes it. Jobs that a killed process
// left running wait again, and those that wait for another try begin anew: who
// starts a run may have brought back what was away. delays are the pauses before each further try of a
// job: one attempt more than there are pauses is its last.
func OpenSQLite(ctx context.Context, path string, delays []time.Duration) (*SQLite, error) {
	q := &SQLite{path: path, delays: delays, due: 5 * time.Second}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, q.fail(err)
	}
	// River compares times as text, in the form that SQLite's datetime gives.
	query := url.Values{"_txlock": {"immediate"}, "_timefmt": {string(sqlite3.TimeFormat4)}}
	u := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(abs), RawQuery: query.Encode()}
	q.db, err = driver.Open(u.String(), func(c *sqlite3.Conn) error {
		return c.Exec(`PRAGMA busy_timeout=20000; PRAGMA journal_mode=wal; PRAGMA synchronous=full; PRAGMA secure_delete=on;`)
	})
	if err != nil {
		return nil, q.fail(err)
	}
	q.db.SetMaxOpenConns(1) // as the driver asks
	m, err := rivermigrate.New(riversqlite.New(q.db), &rivermigrate.Config{Logger: quiet})
	if err == nil {
		_, err = m.Migrate(ctx, rivermigrate.DirectionUp, nil)
	}
	if err == nil {
		// River itself rescues by age only, and a recording may take a day. To be
		// killed with the program is no try of the job: else its next one would
		// wait for an hour, or be the last.
		_, err = q.db.ExecContext(ctx, "UPDATE river_job SET state = 'available', attempt = max(attempt - 1, 0) WHERE state = 'running'")
	}
	if err == nil {
		_, err = q.db.ExecContext(ctx, "UPDATE river_job SET state = 'available', attempt = 0, scheduled_at = datetime('now', 'subsec') WHERE state = 'retryable'")
	}
	if err == nil {
		_, err = q.db.ExecContext(ctx, "DELETE FROM river_leader") // of a killed process
	}
	if err == nil {
		err = q.onTime(ctx)
	}
	if err != nil {
		q.db.Close()
		return nil, q.fail(err)
	}
	return q, nil
}

// onTime makes jobs due that a clock which was set back would hold up: those that
// wait for nothing, and those whose pause would be longer than any is.
func (q *SQLite) onTime(ctx context.Context) error {
	longest := time.Duration(0)
	for _, d := range q.delays {
		longest = max(longest, d)
	}
	_, err := q.db.ExecContext(ctx, `UPDATE river_job SET scheduled_at = datetime('now', 'subsec')
		WHERE state IN ('available', 'scheduled') AND scheduled_at > datetime('now', 'subsec', '1 seconds')
			OR state = 'retryable' AND scheduled_at > datetime('now', 'subsec', ?)`, fmt.Sprintf("%d seconds", int64(longest.Seconds())+1))
	return err
}

// watchClock looks after the clock until ctx ends.
func (q *SQLite) watchClock(ctx context.Context) {
	t := time.NewTicker(q.due)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			_ = q.onTime(ctx) // who writes next meets the error
		}
	}
}

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// Close releases the file.
func (q *SQLite) Close() error { return q.fail(q.db.Close()) }

func (q *SQLite) fail(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) {
		return fault.Wrap(fault.Interrupted, err, "interrupted")
	}
	kind := fault.Internal
	if errors.Is(err, sqlite3.FULL) || errors.Is(err, sqlite3.READONLY) || errors.Is(err, sqlite3.CANTOPEN) || errors.Is(err, sqlite3.IOERR) {
		kind = fault.NoSpace
	}
	return fault.Wrap(kind, err, "the queue of jobs cannot be used").OnFile(q.path).
		WithHint("free some space and check the disk; a queue that is removed is filled again from the index by posteriori batch resume")
}

// Add puts jobs into the queue; those that wait or run already stay as they
// are.
func (q *SQLite) Add(ctx context.Context, jobs []batch.Job) error {
	c, err := river.NewClient(riversqlite.New(q.db), &river.Config{Logger: quiet})
	if err != nil {
		return q.fail(err)
	}
	for len(jobs) > 0 {
		n := min(len(jobs), 1000)
		if _, err := c.InsertMany(ctx, params(jobs[:n], name, len(q.delays)+1)); err != nil {
			return q.fail(err)
		}
		jobs = jobs[n:]
	}
	return nil
}

func params(jobs []batch.Job, queue string, attempts int) []river.InsertManyParams {
	out := make([]river.InsertManyParams, len(jobs))
	for i, j := range jobs {
		out[i] = river.InsertManyParams{Args: args{j.Batch, j.Item}, InsertOpts: &river.InsertOpts{
			Queue: queue, Priority: min(max(j.Priority, 1), 4), MaxAttempts: attempts,
			UniqueOpts: river.UniqueOpts{ByArgs: true, ByQueue: true, ByState: live},
		}}
	}
	return out
}

// Work gives jobs to do, at most at of them at a time, until ctx ends; it then
// waits for those under way. An error of do that is batch.Again is tried again
// after a pause; any other ends the job.
func (q *SQLite) Work(ctx context.Context, at int, do batch.Do) error {
	workers := river.NewWorkers()
	if err := river.AddWorkerSafely(workers, &worker{do: do}); err != nil {
		return q.fail(err)
	}
	c, err := river.NewClient(riversqlite.New(q.db), &river.Config{
		Logger: quiet, Workers: workers, Queues: map[string]river.QueueConfig{name: {MaxWorkers: at}},
		JobTimeout:           -1,                        // not River's one minute
		RescueStuckJobsAfter: 10 * 365 * 24 * time.Hour, // nobody else works here
		RetryPolicy:          policy(q.delays),
		FetchPollInterval:    500 * time.Millisecond, PollOnly: true,
	})
	if err != nil {
		return q.fail(err)
	}
	watched := make(chan struct{})
	go func() { defer close(watched); q.watchClock(ctx) }()
	err = drive(ctx, c)
	<-watched
	return q.fail(err)
}

// client is what is needed of a River client, of whichever driver.
type client interface {
	Start(context.Context) error
	StopAndCancel(context.Context) error
}

// drive runs a client until ctx ends, and waits for its jobs.
func drive(ctx context.Context, c client) error {
	work := context.WithoutCancel(ctx)
	if err := c.Start(work); err != nil {
		return err
	}
	<-ctx.Done()
	return c.StopAndCancel(work)
}

// worker hands River's jobs to do.
type worker struct {
	river.WorkerDefaults[args]
	do batch.Do
}

// Work does one job.
func (w *worker) Work(ctx context.Context, j *river.Job[args]) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = river.JobCancel(fmt.Errorf("panic: %v", p))
		}
	}()
	err = w.do(ctx, batch.Job{Batch: j.Args.Batch, Item: j.Args.Item, Priority: j.Priority, Attempt: j.Attempt, Last: j.Attempt >= j.MaxAttempts})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, batch.ErrAgain):
		return errors.New("to be tried again") // not its text: it may name a file
	case ctx.Err() != nil:
		return river.JobSnooze(0) // as if it had not begun
	}
	return river.JobCancel(errors.New("ended"))
}

// policy is when a job is tried again.
type policy []time.Duration

// NextRetry is the time of the next attempt.
func (p policy) NextRetry(j *rivertype.JobRow) time.Time {
	if len(p) == 0 {
		return time.Now()
	}
	return time.Now().Add(p[min(max(j.Attempt-1, 0), len(p)-1)])
}

var _ batch.Queue = (*SQLite)(nil)
