package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"posteriori/engine/fault"
	"posteriori/engine/journal"
)

// sealedFile is a file that only an act may change. Each record of its journal
// says which hash the file has from then on ([journal.Record]), so that one
// written by hand is noticed, and an older one put back is too, until the whole
// journal is put back with it; that the holder of a later checkpoint notices.
type sealedFile struct {
	store   *Store
	journal string // that records it: of a procedure, or "" for the store's own
	path    string
	lock    string // file that writers wait on
}

// sealedInStore is a file of the store itself.
func (s *Store) sealedInStore(name string) sealedFile {
	path := filepath.Join(s.dir, name)
	return sealedFile{s, "", path, path + ".lock"}
}

// sealedProcedure is a procedure's document.
func (s *Store) sealedProcedure(id string) sealedFile {
	dir := s.procedureDir(id)
	return sealedFile{s, id, filepath.Join(dir, procedureFile), filepath.Join(dir, "lock")}
}

func (f sealedFile) name() string { return filepath.Base(f.path) }

// next is where the file's next content waits until its act is recorded.
func (f sealedFile) next() string { return f.path + ".next" }

func hashOf(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// read reads the file. It is fault.Integrity when it is not what the last act
// on it recorded.
func (f sealedFile) read(ctx context.Context) ([]byte, error) {
	log, release, err := f.store.openJournal(f.journal)
	if err != nil {
		return nil, err
	}
	defer release()
	b, err := f.load(log)
	if fault.KindOf(err) != fault.Integrity {
		return b, err
	}
	// Another process may be between its record and its file, or was killed there.
	unlock, lerr := journal.Lock(ctx, f.lock)
	if lerr != nil {
		return nil, err
	}
	defer unlock()
	return f.recover(log)
}

// load reads the file as it stands.
func (f sealedFile) load(log *journal.Log) ([]byte, error) {
	b, err := os.ReadFile(f.path)
	if err != nil {
		return nil, fault.Wrap(fault.Integrity, err, "it cannot be read").OnFile(f.path).UnderRule("18").
			WithHint("restore it from the backup")
	}
	want, err := log.Sealed(f.name())
	if err != nil {
		return nil, err
	}
	if want != hashOf(b) {
		return nil, fault.New(fault.Integrity, "it was changed past this program: the journal's last record of it has another hash").
			OnFile(f.path).UnderRule("18").
			WithHint("restore it from the backup; posteriori journal verify shows whether the journal is whole")
	}
	return b, nil
}

// recover reads the file. A change that was recorded but not put in place is
// put there. The caller holds the file's lock.
func (f sealedFile) recover(log *journal.Log) ([]byte, error) {
	b, err := f.load(log)
	if err == nil {
		return b, nil
	}
	next, nerr := os.ReadFile(f.next())
	if nerr != nil {
		return nil, err
	}
	if want, werr := log.Sealed(f.name()); werr != nil || want != hashOf(next) {
		return nil, err
	}
	if err := os.Rename(f.next(), f.path); err != nil {
		return nil, storeFault(f.path, err)
	}
	return next, nil
}

// change changes the file under its lock: edit makes the new content of the
// old, record writes the act's record with the hash that it is given, and the
// file is put in place. A process that is killed after the record leaves the
// content beside its place, where the next reader finds it.
func (f sealedFile) change(ctx context.Context, log *journal.Log, edit func(old []byte) ([]byte, error), record func(sealed map[string]string) error) error {
	unlock, err := journal.Lock(ctx, f.lock)
	if err != nil {
		return err
	}
	defer unlock()
	if err := log.Settle(); err != nil { // what was recorded comes first
		return err
	}
	old, err := f.recover(log)
	if err != nil {
		return err
	}
	b, err := edit(old)
	if err != nil {
		return err
	}
	if err := os.Remove(f.next()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return storeFault(f.path, err)
	}
	if err := writeNew(f.next(), b); err != nil {
		return err
	}
	f.store.share(f.next())
	if err := syncDir(filepath.Dir(f.path)); err != nil {
		return storeFault(f.path, err)
	}
	if err := record(map[string]string{f.name(): hashOf(b)}); err != nil {
		// A disk that failed at the very end may have the record all the same.
		if sum, serr := log.Sealed(f.name()); serr == nil && sum != hashOf(b) {
			_ = os.Remove(f.next())
		}
		return err
	}
	if err := os.Rename(f.next(), f.path); err != nil {
		return storeFault(f.path, err)
	}
	return nil
}

// syncDir has the names in a folder on the disk.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// recordSealed is how an act records the change of a file. What d points to is
// read when the new content is known.
func (a *Act) recordSealed(d *journal.Details) func(map[string]string) error {
	return func(sealed map[string]string) error {
		a.sealed = sealed
		defer func() { a.sealed = nil }()
		return a.Record(*d)
	}
}
