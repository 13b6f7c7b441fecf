package journal

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"time"

	"posteriori/engine/fault"
)

// Filter chooses records to show. Zero fields choose all.
type Filter struct {
	Operation Operation
	Sub       Sub
	Outcome   Outcome
	Person    string // account, its number, or matricule of who acted
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
		f.Person != "" && !r.Person.is(f.Person),
		!f.From.IsZero() && (err != nil || t.Before(f.From)),
		!f.To.IsZero() && (err != nil || !t.Before(f.To)):
		return false
	}
	return true
}

// is says whether who names the person, by account, its number, or matricule.
func (p Person) is(who string) bool {
	return who == p.Account || who == p.UID || who == p.Matricule
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
		in := bufio.NewReaderSize(f, 64<<10)
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
