package media

import (
	"fmt"
	"math"
	"strconv"

	"posteriori/engine/wire"
)

// How timestamps that jump are mended; see the package doc.
const (
	jumpUS   = 500_000 // a step back by more is a jump
	bridgeUS = 40_000  // the distance put in place of a jump
)

// counted's unit: any time base does, as PTS are numbers of pictures.
var countedUnit = wire.Rational{Num: 1, Den: 1000}

// unit is the time base in which PTS travel through ffmpeg.
func unit(p *wire.Probe) wire.Rational {
	if p.Counted {
		return countedUnit
	}
	return p.TimeBase
}

// timeFilter gives every picture its media time in ticks: PTS less FirstPTS,
// mended where PTS are missing or step back. [mender] is the same in Go.
//
// Registers: 0 offset, 1 last PTS in, 2 last PTS out, 3 PTS, 4 not the first.
func timeFilter(p *wire.Probe) string {
	if p.Counted {
		return "settb=1/1000,setpts=N"
	}
	c := NewClock(p)
	jump, bridge := c.ticks(jumpUS), c.ticks(bridgeUS)
	return fmt.Sprintf("setpts='st(3,if(isnan(PTS),if(ld(4),ld(1)+%[2]d,%[3]d),PTS));"+
		"st(0,if(ld(4),if(lt(ld(3),ld(1)-%[1]d),ld(2)+%[2]d-ld(3),ld(0)),-(%[3]d)));"+
		"st(2,if(ld(4),max(ld(3)+ld(0),ld(2)+1),max(ld(3)+ld(0),0)));st(1,ld(3));st(4,1);ld(2)'",
		jump, bridge, p.FirstPTS)
}

// mender gives presentation-ordered PTS the media time that timeFilter gives
// them, plus first.
type mender struct {
	first, jump, bridge int64
	off, in, out        int64
	began               bool
	jumps               int64
}

func newMender(first int64, tb wire.Rational) *mender {
	c := Clock{TB: tb}
	return &mender{first: first, jump: c.ticks(jumpUS), bridge: c.ticks(bridgeUS)}
}

func (m *mender) next(pts int64) int64 {
	switch {
	case !m.began:
		m.off = -m.first
		m.out = max(pts+m.off, 0)
	case pts < m.in-m.jump:
		m.jumps++
		m.off = m.out + m.bridge - pts
		m.out += m.bridge
	default:
		m.out = max(pts+m.off, m.out+1)
	}
	m.in, m.began = pts, true
	return m.out + m.first
}

// picker chooses the pictures to have at full size: the first of every cell
// of a grid of FullUS over media time. The grid does not depend on where
// decoding began, so that chunks agree where they overlap.
type picker struct {
	k    float64 // cells per tick
	from float64 // media ticks
	prev float64
}

func newPicker(p *wire.Probe, o *DecodeOptions) *picker {
	tb := p.TimeBase
	return &picker{
		k:    float64(tb.Num) * 1e6 / float64(tb.Den) / float64(o.FullUS),
		from: float64(max(o.FromPTS-p.FirstPTS, 0)),
		prev: math.NaN(),
	}
}

// expr is the select filter's expression for the same choice.
func (k *picker) expr() string {
	f := func(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
	return fmt.Sprintf("gte(pts,%[1]s)*(isnan(prev_pts)+lt(prev_pts,%[1]s)+gt(floor(pts*%[2]s),floor(prev_pts*%[2]s)))",
		f(k.from), f(k.k))
}

// next tells whether the picture at t media ticks is chosen; to be called for
// every picture in order.
func (k *picker) next(t int64) bool {
	x, prev := float64(t), k.prev
	k.prev = x
	if x < k.from {
		return false
	}
	return math.IsNaN(prev) || prev < k.from || math.Floor(x*k.k) > math.Floor(prev*k.k)
}

const (
	// asIs keeps swscale from stretching limited luma to full range: motion
	// needs differences, whatever the range.
	asIs = "in_range=pc:out_range=pc"
	// limited brings what says it is full range (photographs, some cameras) to
	// the limited range that all who look at colours expect, and leaves the
	// rest alone.
	limited = "out_range=tv"
)

// fewer leaves every second line out, again and again, as long as the plane
// has fewer: reading all of a large picture's luma is what scaling it costs.
// Of interlaced pictures one field is left.
func fewer(lines, plane int) (filters string) {
	for ; lines >= 2*plane; lines = (lines + 1) / 2 {
		filters += "field=top,"
	}
	return filters
}

// graph is the filter graph of a decode: output [s] carries every picture,
// output [f] (when FullUS > 0) the chosen ones at full size. With onCard the
// pictures come in the card's memory, are scaled and brought to 8-bit 4:2:0
// there, and only then fetched.
func graph(p *wire.Probe, o *DecodeOptions, skipping, onCard bool) string {
	head := fmt.Sprintf("[0:%d]%s", p.Stream, timeFilter(p))
	full := fmt.Sprintf("scale=%d:%d:flags=bilinear", o.FullW, o.FullH)
	if !p.Plain { // with a range, scale copies even what has it already
		full += ":" + limited
	}
	full += ",format=yuv420p"
	if c := o.Crop; c.Dx() < o.FullW || c.Dy() < o.FullH {
		full += fmt.Sprintf(",crop=%d:%d:%d:%d:exact=1", c.Dx(), c.Dy(), c.Min.X, c.Min.Y)
	}
	small := fmt.Sprintf("scale=%d:%d:flags=fast_bilinear:%s,format=gray", o.PlaneW, o.PlaneH, asIs)
	if !o.AllFull {
		small = fewer(p.Height, o.PlaneH) + small
	}
	if onCard {
		full = "scale_cuda=format=yuv420p,hwdownload,format=yuv420p," + full
		small = fmt.Sprintf("scale_cuda=%d:%d:interp_algo=bilinear:format=yuv420p,hwdownload,format=yuv420p,extractplanes=y", o.PlaneW, o.PlaneH)
	}
	switch {
	case o.AllFull && skipping:
		// One in 25 of the unwanted pictures passes, to show life.
		return fmt.Sprintf("%s,select='gte(pts,%d)+not(mod(n,25))',%s[s]", head, max(o.FromPTS-p.FirstPTS, 0), full)
	case o.AllFull:
		return head + "," + full + "[s]"
	case o.FullUS == 0:
		return head + "," + small + "[s]"
	}
	return fmt.Sprintf("%s,split[a][b];[a]%s[s];[b]select='%s',%s[f]", head, small, newPicker(p, o).expr(), full)
}
