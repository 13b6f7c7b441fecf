package compliance

import (
	"fmt"
	"strings"

	"posteriori/models"
)

// CheckModels looks at every model on the list: its words, what its outputs
// hold, and the file itself where it is installed in folder.
func CheckModels(m *models.Manifest, folder string) Check {
	c := check("models", "models on the list, with their outputs and classes", nil, nil)
	if m == nil || len(m.Models) == 0 {
		c.fail("there is no list of models")
		return c
	}
	state := map[string]models.Status{}
	if folder != "" {
		for _, s := range m.Verify(folder) {
			state[s.Model.Name] = s
		}
	}
	for _, x := range m.Models {
		if words := models.Forbidden(x); len(words) > 0 {
			c.fail(x.Name + " speaks of " + strings.Join(words, ", "))
		}
		s := state[x.Name]
		if s.State == models.Wrong {
			c.fail(s.Err.Error())
		}
		where := "not installed"
		if s.State == models.OK {
			where = "installed, looked into"
		}
		c.Facts = append(c.Facts, fmt.Sprintf("%s (%s, %s): %s", x.Name, x.Task, where, strings.Join(Outputs(x), "; ")))
	}
	return c
}

// Outputs says what comes out of a model, and its classes.
func Outputs(m models.Model) []string {
	var out []string
	for _, p := range m.Outputs {
		out = append(out, fmt.Sprintf("%s %v holds %s", p.Name, p.Shape, strings.Join(p.Holds, ", ")))
	}
	for i, name := range m.Vocabularies {
		labels := m.Labels(i)
		out = append(out, fmt.Sprintf("%s: %d labels, %s … %s", name, len(labels), labels[0], labels[len(labels)-1]))
	}
	return out
}
