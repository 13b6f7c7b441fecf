package scene

import (
	"encoding/binary"
	"fmt"
)

const (
	stepBits  = 20      // fraction bits of a run's step
	phaseBits = 4       // fraction bits of a run's start
	maxRunUS  = 1 << 40 // a run longer than this (12 days) is cut, so that arithmetic fits
	maxTimes  = 1 << 23 // frames a packed list may hold: 93 hours at 25 a second
)

// PackTimes writes a list of times without loss, as runs of equal distance.
// Start and distance of a run are fractions of a microsecond, so 29.97 frames
// a second, whose rounded times are 33366 or 33367 apart, is still a run: a
// constant frame rate costs a few bytes whatever its length. Any order of
// times is kept.
func PackTimes(times []int64) []byte {
	if len(times) == 0 {
		return nil
	}
	out := []byte{timesFormat}
	var last int64
	for len(times) > 0 {
		n, step, phase := longestRun(times)
		out = binary.AppendVarint(out, times[0]-last)
		out = binary.AppendUvarint(out, uint64(n)<<phaseBits|uint64(phase))
		if n > 1 {
			out = binary.AppendVarint(out, step)
		}
		last = times[n-1]
		times = times[n:]
	}
	return out
}

// longestRun tries every phase and keeps the one that explains most times.
func longestRun(times []int64) (n int, step, phase int64) {
	for ph := range int64(1 << phaseBits) {
		if m, s := runAt(times, phaseOffset(ph)); m > n {
			n, step, phase = m, s, ph
		}
		if n == len(times) {
			break
		}
	}
	return n, step, phase
}

// phaseOffset is where within its microsecond a run starts: the middle of
// one of 16 equal parts.
func phaseOffset(phase int64) int64 {
	return (2*phase + 1) << (stepBits - phaseBits - 1)
}

// runAt finds how many leading times one step explains, and the step: the
// interval of steps that give each whole time is narrowed until empty.
func runAt(times []int64, offset int64) (n int, step int64) {
	lo, hi := int64(-1)<<62, int64(1)<<62
	n = 1
	for ; n < len(times); n++ {
		d, i := times[n]-times[0], int64(n)
		if d > maxRunUS || d < -maxRunUS {
			break
		}
		l := max(lo, ceilDiv(d<<stepBits-offset, i))
		h := min(hi, ceilDiv((d+1)<<stepBits-offset, i)-1)
		if l > h {
			break
		}
		lo, hi = l, h
	}
	if n == 1 {
		return 1, 0
	}
	return n, lo + (hi-lo)/2
}

// ceilDiv is a/b rounded up, for b > 0.
func ceilDiv(a, b int64) int64 {
	q := a / b
	if a%b > 0 {
		q++
	}
	return q
}

// UnpackTimes reads what [PackTimes] wrote. Any other bytes, and more than
// 8 million times, are an error that wraps [ErrPacked].
func UnpackTimes(data []byte) ([]int64, error) {
	if len(data) == 0 {
		return nil, nil
	}
	r, err := newUnpacker(data, timesFormat)
	if err != nil {
		return nil, fmt.Errorf("times: %w", err)
	}
	var out []int64
	var last int64
	for len(r.buf) > 0 {
		base := last + r.varint()
		head := r.uvarint()
		n, offset := head>>phaseBits, phaseOffset(int64(head&(1<<phaseBits-1)))
		var step int64
		if n > 1 {
			step = r.varint()
		}
		if r.err != nil {
			return nil, fmt.Errorf("times: %w", r.err)
		}
		if n == 0 || n > maxTimes-uint64(len(out)) {
			return nil, fmt.Errorf("times: %w: %d times in a run", ErrPacked, n)
		}
		for i := range int64(n) {
			out = append(out, base+(i*step+offset)>>stepBits)
		}
		last = out[len(out)-1]
	}
	return out, nil
}
