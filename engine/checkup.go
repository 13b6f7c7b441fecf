package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"posteriori/engine/fault"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
)

// Problem is one thing that a [Checkup] found. It names things by number and
// place in the store, never by a path outside it, a plate or a person.
type Problem struct {
	What  string `json:"what"`  // "procedure 2026-1: recording 3"
	Found string `json:"found"` // lower case, no full stop
	Mend  string `json:"mend"`
	// Remark: the store works all the same, and is no less what it was.
	Remark bool `json:"remark,omitempty"`
}

// Checkup is what [CheckStore] looked at and found.
type Checkup struct {
	Problems   []Problem `json:"problems"`
	Journals   int       `json:"journals"`
	Records    int64     `json:"records"`
	Procedures int       `json:"procedures"`
	Indexes    int       `json:"indexes"`
	Originals  int       `json:"originals"`
	Derived    int       `json:"derived"` // those in the store, and those outside that are there
	Recorded   bool      `json:"recorded"`
}

// Wrong are the problems that are no remarks.
func (c Checkup) Wrong() (out []Problem) {
	for _, p := range c.Problems {
		if !p.Remark {
			out = append(out, p)
		}
	}
	return out
}

// checkup is one under way.
type checkup struct {
	Checkup
	s   *Store
	now time.Time
}

// settled is how old what an act leaves for a moment must be to count as left
// behind.
const settled = time.Hour

func (c *checkup) wrong(what, mend, format string, args ...any) {
	c.Problems = append(c.Problems, Problem{What: what, Found: fmt.Sprintf(format, args...), Mend: mend})
}

func (c *checkup) remark(what, mend, format string, args ...any) {
	c.Problems = append(c.Problems, Problem{What: what, Found: fmt.Sprintf(format, args...), Mend: mend, Remark: true})
}

// fault tells of an error without the file that it names.
func (c *checkup) fault(what string, err error) {
	var f *fault.Error
	if !errors.As(err, &f) {
		f = fault.New(fault.Internal, "%v", err)
	}
	p := Problem{What: what, Found: f.Msg, Mend: f.Hint}
	if p.Mend == "" {
		p.Mend = "restore it from the backup"
	}
	if !slices.Contains(c.Problems, p) {
		c.Problems = append(c.Problems, p)
	}
}

// CheckStore looks through a whole store, which may be in use: keys, journals,
// sealed files, and in the index of each procedure the file itself, its
// references, what it says against what the journal records, the originals'
// presence (posteriori evidence check hashes them) and the derived files'
// hashes. It changes nothing.
//
// It is one act on the store, for those who control it or keep it running. Where
// the store is in no state to record an act, what needs no key is looked at all
// the same, as whoever must mend it has to know; the indexes are not. A refusal
// is an error, and nothing is told then.
func CheckStore(ctx context.Context, dir, reason string) (Checkup, error) {
	s, err := Open(dir)
	if fault.KindOf(err) == fault.NotFound {
		return Checkup{}, err
	}
	c := &checkup{s: s, now: time.Now()}
	if err != nil {
		c.fault("store", err)
		c.s = openBroken(dir)
		c.outside(ctx)
		c.notRecorded()
		return c.Checkup, ctx.Err()
	}
	return s.Checkup(ctx, reason)
}

// Checkup is [CheckStore] of an open store.
func (s *Store) Checkup(ctx context.Context, reason string) (Checkup, error) {
	c := &checkup{s: s, now: s.now()}
	spec := ActSpec{Operation: journal.Consult, Sub: journal.SubStoreCheck, Reason: reason}
	err := s.Do(ctx, spec, func(a *Act) error {
		c.outside(ctx)
		c.inside(ctx)
		if err := ctx.Err(); err != nil {
			return err
		}
		return a.Record(journal.Details{Result: fmt.Sprintf("%d problems", len(c.Wrong())), Params: c.counts()})
	})
	switch {
	case err == nil:
		c.Recorded = true
		return c.Checkup, nil
	case ctx.Err() != nil, fault.KindOf(err) == fault.Refused:
		return Checkup{}, err
	}
	c = &checkup{s: s, now: s.now()}
	c.fault("store", err)
	c.outside(ctx)
	c.notRecorded()
	return c.Checkup, ctx.Err()
}

func (c *checkup) notRecorded() {
	c.remark("store", "mend the store first, then look again",
		"the check could not be recorded, so the procedures' indexes were not opened")
}

// counts are the numbers of a checkup, as the record has them.
func (c *checkup) counts() string {
	b, _ := json.Marshal(map[string]int64{"journals": int64(c.Journals), "records": c.Records, "procedures": int64(c.Procedures), // numbers always encode
		"indexes": int64(c.Indexes), "originals": int64(c.Originals), "derived": int64(c.Derived)})
	return string(b)
}

// openBroken is as much of a store as can be read, for looking at.
func openBroken(dir string) *Store {
	s := newStore(dir)
	if b, err := os.ReadFile(filepath.Join(dir, storeFile)); err == nil {
		_ = json.Unmarshal(b, &s.meta)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "keys", "journal.pub")); err == nil {
		s.key.Public = string(trimLine(b))
	}
	if b, err := os.ReadFile(filepath.Join(dir, "keys", "journal.key")); err == nil {
		s.key.Private = string(trimLine(b)) // opens the journals for reading; nothing is recorded
	}
	return s
}

// outside looks at what needs no procedure's key.
func (c *checkup) outside(ctx context.Context) {
	c.keyFiles()
	c.backupKeys()
	c.journal(ctx, "", "store")
	for _, name := range []string{storeFile, usersFile} {
		c.sealed(ctx, c.s.sealedInStore(name), name)
	}
	c.leftovers(filepath.Join(c.s.dir, "tmp"), "tmp")
	list, err := os.ReadDir(filepath.Join(c.s.dir, "procedures"))
	if err != nil {
		c.wrong("procedures", "restore the store from the backup", "they cannot be listed")
		return
	}
	for _, e := range list {
		if ctx.Err() != nil {
			return
		}
		if procedure.CheckID(e.Name()) != nil || !e.IsDir() {
			c.wrong("procedures", "move away what is not the store's", "there is something that is no procedure: %s", fault.Printable(e.Name()))
			continue
		}
		c.Procedures++
		what := "procedure " + e.Name()
		c.journal(ctx, e.Name(), what)
		c.sealed(ctx, c.s.sealedProcedure(e.Name()), what)
		c.procedureFiles(e.Name(), what)
	}
}

// keyFiles looks at who may use the keys, and for keys of nothing.
func (c *checkup) keyFiles() {
	dir := filepath.Join(c.s.dir, "keys")
	list, err := os.ReadDir(dir)
	if err != nil {
		c.wrong("keys", "restore them with posteriori store restore", "they cannot be listed")
		return
	}
	names := []string{}
	for _, e := range list {
		names = append(names, e.Name())
		id, isIndex := strings.CutSuffix(e.Name(), ".index.key")
		switch {
		case isIndex:
			if _, err := os.Stat(c.s.procedureDir(id)); errors.Is(err, fs.ErrNotExist) {
				c.wrong("key of "+fault.Printable(id), "put the procedure's folder back, or, where the procedure is known to be gone, overwrite and remove the key", "there is no such procedure")
			}
		case e.Name() == "journal.key":
		default:
			continue // public, or a list
		}
		if _, err := c.s.readKey(e.Name()); err != nil {
			c.fault("key "+fault.Printable(e.Name()), err)
		}
	}
	for _, name := range []string{"journal.key", "journal.pub"} {
		if !slices.Contains(names, name) {
			c.wrong("key "+name, "restore the store from the backup: without it nothing can be recorded", "it is gone")
		}
	}
}

// backupKeys looks at the vaults of the backups' keys.
func (c *checkup) backupKeys() {
	const what = "keys of backups"
	v, err := c.s.readVaults()
	if err != nil {
		c.fault(what, err)
	}
	for i, dir := range v.Dirs {
		if _, err := os.Stat(filepath.Join(dir, "journal.key")); err != nil {
			c.remark(what, "connect it before something is erased, or make a backup with keys elsewhere", "folder %d of them is not there", i+1)
		}
	}
	for _, p := range v.Pending {
		c.wrong(what, "connect the medium that they lie on, then do any act", "those of procedure %s are to be destroyed since %s and are not", p.Procedure, p.At.Format(time.DateOnly))
	}
}

// journal verifies a journal.
func (c *checkup) journal(ctx context.Context, id, what string) {
	what += ": journal"
	r, err := c.s.VerifyJournal(ctx, id, nil)
	if err != nil {
		if ctx.Err() == nil {
			c.fault(what, err)
		}
		return
	}
	c.Journals++
	c.Records += r.Records
	if !r.Intact {
		var f *fault.Error
		errors.As(r.Err(), &f)
		c.wrong(what, f.Hint, "%s", f.Msg)
	}
	for _, w := range r.Warnings {
		c.remark(what, "tell the data controller why, if it is not known", "record %d: %s", w.Seq, w.What)
	}
}

func (c *checkup) sealed(ctx context.Context, f sealedFile, what string) {
	if _, err := f.read(ctx); err != nil && c.s.key.Private != "" {
		c.fault(what, err)
	}
	if info, err := os.Stat(f.next()); err == nil && c.now.Sub(info.ModTime()) > settled {
		c.remark(what, "it goes with the next act that changes the file", "a change that was never recorded lies beside it")
	}
}

// procedureFiles looks for what a procedure must have and must not have, by its
// document.
func (c *checkup) procedureFiles(id, what string) {
	b, err := os.ReadFile(filepath.Join(c.s.procedureDir(id), procedureFile))
	if err != nil {
		return // told already
	}
	doc, err := procedure.Parse(b)
	if err != nil {
		return
	}
	there := func(path string) bool { _, err := os.Lstat(path); return err == nil }
	key, ix := there(c.s.keyPath(id)), there(filepath.Join(c.s.procedureDir(id), indexFile))
	if procedure.Gone(doc) {
		if key || ix {
			c.wrong(what, "posteriori procedure close goes on with the purge", "it is purged, and its key or index is still there")
		}
		return
	}
	if !key {
		c.wrong(what+": key", "restore it from the backup; without it what the index holds cannot be read", "it is gone")
	}
	if !ix {
		c.wrong(what+": index", "restore it from the backup", "it is gone")
	}
	c.leftovers(filepath.Join(c.s.procedureDir(id), "tmp"), what+": tmp")
}

// leftovers tells of work in progress that nobody works on any more.
func (c *checkup) leftovers(dir, what string) {
	list, err := os.ReadDir(dir)
	n := 0
	for _, e := range list {
		if info, ierr := e.Info(); err == nil && ierr == nil && c.now.Sub(info.ModTime()) > 24*time.Hour {
			n++
		}
	}
	if n > 0 {
		c.remark(what, "remove them when no command is running", "%d things that interrupted work left there more than a day ago", n)
	}
}
