package report

import (
	"fmt"
	"time"
)

// Recording is one imported file.
type Recording struct {
	ID       int64
	Name     string // of the file
	SHA256   string
	Bytes    int64
	Exhibit  string
	Basis    string // procedure.Basis
	Camera   string
	Imported time.Time
	Format   string
	Codec    string
	Width    int
	Height   int
	LengthUS int64
	Still    bool // a photograph
	// Clock is the wall-clock time of the recording's start; zero when nobody
	// has said. It is right to within ClockUncertaintyUS either way.
	Clock              time.Time
	ClockUncertaintyUS int64
	ClockSource        string
	Analysed           bool
	Coverage           []Stretch // what was not seen, and why; seen ones may be left out
	Checks             []Check
}

// Stretch is a span of media time and what became of it.
type Stretch struct {
	FromUS, ToUS int64
	Kind         string // scene.CoverageKind
	Reason       string
}

// Check is one comparison of the original with its hash.
type Check struct {
	Record int64 // of the journal
	At     time.Time
	Act    string // journal.Sub
	Same   bool
}

func (r Recording) ref() string { return fmt.Sprintf("E%d", r.ID) }

// inventoryTable adds the recordings in short: file, exhibit, basis, hash.
func (t *tree) inventoryTable(list []Recording, f Frame) {
	tab := table{Columns: []column{{"N°", 7, false}, {"Fichier", 27, false}, {"Scellé ou PV, base", 24, false}, {"SHA-256 de l’original", 42, false}},
		Empty: "Aucun enregistrement n’est versé à la procédure."}
	for _, r := range list {
		tab.Rows = append(tab.Rows, []text{data(r.ref()), lines(code(r.Name), data(Bytes(r.Bytes))),
			lines(data(r.Exhibit), cite(Term(Basis, r.Basis))), code(r.SHA256)})
	}
	t.add(tab)
}

// recording adds one recording in full.
func (t *tree) recording(r Recording, f Frame) {
	t.h2("Enregistrement " + r.ref())
	size := unknown
	if r.Width > 0 && r.Height > 0 {
		size = fmt.Sprintf("%d × %d pixels", r.Width, r.Height)
	}
	length := data(Span(r.LengthUS))
	if r.Still {
		length = data("photographie")
	}
	t.add(pairs{Rows: []pair{
		{"Fichier", code(r.Name)},
		{"SHA-256", code(r.SHA256)},
		{"Taille", data(Bytes(r.Bytes))},
		{"Scellé ou procès-verbal", data(r.Exhibit)},
		{"Base", cite(Term(Basis, r.Basis))},
		{"Versé le", data(f.when(r.Imported))},
		{"Format", data(join(", ", container(r.Format), r.Codec, size))},
		{"Durée", length},
		{"Caméra", data(r.Camera)},
		{"Horloge de la caméra", r.clock(f)},
		{"Original contrôlé", r.checks()},
	}})
	t.coverage(r)
}

func (r Recording) clock(f Frame) text {
	if r.Clock.IsZero() {
		return ours("non renseignée : les heures sont comptées depuis le début de l’enregistrement")
	}
	return lines(ours("début le %s, %s", f.when(r.Clock), within(r.ClockUncertaintyUS)), ours("source : %s", ClockSource(r.ClockSource)))
}

// within writes the uncertainty of a clock.
func within(us int64) string {
	if us <= 0 {
		return "incertitude non renseignée"
	}
	return "à ±" + nbsp + Span(us) + " près"
}

func (r Recording) checks() text {
	if len(r.Checks) == 0 {
		return data("aucun contrôle consigné depuis le versement")
	}
	bad := 0
	for _, c := range r.Checks {
		if !c.Same {
			bad++
		}
	}
	last := r.Checks[len(r.Checks)-1]
	n := plural(int64(len(r.Checks)), "contrôle consigné", "contrôles consignés")
	if bad > 0 {
		return ours("%s, dont %d en échec ; dernier : enregistrement n° %s du journal", n, bad, Number(last.Record))
	}
	return ours("%s, empreinte inchangée ; dernier : enregistrement n° %s du journal", n, Number(last.Record))
}

// coverage adds what of a recording was not seen.
func (t *tree) coverage(r Recording) {
	if !r.Analysed {
		t.note("Cet enregistrement n’a pas été analysé en entier : l’absence de résultat n’y signifie rien.")
		return
	}
	tab := table{Columns: []column{{"De", 17, false}, {"À", 17, false}, {"Constat", 26, false}, {"Cause", 40, false}},
		Empty: "Toute la durée de l’enregistrement a été analysée."}
	for _, s := range r.Coverage {
		if s.Kind == "seen" {
			continue
		}
		reason := data("—")
		if s.Reason != "" {
			reason = cite(Term(Reason, s.Reason))
		}
		tab.Rows = append(tab.Rows, []text{data(Span(s.FromUS)), data(Span(s.ToUS)), cite(Term(Coverage, s.Kind)), reason})
	}
	if len(tab.Rows) > 0 {
		t.p("Parties de l’enregistrement où l’absence de résultat ne signifie rien :")
	}
	t.add(tab)
}
