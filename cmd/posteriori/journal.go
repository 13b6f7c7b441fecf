package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"posteriori/engine"
	"posteriori/engine/fault"
	"posteriori/engine/journal"
)

func newJournalCommand(a *app) *cobra.Command {
	return group("journal", "Show, verify, prove and export the journal", newJournalShowCommand(a), newJournalVerifyCommand(a),
		newJournalProveCommand(a), newJournalCheckpointCommand(a), newJournalExportCommand(a), newJournalStatsCommand(a))
}

// journalShowOptions are the flags of posteriori journal show.
type journalShowOptions struct {
	operation, sub, outcome, person, from, to string
	first                                     int64
	limit                                     int
}

func newJournalShowCommand(a *app) *cobra.Command {
	var o journalShowOptions
	c := &cobra.Command{
		Use:   "show [-p ID]",
		Short: "Show the records of a journal",
		Long: `Show the records of a procedure's journal, or without -p of the store's own.
Reading the journal is itself recorded, so the last record shown is this one.
Times are shown in UTC and as the machine's clock had them when the act was
done; a date without a time is one of this machine's zone. --json prints the records whole.
` + exitStatus,
		Example: `  posteriori journal show -p 2025-00123 --outcome refused --reason "control"`,
		Args:    argsBetween(0, 0),
		RunE:    func(c *cobra.Command, _ []string) error { return a.journalShow(c, o) },
	}
	f := c.Flags()
	f.StringVar(&o.operation, "operation", "", "only this `operation`: collecte, modification, consultation, communication, interconnexion, effacement")
	f.StringVar(&o.sub, "sub", "", "only this `act`: import, analyse, query …")
	f.StringVar(&o.outcome, "outcome", "", "only this `outcome`: ok, refused, failed")
	f.StringVar(&o.person, "person", "", "only acts of this `account`, by name, number or matricule")
	f.StringVar(&o.from, "from", "", "not before this `time` (RFC 3339, or YYYY-MM-DD of this machine's zone)")
	f.StringVar(&o.to, "to", "", "before this `time`")
	f.Int64Var(&o.first, "first", 0, "start at this `record`")
	f.IntVar(&o.limit, "limit", 0, "at most so many `records`")
	return c
}

// filter reads the flags.
func (o journalShowOptions) filter(c *cobra.Command) (journal.Filter, error) {
	f := journal.Filter{Operation: journal.Operation(o.operation), Sub: journal.Sub(o.sub),
		Outcome: journal.Outcome(o.outcome), Person: o.person, First: o.first, Limit: o.limit}
	if o.operation != "" && !slices.Contains(journal.Operations, f.Operation) {
		return f, usage(c, "--operation %q is none", o.operation)
	}
	if o.sub != "" && !slices.Contains(journal.Subs, f.Sub) {
		return f, usage(c, "--sub %q is none", o.sub)
	}
	if o.outcome != "" && !slices.Contains([]journal.Outcome{journal.OK, journal.Refused, journal.Failed}, f.Outcome) {
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

// printRecords writes one line for each record, whatever its texts hold.
func printRecords(w io.Writer, rs []journal.Record) error {
	t := tabwriter.NewWriter(w, 2, 0, 2, ' ', 0)
	fmt.Fprintln(t, "SEQ\tTIME (UTC)\tLOCAL\tWHO\tOPERATION\tACT\tOUTCOME\tREASON")
	for _, r := range rs {
		utc, local := recordTimes(r)
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.Seq, utc, local, onLine(r.Person.Account),
			onLine(string(r.Operation)), onLine(string(r.Sub)), recordOutcome(r), onLine(r.Reason))
	}
	return t.Flush()
}

// recordTimes are a record's two times to the second, as it bears them.
func recordTimes(r journal.Record) (utc, local string) {
	cut := func(s string) string {
		at, err := time.Parse(time.RFC3339, s)
		if err != nil {
			return onLine(s)
		}
		return at.Format("2006-01-02 15:04:05Z07:00")
	}
	return cut(r.TimeUTC), cut(r.TimeLocal)
}

// recordOutcome is how an act ended, and what is odd about its record.
func recordOutcome(r journal.Record) string {
	s := string(r.Outcome)
	if r.Rule != "" {
		s += ", rule " + r.Rule
	}
	if r.Of != nil {
		s += fmt.Sprintf(" (of %d)", *r.Of)
	}
	if r.ClockBack != "" {
		s += ", clock set back by " + r.ClockBack
	}
	if r.Recovered != nil {
		s += ", after an interrupted writer"
	}
	return onLine(s)
}

// onLine writes a text so that it stays in its cell: spaces of any kind become
// one, and no terminal obeys what is left.
func onLine(s string) string { return fault.Printable(strings.Join(strings.Fields(s), " ")) }
