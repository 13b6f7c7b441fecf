package report

import (
	"strings"
	"time"
)

// Habilitation is the line that a procès-verbal needs: under which
// habilitation an agent acted at one moment.
type Habilitation struct {
	Frame
	Agent    Agent // as he stood at At
	At       time.Time
	Document string // SHA-256 of the register of users at that time
	Record   int64  // of the store's journal that made it so
	Journal  Checkpoint
}

// HTML writes the extract as one page.
func (h Habilitation) HTML() ([]byte, error) { return h.tree().html() }

// PDF writes the extract for print.
func (h Habilitation) PDF() ([]byte, error) { return h.tree().pdf() }

// Line is the habilitation on one line, to be taken into a procès-verbal.
func (h Habilitation) Line() string {
	var b strings.Builder
	for _, s := range h.line() {
		b.WriteString(s.Text)
	}
	return b.String()
}

func (h Habilitation) line() text {
	a := h.Agent
	who := ours("%s, %s, matricule %s, en fonction au service %s", a.Name, a.Quality, a.Matricule, a.Service)
	held, ok := h.inForce()
	if !ok {
		return joined(who, ours(", ne disposait d’aucune habilitation en vigueur le %s.", h.when(h.At)))
	}
	out := joined(who, ours(", était, le %s, spécialement et individuellement habilité par %s (référence %s, du %s au %s ; données : %s)",
		h.when(h.At), held.Authority, held.Reference, Day(held.From), Day(held.Until), terms(Nature, held.Natures)))
	if h.Procedure == "" {
		return joined(out, ours("."))
	}
	if !a.Assigned {
		return joined(out, ours(", sans être affecté à la procédure %s.", h.Procedure))
	}
	return joined(out, ours(" et affecté à la procédure %s.", h.Procedure))
}

// inForce is the last habilitation in force; none for a user withdrawn.
func (h Habilitation) inForce() (Order, bool) {
	for i := len(h.Agent.Habilitations) - 1; i >= 0 && !h.Agent.Revoked; i-- {
		if o := h.Agent.Habilitations[i]; o.InForce {
			return o, true
		}
	}
	return Order{}, false
}

func (h Habilitation) tree() *tree {
	t := h.start("Habilitation", "Extrait de l’état des utilisateurs au "+h.when(h.At))
	t.p("Mention à porter au procès-verbal (%s) :", cite(law().Habilitation))
	t.add(para{Text: h.line(), Note: true})
	t.h1("État de l’utilisateur à cette date")
	revoked := "non"
	if h.Agent.Revoked {
		revoked = "oui"
	}
	assigned := "non"
	if h.Agent.Assigned {
		assigned = "oui"
	}
	rows := []pair{
		{"Nom", data(h.Agent.Name)}, {"Qualité", data(h.Agent.Quality)}, {"Matricule", data(h.Agent.Matricule)},
		{"Service", data(h.Agent.Service)}, {"Compte de la machine", code(h.Agent.Account)},
		{"Rôles", data(terms(Role, h.Agent.Roles))}, {"Compte retiré", data(revoked)},
	}
	if h.Procedure != "" {
		rows = append(rows, pair{"Affecté à la procédure", data(assigned)})
	}
	t.add(pairs{Rows: rows})
	t.h2("Habilitations")
	tab := table{Columns: []column{{"Autorité et référence", 28, false}, {"Du, au", 18, false}, {"Données", 18, false}, {"Document (SHA-256)", 24, false}, {"En vigueur", 12, false}},
		Empty: "Aucune habilitation n’est enregistrée."}
	for _, o := range h.Agent.Habilitations {
		now := "non"
		if o.InForce && !h.Agent.Revoked {
			now = "oui"
		}
		tab.Rows = append(tab.Rows, []text{lines(data(o.Authority), data(o.Reference)), lines(data(Day(o.From)), data(Day(o.Until))),
			data(terms(Nature, o.Natures)), code(o.SHA256), data(now)})
	}
	t.add(tab)
	t.h1("Contrôle")
	t.p("Cet état est celui du registre des utilisateurs ; chaque changement du registre est consigné au journal avec son empreinte.")
	record := data(unknown)
	if h.Document != "" {
		record = number(h.Record)
	}
	t.add(pairs{Rows: []pair{{"Registre (SHA-256)", code(h.Document)}, {"Consigné au journal général", record}}})
	t.checkpoint(h.Journal)
	t.clockNote(h.Frame)
	return t
}
