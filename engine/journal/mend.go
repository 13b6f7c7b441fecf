package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
)

// mend deals with what a killed writer left behind the checkpoint: whole
// records are sealed, torn ones are cut off. It fails with fault.Integrity when
// what is there has no pending file to explain it.
func (l *Log) mend() (*Recovery, error) {
	entries, err := readTail(l.path(fileEntries), l.at.Bytes)
	if err != nil {
		return nil, err
	}
	hashes, err := readTail(l.path(fileHashes), hashBytes(l.at.Size))
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

// finish seals the whole records that a killed writer left.
func (l *Log) finish(entries, pending []byte, t tail) error {
	at := hashBytes(l.at.Size)
	if err := l.disk.put(l.path(fileHashes), pack(t.nodes), at, false); err != nil {
		return err
	}
	if err := l.disk.rename(l.path(filePending), l.path(fileCheckpoint)); err != nil {
		return err
	}
	end := l.at.Bytes + int64(len(entries))
	line, err := lastLine(bytes.NewReader(entries), int64(len(entries)))
	if err != nil {
		return err
	}
	r, err := ParseRecord(line)
	if err != nil {
		return tampered(l.dir, "the journal's last record is none: %v", err)
	}
	l.seen, l.at, l.edge, l.last = pending, t.next, t.edge, tipOf(r)
	l.at.Bytes = end
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
	return io.ReadAll(io.NewSectionReader(f, off, maxTail+1))
}
