package journal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"posteriori/engine/fault"
)

// sealing is a record that says which hash a file has.
func sealing(sum string) Record {
	r := small("change")
	r.Sealed = map[string]string{"a": sum}
	return r
}

// What a record says of a file holds until another says otherwise, also where
// it was killed at any step and the record was written whole, and for others.
func TestSealedCarriesOn(t *testing.T) {
	key := testKey(t, "test", 1)
	base := newLog(t, key, 1)
	base.disk = quick()
	if sum, err := base.Sealed("a"); err != nil || sum != "" {
		t.Fatalf("%q, %v", sum, err)
	}
	for _, r := range []Record{sealing("old"), {Operation: Consult, Sub: SubView, Outcome: OK, Reason: "x", Sealed: map[string]string{"b": "other"}}} {
		if _, err := base.Append(r); err != nil {
			t.Fatal(err)
		}
	}
	met := map[string]int{}
	for budget, done := 0, false; !done; budget += 7 {
		dir := copyDir(t, base.Dir())
		l, err := openWith(dir, key, Options{Now: testClock()}, mortal(budget))
		if err != nil {
			t.Fatal(err)
		}
		_, err = l.Append(sealing("new"))
		l.Close()
		if done = err == nil; !done && !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
		l, err = openWith(dir, key, Options{Now: testClock()}, quick())
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Settle(); err != nil {
			t.Fatal(err)
		}
		sum, err := l.Sealed("a")
		if want := last(t, dir).Sealed["a"]; err != nil || sum != want || sum != "old" && sum != "new" {
			t.Fatalf("budget %d: %q, the last record says %q, %v", budget, sum, want, err)
		}
		met[sum]++
		if _, err := l.Append(small("after")); err != nil {
			t.Fatal(err)
		}
		l.Close()
		if r := last(t, dir); r.Sealed["a"] != sum || r.Sealed["b"] != "other" {
			t.Fatalf("budget %d: %v is carried on as %v", budget, sum, r.Sealed)
		} else if r.Recovered != nil && r.Recovered.Sealed {
			met["told"]++
		}
		if r := mustVerify(t, dir, key); !r.Intact {
			t.Fatalf("%+v", r.Findings)
		}
	}
	if met["old"] < 30 || met["new"] < 5 || met["told"] < 4 {
		t.Errorf("met %v", met)
	}
}

// The last record is relied on, so that it must be the journal's own, at its
// place: an earlier one of the same length in its place opens nothing.
func TestLastRecordMustBeItsOwn(t *testing.T) {
	key := testKey(t, "test", 1)
	l := newLog(t, key, 0)
	l.disk = quick()
	for _, sum := range []string{"authorised", "revoked   "} {
		if _, err := l.Append(sealing(sum)); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(l.Dir(), fileEntries)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(b, []byte{'\n'})
	if len(lines[0]) != len(lines[1]) {
		t.Fatalf("records of %d and %d bytes", len(lines[0]), len(lines[1]))
	}
	for name, text := range map[string]string{
		"an earlier one": string(lines[0]) + string(lines[0]),
		"edited":         strings.Replace(string(b), "revoked   ", "authorised", 1),
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(l.Dir(), key, Options{}); fault.KindOf(err) != fault.Integrity {
			t.Errorf("%s: %v", name, err)
		}
	}
}
