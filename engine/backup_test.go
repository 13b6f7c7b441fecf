package engine

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/journal"
	"posteriori/engine/procedure"
)

// backedUp is a store with a backup.
type backedUp struct {
	marked
	dir, keys string
}

func newBackedUp(t *testing.T) backedUp {
	t.Helper()
	b := backedUp{livedIn(t), filepath.Join(t.TempDir(), "backup"), filepath.Join(t.TempDir(), "keys")}
	b.again(t)
	return b
}

func (b backedUp) again(t *testing.T) Backup {
	t.Helper()
	try(t, os.RemoveAll(b.dir))
	made, err := b.Store.Backup(ctx, "weekly", b.dir, b.keys)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func (b backedUp) restore(t *testing.T, without ...string) (*Store, Restored, error) {
	t.Helper()
	to := filepath.Join(t.TempDir(), "restored")
	r, err := Restore(ctx, b.dir, b.keys, to, "the disk failed", without)
	if err != nil {
		if list, _ := os.ReadDir(to); len(list) > 0 {
			t.Errorf("a restoring that failed left %v", list)
		}
		return nil, r, err
	}
	s, err := Open(to)
	if err != nil {
		t.Fatal(err)
	}
	return s, r, nil
}

// content is all that the index of P1 holds, but for where derived files lie.
func content(t *testing.T, s *Store) map[string]any {
	t.Helper()
	p, err := s.OpenProcedure("P1")
	try(t, err)
	ix, err := p.Index(ctx)
	try(t, err)
	defer ix.Close()
	out := map[string]any{}
	out["recordings"], err = ix.Recordings(ctx)
	try(t, err)
	out["decisions"], err = ix.Decisions(ctx, 0, 0)
	try(t, err)
	files, err := ix.DerivedFiles(ctx)
	try(t, err)
	for _, f := range files {
		b, err := os.ReadFile(f.Path)
		out["derived "+f.SHA256] = []any{f.ID, f.Kind, f.Name, string(b), err}
		if !p.holds(f.Path) {
			t.Errorf("a derived file lies in %s, not in the store", f.Path)
		}
	}
	keys, err := ix.Keys(ctx, index.Where{})
	try(t, err)
	for _, k := range keys {
		out["track "+string(rune('0'+k.Track))], err = ix.Track(ctx, k.Recording, k.Track, true)
		try(t, err)
	}
	return out
}

// TestBackupAndRestore: a backup shows nothing in plain and no key; put back with
// its keys it is what the store was, says in each journal that it was put back,
// and passes the check-up.
func TestBackupAndRestore(t *testing.T) {
	b := newBackedUp(t)
	p, err := b.OpenProcedure("P1")
	try(t, err)
	key, err := p.Key()
	try(t, err)
	for _, secret := range [][]byte{b.pattern, key, []byte(b.Store.key.Private)} {
		if files := where(t, b.dir, secret); len(files) > 0 {
			t.Errorf("the backup holds %q in %v", secret, files)
		}
	}
	if files := where(t, b.keys, key); len(files) > 0 {
		t.Errorf("the procedure's own key lies in %v", files)
	}
	want := content(t, b.Store)
	before := records(t, b.Store, "P1")

	s, r, err := b.restore(t)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"P1", "P2"}, r.Procedures); d != "" || len(r.Purged) > 0 {
		t.Error(d, r.Purged)
	}
	if d := cmp.Diff(want, content(t, s)); d != "" || len(want) != 6 {
		t.Errorf("%d parts: %s", len(want), d)
	}
	for _, id := range []string{"", "P1", "P2"} {
		all := records(t, s, id)
		last := all[len(all)-1]
		if last.Sub != journal.SubStoreRestore || last.Outcome != journal.OK || last.Objects[0].Kind != "backup" || !strings.HasPrefix(last.Result, "goes on from ") {
			t.Errorf("journal of %q ends with %+v", id, last)
		}
	}
	if got := records(t, s, "P1"); len(got) != len(before)+1 || got[len(before)-1].Sig != before[len(before)-1].Sig {
		t.Errorf("%d records, %d before", len(got), len(before))
	}
	again, err := p.store.ProcedureKey("P1")
	try(t, err)
	if own, err := s.ProcedureKey("P1"); err != nil || !bytes.Equal(own, again) { // commitments in the journal are under it
		t.Errorf("another key came back: %v", err)
	}
	c, err := CheckStore(ctx, s.dir, "after restoring")
	if err != nil || len(c.Problems) > 0 || c.Originals != 1 || c.Derived != 1 {
		t.Errorf("%+v, %v", c, err)
	}
	if entries, _ := os.ReadDir(filepath.Join(s.dir, "procedures", "P1")); slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return strings.HasPrefix(e.Name(), "backup") }) {
		t.Errorf("left behind: %v", entries)
	}
}

// TestErasureReachesBackups: what was erased does not come back, by whatever
// backup, also where the keys were away; what was not does.
func TestErasureReachesBackups(t *testing.T) {
	b := newBackedUp(t)
	old, err := os.ReadFile(filepath.Join(b.dir, "procedures", "P1", indexFile))
	try(t, err)
	parts, err := filepath.Glob(filepath.Join(b.keys, "*", "P1.key"))
	if err != nil || len(parts) != 1 {
		t.Fatal(parts, err)
	}
	held, err := os.Open(parts[0]) // the key's blocks, whatever its name
	try(t, err)
	defer held.Close()
	key, err := os.ReadFile(parts[0])
	try(t, err)

	away := b.keys + " away"
	try(t, os.Rename(b.keys, away))
	var told []string
	b.OnNotice(func(line string) { told = append(told, line) })
	erase := func(track int64) error {
		return b.act(journal.SubErase, func(a *Act, ix *index.Store) error {
			_, err := a.EraseOrdered(ctx, ix, Order{Recording: b.rec, Track: track, Decision: word("ORD")})
			return err
		})
	}
	try(t, erase(1))
	if len(told) != 1 || !strings.Contains(told[0], "keys of its backups") {
		t.Errorf("told %q", told)
	}
	c, err := CheckStore(ctx, b.Store.dir, "look")
	if err != nil || len(c.Wrong()) != 1 || !strings.Contains(c.Wrong()[0].Found, "those of procedure P1 are to be destroyed since") {
		t.Errorf("%+v, %v", c.Problems, err)
	}
	try(t, os.Rename(away, b.keys))
	try(t, b.Do(ctx, ActSpec{Operation: journal.Consult, Sub: journal.SubUserList, Reason: "any act"}, func(a *Act) error { return a.Record(journal.Details{}) }))
	if c, err := CheckStore(ctx, b.Store.dir, "look"); err != nil || len(c.Wrong()) > 0 {
		t.Errorf("%+v, %v", c.Problems, err)
	}
	left := make([]byte, len(key))
	if n, _ := held.Read(left); n != len(key) || bytes.Equal(left, key) || len(where(t, b.keys, key)) > 0 {
		t.Error("the key was not overwritten")
	}
	if _, _, err := b.restore(t); ruleOf(err) != "14" {
		t.Errorf("restoring what was erased since: %v", err)
	}
	s, r, err := b.restore(t, "P1")
	if err != nil || !slices.Equal(r.Purged, []string{"P1"}) || !slices.Equal(r.Procedures, []string{"P2"}) {
		t.Fatalf("%+v, %v", r, err)
	}
	p, err := s.OpenProcedure("P1")
	if err != nil || !procedure.Gone(p.Doc) || p.Doc.Retention.Items[0].Ground != procedure.GroundLost {
		t.Errorf("%+v, %v", p, err)
	}
	if c, err := CheckStore(ctx, s.dir, "look"); err != nil || len(c.Wrong()) > 0 {
		t.Errorf("%+v, %v", c.Problems, err)
	}
	if now, _ := os.ReadFile(filepath.Join(b.dir, "procedures", "P1", indexFile)); !bytes.Equal(now, old) {
		t.Error("the backup itself was changed")
	}

	b.again(t) // a later backup holds the rest, and nothing of what was erased
	if s, _, err = b.restore(t); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(content(t, b.Store), content(t, s)); d != "" {
		t.Error(d)
	}
	try(t, s.Do(ctx, ActSpec{Operation: journal.Consult, Sub: journal.SubUserList, Reason: "any act"}, func(a *Act) error { return a.Record(journal.Details{}) }))

	try(t, b.CloseProcedure(ctx, "P1", CloseOptions{Reason: "close", Paper: papersOf(b.Store)}))
	if s, r, err = b.restore(t); err != nil || !slices.Equal(r.Purged, []string{"P1"}) {
		t.Fatalf("after the purge: %+v, %v", r, err)
	}
	if _, err := s.ProcedureKey("P1"); err == nil {
		t.Error("the key of what was purged came back")
	}
	b2 := b
	if made := b2.again(t); !made.Procedures[0].Purged { // of a store in which it is purged
		t.Errorf("%+v", made)
	}
	if _, r, err := b.restore(t); err != nil || !slices.Equal(r.Purged, []string{"P1"}) {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestErasureReachesKeysInBrackets: a folder of keys may have a name that would be
// a pattern, beside files that are no backup's.
func TestErasureReachesKeysInBrackets(t *testing.T) {
	b := backedUp{livedIn(t), filepath.Join(t.TempDir(), "backup"), filepath.Join(t.TempDir(), "keys [of 2026] *")}
	key := filepath.Join(b.keys, b.again(t).ID, "P1.key")
	if _, err := os.Stat(key); err != nil {
		t.Fatal(err)
	}
	err := b.act(journal.SubErase, func(a *Act, ix *index.Store) error {
		_, err := a.EraseOrdered(ctx, ix, Order{Recording: b.rec, Track: 1, Decision: word("ORD")})
		return err
	})
	try(t, err)
	if _, err := os.Stat(key); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the key of the backup is still there: %v", err)
	}
	if c, err := CheckStore(ctx, b.Store.dir, "look"); err != nil || len(c.Wrong()) > 0 {
		t.Errorf("%+v, %v", c.Problems, err)
	}
}

// TestBackupErasedMeanwhile: something is erased between the copy of the index and
// its end: that copy's key is gone, and it is made anew.
func TestBackupErasedMeanwhile(t *testing.T) {
	b := newBackedUp(t)
	vault, err := b.openVault(b.keys)
	try(t, err)
	w := &backupWriter{s: b.Store, dir: t.TempDir(), part: filepath.Join(vault, "meanwhile")}
	try(t, os.Mkdir(w.part, 0o700))
	n := 0
	copied = func() {
		if n++; n == 1 {
			try(t, b.shredBackups("P1", goneErased))
		}
	}
	defer func() { copied = func() {} }()
	if _, err := w.procedure(ctx, "P1"); err != nil || n != 2 {
		t.Fatalf("%d copies, %v", n, err)
	}
	if _, err := os.Stat(w.keyOf("P1")); err != nil {
		t.Error(err)
	}
	copied = func() { try(t, b.shredBackups("P1", goneErased)) }
	if _, err := w.procedure(ctx, "P1"); err == nil {
		t.Error("a copy whose key is gone passes")
	}
}

// TestBackupDuringWork: while acts, imports and erasures go on in all procedures,
// each backup is whole when it is put back.
func TestBackupDuringWork(t *testing.T) {
	b := newBackedUp(t)
	stop, done := make(chan struct{}), sync.WaitGroup{}
	work := func(f func(i int) error) {
		done.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if err := f(i); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	work(func(i int) error {
		return b.act(journal.SubValidate, func(a *Act, ix *index.Store) error {
			if err := a.Record(journal.Details{}); err != nil {
				return err
			}
			_, err := ix.Decide(ctx, index.Decision{Recording: 1, Track: 2, Verdict: index.Comment, Text: strings.Repeat("x", 9000), By: "x", Record: a.seq})
			return err
		})
	})
	work(func(i int) error {
		sum := hashOf([]byte{byte(i), byte(i >> 8)})
		return b.act(journal.SubImport, func(a *Act, ix *index.Store) error {
			d := journal.Details{Objects: []journal.Object{{Kind: kindRecording, SHA256: sum}}}
			if err := a.RecordItems(ctx, d, []string{sum}); err != nil {
				return err
			}
			r := b.rec
			r.SHA256 = sum
			_, err := ix.AddRecording(ctx, r)
			return err
		})
	})
	for range 6 {
		b.again(t)
		s, _, err := b.restore(t)
		if err != nil {
			t.Fatal(err)
		}
		c, err := CheckStore(ctx, s.dir, "after restoring")
		if err != nil || len(c.Wrong()) > 0 {
			t.Errorf("%+v, %v", c.Problems, err)
		}
	}
	close(stop)
	done.Wait()
}

// TestRestoreRefuses: a backup that was touched, keys of another, a folder that
// is not empty, an account that does not administer the store.
func TestRestoreRefuses(t *testing.T) {
	flip := func(path string) func(backedUp) error {
		return func(b backedUp) error {
			path := filepath.Join(b.dir, path)
			c, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			c[len(c)/2] ^= 1
			return os.WriteFile(path, c, 0o600)
		}
	}
	for name, c := range map[string]struct {
		does func(backedUp) error
		kind fault.Kind
		says string
	}{
		"index touched":    {flip("procedures/P1/index.db"), fault.Integrity, "not what was backed up"},
		"register touched": {flip(usersFile), fault.Integrity, "not what was backed up"},
		"manifest touched": {flip(backupManifest), fault.Integrity, "not the one that lies with the keys"},
		"file gone":        {func(b backedUp) error { return os.Remove(filepath.Join(b.dir, "journal", "entries")) }, fault.Integrity, "not what was backed up"},
		"file planted": {func(b backedUp) error {
			return os.WriteFile(filepath.Join(b.dir, "procedures", "P1", "journal", "pending"), []byte("x"), 0o600)
		}, fault.Integrity, "not in the list"},
		"keys away": {func(b backedUp) error { return os.Rename(b.keys, b.keys+"2") }, fault.NotFound, "keys of backup"},
		"no backup": {func(b backedUp) error { return os.RemoveAll(b.dir) }, fault.NotFound, "no backup"},
		"a key lost": {func(b backedUp) error {
			all, _ := filepath.Glob(filepath.Join(b.keys, "*", "P2.key"))
			return os.Remove(all[0])
		}, fault.Integrity, "the key of procedure P2"},
		"key open to others": {func(b backedUp) error { return os.Chmod(filepath.Join(b.keys, "journal.key"), 0o644) }, fault.Integrity, "others"},
	} {
		b := newBackedUp(t)
		try(t, c.does(b))
		if _, _, err := b.restore(t); fault.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	b := newBackedUp(t)
	if _, err := Restore(ctx, b.dir, b.keys, b.Store.dir, "x", nil); fault.KindOf(err) != fault.BadInput {
		t.Errorf("over a store: %v", err)
	}
	stranger := b.Store.as("jmartin", "70001")
	if _, err := restore(ctx, b.dir, b.keys, filepath.Join(t.TempDir(), "r"), "x", nil, func(s *Store) *Store { return s.as("jmartin", "70001") }); ruleOf(err) != "5" {
		t.Errorf("a stranger: %v", err)
	}
	if _, err := stranger.Backup(ctx, "x", filepath.Join(t.TempDir(), "b"), b.keys); ruleOf(err) != "5" {
		t.Errorf("a stranger's backup: %v", err)
	}
	if _, err := b.Store.Backup(ctx, "x", b.dir, b.keys); fault.KindOf(err) != fault.BadInput {
		t.Errorf("over a backup: %v", err)
	}
	if _, err := b.Store.Backup(ctx, "x", filepath.Join(b.Store.dir, "b"), b.keys); ruleOf(err) != "18" {
		t.Errorf("into the store: %v", err)
	}
	other := livedIn(t)
	if _, err := other.Backup(ctx, "x", filepath.Join(t.TempDir(), "b"), b.keys); fault.KindOf(err) != fault.BadInput {
		t.Errorf("among another's keys: %v", err)
	}
}

// TestBackupOfASharedStore: a store that a group shares is shared again when it is
// put back: no key is open to others, none closed to the group.
func TestBackupOfASharedStore(t *testing.T) {
	group, err := user.LookupGroupId(strconv.Itoa(os.Getgid()))
	if err != nil {
		t.Skipf("the group of this account has no name: %v", err)
	}
	s, err := Init(filepath.Join(t.TempDir(), "store"), InitOptions{Demo: true, Reason: "set up", Group: group.Name, first: demoUser})
	try(t, err)
	withProcedure(t, s, "P1")
	b := backedUp{marked{Store: s}, filepath.Join(t.TempDir(), "backup"), filepath.Join(t.TempDir(), "keys")}
	b.again(t)
	back, _, err := b.restore(t)
	try(t, err)
	if c, err := CheckStore(ctx, back.dir, "look"); err != nil || len(c.Problems) > 0 {
		t.Errorf("%+v, %v", c, err)
	}
	err = filepath.WalkDir(back.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil && (info.Mode().Perm()&0o007 != 0 || info.Mode().Perm()&0o060 != 0o060) {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	try(t, err)
}
