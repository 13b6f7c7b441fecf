// Package survey looks through a tree of seized files and proposes what to
// analyse: it writes nothing, decides nothing for good, and skips nothing
// silently. It reads the first bytes of every file, whole files only where two
// might be the same, and leaves every parsing to a [Prober], which is the
// worker in its sandbox.
package survey

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"posteriori/engine/batch"
	"posteriori/engine/fault"
	"posteriori/engine/wire"
)

// Prober says what a file's container tells of it. An error of the kind
// fault.Missing or fault.Interrupted ends the survey; any other is about the
// file.
type Prober interface {
	Glance(ctx context.Context, path string) (*wire.Probe, wire.Hello, error)
}

// Options are the settings of a survey.
type Options struct {
	Roots  []string
	Zone   *time.Location // that recorders' clocks showed
	Prober Prober         // nil: containers are not asked
	At     int            // how many files are probed at a time
	Before map[string]batch.Camera
	Report func(Progress)
}

// Progress says how far a survey is.
type Progress struct {
	Step        string
	Done, Total int64
}

// Result is what a survey found, ready to be written.
type Result struct {
	Plan    batch.Plan
	Cameras []*batch.Camera
	LeftOut []*batch.LeftOut
}

// Run surveys the roots.
func Run(ctx context.Context, o Options) (*Result, error) {
	if o.Report == nil {
		o.Report = func(Progress) {}
	}
	roots, err := resolve(o.Roots)
	if err != nil {
		return nil, err
	}
	o.Report(Progress{Step: "walking"})
	all, err := walk(ctx, roots)
	if err != nil {
		return nil, err
	}
	n := int64(len(all))
	if err := recognise(ctx, all, func(done int) { o.Report(Progress{"recognising", int64(done), n}) }); err != nil {
		return nil, err
	}
	sidecars(all)
	var read int64
	if err := duplicates(ctx, all, func(b int64) { read += b; o.Report(Progress{Step: "comparing", Done: read}) }); err != nil {
		return nil, err
	}
	if err := o.probe(ctx, all); err != nil {
		return nil, err
	}
	return o.propose(roots, all), nil
}

// probe asks the containers of all that is to be analysed.
func (o Options) probe(ctx context.Context, all []*entry) error {
	if o.Prober == nil {
		return nil
	}
	var todo []*entry
	for _, e := range all {
		if e.reason == "" {
			todo = append(todo, e)
		}
	}
	var done atomic.Int64
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(max(1, o.At))
	for _, e := range todo {
		g.Go(func() error {
			if gctx.Err() != nil {
				return gctx.Err()
			}
			err := e.glance(gctx, o.Prober)
			o.Report(Progress{"reading containers", done.Add(1), int64(len(todo))})
			return err
		})
	}
	return g.Wait()
}

func (e *entry) glance(ctx context.Context, p Prober) error {
	probe, _, err := p.Glance(ctx, e.path)
	switch fault.KindOf(err) {
	case fault.Missing, fault.Interrupted:
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		e.reason = message(err)
		return nil
	}
	e.probe, e.what = probe, probe.Format
	e.warnings = probe.Warnings
	if probe.Still {
		e.kind = batch.Photograph
	}
	return nil
}

// message is what an error says, without the file's name.
func message(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Msg
	}
	return err.Error()
}

// propose makes cameras, lists and totals.
func (o Options) propose(roots []string, all []*entry) *Result {
	r := &Result{Plan: batch.Plan{Version: batch.Version, Made: time.Now().UTC().Truncate(time.Second), Roots: roots, Zone: o.Zone.String()}}
	var gs []*group
	var lost []*entry // recordings, of which none of their camera can be analysed
	for _, g := range groups(all) {
		if !slices.ContainsFunc(g.files, func(e *entry) bool { return e.reason == "" }) {
			lost = append(lost, g.files...)
			continue
		}
		g.clock(o.Zone)
		g.sort()
		gs = append(gs, g.numbered()...)
	}
	for _, g := range gs {
		r.Cameras = append(r.Cameras, g.camera(o.Zone))
	}
	nameCameras(r.Cameras, gs)
	for _, c := range r.Cameras {
		o.answered(c)
	}
	r.leftOut(all, lost)
	r.count(all)
	return r
}

// answered carries over what a person confirmed in a plan before.
func (o Options) answered(c *batch.Camera) {
	old, ok := o.Before[c.Key]
	if !ok || !old.Confirmed {
		return
	}
	c.Name, c.Confirmed, c.Exhibit = old.Name, true, old.Exhibit
	c.Clock.Offset, c.Clock.Uncertainty = old.Clock.Offset, old.Clock.Uncertainty
	if old.Clock.From != c.Clock.From {
		c.Confirmed = false
		c.Evidence = append(c.Evidence, fmt.Sprintf("the clock came from %s before, and from %s now: confirm again", old.Clock.From, c.Clock.From))
	}
}

// leftOut lists what belongs to no camera, by kind, and the recordings lost.
func (r *Result) leftOut(all, lost []*entry) {
	byKind := map[batch.Kind]*batch.LeftOut{}
	rest := slices.DeleteFunc(slices.Clone(all), func(e *entry) bool { return e.kind == batch.Video || e.kind == batch.Photograph })
	for _, e := range append(rest, lost...) {
		l := byKind[e.kind]
		if l == nil {
			l = &batch.LeftOut{Kind: e.kind, Why: why[e.kind]}
			byKind[e.kind] = l
			r.LeftOut = append(r.LeftOut, l)
		}
		l.Files = append(l.Files, e.line())
	}
	slices.SortFunc(r.LeftOut, func(a, b *batch.LeftOut) int {
		return slices.Index(order, a.Kind) - slices.Index(order, b.Kind)
	})
}

// order is that of what a reviewer must look at most.
var order = []batch.Kind{batch.Video, batch.Photograph, batch.Unreadable, batch.Archive, batch.DiskImage, batch.Other, batch.Special, batch.Link, batch.Empty,
	batch.Picture, batch.Sound, batch.Database, batch.Program, batch.Document, batch.Text, batch.Sidecar}

var why = map[batch.Kind]string{
	batch.Video:      "damaged, not accepted, or here already",
	batch.Photograph: "damaged, not accepted, or here already",
	batch.Unreadable: "could not be read: there may be recordings in it",
	batch.Archive:    "not opened: there may be recordings in it",
	batch.DiskImage:  "not opened: there may be recordings in it",
	batch.Other:      "not recognised: there may be recordings of a kind that is not known here",
	batch.Special:    "no finished files",
	batch.Link:       "links are not followed",
	batch.Empty:      "nothing in them",
	batch.Picture:    "pictures in formats that are not read",
	batch.Sound:      "sound only",
	batch.Database:   "no recordings",
	batch.Program:    "no recordings",
	batch.Document:   "no recordings",
	batch.Text:       "no recordings",
	batch.Sidecar:    "texts beside recordings",
}

func (r *Result) count(all []*entry) {
	t := &r.Plan.Totals
	t.Cameras = len(r.Cameras)
	for _, e := range all {
		t.Files++
		t.Bytes += e.bytes
		if e.twin {
			t.Duplicates++
		}
		if e.reason != "" {
			t.LeaveOut++
			continue
		}
		t.Analyse++
		if e.length() == 0 && e.kind == batch.Video {
			t.Unknown++
		}
		t.Length += e.length()
	}
}

// line is the entry as a line of the manifest.
func (e *entry) line() batch.File {
	f := batch.File{Path: e.path, Bytes: e.bytes, Kind: e.kind, Action: batch.Analyse, Reason: e.reason, SHA256: e.sum,
		Format: e.what, Length: e.length(), Number: max(0, e.name.number), Warnings: e.warnings}
	if e.reason != "" {
		f.Action = batch.LeaveOut
	}
	if shown := fault.Printable(e.path); shown != e.path {
		f.Shown = shown
	}
	if e.probe != nil {
		f.Video = fmt.Sprintf("%s %s", e.probe.Codec, size(e))
	}
	return f
}

func printable(s string) string {
	if !utf8.ValidString(s) {
		return fault.Printable(s)
	}
	return s
}

// Write writes the result as a manifest.
func (r *Result) Write(w *batch.Writer) error {
	if err := w.Put(batch.Doc{Plan: &r.Plan}); err != nil {
		return err
	}
	for _, c := range r.Cameras {
		if err := w.Put(batch.Doc{Camera: c}); err != nil {
			return err
		}
	}
	for _, l := range r.LeftOut {
		if err := w.Put(batch.Doc{LeftOut: l}); err != nil {
			return err
		}
	}
	return nil
}
