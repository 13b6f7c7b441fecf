package engine

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

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

// replaceSealed records the act with the new file's object o, and puts the file
// in place. A process that is killed between the two leaves the file beside its
// place, where [Store.recoverSealed] finds it. The caller holds the file's lock.
func (a *Act) replaceSealed(name string, data []byte, o journal.Object, d journal.Details) error {
	path := filepath.Join(a.store.dir, name)
	if err := os.Remove(path + ".next"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return storeFault(path, err)
	}
	if err := writeNew(path+".next", data); err != nil {
		return err
	}
	d.Objects = append(d.Objects, o)
	if err := a.Record(d); err != nil {
		_ = os.Remove(path + ".next")
		return err
	}
	if err := os.Rename(path+".next", path); err != nil {
		return storeFault(path, err)
	}
	return nil
}

// recoverSealed puts a file in place whose change was recorded and not done. The
// caller holds the file's lock.
func (s *Store) recoverSealed(name string) error {
	path := filepath.Join(s.dir, name)
	next, err := os.ReadFile(path + ".next")
	if err != nil || s.checkSealed(name, next) != nil {
		return nil
	}
	if err := os.Rename(path+".next", path); err != nil {
		return storeFault(path, err)
	}
	return nil
}
