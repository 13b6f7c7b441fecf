package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"posteriori/testdata/postgres"
)

// The machines of a fleet, and the recordings that they work through.
const (
	fleetMachines = 2
	fleetFiles    = 6
)

// fleet is a Postgres, a spool and machines that a round kills.
type fleet struct {
	e        *env
	server   *postgres.Server
	dir      string
	manifest string
	env      []string
	machines []*started
}

// newFleet cuts the clip into recordings and starts the database.
func newFleet(ctx context.Context, e *env, clip string) (*fleet, error) {
	server, err := postgres.Start()
	if err != nil {
		return nil, err
	}
	f := &fleet{e: e, server: server}
	if err := f.make(ctx, clip); err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

func (f *fleet) make(ctx context.Context, clip string) error {
	var err error
	if f.dir, err = os.MkdirTemp(f.e.out, "fleet-"); err != nil {
		return err
	}
	if err := os.Mkdir(f.spool(), 0o700); err != nil {
		return err
	}
	var files []string
	for i := range fleetFiles { // each is another file
		file := filepath.Join(f.dir, fmt.Sprintf("%d.mp4", i))
		cut := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-t", strconv.Itoa(10+2*i), "-i", clip, "-c", "copy", file)
		if out, err := cut.CombinedOutput(); err != nil {
			return fmt.Errorf("ffmpeg: %w\n%s", err, out)
		}
		files = append(files, file)
	}
	f.env = []string{"POSTERIORI_QUEUE=" + f.server.URL, "POSTERIORI_SPOOL=" + f.spool()}
	f.manifest = filepath.Join(f.dir, "manifest.yaml")
	return writeManifest(f.manifest, files...)
}

func (f *fleet) spool() string { return filepath.Join(f.dir, "spool") }

// close ends the machines and the database.
func (f *fleet) close() {
	if f == nil {
		return
	}
	f.stop()
	if err := f.server.Stop(); err != nil {
		f.e.note("the database: %v", err)
	}
	os.RemoveAll(f.dir)
}

// started is a program under way.
type started struct {
	cmd  *exec.Cmd
	said bytes.Buffer
	done chan struct{}
}

func start(cmd *exec.Cmd) (*started, error) {
	s := &started{cmd: cmd, done: make(chan struct{})}
	cmd.Stderr = &s.said
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() { defer close(s.done); _ = cmd.Wait() }() // ProcessState says it all
	return s, nil
}

// ended is the exit status of a program that has ended.
func (s *started) ended() (code int, ended bool) {
	select {
	case <-s.done:
		return s.cmd.ProcessState.ExitCode(), true
	default:
		return 0, false
	}
}

func (s *started) kill() {
	_ = s.cmd.Process.Kill() // it may have ended
	<-s.done
}

func (f *fleet) machine(ctx context.Context) (*started, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(f.e.root, "bin", "posteriori"), "batch", "worker", "--workers", "1", "--device", "cpu")
	cmd.Env = append(os.Environ(), append(f.env, "POSTERIORI_STORE="+filepath.Join(f.dir, "none"))...)
	return start(cmd)
}

// start starts the machines.
func (f *fleet) start(ctx context.Context) error {
	for range fleetMachines {
		m, err := f.machine(ctx)
		if err != nil {
			return err
		}
		f.machines = append(f.machines, m)
	}
	return nil
}

func (f *fleet) stop() {
	for _, m := range f.machines {
		m.kill()
	}
	f.machines = nil
}

// tend starts again the machines that ended because the database was away, or
// the worker that they asked what it is was killed, as a service manager does.
func (f *fleet) tend(ctx context.Context) error {
	for i, m := range f.machines {
		code, ended := m.ended()
		if !ended {
			continue
		}
		if code != 8 && code >= 0 && !strings.Contains(m.said.String(), "run the same command again") { // negative: by a signal, ours
			return fmt.Errorf("a machine ended with status %d\n%s", code, tail(m.said.String()))
		}
		var err error
		if f.machines[i], err = f.machine(ctx); err != nil {
			return err
		}
	}
	return nil
}

// crash kills the database with all its processes and starts it again a while
// later.
func (f *fleet) crash(rng *rand.Rand) error {
	if err := f.server.Kill(); err != nil {
		return err
	}
	time.Sleep(time.Duration(rng.Int64N(2000)) * time.Millisecond)
	return f.server.Run()
}

// coordinator is posteriori batch run, begun again as often as it ends before
// its time.
func (b *broken) coordinator(ctx context.Context, p *program) (*started, error) {
	b.Runs++
	cmd := exec.CommandContext(ctx, p.bin, b.now.args(ctx, p)...)
	cmd.Env = p.env
	return start(cmd)
}

// machinesRound kills so many times in a batch on many machines, then lets it
// come to its end.
func (b *broken) machinesRound(ctx context.Context, kills int) error {
	p, err := b.store(ctx)
	if err != nil {
		return err
	}
	defer p.Close()
	if err := b.fleet.start(ctx); err != nil {
		return err
	}
	defer b.fleet.stop()
	c, err := b.coordinator(ctx, p)
	if err != nil {
		return err
	}
	defer func() { c.kill() }()
	spared := false // one worker or FFmpeg of this run was killed, which is what a chunk bears
	first, wanted := time.Now(), kills
	for began, moment := time.Now(), b.moment(); ; time.Sleep(20 * time.Millisecond) {
		if err := errors.Join(ctx.Err(), b.fleet.tend(ctx)); err != nil {
			return err
		}
		code, ended := c.ended()
		switch {
		case ended && code == 0:
			if kills == wanted {
				b.now.undisturbed(time.Since(first))
			}
			return b.settle(ctx, p)
		case ended && code != 8:
			return fmt.Errorf("posteriori: status %d\n%s", code, tail(c.said.String()))
		case !ended && kills > 0 && time.Since(began) >= moment:
			began, moment = time.Now(), b.moment()
			victim, err := b.strike(c, spared)
			if err != nil {
				return err
			}
			if victim == "" {
				continue
			}
			b.Killed[victim]++
			kills--
			spared = spared || victim == victims[1] || victim == victims[2]
			ended = victim == victims[0]
		}
		if ended {
			if c, err = b.coordinator(ctx, p); err != nil {
				return err
			}
			spared = false
		}
	}
}

// moment is how long it is to the next kill: on the average the kills of a round
// would take as long as a run.
func (b *broken) moment() time.Duration {
	return time.Duration(b.rng.Int64N(int64(2 * b.now.took / killsOfARound)))
}

// strike kills something: the coordinator, a machine, the database, or a worker
// or FFmpeg of a machine. It says what, or nothing where there was none.
func (b *broken) strike(c *started, spared bool) (victim string, err error) {
	names := []string{victims[0], aMachine, aDatabase, victims[1], victims[2]}
	if spared {
		names = names[:3]
	}
	m := b.rng.IntN(fleetMachines)
	switch victim = names[b.rng.IntN(len(names))]; victim {
	case victims[0]:
		c.kill()
	case aMachine:
		b.fleet.machines[m].kill()
	case aDatabase:
		err = b.fleet.crash(b.rng)
	default:
		pids := below(b.fleet.machines[m].cmd.Process.Pid, victim)
		if len(pids) == 0 {
			b.Missed++
			return "", nil
		}
		err = syscall.Kill(pids[b.rng.IntN(len(pids))], syscall.SIGKILL)
		if errors.Is(err, syscall.ESRCH) {
			err = nil
		}
	}
	return victim, err
}

// settle looks at what a round on machines has left.
func (b *broken) settle(ctx context.Context, p *program) error {
	if err := b.counted(p, fleetFiles); err != nil {
		return err
	}
	left, err := os.ReadDir(b.fleet.spool())
	if err != nil {
		return err
	}
	for _, l := range left {
		b.e.note("  left in the spool: %s", l.Name())
	}
	b.Left += len(left)
	return b.judge(ctx, p)
}
