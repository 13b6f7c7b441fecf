package report

// ImpactDraft is the draft of the AIPD, the data-protection impact assessment.
// The parts that only the controller can judge are left to him, and say so.
type ImpactDraft struct {
	Frame
	Compliance Compliance
	Controller string // responsable du traitement
	Purposes   []string
	Data       []Category
	Users      []string // who may use it, in words
	Recipients []string
	Retention  []Measure // what is kept, how long
	Functions  []Function
	Security   []Measure
	Evidence   []Evidence
	Risks      []Risk
	Rights     []Measure // rights of persons, and how each is given effect
}

// Category is one category of data.
type Category struct {
	Name, Of, Where string // what, of whom, where it is kept
	Identifying     bool
}

// Risk is one risk, what the software does about it, and what is left to the
// controller.
type Risk struct{ Name, Source, Answer, Left string }

// HTML writes the draft as one page.
func (d ImpactDraft) HTML() ([]byte, error) { return d.tree().html() }

// PDF writes the draft for print.
func (d ImpactDraft) PDF() ([]byte, error) { return d.tree().pdf() }

func (d ImpactDraft) tree() *tree {
	t := d.start("Analyse d’impact relative à la protection des données", "Projet établi par le logiciel, à compléter et à signer par le responsable du traitement")
	t.p("Établie en application de : %s.", cite(law().Impact))
	t.h1("1. Traitement")
	t.add(pairs{Rows: []pair{{"Responsable du traitement", data(d.Controller)}, {"Service", data(d.Service)}}})
	t.software(d.Software)
	t.complianceBlock(d.Compliance, d.Frame)
	t.h1("2. Finalités")
	t.p("Finalités permises : %s.", cite(law().Purpose))
	t.items(d.Purposes, false)
	t.h1("3. Fonctions")
	t.functions(d.Functions)
	t.h1("4. Données")
	tab := table{Columns: []column{{"Catégorie", 28, false}, {"Personnes", 22, false}, {"Où elles sont conservées", 32, false}, {"Identifiante", 18, false}}, Empty: "Les catégories de données n’ont pas été fournies."}
	for _, c := range d.Data {
		yes := "non"
		if c.Identifying {
			yes = "oui"
		}
		tab.Rows = append(tab.Rows, []text{cite(clean(c.Name)), cite(clean(c.Of)), cite(clean(c.Where)), data(yes)})
	}
	t.add(tab)
	t.h1("5. Utilisateurs et destinataires")
	t.h2("Utilisateurs")
	t.items(d.Users, false)
	t.h2("Destinataires")
	t.items(d.Recipients, false)
	t.h1("6. Durées de conservation")
	t.measures(d.Retention)
	t.h1("7. Nécessité et proportionnalité")
	t.p("Le logiciel ne fait que proposer ; une personne décide (%s). L’identité vient tard : le texte des plaques reste masqué jusqu’à la validation (%s).", cite(law().Human), cite(law().Identity))
	t.note("À compléter par le responsable du traitement : nécessité au regard des finalités, proportionnalité, alternatives écartées.")
	t.h1("8. Absence de biométrie")
	t.evidence(d.Evidence)
	t.h1("9. Mesures de sécurité")
	t.measures(d.Security)
	t.h1("10. Droits des personnes")
	t.measures(d.Rights)
	t.h1("11. Risques")
	risks := table{Columns: []column{{"Risque", 20, false}, {"Source", 20, false}, {"Réponse du logiciel", 32, false}, {"Reste à la charge du responsable", 28, false}}, Empty: "Les risques n’ont pas été fournis."}
	for _, r := range d.Risks {
		risks.Rows = append(risks.Rows, []text{cite(clean(r.Name)), cite(clean(r.Source)), cite(clean(r.Answer)), dataOr(r.Left)})
	}
	t.add(risks)
	t.note("À compléter par le responsable du traitement : gravité et vraisemblance de chaque risque, avis du délégué à la protection des données.")
	t.clockNote(d.Frame)
	t.add(signature{Lines: []text{data("Le responsable du traitement"), data("Date et signature :")}})
	return t
}

func dataOr(s string) text {
	if s == "" {
		return data("à compléter")
	}
	return cite(clean(s))
}
