package engine

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"posteriori/engine/access"
	"posteriori/engine/index"
	"posteriori/engine/journal"
)

// untar unpacks testdata/NAME into a folder, as the account that runs the test.
func untar(t *testing.T, name, dir string) {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	try(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	try(t, err)
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		try(t, err)
		path := filepath.Join(dir, filepath.FromSlash(h.Name))
		if h.FileInfo().IsDir() {
			try(t, os.MkdirAll(path, 0o700))
			continue
		}
		b, err := io.ReadAll(r)
		try(t, err)
		try(t, os.WriteFile(path, b, h.FileInfo().Mode()))
	}
}

// TestOlderStore: testdata/format3.tar.gz is a store that the program of before
// batches made (store format 3, index version 7) of this project's own street
// scene: imported in four chunks and analysed by motion alone; 1:1 validated and
// its colour put right, 1:2 rejected, 1:3 erased on order, the camera's ground
// given. It opens, is brought up to date with nothing lost, works on, and is
// backed up and put back.
func TestOlderStore(t *testing.T) {
	dir := t.TempDir()
	untar(t, "format3.tar.gz", dir)
	s, err := Open(filepath.Join(dir, "store"))
	try(t, err)
	as := func(s *Store) *Store { // who made it, before its data is due to be erased
		at := time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
		s = s.WithClock(func() time.Time { at = at.Add(time.Second); return at })
		s.who = func() access.Account { return access.Account{Name: "root", UID: "0"} }
		return s
	}
	s = as(s)
	check := func(s *Store) {
		t.Helper()
		c, err := s.Checkup(ctx, "after the upgrade")
		if err != nil || len(c.Wrong()) != 1 || c.Wrong()[0].What != "procedure 2026-7: recording 1" || c.Indexes != 1 {
			t.Errorf("%+v, %v", c, err) // the original is not kept with the sample
		}
	}
	check(s)
	look := func(s *Store) {
		t.Helper()
		p, err := s.OpenProcedure("2026-7")
		try(t, err)
		ix, err := p.Index(ctx)
		try(t, err)
		defer ix.Close()
		keys, err := ix.Keys(ctx, index.Where{})
		try(t, err)
		var ids []int64
		for _, k := range keys {
			tr, err := ix.Track(ctx, k.Recording, k.Track, true)
			if err != nil || len(tr.Path) < 2 {
				t.Errorf("track %d: %+v, %v", k.Track, tr, err)
			}
			ids = append(ids, k.Track)
		}
		if d := cmp.Diff([]int64{1, 2, 4, 5, 6, 7, 8, 9, 10, 11}, ids); d != "" {
			t.Error(d)
		}
		decisions, err := ix.Decisions(ctx, 0, 0)
		if err != nil || len(decisions) != 2 || decisions[0].Verdict != index.Validated || decisions[0].Text != "as the witness described" || decisions[1].Verdict != index.Rejected {
			t.Errorf("%+v, %v", decisions, err)
		}
		if list, err := ix.Rectifications(ctx, 0, 0); err != nil || len(list) != 1 || list[0].After != "grey" {
			t.Errorf("%+v, %v", list, err)
		}
		if list, err := ix.Tombstones(ctx); err != nil || len(list) != 1 || list[0].Track != 3 {
			t.Errorf("%+v, %v", list, err)
		}
		if list, err := ix.Cameras(ctx); err != nil || len(list) != 1 {
			t.Errorf("%+v, %v", list, err)
		}
		if list, err := ix.DerivedFiles(ctx); err != nil || len(list) != 1 {
			t.Errorf("%+v, %v", list, err)
		}
		if list, err := ix.Batches(ctx); err != nil || len(list) != 0 { // what the older one had no table for
			t.Errorf("%+v, %v", list, err)
		}
	}
	look(s)
	err = s.Do(ctx, ActSpec{Procedure: "2026-7", Operation: journal.Modify, Sub: journal.SubComment, Reason: "go on"}, func(a *Act) error {
		return a.Record(journal.Details{})
	})
	try(t, err)
	if got := records(t, s, "2026-7"); len(got) != 11 {
		t.Errorf("%d records", len(got))
	}
	backup, keys, back := filepath.Join(dir, "backup"), filepath.Join(dir, "keys"), filepath.Join(dir, "restored")
	if _, err := s.Backup(ctx, "before the disk fails", backup, keys); err != nil {
		t.Fatal(err)
	}
	if _, err := restore(ctx, backup, keys, back, "it did", nil, as); err != nil {
		t.Fatal(err)
	}
	again, err := Open(back)
	try(t, err)
	check(as(again))
	look(as(again))
}
