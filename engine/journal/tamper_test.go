package journal

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"posteriori/engine/fault"
)

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func writeFile(t testing.TB, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// edit rewrites the entries line by line.
func edit(t testing.TB, dir string, f func(lines []string) []string) {
	t.Helper()
	text := strings.TrimSuffix(string(readFile(t, dir+"/entries")), "\n")
	writeFile(t, dir+"/entries", []byte(strings.Join(f(strings.Split(text, "\n")), "\n")+"\n"))
}

// rebuild makes hashes and, with key, checkpoint and records fit the entries:
// what an attacker does who holds another key, or none.
func rebuild(t testing.TB, dir string, key *Key) {
	t.Helper()
	var e edge
	var hashes []byte
	var out []string
	edit(t, dir, func(lines []string) []string {
		for i, line := range lines {
			if key != nil {
				r, err := ParseRecord([]byte(line))
				if err != nil {
					t.Fatal(err)
				}
				s, err := note.NewSigner(key.Private)
				if err != nil {
					t.Fatal(err)
				}
				r.Seq, r.Root = int64(i), e.root()
				b, err := seal(r, s.Sign)
				if err != nil {
					t.Fatal(err)
				}
				line = string(b)
			}
			out = append(out, line)
			hashes = append(hashes, pack(e.push(tlog.RecordHash([]byte(line))))...)
		}
		return out
	})
	writeFile(t, dir+"/hashes", hashes)
	if key == nil {
		return
	}
	s, err := note.NewSigner(key.Private)
	if err != nil {
		t.Fatal(err)
	}
	cp, err := Checkpoint{Origin: testOrigin, Size: e.size, Root: e.root()}.Sign(s)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, dir+"/checkpoint", cp)
	writeFile(t, dir+"/key.pub", []byte(key.Public))
}

func TestTamper(t *testing.T) {
	key, other := testKey(t, "test", 1), testKey(t, "test", 2)
	l := newLog(t, key, 4)
	older := readFile(t, l.path(fileCheckpoint))
	for range 4 {
		if _, err := l.Append(testRecord("later")); err != nil {
			t.Fatal(err)
		}
	}
	second, err := Create(memDir(t)+"/j", "posteriori/test/procedure/P2", key, Options{Now: testClock()})
	if err != nil {
		t.Fatal(err)
	}
	for range 8 {
		if _, err := second.Append(testRecord("elsewhere")); err != nil {
			t.Fatal(err)
		}
	}
	foreign := strings.Split(string(readFile(t, second.path(fileEntries))), "\n")
	drop := func(at int) func([]string) []string {
		return func(l []string) []string { return append(l[:at:at], l[at+1:]...) }
	}
	swap := func(a, b int) func([]string) []string {
		return func(l []string) []string { l[a], l[b] = l[b], l[a]; return l }
	}
	insert := func(at int, line func([]string) string) func([]string) []string {
		return func(l []string) []string {
			return append(l[:at:at], append([]string{line(l)}, l[at:]...)...)
		}
	}
	forged := func(l []string) string { return strings.Replace(l[0], `"opj"`, `"nob"`, 1) }
	edits := map[string]struct {
		edit  func([]string) []string
		first int64
	}{
		"drop first":            {drop(0), 0},
		"drop middle":           {drop(3), 3},
		"drop last":             {drop(7), 7},
		"reorder":               {swap(2, 3), 2},
		"reorder far":           {swap(1, 6), 1},
		"insert forged":         {insert(5, forged), 5},
		"insert copy":           {insert(5, func(l []string) string { return l[2] }), 5},
		"insert foreign":        {insert(4, func([]string) string { return foreign[4] }), 4},
		"insert at end":         {insert(8, forged), 8},
		"insert empty line":     {insert(2, func([]string) string { return "" }), 2},
		"truncate":              {func(l []string) []string { return l[:5] }, 5},
		"replace by foreign":    {func(l []string) []string { l[6] = foreign[6]; return l }, 6},
		"change a word":         {func(l []string) []string { l[3] = strings.Replace(l[3], "car", "bus", 1); return l }, 3},
		"change the time":       {func(l []string) []string { l[1] = strings.Replace(l[1], "2025", "2024", 2); return l }, 1},
		"nothing left":          {func([]string) []string { return nil }, 0},
		"space before the sig":  {func(l []string) []string { l[2] = strings.Replace(l[2], `,"sig"`, ` ,"sig"`, 1); return l }, 2},
		"a second sig appended": {func(l []string) []string { l[2] = l[2][:len(l[2])-1] + l[3][len(l[3])-sigTail:]; return l }, 2},
	}
	for name, c := range edits {
		for _, hashesToo := range []bool{false, true} {
			dir := copyDir(t, l.Dir())
			edit(t, dir, c.edit)
			if hashesToo {
				rebuild(t, dir, nil)
			}
			r := mustVerify(t, dir, key)
			if r.Intact || r.First != c.first {
				t.Errorf("%s (hashes too: %v): first %d, want %d: %+v", name, hashesToo, r.First, c.first, r.Findings)
			}
			if err := r.Err(); fault.KindOf(err) != fault.Integrity ||
				c.first >= 0 && !strings.Contains(err.Error(), fmt.Sprintf("record %d", c.first)) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	files := map[string]struct {
		change func(dir string)
		first  int64
		file   string
	}{
		"older checkpoint":        {func(d string) { writeFile(t, d+"/checkpoint", older) }, 4, "entries"},
		"checkpoint of another":   {func(d string) { writeFile(t, d+"/checkpoint", readFile(t, second.path(fileCheckpoint))) }, -1, "checkpoint"},
		"checkpoint gone":         {func(d string) { os.Remove(d + "/checkpoint") }, -1, "checkpoint"},
		"checkpoint by other key": {func(d string) { signCheckpoint(t, d, other) }, -1, "checkpoint"},
		"re-signed by other key":  {func(d string) { rebuild(t, d, &other) }, 0, "entries"},
		"entries gone":            {func(d string) { os.Remove(d + "/entries") }, 0, "entries"},
		"hashes gone":             {func(d string) { os.Remove(d + "/hashes") }, -1, "hashes"},
		"hashes cut":              {func(d string) { os.Truncate(d+"/hashes", 5*32) }, 3, "hashes"},
		"hashes longer":           {func(d string) { appendTo(t, d+"/hashes", make([]byte, 32)) }, -1, "hashes"},
		"key replaced":            {func(d string) { writeFile(t, d+"/key.pub", []byte(other.Public)) }, -1, "key.pub"},
		"key gone":                {func(d string) { os.Remove(d + "/key.pub") }, -1, "key.pub"},
		"tail with a false pending": {func(d string) {
			appendTo(t, d+"/entries", []byte("{"))
			writeFile(t, d+"/pending", older)
		}, 8, "entries"},
	}
	for name, c := range files {
		dir := copyDir(t, l.Dir())
		c.change(dir)
		r := mustVerify(t, dir, key)
		if r.Intact || r.First != c.first {
			t.Errorf("%s: first %d, want %d: %+v", name, r.First, c.first, r.Findings)
			continue
		}
		named := false
		for _, f := range r.Findings {
			named = named || f.File == c.file
		}
		if !named {
			t.Errorf("%s: %s not named: %+v", name, c.file, r.Findings)
		}
	}
}

// A journal that was replaced whole by another of the same key is found by
// whoever knows which one it must be.
func TestVerifyOrigin(t *testing.T) {
	key := testKey(t, "test", 1)
	l := newLog(t, key, 2)
	for origin, first := range map[string]int64{testOrigin: -1, "posteriori/test/procedure/P2": 0} {
		r, err := VerifyDir(context.Background(), l.Dir(), key.Public, Check{Origin: origin})
		if err != nil || r.Intact != (first < 0) || r.First != first {
			t.Errorf("as %s: %+v, %v", origin, r, err)
		}
	}
	if _, err := VerifyDir(context.Background(), l.Dir(), "no key", Check{}); fault.KindOf(err) != fault.BadInput {
		t.Errorf("bad key: %v", err)
	}
	if _, err := VerifyDir(context.Background(), memDir(t), key.Public, Check{}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("no journal: %v", err)
	}
}

func appendTo(t testing.TB, name string, b []byte) {
	t.Helper()
	writeFile(t, name, append(readFile(t, name), b...))
}

func signCheckpoint(t testing.TB, dir string, key Key) {
	t.Helper()
	text, _, _ := bytes.Cut(readFile(t, dir+"/checkpoint"), []byte("\n\n"))
	cp, err := ParseCheckpoint(string(text) + "\n")
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(key.Private)
	if err != nil {
		t.Fatal(err)
	}
	b, err := cp.Sign(s)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, dir+"/checkpoint", b)
}

// Every byte of every file matters: whichever is flipped, the verifier fails,
// and in the entries it names the record that the byte is in.
func TestFlipEveryByte(t *testing.T) {
	key := testKey(t, "test", 1)
	l := newLog(t, key, 0)
	for range 2 {
		if _, err := l.Append(small("why")); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{fileEntries, fileHashes, fileCheckpoint} {
		dir := copyDir(t, l.Dir())
		good := readFile(t, dir+"/"+file)
		for i := range good {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << (i % 8)
			writeFile(t, dir+"/"+file, bad)
			r := mustVerify(t, dir, key)
			if r.Intact {
				t.Fatalf("%s: byte %d flipped and not seen", file, i)
			}
			// A line feed that is gone makes its own record run on; one that
			// appears cuts the record it is in.
			if want := int64(bytes.Count(good[:i], []byte("\n"))); file == fileEntries && r.First != want {
				t.Fatalf("entries: byte %d flipped, named %d, want %d", i, r.First, want)
			}
		}
	}
}

func TestTruncateEntriesAtEveryByte(t *testing.T) {
	key := testKey(t, "test", 1)
	l := newLog(t, key, 0)
	for range 2 {
		if _, err := l.Append(small("why")); err != nil {
			t.Fatal(err)
		}
	}
	dir := copyDir(t, l.Dir())
	good := readFile(t, dir+"/entries")
	for n := range len(good) {
		writeFile(t, dir+"/entries", good[:n])
		r := mustVerify(t, dir, key)
		if want := int64(bytes.Count(good[:n], []byte("\n"))); r.Intact || r.First != want {
			t.Fatalf("cut to %d bytes: named %d, want %d", n, r.First, want)
		}
		if _, err := Open(dir, key, Options{}); fault.KindOf(err) != fault.Integrity {
			t.Fatalf("cut to %d bytes: Open = %v", n, err)
		}
	}
}

func TestOpenLogSeesTampering(t *testing.T) {
	key := testKey(t, "test", 1)
	for name, change := range map[string]func(dir string){
		"shortened": func(d string) { os.Truncate(d+"/entries", 10) },
		"lengthened": func(d string) {
			appendTo(t, d+"/entries", []byte("{}\n"))
		},
		"hashes shortened": func(d string) { os.Truncate(d+"/hashes", 32) },
	} {
		l := newLog(t, key, 3)
		change(l.Dir())
		if _, err := l.Append(testRecord("x")); fault.KindOf(err) != fault.Integrity {
			t.Errorf("%s: Append = %v", name, err)
		}
	}
}

func TestHeldCheckpoint(t *testing.T) {
	key := testKey(t, "test", 1)
	l := newLog(t, key, 3)
	held, _, err := l.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	short := copyDir(t, l.Dir())
	for range 3 {
		if _, err := l.Append(testRecord("more")); err != nil {
			t.Fatal(err)
		}
	}
	later, _, err := l.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	verify := func(dir string, c Checkpoint) Report {
		parsed, err := ParseHeld(c.Held())
		if err != nil {
			t.Fatal(err)
		}
		r, err := Verify(context.Background(), os.DirFS(dir), key.Public, Check{Held: &parsed})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := verify(l.Dir(), held); !r.Intact {
		t.Errorf("older checkpoint held: %+v", r.Findings)
	}
	// The whole folder put back: only the checkpoint held outside tells.
	if r := mustVerify(t, short, key); !r.Intact {
		t.Errorf("an old copy of the folder: %+v", r.Findings)
	}
	if r := verify(short, later); r.Intact || r.First != 3 {
		t.Errorf("folder put back: %+v", r)
	}
	held.Root[5]++
	if r := verify(l.Dir(), held); r.Intact {
		t.Error("another root held passes")
	}
	for _, s := range []string{"", "3", "x:y", "-1:" + held.Root.String(), "3:AAAA"} {
		if _, err := ParseHeld(s); err == nil {
			t.Errorf("ParseHeld(%q) passes", s)
		}
	}
}

// Whatever lines an attacker without the key arranges, the verifier accepts
// only the sealed sequence itself.
func TestArrangements(t *testing.T) {
	key := testKey(t, "test", 1)
	l := newLog(t, key, 4)
	dir := copyDir(t, l.Dir())
	good := strings.Split(strings.TrimSuffix(string(readFile(t, dir+"/entries")), "\n"), "\n")
	rapid.Check(t, func(rt *rapid.T) {
		pick := rapid.SliceOfN(rapid.IntRange(0, 3), 0, 6).Draw(rt, "lines")
		var text strings.Builder
		first, same := int64(len(pick)), len(pick) == 4
		for i, n := range pick {
			text.WriteString(good[n] + "\n")
			if n != i {
				same = false
				first = min(first, int64(i))
			}
		}
		first = min(first, 4)
		writeFile(t, dir+"/entries", []byte(text.String()))
		r := mustVerify(t, dir, key)
		if r.Intact != same {
			rt.Fatalf("intact %v for %v", r.Intact, pick)
		}
		if !same && r.First != first {
			rt.Fatalf("first %d for %v, want %d", r.First, pick, first)
		}
	})
}
