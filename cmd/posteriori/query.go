package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"posteriori/engine"
	"posteriori/engine/evidence"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/journal"
	"posteriori/engine/query"
)

// queryOptions are the flags of posteriori query.
type queryOptions struct {
	filter     filterFlags
	format     string
	paths      bool
	thumbnails string
	sheet      string
	overwrite  bool
	rejected   int // list so many near misses; 0: the hits
}

func newQueryCommand(a *app) *cobra.Command {
	var o queryOptions
	c := &cobra.Command{
		Use:   "query -p ID",
		Short: "Find tracks in a procedure's index",
		Long: `Find tracks in a procedure's index: the objects that passed, by what they are,
where and when they went. The answer says how much of the recordings it covers:
"0 tracks" holds for what was seen, no more. Every hit is a proposal, for a
person to judge.

` + filterHelp + `
--rejected lists, instead of the hits, the near misses: the tracks that exactly one
condition drops, which one, and what they had; the nearest first, 50 of them or
so many as --rejected=N says. posteriori explain says it of one track.

FORMATS: table (for people), json, csv, and mot (MOTChallenge text of one
recording, frames counted from 1 in decode order). --json is --format json.
` + exitStatus,
		Example: `  posteriori query -p 2026-00123 --class car,truck --colour white --heading NE
  posteriori query -p 2026-00123 --zone "gate=100,200 300,200 300,400" --dwell 30s@gate
  posteriori query -p 2026-00123 --crosses "line=0,300 640,300:right" --format csv
  posteriori query -p 2026-00123 --where 'vehicle and speed > 80' --sheet hits.html`,
		Args: argsBetween(0, 0),
		RunE: func(c *cobra.Command, _ []string) error { return a.query(c, o) },
	}
	f := c.Flags()
	o.filter.bind(f)
	f.StringVar(&o.format, "format", "", "`format`: table, json, csv or mot")
	f.BoolVar(&o.paths, "paths", false, "with --format json: add each track's path as [t_us, x, y, w, h]")
	f.StringVar(&o.thumbnails, "thumbnails", "", "write each track's best picture into this `folder`")
	f.StringVar(&o.sheet, "sheet", "", "write the best pictures on one sheet: a `file` .html or .png")
	f.IntVar(&o.rejected, "rejected", 0, "list the `number` of near misses instead, with the condition that dropped each")
	f.Lookup("rejected").NoOptDefVal = "50"
	f.BoolVar(&o.overwrite, "overwrite", false, "replace existing files")
	return c
}

// check tells what is wrong with the output flags, and fills in the format.
func (o *queryOptions) check(a *app, c *cobra.Command) error {
	switch {
	case o.format == "" && a.json:
		o.format = "json"
	case o.format == "":
		o.format = "table"
	case a.json && o.format != "json":
		return usage(c, "--json and --format %s contradict each other", o.format)
	}
	switch o.format {
	case "table", "json", "csv", "mot":
	default:
		return usage(c, "--format %q is none of table, json, csv, mot", o.format)
	}
	if o.paths && o.format != "json" {
		return usage(c, "--paths needs --format json")
	}
	switch {
	case o.rejected < 0 || c.Flags().Changed("rejected") && o.rejected == 0:
		return usage(c, "--rejected lists at least one track")
	case o.rejected > 0 && o.format != "json" && o.format != "table":
		return usage(c, "--rejected is for --format table and json")
	case o.rejected > 0 && (o.sheet != "" || o.thumbnails != "" || o.paths):
		return usage(c, "--rejected goes with neither --sheet, --thumbnails nor --paths")
	}
	if ext := strings.ToLower(filepath.Ext(o.sheet)); o.sheet != "" && ext != ".html" && ext != ".png" {
		return usage(c, "--sheet %s ends neither in .html nor in .png", o.sheet)
	}
	return nil
}

func (a *app) query(c *cobra.Command, o queryOptions) error {
	if err := o.check(a, c); err != nil {
		return err
	}
	return a.inIndex(c, journal.Consult, journal.SubQuery, func(_ context.Context, store *engine.Store, act *engine.Act, ix *index.Store) error {
		return a.queryAct(c, store, act, ix, o)
	})
}

// queryAct runs the query, records it, and only then shows the answer.
func (a *app) queryAct(c *cobra.Command, store *engine.Store, act *engine.Act, ix *index.Store, o queryOptions) error {
	ctx := c.Context()
	f, q, err := o.filter.asked(c, act, ix)
	if err != nil {
		return err
	}
	res, err := query.Run(ctx, ix, f)
	if err != nil {
		return err
	}
	if o.format == "mot" {
		if err := res.OneRecording(); err != nil {
			return err
		}
	}
	d, err := queryDetails(q, res, o)
	if err != nil {
		return err
	}
	if o.rejected > 0 {
		return a.showRejected(ctx, act, res, d, o)
	}
	sheet, err := a.makeSheet(ctx, store, ix, res, o)
	if err != nil {
		return err
	}
	if sheet != nil {
		defer sheet.drop()
		d.Objects = append(d.Objects, journal.Object{Kind: "derived", ID: "sheet", SHA256: sheet.sha256})
	}
	if err := act.Record(d); err != nil {
		return err
	}
	if sheet != nil {
		made, err := sealAs(ctx, sheet.temp, o.sheet, sheet.sha256, o.overwrite)
		if err != nil {
			return err
		}
		if err := act.AddDerived(ctx, ix, index.DerivedSheet, made); err != nil {
			return err
		}
		a.notef("%d pictures on %s%s", sheet.shown, o.sheet, sheet.note)
	}
	return a.show(ctx, act, ix, res, o)
}

// showRejected finds the near misses, records the search, and shows them.
func (a *app) showRejected(ctx context.Context, act *engine.Act, res *query.Results, d journal.Details, o queryOptions) error {
	misses, err := res.NearMisses(ctx, o.rejected)
	if err != nil {
		return err
	}
	if err := act.Record(d); err != nil {
		return err
	}
	if o.format == "json" {
		return misses.WriteJSON(a.stdout)
	}
	if err := misses.WriteTable(a.stdout); err != nil {
		return err
	}
	a.notef("kept by all conditions: %s", res.Summary())
	return nil
}

// queryDetails are what the journal keeps of a search: the recordings asked,
// the filter (q), how much was found, and the tracks whose pictures leave the index.
func queryDetails(q *journal.Query, res *query.Results, o queryOptions) (journal.Details, error) {
	params, err := json.Marshal(map[string]any{"format": o.format, "paths": o.paths, "thumbnails": o.thumbnails != "",
		"sheet": o.sheet != "", "rejected": o.rejected})
	if err != nil {
		return journal.Details{}, err
	}
	var shown []index.Key
	if o.sheet != "" || o.thumbnails != "" {
		shown = res.Keys()
	}
	n := int64(res.Len())
	q.Results = &n
	return journal.Details{
		Objects: synopsisObjects(res.Recordings(), shown),
		Query:   q,
		Params:  string(params),
	}, nil
}

// show writes the answer.
func (a *app) show(ctx context.Context, act *engine.Act, ix *index.Store, res *query.Results, o queryOptions) error {
	if o.thumbnails != "" {
		n, err := writeThumbnails(ctx, act, ix, res, o)
		if err != nil {
			return err
		}
		a.notef("%d pictures in %s%s", n, o.thumbnails, lacking(res.Len()-n))
	}
	switch o.format {
	case "json":
		return res.WriteJSON(ctx, a.stdout, o.paths)
	case "csv":
		a.notef("%s", res.Summary())
		return res.WriteCSV(ctx, a.stdout)
	case "mot":
		a.notef("%s", res.Summary())
		return res.WriteMOT(ctx, a.stdout)
	}
	return res.WriteTable(ctx, a.stdout)
}

func lacking(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return "; one track has none"
	}
	return fmt.Sprintf("; %d tracks have none", n)
}

// writeThumbnails writes DIR/RECORDING-TRACK.jpg, lists them as derived files
// and returns their number.
func writeThumbnails(ctx context.Context, act *engine.Act, ix *index.Store, res *query.Results, o queryOptions) (n int, err error) {
	if err := evidence.CheckPlace(filepath.Join(o.thumbnails, "x.jpg")); err != nil {
		return 0, err
	}
	if err := os.MkdirAll(o.thumbnails, 0o700); err != nil {
		return 0, fault.Wrap(fault.NoSpace, err, "the folder cannot be made").OnFile(o.thumbnails).
			WithHint("name one that this account may write to")
	}
	keep, err := originalsOf(ctx, ix)
	if err != nil {
		return 0, err
	}
	made, err := writeCrops(ctx, act, ix, res, keep, o)
	if _, lerr := ix.AddDerived(ctx, made...); err == nil { // also those before an error
		err = lerr
	}
	return len(made), err
}

func writeCrops(ctx context.Context, act *engine.Act, ix *index.Store, res *query.Results, keep originals, o queryOptions) (made []index.Derived, err error) {
	for h, err := range res.Hits(ctx, false) {
		if err != nil {
			return made, err
		}
		crop, err := ix.Crop(ctx, h.Recording.ID, h.Track.ID)
		if fault.KindOf(err) == fault.NotFound {
			continue
		}
		if err != nil {
			return made, err
		}
		name := filepath.Join(o.thumbnails, fmt.Sprintf("%d-%d.jpg", h.Recording.ID, h.Track.ID))
		if err := writePicture(keep, name, crop.JPEG, o.overwrite); err != nil {
			return made, err
		}
		d, err := thumbnailOf(act, h, name, crop.JPEG)
		if err != nil {
			return made, err
		}
		made = append(made, d)
	}
	return made, nil
}

// thumbnailOf describes one picture for the list of derived files.
func thumbnailOf(act *engine.Act, h query.Hit, name string, jpeg []byte) (index.Derived, error) {
	abs, err := filepath.Abs(name)
	if err != nil {
		return index.Derived{}, err
	}
	source := recordingObjects([]index.Recording{*h.Recording})[0]
	source.Tracks = []int64{h.Track.ID}
	how, err := json.Marshal(engine.How{Command: journal.SubQuery, Sources: []journal.Object{source}})
	if err != nil {
		return index.Derived{}, err
	}
	seq, _ := act.Seq()
	return index.Derived{Kind: index.DerivedThumbnail, Name: filepath.Base(abs), Path: abs, SHA256: fmt.Sprintf("%x", sha256.Sum256(jpeg)),
		Bytes: int64(len(jpeg)), MadeUS: time.Now().UnixMicro(), Record: seq, How: string(how)}, nil
}
