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
	edge  edge // after the whole record
	nodes []tlog.Hash
}

type tailState int

const (
	tailClean   tailState = iota // nothing of a record, at most a pending file
	tailTorn                     // part of a record that was being written
	tailWhole                    // a whole record, only its checkpoint not in place
	tailForeign                  // not left by a writer of this journal
)

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
	if next.Origin != at.Origin || next.Size != at.Size+1 {
		return tail{state: tailForeign, why: "the pending checkpoint is for another state"}
	}
	feed := bytes.IndexByte(entries, '\n')
	if feed >= 0 && feed != len(entries)-1 || len(entries) > MaxRecord {
		return tail{state: tailForeign, why: "it is more than one record"}
	}
	if feed >= 0 {
		e := e.clone()
		nodes := e.push(tlog.RecordHash(entries[:feed]))
		if e.root() == next.Root {
			return tail{state: tailWhole, next: next, edge: e, nodes: nodes}
		}
	}
	return tail{state: tailTorn, next: next}
}
