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
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"posteriori/engine/fault"
	"posteriori/engine/wire"
)

// Worker says how to start posteriori-worker.
type Worker struct {
	Path    string // absolute
	ORTPath string // ONNX Runtime's library, absolute; empty: none found
	ORTCUDA string // its build for CUDA, where there is one; else empty

	silence time.Duration // for tests; 0: silence
}

// silence is how long a worker may say nothing before it counts as hung.
const silence = 5 * time.Minute

// FindWorker looks for the worker beside the running program, unless
// $POSTERIORI_WORKER names it, and for ONNX Runtime's library in lib/ beside
// the worker, unless $POSTERIORI_ONNXRUNTIME names it; for its build for CUDA
// in lib-cuda/, where make setup-cuda puts it.
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
		if exists(lib) {
			w.ORTPath = lib
		}
	}
	if lib := filepath.Join(filepath.Dir(w.Path), "lib-cuda", "libonnxruntime.so"); exists(lib) {
		w.ORTCUDA = lib
	}
	return w, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Library is the ONNX Runtime library to compute with on a device: the build
// for CUDA where it is there and the CPU is not asked for.
func (w Worker) Library(device string) string {
	if device != "cpu" && w.ORTCUDA != "" {
		return w.ORTCUDA
	}
	return w.ORTPath
}

// Run gives the worker one job and calls handle for each message between its
// hello and its last word. When handle fails the worker is stopped. The error
// is the worker's own fault when it told one.
func (w Worker) Run(ctx context.Context, job wire.Job, handle func(wire.Message) error) (wire.Hello, error) {
	return w.run(ctx, job, func(wire.Hello) error { return nil }, handle)
}

// Do gives the worker one job on this machine.
func (w Worker) Do(ctx context.Context, t Task, accept func(wire.Hello) error, handle func(wire.Message) error) (time.Duration, error) {
	began := time.Now()
	_, err := w.run(ctx, t.Job, accept, handle)
	return time.Since(began), err
}

// Replay takes a worker's answer that was kept, as [Worker.Do] takes one from
// the worker itself.
func Replay(answer io.Reader, accept func(wire.Hello) error, handle func(wire.Message) error) error {
	_, finished, err := converse(answer, accept, handle)
	if err == nil && !finished {
		err = fault.Wrap(fault.Internal, wire.ErrProtocol, "the worker's answer is cut off")
	}
	return err
}

// run is Run with a look at the hello before anything else is taken. A worker
// that says nothing for long is stopped; what is done with its messages is our
// time, not the worker's.
func (w Worker) run(outer context.Context, job wire.Job, accept func(wire.Hello) error, handle func(wire.Message) error) (wire.Hello, error) {
	job.Version = wire.Version
	tool := findFFmpeg()
	job.FFmpeg = tool.version
	line, err := json.Marshal(job)
	if err != nil {
		return wire.Hello{}, fault.Wrap(fault.Internal, err, "encode the job")
	}
	ctx, stop := context.WithCancelCause(outer)
	cancel := func() { stop(nil) }
	defer cancel()
	limit := cmp.Or(w.silence, silence)
	hung := fault.New(fault.Internal, "the worker said nothing for %v", limit).OnFile(job.Path)
	watchdog := time.AfterFunc(limit, func() { stop(hung) })
	defer watchdog.Stop()
	p, err := w.start(ctx)
	if err != nil {
		return wire.Hello{}, err
	}
	// A worker that dies at once makes this write fail; its answer tells why.
	_, _ = p.in.Write(append(line, '\n'))

	hello, finished, err := converse(p.out, func(h wire.Hello) error { return accept(w.named(h)) }, func(m wire.Message) error {
		watchdog.Stop()
		defer watchdog.Reset(limit)
		return handle(m)
	})
	hello = w.named(hello)
	tool.told(hello)
	watchdog.Stop()
	if err != nil || !finished {
		cancel() // it may still be writing: stop it before waiting
	} else {
		defer time.AfterFunc(exitGrace, cancel).Stop()
	}
	_, _ = io.Copy(io.Discard, p.out)
	werr := p.wait()
	if !finished && context.Cause(ctx) == hung {
		return hello, hung
	}
	if err == nil && !finished {
		if outer.Err() != nil {
			return hello, fault.Wrap(fault.Interrupted, outer.Err(), "interrupted")
		}
		err = crashed(job.Path, werr, p.errs.String())
	}
	return hello, err
}

// converse reads the worker's answer to its end. finished tells whether the
// worker said its last word.
func converse(out io.Reader, accept func(wire.Hello) error, handle func(wire.Message) error) (hello wire.Hello, finished bool, err error) {
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
			return hello, true, failure(f)
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
			if err := accept(hello); err != nil {
				return hello, false, err
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

// failure is a worker's last word as an error. A hostile file may have had a
// hand in it: what is said is made fit for a terminal and for the journal.
func failure(f wire.Failure) error {
	e := &fault.Error{Kind: fault.Kind(f.Fault), File: f.File[:min(len(f.File), maxText)], Rule: plain(f.Rule), Msg: plain(f.Msg), Hint: plain(f.Hint)}
	if e.Kind.String() == "" {
		e.Kind = fault.Internal
	}
	if f.Cause != "" {
		e.Err = errors.New(plain(f.Cause))
	}
	return e
}

// crashed explains a worker that ended without a last word. What it wrote to
// standard error is the cause, not the message: it may name files.
func crashed(file string, err error, stderr string) error {
	why, _, _ := strings.Cut(strings.TrimSpace(stderr), "\n")
	if err != nil {
		why = fmt.Sprintf("%v: %s", err, why)
	}
	return fault.Wrap(fault.Internal, errors.New(strings.TrimRight(plain(why), ": ")), "the worker broke off").OnFile(file).
		WithHint("what was finished is kept; run the same command again to go on")
}

// maxText bounds one text that a worker says, in bytes.
const maxText = 2000

// plain makes one bounded line without control or invisible characters of s.
func plain(s string) string {
	if len(s) > maxText {
		s = s[:maxText] + "…"
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

// Probe asks what a file is; its chunks are cut at about chunkUS.
func (w Worker) Probe(ctx context.Context, path string, chunkUS int64) (*wire.Probe, wire.Hello, error) {
	return Probe(ctx, w, Task{Job: wire.Job{Path: path, Probe: &wire.ProbeJob{ChunkUS: chunkUS}}})
}

// Glance asks what a file's container says of it: quick, and unverified.
func (w Worker) Glance(ctx context.Context, path string) (*wire.Probe, wire.Hello, error) {
	return Probe(ctx, w, Task{Job: wire.Job{Path: path, Probe: &wire.ProbeJob{Brief: true}}})
}

// Probe has a runner say what a file is: t's job is a probe.
func Probe(ctx context.Context, r Runner, t Task) (*wire.Probe, wire.Hello, error) {
	var p *wire.Probe
	var hello wire.Hello
	_, err := r.Do(ctx, t, func(h wire.Hello) error { hello = h; return nil }, func(m wire.Message) error {
		if m.Kind == wire.KindProgress {
			return nil // it gets on
		}
		if m.Kind != wire.KindProbe {
			return fault.Wrap(fault.Internal, wire.ErrProtocol, "unexpected message %c", m.Kind)
		}
		p = new(wire.Probe)
		if err := m.Into(p); err != nil {
			return err
		}
		return checkProbe(p, t.Job.Probe.Brief)
	})
	if err == nil && p == nil {
		err = fault.Wrap(fault.Internal, wire.ErrProtocol, "no probe").OnFile(t.Job.Path)
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
