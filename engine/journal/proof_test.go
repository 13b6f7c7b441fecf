package journal

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"posteriori/engine/fault"
)

// Every record of journals of every size is proven, against every earlier
// checkpoint, and the proof holds through its file with the public key alone.
func TestProveEveryRecord(t *testing.T) {
	key := testKey(t, "test", 1)
	l := newLog(t, key, 0)
	cp, _, err := l.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	held := []Checkpoint{cp}
	for size := int64(1); size <= 9; size++ {
		if _, err := l.Append(testRecord("why")); err != nil {
			t.Fatal(err)
		}
		if cp, _, err = l.Checkpoint(); err != nil {
			t.Fatal(err)
		}
		held = append(held, cp)
		for seq := range size {
			older := held[(seq*5+size)%(size+1)]
			p := reread(t, l, seq, &older)
			got, err := p.Verify(key.Public, &older)
			if err != nil || got.Record.Seq != seq || got.Checkpoint != cp || got.Continues.Size != older.Size {
				t.Fatalf("record %d of %d against %d: %+v, %v", seq, size, older.Size, got, err)
			}
		}
	}
}

// reread proves and takes the proof through its file.
func reread(t testing.TB, l *Log, seq int64, older *Checkpoint) Proof {
	t.Helper()
	p, err := l.Prove(seq, older)
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if p, err = ParseProof(b); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestProofRefused(t *testing.T) {
	key, other := testKey(t, "test", 1), testKey(t, "test", 2)
	l := newLog(t, key, 3)
	older, _, err := l.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		if _, err := l.Append(testRecord("more")); err != nil {
			t.Fatal(err)
		}
	}
	good, next := reread(t, l, 2, &older), reread(t, l, 3, &older)
	bare := reread(t, l, 2, nil)
	for name, change := range map[string]func(p *Proof){
		"another record":     func(p *Proof) { p.Record = next.Record },
		"another number":     func(p *Proof) { p.Seq = 3 },
		"another path":       func(p *Proof) { p.Inclusion = next.Inclusion },
		"a record's letter":  func(p *Proof) { p.Record = strings.Replace(p.Record, "why", "who", 1) },
		"another checkpoint": func(p *Proof) { p.Checkpoint = strings.Replace(p.Checkpoint, "\n7\n", "\n6\n", 1) },
		"another state held": func(p *Proof) { p.Continues.Held = Checkpoint{Size: 3}.Held() },
		"a larger state":     func(p *Proof) { p.Continues.Held = "8" + p.Continues.Held[1:] },
		"no consistency":     func(p *Proof) { p.Continues.Proof = nil },
	} {
		p := good
		c := *good.Continues
		p.Continues = &c
		change(&p)
		if _, err := p.Verify(key.Public, nil); !errors.Is(err, ErrProof) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := good.Verify(other.Public, nil); !errors.Is(err, ErrProof) {
		t.Errorf("another key: %v", err)
	}
	if _, err := good.Verify("key", nil); fault.KindOf(err) != fault.BadInput {
		t.Errorf("no key: %v", err)
	}
	if _, err := bare.Verify(key.Public, &older); !errors.Is(err, ErrProof) {
		t.Errorf("nothing about the state held: %v", err)
	}
	false3 := older
	false3.Root[0]++
	if _, err := good.Verify(key.Public, &false3); !errors.Is(err, ErrProof) {
		t.Errorf("about another state than held: %v", err)
	}
	proveErrors(t, l, false3)
}

// proveErrors wants that nothing is handed out that does not hold.
func proveErrors(t *testing.T, l *Log, false3 Checkpoint) {
	if _, err := l.Prove(2, &false3); fault.KindOf(err) != fault.Integrity {
		t.Errorf("a journal that does not continue the checkpoint: %v", err)
	}
	if _, err := l.Prove(2, &Checkpoint{Size: 8}); fault.KindOf(err) != fault.Integrity {
		t.Errorf("a journal that lost records: %v", err)
	}
	for _, seq := range []int64{-1, 7} {
		if _, err := l.Prove(seq, nil); fault.KindOf(err) != fault.NotFound {
			t.Errorf("record %d: %v", seq, err)
		}
	}
	edit(t, l.Dir(), func(s []string) []string { s[2] = strings.Replace(s[2], "why", "who", 1); return s })
	if _, err := l.Prove(2, nil); fault.KindOf(err) != fault.Integrity {
		t.Errorf("a touched record: %v", err)
	}
}

// No byte of a proof file can be changed so that it shows something else.
func TestProofBytes(t *testing.T) {
	key := testKey(t, "test", 1)
	l := newLog(t, key, 5)
	older := Checkpoint{Size: 3}
	for r, err := range l.Records(Filter{First: 3, Limit: 1}) {
		if err != nil {
			t.Fatal(err)
		}
		older.Root = r.Root
	}
	p := reread(t, l, 1, &older)
	want, err := p.Verify(key.Public, &older)
	if err != nil {
		t.Fatal(err)
	}
	file, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		bad := append([]byte(nil), file...)
		at := rapid.IntRange(0, len(bad)-1).Draw(rt, "at")
		bad[at] ^= byte(1 << rapid.IntRange(0, 7).Draw(rt, "bit"))
		p, err := ParseProof(bad)
		if err != nil {
			if !errors.Is(err, ErrProof) {
				rt.Fatalf("error not under ErrProof: %v", err)
			}
			return
		}
		got, err := p.Verify(key.Public, &older)
		if err == nil && (got.Record.Sig != want.Record.Sig || got.Checkpoint != want.Checkpoint) {
			rt.Fatalf("byte %d changed: proves %+v", at, got)
		}
	})
}

func TestReadHeld(t *testing.T) {
	key := testKey(t, "test", 1)
	l := newLog(t, key, 3)
	cp, signed, err := l.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{cp.Held(), " " + cp.Held() + "\n", string(signed)} {
		got, err := ReadHeld(text, key.Public)
		if err != nil || got.Size != cp.Size || got.Root != cp.Root {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	if _, err := ReadHeld(string(signed), testKey(t, "test", 2).Public); !errors.Is(err, ErrCheckpoint) {
		t.Errorf("a note of another key: %v", err)
	}
}

func FuzzParseProof(f *testing.F) {
	key := testKey(f, "test", 1)
	l := newLog(f, key, 3)
	b, err := reread(f, l, 1, nil).Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"format":"posteriori journal proof v1","seq":-1,"continues":{"held":"0:"}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParseProof(b)
		if err == nil {
			_, err = p.Verify(key.Public, nil)
		}
		if err != nil && !errors.Is(err, ErrProof) {
			t.Fatal(err)
		}
	})
}

// A record that its own signature does not cover is not handed out as proven,
// though it is in the tree.
func TestProveWrongSignature(t *testing.T) {
	key := testKey(t, "test", 1)
	stranger := journalFiles(t, testKey(t, "test", 2), testOrigin, nil, 1, "why ")
	dir := memDir(t)
	for name, b := range journalFiles(t, key, testOrigin, stranger.lines(), 3, "why ") {
		writeFile(t, dir+"/"+name, b)
	}
	l, err := openWith(dir, key, Options{}, quick())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.Prove(1, nil); err != nil {
		t.Errorf("record 1: %v", err)
	}
	if _, err := l.Prove(0, nil); fault.KindOf(err) != fault.Integrity {
		t.Errorf("record 0: %v", err)
	}
}
