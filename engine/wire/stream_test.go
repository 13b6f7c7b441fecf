package wire

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestRoundTrip(t *testing.T) {
	var buf bytes.Buffer
	w := NewWriter(&buf)
	want := []Progress{{Frames: 1, ReachedUS: 40_000}, {Frames: 2, ReachedUS: 80_000, Tracks: 1}}
	for _, p := range want {
		if err := w.Send(KindProgress, p); err != nil {
			t.Fatal(err)
		}
	}
	r := NewReader(&buf)
	var got []Progress
	for {
		m, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if m.Kind != KindProgress {
			t.Fatalf("kind %c", m.Kind)
		}
		var p Progress
		if err := m.Into(&p); err != nil {
			t.Fatal(err)
		}
		got = append(got, p)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestCutOffAtEveryByte(t *testing.T) {
	var buf bytes.Buffer
	if err := NewWriter(&buf).Send(KindDone, Done{PeakRSS: 5}); err != nil {
		t.Fatal(err)
	}
	whole := buf.Bytes()
	for n := 1; n < len(whole); n++ {
		if _, err := NewReader(bytes.NewReader(whole[:n])).Next(); !errors.Is(err, ErrProtocol) {
			t.Errorf("cut after %d bytes: %v, want ErrProtocol", n, err)
		}
	}
}

func FuzzReader(f *testing.F) {
	var buf bytes.Buffer
	if err := NewWriter(&buf).Send(KindHello, Hello{Version: Version}); err != nil {
		f.Fatal(err)
	}
	f.Add(buf.Bytes())
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 'T'})
	f.Add([]byte{0, 0, 0, 0, 'T'})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := NewReader(bytes.NewReader(b))
		for {
			m, err := r.Next()
			if err != nil {
				return
			}
			var h Hello
			_ = m.Into(&h) // any bytes: an error or a value, never a panic
		}
	})
}

// What a job's file of bytes was given comes back; what lies outside it does not.
func TestBlobs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var file bytes.Buffer
		w := NewBlobWriter(&file)
		want := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 40), 1, 8).Draw(t, "blobs")
		var at []Blob
		for _, b := range want {
			a, err := w.Put(b)
			if err != nil {
				t.Fatal(err)
			}
			at = append(at, a)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		r := bytes.NewReader(file.Bytes())
		for i, b := range want {
			if got, err := at[i].Read(r); err != nil || !bytes.Equal(got, b) {
				t.Fatalf("%q comes back as %q: %v", b, got, err)
			}
		}
		for _, bad := range []Blob{{-1, 2}, {0, -1}, {0, MaxBlob + 1}, {int64(file.Len()), 1}} {
			if _, err := bad.Read(r); !errors.Is(err, ErrProtocol) {
				t.Fatalf("%+v: %v", bad, err)
			}
		}
	})
}
