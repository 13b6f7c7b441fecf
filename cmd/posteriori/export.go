package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"posteriori/engine"
	"posteriori/engine/analysis"
	"posteriori/engine/evidence"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
	"posteriori/engine/wire"
)

func newExportCommand(a *app) *cobra.Command {
	return group("export", "Write parts of the originals as files of their own", newExportClipCommand(a))
}

// clipOptions are the flags of posteriori export clip.
type clipOptions struct {
	track     string
	pad       time.Duration
	out       string
	overwrite bool
}

func newExportClipCommand(a *app) *cobra.Command {
	var o clipOptions
	c := &cobra.Command{
		Use:   "clip -p ID --track [REC:]TRACK -o FILE",
		Short: "Write the original span of one track",
		Long: `Write the span of a recording in which a track is seen, as a file of its own.

The stream is copied bit for bit where it can be: the clip then begins at the
key frame at or before the span. Where it cannot, the pictures are encoded
anew, and the answer says so. FILE ends in .mp4 or .mkv. The original is
hashed first; one that changed since its import is refused.
` + exitStatus,
		Example: `  posteriori export clip -p 2025-00123 --track 2:17 --pad 3s -o passage.mp4 --reason "vehicle of the facts"`,
		Args:    argsBetween(0, 0),
		RunE:    func(c *cobra.Command, _ []string) error { return a.exportClip(c, o) },
	}
	f := c.Flags()
	f.StringVar(&o.track, "track", "", "the `track`, as query prints it, RECORDING:TRACK; the recording may be left out where there is one only")
	f.DurationVar(&o.pad, "pad", 2*time.Second, "what to add before and after")
	f.StringVarP(&o.out, "output", "o", "", "the `file` to write")
	f.BoolVar(&o.overwrite, "overwrite", false, "replace an existing file")
	return c
}

// clipResult is what --json prints.
type clipResult struct {
	File      evidence.Derived `json:"file"`
	Recording int64            `json:"recording"`
	SHA256    string           `json:"recording_sha256"`
	Track     int64            `json:"track"`
	FromUS    int64            `json:"from_us"`
	ToUS      int64            `json:"to_us"`
	Note      string           `json:"note"`
}

func (a *app) exportClip(c *cobra.Command, o clipOptions) error {
	ref, err := parseTrackRef(o.track)
	if err != nil {
		return err
	}
	if o.pad < 0 {
		return usage(c, "--pad %v is negative", o.pad)
	}
	if err := checkOutput(c, o.out, ".mp4", ".mkv"); err != nil {
		return err
	}
	var res clipResult
	err = a.inProcedure(c, journal.Communicate, journal.SubExport, func(ctx context.Context, _ *engine.Store, act *engine.Act) error {
		res, err = a.clipAct(ctx, act, o, ref)
		return err
	})
	if err != nil {
		return err
	}
	return a.print(res, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s  %s\ntrack %d:%d, %v to %v of the recording; %s\n", res.File.SHA256, res.File.Path,
			res.Recording, res.Track, span(res.FromUS), span(res.ToUS), res.Note)
		return err
	})
}

// clipAct cuts the clip beside its final name, records it, and puts it there.
func (a *app) clipAct(ctx context.Context, act *engine.Act, o clipOptions, ref trackRef) (clipResult, error) {
	if err := procedure.MayAnalyse(act.Procedure().Doc); err != nil {
		return clipResult{}, err
	}
	ix, err := act.Procedure().Index(ctx)
	if err != nil {
		return clipResult{}, err
	}
	defer ix.Close()
	rec, err := ref.recording(ctx, ix)
	if err != nil {
		return clipResult{}, err
	}
	t, err := ix.Track(ctx, rec.ID, ref.track, false)
	if err != nil {
		return clipResult{}, err
	}
	res := clipResult{Recording: rec.ID, SHA256: rec.SHA256, Track: t.ID}
	res.FromUS = max(0, t.StartUS-o.pad.Microseconds())
	res.ToUS = min(t.EndUS+o.pad.Microseconds()+max(rec.Probe.FrameUS, 1), max(rec.Probe.DurationUS, 1))
	source := journal.Object{Kind: "recording", ID: fmt.Sprint(rec.ID), SHA256: rec.SHA256, Camera: rec.Camera,
		FromUS: &res.FromUS, ToUS: &res.ToUS, Tracks: []int64{t.ID}}
	act.About(journal.Details{Objects: []journal.Object{source}})
	if err := spareOriginals(ctx, ix, o.out); err != nil {
		return clipResult{}, err
	}
	ctx, stop := act.Watch(ctx, procedure.MayAnalyse)
	err = a.makeClip(ctx, act, ix, o, rec, source, &res)
	return res, stop(err)
}

// makeClip has the worker cut the clip, records it, and puts it in its place.
// The original is hashed before and after.
func (a *app) makeClip(ctx context.Context, act *engine.Act, ix *index.Store, o clipOptions, rec index.Recording, source journal.Object, res *clipResult) error {
	after, err := a.useOriginals(ctx, act, []index.Recording{rec})
	if err != nil {
		return err
	}
	temp, drop, err := tempBeside(o.out, o.overwrite)
	if err != nil {
		return err
	}
	defer drop()
	out, err := cutSpan(ctx, act, rec, wire.ClipJob{FromUS: res.FromUS, ToUS: res.ToUS, Out: temp})
	if err != nil {
		return err
	}
	res.Note = out.Note
	if err := after(ctx); err != nil {
		return err
	}
	made, err := evidence.Hash(ctx, temp, nil)
	if err != nil {
		return err
	}
	err = act.Record(journal.Details{
		Objects: []journal.Object{source, {Kind: "derived", ID: "clip", SHA256: made.SHA256}},
		Params:  fmt.Sprintf(`{"pad_us":%d}`, o.pad.Microseconds()), Result: out.Note,
	})
	if err != nil {
		return err
	}
	if res.File, err = sealAs(ctx, temp, o.out, made.SHA256, o.overwrite); err != nil {
		return err
	}
	return act.AddDerived(ctx, ix, index.DerivedClip, res.File)
}

// cutSpan has the worker write a span of a recording as a file. The caller hashes
// the original before and after.
func cutSpan(ctx context.Context, act *engine.Act, rec index.Recording, job wire.ClipJob) (wire.Output, error) {
	w, err := analysis.FindWorker()
	if err != nil {
		return wire.Output{}, err
	}
	job.Probe = rec.Probe
	job.Probe.Chunks, job.Probe.Gaps = nil, nil
	return runOutput(ctx, act, w, wire.Job{Path: rec.Path, Clip: &job}, nil)
}

// useOriginals hashes originals before their use, with a display, and returns
// what hashes them after it.
func (a *app) useOriginals(ctx context.Context, act *engine.Act, recs []index.Recording) (after func(context.Context) error, err error) {
	var total int64
	for _, r := range recs {
		total += r.Bytes
	}
	look := func(ctx context.Context, label string) error {
		m := newHashMeter(a.stderr, label, total)
		defer m.stop()
		return act.UseOriginals(ctx, recs, m.show)
	}
	return func(ctx context.Context) error { return look(ctx, "hashing again") }, look(ctx, "hashing")
}

// sealAs puts a finished file in its place, if it is still what was recorded.
func sealAs(ctx context.Context, temp, path, want string, overwrite bool) (evidence.Derived, error) {
	d, err := evidence.Seal(ctx, temp, path, overwrite)
	if err == nil && d.SHA256 != want {
		err = fault.New(fault.Integrity, "it changed while it was being written").OnFile(path)
	}
	return d, err
}

// checkOutput wants a file name with one of the extensions.
func checkOutput(c *cobra.Command, out string, exts ...string) error {
	switch {
	case out == "":
		return usage(c, "no file to write is named: -o FILE%s", exts[0])
	case !slices.Contains(exts, strings.ToLower(filepath.Ext(out))):
		return usage(c, "%s does not end in %s", out, strings.Join(exts, " or "))
	}
	return nil
}

// tempBeside is a free absolute name in a new folder beside out, for a program
// that makes the file itself, and what removes that folder. The worker may
// write there and nowhere else: out's own folder may hold originals.
func tempBeside(out string, overwrite bool) (name string, drop func(), err error) {
	if _, err := os.Lstat(out); err == nil && !overwrite {
		return "", nil, fault.New(fault.BadInput, "it exists already").OnFile(out).
			WithHint("name another file, or pass --overwrite")
	}
	dir, drop, err := evidence.TempDir(out)
	if err != nil {
		return "", nil, err
	}
	return filepath.Join(dir, "new"+filepath.Ext(out)), drop, nil
}

// runOutput has the worker make one file.
func runOutput(ctx context.Context, act *engine.Act, w analysis.Worker, job wire.Job, show func(wire.Progress)) (wire.Output, error) {
	var out *wire.Output
	hello, err := w.Run(ctx, job, func(m wire.Message) error {
		switch m.Kind {
		case wire.KindProgress:
			var p wire.Progress
			if err := m.Into(&p); err != nil {
				return err
			}
			if show != nil {
				show(p)
			}
			return nil
		case wire.KindOutput:
			out = new(wire.Output)
			return m.Into(out)
		}
		return fault.Wrap(fault.Internal, wire.ErrProtocol, "unexpected message %c", m.Kind)
	})
	act.Worker(hello.Build)
	if err == nil && out == nil {
		err = fault.Wrap(fault.Internal, wire.ErrProtocol, "the worker made no file")
	}
	if err != nil {
		return wire.Output{}, err
	}
	return *out, nil
}

// trackRef is RECORDING:TRACK or TRACK.
type trackRef struct {
	rec   string
	track int64
}

func parseTrackRef(s string) (trackRef, error) {
	var r trackRef
	i := strings.LastIndex(s, ":")
	if i >= 0 {
		r.rec = s[:i]
	}
	n, err := strconv.ParseInt(s[i+1:], 10, 64)
	if err != nil || n < 1 || i == 0 {
		return r, fault.New(fault.Usage, "--track %q is no track like 2:17 or 17", s).
			WithHint("posteriori query lists the tracks")
	}
	r.track = n
	return r, nil
}

// recording is the one that the reference names, or the only one.
func (r trackRef) recording(ctx context.Context, ix *index.Store) (index.Recording, error) {
	if r.rec != "" {
		return ix.FindRecording(ctx, r.rec)
	}
	all, err := ix.Recordings(ctx)
	switch {
	case err != nil:
		return index.Recording{}, err
	case len(all) == 0:
		return index.Recording{}, fault.New(fault.NotFound, "the procedure has no recordings").
			WithHint("posteriori import brings them in")
	case len(all) > 1:
		return index.Recording{}, fault.New(fault.Usage, "track %d of which of the %d recordings?", r.track, len(all)).
			WithHint("write --track RECORDING:%d", r.track)
	}
	return all[0], nil
}
