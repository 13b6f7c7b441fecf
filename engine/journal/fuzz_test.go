package journal

import (
	"bytes"
	"errors"
	"os"
	"testing"
)

func FuzzParseRecord(f *testing.F) {
	l := newLog(f, testKey(f, "test", 1), 2)
	b, err := os.ReadFile(l.path(fileEntries))
	if err != nil {
		f.Fatal(err)
	}
	for line := range bytes.Lines(b) {
		f.Add(bytes.TrimSuffix(line, []byte("\n")))
	}
	f.Add([]byte(`{"schema":1}`))
	f.Add([]byte(`{"schema":1,"sig":""}{}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		_, _, _ = split(line)
		r, err := ParseRecord(line)
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Fatalf("error not under ErrFormat: %v", err)
			}
			return
		}
		again, err := encode(r)
		if err != nil || !bytes.Equal(again, line) {
			t.Fatalf("%q comes back as %q, %v", line, again, err)
		}
	})
}

func FuzzParseCheckpoint(f *testing.F) {
	f.Add(Checkpoint{Origin: testOrigin, Size: 12}.Text())
	f.Add("a\n-1\n\n")
	f.Add("a\n01\nAAAA\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		cp, err := ParseCheckpoint(text)
		if err != nil {
			if !errors.Is(err, ErrCheckpoint) {
				t.Fatalf("error not under ErrCheckpoint: %v", err)
			}
			return
		}
		if cp.Text() != text {
			t.Fatalf("%q comes back as %q", text, cp.Text())
		}
	})
}

// FuzzParseHeld: what is taken as SIZE:ROOT is printed the same.
func FuzzParseHeld(f *testing.F) {
	f.Add(Checkpoint{Size: 12}.Held())
	f.Add("-1:")
	f.Add("01:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
	f.Fuzz(func(t *testing.T, text string) {
		cp, err := ParseHeld(text)
		if err != nil {
			if !errors.Is(err, ErrCheckpoint) {
				t.Fatalf("error not under ErrCheckpoint: %v", err)
			}
			return
		}
		if cp.Held() != text {
			t.Fatalf("%q comes back as %q", text, cp.Held())
		}
	})
}
