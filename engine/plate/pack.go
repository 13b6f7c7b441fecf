package plate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"posteriori/engine/scene"
)

// ErrPacked is wrapped by every error about bytes that Pack did not write.
var ErrPacked = errors.New("packed plate reads are damaged")

// format is the first byte of packed reads.
const format = 0x41

// Pack writes a lattice as bytes: its reads, as they were. The votes follow
// from them, so that pieces of a track are joined by putting their reads
// together, and a later version may count votes otherwise without losing what
// was seen. The empty lattice is no bytes.
func Pack(l Lattice) []byte {
	if len(l.Reads) == 0 {
		return nil
	}
	out := binary.AppendUvarint([]byte{format}, uint64(len(l.Reads)))
	last := int64(0)
	for _, r := range l.Reads {
		out = binary.AppendVarint(out, r.TUS-last)
		last = r.TUS
		for _, v := range [4]float64{r.Box.X, r.Box.Y, r.Box.W, r.Box.H} {
			out = binary.AppendVarint(out, int64(math.Round(v*8)))
		}
		out = append(out, byte(math.Round(r.Found*unit)), byte(len(r.Chars)))
		for _, c := range r.Chars {
			out = appendChar(out, c)
		}
	}
	return out
}

// appendChar writes the number of symbols that have a share, then each with it.
func appendChar(out []byte, c Char) []byte {
	at := len(out)
	out = append(out, 0)
	for i, v := range c {
		if q := byte(math.Round(v * unit)); q > 0 {
			out = append(out, byte(i), q)
			out[at]++
		}
	}
	return out
}

// Unpack reads what [Pack] wrote and fuses it. Any other bytes are an error
// that wraps [ErrPacked]; memory stays within a small multiple of [MaxReads].
func Unpack(data []byte) (Lattice, error) {
	reads, err := UnpackReads(data)
	if err != nil {
		return Lattice{}, err
	}
	return Fuse(reads), nil
}

// UnpackReads is Unpack without the votes, for joining pieces of a track.
func UnpackReads(data []byte) ([]Read, error) {
	if len(data) == 0 {
		return nil, nil
	}
	u := unpacker{buf: data}
	if u.byte() != format {
		return nil, fmt.Errorf("%w: unknown format", ErrPacked)
	}
	n := u.uvarint()
	if n == 0 || n > MaxReads {
		return nil, fmt.Errorf("%w: %d reads", ErrPacked, n)
	}
	reads := make([]Read, 0, n)
	last := int64(0)
	for range n {
		r := u.read(last)
		if u.bad {
			return nil, fmt.Errorf("%w: cut short or out of range", ErrPacked)
		}
		last = r.TUS
		reads = append(reads, r)
	}
	if len(u.buf) > 0 {
		return nil, fmt.Errorf("%w: more than was announced", ErrPacked)
	}
	return reads, nil
}

// unpacker takes values off a slice; bad once anything did not fit.
type unpacker struct {
	buf []byte
	bad bool
}

func (u *unpacker) fail() {
	u.buf, u.bad = nil, true
}

func (u *unpacker) byte() byte {
	if len(u.buf) == 0 {
		u.fail()
		return 0
	}
	b := u.buf[0]
	u.buf = u.buf[1:]
	return b
}

func (u *unpacker) uvarint() uint64 {
	v, n := binary.Uvarint(u.buf)
	if n <= 0 {
		u.fail()
		return 0
	}
	u.buf = u.buf[n:]
	return v
}

func (u *unpacker) varint() int64 {
	v, n := binary.Varint(u.buf)
	if n <= 0 {
		u.fail()
		return 0
	}
	u.buf = u.buf[n:]
	return v
}

// maxUS bounds times, ±18,000 years, so that differences fit.
const maxUS = 1 << 59

func (u *unpacker) read(last int64) Read {
	d := u.varint()
	if d > 2*maxUS || d < -2*maxUS || last+d > maxUS || last+d < -maxUS {
		u.fail()
		return Read{}
	}
	r := Read{TUS: last + d}
	var box [4]float64
	for k := range box {
		v := u.varint()
		if v > maxEighth || v < -maxEighth || k >= 2 && v < 0 {
			u.fail()
		}
		box[k] = float64(v) / 8
	}
	r.Box = scene.Box{X: box[0], Y: box[1], W: box[2], H: box[3]}
	r.Found = float64(u.byte()) / unit
	n := int(u.byte())
	if n == 0 || n > MaxLength {
		u.fail()
	}
	for range n {
		if u.bad {
			return Read{}
		}
		r.Chars = append(r.Chars, u.char())
	}
	return r
}

func (u *unpacker) char() Char {
	var c Char
	last := -1
	for range u.byte() {
		i, q := int(u.byte()), u.byte()
		if i <= last || i >= Symbols || q == 0 {
			u.fail()
			return c
		}
		c[i], last = float64(q)/unit, i
	}
	return c
}
