package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"posteriori/engine"
	"posteriori/engine/evidence"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/journal"
)

func newEvidenceCommand(a *app) *cobra.Command {
	return group("evidence", "Show and check originals and the files made from them",
		newEvidenceListCommand(a), newEvidenceCheckCommand(a))
}

// evidenceRow is one original or derived file.
type evidenceRow struct {
	Kind    string          `json:"kind"` // original, or what the derived file is
	ID      int64           `json:"id"`
	Path    string          `json:"path"`
	SHA256  string          `json:"sha256"`
	Bytes   int64           `json:"bytes"`
	Exhibit string          `json:"exhibit,omitempty"` // of an original
	Made    string          `json:"made,omitempty"`    // of a derived file
	Record  *int64          `json:"record,omitempty"`  // of the act that made it
	How     json.RawMessage `json:"how,omitempty"`
	State   string          `json:"state,omitempty"` // of a check
	Error   string          `json:"error,omitempty"`
	rec     *index.Recording
}

func newEvidenceListCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "list -p ID",
		Short: "List originals and derived files with their hashes",
		Long: `List the procedure's originals and the files that were made from them, with
their SHA-256 and the record of the act that made each. --json adds how each was
made: command, filter, settings, sources, models and build.
` + exitStatus,
		Args: argsBetween(0, 0),
		RunE: func(c *cobra.Command, _ []string) error { return a.evidence(c, nil) },
	}
}

func newEvidenceCheckCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "check -p ID",
		Short: "Hash originals and derived files again and compare",
		Long: `Hash the procedure's originals and derived files again and compare them with
what was recorded. An altered original raises an alert (rule 21). The exit status
is 5 when a file was altered or an original is missing.
` + exitStatus,
		Args: argsBetween(0, 0),
		RunE: func(c *cobra.Command, _ []string) error { return a.evidence(c, a.checkRows) },
	}
}

// evidence lists the files, has check look at them where it is given, records
// the act and prints.
func (a *app) evidence(c *cobra.Command, check func(context.Context, *engine.Act, []evidenceRow) error) error {
	rows := []evidenceRow{}
	err := a.inIndex(c, journal.Consult, journal.SubShow, func(ctx context.Context, _ *engine.Store, act *engine.Act, ix *index.Store) error {
		var err error
		if rows, err = evidenceRows(ctx, ix); err != nil {
			return err
		}
		d := journal.Details{Params: `{"view":"evidence"}`}
		if check != nil {
			d.Params = engine.EvidenceCheck
			if err := check(ctx, act, rows); err != nil {
				return err
			}
		}
		for _, r := range rows {
			o := journal.Object{Kind: "derived", ID: fmt.Sprint(r.ID), SHA256: r.SHA256, Note: r.State}
			if r.rec != nil {
				o.Kind, o.Camera = "recording", r.rec.Camera
			}
			d.Objects = append(d.Objects, o)
		}
		return act.Record(d)
	})
	if err != nil {
		return err
	}
	if err := a.print(rows, func(w io.Writer) error { return printFiles(w, rows) }); err != nil {
		return err
	}
	return judgeEvidence(rows)
}

func evidenceRows(ctx context.Context, ix *index.Store) ([]evidenceRow, error) {
	recs, err := ix.Recordings(ctx)
	if err != nil {
		return nil, err
	}
	files, err := ix.DerivedFiles(ctx)
	if err != nil {
		return nil, err
	}
	rows := []evidenceRow{}
	for _, r := range recs {
		rows = append(rows, evidenceRow{Kind: "original", ID: r.ID, Path: r.Path, SHA256: r.SHA256, Bytes: r.Bytes, Exhibit: r.Exhibit, rec: &r})
	}
	for _, d := range files {
		rows = append(rows, evidenceRow{Kind: string(d.Kind), ID: d.ID, Path: d.Path, SHA256: d.SHA256, Bytes: d.Bytes,
			Made: time.UnixMicro(d.MadeUS).Local().Format(time.RFC3339), Record: &d.Record, How: json.RawMessage(d.How)})
	}
	return rows, nil
}

// checkRows hashes each file and notes what it is now.
func (a *app) checkRows(ctx context.Context, act *engine.Act, rows []evidenceRow) error {
	var total int64
	for _, r := range rows {
		total += r.Bytes
	}
	m := newHashMeter(a.stderr, "hashing", total)
	defer m.stop()
	for i := range rows {
		r := &rows[i]
		_, err := evidence.Check(ctx, r.Path, r.SHA256, m.file())
		m.skip(r.Bytes)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			r.State = engine.FileUnchanged
			continue
		case evidence.Altered(err):
			r.State = engine.FileAltered
		default:
			r.State = engine.FileMissing
		}
		r.Error = err.Error()
		if r.rec != nil {
			act.AlertAltered(ctx, err, *r.rec)
		}
	}
	return nil
}

// judgeEvidence is the error that a check ends with.
func judgeEvidence(rows []evidenceRow) error {
	altered, lost, gone := 0, 0, 0
	for _, r := range rows {
		switch {
		case r.State == engine.FileAltered && r.rec != nil:
			altered++
		case r.State == engine.FileAltered:
			gone++
		case r.State == engine.FileMissing && r.rec != nil:
			lost++
		}
	}
	switch {
	case altered > 0:
		return fault.New(fault.Integrity, "%d originals were altered", altered).UnderRule("21").
			WithHint("go back to the sealed exhibits; nothing is done with an altered file")
	case lost > 0:
		return fault.New(fault.Integrity, "%d originals cannot be read where they were", lost).UnderRule("21").
			WithHint("put them back, or import them from where they are: their new place is noted")
	case gone > 0:
		return fault.New(fault.Integrity, "%d derived files are not what was made", gone).WithHint("make them anew")
	}
	return nil
}

func printFiles(w io.Writer, rows []evidenceRow) error {
	if len(rows) == 0 {
		_, err := fmt.Fprintln(w, "the procedure has no recordings")
		return err
	}
	t := tabwriter.NewWriter(w, 2, 0, 2, ' ', 0)
	for _, r := range rows {
		from := "exhibit " + r.Exhibit
		if r.Record != nil {
			from = fmt.Sprintf("record %d, %s", *r.Record, r.Made)
		}
		fmt.Fprintf(t, "%s %d\t%s\t%s\t%s\t%s\n", r.Kind, r.ID, r.SHA256, r.State, fault.Printable(from), fault.Printable(r.Path))
	}
	return t.Flush()
}
