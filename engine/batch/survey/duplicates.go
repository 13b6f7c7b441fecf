package survey

import (
	"cmp"
	"context"
	"crypto/sha256"
	"io"
	"os"
	"slices"

	"posteriori/engine/evidence"
	"posteriori/engine/fault"
)

// duplicates leaves out what is there already. Equal files have equal sizes,
// so only those that share one are looked at: first a few stretches, for
// recorders make files of one size, then the whole, by SHA-256. read is told
// of bytes as they are read.
func duplicates(ctx context.Context, all []*entry, read func(bytes int64)) error {
	bySize := map[int64][]*entry{}
	for _, e := range all {
		if e.reason == "" {
			bySize[e.bytes] = append(bySize[e.bytes], e)
		}
	}
	sizes := make([]int64, 0, len(bySize))
	for s, list := range bySize {
		if len(list) > 1 {
			sizes = append(sizes, s)
		}
	}
	slices.Sort(sizes)
	for _, s := range sizes {
		if err := twins(ctx, bySize[s], read); err != nil {
			return err
		}
	}
	return nil
}

// twins finds the duplicates among files of one size. The first by path stays.
func twins(ctx context.Context, list []*entry, read func(int64)) error {
	byPart := map[[sha256.Size]byte][]*entry{}
	buf := make([]byte, stretch)
	for _, e := range list {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		sum, err := stretches(e.path, e.bytes, buf)
		if err != nil {
			e.reason = "it cannot be read: " + because(err)
			continue
		}
		byPart[sum] = append(byPart[sum], e)
	}
	for _, same := range byPart {
		if len(same) < 2 {
			continue
		}
		slices.SortFunc(same, func(a, b *entry) int { return cmp.Or(cmp.Compare(a.root, b.root), cmp.Compare(a.path, b.path)) })
		first := map[string]*entry{}
		inode := map[[2]uint64]*entry{}
		for _, e := range same {
			if o := inode[[2]uint64{e.dev, e.ino}]; o != nil && e.ino != 0 {
				e.sum = o.sum // another name of one file
			} else if err := e.hash(ctx, read); err != nil {
				return err
			}
			inode[[2]uint64{e.dev, e.ino}] = e
			if e.reason != "" {
				continue
			}
			if o := first[e.sum]; o != nil {
				e.reason, e.twin = "the same as "+fault.Printable(o.path)+", by SHA-256", true
				continue
			}
			first[e.sum] = e
		}
	}
	return nil
}

// hash takes the SHA-256. A file that is not finished or cannot be read is left
// out; only the end of ctx is an error.
func (e *entry) hash(ctx context.Context, read func(int64)) error {
	var told int64
	id, err := evidence.Hash(ctx, e.path, func(done, _ int64) { read(done - told); told = done })
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		e.reason = message(err)
		return nil
	}
	e.sum = id.SHA256
	return nil
}

// stretch is how much is read at the start, in the middle and at the end.
const stretch = 32 << 10

func stretches(path string, size int64, buf []byte) (sum [sha256.Size]byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return sum, err
	}
	defer f.Close()
	h := sha256.New()
	for _, at := range slices.Compact([]int64{0, max(0, size/2-stretch), max(0, size-stretch)}) {
		n, err := f.ReadAt(buf, at)
		if err != nil && err != io.EOF {
			return sum, err
		}
		h.Write(buf[:n])
	}
	return [sha256.Size]byte(h.Sum(nil)), nil
}
