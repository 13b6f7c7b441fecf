package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
)

// carrier is a way in which recordings come, with how a small one is made.
type carrier struct {
	ext  string
	args []string // of ffmpeg, after its input
}

// Pictures of 176×144 in small groups, as small recorders make them; size and rate
// where a codec has its own.
var carriers = []carrier{
	{"mp4", []string{"-c:v", "libx264", "-preset", "ultrafast", "-g", "12"}},
	{"frag.mp4", []string{"-c:v", "libx264", "-preset", "ultrafast", "-g", "12", "-movflags", "frag_keyframe+empty_moov", "-f", "mp4"}},
	{"mov", []string{"-c:v", "mjpeg"}},
	{"mkv", []string{"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:keyint=12"}},
	{"webm", []string{"-c:v", "libvpx", "-deadline", "realtime", "-g", "12"}},
	{"vp9.webm", []string{"-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "12"}},
	{"avi", []string{"-c:v", "mpeg4", "-g", "12"}},
	{"mjpeg.avi", []string{"-c:v", "mjpeg"}},
	{"ts", []string{"-c:v", "libx264", "-preset", "ultrafast", "-g", "12", "-f", "mpegts"}},
	{"mpg", []string{"-c:v", "mpeg2video", "-g", "12", "-f", "vob"}},
	{"flv", []string{"-c:v", "flv", "-g", "12"}},
	{"wmv", []string{"-c:v", "wmv2", "-g", "12"}},
	{"3gp", []string{"-c:v", "h263", "-s", "176x144"}},
	{"h264", []string{"-c:v", "libx264", "-preset", "ultrafast", "-g", "12", "-f", "h264"}},
	{"hevc", []string{"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:keyint=12", "-f", "hevc"}},
	{"mjpeg", []string{"-c:v", "mjpeg", "-f", "mjpeg"}},
	{"m4v", []string{"-c:v", "mpeg4", "-g", "12", "-f", "m4v"}},
	{"nut", []string{"-c:v", "ffv1"}},
	{"mxf", []string{"-c:v", "mpeg2video", "-g", "12", "-f", "mxf"}},
	{"ogv", []string{"-c:v", "libtheora", "-g", "12"}},
	{"jpg", []string{"-frames:v", "1"}},
	{"png", []string{"-frames:v", "1"}},
}

// base is an unharmed file.
type base struct {
	ext  string
	data []byte
}

// makeBases makes a file of each carrier that this FFmpeg can write.
func makeBases(ctx context.Context, dir string) (out []base, lacks []string, err error) {
	for _, c := range carriers {
		path := filepath.Join(dir, "base."+c.ext)
		args := append([]string{"-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=s=176x144:r=25:d=1", "-pix_fmt", pixels(c)}, c.args...)
		if err := exec.CommandContext(ctx, "ffmpeg", append(args, path)...).Run(); err != nil {
			lacks = append(lacks, c.ext)
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, nil, err
		}
		out = append(out, base{c.ext, data})
	}
	if len(out) < 10 {
		err = fmt.Errorf("only %d kinds of file could be made", len(out))
	}
	return out, lacks, err
}

func pixels(c carrier) string {
	for _, a := range c.args {
		if a == "mjpeg" {
			return "yuvj420p"
		}
	}
	switch c.ext {
	case "jpg":
		return "yuvj420p"
	case "png":
		return "rgb24"
	}
	return "yuv420p"
}

// mutation harms a file. Its name is how.
type mutation struct {
	name string
	do   func(r *rand.Rand, list []base, b base) base
}

// mutations are the ways of the issue: bits flipped, files cut, heads and tails
// put together, giant sizes, lengths without end, packets by the million, sound
// that unpacks to hours, nesting without end.
var mutations = []mutation{
	{"bits flipped", func(r *rand.Rand, _ []base, b base) base {
		for range 1 + r.IntN(1<<(1+r.IntN(9))) {
			b.data[r.IntN(len(b.data))] ^= 1 << r.IntN(8)
		}
		return b
	}},
	{"head flipped", func(r *rand.Rand, _ []base, b base) base {
		for range 1 + r.IntN(24) {
			b.data[r.IntN(min(len(b.data), 2000))] ^= 1 << r.IntN(8)
		}
		return b
	}},
	{"cut", func(r *rand.Rand, _ []base, b base) base {
		b.data = b.data[:1+r.IntN(len(b.data)-1)]
		return b
	}},
	{"hole", func(r *rand.Rand, _ []base, b base) base {
		from := r.IntN(len(b.data))
		clear(b.data[from:min(len(b.data), from+1+r.IntN(len(b.data)/2))])
		return b
	}},
	{"spliced", func(r *rand.Rand, list []base, b base) base {
		o := list[r.IntN(len(list))]
		head := b.data[:1+r.IntN(len(b.data)-1)]
		b.data = append(bytes.Clone(head), o.data[r.IntN(len(o.data)):]...)
		return b
	}},
	{"doubled", func(r *rand.Rand, _ []base, b base) base {
		at := r.IntN(len(b.data))
		n := min(len(b.data)-at, 1+r.IntN(4000))
		piece := bytes.Repeat(bytes.Clone(b.data[at:at+n]), 1+r.IntN(200))
		b.data = append(b.data[:at:at], append(piece, b.data[at:]...)...)
		return b
	}},
	{"giant", func(r *rand.Rand, _ []base, b base) base { // sizes of pictures, as containers write them
		for _, size := range [][]byte{{0, 176, 0, 144}, {176, 0, 144, 0}, {176, 0, 0, 0, 144, 0, 0, 0}, {0, 0, 0, 176, 0, 0, 0, 144}, {0xb0, 0x81, 176, 0xba, 0x81, 144}} {
			for at := 0; ; {
				i := bytes.Index(b.data[at:], size)
				if i < 0 {
					break
				}
				for k := range size {
					if size[k] != 0xb0 && size[k] != 0xba && size[k] != 0x81 || len(size) != 6 {
						b.data[at+i+k] = byte(r.IntN(256))
					}
				}
				at += i + len(size)
			}
		}
		return mutateNumbers(r, b, 2, 300)
	}},
	{"endless", func(r *rand.Rand, _ []base, b base) base { return mutateNumbers(r, b, 1+r.IntN(40), len(b.data)) }},
	{"packets by the million", func(r *rand.Rand, _ []base, b base) base { return manyPackets(r, b) }},
	{"sound of days", func(r *rand.Rand, _ []base, b base) base { return longSound(r, b) }},
	{"nested", func(r *rand.Rand, _ []base, b base) base { return nested(r, b) }},
	{"noise", func(r *rand.Rand, _ []base, b base) base {
		head := min(len(b.data), 16+r.IntN(200))
		for i := head; i < len(b.data); i++ {
			b.data[i] = byte(r.Uint32())
		}
		return b
	}},
}

// mutateNumbers puts extreme numbers over n places among the first so many bytes.
func mutateNumbers(r *rand.Rand, b base, n, among int) base {
	extreme := []uint64{0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffe, 1 << 40, 1<<63 - 1, 1 << 63, 1<<64 - 1}
	for range n {
		width := []int{1, 2, 4, 8}[r.IntN(4)]
		at := r.IntN(max(1, min(among, len(b.data))-width))
		var buf [8]byte
		v := extreme[r.IntN(len(extreme))]
		if r.IntN(2) == 0 {
			binary.BigEndian.PutUint64(buf[:], v<<(64-8*width))
		} else {
			binary.LittleEndian.PutUint64(buf[:], v)
		}
		copy(b.data[at:], buf[:width])
	}
	return b
}

// manyPackets is an AVI whose film is a million chunks of nought or one byte, an
// MPEG transport stream of empty packets, or an H.264 stream of empty units.
func manyPackets(r *rand.Rand, b base) base {
	n := 200_000 + r.IntN(800_000)
	switch b.ext {
	case "avi", "mjpeg.avi":
		at := bytes.Index(b.data, []byte("movi"))
		if at < 0 {
			return b
		}
		chunk := []byte{'0', '0', 'd', 'c', 0, 0, 0, 0}
		if r.IntN(2) == 0 {
			chunk = []byte{'0', '0', 'd', 'c', 1, 0, 0, 0, 0, 0}
		}
		b.data = append(bytes.Clone(b.data[:at+4]), bytes.Repeat(chunk, n)...)
	case "ts":
		b.data = append(b.data, bytes.Repeat(append([]byte{0x47, 0x41, 0x00, 0x10}, make([]byte, 184)...), n/10)...)
	case "mkv", "webm", "vp9.webm": // blocks of one byte at the end
		b.data = append(b.data, bytes.Repeat([]byte{0xa3, 0x85, 0x81, 0, 1, 0x80, 0}, n)...)
	case "mp4", "mov", "3gp", "frag.mp4":
		b.data = append(b.data, bytes.Repeat([]byte{0, 0, 0, 8, 'f', 'r', 'e', 'e'}, n)...)
	default:
		b = base{"h264", append(bytes.Clone(b.data[:min(len(b.data), 200)]), bytes.Repeat([]byte{0, 0, 1, byte(r.IntN(32))}, n)...)}
	}
	return b
}

// longSound is a WAV in an AVI's clothes, or a chunk of sound, that says it lasts
// for days: a compressed silence.
func longSound(r *rand.Rand, b base) base {
	if at := bytes.Index(b.data, []byte("movi")); at > 0 {
		b.data = append(b.data[:at+4:at+4], bytes.Repeat(append([]byte{'0', '1', 'w', 'b', 0xff, 0xff, 0xff, 0x7f}, make([]byte, 64)...), 1+r.IntN(5000))...)
		return b
	}
	// FLAC's smallest frames, of constant silence: two kilobytes a minute of sound.
	head := append([]byte("fLaC"), 0x80, 0, 0, 34, 0x10, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0x0a, 0xc4, 0x42, 0xff, 0xff, 0xff, 0xff, 0xff)
	return base{"flac." + b.ext, append(append(head, make([]byte, 16)...), bytes.Repeat([]byte{0xff, 0xf8, 0xc9, 0x08, 0, 0, 0, 0}, 10_000+r.IntN(100_000))...)}
}

// nested is boxes in boxes, or elements in elements, without end.
func nested(r *rand.Rand, b base) base {
	depth := 1000 + r.IntN(100_000)
	var out bytes.Buffer
	switch b.ext {
	case "mkv", "webm", "vp9.webm":
		out.Write(b.data[:min(len(b.data), 64)])
		ids := [][]byte{{0x18, 0x53, 0x80, 0x67}, {0x1f, 0x43, 0xb6, 0x75}, {0xa0}, {0x12, 0x54, 0xc3, 0x67}, {0x73, 0x73}, {0x67, 0xc8}}
		id := ids[r.IntN(len(ids))]
		for range depth {
			out.Write(id)
			out.Write([]byte{0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}) // a length not known
		}
	default:
		kinds := []string{"moov", "trak", "mdia", "minf", "stbl", "udta", "meta", "moof", "traf", "LIST", "edts"}
		kind := kinds[r.IntN(len(kinds))]
		out.Write(b.data[:min(len(b.data), 32)])
		for i := range depth {
			var size [4]byte
			binary.BigEndian.PutUint32(size[:], uint32(8*(depth-i)))
			if kind == "LIST" {
				binary.LittleEndian.PutUint32(size[:], uint32(12*(depth-i)))
				out.WriteString(kind)
				out.Write(size[:])
				out.WriteString("hdrl")
				continue
			}
			out.Write(size[:])
			out.WriteString(kind)
		}
	}
	b.data = append(out.Bytes(), b.data...)
	return b
}

// mutated is hostile file number n: the same at each call.
func mutated(list []base, n int) (b base, how string) {
	r := rand.New(rand.NewPCG(uint64(n), 42))
	m := mutations[n%len(mutations)]
	b = list[n/len(mutations)%len(list)]
	b.data = bytes.Clone(b.data)
	b = m.do(r, list, b)
	if len(b.data) == 0 {
		b.data = []byte{0}
	}
	return b, m.name
}
