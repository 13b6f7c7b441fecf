package queue

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"posteriori/engine/batch"
)

// conformance is what every queue must do; open gives a queue on the same jobs
// each time.
func conformance(t *testing.T, open func(t *testing.T) (q batch.Queue, done func())) {
	t.Helper()
	ctx := t.Context()
	q, done := open(t)
	jobs := []batch.Job{{Batch: 1, Item: 1, Priority: 2}, {Batch: 1, Item: 2, Priority: 1}, {Batch: 1, Item: 3, Priority: 2}, {Batch: 1, Item: 4, Priority: 4}}
	for range 2 { // the second time changes nothing
		if err := q.Add(ctx, jobs); err != nil {
			t.Fatal(err)
		}
	}

	// By priority, then in order; a job that is to be tried again comes back, and
	// knows its last time; one that broke does not come back, nor does one that
	// panics.
	var mu sync.Mutex
	var seen []int64
	var last []bool
	ended := func(item int64, j batch.Job) error {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, item)
		switch item {
		case 1:
			last = append(last, j.Last)
			return fmt.Errorf("disk away: %w", batch.ErrAgain)
		case 3:
			return errors.New("broken")
		case 4:
			panic("no")
		}
		return nil
	}
	work(t, q, 1, func(_ context.Context, j batch.Job) error { return ended(j.Item, j) }, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(seen) == 6
	})
	var order []int64 // of the first tries: the others come when their pause is over
	for _, item := range seen {
		if !slices.Contains(order, item) {
			order = append(order, item)
		}
	}
	if !slices.Equal(order, []int64{2, 1, 3, 4}) {
		t.Errorf("order %v", seen)
	}
	if !slices.Equal(last, []bool{false, false, true}) {
		t.Errorf("last of the three tries: %v", last)
	}

	// What is done can be asked for again. A job that is broken off by the end of
	// a run waits for the next run, whoever opens the queue then.
	if err := q.Add(ctx, jobs[:2]); err != nil {
		t.Fatal(err)
	}
	began := make(chan struct{}, 8)
	work(t, q, 2, func(ctx context.Context, j batch.Job) error {
		began <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}, func() bool { return len(began) == 2 })
	done()
	q, done = open(t)
	defer done()
	var again []int64
	work(t, q, 1, func(_ context.Context, j batch.Job) error {
		mu.Lock()
		defer mu.Unlock()
		again = append(again, j.Item)
		return nil
	}, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(again) == 2
	})
	slices.Sort(again)
	if !slices.Equal(again, []int64{1, 2}) {
		t.Errorf("after the break: %v", again)
	}
}

// work works until enough says so.
func work(t *testing.T, q batch.Queue, at int, do batch.Do, enough func() bool) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	end := make(chan error, 1)
	go func() { end <- q.Work(ctx, at, do) }()
	for !enough() && ctx.Err() == nil {
		time.Sleep(5 * time.Millisecond)
	}
	if ctx.Err() != nil {
		t.Fatalf("the jobs were not done within a minute")
	}
	stop()
	if err := <-end; err != nil {
		t.Fatal(err)
	}
}

func TestSQLite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jobs.db")
	conformance(t, func(t *testing.T) (batch.Queue, func()) {
		q, err := OpenSQLite(t.Context(), path, []time.Duration{time.Millisecond, time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		return q, func() {
			if err := q.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

// Jobs that a killed process had under way are done by the next.
func TestKilledWhileRunning(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jobs.db")
	q, err := OpenSQLite(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Add(t.Context(), []batch.Job{{Batch: 1, Item: 7}}); err != nil {
		t.Fatal(err)
	}
	// What SIGKILL leaves behind.
	if _, err := q.db.Exec("UPDATE river_job SET state = 'running', attempt = 1, attempted_at = CURRENT_TIMESTAMP"); err != nil {
		t.Fatal(err)
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	if q, err = OpenSQLite(t.Context(), path, nil); err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	got := make(chan int64, 1)
	work(t, q, 1, func(_ context.Context, j batch.Job) error { got <- j.Item; return nil }, func() bool { return len(got) == 1 })
}

// What a killed or an interrupted run had under way was no try of it: its first
// failure waits for the first pause, and it has all its tries.
func TestKilledRunsAreNoTries(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jobs.db")
	open := func() *SQLite {
		q, err := OpenSQLite(t.Context(), path, []time.Duration{time.Millisecond, time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
	q := open()
	if err := q.Add(t.Context(), []batch.Job{{Batch: 1, Item: 7}}); err != nil {
		t.Fatal(err)
	}
	for range 3 { // interrupted, then killed
		began := make(chan struct{}, 1)
		work(t, q, 1, func(ctx context.Context, _ batch.Job) error {
			began <- struct{}{}
			<-ctx.Done()
			return ctx.Err()
		}, func() bool { return len(began) == 1 })
		// What SIGKILL leaves behind.
		if _, err := q.db.Exec("UPDATE river_job SET state = 'running', attempt = attempt + 1, attempted_at = CURRENT_TIMESTAMP"); err != nil {
			t.Fatal(err)
		}
		if err := q.Close(); err != nil {
			t.Fatal(err)
		}
		q = open()
	}
	defer func() { _ = q.Close() }()
	tried := make(chan batch.Job, 2)
	work(t, q, 1, func(_ context.Context, j batch.Job) error {
		tried <- j
		return fmt.Errorf("a worker was killed: %w", batch.ErrAgain)
	}, func() bool { return len(tried) == 2 })
	if j := <-tried; j.Attempt != 1 || j.Last {
		t.Errorf("the first try is told as %+v", j)
	}
}

// TestStartedAnew: what waits for another try is tried at once by the next run,
// from the first try on.
func TestStartedAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jobs.db")
	for n := range 3 {
		q, err := OpenSQLite(t.Context(), path, []time.Duration{time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		if err := q.Add(t.Context(), []batch.Job{{Batch: 1, Item: 7}}); err != nil {
			t.Fatal(err)
		}
		tried := make(chan batch.Job, 2)
		work(t, q, 1, func(_ context.Context, j batch.Job) error {
			tried <- j
			return fmt.Errorf("a share is away: %w", batch.ErrAgain)
		}, func() bool { return len(tried) == 1 })
		if j := <-tried; j.Attempt != 1 || j.Last || len(tried) > 0 {
			t.Errorf("run %d: the first try is told as %+v, and then %d more", n, j, len(tried))
		}
		if err := q.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A clock that was a year ahead and is set right, between two runs or in one, holds
// nothing up: neither what waits nor what is to be tried again; and a killed
// process that saw to those is no longer in charge.
func TestClockSetBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jobs.db")
	ahead := func(q *SQLite) {
		t.Helper()
		for _, set := range []string{
			"UPDATE river_job SET scheduled_at = datetime('now', 'subsec', '400 days')",
			"UPDATE river_job SET state = 'retryable', attempt = 1 WHERE json_extract(json(args), '$.item') = 2",
			"DELETE FROM river_leader",
			"INSERT INTO river_leader (elected_at, expires_at, leader_id, name) VALUES (datetime('now', '400 days'), datetime('now', '401 days'), 'killed', 'default')",
		} {
			if _, err := q.db.Exec(set); err != nil {
				t.Fatal(err)
			}
		}
	}
	open := func() *SQLite {
		q, err := OpenSQLite(t.Context(), path, []time.Duration{time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		q.due = 20 * time.Millisecond
		return q
	}
	q := open()
	if err := q.Add(t.Context(), []batch.Job{{Batch: 1, Item: 1}, {Batch: 1, Item: 2}}); err != nil {
		t.Fatal(err)
	}
	ahead(q)
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	q = open()
	defer func() { _ = q.Close() }()
	did := make(chan int64, 4)
	work(t, q, 1, func(_ context.Context, j batch.Job) error { did <- j.Item; return nil }, func() bool { return len(did) == 2 })

	if err := q.Add(t.Context(), []batch.Job{{Batch: 1, Item: 3}}); err != nil {
		t.Fatal(err)
	}
	first := true
	work(t, q, 1, func(_ context.Context, j batch.Job) error {
		if first { // the clock was ahead as the next one was put in, and is set right now
			first = false
			if err := q.Add(t.Context(), []batch.Job{{Batch: 1, Item: 4}}); err != nil {
				t.Error(err)
			}
			if _, err := q.db.Exec("UPDATE river_job SET scheduled_at = datetime('now', 'subsec', '400 days') WHERE state = 'available'"); err != nil {
				t.Error(err)
			}
		}
		did <- j.Item
		return nil
	}, func() bool { return len(did) == 4 })
}

// The queue holds numbers, and nothing else of a file.
func TestHoldsReferencesOnly(t *testing.T) {
	q, err := OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "jobs.db"), []time.Duration{time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	if err := q.Add(t.Context(), []batch.Job{{Batch: 1, Item: 7}}); err != nil {
		t.Fatal(err)
	}
	tried := make(chan struct{}, 1)
	work(t, q, 1, func(context.Context, batch.Job) error {
		defer func() { tried <- struct{}{} }()
		return fmt.Errorf("/evidence/Jean Dupont.mp4 is away: %w", batch.ErrAgain)
	}, func() bool { return len(tried) == 1 })
	var args, errs string
	if err := q.db.QueryRow("SELECT json(args), coalesce(json(errors), '') FROM river_job").Scan(&args, &errs); err != nil {
		t.Fatal(err)
	}
	if args != `{"batch":1,"item":7}` {
		t.Errorf("the queue holds %s", args)
	}
	if errs == "" || slices.ContainsFunc([]string{"Dupont", "evidence", ".mp4"}, func(s string) bool { return strings.Contains(errs, s) }) {
		t.Errorf("the queue's errors: %s", errs)
	}
}
