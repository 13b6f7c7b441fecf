package journal

import (
	"bytes"
	"io"
	"iter"
	"os"
	"time"

	"posteriori/engine/fault"
)

// backBlock is what [Log.Since] reads at once.
const backBlock = 256 << 10

// Since goes through the sealed records from the last one back until one is
// older than t, and yields those whose line holds the text has. What it costs
// grows with the time asked for, not with the length of the journal.
func (l *Log) Since(t time.Time, has string) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		cp, _, err := l.Checkpoint()
		if err != nil {
			yield(Record{}, err)
			return
		}
		f, err := os.Open(l.path(fileEntries))
		if err != nil {
			yield(Record{}, tampered(l.dir, "the journal's entries cannot be read: %v", err))
			return
		}
		defer f.Close()
		oldest := []byte(t.UTC().Format(timeUTC))
		for line, err := range linesBack(f, cp.Bytes) {
			if err != nil {
				yield(Record{}, err)
				return
			}
			if at := timeText(line); at != nil && bytes.Compare(at, oldest) < 0 {
				return
			}
			if !bytes.Contains(line, []byte(has)) {
				continue
			}
			r, err := ParseRecord(line)
			if err != nil {
				err = fault.Wrap(fault.Integrity, err, "a record cannot be read").OnFile(l.dir).WithHint("run posteriori journal verify")
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// linesBack yields the lines that end at byte end and before, last one first.
func linesBack(r io.ReaderAt, end int64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		var later []byte // the rest of a line whose start is not read yet
		for end > 0 {
			n := min(end, backBlock)
			b := make([]byte, n, n+int64(len(later)))
			if _, err := r.ReadAt(b, end-n); err != nil && err != io.EOF {
				yield(nil, err)
				return
			}
			end -= n
			b = append(b, later...)
			for {
				b = bytes.TrimSuffix(b, []byte{'\n'})
				at := bytes.LastIndexByte(b, '\n')
				if at < 0 {
					break
				}
				if !yield(b[at+1:], nil) {
					return
				}
				b = b[:at+1]
			}
			later = b
		}
		if len(later) > 0 {
			yield(later, nil)
		}
	}
}
