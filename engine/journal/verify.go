package journal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"posteriori/engine/fault"
)

// Check are the optional things a verifier knows from outside.
type Check struct {
	Origin string      // the log it must be; empty: what its records say
	Held   *Checkpoint // a checkpoint taken earlier and held elsewhere; Origin not compared
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
	Notes    []string  `json:"notes,omitempty"` // harmless: an interrupted writer
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

// verifier is one run of Verify.
type verifier struct {
	fsys   fs.FS
	key    note.Verifier
	check  Check
	report Report

	cp     Checkpoint
	cpErr  error
	edge   edge // of the records found good
	nodes  hashStream
	held   tlog.Hash // root at check.Held.Size, once passed
	sealed edge      // at cp.Size
}

// Verify checks the journal in fsys with nothing but its files and the public
// key (the text of key.pub, from a source that is trusted). What it finds is
// in the report; the error is for a key that is none, for files that cannot
// be read, and for ctx.
func Verify(ctx context.Context, fsys fs.FS, publicKey string, check Check) (Report, error) {
	key, err := note.NewVerifier(string(bytes.TrimSpace([]byte(publicKey))))
	if err != nil {
		return Report{}, fault.Wrap(fault.BadInput, err, "this is not a journal's public key").
			WithHint("give the text of key.pub as it was handed over, not the one in the folder")
	}
	v := &verifier{fsys: fsys, key: key, check: check}
	v.report = Report{First: -1, Origin: check.Origin, Key: fmt.Sprintf("%s+%08x", key.Name(), key.KeyHash())}
	if _, err := fs.Stat(fsys, fileEntries); err != nil {
		if _, err := fs.Stat(fsys, fileCheckpoint); err != nil {
			return Report{}, fault.Wrap(fault.NotFound, err, "there is no journal here")
		}
	}
	v.readCheckpoint()
	if err := v.readEntries(ctx); err != nil {
		return Report{}, err
	}
	v.judgeCheckpoint()
	v.judgeHashes()
	v.judgeKey()
	v.report.Root, v.report.Records = v.edge.root(), v.edge.size
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
		v.nodes = hashStream{r: f}
	} else {
		v.nodes.err = err
	}
	var read int64
	for line, err := range lines(v.fsys) {
		if errors.Is(err, fs.ErrNotExist) {
			break
		}
		if err != nil {
			return fault.Wrap(fault.BadInput, err, "the journal cannot be read").OnFile(fileEntries)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if v.cpErr == nil && line.seq == v.cp.Size {
			return v.judgeTail()
		}
		if !v.readEntry(line) {
			return nil
		}
		read++
	}
	if v.cpErr == nil && read < v.cp.Size {
		v.report.found(fileEntries, read, "it is missing; the checkpoint covers %d records, %d are there", v.cp.Size, read)
	} else if v.cpErr == nil {
		return v.judgeTail()
	}
	return nil
}

// readEntry checks one line against its place; false ends the reading.
func (v *verifier) readEntry(line entryLine) bool {
	if what := v.wrong(line); what != "" {
		v.report.found(fileEntries, line.seq, "%s", what)
		return false
	}
	nodes := v.edge.push(tlog.RecordHash(line.data))
	if what := v.nodes.compare(nodes); what != "" {
		v.report.found(fileHashes, line.seq, "%s", what)
	}
	if v.check.Held != nil && v.edge.size == v.check.Held.Size {
		v.held = v.edge.root()
	}
	return true
}

// head is the part of a record that its place depends on.
type head struct {
	Schema int       `json:"schema"`
	Log    string    `json:"log"`
	Seq    int64     `json:"seq"`
	Root   tlog.Hash `json:"root"`
}

// wrong says what is wrong with a line at its place, or nothing.
func (v *verifier) wrong(line entryLine) string {
	if line.torn {
		return "it is cut off"
	}
	body, sig, err := split(line.data)
	if err != nil {
		return "it is altered: " + err.Error()
	}
	if !v.key.Verify(signed(body), sig) {
		return "it is altered or not signed by this key: its signature does not match"
	}
	var h head
	if err := json.Unmarshal(line.data, &h); err != nil {
		return "it is no record: " + err.Error()
	}
	if v.report.Origin == "" {
		v.report.Origin = h.Log
	}
	if v.cpErr == nil && v.cp.Origin != v.report.Origin {
		v.cpErr = fmt.Errorf("it is of another log, %s", v.cp.Origin)
	}
	switch {
	case h.Log != v.report.Origin:
		return fmt.Sprintf("it belongs to another log, %s", h.Log)
	case h.Seq > line.seq:
		return fmt.Sprintf("it is missing or moved: record %d stands in its place", h.Seq)
	case h.Seq < line.seq:
		return fmt.Sprintf("record %d stands here a second time or moved", h.Seq)
	case h.Root != v.edge.root():
		return "it follows other records than those before it"
	}
	return ""
}

// judgeTail looks at what lies behind the checkpoint.
func (v *verifier) judgeTail() error {
	v.sealed = v.edge.clone()
	var entries []byte
	for line, err := range lines(v.fsys) {
		if err != nil {
			return err
		}
		if line.seq < v.cp.Size {
			continue
		}
		entries = append(entries, line.data...)
		if !line.torn {
			entries = append(entries, '\n')
		}
		if len(entries) > MaxRecord || line.seq > v.cp.Size+1 {
			break
		}
	}
	pending, err := fs.ReadFile(v.fsys, filePending)
	if err != nil {
		pending = nil
	}
	rest := v.nodes.rest()
	t := judge(entries, rest, pending, v.cp, v.sealed, v.key)
	switch {
	case t.state == tailForeign && len(entries) > 0:
		v.report.found(fileEntries, v.cp.Size, "it lies behind the checkpoint, which covers %d records: it was inserted, or the checkpoint was replaced by an older one (%s)", v.cp.Size, t.why)
	case t.state == tailForeign:
		v.report.found(fileHashes, -1, "%d bytes lie behind the tree that the checkpoint covers (%s)", rest, t.why)
	case t.state == tailWhole:
		v.report.Notes = append(v.report.Notes, "a writer was interrupted; its record is whole and will be sealed by the next act")
	case t.state == tailTorn:
		v.report.Notes = append(v.report.Notes, fmt.Sprintf("a writer was interrupted; %d bytes of its record will be cut off by the next act", len(entries)))
	case pending != nil:
		v.report.Notes = append(v.report.Notes, "a writer was interrupted before it wrote")
	}
	return nil
}

func (v *verifier) judgeCheckpoint() {
	switch {
	case v.cpErr != nil:
		v.report.found(fileCheckpoint, -1, "it is not the checkpoint of this journal: %v", v.cpErr)
		return
	case v.report.Origin != "" && v.cp.Origin != v.report.Origin:
		v.report.found(fileCheckpoint, -1, "it is of another log, %s", v.cp.Origin)
	case v.edge.size == v.cp.Size && v.edge.root() != v.cp.Root:
		v.report.found(fileCheckpoint, -1, "its root is not that of the records")
	}
	if v.report.Origin == "" {
		v.report.Origin = v.cp.Origin
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
	if v.nodes.err != nil && v.cp.Size > 0 {
		v.report.found(fileHashes, -1, "it cannot be read: %v", v.nodes.err)
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

// hashStream compares the stored hashes as the records go by.
type hashStream struct {
	r    io.Reader
	err  error
	over bool // a mismatch was found; later ones follow from it
}

// compare reads as many hashes as nodes and says how they differ.
func (s *hashStream) compare(nodes []tlog.Hash) string {
	if s.err != nil || s.over {
		return ""
	}
	got := make([]byte, len(nodes)*tlog.HashSize)
	if _, err := io.ReadFull(s.r, got); err != nil {
		s.over = true
		return "its hashes are missing from the tree"
	}
	if !bytes.Equal(got, pack(nodes)) {
		s.over = true
		return "its hashes in the tree were altered"
	}
	return ""
}

// rest is how many bytes follow the hashes that were compared.
func (s *hashStream) rest() int {
	if s.err != nil || s.over {
		return 0
	}
	n, _ := io.Copy(io.Discard, io.LimitReader(s.r, MaxRecord))
	return int(n)
}
