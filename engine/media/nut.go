package media

import (
	"bufio"
	"encoding/binary"
	"io"
	"math"

	"posteriori/engine/wire"
)

// NUTReader reads frames of one raw video stream out of a NUT stream, as
// ffmpeg writes it to a pipe. It never seeks and holds one header at a time.
type NUTReader struct {
	r       *bufio.Reader
	head    NUTHeader
	tables  *nutTables
	shift   uint
	lastPTS int64
	scratch []byte // of the frame header, for its checksum
	next    nutFrame
	ready   bool // next is read, its payload is not
}

// nutFrame is a frame's header.
type nutFrame struct {
	pts    int64
	elided []byte // bytes of the payload that the stream leaves out
	size   int    // of the payload, elided bytes included
}

// NewNUTReader reads the headers, up to the first syncpoint or frame. A
// stream that ends before gives io.EOF when it is empty, else
// io.ErrUnexpectedEOF.
func NewNUTReader(r io.Reader) (*NUTReader, error) {
	n := &NUTReader{r: bufio.NewReaderSize(r, 64<<10)}
	magic := make([]byte, len(nutMagic))
	if _, err := io.ReadFull(n.r, magic); err != nil {
		return nil, err
	}
	if string(magic) != nutMagic {
		return nil, nutErr("no file_id_string at the start")
	}
	var info *nutStreamInfo
	for info == nil {
		code, err := n.startcode()
		if err != nil {
			return nil, unexpected(err)
		}
		p, err := n.packet(code)
		if err != nil {
			return nil, unexpected(err)
		}
		switch code {
		case nutMain:
			if n.tables, err = parseMain(p); err != nil {
				return nil, err
			}
		case nutStream:
			if n.tables == nil {
				return nil, nutErr("stream header before the main header")
			}
			if info, err = n.tables.parseStream(p); err != nil {
				return nil, err
			}
		}
	}
	n.head, n.shift = info.head, info.msbShift
	return n, nil
}

// Header is what the stream's headers said.
func (n *NUTReader) Header() NUTHeader { return n.head }

// Next reads up to the next frame's payload and gives its PTS, in
// Header().TimeBase, and its size in bytes. [NUTReader.Read] must follow, or
// the payload is skipped. io.EOF ends the stream.
func (n *NUTReader) Next() (pts int64, size int, err error) {
	if n.ready {
		if err := n.skip(); err != nil {
			return 0, 0, err
		}
	}
	for {
		c, err := n.r.ReadByte()
		if err != nil {
			return 0, 0, err
		}
		if c == 'N' {
			if err := n.r.UnreadByte(); err != nil {
				return 0, 0, err
			}
			if err := n.nonFrame(); err != nil {
				return 0, 0, unexpected(err)
			}
			continue
		}
		f, eor, err := n.frameHeader(c)
		if err != nil {
			return 0, 0, unexpected(err)
		}
		if eor {
			continue
		}
		n.next, n.ready = f, true
		return f.pts, f.size, nil
	}
}

// Read puts the payload of the frame that Next announced into buf, which must
// have its size exactly.
func (n *NUTReader) Read(buf []byte) error {
	if !n.ready || len(buf) != n.next.size {
		return nutErr("a frame of %d bytes read into %d", n.next.size, len(buf))
	}
	n.ready = false
	k := copy(buf, n.next.elided)
	_, err := io.ReadFull(n.r, buf[k:])
	return unexpected(err)
}

func (n *NUTReader) skip() error {
	n.ready = false
	_, err := n.r.Discard(n.next.size - len(n.next.elided))
	return unexpected(err)
}

func (n *NUTReader) startcode() (uint64, error) {
	var b [8]byte
	if _, err := io.ReadFull(n.r, b[:]); err != nil {
		return 0, err
	}
	code := binary.BigEndian.Uint64(b[:])
	switch code {
	case nutMain, nutStream, nutSyncpoint, nutIndex, nutInfo:
		return code, nil
	}
	return 0, nutErr("%x is no startcode", code)
}

// packet reads the rest of a packet after its startcode: packet_header,
// content, packet_footer. Both checksums are verified.
func (n *NUTReader) packet(code uint64) ([]byte, error) {
	head := binary.BigEndian.AppendUint64(n.scratch[:0], code)
	size, head, err := n.v(head)
	n.scratch = head[:0]
	if err != nil {
		return nil, err
	}
	if size > 4096 {
		var sum [4]byte
		if _, err := io.ReadFull(n.r, sum[:]); err != nil {
			return nil, err
		}
		if nutCRC(0, head) != binary.BigEndian.Uint32(sum[:]) {
			return nil, nutErr("checksum of a packet's header")
		}
	}
	if size < 4 || size > nutMaxHeader {
		return nil, nutErr("packet of %d bytes", size)
	}
	p := make([]byte, size)
	if _, err := io.ReadFull(n.r, p); err != nil {
		return nil, err
	}
	if nutCRC(0, p) != 0 { // over content and checksum, which makes it 0
		return nil, nutErr("checksum of a packet")
	}
	return p[:size-4], nil
}

// nonFrame reads a packet between frames. Repeated headers and the index say
// nothing new; a syncpoint sets the time that short PTS build upon.
func (n *NUTReader) nonFrame() error {
	code, err := n.startcode()
	if err != nil {
		return err
	}
	p, err := n.packet(code)
	if err != nil || code != nutSyncpoint {
		return err
	}
	b := &body{b: p}
	t := b.v()
	b.v() // back_ptr_div16
	if err := b.err("a syncpoint"); err != nil {
		return err
	}
	k := uint64(len(n.tables.timeBases))
	pts, ok := rescaleDown(int64(t/k), n.tables.timeBases[t%k], n.head.TimeBase)
	if !ok {
		return nutErr("a syncpoint's time is out of range")
	}
	n.lastPTS = pts
	return nil
}

// v reads one variable-length value off the stream and appends its bytes to raw.
func (n *NUTReader) v(raw []byte) (uint64, []byte, error) {
	var x uint64
	for range 9 {
		c, err := n.r.ReadByte()
		if err != nil {
			return 0, raw, err
		}
		raw = append(raw, c)
		x = x<<7 | uint64(c&0x7F)
		if c&0x80 == 0 {
			return x, raw, nil
		}
	}
	return 0, raw, nutErr("a value of over 9 bytes")
}

// frameHeader reads section "frame_header" after its frame_code.
func (n *NUTReader) frameHeader(code byte) (f nutFrame, eor bool, err error) {
	fc := &n.tables.codes[code]
	flags, raw := fc.flags, append(n.scratch[:0], code)
	defer func() { n.scratch = raw[:0] }()
	get := func(want uint64, old uint64) uint64 {
		if flags&want == 0 || err != nil {
			return old
		}
		var x uint64
		x, raw, err = n.v(raw)
		return x
	}
	flags ^= get(flagCoded, 0)
	stream := get(flagStreamID, fc.stream)
	if flags&flagCodedPTS != 0 {
		f.pts = n.fullPTS(get(flagCodedPTS, 0))
	} else {
		f.pts = n.lastPTS + fc.ptsDelta
	}
	msb := get(flagSizeMSB, 0)
	get(flagMatchTime, 0)
	idx := get(flagHeaderIdx, fc.headerIdx)
	reserved := get(flagReserved, fc.reserved)
	if err == nil && (flags&(flagInvalid|flagSideData) != 0 || stream != 0 || reserved > 64 || idx >= uint64(len(n.tables.elision))) {
		err = nutErr("bad frame header (code %d, flags %#x, stream %d)", code, flags, stream)
	}
	for ; reserved > 0 && err == nil; reserved-- {
		_, raw, err = n.v(raw)
	}
	if flags&flagChecksum != 0 && err == nil {
		var sum [4]byte
		if _, err = io.ReadFull(n.r, sum[:]); err == nil && nutCRC(0, raw) != binary.BigEndian.Uint32(sum[:]) {
			err = nutErr("checksum of a frame's header")
		}
	}
	if err != nil {
		return f, false, err
	}
	if msb > nutMaxFrame || fc.sizeLSB+msb*fc.sizeMul > nutMaxFrame {
		return f, false, nutErr("frame of over %d bytes", nutMaxFrame)
	}
	f.size = int(fc.sizeLSB + msb*fc.sizeMul)
	if f.size <= 4096 { // larger frames leave nothing out
		f.elided = n.tables.elision[idx]
	}
	if f.size < len(f.elided) {
		return f, false, nutErr("frame shorter than what it leaves out")
	}
	if f.pts < 0 {
		return f, false, nutErr("negative PTS")
	}
	n.lastPTS = f.pts
	return f, flags&flagEOR != 0, nil
}

// fullPTS undoes coded_pts: small values are the low bits of a PTS near the
// last one, others are the PTS plus 1<<msb_pts_shift.
func (n *NUTReader) fullPTS(coded uint64) int64 {
	if coded >= 1<<n.shift {
		return int64(coded - 1<<n.shift)
	}
	mask := int64(1)<<n.shift - 1
	delta := n.lastPTS - mask/2
	return (int64(coded)-delta)&mask + delta
}

// rescaleDown converts a time between time bases, rounding down.
func rescaleDown(t int64, from, to wire.Rational) (int64, bool) {
	a, b := from.Num*to.Den, from.Den*to.Num // each below 1<<62
	if t < 0 || a <= 0 || b <= 0 {
		return 0, false
	}
	q := mulDiv(t, a, b)
	// mulDiv rounds to the nearest: step down when it went up.
	if q == math.MaxInt64 {
		return 0, false
	}
	if roundedUp(q, t, a, b) {
		q--
	}
	return q, true
}
