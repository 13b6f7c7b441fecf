package journal

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"posteriori/engine/fault"
)

// Filter chooses records to show. Zero fields choose all.
type Filter struct {
	Operation Operation
	Sub       Sub
	Outcome   Outcome
	UID       string // of the account that acted
	From, To  time.Time
	First     int64 // sequence number to start at
	Limit     int   // how many at most; 0: all
}

// match says whether r passes, Limit apart.
func (f Filter) match(r Record) bool {
	t, err := r.Time()
	switch {
	case r.Seq < f.First,
		f.Operation != "" && r.Operation != f.Operation,
		f.Sub != "" && r.Sub != f.Sub,
		f.Outcome != "" && r.Outcome != f.Outcome,
		f.UID != "" && r.Person.UID != f.UID,
		!f.From.IsZero() && (err != nil || t.Before(f.From)),
		!f.To.IsZero() && (err != nil || !t.Before(f.To)):
		return false
	}
	return true
}

// Read goes through the sealed records of the journal in fsys that pass f, in
// order. It checks no signature: [Verify] does. It ends with an error at the
// first line that is no record.
func Read(fsys fs.FS, f Filter) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		size, err := unsignedSize(fsys)
		if err != nil {
			yield(Record{}, err)
			return
		}
		shown := 0
		for line, err := range lines(fsys) {
			if err != nil {
				yield(Record{}, err)
				return
			}
			if line.seq >= size || f.Limit > 0 && shown >= f.Limit {
				return
			}
			if line.torn {
				yield(Record{}, fault.New(fault.Integrity, "record %d is torn", line.seq).OnFile(fileEntries))
				return
			}
			r, err := ParseRecord(line.data)
			if err != nil {
				yield(Record{}, fault.Wrap(fault.Integrity, err, "record %d", line.seq).OnFile(fileEntries).
					WithHint("run posteriori journal verify"))
				return
			}
			if !f.match(r) {
				continue
			}
			shown++
			if !yield(r, nil) {
				return
			}
		}
	}
}

// Records goes through the journal's own records that pass f.
func (l *Log) Records(f Filter) iter.Seq2[Record, error] { return Read(os.DirFS(l.dir), f) }

// unsignedSize reads the checkpoint's size without checking its signature,
// for showing.
func unsignedSize(fsys fs.FS) (int64, error) {
	b, err := fs.ReadFile(fsys, fileCheckpoint)
	if err != nil {
		return 0, fault.Wrap(fault.NotFound, err, "there is no journal here")
	}
	text, _, _ := bytes.Cut(b, []byte("\n\n"))
	cp, err := ParseCheckpoint(string(text) + "\n")
	if err != nil {
		return 0, fault.Wrap(fault.Integrity, err, "the journal's checkpoint cannot be read").OnFile(fileCheckpoint)
	}
	return cp.Size, nil
}

// entryLine is one line of the entries file.
type entryLine struct {
	seq  int64
	data []byte // without the line feed, valid until the next
	torn bool   // the file ended without a line feed
}

// lines goes through the entries file.
func lines(fsys fs.FS) iter.Seq2[entryLine, error] {
	return func(yield func(entryLine, error) bool) {
		f, err := fsys.Open(fileEntries)
		if err != nil {
			yield(entryLine{}, err)
			return
		}
		defer f.Close()
		in := bufio.NewReaderSize(f, 32<<10)
		var long []byte
		for seq := int64(0); ; {
			part, err := in.ReadSlice('\n')
			if errors.Is(err, bufio.ErrBufferFull) && len(long) <= MaxRecord {
				long = append(long, part...)
				continue
			}
			line := part
			if len(long) > 0 {
				long = append(long, part...)
				line = long
			}
			switch {
			case errors.Is(err, bufio.ErrBufferFull):
				// Nobody wrote a line this long as a record; hand it over as torn.
				yield(entryLine{seq: seq, data: line, torn: true}, nil)
				return
			case err == io.EOF && len(line) == 0:
				return
			case err != nil && err != io.EOF:
				yield(entryLine{}, err)
				return
			}
			data, whole := bytes.CutSuffix(line, []byte("\n"))
			if !yield(entryLine{seq: seq, data: data, torn: !whole}, nil) || !whole {
				return
			}
			long = long[:0]
			seq++
		}
	}
}

// Inclusion is a proof that a record is in the tree of a checkpoint.
type Inclusion struct {
	Seq   int64            `json:"seq"`
	Size  int64            `json:"size"` // of the tree
	Proof tlog.RecordProof `json:"proof"`
}

// ProveInclusion proves that record seq is in the first size records.
func ProveInclusion(dir string, seq, size int64) (Inclusion, error) {
	f, err := os.Open(dir + "/" + fileHashes)
	if err != nil {
		return Inclusion{}, err
	}
	defer f.Close()
	p, err := tlog.ProveRecord(size, seq, hashFile{f})
	return Inclusion{Seq: seq, Size: size, Proof: p}, err
}

// Check says whether p proves that line (a record without its line feed) is
// in the tree that cp gives the root of.
func (p Inclusion) Check(line []byte, cp Checkpoint) error {
	if p.Size != cp.Size {
		return fmt.Errorf("the proof is for %d records, the checkpoint for %d", p.Size, cp.Size)
	}
	return tlog.CheckRecord(p.Proof, cp.Size, cp.Root, p.Seq, tlog.RecordHash(line))
}

// ProveConsistency proves that the tree of newer records continues that of older.
func ProveConsistency(dir string, older, newer int64) (tlog.TreeProof, error) {
	f, err := os.Open(dir + "/" + fileHashes)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return tlog.ProveTree(newer, older, hashFile{f})
}

// CheckConsistency says whether p proves that newer continues older.
func CheckConsistency(p tlog.TreeProof, older, newer Checkpoint) error {
	return tlog.CheckTree(p, newer.Size, newer.Root, older.Size, older.Root)
}

// ParseHeld reads SIZE:ROOT, the form in which a checkpoint is printed in a
// mention or report, root in base64.
func ParseHeld(s string) (Checkpoint, error) {
	size, root, ok := strings.Cut(s, ":")
	n, err := strconv.ParseInt(size, 10, 64)
	if !ok || err != nil || n < 0 {
		return Checkpoint{}, fmt.Errorf("%w: want SIZE:ROOT, got %q", ErrCheckpoint, s)
	}
	h, err := tlog.ParseHash(root)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: root %q", ErrCheckpoint, root)
	}
	return Checkpoint{Size: n, Root: h}, nil
}

// Held is c as SIZE:ROOT.
func (c Checkpoint) Held() string { return fmt.Sprintf("%d:%s", c.Size, c.Root) }

// VerifyDir is [Verify] on a folder that others may be writing to: it waits
// for a record in progress. In a folder that cannot be locked it just reads.
func VerifyDir(ctx context.Context, dir, publicKey string, opts Check) (Report, error) {
	if lock, err := os.Open(dir + "/" + fileLock); err == nil {
		defer lock.Close()
		if err := lockFile(ctx, lock, false); err == nil {
			defer unlockFile(lock)
		}
	}
	return Verify(ctx, os.DirFS(dir), publicKey, opts)
}
