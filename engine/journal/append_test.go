package journal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"posteriori/engine/fault"
)

// appendGroup has records written by one commit, as those are that wait
// together, and returns their numbers and errors.
func appendGroup(l *Log, records ...Record) []*waiter {
	var group []*waiter
	for _, r := range records {
		group = append(group, &waiter{record: r})
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.commit(group)
	return group
}

// A group is written with one set of waits, in order, and verifies.
func TestGroup(t *testing.T) {
	key := testKey(t, "test", 1)
	l := newLog(t, key, 2)
	var syncs int
	l.disk.sync = func(*os.File) error { syncs++; return nil }
	group := appendGroup(l, testRecord("a"), testRecord("b"), testRecord("c"))
	for i, w := range group {
		if !w.done || w.err != nil || w.seq != int64(2+i) {
			t.Errorf("record %d: %+v", i, w)
		}
	}
	if syncs != 4 {
		t.Errorf("%d waits for the disk, want 4", syncs)
	}
	if r := mustVerify(t, l.Dir(), key); !r.Intact || r.Size != 5 {
		t.Errorf("%+v", r)
	}
}

// A record that cannot be sealed fails alone.
func TestGroupWithUnfitRecord(t *testing.T) {
	key := testKey(t, "test", 1)
	l := newLog(t, key, 1)
	huge := testRecord("huge")
	huge.Params = strings.Repeat("x", MaxRecord)
	group := appendGroup(l, testRecord("a"), huge, testRecord("c"))
	if group[0].err != nil || fault.KindOf(group[1].err) != fault.Internal || group[2].err != nil || group[2].seq != 2 {
		t.Errorf("%v, %v, %v", group[0].err, group[1].err, group[2])
	}
	if r := mustVerify(t, l.Dir(), key); !r.Intact || r.Size != 3 {
		t.Errorf("%+v", r)
	}
}

// Records that are too many bytes for one write are written by several.
func TestGroupInParts(t *testing.T) {
	key := testKey(t, "test", 1)
	l := newLog(t, key, 0)
	big := testRecord("big")
	big.Params = strings.Repeat("x", maxGroupBytes/2)
	renames, rename := 0, l.disk.rename
	l.disk.rename = func(a, b string) error { renames++; return rename(a, b) }
	for i, w := range appendGroup(l, big, big, big, big, big) {
		if w.err != nil || w.seq != int64(i) {
			t.Errorf("record %d: %d, %v", i, w.seq, w.err)
		}
	}
	if r := mustVerify(t, l.Dir(), key); !r.Intact || r.Size != 5 || renames != 3 {
		t.Errorf("%d writes, %+v", renames, r)
	}
}

// Killed at any step and, sampled, at any byte of a group, the journal opens
// with what was acknowledged, whole or without the group, and goes on.
func TestCrashInGroup(t *testing.T) {
	key := testKey(t, "test", 1)
	base := newLog(t, key, 1)
	cut, sealed, done := 0, 0, false
	for budget := 0; !done; budget += 1 + budget%9 {
		dir := copyDir(t, base.Dir())
		l, err := openWith(dir, key, Options{Now: testClock()}, mortal(budget))
		if err != nil {
			t.Fatal(err)
		}
		group := appendGroup(l, small("a"), small("b"), small("c"))
		l.Close()
		done = group[2].err == nil
		for _, w := range group {
			if (w.err == nil) != done || w.err != nil && !errors.Is(w.err, errKilled) {
				t.Fatalf("budget %d: %v", budget, w.err)
			}
		}
		if l, err = openWith(dir, key, Options{Now: testClock()}, quick()); err != nil {
			t.Fatalf("budget %d: %v", budget, err)
		}
		seq, err := l.Append(small("after"))
		l.Close()
		if err != nil || seq != 1 && seq != 4 {
			t.Fatalf("budget %d: next record has number %d, %v", budget, seq, err)
		}
		if r := mustVerify(t, dir, key); !r.Intact || r.Size != seq+1 || len(r.Notes) > 0 {
			t.Fatalf("budget %d: %+v", budget, r)
		}
		switch rec := last(t, dir).Recovered; {
		case rec == nil:
		case rec.Sealed && seq == 4:
			sealed++
		case rec.Cut > 0 && seq == 1:
			cut++
		default:
			t.Fatalf("budget %d: record %d recovered %+v", budget, seq, rec)
		}
	}
	if cut < 60 || sealed < 12 {
		t.Errorf("only %d torn and %d whole groups met", cut, sealed)
	}
}

// What waits while a group is on its way goes in the next one: many acts at
// once take few writes.
func TestManyAtOnce(t *testing.T) {
	defer goleak.VerifyNone(t)
	key := testKey(t, "test", 1)
	l := newLog(t, key, 0)
	var writes, calls atomic.Int64
	rename := l.disk.rename
	l.disk.rename = func(a, b string) error {
		if writes.Add(1) > 1 {
			return rename(a, b)
		}
		// The first write lasts until all have come and stand in the queue.
		for before := -1; ; time.Sleep(20 * time.Millisecond) {
			l.queue.mu.Lock()
			n := len(l.queue.waiting)
			l.queue.mu.Unlock()
			if calls.Load() == 16 && n == before {
				return rename(a, b)
			}
			before = n
		}
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	seen := map[int64]bool{}
	for i := range 16 {
		wg.Go(func() {
			calls.Add(1)
			seq, err := l.Append(testRecord(fmt.Sprint("act ", i)))
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			seen[seq] = true
		})
	}
	wg.Wait()
	if r := mustVerify(t, l.Dir(), key); !r.Intact || r.Size != 16 || len(seen) != 16 || writes.Load() > 8 {
		t.Errorf("%d writes, %d numbers, %+v", writes.Load(), len(seen), r)
	}
}

// A limit on the size of files (RLIMIT_FSIZE) in a process of its own: acts
// fail with a clear error, and what was acknowledged is there.
func TestFileSizeLimit(t *testing.T) {
	key := testKey(t, "test", 1)
	l := newLog(t, key, 1)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envAppend+"="+l.Dir(), "KEY="+key.Private, "PUB="+key.Public, "FSIZE=6000")
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err == nil || !strings.Contains(complaints.String(), "the journal cannot be written, so nothing was done") ||
		!strings.Contains(complaints.String(), syscall.EFBIG.Error()) {
		t.Fatalf("%v: %s", err, complaints.String())
	}
	n := int64(len(strings.Fields(string(out))))
	if r := mustVerify(t, l.Dir(), key); !r.Intact || r.Size != 1+n || n < 2 {
		t.Errorf("%d acknowledged, %+v", n, r)
	}
}

// A journal whose checkpoint does not say its length, as the first version
// wrote it, opens, goes on and verifies.
func TestCheckpointWithoutBytes(t *testing.T) {
	key := testKey(t, "test", 1)
	l := newLog(t, key, 3)
	cp, _, err := l.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	end := cp.Bytes
	cp.Bytes = 0
	signed, err := cp.Sign(l.signer)
	if err != nil {
		t.Fatal(err)
	}
	dir := copyDir(t, l.Dir())
	writeFile(t, dir+"/checkpoint", signed)
	if r := mustVerify(t, dir, key); !r.Intact {
		t.Errorf("%+v", r)
	}
	old, err := openWith(dir, key, Options{Now: testClock()}, quick())
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	if old.at.Bytes != end {
		t.Errorf("length %d, want %d", old.at.Bytes, end)
	}
	if seq, err := old.Append(small("next")); err != nil || seq != 3 {
		t.Errorf("Append = %d, %v", seq, err)
	}
	if r := mustVerify(t, dir, key); !r.Intact || r.Size != 4 {
		t.Errorf("%+v", r)
	}
}

// The clock of a machine that was set back is in the next record, whoever
// writes it, and a warning of the verifier, no more.
func TestClockSetBack(t *testing.T) {
	key := testKey(t, "test", 1)
	l := newLog(t, key, 2)
	at, err := last(t, l.Dir()).Time()
	if err != nil {
		t.Fatal(err)
	}
	reason := strings.Repeat("long ", 8000)
	step := func(by time.Duration) Record {
		at = at.Add(by)
		other, err := openWith(l.Dir(), key, Options{Now: func() time.Time { return at }}, quick())
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		if _, err := other.Append(testRecord(reason)); err != nil {
			t.Fatal(err)
		}
		return last(t, l.Dir())
	}
	for _, c := range []struct {
		by   time.Duration
		want string
	}{{time.Hour, ""}, {-time.Second, ""}, {-90 * time.Minute, "1h30m0s"}, {time.Minute, ""}, {-time.Second - time.Microsecond, "1.000001s"}} {
		if r := step(c.by); r.ClockBack != c.want {
			t.Errorf("clock moved by %v: %q, want %q", c.by, r.ClockBack, c.want)
		}
	}
	r := mustVerify(t, l.Dir(), key)
	if !r.Intact || r.First != -1 || len(r.Warnings) != 2 || r.Warnings[0].Seq != 4 || r.Warnings[1].Seq != 6 {
		t.Errorf("%+v", r)
	}
	reason = "short"
	for range maxClockWarnings {
		step(time.Hour)
		step(-2 * time.Hour)
	}
	if r := mustVerify(t, l.Dir(), key); len(r.Warnings) != maxClockWarnings+1 || !strings.Contains(r.Warnings[maxClockWarnings].What, "2 times more") {
		t.Errorf("%d warnings: %+v", len(r.Warnings), r.Warnings[len(r.Warnings)-1])
	}
}

// A writer who has much to write leaves each other its turn.
func TestWritersTakeTurns(t *testing.T) {
	key := testKey(t, "test", 1)
	busy := newLog(t, key, 1)
	var commits atomic.Int64
	busy.disk = quick()
	busy.disk.sync = func(*os.File) error { time.Sleep(5 * time.Millisecond); return nil } // as slow disks are
	rename := busy.disk.rename
	busy.disk.rename = func(a, b string) error { commits.Add(1); return rename(a, b) }
	other, err := openWith(busy.Dir(), key, Options{}, quick())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for !stop.Load() {
				if _, err := busy.Append(small("busy")); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	const n = 15
	for commits.Load() == 0 { // it is at work
		time.Sleep(time.Millisecond)
	}
	before := commits.Load()
	for range n {
		if _, err := other.Append(small("other")); err != nil {
			t.Fatal(err)
		}
	}
	during := commits.Load() - before
	stop.Store(true)
	wg.Wait()
	// Each wait lets one pass that is under way, and one that had its turn before.
	if during > 2*n {
		t.Errorf("%d turns of the one while the other had %d", during, n)
	}
	if r := mustVerify(t, busy.Dir(), key); !r.Intact {
		t.Errorf("%+v", r.Findings)
	}
}
