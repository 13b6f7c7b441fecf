package analysis

import (
	"context"
	"fmt"
	"time"

	"posteriori/engine/fault"
	"posteriori/engine/plate"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

const (
	// maxHeld bounds the pieces of one chunk that are held until its end, in
	// bytes as they came.
	maxHeld = 1 << 30
	// maxPlane bounds the sides of the motion plane.
	maxPlane = 1 << 13
)

// intake takes one worker's messages. It trusts no value: whatever it lets
// into the index can be read and stitched later.
type intake struct {
	run    *run
	rec    *recording
	chunks []wire.Chunk
	key    [2]int64 // of its progress
	at     string   // the machine that did it; empty: this one
	done   int      // chunks committed
	msgs   []wire.TrackMsg
	held   int
	began  time.Time // the chunk
}

// hello looks who does the job.
func (in *intake) hello(h wire.Hello) error {
	if h.Machine != "" && !wire.CheckMachine(h.Machine) {
		return malformed("a machine with a name that none may have")
	}
	in.at = h.Machine
	return in.run.same(h)
}

// take handles one message.
func (in *intake) take(ctx context.Context, m wire.Message) error {
	if in.done == len(in.chunks) {
		return malformed("message %c after the last chunk", m.Kind)
	}
	c := in.chunks[in.done]
	switch m.Kind {
	case wire.KindProgress:
		var p wire.Progress
		if err := m.Into(&p); err != nil {
			return err
		}
		p.ReachedUS = min(max(p.ReachedUS, 0), c.EndUS-c.StartUS)
		p.Frames, p.Tracks = max(p.Frames, 0), max(p.Tracks, 0)
		in.run.progress(in.key, in.rec.ID, &p)
		return nil
	case wire.KindTrack:
		return in.track(m, c)
	case wire.KindChunkEnd:
		var end wire.ChunkEnd
		if err := m.Into(&end); err != nil {
			return err
		}
		if err := checkEnd(&end, c); err != nil {
			return err
		}
		end.Machine = in.at // whatever the worker says
		if err := in.run.commit(ctx, in.rec, c, end, in.msgs); err != nil {
			return err
		}
		in.run.event(Event{What: EventChunk, Recording: in.rec.ID, Chunk: c.Index, Took: time.Since(in.began), LengthUS: c.EndUS - c.StartUS,
			Frames: end.Frames, Tracks: int64(len(in.msgs))})
		in.began = time.Now()
		in.done++
		in.msgs, in.held = nil, 0
		in.run.progress(in.key, in.rec.ID, &wire.Progress{}) // the next chunk starts anew
		return nil
	}
	return malformed("unexpected message %c", m.Kind)
}

func malformed(format string, args ...any) error {
	return fault.Wrap(fault.Internal, wire.ErrProtocol, "%s", fmt.Sprintf(format, args...))
}

// track takes one piece of a track.
func (in *intake) track(m wire.Message, c wire.Chunk) error {
	if in.held += len(m.Body); in.held > maxHeld {
		return fault.New(fault.Internal, "chunk %d holds more tracks than fit in memory", c.Index)
	}
	var t wire.TrackMsg
	if err := m.Into(&t); err != nil {
		return err
	}
	if t.Chunk != c.Index {
		return malformed("a track of chunk %d in chunk %d", t.Chunk, c.Index)
	}
	if path, err := scene.UnpackPath(t.Track.Path); err != nil || len(path) == 0 {
		return malformed("a track without a path in chunk %d", c.Index)
	}
	if _, ok := scene.ParseEvent(t.Track.Event); !ok {
		return malformed("an event of no known kind in chunk %d", c.Index)
	}
	if _, err := scene.UnpackMasks(t.Track.Masks); err != nil {
		return malformed("damaged silhouettes in chunk %d", c.Index)
	}
	if _, err := plate.UnpackReads(t.Plates); err != nil {
		return malformed("damaged plate reads in chunk %d", c.Index)
	}
	in.msgs = append(in.msgs, t)
	return nil
}

// checkEnd refuses an account of a chunk that does not hold together, and
// makes its texts fit to be shown.
func checkEnd(end *wire.ChunkEnd, c wire.Chunk) error {
	if end.Chunk != c.Index {
		return malformed("chunk %d out of order", end.Chunk)
	}
	times, err := scene.UnpackTimes(end.Times)
	if err != nil || int64(len(times)) != end.Frames {
		return malformed("chunk %d counts %d frames and times %d", c.Index, end.Frames, len(times))
	}
	if min(end.PlaneW, end.PlaneH) < 1 || max(end.PlaneW, end.PlaneH) > maxPlane {
		return malformed("a motion plane of %d×%d", end.PlaneW, end.PlaneH)
	}
	at := c.StartUS
	for i, s := range end.Coverage {
		if s.FromUS != at || s.ToUS < at {
			return malformed("the coverage of chunk %d does not tile it", c.Index)
		}
		switch s.Kind {
		case scene.Seen, scene.Damaged, scene.Gap, scene.Relearning, scene.Covered, scene.NotAnalysed, scene.Triaged:
		default:
			return malformed("chunk %d has coverage of no known kind", c.Index)
		}
		at = s.ToUS
		end.Coverage[i].Reason = plain(s.Reason)
	}
	if len(end.Coverage) == 0 || at != c.EndUS {
		return malformed("the coverage of chunk %d does not reach its end", c.Index)
	}
	return nil
}
