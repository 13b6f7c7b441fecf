package main

import (
	"testing"

	"github.com/spf13/cobra"

	"posteriori/engine/compliance"
)

// TestCommandsTakeNoPicture reads the tree of commands as it is, and with a
// flag that must not be.
func TestCommandsTakeNoPicture(t *testing.T) {
	root := freshTree()
	if c := compliance.CheckCommands(commandTree(root)); !c.OK {
		t.Errorf("%q", c.Wrong)
	}
	query, _, err := root.Find([]string{"query"})
	if err != nil {
		t.Fatal(err)
	}
	query.Flags().String("photo", "", "a `file` that shows whom to look for")
	if c := compliance.CheckCommands(commandTree(root)); c.OK {
		t.Error("query --photo passes")
	}
	root = freshTree()
	root.AddCommand(&cobra.Command{Use: "similar TRACK", Run: func(*cobra.Command, []string) {}})
	if c := compliance.CheckCommands(commandTree(root)); c.OK {
		t.Error("a search by resemblance passes")
	}
}
