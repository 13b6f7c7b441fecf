package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
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
	"posteriori/engine/query"
	"posteriori/engine/scene"
	"posteriori/engine/synopsis"
	"posteriori/engine/wire"
)

// montage is on every frame of every synopsis.
const montage = "MONTAGE — n’est pas l’original"

// synopsisOptions are the flags of posteriori synopsis.
type synopsisOptions struct {
	mode       string
	duration   time.Duration
	density    float64
	overlap    float64
	stillSpeed float64
	cut        time.Duration
	pad        time.Duration
	arrange    time.Duration
	trail      time.Duration
	colourBy   string
	width      int
	out        string
	overwrite  bool

	filter filterFlags
}

func newSynopsisCommand(a *app) *cobra.Command {
	var o synopsisOptions
	c := &cobra.Command{
		Use:   "synopsis -p ID [filters] -o FILE.mp4",
		Short: "Show hours in minutes: a video of the objects that pass the filter",
		Long: `Make a short video of the objects that pass the filter, and beside it a file
FILE.json that maps every object in every output frame to its recording (by
SHA-256), its time and its track.

  objects    objects from different times cross the scene together, each with
             its own time. Nothing is dropped: if the wanted length cannot hold
             all within the overlap, the video is longer and the command says which
             come after it. One that alone would make it long is shown in parts.
             An object that stands still is shown faster there (×4 in its stamp).
  condense   the recording in its order, without the time in which nothing that
             passes the filter is there; where all of it stands still, faster
  timelapse  condense at one constant speed (8 times, or as --duration wants)

The video is a montage and says so in every frame. The originals are hashed
first; one that changed since its import is refused.

` + filterHelp + exitStatus,
		Example: `  posteriori synopsis -p 2025-00123 --class person --mode objects -o personnes.mp4 --reason "passages of 3 May"
  posteriori synopsis -p 2025-00123 --class car --colour red --mode condense --duration 2m -o rouges.mp4`,
		Args: argsBetween(0, 0),
		RunE: func(c *cobra.Command, _ []string) error { return a.synopsis(c, o) },
	}
	f := c.Flags()
	o.filter.bind(f)
	f.StringVar(&o.mode, "mode", "objects", "objects, condense or timelapse")
	f.DurationVar(&o.duration, "duration", 0, "wanted `length` (default: as short as it can be)")
	f.Float64Var(&o.density, "density", 0, "wanted mean `number` of objects on screen at once (objects)")
	f.Float64Var(&o.overlap, "overlap", .05, "`share` of the objects, over their time, that may fall on others; of one object at most five times that, of a small one a little more (objects)")
	f.Float64Var(&o.stillSpeed, "still-speed", 4, "how much `faster` to show what stands still; 1: not at all (objects, condense)")
	f.DurationVar(&o.cut, "cut", 0, "the longest an object is shown in one `go`; its parts are shown as objects of their own,\nmarked 1/2, 2/2 (objects; default: as makes the video shorter)")
	f.DurationVar(&o.pad, "pad", time.Second, "what to show before and after each object (condense, timelapse)")
	f.DurationVar(&o.arrange, "arrange-for", 0, "stop arranging after so `long` and take the best found by then (objects; default: when\nit gets no shorter)")
	f.DurationVar(&o.trail, "trail", 0, "draw the way that each object came in so `long` (objects)")
	f.StringVar(&o.colourBy, "colour-by", "", "class: rims, stamps and trails in the colour of the object's `class`, with a legend (objects)")
	f.IntVar(&o.width, "width", 1280, "greatest width of the picture in `pixels`")
	f.StringVarP(&o.out, "output", "o", "", "the `file` to write, .mp4")
	f.BoolVar(&o.overwrite, "overwrite", false, "replace existing files")
	return c
}

// options are those of the planner.
func (o synopsisOptions) options() (synopsis.Options, error) {
	m, err := synopsis.ParseMode(o.mode)
	if err != nil {
		return synopsis.Options{}, err
	}
	p := synopsis.Options{Mode: m, DurationUS: o.duration.Microseconds(), Density: o.density, MaxOverlap: o.overlap,
		StillSpeed: o.stillSpeed, CutUS: o.cut.Microseconds(), TrailUS: o.trail.Microseconds(), MaxWidth: o.width, PadUS: o.pad.Microseconds(), Zone: time.Local}
	if o.overlap == 0 {
		p.MaxOverlap = -1 // none at all
	}
	if o.cut != 0 && o.cut < time.Second {
		return p, fault.New(fault.Usage, "--cut %v: parts of under one second cannot be watched", o.cut)
	}
	if o.overlap < 0 || o.pad < 0 || o.width < 64 || o.width > 7680 {
		return p, fault.New(fault.Usage, "--overlap %g, --pad %v or --width %d makes no sense", o.overlap, o.pad, o.width)
	}
	if o.pad == 0 {
		p.PadUS = 1
	}
	if p.ByClass = o.colourBy == "class"; !p.ByClass && o.colourBy != "" {
		return p, fault.New(fault.Usage, "--colour-by %q is not known", o.colourBy).WithHint("class is")
	}
	if o.arrange < 0 {
		return p, fault.New(fault.Usage, "--arrange-for %v makes no sense", o.arrange)
	}
	if o.trail < 0 || o.trail > time.Hour {
		return p, fault.New(fault.Usage, "--trail %v is not within 0 and an hour", o.trail)
	}
	_, err = synopsis.NewPlanner(nil, p) // wishes that contradict each other are refused before anything is read
	return p, err
}

// synopsisResult is what --json prints.
type synopsisResult struct {
	File    *evidence.Derived `json:"file,omitempty"`
	Sidecar *evidence.Derived `json:"sidecar,omitempty"`
	Mode    synopsis.Mode     `json:"mode"`
	Objects int               `json:"objects"`
	Figures synopsis.Figures  `json:"figures"`
	Lost    int               `json:"lost"` // objects found and not shown: none, or it is a fault
	// ArrangedS and RenderFPS say how fast this machine was.
	ArrangedS float64     `json:"arranged_s"`
	RenderFPS float64     `json:"render_fps"`
	Warnings  []string    `json:"warnings,omitempty"`
	Note      string      `json:"note,omitempty"`
	Scope     query.Scope `json:"scope"`
}

func (a *app) synopsis(c *cobra.Command, o synopsisOptions) error {
	opt, err := o.options()
	if err != nil {
		return err
	}
	if err := checkOutput(c, o.out, ".mp4"); err != nil {
		return err
	}
	s := synopsisAct{app: a, cmd: c, opt: o, plan: opt}
	err = a.inProcedure(c, journal.Consult, journal.SubSynopsis, func(ctx context.Context, store *engine.Store, act *engine.Act) error {
		s.store, s.act = store, act
		return s.run(ctx)
	})
	if err != nil {
		return err
	}
	if s.res.Objects == 0 {
		return fault.New(fault.NotFound, "nothing passes the filter, so no video was made; %s%s", seenText(s.res.Scope), s.nearly).
			WithHint("posteriori query --rejected 20 with the same filter lists what nearly passes")
	}
	return a.print(s.res, s.print)
}

// synopsisAct is one synopsis under way.
type synopsisAct struct {
	*app
	cmd   *cobra.Command
	store *engine.Store
	act   *engine.Act
	opt   synopsisOptions
	plan  synopsis.Options
	about journal.Details
	res   synopsisResult

	nearly string // what nearly passes, when nothing does
}

// run finds, plans, renders, records, and then puts the files in their place.
func (s *synopsisAct) run(ctx context.Context) error {
	if err := procedure.MayAnalyse(s.act.Procedure().Doc); err != nil {
		return err
	}
	ix, err := s.act.Procedure().Index(ctx)
	if err != nil {
		return err
	}
	defer ix.Close()
	if err := spareOriginals(ctx, ix, s.opt.out, sidecarName(s.opt.out)); err != nil {
		return err
	}
	f, q, err := s.opt.filter.asked(s.cmd, s.act, ix)
	if err != nil {
		return err
	}
	found, err := query.Run(ctx, ix, f)
	if err != nil {
		return err
	}
	n := int64(found.Len())
	s.res = synopsisResult{Mode: s.plan.Mode, Scope: found.Scope}
	q.Results = &n
	s.about = journal.Details{Query: q, Params: s.params()}
	s.act.About(s.about)
	if n == 0 {
		s.nearly = nearly(ctx, found)
		return s.act.Record(s.about)
	}
	p, loaded, err := synopsis.Load(ctx, ix, found.Keys(), s.plan)
	if err != nil {
		return err
	}
	s.about.Objects = synopsisObjects(loaded.Recordings, found.Keys())
	s.act.About(s.about)
	ctx, stop := s.act.Watch(ctx, procedure.MayAnalyse)
	after, err := s.useOriginals(ctx, s.act, loaded.Recordings)
	if err != nil {
		return stop(err)
	}
	plan, err := s.arrange(ctx, p)
	if err != nil {
		return stop(err)
	}
	s.res.Lost = found.Len() - len(plan.Objects)
	return stop(s.make(ctx, ix, plan, loaded, f, after))
}

// arrange plans the video, for as long as --arrange-for allows.
func (s *synopsisAct) arrange(ctx context.Context, p *synopsis.Planner) (*synopsis.Plan, error) {
	began, within := time.Now(), ctx
	if s.opt.arrange > 0 {
		var done context.CancelFunc
		within, done = context.WithTimeout(ctx, s.opt.arrange)
		defer done()
	}
	plan, err := p.Plan(within)
	s.res.ArrangedS = time.Since(began).Seconds()
	if err == nil && within.Err() != nil && ctx.Err() == nil {
		s.notef("note: arranging was stopped after %v; this is the best found by then", s.opt.arrange)
	}
	return plan, err
}

// make renders the plan beside its final name, records it and seals it.
func (s *synopsisAct) make(ctx context.Context, ix *index.Store, plan *synopsis.Plan, l *synopsis.Loaded, f query.Filter, after func(context.Context) error) error {
	for _, w := range plan.Warnings {
		s.notef("note: %s", w)
	}
	temp, drop, err := tempBeside(s.opt.out, s.opt.overwrite)
	if err != nil {
		return err
	}
	defer drop()
	side, err := evidence.Create(sidecarName(s.opt.out), s.opt.overwrite)
	if err != nil {
		return err
	}
	defer side.Abort()
	began := time.Now()
	out, err := s.render(ctx, plan, l, temp)
	if err != nil {
		return err
	}
	s.res.RenderFPS = float64(plan.Frames) / time.Since(began).Seconds()
	if err := after(ctx); err != nil {
		return err
	}
	video, err := evidence.Hash(ctx, temp, nil)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := s.sidecar(plan, f, video.SHA256).Write(&text); err != nil {
		return err
	}
	sum := sha256.Sum256(text.Bytes())
	if _, err := side.Write(text.Bytes()); err != nil {
		return err
	}
	s.about.Objects = append(s.about.Objects,
		journal.Object{Kind: "derived", ID: "synopsis", SHA256: video.SHA256},
		journal.Object{Kind: "derived", ID: "sidecar", SHA256: hex.EncodeToString(sum[:])})
	s.about.Result = strings.Join(append(plan.Warnings, out.Note), "; ")
	if err := s.act.Record(s.about); err != nil {
		return err
	}
	file, err := sealAs(ctx, temp, s.opt.out, video.SHA256, s.opt.overwrite)
	if err != nil {
		return err
	}
	d, err := side.Commit()
	if err != nil {
		return err
	}
	for _, made := range []struct {
		kind index.DerivedKind
		file evidence.Derived
	}{{index.DerivedSynopsis, file}, {index.DerivedSidecar, d}} {
		if err := s.act.AddDerived(ctx, ix, made.kind, made.file); err != nil {
			return err
		}
	}
	s.res.File, s.res.Sidecar, s.res.Note = &file, &d, out.Note
	s.res.Objects, s.res.Figures, s.res.Warnings = len(plan.Objects), plan.Figures, plan.Warnings
	return nil
}

// render has the worker make the video.
func (s *synopsisAct) render(ctx context.Context, plan *synopsis.Plan, l *synopsis.Loaded, temp string) (wire.Output, error) {
	w, err := analysis.FindWorker()
	if err != nil {
		return wire.Output{}, err
	}
	scratch, remove, err := s.act.Procedure().TempDir("synopsis-*")
	if err != nil {
		return wire.Output{}, err
	}
	defer remove()
	job, err := plan.Job(l, temp, scratch, s.shownMark(plan), map[string]string{
		"title":   "Synopsis " + s.act.Procedure().Doc.ID,
		"comment": s.mark(plan) + ". Montage: not an original recording.",
	})
	if err != nil {
		return wire.Output{}, err
	}
	began := time.Now()
	told := began
	return runOutput(ctx, s.act, w, wire.Job{Render: job}, func(p wire.Progress) {
		if time.Since(told) >= plainEvery {
			told = time.Now()
			s.notef("rendering %3.0f %%, %.1f × real time", 100*share(p.Frames, job.Frames),
				float64(p.ReachedUS)/1e6/time.Since(began).Seconds())
		}
	})
}

// mark is the text in every frame.
func (s *synopsisAct) mark(plan *synopsis.Plan) string {
	m := montage + " · procédure " + s.act.Procedure().Doc.ID
	if d := s.store.Mark(); d != "" {
		m += " · " + d
	}
	if z := plan.ZoneName(); z != "" {
		m += " · heures " + z
	}
	if f := filterText(s.cmd.Flags()); f != "" {
		m += " · filtre : " + f
	}
	return m
}

// shownMark is the mark as it stands in every frame: of a long filter only the
// beginning is legible there, the rest is in the tags and in the sidecar.
func (s *synopsisAct) shownMark(plan *synopsis.Plan) string {
	const legible = 120
	m := []rune(s.mark(plan))
	if len(m) <= legible {
		return string(m)
	}
	return string(m[:legible-1]) + "…"
}

func (s *synopsisAct) sidecar(plan *synopsis.Plan, f query.Filter, sha string) *synopsis.Sidecar {
	side := plan.Sidecar()
	side.Procedure, side.Demo, side.Mark = s.act.Procedure().Doc.ID, s.store.Demo(), s.mark(plan)
	side.Build = version
	side.Query = json.RawMessage(f.Canonical())
	side.Output.File, side.Output.SHA256 = filepath.Base(s.opt.out), sha
	return side
}

// nearlyMost is how many near misses are named.
const nearlyMost = 5

// nearly says what nearly passes; nothing for a search without conditions.
func nearly(ctx context.Context, found *query.Results) string {
	m, err := found.NearMisses(ctx, nearlyMost)
	if err != nil || len(m.Tracks) == 0 {
		return ""
	}
	return "; nearly: " + m.Summary()
}

// params are the settings that change the result, for the journal.
func (s *synopsisAct) params() string {
	p, _ := json.Marshal(map[string]any{
		"mode": s.plan.Mode, "duration_us": s.plan.DurationUS, "density": s.plan.Density,
		"overlap": s.opt.overlap, "still_speed": s.plan.StillSpeed, "cut_us": s.plan.CutUS, "pad_us": s.plan.PadUS, "width": s.plan.MaxWidth,
		"trail_us": s.plan.TrailUS, "colour_by": s.opt.colourBy, "arrange_for_us": s.opt.arrange.Microseconds(),
	})
	return string(p)
}

func (s *synopsisAct) print(w io.Writer) error {
	f := s.res.Figures
	_, err := fmt.Fprintf(w, "%s  %s\n%s  %s\n%d objects; %v of recordings in %v (%.1f %%)", s.res.File.SHA256, s.res.File.Path,
		s.res.Sidecar.SHA256, s.res.Sidecar.Path, s.res.Objects, span(f.SourceUS), span(f.OutputUS), 100*f.FR)
	if err == nil && s.res.Mode == synopsis.Objects {
		_, err = fmt.Fprintf(w, "; %.1f objects on screen\nFR %.3f, CR %.3f, OR %.3f, CDR %.3f, %d lost", f.Density, f.FR, f.CR, f.OR, f.CDR, s.res.Lost)
	}
	if err == nil {
		_, err = fmt.Fprintf(w, "; planned in %.1f s, rendered at %.0f pictures a second", s.res.ArrangedS, s.res.RenderFPS)
	}
	if err == nil {
		_, err = fmt.Fprintf(w, "\n%s\n", seenText(s.res.Scope))
	}
	if err == nil && s.res.Note != "" {
		_, err = fmt.Fprintln(w, s.res.Note)
	}
	return err
}

// journalTracks bounds how many track numbers of a recording a record lists;
// the sidecar, whose hash the record holds, lists all.
const journalTracks = 1000

// synopsisObjects names the recordings and tracks shown.
func synopsisObjects(recs []index.Recording, keys []index.Key) []journal.Object {
	objects := recordingObjects(recs)
	for i := range recs {
		o := &objects[i]
		for _, k := range keys {
			if k.Recording != recs[i].ID {
				continue
			}
			if len(o.Tracks) == journalTracks {
				o.Note = "more tracks than listed: see the sidecar"
				break
			}
			o.Tracks = append(o.Tracks, k.Track)
		}
	}
	return objects
}

func sidecarName(out string) string { return strings.TrimSuffix(out, filepath.Ext(out)) + ".json" }

// notSeenKinds is why something was not seen, in the order it is said.
var notSeenKinds = []scene.CoverageKind{scene.Gap, scene.Damaged, scene.Covered, scene.Relearning, scene.NotAnalysed, scene.Triaged}

// seenText says what "found" or "nothing found" covers.
func seenText(sc query.Scope) string {
	s := fmt.Sprintf("searched: %v of %v asked for", span(sc.SeenUS()), span(sc.AskedUS()))
	if n := len(sc.NotSeen()); n > 0 {
		var parts []string
		for _, k := range notSeenKinds {
			if us := sc.NotSeen()[k]; us > 0 {
				parts = append(parts, fmt.Sprintf("%s %v", k, span(us)))
			}
		}
		s += " (" + strings.Join(parts, ", ") + ")"
	}
	for _, r := range sc.Recordings {
		if r.NoClock {
			s += fmt.Sprintf("; recording %d has no clock", r.Recording)
		}
	}
	return s
}
