package journal

import (
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/tlog"
)

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
