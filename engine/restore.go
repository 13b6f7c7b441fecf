package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"posteriori/engine/evidence"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
)

// Restored is what [Restore] put back.
type Restored struct {
	Backup     string   `json:"backup"`
	Made       string   `json:"made"`
	Procedures []string `json:"procedures"`
	Purged     []string `json:"purged"` // since the backup, or left out: their journal and document alone
}

// Restore makes a store in dir, which must be absent or empty, of the backup in
// from with the keys in the folder keys. It is an act, of whoever administers the
// store by the backup's register, in each journal: the record says which backup
// was put back, so that a journal that goes on from an older state says why. The
// holder of a later checkpoint still sees what is missing.
//
// What was purged since the backup stays so: its key is gone. A procedure of
// which something was erased since is refused (rule 14), until it is named in
// without: then its journal and document come back, and none of its data.
func Restore(ctx context.Context, from, keys, dir, reason string, without []string) (r Restored, err error) {
	return restore(ctx, from, keys, dir, reason, without, func(s *Store) *Store { return s })
}

// restore is Restore by whom and when as says, for tests.
func restore(ctx context.Context, from, keys, dir, reason string, without []string, as func(*Store) *Store) (r Restored, err error) {
	if err := procedure.CheckReason(reason); err != nil {
		return r, err
	}
	if list, err := os.ReadDir(dir); err == nil && len(list) > 0 {
		return r, fault.New(fault.BadInput, "the folder is not empty").OnFile(dir).WithHint("name an empty or new one with --store: nothing is restored over a store")
	}
	b, err := openBackup(ctx, from, keys)
	if err != nil {
		return r, err
	}
	w := &restorer{b: b, from: from, part: filepath.Join(keys, b.ID), without: without}
	if err := w.decide(); err != nil {
		return r, err
	}
	_, serr := os.Stat(dir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return r, storeFault(dir, err)
	}
	if err = w.into(ctx, dir, keys, reason, as); err != nil && errors.Is(serr, fs.ErrNotExist) {
		_ = os.Remove(dir)
	}
	for _, p := range b.Procedures {
		if slices.Contains(w.gone, p.ID) || p.Purged {
			r.Purged = append(r.Purged, p.ID)
		} else {
			r.Procedures = append(r.Procedures, p.ID)
		}
	}
	r.Backup, r.Made = b.ID, b.Made.Format("2006-01-02T15:04:05Z")
	return r, err
}

// openBackup reads a backup and checks each of its files against its manifest,
// and that against the vault.
func openBackup(ctx context.Context, from, keys string) (b Backup, err error) {
	bad := func(file, format string, args ...any) error {
		return fault.New(fault.Integrity, format, args...).OnFile(file).WithHint("take another backup; this one is not what was made")
	}
	manifest, err := os.ReadFile(filepath.Join(from, backupManifest))
	if err != nil {
		return b, fault.Wrap(fault.NotFound, err, "there is no backup here").OnFile(from)
	}
	text, err := os.ReadFile(filepath.Join(from, backupFile))
	if err == nil {
		b, err = parseBackup(text)
	}
	switch {
	case errors.Is(err, errOtherFormat):
		return b, fault.New(fault.BadInput, "the backup has format %d, this program knows %d", b.Format, backupFormat).OnFile(from)
	case err != nil:
		return b, bad(filepath.Join(from, backupFile), "it is no backup's description: %v", err)
	}
	want, err := os.ReadFile(filepath.Join(keys, b.ID, "manifest.sha256"))
	if err != nil {
		return b, fault.Wrap(fault.NotFound, err, "the keys of backup %s are not there", b.ID).OnFile(keys).
			WithHint("name the folder that posteriori store backup put its keys in with --keys")
	}
	b.SHA256 = hashOf(manifest)
	if string(trimLine(want)) != b.SHA256 {
		return b, bad(filepath.Join(from, backupManifest), "its hash is not the one that lies with the keys")
	}
	sums, err := parseSums(manifest)
	if err != nil {
		return b, bad(filepath.Join(from, backupManifest), "it is no list of hashes: %v", err)
	}
	for _, name := range []string{backupFile, storeFile, usersFile} {
		if sums[name] == "" {
			return b, bad(filepath.Join(from, backupManifest), "%s is not in it", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		path := filepath.Join(from, filepath.FromSlash(name))
		id, err := evidence.Hash(ctx, path, nil)
		if ctx.Err() != nil {
			return b, ctx.Err()
		}
		if err != nil || id.SHA256 != sums[name] {
			return b, bad(path, "it is not what was backed up")
		}
	}
	return b, onlyListed(from, sums, bad)
}

// onlyListed refuses what lies in a backup and is not of it: it would be put back
// among the rest.
func onlyListed(from string, sums map[string]string, bad func(file, format string, args ...any) error) error {
	return filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return backupFault(path, err)
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if name := filepath.ToSlash(rel); name != backupManifest && sums[name] == "" {
			return bad(path, "it is not in the list of what was backed up")
		}
		return nil
	})
}

// restorer puts one backup back.
type restorer struct {
	b       Backup
	from    string
	part    string // of the vault
	without []string
	gone    []string // procedures of which no data comes back
}

// decide says of each procedure whether its data comes back, before anything is
// written.
func (w *restorer) decide() error {
	for _, id := range w.without {
		if !slices.ContainsFunc(w.b.Procedures, func(p ProcedureInBackup) bool { return p.ID == id }) {
			return fault.New(fault.NotFound, "there is no procedure %s in the backup", fault.Printable(id))
		}
	}
	for _, p := range w.b.Procedures {
		if p.Purged {
			continue
		}
		g, was := readGone(w.part, p.ID)
		_, err := os.Stat(filepath.Join(w.part, p.ID+".key"))
		switch {
		case slices.Contains(w.without, p.ID), was && g.Why == gonePurged:
			w.gone = append(w.gone, p.ID)
		case was:
			return procedure.Refuse("14", "restore a later backup; or leave its data out with --without "+p.ID,
				"something of procedure %s was erased after this backup, on %s: what the backup holds of it must not come back", p.ID, g.At.Format("2006-01-02"))
		case err != nil:
			return fault.Wrap(fault.Integrity, err, "the key of procedure %s in this backup is gone", p.ID).OnFile(w.part).
				WithHint("take another backup; or leave its data out with --without %s", p.ID)
		}
	}
	return nil
}

// into makes the store beside its place, records, and moves it up.
func (w *restorer) into(ctx context.Context, dir, keys, reason string, as func(*Store) *Store) error {
	temp, err := os.MkdirTemp(dir, ".restore-*")
	if err != nil {
		return storeFault(dir, err)
	}
	defer func() { _ = evidence.Destroy(temp) }()
	if err := w.fill(ctx, temp, dir, keys); err != nil {
		return err
	}
	gid, err := toGroup(temp)
	if err != nil {
		return err
	}
	s, err := Open(temp)
	if err != nil {
		return err
	}
	if err := w.record(ctx, as(s), reason); err != nil {
		return err
	}
	if gid >= 0 {
		s.share(temp)
	}
	return moveUp(temp, dir, gid)
}

// toGroup gives a store that is being put back to the group that shared it; -1
// where it is one account's.
func toGroup(temp string) (gid int, err error) {
	s := newStore(temp)
	b, err := os.ReadFile(filepath.Join(temp, storeFile))
	if err == nil {
		s.meta, err = s.parseMeta(b)
	}
	if err != nil || s.meta.Group == "" {
		return -1, err
	}
	if gid, err = groupID(s.meta.Group); err != nil {
		return -1, err
	}
	if err := setGroup(temp, gid); err != nil {
		return -1, storeFault(temp, err)
	}
	s.share(temp)
	return gid, os.Chmod(temp, sharedDir)
}

// fill copies and decrypts the backup into temp, which will lie in dir.
func (w *restorer) fill(ctx context.Context, temp, dir, keys string) error {
	for _, sub := range storeFolders {
		if err := os.Mkdir(filepath.Join(temp, sub), 0o700); err != nil {
			return storeFault(dir, err)
		}
	}
	private, err := journal.ReadKeyFile(filepath.Join(keys, "journal.key"))
	if err != nil {
		return err
	}
	public, err := os.ReadFile(filepath.Join(w.from, "journal", "key.pub"))
	if err != nil {
		return backupFault(w.from, err)
	}
	vault, err := filepath.Abs(keys)
	if err != nil {
		return err
	}
	list, err := json.Marshal(vaults{Dirs: []string{vault}})
	if err != nil {
		return err
	}
	for name, data := range map[string][]byte{"journal.key": private, "journal.pub": public, vaultsFile: append(list, '\n')} {
		if err := writeNew(filepath.Join(temp, "keys", name), data); err != nil {
			return err
		}
	}
	for _, name := range []string{storeFile, usersFile, "journal"} {
		if err := copyTree(filepath.Join(w.from, name), filepath.Join(temp, name)); err != nil {
			return err
		}
	}
	for _, p := range w.b.Procedures {
		if err := w.procedure(ctx, p, temp, dir); err != nil {
			return fmt.Errorf("procedure %s: %w", p.ID, err)
		}
	}
	return nil
}

func (w *restorer) procedure(ctx context.Context, p ProcedureInBackup, temp, dir string) error {
	if err := procedure.CheckID(p.ID); err != nil {
		return err
	}
	from, to := filepath.Join(w.from, "procedures", p.ID), filepath.Join(temp, "procedures", p.ID)
	if err := os.MkdirAll(filepath.Join(to, "derived"), 0o700); err != nil {
		return storeFault(to, err)
	}
	for _, name := range []string{procedureFile, "journal"} {
		if err := copyTree(filepath.Join(from, name), filepath.Join(to, name)); err != nil {
			return err
		}
	}
	if p.Purged || slices.Contains(w.gone, p.ID) {
		return nil
	}
	key, err := journal.ReadKeyFile(filepath.Join(w.part, p.ID+".key"))
	if err != nil {
		return err
	}
	var own bytes.Buffer
	if err := decryptTo(&own, filepath.Join(from, "key.enc"), key); err != nil {
		return err
	}
	if err := writeNew(filepath.Join(temp, "keys", p.ID+".index.key"), own.Bytes()); err != nil {
		return err
	}
	// The backup is only read, so SQLite, which writes beside a file that it opens,
	// opens a copy.
	copied := filepath.Join(to, "backup.db")
	if err := copyTree(filepath.Join(from, indexFile), copied); err != nil {
		return err
	}
	old, err := index.Open(ctx, copied, key)
	if err != nil {
		return err
	}
	err = old.CopyTo(ctx, filepath.Join(to, indexFile), own.Bytes())
	if err = errors.Join(err, old.Close(), evidence.Destroy(copied)); err != nil {
		return err
	}
	return w.derived(ctx, p, from, to, filepath.Join(dir, "procedures", p.ID), key, own.Bytes())
}

// derived puts the derived files back, and their places in the index.
func (w *restorer) derived(ctx context.Context, p ProcedureInBackup, from, to, final string, key, own []byte) error {
	ix, err := index.Open(ctx, filepath.Join(to, indexFile), own)
	if err != nil {
		return err
	}
	defer ix.Close()
	files, err := ix.DerivedFiles(ctx)
	if err != nil {
		return err
	}
	final, err = filepath.Abs(final)
	if err != nil {
		return err
	}
	was := filepath.Join(w.b.Dir, "procedures", p.ID)
	for _, d := range files {
		rel, err := filepath.Rel(was, d.Path)
		if copied := slices.ContainsFunc(p.Derived, func(c derivedCopy) bool { return c.ID == d.ID }); copied && (err != nil || !filepath.IsLocal(rel)) {
			_, rel, _ = strings.Cut(d.Path, filepath.Join("procedures", p.ID)+string(filepath.Separator)) // of a store that had been moved
			err = nil
		}
		if err != nil || !filepath.IsLocal(rel) {
			continue // outside the store
		}
		if err := ix.MoveDerived(ctx, d.ID, filepath.Join(final, rel)); err != nil {
			return err
		}
		if !slices.ContainsFunc(p.Derived, func(c derivedCopy) bool { return c.ID == d.ID }) {
			continue // it was lost before: posteriori doctor tells
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(to, rel)), 0o700); err != nil {
			return storeFault(to, err)
		}
		f, err := os.OpenFile(filepath.Join(to, rel), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return storeFault(to, err)
		}
		err = errors.Join(decryptTo(f, filepath.Join(from, "derived", fmt.Sprintf("%d.enc", d.ID)), key), f.Sync(), f.Close())
		if err != nil {
			return err
		}
	}
	return nil
}

// record makes the restoring an act, in each journal.
func (w *restorer) record(ctx context.Context, s *Store, reason string) error {
	about := func(held string) journal.Details {
		return journal.Details{Objects: []journal.Object{{Kind: "backup", ID: w.b.ID, SHA256: w.b.SHA256, Note: "made " + w.b.Made.Format("2006-01-02T15:04:05Z")}},
			Result: "goes on from " + held}
	}
	err := s.Do(ctx, ActSpec{Operation: journal.Modify, Sub: journal.SubStoreRestore, Reason: reason}, func(a *Act) error {
		return a.Record(about(w.b.Journal))
	})
	if err != nil {
		return err
	}
	for _, p := range w.b.Procedures {
		err := s.Do(ctx, ActSpec{Procedure: p.ID, Operation: journal.Modify, Sub: journal.SubStoreRestore, Reason: reason}, func(a *Act) error {
			return a.Record(about(p.Journal))
		})
		if err == nil && slices.Contains(w.gone, p.ID) {
			err = s.noteLost(ctx, p.ID, reason)
		}
		if err != nil {
			return fmt.Errorf("procedure %s: %w", p.ID, err)
		}
	}
	return nil
}

// noteLost records that a procedure came back without its data, as the purge that
// this is in effect, so that it can be closed.
func (s *Store) noteLost(ctx context.Context, id, reason string) error {
	return s.Do(ctx, ActSpec{Procedure: id, Operation: journal.Erase, Sub: journal.SubPurge, Reason: reason}, func(a *Act) error {
		e := journal.Erasure{Scope: "procedure", Ground: groundText("14", "erased since the backup, or left out of it"), Method: methodLost}
		return a.ChangeProcedure(ctx, journal.Details{Erasure: &e}, func(doc procedure.Document) (procedure.Document, error) {
			return procedure.NoteLost(doc, s.now()), nil
		})
	})
}

// moveUp moves a store that was made in a folder inside dir up into it;
// store.json, which makes it a store, comes last. A gid of -1 means that it is
// one account's.
func moveUp(temp, dir string, gid int) error {
	parts := append(slices.Clone(storeFolders), "journal", usersFile, storeFile)
	for i, name := range parts {
		if err := os.Rename(filepath.Join(temp, name), filepath.Join(dir, name)); err != nil {
			for _, done := range parts[:i] {
				_ = os.RemoveAll(filepath.Join(dir, done))
			}
			return storeFault(dir, err)
		}
	}
	if gid < 0 {
		return os.Chmod(dir, 0o700)
	}
	if err := os.Chown(dir, -1, gid); err != nil {
		return storeFault(dir, err)
	}
	return os.Chmod(dir, sharedDir)
}

// copyTree copies a file, or a folder with its files, onto the disk.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return backupFault(path, err)
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		switch {
		case e.IsDir():
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		case e.Name() == "LISEZMOI.txt":
			return nil // an export's, not a journal's
		}
		return copyFile(path, filepath.Join(to, rel))
	})
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return backupFault(from, err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return storeFault(to, err)
	}
	defer out.Close()
	if _, err := out.ReadFrom(in); err != nil {
		return storeFault(to, err)
	}
	if err := out.Sync(); err != nil {
		return storeFault(to, err)
	}
	return nil
}
