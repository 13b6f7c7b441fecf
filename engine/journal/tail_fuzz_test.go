package journal

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"posteriori/engine/fault"
)

// killedAt is a journal whose writer of one more record was killed after so many
// steps, and the same with that record sealed.
func killedAt(t testing.TB, key Key, budget int) (dir, whole string) {
	t.Helper()
	base := newLog(t, key, 2)
	dir, whole = copyDir(t, base.Dir()), copyDir(t, base.Dir())
	for d, disk := range map[string]disk{dir: mortal(budget), whole: quick()} {
		l, err := openWith(d, key, Options{Now: testClock()}, disk)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = l.Append(small("killed"))
		l.Close()
	}
	return dir, whole
}

// FuzzTail: whatever lies behind the checkpoint, a journal that takes the next
// record has the records that were sealed before it, and at most the one that was
// being written, and verifies; else it is refused as altered.
func FuzzTail(f *testing.F) {
	key := testKey(f, "test", 1)
	base, whole := killedAt(f, key, 0)
	read := func(t testing.TB, dir, name string) []byte {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	sealed, tree, next := read(f, base, fileEntries), read(f, base, fileHashes), read(f, whole, fileEntries)
	torn := 0
	for budget := 0; budget < 1000; budget += 50 {
		dir, _ := killedAt(f, key, budget)
		pending, err := os.ReadFile(filepath.Join(dir, filePending))
		entries := read(f, dir, fileEntries)[len(sealed):]
		if f.Add(entries, read(f, dir, fileHashes)[len(tree):], pending, err == nil); len(entries) > 0 {
			torn++
		}
	}
	if torn < 5 {
		f.Fatalf("only %d of the seeds have part of a record", torn)
	}
	dir := memDir(f)
	f.Fuzz(func(t *testing.T, entries, hashes, pending []byte, put bool) {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(dir, os.DirFS(base)); err != nil {
			t.Fatal(err)
		}
		files := map[string][]byte{fileEntries: slices.Concat(sealed, entries), fileHashes: slices.Concat(tree, hashes)}
		if put {
			files[filePending] = pending
		}
		for name, b := range files {
			if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		l, err := openWith(dir, key, Options{Now: testClock()}, quick())
		if err == nil {
			defer l.Close()
			_, err = l.Append(small("after"))
		}
		if err != nil {
			if fault.KindOf(err) != fault.Integrity {
				t.Fatalf("refused, but not as altered: %v", err)
			}
			return
		}
		got := read(t, dir, fileEntries)
		if !bytes.HasPrefix(got, sealed) {
			t.Fatalf("what was sealed is not there: %.500q", got)
		}
		after := bytes.TrimPrefix(bytes.TrimPrefix(got, sealed), bytes.TrimPrefix(next, sealed))
		if bytes.Count(after, []byte{'\n'}) != 1 || !bytes.Contains(after, []byte(`"reason":"after"`)) {
			t.Fatalf("behind it stands %.500q", after)
		}
		if r := mustVerify(t, dir, key); !r.Intact {
			t.Fatalf("it does not verify: %+v", r.Findings)
		}
	})
}
