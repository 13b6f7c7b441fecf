// Command posteriori-worker parses seized recordings: one job in, its answer
// out (engine/wire), and nothing else. It has no network, no keys and no
// journal, and may read only the one file; it may crash and lose nothing.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"time"

	"posteriori/engine/fault"
	"posteriori/engine/wire"
)

// maxJob bounds the job. The largest is a render plan with many tubes.
const maxJob = 1 << 30

// version is set by the linker.
var version = "dev"

func main() { os.Exit(run(os.Stdin, os.Stdout)) }

func run(in io.Reader, out io.Writer) int {
	w := wire.NewWriter(out)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	// A seized file decides how much we are asked to hold: prefer collecting
	// often over growing.
	debug.SetGCPercent(50)

	r := bufio.NewReader(io.LimitReader(in, maxJob))
	line, err := r.ReadBytes('\n')
	if err != nil {
		return fail(w, fault.New(fault.Usage, "posteriori-worker reads a job on standard input; it is started by posteriori"))
	}
	var job wire.Job
	if err := json.Unmarshal(line, &job); err != nil {
		return fail(w, fault.Wrap(fault.Usage, err, "the job is malformed"))
	}
	if job.Version != wire.Version {
		return fail(w, fault.New(fault.Usage, "the job speaks version %d, this worker %d", job.Version, wire.Version).WithHint("run make build"))
	}
	done := make(chan struct{})
	defer close(done)
	// The parent holds our input open; when it ends, the parent is gone or
	// wants no more.
	go func() {
		_, _ = io.Copy(io.Discard, in)
		cancel() // which kills FFmpeg, in groups of its own
		select {
		case <-done:
		case <-time.After(stopAfter):
			die()
		}
	}()
	defer profile()()
	if err := do(ctx, job, w); err != nil {
		return fail(w, err)
	}
	if err := w.Send(wire.KindDone, wire.Done{PeakRSS: peakRSS()}); err != nil {
		return 1
	}
	return 0
}

// stopAfter is how long a job may go on when nobody waits for it.
const stopAfter = 2 * time.Second

// die ends this process and what it started in its group, whatever it is at.
func die() {
	if syscall.Getpgrp() == os.Getpid() {
		_ = syscall.Kill(-os.Getpid(), syscall.SIGKILL)
	}
	os.Exit(1)
}

// fail says why as the last word. What may name a file or quote one stands
// apart from the message, which goes into the journal.
func fail(w *wire.Writer, err error) int {
	f := wire.Failure{Fault: int(fault.KindOf(err)), Msg: "the worker failed", Cause: err.Error()}
	var e *fault.Error
	if errors.As(err, &e) {
		f.File, f.Rule, f.Msg, f.Hint, f.Cause = e.File, e.Rule, e.Msg, e.Hint, ""
		if e.Err != nil {
			f.Cause = e.Err.Error()
		}
	}
	_ = w.Send(wire.KindFailure, f)
	return 1
}

// profile writes a CPU profile to $POSTERIORI_PROFILE, for bench. %p in it is
// the process's number: several workers may run.
func profile() func() {
	name := os.Getenv("POSTERIORI_PROFILE")
	if name == "" {
		return func() {}
	}
	f, err := os.Create(strings.ReplaceAll(name, "%p", strconv.Itoa(os.Getpid())))
	if err != nil {
		return func() {}
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return func() {}
	}
	return func() {
		pprof.StopCPUProfile()
		_ = f.Close()
	}
}

// peakRSS is the most memory that this process and the largest of its
// children held, in bytes.
func peakRSS() int64 {
	var self, kids syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &self)
	_ = syscall.Getrusage(syscall.RUSAGE_CHILDREN, &kids)
	return (self.Maxrss + kids.Maxrss) * 1024
}

// build names the program exactly: its version and the compiler's.
func build() string {
	rev := ""
	if bi, ok := debug.ReadBuildInfo(); ok {
		for _, s := range bi.Settings {
			if s.Key == "vcs.revision" {
				rev = "+" + s.Value[:min(12, len(s.Value))]
			}
		}
	}
	return version + rev + " " + runtime.Version()
}
