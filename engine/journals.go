package engine

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"posteriori/engine/fault"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
)

// logs are the journals that acts of this process have open, one Log each, so
// that acts done at once share their waits for the disk (group commit).
type logs struct {
	mu   sync.Mutex
	open map[string]*sharedLog
}

type sharedLog struct {
	*journal.Log
	users int
}

// openJournal gives the open journal of a procedure, or the store's own for "",
// and what gives it back, which must be called once.
func (s *Store) openJournal(id string) (log *journal.Log, release func(), err error) {
	l := s.logs
	l.mu.Lock()
	defer l.mu.Unlock()
	shared := l.open[id]
	if shared == nil {
		o := s.journalOptions()
		o.Origin = s.origin(id)
		log, err := journal.Open(s.journalDir(id), s.key, o)
		if err != nil {
			return nil, nil, s.gone(id, err)
		}
		if l.open == nil {
			l.open = map[string]*sharedLog{}
		}
		shared = &sharedLog{Log: log}
		l.open[id] = shared
	}
	shared.users++
	return shared.Log, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if shared.users--; shared.users == 0 {
			delete(l.open, id)
			shared.Close()
		}
	}, nil
}

// gone makes of a journal that is not there what it is: a procedure, or a store,
// without its journal was touched.
func (s *Store) gone(id string, err error) error {
	if fault.KindOf(err) != fault.NotFound {
		return err
	}
	if _, serr := os.Stat(filepath.Dir(s.journalDir(id))); serr != nil {
		return err // neither is there
	}
	return fault.New(fault.Integrity, "the journal is gone").OnFile(s.journalDir(id)).
		UnderRule("18").WithHint("restore it from the backup, and tell the data controller")
}

// PublicKey is the key that checks the store's journals, in the text form in
// which it is handed out.
func (s *Store) PublicKey() string { return s.key.Public }

// CheckJournal is [Store.VerifyJournal] with more to check; it fills in which
// journal it must be.
func (s *Store) CheckJournal(ctx context.Context, id string, check journal.Check) (journal.Report, error) {
	check.Origin = s.origin(id)
	return journal.VerifyDir(ctx, s.journalDir(id), s.key.Public, check)
}

// JournalStats counts the records of the store's own journal and those of all
// procedures, closed ones included, for a year or with 0 for all. It is the
// one act that reads the journals of several procedures; it yields numbers
// only. The act must be on the store and recorded, so that it counts itself.
// A journal that was touched is not counted: fault.Integrity.
func (a *Act) JournalStats(ctx context.Context, year int) (*journal.Stats, error) {
	if _, recorded := a.Seq(); !recorded || a.proc != nil || a.spec.Sub != journal.SubJournalStats {
		return nil, fault.New(fault.Internal, "statistics are an act on the store, recorded before it reads")
	}
	ids, err := a.store.journalIDs()
	if err != nil {
		return nil, err
	}
	stats := journal.NewStats(year)
	for _, id := range ids {
		r, err := a.store.VerifyJournal(ctx, id, nil)
		if err == nil {
			err = r.Err()
		}
		if err == nil {
			err = stats.Add(ctx, os.DirFS(a.store.journalDir(id)))
		}
		var f *fault.Error
		if errors.As(err, &f) {
			f.File = filepath.Join(a.store.journalDir(id), filepath.Base(f.File))
		}
		if err != nil {
			return nil, err
		}
	}
	return stats, nil
}

// journalIDs names every journal of the store: "" for its own, then those of
// the procedures, whatever state their documents are in.
func (s *Store) journalIDs() ([]string, error) {
	list, err := os.ReadDir(filepath.Join(s.dir, "procedures"))
	if err != nil {
		return nil, fault.Wrap(fault.BadInput, err, "the procedures cannot be listed").OnFile(s.dir)
	}
	ids := []string{""}
	for _, e := range list {
		if procedure.CheckID(e.Name()) != nil {
			continue
		}
		if _, err := os.Stat(s.journalDir(e.Name())); errors.Is(err, fs.ErrNotExist) {
			return nil, fault.New(fault.Integrity, "the procedure's journal is gone").OnFile(s.procedureDir(e.Name())).UnderRule("18")
		}
		ids = append(ids, e.Name())
	}
	return ids, nil
}
