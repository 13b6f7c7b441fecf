package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"posteriori/engine"
	"posteriori/engine/fault"
	"posteriori/engine/journal"
	"posteriori/engine/report"
)

// habilitationOptions are the flags of posteriori habilitation.
type habilitationOptions struct {
	documentOptions
	at string
}

func newHabilitationCommand(a *app) *cobra.Command {
	var o habilitationOptions
	c := &cobra.Command{
		Use:   "habilitation -p ID [ACCOUNT]",
		Short: "Print the habilitation line for the procès-verbal",
		Long: `Print, in French, the line that a procès-verbal needs (rule 6): under which
habilitation an agent worked in the procedure. Without ACCOUNT it is that of
whoever asks. --at gives the line as it was at that time: the register of users
as it stood then, checked against the hash that the journal recorded of it.
With -o it is written as a document with the whole extract.
` + exitStatus,
		Example: `  posteriori habilitation -p 2026-00123
  posteriori habilitation -p 2026-00123 zlefevre --at 2026-02-21T10:00:00+01:00 -o habilitation.pdf`,
		Args: argsBetween(0, 1),
		RunE: func(c *cobra.Command, args []string) error { return a.habilitation(c, o, args) },
	}
	o.bind(c)
	c.Flags().StringVar(&o.at, "at", "", "as it was at this `time` (RFC 3339, or YYYY-MM-DD for the end of that day)")
	return c
}

// moment is the time that the flags ask for.
func (o habilitationOptions) moment(c *cobra.Command, now time.Time) (time.Time, error) {
	if o.at == "" {
		return now, nil
	}
	at, err := time.Parse(time.RFC3339, o.at)
	if err != nil {
		day, derr := time.ParseInLocation(time.DateOnly, o.at, time.Local)
		if derr != nil {
			return at, usage(c, "--at %q is no time like 2026-02-21T10:00:00+01:00", o.at)
		}
		at = day.AddDate(0, 0, 1).Add(-time.Second)
	}
	if at.After(now) {
		return now, fault.New(fault.Usage, "--at %s is to come: nobody knows who will be habilitated then", o.at)
	}
	return at, nil
}

func (a *app) habilitation(c *cobra.Command, o habilitationOptions, args []string) error {
	if o.out != "" {
		if err := checkOutput(c, o.out, ".pdf", ".html"); err != nil {
			return err
		}
	}
	id, err := a.needProcedure(c)
	if err != nil {
		return err
	}
	store, err := a.openStore()
	if err != nil {
		return err
	}
	at, err := o.moment(c, store.Now())
	if err != nil {
		return err
	}
	account := ""
	if len(args) == 1 {
		account = args[0]
	}
	var h report.Habilitation
	spec := engine.ActSpec{Procedure: id, Operation: journal.Consult, Sub: journal.SubUserShow, Reason: a.reason}
	err = store.Do(c.Context(), spec, func(act *engine.Act) error {
		if h, err = engine.MakeHabilitation(c.Context(), act, account, at); err != nil {
			return err
		}
		return a.habilitationAct(c.Context(), act, h, o)
	})
	if err != nil {
		return err
	}
	return a.print(map[string]any{"line": h.Line(), "at": at.UTC(), "register_sha256": h.Document, "register_record": h.Record}, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, h.Line())
		return err
	})
}

// habilitationAct records the act, and writes the document if one is asked for.
func (a *app) habilitationAct(ctx context.Context, act *engine.Act, h report.Habilitation, o habilitationOptions) error {
	if o.out == "" {
		return act.Record(journal.Details{Objects: []journal.Object{{Kind: "users", SHA256: h.Document}}})
	}
	if err := spareIn(ctx, act, o.out); err != nil {
		return err
	}
	_, err := act.Issue(ctx, engine.Dossier{Renderer: h, Kind: "habilitation"}, o.out, o.overwrite)
	return err
}
