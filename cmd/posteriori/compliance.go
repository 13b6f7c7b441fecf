package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"posteriori/engine"
	"posteriori/engine/analysis"
	"posteriori/engine/compliance"
	"posteriori/engine/evidence"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/journal"
	"posteriori/models"
)

func newComplianceCommand(a *app) *cobra.Command {
	return group("compliance", "Prove that there are no biometrics, and draw up the papers of compliance",
		newBiometricsCommand(a), newSBOMCommand(a),
		newPaperCommand(a, "dossier", "Draw up the dossier technique",
			"Draw up the dossier technique, in French, as PDF or HTML: functions, components,\nmodels, the evidence that there are no biometrics, security.", a.technical),
		newPaperCommand(a, "impact", "Draw up a draft of the AIPD",
			"Draw up a draft of the analyse d'impact relative à la protection des données, in\nFrench, as PDF or HTML. The controller completes and signs it.", a.impact),
		newStatementCommand(a))
}

func newBiometricsCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "biometrics",
		Short: "Print the evidence that there are no biometrics in this installation",
		Long: `Print the evidence that there are no biometrics in this installation: the
libraries and symbols of both programs, the models with their outputs and
classes, the columns of the index, what the worker says of a track, and what
commands take. Everything is read now, from what is installed. The exit status
is 5 when a line fails.
` + exitStatus,
		Example: "  posteriori compliance biometrics --reason \"contrôle de la CNIL\"",
		Args:    argsBetween(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.onCompliance(c.Context(), func(s *engine.Store, act *engine.Act) error {
				e, err := a.gather(s)
				if err != nil {
					return err
				}
				if err := act.Record(journal.Details{Result: summary(e)}); err != nil {
					return err
				}
				if err := a.print(e, func(w io.Writer) error { return printEvidence(w, e) }); err != nil {
					return err
				}
				return verdict(e)
			})
		},
	}
}

// verdict is the error that the evidence asks for, if any.
func verdict(e compliance.Evidence) error {
	if e.OK() {
		return nil
	}
	var failed []string
	for _, c := range e.Checks {
		if !c.OK {
			failed = append(failed, c.Name)
		}
	}
	return fault.New(fault.Integrity, "what must not be there is there: %s", strings.Join(failed, ", ")).UnderRule("11").
		WithHint("stop using this installation and tell the data controller")
}

func summary(e compliance.Evidence) string {
	good := 0
	for _, c := range e.Checks {
		if c.OK {
			good++
		}
	}
	return fmt.Sprintf("%d of %d lines hold", good, len(e.Checks))
}

func printEvidence(w io.Writer, e compliance.Evidence) error {
	for _, c := range e.Checks {
		word := "holds"
		if !c.OK {
			word = "FAILS"
		}
		fmt.Fprintf(w, "%s  %s: %s\n", word, c.Name, c.Title)
		for _, f := range c.Wrong {
			fmt.Fprintf(w, "       wrong: %s\n", f)
		}
		for _, f := range c.Facts {
			fmt.Fprintf(w, "       %s\n", f)
		}
	}
	_, err := fmt.Fprintln(w, summary(e))
	return err
}

// onCompliance runs an act that draws up evidence or papers.
func (a *app) onCompliance(ctx context.Context, do func(*engine.Store, *engine.Act) error) error {
	store, err := a.openStore()
	if err != nil {
		return err
	}
	spec := engine.ActSpec{Operation: journal.Consult, Sub: journal.SubCompliance, Reason: a.reason}
	return store.Do(ctx, spec, func(act *engine.Act) error { return do(store, act) })
}

// gather reads the evidence from this installation.
func (a *app) gather(s *engine.Store) (compliance.Evidence, error) {
	m, err := models.Load()
	if err != nil {
		return compliance.Evidence{}, err
	}
	self, err := os.Executable()
	if err != nil {
		return compliance.Evidence{}, fault.Wrap(fault.Internal, err, "the program's own place is unknown")
	}
	programs := []string{self}
	w, err := analysis.FindWorker()
	if err != nil {
		return compliance.Evidence{}, err // half the evidence is none
	}
	return compliance.Gather(compliance.Sources{
		Programs: append(programs, w.Path), Models: m, Folder: s.ModelsDir(), Schema: index.Schema(), Commands: commandTree(freshTree()),
	}), nil
}

// freshTree is a tree of its own: making one sets the flags of its app anew.
func freshTree() *cobra.Command { return newApp(nil, io.Discard, io.Discard).root() }

// commandTree lists every command with its flags, as the compliance check
// reads them.
func commandTree(c *cobra.Command) []compliance.Command {
	var out []compliance.Command
	for _, sub := range c.Commands() {
		if sub.Name() == "help" || sub.Name() == "completion" { // cobra's own
			continue
		}
		x := compliance.Command{Path: sub.CommandPath(), Use: sub.Use}
		sub.NonInheritedFlags().VisitAll(func(f *pflag.Flag) {
			value, _ := pflag.UnquoteUsage(f)
			x.Flags = append(x.Flags, compliance.Flag{Name: f.Name, Value: value, Usage: f.Usage})
		})
		out = append(out, x)
		out = append(out, commandTree(sub)...)
	}
	return out
}

func newSBOMCommand(a *app) *cobra.Command {
	var o paperOptions
	c := &cobra.Command{
		Use:   "sbom -o FILE",
		Short: "Write the list of components, as CycloneDX JSON",
		Long: `Write the list of components (SBOM), as CycloneDX 1.5 JSON: the Go modules in both
programs with their hashes, OpenCV, FFmpeg, ONNX Runtime, and the models.
` + exitStatus,
		Args: argsBetween(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := checkOutput(c, o.out, ".json"); err != nil {
				return err
			}
			return a.onCompliance(c.Context(), func(s *engine.Store, act *engine.Act) error {
				data, err := a.sbom(c.Context(), s)
				if err != nil {
					return err
				}
				return a.writeRecorded(act, o, "sbom", data)
			})
		},
	}
	o.bind(c, ".json")
	return c
}

func (a *app) sbom(ctx context.Context, s *engine.Store) ([]byte, error) {
	e, err := a.gather(s)
	if err != nil {
		return nil, err
	}
	m, err := models.Load()
	if err != nil {
		return nil, err
	}
	return compliance.SBOM(e.Programs, m, libraryVersions(ctx), version)
}

// libraryVersions asks the worker for those of what it runs on.
func libraryVersions(ctx context.Context) map[string]string {
	out := map[string]string{}
	for _, f := range lookAtWorker(ctx) {
		switch f.Name {
		case "opencv", "onnxruntime":
			out[f.Name] = f.Version
		}
	}
	if f := lookAtProgram(ctx, "ffmpeg"); f.State == isOK {
		out["ffmpeg"] = f.Version
	}
	return out
}

// paperOptions are the flags of the commands that write a paper. It replaces
// no file: what stands there may be an original of any procedure.
type paperOptions struct{ out string }

func (o *paperOptions) bind(c *cobra.Command, endings string) {
	c.Flags().StringVarP(&o.out, "output", "o", "", "the `file` to write, "+endings)
}

// writeRecorded writes a file after its record.
func (a *app) writeRecorded(act *engine.Act, o paperOptions, kind string, data []byte) error {
	w, err := evidence.Create(o.out, false)
	if err != nil {
		return err
	}
	defer w.Abort()
	if _, err := w.Write(data); err != nil {
		return fault.Wrap(fault.NoSpace, err, "it cannot be written").OnFile(o.out)
	}
	sum := sha256.Sum256(data)
	if err := act.Record(journal.Details{Objects: []journal.Object{{Kind: "document", ID: kind, SHA256: hex.EncodeToString(sum[:])}}}); err != nil {
		return err
	}
	made, err := w.Commit()
	if err != nil {
		return err
	}
	return a.print(made, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s  %s\n", made.SHA256, made.Path)
		return err
	})
}
