package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"posteriori/engine"
	"posteriori/engine/analysis"
	"posteriori/engine/batch"
	"posteriori/engine/batch/survey"
	"posteriori/engine/evidence"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
	"posteriori/engine/wire"
)

// batchPlanOptions are the flags of posteriori batch plan.
type batchPlanOptions struct {
	out        string
	overwrite  bool
	zone       string
	exhibit    string
	basis      string
	containers string
	samples    int
	workers    int
}

func newBatchPlanCommand(a *app) *cobra.Command {
	var o batchPlanOptions
	c := &cobra.Command{
		Use:   "plan -p ID -o MANIFEST.yaml DIR…|MANIFEST.yaml",
		Short: "Look through seized folders and propose what to analyse",
		Long: `Look through seized folders (mounted disks, extractions of telephones, exports of
recorders) and write a manifest to review: what is there, what is to be
analysed, in which cameras and at what times it seems to have been recorded,
and about how long the analysis will take.

Files are told by their content, not by their names. Every file has a line;
what is left out has a reason. Archives and disk images are listed, and not
opened. Links are not followed. Duplicates are found by SHA-256. Files of one
recorder are put into one timeline, with gaps and overlaps shown. Cameras and
clocks are guesses with their evidence, for a person to confirm in the
manifest. Nothing is imported.

Given a manifest, the same folders are looked through again, and what was
confirmed in it is kept.

The estimate rests on a few stretches that are analysed and thrown away; without
an authorisation nothing is analysed, and there is no estimate.
` + exitStatus,
		Example: `  posteriori batch plan -p 2026-00123 -o manifest.yaml /media/disk1 /media/disk2 --reason "tri des scellés 4 et 5"`,
		Args:    argsBetween(1, -1),
		RunE:    func(c *cobra.Command, args []string) error { return a.batchPlan(c, o, args) },
	}
	f := c.Flags()
	f.StringVarP(&o.out, "output", "o", "", "`file` that the manifest is written to")
	f.BoolVar(&o.overwrite, "overwrite", false, "replace the manifest where there is one")
	f.StringVar(&o.zone, "zone", "Europe/Paris", "`zone` of the time that the recorders' clocks showed")
	f.StringVar(&o.exhibit, "exhibit", "", "the `scellé` or PV, for the manifest")
	f.StringVar(&o.basis, "basis", "", "how the recordings came into the procedure: requisition, seizure, handover or access")
	f.StringVar(&o.containers, "containers", "all", "whose containers are read for length and time: all, or none (quick)")
	f.IntVar(&o.samples, "samples", 4, "how many stretches are analysed to measure the speed (0: none)")
	f.IntVar(&o.workers, "workers", 0, "worker processes at a time (default: one a core)")
	return c
}

func (o *batchPlanOptions) check(c *cobra.Command) (*time.Location, error) {
	zone, err := time.LoadLocation(o.zone)
	switch {
	case o.out == "":
		return nil, usage(c, "no manifest is named; name it with -o")
	case err != nil || o.zone == "":
		return nil, usage(c, "--zone %q is no zone like Europe/Paris", o.zone)
	case o.containers != "all" && o.containers != "none":
		return nil, usage(c, "--containers %q is none of all, none", o.containers)
	case o.samples < 0 || o.samples > 64:
		return nil, usage(c, "--samples %d makes no sense", o.samples)
	case o.workers < 0 || o.workers > 256:
		return nil, usage(c, "--workers %d makes no sense", o.workers)
	}
	o.workers = cmp.Or(o.workers, runtime.NumCPU())
	return zone, nil
}

// batchPlanResult is what batch plan prints.
type batchPlanResult struct {
	Manifest evidence.Derived `json:"manifest"`
	Plan     batch.Plan       `json:"plan"`
	Cameras  []batchCamera    `json:"cameras"`
	LeftOut  map[string]int   `json:"left_out"` // files by kind
}

// batchCamera is one line of batch plan.
type batchCamera struct {
	Name     string        `json:"name"`
	Files    int           `json:"files"`
	Length   time.Duration `json:"length_ns"`
	From     *time.Time    `json:"from,omitempty"`
	To       *time.Time    `json:"to,omitempty"`
	Gaps     int           `json:"gaps"`
	GapTime  time.Duration `json:"gap_time_ns"`
	Overlaps int           `json:"overlaps"`
	Clock    string        `json:"clock"`
}

func (a *app) batchPlan(c *cobra.Command, o batchPlanOptions, args []string) error {
	zone, err := o.check(c)
	if err != nil {
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
	var res batchPlanResult
	spec := engine.ActSpec{Procedure: id, Operation: journal.Consult, Sub: journal.SubBatch, Reason: a.reason}
	err = store.Do(c.Context(), spec, func(act *engine.Act) error {
		if err := procedure.MayPlan(act.Procedure().Doc); err != nil {
			return err
		}
		s := survey.Options{Roots: args, Zone: zone, At: o.workers}
		if err := o.previous(&s); err != nil {
			return err
		}
		res, err = a.batchPlanAct(c.Context(), store, act, o, s)
		return err
	})
	if err != nil {
		return err
	}
	return a.print(res, func(w io.Writer) error { return printPlan(w, res) })
}

// previous reads the roots and the answers of an earlier manifest.
func (o *batchPlanOptions) previous(s *survey.Options) error {
	if len(s.Roots) != 1 {
		return nil
	}
	info, err := os.Stat(s.Roots[0])
	if err != nil || !info.Mode().IsRegular() {
		return nil // what is wrong with it is said by who walks it
	}
	f, err := os.Open(s.Roots[0])
	if err != nil {
		return fault.Wrap(fault.BadInput, err, "it cannot be read").OnFile(s.Roots[0])
	}
	defer f.Close()
	s.Before = map[string]batch.Camera{}
	name := s.Roots[0]
	err = batch.Read(f, func(d batch.Doc) error {
		switch {
		case d.Plan != nil:
			s.Roots = d.Plan.Roots
			o.exhibit, o.basis = cmp.Or(o.exhibit, d.Plan.Exhibit), cmp.Or(o.basis, d.Plan.Basis)
		case d.Camera != nil:
			d.Camera.Files = nil
			s.Before[d.Camera.Key] = *d.Camera
		}
		return nil
	})
	return onManifest(err, name)
}

// onManifest names the manifest in an error about it.
func onManifest(err error, name string) error {
	if f, ok := err.(*fault.Error); ok && f.File == "" {
		return f.OnFile(name)
	}
	return err
}

func (a *app) batchPlanAct(ctx context.Context, store *engine.Store, act *engine.Act, o batchPlanOptions, s survey.Options) (batchPlanResult, error) {
	var res batchPlanResult
	w, err := analysis.FindWorker()
	if err != nil {
		return res, err
	}
	if o.containers == "all" {
		s.Prober = w
	}
	steps := newStepMeter(a.stderr)
	s.Report = steps.show
	r, err := survey.Run(ctx, s)
	if err != nil {
		return res, err
	}
	r.Plan.Exhibit, r.Plan.Basis = o.exhibit, o.basis
	if r.Plan.Estimate, err = a.estimate(ctx, store, act, w, r, o); err != nil {
		return res, err
	}
	temp, drop, err := tempBeside(o.out, o.overwrite)
	if err != nil {
		return res, err
	}
	defer drop()
	if err := writeManifest(temp, r); err != nil {
		return res, err
	}
	made, err := evidence.Hash(ctx, temp, nil)
	if err != nil {
		return res, err
	}
	params, err := json.Marshal(map[string]any{"do": "plan", "files": r.Plan.Totals.Files, "analyse": r.Plan.Totals.Analyse,
		"left_out": r.Plan.Totals.LeaveOut, "bytes": r.Plan.Totals.Bytes})
	if err != nil {
		return res, err
	}
	err = act.Record(journal.Details{Params: string(params), Objects: []journal.Object{{Kind: "derived", ID: "manifest", SHA256: made.SHA256}}})
	if err != nil {
		return res, err
	}
	if res.Manifest, err = sealAs(ctx, temp, o.out, made.SHA256, o.overwrite); err != nil {
		return res, err
	}
	res.fill(r)
	ix, err := act.Procedure().Index(ctx)
	if err != nil {
		return res, err
	}
	defer ix.Close()
	return res, act.AddDerived(ctx, ix, index.DerivedManifest, res.Manifest)
}

func writeManifest(name string, r *survey.Result) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fault.Wrap(fault.NoSpace, err, "it cannot be written").OnFile(name)
	}
	defer f.Close()
	w, err := batch.NewWriter(f)
	if err == nil {
		err = r.Write(w)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		return fault.Wrap(fault.NoSpace, err, "it cannot be written").OnFile(name)
	}
	return nil
}

// sampleUS is the length of a stretch that is analysed to measure the speed.
const sampleUS = 20_000_000

// estimate measures the speed on a few recordings: of the groups that take up
// most time, one of middling length each.
func (a *app) estimate(ctx context.Context, store *engine.Store, act *engine.Act, w analysis.Worker, r *survey.Result, o batchPlanOptions) (*batch.Estimate, error) {
	est := &batch.Estimate{Workers: o.workers}
	if o.samples == 0 || o.containers == "none" {
		est.Note = "nothing was measured, as was asked"
		return est, nil
	}
	if err := procedure.MayAnalyse(act.Procedure().Doc); err != nil {
		est.Note = "nothing was measured: the analysis is not authorised"
		return est, nil
	}
	opt, err := a.analysisOptions(store, w, nil, analyseOptions{device: "auto", detector: "auto", plates: "auto", workers: 1})
	if err != nil {
		return nil, err
	}
	opt.Engine.Threads = 1
	if opt.Worker, err = w.Describe(ctx, opt.Engine); err != nil {
		return nil, err
	}
	act.Worker(opt.Worker.Build)
	opt.Engine.Device = opt.Worker.Device
	var speeds batch.Speeds
	ctx, stop := act.Watch(ctx, procedure.MayAnalyse)
	for _, g := range sampleGroups(r.Cameras, o.samples) {
		m, err := measureOne(ctx, w, opt.Engine, g)
		if fault.KindOf(err) == fault.Missing || fault.KindOf(err) == fault.NoSpace || ctx.Err() != nil {
			return nil, stop(err)
		}
		if err != nil {
			continue
		}
		media := time.Duration(m.MediaUS) * time.Microsecond
		speeds.Learn(g.name, media, m.Work)
		s := batch.Sample{Group: g.name, Length: media.Round(time.Millisecond), Work: m.Work.Round(time.Millisecond),
			Speed: rounded(media.Seconds() / m.Work.Seconds()), BytesSec: rounded(float64(m.Bytes) / media.Seconds())}
		est.Samples = append(est.Samples, s)
	}
	if err := stop(nil); err != nil {
		return nil, err
	}
	est.Sum(r.Cameras, &speeds)
	return est, nil
}

func rounded(f float64) float64 { return float64(int64(f*10+0.5)) / 10 }

// sampleGroup is recordings of one codec and size of picture.
type sampleGroup struct {
	name   string
	files  []batch.File
	length time.Duration
}

// sampleGroups are the groups of the greatest length, at most n.
func sampleGroups(cams []*batch.Camera, n int) []*sampleGroup {
	byName := map[string]*sampleGroup{}
	var all []*sampleGroup
	for _, c := range cams {
		for _, f := range c.Files {
			if f.Action != batch.Analyse || f.Kind != batch.Video || f.Video == "" {
				continue
			}
			g := byName[f.Video]
			if g == nil {
				g = &sampleGroup{name: f.Video}
				byName[f.Video] = g
				all = append(all, g)
			}
			g.files = append(g.files, f)
			g.length += f.Length
		}
	}
	slices.SortStableFunc(all, func(a, b *sampleGroup) int { return cmp.Compare(b.length, a.length) })
	return all[:min(n, len(all))]
}

// measureOne measures a recording of a group: that of the middle length, and
// where that one cannot be analysed its neighbours.
func measureOne(ctx context.Context, w analysis.Worker, e wire.Engine, g *sampleGroup) (analysis.Measured, error) {
	slices.SortStableFunc(g.files, func(a, b batch.File) int { return cmp.Compare(a.Length, b.Length) })
	var m analysis.Measured
	var err error
	for i := range min(3, len(g.files)) {
		f := g.files[(len(g.files)/2+i)%len(g.files)]
		if m, err = w.Measure(ctx, f.Path, e, sampleUS); err == nil || ctx.Err() != nil {
			return m, err
		}
	}
	return m, err
}

// printPlan prints the plan's sum.
func printPlan(w io.Writer, r batchPlanResult) error {
	t := tabwriter.NewWriter(w, 2, 0, 2, ' ', 0)
	fmt.Fprintln(t, "CAMERA\tFILES\tLENGTH\tFROM\tTO\tGAPS\tOVERLAPS\tCLOCK")
	at := func(t *time.Time) string {
		if t == nil {
			return "-"
		}
		return t.Format("2006-01-02 15:04:05")
	}
	for _, c := range r.Cameras {
		gaps := "-"
		if c.Gaps > 0 {
			gaps = fmt.Sprintf("%d (%v)", c.Gaps, c.GapTime.Round(time.Second))
		}
		fmt.Fprintf(t, "%s\t%d\t%v\t%s\t%s\t%s\t%d\t%s\n", fault.Printable(c.Name), c.Files, c.Length.Round(time.Second), at(c.From), at(c.To), gaps, c.Overlaps, c.Clock)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	tot := r.Plan.Totals
	fmt.Fprintf(w, "%d files, %.1f GiB: %d to analyse (%v), %d left out", tot.Files, float64(tot.Bytes)/(1<<30), tot.Analyse, tot.Length.Round(time.Second), tot.LeaveOut)
	if tot.Duplicates > 0 {
		fmt.Fprintf(w, ", %d of them duplicates", tot.Duplicates)
	}
	fmt.Fprintln(w)
	for _, k := range []batch.Kind{batch.Unreadable, batch.Archive, batch.DiskImage, batch.Other} {
		if n := r.LeftOut[string(k)]; n > 0 {
			fmt.Fprintf(w, "  %d %s: there may be recordings in it\n", n, k)
		}
	}
	if e := r.Plan.Estimate; e != nil {
		if e.Time > 0 {
			fmt.Fprintf(w, "about %v with %d workers, %.1f GiB of index\n", e.Time.Round(time.Second), e.Workers, float64(e.Bytes)/(1<<30))
		}
		fmt.Fprintf(w, "estimate: %s\n", e.Note)
	}
	fmt.Fprintf(w, "look through %s, fill in exhibit and basis, confirm the cameras\n", r.Manifest.Path)
	return nil
}

func (res *batchPlanResult) fill(r *survey.Result) {
	res.Plan, res.LeftOut, res.Cameras = r.Plan, map[string]int{}, []batchCamera{}
	for _, c := range r.Cameras {
		res.Cameras = append(res.Cameras, batchCamera{Name: c.Name, Files: len(c.Files), Length: c.Length, From: c.From, To: c.To,
			Gaps: c.Gaps.Count, GapTime: c.Gaps.Length, Overlaps: c.Overlaps.Count, Clock: c.Clock.From})
	}
	for _, l := range r.LeftOut {
		res.LeftOut[string(l.Kind)] += len(l.Files)
	}
}
