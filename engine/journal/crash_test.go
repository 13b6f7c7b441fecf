package journal

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"posteriori/engine/fault"
)

var errKilled = errors.New("killed")

// mortal is a disk that is gone after budget steps: each byte written and
// each other change is one. What was done before stays, as after kill -9.
func mortal(budget int) disk {
	step := func() error {
		if budget--; budget < 0 {
			return errKilled
		}
		return nil
	}
	return disk{
		writeAt: func(f *os.File, b []byte, off int64) (int, error) {
			n := min(max(budget, 0), len(b))
			budget -= len(b)
			if _, err := f.WriteAt(b[:n], off); err != nil {
				return 0, err
			}
			if n < len(b) {
				return n, errKilled
			}
			return n, nil
		},
		sync: func(*os.File) error { return step() },
		truncate: func(f *os.File, n int64) error {
			if err := step(); err != nil {
				return err
			}
			return f.Truncate(n)
		},
		rename: func(a, b string) error {
			if err := step(); err != nil {
				return err
			}
			return os.Rename(a, b)
		},
		remove: func(a string) error {
			if err := step(); err != nil {
				return err
			}
			return os.Remove(a)
		},
	}
}

// Killed at every byte and every step of an append, the journal opens again
// with every sealed record, takes the next one, and verifies.
func TestCrashAtEveryByte(t *testing.T) {
	key := testKey(t, "test", 1)
	base := newLog(t, key, 1)
	cut, sealed, done := 0, 0, false
	for budget := 0; !done; budget++ {
		dir := copyDir(t, base.Dir())
		l, err := openWith(dir, key, Options{Now: testClock()}, mortal(budget))
		if err != nil {
			t.Fatal(err)
		}
		_, err = l.Append(small("killed"))
		l.Close()
		done = err == nil
		if err != nil && !errors.Is(err, errKilled) {
			t.Fatalf("budget %d: %v", budget, err)
		}
		r := mustVerify(t, dir, key)
		if !r.Intact {
			t.Fatalf("budget %d: a crash looks like tampering: %+v", budget, r.Findings)
		}
		l, err = openWith(dir, key, Options{Now: testClock()}, quick())
		if err != nil {
			t.Fatalf("budget %d: %v", budget, err)
		}
		seq, err := l.Append(small("after"))
		l.Close()
		if err != nil {
			t.Fatalf("budget %d: %v", budget, err)
		}
		if r := mustVerify(t, dir, key); !r.Intact || r.Size != seq+1 || len(r.Notes) > 0 {
			t.Fatalf("budget %d: after the next record: %+v", budget, r)
		}
		switch rec := last(t, dir); {
		case seq != 1 && seq != 2:
			t.Fatalf("budget %d: next record has number %d", budget, seq)
		case rec.Recovered == nil:
		case rec.Recovered.Sealed && seq == 2:
			sealed++
		case !rec.Recovered.Sealed && rec.Recovered.Cut > 0 && seq == 1:
			cut++
		default:
			t.Fatalf("budget %d: record %d recovered %+v", budget, seq, rec.Recovered)
		}
	}
	if cut < 300 || sealed < 32 {
		t.Errorf("only %d torn and %d whole records met", cut, sealed)
	}
}

// small is a record with as little in it as there can be.
func small(reason string) Record {
	return Record{Operation: Consult, Sub: SubView, Outcome: OK, Reason: reason}
}

func last(t testing.TB, dir string) (r Record) {
	t.Helper()
	for rec, err := range Read(os.DirFS(dir), Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		r = rec
	}
	return r
}

// A mend that is itself killed leaves a journal that mends.
func TestCrashWhileMending(t *testing.T) {
	key := testKey(t, "test", 1)
	base := newLog(t, key, 3)
	for _, first := range []int{300, 600, 1200, 1300} {
		for second := range 12 {
			dir := copyDir(t, base.Dir())
			for _, budget := range []int{first, second} {
				l, err := openWith(dir, key, Options{Now: testClock()}, mortal(budget))
				if err != nil {
					t.Fatal(err)
				}
				_, _ = l.Append(testRecord("killed"))
				l.Close()
			}
			l, err := openWith(dir, key, Options{Now: testClock()}, quick())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := l.Append(testRecord("after")); err != nil {
				t.Errorf("killed at %d then %d: %v", first, second, err)
			}
			l.Close()
			if r := mustVerify(t, dir, key); !r.Intact {
				t.Errorf("killed at %d then %d: %+v", first, second, r.Findings)
			}
		}
	}
}

// A full disk, met at any byte, fails the act with NoSpace and leaves the
// journal as it was, to the byte.
func TestFullDisk(t *testing.T) {
	key := testKey(t, "test", 1)
	l := newLog(t, key, 2)
	before := snapshot(t, l.Dir())
	for room := 0; ; room += 7 {
		full := quick()
		left := room
		full.writeAt = func(f *os.File, b []byte, off int64) (int, error) {
			n := min(left, len(b))
			left -= n
			if _, err := f.WriteAt(b[:n], off); err != nil {
				return 0, err
			}
			if n < len(b) {
				return n, &fs.PathError{Op: "write", Path: f.Name(), Err: syscall.ENOSPC}
			}
			return n, nil
		}
		l.disk = full
		_, err := l.Append(testRecord("no room"))
		if err == nil {
			break
		}
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != fault.NoSpace || f.Rule != ruleJournal || f.Hint == "" {
			t.Fatalf("room for %d bytes: %v", room, err)
		}
		if after := snapshot(t, l.Dir()); after != before {
			t.Fatalf("room for %d bytes: something stayed", room)
		}
	}
	if r := mustVerify(t, l.Dir(), key); !r.Intact || r.Size != 3 {
		t.Errorf("after the disk had room: %+v", r)
	}
}

// snapshot is names and contents of a folder.
func snapshot(t testing.TB, dir string) string {
	t.Helper()
	var s strings.Builder
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		fmt.Fprintf(&s, "%s %q\n", e.Name(), readFile(t, dir+"/"+e.Name()))
	}
	return s.String()
}

func TestReadOnly(t *testing.T) {
	for _, cause := range []error{syscall.EROFS, syscall.EACCES, syscall.EDQUOT} {
		l := newLog(t, testKey(t, "test", 1), 1)
		l.disk.truncate = func(f *os.File, _ int64) error { return &fs.PathError{Op: "truncate", Path: f.Name(), Err: cause} }
		if _, err := l.Append(testRecord("x")); fault.KindOf(err) != fault.NoSpace || !errors.Is(err, cause) {
			t.Errorf("%v: %v", cause, err)
		}
	}
}

const envAppend = "POSTERIORI_TEST_APPEND"

// TestMain lets the test binary be the other processes: with the variable
// set it appends records to that journal and says each number.
func TestMain(m *testing.M) {
	dir := os.Getenv(envAppend)
	if dir == "" {
		os.Exit(m.Run())
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	if n, err := strconv.ParseUint(os.Getenv("FSIZE"), 10, 64); err == nil {
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	l, err := Open(dir, Key{Private: os.Getenv("KEY"), Public: os.Getenv("PUB")}, Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	l.disk = quick()
	for range 40 {
		seq, err := l.Append(testRecord("from a process of its own"))
		if err != nil {
			out.Flush()
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Fprintln(out, seq)
	}
}

// Processes and goroutines append to one journal at once; every record gets a
// number of its own and nothing is lost.
func TestConcurrentAppend(t *testing.T) {
	key := testKey(t, "test", 1)
	l := newLog(t, key, 1)
	var wg sync.WaitGroup
	outs := make([][]byte, 3)
	for i := range outs {
		wg.Go(func() {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), envAppend+"="+l.Dir(), "KEY="+key.Private, "PUB="+key.Public)
			cmd.Stderr = os.Stderr
			out, err := cmd.Output()
			if err != nil {
				t.Error(err)
			}
			outs[i] = out
		})
	}
	var mu sync.Mutex
	seen := map[string]bool{}
	for range 2 {
		wg.Go(func() {
			for range 20 {
				seq, err := l.Append(testRecord("from a goroutine"))
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				seen[fmt.Sprint(seq)] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for _, out := range outs {
		for _, seq := range strings.Fields(string(out)) {
			if seen[seq] {
				t.Errorf("number %s given twice", seq)
			}
			seen[seq] = true
		}
	}
	if r := mustVerify(t, l.Dir(), key); !r.Intact || r.Size != 161 || len(seen) != 160 {
		t.Errorf("%d numbers, %+v", len(seen), r)
	}
}
