package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"posteriori/engine"
	"posteriori/engine/index"
	"posteriori/engine/journal"
	"posteriori/engine/query"
	"posteriori/engine/scene"
)

func newExplainCommand(a *app) *cobra.Command {
	var o filterFlags
	c := &cobra.Command{
		Use:   "explain -p ID [REC:]TRACK",
		Short: "Show what stands behind one track",
		Long: `Show what stands behind one track: its life, its way through the picture, each
attribute with its score and the votes behind it, what people decided on it or corrected, and how well
the recording was seen meanwhile. With the filters of posteriori query it says
of each condition whether it keeps or drops the track, and what the track had.

` + filterHelp + exitStatus,
		Example: `  posteriori explain -p 2026-00123 1:17
  posteriori explain -p 2026-00123 1:17 --class car --colour red --min-duration 10s`,
		Args: argsBetween(1, 1),
		RunE: func(c *cobra.Command, args []string) error { return a.explain(c, &o, args[0]) },
	}
	o.bind(c.Flags())
	return c
}

// unseenUS is from when on what lies between two places of a track is told as
// time in which it was not seen; a recording of few pictures needs longer.
const unseenUS = 500_000

// explanation is what explain shows, and prints with --json.
type explanation struct {
	query.Record
	Size         index.Sizes           `json:"size"`
	Votes        scene.Votes           `json:"votes"` // behind class and colours, in hundredths
	PathPoints   int                   `json:"path_points"`
	Interpolated int                   `json:"interpolated"` // points that geometry bridged
	Stops        []scene.Span          `json:"stops"`        // of a second or more
	Unseen       []scene.Span          `json:"unseen"`       // between pieces that were joined
	Decisions    []index.Decision      `json:"decisions"`
	Corrections  []index.Rectification `json:"corrections"`
	NotSeen      []scene.Coverage      `json:"not_seen"` // what of its life the recording did not show well
	Joins        []index.Join          `json:"joins,omitempty"`
	Analysis     *index.Analysis       `json:"analysis"`
	Conditions   []query.Condition     `json:"conditions,omitempty"`
	hit          query.Hit
}

func (a *app) explain(c *cobra.Command, o *filterFlags, arg string) error {
	ref, err := parseTrackRef(arg)
	if err != nil {
		return err
	}
	return a.inIndex(c, journal.Consult, journal.SubExplain, func(_ context.Context, _ *engine.Store, act *engine.Act, ix *index.Store) error {
		return a.explainAct(c, act, ix, o, ref)
	})
}

// explainAct gathers, records, and only then shows.
func (a *app) explainAct(c *cobra.Command, act *engine.Act, ix *index.Store, o *filterFlags, ref trackRef) error {
	ctx := c.Context()
	f, q, err := o.asked(c, act, ix)
	if err != nil {
		return err
	}
	rec, err := ref.recording(ctx, ix)
	if err != nil {
		return err
	}
	key := index.Key{Recording: rec.ID, Track: ref.track}
	x, err := gather(ctx, ix, f, key)
	if err != nil {
		return err
	}
	d := journal.Details{Objects: synopsisObjects([]index.Recording{rec}, []index.Key{key})}
	if len(x.Conditions) > 0 {
		d.Query = q
	}
	if err := act.Record(d); err != nil {
		return err
	}
	return a.print(x, x.write)
}

func gather(ctx context.Context, ix *index.Store, f query.Filter, key index.Key) (*explanation, error) {
	hit, conditions, err := query.Explain(ctx, ix, f, key)
	if err != nil {
		return nil, err
	}
	x := &explanation{Size: hit.Size, Conditions: conditions, PathPoints: len(hit.Track.Path),
		Stops: hit.Track.Path.Stops(1e6), Unseen: hit.Track.Path.Gaps(max(unseenUS, 4*hit.Recording.Probe.FrameUS)), hit: hit}
	for _, p := range hit.Track.Path {
		if p.Interpolated {
			x.Interpolated++
		}
	}
	x.Record = hit.Record()
	if x.Votes, err = ix.Votes(ctx, key.Recording, key.Track); err != nil {
		return nil, err
	}
	if x.Decisions, err = ix.Decisions(ctx, key.Recording, key.Track); err != nil {
		return nil, err
	}
	if x.Corrections, err = ix.Rectifications(ctx, key.Recording, key.Track); err != nil {
		return nil, err
	}
	if x.Joins, err = ix.Joins(ctx, key.Recording, key.Track); err != nil {
		return nil, err
	}
	coverage, err := ix.Coverage(ctx, key.Recording)
	if err != nil {
		return nil, err
	}
	for _, v := range coverage {
		if v.Kind != scene.Seen && v.FromUS <= hit.Track.EndUS && v.ToUS >= hit.Track.StartUS {
			x.NotSeen = append(x.NotSeen, v)
		}
	}
	analysis, err := ix.Analysis(ctx, key.Recording)
	x.Analysis = &analysis
	return x, err
}

// write shows the explanation to a person.
func (x *explanation) write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 2, 0, 2, ' ', 0)
	k := x.hit.Track
	line := func(name, format string, args ...any) { fmt.Fprintf(t, name+"\t"+format+"\n", args...) }
	line("track", "%d:%d, %s", x.hit.Recording.ID, k.ID, x.hit.Status)
	line("camera", "%q, exhibit %q", x.hit.Recording.Camera, x.hit.Recording.Exhibit)
	line("life", "%s, media time %s to %s, %s in view", x.hit.When(), query.MediaTime(k.StartUS), query.MediaTime(k.EndUS), span(k.EndUS-k.StartUS))
	line("seen", "%.0f %% of its life; %d places, %d of them bridged", 100*k.Observed, x.PathPoints, x.Interpolated)
	x.writeAttributes(line)
	for _, s := range x.Stops {
		line("stood", "%s from %s", span(s.ToUS-s.FromUS), query.MediaTime(s.FromUS))
	}
	for _, u := range x.Unseen {
		line("joined", "unseen from %s to %s: taken for one object by its way, size and class", query.MediaTime(u.FromUS), query.MediaTime(u.ToUS))
	}
	for _, j := range x.Joins {
		line("join of files", "%s", joinText(j))
	}
	for _, v := range x.NotSeen {
		line("not seen", "%s to %s: %s %s", query.MediaTime(v.FromUS), query.MediaTime(v.ToUS), v.Kind, v.Reason)
	}
	for _, r := range x.Corrections {
		line("corrected", "%s: %s (score %.2f) to %s, by %q, record %d", r.Field, r.Before, r.BeforeScore, r.After, r.By, r.Record)
	}
	for _, d := range x.Decisions {
		line("decided", "%s by %q at %s, record %d %s", d.Verdict, d.By, time.UnixMicro(d.AtUS).Local().Format(time.RFC3339), d.Record, quoted(d.Text))
	}
	if an := x.Analysis; an != nil {
		line("found by", "build %s on %s", an.Build, an.Device)
		for _, m := range an.Models {
			line("", "model %s, SHA-256 %s", m.Name, m.SHA256)
		}
	}
	if len(x.Conditions) > 0 {
		fmt.Fprintln(t, "\nCONDITION\tWANTED\tHAD\tSO IT")
	}
	for _, c := range x.Conditions {
		so := "drops it"
		if c.Kept {
			so = "keeps it"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", c.Flag, fmt.Sprintf("%.200s", c.Wanted), c.Had, so)
	}
	return t.Flush()
}

// joinText says what the join of two files does to a track.
func joinText(j index.Join) string {
	edge, goes := "begins with", "was"
	if j.AtEnd {
		edge, goes = "ends with", "goes on as"
	}
	if j.OtherTrack == 0 {
		return fmt.Sprintf("it %s its file, which cuts it: its sudden %s is no event; nothing in recording %d was found to be its other half",
			edge, map[bool]string{true: "end", false: "beginning"}[j.AtEnd], j.OtherRecording)
	}
	return fmt.Sprintf("it %s its file, and %s %d:%d, by place, pace and size", edge, goes, j.OtherRecording, j.OtherTrack)
}

func (x *explanation) writeAttributes(line func(name, format string, args ...any)) {
	k := x.hit.Track
	line("class", "%s, score %.2f", k.Class, k.ClassScore)
	if v := x.Votes; v.Looks > 0 {
		line("", "the detector found it %s and said %s", times(v.Looks), shares(v.Class))
	} else if v.Known() {
		line("", "the detector never found it: motion alone tells of it")
	}
	voted := func(name string, c scene.Colour, score float64, votes map[string]float64) {
		line(name, "%s, score %.2f", c, score)
		if len(votes) > 0 {
			line("", "seen as %s", shares(votes))
		}
	}
	if k.Class == scene.Person {
		voted("upper clothing", k.Colour, k.ColourScore, x.Votes.Colour)
		voted("lower clothing", k.Lower, k.LowerScore, x.Votes.Lower)
	} else {
		voted("colour", k.Colour, k.ColourScore, x.Votes.Colour)
	}
	heading := "none: it did not travel far enough to tell"
	if deg, known := x.hit.Bearing(); known {
		heading = fmt.Sprintf("%s (%.0f°) in the picture", x.hit.Compass(), deg)
		if x.hit.North != nil {
			heading = fmt.Sprintf("%s (%.0f°) over ground, %.0f° in the picture", x.hit.Compass(), deg, k.Heading)
		}
	}
	line("heading", "%s", heading)
	line("size", "%.0fx%.0f px in the middle, from %.0fx%.0f to %.0fx%.0f", x.Size.MedianW, x.Size.MedianH,
		x.Size.MinW, x.Size.MinH, x.Size.MaxW, x.Size.MaxH)
	if p := x.hit.Plate; p != nil && p.Masked {
		line("plate", "%s, masked until the track is validated and its plate unmasked", p.Text)
	} else if p != nil {
		line("plate", "%s; posteriori hit unmask shows each read", p.Text)
	}
	if e := k.Event; e != scene.NoEvent {
		line("event", "%s at %s%s", e, query.MediaTime(k.EventUS), near(x.hit))
	}
	if g := x.hit.Ground; g != nil {
		line("over ground", "%s", groundText(*g))
	}
	way := fmt.Sprintf("%.0f px", x.hit.TravelPX)
	if n := len(k.Path); n > 0 {
		from, to := k.Path[0].Box.Bottom(), k.Path[n-1].Box.Bottom()
		way += fmt.Sprintf(", its foot from (%.0f, %.0f) to (%.0f, %.0f)", from.X, from.Y, to.X, to.Y)
	}
	line("way", "%s", way)
	line("picture", "at %s, box %.0f,%.0f %.0fx%.0f", query.MediaTime(k.BestUS), k.Best.X, k.Best.Y, k.Best.W, k.Best.H)
}

// shares tells votes, in hundredths of all, the greatest first.
func shares(votes map[string]float64) string {
	names := slices.SortedFunc(maps.Keys(votes), func(a, b string) int {
		return cmp.Or(cmp.Compare(votes[b], votes[a]), cmp.Compare(a, b))
	})
	for i, n := range names {
		names[i] = fmt.Sprintf("%s %.0f %%", n, votes[n])
	}
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// near names the track that was there as a thing was left or removed.
func near(h query.Hit) string {
	if h.Track.Linked == 0 {
		return ""
	}
	return fmt.Sprintf(", track %d:%d was there", h.Recording.ID, h.Track.Linked)
}

// groundText is what a calibration tells, each with its error.
func groundText(g query.Ground) string {
	var parts []string
	for _, x := range []struct {
		m          *scene.Measured
		what, unit string
	}{{g.Speed, "speed", "km/h"}, {g.Width, "width", "m"}, {g.Height, "height", "m"}} {
		if x.m != nil {
			parts = append(parts, fmt.Sprintf("%s %.1f±%.1f %s", x.what, x.m.Value, x.m.Error, x.unit))
		}
	}
	return strings.Join(parts, ", ")
}

func quoted(text string) string {
	if text == "" {
		return ""
	}
	return fmt.Sprintf("%q", text)
}
