package engine

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"posteriori/engine/access"
	"posteriori/engine/alert"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
)

// A store is one folder, of mode 0700, or 2770 where a group of accounts
// shares it:
//
//	store.json              format, identity, deployment record; see [Meta]
//	users.json              who may do what; see package access
//	keys/                   journal.key and .pub; one ID.index.key per procedure
//	journal/                acts outside a procedure
//	procedures/ID/          procedure.json, journal/, index.db, derived/
//	models/                 installed models
//	tmp/                    work in progress
const (
	storeFile     = "store.json"
	usersFile     = "users.json"
	storeFormat   = 3 // 1 had no users and no deployment record, 2 no hashes of its files in each record
	procedureFile = "procedure.json"
	indexFile     = "index.db"
)

// Store is an open store. Its methods may be called from many goroutines, and
// other processes may work in the same store.
type Store struct {
	dir  string
	meta Meta
	key  journal.Key
	now  func() time.Time
	who  func() access.Account
	poll time.Duration // between two looks of [Act.Watch]
	logs *logs         // the journals that acts have open

	clock  string       // what now rests on, where it is not the machine's clock
	notice func(string) // told what whoever acts must know beside the result
}

func newStore(dir string) *Store {
	go ownBuild() // hashing the program takes longer than all the rest of a start
	return &Store{dir: dir, now: time.Now, who: sync.OnceValue(access.Current), poll: time.Second, logs: new(logs)}
}

// Open opens the store in dir. It is fault.NotFound when there is none. One
// whose own journal cannot be used opens, so that it can be verified; each act
// in it fails.
func Open(dir string) (*Store, error) {
	s := newStore(dir)
	path := filepath.Join(dir, storeFile)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "there is no store here").OnFile(dir).
			WithHint("make one with posteriori init, or name one with --store")
	}
	if err != nil {
		return nil, fault.Wrap(fault.BadInput, err, "the store cannot be read").OnFile(dir)
	}
	if s.meta, err = s.parseMeta(b); err != nil {
		return nil, err
	}
	if err := s.checkModes(); err != nil {
		return nil, err
	}
	if err := s.readKeys(); err != nil {
		return nil, err
	}
	if _, release, err := s.openJournal(""); err == nil {
		defer release()
		if b, err = s.sealedInStore(storeFile).read(context.Background()); err != nil {
			return nil, err
		}
		s.meta, err = s.parseMeta(b)
		return s, err
	}
	s.meta.Alert = alert.Config{} // nothing vouches for the program that it names
	return s, nil
}

// parseMeta reads the text of a store's description.
func (s *Store) parseMeta(b []byte) (Meta, error) {
	var m Meta
	if err := json.Unmarshal(b, &m); err != nil {
		return m, fault.Wrap(fault.BadInput, err, "it is not a store's description").OnFile(filepath.Join(s.dir, storeFile))
	}
	if m.Format != storeFormat {
		return m, fault.New(fault.BadInput, "the store has format %d, this program knows %d", m.Format, storeFormat).OnFile(s.dir).
			WithHint("use the version of this program that made it, or make a new store and import anew")
	}
	return m, nil
}

// readKeys reads the journal's keys.
func (s *Store) readKeys() (err error) {
	if s.key.Private, err = s.readKey("journal.key"); err != nil {
		return err
	}
	path := filepath.Join(s.dir, "keys", "journal.pub")
	pub, err := os.ReadFile(path)
	if err != nil {
		return fault.Wrap(fault.Integrity, err, "the journal's key cannot be read, so no act can be recorded").OnFile(path)
	}
	s.key.Public = string(trimLine(pub))
	return nil
}

// WithClock returns the store with another clock, for tests; records say so.
func (s *Store) WithClock(now func() time.Time) *Store {
	c := *s
	c.now, c.clock, c.logs = now, testClock, new(logs)
	return &c
}

// Now is the time by the store's clock.
func (s *Store) Now() time.Time { return s.now() }

// Dir is the store's folder.
func (s *Store) Dir() string { return s.dir }

// Demo says whether this is a demonstration store.
func (s *Store) Demo() bool { return s.meta.Demo }

// Meta is what the store says of itself.
func (s *Store) Meta() Meta { return s.meta }

// Mark is what everything made in a demonstration store carries, or "".
func (s *Store) Mark() string {
	if s.meta.Demo {
		return "DÉMONSTRATION"
	}
	return ""
}

// ModelsDir is where models are installed.
func (s *Store) ModelsDir() string { return filepath.Join(s.dir, "models") }

// TempDir makes an empty folder in the store for work in progress and returns
// what removes it.
func (s *Store) TempDir(pattern string) (dir string, remove func(), err error) {
	dir, err = os.MkdirTemp(filepath.Join(s.dir, "tmp"), pattern)
	if err != nil {
		return "", nil, storeFault(s.dir, err)
	}
	return dir, func() { os.RemoveAll(dir) }, nil
}

func (s *Store) procedureDir(id string) string { return filepath.Join(s.dir, "procedures", id) }

// journalDir is the folder of a procedure's journal; of the store's own for "".
func (s *Store) journalDir(id string) string {
	if id == "" {
		return filepath.Join(s.dir, "journal")
	}
	return filepath.Join(s.procedureDir(id), "journal")
}

// origin names a journal in its checkpoints.
func (s *Store) origin(id string) string {
	if id == "" {
		return "posteriori/" + s.meta.ID + "/store"
	}
	return "posteriori/" + s.meta.ID + "/procedure/" + id
}

func (s *Store) journalOptions() journal.Options {
	return journal.Options{Now: s.now, Clock: s.clockText()}
}

// clockText says what the store's time rests on.
func (s *Store) clockText() string {
	if s.clock != "" {
		return s.clock
	}
	return clockSource()
}

// VerifyJournal checks the journal of a procedure, or the store's own for "",
// against the key kept apart from it. Held may be a checkpoint taken earlier.
func (s *Store) VerifyJournal(ctx context.Context, id string, held *journal.Checkpoint) (journal.Report, error) {
	return journal.VerifyDir(ctx, s.journalDir(id), s.key.Public, journal.Check{Origin: s.origin(id), Held: held})
}

// Procedures lists the procedures' documents by ID. It fails when one of them
// cannot be read; see [Store.ReadProcedures].
func (s *Store) Procedures() ([]procedure.Document, error) {
	docs, broken, err := s.ReadProcedures()
	return docs, errors.Join(err, errors.Join(broken...))
}

// ReadProcedures lists the procedures' documents by ID. Broken are the errors
// of those that cannot be read; they do not hide the others.
func (s *Store) ReadProcedures() (docs []procedure.Document, broken []error, err error) {
	list, err := os.ReadDir(filepath.Join(s.dir, "procedures"))
	if err != nil {
		return nil, nil, fault.Wrap(fault.BadInput, err, "the procedures cannot be listed").OnFile(s.dir)
	}
	for _, e := range list {
		p, err := s.OpenProcedure(e.Name())
		if err != nil {
			broken = append(broken, err)
			continue
		}
		docs = append(docs, p.Doc)
	}
	return docs, broken, nil
}

// Procedure is one procedure of a store.
type Procedure struct {
	Doc   procedure.Document
	store *Store
}

// OpenProcedure reads a procedure; fault.NotFound when there is none.
func (s *Store) OpenProcedure(id string) (*Procedure, error) {
	if err := procedure.CheckID(id); err != nil {
		return nil, err
	}
	if _, err := os.Stat(s.procedureDir(id)); errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "there is no procedure %s", id).
			WithHint("posteriori procedure list shows those there are")
	}
	f := s.sealedProcedure(id)
	b, err := f.read(context.Background())
	if err != nil {
		return nil, err
	}
	d, err := procedure.Parse(b)
	if err != nil {
		return nil, fault.Wrap(fault.KindOf(err), err, "the procedure cannot be read").OnFile(f.path)
	}
	if d.ID != id {
		return nil, fault.New(fault.Integrity, "the folder of procedure %s holds procedure %s", id, d.ID).OnFile(s.procedureDir(id))
	}
	return &Procedure{Doc: d, store: s}, nil
}

// IndexPath is the procedure's index file.
func (p *Procedure) IndexPath() string {
	return filepath.Join(p.store.procedureDir(p.Doc.ID), indexFile)
}

// DerivedDir is where files made from the procedure's recordings are kept.
func (p *Procedure) DerivedDir() string {
	return filepath.Join(p.store.procedureDir(p.Doc.ID), "derived")
}

// LockAnalysis keeps a second analysis of the procedure out until unlock is
// called, or the process ends.
func (p *Procedure) LockAnalysis(ctx context.Context) (unlock func(), err error) {
	wait, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	unlock, err = journal.Lock(wait, filepath.Join(p.store.procedureDir(p.Doc.ID), "analyse.lock"))
	if err != nil && ctx.Err() == nil && wait.Err() != nil {
		return nil, fault.New(fault.Internal, "another analysis of procedure %s is under way", p.Doc.ID).
			WithHint("wait until it has ended; its recordings need no second one")
	}
	return unlock, err
}

// Key is the procedure's own key, which its index is encrypted with.
func (p *Procedure) Key() ([]byte, error) { return p.store.ProcedureKey(p.Doc.ID) }

// Index opens the procedure's index with its key. The caller closes it. One
// that is gone is fault.Integrity: an empty one in its place would answer that
// there is nothing.
func (p *Procedure) Index(ctx context.Context) (*index.Store, error) {
	if err := procedure.CheckGone(p.Doc); err != nil {
		return nil, err
	}
	if _, err := os.Stat(p.IndexPath()); errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.Integrity, "the procedure's index is gone").OnFile(p.IndexPath()).
			WithHint("restore it from the backup; what was imported and analysed stands in posteriori journal show -p %s", p.Doc.ID)
	}
	key, err := p.Key()
	if err != nil {
		return nil, err
	}
	ix, err := index.Open(ctx, p.IndexPath(), key)
	p.store.share(filepath.Dir(p.IndexPath())) // its side files are there now
	return ix, err
}

func (s *Store) keyPath(id string) string { return filepath.Join(s.dir, "keys", id+".index.key") }

// ProcedureKey reads the key of a procedure; fault.Integrity when it is gone,
// for then so is what it encrypted.
func (s *Store) ProcedureKey(id string) ([]byte, error) {
	text, err := s.readKey(id + ".index.key")
	if err != nil {
		return nil, err
	}
	if len(text) != index.KeySize {
		return nil, fault.New(fault.Integrity, "the procedure's key has the wrong length").OnFile(s.keyPath(id))
	}
	return []byte(text), nil
}

// writeNew writes a file that must not be there, onto the disk.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return storeFault(path, err)
	}
	defer f.Close()
	if _, err := f.Write(data); err != nil {
		return storeFault(path, err)
	}
	if err := f.Sync(); err != nil {
		return storeFault(path, err)
	}
	return nil
}

func storeFault(path string, err error) error {
	return fault.Wrap(fault.NoSpace, err, "the store cannot be written").OnFile(path).
		WithHint("make room, or let this account write there")
}

func trimLine(b []byte) []byte {
	for len(b) > 0 && (b[len(b)-1] == '\n' || b[len(b)-1] == '\r') {
		b = b[:len(b)-1]
	}
	return b
}
