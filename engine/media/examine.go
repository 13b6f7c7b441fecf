package media

import (
	"context"
	"errors"
	"io"
	"slices"

	"posteriori/engine/fault"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// Examination finds out what of a recording was not properly decoded.
type Examination struct {
	path    string
	p       *wire.Probe
	threads int
	// Of a recording that cannot be sought, once it was looked at as a whole:
	whole *located
	again []int64 // PTS of the pictures of a third decode, in order; nil: there was none
}

// Examine begins the examination of a recording that was decoded on so many
// threads.
func Examine(path string, p *wire.Probe, threads int) *Examination {
	return &Examination{path: path, p: p, threads: threads}
}

// errUnsteady is wrapped by the error of a recording that does not read the same
// twice. That says nothing of the file: its disk or share was away for a moment.
// FFmpeg takes what it cannot read for the file's end, or for damage.
var errUnsteady = errors.New("one reading gave other pictures than the next")

// Coverage says which spans of a chunk were not properly decoded: Damaged
// where packets gave no picture, or one with decoder errors or built upon
// such (up to the next clean key frame), Gap where the recording holds no
// pictures for over a second. Spans are sorted, disjoint and within the chunk;
// what none covers was decoded without complaint. frames is how many pictures
// of the chunk the decode gave, and rep its report.
//
// When nothing points to damage the answer comes at once. Else the chunk is
// decoded again on one thread, with FFmpeg's messages in step with its
// pictures, and its packets are listed again. In a recording that cannot be
// sought that is done once, for all of it: to reach each chunk for itself would
// read the file from its start as often as there are chunks. Where the second
// decode gives more or fewer pictures, a third, done as the first was, tells
// whether it is the file: if not, the error wraps errUnsteady.
func (x *Examination) Coverage(ctx context.Context, c wire.Chunk, frames int64, rep Report) ([]scene.Coverage, error) {
	var out []scene.Coverage
	for _, h := range rep.Holes {
		out = addSpan(out, c, h)
	}
	if rep.Errors == 0 && rep.Exit == "" && !rep.Stalled && !lacking(x.p, c, frames) {
		return out, nil
	}
	if x.p.Still {
		if frames == 0 {
			if err := x.steady(ctx, c, 0, rep); err != nil {
				return nil, onFile(err, x.path)
			}
		}
		return []scene.Coverage{{Kind: scene.Damaged, Reason: reason(0, 0, rep.Messages)}}, nil
	}
	if frames == 0 && len(out) == 0 && !rep.Stalled { // all of it is lost, and nothing is to be found, if it stays so
		if err := x.steady(ctx, c, frames, rep); err != nil {
			return nil, onFile(err, x.path)
		}
		return []scene.Coverage{{FromUS: c.StartUS, ToUS: c.EndUS, Kind: scene.Damaged, Reason: reason(int(c.Packets), 0, rep.Messages)}}, nil
	}
	l, err := x.locate(ctx, c, rep)
	if err == nil && owned(l.got, c) != frames {
		err = x.steady(ctx, c, frames, rep)
	}
	if err != nil {
		return nil, onFile(err, x.path)
	}
	var spans []scene.Coverage
	for _, s := range l.spans {
		spans = addSpan(spans, c, s)
	}
	if rep.Stalled {
		spans = append(spans, stalled(x.p, c, rep)...)
	}
	return overlay(out, spans), nil
}

// owned counts the times that a chunk owns.
func owned(sorted []int64, c wire.Chunk) int64 {
	from, _ := slices.BinarySearch(sorted, c.StartPTS)
	to, _ := slices.BinarySearch(sorted, c.EndPTS)
	return int64(to - from)
}

// locate looks for the damage in a chunk, or, once, in all of what cannot be
// sought.
func (x *Examination) locate(ctx context.Context, c wire.Chunk, rep Report) (*located, error) {
	if x.p.Seekable {
		return locate(ctx, x.path, x.p, c, maxSpans, rep)
	}
	if x.whole != nil {
		return x.whole, nil
	}
	l, err := locate(ctx, x.path, x.p, x.all(), maxSpans*int(1+x.p.DurationUS/perSpans), rep)
	x.whole = l
	return l, err
}

// all is the whole recording as one chunk.
func (x *Examination) all() wire.Chunk {
	return wire.Chunk{StartPTS: x.p.FirstPTS, LeadPTS: x.p.FirstPTS, EndPTS: endless, EndUS: x.p.DurationUS}
}

// steady decodes a chunk as it was decoded first and compares the number of
// pictures.
func (x *Examination) steady(ctx context.Context, c wire.Chunk, frames int64, rep Report) error {
	times := x.again
	if times == nil {
		span := c
		if !x.p.Seekable {
			span = x.all()
		}
		var err error
		if times, err = x.decode(ctx, span, rep); err != nil {
			return err
		}
		if !x.p.Seekable {
			x.again = times
		}
	}
	if n := owned(times, c); n != frames {
		return fault.Wrap(fault.Internal, errUnsteady, "it does not read the same twice (%d pictures, then %d)", frames, n).
			WithHint("see that its disk or share holds, then repeat the command")
	}
	return nil
}

// decode gives the times of the pictures of a chunk, in order.
func (x *Examination) decode(ctx context.Context, c wire.Chunk, rep Report) ([]int64, error) {
	d, err := Open(ctx, x.path, x.p, DecodeOptions{FromPTS: c.LeadPTS, ToPTS: c.EndPTS, PlaneW: 16, PlaneH: 16, Device: rep.Device, Threads: x.threads})
	if err != nil {
		return nil, err
	}
	defer d.Close()
	times := []int64{}
	for {
		f, err := d.Next()
		if errors.Is(err, io.EOF) {
			slices.Sort(times)
			return times, nil
		}
		if err != nil {
			return nil, err
		}
		times = append(times, f.PTS)
		f.Release()
	}
}
