package analysis

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"posteriori/engine/fault"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// lose gives up the first of the chunks, and says what is left to do. In a
// recording that cannot be sought, where each try reads from the start, a second
// loss in a row is taken for one of all that follows: else a file on which a
// worker hangs would cost hours for each of its chunks. The last is given up
// first, so that a run that is killed meanwhile comes to the same.
func (r *run) lose(ctx context.Context, rec *recording, todo []wire.Chunk, why error) ([]wire.Chunk, error) {
	first, rest := todo[0], todo[1:]
	again, err := r.lostBefore(ctx, rec, first)
	if err != nil {
		return todo, err
	}
	if again {
		behind := fault.New(fault.Internal, "it lies behind what could not be analysed, and the recording cannot be sought")
		for _, c := range slices.Backward(rest) {
			r.event(Event{What: EventLost, Recording: rec.ID, Chunk: c.Index, Err: behind})
			if err := r.giveUp(ctx, rec, c, behind); err != nil {
				return todo, err
			}
		}
		if len(rest) > 0 {
			r.say(fmt.Sprintf("recording %d: %d chunks behind it are given up, too: each would be reached through what breaks the worker", rec.ID, len(rest)))
		}
		rest = nil
	}
	return rest, r.giveUp(ctx, rec, first, why)
}

// lostBefore tells whether the chunk before one was given up, where that bears
// on it.
func (r *run) lostBefore(ctx context.Context, rec *recording, c wire.Chunk) (bool, error) {
	if rec.Probe.Seekable {
		return false, nil
	}
	for p, err := range r.ix.Pieces(ctx, rec.ID) {
		if err != nil {
			return false, err
		}
		if p.End != nil && p.End.Chunk == c.Index-1 {
			return gaveUp(p.End), nil
		}
	}
	return false, nil
}

// giveUp commits a chunk that cannot be analysed as what it is: not analysed.
func (r *run) giveUp(ctx context.Context, rec *recording, c wire.Chunk, why error) error {
	var e *fault.Error
	reason := why.Error()
	if errors.As(why, &e) {
		reason = e.Msg // neither the file's name nor what a hostile file made a library say
	}
	end := wire.ChunkEnd{Chunk: c.Index, Times: scene.PackTimes(nil), Coverage: []scene.Coverage{{
		FromUS: c.StartUS, ToUS: c.EndUS, Kind: scene.NotAnalysed, Reason: reason,
	}}}
	if err := r.commit(ctx, rec, c, end, nil); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	rec.out.Failed = append(rec.out.Failed, c.Index)
	return nil
}
