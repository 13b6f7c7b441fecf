package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"posteriori/engine"
	"posteriori/engine/alert"
	"posteriori/engine/fault"
	"posteriori/engine/journal"
)

func newDeploymentCommand(a *app) *cobra.Command {
	return group("deployment", "Show or change the compliance record and who is told of alerts",
		newDeploymentShowCommand(a), newDeploymentSetCommand(a))
}

func newDeploymentShowCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "show",
		Short: "Show the compliance record and who is told of alerts",
		Long:  "Show the compliance record and who is told of alerts.\n" + exitStatus,
		Args:  argsBetween(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			store, err := a.openStore()
			if err != nil {
				return err
			}
			spec := engine.ActSpec{Operation: journal.Consult, Sub: journal.SubAdmin, Reason: a.reason}
			return store.Do(c.Context(), spec, func(act *engine.Act) error {
				if err := act.Record(journal.Details{Params: `{"view":"deployment"}`}); err != nil {
					return err
				}
				return a.printDeployment(store)
			})
		},
	}
}

func newDeploymentSetCommand(a *app) *cobra.Command {
	var to engine.Deployment
	var noAlert bool
	c := &cobra.Command{
		Use:   "set",
		Short: "Record a new compliance statement, impact assessment or receiver of alerts",
		Long: `Record a new compliance statement, a new version of the impact assessment (AIPD),
or who is told of alerts. What is not named stays as it is; --no-alert removes
all receivers before those named here are set. It is an act on the store, and
what stood before remains in the journal.
` + exitStatus,
		Example: `  posteriori deployment set --impact-assessment "AIPD v4" --reason "revision of the AIPD"
  posteriori deployment set --alert-smtp mail.example.org:25 --alert-to dpd@example.org --reason "new data controller"`,
		Args: argsBetween(0, 0),
		RunE: func(c *cobra.Command, _ []string) error { return a.setDeployment(c, to, noAlert) },
	}
	complianceFlags(c, &to.Compliance)
	alertFlags(c, &to.Alert)
	c.Flags().BoolVar(&noAlert, "no-alert", false, "nobody is told of alerts, but for those named here")
	return c
}

// complianceFlags binds the flags of the compliance record.
func complianceFlags(c *cobra.Command, to *engine.Compliance) {
	f := c.Flags()
	f.StringVar(&to.Reference, "compliance-reference", "", "`reference` of the compliance statement")
	f.StringVar(&to.Date, "compliance-date", "", "its `date`, YYYY-MM-DD")
	f.StringVar(&to.ImpactAssessment, "impact-assessment", "", "`version` of the data-protection impact assessment (AIPD)")
}

// alertFlags binds the flags that say who is told of alerts.
func alertFlags(c *cobra.Command, to *alert.Config) {
	f := c.Flags()
	f.StringArrayVar(&to.Command, "alert-command", nil, "`program` that is told of alerts; again for each argument")
	f.StringVar(&to.SMTP, "alert-smtp", "", "mail server for alerts, as `HOST:PORT`")
	f.StringVar(&to.To, "alert-to", "", "`address` of the data controller")
}

func (a *app) setDeployment(c *cobra.Command, to engine.Deployment, noAlert bool) error {
	store, err := a.openStore()
	if err != nil {
		return err
	}
	spec := engine.ActSpec{Operation: journal.Modify, Sub: journal.SubAdmin, Reason: a.reason}
	err = store.Do(c.Context(), spec, func(act *engine.Act) error {
		return act.ChangeDeployment(c.Context(), func(d engine.Deployment) (engine.Deployment, error) {
			if c.Flags().Changed("compliance-reference") != c.Flags().Changed("compliance-date") {
				return d, fault.New(fault.Usage, "a compliance statement has a reference and a date: give both")
			}
			if noAlert {
				d.Alert = alert.Config{}
			}
			set := func(flag string, field *string, value string) {
				if c.Flags().Changed(flag) {
					*field = value
				}
			}
			set("compliance-reference", &d.Compliance.Reference, to.Compliance.Reference)
			set("compliance-date", &d.Compliance.Date, to.Compliance.Date)
			set("impact-assessment", &d.Compliance.ImpactAssessment, to.Compliance.ImpactAssessment)
			set("alert-smtp", &d.Alert.SMTP, to.Alert.SMTP)
			set("alert-to", &d.Alert.To, to.Alert.To)
			if c.Flags().Changed("alert-command") {
				d.Alert.Command = slices.Clone(to.Alert.Command)
			}
			return d, nil
		})
	})
	if err != nil {
		return err
	}
	if store, err = a.openStore(); err != nil {
		return err
	}
	return a.printDeployment(store)
}

func (a *app) printDeployment(s *engine.Store) error {
	d := s.Deployment()
	return a.print(d, func(w io.Writer) error {
		t := tabwriter.NewWriter(w, 2, 0, 2, ' ', 0)
		if m := s.Mark(); m != "" {
			fmt.Fprintf(t, "store\t%s\n", m)
		}
		fmt.Fprintf(t, "compliance\t%s\n", complianceText(d.Compliance))
		for _, who := range receivers(d.Alert) {
			fmt.Fprintf(t, "alerts go to\t%s\n", fault.Printable(who))
		}
		return t.Flush()
	})
}

func complianceText(c engine.Compliance) string {
	if c == (engine.Compliance{}) {
		return "none: for demonstration data only"
	}
	return fmt.Sprintf("%s of %s, impact assessment %s", c.Reference, c.Date, c.ImpactAssessment)
}

func receivers(c alert.Config) []string {
	var out []string
	if len(c.Command) > 0 {
		out = append(out, strings.Join(c.Command, " "))
	}
	if c.SMTP != "" {
		out = append(out, c.To+" by "+c.SMTP)
	}
	if out == nil {
		out = []string{"nobody; they stand in the journal"}
	}
	return out
}
