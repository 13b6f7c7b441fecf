package analysis

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"posteriori/engine/evidence"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// Chunk is the wanted length of a chunk: long enough that the lead-in of
// twelve seconds costs little, short enough that a crash does.
const Chunk = 5 * time.Minute

// Options are the settings of one run.
type Options struct {
	Workers int // processes at a time
	Engine  wire.Engine
	Worker  wire.Hello // what [Worker.Describe] said of Engine
	Params  wire.Params
	Again   bool // forget what an earlier run found; one that was broken off goes on
	// Slots, of runs that go on at the same time, holds them together to so many
	// worker processes as it has room for; nil: this run alone decides.
	Slots chan struct{}
	// Runner does the tasks, and Hash reads the originals; nil: the worker and
	// [evidence.Hash], on this machine.
	Runner   Runner
	Hash     evidence.Hasher
	Priority int // of its tasks, 1 first, 4 last
	// Watch is told what happens, by several goroutines; nil: nobody is.
	Watch func(Event)
}

// What an [Event] may be.
const (
	EventChunk     = "chunk"       // one is in the index
	EventAgain     = "chunk-again" // its worker broke off; it is tried once more
	EventLost      = "chunk-lost"  // it cannot be analysed
	EventRecording = "recording"   // one is complete
	EventDropped   = "dropped"     // no more is done of one in this run
)

// Event is something that happened in a run, for those who keep it running.
type Event struct {
	What      string
	Recording int64
	Chunk     int
	Took      time.Duration // of a chunk
	LengthUS  int64         // media time of a chunk
	Frames    int64
	Tracks    int64
	Err       error
}

func (r *run) event(e Event) {
	if r.opt.Watch != nil {
		r.opt.Watch(e)
	}
}

// Task is one job for a worker, with what its answer rests on: the same
// original, chunks and pipeline give the same answer, whoever does the job.
type Task struct {
	Job      wire.Job
	SHA256   string // of the original
	Pipeline string // the identity of the analysis
	Priority int    // 1 first, 4 last
}

// Runner does tasks: it gives the job to a worker somewhere, calls accept for
// the worker's hello and handle for each message between that and its last word,
// and returns how long the worker was busy. When accept or handle fails it stops.
// The error is the worker's own fault when it told one; it is ErrElsewhere when
// no machine could begin. It may be called for several tasks at a time.
type Runner interface {
	Do(ctx context.Context, t Task, accept func(wire.Hello) error, handle func(wire.Message) error) (time.Duration, error)
}

// ErrElsewhere is wrapped by the error of a task that other machines could not
// begin: the original is out of their reach, say. It may go well another time.
var ErrElsewhere = errors.New("no other machine can do it")

// Progress is the state of a run, for a bar.
type Progress struct {
	Recording int64 // the one that moved last
	Frames    int64
	DoneUS    int64 // media time analysed in this run and before
	TotalUS   int64
	Tracks    int64
	HashDone  int64  // bytes of originals read, to see that they are unaltered
	HashTotal int64  // of the originals of this run
	Line      string // set when something happened that a user must see
	// Work is how long worker processes were busy with the chunks that ended in
	// this run, and WorkUS the media time of those.
	Work   time.Duration
	WorkUS int64
}

// Outcome is what became of one recording.
type Outcome struct {
	Recording  int64            `json:"recording"`
	Tracks     int64            `json:"tracks"`
	Frames     int64            `json:"frames"`
	DurationUS int64            `json:"duration_us"`
	NotSeenUS  int64            `json:"not_seen_us"` // damaged, relearning, gaps and the like
	Failed     []int            `json:"failed_chunks,omitempty"`
	Reused     int              `json:"reused_chunks"`
	Coverage   []scene.Coverage `json:"coverage"`
	Triage     *TriageSummary   `json:"triage,omitempty"` // of this run
	Error      string           `json:"error,omitempty"`
	Err        error            `json:"-"` // why nothing, or no more, was done of it
}

// run is one call of [Run].
type run struct {
	ix     *index.Store
	opt    Options
	runner Runner
	ident  string
	report func(Progress)

	mu    sync.Mutex
	state Progress
	live  map[[2]int64]wire.Progress // of tasks under way, by recording and first chunk
}

// task is consecutive chunks of one recording that one worker takes.
type task struct {
	rec    *recording
	chunks []wire.Chunk
}

// recording is one recording in the works.
type recording struct {
	index.Recording
	id     evidence.Identity // what the original was as the run began
	out    Outcome
	triage *wire.Triage // nil: every frame is decoded
	left   int          // chunks to do; -1 when somebody sees to the end of it
	done   bool         // stitched, or found complete
	err    error        // the original changed, or cannot be read

	put            sync.Mutex // one commit at a time
	planeW, planeH int        // of the chunks committed so far
}

// Describe asks the worker what it would work with.
func (w Worker) Describe(ctx context.Context, e wire.Engine) (wire.Hello, error) {
	return w.Run(ctx, wire.Job{Describe: &wire.DescribeJob{Engine: e}}, func(wire.Message) error { return nil })
}

// Run analyses recordings: chunks in parallel, each committed as it ends.
// While those of one recording are worked on, the next original is hashed; one
// that changed since its import is refused and the others go on.
func Run(ctx context.Context, ix *index.Store, w Worker, recs []index.Recording, opt Options, report func(Progress)) ([]Outcome, error) {
	opt.Engine.Device = opt.Worker.Device // decided once, the same for every chunk
	opt.Engine.Fallback = opt.Worker.Fallback
	r := &run{ix: ix, opt: opt, runner: opt.Runner, report: report, live: map[[2]int64]wire.Progress{}}
	if r.runner == nil {
		r.runner = w
	}
	a, err := newAnalysis(opt.Worker, opt)
	if err != nil {
		return nil, err
	}
	r.ident = a.Identity
	works := make([]*recording, len(recs))
	chunks := 0
	for i, rec := range recs {
		works[i] = &recording{Recording: rec, out: Outcome{Recording: rec.ID, DurationUS: rec.Probe.DurationUS}}
		r.state.TotalUS += rec.Probe.DurationUS
		r.state.HashTotal += rec.Bytes
		chunks += len(rec.Probe.Chunks)
	}
	queue := make(chan task, chunks) // planning never waits for a worker
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(queue)
		for _, rec := range works {
			if err := r.plan(gctx, rec, a, queue); err != nil {
				return err
			}
		}
		return nil
	})
	for range max(1, opt.Workers) {
		g.Go(func() error { return r.drain(gctx, queue) })
	}
	return r.outcomes(ctx, works, g.Wait())
}

// drain works through tasks. A full disk, a cancelled context and a missing
// library stop everything; a chunk that fails twice does not.
func (r *run) drain(ctx context.Context, queue <-chan task) error {
	for t := range queue {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := r.inSlot(ctx, t); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// inSlot does a task when there is room for another worker.
func (r *run) inSlot(ctx context.Context, t task) error {
	if r.opt.Slots == nil {
		return r.do(ctx, t)
	}
	select {
	case r.opt.Slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-r.opt.Slots }()
	return r.do(ctx, t)
}

// newAnalysis describes the run; its identity names everything that decides
// what is found (legal.md row 22: the same run gives the same index).
func newAnalysis(hello wire.Hello, opt Options) (index.Analysis, error) {
	models := make([]index.ModelRef, 0, len(opt.Engine.Models))
	for _, m := range opt.Engine.Models {
		models = append(models, index.ModelRef{Name: m.Name, SHA256: m.SHA256})
	}
	desc := map[string]any{
		"worker": hello.Build, "versions": hello.Versions, "device": hello.Device,
		"models": models, "params": opt.Params, "protocol": wire.Version,
	}
	b, err := json.Marshal(desc)
	if err != nil {
		return index.Analysis{}, err
	}
	sum := sha256.Sum256(b)
	return index.Analysis{
		Identity: hex.EncodeToString(sum[:]), Models: models, Params: opt.Params,
		Build: hello.Build, Device: hello.Device,
	}, nil
}

// do works through one task and completes the recording when it was the last
// of it. An original that changes or goes away ends the work on it, not on the
// others.
func (r *run) do(ctx context.Context, t task) error {
	if r.dropped(t.rec) {
		return nil
	}
	err := r.chunks(ctx, t)
	r.worked(t)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if uerr := evidence.Unchanged(t.rec.id); uerr != nil {
			r.drop(t.rec, uerr)
			return nil
		}
		return err
	}
	r.mu.Lock()
	last := t.rec.left == 0
	if last {
		t.rec.left = -1 // another task may end at the same moment
	}
	r.mu.Unlock()
	if !last {
		return nil
	}
	return r.finish(ctx, t.rec)
}

// worked tells of a task that ended or broke off.
func (r *run) worked(t task) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range t.chunks {
		r.state.WorkUS += c.EndUS - c.StartUS
	}
	s := r.sum()
	s.Recording = t.rec.ID
	r.report(s)
}

// drop ends the work on a recording.
func (r *run) drop(rec *recording, why error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if rec.err == nil {
		rec.err = why
		r.event(Event{What: EventDropped, Recording: rec.ID, Err: why})
	}
}

func (r *run) dropped(rec *recording) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return rec.err != nil
}

// chunks works through the chunks of one task; what a broken-off worker
// finished is kept, and the chunk it broke on is tried once more.
func (r *run) chunks(ctx context.Context, t task) error {
	todo := t.chunks
	failures := 0
	for len(todo) > 0 {
		n, err := r.work(ctx, t.rec, todo)
		todo = todo[n:]
		if n > 0 {
			failures = 0
		}
		if len(todo) == 0 {
			return nil // how the worker ended no longer matters
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			return fault.New(fault.Internal, "the worker ended with %d chunks undone", len(todo)).OnFile(t.rec.Path)
		}
		switch fault.KindOf(err) {
		case fault.NoSpace, fault.Missing, fault.Refused, fault.Integrity, fault.Interrupted:
			return err
		}
		if err := evidence.Unchanged(t.rec.id); err != nil {
			return err // not the chunk's fault
		}
		if failures++; failures < 2 {
			r.event(Event{What: EventAgain, Recording: t.rec.ID, Chunk: todo[0].Index, Err: err})
			r.say(fmt.Sprintf("recording %d, chunk %d: %v; trying once more", t.rec.ID, todo[0].Index, err))
			continue
		}
		r.event(Event{What: EventLost, Recording: t.rec.ID, Chunk: todo[0].Index, Err: err})
		r.say(fmt.Sprintf("recording %d, chunk %d cannot be analysed: %v; going on", t.rec.ID, todo[0].Index, err))
		if todo, err = r.lose(ctx, t.rec, todo, err); err != nil {
			return err
		}
		failures = 0
	}
	return nil
}

// work gives chunks to one worker and commits each as it ends. It returns
// how many were committed.
func (r *run) work(ctx context.Context, rec *recording, chunks []wire.Chunk) (int, error) {
	p := rec.Probe
	p.Chunks, p.Gaps = nil, nil
	job := wire.Job{Path: rec.Path, Analyse: &wire.AnalyseJob{Probe: p, Chunks: chunks, Params: r.opt.Params, Engine: r.opt.Engine, Triage: rec.triage.Of(chunks)}}
	in := &intake{run: r, rec: rec, chunks: chunks, key: [2]int64{rec.ID, int64(chunks[0].Index)}, began: time.Now()}
	defer r.progress(in.key, rec.ID, nil)
	err := r.give(ctx, rec, job, in.hello, func(m wire.Message) error { return in.take(ctx, m) })
	return in.done, err
}

// give gives a job on a recording to a worker and notes how long that was busy.
func (r *run) give(ctx context.Context, rec *recording, job wire.Job, accept func(wire.Hello) error, handle func(wire.Message) error) error {
	took, err := r.runner.Do(ctx, Task{Job: job, SHA256: rec.SHA256, Pipeline: r.ident, Priority: r.opt.Priority}, accept, handle)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state.Work += took
	return err
}

// same refuses a worker that is not the one whose identity the run has: a
// program replaced under way, or one that fell back to another device.
func (r *run) same(h wire.Hello) error {
	want := r.opt.Worker
	if h.Build == want.Build && h.Device == want.Device && h.Detector == want.Detector && maps.Equal(h.Versions, want.Versions) {
		return nil
	}
	return fault.New(fault.Missing, "the worker is not the one that this run began with").
		WithHint("what was finished is kept; run the same command again")
}

// commit writes one chunk.
func (r *run) commit(ctx context.Context, rec *recording, c wire.Chunk, end wire.ChunkEnd, msgs []wire.TrackMsg) error {
	rec.put.Lock()
	defer rec.put.Unlock()
	if err := evidence.Unchanged(rec.id); err != nil {
		return err
	}
	if end.PlaneW > 0 {
		rec.planeW, rec.planeH = end.PlaneW, end.PlaneH
	}
	end.PlaneW, end.PlaneH = rec.planeW, rec.planeH // a chunk given up has none
	if err := r.ix.PutChunk(ctx, rec.ID, end, msgs); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state.DoneUS += c.EndUS - c.StartUS
	r.state.Tracks += int64(len(msgs))
	r.state.Frames += end.Frames
	rec.left--
	return nil
}

// progress notes where a task is; nil ends it.
func (r *run) progress(key [2]int64, rec int64, p *wire.Progress) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p == nil {
		delete(r.live, key)
		return
	}
	r.live[key] = *p
	s := r.sum()
	s.Recording = rec
	r.report(s)
}

// sum is the state with the tasks under way. The caller holds r.mu.
func (r *run) sum() Progress {
	s := r.state
	for _, l := range r.live {
		s.Frames += l.Frames
		s.DoneUS += l.ReachedUS
		s.Tracks += l.Tracks
	}
	return s
}

func (r *run) say(line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.sum()
	s.Line = line
	r.report(s)
}
