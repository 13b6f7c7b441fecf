package index

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"posteriori/engine/fault"
)

// dump is every row of every table, in order.
func dump(t *testing.T, s *Store) []string {
	t.Helper()
	tables, err := s.r.Query("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_stat%' ORDER BY name")
	if err != nil {
		t.Fatal(err)
	}
	defer tables.Close()
	var names []string
	for tables.Next() {
		var n string
		if err := tables.Scan(&n); err != nil {
			t.Fatal(err)
		}
		names = append(names, n)
	}
	var out []string
	for _, n := range names {
		out = append(out, rowsOf(t, s, n)...)
	}
	return out
}

func rowsOf(t *testing.T, s *Store, table string) []string {
	t.Helper()
	cols, err := s.r.Query("SELECT 'quote(\"' || name || '\")' FROM pragma_table_info(?)", table)
	if err != nil {
		t.Fatal(err)
	}
	defer cols.Close()
	expr := "'" + table + "'"
	for cols.Next() {
		var c string
		if err := cols.Scan(&c); err != nil {
			t.Fatal(err)
		}
		expr += " || '|' || " + c
	}
	rows, err := s.r.Query("SELECT " + expr + " FROM \"" + table + "\"")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

// TestCopyTo: a copy holds every row, opens by its own key alone, and is made
// while another connection writes.
func TestCopyTo(t *testing.T) {
	s, _ := analysed(t)
	tx, err := s.w.Begin() // a writer in the middle of its work
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	want := dump(t, s)
	if _, err := tx.Exec("UPDATE recording SET exhibit = 'half done'"); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "copy.db")
	key := bytes.Repeat([]byte{9}, KeySize)
	if err := s.CopyTo(t.Context(), path, key); err != nil {
		t.Fatal(err)
	}
	if err := s.CopyTo(t.Context(), path, key); fault.KindOf(err) != fault.BadInput {
		t.Errorf("over an existing file: %v", err)
	}
	if _, err := s.r.Exec("UPDATE recording SET exhibit = 'x'"); err == nil {
		t.Error("the readers' connections may write from then on")
	}
	if b, err := os.ReadFile(path); err != nil || bytes.Contains(b, []byte("SQLite")) || bytes.Contains(b, []byte("recording")) {
		t.Errorf("the copy is not encrypted, or not there: %v", err)
	}
	if c, err := Open(t.Context(), path, testKey); err == nil {
		c.Close()
		t.Error("the copy opens with the key of the original")
	}
	c, err := Open(t.Context(), path, key)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if d := cmp.Diff(want, dump(t, c)); d != "" || len(want) < 10 {
		t.Errorf("%d rows: %s", len(want), d)
	}
	if list, err := c.Problems(t.Context()); len(list) != 0 || err != nil {
		t.Errorf("%q, %v", list, err)
	}
}

// TestProblems: a recording that is gone from under its tracks, and a page with
// noise in it.
func TestProblems(t *testing.T) {
	s, _ := analysed(t)
	if list, err := s.Problems(t.Context()); len(list) != 0 || err != nil {
		t.Fatalf("an intact file: %q, %v", list, err)
	}
	for _, q := range []string{"PRAGMA foreign_keys=off", "DELETE FROM recording"} {
		if _, err := s.w.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	if list, err := s.Problems(t.Context()); len(list) == 0 || err != nil {
		t.Errorf("rows without their recording: %q, %v", list, err)
	}
	if err := s.Close(); err != nil { // which empties the log into the file
		t.Fatal(err)
	}
	b, err := os.ReadFile(s.path)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(b) - 8192; i < len(b)-4096; i++ {
		b[i] ^= 0x5a
	}
	if err := os.WriteFile(s.path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	torn, err := Open(t.Context(), s.path, testKey)
	if err != nil {
		t.Fatal(err)
	}
	defer torn.Close()
	if list, err := torn.Problems(t.Context()); len(list) == 0 && fault.KindOf(err) != fault.Integrity {
		t.Errorf("a page of noise: %q, %v", list, err)
	}
}
