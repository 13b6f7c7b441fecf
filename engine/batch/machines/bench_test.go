package machines

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"posteriori/engine/batch/queue"
)

// BenchmarkResult seals and opens a result of a megabyte.
func BenchmarkResult(b *testing.B) {
	keys, err := newSecrets(procedureKey, 1)
	if err != nil {
		b.Fatal(err)
	}
	t := queue.Task{Run: keys.queued(strings.Repeat("0", 32)), Name: strings.Repeat("0", 64)}
	text := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	var file bytes.Buffer
	seal := func() error {
		file.Reset()
		s, err := newSealer(&file, t)
		if err != nil {
			return err
		}
		if _, err := s.Write(text); err != nil {
			return err
		}
		return s.Close()
	}
	b.Run("seal", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			if err := seal(); err != nil {
				b.Fatal(err)
			}
		}
	})
	if err := seal(); err != nil {
		b.Fatal(err)
	}
	b.Run("open", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			r, err := keys.open(bytes.NewReader(file.Bytes()), t.Name)
			if err != nil {
				b.Fatal(err)
			}
			if n, err := io.Copy(io.Discard, r); err != nil || n != int64(len(text)) {
				b.Fatal(n, err)
			}
		}
	})
}
