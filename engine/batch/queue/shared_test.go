package queue

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"posteriori/engine/fault"
	"posteriori/engine/oplog"
	"posteriori/testdata/postgres"
)

var (
	runA = Run{ID: strings.Repeat("a", 32), Build: strings.Repeat("0", 32), Token: bytes.Repeat([]byte{1}, 32), Key: bytes.Repeat([]byte{2}, 32)}
	runB = Run{ID: strings.Repeat("b", 32), Build: strings.Repeat("0", 32), Token: bytes.Repeat([]byte{3}, 32), Key: bytes.Repeat([]byte{4}, 32)}
)

func taskOf(r Run, n, priority int) Task {
	return Task{Run: r, Name: fmt.Sprintf("%064x", n), Priority: priority}
}

func openShared(t *testing.T, s *postgres.Server) *Shared {
	t.Helper()
	q, err := OpenShared(t.Context(), s.URL, []time.Duration{time.Millisecond, time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(q.Close)
	return q
}

// TestNoticeFitsALog: what a machine says of a queue that is away says why, and
// passes as a message of the operational log, which takes no path.
func TestNoticeFitsALog(t *testing.T) {
	q := &Shared{where: "db/posteriori"}
	line := notice(fmt.Errorf("asking: %w", q.fail(errors.New("no route to host"))))
	var log bytes.Buffer
	l, err := oplog.New(&log, "json", "info")
	if err != nil {
		t.Fatal(err)
	}
	l.Warn(line)
	if !strings.Contains(log.String(), "the queue cannot be used: no route to host") {
		t.Errorf("%q is logged as %s", line, log.String())
	}
}

// TestPasswordFile: a file for passwords that cannot be read is said to be so,
// before the database is asked, which would tell of a wrong password.
func TestPasswordFile(t *testing.T) {
	away := filepath.Join(t.TempDir(), "pgpass")
	const address = "postgres://u@127.0.0.1:1/d?sslmode=disable"
	for name, a := range map[string]string{away: address, "": address + "&passfile=" + url.QueryEscape(away)} {
		t.Setenv("PGPASSFILE", name)
		_, err := OpenShared(t.Context(), a, nil)
		if fault.KindOf(err) != fault.Usage || !strings.Contains(err.Error(), away) {
			t.Errorf("PGPASSFILE=%s, %s: %v", name, a, err)
		}
	}
	try := func(want fault.Kind, address string) {
		t.Helper()
		if _, err := OpenShared(t.Context(), address, nil); fault.KindOf(err) != want {
			t.Errorf("%s: %v", address, err)
		}
	}
	t.Setenv("PGPASSFILE", away)
	try(fault.NoSpace, "postgres://u:word@127.0.0.1:1/d?sslmode=disable") // it is not needed
	if err := os.WriteFile(away, []byte("*:*:*:u:word"), 0o600); err != nil {
		t.Fatal(err)
	}
	try(fault.NoSpace, address) // nobody answers at that port
}

// beating keeps a run alive until the test ends or stop is called.
func beating(t *testing.T, q *Shared, r Run) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	if err := q.Begin(ctx, r); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for ctx.Err() == nil {
			_, _ = q.Beat(ctx, r)
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
	})
	stop = func() { cancel(); all.Wait() }
	t.Cleanup(stop)
	return stop
}

// serve has a machine of n slots work until the returned function is called.
func serve(t *testing.T, q *Shared, slots int, do func(context.Context, Task) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	end := make(chan error, 1)
	go func() { end <- q.Work(ctx, Machine{Build: runA.Build, Slots: slots}, do) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-end; err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(stop)
	return stop
}

// until waits for what must come to be within a time.
func until(t *testing.T, what string, within time.Duration, ok func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	for !ok() {
		if time.Since(began) > within {
			t.Fatalf("%s: not within %v", what, within)
		}
		time.Sleep(20 * time.Millisecond)
	}
	return time.Since(began)
}

func put(t *testing.T, q *Shared, tasks ...Task) []int64 {
	t.Helper()
	var ids []int64
	for _, task := range tasks {
		id, err := q.Put(t.Context(), task)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

// ended waits for the end of all tasks, and has the reason of each.
func ended(t *testing.T, q *Shared, ids []int64) []Reason {
	t.Helper()
	out := make([]Reason, len(ids))
	until(t, "the tasks end", 20*time.Second, func() bool {
		list, err := q.Ended(t.Context(), ids)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			out[slices.Index(ids, e.ID)] = e.Reason
		}
		return len(list) == len(ids)
	})
	return out
}

// Tasks are done by priority, then in order, once each however often they are
// put in; a reason is kept, the words of an error are not.
func TestSharedOrder(t *testing.T) {
	q := openShared(t, postgres.New(t))
	beating(t, q, runA)
	tasks := []Task{taskOf(runA, 1, 2), taskOf(runA, 2, 1), taskOf(runA, 3, 2), taskOf(runA, 4, 4), taskOf(runA, 5, 4)}
	ids := put(t, q, tasks...)
	if again := put(t, q, tasks...); !slices.Equal(ids, again) {
		t.Errorf("put in twice: %v, then %v", ids, again)
	}
	var mu sync.Mutex
	var seen []string
	tries := map[string]int{}
	stop := serve(t, q, 1, func(_ context.Context, task Task) error {
		mu.Lock()
		defer mu.Unlock()
		n := strings.TrimLeft(task.Name, "0")
		if tries[n]++; tries[n] == 1 {
			seen = append(seen, n)
		}
		if !bytes.Equal(task.Run.Token, runA.Token) || !bytes.Equal(task.Run.Key, runA.Key) || task.Run.ID != runA.ID || task.Attempt != tries[n] {
			t.Errorf("%+v", task)
		}
		switch n {
		case "3":
			return fmt.Errorf("/evidence/Jean Dupont.mp4: %w", Differs)
		case "4":
			return errors.New("/evidence/Jean Dupont.mp4 is away")
		case "5":
			panic("Jean Dupont")
		}
		return nil
	})
	got := ended(t, q, ids)
	if want := []Reason{"", "", Differs, Broke, Broke}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	mu.Lock()
	defer mu.Unlock()
	if !slices.Equal(seen, []string{"2", "1", "3", "4", "5"}) {
		t.Errorf("order %v", seen)
	}
	if tries["1"] != 1 || tries["3"] != 3 {
		t.Errorf("tries %v", tries)
	}
	st, err := q.State(t.Context(), runA.ID)
	if err != nil || st.Machines != 1 || st.Slots != 1 || st.Run["completed"] != 2 || st.Run["discarded"] != 3 {
		t.Errorf("%+v, %v", st, err)
	}
	words := everything(t, q)
	for _, bad := range []string{"Dupont", "evidence", ".mp4"} {
		if strings.Contains(words, bad) {
			t.Errorf("the database holds %q:\n%s", bad, words)
		}
	}
	// What is done may be asked for anew; a run that ends leaves nothing.
	mu.Unlock()
	stop()
	mu.Lock()
	if again := put(t, q, tasks[0]); again[0] == ids[0] {
		t.Error("a task that was done is not taken again")
	}
	if err := q.Stop(t.Context(), runA.ID); err != nil {
		t.Fatal(err)
	}
	if words := everything(t, q); strings.Contains(words, runA.ID) {
		t.Errorf("after the run's end the database holds\n%s", words)
	}
}

// everything is each row of each table, as text.
func everything(t *testing.T, q *Shared) string {
	t.Helper()
	rows, err := q.pool.Query(t.Context(), "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')")
	if err != nil {
		t.Fatal(err)
	}
	var tables []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		tables = append(tables, name)
	}
	if err := rows.Err(); err != nil || len(tables) < 6 {
		t.Fatalf("tables %v, %v", tables, err)
	}
	var out strings.Builder
	for _, name := range tables {
		rows, err := q.pool.Query(t.Context(), "SELECT x::text FROM "+name+" x")
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var row string
			if err := rows.Scan(&row); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&out, "%s %s\n", name, row)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

// What is not wanted any more stops within seconds: a run that ended, a task
// that was taken out, a coordinator of which nothing is heard.
func TestSharedStops(t *testing.T) {
	s := postgres.New(t)
	q := openShared(t, s)
	silent := beating(t, q, runA)
	beating(t, q, runB)
	var mu sync.Mutex
	running := map[string]bool{}
	is := func(name string) func() bool {
		return func() bool { mu.Lock(); defer mu.Unlock(); return running[name] }
	}
	not := func(name string) func() bool { return func() bool { return !is(name)() } }
	serve(t, openShared(t, s), 4, func(ctx context.Context, task Task) error {
		mu.Lock()
		running[task.Name] = true
		mu.Unlock()
		<-ctx.Done()
		mu.Lock()
		running[task.Name] = false
		mu.Unlock()
		return ctx.Err()
	})
	a, b, c := taskOf(runA, 1, 2), taskOf(runB, 2, 2), taskOf(runB, 3, 2)
	ids := put(t, q, a, b, c)
	for _, task := range []Task{a, b, c} {
		until(t, "it begins", 5*time.Second, is(task.Name))
	}
	if err := q.Drop(t.Context(), ids[1:2]); err != nil {
		t.Fatal(err)
	}
	t.Logf("a task that was taken out stopped after %v", until(t, "the task stops", 4*time.Second, not(b.Name)))
	if !is(c.Name)() {
		t.Error("another task stopped with it")
	}
	if err := q.Stop(t.Context(), runB.ID); err != nil {
		t.Fatal(err)
	}
	t.Logf("a run that ended stopped after %v", until(t, "the run stops", 4*time.Second, not(c.Name)))
	if !is(a.Name)() {
		t.Error("another run stopped with it")
	}
	silent()
	t.Logf("without a word of the coordinator it stopped after %v", until(t, "the run stops", Lease+4*time.Second, not(a.Name)))
	time.Sleep(Lease/2 + time.Second) // when it would be tried again
	if is(a.Name)() {
		t.Error("it was begun again with nobody to ask for it")
	}
	beating(t, q, runA)
	until(t, "the run goes on", Lease, is(a.Name))
}

// A task whose machine is gone waits for another; one that outlives too many
// machines is given up, and one that the database lost is told.
func TestSharedMachineGone(t *testing.T) {
	q := openShared(t, postgres.New(t))
	beating(t, q, runA)
	ids := put(t, q, taskOf(runA, 1, 2), taskOf(runA, 2, 2))
	// What kill -9 leaves behind.
	_, err := q.pool.Exec(t.Context(), `UPDATE river_job SET state = 'running', attempt = CASE id WHEN $1 THEN 1 ELSE 3 END,
		attempted_at = now(), attempted_by = ARRAY[$2]`, ids[0], newID())
	if err != nil {
		t.Fatal(err)
	}
	lost, err := q.Mend(t.Context(), append(slices.Clone(ids), 99))
	if err != nil || len(lost) != 1 || lost[0] != (Ended{ID: 99, Reason: Lost}) {
		t.Errorf("lost: %v, %v", lost, err)
	}
	serve(t, q, 1, func(context.Context, Task) error { return nil })
	if got := ended(t, q, ids); !slices.Equal(got, []Reason{"", MachineGone}) {
		t.Errorf("%q", got)
	}
}

// A database's clock that was ahead and is set right holds no task up.
func TestSharedClockSetBack(t *testing.T) {
	q := openShared(t, postgres.New(t))
	beating(t, q, runA)
	ids := put(t, q, taskOf(runA, 1, 2))
	if _, err := q.pool.Exec(t.Context(), "UPDATE river_job SET scheduled_at = now() + interval '400 days'"); err != nil {
		t.Fatal(err)
	}
	if lost, err := q.Mend(t.Context(), ids); err != nil || len(lost) > 0 {
		t.Errorf("lost: %v, %v", lost, err)
	}
	serve(t, q, 1, func(context.Context, Task) error { return nil })
	if got := ended(t, q, ids); !slices.Equal(got, []Reason{""}) {
		t.Errorf("%q", got)
	}
}

// A database that is killed and comes back loses no task, and machines go on by
// themselves.
func TestSharedKilled(t *testing.T) {
	s := postgres.New(t)
	q := openShared(t, s)
	beating(t, q, runA)
	var mu sync.Mutex
	did := map[string]int{}
	serve(t, openShared(t, s), 2, func(ctx context.Context, task Task) error {
		select {
		case <-time.After(300 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
		mu.Lock()
		defer mu.Unlock()
		did[task.Name]++
		return nil
	})
	var ids []int64
	for n := range 8 {
		ids = append(ids, put(t, q, taskOf(runA, n+1, 2))...)
	}
	until(t, "work begins", 10*time.Second, func() bool { mu.Lock(); defer mu.Unlock(); return len(did) >= 2 })
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := q.Beat(t.Context(), runA); fault.KindOf(err) != fault.NoSpace {
		t.Errorf("with the database away: %v", err)
	}
	time.Sleep(time.Second)
	if err := s.Run(); err != nil {
		t.Fatal(err)
	}
	until(t, "all is done", 60*time.Second, func() bool { mu.Lock(); defer mu.Unlock(); return len(did) == 8 })
	until(t, "all is told", 60*time.Second, func() bool {
		list, err := q.Ended(t.Context(), ids)
		return err == nil && len(list) == 8
	})
}

// Two procedures that keep the same number of tasks in the queue get the same
// share of the machines, whoever came first; priority goes before that.
func TestSharedFairness(t *testing.T) {
	s := postgres.New(t)
	q := openShared(t, s)
	beating(t, q, runA)
	beating(t, q, runB)
	var mu sync.Mutex
	did := map[string]int{}
	var after []string // what was done once the urgent one was in
	count := func(id string) int { mu.Lock(); defer mu.Unlock(); return did[id] }
	// A coordinator keeps four tasks in the queue until it has had thirty.
	coordinate := func(r Run, from int) {
		var in []int64
		for n := 0; count(r.ID) < 30; {
			for len(in) < 4 {
				n++
				id, err := q.Put(t.Context(), taskOf(r, from+n, 2))
				if err != nil {
					t.Error(err)
					return
				}
				in = append(in, id)
			}
			list, err := q.Ended(t.Context(), in)
			if err != nil {
				t.Error(err)
				return
			}
			for _, e := range list {
				in = slices.DeleteFunc(in, func(id int64) bool { return id == e.ID })
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
	serve(t, openShared(t, s), 2, func(_ context.Context, task Task) error {
		time.Sleep(40 * time.Millisecond)
		mu.Lock()
		defer mu.Unlock()
		did[task.Run.ID]++
		after = append(after, task.Name)
		return nil
	})
	var all sync.WaitGroup
	all.Go(func() { coordinate(runA, 0) })
	until(t, "the first works", 10*time.Second, func() bool { return count(runA.ID) >= 8 })
	before := count(runA.ID)
	all.Go(func() { coordinate(runB, 1000) })
	until(t, "the second works", 20*time.Second, func() bool { return count(runB.ID) >= 15 })
	meanwhile := count(runA.ID) - before
	t.Logf("while the second procedure got 15 tasks done, the first got %d", meanwhile)
	if meanwhile < 10 || meanwhile > 24 {
		t.Errorf("the first got %d of the machines' time, the second 15", meanwhile)
	}
	mu.Lock()
	at := len(after)
	mu.Unlock()
	urgent := taskOf(runB, 5000, 1)
	put(t, q, urgent)
	until(t, "the urgent one is done", 10*time.Second, func() bool { mu.Lock(); defer mu.Unlock(); return slices.Contains(after, urgent.Name) })
	mu.Lock()
	if n := slices.Index(after, urgent.Name) - at; n > 6 {
		t.Errorf("the urgent task came after %d others", n)
	}
	mu.Unlock()
	all.Wait()
}

// The address is checked, and its password is in no error.
func TestSharedAddress(t *testing.T) {
	for _, bad := range []string{"", "queue", "mysql://u:p@h/d", "postgres:///d", "postgres://u:se cret@h:99999999/d", "postgres://u:%zz@h/d"} {
		q, err := OpenShared(t.Context(), bad, nil)
		if fault.KindOf(err) != fault.Usage || strings.Contains(fmt.Sprint(err), "cret") {
			t.Errorf("%q: %v %v", bad, q, err)
		}
	}
	s := postgres.New(t)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range []func(){
		func() { u.User = url.UserPassword("posteriori", postgres.Password+"x") },
		func() { u.Host = "127.0.0.1:9" },
		func() { u.RawQuery = "sslmode=" + postgres.Password },
	} {
		change()
		_, err := OpenShared(t.Context(), u.String(), nil)
		var f *fault.Error
		if !errors.As(err, &f) {
			t.Fatalf("%v", err)
		}
		if all := fmt.Sprintf("%+v %v %v %q", f, f.Err, f.Hint, f.File); strings.Contains(all, postgres.Password) {
			t.Errorf("the password is told: %s", all)
		}
	}
}
