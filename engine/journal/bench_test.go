package journal

import (
	"context"
	"os"
	"testing"
)

// BenchmarkAppend is one record with all its waiting for the disk.
func BenchmarkAppend(b *testing.B) {
	l := newLog(b, testKey(b, "test", 1), 0)
	l.disk = realDisk
	for b.Loop() {
		if _, err := l.Append(testRecord("why")); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerify is a journal of 1,000 records.
func BenchmarkVerify(b *testing.B) {
	key := testKey(b, "test", 1)
	l := newLog(b, key, 0)
	for range 1000 {
		if _, err := l.Append(testRecord("why")); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		r, err := Verify(context.Background(), os.DirFS(l.Dir()), key.Public, Check{})
		if err != nil || !r.Intact {
			b.Fatal(r, err)
		}
	}
}
