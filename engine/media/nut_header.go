package media

import (
	"errors"
	"fmt"
	"io"

	"posteriori/engine/wire"
)

// NUT as written by ffmpeg for one raw video stream, after "NUT Open Container
// Format 20080310" (M. Niedermayer and others, https://ffmpeg.org/~michael/nut.txt).
// Names in capitals are the specification's.

const (
	nutMagic = "nut/multimedia container\x00" // file_id_string

	nutMain      = 0x4E4D7A561F5F04AD
	nutStream    = 0x4E5311405BF2F9DB
	nutSyncpoint = 0x4E4BE4ADEECA4569
	nutIndex     = 0x4E58DD672F23E64E
	nutInfo      = 0x4E49AB68B596BA78
)

// Bounds on a hostile or broken stream.
const (
	nutMaxHeader = 1 << 20
	nutMaxFrame  = 512 << 20
	nutMaxElide  = 256
)

// frame_flags.
const (
	flagEOR       = 1 << 1
	flagCodedPTS  = 1 << 3
	flagStreamID  = 1 << 4
	flagSizeMSB   = 1 << 5
	flagChecksum  = 1 << 6
	flagReserved  = 1 << 7
	flagSideData  = 1 << 8
	flagHeaderIdx = 1 << 10
	flagMatchTime = 1 << 11
	flagCoded     = 1 << 12
	flagInvalid   = 1 << 13
)

// errNUT is wrapped by every error of a malformed stream.
var errNUT = errors.New("malformed NUT stream")

func nutErr(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errNUT, fmt.Sprintf(format, args...))
}

// NUTHeader is what the headers of a stream say.
type NUTHeader struct {
	TimeBase wire.Rational
	W, H     int
	FourCC   string // of raw video: "Y800" is grey, "I420" planar 4:2:0
}

// frameCode is one row of the main header's table.
type frameCode struct {
	flags            uint64
	stream           uint64
	sizeMul, sizeLSB uint64
	ptsDelta         int64
	reserved         uint64
	headerIdx        uint64
}

type nutTables struct {
	codes     [256]frameCode
	timeBases []wire.Rational
	elision   [][]byte // [0] is empty
	streams   uint64
}

// body reads the fields of one packet already in memory. After a failed read
// every later one gives 0; err is checked once.
type body struct {
	b   []byte
	bad bool
}

// v is the specification's variable-length unsigned value.
func (b *body) v() uint64 {
	var x uint64
	for i, c := range b.b {
		if i == 9 {
			break
		}
		x = x<<7 | uint64(c&0x7F)
		if c&0x80 == 0 {
			b.b = b.b[i+1:]
			return x
		}
	}
	b.bad, b.b = true, nil
	return 0
}

// s is the signed form: 0, 1, -1, 2, -2 … as 0, 1, 2, 3, 4.
func (b *body) s() int64 { return unfold(b.v()) }

func unfold(v uint64) int64 {
	v++
	if v&1 == 1 {
		return -int64(v >> 1)
	}
	return int64(v >> 1)
}

// vb is a length and that many bytes.
func (b *body) vb() []byte {
	n := b.v()
	if n > uint64(len(b.b)) {
		b.bad, b.b = true, nil
		return nil
	}
	x := b.b[:n]
	b.b = b.b[n:]
	return x
}

func (b *body) err(what string) error {
	if b.bad {
		return nutErr("%s is cut short", what)
	}
	return nil
}

// parseMain reads main_header.
func parseMain(p []byte) (*nutTables, error) {
	b := &body{b: p}
	if ver := b.v(); ver < 2 || ver > 4 {
		return nil, nutErr("version %d is not known", ver)
	} else if ver > 3 {
		b.v() // minor_version
	}
	t := &nutTables{streams: b.v()}
	if t.streams != 1 {
		return nil, nutErr("%d streams, wanted 1", t.streams)
	}
	b.v() // max_distance
	n := b.v()
	if n == 0 || n > 16 {
		return nil, nutErr("%d time bases", n)
	}
	for range n {
		tb := wire.Rational{Num: int64(b.v()), Den: int64(b.v())}
		if !b.bad && !validTimeBase(tb) {
			return nil, nutErr("time base %d/%d", tb.Num, tb.Den)
		}
		t.timeBases = append(t.timeBases, tb)
	}
	if err := t.parseCodes(b); err != nil {
		return nil, err
	}
	t.parseElision(b)
	if err := b.err("the main header"); err != nil {
		return nil, err
	}
	return t, nil
}

// parseCodes fills the table of frame codes; it is run-length coded.
func (t *nutTables) parseCodes(b *body) error {
	pts, mul, stream, head := int64(0), uint64(1), uint64(0), uint64(0)
	for i := 0; i < 256; {
		flags, fields := b.v(), b.v()
		if fields > 64 {
			return nutErr("%d fields in the table of frame codes", fields)
		}
		var size, reserved uint64
		if fields > 0 {
			pts = b.s()
		}
		if fields > 1 {
			mul = b.v()
		}
		if fields > 2 {
			stream = b.v()
		}
		if fields > 3 {
			size = b.v()
		}
		if fields > 4 {
			reserved = b.v()
		}
		count := mul - size
		if fields > 5 {
			count = b.v()
		}
		if fields > 6 {
			b.s() // match_time_delta
		}
		if fields > 7 {
			head = b.v()
		}
		for j := uint64(8); j < fields; j++ {
			b.v()
		}
		if b.bad {
			return b.err("the table of frame codes")
		}
		if count == 0 || count > 256 || mul > nutMaxFrame || size > nutMaxFrame {
			return nutErr("bad run in the table of frame codes")
		}
		for j := uint64(0); j < count && i < 256; i++ {
			if i == 'N' { // starts a startcode, never a frame
				t.codes[i].flags = flagInvalid
				continue
			}
			t.codes[i] = frameCode{flags: flags, stream: stream, sizeMul: mul, sizeLSB: size + j,
				ptsDelta: pts, reserved: reserved, headerIdx: head}
			j++
		}
	}
	return nil
}

// parseElision reads the headers that frames may leave out. A stream of
// version 2 has none.
func (t *nutTables) parseElision(b *body) {
	t.elision = [][]byte{nil}
	if len(b.b) == 0 {
		return
	}
	n := b.v()
	if n > 127 {
		b.bad = true
		return
	}
	for range n {
		h := b.vb()
		if len(h) > nutMaxElide {
			b.bad = true
			return
		}
		t.elision = append(t.elision, append([]byte(nil), h...))
	}
}

// nutStreamInfo is what stream_header adds.
type nutStreamInfo struct {
	head     NUTHeader
	msbShift uint
}

// parseStream reads stream_header of a video stream.
func (t *nutTables) parseStream(p []byte) (*nutStreamInfo, error) {
	b := &body{b: p}
	if id := b.v(); id != 0 {
		return nil, nutErr("stream %d in a file of one", id)
	}
	class := b.v()
	fourCC := string(b.vb())
	tb, shift := b.v(), b.v()
	b.v() // max_pts_distance
	b.v() // decode_delay
	b.v() // stream_flags
	b.vb()
	w, h := b.v(), b.v()
	if err := b.err("the stream header"); err != nil {
		return nil, err
	}
	switch {
	case class != 0:
		return nil, nutErr("stream of class %d is not video", class)
	case tb >= uint64(len(t.timeBases)):
		return nil, nutErr("time base %d is not there", tb)
	case shift >= 16:
		return nil, nutErr("msb_pts_shift %d", shift)
	case w == 0 || h == 0 || w > 1<<15 || h > 1<<15:
		return nil, nutErr("%d×%d pixels", w, h)
	case len(fourCC) > 4:
		return nil, nutErr("codec name of %d bytes", len(fourCC))
	}
	return &nutStreamInfo{NUTHeader{t.timeBases[tb], int(w), int(h), fourCC}, uint(shift)}, nil
}

// crcTable is for the CRC of section "packet_footer": polynomial 0x04C11DB7,
// most significant bit first, nothing inverted.
var crcTable = func() (t [256]uint32) {
	for i := range t {
		c := uint32(i) << 24
		for range 8 {
			if c&(1<<31) != 0 {
				c = c<<1 ^ 0x04C11DB7
			} else {
				c <<= 1
			}
		}
		t[i] = c
	}
	return t
}()

func nutCRC(c uint32, p []byte) uint32 {
	for _, b := range p {
		c = c<<8 ^ crcTable[byte(c>>24)^b]
	}
	return c
}

// unexpected turns the end of input in the middle of something into an error.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
