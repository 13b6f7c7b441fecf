package scene

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// ErrPacked is wrapped by every error about bytes that are not what the
// packing functions of this package write.
var ErrPacked = errors.New("packed data is damaged")

// The first byte of each packed form: its format, so that it can change.
const (
	pathFormat  = 0x11
	masksFormat = 0x21
	timesFormat = 0x31
)

const (
	pathScale = 8       // positions are stored in eighths of a pixel
	maxCoord  = 1 << 30 // eighths of a pixel: far beyond any picture
	minPoint  = 5       // bytes of the shortest packed point
	maxPathUS = 1 << 59 // microseconds: 18,000 years, so that differences fit
)

// PackPath writes a path as bytes: places rounded to an eighth of a pixel, as
// differences from the point before, zig-zag varints; times as differences of
// differences, so a constant frame rate costs one byte a point. Negative
// sizes are written as zero, and a point that is not later than the one
// before it, or further than 18,000 years from zero, is left out.
func PackPath(p Path) []byte {
	if len(p) == 0 {
		return nil
	}
	out := make([]byte, 0, 2+6*len(p))
	out = append(out, pathFormat)
	var prev [4]int64
	var prevT, prevDT int64
	first := true
	for _, q := range p {
		if !first && q.TUS <= prevT || q.TUS > maxPathUS || q.TUS < -maxPathUS {
			continue
		}
		dt := q.TUS - prevT
		out = binary.AppendUvarint(out, zigzag(dt-prevDT)<<1|bit(q.Interpolated))
		prevT, prevDT = q.TUS, dt
		if first {
			first, prevDT = false, 0
		}
		for k, v := range [4]int64{eighths(q.Box.X), eighths(q.Box.Y), max(0, eighths(q.Box.W)), max(0, eighths(q.Box.H))} {
			out = binary.AppendVarint(out, v-prev[k])
			prev[k] = v
		}
	}
	if first {
		return nil
	}
	return out
}

// UnpackPath reads what [PackPath] wrote. Any other bytes are an error that
// wraps [ErrPacked]. Memory stays within a small multiple of the input.
func UnpackPath(data []byte) (Path, error) {
	if len(data) == 0 {
		return nil, nil
	}
	r, err := newUnpacker(data, pathFormat)
	if err != nil {
		return nil, fmt.Errorf("path: %w", err)
	}
	p := make(Path, 0, len(r.buf)/minPoint)
	var at [4]int64
	var t, dt int64
	for len(r.buf) > 0 {
		u := r.uvarint()
		step := unzigzag(u >> 1)
		if len(p) == 0 {
			t = step
		} else {
			dt += step
			t += dt
			if dt <= 0 || t <= p[len(p)-1].TUS {
				return nil, fmt.Errorf("path: %w: time does not advance", ErrPacked)
			}
		}
		if t > maxPathUS || t < -maxPathUS {
			return nil, fmt.Errorf("path: %w: time out of range", ErrPacked)
		}
		for k := range at {
			at[k] += r.varint()
			if at[k] > maxCoord || at[k] < -maxCoord || k >= 2 && at[k] < 0 {
				return nil, fmt.Errorf("path: %w: place out of range", ErrPacked)
			}
		}
		if r.err != nil {
			return nil, fmt.Errorf("path: %w", r.err)
		}
		p = append(p, PathPoint{TUS: t, Interpolated: u&1 == 1, Box: Box{
			X: float64(at[0]) / pathScale, Y: float64(at[1]) / pathScale,
			W: float64(at[2]) / pathScale, H: float64(at[3]) / pathScale,
		}})
	}
	return p, nil
}

// eighths rounds pixels to stored units; what is no number becomes zero.
func eighths(v float64) int64 {
	if math.IsNaN(v) {
		return 0
	}
	return int64(math.Round(math.Max(-maxCoord, math.Min(maxCoord, v*pathScale))))
}

func zigzag(v int64) uint64   { return uint64(v<<1) ^ uint64(v>>63) }
func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// unpacker reads varints off a slice and keeps the first error.
type unpacker struct {
	buf []byte
	err error
}

func newUnpacker(data []byte, format byte) (*unpacker, error) {
	if data[0] != format {
		return nil, fmt.Errorf("%w: format byte %#02x, want %#02x", ErrPacked, data[0], format)
	}
	if len(data) == 1 {
		return nil, fmt.Errorf("%w: cut short", ErrPacked)
	}
	return &unpacker{buf: data[1:]}, nil
}

func (r *unpacker) uvarint() uint64 {
	v, n := binary.Uvarint(r.buf)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.buf = r.buf[n:]
	return v
}

func (r *unpacker) varint() int64 { return unzigzag(r.uvarint()) }

func (r *unpacker) bytes(n int) []byte {
	if n < 0 || n > len(r.buf) {
		r.fail()
		return nil
	}
	b := r.buf[:n]
	r.buf = r.buf[n:]
	return b
}

// fail empties the buffer, so that every loop over it ends.
func (r *unpacker) fail() {
	r.buf = nil
	if r.err == nil {
		r.err = fmt.Errorf("%w: cut short", ErrPacked)
	}
}
