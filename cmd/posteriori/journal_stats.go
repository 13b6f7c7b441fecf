package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"posteriori/engine"
	"posteriori/engine/fault"
	"posteriori/engine/journal"
)

func newJournalStatsCommand(a *app) *cobra.Command {
	var year int
	c := &cobra.Command{
		Use:   "stats [--year YEAR]",
		Short: "Count the acts of all journals, for the annual report",
		Long: `Count the records of the store's own journal and of every procedure's by
operation, act, outcome, month and legal frame. No name, reason or procedure
number is shown. It is an act on the store and counts itself. A journal that
was touched stops it. Months and years are of each record's local time.
` + exitStatus,
		Example: `  posteriori journal stats --year 2026 --reason "rapport annuel"`,
		Args:    argsBetween(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			if c.Flags().Changed("year") && (year < 1970 || year > 9999) {
				return usage(c, "--year %d is none", year)
			}
			return a.journalStats(c, year)
		},
	}
	c.Flags().IntVar(&year, "year", 0, "only this `year` (default all)")
	return c
}

func (a *app) journalStats(c *cobra.Command, year int) error {
	if c.Flags().Changed("procedure") {
		return fault.New(fault.Usage, "statistics are over all procedures: leave -p out").
			WithHint("posteriori journal show -p ID lists one procedure's acts")
	}
	store, err := a.openStore()
	if err != nil {
		return err
	}
	spec := a.journalSpec(journal.Consult, journal.SubJournalStats)
	spec.Procedure = ""
	return store.Do(c.Context(), spec, func(act *engine.Act) error {
		if err := act.Record(journal.Details{Params: fmt.Sprintf(`{"year":%d}`, year)}); err != nil {
			return err
		}
		s, err := act.JournalStats(c.Context(), year)
		if err != nil {
			return err
		}
		return a.print(s, func(w io.Writer) error { return printStats(w, s, store.Mark()) })
	})
}

func printStats(w io.Writer, s *journal.Stats, mark string) error {
	t := tabwriter.NewWriter(w, 2, 0, 2, ' ', 0)
	if mark != "" {
		fmt.Fprintln(t, mark)
	}
	year := "all"
	if s.Year != 0 {
		year = fmt.Sprint(s.Year)
	}
	fmt.Fprintf(t, "year\t%s\njournals\t%d\nrecords\t%d\n", year, s.Journals, s.Records)
	printCounts(t, "OPERATION", s.Operations)
	printCounts(t, "ACT", s.Subs)
	printCounts(t, "OUTCOME", s.Outcomes)
	printCounts(t, "REFUSED UNDER RULE", s.Rules)
	printCounts(t, "MONTH", s.Months)
	printCounts(t, "LEGAL FRAME", s.Frames)
	return t.Flush()
}

func printCounts[K cmp.Ordered](w io.Writer, head string, counts map[K]int64) {
	if len(counts) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\tRECORDS\n", head)
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(w, "%s\t%d\n", onLine(fmt.Sprint(k)), counts[k])
	}
}
