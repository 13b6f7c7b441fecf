package compliance

import (
	"strings"

	"posteriori/models"
)

// CheckModels looks at every model on the list: its words, what its outputs
// hold, and the file itself where it is installed in folder.
func CheckModels(m *models.Manifest, folder string) Check {
	c := check("models", Text{"models on the list, with their outputs and classes", "Modèles de la liste, leurs sorties et leurs classes"}, nil, nil)
	if m == nil || len(m.Models) == 0 {
		c.fail(say("there is no list of models", "il n’y a pas de liste de modèles"))
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
			c.fail(speaks(x.Name, words))
		}
		s := state[x.Name]
		if s.State == models.Wrong {
			c.fail(same(s.Err.Error()))
		}
		where := say("not installed", "non installé")
		if s.State == models.OK {
			where = say("installed, looked into", "installé, examiné")
		}
		c.Facts = append(c.Facts, say("%s (%s, %s): %s", "%s (%s, %s) : %s", x.Name, tasks[x.Task], where, comesOut(x)))
	}
	return c
}

// tasks are what models are for.
var tasks = map[models.Task]Text{
	models.Detector:          {string(models.Detector), "détection d’objets"},
	models.VehicleAttributes: {string(models.VehicleAttributes), "attributs de véhicule"},
	models.MoverClassifier:   {string(models.MoverClassifier), "nature de ce qui bouge"},
	models.PlateDetector:     {string(models.PlateDetector), "détection de plaques"},
	models.PlateReader:       {string(models.PlateReader), "lecture de plaques"},
}

// comesOut says what comes out of a model, and its classes.
func comesOut(m models.Model) Text {
	var en, fr []string
	add := func(t Text) { en, fr = append(en, t.EN), append(fr, t.FR) }
	for _, p := range m.Outputs {
		add(say("%s %v holds %s", "sortie %s %v : %s", p.Name, p.Shape, strings.Join(p.Holds, ", ")))
	}
	for i, name := range m.Vocabularies {
		labels := m.Labels(i)
		add(say("%s: %d labels, %s … %s", "%s : nombre d’étiquettes : %d (%s … %s)", name, len(labels), labels[0], labels[len(labels)-1]))
	}
	return Text{strings.Join(en, "; "), strings.Join(fr, " ; ")}
}

// speaks says that a name has forbidden words.
func speaks(name string, words []string) Text {
	return say("%s speaks of %s", "%s évoque %s", name, strings.Join(words, ", "))
}
