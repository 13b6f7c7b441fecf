package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"posteriori/engine/wire"
)

// testdata/tiny.nut holds 3 grey pictures of 16×8, made by
//
//	ffmpeg -f lavfi -i testsrc2=s=16x8:r=25:d=0.12 -vf format=gray -c:v rawvideo -f nut -write_index 0 -fflags +bitexact tiny.nut

// readNUT reads a whole stream.
func readNUT(r io.Reader) (h NUTHeader, pts []int64, pics [][]byte, err error) {
	n, err := NewNUTReader(r)
	if err != nil {
		return h, nil, nil, err
	}
	h = n.Header()
	for {
		t, size, err := n.Next()
		if errors.Is(err, io.EOF) {
			return h, pts, pics, nil
		}
		if err != nil {
			return h, pts, pics, err
		}
		buf := make([]byte, min(size, 1<<20))
		if size > len(buf) {
			continue // Next skips it
		}
		if err := n.Read(buf); err != nil {
			return h, pts, pics, err
		}
		pts, pics = append(pts, t), append(pics, buf)
	}
}

func TestNUTOfFFmpeg(t *testing.T) {
	b := readFile(t, filepath.Join("testdata", "tiny.nut"))
	h, pts, pics, err := readNUT(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if h.W != 16 || h.H != 8 || h.FourCC != "Y800" || h.TimeBase != (wire.Rational{Num: 1, Den: 51200}) {
		t.Errorf("%+v", h)
	}
	if d := cmp.Diff([]int64{0, 2048, 4096}, pts); d != "" {
		t.Error(d)
	}
	if len(pics) != 3 || !bytes.HasPrefix(pics[0], []byte{0x4c, 0x4c, 0x4c, 0x4c, 0x96, 0x96}) || len(pics[2]) != 128 {
		t.Errorf("%d pictures, %x", len(pics), pics[0])
	}
}

func TestNUTCutAnywhere(t *testing.T) {
	b := readFile(t, filepath.Join("testdata", "tiny.nut"))
	for i := range b {
		_, pts, _, err := readNUT(bytes.NewReader(b[:i]))
		if err == nil && len(pts) == 3 {
			t.Fatalf("cut at %d: all pictures", i)
		}
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut at %d: %v", i, err)
		}
	}
}

func TestNUTFlippedHeader(t *testing.T) {
	b := readFile(t, filepath.Join("testdata", "tiny.nut"))
	for i := range 0x80 { // every byte of it is under a checksum or a startcode
		c := append([]byte(nil), b...)
		c[i] ^= 0x10
		if _, _, _, err := readNUT(bytes.NewReader(c)); err == nil {
			t.Errorf("byte %d flipped: no error", i)
		}
	}
}

// nutPacket frames content as a packet.
func nutPacket(code uint64, content []byte) []byte {
	p := binary.BigEndian.AppendUint64(nil, code)
	p = append(p, vBytes(uint64(len(content)+4))...)
	if len(content)+4 > 4096 {
		p = binary.BigEndian.AppendUint32(p, nutCRC(0, p))
	}
	p = append(p, content...)
	return binary.BigEndian.AppendUint32(p, nutCRC(0, content))
}

func vBytes(x uint64) []byte {
	out := []byte{byte(x & 0x7F)}
	for x >>= 7; x > 0; x >>= 7 {
		out = append([]byte{byte(x&0x7F) | 0x80}, out...)
	}
	return out
}

func vs(xs ...uint64) (out []byte) {
	for _, x := range xs {
		out = append(out, vBytes(x)...)
	}
	return out
}

// nutHead is a stream whose every frame code has all fields coded.
func nutHead(den uint64) []byte {
	b := []byte(nutMagic)
	main := vs(3, 1, 65536, 1, 1, den)
	const flags = flagCodedPTS | flagSizeMSB | flagChecksum
	main = append(main, vs(flags, 6, 0, 1, 0, 0, 0, 255)...) // pts 0, mul 1, stream 0, size 0, reserved 0, count 255
	main = append(main, vs(0)...)
	b = append(b, nutPacket(nutMain, main)...)
	stream := append(vs(0, 0), append(vs(4), "Y800"...)...)
	stream = append(stream, vs(0, 7, 1, 0, 0, 0, 4, 2, 1, 1, 0)...)
	return append(b, nutPacket(nutStream, stream)...)
}

func nutFrameBytes(pts uint64, payload []byte) []byte {
	h := append([]byte{0}, vs(pts, uint64(len(payload)))...)
	h = binary.BigEndian.AppendUint32(h, nutCRC(0, h))
	return append(h, payload...)
}

func TestNUTCodedTimes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := nutHead(90000)
		var want []int64
		last := int64(0)
		for range rapid.IntRange(0, 20).Draw(t, "n") {
			if rapid.Bool().Draw(t, "sync") {
				last = rapid.Int64Range(0, 1<<40).Draw(t, "syncpoint")
				b = append(b, nutPacket(nutSyncpoint, vs(uint64(last), 0))...)
			}
			if rapid.Bool().Draw(t, "short") { // low bits, near the last PTS
				pts := max(0, last+rapid.Int64Range(-63, 64).Draw(t, "step"))
				b = append(b, nutFrameBytes(uint64(pts)&127, make([]byte, 8))...)
				last = pts
			} else {
				last = rapid.Int64Range(0, 1<<50).Draw(t, "pts")
				b = append(b, nutFrameBytes(uint64(last)+128, make([]byte, 8))...)
			}
			want = append(want, last)
		}
		_, pts, _, err := readNUT(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, pts); d != "" {
			t.Fatal(d)
		}
	})
}

func TestNUTRefusesHugeSizes(t *testing.T) {
	h := append([]byte{0}, vs(0, 1<<40)...)
	h = binary.BigEndian.AppendUint32(h, nutCRC(0, h))
	if _, _, _, err := readNUT(bytes.NewReader(append(nutHead(25), h...))); !errors.Is(err, errNUT) {
		t.Errorf("frame: %v", err)
	}
	p := binary.BigEndian.AppendUint64(nutHead(25), nutInfo)
	p = append(p, vBytes(1<<40)...)
	if _, _, _, err := readNUT(bytes.NewReader(append(p, make([]byte, 100)...))); !errors.Is(err, errNUT) {
		t.Errorf("packet: %v", err)
	}
}

func TestVariableLengthValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Uint64Range(0, math.MaxInt64).Draw(t, "x")
		b := &body{b: vBytes(x)}
		if got := b.v(); got != x || b.bad || len(b.b) != 0 {
			t.Fatalf("%d read as %d", x, got)
		}
	})
	for i, want := range []int64{0, 1, -1, 2, -2, 3} {
		if got := unfold(uint64(i)); got != want {
			t.Errorf("s(%d) = %d, wanted %d", i, got, want)
		}
	}
}

func FuzzNUTReader(f *testing.F) {
	b, err := os.ReadFile(filepath.Join("testdata", "tiny.nut"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(append(nutHead(25), nutFrameBytes(128, make([]byte, 8))...))
	f.Add(append(append(nutHead(3), nutPacket(nutSyncpoint, vs(7, 0))...), nutFrameBytes(5, make([]byte, 8))...))
	f.Add([]byte(nutMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, pts, pics, err := readNUT(bytes.NewReader(b))
		if err != nil {
			return
		}
		total := 0
		for i := range pics {
			if pts[i] < 0 {
				t.Fatalf("PTS %d", pts[i])
			}
			total += len(pics[i])
		}
		// What a frame leaves out is at most maxElide bytes a byte of header.
		if total > len(b)*(nutMaxElide+1) || h.W <= 0 || h.H <= 0 {
			t.Fatalf("%d bytes of pictures out of %d", total, len(b))
		}
	})
}
