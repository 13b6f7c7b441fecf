package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"syscall"
	"time"

	"posteriori/engine"
	"posteriori/engine/analysis"
	"posteriori/engine/batch"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
	"posteriori/engine/scene"
)

// batchWork imports and analyses the files of a batch: for each the same two
// acts that posteriori import and analyse are.
type batchWork struct {
	app    *app
	store  *engine.Store
	id     string // of the procedure
	basis  string
	ix     *index.Store
	worker analysis.Worker
	opt    analysis.Options

	before map[string]int64 // by path: the recordings that were in when the run began
}

// know notes which recordings are in already.
func (b *batchWork) know(ctx context.Context) error {
	recs, err := b.ix.Recordings(ctx)
	b.before = make(map[string]int64, len(recs))
	for _, r := range recs {
		b.before[r.Path] = r.ID
	}
	return err
}

// handle does one file: a [batch.Handler].
func (b *batchWork) handle(ctx context.Context, it index.BatchItem, report func(batch.Step)) (index.BatchItem, error) {
	anew := len(it.NotSeen) > 0 // analysed in part before, and asked for once more
	rec, err := b.recording(ctx, it, report)
	if err != nil {
		return b.ended(ctx, it, err)
	}
	it.Recording = rec.ID
	out, err := b.analyse(ctx, it, rec, anew, report)
	if err != nil {
		return b.ended(ctx, it, err)
	}
	return judge(it, out), nil
}

// recording is the item's recording: one that is in, or imports.
func (b *batchWork) recording(ctx context.Context, it index.BatchItem, report func(batch.Step)) (index.Recording, error) {
	if it.Recording > 0 {
		return b.ix.Recording(ctx, it.Recording)
	}
	if id, ok := b.before[it.Path]; ok {
		rec, err := b.ix.Recording(ctx, id)
		info, serr := os.Stat(it.Path)
		if err == nil && serr == nil && info.Size() == rec.Bytes && info.ModTime().UnixMicro() == rec.ModifiedUS {
			return rec, nil // of a run that was killed between the two acts, or of an import by hand
		}
	}
	return b.importOne(ctx, it, report)
}

func (b *batchWork) importOne(ctx context.Context, it index.BatchItem, report func(batch.Step)) (index.Recording, error) {
	params, err := json.Marshal(b.params(it))
	if err != nil {
		return index.Recording{}, err
	}
	opt := importOptions{exhibit: it.Exhibit, basis: b.basis, camera: it.Camera, chunk: analysis.Chunk}
	if it.ClockUS != nil {
		opt.start, opt.clockStart = time.UnixMicro(*it.ClockUS), "manifest"
		opt.clockUncertainty, opt.clockSource = time.Duration(it.ClockUncertaintyUS)*time.Microsecond, it.ClockSource
	}
	quiet := *b.app
	quiet.stderr = io.Discard
	var row importRow
	spec := engine.ActSpec{Procedure: b.id, Operation: journal.Collect, Sub: journal.SubImport, Reason: b.app.reason}
	err = b.store.Do(ctx, spec, func(act *engine.Act) error {
		if err := procedure.MayImport(act.Procedure().Doc, opt.exhibit, procedure.Basis(opt.basis)); err != nil {
			return err
		}
		if err := procedure.MayAnalyse(act.Procedure().Doc); err != nil { // it is imported for that alone
			return err
		}
		im := importer{app: &quiet, store: b.store, act: act, index: b.ix, worker: b.worker, hash: b.opt.Hash, runner: b.opt.Runner, opt: opt, seen: map[string]string{},
			params: string(params), hashed: func(done, _ int64) { report(batch.Step{Read: done}) }}
		ctx, stop := act.Watch(ctx, procedure.MayAnalyse) // it may wait long for a machine
		rows, err := im.run(ctx, []string{it.Path})
		if len(rows) == 1 {
			row = rows[0]
		}
		return stop(err)
	})
	if err != nil {
		return index.Recording{}, err
	}
	return b.ix.Recording(ctx, row.Recording)
}

// params name the batch in the records of its acts.
func (b *batchWork) params(it index.BatchItem) map[string]any {
	p := map[string]any{"batch": it.Batch, "item": it.Item}
	if b.opt.Runner != nil {
		p["machines"] = "many"
	}
	return p
}

func (b *batchWork) analyse(ctx context.Context, it index.BatchItem, rec index.Recording, anew bool, report func(batch.Step)) (analysis.Outcome, error) {
	var out []analysis.Outcome
	opt := b.opt
	opt.Again, opt.Priority = anew, it.Priority
	length := time.Duration(rec.Probe.DurationUS) * time.Microsecond
	spec := engine.ActSpec{Procedure: b.id, Operation: journal.Collect, Sub: journal.SubAnalyse, Reason: b.app.reason}
	err := b.store.Do(ctx, spec, func(act *engine.Act) error {
		if err := procedure.MayAnalyse(act.Procedure().Doc); err != nil {
			return err
		}
		var err error
		out, err = runAnalysis(ctx, act, b.ix, b.worker, []index.Recording{rec}, opt, b.params(it), func(p analysis.Progress) {
			report(batch.Step{Length: length, Done: time.Duration(p.DoneUS) * time.Microsecond, Read: rec.Bytes + p.HashDone,
				Work: p.Work, Worked: time.Duration(p.WorkUS) * time.Microsecond, Line: p.Line})
		})
		return err
	})
	if len(out) == 1 && out[0].Err != nil {
		err = out[0].Err
	}
	if err != nil {
		return analysis.Outcome{}, err
	}
	return out[0], nil
}

// judge says what became of a file that was analysed.
func judge(it index.BatchItem, out analysis.Outcome) index.BatchItem {
	it.State, it.Tracks, it.Reason, it.Hint, it.NotSeen = index.ItemAnalysed, out.Tracks, "", "", nil
	var lost int64
	for _, c := range out.Coverage {
		if c.Kind == scene.NotAnalysed || c.Kind == scene.Damaged {
			it.NotSeen = append(it.NotSeen, c)
			lost += c.ToUS - c.FromUS
		}
	}
	switch {
	case out.Frames == 0:
		it.State, it.Reason = index.ItemFailed, "no picture of it could be analysed"
	case lost > 0:
		it.State = index.ItemPartly
		it.Reason = fmt.Sprintf("%v of %v could not be analysed", span(lost), span(out.DurationUS))
	}
	return it
}

// lawless are the rules that forbid the whole work, not one file: the
// procedure, its authorisation, who acts, the reason, the origin, the store.
var lawless = []string{"2", "3", "4", "5", "7", "8", "9", "19"}

// ended decides what an error means: for this file, for another try, or for the
// whole run.
func (b *batchWork) ended(ctx context.Context, it index.BatchItem, err error) (index.BatchItem, error) {
	var f *fault.Error
	if ctx.Err() != nil || !errors.As(err, &f) {
		return it, err
	}
	switch {
	case errors.Is(err, analysis.ErrElsewhere):
		return it, again{f}
	case f.Kind == fault.Missing, f.Kind == fault.NoSpace, f.Kind == fault.Refused && slices.Contains(lawless, f.Rule),
		errors.Is(err, engine.ErrOverdue),
		f.Kind == fault.Integrity && f.Rule != "21":
		return it, stopped{f}
	case away(it.Path), f.Kind == fault.Internal:
		return it, again{f}
	}
	it.State = index.ItemFailed
	if f.Kind == fault.Refused || f.Kind == fault.BadInput {
		it.State = index.ItemRefused
	}
	it.Reason, it.Hint = batch.Words(err)
	return it, nil
}

// away tells whether a file is not to be had now and may be later: its disk or
// share is not there.
func away(path string) bool {
	f, err := os.Open(path)
	if err == nil {
		f.Close()
		return false
	}
	for _, e := range []error{fs.ErrNotExist, syscall.EIO, syscall.ESTALE, syscall.ENOTCONN, syscall.EHOSTDOWN, syscall.ETIMEDOUT} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// stopped and again are a fault that ends the run, and one to try again.
type (
	stopped struct{ error }
	again   struct{ error }
)

func (s stopped) Is(target error) bool { return target == batch.ErrStop }
func (s stopped) Unwrap() error        { return s.error }
func (a again) Is(target error) bool   { return target == batch.ErrAgain }
func (a again) Unwrap() error          { return a.error }

// first is the fault in err, else err: a run's reason stands in it with marks
// for the run itself.
func first(err error) error {
	var f *fault.Error
	if errors.As(err, &f) {
		return f
	}
	return err
}
