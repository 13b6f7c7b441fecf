package report

import (
	"fmt"
	"time"
)

// Certificate is the certificat d'effacement: what was erased, on what ground,
// how, and what is kept.
type Certificate struct {
	Frame
	Case     Case
	Agent    Agent  // who carried it out
	Ground   string // in words: closure, three years, a decision
	Decision Decided
	Erased   []Erased   // what was erased, by recording
	Counts   []Count    // rows and files removed, in words
	Files    []Gone     // derived files removed
	Outside  []Gone     // derived files that had been put outside the store: not erased
	Method   []string   // what was done, in words, in order
	Found    []string   // remnants that the search found; empty: none
	Searched []string   // where remnants were looked for; empty: not looked for
	Copy     *Recipient // the copy of all data, when the magistrate asked for one
	Report   Issue      // the report that was handed over before
	Mention  Issue      // and the mention
	Record   int64      // of the erasure, in the procedure's journal
	Journal  Checkpoint // after the erasure was recorded
	Done     time.Time
}

// Decided is the decision behind an erasure; empty when the law itself asks.
type Decided struct {
	Magistrate, Quality, Date, Reference, SHA256 string
}

// Erased is one recording whose data was erased.
type Erased struct {
	Recording int64
	SHA256    string // of the original, which itself is no part of the erasure
	Exhibit   string
	Recorded  time.Time
}

// Count is how many of something were erased.
type Count struct {
	What string // in French
	N    int64
}

// Gone is a derived file.
type Gone struct{ Kind, Name, SHA256 string }

// HTML writes the certificate as one page.
func (c Certificate) HTML() ([]byte, error) { return c.tree().html() }

// PDF writes the certificate for print.
func (c Certificate) PDF() ([]byte, error) { return c.tree().pdf() }

func (c Certificate) tree() *tree {
	t := c.start("Certificat d’effacement", "Effacement achevé le "+c.when(c.Done))
	t.p("Établi en application de : %s.", cite(law().Erasure))
	t.h1("1. Procédure")
	t.caseBlock(c.Case)
	t.h1("2. Fondement")
	t.p("%s.", c.Ground)
	if d := c.Decision; d != (Decided{}) {
		t.add(pairs{Rows: []pair{{"Magistrat", lines(data(d.Magistrate), cite(Term(Quality, d.Quality)))}, {"Date", data(Day(d.Date))},
			{"Référence", data(d.Reference)}, {"Document (SHA-256)", code(d.SHA256)}}})
	}
	t.h1("3. Données effacées")
	c.erased(t)
	t.h1("4. Procédé")
	var l list
	for _, m := range c.Method {
		l.Items = append(l.Items, cite(clean(m)))
	}
	if len(l.Items) == 0 {
		l.Items = []text{data("")}
	}
	t.add(l)
	c.remnants(t)
	t.h1("5. Ce qui demeure")
	t.p("Les originaux et les scellés ne sont pas concernés. Le journal est conservé : il ne contient que des références, ni image, ni plaque, ni nom d’une personne vue.")
	c.handed(t)
	t.h1("6. Point de contrôle du journal")
	t.p("L’effacement est l’enregistrement n° %s du journal.", Number(c.Record))
	t.checkpoint(c.Journal)
	t.clockNote(c.Frame)
	t.add(signature{Lines: []text{data(c.Agent.Quality), styled(c.Agent.Name, bold), ours("matricule : %s", c.Agent.Matricule)}})
	return t
}

func (c Certificate) erased(t *tree) {
	tab := table{Columns: []column{{"N°", 8, false}, {"Scellé ou PV", 22, false}, {"Versé le", 26, false}, {"SHA-256 de l’original", 44, false}},
		Empty: "Aucun enregistrement n’était versé."}
	for _, e := range c.Erased {
		tab.Rows = append(tab.Rows, []text{data(fmt.Sprintf("E%d", e.Recording)), data(e.Exhibit), data(c.when(e.Recorded)), code(e.SHA256)})
	}
	t.add(tab)
	if len(c.Counts) > 0 {
		tab := table{Columns: []column{{"Donnée", 70, false}, {"Nombre", 30, true}}}
		for _, n := range c.Counts {
			tab.Rows = append(tab.Rows, []text{data(n.What), data(Number(n.N))})
		}
		t.add(tab)
	}
	t.files("Fichiers dérivés effacés :", c.Files)
	t.files("Fichiers dérivés déposés hors de la base, que le logiciel n’a pas effacés et qui restent sous la responsabilité de leur détenteur :", c.Outside)
}

func (t *tree) files(title string, list []Gone) {
	if len(list) == 0 {
		return
	}
	t.p("%s", cite(title))
	tab := table{Columns: []column{{"Nature", 22, false}, {"Fichier", 32, false}, {"SHA-256", 46, false}}}
	for _, g := range list {
		tab.Rows = append(tab.Rows, []text{cite(Term(Derived, g.Kind)), code(g.Name), code(g.SHA256)})
	}
	t.add(tab)
}

// remnants says where remnants were looked for and what was found.
func (c Certificate) remnants(t *tree) {
	if len(c.Searched) == 0 {
		t.p("Recherche de restes : non renseignée.")
		return
	}
	t.p("Recherche de restes après l’effacement, dans :")
	var l list
	for _, s := range c.Searched {
		l.Items = append(l.Items, data(s))
	}
	t.add(l)
	if len(c.Found) == 0 {
		t.p("Aucun reste n’a été trouvé.")
		return
	}
	t.note("Des restes ont été trouvés : l’effacement n’est pas complet.")
	l = list{}
	for _, s := range c.Found {
		l.Items = append(l.Items, data(s))
	}
	t.add(l)
}

// handed says what was drawn up or handed over before the erasure.
func (c Certificate) handed(t *tree) {
	issue := func(i Issue) text {
		if i.SHA256 == "" {
			return data("")
		}
		return lines(ours("version %s, établie le %s", Number(int64(max(1, i.Version))), c.when(i.At)), code(i.SHA256))
	}
	rows := []pair{{"Rapport d’exploitation", issue(c.Report)}, {"Mention en procédure", issue(c.Mention)}}
	made := ours("aucune : le magistrat n’en a pas demandé")
	if k := c.Copy; k != nil {
		made = lines(ours("remise à %s, référence %s, support : %s", k.Who, k.Reference, k.Medium), code(k.SHA256))
	}
	t.add(pairs{Rows: append(rows, pair{"Copie de l’ensemble des données", made})})
}
