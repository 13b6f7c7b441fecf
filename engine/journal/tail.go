package journal

import (
	"bytes"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// tail is what lies behind the checkpoint, and what explains it.
type tail struct {
	state tailState
	why   string // for tailForeign
	next  Checkpoint
	edge  edge // after the whole records
	nodes []tlog.Hash
}

type tailState int

const (
	tailClean   tailState = iota // nothing of a record, at most a pending file
	tailTorn                     // part of what was being written
	tailWhole                    // all that was being written, only its checkpoint not in place
	tailForeign                  // not left by a writer of this journal
)

// maxTail bounds what a writer can have left behind the checkpoint in bytes.
const maxTail = maxGroupBytes + MaxRecord

// judge says what is behind the checkpoint at. A writer puts a signed pending
// file there before it touches the entries, so a tail without one is foreign.
func judge(entries []byte, hashes int, pending []byte, at Checkpoint, e edge, v note.Verifier) tail {
	if len(entries) == 0 && hashes == 0 {
		return tail{state: tailClean}
	}
	if pending == nil {
		return tail{state: tailForeign, why: "no writer was at work"}
	}
	next, err := OpenCheckpoint(pending, v)
	if err != nil {
		return tail{state: tailForeign, why: "the pending checkpoint is not signed by the journal's key"}
	}
	records := next.Size - at.Size
	if next.Origin != at.Origin || records < 1 || records > maxGroup {
		return tail{state: tailForeign, why: "the pending checkpoint is for another state"}
	}
	feeds := int64(bytes.Count(entries, []byte{'\n'}))
	if feeds > records || feeds == records && entries[len(entries)-1] != '\n' || len(entries) > maxTail {
		return tail{state: tailForeign, why: "it is more than was being written"}
	}
	if feeds == records {
		e, nodes := e.clone(), []tlog.Hash(nil)
		for line := range bytes.Lines(entries) {
			nodes = append(nodes, e.push(tlog.RecordHash(line[:len(line)-1]))...)
		}
		if e.root() == next.Root {
			return tail{state: tailWhole, next: next, edge: e, nodes: nodes}
		}
	}
	return tail{state: tailTorn, next: next}
}
