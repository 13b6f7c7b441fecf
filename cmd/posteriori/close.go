package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"posteriori/engine"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
)

// closeOptions are the flags of posteriori procedure close.
type closeOptions struct {
	out     string // folder for the documents
	copyDir string
	request procedure.CopyRequest
	dryRun  bool
}

func newProcedureCloseCommand(a *app) *cobra.Command {
	var o closeOptions
	c := &cobra.Command{
		Use:   "close ID -o DIR",
		Short: "Close a procedure: report, mention, copy on request, erasure, certificate",
		Long: `Close a procedure. It goes step by step, and each step is an act of its own:

  begin        nothing more is added to the procedure
  report       rapport d'exploitation, unless one is there and up to date
  mention      mention en procédure, likewise
  copy         of all data, only at a magistrate's request (--copy)
  purge        the procedure's key is destroyed, and its index and files; the
               journal stays and still verifies
  certificate  certificat d'effacement, which names the files handed over
  finish       the procedure is closed

The documents go into DIR. Killed at any point, the same command goes on where
it stopped. After the purge there is nothing left of what was found: only the
journal and the documents. The originals are the exhibits'; they are not touched.
` + exitStatus,
		Example: `  posteriori procedure close 2026-00123 --dry-run --reason "fin d'enquête"
  posteriori procedure close 2026-00123 -o documents --reason "fin d'enquête"
  posteriori procedure close 2026-00123 -o documents --copy copie --copy-request REQ-9 --copy-magistrate "Mme Martin"`,
		Args: argsBetween(0, 1),
		RunE: func(c *cobra.Command, args []string) error { return a.closeProcedure(c, o, args) },
	}
	f := c.Flags()
	f.StringVarP(&o.out, "output", "o", "", "`folder` for the documents that are made")
	f.StringVar(&o.copyDir, "copy", "", "new `folder` for a copy of all data, at the magistrate's request")
	f.StringVar(&o.request.Reference, "copy-request", "", "`reference` of the magistrate's request for a copy")
	f.StringVar(&o.request.Magistrate, "copy-magistrate", "", "`name` of the magistrate who asks for the copy")
	f.BoolVar(&o.dryRun, "dry-run", false, "only list the steps that are left")
	return c
}

// copyRequest is what the flags ask for; nil when no copy is.
func (o closeOptions) copyRequest() *procedure.CopyRequest {
	if o.copyDir == "" && o.request == (procedure.CopyRequest{}) {
		return nil
	}
	return &o.request
}

func (a *app) closeProcedure(c *cobra.Command, o closeOptions, args []string) error {
	id, err := a.oneID(c, args)
	if err != nil {
		return err
	}
	store, err := a.openStore()
	if err != nil {
		return err
	}
	if o.dryRun {
		return a.closeDryRun(c, store, id, o)
	}
	done := []procedure.Step{}
	var paper func(context.Context, procedure.Step) error
	if o.out != "" {
		paper = func(ctx context.Context, step procedure.Step) error {
			return a.closingPaper(ctx, store, id, step, o.out)
		}
	}
	err = store.CloseProcedure(c.Context(), id, engine.CloseOptions{
		Reason: a.reason, Copy: o.copyRequest(), CopyDir: o.copyDir, Paper: paper,
		Tell: func(step procedure.Step) {
			done = append(done, step)
			a.notef("done: %s", engine.StepText(step))
		},
	})
	if err != nil {
		return err
	}
	return a.print(map[string]any{"procedure": id, "steps": done}, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "procedure %s is closed; its journal stays: posteriori journal show -p %s\n", id, id)
		return err
	})
}

// closeDryRun lists the steps that are left, as an act of its own.
func (a *app) closeDryRun(c *cobra.Command, store *engine.Store, id string, o closeOptions) error {
	var left []procedure.Step
	spec := engine.ActSpec{Procedure: id, Operation: journal.Consult, Sub: journal.SubClose, Reason: a.reason}
	err := store.Do(c.Context(), spec, func(act *engine.Act) error {
		var err error
		if left, err = store.ClosingSteps(id, o.copyRequest()); err != nil {
			return err
		}
		steps, err := json.Marshal(left)
		if err != nil {
			return err
		}
		return act.Record(journal.Details{Params: `{"dry_run":true}`, Result: string(steps)})
	})
	if err != nil {
		return err
	}
	return a.print(left, func(w io.Writer) error {
		for i, step := range left {
			if _, err := fmt.Fprintf(w, "%d. %s\n", i+1, engine.StepText(step)); err != nil {
				return err
			}
		}
		return nil
	})
}

func newProcedureExtendCommand(a *app) *cobra.Command {
	var d procedure.Authorisation
	var until string
	c := &cobra.Command{
		Use:   "extend ID --until DATE",
		Short: "Record a magistrate's decision to keep the data longer",
		Long: `Record the decision of a magistrate to keep the procedure's data beyond three
years (rule 14), until the end of a day. It counts for recordings whose time is
not over; what is due cannot be revived. The signed document is asked for.
` + exitStatus,
		Example: `  posteriori procedure extend 2026-00123 --until 2030-01-31 --magistrate "Mme Martin" \
    --quality procureur --date 2028-12-01 --reference P-3 --document prolongation.pdf --reason "instruction en cours"`,
		Args: argsBetween(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			day, err := time.ParseInLocation(time.DateOnly, until, time.Local)
			if err != nil {
				return usage(c, "--until %q is no day like 2030-01-31", until)
			}
			return a.extend(c, args, d, day.AddDate(0, 0, 1))
		},
	}
	c.Flags().StringVar(&until, "until", "", "last `day` on which the data is kept, YYYY-MM-DD")
	decisionFlags(c, &d)
	return c
}

func (a *app) extend(c *cobra.Command, args []string, d procedure.Authorisation, until time.Time) error {
	id, err := a.oneID(c, args)
	if err != nil {
		return err
	}
	store, err := a.openStore()
	if err != nil {
		return err
	}
	var doc procedure.Document
	spec := engine.ActSpec{Procedure: id, Operation: journal.Modify, Sub: journal.SubExtend, Reason: a.reason}
	err = store.Do(c.Context(), spec, func(act *engine.Act) error {
		if err := hashDocument(c.Context(), &d); err != nil {
			return err
		}
		about := journal.Details{Result: "until " + until.Format(time.RFC3339), Decision: &journal.Decision{
			Quality: string(d.Quality), Date: d.Date, Reference: d.Reference, Document: d.SHA256}}
		err := act.ChangeProcedure(c.Context(), about, func(doc procedure.Document) (procedure.Document, error) {
			return procedure.Extend(doc, d, until, store.Now())
		})
		doc = act.Procedure().Doc
		return err
	})
	if err != nil {
		return err
	}
	return a.printProcedure(doc, store.Mark())
}

// retentionRows show until when a procedure's data is kept.
func retentionRows(row func(string, any), d procedure.Document) {
	for _, e := range d.Retention.Extensions {
		row("extended", fmt.Sprintf("until %s by %s (%s), %s, %s", e.Until.Format(time.DateOnly), e.Magistrate, e.Quality, e.Date, e.Reference))
	}
	if next := procedure.Stand(d, time.Time{}).Next; !next.IsZero() {
		row("erasure", "on "+next.Format(time.DateOnly)+" at the latest")
	}
}
