package media

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"posteriori/engine/wire"
)

// TestSmallFilesAreAskedOnce: of a small file, whole or damaged, one run of
// ffprobe tells what two tell.
func TestSmallFilesAreAskedOnce(t *testing.T) {
	defer func(n int64) { smallFile = n }(smallFile)
	r := rand.New(rand.NewPCG(3, 5))
	dir := t.TempDir()
	whole := 0
	for name, path := range formats(t) {
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 2 {
			b := bytes.Clone(good)
			if i > 0 {
				b = b[:len(b)/2]
				for range 40 {
					b[r.IntN(len(b))] ^= 1 << r.IntN(8)
				}
			}
			file := filepath.Join(dir, fmt.Sprintf("%d%s", i, filepath.Ext(path)))
			if err := os.WriteFile(file, b, 0o600); err != nil {
				t.Fatal(err)
			}
			ask := func(small int64) (*wire.Probe, string) {
				smallFile = small
				p, err := Probe(context.Background(), file, time.Minute.Microseconds())
				return p, fmt.Sprint(err)
			}
			one, oneErr := ask(1 << 30)
			two, twoErr := ask(0)
			if !reflect.DeepEqual(one, two) || oneErr != twoErr {
				t.Errorf("%s, harm %d: at once %+v, %s\napart %+v, %s", name, i, one, oneErr, two, twoErr)
			}
			if one != nil && i == 0 {
				whole++
			}
		}
	}
	if whole != len(formats(t)) {
		t.Errorf("%d of %d unharmed files can be used", whole, len(formats(t)))
	}
}

// TestManyPackets: a small file of very many packets is asked for them apart.
func TestManyPackets(t *testing.T) {
	path := gen(t, "many.mjpeg", append(lavfi("16x16", "25", "1"), "-c:v", "mjpeg")...)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	many := filepath.Join(t.TempDir(), "many.mjpeg")
	if err := os.WriteFile(many, bytes.Repeat(b[:bytes.Index(b[2:], []byte{0xff, 0xd8})+2], 120_000), 0o600); err != nil {
		t.Fatal(err)
	}
	defer func(n int64) { smallFile = n }(smallFile)
	smallFile = 1 << 30
	src, err := openSource(many)
	if err != nil {
		t.Fatal(err)
	}
	m, err := readMeta(context.Background(), src, many, true)
	if err != nil {
		t.Fatal(err)
	}
	if m.Packets != nil {
		t.Errorf("%d packets at once", len(m.Packets))
	}
	p, err := Probe(context.Background(), many, time.Hour.Microseconds())
	if err != nil || p.Packets != 120_000 {
		t.Errorf("%+v, %v", p, err)
	}
}
