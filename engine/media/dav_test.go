package media

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"testing"
	"time"

	"posteriori/engine/wire"
)

// dhav writes a Dahua recording of H.264 pictures at 25 a second, as FFmpeg's
// demuxer (libavformat/dhav.c) understands the container: chunks "DHAV" with
// type, channel, number, length, date, clock in ms and extensions, each closed
// by "dhav" and its length. Times are a date in seconds and 16 bits of ms.
func dhav(units [][]byte, w, h int, start time.Time) []byte {
	var out []byte
	for i, u := range units {
		at := start.Add(time.Duration(i) * 40 * time.Millisecond)
		kind := byte(0xfc)
		if i%25 == 0 {
			kind = 0xfd // key frame
		}
		ext := []byte{0x80, 0, byte(w / 8), byte(h / 8), 0x81, 0, 0x02, 25}
		length := uint32(24 + len(ext) + len(u) + 8)
		chunk := append([]byte("DHAV"), kind, 0, 0, 0)
		chunk = binary.LittleEndian.AppendUint32(chunk, uint32(i))
		chunk = binary.LittleEndian.AppendUint32(chunk, length)
		chunk = binary.LittleEndian.AppendUint32(chunk, dhavDate(at))
		chunk = binary.LittleEndian.AppendUint16(chunk, uint16(i*40))
		chunk = append(chunk, byte(len(ext)), 0)
		chunk = append(append(chunk, ext...), u...)
		chunk = append(chunk, "dhav"...)
		out = append(out, binary.LittleEndian.AppendUint32(chunk, length)...)
	}
	return out
}

// dhavDate packs a date: six bits of seconds and minutes, five of hours and
// days, four of months, the years since 2000.
func dhavDate(t time.Time) uint32 {
	return uint32(t.Second() | t.Minute()<<6 | t.Hour()<<12 | t.Day()<<17 | int(t.Month())<<22 | (t.Year()-2000)<<26)
}

// accessUnits splits an H.264 byte stream at its access unit delimiters
// (H.264, 7.3.2.4).
func accessUnits(stream []byte) [][]byte {
	mark := []byte{0, 0, 0, 1, 9}
	var out [][]byte
	for len(stream) > 0 {
		next := bytes.Index(stream[1:], mark)
		if next < 0 {
			return append(out, stream)
		}
		out, stream = append(out, stream[:next+1]), stream[next+1:]
	}
	return out
}

// A Dahua recording gives all its pictures, in order, at their distance.
func TestDahua(t *testing.T) {
	raw := readFile(t, gen(t, "dahua.h264", append(lavfi("160x96", "25", "4"), "-c:v", "libx264", "-preset", "veryfast",
		"-g", "25", "-keyint_min", "25", "-sc_threshold", "0", "-bf", "0", "-bsf:v", "h264_metadata=aud=insert", "-f", "h264")...))
	units := accessUnits(raw)
	if len(units) != 100 {
		t.Fatalf("%d access units", len(units))
	}
	file := dhav(units, 160, 96, time.Date(2026, 3, 1, 14, 0, 0, 0, time.UTC))
	path := writeFile(t, "camera.dav", file)
	p, err := Probe(context.Background(), path, 300e6)
	if err != nil {
		t.Fatal(err)
	}
	if p.Format != "dhav" || p.Codec != "h264" || p.Width != 160 || p.Height != 96 || p.Packets != 100 {
		t.Errorf("%+v", p)
	}
	if d := p.DurationUS; d < 3_900_000 || d > 4_100_000 {
		t.Errorf("it lasts %d µs", d)
	}
	times := decodedTimes(t, path, p)
	if len(times) != 100 || times[0] != 0 {
		t.Fatalf("%d pictures, the first at %d", len(times), times[0])
	}
	for i := 1; i < len(times); i++ {
		if d := times[i] - times[i-1]; d < 39_000 || d > 41_000 {
			t.Fatalf("picture %d is %d µs after the one before", i, d)
		}
	}
	// Cut in the middle of a chunk, as a recorder that lost power leaves it.
	cut := writeFile(t, "cut.dav", file[:len(file)*3/5])
	q, err := Probe(context.Background(), cut, 300e6)
	if err != nil || q.Packets < 30 || q.Packets >= 100 {
		t.Errorf("cut: %v packets, %v", q.Packets, err)
	}
}

// decodedTimes are the media times of every picture that a decode gives.
func decodedTimes(t *testing.T, path string, p *wire.Probe) []int64 {
	t.Helper()
	d, err := Open(context.Background(), path, p, DecodeOptions{FromPTS: math.MinInt64, ToPTS: math.MaxInt64, PlaneW: 80, PlaneH: 48})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var out []int64
	for {
		f, err := d.Next()
		if err != nil {
			return out
		}
		out = append(out, f.TUS)
		f.Release()
	}
}
