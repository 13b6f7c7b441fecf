package engine

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
)

// drawn does the act of one document and gives its page.
func (m marked) drawn(t *testing.T, sub journal.Sub, draw func(*Act) (Dossier, error)) (page string, d Dossier, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "document.html")
	err := m.Do(ctx, ActSpec{Procedure: "P1", Operation: journal.Communicate, Sub: sub, Reason: "document"}, func(a *Act) error {
		var err error
		if d, err = draw(a); err != nil {
			return err
		}
		made, err := a.Issue(ctx, d, path, false)
		if err == nil && made.SHA256 != documentHash(lastOf(t, m.Store)) {
			t.Error("the journal has another hash of the document")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(string(b)), d, path
}

func lastOf(t *testing.T, s *Store) journal.Record {
	t.Helper()
	all := records(t, s, "P1")
	return all[len(all)-1]
}

// decide validates track 1, rejects track 2 and leaves track 3.
func (m marked) decide(t *testing.T) {
	t.Helper()
	for _, d := range []struct {
		sub journal.Sub
		index.Decision
	}{
		{journal.SubValidate, index.Decision{Track: 1, Verdict: index.Validated, Text: "le bon véhicule"}},
		{journal.SubReject, index.Decision{Track: 2, Verdict: index.Rejected, Text: "hors de cause"}},
		{journal.SubComment, index.Decision{Track: 2, Verdict: index.Comment, Text: "une simple remarque"}},
	} {
		err := m.act(d.sub, func(a *Act, ix *index.Store) error {
			if err := a.Record(journal.Details{Objects: []journal.Object{recordingObject(m.rec)}}); err != nil {
				return err
			}
			d.Recording, d.By = m.rec.ID, a.By()
			d.Record, _ = a.Seq()
			_, err := ix.Decide(ctx, d.Decision)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	none := int64(0)
	err := m.act(journal.SubQuery, func(a *Act, _ *index.Store) error {
		return a.Record(journal.Details{Query: &journal.Query{Filter: `{"classes":["bus"]}`, Results: &none}})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func makeReport(a *Act) (Dossier, error)  { return MakeReport(ctx, a, "qui ?") }
func makeMention(a *Act) (Dossier, error) { return MakeMention(ctx, a) }

// want checks which texts a page has and lacks.
func want(t *testing.T, page string, has, lacks []string) {
	t.Helper()
	for _, s := range has {
		if !strings.Contains(page, s) {
			t.Errorf("the document lacks %q", s)
		}
	}
	for _, s := range lacks {
		if strings.Contains(page, s) {
			t.Errorf("the document has %q", s)
		}
	}
}

// A check that a person asked for counts among those of the originals, with what
// came of it; so does what held the reading program in.
func TestReportTellsChecksAndConfinement(t *testing.T) {
	m := newMarked(t, testStore(t, true))
	record := func(sub journal.Sub, params, note string) {
		t.Helper()
		err := m.act(sub, func(a *Act, _ *index.Store) error {
			o := recordingObject(m.rec)
			o.Note = note
			return a.Record(journal.Details{Params: params, Objects: []journal.Object{o}})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	record(journal.SubAnalyse, `{"sandbox":"files by landlock v7, not in force: operation not permitted, no sockets"}`, "")
	record(journal.SubShow, EvidenceCheck, FileUnchanged)
	record(journal.SubShow, EvidenceCheck, FileMissing)
	record(journal.SubShow, `{"view":"evidence"}`, "")
	page, _, _ := m.drawn(t, journal.SubReport, makeReport)
	want(t, page, []string{"2 contrôles consignés", "accès aux fichiers limité", "une protection n’a pas pu être mise en place"}, nil)
	var l *caseLog
	err := m.act(journal.SubShow, func(a *Act, _ *index.Store) (err error) {
		if l, err = a.readAll(); err != nil {
			return err
		}
		return a.Record(journal.Details{})
	})
	if err != nil || len(l.checks[m.rec.SHA256]) != 2 || !strings.Contains(l.confined[m.rec.SHA256], "not in force") {
		t.Errorf("%+v, %q, %v", l.checks, l.confined, err)
	}
}

func TestReportFromIndexAndJournal(t *testing.T) {
	m := newMarked(t, testStore(t, true))
	m.decide(t)
	page, d, _ := m.drawn(t, journal.SubReport, makeReport)
	if d.Version != 1 {
		t.Errorf("version %d", d.Version)
	}
	want(t, page, []string{"DÉMONSTRATION", "Élément n° 1", "le bon véhicule", "hors de cause", "une simple remarque", "nature : autobus ou autocar", "aucun résultat",
		"restées sans décision : 1.", m.rec.SHA256, "clip.mp4"}, []string{"Élément n° 2", ">1:3<", "annule et remplace"})
	first := documentHash(lastOf(t, m.Store))

	// A later one is another version, and follows what was erased on order.
	order := Order{Recording: m.rec, Track: 1, Decision: procedure.Authorisation{Reference: "O-1", Magistrate: "M", Quality: procedure.Referent, Date: "2025-02-01"}}
	err := m.act(journal.SubErase, func(a *Act, ix *index.Store) error {
		_, err := a.EraseOrdered(ctx, ix, order)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	page, d, _ = m.drawn(t, journal.SubReport, makeReport)
	if d.Version != 2 {
		t.Errorf("version %d", d.Version)
	}
	want(t, page, []string{"annule et remplace", first, "effacement ordonné", "O-1", "piste 1:1", "Aucun résultat n’a été validé"}, []string{"Élément n° 1", "le bon véhicule"})
	p, err := m.OpenProcedure("P1")
	if err != nil {
		t.Fatal(err)
	}
	ix, err := p.Index(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	files, err := ix.DerivedFiles(ctx)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range files {
		if f.Kind == "report" {
			n++
		}
	}
	if n != 2 {
		t.Errorf("%d reports are listed, not 2", n)
	}
}

// TestSameReport: the same data, drawn twice in one act, give the same bytes.
func TestSameReport(t *testing.T) {
	now := time.Now()
	m := newMarked(t, testStore(t, true).WithClock(func() time.Time { return now }))
	m.decide(t)
	err := m.Do(ctx, ActSpec{Procedure: "P1", Operation: journal.Communicate, Sub: journal.SubReport, Reason: "r"}, func(a *Act) error {
		var last string
		for range 2 {
			d, err := makeReport(a)
			if err != nil {
				return err
			}
			b, err := d.Render("x.pdf")
			if err != nil {
				return err
			}
			if last != "" && last != string(b) {
				t.Error("two documents of the same data differ")
			}
			last = string(b)
		}
		return a.Record(journal.Details{})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestMentionAndCertificate(t *testing.T) {
	m := newMarked(t, testStore(t, true))
	page, _, _ := m.drawn(t, journal.SubMention, makeMention)
	want(t, page, []string{"Mention en procédure", "230-20", m.rec.SHA256, "Autorisation", "DÉMONSTRATION"}, nil)

	certificate := func(a *Act) (Dossier, error) { return MakeCertificate(ctx, a) }
	err := m.Do(ctx, ActSpec{Procedure: "P1", Operation: journal.Communicate, Sub: journal.SubCertificate, Reason: "r"}, func(a *Act) error {
		_, err := certificate(a)
		return err
	})
	if fault.KindOf(err) != fault.NotFound {
		t.Errorf("a certificate of nothing: %v", err)
	}
	dir := t.TempDir()
	err = m.CloseProcedure(ctx, "P1", CloseOptions{Reason: "fin", Paper: func(ctx context.Context, step procedure.Step) error {
		sub, draw := journal.SubReport, makeReport
		switch step {
		case procedure.StepMention:
			sub, draw = journal.SubMention, makeMention
		case procedure.StepCertificate:
			sub, draw = journal.SubCertificate, certificate
		}
		return m.Do(ctx, ActSpec{Procedure: "P1", Operation: journal.Communicate, Sub: sub, Reason: "fin"}, func(a *Act) error {
			d, err := draw(a)
			if err == nil {
				_, err = a.Issue(ctx, d, filepath.Join(dir, string(step)+".html"), false)
			}
			return err
		})
	}})
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, string(procedure.StepCertificate)+".html"))
	if err != nil {
		t.Fatal(err)
	}
	want(t, string(b), []string{"Certificat d’effacement", m.rec.SHA256, "Clôture de la procédure", "Aucun reste n’a été trouvé", "pistes"}, []string{string(m.pattern)})

	// After the purge there is nothing to report on.
	err = m.Do(ctx, ActSpec{Procedure: "P1", Operation: journal.Communicate, Sub: journal.SubReport, Reason: "r"}, func(a *Act) error {
		_, err := makeReport(a)
		return err
	})
	if fault.KindOf(err) != fault.Refused {
		t.Errorf("a report on a purged procedure: %v", err)
	}
}

func TestRemnantsAreTold(t *testing.T) {
	m := newMarked(t, testStore(t, true))
	_, found, err := m.remnants("P1")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(found, "\n")
	want(t, text, []string{"clé de la procédure", "index.db"}, nil)
}

func TestHabilitationOfAnotherTime(t *testing.T) {
	m := newMarked(t, testStore(t, true))
	err := m.Do(ctx, ActSpec{Procedure: "P1", Operation: journal.Consult, Sub: journal.SubUserShow, Reason: "r"}, func(a *Act) error {
		h, err := MakeHabilitation(ctx, a, "", time.Now())
		if err != nil {
			return err
		}
		if !strings.Contains(h.Line(), "habilité par") || h.Document == "" || !h.Agent.Assigned {
			t.Errorf("%s (register %s)", h.Line(), h.Document)
		}
		if _, err := MakeHabilitation(ctx, a, "", time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)); fault.KindOf(err) != fault.NotFound {
			t.Errorf("before there were users: %v", err)
		}
		if _, err := MakeHabilitation(ctx, a, "nobody-here", time.Now()); fault.KindOf(err) != fault.NotFound {
			t.Errorf("an unknown account: %v", err)
		}
		return a.Record(journal.Details{})
	})
	if err != nil {
		t.Fatal(err)
	}
}
