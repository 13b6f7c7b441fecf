package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"posteriori/testdata/timedworker"
)

// supervised are the programs of a batch on many machines and who starts them
// again: what dies of itself because the database was away (exit status 8), as
// a service manager does, and what the test kills.
type supervised struct {
	*fleet
	store       string
	coordinator *process
	machines    []*process
	began       time.Time
	story       []string // what happened, for who reads of a failure
}

func (f *fleet) supervise(store string, machines int) *supervised {
	s := &supervised{fleet: f, store: store, began: time.Now()}
	f.t.Cleanup(func() {
		if f.t.Failed() {
			s.tell("the coordinator said:\n%s", s.coordinator)
			for i, m := range s.machines {
				s.tell("machine %d said:\n%s", i, m)
			}
			f.t.Logf("what happened:\n%s", strings.Join(s.story, "\n"))
		}
	})
	for range machines {
		s.machines = append(s.machines, f.machine())
	}
	s.coordinator = f.begin(store, "batch", "run", f.manifest, "--detector", "none")
	return s
}

// tell notes what happened, with the text of a process that is an argument.
func (s *supervised) tell(format string, args ...any) {
	for i, a := range args {
		if p, ok := a.(*process); ok {
			select {
			case err := <-p.done: // what it says may be read now
				p.done <- err
				args[i] = fmt.Sprintf("%v: %s", p.ProcessState, p.out.String())
			default:
				args[i] = "(it runs)"
			}
		}
	}
	s.story = append(s.story, fmt.Sprintf("%8.3fs ", time.Since(s.began).Seconds())+fmt.Sprintf(format, args...))
}

// again starts the coordinator anew: one that was killed before it had noted
// its batch has nothing to resume.
func (s *supervised) again() {
	args := []string{"batch", "resume"}
	if s.command(s.store, "batch", "status").Run() != nil {
		args = []string{"batch", "run", s.manifest}
	}
	s.tell("posteriori %s", strings.Join(args, " "))
	s.coordinator = s.begin(s.store, append(args, "--detector", "none")...)
}

// wait waits for the run's end, for so long at the most, and starts again what
// ended because the database was away. It tells whether the run has ended.
func (s *supervised) wait(d time.Duration) bool {
	s.t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		for i, m := range s.machines {
			if code, ended := m.ended(); ended {
				s.tell("machine %d ended of itself: %s", i, m)
				if code != 8 {
					s.t.Fatalf("machine %d: exit status %d", i, code)
				}
				s.machines[i] = s.machine()
			}
		}
		switch code, ended := s.coordinator.ended(); {
		case !ended:
		case code == 8:
			s.tell("the coordinator ended of itself: %s", s.coordinator)
			s.again()
		case code != 0:
			s.t.Fatalf("the coordinator: exit status %d", code)
		default:
			return true
		}
	}
	return false
}

// kill kills a machine, the coordinator, or the database.
func (s *supervised) kill(what string, rng *rand.Rand) {
	s.t.Helper()
	switch what {
	case "machine":
		i := rng.IntN(len(s.machines))
		s.tell("machine %d is killed", i)
		s.machines[i].kill(s.t)
		s.machines[i] = s.machine()
	case "coordinator":
		s.tell("the coordinator is killed")
		s.coordinator.kill(s.t)
		s.again()
	case "database":
		s.tell("the database is killed")
		if err := s.server.Kill(); err != nil {
			s.t.Fatal(err)
		}
		time.Sleep(time.Duration(rng.Int64N(1500)) * time.Millisecond)
		if err := s.server.Run(); err != nil {
			s.t.Fatal(err)
		}
		s.tell("the database answers again")
	}
}

// Whatever is killed at whatever moment, a machine, the coordinator, the
// database, the index is that of an unbroken run and the journal is whole.
func TestManyMachinesKilled(t *testing.T) {
	f := newFleet(t, timedPrograms(t))
	const files, chunks = 10, 3
	for i := range files {
		f.record(fmt.Sprintf("%02d.mp4", i), timedworker.Recording(chunks, 600*time.Millisecond, strconv.Itoa(i)))
	}
	f.writeManifest()
	alone := f.newStore("alone")
	f.run(alone, "batch", "run", f.manifest, "--detector", "none", "--workers", "4")
	want := f.canonical(alone)
	if len(want) != files*chunks {
		t.Fatalf("%d objects", len(want))
	}

	store := f.newStore("many")
	rng := rand.New(rand.NewPCG(7, 7))
	s := f.supervise(store, 2)
	kills := map[string]int{}
	// The first are killed as they begin, the others at work.
	for i, what := range []string{"machine", "coordinator", "database", "machine", "coordinator", "machine", "database"} {
		wide := int64(300)
		if i > 2 {
			wide = 1000
		}
		if s.wait(time.Duration(rng.Int64N(wide)) * time.Millisecond) {
			break
		}
		kills[what]++
		s.kill(what, rng)
	}
	if !s.wait(3 * time.Minute) {
		t.Fatal("the run does not end")
	}
	t.Logf("killed: %v; done after %v", kills, time.Since(s.began).Round(time.Second))
	if kills["machine"] == 0 || kills["coordinator"] == 0 || kills["database"] == 0 {
		t.Error("not each was killed: this proves little")
	}
	if d := cmp.Diff(want, f.canonical(store)); d != "" {
		t.Errorf("another index (-unbroken +killed):\n%s", d)
	}
	if n := f.records(store, "import"); n != files {
		t.Errorf("%d imports in the journal", n)
	}
	f.run(store, "journal", "verify")
	if left, err := os.ReadDir(f.spool); err != nil || len(left) > 0 {
		t.Errorf("left in the spool: %v, %v", left, err)
	}
}
