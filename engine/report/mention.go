package report

// Mention is the mention en procédure: that the software is used, by whom, on
// what, under which authorisation.
type Mention struct {
	Frame
	Case       Case
	Agent      Agent // who draws it up
	Users      []Agent
	Compliance Compliance
	Recordings []Recording
	Journal    Checkpoint
}

// HTML writes the mention as one page.
func (m Mention) HTML() ([]byte, error) { return m.tree().html() }

// PDF writes the mention for print.
func (m Mention) PDF() ([]byte, error) { return m.tree().pdf() }

func (m Mention) tree() *tree {
	t := m.start("Mention en procédure", "Emploi d’un logiciel de rapprochement judiciaire")
	t.p("Le %s, nous, %s, %s, matricule %s, en fonction au service %s ;", Date(m.Made.In(m.zone())),
		styled(m.Agent.Name, bold), m.Agent.Quality, m.Agent.Matricule, orElse(m.Agent.Service, m.Service))
	t.p("Vu %s ;", cite(law().Seen))
	t.p("Mentionnons qu’il est fait emploi, dans la procédure désignée ci-dessous, du logiciel de rapprochement judiciaire %s, "+
		"pour l’exploitation différée d’enregistrements vidéo, dans les conditions suivantes (%s).", join(" ", orElse(m.Software.Name, "posteriori"), m.Software.Version), cite(law().Mention))
	t.h1("1. Procédure")
	t.caseBlock(m.Case)
	t.h1("2. Autorisation")
	t.authorisations(m.Case, m.Frame)
	t.h1("3. Logiciel et engagement de conformité")
	t.software(m.Software)
	t.complianceBlock(m.Compliance, m.Frame)
	t.p("Le logiciel ne contient aucune fonction d’identification biométrique. Chaque résultat est une proposition, soumise à la décision d’une personne (%s).", cite(law().Human))
	t.h1("4. Habilitation")
	t.p("Agents désignés et individuellement habilités, affectés à la procédure (%s) :", cite(law().Users))
	t.agents(m.Users)
	t.h1("5. Enregistrements et scellés")
	t.inventoryTable(m.Recordings, m.Frame)
	t.h1("6. Point de contrôle du journal")
	t.p("Chaque acte est consigné dans un journal. Le point de contrôle ci-dessous, conservé hors de la machine, permet de vérifier plus tard que rien de ce qui précède n’a été modifié ni retiré.")
	t.checkpoint(m.Journal)
	t.clockNote(m.Frame)
	t.add(signature{Lines: []text{data(m.Agent.Quality), styled(m.Agent.Name, bold), ours("matricule : %s", m.Agent.Matricule)}})
	return t
}
