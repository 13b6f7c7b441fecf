package report

import (
	"bytes"
	"errors"
	"flag"
	"html"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the golden files anew")

func both(t testing.TB, d Renderer) (page, pdf []byte) {
	t.Helper()
	page, err := d.HTML()
	if err != nil {
		t.Fatal(err)
	}
	if pdf, err = d.PDF(); err != nil {
		t.Fatal(err)
	}
	return page, pdf
}

var (
	styleForm = regexp.MustCompile(`(?s)<style>.*?</style>`)
	breakForm = regexp.MustCompile(`</(p|h1|h2|h3|li|tr|th|td|dt|div|dd|title)>`)
	tagForm   = regexp.MustCompile(`(?s)<[^>]*>`)
)

// textOf is what a person reads on a page.
func textOf(page []byte) string {
	s := styleForm.ReplaceAllString(string(page), "")
	s = breakForm.ReplaceAllString(s, "\n")
	s = html.UnescapeString(tagForm.ReplaceAllString(s, ""))
	var out []string
	for _, l := range strings.Split(s, "\n") {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return strings.Join(out, "\n") + "\n"
}

// TestGolden compares the text of each document. Refresh with -update and read
// the diff.
func TestGolden(t *testing.T) {
	for name, d := range samples(t) {
		page, _ := both(t, d)
		got, path := textOf(page), filepath.Join("testdata", name+".txt")
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

// TestSameBytes draws each document twice here and once in a process with
// another zone, language and clock.
func TestSameBytes(t *testing.T) {
	if dir := os.Getenv("REPORT_SAMPLES"); dir != "" {
		for name, d := range samples(t) {
			page, pdf := both(t, d)
			for ext, b := range map[string][]byte{".html": page, ".pdf": pdf} {
				if err := os.WriteFile(filepath.Join(dir, name+ext), b, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		return
	}
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^TestSameBytes$")
	cmd.Env = append(os.Environ(), "REPORT_SAMPLES="+dir, "TZ=Asia/Kathmandu", "LANG=de_DE.UTF-8", "LC_ALL=de_DE.UTF-8", "SOURCE_DATE_EPOCH=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, d := range samples(t) {
		page, pdf := both(t, d)
		page2, pdf2 := both(t, d)
		if !bytes.Equal(page, page2) || !bytes.Equal(pdf, pdf2) {
			t.Errorf("%s: twice the same data, two documents", name)
		}
		for ext, b := range map[string][]byte{".html": page, ".pdf": pdf} {
			other, err := os.ReadFile(filepath.Join(dir, name+ext))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(b, other) {
				t.Errorf("%s%s differs in another process", name, ext)
			}
		}
	}
}

// TestOnlyValidatedHits: rule 20.
func TestOnlyValidatedHits(t *testing.T) {
	pic := still(t, 20, 20)
	for _, d := range []Decision{{}, sampleDecision("rejected", 1), sampleDecision("comment", 1), sampleDecision("proposed", 1), {Verdict: "validated"}} {
		if _, err := NewFinding(sampleProposal(1), d, pic); !errors.Is(err, ErrNotValidated) {
			t.Errorf("a finding by %+v: %v", d, err)
		}
	}
	if _, err := NewSetAside(sampleProposal(1), sampleDecision("validated", 1)); !errors.Is(err, ErrNotValidated) {
		t.Error("a validated track was set aside")
	}
	e := sampleReport(t, 0, 0)
	e.Findings = []Finding{{}}
	if _, err := e.HTML(); !errors.Is(err, ErrNotValidated) {
		t.Error("a finding that nobody made was shown")
	}
	e.Findings, e.Aside = nil, []SetAside{{}}
	if _, err := e.PDF(); !errors.Is(err, ErrNotValidated) {
		t.Error("a rejection that nobody made was shown")
	}
}

// TestElevenParts: every part is there, full or empty.
func TestElevenParts(t *testing.T) {
	for _, e := range []Exploitation{fullReport(t), {}} {
		page, _ := both(t, e)
		text := textOf(page)
		for n, title := range []string{"Procédure, cadre", "Inventaire", "Question posée", "Méthode", "Recherches effectuées", "Résultats examinés",
			"Constatations et interprétation", "Fichiers dérivés", "Destinataires", "Intégrité", "Effacement prévu"} {
			if !strings.Contains(text, "\n"+strconv.Itoa(n+1)+". "+title) {
				t.Errorf("part %d, %s, is not there", n+1, title)
			}
		}
	}
	text := textOf(first(both(t, fullReport(t))))
	for _, want := range []string{"aucun résultat", "refusée (règle n° 4)", "échec : interruption", "hors de cause", "effacement ordonné", "12\u202f345:"[:2], "Propositions du logiciel restées sans décision : 1\u202f201"} {
		if !strings.Contains(strings.ReplaceAll(text, nbsp, " "), strings.ReplaceAll(want, nbsp, " ")) {
			t.Errorf("%q is not in the report", want)
		}
	}
}

func first(a, _ []byte) []byte { return a }

// TestNeverSaid: what no document may claim, nor any English.
func TestNeverSaid(t *testing.T) {
	for name, d := range samples(t) {
		text := strings.ToLower(textOf(first(both(t, d))))
		for _, no := range []string{"valeur probante", "date certaine", "horodatage certifié", "horodatage qualifié", "preuve irréfutable", "infaillible"} {
			if strings.Contains(text, no) {
				t.Errorf("%s says %q", name, no)
			}
		}
		for _, word := range regexp.MustCompile(`\b(the|unknown|person|seen|validated|rejected|red|hit|hits|track|tracks|seizure|handover|officer|null|nil|undefined)\b`).FindAllString(text, -1) {
			if name != "dossier" || word != "person" { // a label of a model, quoted
				t.Errorf("%s has the English word %q", name, word)
			}
		}
	}
}

// TestRatesAreMeasured compares each rate with its source.
func TestRatesAreMeasured(t *testing.T) {
	m := measured()
	b, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(m.Source)))
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for _, s := range strings.Split(string(b), "\n## ")[1:] {
		name, rest, _ := strings.Cut(s, "\n")
		sections[name] = rest
	}
	for _, r := range m.Rates {
		if !strings.Contains(sections[r.Suite], "\n| "+r.Row+" | "+r.Value+" |") {
			t.Errorf("%s, suite %s, has no row %q of value %q: copy the new figure into rates.yaml", m.Source, r.Suite, r.Row, r.Value)
		}
	}
}

// TestContrast: WCAG 2.1, 1.4.6: 7 to 1 for text, on white and on the boxes.
func TestContrast(t *testing.T) {
	light := func(c rgb) float64 {
		lin := func(v int) float64 {
			x := float64(v) / 255
			if x <= 0.04045 {
				return x / 12.92
			}
			return math.Pow((x+0.055)/1.055, 2.4)
		}
		return 0.2126*lin(c.r) + 0.7152*lin(c.g) + 0.0722*lin(c.b)
	}
	for name, c := range map[string]rgb{"ink": ink, "soft": soft, "blue": blue, "alarm": alarm} {
		for _, under := range []rgb{{255, 255, 255}, box, shade} {
			if ratio := (light(under) + 0.05) / (light(c) + 0.05); ratio < 7 {
				t.Errorf("%s on %v: %.1f", name, under, ratio)
			}
		}
		hex := "#" + strconv.FormatInt(int64(c.r<<16|c.g<<8|c.b|1<<24), 16)[1:]
		if name != "soft" && !strings.Contains(pageHTML, hex) {
			t.Errorf("%s %s is not a colour of the page", name, hex)
		}
	}
}

// TestHostileText: whatever stands in a case, the page stays a page and both
// forms are made.
func TestHostileText(t *testing.T) {
	m := sampleMention()
	m.Case.Offence = `</dd><script>alert(1)</script>"><img src=x onerror=y>`
	m.Case.Number = `"; } body{display:none} @page{content:"`
	m.Frame.Procedure = m.Case.Number
	page, _ := both(t, m)
	if bytes.Contains(page, []byte("<script")) || bytes.Contains(page, []byte("<img")) || bytes.Contains(page, []byte(`"; } body`)) {
		t.Error("text of a case became a part of the page")
	}
	runs := 0
	rapid.Check(t, func(t *rapid.T) {
		if runs++; runs > 12 { // each parses four fonts
			return
		}
		c := Habilitation{Frame: Frame{Procedure: rapid.String().Draw(t, "id"), Mark: "DÉMONSTRATION"}, At: made}
		c.Agent.Name, c.Agent.Service = rapid.String().Draw(t, "name"), rapid.StringN(0, 3000, -1).Draw(t, "service")
		pdf, err := c.PDF()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pdfObjects(pdf); err != nil {
			t.Fatal(err)
		}
	})
}

func TestHabilitationLine(t *testing.T) {
	h := sampleHabilitation()
	if got := h.Line(); !strings.Contains(got, "spécialement et individuellement habilité par DIPN 34") || !strings.HasSuffix(got, "affecté à la procédure 2026-00123.") {
		t.Error(got)
	}
	h.Agent.Revoked = true
	if got := h.Line(); !strings.Contains(got, "ne disposait d’aucune habilitation") {
		t.Error(got)
	}
	h = sampleHabilitation()
	h.Agent.Assigned = false
	if got := h.Line(); !strings.Contains(got, "sans être affecté à la procédure") {
		t.Error(got)
	}
	h.Agent.Habilitations[0].InForce = false
	if got := h.Line(); !strings.Contains(got, "ne disposait d’aucune habilitation") {
		t.Error(got)
	}
}

func TestDossierSaysWhatFailed(t *testing.T) {
	d := sampleTechnical()
	if !d.Intact() {
		t.Fatal("the sample's checks pass")
	}
	d.Evidence = append(d.Evidence, Evidence{"Symboles", []string{"FaceDetectorYN"}, false})
	text := textOf(first(both(t, d)))
	if d.Intact() || !strings.Contains(text, "ÉCHEC") || !strings.Contains(text, "ne peut pas être déclaré sans biométrie") {
		t.Error("a failed check is not told")
	}
	if (Technical{}).Intact() {
		t.Error("a dossier without checks is intact")
	}
}

func TestFilterWords(t *testing.T) {
	for in, want := range map[string]string{
		`{}`: "toutes les pistes", ``: "toutes les pistes", `not json`: "not json",
		`{"classes":["car"],"colours":["red"]}`:                             "nature : voiture ; couleur : rouge",
		`{"from":"2026-02-20T21:00:00+01:00"}`:                              "à partir de : 20 février 2026 à 21 h 00 min 00 s (UTC+1)",
		`{"headings":["NE","350-10"],"heading_tolerance":5}`:                "tolérance de direction : 5° ; direction : vers le haut, à droite, 350-10°",
		`{"dwell":[{"zone":"porche","min_us":30000000}],"stop_us":2500000}`: "séjour : au moins 30,0 s dans porche ; arrêt d’au moins : 2,5 s",
		`{"crosses":[{"line":"seuil","side":"left"}]}`:                      "franchit : seuil vers la gauche",
		`{"lines":[{"name":"seuil","a":{"x":1,"y":2},"b":{"x":3,"y":4}}]}`:  "lignes tracées : seuil (1 ; 2) (3 ; 4)",
		`{"min_size":{"h":40}}`:                                             "taille d’au moins : hauteur 40 pixels",
		`{"brand_new":{"a":1}}`:                                             `brand_new : {"a":1}`,
		`{"classes":7}`:                                                     "classes : 7",
	} {
		got := strings.NewReplacer(nbsp, " ", thin, " ").Replace(FilterWords(in))
		if got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

// TestEveryFilterFieldIsKnown: a field that query.Filter gains is shown raw;
// this test says that it wants its French.
func TestEveryFilterFieldIsKnown(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "query", "filter.go"))
	if err != nil {
		t.Fatal(err)
	}
	def := string(b)
	def = def[strings.Index(def, "type Filter struct"):]
	def = def[:strings.Index(def, "\n}")]
	found := regexp.MustCompile("json:\"([a-z_]+)").FindAllStringSubmatch(def, -1)
	if len(found) < 15 {
		t.Fatalf("only %d fields found", len(found))
	}
	for _, m := range found {
		if _, ok := filterFields[m[1]]; !ok {
			t.Errorf("the filter's field %q has no French", m[1])
		}
	}
}

func FuzzFilterWords(f *testing.F) {
	f.Add(`{"classes":["car"],"zones":[{"name":"a","polygon":[{"X":1}]}]}`)
	f.Fuzz(func(t *testing.T, s string) {
		if out := FilterWords(s); out == "" && strings.TrimSpace(clean(s)) != "" {
			t.Fatalf("%q is shown as nothing", s)
		}
	})
}

// TestLargeReport: many hits and searches fit, in reasonable time.
func TestLargeReport(t *testing.T) {
	e := sampleReport(t, 8, 150)
	start := time.Now()
	pdf, err := e.PDF()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes in %v", len(pdf), time.Since(start))
	text := pdfToText(t, pdf)
	pages := strings.Split(strings.TrimSuffix(text, "\f"), "\f")
	for i, p := range pages {
		for _, want := range []string{"2026-00123", "DÉMONSTRATION", "page " + strconv.Itoa(i+1) + " sur " + strconv.Itoa(len(pages))} {
			if !strings.Contains(strings.ReplaceAll(p, nbsp, " "), want) {
				t.Errorf("page %d lacks %q", i+1, want)
			}
		}
	}
	if n := strings.Count(text, "Critères et motif"); n < 8 {
		t.Errorf("the head of the long table stands on %d pages only", n)
	}
	if n := strings.Count(strings.ReplaceAll(text, nbsp, " "), "motif : véhicule des faits"); n != 150 {
		t.Errorf("%d of 150 searches are there", n)
	}
}

// Rule 10: a finding shows a plate that somebody unmasked, and no other.
func TestPlateOfAFinding(t *testing.T) {
	f, err := NewFinding(sampleProposal(1), sampleDecision("validated", 3), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []Plate{{}, {Text: "AB123CD"}, {By: "x"}, {Text: "AB123CD", By: " "}} {
		if _, err := f.WithPlate(bad); !errors.Is(err, ErrNotValidated) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	shown, err := f.WithPlate(Plate{Text: "AB123CD", By: "Zoé Lefèvre", Record: 12})
	if err != nil {
		t.Fatal(err)
	}
	e := sampleReport(t, 0, 0)
	for want, f := range map[bool]Finding{false: f, true: shown} {
		e.Findings = []Finding{f}
		html, err := e.HTML()
		if err != nil || strings.Contains(string(html), "AB123CD") != want {
			t.Errorf("the plate's being shown is not %v: %v", want, err)
		}
	}
}
