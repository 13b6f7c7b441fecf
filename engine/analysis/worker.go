// Package analysis is the parent's side of an analysis: it starts workers,
// hands them chunks, commits what comes back chunk by chunk, and stitches the
// pieces of tracks at the cuts. It never parses a media byte.
//
// The cut of a recording never depends on the number of workers or on what
// was done before, and a chunk's tracks depend on nothing outside the chunk
// and its lead-in. So a run that was killed and resumed gives the same index
// as an unbroken one.
package analysis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"posteriori/engine/fault"
	"posteriori/engine/wire"
)

// Worker says how to start posteriori-worker.
type Worker struct {
	Path    string // absolute
	ORTPath string // ONNX Runtime's library, absolute; empty: none found
}

// FindWorker looks for the worker beside the running program, unless
// $POSTERIORI_WORKER names it, and for ONNX Runtime's library in lib/ beside
// the worker, unless $POSTERIORI_ONNXRUNTIME names it.
func FindWorker() (Worker, error) {
	w := Worker{Path: os.Getenv("POSTERIORI_WORKER"), ORTPath: os.Getenv("POSTERIORI_ONNXRUNTIME")}
	if w.Path == "" {
		exe, err := os.Executable()
		if err != nil {
			return w, fault.Wrap(fault.Internal, err, "the program's own place is unknown")
		}
		if real, err := filepath.EvalSymlinks(exe); err == nil {
			exe = real
		}
		w.Path = filepath.Join(filepath.Dir(exe), "posteriori-worker")
	}
	abs, err := filepath.Abs(w.Path)
	if err != nil {
		return w, fault.Wrap(fault.Internal, err, "no absolute path").OnFile(w.Path)
	}
	w.Path = abs
	if _, err := os.Stat(w.Path); err != nil {
		return w, fault.Wrap(fault.Missing, err, "the worker program is not there").OnFile(w.Path).
			WithHint("run make build, or name the program with $POSTERIORI_WORKER")
	}
	if w.ORTPath == "" {
		lib := filepath.Join(filepath.Dir(w.Path), "lib", "libonnxruntime.so")
		if _, err := os.Stat(lib); err == nil {
			w.ORTPath = lib
		}
	}
	return w, nil
}

// Run gives the worker one job and calls handle for each message between its
// hello and its last word. When handle fails the worker is stopped. The error
// is the worker's own fault when it told one.
func (w Worker) Run(ctx context.Context, job wire.Job, handle func(wire.Message) error) (wire.Hello, error) {
	var hello wire.Hello
	job.Version = wire.Version
	line, err := json.Marshal(job)
	if err != nil {
		return hello, fault.Wrap(fault.Internal, err, "encode the job")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, w.Path)
	cmd.Env = workerEnv()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	errs := &head{max: 16 << 10}
	cmd.Stderr = errs
	in, err := cmd.StdinPipe()
	if err != nil {
		return hello, fault.Wrap(fault.Internal, err, "start the worker")
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return hello, fault.Wrap(fault.Internal, err, "start the worker")
	}
	if err := start(cmd); err != nil {
		return hello, fault.Wrap(fault.Missing, err, "the worker does not start").OnFile(w.Path)
	}
	// A worker that dies at once makes this write fail; its answer tells why.
	_, _ = in.Write(append(line, '\n'))

	hello, finished, err := converse(out, handle)
	if err != nil || !finished {
		cancel() // it may still be writing: stop it before waiting
	}
	_ = in.Close()
	werr := cmd.Wait()
	if err == nil && !finished {
		err = crashed(job.Path, werr, errs.String())
	}
	return hello, err
}

// converse reads the worker's answer to its end. finished tells whether the
// worker said its last word.
func converse(out io.Reader, handle func(wire.Message) error) (hello wire.Hello, finished bool, err error) {
	r := wire.NewReader(out)
	for first := true; ; first = false {
		m, err := r.Next()
		if err == io.EOF {
			return hello, false, nil
		}
		if err != nil {
			if errors.Is(err, wire.ErrProtocol) {
				return hello, false, fault.Wrap(fault.Internal, err, "the worker broke off")
			}
			return hello, false, nil // the pipe went with the process
		}
		switch {
		case m.Kind == wire.KindFailure:
			var f wire.Failure
			if err := m.Into(&f); err != nil {
				return hello, true, err
			}
			return hello, true, &fault.Error{Kind: fault.Kind(f.Fault), File: f.File, Rule: f.Rule, Msg: f.Msg, Hint: f.Hint}
		case first:
			if m.Kind != wire.KindHello {
				return hello, false, fault.Wrap(fault.Internal, wire.ErrProtocol, "no hello")
			}
			if err := m.Into(&hello); err != nil {
				return hello, false, err
			}
			if hello.Version != wire.Version {
				return hello, false, fault.New(fault.Missing, "the worker speaks version %d, this program %d", hello.Version, wire.Version).
					WithHint("run make build: the two programs belong together")
			}
		case m.Kind == wire.KindDone:
			return hello, true, nil
		default:
			if err := handle(m); err != nil {
				return hello, false, err
			}
		}
	}
}

// crashed explains a worker that ended without a last word.
func crashed(file string, err error, stderr string) error {
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	why := lines[0]
	if err != nil {
		why = fmt.Sprintf("%v: %s", err, why)
	}
	return fault.New(fault.Internal, "the worker broke off (%s)", strings.TrimRight(why, ": ")).OnFile(file).
		WithHint("what was finished is kept; run the same command again to go on")
}

// Probe asks what a file is; its chunks are cut at about chunkUS.
func (w Worker) Probe(ctx context.Context, path string, chunkUS int64) (*wire.Probe, wire.Hello, error) {
	var p *wire.Probe
	hello, err := w.Run(ctx, wire.Job{Path: path, Probe: &wire.ProbeJob{ChunkUS: chunkUS}}, func(m wire.Message) error {
		if m.Kind != wire.KindProbe {
			return fault.Wrap(fault.Internal, wire.ErrProtocol, "unexpected message %c", m.Kind)
		}
		p = new(wire.Probe)
		return m.Into(p)
	})
	if err == nil && p == nil {
		err = fault.Wrap(fault.Internal, wire.ErrProtocol, "no probe").OnFile(path)
	}
	return p, hello, err
}

// workerEnv is all of the environment that a worker gets: nothing in it may
// point at the store, its keys or a network.
func workerEnv() []string {
	env := []string{"HOME=/nonexistent", "LANG=C.UTF-8"}
	for _, k := range []string{"PATH", "LD_LIBRARY_PATH", "TMPDIR", "CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "GOMEMLIMIT", "POSTERIORI_PROFILE"} {
		if v, ok := os.LookupEnv(k); ok {
			env = append(env, k+"="+v)
		}
	}
	return env
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
