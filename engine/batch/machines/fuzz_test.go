package machines

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"posteriori/engine/batch/queue"
)

// FuzzOpen: whatever lies in the spool, it was sealed as it is or is refused.
func FuzzOpen(f *testing.F) {
	keys, err := newSecrets(procedureKey, 1)
	if err != nil {
		f.Fatal(err)
	}
	t := queue.Task{Run: keys.queued(strings.Repeat("0", 32)), Name: strings.Repeat("0", 64)}
	const text = "what was found"
	var result bytes.Buffer
	s, err := newSealer(&result, t)
	if err == nil {
		_, err = io.WriteString(s, text)
	}
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		f.Fatal(err)
	}
	task, err := sealTask(t, []byte(text))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(result.Bytes())
	f.Add(task)
	f.Add(append(bytes.Repeat([]byte{9}, 32), 0xff, 0xff, 0xff, 0xff))
	f.Fuzz(func(tt *testing.T, b []byte) {
		if got, err := openTask(t, b); err == nil && string(got) != text {
			tt.Errorf("a task file opens as %q", got)
		}
		r, err := keys.open(bytes.NewReader(b), t.Name)
		var got []byte
		if err == nil {
			got, err = io.ReadAll(r)
		}
		switch {
		case err == nil && string(got) != text: // nothing else was ever sealed
			tt.Errorf("a result opens as %q", got)
		case err != nil && !errors.Is(err, ErrSeal):
			tt.Errorf("%v", err)
		}
	})
}
