package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"posteriori/engine"
	"posteriori/engine/evidence"
	"posteriori/engine/fault"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
)

// documentOptions are the flags of the commands that draw up a document.
type documentOptions struct {
	out       string
	overwrite bool
	question  string // report only
}

func (o *documentOptions) bind(c *cobra.Command) {
	c.Flags().StringVarP(&o.out, "output", "o", "", "the `file` to write, .pdf or .html")
	c.Flags().BoolVar(&o.overwrite, "overwrite", false, "replace an existing file")
}

func newReportCommand(a *app) *cobra.Command {
	var o documentOptions
	c := &cobra.Command{
		Use:   "report -p ID -o FILE",
		Short: "Draw up the rapport d'exploitation",
		Long: `Draw up the rapport d'exploitation (rule 13), in French, as PDF or HTML: the
case, the recordings, the question, the method, every search (fruitless ones
too), the hits that people validated or rejected, what was made of them, who was
given what, and how to check all of it. What nobody has validated is no finding.

Each report is a version of its own, with a number; a later one says which it
replaces, and takes into account what was erased or corrected on order.
` + exitStatus,
		Example: `  posteriori report -p 2026-00123 -o rapport.pdf --question "passage du véhicule rue de la Loge" --reason "clôture"`,
		Args:    argsBetween(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.document(c, o, journal.SubReport, func(ctx context.Context, act *engine.Act) (engine.Dossier, error) {
				return engine.MakeReport(ctx, act, o.question)
			})
		},
	}
	o.bind(c)
	c.Flags().StringVar(&o.question, "question", "", "what the investigation asks, in `words`; the reasons of the searches are given in any case")
	return c
}

// documentResult is what --json prints.
type documentResult struct {
	File    evidence.Derived `json:"file"`
	Kind    string           `json:"kind"`
	Version int              `json:"version,omitempty"`
	Record  int64            `json:"record"` // of the journal
}

// document draws up one document of the procedure as one act.
func (a *app) document(c *cobra.Command, o documentOptions, sub journal.Sub, draw func(context.Context, *engine.Act) (engine.Dossier, error)) error {
	if err := checkOutput(c, o.out, ".pdf", ".html"); err != nil {
		return err
	}
	id, err := a.needProcedure(c)
	if err != nil {
		return err
	}
	store, err := a.openStore()
	if err != nil {
		return err
	}
	res, err := issue(c.Context(), store, engine.ActSpec{Procedure: id, Operation: journal.Communicate, Sub: sub, Reason: a.reason}, o, draw)
	if err != nil {
		return err
	}
	return a.print(res, func(w io.Writer) error {
		version := ""
		if res.Version > 0 {
			version = fmt.Sprintf(", version %d", res.Version)
		}
		_, err := fmt.Fprintf(w, "%s  %s\n%s%s; record %d of the journal\n", res.File.SHA256, res.File.Path, res.Kind, version, res.Record)
		return err
	})
}

// issue does the act of one document.
func issue(ctx context.Context, store *engine.Store, spec engine.ActSpec, o documentOptions, draw func(context.Context, *engine.Act) (engine.Dossier, error)) (documentResult, error) {
	var res documentResult
	err := store.Do(ctx, spec, func(act *engine.Act) error {
		if err := spareIn(ctx, act, o.out); err != nil {
			return err
		}
		d, err := draw(ctx, act)
		if err != nil {
			return err
		}
		made, err := act.Issue(ctx, d, o.out, o.overwrite)
		res = documentResult{File: made, Kind: d.Kind, Version: d.Version}
		res.Record, _ = act.Seq()
		return err
	})
	return res, err
}

// spareIn refuses an output that is an original of the act's procedure. After
// a purge nobody knows them any more; no document replaces a file unasked.
func spareIn(ctx context.Context, act *engine.Act, path string) error {
	if procedure.Gone(act.Procedure().Doc) {
		return nil
	}
	ix, err := act.Procedure().Index(ctx)
	if err != nil {
		return err
	}
	defer ix.Close()
	return spareOriginals(ctx, ix, path)
}

// closingPaper makes one of the documents that closing needs, as an act of its
// own, into a folder. One that an interrupted run left there is replaced.
func (a *app) closingPaper(ctx context.Context, store *engine.Store, id string, step procedure.Step, dir string) error {
	paper, ok := map[procedure.Step]struct {
		sub  journal.Sub
		name string
		draw func(context.Context, *engine.Act) (engine.Dossier, error)
	}{
		procedure.StepReport: {journal.SubReport, "rapport", func(ctx context.Context, act *engine.Act) (engine.Dossier, error) {
			return engine.MakeReport(ctx, act, "")
		}},
		procedure.StepMention:     {journal.SubMention, "mention", engine.MakeMention},
		procedure.StepCertificate: {journal.SubCertificate, "certificat", engine.MakeCertificate},
	}[step]
	if !ok {
		return fault.New(fault.Internal, "no document belongs to step %s", step)
	}
	if dir == "" {
		return fault.New(fault.Usage, "no folder for the documents is named").WithHint("name one with -o DIR")
	}
	if err := evidence.CheckPlace(filepath.Join(dir, paper.name)); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fault.Wrap(fault.NoSpace, err, "the folder cannot be made").OnFile(dir)
	}
	o := documentOptions{out: filepath.Join(dir, paper.name+"-"+id+".pdf"), overwrite: true}
	spec := engine.ActSpec{Procedure: id, Operation: journal.Communicate, Sub: paper.sub, Reason: a.reason}
	res, err := issue(ctx, store, spec, o, paper.draw)
	if err == nil {
		a.notef("%s  %s", res.File.SHA256, res.File.Path)
	}
	return err
}
