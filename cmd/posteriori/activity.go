package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"posteriori/engine"
	"posteriori/engine/activity"
	"posteriori/engine/evidence"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
	"posteriori/engine/query"
	"posteriori/engine/report"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// activityOptions are the flags of posteriori activity.
type activityOptions struct {
	filter    filterFlags
	out       string
	heatmap   bool
	overwrite bool
}

func newActivityCommand(a *app) *cobra.Command {
	var o activityOptions
	c := &cobra.Command{
		Use:   "activity -p ID [filters] -o FILE",
		Short: "Draw how many objects were in view hour by hour, and where",
		Long: `Draw a chart of the objects that pass the filter: how many were in view in each
hour, by kind. Hours that no recording covers are hatched: no object there says
nothing. Short recordings are charted by minutes, long ones by days.

With --heatmap, one picture for each camera shows where the objects' feet were
and for how long, over the camera's background.

` + filterHelp + exitStatus,
		Example: `  posteriori activity -p 2026-00123 -o activite.svg --reason "rythme de la rue"
  posteriori activity -p 2026-00123 --class person --heatmap -o pietons.png`,
		Args: argsBetween(0, 0),
		RunE: func(c *cobra.Command, _ []string) error { return a.activity(c, o) },
	}
	f := c.Flags()
	o.filter.bind(f)
	f.StringVarP(&o.out, "output", "o", "", "the `file` to write, .svg or .png")
	f.BoolVar(&o.heatmap, "heatmap", false, "add for each camera where the objects were")
	f.BoolVar(&o.overwrite, "overwrite", false, "replace an existing file")
	return c
}

// activityResult is what --json prints.
type activityResult struct {
	File    evidence.Derived `json:"file"`
	Objects int              `json:"objects"`
	BinS    float64          `json:"bin_s"`
	Bins    []activityBin    `json:"bins"`
	Scope   query.Scope      `json:"scope"`
}

type activityBin struct {
	Start   time.Time      `json:"start"`
	Seen    float64        `json:"seen"` // share that was analysed
	Objects map[string]int `json:"objects"`
}

func (a *app) activity(c *cobra.Command, o activityOptions) error {
	if err := checkOutput(c, o.out, ".svg", ".png"); err != nil {
		return err
	}
	var res activityResult
	err := a.inIndex(c, journal.Consult, journal.SubQuery, func(_ context.Context, store *engine.Store, act *engine.Act, ix *index.Store) error {
		err := procedure.MayAnalyse(act.Procedure().Doc)
		if err != nil {
			return err
		}
		res, err = a.activityAct(c, store, act, ix, o)
		return err
	})
	if err != nil {
		return err
	}
	return a.print(res, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s  %s\n%d objects\n%s\n", res.File.SHA256, res.File.Path, res.Objects, seenText(res.Scope))
		return err
	})
}

// activityAct counts, draws, records, and then puts the file in its place.
func (a *app) activityAct(c *cobra.Command, store *engine.Store, act *engine.Act, ix *index.Store, o activityOptions) (res activityResult, err error) {
	ctx := c.Context()
	if err := spareOriginals(ctx, ix, o.out); err != nil {
		return res, err
	}
	f, q, err := o.filter.asked(c, act, ix)
	if err != nil {
		return res, err
	}
	found, err := query.Run(ctx, ix, f)
	if err != nil {
		return res, err
	}
	n := int64(found.Len())
	q.Results = &n
	params, err := json.Marshal(map[string]any{"activity": true, "heatmap": o.heatmap, "format": filepath.Ext(o.out)})
	if err != nil {
		return res, err
	}
	d := journal.Details{Objects: recordingObjects(found.Recordings()), Query: q, Params: string(params)}
	act.About(d)
	count, err := countActivity(ctx, ix, found)
	if err != nil {
		return res, err
	}
	res.Objects, res.Scope = found.Len(), found.Scope
	res.fill(count)
	title := fmt.Sprintf("Activité · procédure %s · %s", act.Procedure().Doc.ID, activity.Count(found.Len()))
	sheet := count.Sheet(title, scopeInFrench(found.Scope), store.Mark(), o.heatmap)
	temp, drop, err := tempBeside(o.out, o.overwrite)
	if err != nil {
		return res, err
	}
	defer drop()
	if err := writeActivity(temp, sheet); err != nil {
		return res, err
	}
	made, err := evidence.Hash(ctx, temp, nil)
	if err != nil {
		return res, err
	}
	d.Objects = append(d.Objects, journal.Object{Kind: "derived", ID: "activity", SHA256: made.SHA256})
	if err := act.Record(d); err != nil {
		return res, err
	}
	if res.File, err = sealAs(ctx, temp, o.out, made.SHA256, o.overwrite); err != nil {
		return res, err
	}
	return res, act.AddDerived(ctx, ix, index.DerivedActivity, res.File)
}

// scopeInFrench is seenText on what a magistrate reads.
func scopeInFrench(sc query.Scope) string {
	s := fmt.Sprintf("Recherché dans %s analysées sur %s demandées", spanInFrench(sc.SeenUS()), spanInFrench(sc.AskedUS()))
	var parts []string
	for _, k := range notSeenKinds {
		if us := sc.NotSeen()[k]; us > 0 {
			parts = append(parts, report.Term(report.Coverage, string(k))+" "+spanInFrench(us))
		}
	}
	if len(parts) > 0 {
		s += " (" + strings.Join(parts, ", ") + ")"
	}
	none := 0
	for _, r := range sc.Recordings {
		if r.NoClock {
			none++
		}
	}
	switch none {
	case 0:
		return s
	case 1:
		return s + "\u00a0; un enregistrement est sans horloge"
	}
	return s + fmt.Sprintf("\u00a0; %d enregistrements sont sans horloge", none)
}

// spanInFrench is a length of time to the tenth of a second, from an hour on to
// the minute.
func spanInFrench(us int64) string {
	s := (us + 50_000) / 100_000 // tenths
	switch {
	case s < 600:
		return strings.Replace(strings.TrimSuffix(fmt.Sprintf("%.1f", float64(s)/10), ".0"), ".", ",", 1) + "\u00a0s"
	case s < 36_000:
		return fmt.Sprintf("%d\u00a0min %02d\u00a0s", s/600, s%600/10)
	}
	return fmt.Sprintf("%d\u00a0h %02d\u00a0min", s/36_000, s%36_000/600)
}

func writeActivity(name string, s *activity.Sheet) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fault.Wrap(fault.NoSpace, err, "it cannot be written").OnFile(name)
	}
	defer f.Close()
	write := s.WriteSVG
	if strings.EqualFold(filepath.Ext(name), ".png") {
		write = s.WritePNG
	}
	if err := write(f); err != nil {
		return fault.Wrap(fault.NoSpace, err, "it cannot be written").OnFile(name)
	}
	return f.Close()
}

// fill copies the chart's numbers.
func (r *activityResult) fill(count *activity.Activity) {
	bins, length := count.Hours()
	r.BinS, r.Bins = length.Seconds(), []activityBin{}
	for _, b := range bins {
		out := activityBin{Start: b.Start, Seen: b.Seen, Objects: map[string]int{}}
		for class, n := range b.Objects {
			out.Objects[class.String()] = n
		}
		r.Bins = append(r.Bins, out)
	}
}

// platesTried is of how many of a recording's backgrounds the lightest is taken.
const platesTried = 8

// lightest is the lightest of some of the backgrounds, which is none of the
// night's if there is one of the day; nil, for a heat map on grey, when none can
// be read.
func lightest(plates []wire.Plate) (best image.Image) {
	most := -1
	step := max(1, (len(plates)+platesTried-1)/platesTried)
	for i := 0; i < len(plates); i += step {
		img, err := jpeg.Decode(bytes.NewReader(plates[i].JPEG))
		if err != nil {
			continue
		}
		b, luma := img.Bounds(), 0
		for k := range 32 * 32 {
			c := img.At(b.Min.X+(2*(k%32)+1)*b.Dx()/64, b.Min.Y+(2*(k/32)+1)*b.Dy()/64)
			luma += int(color.GrayModel.Convert(c).(color.Gray).Y)
		}
		if luma > most {
			most, best = luma, img
		}
	}
	return best
}

// countActivity counts the hits over what was analysed of the recordings asked.
func countActivity(ctx context.Context, ix *index.Store, found *query.Results) (*activity.Activity, error) {
	count := activity.New(time.Local)
	recs := map[int64]activity.Recording{}
	for _, r := range found.Recordings() {
		rec := activity.Recording{Camera: r.Camera, Name: filepath.Base(r.Path), Width: r.Probe.Width, Height: r.Probe.Height, Clock: r.ClockUS}
		plates, err := ix.Plates(ctx, r.ID)
		if err != nil {
			return nil, err
		}
		rec.Plate = lightest(plates)
		recs[r.ID] = rec
		coverage, err := ix.Coverage(ctx, r.ID)
		if err != nil {
			return nil, err
		}
		for _, c := range coverage {
			if c.Kind == scene.Seen {
				count.Saw(rec, c.FromUS, c.ToUS)
			}
		}
	}
	for h, err := range found.Hits(ctx, true) {
		if err != nil {
			return nil, err
		}
		count.Add(recs[h.Recording.ID], h.Track)
	}
	return count, nil
}
