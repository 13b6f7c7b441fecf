package journal

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"posteriori/engine/fault"
)

// Check are the optional things a verifier knows from outside.
type Check struct {
	Origin string      // the log it must be; empty: what its records say
	Held   *Checkpoint // a checkpoint taken earlier and held elsewhere; Origin not compared
	// Signatures has the signature of every record checked, of an intact
	// journal too, which takes many times as long.
	Signatures bool
}

// Report is what [Verify] found.
type Report struct {
	Intact   bool      `json:"intact"`
	Origin   string    `json:"origin"`
	Size     int64     `json:"size"`    // records the checkpoint covers
	Records  int64     `json:"records"` // records found good, from the first on
	Root     tlog.Hash `json:"root"`    // of those
	Key      string    `json:"key"`     // name and number of the public key
	First    int64     `json:"first"`   // the first record touched; -1: none
	Findings []Finding `json:"findings,omitempty"`
	Warnings []Finding `json:"warnings,omitempty"` // as it was sealed, but odd: the clock went back
	// Signatures: that of every record was checked, besides the checkpoint's.
	Signatures bool     `json:"signatures"`
	Notes      []string `json:"notes,omitempty"` // harmless: an interrupted writer
}

// Finding is one thing that is not as it was sealed.
type Finding struct {
	File string `json:"file"`
	Seq  int64  `json:"seq"` // record; -1 when it concerns none
	What string `json:"what"`
}

// Err is nil for an intact journal, else a fault.Integrity that names the
// first record touched.
func (r Report) Err() error {
	if r.Intact {
		return nil
	}
	f := r.Findings[0]
	if r.First >= 0 {
		for _, f = range r.Findings {
			if f.Seq == r.First {
				break
			}
		}
		return fault.New(fault.Integrity, "the journal was touched, first at record %d: %s", r.First, f.What).
			OnFile(f.File).UnderRule(ruleProtect).WithHint("keep a copy of the folder as it is and tell the data controller")
	}
	return fault.New(fault.Integrity, "the journal was touched: %s", f.What).
		OnFile(f.File).UnderRule(ruleProtect).WithHint("keep a copy of the folder as it is and tell the data controller")
}

func (r *Report) found(file string, seq int64, format string, args ...any) {
	r.Findings = append(r.Findings, Finding{file, seq, fmt.Sprintf(format, args...)})
	if seq >= 0 && (r.First < 0 || seq < r.First) {
		r.First = seq
	}
}

// verifier is one pass over a journal.
type verifier struct {
	fsys       fs.FS
	key        note.Verifier
	check      Check
	signatures bool // check that of every record
	report     Report

	cp    Checkpoint
	cpErr error
	edge  edge  // of the records found good
	read  int64 // their length in bytes
	tree  tree
	held  tlog.Hash // root at check.Held.Size, once passed
	clock clockWatch
}

// Verify checks the journal in fsys with nothing but its files and the public
// key (the text of key.pub, from a source that is trusted). What it finds is
// in the report; the error is for a key that is none, for files that cannot
// be read, and for ctx.
//
// A journal whose records give the root that its checkpoint was signed for is
// whole: the signatures in the records then add nothing, and are checked only
// if asked for. Where anything differs they are all checked, because they tell
// which record was touched first even if the rest was rewritten to match.
func Verify(ctx context.Context, fsys fs.FS, publicKey string, check Check) (Report, error) {
	key, err := parseKey(publicKey)
	if err != nil {
		return Report{}, err
	}
	if _, err := fs.Stat(fsys, fileEntries); err != nil {
		if _, err := fs.Stat(fsys, fileCheckpoint); err != nil {
			return Report{}, fault.Wrap(fault.NotFound, err, "there is no journal here")
		}
	}
	v := &verifier{fsys: fsys, key: key, check: check, signatures: check.Signatures}
	r, err := v.run(ctx)
	if err == nil && !r.Intact && !v.signatures {
		v = &verifier{fsys: fsys, key: key, check: check, signatures: true}
		r, err = v.run(ctx)
	}
	return r, err
}

// run makes one pass.
func (v *verifier) run(ctx context.Context) (Report, error) {
	v.report = Report{First: -1, Origin: v.check.Origin, Key: fmt.Sprintf("%s+%08x", v.key.Name(), v.key.KeyHash())}
	v.readCheckpoint()
	v.settleOrigin()
	if err := v.readEntries(ctx); err != nil {
		return Report{}, err
	}
	v.judgeCheckpoint()
	v.judgeHashes()
	v.judgeKey()
	v.report.Root, v.report.Records, v.report.Signatures = v.edge.root(), v.edge.size, v.signatures
	v.clock.tell(&v.report)
	v.report.Intact = len(v.report.Findings) == 0
	return v.report, nil
}

func (v *verifier) readCheckpoint() {
	signed, err := fs.ReadFile(v.fsys, fileCheckpoint)
	if err == nil {
		v.cp, err = OpenCheckpoint(signed, v.key)
	}
	v.cpErr = err
	v.report.Size = v.cp.Size
}

// readEntries follows the records up to the first that is not as it was sealed.
func (v *verifier) readEntries(ctx context.Context) error {
	if f, err := v.fsys.Open(fileHashes); err == nil {
		defer f.Close()
		v.tree = tree{r: bufio.NewReaderSize(f, 64<<10)}
	} else {
		v.tree.err = err
	}
	limit := int64(math.MaxInt64)
	if v.cpErr == nil {
		limit = v.cp.Size
	}
	sound := true
	err := v.follow(ctx, limit, func(c *chunk) bool {
		sound = v.take(c)
		return sound
	})
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return fault.Wrap(fault.BadInput, err, "the journal cannot be read").OnFile(fileEntries)
	}
	switch {
	case !sound || v.cpErr != nil:
		return nil
	case v.edge.size < v.cp.Size:
		v.report.found(fileEntries, v.edge.size, "it is missing; the checkpoint covers %d records, %d are there", v.cp.Size, v.edge.size)
		return nil
	}
	return v.judgeTail()
}

// take goes through checked lines; false ends the reading.
func (v *verifier) take(c *chunk) bool {
	for i, line := range c.lines {
		if line.wrong != "" {
			v.report.found(fileEntries, line.seq, "%s", line.wrong)
			v.edge = c.edgeAt(i)
			return false
		}
		if line.nodes != "" && v.tree.err == nil && !v.tree.over {
			v.tree.over = true
			v.report.found(fileHashes, line.seq, "%s", line.nodes)
		}
		v.read += int64(len(line.data)) + 1
		if v.check.Held != nil && line.seq+1 == v.check.Held.Size {
			e := c.edgeAt(i + 1)
			v.held = e.root()
		}
		v.clock.see(line.seq, line.data)
	}
	v.edge = c.end
	return true
}

// settleOrigin decides which log this is, unless the caller said: what most of
// the checkpoint and the first records say, so that one of them replaced is
// the one found. It holds the checkpoint against that.
func (v *verifier) settleOrigin() {
	if v.report.Origin == "" {
		votes := map[string]int{}
		vote := func(log string) {
			votes[log]++
			if votes[log] > votes[v.report.Origin] {
				v.report.Origin = log
			}
		}
		if v.cpErr == nil {
			vote(v.cp.Origin)
		}
		for line, err := range lines(v.fsys) {
			var h head
			if err != nil || line.seq > 2 || line.seq >= v.cp.Size && v.cpErr == nil {
				break
			}
			if json.Unmarshal(line.data, &h) == nil && h.Log != "" {
				vote(h.Log)
			}
		}
	}
	if v.cpErr == nil && v.cp.Origin != v.report.Origin {
		v.cpErr = fmt.Errorf("it is of another log, %s", v.cp.Origin)
	}
}

// judgeTail looks at what lies behind the checkpoint.
func (v *verifier) judgeTail() error {
	entries, err := readFrom(v.fsys, fileEntries, v.read)
	if err != nil {
		return fault.Wrap(fault.BadInput, err, "the journal cannot be read").OnFile(fileEntries)
	}
	pending, err := fs.ReadFile(v.fsys, filePending)
	if err != nil {
		pending = nil
	}
	rest := v.tree.rest()
	t := judge(entries, rest, pending, v.cp, v.edge, v.key)
	note := func(format string, args ...any) {
		v.report.Notes = append(v.report.Notes, fmt.Sprintf(format, args...))
	}
	switch {
	case t.state == tailForeign && len(entries) > 0:
		v.report.found(fileEntries, v.cp.Size, "it lies behind the checkpoint, which covers %d records: it was inserted, or the checkpoint was replaced by an older one (%s)", v.cp.Size, t.why)
	case t.state == tailForeign:
		v.report.found(fileHashes, -1, "%d bytes lie behind the tree that the checkpoint covers (%s)", rest, t.why)
	case t.state == tailWhole:
		note("a writer was interrupted; what it recorded is whole and will be sealed by the next act")
	case t.state == tailTorn:
		note("a writer was interrupted; %d bytes that it wrote, of no act that took effect, will be cut off by the next act", len(entries))
	case pending != nil:
		note("a writer was interrupted before it wrote")
	}
	return nil
}

// readFrom reads what a file holds from off on, as far as a writer can have
// left it there.
func readFrom(fsys fs.FS, name string, off int64) ([]byte, error) {
	f, err := fsys.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if s, ok := f.(io.Seeker); ok {
		_, err = s.Seek(off, io.SeekStart)
	} else {
		_, err = io.CopyN(io.Discard, f, off)
	}
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(f, maxTail+1))
}

func (v *verifier) judgeCheckpoint() {
	switch {
	case v.cpErr != nil:
		v.report.found(fileCheckpoint, -1, "it is not the checkpoint of this journal: %v", v.cpErr)
		return
	case v.edge.size == v.cp.Size && v.edge.root() != v.cp.Root:
		v.report.found(fileCheckpoint, -1, "its root is not that of the records: they are of another history, signed with the same key")
	case v.edge.size == v.cp.Size && v.cp.Bytes > 0 && v.read != v.cp.Bytes:
		v.report.found(fileCheckpoint, -1, "it covers %d bytes of records, which are %d", v.cp.Bytes, v.read)
	}
	held := v.check.Held
	switch {
	case held == nil || held.Size == 0:
	case held.Size > v.cp.Size:
		v.report.found(fileEntries, v.cp.Size, "it is missing: the checkpoint held outside covers %d records, this journal %d", held.Size, v.cp.Size)
	case held.Size <= v.edge.size && v.held != held.Root:
		v.report.found(fileCheckpoint, -1, "the first %d records are not those of the checkpoint held outside", held.Size)
	}
}

func (v *verifier) judgeHashes() {
	if v.tree.err != nil && v.cp.Size > 0 {
		v.report.found(fileHashes, -1, "it cannot be read: %v", v.tree.err)
	}
}

func (v *verifier) judgeKey() {
	b, err := fs.ReadFile(v.fsys, fileKey)
	if err != nil {
		v.report.found(fileKey, -1, "the copy of the public key is gone")
		return
	}
	k, err := note.NewVerifier(string(bytes.TrimSpace(b)))
	if err != nil || k.Name() != v.key.Name() || k.KeyHash() != v.key.KeyHash() {
		v.report.found(fileKey, -1, "the copy of the public key is not the key given")
	}
}
