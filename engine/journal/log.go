package journal

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

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
	// Origin is the log that it must be, to [Open]; empty: any of the key.
	Origin string
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

	queue queue

	mu   sync.Mutex // guards what follows; never taken while queue's is held
	lock *os.File
	turn *os.File   // whose lock is taken while waiting for lock, so that each writer has its turn; nil: it is not there
	seen []byte     // the checkpoint that the fields below belong to
	at   Checkpoint // with Bytes, whether the file says them or not
	edge edge
	last tip

	recovered *Recovery // what [Log.Settle] found, for the next record to tell
}

// tip is what the last sealed record says to the next one.
type tip struct {
	time   time.Time         // zero: there is none
	sealed map[string]string // Record.Sealed
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
	l.turn, _ = os.Open(l.path(fileKey)) // any file that every writer may open
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
	if l.turn != nil {
		l.turn.Close()
	}
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

// load takes over the state on the disk, unless it is the one known. It reads
// the checkpoint, the right edge of the tree and the last record: how long the
// journal is does not matter.
func (l *Log) load() error {
	signed, err := os.ReadFile(l.path(fileCheckpoint))
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
	if o := l.opts.Origin; o != "" && cp.Origin != o {
		return tampered(l.dir, "the journal is of another log, %s", cp.Origin)
	}
	if l.seen != nil && (cp.Origin != l.at.Origin || cp.Size < l.at.Size) {
		return tampered(l.dir, "the journal went back from %d records to %d", l.at.Size, cp.Size)
	}
	hashes, err := os.Open(l.path(fileHashes))
	if err != nil {
		return tampered(l.dir, "the journal's tree cannot be read: %v", err)
	}
	defer hashes.Close()
	e, err := readEdge(hashes, cp.Size)
	if err != nil || e.root() != cp.Root {
		return tampered(l.dir, "the journal's tree does not give the root of its checkpoint")
	}
	entries, err := os.Open(l.path(fileEntries))
	if err != nil {
		return tampered(l.dir, "the journal's entries cannot be read: %v", err)
	}
	defer entries.Close()
	if cp.Bytes, err = sealedBytes(entries, cp); err != nil {
		return tampered(l.dir, "%v", err)
	}
	last, err := l.readTip(entries, cp)
	if err != nil {
		return err
	}
	l.seen, l.at, l.edge, l.last = signed, cp, e, last
	return nil
}

// readTip reads the last record that cp covers. It must be signed and stand at
// its place, as what it says of files is relied on.
func (l *Log) readTip(entries io.ReaderAt, cp Checkpoint) (tip, error) {
	if cp.Size == 0 {
		return tip{}, nil
	}
	line, err := lastLine(entries, cp.Bytes)
	if err != nil {
		return tip{}, tampered(l.dir, "the journal's last record cannot be read: %v", err)
	}
	body, sig, err := split(line)
	if err != nil || !l.verifier.Verify(signed(body), sig) {
		return tip{}, tampered(l.dir, "the journal's last record was altered")
	}
	r, err := ParseRecord(line)
	if err != nil || r.Log != cp.Origin || r.Seq != cp.Size-1 {
		return tip{}, tampered(l.dir, "the journal's last record is not the one that its checkpoint covers")
	}
	return tipOf(r), nil
}

func tipOf(r Record) tip {
	t, err := r.Time()
	if err != nil { // a clock that went back is a remark, no reason to fail
		t = time.Time{}
	}
	return tip{time: t, sealed: r.Sealed}
}

// lastLine is the line that ends at byte end, without its line feed.
func lastLine(r io.ReaderAt, end int64) ([]byte, error) {
	for n := int64(16 << 10); ; n *= 8 {
		n = min(n, end)
		b := make([]byte, n)
		if _, err := r.ReadAt(b, end-n); err != nil && err != io.EOF {
			return nil, err
		}
		b = bytes.TrimSuffix(b, []byte{'\n'})
		if at := bytes.LastIndexByte(b, '\n'); at >= 0 || n == end {
			return b[at+1:], nil
		}
		if n > MaxRecord {
			return nil, fmt.Errorf("%w: over %d bytes", ErrFormat, MaxRecord)
		}
	}
}

// Sealed says which SHA-256 a file must have by the last record, and "" for one
// that no record names.
func (l *Log) Sealed(name string) (sha256 string, err error) {
	last, err := l.tip()
	return last.sealed[name], err
}

// tip is what the last sealed record says, those of other processes included.
func (l *Log) tip() (tip, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	// No lock: what a checkpoint covers does not change any more, and a newer one
	// takes its place at once.
	if err := l.load(); err != nil {
		return tip{}, err
	}
	return l.last, nil
}

// Settle seals or cuts off what a killed writer left, as the next [Log.Append]
// would, so that what [Log.Sealed] says is the last word before that.
func (l *Log) Settle() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.begin(); err != nil {
		return err
	}
	unlockFile(l.lock)
	return nil
}

// sealedBytes is the length of the entries that cp covers, which must be
// there. A checkpoint that does not say it has the records counted.
func sealedBytes(entries *os.File, cp Checkpoint) (int64, error) {
	if cp.Size > 0 && cp.Bytes == 0 {
		lines, length, err := countLines(entries, cp.Size)
		if err == nil && lines < cp.Size {
			err = fmt.Errorf("the journal holds %d records, its checkpoint covers %d", lines, cp.Size)
		}
		return length, err
	}
	info, err := entries.Stat()
	if err != nil {
		return 0, err
	}
	if info.Size() < cp.Bytes {
		return 0, fmt.Errorf("%d of the %d bytes of the journal's %d records are gone", cp.Bytes-info.Size(), cp.Bytes, cp.Size)
	}
	end := []byte{'\n'}
	if cp.Bytes > 0 {
		if _, err := entries.ReadAt(end, cp.Bytes-1); err != nil {
			return 0, err
		}
	}
	if end[0] != '\n' {
		return 0, errors.New("no record of the journal ends where its checkpoint says")
	}
	return cp.Bytes, nil
}

func (l *Log) path(name string) string { return filepath.Join(l.dir, name) }
