package journal

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"

	"posteriori/engine/fault"
)

const testOrigin = "posteriori/test/procedure/P1"

// testKeys are made from fixed bytes, so that journals of tests repeat.
func testKey(t testing.TB, name string, seed byte) Key {
	t.Helper()
	skey, vkey, err := note.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{seed}, 64)), name)
	if err != nil {
		t.Fatal(err)
	}
	return Key{Private: skey, Public: vkey}
}

// testClock counts seconds in a zone that is not UTC.
func testClock() func() time.Time {
	at := time.Date(2025, 3, 1, 10, 0, 0, 0, time.FixedZone("", 3600))
	return func() time.Time { at = at.Add(time.Second); return at }
}

// quick is the real disk without waiting for it.
func quick() disk {
	d := realDisk
	d.sync = func(*os.File) error { return nil }
	return d
}

func testRecord(reason string) Record {
	n := int64(3)
	return Record{
		Operation: Consult, Sub: SubQuery, Outcome: OK, Reason: reason,
		Person:    Person{Account: "opj", UID: "1000"},
		Procedure: &Case{ID: "P1", Frame: "preliminary", Authorisation: "A-1"},
		Details:   Details{Query: &Query{Filter: `class == "car"`, Thresholds: map[string]float64{"score": 0.25}, Results: &n}},
		Build:     Build{Version: "test"}, Host: "h",
	}
}

// memDir is a temporary folder in memory where the system has one: the tests
// write thousands of small files, and none needs a disk.
func memDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "journal-test-*")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// newLog makes a journal of n records.
func newLog(t testing.TB, key Key, n int) *Log {
	t.Helper()
	dir := filepath.Join(memDir(t), "journal")
	l, err := Create(dir, testOrigin, key, Options{Now: testClock(), Clock: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	l.disk = quick()
	for i := range n {
		if seq, err := l.Append(testRecord(strings.Repeat("why ", i+1))); err != nil || seq != int64(i) {
			t.Fatalf("Append %d = %d, %v", i, seq, err)
		}
	}
	return l
}

// copyDir copies the files of a journal.
func copyDir(t testing.TB, from string) string {
	t.Helper()
	to := memDir(t)
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}

func mustVerify(t testing.TB, dir string, key Key) Report {
	t.Helper()
	r, err := Verify(context.Background(), os.DirFS(dir), key.Public, Check{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAppendVerifyShow(t *testing.T) {
	key := testKey(t, "test", 1)
	l := newLog(t, key, 7)
	r := mustVerify(t, copyDir(t, l.Dir()), key)
	if !r.Intact || r.Size != 7 || r.Records != 7 || r.First != -1 || r.Origin != testOrigin || r.Err() != nil {
		t.Fatalf("report of a good journal: %+v", r)
	}
	var got []Record
	for rec, err := range l.Records(Filter{First: 2, Limit: 2}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, rec)
	}
	if len(got) != 2 || got[0].Seq != 2 || got[1].Seq != 3 {
		t.Fatalf("shown: %+v", got)
	}
	want := testRecord("why why why ")
	want.Schema, want.Log, want.Seq, want.Root, want.Sig = Schema, testOrigin, 2, got[0].Root, got[0].Sig
	want.TimeUTC, want.TimeLocal, want.Clock = "2025-03-01T09:00:03.000000Z", "2025-03-01T10:00:03.000000+01:00", "test"
	if d := cmp.Diff(want, got[0]); d != "" {
		t.Error(d)
	}
	cp, signed, err := l.Checkpoint()
	if err != nil || cp.Size != 7 || cp.Root != r.Root {
		t.Fatalf("Checkpoint = %+v, %v", cp, err)
	}
	if !strings.HasPrefix(string(signed), testOrigin+"\n7\n") {
		t.Errorf("checkpoint text:\n%s", signed)
	}
}

func TestFilter(t *testing.T) {
	l := newLog(t, testKey(t, "test", 1), 2)
	refused := testRecord("r")
	refused.Outcome, refused.Rule, refused.Operation, refused.Sub = Refused, "4", Collect, SubAnalyse
	refused.Person.UID = "7"
	if _, err := l.Append(refused); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2025, 3, 1, 9, 0, 2, 0, time.UTC)
	for name, c := range map[string]struct {
		f    Filter
		want []int64
	}{
		"all":       {Filter{}, []int64{0, 1, 2}},
		"outcome":   {Filter{Outcome: Refused}, []int64{2}},
		"operation": {Filter{Operation: Consult}, []int64{0, 1}},
		"sub":       {Filter{Sub: SubAnalyse}, []int64{2}},
		"person":    {Filter{Person: "7"}, []int64{2}},
		"from":      {Filter{From: at}, []int64{1, 2}},
		"to":        {Filter{To: at}, []int64{0}},
		"limit":     {Filter{Limit: 1}, []int64{0}},
	} {
		var got []int64
		for r, err := range l.Records(c.f) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, r.Seq)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestAppendRejectsUnfitRecords(t *testing.T) {
	l := newLog(t, testKey(t, "test", 1), 1)
	for name, change := range map[string]func(*Record){
		"operation":         func(r *Record) { r.Operation = "peek" },
		"sub":               func(r *Record) { r.Sub = "peek" },
		"outcome":           func(r *Record) { r.Outcome = "perhaps" },
		"reason":            func(r *Record) { r.Reason = " \t" },
		"refusal sans rule": func(r *Record) { r.Outcome = Refused },
	} {
		r := testRecord("x")
		change(&r)
		if _, err := l.Append(r); fault.KindOf(err) != fault.Internal {
			t.Errorf("%s: %v", name, err)
		}
	}
	if cp, _, err := l.Checkpoint(); err != nil || cp.Size != 1 {
		t.Errorf("checkpoint = %v, %v", cp, err)
	}
}

func TestOpenErrors(t *testing.T) {
	key := testKey(t, "test", 1)
	l := newLog(t, key, 2)
	for name, c := range map[string]struct {
		change func(dir string) error
		key    Key
		want   fault.Kind
	}{
		"other key":     {func(string) error { return nil }, testKey(t, "test", 2), fault.Integrity},
		"no checkpoint": {func(d string) error { return os.Remove(d + "/checkpoint") }, key, fault.Integrity},
		"no entries":    {func(d string) error { return os.Remove(d + "/entries") }, key, fault.Integrity},
		"no hashes":     {func(d string) error { return os.Truncate(d+"/hashes", 0) }, key, fault.Integrity},
		"no folder":     {os.RemoveAll, key, fault.NotFound},
		"bad key":       {func(string) error { return nil }, Key{"x", "y"}, fault.Integrity},
	} {
		dir := copyDir(t, l.Dir())
		if err := c.change(dir); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, c.key, Options{}); fault.KindOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Open(l.Dir(), key, Options{Origin: testOrigin + "x"}); fault.KindOf(err) != fault.Integrity {
		t.Errorf("another log: %v", err)
	}
	if _, err := Create(l.Dir(), testOrigin, key, Options{}); fault.KindOf(err) != fault.BadInput {
		t.Errorf("Create over a journal: %v", err)
	}
}
