package journal

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"posteriori/engine/fault"
)

// The files of a journal's folder.
const (
	fileEntries    = "entries"
	fileHashes     = "hashes"
	fileCheckpoint = "checkpoint"
	filePending    = "pending"
	fileKey        = "key.pub"
	fileLock       = "lock"
)

// Options of a journal.
type Options struct {
	// Now is the clock; nil means the system's.
	Now func() time.Time
	// Clock says in each record what the times rest on.
	Clock string
}

// Log is a journal open for appending. Its methods may be called from many
// goroutines; other processes may append to the same folder meanwhile.
type Log struct {
	dir      string
	signer   note.Signer
	verifier note.Verifier
	opts     Options
	disk     disk

	mu      sync.Mutex
	lock    *os.File
	seen    []byte // the checkpoint that the fields below belong to
	at      Checkpoint
	edge    edge
	entries int64 // length of the sealed entries in bytes
}

// Key is a pair of journal keys in the text form of signed notes.
type Key struct {
	Private string // keep apart from the journal
	Public  string
}

// NewKey makes a pair of keys; name tells them apart in checkpoints.
func NewKey(name string) (Key, error) {
	private, public, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		return Key{}, fault.Wrap(fault.Internal, err, "the journal's key cannot be made")
	}
	return Key{Private: private, Public: public}, nil
}

// Create makes an empty journal in dir, which must not hold one. Origin names
// the log in its checkpoints and records: no spaces, no plus sign.
func Create(dir, origin string, key Key, opts Options) (*Log, error) {
	signer, err := note.NewSigner(key.Private)
	if err != nil {
		return nil, fault.Wrap(fault.Integrity, err, "the journal's signing key cannot be used")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, writeFault(dir, err)
	}
	if _, err := os.Lstat(filepath.Join(dir, fileCheckpoint)); err == nil {
		return nil, fault.New(fault.BadInput, "there is a journal already").OnFile(dir)
	}
	cp := Checkpoint{Origin: origin, Root: new(edge).root()}
	if _, err := ParseCheckpoint(cp.Text()); err != nil {
		return nil, err
	}
	signed, err := cp.Sign(signer)
	if err != nil {
		return nil, err
	}
	for _, f := range []struct {
		name string
		data []byte
	}{
		{fileKey, []byte(key.Public + "\n")}, {fileEntries, nil}, {fileHashes, nil},
		{fileLock, nil}, {fileCheckpoint, signed},
	} {
		if err := realDisk.put(filepath.Join(dir, f.name), f.data, 0, true); err != nil {
			return nil, writeFault(dir, err)
		}
	}
	if err := realDisk.syncDir(dir); err != nil {
		return nil, writeFault(dir, err)
	}
	return Open(dir, key, opts)
}

// Open opens the journal in dir. It fails with fault.Integrity when the
// checkpoint is not signed by key or covers what is not there; it changes
// nothing. What a killed writer left is mended by the next [Log.Append].
func Open(dir string, key Key, opts Options) (*Log, error) {
	return openWith(dir, key, opts, realDisk)
}

func openWith(dir string, key Key, opts Options, d disk) (*Log, error) {
	signer, err := note.NewSigner(key.Private)
	if err != nil {
		return nil, fault.Wrap(fault.Integrity, err, "the journal's signing key cannot be used")
	}
	verifier, err := note.NewVerifier(key.Public)
	if err != nil {
		return nil, fault.Wrap(fault.Integrity, err, "the journal's public key cannot be used")
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	lock, err := openLock(dir)
	if err != nil {
		return nil, err
	}
	l := &Log{dir: dir, signer: signer, verifier: verifier, opts: opts, disk: d, lock: lock}
	if err := l.load(); err != nil {
		lock.Close()
		return nil, err
	}
	return l, nil
}

// openLock opens the lock file, for reading only where no more is allowed.
func openLock(dir string) (*os.File, error) {
	name := filepath.Join(dir, fileLock)
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		f, err = os.Open(name)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fault.New(fault.NotFound, "there is no journal here").OnFile(dir)
	case err != nil:
		return nil, fault.Wrap(fault.NoSpace, err, "the journal's lock cannot be opened").OnFile(name)
	}
	return f, nil
}

// Close gives the journal's files back. The journal stays usable for others.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lock.Close()
}

// Dir is the journal's folder.
func (l *Log) Dir() string { return l.dir }

// PublicKey is the key that checks this journal, as [Verify] takes it.
func (l *Log) PublicKey() (string, error) {
	b, err := os.ReadFile(filepath.Join(l.dir, fileKey))
	return string(bytes.TrimSpace(b)), err
}

// Checkpoint is the state of the journal, records of other processes
// included, and the signed note of it.
func (l *Log) Checkpoint() (Checkpoint, []byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := lockFile(context.Background(), l.lock, false); err != nil {
		return Checkpoint{}, nil, err
	}
	defer unlockFile(l.lock)
	if err := l.load(); err != nil {
		return Checkpoint{}, nil, err
	}
	return l.at, bytes.Clone(l.seen), nil
}

// load takes over the state on the disk, unless it is the one known.
func (l *Log) load() error {
	signed, err := os.ReadFile(filepath.Join(l.dir, fileCheckpoint))
	if err != nil {
		return tampered(l.dir, "the journal's checkpoint is gone: %v", err)
	}
	if l.seen != nil && bytes.Equal(signed, l.seen) {
		return nil
	}
	cp, err := OpenCheckpoint(signed, l.verifier)
	if err != nil {
		return tampered(l.dir, "the journal's checkpoint is not its own: %v", err)
	}
	if l.seen != nil && (cp.Origin != l.at.Origin || cp.Size < l.at.Size) {
		return tampered(l.dir, "the journal went back from %d records to %d", l.at.Size, cp.Size)
	}
	hashes, err := os.Open(filepath.Join(l.dir, fileHashes))
	if err != nil {
		return tampered(l.dir, "the journal's tree cannot be read: %v", err)
	}
	defer hashes.Close()
	e, err := readEdge(hashes, cp.Size)
	if err != nil || e.root() != cp.Root {
		return tampered(l.dir, "the journal's tree does not give the root of its checkpoint")
	}
	entries, err := os.Open(filepath.Join(l.dir, fileEntries))
	if err != nil {
		return tampered(l.dir, "the journal's entries cannot be read: %v", err)
	}
	defer entries.Close()
	lines, length, err := countLines(entries, cp.Size)
	if err != nil {
		return tampered(l.dir, "the journal's entries cannot be read: %v", err)
	}
	if lines < cp.Size {
		return tampered(l.dir, "the journal holds %d records, its checkpoint covers %d", lines, cp.Size)
	}
	l.seen, l.at, l.edge, l.entries = signed, cp, e, length
	return nil
}

// Append seals r as the next record and returns its number. When it returns
// without error the record is on the disk and covered by the checkpoint; when
// it fails nothing of it stays. It fails with fault.NoSpace when the folder
// cannot be written and fault.Integrity when the journal was tampered with.
func (l *Log) Append(r Record) (int64, error) {
	if err := r.check(); err != nil {
		return 0, fault.Wrap(fault.Internal, err, "the act cannot be recorded").UnderRule(ruleJournal)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := lockFile(context.Background(), l.lock, true); err != nil {
		return 0, err
	}
	defer unlockFile(l.lock)
	if err := l.load(); err != nil {
		return 0, err
	}
	recovered, err := l.mend()
	if err != nil {
		return 0, writeFault(l.dir, err)
	}
	now := l.opts.Now()
	r.Schema, r.Log, r.Seq, r.Root = Schema, l.at.Origin, l.at.Size, l.at.Root
	r.TimeUTC, r.TimeLocal = now.UTC().Format(timeUTC), now.Format(timeLocal)
	r.Clock, r.Recovered = l.opts.Clock, recovered
	line, err := seal(r, l.signer.Sign)
	if err != nil {
		return 0, fault.Wrap(fault.Internal, err, "the act cannot be recorded").UnderRule(ruleJournal)
	}
	if err := l.write(line); err != nil {
		return 0, writeFault(l.dir, err)
	}
	return r.Seq, nil
}

// write puts one sealed line behind the checkpoint and moves that over it.
func (l *Log) write(line []byte) error {
	e := l.edge.clone()
	nodes := e.push(tlog.RecordHash(line))
	next := Checkpoint{Origin: l.at.Origin, Size: e.size, Root: e.root()}
	signed, err := next.Sign(l.signer)
	if err != nil {
		return err
	}
	hashes := tlog.StoredHashCount(l.at.Size) * tlog.HashSize
	line = append(line, '\n')
	err = l.disk.put(l.path(filePending), signed, 0, true)
	if err == nil {
		err = l.disk.put(l.path(fileEntries), line, l.entries, false)
	}
	if err == nil {
		err = l.disk.put(l.path(fileHashes), pack(nodes), hashes, false)
	}
	if err == nil {
		err = l.disk.rename(l.path(filePending), l.path(fileCheckpoint))
	}
	if err != nil {
		return errors.Join(err, l.undo())
	}
	l.seen, l.at, l.edge = signed, next, e
	l.entries += int64(len(line))
	return l.disk.syncDir(l.dir)
}

// undo cuts entries and hashes back to the checkpoint. The pending file goes
// last: while it is there, what it left is explained.
func (l *Log) undo() error {
	if err := l.disk.cut(l.path(fileEntries), l.entries); err != nil {
		return err
	}
	if err := l.disk.cut(l.path(fileHashes), tlog.StoredHashCount(l.at.Size)*tlog.HashSize); err != nil {
		return err
	}
	err := l.disk.remove(l.path(filePending))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (l *Log) path(name string) string { return filepath.Join(l.dir, name) }

// mend deals with what a killed writer left behind the checkpoint: a whole
// record is sealed, a torn one is cut off. It fails with fault.Integrity when
// what is there has no pending file to explain it.
func (l *Log) mend() (*Recovery, error) {
	entries, err := readTail(l.path(fileEntries), l.entries)
	if err != nil {
		return nil, err
	}
	hashes, err := readTail(l.path(fileHashes), tlog.StoredHashCount(l.at.Size)*tlog.HashSize)
	if err != nil {
		return nil, err
	}
	pending, err := os.ReadFile(l.path(filePending))
	if errors.Is(err, fs.ErrNotExist) && len(entries)+len(hashes) == 0 {
		return nil, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	tail := judge(entries, len(hashes), pending, l.at, l.edge, l.verifier)
	switch tail.state {
	case tailClean, tailTorn:
		if err := l.undo(); err != nil {
			return nil, err
		}
		if len(entries) == 0 {
			return nil, nil
		}
		sum := sha256.Sum256(entries)
		return &Recovery{Cut: int64(len(entries)), SHA256: hex.EncodeToString(sum[:])}, nil
	case tailWhole:
		if err := l.finish(entries, pending, tail); err != nil {
			return nil, err
		}
		return &Recovery{Sealed: true}, nil
	default:
		return nil, tampered(l.dir, "something follows the last sealed record (%d): %s", l.at.Size-1, tail.why)
	}
}

// finish seals the whole record that a killed writer left.
func (l *Log) finish(entries, pending []byte, t tail) error {
	at := tlog.StoredHashCount(l.at.Size) * tlog.HashSize
	if err := l.disk.put(l.path(fileHashes), pack(t.nodes), at, false); err != nil {
		return err
	}
	if err := l.disk.rename(l.path(filePending), l.path(fileCheckpoint)); err != nil {
		return err
	}
	l.seen, l.at, l.edge = pending, t.next, t.edge
	l.entries += int64(len(entries))
	return l.disk.syncDir(l.dir)
}

// readTail reads what a file holds from off on. A file that ends before off
// has lost something sealed.
func readTail(name string, off int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() < off {
		return nil, tampered(name, "%d of %d sealed bytes are gone", off-info.Size(), off)
	}
	return io.ReadAll(io.NewSectionReader(f, off, MaxRecord+1))
}
