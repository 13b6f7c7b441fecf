package scene

import (
	"encoding/binary"
	"fmt"
)

// How the bits of one mask are packed.
const (
	maskRaw  = 0 // rows padded to bytes, as in Mask.Bits
	maskRuns = 1 // lengths of runs of 0, 1, 0 … over all samples, row by row
)

const (
	maxMaskSide  = 4096      // samples; a motion plane is a tenth of that
	maxMaskBytes = 256 << 20 // unpacked bits of one track
	maxMaskPlace = 1 << 20
)

// PackMasks writes masks as bytes, each as runs or as raw bits, whichever is
// shorter. Bits that a mask lacks count as zero; masks without samples, or
// wider or higher than 4096, are left out.
func PackMasks(ms []Mask) []byte {
	var out []byte
	var prevT int64
	for _, m := range ms {
		if m.W <= 0 || m.H <= 0 || m.W > maxMaskSide || m.H > maxMaskSide {
			continue
		}
		if out == nil {
			out = append(out, masksFormat)
		}
		out = binary.AppendVarint(out, m.TUS-prevT)
		prevT = m.TUS
		for _, v := range [4]int{m.X, m.Y, m.W, m.H} {
			out = binary.AppendVarint(out, int64(v))
		}
		raw := tidyBits(m)
		kind, body := uint64(maskRuns), packRuns(raw, m.W, m.H)
		if len(body) >= len(raw) {
			kind, body = maskRaw, raw
		}
		out = binary.AppendUvarint(out, uint64(len(body))<<1|kind)
		out = append(out, body...)
	}
	return out
}

// tidyBits copies a mask's bits at their right length, padding cleared.
func tidyBits(m Mask) []byte {
	stride := (m.W + 7) / 8
	out := make([]byte, stride*m.H)
	copy(out, m.Bits)
	if pad := m.W % 8; pad != 0 {
		for y := range m.H {
			out[y*stride+stride-1] &= byte(0xFF) << (8 - pad)
		}
	}
	return out
}

func packRuns(bits []byte, w, h int) []byte {
	var out []byte
	stride := (w + 7) / 8
	var run uint64
	var cur byte
	for y := range h {
		row := bits[y*stride : (y+1)*stride]
		for x := range w {
			if v := row[x>>3] >> (7 - x&7) & 1; v != cur {
				out = binary.AppendUvarint(out, run)
				run, cur = 0, v
				if len(out) >= len(bits) {
					return out // raw is no longer: stop
				}
			}
			run++
		}
	}
	return binary.AppendUvarint(out, run)
}

// UnpackMasks reads what [PackMasks] wrote. Any other bytes, and masks that
// unpack to more than 256 MiB together, are an error that wraps [ErrPacked].
func UnpackMasks(data []byte) ([]Mask, error) {
	if len(data) == 0 {
		return nil, nil
	}
	r, err := newUnpacker(data, masksFormat)
	if err != nil {
		return nil, fmt.Errorf("masks: %w", err)
	}
	var out []Mask
	var t int64
	budget := maxMaskBytes
	for len(r.buf) > 0 {
		m, err := unpackMask(r, t, &budget)
		if err != nil {
			return nil, fmt.Errorf("masks: %w", err)
		}
		t = m.TUS
		out = append(out, m)
	}
	return out, nil
}

func unpackMask(r *unpacker, t int64, budget *int) (Mask, error) {
	m := Mask{TUS: t + r.varint()}
	var v [4]int64
	for k := range v {
		v[k] = r.varint()
	}
	head := r.uvarint()
	if r.err != nil {
		return m, r.err
	}
	for k, lim := range [4]int64{maxMaskPlace, maxMaskPlace, maxMaskSide, maxMaskSide} {
		if v[k] > lim || v[k] < -lim || k >= 2 && v[k] <= 0 {
			return m, fmt.Errorf("%w: mask of %d×%d at %d,%d", ErrPacked, v[2], v[3], v[0], v[1])
		}
	}
	m.X, m.Y, m.W, m.H = int(v[0]), int(v[1]), int(v[2]), int(v[3])
	size := (m.W + 7) / 8 * m.H
	if *budget -= size; *budget < 0 {
		return m, fmt.Errorf("%w: masks over %d MiB", ErrPacked, maxMaskBytes>>20)
	}
	body := r.bytes(int(min(head>>1, uint64(len(r.buf)+1))))
	if r.err != nil {
		return m, r.err
	}
	var err error
	if head&1 == maskRuns {
		m.Bits, err = unpackRuns(body, m.W, m.H)
	} else if len(body) != size {
		err = fmt.Errorf("%w: raw mask of %d bytes, want %d", ErrPacked, len(body), size)
	} else {
		m.Bits = append([]byte(nil), body...)
		m.Bits = tidyBits(m)
	}
	return m, err
}

func unpackRuns(body []byte, w, h int) ([]byte, error) {
	stride := (w + 7) / 8
	bits := make([]byte, stride*h)
	r := unpacker{buf: body}
	total, pos, set := uint64(w*h), uint64(0), false
	for len(r.buf) > 0 {
		n := r.uvarint()
		if n > total-pos {
			return nil, fmt.Errorf("%w: runs past the mask's end", ErrPacked)
		}
		if set {
			for i := pos; i < pos+n; i++ {
				x, y := int(i)%w, int(i)/w
				bits[y*stride+x>>3] |= 0x80 >> (x & 7)
			}
		}
		pos, set = pos+n, !set
	}
	if r.err != nil || pos != total {
		return nil, fmt.Errorf("%w: runs short of the mask's end", ErrPacked)
	}
	return bits, nil
}
