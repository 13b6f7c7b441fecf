package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"posteriori/engine/fault"
)

// ProofFormat is what a proof file says it is.
const ProofFormat = "posteriori journal proof v1"

// Proof shows to who holds only the public key that one record is in a
// journal, and that the journal continues an earlier checkpoint (RFC 6962,
// sections 2.1.1 and 2.1.2). It is a JSON file.
type Proof struct {
	Format     string           `json:"format"`
	Record     string           `json:"record"` // its line, as it was signed
	Seq        int64            `json:"seq"`
	Inclusion  tlog.RecordProof `json:"inclusion"`
	Checkpoint string           `json:"checkpoint"` // C2SP signed note
	Continues  *Continuation    `json:"continues,omitempty"`
}

// Continuation shows that a journal continues an earlier state of it.
type Continuation struct {
	Held  string         `json:"held"` // SIZE:ROOT of that state
	Proof tlog.TreeProof `json:"proof"`
}

// Inclusion is a proof that a record is in the tree of a checkpoint.
type Inclusion struct {
	Seq   int64            `json:"seq"`
	Size  int64            `json:"size"` // of the tree
	Proof tlog.RecordProof `json:"proof"`
}

// ProveInclusion proves that record seq is in the first size records of the
// journal in dir. Whoever hands it out calls [Inclusion.Check] first: a tree
// that was touched gives a proof that does not hold.
func ProveInclusion(dir string, seq, size int64) (Inclusion, error) {
	f, err := os.Open(filepath.Join(dir, fileHashes))
	if err != nil {
		return Inclusion{}, tampered(dir, "the journal's tree cannot be read: %v", err)
	}
	defer f.Close()
	p, err := tlog.ProveRecord(size, seq, hashFile{f})
	if err != nil {
		return Inclusion{}, tampered(dir, "%v", err)
	}
	return Inclusion{Seq: seq, Size: size, Proof: p}, nil
}

// Check says whether p proves that line (a record without its line feed) is
// in the tree that cp gives the root of. Errors are under [ErrProof].
func (p Inclusion) Check(line []byte, cp Checkpoint) error {
	if p.Size != cp.Size || p.Seq < 0 || p.Seq >= cp.Size {
		return fmt.Errorf("%w: it is for record %d of %d, the checkpoint covers %d", ErrProof, p.Seq, p.Size, cp.Size)
	}
	if err := tlog.CheckRecord(p.Proof, cp.Size, cp.Root, p.Seq, tlog.RecordHash(line)); err != nil {
		return fmt.Errorf("%w: the record is not in the tree: %w", ErrProof, err)
	}
	return nil
}

// ErrProof is under every error about a file that is no proof, or proves
// something else.
var ErrProof = errors.New("the proof does not hold")

// Prove proves that record seq is in the journal as it stands now and, with
// older, that the journal continues that checkpoint. It checks what it hands
// out: fault.Integrity when record or tree were touched, or the journal does
// not continue older; fault.NotFound when there is no such record.
func (l *Log) Prove(seq int64, older *Checkpoint) (Proof, error) {
	cp, signed, err := l.Checkpoint()
	if err != nil {
		return Proof{}, err
	}
	if seq < 0 || seq >= cp.Size {
		return Proof{}, fault.New(fault.NotFound, "the journal has no record %d, it ends before %d", seq, cp.Size).
			WithHint("posteriori journal show lists the records")
	}
	p := Proof{Format: ProofFormat, Seq: seq, Checkpoint: string(signed)}
	for line, err := range lines(os.DirFS(l.dir)) {
		if err != nil {
			return Proof{}, fault.Wrap(fault.BadInput, err, "the journal cannot be read").OnFile(l.path(fileEntries))
		}
		if line.seq == seq {
			p.Record = string(line.data)
			break
		}
	}
	in, err := ProveInclusion(l.dir, seq, cp.Size)
	if err != nil {
		return Proof{}, err
	}
	p.Inclusion = in.Proof
	if older != nil {
		if p.Continues, err = l.continues(*older, cp); err != nil {
			return Proof{}, tampered(l.dir, "%v", err)
		}
	}
	if err := p.check(cp, l.verifier); err != nil {
		return Proof{}, tampered(l.dir, "%v", err)
	}
	return p, nil
}

// continues proves that the journal at cp continues older.
func (l *Log) continues(older, cp Checkpoint) (*Continuation, error) {
	if older.Size > cp.Size {
		return nil, fmt.Errorf("the checkpoint held covers %d records, the journal only %d", older.Size, cp.Size)
	}
	c := &Continuation{Held: older.Held(), Proof: tlog.TreeProof{}}
	if older.Size == 0 { // every journal continues the empty one
		return c, nil
	}
	f, err := os.Open(l.path(fileHashes))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	c.Proof, err = tlog.ProveTree(cp.Size, older.Size, hashFile{f})
	return c, err
}

// Encode writes the proof file.
func (p Proof) Encode() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(p)
	return b.Bytes(), err
}

// ParseProof reads a proof file. Errors are under [ErrProof].
func ParseProof(b []byte) (Proof, error) {
	var p Proof
	if len(b) > 2*MaxRecord {
		return p, fmt.Errorf("%w: %d bytes", ErrProof, len(b))
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil {
		return Proof{}, fmt.Errorf("%w: %w", ErrProof, err)
	}
	if dec.More() {
		return Proof{}, fmt.Errorf("%w: something follows it", ErrProof)
	}
	if p.Format != ProofFormat {
		return Proof{}, fmt.Errorf("%w: format %q, this program reads %q", ErrProof, p.Format, ProofFormat)
	}
	return p, nil
}

// Proven is what a proof shows.
type Proven struct {
	Record     Record      `json:"record"`
	Checkpoint Checkpoint  `json:"checkpoint"`
	Continues  *Checkpoint `json:"continues,omitempty"` // the earlier state
}

// Verify checks the proof with nothing but the public key. With held it must
// also show that the journal continues that checkpoint. Errors are under
// [ErrProof], or fault.BadInput for a key that is none.
func (p Proof) Verify(publicKey string, held *Checkpoint) (Proven, error) {
	key, err := parseKey(publicKey)
	if err != nil {
		return Proven{}, err
	}
	cp, err := OpenCheckpoint([]byte(p.Checkpoint), key)
	if err != nil {
		return Proven{}, fmt.Errorf("%w: %w", ErrProof, err)
	}
	if err := p.check(cp, key); err != nil {
		return Proven{}, err
	}
	r, err := ParseRecord([]byte(p.Record))
	if err != nil {
		return Proven{}, fmt.Errorf("%w: %w", ErrProof, err)
	}
	out := Proven{Record: r, Checkpoint: cp}
	if p.Continues != nil {
		older, err := ParseHeld(p.Continues.Held)
		if err != nil {
			return Proven{}, fmt.Errorf("%w: %w", ErrProof, err)
		}
		out.Continues = &older
	}
	switch c := out.Continues; {
	case held == nil:
	case c == nil:
		return Proven{}, fmt.Errorf("%w: it says nothing of an earlier checkpoint", ErrProof)
	case c.Size != held.Size || c.Root != held.Root:
		return Proven{}, fmt.Errorf("%w: it is about the checkpoint %s, not the one held", ErrProof, c.Held())
	}
	return out, nil
}

// check checks all but the checkpoint's signature.
func (p Proof) check(cp Checkpoint, key note.Verifier) error {
	line := []byte(p.Record)
	body, sig, err := split(line)
	if err == nil && !key.Verify(signed(body), sig) {
		err = errors.New("the record's signature does not match")
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrProof, err)
	}
	r, err := ParseRecord(line)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrProof, err)
	case r.Seq != p.Seq || r.Log != cp.Origin:
		return fmt.Errorf("%w: the record is number %d of %s", ErrProof, r.Seq, r.Log)
	}
	if err := (Inclusion{p.Seq, cp.Size, p.Inclusion}).Check(line, cp); err != nil {
		return err
	}
	if p.Continues == nil {
		return nil
	}
	older, err := ParseHeld(p.Continues.Held)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrProof, err)
	}
	if err := CheckConsistency(p.Continues.Proof, older, cp); err != nil {
		return fmt.Errorf("%w: the journal does not continue the checkpoint %s: %w", ErrProof, older.Held(), err)
	}
	return nil
}

// CheckConsistency says whether p proves that newer continues older.
func CheckConsistency(p tlog.TreeProof, older, newer Checkpoint) error {
	switch {
	case older.Size > newer.Size:
		return errors.New("it covers more records")
	case older.Size > 0:
		return tlog.CheckTree(p, newer.Size, newer.Root, older.Size, older.Root)
	case len(p) > 0 || older.Root != new(edge).root():
		return errors.New("it is not that of an empty journal")
	}
	return nil
}

// ReadHeld reads a checkpoint held outside, in any of the forms in which one
// is handed out: SIZE:ROOT, or a signed note, whose signature must then be of
// publicKey. Errors are under [ErrCheckpoint], or fault.BadInput for the key.
func ReadHeld(text, publicKey string) (Checkpoint, error) {
	if held, err := ParseHeld(string(bytes.TrimSpace([]byte(text)))); err == nil {
		return held, nil
	}
	key, err := parseKey(publicKey)
	if err != nil {
		return Checkpoint{}, err
	}
	return OpenCheckpoint([]byte(text), key)
}

// parseKey reads the text of key.pub.
func parseKey(publicKey string) (note.Verifier, error) {
	key, err := note.NewVerifier(string(bytes.TrimSpace([]byte(publicKey))))
	if err != nil {
		return nil, fault.Wrap(fault.BadInput, err, "this is not a journal's public key").
			WithHint("give the text of key.pub as it was handed over, not the one in the folder")
	}
	return key, nil
}

// LeafHash is the hash of a record's line as a leaf of the tree (RFC 6962,
// section 2.1), in base64.
func LeafHash(line []byte) string { return tlog.RecordHash(line).String() }
