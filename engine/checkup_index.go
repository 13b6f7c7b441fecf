package engine

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"posteriori/engine/evidence"
	"posteriori/engine/index"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
)

// inside looks into the index of each procedure that has one.
func (c *checkup) inside(ctx context.Context) {
	docs, _, err := c.s.ReadProcedures() // what cannot be read has been told
	if err != nil {
		return
	}
	for _, d := range docs {
		if procedure.Gone(d) || ctx.Err() != nil {
			continue
		}
		if _, err := os.Stat(filepath.Join(c.s.procedureDir(d.ID), indexFile)); err != nil {
			continue
		}
		p := &Procedure{Doc: d, store: c.s}
		what := "procedure " + d.ID
		ix, err := p.Index(ctx)
		if err != nil {
			c.fault(what+": index", err)
			continue
		}
		if err := c.index(ctx, p, ix, what); err != nil && ctx.Err() == nil {
			c.fault(what+": index", err)
		}
		ix.Close()
		c.Indexes++
	}
}

// held is what an index says that the journal must know of.
type held struct {
	recordings []index.Recording
	analyses   []index.Analysis
	derived    []index.Derived
	records    map[int64]string // record that an entry names, and what the entry is
}

func readHeldOf(ctx context.Context, ix *index.Store) (h held, err error) {
	if h.recordings, err = ix.Recordings(ctx); err != nil {
		return h, err
	}
	if h.analyses, err = ix.Analyses(ctx); err != nil {
		return h, err
	}
	if h.derived, err = ix.DerivedFiles(ctx); err != nil {
		return h, err
	}
	decisions, err := ix.Decisions(ctx, 0, 0)
	if err != nil {
		return h, err
	}
	corrections, err := ix.Rectifications(ctx, 0, 0)
	if err != nil {
		return h, err
	}
	batches, err := ix.Batches(ctx)
	if err != nil {
		return h, err
	}
	h.records = map[int64]string{}
	for _, d := range h.derived {
		h.records[d.Record] = fmt.Sprintf("derived file %d", d.ID)
	}
	for _, d := range decisions {
		h.records[d.Record] = fmt.Sprintf("decision %d", d.Seq)
	}
	for _, r := range corrections {
		h.records[r.Record] = fmt.Sprintf("rectification %d", r.Seq)
	}
	for _, b := range batches {
		h.records[b.Record] = fmt.Sprintf("batch %d", b.ID)
	}
	return h, nil
}

func (c *checkup) index(ctx context.Context, p *Procedure, ix *index.Store, what string) error {
	list, err := ix.Problems(ctx)
	if err != nil {
		return err
	}
	for _, line := range list {
		c.wrong(what+": index", "restore the procedure from the backup", "SQLite says: %s", line)
	}
	h, err := readHeldOf(ctx, ix) // before the journal: no record, no act
	if err != nil {
		return err
	}
	doc, err := c.s.OpenProcedure(p.Doc.ID) // and after it: an item is noted before it is in the index
	if err != nil {
		return nil // told already
	}
	if err := c.againstJournal(p.Doc.ID, what, h); err != nil {
		return err
	}
	c.againstDocument(doc.Doc, what, h)
	for _, r := range h.recordings {
		c.original(fmt.Sprintf("%s: recording %d", what, r.ID), p.Doc.ID, r)
	}
	return c.derived(ctx, p, what, h.derived)
}

// againstJournal wants a record of all that the index holds.
func (c *checkup) againstJournal(id, what string, h held) error {
	imported, analysed, known := map[string]bool{}, map[string]bool{}, map[int64]bool{}
	for r, err := range journal.Read(os.DirFS(c.s.journalDir(id)), journal.Filter{Outcome: journal.OK}) {
		if err != nil {
			return err
		}
		known[r.Seq] = true
		of := map[journal.Sub]map[string]bool{journal.SubImport: imported, journal.SubAnalyse: analysed}[r.Sub]
		if of == nil {
			continue
		}
		for _, o := range r.Objects {
			of[o.SHA256] = true
		}
	}
	const mend = "it came in past this program: keep a copy and tell the data controller; posteriori journal verify shows whether the journal is whole"
	sums := map[int64]string{}
	for _, r := range h.recordings {
		sums[r.ID] = r.SHA256
		if !imported[r.SHA256] {
			c.wrong(fmt.Sprintf("%s: recording %d", what, r.ID), mend, "the index holds it, and the journal has no record of its import")
		}
	}
	for _, a := range h.analyses {
		if !analysed[sums[a.Recording]] {
			c.wrong(fmt.Sprintf("%s: recording %d", what, a.Recording), mend, "it is analysed, and the journal has no record of that")
		}
	}
	for seq, entry := range h.records {
		if !known[seq] {
			c.wrong(what+": "+entry, mend, "it names record %d of the journal, which is none", seq)
		}
	}
	return nil
}

// againstDocument compares the recordings with the items whose time runs.
func (c *checkup) againstDocument(d procedure.Document, what string, h held) {
	in := map[string]bool{}
	for _, r := range h.recordings {
		in[r.SHA256] = true
	}
	missing := 0
	for _, it := range d.Retention.Items {
		switch {
		case it.Erased != nil && in[it.SHA256]:
			c.wrong(what, "posteriori purge --due erases it", "an item whose erasure is recorded is still in the index")
		case it.Erased == nil && !in[it.SHA256] && c.now.Sub(it.Recorded) > settled:
			missing++
		}
	}
	if missing > 0 {
		c.remark(what, "import them again: what is in already is passed over", "%d recordings whose import is recorded are not in the index", missing)
	}
}

// original looks whether a recording's file is where it was, as it was by size
// and time.
func (c *checkup) original(what, id string, r index.Recording) {
	info, err := os.Stat(r.Path)
	if err != nil {
		c.wrong(what, fmt.Sprintf("connect its disk, or import it again from where it lies now; posteriori evidence list -p %s names its place", id),
			"its original is not where it was imported from")
		return
	}
	c.Originals++
	if info.Size() != r.Bytes || info.ModTime().UnixMicro() != r.ModifiedUS {
		c.wrong(what, fmt.Sprintf("posteriori evidence check -p %s hashes it", id), "its original has another size or time than at import")
	}
}

// derived hashes the derived files and looks for others in their folder.
func (c *checkup) derived(ctx context.Context, p *Procedure, what string, list []index.Derived) error {
	var inside []string
	for _, d := range list {
		name := fmt.Sprintf("%s: derived file %d", what, d.ID)
		own := false
		if d.Path, own = p.here(d.Path); own {
			inside = append(inside, d.Path)
		}
		_, err := evidence.Check(ctx, d.Path, d.SHA256, nil)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			c.Derived++
		case evidence.Altered(err) && own:
			c.wrong(name, "make it anew", "it is not what was made")
		case evidence.Altered(err):
			c.remark(name, "make it anew, if it is still needed", "outside the store, in its place, lies something else than what was made")
		case own:
			c.wrong(name, "make it anew", "it is gone, or cannot be read")
		}
	}
	strange := 0
	_ = filepath.WalkDir(p.DerivedDir(), func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() && !slices.Contains(inside, path) {
			if info, err := e.Info(); err == nil && c.now.Sub(info.ModTime()) > settled {
				strange++
			}
		}
		return nil
	})
	if strange > 0 {
		c.wrong(what+": derived", "look what they are in the store's folder procedures/"+p.Doc.ID+"/derived, and overwrite and remove them",
			"%d files lie there that the index does not list", strange)
	}
	return nil
}
