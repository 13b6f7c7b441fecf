package analysis

import (
	"context"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"posteriori/engine/fault"
)

// Variables for tests.
var (
	// exitGrace is how long a worker may take to end after its last word.
	exitGrace = 10 * time.Second
	// killAfter is how long a worker that is told to stop may take, to stop
	// its own children.
	killAfter = 3 * time.Second
)

// process is one running worker.
type process struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  io.ReadCloser
	errs *head

	mu    sync.Mutex
	kill  *time.Timer
	ended bool
}

// start runs the worker, held in as far as this system allows.
func (w Worker) start(ctx context.Context) (*process, error) {
	var err error
	for _, attr := range isolations() {
		var p *process
		if p, err = w.spawn(ctx, attr); err == nil {
			return p, nil
		}
		if ctx.Err() != nil {
			return nil, fault.Wrap(fault.Interrupted, ctx.Err(), "interrupted")
		}
	}
	return nil, fault.Wrap(fault.Missing, err, "the worker does not start").OnFile(w.Path)
}

// isolations are the ways to start a worker, the best first. That is a network
// namespace of its own, where there is nothing but a loopback that is down:
// the process that parses seized files can reach nobody. Where the kernel or
// an administrator forbids namespaces it runs without; the worker says so in
// its hello. A variable for tests.
var isolations = func() []*syscall.SysProcAttr {
	alone := &syscall.SysProcAttr{Setpgid: true, Cloneflags: syscall.CLONE_NEWNET}
	if uid, gid := os.Getuid(), os.Getgid(); uid != 0 {
		alone.Cloneflags |= syscall.CLONE_NEWUSER
		alone.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}}
		alone.GidMappings = []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}}
	}
	return []*syscall.SysProcAttr{alone, {Setpgid: true}}
}

// spawn makes one try. A command that failed to start has lost its pipes, so
// each try makes its own.
func (w Worker) spawn(ctx context.Context, attr *syscall.SysProcAttr) (*process, error) {
	cmd := exec.CommandContext(ctx, w.Path)
	cmd.Env = workerEnv()
	cmd.SysProcAttr = attr
	cmd.WaitDelay = killAfter + 2*time.Second
	p := &process{cmd: cmd, errs: &head{max: 16 << 10}}
	cmd.Stderr = p.errs
	cmd.Cancel = p.stop
	var err error
	if p.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if p.out, err = cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	return p, cmd.Start()
}

// stop ends the worker's input, upon which it stops FFmpeg (whose processes
// are in groups of their own) and itself, and kills it when it does not.
func (p *process) stop() error {
	_ = p.in.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kill == nil && !p.ended {
		p.kill = time.AfterFunc(killAfter, func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			if !p.ended { // its number may be another's by then
				_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
			}
		})
	}
	return nil
}

// wait waits for the worker's end.
func (p *process) wait() error {
	err := p.cmd.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	if p.kill != nil {
		p.kill.Stop()
	}
	return err
}

// head keeps the first and drops the rest of what a process says, so that it
// never blocks.
type head struct {
	mu  sync.Mutex
	max int
	b   []byte
}

func (t *head) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if room := t.max - len(t.b); room > 0 {
		t.b = append(t.b, p[:min(room, len(p))]...)
	}
	return len(p), nil
}

func (t *head) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.b)
}
