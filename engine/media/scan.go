package media

import (
	"fmt"
	"slices"

	"posteriori/engine/fault"
	"posteriori/engine/wire"
)

const maxPackets = 1 << 40

// scan gathers what the packets of a recording say, in one pass. It follows
// two readings at once: PTS as they are, and pictures counted; which one
// holds is known at the end only.
type scan struct {
	facts   *streamFacts
	timed   *reading
	counted *reading
	dts     distances // of decoding times, in file order
	orderer

	packets, keys, missing, corrupt int64
	end                             int64 // byte at which the last packet ends; 0: not known
	firstIsKey                      bool
}

func newScan(p *wire.Probe, st *streamFacts, chunkUS int64) *scan {
	rate := st.rate
	if !validTimeBase(rate) || rate.Num > rate.Den*1000 {
		rate = wire.Rational{Num: 25, Den: 1} // as FFmpeg assumes
	}
	s := &scan{
		facts:   st,
		timed:   newReading(p.TimeBase, chunkUS),
		counted: newReading(wire.Rational{Num: rate.Den, Den: rate.Num}, chunkUS),
	}
	s.orderer = newOrderer(p.TimeBase, func(q queued) error {
		if q.guess {
			s.timed.untimed++
			return nil
		}
		s.timed.add(q.pts, q.duration, q.key)
		return nil
	})
	return s
}

// packet takes the next packet in file order.
func (s *scan) packet(k *packet) error {
	if k.discard {
		return nil
	}
	if s.packets == 0 {
		s.firstIsKey = k.key
	}
	if s.packets++; s.packets > maxPackets {
		return fault.New(fault.BadInput, "the file never ends")
	}
	if k.key {
		s.keys++
	}
	if k.corrupt {
		s.corrupt++
	}
	s.end = max(s.end, k.pos+k.size)
	s.counted.add(s.packets-1, 1, k.key)
	if k.dts != noPTS && s.lastDTS != noPTS && k.dts > s.lastDTS {
		s.dts.add(k.dts - s.lastDTS)
	}
	if k.pts == noPTS {
		s.missing++
	}
	return s.order(k)
}

// endsEarly tells whether the last packet lies far before the end of so many
// bytes. What follows the packets in a file that is whole is an index, or sound.
func (s *scan) endsEarly(bytes int64) bool { return s.end > 0 && bytes-s.end > 16<<10+bytes/50 }

// finish completes p from what was gathered.
func (s *scan) finish(p *wire.Probe, msgs *messages) error {
	_ = s.drain(0) // the reading gives no errors
	if s.packets == 0 {
		return fault.New(fault.BadInput, "the file has a video track but not one picture in it").
			WithHint("the copy is incomplete or the recorder stopped at once; try another copy")
	}
	p.Packets, p.KeyFrames = s.packets, s.keys
	if p.Still {
		stillProbe(p) // Packets is what Probe looks at, then sets to 1
		return nil
	}
	r := s.timed
	// Where a container gives decoding times only, FFmpeg guesses the times
	// of reordered pictures, and guesses the first and last ones wrong.
	if p.Counted = s.missing*2 > s.packets || p.Format == "avi" && s.missing > 0; p.Counted {
		r = s.counted
		if d := s.dts.median(); d > 0 {
			r.tb = reduce(wire.Rational{Num: d * p.TimeBase.Num, Den: p.TimeBase.Den})
		}
		p.TimeBase = r.tb
	}
	r.finish(p, s.facts)
	if !p.Counted && r.m.jumps == 0 {
		p.Seekable = seekable(p)
	}
	s.warn(p, r, msgs)
	return nil
}

// stillProbe is the plan of a photograph: one picture, no time.
func stillProbe(p *wire.Probe) {
	p.KeyFrames, p.FirstPTS, p.DurationUS, p.FrameUS = 1, 0, 0, 0
	p.Chunks = []wire.Chunk{{EndPTS: endless, Packets: 1}}
}

// warn says what is odd about the recording, in words for its analyst.
func (s *scan) warn(p *wire.Probe, r *reading, msgs *messages) {
	say := func(format string, args ...any) { p.Warnings = append(p.Warnings, fmt.Sprintf(format, args...)) }
	rate := float64(p.TimeBase.Den) / float64(p.TimeBase.Num)
	switch {
	case slices.Contains(rawFormats, p.Format):
		if !p.Counted {
			rate = 1e6 / float64(max(p.FrameUS, 1))
		}
		say("the file has no timestamps: times are counted at %.4g pictures a second, as FFmpeg assumes or the stream claims", rate)
	case p.Counted:
		say("the file has no presentation times: they are counted at the container's %.4g pictures a second", rate)
	case s.missing > 0:
		say("%d of %d packets have no timestamp", s.missing, s.packets)
	}
	if p.Counted && s.dts.uneven() {
		say("the container skips pictures: counted times may be early by the pictures skipped")
	}
	if r.m.jumps > 0 && !p.Counted {
		say("timestamps jump back %d time(s): media time goes on from the last picture before each", r.m.jumps)
	}
	if r.nudged > 0 && !p.Counted {
		say("%d pictures have a timestamp not after the one before", r.nudged)
	}
	if s.corrupt > 0 {
		say("%d packets are marked corrupt", s.corrupt)
	}
	if !s.firstIsKey {
		say("the recording does not begin with a key frame: its first pictures may not be decoded")
	}
	if l, n := msgs.lines(); n > 0 {
		say("FFmpeg has %d complaint(s), the first: %s", n, stripPrefix(l[0]))
	}
}
