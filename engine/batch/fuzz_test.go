package batch

import (
	"bytes"
	"testing"
	"time"

	"posteriori/engine/fault"
)

// FuzzRead: whatever a manifest holds, reading it ends, with a fault that a user
// can act on or with documents that are written and read back.
func FuzzRead(f *testing.F) {
	var b bytes.Buffer
	w, err := NewWriter(&b)
	if err != nil {
		f.Fatal(err)
	}
	at := time.Date(2024, 3, 1, 14, 0, 0, 0, time.UTC)
	plan := Plan{Version: Version, Made: at, Roots: []string{"/a"}, Exhibit: "S1", Basis: "seizure", Zone: "UTC"}
	c := Camera{Name: "C", Key: "k", Clock: Clock{From: "none"}, Files: []File{{Path: "/a/\xff.mp4", Bytes: 7, Kind: Video, Action: Analyse, Start: &at, Gap: time.Minute}}}
	for _, d := range []Doc{{Plan: &plan}, {Camera: &c}, {LeftOut: &LeftOut{Files: []File{{Path: "/a/x", Kind: Other, Action: LeaveOut, Reason: "no video"}}}}} {
		if err := w.Put(d); err != nil {
			f.Fatal(err)
		}
	}
	f.Add(b.Bytes())
	f.Add([]byte("plan: &a\n  roots: [*a]\n"))
	f.Add([]byte("plan:\n  version: 1\n  zone: ../../etc/passwd\n"))
	f.Add([]byte("- - - - -"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var out bytes.Buffer
		w, err := NewWriter(&out)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		err = Read(bytes.NewReader(text), func(d Doc) error {
			n++
			return w.Put(d)
		})
		if err != nil {
			if k := fault.KindOf(err); k != fault.BadInput {
				t.Fatalf("%v: %v", k, err)
			}
			return
		}
		again := 0
		if err := Read(bytes.NewReader(out.Bytes()), func(Doc) error { again++; return nil }); err != nil || again != n {
			t.Fatalf("what was read, written again, gives %d of %d documents: %v\n%s", again, n, err, out.Bytes())
		}
	})
}
