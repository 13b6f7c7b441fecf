package analysis

import (
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// maxSide bounds the sides of a picture, and maxDurationUS a recording's length.
const (
	maxSide       = 1 << 15
	maxDurationUS = 1 << 53
)

// checkProbe refuses an account of a recording that does not hold together, and
// makes its texts fit to be shown: it comes from a worker that has read a hostile
// file, and all that follows counts by it. A brief one has no chunks.
func checkProbe(p *wire.Probe, brief bool) error {
	p.Format, p.Codec, p.Created = plain(p.Format), plain(p.Codec), plain(p.Created)
	for i, w := range p.Warnings {
		p.Warnings[i] = plain(w)
	}
	switch {
	case min(p.Width, p.Height) < 1 || max(p.Width, p.Height) > maxSide:
		return malformed("pictures of %d×%d", p.Width, p.Height)
	case p.TimeBase.Num < 1 || p.TimeBase.Den < 1:
		return malformed("a time base of %d/%d", p.TimeBase.Num, p.TimeBase.Den)
	case p.DurationUS < 0 || p.DurationUS > maxDurationUS || p.FrameUS < 0:
		return malformed("a recording of %d µs", p.DurationUS)
	case p.Rotation%90 != 0 || p.Rotation < 0 || p.Rotation >= 360:
		return malformed("a picture turned by %d°", p.Rotation)
	}
	for i, g := range p.Gaps {
		if g.Kind != scene.Gap && g.Kind != scene.Damaged || g.FromUS < 0 || g.ToUS < g.FromUS || g.ToUS > maxDurationUS {
			return malformed("a gap from %d to %d µs", g.FromUS, g.ToUS)
		}
		p.Gaps[i].Reason = plain(g.Reason)
	}
	if brief {
		p.Chunks = nil
		return nil
	}
	return checkChunks(p.Chunks, p.DurationUS)
}

// checkChunks wants chunks that tile [0, durationUS).
func checkChunks(list []wire.Chunk, durationUS int64) error {
	if len(list) == 0 {
		return malformed("a recording without chunks")
	}
	atUS, at := int64(0), list[0].StartPTS
	for i, c := range list {
		if c.Index != i || c.StartUS != atUS || c.EndUS < atUS || c.StartPTS != at || c.EndPTS < at || c.LeadPTS > at || c.Packets < 0 {
			return malformed("chunks that do not follow on one another")
		}
		atUS, at = c.EndUS, c.EndPTS
	}
	if atUS != durationUS {
		return malformed("chunks that do not reach the recording's end")
	}
	return nil
}
