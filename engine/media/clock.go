package media

import (
	"math/bits"

	"posteriori/engine/wire"
)

// Clock turns PTS into µs of media time and back, exactly to the nearest.
type Clock struct {
	First int64 // the PTS of media time zero
	TB    wire.Rational
}

// NewClock is the clock of a probed recording.
func NewClock(p *wire.Probe) Clock { return Clock{First: p.FirstPTS, TB: p.TimeBase} }

// US is the media time of a PTS in µs, rounded to the nearest.
func (c Clock) US(pts int64) int64 { return mulDiv(pts-c.First, c.TB.Num*1e6, c.TB.Den) }

// PTS is the PTS nearest to a media time in µs.
func (c Clock) PTS(us int64) int64 { return c.First + mulDiv(us, c.TB.Den, c.TB.Num*1e6) }

// ticks is a length of time in ticks, one at least.
func (c Clock) ticks(us int64) int64 { return max(1, mulDiv(us, c.TB.Den, c.TB.Num*1e6)) }

// valid tells whether the time base is one to count with.
func validTimeBase(tb wire.Rational) bool {
	return tb.Num > 0 && tb.Den > 0 && tb.Num <= 1<<31 && tb.Den <= 1<<31
}

// mulDiv is a×b/c rounded to the nearest, half away from zero, by a 128-bit
// product; it saturates. b and c are positive.
func mulDiv(a, b, c int64) int64 {
	neg := a < 0
	u := uint64(a)
	if neg {
		u = -u
	}
	hi, lo := bits.Mul64(u, uint64(b))
	lo, carry := bits.Add64(lo, uint64(c)/2, 0)
	hi += carry
	const top = 1<<63 - 1
	q := uint64(top)
	if hi < uint64(c) {
		q, _ = bits.Div64(hi, lo, uint64(c))
		q = min(q, top)
	}
	if neg {
		return -int64(q)
	}
	return int64(q)
}

// roundedUp tells whether q is more than t×a/b, all of them positive.
func roundedUp(q, t, a, b int64) bool {
	qh, ql := bits.Mul64(uint64(q), uint64(b))
	th, tl := bits.Mul64(uint64(t), uint64(a))
	return qh > th || qh == th && ql > tl
}
