package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"posteriori/engine/fault"
	"posteriori/engine/journal"
	"posteriori/engine/report"
)

// MakeCertificate draws up the certificat d'effacement (rule 14) of the last
// purge in the procedure's journal, from that record: the index is gone, or
// holds it no longer. It looks whether anything was left behind and says so.
func MakeCertificate(ctx context.Context, a *Act) (Dossier, error) {
	log, err := a.readAll()
	if err != nil {
		return Dossier{}, err
	}
	if log.purge == nil || log.purge.Erasure == nil {
		return Dossier{}, fault.New(fault.NotFound, "nothing has been purged in procedure %s", a.proc.Doc.ID).
			WithHint("posteriori procedure close %s closes and purges it", a.proc.Doc.ID)
	}
	p := *log.purge
	c := report.Certificate{Frame: a.frame(), Case: caseOf(a.proc.Doc), Record: p.Seq, Mention: log.mention, Copy: log.copy}
	if n := len(log.reports); n > 0 {
		c.Report = log.reports[n-1]
	}
	if c.Done, err = p.Time(); err != nil {
		return Dossier{}, err
	}
	if c.Agent, _, err = a.agents(ctx, log); err != nil {
		return Dossier{}, err
	}
	a.erasedThings(&c, p, log)
	whole := p.Erasure.Scope == "procedure"
	c.Ground, c.Method = groundWords(*p.Erasure), methodWords(whole)
	if d := p.Decision; d != nil {
		c.Decision = report.Decided{Quality: d.Quality, Date: d.Date, Reference: d.Reference, SHA256: d.Document}
	}
	if whole {
		if c.Searched, c.Found, err = a.store.remnants(a.proc.Doc.ID); err != nil {
			return Dossier{}, err
		}
	}
	c.Journal, _, err = a.checkpoint()
	return Dossier{Renderer: c, Kind: "certificate"}, err
}

// erasedThings takes from the purge's record what was erased.
func (a *Act) erasedThings(c *report.Certificate, p journal.Record, log *caseLog) {
	for _, k := range slices.Sorted(maps.Keys(p.Erasure.Counts)) {
		c.Counts = append(c.Counts, report.Count{What: report.Term(report.Counted, k), N: p.Erasure.Counts[k]})
	}
	for _, o := range p.Objects {
		switch o.Kind {
		case kindRecording:
			e := report.Erased{SHA256: o.SHA256, Exhibit: log.exhibits[o.SHA256]}
			_, _ = fmt.Sscan(o.ID, &e.Recording) // stays 0 where the record names none
			for _, it := range a.proc.Doc.Retention.Items {
				if it.SHA256 == o.SHA256 {
					e.Recorded = it.Recorded
				}
			}
			c.Erased = append(c.Erased, e)
		case kindDerived:
			kind, what, _ := strings.Cut(o.Note, ", ")
			g := report.Gone{Kind: kind, Name: "n° " + o.ID, SHA256: o.SHA256}
			if what == "erased" {
				c.Files = append(c.Files, g)
			} else {
				c.Outside = append(c.Outside, g)
			}
		}
	}
}

func groundWords(e journal.Erasure) string {
	switch {
	case e.Method == methodLost:
		return "Effacement antérieur à la restauration d'une sauvegarde de la base"
	case e.Scope == "procedure":
		return "Clôture de la procédure"
	}
	return "Terme du délai de trois ans depuis l'enregistrement"
}

// methodWords are methodPurge and methodRows in French.
func methodWords(whole bool) []string {
	if whole {
		return []string{
			"clé de la procédure écrasée puis supprimée : l'index qu'elle chiffrait ne peut plus être lu, où qu'il en reste une copie",
			"index et fichiers de la base écrasés puis supprimés",
			"clés de ses sauvegardes écrasées puis supprimées",
		}
	}
	return []string{"lignes de l'index chiffré écrasées et journal de l'index vidé", "fichiers dérivés de la base écrasés puis supprimés",
		"clés des sauvegardes antérieures de la procédure écrasées puis supprimées"}
}

// remnants looks where the data of a purged procedure was: its folder, its
// key, the store's work in progress.
func (s *Store) remnants(id string) (searched, found []string, err error) {
	searched = []string{"le dossier de la procédure", "le dossier des clés", "le dossier des travaux en cours de la base"}
	list, err := os.ReadDir(s.procedureDir(id))
	if err != nil {
		return nil, nil, storeFault(s.procedureDir(id), err)
	}
	for _, e := range list {
		if !slices.Contains(remains, e.Name()) {
			found = append(found, "dossier de la procédure : "+e.Name())
		}
	}
	if _, err := os.Lstat(s.keyPath(id)); !errors.Is(err, fs.ErrNotExist) {
		found = append(found, "clé de la procédure")
	}
	work, err := os.ReadDir(filepath.Join(s.dir, "tmp"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, storeFault(s.dir, err)
	}
	for _, e := range work {
		found = append(found, "travaux en cours : "+e.Name())
	}
	return searched, found, nil
}
