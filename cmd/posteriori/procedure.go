package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"posteriori/engine"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
)

func newProcedureCommand(a *app) *cobra.Command {
	return group("procedure", "Open, authorise and show procedures",
		newProcedureOpenCommand(a), newProcedureAuthoriseCommand(a),
		newProcedureDecisionCommand(a, decisionVeto), newProcedureDecisionCommand(a, decisionRevoke),
		newProcedureFrameCommand(a), newProcedureExtendCommand(a), newProcedureCloseCommand(a), newProcedureListCommand(a), newProcedureShowCommand(a))
}

// oneID takes the procedure's ID from the argument or from -p.
func (a *app) oneID(c *cobra.Command, args []string) (string, error) {
	if len(args) == 0 {
		return a.needProcedure(c)
	}
	if a.procedure != "" && c.Flags().Changed("procedure") && a.procedure != args[0] {
		return "", usage(c, "two procedures are named, %s and %s", args[0], a.procedure)
	}
	return args[0], nil
}

func newProcedureOpenCommand(a *app) *cobra.Command {
	var d procedure.Document
	c := &cobra.Command{
		Use:   "open ID",
		Short: "Open a procedure",
		Long: `Open a procedure: a container of its own, with its own key and its own journal.

The frame is flagrance, preliminary, commission-rogatoire, 74 or 74-1. The
offence must be one that is punished by imprisonment. In flagrance the
authorisation is deemed given and recorded so; in every other frame nothing is
analysed until posteriori procedure authorise has recorded it.
` + exitStatus,
		Example: `  posteriori procedure open 2025-00123 --frame preliminary --offence "vol aggravé" \
    --imprisonment --service "SRPJ Lille" --parquet 25/060/12 --reason "saisine du parquet"`,
		Args: argsBetween(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			id, err := a.oneID(c, args)
			if err != nil {
				return err
			}
			d.ID = id
			store, err := a.openStore()
			if err != nil {
				return err
			}
			p, err := store.CreateProcedure(c.Context(), a.reason, d)
			if err != nil {
				return err
			}
			return a.printProcedure(p.Doc, store.Mark())
		},
	}
	f := c.Flags()
	f.StringVar((*string)(&d.Frame), "frame", "", "legal `frame`")
	f.StringVar(&d.Offence, "offence", "", "the offence, in `words`")
	f.BoolVar(&d.Imprisonment, "imprisonment", false, "the offence is punished by imprisonment")
	f.StringVar(&d.Service, "service", "", "`name` of the service")
	f.StringVar(&d.Parquet, "parquet", "", "`number` at the parquet")
	return c
}

// decisionFlags binds the flags that describe a magistrate's decision.
func decisionFlags(c *cobra.Command, d *procedure.Authorisation) {
	f := c.Flags()
	f.StringVar(&d.Magistrate, "magistrate", "", "`name` of the magistrate")
	f.StringVar((*string)(&d.Quality), "quality", "", "`quality`: procureur or juge-instruction")
	f.StringVar(&d.Date, "date", "", "`date` of the decision, YYYY-MM-DD")
	f.StringVar(&d.Reference, "reference", "", "its `reference`")
	f.StringVar(&d.Document, "document", "", "the signed `file`; its name and SHA-256 are recorded")
}

func newProcedureAuthoriseCommand(a *app) *cobra.Command {
	var d procedure.Authorisation
	c := &cobra.Command{
		Use:   "authorise ID",
		Short: "Record the magistrate's authorisation",
		Long: `Record the authorisation to use this software in the procedure. The document is
hashed, not copied. In a commission rogatoire it is the juge d'instruction who
authorises, in flagrance and in a preliminary inquiry the procureur.
` + exitStatus,
		Example: `  posteriori procedure authorise 2025-00123 --magistrate "Mme Martin" --quality procureur \
    --date 2025-03-01 --reference A-17 --document authorisation.pdf --reason "suite de l'enquête"`,
		Args: argsBetween(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.decide(c, args, journal.SubAuthorise, d, procedure.Authorise)
		},
	}
	decisionFlags(c, &d)
	return c
}

// decision is a word of the magistrate that ends the use.
type decision struct {
	use, short string
	sub        journal.Sub
	apply      decide
}

type decide func(procedure.Document, procedure.Authorisation, time.Time) (procedure.Document, error)

var (
	decisionVeto   = decision{"veto ID", "Record that the procureur objects to the use in flagrance", journal.SubVeto, procedure.Veto}
	decisionRevoke = decision{"revoke ID", "Record that an authorisation was taken back", journal.SubRevoke, procedure.Revoke}
)

func newProcedureDecisionCommand(a *app, k decision) *cobra.Command {
	var d procedure.Authorisation
	c := &cobra.Command{
		Use:   k.use,
		Short: k.short,
		Long:  k.short + ". From then on nothing is analysed until a new\nauthorisation is recorded.\n" + exitStatus,
		Args:  argsBetween(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.decide(c, args, k.sub, d, k.apply)
		},
	}
	decisionFlags(c, &d)
	return c
}

// decide records a decision in the procedure and prints what came of it.
func (a *app) decide(c *cobra.Command, args []string, sub journal.Sub, d procedure.Authorisation, apply decide) error {
	return a.changeProcedure(c, args, sub, func(act *engine.Act) error {
		if err := hashDocument(c.Context(), &d); err != nil {
			return err
		}
		about := journal.Details{Decision: &journal.Decision{
			Quality: string(d.Quality), Date: d.Date, Reference: d.Reference, Document: d.SHA256}}
		return act.ChangeProcedure(c.Context(), about, func(doc procedure.Document) (procedure.Document, error) {
			return apply(doc, d, act.Now())
		})
	})
}

func newProcedureFrameCommand(a *app) *cobra.Command {
	var frame string
	c := &cobra.Command{
		Use:   "frame ID",
		Short: "Record that the procedure goes on in another legal frame",
		Long: `Record that the procedure goes on in another legal frame. What was authorised
before no longer holds: nothing is analysed until it is authorised anew.
` + exitStatus,
		Args: argsBetween(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.changeProcedure(c, args, journal.SubFrame, func(act *engine.Act) error {
				about := journal.Details{Result: "frame " + frame}
				return act.ChangeProcedure(c.Context(), about, func(doc procedure.Document) (procedure.Document, error) {
					return procedure.ChangeFrame(doc, procedure.Frame(frame), act.Now())
				})
			})
		},
	}
	c.Flags().StringVar(&frame, "frame", "", "the new `frame`")
	return c
}

// changeProcedure runs an act that changes one procedure and prints it.
func (a *app) changeProcedure(c *cobra.Command, args []string, sub journal.Sub, do func(*engine.Act) error) error {
	id, err := a.oneID(c, args)
	if err != nil {
		return err
	}
	store, err := a.openStore()
	if err != nil {
		return err
	}
	var doc procedure.Document
	spec := engine.ActSpec{Procedure: id, Operation: journal.Modify, Sub: sub, Reason: a.reason}
	err = store.Do(c.Context(), spec, func(act *engine.Act) error {
		err := do(act)
		doc = act.Procedure().Doc
		return err
	})
	if err != nil {
		return err
	}
	return a.printProcedure(doc, store.Mark())
}

func newProcedureListCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the procedures of the store",
		Long: `List the procedures of the store: officers, agents and magistrates see those that
they are assigned to, the others all. One whose description cannot be read is
told at the end and does not hide the rest. It is an act on the store, recorded
in its own journal.
` + exitStatus,
		Args: argsBetween(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			store, err := a.openStore()
			if err != nil {
				return err
			}
			spec := engine.ActSpec{Operation: journal.Consult, Sub: journal.SubList, Reason: a.reason}
			return store.Do(c.Context(), spec, func(act *engine.Act) error {
				docs, broken, err := store.ReadProcedures()
				if err != nil {
					return err
				}
				docs = slices.DeleteFunc(docs, func(d procedure.Document) bool { return !act.User().Sees(d) })
				if err := act.Record(journal.Details{Result: fmt.Sprintf("%d procedures", len(docs))}); err != nil {
					return err
				}
				if err := a.printProcedures(docs); err != nil {
					return err
				}
				for _, d := range docs {
					for _, line := range engine.RetentionLines(d, store.Now()) {
						a.notef("%s", line)
					}
				}
				return errors.Join(broken...)
			})
		},
	}
}

func newProcedureShowCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "show ID",
		Short: "Show a procedure and whether it may be analysed",
		Long:  "Show a procedure, its authorisations, and whether it may be analysed.\n" + exitStatus,
		Args:  argsBetween(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			id, err := a.oneID(c, args)
			if err != nil {
				return err
			}
			store, err := a.openStore()
			if err != nil {
				return err
			}
			spec := engine.ActSpec{Procedure: id, Operation: journal.Consult, Sub: journal.SubShow, Reason: a.reason}
			return store.Do(c.Context(), spec, func(act *engine.Act) error {
				if err := act.Record(journal.Details{}); err != nil {
					return err
				}
				return a.printProcedure(act.Procedure().Doc, store.Mark())
			})
		},
	}
}

// procedureJSON is a procedure as --json prints it.
type procedureJSON struct {
	procedure.Document
	Analysis string `json:"analysis"` // "allowed", or why not
}

func analysisState(d procedure.Document) string {
	if err := procedure.MayAnalyse(d); err != nil {
		return err.Error()
	}
	return "allowed"
}

func (a *app) printProcedures(docs []procedure.Document) error {
	rows := make([]procedureJSON, len(docs))
	for i, d := range docs {
		rows[i] = procedureJSON{d, analysisState(d)}
	}
	return a.print(rows, func(w io.Writer) error {
		t := tabwriter.NewWriter(w, 2, 0, 2, ' ', 0)
		fmt.Fprintln(t, "ID\tFRAME\tSTATE\tOPENED\tSERVICE\tANALYSIS")
		for _, r := range rows {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, r.Frame, r.State, r.Opened.Format(time.DateOnly), r.Service, r.Analysis)
		}
		return t.Flush()
	})
}

func (a *app) printProcedure(d procedure.Document, mark string) error {
	return a.print(procedureJSON{d, analysisState(d)}, func(w io.Writer) error {
		t := tabwriter.NewWriter(w, 2, 0, 2, ' ', 0)
		row := func(k string, v any) { fmt.Fprintf(t, "%s\t%v\n", k, v) }
		row("procedure", d.ID)
		if mark != "" {
			row("", mark)
		}
		row("frame", d.Frame)
		row("offence", d.Offence)
		row("imprisonment", map[bool]string{true: "yes", false: "no"}[d.Imprisonment])
		row("service", d.Service)
		row("parquet", d.Parquet)
		row("opened", d.Opened.Format(time.RFC3339))
		row("state", d.State)
		retentionRows(row, d)
		for _, x := range d.Authorisations {
			row(string(x.Kind), authorisationLine(x))
		}
		row("analysis", analysisState(d))
		return t.Flush()
	})
}

func authorisationLine(x procedure.Authorisation) string {
	switch x.Kind {
	case procedure.Deemed:
		return "by the frame, " + string(x.Frame)
	case procedure.FrameChanged:
		return "from " + x.Reference + " to " + string(x.Frame)
	}
	s := fmt.Sprintf("%s (%s), %s, %s", x.Magistrate, x.Quality, x.Date, x.Reference)
	if x.SHA256 != "" {
		s += fmt.Sprintf(", %s, SHA-256 %s", x.Document, x.SHA256)
	}
	return s
}
