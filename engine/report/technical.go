package report

// Technical is the draft of the dossier technique: what the software does and
// does not do, with the evidence. The controller signs; the engine drafts.
type Technical struct {
	Frame
	Compliance Compliance
	Functions  []Function
	Components []Component
	Models     []ModelCard
	Evidence   []Evidence // of the absence of biometrics
	Security   []Measure
	Commands   []string // every command of the program
	Updates    []string // how a new version is controlled, in words
	Journal    Checkpoint
}

// Function is one thing that the software does, or does not do.
type Function struct {
	Name, What string // in French
	Present    bool
}

// Component is a part that the programs are made of.
type Component struct {
	Name, Version, Licence, Role string
	SHA256                       string
}

// ModelCard is what is known of one model on the list.
type ModelCard struct {
	Name, Task, SHA256, Source, Licence string

	Training  string   // where its training data came from
	Inputs    []string // name, type and shape
	Outputs   []string
	Labels    []string
	Accuracy  string
	Limits    string
	Installed bool
}

// Evidence is one check, made now, and what it found.
type Evidence struct {
	What   string   // in French
	Found  []string // in French, each on a line of its own
	Passed bool
}

// Measure is one measure of security.
type Measure struct{ Name, What string }

// HTML writes the dossier as one page.
func (d Technical) HTML() ([]byte, error) { return d.tree().html() }

// PDF writes the dossier for print.
func (d Technical) PDF() ([]byte, error) { return d.tree().pdf() }

// Intact says whether every check passed.
func (d Technical) Intact() bool { return passed(d.Evidence) }

func passed(list []Evidence) bool {
	for _, e := range list {
		if !e.Passed {
			return false
		}
	}
	return len(list) > 0
}

func (d Technical) tree() *tree {
	t := d.start("Dossier technique", "Projet établi par le logiciel, à compléter et à signer par le responsable du traitement")
	t.h1("1. Logiciel")
	t.software(d.Software)
	t.complianceBlock(d.Compliance, d.Frame)
	t.h1("2. Fonctions")
	t.functions(d.Functions)
	t.h1("3. Architecture")
	t.p("Deux programmes. Le premier tient les procédures, les clés, l’index, le journal et les documents ; il ne lit jamais le contenu d’un enregistrement. " +
		"Le second lit un enregistrement à la fois, sans réseau, sans clé et sans accès au journal ; il peut s’arrêter sans que rien ne soit perdu. " +
		"Chaque procédure a son propre index chiffré et sa propre clé ; aucune commande n’en atteint deux.")
	t.h1("4. Composants")
	tab := table{Columns: []column{{"Composant", 25, false}, {"Version", 14, false}, {"Licence", 13, false}, {"Rôle", 16, false}, {"SHA-256", 32, false}},
		Empty: "La liste des composants n’a pas été fournie."}
	for _, c := range d.Components {
		tab.Rows = append(tab.Rows, []text{code(c.Name), data(c.Version), data(c.Licence), data(c.Role), orDash(c.SHA256)})
	}
	t.add(tab)
	t.h1("5. Modèles")
	t.cards(d.Models)
	t.h1("6. Absence de biométrie")
	t.evidence(d.Evidence)
	t.h1("7. Mesures de sécurité")
	t.measures(d.Security)
	t.h1("8. Commandes")
	t.p("Aucune commande ne prend en entrée l’image d’une personne.")
	t.items(d.Commands, true)
	t.h1("9. Maîtrise des mises à jour")
	t.items(d.Updates, false)
	t.h1("10. Journal")
	t.p("Chaque acte donne un enregistrement du journal avant que son effet ne soit visible (%s).", cite(law().Journal))
	t.checkpoint(d.Journal)
	t.clockNote(d.Frame)
	t.add(signature{Lines: []text{data("Le responsable du traitement"), data("Date et signature :")}})
	return t
}

// orDash is a hash, or a dash where none is to be expected.
func orDash(hash string) text {
	if hash == "" {
		return data("—")
	}
	return code(hash)
}

func (t *tree) functions(list []Function) {
	tab := table{Columns: []column{{"Fonction", 36, false}, {"Description", 50, false}, {"État", 14, false}}, Empty: "La liste des fonctions n’a pas été fournie."}
	for _, f := range list {
		state := styled("absente", bold)
		if f.Present {
			state = data("présente")
		}
		tab.Rows = append(tab.Rows, []text{cite(clean(f.Name)), cite(clean(f.What)), state})
	}
	t.add(tab)
}

func (t *tree) cards(list []ModelCard) {
	if len(list) == 0 {
		t.p("Aucun modèle n’est sur la liste.")
	}
	by := map[string]string{} // labels to the first model with them
	for _, m := range list {
		t.h2(m.Name)
		labels := join(", ", m.Labels...)
		first, again := by[labels]
		if !again {
			by[labels] = m.Name
		}
		shown := code(labels)
		if again && len(m.Labels) > 2 {
			shown = data("les mêmes que celles de " + first)
		}
		state := "non installé"
		if m.Installed {
			state = "installé"
		}
		t.add(pairs{Rows: []pair{
			{"Fonction", data(m.Task)}, {"État", data(state)}, {"SHA-256", code(m.SHA256)}, {"Origine", code(m.Source)}, {"Licence", data(Licence(m.Licence))},
			{"Données d’apprentissage", data(m.Training)}, {"Entrées", code(join(thin+"; ", m.Inputs...))}, {"Sorties", code(join(thin+"; ", m.Outputs...))},
			{"Étiquettes", shown}, {"Exactitude", data(m.Accuracy)}, {"Limites", data(m.Limits)},
		}})
	}
}

func (t *tree) evidence(list []Evidence) {
	if len(list) > 0 && !passed(list) {
		t.note("Au moins un contrôle a échoué : le logiciel ne peut pas être déclaré sans biométrie.")
	}
	tab := table{Columns: []column{{"Contrôle", 26, false}, {"Constat", 60, false}, {"Résultat", 14, false}}, Empty: "Aucun contrôle n’a été mené."}
	for _, e := range list {
		res := styled("ÉCHEC", bold)
		if e.Passed {
			res = data("conforme")
		}
		var found []text
		for _, f := range e.Found {
			found = append(found, cite(clean(f)))
		}
		tab.Rows = append(tab.Rows, []text{cite(clean(e.What)), lines(found...), res})
	}
	t.add(tab)
}

func (t *tree) measures(list []Measure) {
	var rows []pair
	for _, m := range list {
		rows = append(rows, pair{typo(clean(m.Name)), cite(clean(m.What))})
	}
	if len(rows) == 0 {
		t.p("Aucune mesure n’a été fournie.")
		return
	}
	t.add(pairs{Rows: rows})
}

// items adds strings as a list; fixed sets them as code.
func (t *tree) items(list_ []string, fixed bool) {
	var l list
	for _, s := range list_ {
		item := cite(clean(s))
		if fixed {
			item = code(s)
		}
		l.Items = append(l.Items, item)
	}
	if len(l.Items) == 0 {
		l.Items = []text{data("")}
	}
	t.add(l)
}
