package report

import (
	"strconv"
	"strings"
	"time"
)

// Case is the procedure that a document is about.
type Case struct {
	Number         string
	Parquet        string // number at the parquet
	Offence        string // empty in the searches of causes of death or persons
	Imprisonment   bool
	LegalFrame     string // procedure.Frame
	Service        string
	Opened         time.Time
	State          string // procedure.State
	Authorisations []Authorised
}

// Authorised is one word of the magistrate on the use of the software.
type Authorised struct {
	Kind       string // procedure.Kind
	LegalFrame string
	Magistrate string
	Quality    string // procedure.Quality
	Date       string // YYYY-MM-DD
	Reference  string
	SHA256     string // of the document
	Recorded   time.Time
}

// Agent is a user as he stood at the time that matters.
type Agent struct {
	Name, Quality, Matricule, Service, Account string

	Roles         []string // access.Role
	Habilitations []Order
	Assigned      bool
	Revoked       bool
	Acts          int64 // acts in this procedure; zero: not counted
}

// Order is one habilitation of an agent.
type Order struct {
	Authority, Reference, SHA256 string
	From, Until                  string   // YYYY-MM-DD
	Natures                      []string // access.Nature
	InForce                      bool     // at the time that the document is about
}

// Compliance is the record of deployment.
type Compliance struct {
	Reference        string
	Date             string // YYYY-MM-DD
	ImpactAssessment string // its version
}

// Checkpoint is the state of the journal that a document states.
type Checkpoint struct {
	Origin string
	Size   int64
	Root   string // base64
	Key    string // the public key, as verifiers take it
}

// Held is the checkpoint in the form that the verifier takes.
func (c Checkpoint) Held() string { return strconv.FormatInt(c.Size, 10) + ":" + c.Root }

// caseBlock adds the fields of the case.
func (t *tree) caseBlock(c Case) {
	offence := data(c.Offence)
	if c.Offence == "" && (c.LegalFrame == "74" || c.LegalFrame == "74-1") {
		offence = data("aucune infraction visée à ce stade")
	}
	punished := "non"
	if c.Imprisonment {
		punished = "oui"
	}
	t.add(pairs{Rows: []pair{
		{"Procédure", data(c.Number)},
		{"Numéro de parquet", data(c.Parquet)},
		{"Service", data(c.Service)},
		{"Cadre juridique", cite(Term(LegalFrame, c.LegalFrame))},
		{"Infraction", offence},
		{"Punie d’emprisonnement", data(punished)},
		{"État", cite(Term(State, c.State))},
	}})
}

// authorisations adds the words of the magistrate, the last of which counts.
func (t *tree) authorisations(c Case, f Frame) {
	tab := table{Columns: []column{{"Décision", 22, false}, {"Magistrat", 24, false}, {"Date et référence", 24, false}, {"Document (SHA-256)", 30, false}},
		Empty: "Aucune autorisation n’est enregistrée."}
	for _, a := range c.Authorisations {
		by := lines(data(a.Magistrate), cite(Term(Quality, a.Quality)))
		ref := lines(data(Day(a.Date)), data(a.Reference))
		doc := code(a.SHA256)
		if a.Kind == "deemed" || a.Kind == "frame-changed" {
			by, ref, doc = data("sans objet"), ours("constaté le %s", f.when(a.Recorded)), data("sans objet")
		}
		tab.Rows = append(tab.Rows, []text{lines(cite(Term(Authorisation, a.Kind)), cite("("+Term(LegalFrame, a.LegalFrame)+")")), by, ref, doc})
	}
	t.add(tab)
}

// agents adds the users with their habilitation.
func (t *tree) agents(list []Agent) {
	tab := table{Columns: []column{{"Agent", 30, false}, {"Service", 20, false}, {"Habilitation", 38, false}, {"Actes", 12, true}},
		Empty: "Aucun utilisateur n’est enregistré."}
	for _, a := range list {
		who := lines(styled(a.Name, bold), data(a.Quality), ours("matricule : %s", a.Matricule), ours("compte : %s", code(a.Account)))
		acts := data("—")
		if a.Acts > 0 {
			acts = data(Number(a.Acts))
		}
		tab.Rows = append(tab.Rows, []text{who, data(a.Service), orders(a), acts})
	}
	t.add(tab)
}

func orders(a Agent) text {
	var out text
	for _, h := range a.Habilitations {
		if h.InForce {
			out = lines(out, h.line())
		}
	}
	if len(out) == 0 {
		out = data("aucune habilitation en vigueur")
	}
	if a.Revoked {
		out = lines(out, styled("compte retiré", bold))
	}
	return out
}

// line writes an order on one line.
func (h Order) line() text {
	return ours("%s, référence %s, du %s au %s ; données : %s", h.Authority, h.Reference, Day(h.From), Day(h.Until), terms(Nature, h.Natures))
}

func terms(v Vocabulary, names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = Term(v, n)
	}
	return strings.Join(out, ", ")
}

// complianceBlock adds the statement under which the software is used.
func (t *tree) complianceBlock(c Compliance, f Frame) {
	if f.Mark != "" && c.Reference == "" {
		t.note("Base de démonstration : aucun engagement de conformité n’y est enregistré et seules des données de démonstration peuvent y être versées (%s).", cite(law().Compliance))
		return
	}
	t.add(pairs{Rows: []pair{
		{"Engagement de conformité", data(c.Reference)},
		{"Date", data(Day(c.Date))},
		{"Analyse d’impact (AIPD)", data(c.ImpactAssessment)},
	}})
}

// software adds what wrote the document.
func (t *tree) software(s Software) {
	t.add(pairs{Rows: []pair{
		{"Logiciel", data(orElse(s.Name, "posteriori"))},
		{"Version", data(s.Version)},
		{"Révision", code(s.Revision)},
		{"SHA-256 du programme", code(s.SHA256)},
	}})
}

// checkpoint adds the journal's state and what it does and does not show.
func (t *tree) checkpoint(c Checkpoint) {
	t.add(pairs{Rows: []pair{
		{"Journal", code(c.Origin)},
		{"Taille", data(plural(c.Size, "enregistrement", "enregistrements"))},
		{"Racine (SHA-256, base64)", code(c.Root)},
		{"Clé publique", code(c.Key)},
	}})
}

// clockNote says what the document's own times rest on.
func (t *tree) clockNote(f Frame) {
	t.p("Les dates et heures des actes sont celles de l’horloge de la machine ; elles ne sont pas certifiées par un tiers. Document établi le %s.", f.when(f.Made))
}
