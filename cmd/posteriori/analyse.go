package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"posteriori/engine"
	"posteriori/engine/analysis"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
	"posteriori/models"
)

// analyseOptions are the flags of posteriori analyse.
type analyseOptions struct {
	recordings []string
	device     string
	detector   string
	plates     string
	workers    int
	coverage   string
	again      bool
	quarters   bool
}

func newAnalyseCommand(a *app) *cobra.Command {
	var o analyseOptions
	c := &cobra.Command{
		Use:   "analyse -p ID",
		Short: "Find the moving objects in a procedure's recordings",
		Long: `Find the moving objects in a procedure's recordings and keep them in its index.

Recordings are worked through in chunks of about five minutes. Each chunk is
committed when it is done: killed at any moment, the next run goes on from the
last finished chunk and gives the same index as an unbroken run. The original
is hashed before and after; one that changed since its import is refused and
raises an alert. A veto or a revocation stops the run within seconds.

With --coverage triage only the spans are decoded that packet sizes say
something moves in. A sample of each recording is decoded whole first, and how
much may be missed is printed and kept; where packets do not tell movement from
noise, everything is decoded after all. The coverage says which spans were not
decoded, in every search and report. How long something stood, and what was
left behind, is for full coverage to tell.

Where the picture seems to be made of four cameras' pictures, two above two,
the coverage says so; with --quarters no object goes from one quarter into
another, and the detector looks at each on its own.

Without an installed detector the engine works on motion alone: it finds what
moves, and calls all of it "other".
` + exitStatus,
		Example: `  posteriori analyse -p 2026-00123 --reason "identify the vehicle of the facts"
  posteriori analyse -p 2026-00123 --recording 2 --device cpu --workers 1`,
		Args: argsBetween(0, 0),
		RunE: func(c *cobra.Command, _ []string) error { return a.analyse(c, o) },
	}
	f := c.Flags()
	f.StringArrayVar(&o.recordings, "recording", nil, "only this `recording`: its number, path or the start of its hash (may be repeated)")
	o.engineFlags(c)
	a.opsFlags(c)
	f.BoolVar(&o.quarters, "quarters", false, "the picture is a split screen of four cameras: treat its quarters apart")
	f.BoolVar(&o.again, "again", false, "forget what an earlier run found and begin anew")
	return c
}

// engineFlags are the flags that say what an analysis computes with.
func (o *analyseOptions) engineFlags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.device, "device", "auto", "where to compute: auto, cpu or cuda")
	f.StringVar(&o.detector, "detector", "auto", "`model` that names the objects: auto, none, or one of posteriori models list")
	f.StringVar(&o.plates, "plates", "auto", "read number plates: auto (with the models that are installed) or none")
	f.StringVar(&o.coverage, "coverage", "full", "what to decode: full (every frame) or triage (where packet sizes show movement)")
	f.IntVar(&o.workers, "workers", 0, "worker processes at a time (default: one a core)")
}

// check refuses values that make no sense.
func (o *analyseOptions) check(c *cobra.Command) error {
	switch {
	case o.device != "auto" && o.device != "cpu" && o.device != "cuda":
		return usage(c, "--device %q is none of auto, cpu, cuda", o.device)
	case o.plates != "auto" && o.plates != "none":
		return usage(c, "--plates %q is none of auto, none", o.plates)
	case o.coverage != "full" && o.coverage != wire.CoverageTriage:
		return usage(c, "--coverage %q is none of full, triage", o.coverage)
	case o.workers < 0 || o.workers > 256:
		return usage(c, "--workers %d makes no sense", o.workers)
	}
	return nil
}

func (a *app) analyse(c *cobra.Command, o analyseOptions) error {
	if err := o.check(c); err != nil {
		return err
	}
	var out []analysis.Outcome
	err := a.inProcedure(c, journal.Collect, journal.SubAnalyse, func(ctx context.Context, store *engine.Store, act *engine.Act) error {
		var err error
		out, err = a.analyseAct(ctx, store, act, o)
		return err
	})
	if len(out) > 0 {
		if perr := a.print(out, func(w io.Writer) error { return printOutcomes(w, out) }); err == nil {
			err = perr
		}
	}
	failed := 0
	for _, r := range out {
		failed += len(r.Failed)
	}
	if cmd := againCommand(a.procedure, out); failed == 0 && cmd != "" && err == nil {
		a.notef("parts could not be analysed in an earlier run; to try again: %s", cmd)
	}
	if err == nil && failed > 0 {
		return fault.New(fault.BadInput, "%d chunks could not be analysed; the coverage says which seconds", failed).
			WithHint("%s tries these recordings anew", againCommand(a.procedure, out))
	}
	return err
}

// againCommand is what to type to analyse anew the recordings of which parts
// could not be analysed; empty when there are none.
func againCommand(id string, out []analysis.Outcome) string {
	refs := ""
	for _, r := range out {
		if slices.ContainsFunc(r.Coverage, func(c scene.Coverage) bool { return c.Kind == scene.NotAnalysed }) {
			refs += fmt.Sprintf(" --recording %d", r.Recording)
		}
	}
	if refs == "" {
		return ""
	}
	return "posteriori analyse -p " + id + refs + " --again"
}

func (a *app) analyseAct(ctx context.Context, store *engine.Store, act *engine.Act, o analyseOptions) ([]analysis.Outcome, error) {
	if err := procedure.MayAnalyse(act.Procedure().Doc); err != nil {
		return nil, err
	}
	unlock, err := act.Procedure().LockAnalysis(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	ix, err := act.Procedure().Index(ctx)
	if err != nil {
		return nil, err
	}
	defer ix.Close()
	recs, err := chooseRecordings(ctx, ix, o.recordings)
	if err != nil {
		return nil, err
	}
	w, err := analysis.FindWorker()
	if err != nil {
		return nil, err
	}
	opt, err := a.analysisOptions(store, w, recs, o)
	if err != nil {
		return nil, err
	}
	if opt.Worker, err = w.Describe(ctx, opt.Engine); err != nil {
		return nil, err
	}
	switch {
	case opt.Worker.Fallback != "":
		a.notef("%s", opt.Worker.Fallback)
	case o.device == "cuda" && opt.Worker.Device != "cuda":
		a.notef("without a detector nothing is computed on the GPU: going on with the CPU")
	}
	m := newMeter(a.progressTo())
	defer m.stop()
	return runAnalysis(ctx, act, ix, w, recs, opt, nil, m.show)
}

// runAnalysis records the analysis and does it, until the authorisation goes.
// More are further settings for the record.
func runAnalysis(ctx context.Context, act *engine.Act, ix *index.Store, w analysis.Worker, recs []index.Recording, opt analysis.Options,
	more map[string]any, report func(analysis.Progress)) ([]analysis.Outcome, error) {
	act.Worker(opt.Worker.Build)
	if err := act.Record(analysisDetails(recs, opt, more)); err != nil {
		return nil, err
	}
	ctx, stop := act.Watch(ctx, procedure.MayAnalyse)
	out, err := analysis.Run(ctx, ix, w, recs, opt, report)
	err = stop(err)
	for i, o := range out {
		act.AlertAltered(ctx, o.Err, recs[i])
	}
	return out, err
}

// chooseRecordings finds the recordings that refs name, or all.
func chooseRecordings(ctx context.Context, ix *index.Store, refs []string) ([]index.Recording, error) {
	if len(refs) == 0 {
		recs, err := ix.Recordings(ctx)
		if err == nil && len(recs) == 0 {
			err = fault.New(fault.NotFound, "the procedure has no recordings").WithHint("posteriori import brings them in")
		}
		return recs, err
	}
	var out []index.Recording
	seen := map[int64]bool{}
	for _, ref := range refs {
		r, err := ix.FindRecording(ctx, ref)
		if err != nil {
			return nil, err
		}
		if !seen[r.ID] {
			seen[r.ID] = true
			out = append(out, r)
		}
	}
	return out, nil
}

// analysisOptions decides on workers, threads and the detector.
func (a *app) analysisOptions(store *engine.Store, w analysis.Worker, recs []index.Recording, o analyseOptions) (analysis.Options, error) {
	chunks := 0
	for _, r := range recs {
		if r.Probe.Seekable {
			chunks += len(r.Probe.Chunks)
		} else {
			chunks++
		}
	}
	cores := runtime.NumCPU()
	workers := o.workers
	if workers == 0 {
		workers = cores
	}
	workers = max(1, min(workers, chunks))
	opt := analysis.Options{Workers: workers, Again: o.again, Engine: wire.Engine{
		Device: o.device, Threads: max(1, cores/workers), ORTPath: w.Library(o.device),
	}}
	opt.Params.Quarters = o.quarters
	opt.Watch = a.ops.watch
	if o.coverage == wire.CoverageTriage {
		opt.Params.Coverage = wire.CoverageTriage
	}
	det, err := chooseDetector(store.ModelsDir(), o.detector)
	if err != nil {
		return opt, err
	}
	switch {
	case det != nil && w.ORTPath == "":
		return opt, fault.New(fault.Missing, "ONNX Runtime is not there, so %s cannot run", det.Name).
			WithHint("run make build, name it with $POSTERIORI_ONNXRUNTIME, or pass --detector none to go by motion alone")
	case det != nil:
		opt.Engine.Models = []wire.Model{*det}
	}
	if o.detector != "none" && w.ORTPath != "" {
		if opt.Engine.Models, err = withNamer(opt.Engine.Models, store.ModelsDir()); err != nil {
			return opt, err
		}
	}
	if det == nil && o.detector == "auto" {
		a.notef("%s", withoutDetector(len(opt.Engine.Models) > 0))
		a.notef("hint: posteriori models install --from DIR")
	}
	if o.plates == "auto" && w.ORTPath != "" {
		plates, err := choosePlates(store.ModelsDir())
		if err != nil {
			return opt, err
		}
		opt.Engine.Models = append(opt.Engine.Models, plates...)
	}
	return opt, nil
}

// withNamer adds the classifier that names what no detector does, if it is
// installed.
func withNamer(list []wire.Model, dir string) ([]wire.Model, error) {
	all, err := models.Load()
	if err != nil {
		return nil, err
	}
	m, err := firstInstalled(dir, all.ForTask(models.MoverClassifier))
	if m == nil || err != nil {
		return list, err
	}
	return append(list, *m), nil
}

// withoutDetector says what an analysis without a detector can do.
func withoutDetector(named bool) string {
	if named {
		return "no detector is installed: finding what moves, by motion alone, and naming it by a small classifier"
	}
	return "no detector is installed: finding what moves, by motion alone; all of it will be called other"
}

// choosePlates is the plate detector and the plate reader that are installed,
// the first of the manifest of each; none where one of the two lacks.
func choosePlates(dir string) ([]wire.Model, error) {
	all, err := models.Load()
	if err != nil {
		return nil, err
	}
	var out []wire.Model
	for _, task := range []models.Task{models.PlateDetector, models.PlateReader} {
		m, err := firstInstalled(dir, all.ForTask(task))
		if m == nil || err != nil {
			return nil, err
		}
		out = append(out, *m)
	}
	return out, nil
}

// firstInstalled is the first of the models that is installed, or nil.
func firstInstalled(dir string, candidates []models.Model) (*wire.Model, error) {
	for _, m := range candidates {
		path := filepath.Join(dir, m.File)
		err := models.Check(path, m)
		if err == nil {
			return &wire.Model{Name: m.Name, Path: path, SHA256: m.SHA256}, nil
		}
		if fault.KindOf(err) != fault.Missing {
			return nil, err
		}
	}
	return nil, nil
}

// chooseDetector is the installed detector of that name; for "auto" the first
// of the manifest that is installed, nil when none is. A file whose hash is
// not the manifest's does not load (rule 11).
func chooseDetector(dir, name string) (*wire.Model, error) {
	if name == "none" {
		return nil, nil
	}
	all, err := models.Load()
	if err != nil {
		return nil, err
	}
	if name == "auto" {
		return firstInstalled(dir, all.ForTask(models.Detector))
	}
	m, err := all.Find(name)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, m.File)
	if err := models.Check(path, m); err != nil {
		return nil, err
	}
	return &wire.Model{Name: m.Name, Path: path, SHA256: m.SHA256}, nil
}

// analysisDetails are what the journal keeps of an analysis.
func analysisDetails(recs []index.Recording, opt analysis.Options, more map[string]any) journal.Details {
	d := journal.Details{Objects: recordingObjects(recs)}
	for _, m := range opt.Engine.Models {
		d.Models = append(d.Models, journal.Model{Name: m.Name, SHA256: m.SHA256})
	}
	settings := map[string]any{
		"device": opt.Worker.Device, "versions": opt.Worker.Versions, "sandbox": opt.Worker.Sandbox,
		"params": opt.Params, "again": opt.Again,
	}
	maps.Copy(settings, more)
	params, _ := json.Marshal(settings)
	d.Params = string(params)
	return d
}

// recordingObjects names recordings as the journal does.
func recordingObjects(recs []index.Recording) []journal.Object {
	var out []journal.Object
	for _, r := range recs {
		out = append(out, journal.Object{Kind: "recording", ID: fmt.Sprint(r.ID), SHA256: r.SHA256, Camera: r.Camera})
	}
	return out
}

func printOutcomes(w io.Writer, out []analysis.Outcome) error {
	t := tabwriter.NewWriter(w, 2, 0, 2, ' ', 0)
	fmt.Fprintln(t, "RECORDING\tOBJECTS\tFRAMES\tLENGTH\tNOT SEEN\t")
	for _, r := range out {
		note := r.Error
		if len(r.Failed) > 0 {
			note = fmt.Sprintf("chunks %v could not be analysed", r.Failed)
		}
		fmt.Fprintf(t, "%d\t%d\t%d\t%v\t%v\t%s\n", r.Recording, r.Tracks, r.Frames,
			span(r.DurationUS), span(r.NotSeenUS), note)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, r := range out {
		printTriage(w, r)
		for _, c := range r.Coverage {
			if c.Kind != scene.Seen && c.Kind != scene.Triaged {
				fmt.Fprintf(w, "recording %d, %v to %v: %s%s\n", r.Recording, span(c.FromUS), span(c.ToUS), c.Kind, because(c.Reason))
			}
		}
	}
	return nil
}

// printTriage says how much of a recording was not decoded, and why: once, as
// there may be hundreds of spans.
func printTriage(w io.Writer, r analysis.Outcome) {
	skipped, said := int64(0), map[string]bool{}
	for _, c := range r.Coverage {
		if c.Kind == scene.Triaged {
			skipped += c.ToUS - c.FromUS
		}
	}
	if skipped > 0 {
		fmt.Fprintf(w, "recording %d: %v of %v not decoded\n", r.Recording, span(skipped), span(r.DurationUS))
	}
	for _, c := range r.Coverage {
		if (c.Kind == scene.Triaged || c.Kind == scene.Seen) && c.Reason != "" && !said[c.Reason] {
			said[c.Reason] = true
			fmt.Fprintf(w, "recording %d: %s\n", r.Recording, c.Reason)
		}
	}
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + reason + ")"
}

// span shows microseconds of media time as a duration.
func span(us int64) time.Duration {
	return (time.Duration(us) * time.Microsecond).Round(10 * time.Millisecond)
}
