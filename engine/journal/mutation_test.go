package journal

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/fstest"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// files are a journal's files in memory, so that thousands of mutations cost
// no disk.
type files map[string][]byte

// journalFiles makes a journal of n records from a seed that its reasons
// bear, on top of prefix lines, signed with key.
func journalFiles(t testing.TB, key Key, origin string, prefix [][]byte, n int, seed string) files {
	t.Helper()
	s, err := note.NewSigner(key.Private)
	if err != nil {
		t.Fatal(err)
	}
	var e edge
	f := files{fileKey: []byte(key.Public), fileEntries: {}, fileHashes: {}}
	add := func(line []byte) {
		f[fileHashes] = append(f[fileHashes], pack(e.push(tlog.RecordHash(line)))...)
		f[fileEntries] = append(append(f[fileEntries], line...), '\n')
	}
	for _, line := range prefix {
		add(line)
	}
	for i := len(prefix); i < n; i++ {
		r := small(fmt.Sprint(seed, i))
		r.Schema, r.Log, r.Seq, r.Root = Schema, origin, int64(i), e.root()
		r.TimeUTC = fmt.Sprintf("2025-03-01T09:00:%02d.000000Z", i)
		line, err := seal(r, s.Sign)
		if err != nil {
			t.Fatal(err)
		}
		add(line)
	}
	cp := Checkpoint{Origin: origin, Size: e.size, Root: e.root(), Bytes: int64(len(f[fileEntries]))}
	if f[fileCheckpoint], err = cp.Sign(s); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f files) lines() [][]byte {
	return bytes.Split(bytes.TrimSuffix(f[fileEntries], []byte("\n")), []byte("\n"))
}

// with is f with other lines, and hashes made to fit them if asked.
func (f files) with(lines [][]byte, rehash bool) files {
	out := files{}
	for k, v := range f {
		out[k] = v
	}
	out[fileEntries] = nil
	var e edge
	var hashes []byte
	for _, l := range lines {
		out[fileEntries] = append(append(out[fileEntries], l...), '\n')
		hashes = append(hashes, pack(e.push(tlog.RecordHash(l)))...)
	}
	if rehash {
		out[fileHashes] = hashes
	}
	return out
}

func (f files) verify(t testing.TB, key Key) Report {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, data := range f {
		fsys[name] = &fstest.MapFile{Data: data}
	}
	r, err := Verify(context.Background(), fsys, key.Public, Check{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const (
	mutated = 12 // records of the journal that is mutated
	either  = -1
)

// Whatever is done to the records, at every position and every pair of them,
// with the tree's hashes left as they were or made to fit, is found, and the
// first record touched is named.
func TestMutations(t *testing.T) {
	key := testKey(t, "test", 1)
	good := journalFiles(t, key, testOrigin, nil, mutated, "why ")
	if r := good.verify(t, key); !r.Intact {
		t.Fatalf("%+v", r)
	}
	foreign := journalFiles(t, key, "posteriori/test/procedure/P2", nil, mutated, "why ").lines()
	fork := journalFiles(t, key, testOrigin, nil, mutated, "how ").lines()
	stranger := journalFiles(t, testKey(t, "test", 2), testOrigin, nil, mutated, "why ").lines()
	n := 0
	try := func(what string, first int, lines [][]byte) {
		for _, rehash := range []bool{false, true} {
			n++
			first := first
			if first == either { // only the tree's hashes tell which of the first two it is
				first = btoi(rehash)
			}
			if r := good.with(lines, rehash).verify(t, key); r.Intact || r.First != int64(first) || r.Err() == nil {
				t.Errorf("%s (hashes made to fit: %v): intact %v, first %d, want %d: %+v", what, rehash, r.Intact, r.First, first, r.Findings)
			}
		}
	}
	lines := good.lines()
	for i := range mutated {
		try(fmt.Sprintf("%d dropped", i), i, slices.Delete(slices.Clone(lines), i, i+1))
		try(fmt.Sprintf("cut before %d", i), i, lines[:i])
		try(fmt.Sprintf("%d emptied", i), i, replaced(lines, i, nil))
		try(fmt.Sprintf("%d replayed from another log", i), i, replaced(lines, i, foreign[i]))
		try(fmt.Sprintf("%d of another key", i), i, replaced(lines, i, stranger[i]))
		at := i
		if i == 0 {
			at = either
		}
		try(fmt.Sprintf("%d of another history", i), at, replaced(lines, i, fork[i]))
		for j := range mutated + 1 {
			if at := min(i, j); j != i && j != i+1 {
				try(fmt.Sprintf("%d moved to %d", i, j), at, moved(lines, i, j))
			}
			if j != i { // the same as behind itself
				try(fmt.Sprintf("%d doubled at %d", i, j), j, slices.Insert(slices.Clone(lines), j, lines[i]))
			}
			if j > i+1 {
				try(fmt.Sprintf("%d to %d dropped", i, j), i, slices.Delete(slices.Clone(lines), i, j))
			}
			if j < mutated && i < j {
				swapped := slices.Clone(lines)
				swapped[i], swapped[j] = lines[j], lines[i]
				try(fmt.Sprintf("%d and %d swapped", i, j), i, swapped)
			}
		}
	}
	if n < 900 {
		t.Errorf("only %d mutations", n)
	}
}

// Two histories from a common prefix, both signed with the key: mixed they are
// told apart at the record where they part as long as the hashes of one are
// left; put whole in the other's place, whoever holds a checkpoint from behind
// that point sees it.
func TestForks(t *testing.T) {
	key := testKey(t, "test", 1)
	mine := journalFiles(t, key, testOrigin, nil, mutated, "why ")
	cp, err := OpenCheckpoint(mine[fileCheckpoint], parsedKey(t, key))
	if err != nil {
		t.Fatal(err)
	}
	for at := range mutated {
		for _, size := range []int{at + 1, mutated, mutated + 1} {
			theirs := journalFiles(t, key, testOrigin, mine.lines()[:at], size, "who ")
			for name, swap := range map[string]struct {
				files []string
				first int
			}{
				"entries":             {[]string{fileEntries}, at},
				"hashes":              {[]string{fileHashes}, at},
				"checkpoint":          {[]string{fileCheckpoint}, -2},
				"entries and hashes":  {[]string{fileEntries, fileHashes}, -2},
				"hashes, checkpoint":  {[]string{fileHashes, fileCheckpoint}, at},
				"entries, checkpoint": {[]string{fileEntries, fileCheckpoint}, at},
			} {
				mixed := files{}
				for k, v := range mine {
					mixed[k] = v
				}
				for _, f := range swap.files {
					mixed[f] = theirs[f]
				}
				r := mixed.verify(t, key)
				if r.Intact || swap.first != -2 && r.First != int64(swap.first) {
					t.Errorf("parted at %d, %d long, %s of the other: intact %v, first %d: %+v", at, size, name, r.Intact, r.First, r.Findings)
				}
			}
			if r := theirs.verify(t, key); !r.Intact {
				t.Errorf("the other history: %+v", r.Findings)
			}
			fsys := fstest.MapFS{}
			for name, data := range theirs {
				fsys[name] = &fstest.MapFile{Data: data}
			}
			if r, err := Verify(context.Background(), fsys, key.Public, Check{Held: &cp}); err != nil || r.Intact {
				t.Errorf("parted at %d, %d long: whole in the place of the one held: %+v, %v", at, size, r, err)
			}
		}
	}
}

func parsedKey(t testing.TB, key Key) note.Verifier {
	t.Helper()
	v, err := note.NewVerifier(key.Public)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func replaced(lines [][]byte, i int, by []byte) [][]byte {
	out := slices.Clone(lines)
	out[i] = by
	return out
}

// moved is lines with the i-th in front of the j-th.
func moved(lines [][]byte, i, j int) [][]byte {
	out := slices.Insert(slices.Clone(lines), j, lines[i])
	if j <= i {
		i++
	}
	return slices.Delete(out, i, i+1)
}
