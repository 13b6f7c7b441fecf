package analysis

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
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

// silence is how long a worker may say nothing before it counts as hung.
const silence = 5 * time.Minute

// Options are the settings of one run.
type Options struct {
	Workers int // processes at a time
	Engine  wire.Engine
	Worker  wire.Hello // what [Worker.Describe] said of Engine
	Params  wire.Params
	Again   bool // forget what an earlier run found
}

// Progress is the state of a run, for a bar.
type Progress struct {
	Recording int64 // the one that moved last
	Frames    int64
	DoneUS    int64 // media time analysed in this run and before
	TotalUS   int64
	Tracks    int64
	Line      string // set when something happened that a user must see
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
	Error      string           `json:"error,omitempty"`
}

// run is one call of [Run].
type run struct {
	ix     *index.Store
	w      Worker
	opt    Options
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
	out  Outcome
	left int
	err  error // the original changed, or cannot be read
}

// Describe asks the worker what it would work with.
func (w Worker) Describe(ctx context.Context, e wire.Engine) (wire.Hello, error) {
	return w.Run(ctx, wire.Job{Describe: &wire.DescribeJob{Engine: e}}, func(wire.Message) error { return nil })
}

// Run analyses recordings: chunks in parallel, each committed as it ends. An
// original that changed since its import is refused and the others go on.
func Run(ctx context.Context, ix *index.Store, w Worker, recs []index.Recording, opt Options, report func(Progress)) ([]Outcome, error) {
	opt.Engine.Device = opt.Worker.Device // decided once, the same for every chunk
	r := &run{ix: ix, w: w, opt: opt, report: report, live: map[[2]int64]wire.Progress{}}
	a, err := newAnalysis(opt.Worker, opt)
	if err != nil {
		return nil, err
	}
	r.ident = a.Identity
	works := make([]*recording, len(recs))
	var tasks []task
	for i, rec := range recs {
		works[i] = &recording{Recording: rec, out: Outcome{Recording: rec.ID, DurationUS: rec.Probe.DurationUS}}
		ts, err := r.plan(ctx, works[i], a)
		if err != nil {
			return nil, err
		}
		tasks = append(tasks, ts...)
	}
	err = r.drain(ctx, tasks)
	out := make([]Outcome, len(works))
	for i, rec := range works {
		if rec.err != nil {
			rec.out.Error = rec.err.Error()
			err = errors.Join(err, rec.err)
		}
		out[i] = rec.out
	}
	return out, err
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

// plan checks the original and lists what is left to do of a recording.
func (r *run) plan(ctx context.Context, rec *recording, a index.Analysis) ([]task, error) {
	r.state.TotalUS += rec.Probe.DurationUS
	if _, err := evidence.Check(ctx, rec.Path, rec.SHA256, nil); err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		rec.err = err
		return nil, nil
	}
	was, err := r.analysis(ctx, rec.ID)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return nil, err
	}
	if was.State == index.Complete && !r.opt.Again {
		// Found by another build or detector, it still stands: track numbers
		// may be in use. Only --again replaces it.
		if was.Identity != a.Identity {
			r.say(fmt.Sprintf("recording %d was analysed by another build, detector or device: kept; --again does it anew", rec.ID))
		}
		rec.out.Reused = len(rec.Probe.Chunks)
		r.state.DoneUS += rec.Probe.DurationUS
		return nil, r.summarise(ctx, rec)
	}
	if r.opt.Again { // another identity in between makes the index forget
		other := a
		other.Identity = "again"
		if _, err := r.ix.BeginAnalysis(ctx, rec.ID, other); err != nil {
			return nil, err
		}
	}
	done, err := r.ix.BeginAnalysis(ctx, rec.ID, a)
	if err != nil {
		return nil, err
	}
	var tasks []task
	for _, c := range rec.Probe.Chunks {
		if done[c.Index] {
			rec.out.Reused++
			r.state.DoneUS += c.EndUS - c.StartUS
			continue
		}
		rec.left++
		// What cannot be sought is read once from the start by one worker.
		if n := len(tasks); !rec.Probe.Seekable && n > 0 && follows(tasks[n-1].chunks, c) {
			tasks[n-1].chunks = append(tasks[n-1].chunks, c)
			continue
		}
		tasks = append(tasks, task{rec: rec, chunks: []wire.Chunk{c}})
	}
	if rec.left == 0 {
		return nil, r.finish(ctx, rec)
	}
	return tasks, nil
}

func follows(chunks []wire.Chunk, c wire.Chunk) bool {
	return chunks[len(chunks)-1].Index+1 == c.Index
}

// drain runs the tasks on so many workers. A full disk, a cancelled context
// and a missing library stop everything; a chunk that fails twice does not.
func (r *run) drain(ctx context.Context, tasks []task) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(1, r.opt.Workers))
	for _, t := range tasks {
		g.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return r.do(ctx, t)
		})
	}
	return g.Wait()
}

// do works through one task; what a broken-off worker finished is kept, and
// the chunk it broke on is tried once more on its own.
func (r *run) do(ctx context.Context, t task) error {
	todo := t.chunks
	failures := 0
	for len(todo) > 0 {
		n, err := r.work(ctx, t.rec, todo)
		todo = todo[n:]
		if n > 0 {
			failures = 0
		}
		if err == nil {
			if len(todo) > 0 {
				return fault.New(fault.Internal, "the worker ended with %d chunks undone", len(todo)).OnFile(t.rec.Path)
			}
			break
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		switch fault.KindOf(err) {
		case fault.NoSpace, fault.Missing, fault.Refused, fault.Integrity, fault.Interrupted:
			return err
		}
		if failures++; failures < 2 {
			r.say(fmt.Sprintf("%s: chunk %d: %v; trying once more", t.rec.Path, todo[0].Index, err))
			continue
		}
		r.say(fmt.Sprintf("%s: chunk %d cannot be analysed: %v; going on", t.rec.Path, todo[0].Index, err))
		if err := r.giveUp(ctx, t.rec, todo[0], err); err != nil {
			return err
		}
		todo, failures = todo[1:], 0
	}
	return nil
}

// giveUp commits a chunk that cannot be analysed as what it is: not analysed.
func (r *run) giveUp(ctx context.Context, rec *recording, c wire.Chunk, why error) error {
	end := wire.ChunkEnd{Chunk: c.Index, Times: scene.PackTimes(nil), Coverage: []scene.Coverage{{
		FromUS: c.StartUS, ToUS: c.EndUS, Kind: scene.NotAnalysed, Reason: why.Error(),
	}}}
	r.mu.Lock()
	rec.out.Failed = append(rec.out.Failed, c.Index)
	r.mu.Unlock()
	return r.commit(ctx, rec, c, end, nil)
}

// work gives chunks to one worker and commits each as it ends. It returns
// how many were committed.
func (r *run) work(ctx context.Context, rec *recording, chunks []wire.Chunk) (int, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	hung := fault.New(fault.Internal, "the worker said nothing for %v", silence).OnFile(rec.Path)
	watchdog := time.AfterFunc(silence, func() { cancel(hung) })
	defer watchdog.Stop()

	p := rec.Probe
	p.Chunks, p.Gaps = nil, nil
	job := wire.Job{Path: rec.Path, Analyse: &wire.AnalyseJob{Probe: p, Chunks: chunks, Params: r.opt.Params, Engine: r.opt.Engine}}
	key := [2]int64{rec.ID, int64(chunks[0].Index)}
	defer r.progress(key, rec.ID, nil)

	done := 0
	var msgs []wire.TrackMsg
	_, err := r.w.Run(ctx, job, func(m wire.Message) error {
		watchdog.Reset(silence)
		switch m.Kind {
		case wire.KindProgress:
			var p wire.Progress
			if err := m.Into(&p); err != nil {
				return err
			}
			r.progress(key, rec.ID, &p)
		case wire.KindTrack:
			var t wire.TrackMsg
			if err := m.Into(&t); err != nil {
				return err
			}
			msgs = append(msgs, t)
		case wire.KindChunkEnd:
			var end wire.ChunkEnd
			if err := m.Into(&end); err != nil {
				return err
			}
			if done == len(chunks) || end.Chunk != chunks[done].Index {
				return fault.Wrap(fault.Internal, wire.ErrProtocol, "chunk %d out of order", end.Chunk)
			}
			if err := r.commit(ctx, rec, chunks[done], end, msgs); err != nil {
				return err
			}
			done++
			msgs = nil
			r.progress(key, rec.ID, &wire.Progress{}) // the next chunk starts anew
		}
		return nil
	})
	if err != nil && context.Cause(ctx) == hung {
		err = hung
	}
	return done, err
}

// commit writes one chunk, and the whole recording when it was the last.
func (r *run) commit(ctx context.Context, rec *recording, c wire.Chunk, end wire.ChunkEnd, msgs []wire.TrackMsg) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.ix.PutChunk(ctx, rec.ID, end, msgs); err != nil {
		return err
	}
	r.state.DoneUS += c.EndUS - c.StartUS
	r.state.Tracks += int64(len(msgs))
	r.state.Frames += end.Frames
	if rec.left--; rec.left == 0 {
		return r.finish(ctx, rec)
	}
	return nil
}

// finish stitches a recording whose chunks are all there. The original is
// hashed once more: what was analysed is what was imported.
func (r *run) finish(ctx context.Context, rec *recording) error {
	if _, err := evidence.Check(ctx, rec.Path, rec.SHA256, nil); err != nil {
		if ctx.Err() == nil {
			rec.err = err
			return nil
		}
		return err
	}
	if err := Stitch(ctx, r.ix, rec.Recording); err != nil {
		return err
	}
	return r.summarise(ctx, rec)
}

func (r *run) summarise(ctx context.Context, rec *recording) error {
	cov, err := r.ix.Coverage(ctx, rec.ID)
	if err != nil {
		return err
	}
	rec.out.Coverage = cov
	for _, c := range cov {
		if c.Kind != scene.Seen {
			rec.out.NotSeenUS += c.ToUS - c.FromUS
		}
	}
	for _, err := range r.ix.FrameTimes(ctx, rec.ID) {
		if err != nil {
			return err
		}
		rec.out.Frames++
	}
	a, err := r.analysis(ctx, rec.ID)
	rec.out.Tracks = a.Tracks
	return err
}

// analysis is the state of a recording's analysis in the index.
func (r *run) analysis(ctx context.Context, rec int64) (index.Analysis, error) {
	all, err := r.ix.Analyses(ctx)
	if err != nil {
		return index.Analysis{}, err
	}
	for _, a := range all {
		if a.Recording == rec {
			return a, nil
		}
	}
	return index.Analysis{}, fault.New(fault.NotFound, "recording %d has no analysis", rec)
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
	s := r.state
	s.Recording = rec
	for _, l := range r.live {
		s.Frames += l.Frames
		s.DoneUS += l.ReachedUS
		s.Tracks += l.Tracks
	}
	r.report(s)
}

func (r *run) say(line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.state
	s.Line = line
	r.report(s)
}
