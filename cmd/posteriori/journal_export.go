package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"posteriori/engine"
	"posteriori/engine/evidence"
	"posteriori/engine/fault"
	"posteriori/engine/journal"
)

func newJournalExportCommand(a *app) *cobra.Command {
	var h handOut
	c := &cobra.Command{
		Use:   "export [-p ID] -o DIR|FILE.zip",
		Short: "Write the whole journal, to be checked elsewhere",
		Long: `Write the records, the tree, the signed checkpoint, the public key and a text in
French that tells how to check them, into a new folder or a ZIP file. posteriori
journal verify --from checks it without a store. It is the journal as it stands
before this act's own record.
` + exitStatus,
		Example: `  posteriori journal export -p 2025-00123 -o journal.zip --recipient "CNIL"`,
		Args:    argsBetween(0, 0),
		RunE:    func(c *cobra.Command, _ []string) error { return a.journalExport(c, h) },
	}
	h.flags(c, "`folder or ZIP file` to make")
	return c
}

// exportResult is what the command prints.
type exportResult struct {
	Output string `json:"output"`
	Origin string `json:"origin"`
	Size   int64  `json:"size"`
	Held   string `json:"held"`
}

func (a *app) journalExport(c *cobra.Command, h handOut) error {
	if h.out == "" {
		return usage(c, "nothing to write is named: -o DIR or -o FILE.zip")
	}
	store, err := a.openStore()
	if err != nil {
		return err
	}
	var r exportResult
	err = store.Do(c.Context(), a.journalSpec(journal.Communicate, journal.SubJournalExport), func(act *engine.Act) error {
		e, err := act.Journal().Snapshot(store.Mark())
		if err != nil {
			return err
		}
		r = exportResult{Output: h.out, Origin: e.Checkpoint.Origin, Size: e.Checkpoint.Size, Held: e.Checkpoint.Held()}
		record := func() error {
			return act.Record(journal.Details{Objects: []journal.Object{stateObject(e.Checkpoint)}, Recipients: h.recipients("")})
		}
		if strings.EqualFold(filepath.Ext(h.out), ".zip") {
			return exportZip(e, h.out, record)
		}
		return exportDir(e, h.out, record)
	})
	if err != nil {
		return err
	}
	return a.print(r, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "exported    %s\njournal     %s\ncheckpoint  %s\n", fault.Printable(r.Output), r.Origin, r.Held)
		return err
	})
}

// exportZip makes the file beside its place and moves it there when the act
// is recorded.
func exportZip(e journal.Exported, out string, record func() error) error {
	w, err := evidence.Create(out, false)
	if err != nil {
		return err
	}
	defer w.Abort()
	if err := e.WriteZip(w); err != nil {
		return err
	}
	if err := record(); err != nil {
		return err
	}
	_, err = w.Commit()
	return err
}

// exportDir does the same with a folder.
func exportDir(e journal.Exported, out string, record func() error) error {
	temp, drop, err := tempBeside(out, false)
	if err != nil {
		return err
	}
	defer drop()
	dir := filepath.Dir(temp)
	if err := e.WriteDir(dir); err != nil {
		return err
	}
	if err := record(); err != nil {
		return err
	}
	if err := os.Rename(dir, out); err != nil {
		return fault.Wrap(fault.NoSpace, err, "it cannot be put in its place").OnFile(out)
	}
	return nil
}
