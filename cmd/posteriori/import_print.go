package main

import (
	"fmt"
	"io"
	"path/filepath"
	"text/tabwriter"
	"time"

	"posteriori/engine/fault"
	"posteriori/engine/index"
)

// printImport says what became of each file.
func (a *app) printImport(rows []importRow) error {
	return a.print(rows, func(w io.Writer) error {
		t := tabwriter.NewWriter(w, 2, 0, 2, ' ', 0)
		fmt.Fprintln(t, "RECORDING\tFILE\tSTATE\tLENGTH\tVIDEO\tBEGINS\tSHA-256")
		for _, r := range rows {
			rec, length, video, begins := "-", "-", "-", "-"
			if r.Recording > 0 {
				rec = fmt.Sprint(r.Recording)
			}
			if r.Details != nil && r.State == rowImported {
				length, video, begins = describe(*r.Details)
			}
			sum := "-"
			if r.SHA256 != "" {
				sum = r.SHA256[:12]
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", rec, fault.Printable(filepath.Base(r.Path)), r.State, length, video, begins, sum)
		}
		if err := t.Flush(); err != nil {
			return err
		}
		for _, r := range rows {
			if r.State == rowFailed {
				fmt.Fprintf(a.stderr, "%s: left out: %s\n", fault.Printable(r.Path), r.Error)
				if r.Hint != "" {
					fmt.Fprintf(a.stderr, "hint: %s\n", r.Hint)
				}
			}
			if r.State == rowDuplicate {
				fmt.Fprintf(a.stderr, "%s: is in already%s\n", fault.Printable(r.Path), because(r.Error))
			}
			if r.State == rowMoved {
				fmt.Fprintf(a.stderr, "%s: is in already as recording %d; its new place is noted\n", fault.Printable(r.Path), r.Recording)
			}
			for _, warning := range r.Warnings {
				fmt.Fprintf(a.stderr, "%s: %s\n", fault.Printable(r.Path), warning)
			}
		}
		return nil
	})
}

// describe puts a recording in three columns.
func describe(r index.Recording) (length, video, begins string) {
	length = span(r.Probe.DurationUS).String()
	if r.Probe.Still {
		length = "still"
	}
	video = fmt.Sprintf("%s %d×%d", r.Probe.Codec, r.Probe.Width, r.Probe.Height)
	begins = "not known"
	if r.ClockUS != nil {
		begins = fmt.Sprintf("%s ± %v", time.UnixMicro(*r.ClockUS).Local().Format(time.RFC3339), span(r.ClockUncertaintyUS))
	}
	return length, video, begins
}
