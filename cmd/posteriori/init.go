package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"posteriori/engine"
)

func newInitCommand(a *app) *cobra.Command {
	var demo bool
	c := &cobra.Command{
		Use:   "init",
		Short: "Make an empty store",
		Long: `Make an empty store: the folder that holds procedures, their keys, indexes and
journals. Only this account can read it.

A demonstration store marks all that it makes as such and is not for cases.
` + exitStatus,
		Example: `  posteriori init --store /srv/posteriori --reason "new workstation of the service"
  posteriori init --demo --reason "training"`,
		Args: argsBetween(0, 0),
		RunE: func(c *cobra.Command, _ []string) error { return a.init(demo) },
	}
	c.Flags().BoolVar(&demo, "demo", false, "make a demonstration store")
	return c
}

func (a *app) init(demo bool) error {
	dir, err := a.storeDir()
	if err != nil {
		return err
	}
	s, err := engine.Init(dir, demo, a.reason)
	if err != nil {
		return err
	}
	return a.print(map[string]any{"store": s.Dir(), "demo": s.Demo()}, func(w io.Writer) error {
		kind := "store"
		if s.Demo() {
			kind = "demonstration store (" + s.Mark() + ")"
		}
		_, err := fmt.Fprintf(w, "%s made in %s\n", kind, s.Dir())
		return err
	})
}
