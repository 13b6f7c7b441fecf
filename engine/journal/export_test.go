package journal

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"posteriori/engine/fault"
)

// An export holds the state that was fixed, verifies alone as folder and as
// ZIP file, and is the same bytes each time; a byte changed in it is found.
func TestExport(t *testing.T) {
	key := testKey(t, "test", 1)
	l := newLog(t, key, 5)
	e, err := l.Snapshot("DÉMONSTRATION")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(testRecord("later")); err != nil {
		t.Fatal(err)
	}
	var one, two bytes.Buffer
	for _, w := range []*bytes.Buffer{&one, &two} {
		if err := e.WriteZip(w); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(one.Bytes(), two.Bytes()) {
		t.Error("two exports of one state differ")
	}
	dir := memDir(t)
	writeFile(t, dir+"/e.zip", one.Bytes())
	if err := os.Mkdir(dir+"/e", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := e.WriteDir(dir + "/e"); err != nil {
		t.Fatal(err)
	}
	for _, from := range []string{dir + "/e.zip", dir + "/e"} {
		r, err := VerifyFrom(context.Background(), from, key.Public, Check{Held: &e.Checkpoint, Signatures: true})
		if err != nil || !r.Intact || r.Size != 5 || !r.Signatures || len(r.Notes) > 0 {
			t.Errorf("%s: %+v, %v", from, r, err)
		}
		if r, err = VerifyFrom(context.Background(), from, "", Check{}); err != nil || !r.Intact || len(r.Notes) != 1 || !strings.Contains(r.Notes[0], key.Public) {
			t.Errorf("%s with its own key: %+v, %v", from, r, err)
		}
	}
	readme := string(readFile(t, dir+"/e/"+fileReadme))
	for _, want := range []string{"DÉMONSTRATION", e.Checkpoint.Held(), key.Public, testOrigin, "--from"} {
		if !strings.Contains(readme, want) {
			t.Errorf("%s does not say %q", fileReadme, want)
		}
	}
	if strings.Contains(readme, "valeur probante") {
		t.Error("it claims a probative value")
	}
	text := readFile(t, dir+"/e/entries")
	text[len(text)/2] ^= 4
	writeFile(t, dir+"/e/entries", text)
	if r, err := VerifyFrom(context.Background(), dir+"/e", key.Public, Check{}); err != nil || r.Intact || r.First != 2 {
		t.Errorf("changed: %+v, %v", r, err)
	}
	if err := e.WriteDir(dir + "/none"); fault.KindOf(err) != fault.NoSpace {
		t.Errorf("no folder: %v", err)
	}
	writeFile(t, dir+"/text", []byte("no zip"))
	if _, err := VerifyFrom(context.Background(), dir+"/text", key.Public, Check{}); fault.KindOf(err) != fault.BadInput {
		t.Errorf("no export: %v", err)
	}
}

// Counts are those of the records, by each of their properties, for the year
// asked for by the records' local time; nothing that names anyone is in them.
func TestStats(t *testing.T) {
	key := testKey(t, "test", 1)
	at := time.Date(2024, 12, 31, 22, 30, 0, 0, time.UTC)
	dir := memDir(t) + "/j"
	zone := time.FixedZone("", 3600)
	l, err := Create(dir, testOrigin, key, Options{Now: func() time.Time { at = at.Add(20 * time.Minute); return at.In(zone) }})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	l.disk = quick()
	refused := Record{Operation: Collect, Sub: SubAnalyse, Outcome: Refused, Rule: "4", Reason: "r", Person: Person{Account: "dupont", Name: "Dupont"}}
	for _, r := range []Record{testRecord("a"), refused, testRecord("b"), refused} { // 23:50, 00:10, 00:30, 00:50 local
		if _, err := l.Append(r); err != nil {
			t.Fatal(err)
		}
	}
	want := NewStats(2025)
	want.Journals, want.Records = 1, 3
	want.Operations[Collect], want.Operations[Consult] = 2, 1
	want.Subs[SubAnalyse], want.Subs[SubQuery] = 2, 1
	want.Outcomes[Refused], want.Outcomes[OK] = 2, 1
	want.Rules["4"] = 2
	want.Months["2025-01"] = 3
	want.Frames["preliminary"], want.Frames["none"] = 1, 2
	for year, records := range map[int]int64{2024: 1, 2025: 3, 0: 4, 2023: 0} {
		got := NewStats(year)
		if err := got.Add(context.Background(), os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		if got.Records != records || (got.Journals == 1) != (records > 0) {
			t.Errorf("%d: %+v", year, got)
		}
		if d := cmp.Diff(want, got); year == 2025 && d != "" {
			t.Error(d)
		}
	}
}

// Bytes that are not UTF-8, and characters that steer a terminal, go into the
// journal and come back the same each time: none makes a record unreadable.
func TestHostileText(t *testing.T) {
	key := testKey(t, "test", 1)
	l := newLog(t, key, 0)
	hostile := []string{"a\xffb\xc3", "\x00nul", "line\nfeed\r\x1b[2J", "\u202egnp.exe\u2066", "z\u200be\u200dr\ufeffo",
		"e\u0301\u0301\u0301", "a\u2028b\u2029c", "\ufffd", `quote " , "time_utc":"2099-01-01T00:00:00.000000Z"`, strings.Repeat("é", 40000), "<&>"}
	for _, text := range hostile {
		r := testRecord(text)
		r.Person.Account, r.Params, r.Objects = text, text, []Object{{Kind: "recording", ID: text, Camera: text}}
		if _, err := l.Append(r); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
	}
	n := 0
	for r, err := range l.Records(Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		if want := strings.ToValidUTF8(hostile[n], "\ufffd"); r.Reason != want && !strings.Contains(hostile[n], "\xff") {
			t.Errorf("%q came back as %q", hostile[n], r.Reason)
		}
		n++
	}
	if r := mustVerify(t, l.Dir(), key); !r.Intact || n != len(hostile) || len(r.Warnings) > 0 {
		t.Errorf("%d read, %+v", n, r)
	}
}
