package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// errNoData: the data directory has nothing for a suite.
var errNoData = errors.New("the data directory has nothing for it")

// procedureID is the one procedure of a benchmark's store.
const procedureID = "BENCH-1"

// program is posteriori with a fresh demonstration store.
type program struct {
	bin   string
	store string
	env   []string
}

// newProgram makes a store with one open procedure and the models that there
// are. Close removes it.
func newProgram(ctx context.Context, e *env) (*program, error) {
	p, err := emptyProgram(ctx, e)
	if err != nil {
		return nil, err
	}
	// As the demonstration has it: the listed models, and the project's own.
	for _, models := range []string{filepath.Join(e.data, "models"), filepath.Join(e.root, "models")} {
		if !isDir(models) {
			continue
		}
		if _, err := p.run(ctx, "models", "install", "--from", models); err != nil {
			p.Close()
			return nil, err
		}
	}
	return p, nil
}

// emptyProgram is newProgram without models.
func emptyProgram(ctx context.Context, e *env) (*program, error) {
	store, err := os.MkdirTemp(e.out, "store-")
	if err != nil {
		return nil, err
	}
	p := &program{bin: filepath.Join(e.root, "bin", "posteriori"), store: store}
	p.env = append(os.Environ(), "POSTERIORI_STORE="+store, "POSTERIORI_PROCEDURE="+procedureID,
		"POSTERIORI_REASON=benchmark")
	steps := [][]string{
		{"init", "--demo"},
		{"procedure", "open", procedureID, "--frame", "flagrance", "--offence", "benchmark (made up)",
			"--imprisonment", "--service", "benchmark", "--parquet", "00000000000"},
	}
	for _, s := range steps {
		if _, err := p.run(ctx, s...); err != nil {
			p.Close()
			return nil, err
		}
	}
	return p, nil
}

// Close removes the store.
func (p *program) Close() { os.RemoveAll(p.store) }

// run calls the program and returns what it printed.
func (p *program) run(ctx context.Context, args ...string) ([]byte, error) {
	out, _, err := p.measured(ctx, args...)
	return out, err
}

// measured calls the program and says what it used.
func (p *program) measured(ctx context.Context, args ...string) ([]byte, usage, error) {
	cmd := exec.CommandContext(ctx, p.bin, args...)
	cmd.Env = p.env
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	u, err := measure(cmd)
	if err != nil {
		return nil, u, fmt.Errorf("posteriori %s: %w\n%s", strings.Join(args, " "), err, tail(complaints.String()))
	}
	return out.Bytes(), u, nil
}

// tail is the last lines of a program's complaints.
func tail(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-12):], "\n")
}

// analyse imports a recording and analyses it.
func (p *program) analyse(ctx context.Context, file string) (usage, error) {
	if _, err := p.run(ctx, "import", "--exhibit", "S1", "--basis", "seizure", "--camera", "bench", file); err != nil {
		return usage{}, err
	}
	_, u, err := p.measured(ctx, "analyse")
	return u, err
}

func isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// usage is what a program and all that it started used.
type usage struct {
	Wall    time.Duration
	CPU     time.Duration // of all processes that were waited for
	PeakRSS int64         // bytes, largest sum over the tree at one moment
}

// measure runs a command and samples the memory of its process tree.
func measure(cmd *exec.Cmd) (usage, error) {
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return usage{}, err
	}
	peak, stop := make(chan int64), make(chan struct{})
	go func() { peak <- watch(cmd.Process.Pid, stop) }()
	err := cmd.Wait()
	u := usage{Wall: time.Since(start), CPU: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	close(stop)
	u.PeakRSS = <-peak
	return u, err
}

// watch samples the tree of a process until stop is closed and returns the
// largest sum of resident memory. Pages that processes share count in each.
func watch(pid int, stop <-chan struct{}) int64 {
	tick := time.NewTicker(40 * time.Millisecond)
	defer tick.Stop()
	var peak int64
	for {
		peak = max(peak, treeRSS(pid))
		select {
		case <-stop:
			return peak
		case <-tick.C:
		}
	}
}
