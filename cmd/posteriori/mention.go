package main

import (
	"github.com/spf13/cobra"

	"posteriori/engine"
	"posteriori/engine/journal"
)

func newMentionCommand(a *app) *cobra.Command {
	var o documentOptions
	c := &cobra.Command{
		Use:   "mention -p ID -o FILE",
		Short: "Draw up the mention en procédure",
		Long: `Draw up the mention en procédure (rule 12), in French, as PDF or HTML: that this
software is used, under which authorisation and by which habilitated agents, on
which recordings, with their hashes and the journal's checkpoint. A procedure
is not closed without it.
` + exitStatus,
		Example: `  posteriori mention -p 2026-00123 -o mention.pdf --reason "emploi du logiciel"`,
		Args:    argsBetween(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.document(c, o, journal.SubMention, engine.MakeMention)
		},
	}
	o.bind(c)
	return c
}
