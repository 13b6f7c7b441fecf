package engine

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"posteriori/engine/procedure"
)

// FuzzBackup: whatever a backup's description says, no name of it leads out of
// the folders of the backup and of its keys.
func FuzzBackup(f *testing.F) {
	f.Add([]byte(`{"format":1,"id":"20260101T000000Z-0a1b2c3d","dir":"/srv/store","procedures":[{"id":"2026-001","journal":"3:x","derived":[{"id":1,"sha256":"00"}]}]}`))
	f.Add([]byte(`{"format":1,"id":".."}`))
	f.Add([]byte(`{"format":2,"id":"20260101T000000Z-0a1b2c3d"}`))
	f.Add([]byte(`{"format":1,"id":"20260101T000000Z-0a1b2c3d","procedures":[{"id":"../x"},{"id":"x"},{"id":"x"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		b, err := parseBackup(text)
		if err != nil {
			if errors.Is(err, errOtherFormat) && b.Format == backupFormat {
				t.Fatalf("format %d: %v", b.Format, err)
			}
			return
		}
		within := func(name string) {
			if filepath.Base(name) != name || !filepath.IsLocal(name) || strings.ContainsAny(name, "/\\\x00") {
				t.Fatalf("%q is no name of one file", name)
			}
		}
		within(b.ID)
		for i, p := range b.Procedures {
			within(p.ID)
			if procedure.CheckID(p.ID) != nil || slices.ContainsFunc(b.Procedures[:i], func(q ProcedureInBackup) bool { return q.ID == p.ID }) {
				t.Fatalf("procedure %q", p.ID)
			}
		}
	})
}

// FuzzSums: a list of hashes that is taken is, but for its order, what writing it
// again gives; no name in it leads elsewhere.
func FuzzSums(f *testing.F) {
	sum := strings.Repeat("0a", 32)
	f.Add([]byte(sum + "  backup.json\n" + sum + "  procedures/2026-001/key.enc\n"))
	f.Add([]byte(sum + "  ../x\n"))
	f.Add([]byte(sum + "  a//b\r\n" + sum + "  a\n" + sum + "  a\n"))
	f.Add(bytes.Repeat([]byte("x"), 1<<17))
	f.Fuzz(func(t *testing.T, list []byte) {
		sums, err := parseSums(list)
		if err != nil {
			return
		}
		var again, was []string
		for name, s := range sums {
			if !filepath.IsLocal(name) || filepath.Clean(name) != name {
				t.Fatalf("%q leads elsewhere", name)
			}
			again = append(again, fmt.Sprintf("%s  %s", s, name))
		}
		for line := range bytes.Lines(list) {
			was = append(was, strings.TrimSuffix(strings.TrimSuffix(string(line), "\n"), "\r"))
		}
		slices.Sort(again)
		slices.Sort(was)
		if !slices.Equal(again, was) {
			t.Fatalf("%q comes back as %q", was, again)
		}
	})
}
