package journal

import (
	"bytes"
	"iter"
	"os"
	"path/filepath"
	"time"
)

// clockField stands before what a record's times rest on; as with timeField
// the first one is the field.
const clockField = `","clock":"`

// Witness is what a record says of the time at which it was written.
type Witness struct {
	At    time.Time
	Clock string // what At rests on
}

// Witnesses goes through the records of the journal in dir from the last one
// back until one is older than since, and yields their times. It checks no
// signature, and what cannot be read bears no witness.
func Witnesses(dir string, since time.Time) iter.Seq[Witness] {
	return func(yield func(Witness) bool) {
		f, err := os.Open(filepath.Join(dir, fileEntries))
		if err != nil {
			return
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return
		}
		for line, err := range linesBack(f, info.Size()) {
			if err != nil {
				return
			}
			at := lineTime(line)
			if at.IsZero() { // a line torn while it was written
				continue
			}
			if at.Before(since) || !yield(Witness{at, clockText(line)}) {
				return
			}
		}
	}
}

// clockText is what the times in a record's line rest on.
func clockText(line []byte) string {
	_, rest, _ := bytes.Cut(line, []byte(clockField))
	text, _, _ := bytes.Cut(rest, []byte{'"'})
	return string(text)
}
