package engine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"posteriori/engine/access"
	"posteriori/engine/fault"
	"posteriori/engine/journal"
)

// sealKinds are the kinds of object under which the store's journal holds the
// hashes of the files that only an act may change.
var sealKinds = map[string]string{storeFile: "store", usersFile: "users"}

// seal is a file's object in the journal.
func seal(name string, data []byte) journal.Object {
	return journal.Object{Kind: sealKinds[name], SHA256: hashOf(data)}
}

func hashOf(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// checkSealed compares a file with the hash that the journal last recorded.
func (s *Store) checkSealed(name string, data []byte) error {
	want, err := lastSeal(filepath.Join(s.journalDir(""), "entries"), sealKinds[name])
	if err != nil {
		return err
	}
	if want != hashOf(data) {
		return fault.New(fault.Integrity, "it was changed past this program: the journal's last record of it has another hash").
			OnFile(filepath.Join(s.dir, name)).UnderRule("18").
			WithHint("restore it from the backup; posteriori journal verify shows whether the journal is whole")
	}
	return nil
}

// lastSeal finds the hash in the last successful record with an object of that
// kind. It reads the entries from their end and parses only the records that
// have one: in JSON text the pattern stands nowhere else, as a quotation mark
// inside a text is escaped.
func lastSeal(entries, kind string) (sha string, err error) {
	f, err := os.Open(entries)
	if err != nil {
		return "", fault.Wrap(fault.Integrity, err, "the store's journal cannot be read").OnFile(entries).UnderRule("18")
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return "", err
	}
	pattern := []byte(`{"kind":"` + kind + `"`)
	const block = 1 << 20
	var later []byte // the start of a line whose beginning is not read yet
	for size > 0 {
		n := min(size, block)
		b := make([]byte, n, n+int64(len(later)))
		if _, err := f.ReadAt(b, size-n); err != nil {
			return "", fault.Wrap(fault.Integrity, err, "the store's journal cannot be read").OnFile(entries).UnderRule("18")
		}
		size -= n
		b = append(b, later...)
		from := 0
		if size > 0 {
			from = bytes.IndexByte(b, '\n') + 1
		}
		for at := bytes.LastIndex(b[from:], pattern); at >= 0; at = bytes.LastIndex(b[from:from+at], pattern) {
			line := lineAround(b, from+at)
			r, err := journal.ParseRecord(line)
			if err != nil || r.Outcome != journal.OK { // torn, or an act that did not happen
				continue
			}
			i := slices.IndexFunc(r.Objects, func(o journal.Object) bool { return o.Kind == kind })
			if i >= 0 {
				return r.Objects[i].SHA256, nil
			}
		}
		later = b[:from]
	}
	return "", fault.New(fault.Integrity, "the store's journal has no record of the %s file", kind).OnFile(entries).UnderRule("18").
		WithHint("run posteriori journal verify; it names the first record touched")
}

// lineAround is the line of b that holds the byte at.
func lineAround(b []byte, at int) []byte {
	start := bytes.LastIndexByte(b[:at], '\n') + 1
	end := bytes.IndexByte(b[at:], '\n')
	if end < 0 {
		return b[start:] // a record that was not written whole
	}
	return b[start : at+end]
}

// Users reads the register of users. It is fault.Integrity when the file is
// not the one that the last act on it recorded.
func (s *Store) Users(ctx context.Context) (access.Register, error) {
	r, err := s.readUsers()
	if fault.KindOf(err) != fault.Integrity {
		return r, err
	}
	// Another process may be between its record and its file, or was killed there.
	unlock, lerr := journal.Lock(ctx, filepath.Join(s.dir, usersFile+".lock"))
	if lerr != nil {
		return access.Register{}, errors.Join(err, lerr)
	}
	defer unlock()
	return s.recoverUsers()
}

func (s *Store) readUsers() (access.Register, error) {
	path := filepath.Join(s.dir, usersFile)
	b, err := os.ReadFile(path)
	if err != nil {
		return access.Register{}, fault.Wrap(fault.Integrity, err, "the register of users cannot be read").OnFile(path).
			UnderRule("5").WithHint("restore it from the backup")
	}
	if err := s.checkSealed(usersFile, b); err != nil {
		return access.Register{}, err
	}
	r, err := access.ParseRegister(b)
	if err != nil {
		return r, fault.Wrap(fault.Integrity, err, "the register of users cannot be read").OnFile(path).UnderRule("5")
	}
	return r, nil
}

// recoverUsers reads the register under its lock. A change that was recorded
// but not put in place is put there.
func (s *Store) recoverUsers() (access.Register, error) {
	path := filepath.Join(s.dir, usersFile)
	next, err := os.ReadFile(path + ".next")
	if err == nil && s.checkSealed(usersFile, next) == nil {
		if err := os.Rename(path+".next", path); err != nil {
			return access.Register{}, storeFault(path, err)
		}
	}
	return s.readUsers()
}

// ChangeUsers changes the register: under its lock it lets change make a user
// of what is there, records the act with the new file's hash, and puts the
// file in place. It returns the user as he stands then.
func (a *Act) ChangeUsers(ctx context.Context, d journal.Details, change func(access.Register) (access.User, error)) (access.User, error) {
	a.About(d)
	s := a.store
	path := filepath.Join(s.dir, usersFile)
	unlock, err := journal.Lock(ctx, path+".lock")
	if err != nil {
		return access.User{}, err
	}
	defer unlock()
	r, err := s.recoverUsers()
	if err != nil {
		return access.User{}, err
	}
	u, err := change(r)
	if err != nil {
		return access.User{}, err
	}
	r, err = r.With(access.Change{At: s.now().UTC(), By: a.user.Account, Sub: a.spec.Sub, User: u})
	if err != nil {
		return access.User{}, err
	}
	b, err := r.Encode()
	if err != nil {
		return access.User{}, err
	}
	if err := os.Remove(path + ".next"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return access.User{}, storeFault(path, err)
	}
	if err := writeNew(path+".next", b); err != nil {
		return access.User{}, err
	}
	o := seal(usersFile, b)
	o.ID = u.UID
	d.Objects = append(d.Objects, o)
	if err := a.Record(d); err != nil {
		_ = os.Remove(path + ".next")
		return access.User{}, err
	}
	if err := os.Rename(path+".next", path); err != nil {
		return access.User{}, storeFault(path, err)
	}
	return u, nil
}
