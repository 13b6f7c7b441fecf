package analysis

import (
	"context"
	"errors"
	"slices"

	"posteriori/engine/evidence"
	"posteriori/engine/index"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// outcomes gathers what became of each recording; err is why the run broke
// off, or nil.
func (r *run) outcomes(ctx context.Context, works []*recording, err error) ([]Outcome, error) {
	out := make([]Outcome, len(works))
	for i, rec := range works {
		slices.Sort(rec.out.Failed)
		switch {
		case rec.err != nil:
			rec.out.Err, rec.out.Error = rec.err, rec.err.Error()
			err = errors.Join(err, rec.err)
			if rec.id.Path != "" && evidence.Altered(rec.err) { // in this run: what was found before stands
				err = errors.Join(err, r.forget(context.WithoutCancel(ctx), rec.ID))
			}
		case !rec.done:
			rec.out.Error = "not finished"
		}
		out[i] = rec.out
	}
	return out, err
}

// finish stitches a recording whose chunks are all there. The original is
// hashed once more: what was analysed is what was imported.
func (r *run) finish(ctx context.Context, rec *recording) error {
	if _, err := r.check(ctx, rec, nil); err != nil {
		if ctx.Err() == nil {
			r.drop(rec, err)
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
	a, err := r.ix.Analysis(ctx, rec.ID)
	rec.out.Tracks, rec.done = a.Tracks, err == nil
	if err == nil {
		r.event(Event{What: EventRecording, Recording: rec.ID, Frames: rec.out.Frames, Tracks: a.Tracks})
	}
	return err
}

// Stitch joins the pieces of a recording whose chunks are all there, and
// completes its analysis in the index. It holds one chunk's pieces and the
// tracks that were alive shortly before a cut.
func Stitch(ctx context.Context, ix *index.Store, rec index.Recording) error {
	cov, err := wholeCoverage(ctx, ix, rec)
	if err != nil {
		return err
	}
	a, err := ix.Analysis(ctx, rec.ID)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	tracks := func(yield func(scene.Track) bool) {
		if err := stitchAll(ctx, ix, rec, a.Params.Quarters, yield); err != nil && err != errEnough {
			cancel(err)
		}
	}
	if err := ix.Finish(ctx, rec.ID, tracks, cov); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		return err
	}
	return nil
}

type sentinel string

func (s sentinel) Error() string { return string(s) }

// errEnough says that the reader of the tracks wants no more.
const errEnough = sentinel("enough")

func stitchAll(ctx context.Context, ix *index.Store, rec index.Recording, quarters bool, yield func(scene.Track) bool) error {
	s := &stitcher{w: rec.Probe.Width, h: rec.Probe.Height, quarters: quarters, emit: func(t scene.Track) error {
		if !yield(t) {
			return errEnough
		}
		return nil
	}}
	chunk := -1
	var msgs []wire.TrackMsg
	done := func() error {
		if chunk < 0 {
			return nil
		}
		c := rec.Probe.Chunks[chunk]
		err := s.chunk(c, msgs)
		msgs = nil
		return err
	}
	for p, err := range ix.Pieces(ctx, rec.ID) {
		if err != nil {
			return err
		}
		if p.Track != nil {
			msgs = append(msgs, *p.Track)
			continue
		}
		if err := done(); err != nil {
			return err
		}
		chunk = p.End.Chunk
	}
	if err := done(); err != nil {
		return err
	}
	return s.flush()
}

// wholeCoverage is the account of all chunks, neighbours of one kind joined,
// and of what a file that was cut short lacks behind them.
func wholeCoverage(ctx context.Context, ix *index.Store, rec index.Recording) ([]scene.Coverage, error) {
	var out []scene.Coverage
	for p, err := range ix.Pieces(ctx, rec.ID) {
		if err != nil {
			return nil, err
		}
		if p.End == nil {
			continue
		}
		for _, c := range p.End.Coverage {
			if n := len(out); n > 0 && out[n-1].Kind == c.Kind && out[n-1].Reason == c.Reason && out[n-1].ToUS == c.FromUS {
				out[n-1].ToUS = c.ToUS
				continue
			}
			out = append(out, c)
		}
	}
	for _, g := range rec.Probe.Gaps {
		if g.FromUS >= rec.Probe.DurationUS {
			out = append(out, g)
		}
	}
	return out, nil
}
