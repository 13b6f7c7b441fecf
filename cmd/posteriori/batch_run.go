package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"posteriori/engine"
	"posteriori/engine/analysis"
	"posteriori/engine/batch"
	"posteriori/engine/batch/machines"
	"posteriori/engine/batch/queue"
	"posteriori/engine/evidence"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
)

// batchRunOptions are the flags of the commands that work on a batch.
type batchRunOptions struct {
	analyseOptions
	queueOptions
	priority int
	item     int64
}

// retryDelays are the pauses before a file is tried again whose disk was away
// or whose analysis broke off.
var retryDelays = []time.Duration{10 * time.Second, time.Minute, 10 * time.Minute, time.Hour}

func newBatchRunCommand(a *app) *cobra.Command {
	var o batchRunOptions
	c := &cobra.Command{
		Use:   "run -p ID MANIFEST.yaml",
		Short: "Import and analyse what a manifest lists",
		Long: `Import and analyse what a manifest of posteriori batch plan lists, as posteriori
import and analyse would do it file by file: each file is two acts in the
journal. Whether the analysis is authorised is asked as each begins, and a veto
or a revocation stops the run within seconds.

Killed at any moment, posteriori batch resume goes on where it was. A file whose
disk is away, or whose analysis breaks off, is tried again after 10 seconds, a
minute, ten minutes and an hour; then it has failed. At the end every file is
analysed, partly analysed, refused, failed or left out, with the reason:
posteriori batch status lists them.

Times of day are taken from cameras that are confirmed in the manifest only.

With --queue other machines do the work: those on which posteriori batch worker
runs. They read the originals, for hash and analysis; this one keeps index and
journal, decides, and takes in what they find; --workers is then how many chunks it has in the queue
at a time (default: twice what the machines take). Procedures that share a queue
share the machines evenly.
` + exitStatus,
		Example: `  posteriori batch run -p 2026-00123 manifest.yaml --reason "exploitation des scellés 4 et 5"
  posteriori batch run -p 2026-00123 manifest.yaml --queue postgres://posteriori@db/posteriori --spool /mnt/spool`,
		Args: argsBetween(1, 1),
		RunE: func(c *cobra.Command, args []string) error { return a.batchRun(c, o, args[0]) },
	}
	o.engineFlags(c)
	a.opsFlags(c)
	o.queueFlags(c)
	c.Flags().IntVar(&o.priority, "priority", 2, "1 (first) to 4 (last), for cameras without one of their own")
	return c
}

func newBatchResumeCommand(a *app) *cobra.Command {
	var o batchRunOptions
	c := &cobra.Command{
		Use:   "resume -p ID [NUMBER]",
		Short: "Go on with a batch that was paused, interrupted or killed",
		Long: `Go on with a batch that was paused, interrupted or killed: the last one, or that
of the number. What waits for another try is tried at once.
` + exitStatus,
		Args: argsBetween(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.batchContinue(c, o, args, "resume", func(ctx context.Context, ix *index.Store, b index.Batch) error {
				return ix.SetBatchState(ctx, b.ID, index.BatchOpen)
			})
		},
	}
	o.engineFlags(c)
	a.opsFlags(c)
	o.queueFlags(c)
	return c
}

func newBatchRetryCommand(a *app) *cobra.Command {
	var o batchRunOptions
	c := &cobra.Command{
		Use:   "retry -p ID [NUMBER]",
		Short: "Try again what was analysed in part, was refused or failed",
		Long: `Try again the files of a batch that were analysed in part, were refused or
failed, or the one of --item. What was analysed in part is analysed anew.
` + exitStatus,
		Args: argsBetween(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.batchContinue(c, o, args, "retry", func(ctx context.Context, ix *index.Store, b index.Batch) error {
				n, err := ix.RetryItems(ctx, b.ID, o.item, index.ItemFailed, index.ItemRefused, index.ItemPartly, index.ItemCancelled)
				if err == nil && n == 0 {
					err = fault.New(fault.NotFound, "no such file of batch %d is to be tried again", b.ID).
						WithHint("posteriori batch status shows what became of each")
				}
				return err
			})
		},
	}
	o.engineFlags(c)
	a.opsFlags(c)
	o.queueFlags(c)
	c.Flags().Int64Var(&o.item, "item", 0, "only the file of this `number` in the batch")
	return c
}

// inBatch does one act about a batch, which do records.
func (a *app) inBatch(c *cobra.Command, args []string, what string, do func(context.Context, *engine.Act, *index.Store, index.Batch) error) error {
	id, err := a.needProcedure(c)
	if err != nil {
		return err
	}
	store, err := a.openStore()
	if err != nil {
		return err
	}
	op := journal.Modify
	if what == "status" {
		op = journal.Consult
	}
	spec := engine.ActSpec{Procedure: id, Operation: op, Sub: journal.SubBatch, Reason: a.reason}
	return store.Do(c.Context(), spec, func(act *engine.Act) error {
		if err := procedure.CheckGone(act.Procedure().Doc); err != nil {
			return err
		}
		ix, err := act.Procedure().Index(c.Context())
		if err != nil {
			return err
		}
		defer ix.Close()
		b, err := findBatch(c.Context(), ix, args)
		if err != nil {
			return err
		}
		return do(c.Context(), act, ix, b)
	})
}

// recordBatch records what is done with a batch, and to which files.
func recordBatch(act *engine.Act, what string, b index.Batch, objects ...journal.Object) error {
	params, err := json.Marshal(map[string]any{"do": what, "batch": b.ID})
	if err != nil {
		return err
	}
	return act.Record(journal.Details{Params: string(params), Objects: objects})
}

// findBatch is the batch of that number, or the last.
func findBatch(ctx context.Context, ix *index.Store, args []string) (index.Batch, error) {
	all, err := ix.Batches(ctx)
	if err != nil {
		return index.Batch{}, err
	}
	if len(all) == 0 {
		return index.Batch{}, fault.New(fault.NotFound, "the procedure has no batch").WithHint("posteriori batch run begins one")
	}
	if len(args) == 0 {
		return all[len(all)-1], nil
	}
	n, err := strconv.ParseInt(args[0], 10, 64)
	for _, b := range all {
		if err == nil && b.ID == n {
			return b, nil
		}
	}
	return index.Batch{}, fault.New(fault.NotFound, "there is no batch %s in this procedure", fault.Printable(args[0])).
		WithHint("posteriori batch status --list shows them")
}

// batchRun stores a manifest as a batch and works through it.
func (a *app) batchRun(c *cobra.Command, o batchRunOptions, name string) error {
	if err := o.check(c); err != nil {
		return err
	}
	id, err := a.needProcedure(c)
	if err != nil {
		return err
	}
	store, err := a.openStore()
	if err != nil {
		return err
	}
	var b index.Batch
	spec := engine.ActSpec{Procedure: id, Operation: journal.Modify, Sub: journal.SubBatch, Reason: a.reason}
	err = store.Do(c.Context(), spec, func(act *engine.Act) error {
		b, err = a.newBatch(c.Context(), act, o, name)
		return err
	})
	if err != nil {
		return err
	}
	return a.work(c, store, id, b, o)
}

func (o *batchRunOptions) check(c *cobra.Command) error {
	if c.Flags().Lookup("priority") != nil && (o.priority < 1 || o.priority > 4) {
		return usage(c, "--priority %d is none of 1 to 4", o.priority)
	}
	if err := o.queueOptions.check(); err != nil {
		return err
	}
	if o.queue != "" && o.spool == "" {
		return machines.CheckSpool(o.spool)
	}
	return o.analyseOptions.check(c)
}

// newBatch reads a manifest twice: once whole, so that nothing is done by half
// of one, then again to store it.
func (a *app) newBatch(ctx context.Context, act *engine.Act, o batchRunOptions, name string) (index.Batch, error) {
	var b index.Batch
	sum, err := evidence.Hash(ctx, name, nil)
	if err != nil {
		return b, err
	}
	var plan batch.Plan
	unconfirmed, files := 0, 0
	err = readManifest(name, func(d batch.Doc) error {
		switch {
		case d.Plan != nil:
			plan = *d.Plan
		case d.Camera != nil:
			exhibit := cmp.Or(d.Camera.Exhibit, plan.Exhibit)
			if err := procedure.MayImport(act.Procedure().Doc, exhibit, procedure.Basis(plan.Basis)); err != nil {
				return err
			}
			if !d.Camera.Confirmed && d.Camera.Clock.From != "none" {
				unconfirmed++
			}
			for _, f := range d.Camera.Files {
				if f.Action == batch.Analyse {
					files++
				}
			}
		}
		return nil
	})
	if err != nil {
		return b, err
	}
	if files == 0 {
		return b, fault.New(fault.BadInput, "there is nothing to analyse in it").OnFile(name)
	}
	if err := procedure.MayAnalyse(act.Procedure().Doc); err != nil {
		return b, err
	}
	if unconfirmed > 0 {
		a.notef("%d cameras are not confirmed in the manifest: their recordings have no time of day", unconfirmed)
	}
	params, err := json.Marshal(map[string]any{"do": "run", "files": files})
	if err != nil {
		return b, err
	}
	err = act.Record(journal.Details{Params: string(params), Source: &journal.Source{Exhibit: plan.Exhibit, Basis: plan.Basis},
		Objects: []journal.Object{{Kind: "document", ID: "manifest", SHA256: sum.SHA256}}})
	if err != nil {
		return b, err
	}
	ix, err := act.Procedure().Index(ctx)
	if err != nil {
		return b, err
	}
	defer ix.Close()
	seq, _ := act.Seq()
	b = index.Batch{MadeUS: act.Now().UnixMicro(), Manifest: sum.SHA256, Basis: plan.Basis, Record: seq}
	var rerr error
	if b.ID, err = ix.AddBatch(ctx, b, manifestItems(name, o.priority, &rerr)); err == nil {
		err = rerr
	}
	return b, err
}

// readManifest reads a manifest; its errors name it.
func readManifest(name string, f func(batch.Doc) error) error {
	r, err := os.Open(name)
	if err != nil {
		return fault.Wrap(fault.BadInput, err, "it cannot be read").OnFile(name)
	}
	defer r.Close()
	return onManifest(batch.Read(r, f), name)
}

// manifestItems are the files of a manifest as a batch has them.
func manifestItems(name string, priority int, failed *error) iter.Seq[index.BatchItem] {
	return func(yield func(index.BatchItem) bool) {
		enough := errors.New("enough")
		var plan batch.Plan
		err := readManifest(name, func(d batch.Doc) error {
			switch {
			case d.Plan != nil:
				plan = *d.Plan
			case d.Camera != nil:
				for _, f := range d.Camera.Files {
					if !yield(cameraItem(&plan, d.Camera, f, priority)) {
						return enough
					}
				}
			case d.LeftOut != nil:
				for _, f := range d.LeftOut.Files {
					if !yield(fileItem(f, priority)) {
						return enough
					}
				}
			}
			return nil
		})
		if err != nil && err != enough {
			*failed = err
		}
	}
}

func cameraItem(plan *batch.Plan, c *batch.Camera, f batch.File, priority int) index.BatchItem {
	it := fileItem(f, cmp.Or(c.Priority, priority))
	it.Exhibit, it.Camera = cmp.Or(c.Exhibit, plan.Exhibit), c.Name
	if f.Start == nil || c.Clock.From == "none" {
		return it
	}
	start := f.Start.UnixMicro()
	it.StartUS = &start
	if c.Confirmed {
		clock := start + c.Clock.Offset.Microseconds()
		it.ClockUS, it.ClockUncertaintyUS = &clock, c.Clock.Uncertainty.Microseconds()
		it.ClockSource = fmt.Sprintf("manifest: %s, offset %v", c.Clock.From, c.Clock.Offset)
	}
	return it
}

func fileItem(f batch.File, priority int) index.BatchItem {
	it := index.BatchItem{Path: f.Path, Bytes: f.Bytes, Kind: string(f.Kind), Video: f.Video, LengthUS: max(0, f.Length.Microseconds()),
		Priority: priority, State: index.ItemWaiting}
	if f.Action == batch.LeaveOut {
		it.State, it.Reason = index.ItemLeftOut, f.Reason
	}
	return it
}

// batchContinue changes a batch and works on it.
func (a *app) batchContinue(c *cobra.Command, o batchRunOptions, args []string, what string, change func(context.Context, *index.Store, index.Batch) error) error {
	if err := o.check(c); err != nil {
		return err
	}
	var b index.Batch
	err := a.inBatch(c, args, what, func(ctx context.Context, act *engine.Act, ix *index.Store, found index.Batch) error {
		b = found
		if b.State == index.BatchCancelled && what == "resume" {
			return fault.New(fault.Usage, "batch %d was cancelled", b.ID).WithHint("posteriori batch retry tries its files again")
		}
		if err := procedure.MayAnalyse(act.Procedure().Doc); err != nil {
			return err
		}
		if err := recordBatch(act, what, b); err != nil {
			return err
		}
		return change(ctx, ix, found)
	})
	if err != nil {
		return err
	}
	store, err := a.openStore()
	if err != nil {
		return err
	}
	return a.work(c, store, a.procedure, b, o)
}

// work works through a batch, and sums it up. Where the time of a recording is
// over meanwhile, it lets go of the procedure, has the recording erased, and
// goes on (rule 14).
func (a *app) work(c *cobra.Command, store *engine.Store, id string, b index.Batch, o batchRunOptions) error {
	for {
		err := a.workOnce(c.Context(), store, id, b, o)
		if !errors.Is(err, engine.ErrOverdue) {
			return err
		}
		if _, err := store.PurgeDueIn(c.Context(), id); err != nil {
			return err
		}
	}
}

func (a *app) workOnce(ctx context.Context, store *engine.Store, id string, b index.Batch, o batchRunOptions) error {
	p, err := store.OpenProcedure(id)
	if err != nil {
		return err
	}
	unlock, err := p.LockAnalysis(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	ix, err := p.Index(ctx)
	if err != nil {
		return err
	}
	defer ix.Close()
	bw := &batchWork{app: a, store: store, id: id, basis: b.Basis, ix: ix}
	if err := bw.prepare(ctx, &o); err != nil {
		return err
	}
	r := batch.Runner{Index: ix, Batch: b.ID, Workers: o.workers + 1}
	end := func() error { return nil }
	if o.queue != "" {
		if end, err = bw.onMachines(ctx, p, &r, o); err != nil {
			return err
		}
	}
	q, err := queue.OpenSQLite(ctx, filepath.Join(filepath.Dir(p.IndexPath()), "jobs.db"), retryDelays)
	if err != nil {
		return errors.Join(err, end())
	}
	m := newBatchMeter(a.progressTo())
	r.Queue, r.Handle, r.Report = q, a.ops.handle(bw.handle), a.ops.report(m.show)
	err = r.Run(ctx)
	m.stop()
	err = errors.Join(err, q.Close(), end())
	return a.batchEnd(context.WithoutCancel(ctx), ix, b, err)
}

// prepare finds the worker and decides what it computes with, once for the run.
func (b *batchWork) prepare(ctx context.Context, o *batchRunOptions) error {
	var err error
	if b.worker, err = analysis.FindWorker(); err != nil {
		return err
	}
	one := o.analyseOptions
	one.workers = 1
	if b.opt, err = b.app.analysisOptions(b.store, b.worker, nil, one); err != nil {
		return err
	}
	if o.queue == "" {
		o.workers = cmp.Or(o.workers, runtime.NumCPU())
		b.opt.Workers, b.opt.Slots = o.workers, make(chan struct{}, o.workers)
		b.opt.Engine.Threads = max(1, runtime.NumCPU()/o.workers)
	}
	if b.opt.Worker, err = b.worker.Describe(ctx, b.opt.Engine); err != nil {
		return err
	}
	return b.know(ctx)
}

// batchEnd prints what became of a batch and says how its run ended.
func (a *app) batchEnd(ctx context.Context, ix *index.Store, b index.Batch, err error) error {
	if errors.Is(err, engine.ErrOverdue) {
		return first(err) // it goes on
	}
	sum, serr := summarise(ctx, ix, b, false)
	if serr != nil {
		return errors.Join(err, serr)
	}
	if perr := a.print(sum, func(w io.Writer) error { return printSummary(w, sum) }); perr != nil {
		return errors.Join(err, perr)
	}
	again := fmt.Sprintf("posteriori batch resume %d goes on", b.ID)
	switch {
	case errors.Is(err, batch.ErrPaused):
		a.notef("batch %d was paused; %s", b.ID, again)
		return nil
	case errors.Is(err, batch.ErrCancelled):
		a.notef("batch %d was cancelled", b.ID)
		return nil
	case errors.Is(err, context.Canceled):
		return fault.Wrap(fault.Interrupted, err, "interrupted").WithHint("%s", again)
	case err != nil:
		return first(err)
	}
	if n := sum.States[index.ItemFailed] + sum.States[index.ItemRefused] + sum.States[index.ItemPartly]; n > 0 {
		return fault.New(fault.BadInput, "%d files could not be analysed, or not whole", n).
			WithHint("posteriori batch status %d says why; posteriori batch retry %d tries them again", b.ID, b.ID)
	}
	return nil
}
