package batch

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"posteriori/engine/fault"
	"posteriori/engine/index"
)

// list is a queue in memory: a job to be tried again comes back at once, and a
// third time is the last.
type list struct {
	mu   sync.Mutex
	jobs []Job
}

func (l *list) Add(_ context.Context, jobs []Job) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.jobs = slices.Clone(jobs)
	return nil
}

func (l *list) take() (Job, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.jobs) == 0 {
		return Job{}, false
	}
	j := l.jobs[0]
	l.jobs = l.jobs[1:]
	j.Attempt++
	j.Last = j.Attempt == 3
	return j, true
}

func (l *list) Work(ctx context.Context, at int, do Do) error {
	var all sync.WaitGroup
	for range at {
		all.Go(func() {
			for ctx.Err() == nil {
				j, ok := l.take()
				if !ok {
					time.Sleep(time.Millisecond)
					continue
				}
				if err := do(ctx, j); errors.Is(err, ErrAgain) || ctx.Err() != nil {
					l.mu.Lock()
					l.jobs = append(l.jobs, j)
					l.mu.Unlock()
				}
			}
		})
	}
	all.Wait()
	return nil
}

// newBatch is an index with a batch of n files of ten seconds, of one camera,
// that begin at starts; the last is left out.
func newBatch(t *testing.T, n int, starts ...int64) (*index.Store, int64) {
	t.Helper()
	ix, err := index.Open(t.Context(), filepath.Join(t.TempDir(), "index.db"), make([]byte, index.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ix.Close() })
	items := make([]index.BatchItem, n)
	for i := range items {
		items[i] = index.BatchItem{Path: fmt.Sprintf("/evidence/%d.mp4", i+1), Kind: "video", Video: "h264 16×16", LengthUS: 10e6, Bytes: 1000,
			Camera: "c", Priority: 2, State: index.ItemWaiting}
		if i < len(starts) {
			items[i].StartUS = &starts[i]
		}
	}
	items[n-1].State, items[n-1].Reason = index.ItemLeftOut, "an archive"
	id, err := ix.AddBatch(t.Context(), index.Batch{MadeUS: 1, Manifest: fmt.Sprintf("%064d", 1), Basis: "seizure"}, slices.Values(items))
	if err != nil {
		t.Fatal(err)
	}
	return ix, id
}

func states(t *testing.T, ix *index.Store, id int64) []string {
	t.Helper()
	var out []string
	for it, err := range ix.BatchItems(t.Context(), id, "") {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, it.State)
	}
	return out
}

// Of a file that waits for its share somebody is told, once; of one that gets on,
// or waits for a worker, nothing.
func TestWhatDoesNotGetOn(t *testing.T) {
	now := time.Unix(0, 0)
	a := newAccount(&Speeds{}, 2, func() time.Time { return now })
	for item := range int64(4) {
		a.know(item, Load{Bytes: 1000}, index.ItemWaiting, 0)
		a.start(item, Load{Bytes: 1000})
	}
	a.step(0, Step{Read: 10})
	a.step(1, Step{Read: 2000}) // waits for a worker
	a.step(2, Step{Read: 2000, Done: 5})
	now = now.Add(9 * time.Minute)
	if got := a.stuck(10 * time.Minute); got != nil {
		t.Errorf("early: %v", got)
	}
	a.step(3, Step{Read: 1})
	now = now.Add(time.Minute)
	if got := a.stuck(10 * time.Minute); !slices.Equal(got, []int64{0, 2}) {
		t.Errorf("%v", got)
	}
	a.step(0, Step{Read: 10}) // the same again is no step
	if got := a.stuck(10 * time.Minute); got != nil {
		t.Errorf("told before: %v", got)
	}
	a.step(0, Step{Read: 11})
	now = now.Add(11 * time.Minute)
	if got := a.stuck(10 * time.Minute); !slices.Equal(got, []int64{0, 3}) {
		t.Errorf("after it got on: %v", got)
	}
}

// A run tells so.
func TestWhatDoesNotGetOnIsTold(t *testing.T) {
	ix, id := newBatch(t, 2)
	on := make(chan struct{})
	var once sync.Once
	r := Runner{Index: ix, Queue: &list{}, Batch: id, Workers: 1, look: time.Millisecond, note: time.Hour, quiet: 20 * time.Millisecond,
		Report: func(p Progress) {
			if strings.Contains(p.Line, "file 1 has not got on for 20ms") {
				once.Do(func() { close(on) })
			}
		},
		Handle: func(ctx context.Context, it index.BatchItem, _ func(Step)) (index.BatchItem, error) {
			select {
			case <-on: // it was told
			case <-time.After(20 * time.Second):
				t.Error("nobody was told")
			}
			it.State = index.ItemAnalysed
			return it, nil
		}}
	if err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Every file ends with what became of it; what is tried again ends too.
func TestEveryFileEnds(t *testing.T) {
	ix, id := newBatch(t, 7)
	var mu sync.Mutex
	tries := map[int64]int{}
	r := Runner{Index: ix, Queue: &list{}, Batch: id, Workers: 3, Handle: func(_ context.Context, it index.BatchItem, _ func(Step)) (index.BatchItem, error) {
		mu.Lock()
		tries[it.Item]++
		n := tries[it.Item]
		mu.Unlock()
		it.State, it.Tracks = index.ItemAnalysed, 5
		switch {
		case it.Item == 2:
			it.State, it.Reason = index.ItemRefused, "no recording"
		case it.Item == 3 && n < 3:
			return it, fmt.Errorf("%w: %w", ErrAgain, fault.New(fault.BadInput, "there is no such file"))
		case it.Item == 4:
			return it, fmt.Errorf("%w: %w", ErrAgain, fault.New(fault.Internal, "it broke off").WithHint("again"))
		case it.Item == 5:
			return it, errors.New("surprise")
		}
		return it, nil
	}}
	if err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []string{"analysed", "refused", "analysed", "failed", "failed", "analysed", "left-out"}
	if got := states(t, ix, id); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	it, err := ix.BatchItem(t.Context(), id, 4)
	if err != nil || it.Reason != "it broke off" || it.Hint != "again" || it.FinishedUS == 0 {
		t.Errorf("%+v, %v", it, err)
	}
	if it, _ := ix.BatchItem(t.Context(), id, 3); it.Reason != "" || it.Tracks != 5 {
		t.Errorf("what was wrong before it went well is still said: %+v", it)
	}
	// Done again, nothing is touched.
	r.Handle = func(context.Context, index.BatchItem, func(Step)) (index.BatchItem, error) {
		t.Error("a file that has ended was begun again")
		return index.BatchItem{}, nil
	}
	if err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err := ix.RetryItems(t.Context(), id, 0, index.ItemFailed); n != 2 || err != nil {
		t.Errorf("%d files to try again, %v", n, err)
	}
}

// A run that is paused, cancelled, interrupted or stopped by the law ends, says
// why, and leaves what it had begun for the next.
func TestRunEnds(t *testing.T) {
	law := fault.New(fault.Refused, "the authorisation was revoked").UnderRule("4")
	for name, c := range map[string]struct {
		how  func(t *testing.T, ix *index.Store, id int64, cancel func())
		err  error
		want error
		left string
	}{
		"paused": {how: func(t *testing.T, ix *index.Store, id int64, _ func()) {
			if err := ix.SetBatchState(t.Context(), id, index.BatchPaused); err != nil {
				t.Error(err)
			}
		}, want: ErrPaused, left: "waiting"},
		"cancelled": {how: func(t *testing.T, ix *index.Store, id int64, _ func()) {
			if err := ix.SetBatchState(t.Context(), id, index.BatchCancelled); err != nil {
				t.Error(err)
			}
		}, want: ErrCancelled, left: "cancelled"},
		"interrupted": {how: func(_ *testing.T, _ *index.Store, _ int64, cancel func()) { cancel() }, want: context.Canceled, left: "waiting"},
		"revoked":     {err: fmt.Errorf("%w: %w", ErrStop, law), want: law, left: "waiting"},
	} {
		t.Run(name, func(t *testing.T) {
			ix, id := newBatch(t, 4)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var once sync.Once
			r := Runner{Index: ix, Queue: &list{}, Batch: id, Workers: 1, look: time.Millisecond, note: time.Hour,
				Handle: func(ctx context.Context, it index.BatchItem, _ func(Step)) (index.BatchItem, error) {
					if it.Item == 1 {
						it.State = index.ItemAnalysed
						return it, nil
					}
					once.Do(func() {
						if c.how != nil {
							c.how(t, ix, id, cancel)
						}
					})
					if c.err != nil {
						return it, c.err
					}
					<-ctx.Done()
					return it, ctx.Err()
				}}
			if err := r.Run(ctx); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
			if got, want := states(t, ix, id), []string{"analysed", c.left, c.left, "left-out"}; !slices.Equal(got, want) {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
}

// timed is a file of a simulated run.
type timed struct {
	Load
	before time.Duration // that it takes until something of it is told: import, hash, start of a worker
	took   time.Duration // after that
}

// The time left is right within a fifth from the first tenth on: for files of
// very different lengths and speeds, on several workers, in a run that goes on
// with what another began; and for a few short ones, of which most of the time
// is gone before anything is told.
func TestTimeLeft(t *testing.T) {
	speed := map[string]float64{"h264 1920×1080": 2, "h264 640×360": 12, "mpeg4 320×240": 30}
	groups := []string{"h264 1920×1080", "h264 640×360", "mpeg4 320×240"}
	var mixed, short []timed
	for i := range 300 {
		g := groups[(i*7)%3]
		l := Load{Group: g, Length: time.Duration(60+i*37%3600) * time.Second, Bytes: int64(1+i%9) << 20}
		jitter := 0.8 + 0.4*float64(i*31%100)/100 // how much moves in it
		mixed = append(mixed, timed{l, 0, time.Duration(l.Length.Seconds() / speed[g] * jitter * float64(time.Second))})
	}
	for i := range 100 {
		l := Load{Group: "h264 160×120", Length: 6 * time.Minute, Bytes: 64 << 10}
		short = append(short, timed{l, time.Duration(5000+i*1237%2000) * time.Millisecond, time.Duration(3000+i*911%1500) * time.Millisecond})
	}
	for _, c := range []struct {
		name           string
		files          []timed
		workers, known int
		start, tick    time.Duration
	}{
		{"mixed, gone on with", mixed, 3, 40, 0, 5 * time.Second},
		{"few and short", short, 3, 0, 8 * time.Second, 200 * time.Millisecond},
		{"few and short, on many machines", short, 9, 0, 8 * time.Second, 200 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			if worst := simulate(c.files, c.workers, c.known, c.start, c.tick); worst > 0.2 || worst == 0 {
				t.Errorf("the time left is %.0f %% off at worst", 100*worst)
			} else {
				t.Logf("at worst %.0f %% off", 100*worst)
			}
		})
	}
}

// simulate works through files, of which so many were done by a run before,
// from start on, and returns how far the time left was from the true one at the
// worst, from the first tenth to the last minute, or the last tenth.
func simulate(files []timed, workers, known int, start, tick time.Duration) (worst float64) {
	now := time.Unix(0, 0)
	a := newAccount(&Speeds{}, workers, func() time.Time { return now })
	for i, f := range files {
		state := index.ItemWaiting
		if i < known {
			state = index.ItemAnalysed
		}
		a.know(int64(i), f.Load, state, 0)
	}
	now = now.Add(start)
	next, at, began := known, slices.Repeat([]int{-1}, workers), make([]time.Time, workers)
	type told struct {
		when  time.Time
		share float64
		left  time.Duration
	}
	var all []told
	for next < len(files) || slices.Max(at) >= 0 {
		now = now.Add(tick)
		for w := range at {
			if i := at[w]; i >= 0 {
				f, spent := files[i], now.Sub(began[w])
				done := min(1, max(0, (spent-f.before).Seconds()/f.took.Seconds()))
				part := time.Duration(done * float64(f.Length))
				s := Step{Length: f.Length, Done: part, Read: int64(done * reads * float64(f.Bytes))}
				if done == 1 { // a worker tells how long it was busy when it ends
					s.Work, s.Worked = f.took, f.Length
				}
				a.step(int64(i), s)
				if done == 1 {
					a.end(int64(i), "waiting", "analysed", false, 1)
					at[w] = -1
				}
			}
			if at[w] < 0 && next < len(files) {
				at[w], began[w] = next, now
				a.start(int64(next), files[next].Load)
				next++
			}
		}
		p := a.progress()
		all = append(all, told{now, p.Share, p.Left})
	}
	first := all[0].share
	for _, x := range all {
		left := now.Sub(x.when)
		if (x.share-first)/(1-first) < 0.1 || left < min(time.Minute, now.Sub(time.Unix(0, 0))/10) {
			continue
		}
		worst = max(worst, math.Abs(x.left.Seconds()-left.Seconds())/left.Seconds())
	}
	return worst
}
