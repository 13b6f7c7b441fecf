package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"posteriori/engine/compliance"
	"posteriori/models"
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

// What the dossier technique says of a model is in French, and says what the
// training data held.
func TestModelCardsAreInFrench(t *testing.T) {
	m, err := models.Load()
	if err != nil {
		t.Fatal(err)
	}
	english := regexp.MustCompile(`(?i)\b(the|of|and|with|by|at|plates?|right|read|published|boxes|only|weak|good|trained|licence is)\b`)
	for _, c := range cards(m, t.TempDir()) {
		if len(c.Training) < 40 || c.Limits == "" {
			t.Errorf("%s: training %q, limits %q", c.Name, c.Training, c.Limits)
		}
		names := strings.NewReplacer("license-plate-dataset", "", "found by plate-detector-320", "", "plate-detector-320", "", "openalpr/benchmarks", "")
		for _, text := range []string{c.Training, c.Limits, c.Accuracy, c.Task} {
			if w := english.FindString(names.Replace(text)); w != "" {
				t.Errorf("%s: %q in %q", c.Name, w, text)
			}
		}
	}
}
