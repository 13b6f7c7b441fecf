package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"posteriori/engine"
)

func newInitCommand(a *app) *cobra.Command {
	var o engine.InitOptions
	c := &cobra.Command{
		Use:   "init",
		Short: "Make an empty store",
		Long: `Make an empty store: the folder that holds procedures, their keys, indexes and
journals.

A store for cases needs its deployment record: the compliance statement and the
impact assessment (rule 19). Whoever makes it administers it; he then names its
users with posteriori user add. Only this account can read the store; with
--group the accounts of that group of the system can.

A demonstration store needs neither: whoever makes it has every role, and all
that it makes is marked as such. It is not for cases.

--alert-command names a program, repeated for each argument, that gets alerts as
JSON; --alert-smtp and --alert-to name a mail server and the data controller's
address. posteriori deployment set changes these and the deployment record later.
` + exitStatus,
		Example: `  posteriori init --store /srv/posteriori --group opj --compliance-reference "RU-018 n° 2231" \
    --compliance-date 2025-01-15 --impact-assessment "AIPD v3" --reason "new workstation of the service"
  posteriori init --demo --reason "training"`,
		Args: argsBetween(0, 0),
		RunE: func(c *cobra.Command, _ []string) error { return a.init(o) },
	}
	f := c.Flags()
	f.BoolVar(&o.Demo, "demo", false, "make a demonstration store")
	f.StringVar(&o.Group, "group", "", "share the store with the accounts of this `group` of the system")
	complianceFlags(c, &o.Compliance)
	alertFlags(c, &o.Alert)
	return c
}

func (a *app) init(o engine.InitOptions) error {
	dir, err := a.storeDir()
	if err != nil {
		return err
	}
	o.Reason = a.reason
	s, err := engine.Init(dir, o)
	if err != nil {
		return err
	}
	m := s.Meta()
	out := struct {
		Store string `json:"store"`
		engine.Meta
	}{s.Dir(), m}
	return a.print(out, func(w io.Writer) error {
		if s.Demo() {
			_, err := fmt.Fprintf(w, "demonstration store (%s) made in %s\n", s.Mark(), s.Dir())
			return err
		}
		_, err := fmt.Fprintf(w, "store made in %s\ncompliance  %s of %s, impact assessment %s\n", s.Dir(),
			m.Compliance.Reference, m.Compliance.Date, m.Compliance.ImpactAssessment)
		return err
	})
}
