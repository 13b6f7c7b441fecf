package journal

import (
	"crypto/sha256"
	"fmt"
	"io"

	"golang.org/x/mod/sumdb/tlog"
)

// edge is the right edge of a growing tree: the roots of its complete
// subtrees, largest first. It gives root and new nodes in O(log n) without
// reading the nodes stored before (RFC 6962, section 2.1).
type edge struct {
	size  int64
	roots []tlog.Hash
}

// push adds a leaf and returns the nodes it completes, in storage order.
func (e *edge) push(leaf tlog.Hash) []tlog.Hash { return e.grow(nil, leaf) }

// grow is push into a slice that the caller brings.
func (e *edge) grow(nodes []tlog.Hash, leaf tlog.Hash) []tlog.Hash {
	nodes = append(nodes, leaf)
	for n := e.size; n&1 == 1; n >>= 1 {
		last := len(e.roots) - 1
		leaf = tlog.NodeHash(e.roots[last], leaf)
		e.roots = e.roots[:last]
		nodes = append(nodes, leaf)
	}
	e.roots = append(e.roots, leaf)
	e.size++
	return nodes
}

// root is the tree's root; of no leaves, the hash of nothing.
func (e *edge) root() tlog.Hash {
	if len(e.roots) == 0 {
		return sha256.Sum256(nil)
	}
	h := e.roots[len(e.roots)-1]
	for i := len(e.roots) - 2; i >= 0; i-- {
		h = tlog.NodeHash(e.roots[i], h)
	}
	return h
}

// clone copies e, so that a push can be thrown away.
func (e *edge) clone() edge {
	return edge{size: e.size, roots: append([]tlog.Hash(nil), e.roots...)}
}

// readEdge takes the edge of a tree of n leaves out of its stored hashes.
func readEdge(r io.ReaderAt, n int64) (edge, error) {
	e := edge{size: n}
	hashes := hashFile{r}
	var done int64
	for level := 62; level >= 0; level-- {
		if n&(1<<level) == 0 {
			continue
		}
		h, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(level, done>>level)})
		if err != nil {
			return edge{}, err
		}
		e.roots = append(e.roots, h[0])
		done += 1 << level
	}
	return e, nil
}

// hashFile reads the stored hashes as tlog wants them.
type hashFile struct{ r io.ReaderAt }

// ReadHashes implements tlog.HashReader.
func (f hashFile) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		if _, err := f.r.ReadAt(out[i][:], at*tlog.HashSize); err != nil {
			return nil, fmt.Errorf("stored hash %d: %w", at, err)
		}
	}
	return out, nil
}

// pack lays hashes end to end.
func pack(hashes []tlog.Hash) []byte {
	out := make([]byte, 0, len(hashes)*tlog.HashSize)
	for _, h := range hashes {
		out = append(out, h[:]...)
	}
	return out
}
