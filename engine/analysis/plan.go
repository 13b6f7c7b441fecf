package analysis

import (
	"context"
	"fmt"

	"posteriori/engine/evidence"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// plan checks the original and queues what is left to do of a recording.
func (r *run) plan(ctx context.Context, rec *recording, a index.Analysis, queue chan<- task) error {
	id, err := r.check(ctx, rec, r.hashing())
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		r.drop(rec, err)
		return nil
	}
	rec.id = id
	was, err := r.ix.Analysis(ctx, rec.ID)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	if was.State == index.Complete && !r.opt.Again {
		// Found by another build or detector, it still stands: track numbers
		// may be in use. Only --again replaces it.
		if was.Identity != a.Identity {
			r.say(fmt.Sprintf("recording %d was analysed by another build, detector or device: kept; --again does it anew", rec.ID))
		}
		rec.out.Reused = len(rec.Probe.Chunks)
		r.reach(rec.Probe.DurationUS)
		return r.summarise(ctx, rec)
	}
	done, err := r.begin(ctx, rec, was, a)
	if fault.KindOf(err) == fault.Refused { // people have decided on what is there
		r.drop(rec, err)
		return nil
	}
	if err != nil {
		return err
	}
	if len(done) < len(rec.Probe.Chunks) {
		if err := r.triage(ctx, rec); err != nil {
			return err
		}
	}
	tasks := r.cut(rec, done)
	if rec.left == 0 {
		return r.finish(ctx, rec)
	}
	for _, t := range tasks {
		queue <- t
	}
	return nil
}

// begin opens the analysis of a recording, or goes on with it, and says which
// chunks are done. Anew means from nothing, but for a run that was broken off:
// that goes on, and what it could not analyse is tried again.
func (r *run) begin(ctx context.Context, rec *recording, was, a index.Analysis) (done map[int]bool, err error) {
	resumed := was.Identity == a.Identity && was.State == index.Running
	if r.opt.Again && !resumed {
		if err := r.forget(ctx, rec.ID); err != nil {
			return nil, err
		}
	}
	if resumed {
		rec.planeW, rec.planeH = was.PlaneW, was.PlaneH
	}
	done, err = r.ix.BeginAnalysis(ctx, rec.ID, a)
	if err != nil || !r.opt.Again || !resumed {
		return done, err
	}
	for p, err := range r.ix.Pieces(ctx, rec.ID) {
		if err != nil {
			return nil, err
		}
		if p.End != nil && gaveUp(p.End) {
			delete(done, p.End.Chunk)
		}
	}
	return done, nil
}

// gaveUp tells whether a chunk is one that could not be analysed.
func gaveUp(end *wire.ChunkEnd) bool {
	return end.Frames == 0 && len(end.Coverage) == 1 && end.Coverage[0].Kind == scene.NotAnalysed
}

// check reads an original and compares its hash. That it was altered is said by
// this machine only: another may look at another file.
func (r *run) check(ctx context.Context, rec *recording, report evidence.Progress) (evidence.Identity, error) {
	if r.opt.Hash != nil {
		id, err := r.opt.Hash.Check(ctx, rec.Path, rec.SHA256, report)
		if !evidence.Altered(err) {
			return id, err
		}
		r.say(fmt.Sprintf("recording %d: another machine reads another file; it is read here", rec.ID))
	}
	return evidence.Check(ctx, rec.Path, rec.SHA256, report)
}

// hashStep is after how many bytes the reading of an original is told of.
const hashStep = 16 << 20

// hashing counts what is read of one original.
func (r *run) hashing() evidence.Progress {
	var told int64
	return func(done, total int64) {
		if done-told < hashStep && done < total {
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.state.HashDone += done - told
		told = done
		r.report(r.sum())
	}
}

// reach notes media time that needs no more work.
func (r *run) reach(us int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state.DoneUS += us
}

// forget empties the index of what was found in a recording: an analysis of
// another identity does that.
func (r *run) forget(ctx context.Context, rec int64) error {
	_, err := r.ix.BeginAnalysis(ctx, rec, index.Analysis{Identity: "forgotten"})
	return err
}

// cut makes tasks of the chunks that are not done.
func (r *run) cut(rec *recording, done map[int]bool) []task {
	var tasks []task
	together := 1
	if rec.triage != nil && !rec.triage.Full { // little is to do of each: starting a worker costs more
		together = max(1, len(rec.Probe.Chunks)/max(1, r.opt.Workers))
	}
	for _, c := range rec.Probe.Chunks {
		if done[c.Index] {
			rec.out.Reused++
			r.reach(c.EndUS - c.StartUS)
			continue
		}
		rec.left++
		// What cannot be sought is read once from the start by one worker.
		if n := len(tasks); n > 0 && follows(tasks[n-1].chunks, c) && (!rec.Probe.Seekable || len(tasks[n-1].chunks) < together) {
			tasks[n-1].chunks = append(tasks[n-1].chunks, c)
			continue
		}
		tasks = append(tasks, task{rec: rec, chunks: []wire.Chunk{c}})
	}
	return tasks
}

func follows(chunks []wire.Chunk, c wire.Chunk) bool {
	return chunks[len(chunks)-1].Index+1 == c.Index
}
