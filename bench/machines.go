package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"posteriori/engine/batch"
	"posteriori/testdata/postgres"
	"posteriori/testdata/timedworker"
)

// A chunk of the suite takes so long, by sleeping: work itself would measure how
// many cores this machine has. Real ones take ten times that.
const (
	chunkTakes  = 2 * time.Second
	chunksEach  = 24 // for each worker
	chunksAFile = 6
)

// machinesSuite runs batches on 1, 2, 4 and 8 worker machines, each a process
// here that does one chunk at a time, through a Postgres of its own, and says
// what a chunk costs the coordinator and the database.
func machinesSuite(ctx context.Context, e *env) ([]figure, error) {
	server, err := postgres.Start()
	if errors.Is(err, postgres.ErrMissing) {
		return nil, fmt.Errorf("%w: %w", errNoData, err)
	}
	if err != nil {
		return nil, err
	}
	defer func() {
		if err := server.Stop(); err != nil {
			e.note("the database: %v", err)
		}
	}()
	w, err := newWorkplace(e, server)
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(w.dir)
	var out []figure
	var one float64
	for _, n := range []int{1, 2, 4, 8} {
		e.note("%d workers", n)
		r, err := w.run(ctx, e, n, n*chunksEach/chunksAFile, chunksAFile, chunkTakes)
		if err != nil {
			return out, err
		}
		rate := float64(n*chunksEach) / r.Wall.Seconds()
		asleep := rate * chunkTakes.Seconds() / float64(n)
		f := figure{Name: fmt.Sprintf("%d workers, chunks a second", n), Value: rate,
			Note: fmt.Sprintf("%d chunks that sleep %v, in %.1f s with the program's start and the imports of %d files: asleep %.3f of the time", n*chunksEach, chunkTakes, r.Wall.Seconds(), n*chunksEach/chunksAFile, asleep)}
		if n == 1 {
			one = rate
		} else {
			f.Note += fmt.Sprintf("; %.3f of linear", rate/one/float64(n))
		}
		out = append(out, f)
		if n == 8 {
			out = append(out, figure{Name: "8 workers, share of linear", Value: rate / one / 8, Reference: "0.9", Source: "goal of the project", Note: "against one worker"})
		}
	}
	more, err := w.costs(ctx, e)
	return append(out, more...), err
}

// costs are what a chunk costs beside its work: the difference of two runs over
// the same number of files, with few and with many chunks that take no time.
func (w *workplace) costs(ctx context.Context, e *env) ([]figure, error) {
	const files, few, many = 20, 1, 41
	var cpu, db, wall [2]time.Duration
	for i, chunks := range []int{few, many} {
		e.note("%d chunks that take no time", files*chunks)
		before, err := w.server.CPU()
		if err != nil {
			return nil, err
		}
		u, err := w.run(ctx, e, 4, files, chunks, 0)
		if err != nil {
			return nil, err
		}
		after, err := w.server.CPU()
		if err != nil {
			return nil, err
		}
		cpu[i], db[i], wall[i] = u.CPU, after-before, u.Wall
	}
	n := files * (many - few)
	each := func(d [2]time.Duration) float64 { return (d[1] - d[0]).Seconds() * 1000 / float64(n) }
	note := fmt.Sprintf("%d chunks more in as many files; 4 workers on this machine, load included", n)
	idle, err := w.idle(ctx)
	if err != nil {
		return nil, err
	}
	return []figure{
		{Name: "coordinator, CPU a chunk", Value: each(cpu), Unit: "ms", Reference: "5", Source: "goal of the project", Note: note},
		{Name: "database, CPU a chunk", Value: each(db), Unit: "ms", Note: note},
		{Name: "run, time a chunk", Value: each(wall), Unit: "ms", Note: note + ": starting a worker process for each is what takes it"},
		{Name: "database, CPU a second for each idle worker", Value: idle, Unit: "ms", Note: "8 workers that wait for 20 s"},
	}, nil
}

// idle is what machines that wait cost the database, in milliseconds a second.
func (w *workplace) idle(ctx context.Context) (float64, error) {
	const n, seconds = 8, 20
	stop, err := w.machines(ctx, n)
	if err != nil {
		return 0, err
	}
	defer stop()
	pause := func(d time.Duration) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err := pause(3 * time.Second); err != nil { // they have started
		return 0, err
	}
	before, err := w.server.CPU()
	if err != nil {
		return 0, err
	}
	if err := pause(seconds * time.Second); err != nil {
		return 0, err
	}
	after, err := w.server.CPU()
	return (after - before).Seconds() * 1000 / n / seconds, err
}

// workplace is where the suite's batches run.
type workplace struct {
	server *postgres.Server
	dir    string
	bin    string
	spool  string
	env    []string
	runs   int
}

func newWorkplace(e *env, server *postgres.Server) (*workplace, error) {
	dir, err := os.MkdirTemp(e.out, "machines-")
	if err != nil {
		return nil, err
	}
	w := &workplace{server: server, dir: dir, bin: filepath.Join(e.root, "bin", "posteriori"), spool: filepath.Join(dir, "spool")}
	exe, err := os.Executable()
	if err == nil {
		err = os.Symlink(exe, filepath.Join(dir, timedworker.Name))
	}
	if err == nil {
		// The hash of a program younger than a minute is taken each time it is asked.
		old := time.Now().Add(-time.Hour)
		err = os.Chtimes(exe, old, old)
	}
	if err == nil {
		err = os.Mkdir(w.spool, 0o700)
	}
	w.env = []string{"POSTERIORI_WORKER=" + filepath.Join(dir, timedworker.Name), "POSTERIORI_ONNXRUNTIME=",
		"POSTERIORI_QUEUE=" + server.URL, "POSTERIORI_SPOOL=" + w.spool}
	return w, err
}

// machines starts so many, and waits until they wait for work.
func (w *workplace) machines(ctx context.Context, n int) (stop func(), err error) {
	var all []*exec.Cmd
	stop = func() {
		for _, c := range all {
			_ = c.Process.Signal(syscall.SIGTERM) // one that is gone has ended
		}
		for _, c := range all {
			_ = c.Wait()
		}
	}
	for range n {
		c := exec.CommandContext(ctx, w.bin, "batch", "worker", "--workers", "1", "--device", "cpu")
		c.Env = append(os.Environ(), append(w.env, "POSTERIORI_STORE="+filepath.Join(w.dir, "none"))...)
		said, err := c.StderrPipe()
		if err == nil {
			err = c.Start()
		}
		if err != nil {
			stop()
			return nil, err
		}
		all = append(all, c)
		line, err := bufio.NewReader(said).ReadString('\n')
		if err != nil || !strings.Contains(line, "at a time") {
			stop()
			return nil, fmt.Errorf("a worker does not start: %s %w", line, err)
		}
		go func() { _, _ = io.Copy(io.Discard, said) }()
	}
	select {
	case <-time.After(time.Second): // they are in the queue's list
	case <-ctx.Done():
	}
	return stop, ctx.Err()
}

// run works through a new batch of files in a new store, on n machines.
func (w *workplace) run(ctx context.Context, e *env, n, files, chunks int, takes time.Duration) (usage, error) {
	p, err := emptyProgram(ctx, e)
	if err != nil {
		return usage{}, err
	}
	defer p.Close()
	p.env = append(p.env, w.env...)
	manifest, err := w.manifest(files, chunks, takes)
	if err != nil {
		return usage{}, err
	}
	stop, err := w.machines(ctx, n)
	if err != nil {
		return usage{}, err
	}
	defer stop()
	_, u, err := p.measured(ctx, "batch", "run", manifest, "--detector", "none")
	if err != nil {
		return u, err
	}
	csv, err := p.run(ctx, "query", "--format", "csv")
	if found := bytes.Count(csv, []byte("\n")) - 1; err == nil && found != files*chunks {
		err = fmt.Errorf("%d objects of %d were found: the run proves nothing", found, files*chunks)
	}
	return u, err
}

// manifest writes new recordings, and a manifest that lists them.
func (w *workplace) manifest(files, chunks int, takes time.Duration) (string, error) {
	w.runs++
	dir := filepath.Join(w.dir, fmt.Sprintf("seized-%d", w.runs))
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", err
	}
	camera := batch.Camera{Name: "bench", Confirmed: true, Clock: batch.Clock{From: "none"}, Key: "bench"}
	for i := range files {
		path := filepath.Join(dir, fmt.Sprintf("%04d.mp4", i))
		text := timedworker.Recording(chunks, takes, path)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			return "", err
		}
		camera.Files = append(camera.Files, batch.File{Path: path, Bytes: int64(len(text)), Kind: "video", Action: batch.Analyse})
	}
	name := filepath.Join(w.dir, fmt.Sprintf("manifest-%d.yaml", w.runs))
	f, err := os.Create(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	out, err := batch.NewWriter(f)
	if err == nil {
		err = out.Put(batch.Doc{Plan: &batch.Plan{Version: 1, Made: time.Now(), Roots: []string{dir}, Exhibit: "S1", Basis: "seizure", Zone: "UTC"}})
	}
	if err == nil {
		err = out.Put(batch.Doc{Camera: &camera})
	}
	return name, err
}
