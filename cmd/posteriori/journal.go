package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"posteriori/engine"
	"posteriori/engine/fault"
	"posteriori/engine/journal"
)

func newJournalCommand(a *app) *cobra.Command {
	return group("journal", "Show and verify the journal", newJournalShowCommand(a), newJournalVerifyCommand(a))
}

// journalShowOptions are the flags of posteriori journal show.
type journalShowOptions struct {
	operation, sub, outcome, uid, from, to string
	first                                  int64
	limit                                  int
}

func newJournalShowCommand(a *app) *cobra.Command {
	var o journalShowOptions
	c := &cobra.Command{
		Use:   "show [-p ID]",
		Short: "Show the records of a journal",
		Long: `Show the records of a procedure's journal, or without -p of the store's own.
Reading the journal is itself recorded, so the last record shown is this one.
--json prints the records whole.
` + exitStatus,
		Example: `  posteriori journal show -p 2025-00123 --outcome refused --reason "control"`,
		Args:    argsBetween(0, 0),
		RunE:    func(c *cobra.Command, _ []string) error { return a.journalShow(c, o) },
	}
	f := c.Flags()
	f.StringVar(&o.operation, "operation", "", "only this `operation`: collecte, modification, consultation, communication, interconnexion, effacement")
	f.StringVar(&o.sub, "sub", "", "only this `act`: import, analyse, query …")
	f.StringVar(&o.outcome, "outcome", "", "only this `outcome`: ok, refused, failed")
	f.StringVar(&o.uid, "uid", "", "only acts of this `account number`")
	f.StringVar(&o.from, "from", "", "not before this `time` (RFC 3339 or YYYY-MM-DD)")
	f.StringVar(&o.to, "to", "", "before this `time`")
	f.Int64Var(&o.first, "first", 0, "start at this `record`")
	f.IntVar(&o.limit, "limit", 0, "at most so many `records`")
	return c
}

// filter reads the flags.
func (o journalShowOptions) filter(c *cobra.Command) (journal.Filter, error) {
	f := journal.Filter{Operation: journal.Operation(o.operation), Sub: journal.Sub(o.sub),
		Outcome: journal.Outcome(o.outcome), Person: o.uid, First: o.first, Limit: o.limit}
	if o.operation != "" && !known(journal.Operations, f.Operation) {
		return f, usage(c, "--operation %q is none", o.operation)
	}
	if o.sub != "" && !known(journal.Subs, f.Sub) {
		return f, usage(c, "--sub %q is none", o.sub)
	}
	if o.outcome != "" && !known([]journal.Outcome{journal.OK, journal.Refused, journal.Failed}, f.Outcome) {
		return f, usage(c, "--outcome %q is none", o.outcome)
	}
	for _, x := range []struct {
		name, text string
		to         *time.Time
	}{{"from", o.from, &f.From}, {"to", o.to, &f.To}} {
		if x.text == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339, x.text)
		if err != nil {
			t, err = time.ParseInLocation(time.DateOnly, x.text, time.Local)
		}
		if err != nil {
			return f, usage(c, "--%s %q is no time", x.name, x.text)
		}
		*x.to = t
	}
	return f, nil
}

func known[T comparable](list []T, x T) bool {
	for _, v := range list {
		if v == x {
			return true
		}
	}
	return false
}

func (a *app) journalShow(c *cobra.Command, o journalShowOptions) error {
	filter, err := o.filter(c)
	if err != nil {
		return err
	}
	store, err := a.openStore()
	if err != nil {
		return err
	}
	spec := engine.ActSpec{Procedure: a.procedure, Operation: journal.Consult, Sub: journal.SubJournalShow, Reason: a.reason}
	return store.Do(c.Context(), spec, func(act *engine.Act) error {
		if err := act.Record(journal.Details{}); err != nil {
			return err
		}
		rs := []journal.Record{}
		for r, err := range act.Journal().Records(filter) {
			if err != nil {
				return err
			}
			rs = append(rs, r)
		}
		return a.print(rs, func(w io.Writer) error { return printRecords(w, rs) })
	})
}

func printRecords(w io.Writer, rs []journal.Record) error {
	t := tabwriter.NewWriter(w, 2, 0, 2, ' ', 0)
	fmt.Fprintln(t, "SEQ\tTIME\tWHO\tOPERATION\tACT\tOUTCOME\tREASON")
	for _, r := range rs {
		local := r.TimeLocal
		if at, err := r.Time(); err == nil {
			local = at.Local().Format("2006-01-02 15:04:05Z07:00")
		}
		outcome := string(r.Outcome)
		if r.Rule != "" {
			outcome += ", rule " + r.Rule
		}
		if r.Of != nil {
			outcome += fmt.Sprintf(" (of %d)", *r.Of)
		}
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", r.Seq, local, r.Person.Account, r.Operation, r.Sub, outcome,
			fault.Printable(strings.Join(strings.Fields(r.Reason), " ")))
	}
	return t.Flush()
}

// journalVerifyOptions are the flags of posteriori journal verify.
type journalVerifyOptions struct {
	from, key, held string
}

func newJournalVerifyCommand(a *app) *cobra.Command {
	var o journalVerifyOptions
	c := &cobra.Command{
		Use:   "verify [-p ID | --from DIR --key FILE]",
		Short: "Check a journal and name the first record that was touched",
		Long: `Check a procedure's journal, or without -p the store's own: every signature, the
tree, the checkpoint. The first record that was altered, dropped, moved or
inserted is named, and the exit status is then 5.

With --from the journal is a folder that came from elsewhere, such as a copy of
procedures/ID/journal, and --key the public key as it was handed over; no store
is needed and nothing is recorded. With --held the journal must also continue
the checkpoint (SIZE:ROOT) that an earlier document printed: only that shows
that the folder as a whole was not put back to an older state.
` + exitStatus,
		Example: `  posteriori journal verify -p 2025-00123 --reason "before the report"
  posteriori journal verify --from copy/journal --key journal.pub --held 12:q1…=`,
		Args: argsBetween(0, 0),
		RunE: func(c *cobra.Command, _ []string) error { return a.journalVerify(c, o) },
	}
	f := c.Flags()
	f.StringVar(&o.from, "from", "", "`folder` of a journal outside the store")
	f.StringVar(&o.key, "key", "", "`file` with the public key, for --from")
	f.StringVar(&o.held, "held", "", "a checkpoint held outside, `SIZE:ROOT`")
	return c
}

func (a *app) journalVerify(c *cobra.Command, o journalVerifyOptions) error {
	var held *journal.Checkpoint
	if o.held != "" {
		cp, err := journal.ParseHeld(o.held)
		if err != nil {
			return usage(c, "--held: %v", err)
		}
		held = &cp
	}
	var r journal.Report
	var err error
	switch {
	case (o.from == "") != (o.key == ""):
		return usage(c, "--from and --key go together")
	case o.from != "":
		r, err = a.verifyElsewhere(c, o, held)
	default:
		r, err = a.verifyOwn(c, held)
	}
	if err != nil {
		return err
	}
	if err := a.print(r, func(w io.Writer) error { return printReport(w, r) }); err != nil {
		return err
	}
	return r.Err()
}

func (a *app) verifyElsewhere(c *cobra.Command, o journalVerifyOptions, held *journal.Checkpoint) (journal.Report, error) {
	key, err := os.ReadFile(o.key)
	if err != nil {
		return journal.Report{}, fault.Wrap(fault.BadInput, err, "the public key cannot be read").OnFile(o.key)
	}
	return journal.VerifyDir(c.Context(), o.from, string(key), journal.Check{Held: held})
}

// verifyOwn verifies a journal of the store. The act is recorded in that
// journal when it is intact, else in the store's own. When not even that takes
// a record, the finding is still shown.
func (a *app) verifyOwn(c *cobra.Command, held *journal.Checkpoint) (journal.Report, error) {
	store, err := a.openStore()
	if err != nil {
		return journal.Report{}, err
	}
	var r journal.Report
	if a.procedure != "" {
		if _, err = store.OpenProcedure(a.procedure); err == nil {
			r, err = store.VerifyJournal(c.Context(), a.procedure, held)
		}
	} else {
		r, err = store.VerifyJournal(c.Context(), "", held)
	}
	spec := engine.ActSpec{Procedure: a.procedure, Operation: journal.Consult, Sub: journal.SubJournalVerify, Reason: a.reason}
	touched := err == nil && !r.Intact
	if touched {
		spec.Procedure = ""
	}
	derr := store.Do(c.Context(), spec, func(act *engine.Act) error {
		if err != nil {
			return err
		}
		return act.Record(journal.Details{Result: verdictOf(r),
			Objects: []journal.Object{{Kind: "journal", ID: r.Origin, Note: journal.Checkpoint{Size: r.Records, Root: r.Root}.Held()}}})
	})
	if touched && derr != nil && fault.KindOf(derr) != fault.Refused {
		a.notef("this could not be recorded: %v", derr)
		return r, nil
	}
	return r, derr
}

// verdictOf puts a report in a few words.
func verdictOf(r journal.Report) string {
	switch {
	case r.Intact:
		return "intact"
	case r.First >= 0:
		return fmt.Sprintf("touched, first at record %d", r.First)
	}
	return "touched"
}

func printReport(w io.Writer, r journal.Report) error {
	fmt.Fprintf(w, "journal     %s\nverdict     %s\nrecords     %d\ncheckpoint  %s\nkey         %s\n",
		r.Origin, verdictOf(r), r.Size, journal.Checkpoint{Size: r.Records, Root: r.Root}.Held(), r.Key)
	for _, f := range r.Findings {
		at := f.File
		if f.Seq >= 0 {
			at += fmt.Sprintf(", record %d", f.Seq)
		}
		fmt.Fprintf(w, "finding     %s: %s\n", at, f.What)
	}
	for _, n := range r.Notes {
		fmt.Fprintf(w, "note        %s\n", n)
	}
	return nil
}
