package engine

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"posteriori/engine/evidence"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
)

// A backup is a folder:
//
//	backup.json            what it is of; see [Backup]
//	store.json, users.json
//	journal/               as an export of the journal holds it
//	procedures/ID/         procedure.json, journal/ and, unless it is purged,
//	                       key.enc, index.db and derived/N.enc, all under the
//	                       procedure's key for this backup (see vault.go)
//	MANIFEST.sha256        hashes of all of these, for sha256sum -c
//
// Originals are exhibits and lie elsewhere; models are installed anew.
const (
	backupFormat   = 1
	backupFile     = "backup.json"
	backupManifest = "MANIFEST.sha256"
)

// Backup is backup.json.
type Backup struct {
	Format     int                 `json:"format"`
	ID         string              `json:"id"`
	Store      string              `json:"store"` // its ID
	Dir        string              `json:"dir"`   // where it was
	Made       time.Time           `json:"made"`
	Program    journal.Build       `json:"program"`
	Journal    string              `json:"journal"` // its checkpoint, SIZE:ROOT
	Procedures []ProcedureInBackup `json:"procedures"`
	SHA256     string              `json:"-"` // of the manifest
}

// ProcedureInBackup is one procedure of a [Backup].
type ProcedureInBackup struct {
	ID      string        `json:"id"`
	Journal string        `json:"journal"` // its checkpoint
	Purged  bool          `json:"purged,omitempty"`
	Derived []derivedCopy `json:"derived,omitempty"`
}

// derivedCopy is a derived file of the store in a backup. Its name is in the
// index alone: it may tell what is in it.
type derivedCopy struct {
	ID     int64  `json:"id"`
	SHA256 string `json:"sha256"` // in the clear
}

// Backup copies the store, which may be in use, into a new folder dir, and puts
// the keys that open the copy into the folder keys, which should be on another
// medium: see vault.go for why. It is one act, for whoever administers the store.
// The copy of each procedure is that of one moment: its journal holds a record of
// all that its index holds.
func (s *Store) Backup(ctx context.Context, reason, dir, keys string) (b Backup, err error) {
	err = s.Do(ctx, ActSpec{Operation: journal.Consult, Sub: journal.SubStoreBackup, Reason: reason}, func(a *Act) error {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return fault.Wrap(fault.Usage, err, "no such path").OnFile(dir)
		}
		if _, err := os.Lstat(abs); !errors.Is(err, fs.ErrNotExist) {
			return fault.New(fault.BadInput, "it exists already").OnFile(dir).WithHint("name a folder that is not there yet")
		}
		vault, err := s.openVault(keys)
		if err != nil {
			return err
		}
		temp, drop, err := evidence.TempDir(abs)
		if err != nil {
			return err
		}
		defer drop()
		w := &backupWriter{s: s, dir: temp, b: Backup{Format: backupFormat, ID: s.now().UTC().Format("20060102T150405Z") + "-" + hex.EncodeToString(randomKey(4)),
			Store: s.meta.ID, Dir: s.dir, Made: s.now().UTC(), Program: ownBuild()}}
		w.part = filepath.Join(vault, w.b.ID)
		if err := w.write(ctx); err != nil {
			_ = evidence.Destroy(w.part)
			return err
		}
		b = w.b
		err = a.Record(journal.Details{Objects: []journal.Object{{Kind: "backup", ID: b.ID, SHA256: b.SHA256}},
			Params: fmt.Sprintf(`{"procedures":%d}`, len(b.Procedures))})
		if err == nil {
			if err = os.Rename(temp, abs); err != nil {
				err = backupFault(abs, err)
			}
		}
		if err != nil {
			_ = evidence.Destroy(w.part)
		}
		return err
	})
	return b, err
}

func backupFault(path string, err error) error {
	var f *fault.Error
	if err == nil || errors.As(err, &f) {
		return err
	}
	return fault.Wrap(fault.NoSpace, err, "the backup cannot be written or read").OnFile(path).
		WithHint("name a folder on a disk with room that this account may write to")
}

// backupWriter is a backup under way.
type backupWriter struct {
	s        *Store
	dir      string // of the copy
	part     string // of the vault
	b        Backup
	manifest []byte
}

func (w *backupWriter) write(ctx context.Context) error {
	if err := os.Mkdir(w.part, 0o700); err != nil {
		return vaultFault(w.part, err)
	}
	if err := w.own(ctx); err != nil {
		return err
	}
	list, err := os.ReadDir(filepath.Join(w.s.dir, "procedures"))
	if err != nil {
		return backupFault(w.s.dir, err)
	}
	for _, e := range list {
		if procedure.CheckID(e.Name()) != nil || !e.IsDir() {
			continue
		}
		p, err := w.procedure(ctx, e.Name())
		if err != nil {
			return fmt.Errorf("procedure %s: %w", e.Name(), err)
		}
		w.b.Procedures = append(w.b.Procedures, p)
	}
	return w.seal(ctx)
}

// own copies what is the store's own, at one moment.
func (w *backupWriter) own(ctx context.Context) error {
	var locked []func()
	defer func() {
		for _, unlock := range locked {
			unlock()
		}
	}()
	for _, name := range []string{storeFile, usersFile} {
		unlock, err := journal.Lock(ctx, w.s.sealedInStore(name).lock)
		if err != nil {
			return err
		}
		locked = append(locked, unlock)
	}
	log, done, err := w.s.openJournal("")
	if err != nil {
		return err
	}
	defer done()
	if w.b.Journal, err = w.journal(log, ""); err != nil {
		return err
	}
	for _, name := range []string{storeFile, usersFile} {
		text, err := w.s.sealedInStore(name).recover(log)
		if err != nil {
			return err
		}
		if err := w.put(name, text); err != nil {
			return err
		}
	}
	return nil
}

// journal copies a journal as it is now, and says which state that is.
func (w *backupWriter) journal(log *journal.Log, under string) (string, error) {
	snap, err := log.Snapshot(w.s.Mark())
	if err != nil {
		return "", err
	}
	dir := filepath.Join(w.dir, under, "journal")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", backupFault(dir, err)
	}
	return snap.Checkpoint.Held(), snap.WriteDir(dir)
}

// copied is called when a procedure is copied; tests erase something there.
var copied = func() {}

// procedure copies one procedure. Where something of it is erased meanwhile, which
// takes the copy's key, it begins again.
func (w *backupWriter) procedure(ctx context.Context, id string) (p ProcedureInBackup, err error) {
	for range 5 {
		dir := filepath.Join(w.dir, "procedures", id)
		for _, left := range []string{dir, w.keyOf(id)} {
			if err := evidence.Destroy(left); err != nil {
				return p, err
			}
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return p, backupFault(dir, err)
		}
		p, err = w.procedureOnce(ctx, id, dir)
		copied()
		if _, kerr := os.Stat(w.keyOf(id)); err == nil && (p.Purged || kerr == nil) {
			return p, nil
		}
		if now, oerr := w.s.OpenProcedure(id); err != nil && (oerr != nil || !procedure.Gone(now.Doc)) {
			return p, err
		}
	}
	return p, fault.New(fault.Internal, "something of it was erased again and again while it was copied").WithHint("run the same command again")
}

func (w *backupWriter) keyOf(id string) string { return filepath.Join(w.part, id+".key") }

func (w *backupWriter) procedureOnce(ctx context.Context, id, dir string) (ProcedureInBackup, error) {
	p := ProcedureInBackup{ID: id}
	doc, err := w.s.OpenProcedure(id)
	if err != nil {
		return p, err
	}
	// The index comes first: no record, no act, so a journal that is copied after
	// it has the record of all that it holds.
	if !procedure.Gone(doc.Doc) {
		if p.Derived, err = w.data(ctx, doc, dir); err != nil {
			return p, err
		}
	}
	unlock, err := journal.Lock(ctx, w.s.sealedProcedure(id).lock)
	if err != nil {
		return p, err
	}
	defer unlock()
	log, done, err := w.s.openJournal(id)
	if err != nil {
		return p, err
	}
	defer done()
	if p.Journal, err = w.journal(log, filepath.Join("procedures", id)); err != nil {
		return p, err
	}
	text, err := w.s.sealedProcedure(id).recover(log)
	if err != nil {
		return p, err
	}
	now, err := procedure.Parse(text)
	if err != nil {
		return p, err
	}
	if p.Purged = procedure.Gone(now); p.Purged && !procedure.Gone(doc.Doc) {
		return p, fault.New(fault.Internal, "it was purged while it was copied")
	}
	return p, w.put(filepath.Join("procedures", id, procedureFile), text)
}

// data copies the index, the key and the derived files of a procedure.
func (w *backupWriter) data(ctx context.Context, p *Procedure, dir string) ([]derivedCopy, error) {
	key, err := newBackupKey(w.part, p.Doc.ID)
	if err != nil {
		return nil, err
	}
	own, err := p.Key()
	if err != nil {
		return nil, err
	}
	if err := encryptTo(filepath.Join(dir, "key.enc"), key, bytes.NewReader(own)); err != nil {
		return nil, err
	}
	ix, err := p.Index(ctx)
	if err != nil {
		return nil, err
	}
	defer ix.Close()
	if err := ix.CopyTo(ctx, filepath.Join(dir, indexFile), key); err != nil {
		return nil, err
	}
	copied, err := index.Open(ctx, filepath.Join(dir, indexFile), key) // what is listed there is what must be there
	if err != nil {
		return nil, err
	}
	defer copied.Close()
	files, err := copied.DerivedFiles(ctx)
	if err != nil {
		return nil, err
	}
	var out []derivedCopy
	for _, d := range files {
		at, own := p.here(d.Path)
		if !own {
			continue
		}
		f, err := os.Open(at)
		if errors.Is(err, fs.ErrNotExist) {
			continue // erased meanwhile, or lost: posteriori doctor tells
		}
		if err != nil {
			return nil, backupFault(d.Path, err)
		}
		err = os.MkdirAll(filepath.Join(dir, "derived"), 0o700)
		if err == nil {
			err = encryptTo(filepath.Join(dir, "derived", fmt.Sprintf("%d.enc", d.ID)), key, f)
		}
		f.Close()
		if err != nil {
			return nil, backupFault(dir, err)
		}
		out = append(out, derivedCopy{d.ID, d.SHA256})
	}
	return out, nil
}

// put writes a small file of the copy.
func (w *backupWriter) put(name string, b []byte) error {
	return writeNew(filepath.Join(w.dir, name), b)
}

// seal writes backup.json and the manifest, and the manifest's hash into the
// vault.
func (w *backupWriter) seal(ctx context.Context) error {
	text, err := json.MarshalIndent(w.b, "", "  ")
	if err != nil {
		return err
	}
	if err := w.put(backupFile, append(text, '\n')); err != nil {
		return err
	}
	err = filepath.WalkDir(w.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(w.dir, path)
		if err != nil {
			return err
		}
		id, err := evidence.Hash(ctx, path, nil)
		w.manifest = fmt.Appendf(w.manifest, "%s  %s\n", id.SHA256, filepath.ToSlash(rel))
		return err
	})
	if err != nil {
		return backupFault(w.dir, err)
	}
	w.b.SHA256 = hashOf(w.manifest)
	if err := w.put(backupManifest, w.manifest); err != nil {
		return err
	}
	if err := writeNew(filepath.Join(w.part, "manifest.sha256"), []byte(w.b.SHA256+"\n")); err != nil {
		return vaultFault(w.part, err)
	}
	return syncDir(w.part)
}

// encryptTo writes what r holds into a new file under key: 16 random bytes, then
// AES-256 in counter mode. That nobody changed it the manifest's hashes show.
func encryptTo(path string, key []byte, r io.Reader) error {
	iv := make([]byte, aes.BlockSize)
	rand.Read(iv)
	stream, err := streamOf(key, iv)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return backupFault(path, err)
	}
	defer f.Close()
	if _, err := f.Write(iv); err != nil {
		return backupFault(path, err)
	}
	if _, err := io.Copy(cipher.StreamWriter{S: stream, W: f}, r); err != nil {
		return backupFault(path, err)
	}
	return backupFault(path, f.Sync())
}

// decryptTo writes what encryptTo wrote at from into w.
func decryptTo(w io.Writer, from string, key []byte) error {
	f, err := os.Open(from)
	if err != nil {
		return backupFault(from, err)
	}
	defer f.Close()
	iv := make([]byte, aes.BlockSize)
	if _, err := io.ReadFull(f, iv); err != nil {
		return backupFault(from, err)
	}
	stream, err := streamOf(key, iv)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, cipher.StreamReader{S: stream, R: f})
	return backupFault(from, err)
}

// streamOf derives a key of its own for files: the index is under the other.
func streamOf(key, iv []byte) (cipher.Stream, error) {
	sum := sha256.Sum256(append([]byte("posteriori backup file\x00"), key...))
	block, err := aes.NewCipher(sum[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewCTR(block, iv), nil
}
