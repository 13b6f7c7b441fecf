package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"posteriori/engine"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
)

func newHitCommand(a *app) *cobra.Command {
	return group("hit", "Decide, as a person, on what the engine proposes",
		newHitDecideCommand(a, hitValidate), newHitDecideCommand(a, hitReject), newHitDecideCommand(a, hitComment),
		newHitUnmaskCommand(a), newHitImportCommand(a), newHitListCommand(a))
}

// hitVerdict is one thing a person can say of a track.
type hitVerdict struct {
	use, short, long, past string
	what                   index.Verdict
	sub                    journal.Sub
}

var (
	hitValidate = hitVerdict{"validate", "Say that tracks are what is looked for",
		"Say that tracks are what is looked for. Only validated tracks enter the report as\nfindings.", "validated", index.Validated, journal.SubValidate}
	hitReject = hitVerdict{"reject", "Say that tracks are not what is looked for",
		"Say that tracks are not what is looked for. Rejected tracks stand in the report\ntoo, as what was looked at and set aside.", "rejected", index.Rejected, journal.SubReject}
	hitComment = hitVerdict{"comment", "Write a remark on tracks",
		"Write a remark on tracks. It changes no decision. The text is kept in the\nencrypted index, not in the journal.", "commented", index.Comment, journal.SubComment}
)

func newHitDecideCommand(a *app, v hitVerdict) *cobra.Command {
	var text string
	c := &cobra.Command{
		Use:   v.use + " -p ID [REC:]TRACK…",
		Short: v.short,
		Long: v.long + ` What the engine finds is a proposal, whatever its
score: a person decides (rule 20). A decision can be changed; all of them are
kept, with who took them and when.
` + exitStatus,
		Example: "  posteriori hit " + v.use + ` -p 2026-00123 1:17 1:20 --text "white van, rear door dented" --reason "vehicle of the facts"`,
		Args:    argsBetween(1, -1),
		RunE:    func(c *cobra.Command, args []string) error { return a.hit(c, v, text, args) },
	}
	c.Flags().StringVar(&text, "text", "", "a `remark`, kept in the encrypted index")
	return c
}

// hitRow is what became of one track.
type hitRow struct {
	Recording int64         `json:"recording"`
	Track     int64         `json:"track"`
	Verdict   index.Verdict `json:"verdict"`
	Was       index.Status  `json:"was"`
	Unchanged bool          `json:"unchanged,omitempty"` // it was so already
}

func (a *app) hit(c *cobra.Command, v hitVerdict, text string, args []string) error {
	var refs []trackRef
	for _, arg := range args {
		r, err := parseTrackRef(arg)
		if err != nil {
			return err
		}
		refs = append(refs, r)
	}
	if v.what == index.Comment && text == "" {
		return usage(c, "a comment needs --text")
	}
	var rows []hitRow
	err := a.inProcedure(c, journal.Modify, v.sub, func(ctx context.Context, store *engine.Store, act *engine.Act) error {
		var err error
		rows, err = decideHits(ctx, store, act, v, text, refs)
		return err
	})
	if err != nil {
		return err
	}
	return a.print(rows, func(w io.Writer) error {
		for _, r := range rows {
			line := fmt.Sprintf("%d:%d %s", r.Recording, r.Track, v.past)
			if r.Unchanged {
				line += " already: nothing changed"
			} else if v.what != index.Comment {
				line += fmt.Sprintf(" (was %s)", r.Was)
			}
			if _, err := fmt.Fprintln(w, line); err != nil {
				return err
			}
		}
		return nil
	})
}

// decideHits finds the tracks, records the act, and stores the decisions.
func decideHits(ctx context.Context, store *engine.Store, act *engine.Act, v hitVerdict, text string, refs []trackRef) ([]hitRow, error) {
	if err := procedure.CheckText("the text", text); err != nil {
		return nil, err
	}
	ix, err := act.Procedure().Index(ctx)
	if err != nil {
		return nil, err
	}
	defer ix.Close()
	var rows []hitRow
	var objects []journal.Object
	for _, ref := range refs {
		rec, err := ref.recording(ctx, ix)
		if err != nil {
			return nil, err
		}
		if _, err := ix.Track(ctx, rec.ID, ref.track, false); err != nil {
			return nil, err
		}
		row := hitRow{Recording: rec.ID, Track: ref.track, Verdict: v.what}
		if slices.ContainsFunc(rows, func(r hitRow) bool { return r.Recording == row.Recording && r.Track == row.Track }) {
			continue
		}
		if row.Was, err = statusOf(ctx, ix, rec.ID, ref.track); err != nil {
			return nil, err
		}
		row.Unchanged = v.what != index.Comment && text == "" && row.Was == index.Status(v.what)
		rows, objects = append(rows, row), addTrack(objects, rec, ref.track)
	}
	if err := act.Record(journal.Details{Objects: objects}); err != nil {
		return nil, err
	}
	seq, _ := act.Seq()
	for _, r := range rows {
		if r.Unchanged {
			continue
		}
		_, err := ix.Decide(ctx, index.Decision{Recording: r.Recording, Track: r.Track, Verdict: v.what, Text: text,
			By: act.By(), AtUS: store.Now().UnixMicro(), Record: seq})
		if err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// statusOf is where a track stands after the last verdict that is no comment.
func statusOf(ctx context.Context, ix *index.Store, rec, track int64) (index.Status, error) {
	all, err := ix.Decisions(ctx, rec, track)
	status := index.Proposed
	for _, d := range all {
		if d.Verdict != index.Comment {
			status = index.Status(d.Verdict)
		}
	}
	return status, err
}

// addTrack names a track among the objects of a record.
func addTrack(objects []journal.Object, rec index.Recording, track int64) []journal.Object {
	id := fmt.Sprint(rec.ID)
	i := slices.IndexFunc(objects, func(o journal.Object) bool { return o.ID == id })
	if i < 0 {
		objects = append(objects, recordingObjects([]index.Recording{rec})...)
		i = len(objects) - 1
	}
	objects[i].Tracks = append(objects[i].Tracks, track)
	return objects
}

func newHitListCommand(a *app) *cobra.Command {
	var verdictOnly string
	c := &cobra.Command{
		Use:   "list -p ID",
		Short: "List what people decided, in the order they did",
		Long:  "List what people decided on the procedure's tracks, in the order they did,\nremarks included.\n" + exitStatus,
		Args:  argsBetween(0, 0),
		RunE:  func(c *cobra.Command, _ []string) error { return a.hitList(c, index.Verdict(verdictOnly)) },
	}
	c.Flags().StringVar(&verdictOnly, "verdict", "", "only this `verdict`: validated, rejected or comment")
	return c
}

func (a *app) hitList(c *cobra.Command, only index.Verdict) error {
	if only != "" && only != index.Validated && only != index.Rejected && only != index.Comment {
		return usage(c, "--verdict %q is none of validated, rejected, comment", only)
	}
	list := []index.Decision{}
	err := a.inIndex(c, journal.Consult, journal.SubView, func(ctx context.Context, _ *engine.Store, act *engine.Act, ix *index.Store) error {
		all, err := ix.Decisions(ctx, 0, 0)
		if err != nil {
			return err
		}
		for _, d := range all {
			if only == "" || d.Verdict == only {
				list = append(list, d)
			}
		}
		return act.Record(journal.Details{Params: `{"view":"decisions"}`, Result: fmt.Sprintf("%d decisions", len(list))})
	})
	if err != nil {
		return err
	}
	return a.print(list, func(w io.Writer) error {
		if len(list) == 0 {
			_, err := fmt.Fprintln(w, "nobody has decided on anything yet")
			return err
		}
		t := tabwriter.NewWriter(w, 2, 0, 2, ' ', 0)
		fmt.Fprintln(t, "TRACK\tVERDICT\tBY\tAT\tRECORD\tTEXT")
		for _, d := range list {
			fmt.Fprintf(t, "%d:%d\t%s\t%s\t%s\t%d\t%s\n", d.Recording, d.Track, d.Verdict, fault.Printable(d.By),
				time.UnixMicro(d.AtUS).Local().Format(time.RFC3339), d.Record, fault.Printable(d.Text))
		}
		return t.Flush()
	})
}
