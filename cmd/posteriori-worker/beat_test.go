package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"posteriori/engine/wire"
)

// TestBeat: a job that gets on is heard of; one that does not is not.
func TestBeat(t *testing.T) {
	defer func(d time.Duration) { beatEvery = d }(beatEvery)
	beatEvery = time.Millisecond
	failure := errors.New("failed")
	for _, c := range []struct {
		name  string
		alive bool
	}{{"alive", true}, {"stuck", false}} {
		var out bytes.Buffer
		asked := make(chan struct{}, 100)
		err := beat(wire.NewWriter(&out), func() bool {
			select {
			case asked <- struct{}{}:
			default:
			}
			return c.alive
		}, func() error {
			for range 3 { // as many heartbeats as come
				<-asked
			}
			return failure
		})
		if err != failure {
			t.Errorf("%s: %v", c.name, err)
		}
		n := 0
		for r := wire.NewReader(&out); ; n++ {
			m, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil || m.Kind != wire.KindProgress {
				t.Fatalf("%s: message %c, %v", c.name, m.Kind, err)
			}
		}
		if (n >= 2) != c.alive || !c.alive && n > 0 {
			t.Errorf("%s: %d heartbeats", c.name, n)
		}
	}
}

func TestGrows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	alive := grows(path)
	if alive() {
		t.Error("a file that is not there grows")
	}
	for i, want := range []bool{true, false} {
		if i == 0 {
			if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if alive() != want {
			t.Errorf("look %d: grows is %v", i, !want)
		}
	}
}
