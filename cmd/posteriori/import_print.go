package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"posteriori/engine/evidence"
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

// hashMeter shows how much of the files has been read, on a terminal.
type hashMeter struct {
	bars *mpb.Progress
	bar  *mpb.Bar
	done int64 // bytes of the files before
}

func newHashMeter(w io.Writer, files []string) *hashMeter {
	m := &hashMeter{}
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return m
	}
	var total int64
	for _, path := range files {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			total += info.Size()
		}
	}
	m.bars = mpb.New(mpb.WithOutput(w), mpb.WithWidth(40))
	m.bar = m.bars.New(max(1, total), mpb.BarStyle().Lbound("[").Rbound("]"),
		mpb.PrependDecorators(decor.Name("reading ")),
		mpb.AppendDecorators(decor.CountersKibiByte("% .1f / % .1f")))
	return m
}

// file is the progress of the next file.
func (m *hashMeter) file(string) evidence.Progress {
	if m.bar == nil {
		return nil
	}
	base := m.done
	return func(done, _ int64) {
		m.done = base + done
		m.bar.SetCurrent(m.done)
	}
}

// stop ends the display; a second time it does nothing.
func (m *hashMeter) stop() {
	if m.bars == nil {
		return
	}
	m.bar.SetTotal(-1, true)
	m.bars.Wait()
	m.bars, m.bar = nil, nil
}
