package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"posteriori/engine/evidence"
	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/journal"
	"posteriori/engine/wire"
)

// livedIn is a store in which things were done as they are done: P1 has a
// recording, analysed, with a decision and a derived file; P2 has nothing. Its
// acts were two hours ago. The names of its files tell a person and a plate.
func livedIn(t *testing.T) marked {
	t.Helper()
	s, err := Init(filepath.Join(t.TempDir(), "store"), InitOptions{Demo: true, Reason: "set up", first: demoUser})
	if err != nil {
		t.Fatal(err)
	}
	s = s.WithClock(func() time.Time { return time.Now().Add(-2 * time.Hour) })
	p := withProcedure(t, s, "P1")
	withProcedure(t, s, "P2")
	m := marked{Store: s, pattern: []byte("Jeanne Dupont AB-123-CD")}
	original := filepath.Join(t.TempDir(), string(m.pattern)+".mp4")
	if err := os.WriteFile(original, m.pattern, 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(original)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(m.pattern)
	m.rec = index.Recording{Path: original, SHA256: hex.EncodeToString(sum[:]), Bytes: info.Size(), ModifiedUS: info.ModTime().UnixMicro(),
		ImportedUS: s.Now().UnixMicro(), Exhibit: "S1", Basis: "seizure", Camera: string(m.pattern), Probe: wire.Probe{DurationUS: 60_000_000}}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	about := journal.Details{Objects: []journal.Object{{Kind: kindRecording, SHA256: m.rec.SHA256}}}
	must(m.act(journal.SubImport, func(a *Act, ix *index.Store) error {
		if err := a.RecordItems(ctx, about, []string{m.rec.SHA256}); err != nil {
			return err
		}
		m.rec.ID, err = ix.AddRecording(ctx, m.rec)
		return err
	}))
	must(m.act(journal.SubAnalyse, func(a *Act, ix *index.Store) error {
		m.fill(t, ix)
		return a.Record(about)
	}))
	must(m.act(journal.SubValidate, func(a *Act, ix *index.Store) error {
		if err := a.Record(about); err != nil {
			return err
		}
		_, err := ix.Decide(ctx, index.Decision{Recording: 1, Track: 2, Verdict: index.Validated, By: "x", Record: a.seq})
		return err
	}))
	must(m.act(journal.SubSynopsis, func(a *Act, ix *index.Store) error {
		if err := a.Record(about); err != nil {
			return err
		}
		w, err := evidence.Create(filepath.Join(p.DerivedDir(), string(m.pattern)+".png"), false)
		if err != nil {
			return err
		}
		if _, err := w.Write(m.pattern); err != nil {
			return err
		}
		made, err := w.Commit()
		if err != nil {
			return err
		}
		return a.AddDerived(ctx, ix, "sheet", made)
	}))
	return m
}

// tamper changes the index as no act would.
func (m marked) tamper(t *testing.T, do func(*index.Store) error) {
	t.Helper()
	p, err := m.OpenProcedure("P1")
	if err != nil {
		t.Fatal(err)
	}
	ix, err := p.Index(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	if err := do(ix); err != nil {
		t.Fatal(err)
	}
}

// TestCheckup: a store as work leaves it has no problem; each thing that breaks
// is found and named, with what to do, and nothing told says what a file is
// called.
func TestCheckup(t *testing.T) {
	old := time.Now().Add(-48 * time.Hour)
	file := func(parts ...string) func(marked) string {
		return func(m marked) string { return filepath.Join(append([]string{m.dir}, parts...)...) }
	}
	remove := func(name func(marked) string) func(*testing.T, marked) {
		return func(t *testing.T, m marked) { try(t, os.Remove(name(m))) }
	}
	open := func(name func(marked) string, mode os.FileMode) func(*testing.T, marked) {
		return func(t *testing.T, m marked) { try(t, os.Chmod(name(m), mode)) }
	}
	write := func(name func(marked) string) func(*testing.T, marked) {
		return func(t *testing.T, m marked) {
			try(t, os.WriteFile(name(m), []byte("{}"), 0o600))
			try(t, os.Chtimes(name(m), old, old))
		}
	}
	flip := func(name func(marked) string, at int64) func(*testing.T, marked) {
		return func(t *testing.T, m marked) {
			b, err := os.ReadFile(name(m))
			try(t, err)
			b[(at+int64(len(b)))%int64(len(b))] ^= 1
			try(t, os.WriteFile(name(m), b, 0o600))
		}
	}
	in := func(do func(marked, *index.Store) error) func(*testing.T, marked) {
		return func(t *testing.T, m marked) {
			m.tamper(t, func(ix *index.Store) error { return do(m, ix) })
		}
	}
	derived := func(m marked) string { return filepath.Join(m.procedureDir("P1"), "derived", string(m.pattern)+".png") }
	for name, c := range map[string]struct {
		does   func(*testing.T, marked)
		what   string // of the problem
		found  string
		remark bool
		closed bool // the store is in no state to record an act
	}{
		"intact":               {does: func(*testing.T, marked) {}},
		"store open to others": {does: open(file(), 0o755), what: "store", found: "others on this machine may enter", closed: true},
		"key open to others":   {does: open(file("keys", "P1.index.key"), 0o644), what: "key P1.index.key", found: "others on this machine may use"},
		"journal key open":     {does: open(file("keys", "journal.key"), 0o640), what: "key journal.key", found: "others", closed: true},
		"journal key gone":     {does: remove(file("keys", "journal.key")), what: "key journal.key", found: "it is gone", closed: true},
		"key gone":             {does: remove(file("keys", "P1.index.key")), what: "procedure P1: key", found: "it is gone"},
		"key of another":       {does: flip(file("keys", "P1.index.key"), 3), what: "procedure P1: index", found: "cannot open the index"},
		"key of nothing":       {does: write(file("keys", "P9.index.key")), what: "key of P9", found: "no such procedure"},
		"register by hand":     {does: flip(file(usersFile), 30), what: usersFile, found: "changed past this program", closed: true},
		"description by hand":  {does: flip(file(storeFile), -4), what: "store", found: "", closed: true},
		"document by hand":     {does: flip(file("procedures", "P1", procedureFile), -4), what: "procedure P1", found: "changed past this program"},
		"document gone":        {does: remove(file("procedures", "P1", procedureFile)), what: "procedure P1", found: "cannot be read"},
		"journal altered":      {does: flip(file("procedures", "P1", "journal", "entries"), 700), what: "procedure P1: journal", found: "touched, first at record"},
		"own journal altered":  {does: flip(file("journal", "entries"), 700), what: "store: journal", found: "touched, first at record 0", closed: true},
		"journal gone":         {does: remove(file("procedures", "P1", "journal", "checkpoint")), what: "procedure P1: journal", found: "touched"},
		"no procedure":         {does: write(file("procedures", "notes.txt")), what: "procedures", found: "something that is no procedure"},
		"index gone":           {does: remove(file("procedures", "P1", indexFile)), what: "procedure P1: index", found: "it is gone"},
		"index damaged":        {does: flip(file("procedures", "P1", indexFile), 5000), what: "procedure P1: index", found: ""},
		"derived altered":      {does: flip(derived, 1), what: "procedure P1: derived file 1", found: "not what was made"},
		"derived gone":         {does: remove(derived), what: "procedure P1: derived file 1", found: "gone"},
		"derived of nobody":    {does: write(file("procedures", "P1", "derived", "x")), what: "procedure P1: derived", found: "1 files"},
		"original gone":        {does: remove(func(m marked) string { return m.rec.Path }), what: "procedure P1: recording 1", found: "not where it was"},
		"original altered":     {does: flip(func(m marked) string { return m.rec.Path }, 1), what: "procedure P1: recording 1", found: "another size or time"},
		"left in tmp":          {does: write(file("tmp", "x")), what: "tmp", found: "1 things", remark: true},
		"left beside":          {does: write(file(usersFile + ".next")), what: usersFile, found: "never recorded", remark: true},
		"recording of no act": {does: in(func(m marked, ix *index.Store) error {
			m.rec.SHA256 = strings.Repeat("a", 64)
			_, err := ix.AddRecording(ctx, m.rec)
			return err
		}), what: "procedure P1: recording 2", found: "no record of its import"},
		"analysis of no act": {does: in(func(m marked, ix *index.Store) error {
			m.rec.SHA256 = strings.Repeat("a", 64)
			m.rec.ID, _ = ix.AddRecording(ctx, m.rec)
			_, err := ix.BeginAnalysis(ctx, m.rec.ID, index.Analysis{Identity: "x"})
			return err
		}), what: "procedure P1: recording 2", found: "no record of that"},
		"decision of no act": {does: in(func(_ marked, ix *index.Store) error {
			_, err := ix.Decide(ctx, index.Decision{Recording: 1, Track: 1, Verdict: index.Rejected, By: "x", Record: 99})
			return err
		}), what: "procedure P1: decision 2", found: "record 99"},
		"recording taken out": {does: in(func(m marked, ix *index.Store) error { _, err := ix.EraseRecording(ctx, 1); return err }), what: "procedure P1", found: "1 recordings whose import is recorded", remark: true},
	} {
		t.Run(name, func(t *testing.T) {
			m := livedIn(t)
			c.does(t, m)
			got, err := CheckStore(ctx, m.dir, "weekly check")
			if err != nil {
				t.Fatal(err)
			}
			if got.Recorded == c.closed {
				t.Errorf("recorded: %v", got.Recorded)
			}
			if c.what == "" {
				if len(got.Problems) > 0 || got.Journals != 3 || got.Procedures != 2 || got.Indexes != 2 || got.Originals != 1 || got.Derived != 1 {
					t.Errorf("%+v", got)
				}
				return
			}
			i := slices.IndexFunc(got.Problems, func(p Problem) bool {
				return p.What == c.what && strings.Contains(p.Found, c.found) && p.Remark == c.remark
			})
			if i < 0 {
				t.Fatalf("not found: %+v", got.Problems)
			}
			if (len(got.Wrong()) == 0) != c.remark {
				t.Errorf("wrong: %+v", got.Wrong())
			}
			for _, p := range got.Problems {
				if p.Mend == "" {
					t.Errorf("nothing tells how to mend %+v", p)
				}
				for _, word := range []string{"Jeanne", "Dupont", "AB-123"} {
					if strings.Contains(p.What+p.Found, word) {
						t.Errorf("it tells %q: %+v", word, p)
					}
				}
			}
		})
	}
}

func try(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestCheckupIsAnAct: it is recorded, with counts alone; whoever may not look is
// told nothing.
func TestCheckupIsAnAct(t *testing.T) {
	m := livedIn(t)
	if _, err := CheckStore(ctx, m.dir, "  "); fault.KindOf(err) != fault.Refused {
		t.Errorf("without a reason: %v", err)
	}
	if _, err := CheckStore(ctx, m.dir, "weekly check"); err != nil {
		t.Fatal(err)
	}
	all := records(t, m.Store, "")
	if r := all[len(all)-1]; r.Sub != journal.SubStoreCheck || r.Outcome != journal.OK || r.Result != "0 problems" || !strings.Contains(r.Params, `"originals":1`) {
		t.Errorf("%+v", r)
	}
	if r := all[len(all)-2]; r.Sub != journal.SubStoreCheck || r.Outcome != journal.Refused || r.Rule != "8" {
		t.Errorf("%+v", r)
	}
	s := testStore(t, false)
	addOfficer(t, s)
	if got, err := s.as("jmartin", "70001").Checkup(ctx, "curious"); fault.KindOf(err) != fault.Refused || len(got.Problems) > 0 || got.Journals > 0 {
		t.Errorf("an officer: %+v, %v", got, err)
	}
	if _, err := CheckStore(ctx, t.TempDir(), "x"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("no store: %v", err)
	}
}

// TestMovedStore: a store that was moved as a whole still knows its derived files:
// the check-up finds them, a backup has them, and an erasure reaches them.
func TestMovedStore(t *testing.T) {
	m := livedIn(t)
	to := filepath.Join(t.TempDir(), "moved")
	try(t, os.Rename(m.dir, to))
	s, err := Open(to)
	try(t, err)
	m.Store = s
	if c, err := CheckStore(ctx, to, "look"); err != nil || len(c.Wrong()) > 0 || c.Derived != 1 {
		t.Errorf("%+v, %v", c, err)
	}
	b := backedUp{m, filepath.Join(t.TempDir(), "backup"), filepath.Join(t.TempDir(), "keys")}
	b.again(t)
	back, _, err := b.restore(t)
	try(t, err)
	if c, err := CheckStore(ctx, back.dir, "look"); err != nil || len(c.Wrong()) > 0 || c.Derived != 1 {
		t.Errorf("%+v, %v", c, err)
	}
	made := filepath.Join(to, "procedures", "P1", "derived", string(m.pattern)+".png")
	if _, err := os.Stat(made); err != nil {
		t.Fatal(err)
	}
	try(t, m.act(journal.SubErase, func(a *Act, ix *index.Store) error {
		_, err := a.EraseOrdered(ctx, ix, Order{Recording: m.rec, Decision: word("ORD")})
		return err
	}))
	if _, err := os.Stat(made); err == nil {
		t.Error("the derived file outlived the erasure")
	}
}
