package machines

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"posteriori/engine/analysis"
	"posteriori/engine/batch/queue"
	"posteriori/engine/evidence"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/wire"
	"posteriori/testdata/postgres"
	"posteriori/testdata/timedworker"
)

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == timedworker.Name {
		os.Exit(timedworker.Main())
	}
	faultPause = 10 * time.Millisecond
	code := m.Run()
	if shared != nil {
		if err := shared.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// shared is the tests' one server, from the first of them on.
var shared *postgres.Server

func server(t *testing.T) *postgres.Server {
	t.Helper()
	if shared == nil {
		var err error
		if shared, err = postgres.Start(); errors.Is(err, postgres.ErrMissing) {
			t.Skip(err)
		} else if err != nil {
			t.Fatal(err)
		}
	}
	return shared
}

var procedureKey = bytes.Repeat([]byte{7}, index.KeySize)

// office is a coordinator's place: an index with recordings, the queue, a spool.
type office struct {
	t      *testing.T
	ctx    context.Context
	server *postgres.Server
	worker analysis.Worker
	hello  wire.Hello
	seized string // where the coordinator sees the recordings
	spool  string
	mu     sync.Mutex
	lines  []string
}

func newOffice(t *testing.T) *office {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), timedworker.Name)
	if err := os.Symlink(exe, link); err != nil {
		t.Fatal(err)
	}
	o := &office{t: t, ctx: t.Context(), server: server(t), worker: analysis.Worker{Path: link}, seized: t.TempDir(), spool: t.TempDir()}
	if o.hello, err = o.worker.Describe(t.Context(), wire.Engine{Device: "cpu"}); err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *office) say(line string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lines = append(o.lines, line)
	o.t.Log(line)
}

func (o *office) queue() *queue.Shared {
	o.t.Helper()
	q, err := queue.OpenShared(o.ctx, o.server.URL, []time.Duration{time.Millisecond, time.Millisecond})
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(q.Close)
	return q
}

// recordings are n new ones in an index of their own.
func (o *office) recordings(n, chunks int, each time.Duration) (*index.Store, []index.Recording) {
	o.t.Helper()
	ix, err := index.Open(o.ctx, filepath.Join(o.t.TempDir(), "index.db"), procedureKey)
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { ix.Close() })
	var out []index.Recording
	for i := range n {
		path := filepath.Join(o.seized, fmt.Sprintf("Jean Dupont %d.mp4", i))
		text := timedworker.Recording(chunks, each, path)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			o.t.Fatal(err)
		}
		sum := sha256.Sum256(text)
		probe, _, err := o.worker.Probe(o.ctx, path, 10e6)
		if err != nil {
			o.t.Fatal(err)
		}
		rec := index.Recording{SHA256: hex.EncodeToString(sum[:]), Path: path, Bytes: int64(len(text)), Probe: *probe}
		if rec.ID, err = ix.AddRecording(o.ctx, rec); err != nil {
			o.t.Fatal(err)
		}
		out = append(out, rec)
	}
	return ix, out
}

func (o *office) coordinator(q *queue.Shared) *Coordinator {
	o.t.Helper()
	c, err := NewCoordinator(o.ctx, Config{Queue: q, Spool: o.spool, Key: procedureKey, Batch: 1, Hello: o.hello, Notice: o.say})
	if err != nil {
		o.t.Fatal(err)
	}
	return c
}

// machine starts one; change may make it another than the coordinator's twin.
func (o *office) machine(change func(*Machine)) (stop func()) {
	o.t.Helper()
	m := &Machine{Queue: o.queue(), Spool: o.spool, Worker: o.worker, Hello: o.hello, Name: "PC-7", Slots: 2, Notice: o.say}
	if change != nil {
		change(m)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(o.ctx))
	end := make(chan error, 1)
	go func() { end <- m.Work(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-end; err != nil {
				o.t.Error(err)
			}
		})
	}
	o.t.Cleanup(stop)
	return stop
}

func (o *office) run(ix *index.Store, recs []index.Recording, runner analysis.Runner) ([]analysis.Outcome, error) {
	return analysis.Run(o.ctx, ix, o.worker, recs, o.options(runner), func(p analysis.Progress) {
		if p.Line != "" {
			o.say(p.Line)
		}
	})
}

// options have originals read where the chunks are worked on.
func (o *office) options(runner analysis.Runner) analysis.Options {
	opt := analysis.Options{Workers: 8, Worker: o.hello, Runner: runner}
	if c, ok := runner.(*Coordinator); ok {
		opt.Hash = c.Hash
	}
	return opt
}

// found is what an index holds, in order.
func found(t *testing.T, ix *index.Store) []string {
	t.Helper()
	var out []string
	for row, err := range ix.Search(context.WithoutCancel(t.Context()), index.Where{}) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%d %+v", row.Track.ID, row.Track))
	}
	return out
}

// files are all below a folder, by their names in it.
func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			return nil
		}
		rel, _ := filepath.Rel(dir, path)
		out[rel] = b
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return out
}

// Two machines that see the recordings elsewhere find what one machine finds;
// what lies on the share meanwhile says nothing, and nothing stays there.
func TestSameAsOneMachine(t *testing.T) {
	o := newOffice(t)
	ix, recs := o.recordings(4, 5, 20*time.Millisecond)
	if _, err := o.run(ix, recs, nil); err != nil {
		t.Fatal(err)
	}
	want := found(t, ix)
	if len(want) != 20 {
		t.Fatalf("%d tracks", len(want))
	}

	elsewhere := filepath.Join(t.TempDir(), "share")
	if err := os.Symlink(o.seized, elsewhere); err != nil {
		t.Fatal(err)
	}
	maps := []Mapping{{"/nowhere", "/nothing"}, {filepath.Dir(o.seized), "/wrong"}, {o.seized, elsewhere}}
	for _, name := range []string{"PC-7", "PC-8"} {
		o.machine(func(m *Machine) { m.Maps, m.Name = maps, name })
	}
	if m, err := ix.Machines(t.Context()); err != nil || len(m) > 0 {
		t.Errorf("machines of an analysis on one: %v, %v", m, err)
	}
	ix, recs = o.recordings(4, 5, 20*time.Millisecond)
	q := o.queue()
	c := o.coordinator(q)
	seen := 0
	watched := make(chan struct{})
	watch, stop := context.WithCancel(t.Context())
	go func() {
		defer close(watched)
		for watch.Err() == nil {
			for name, b := range files(t, o.spool) {
				seen++
				for _, bad := range []string{"Dupont", "seized", "mp4", "car", recs[0].SHA256, recs[0].SHA256[:16], "chunk"} {
					if bytes.Contains(b, []byte(bad)) || strings.Contains(name, bad) {
						t.Errorf("the share holds %q in %s", bad, name)
					}
				}
			}
			time.Sleep(3 * time.Millisecond)
		}
	}()
	out, err := o.run(ix, recs, c)
	stop()
	<-watched
	if err != nil {
		t.Fatalf("%v %+v", err, out)
	}
	if seen < 20 {
		t.Errorf("only %d files seen on the share", seen)
	}
	if d := cmp.Diff(want, found(t, ix)); d != "" {
		t.Errorf("another index (-one machine +two):\n%s", d)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	by, err := ix.Machines(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]int{}
	for _, rec := range recs {
		n := 0
		for name, chunks := range by[rec.ID] {
			n, all[name] = n+chunks, all[name]+chunks
		}
		if n != 5 {
			t.Errorf("recording %d: machines did %v of 5 chunks", rec.ID, by[rec.ID])
		}
	}
	if len(all) != 2 || all["PC-7"] == 0 || all["PC-8"] == 0 {
		t.Errorf("the chunks are recorded as of %v", all)
	}
	if left := files(t, o.spool); len(left) > 0 {
		t.Errorf("left on the share: %d files", len(left))
	}
}

// What a coordinator that was killed had asked for is not done again, and what
// machines had finished for it is taken in.
func TestTakesUp(t *testing.T) {
	o := newOffice(t)
	ix, recs := o.recordings(1, 4, 10*time.Millisecond)
	c := o.coordinator(o.queue())
	ctx, kill := context.WithCancel(t.Context())
	o.ctx = ctx
	stopMachine := o.machine(nil)
	// The coordinator dies as it takes in the first result.
	runner := runnerFunc(func(ctx context.Context, task analysis.Task, accept func(wire.Hello) error, handle func(wire.Message) error) (time.Duration, error) {
		return c.Do(ctx, task, accept, func(wire.Message) error {
			waitFor(t, func() bool { return len(ofKind(files(t, o.spool), ".result")) >= 3 })
			kill()
			return errors.New("killed")
		})
	})
	if _, err := o.run(ix, recs, runner); err == nil {
		t.Fatal("the run was to be killed")
	}
	c.stop()
	<-c.done // as killed: the run stays in the queue
	stopMachine()
	left := len(ofKind(files(t, o.spool), ".result"))
	if left < 3 {
		t.Fatalf("%d results lie on the share", left)
	}

	o.ctx = t.Context()
	var did sync.Map
	again := o.coordinator(o.queue())
	counted := runnerFunc(func(ctx context.Context, task analysis.Task, accept func(wire.Hello) error, handle func(wire.Message) error) (time.Duration, error) {
		took, err := again.Do(ctx, task, accept, handle)
		did.Store(task.Job.Analyse.Chunks[0].Index, took)
		return took, err
	})
	o.machine(nil)
	if _, err := o.run(ix, recs, counted); err != nil {
		t.Fatal(err)
	}
	if n := len(found(t, ix)); n != 4 {
		t.Errorf("%d tracks", n)
	}
	free := 0
	did.Range(func(_, took any) bool {
		if took.(time.Duration) == 0 {
			free++
		}
		return true
	})
	if free < left {
		t.Errorf("%d results lay there, and %d chunks were not worked on anew", left, free)
	}
	if err := again.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

type runnerFunc func(context.Context, analysis.Task, func(wire.Hello) error, func(wire.Message) error) (time.Duration, error)

func (f runnerFunc) Do(ctx context.Context, t analysis.Task, accept func(wire.Hello) error, handle func(wire.Message) error) (time.Duration, error) {
	return f(ctx, t, accept, handle)
}

func ofKind(all map[string][]byte, ext string) (names []string) {
	for name := range all {
		if filepath.Ext(name) == ext {
			names = append(names, name)
		}
	}
	return names
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Error("not within 20 s")
			return
		}
	}
}

// A machine that cannot do a task says why in a word, and the run goes on to say
// it in many; nothing is taken for done.
func TestCannot(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*testing.T, *office, *Machine)
		want   string
	}{
		"unmapped":    {func(_ *testing.T, _ *office, m *Machine) { m.Maps = []Mapping{{"/elsewhere", "/here"}} }, "map other folders"},
		"unreachable": {func(_ *testing.T, o *office, m *Machine) { m.Maps = []Mapping{{o.seized, "/nothing"}} }, "do not find it"},
		"differs": {func(t *testing.T, o *office, m *Machine) {
			copied := t.TempDir()
			if err := os.WriteFile(filepath.Join(copied, "Jean Dupont 0.mp4"), timedworker.Recording(2, 0, "another"), 0o600); err != nil {
				t.Fatal(err)
			}
			m.Maps = []Mapping{{o.seized, copied}}
		}, "another file at its place"},
		"other build": {func(_ *testing.T, o *office, m *Machine) {
			// A worker that was replaced since the machine said what it has.
			o.hello.Build = "the old one"
			m.Hello = o.hello
		}, "other programs than they said"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			ix, recs := o.recordings(1, 2, 0)
			o.machine(func(m *Machine) { c.change(t, o, m) })
			co := o.coordinator(o.queue())
			_, err := o.run(ix, recs, co)
			if !errors.Is(err, analysis.ErrElsewhere) || !strings.Contains(fmt.Sprint(err), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if n := len(found(t, ix)); n > 0 {
				t.Errorf("%d tracks all the same", n)
			}
			if err := co.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// A file that another machine reads has the hash that it has here; one that is
// not finished, is gone, or is another there has none.
func TestHash(t *testing.T) {
	o := newOffice(t)
	_, recs := o.recordings(2, 1, 0)
	here, there := recs[0].Path, t.TempDir()
	o.machine(func(m *Machine) { m.Maps = []Mapping{{o.seized, there}} })
	c := o.coordinator(o.queue())
	seen := filepath.Join(there, filepath.Base(here))
	show := func(b []byte) {
		t.Helper()
		if err := os.WriteFile(seen, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(here)
	if err != nil {
		t.Fatal(err)
	}
	show(text)
	told := int64(0)
	id, err := c.Hash(t.Context(), here, func(done, _ int64) { told = done })
	if err != nil || id.SHA256 != recs[0].SHA256 || id.Path != here || id.Bytes != int64(len(text)) || evidence.Unchanged(id) != nil || told != id.Bytes {
		t.Errorf("%+v, %v, told of %d", id, err, told)
	}
	show(append(text, "more"...))
	if _, err := c.Hash(t.Context(), here, nil); !errors.Is(err, analysis.ErrElsewhere) {
		t.Errorf("a longer file there: %v", err)
	}
	show(bytes.Repeat([]byte("x"), len(text))) // as long, and another
	if _, err := evidence.Hasher(c.Hash).Check(t.Context(), here, recs[0].SHA256, nil); !evidence.Altered(err) {
		t.Errorf("another file there: %v", err)
	}
	w, err := os.OpenFile(seen, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Hash(t.Context(), here, nil); fault.KindOf(err) != fault.Refused || !strings.Contains(err.Error(), here) {
		t.Errorf("a file that is being written: %v", err)
	}
	w.Close()
	if _, err := c.Hash(t.Context(), recs[1].Path, nil); !errors.Is(err, analysis.ErrElsewhere) {
		t.Errorf("a file that is not there: %v", err)
	}
	if _, err := c.Hash(t.Context(), filepath.Join(o.seized, "none"), nil); fault.KindOf(err) != fault.BadInput {
		t.Errorf("a file that is not here: %v", err)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// That an original was altered is said by the coordinator's own reading: a
// machine that reads another file of the same size makes nobody believe it, and
// one that reads the file that was altered is believed.
func TestAltered(t *testing.T) {
	o := newOffice(t)
	ix, recs := o.recordings(1, 1, 0)
	c := o.coordinator(o.queue())
	wrong := func(ctx context.Context, path string, report evidence.Progress) (evidence.Identity, error) {
		id, err := evidence.Hash(ctx, path, report)
		id.SHA256 = strings.Repeat("0", 64)
		return id, err
	}
	o.machine(nil)
	opt := o.options(c)
	opt.Hash = wrong
	out, err := analysis.Run(o.ctx, ix, o.worker, recs, opt, func(analysis.Progress) {})
	if err != nil || len(found(t, ix)) != 1 {
		t.Errorf("%v, %+v", err, out)
	}
	text, err := os.ReadFile(recs[0].Path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(recs[0].Path, bytes.ToUpper(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := o.run(ix, recs, c); !evidence.Altered(err) {
		t.Errorf("an original that was altered: %v", err)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// A machine with another build gets no work, and it is said that it is there.
func TestOtherBuild(t *testing.T) {
	o := newOffice(t)
	ix, recs := o.recordings(1, 1, 0)
	o.machine(func(m *Machine) { m.Hello.Build = "another" })
	c := o.coordinator(o.queue())
	ctx, cancel := context.WithCancel(t.Context())
	o.ctx = ctx
	go func() {
		waitFor(t, func() bool {
			o.mu.Lock()
			defer o.mu.Unlock()
			return strings.Contains(strings.Join(o.lines, "\n"), "1 machines wait for work, but compute with other programs")
		})
		cancel()
	}()
	if _, err := o.run(ix, recs, c); fault.KindOf(err) != fault.Interrupted && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// A result that was changed, cut off, moved or forged is not taken in: the task
// is done again.
func TestForgedResult(t *testing.T) {
	o := newOffice(t)
	keys, err := newSecrets(procedureKey, 1)
	if err != nil {
		t.Fatal(err)
	}
	ix, recs := o.recordings(1, 2, 0)
	hello := o.hello
	hello.Build = "forged"
	sealed := func(run queue.Run, name string) []byte {
		var b bytes.Buffer
		s, err := newSealer(&b, queue.Task{Run: run, Name: name})
		if err != nil {
			t.Fatal(err)
		}
		if err := wire.NewWriter(s).Send(wire.KindHello, hello); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	run := keys.queued(BuildOf(o.hello))
	stranger := run
	stranger.Token = bytes.Repeat([]byte{9}, 32)
	name := strings.Repeat("0", 64)
	whole := sealed(run, name)
	read := func(b []byte) error {
		r, err := keys.open(bytes.NewReader(b), name)
		if err == nil {
			_, err = io.Copy(io.Discard, r)
		}
		return err
	}
	if err := read(whole); err != nil {
		t.Fatal(err)
	}
	if err := read(sealed(stranger, name)); !errors.Is(err, ErrSeal) {
		t.Errorf("who knows the public key alone can seal: %v", err)
	}
	if err := read(sealed(run, strings.Repeat("1", 64))); !errors.Is(err, ErrSeal) {
		t.Errorf("a result of another task opens: %v", err)
	}
	for n := range whole {
		if err := read(whole[:n]); !errors.Is(err, ErrSeal) {
			t.Fatalf("cut off after %d bytes: %v", n, err)
		}
		flipped := bytes.Clone(whole)
		flipped[n] ^= 4
		if err := read(flipped); !errors.Is(err, ErrSeal) {
			t.Fatalf("byte %d flipped: %v", n, err)
		}
	}

	c := o.coordinator(o.queue())
	for i := range recs[0].Probe.Chunks {
		job := wire.Job{Analyse: &wire.AnalyseJob{Chunks: recs[0].Probe.Chunks[i : i+1]}}
		a := analysis.Task{Job: job, SHA256: recs[0].SHA256, Pipeline: pipelineOf(t, o, ix, recs)}
		qt := queue.Task{Run: run, Name: keys.name(run.Build, a)}
		if err := os.WriteFile(c.spool.result(qt), sealed(stranger, qt.Name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o.machine(nil)
	if _, err := o.run(ix, recs, c); err != nil {
		t.Fatal(err)
	}
	if n := len(found(t, ix)); n != 2 {
		t.Errorf("%d tracks", n)
	}
	damaged := 0
	for _, l := range o.lines {
		if strings.Contains(l, "a result was damaged") {
			damaged++
		}
	}
	if damaged != 2 {
		t.Errorf("%d results were told to be damaged", damaged)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// pipelineOf is the identity that a run has.
func pipelineOf(t *testing.T, o *office, ix *index.Store, recs []index.Recording) (id string) {
	t.Helper()
	stop := errors.New("enough")
	_, _ = o.run(ix, recs, runnerFunc(func(_ context.Context, task analysis.Task, _ func(wire.Hello) error, _ func(wire.Message) error) (time.Duration, error) {
		o.mu.Lock()
		defer o.mu.Unlock()
		id = task.Pipeline
		return 0, fault.Wrap(fault.Missing, stop, "enough")
	}))
	return id
}

// TestSpoolFolder: the folder of a run is its group's, whatever the umask, also
// when a killed coordinator left it half made.
func TestSpoolFolder(t *testing.T) {
	old := syscall.Umask(0o077)
	defer syscall.Umask(old)
	sp := spool(t.TempDir())
	if err := os.Mkdir(sp.run("half"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, run := range []string{"new", "half", "half"} {
		if err := sp.make(run); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(sp.run(run))
		if err != nil || info.Mode() != fs.ModeDir|spoolDir {
			t.Errorf("%s: %v, %v", run, info.Mode(), err)
		}
	}
	if err := spool(filepath.Join(string(sp), "none")).make("r"); fault.KindOf(err) != fault.NoSpace {
		t.Errorf("without a spool: %v", err)
	}
}

// A run of the same batch has the same names after a restart; another batch and
// another procedure have others, and none shows in another.
func TestSecrets(t *testing.T) {
	task := analysis.Task{SHA256: "a", Pipeline: "b", Job: wire.Job{Analyse: &wire.AnalyseJob{Chunks: []wire.Chunk{{Index: 3}}}}}
	one, err := newSecrets(procedureKey, 1)
	if err != nil {
		t.Fatal(err)
	}
	same, _ := newSecrets(bytes.Clone(procedureKey), 1)
	if one.run != same.run || one.name("b", task) != same.name("b", task) || !bytes.Equal(one.key.PublicKey().Bytes(), same.key.PublicKey().Bytes()) {
		t.Error("not the same after a restart")
	}
	other, _ := newSecrets(procedureKey, 2)
	foreign, _ := newSecrets(bytes.Repeat([]byte{8}, index.KeySize), 1)
	for _, x := range []*secrets{other, foreign} {
		if x.run == one.run || x.name("b", task) == one.name("b", task) || bytes.Equal(x.token, one.token) {
			t.Error("the same for another batch or procedure")
		}
	}
	next := task
	next.Job.Analyse = &wire.AnalyseJob{Chunks: []wire.Chunk{{Index: 4}}}
	for what, x := range map[string]analysis.Task{"chunk": next, "original": {SHA256: "c", Pipeline: "b", Job: task.Job}, "pipeline": {SHA256: "a", Pipeline: "c", Job: task.Job}} {
		if one.name("b", x) == one.name("b", task) {
			t.Errorf("another %s has the same name", what)
		}
	}
	if one.name("b", task) == one.name("c", task) {
		t.Error("another build has the same name")
	}
}
