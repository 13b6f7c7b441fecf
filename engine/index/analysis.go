package index

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"posteriori/engine/fault"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// BeginAnalysis opens or goes on with the analysis of a recording and says
// which chunks are done. An analysis of the same identity goes on; one of
// another identity loses its chunks, pieces, tracks and coverage, all in one
// transaction; fault.Refused when people have decided on those tracks. A
// complete analysis of the same identity stays complete.
func (s *Store) BeginAnalysis(ctx context.Context, rec int64, a Analysis) (done map[int]bool, err error) {
	if _, err := s.Recording(ctx, rec); err != nil {
		return nil, err
	}
	a.Recording = rec
	if a.StartedUS == 0 {
		a.StartedUS = time.Now().UnixMicro()
	}
	info, err := json.Marshal(a)
	if err != nil {
		return nil, s.fail(err, "cannot begin the analysis")
	}
	done = map[int]bool{}
	err = s.write(ctx, func(tx *sql.Tx) error {
		var identity string
		err := tx.QueryRowContext(ctx, "SELECT identity FROM analysis WHERE recording = ?", rec).Scan(&identity)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if err == nil && identity == a.Identity {
			return chunksDone(ctx, tx, rec, done)
		}
		if err := mayClear(ctx, tx, rec); err != nil {
			return err
		}
		if err := clear(ctx, tx, rec); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO analysis (recording, identity, info, state, started_unix_us)
			VALUES (?, ?, ?, 'running', ?)`, rec, a.Identity, string(info), a.StartedUS)
		return err
	})
	return done, s.fail(err, "cannot begin the analysis")
}

func chunksDone(ctx context.Context, tx *sql.Tx, rec int64, done map[int]bool) error {
	rows, err := tx.QueryContext(ctx, "SELECT chunk FROM chunk WHERE recording = ?", rec)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var c int
		if err := rows.Scan(&c); err != nil {
			return err
		}
		done[c] = true
	}
	return rows.Err()
}

// mayClear refuses to replace an analysis on which people have decided (rule
// 20: their verdicts go into the report), or of which tracks were erased by
// order (rule 15: they would come back under other numbers).
func mayClear(ctx context.Context, tx *sql.Tx, rec int64) error {
	for _, c := range []struct{ table, rule, why string }{
		{"decision", "20", "people have decided on its tracks"},
		{"rectification", "15", "its tracks have been corrected"},
		{"erased", "15", "tracks of it have been erased by order"},
	} {
		var n int64
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM "+c.table+" WHERE recording = ?", rec).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return fault.New(fault.Refused, "recording %d cannot be analysed in another way: %s, and that would be lost", rec, c.why).
				UnderRule(c.rule).WithHint("analyse it with the models and parameters of its first analysis, or in a procedure of its own")
		}
	}
	return nil
}

// clear removes all that an analysis left, children before parents.
func clear(ctx context.Context, tx *sql.Tx, rec int64) error {
	for _, table := range analysisTables {
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE recording = ?", rec); err != nil {
			return err
		}
	}
	return nil
}

// PutChunk stores what the worker said of one chunk, in one transaction. The
// same chunk put again replaces what was there, so a retry does no harm.
// Once the analysis is complete a chunk is refused.
func (s *Store) PutChunk(ctx context.Context, rec int64, end wire.ChunkEnd, tracks []wire.TrackMsg) error {
	times, plates := end.Times, end.Plates
	end.Times, end.Plates = nil, nil
	endJSON, err := json.Marshal(end)
	if err != nil {
		return s.fail(err, "cannot store the chunk")
	}
	err = s.write(ctx, func(tx *sql.Tx) error {
		if err := wantState(ctx, tx, rec, Running); err != nil {
			return err
		}
		for _, table := range []string{"plate", "piece", "chunk"} {
			if _, err := tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE recording = ? AND chunk = ?", rec, end.Chunk); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO chunk (recording, chunk, frames, chunk_end, times) VALUES (?, ?, ?, ?, ?)`,
			rec, end.Chunk, end.Frames, string(endJSON), notNil(times)); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE analysis SET plane_w = ?, plane_h = ? WHERE recording = ?`, end.PlaneW, end.PlaneH, rec); err != nil {
			return err
		}
		if err := putPlates(ctx, tx, rec, end.Chunk, plates); err != nil {
			return err
		}
		return putPieces(ctx, tx, rec, end.Chunk, tracks)
	})
	return s.fail(err, "cannot store the chunk")
}

func wantState(ctx context.Context, tx *sql.Tx, rec int64, want string) error {
	var state string
	err := tx.QueryRowContext(ctx, "SELECT state FROM analysis WHERE recording = ?", rec).Scan(&state)
	if errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.NotFound, "recording %d has no analysis", rec)
	}
	if err == nil && state != want {
		return fault.New(fault.Internal, "the analysis of recording %d is %s, not %s", rec, state, want)
	}
	return err
}

func putPlates(ctx context.Context, tx *sql.Tx, rec int64, chunk int, plates []wire.Plate) error {
	for _, p := range plates {
		if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO plate (recording, chunk, at_us, jpeg) VALUES (?, ?, ?, ?)",
			rec, chunk, p.TUS, notNil(p.JPEG)); err != nil {
			return err
		}
	}
	return nil
}

func putPieces(ctx context.Context, tx *sql.Tx, rec int64, chunk int, tracks []wire.TrackMsg) error {
	stmt, err := tx.PrepareContext(ctx, "INSERT INTO piece (recording, chunk, seq, msg) VALUES (?, ?, ?, ?)")
	if err != nil {
		return err
	}
	defer stmt.Close()
	for i, t := range tracks {
		t.Chunk = chunk
		msg, err := json.Marshal(t)
		if err != nil {
			return err
		}
		if _, err := stmt.ExecContext(ctx, rec, chunk, i, msg); err != nil {
			return err
		}
	}
	return nil
}

// Pieces walks what the chunks of a running analysis left, in order: for each
// chunk its end message, then the pieces of tracks as they were put. One
// piece is held in memory at a time. The walk ends with the first error.
func (s *Store) Pieces(ctx context.Context, rec int64) iter.Seq2[Piece, error] {
	return func(yield func(Piece, error) bool) {
		err := s.pieces(ctx, rec, yield)
		if err != nil && !errors.Is(err, errStopped) {
			yield(Piece{}, s.fail(err, "cannot read the chunks"))
		}
	}
}

// errStopped says that the caller's loop has ended.
var errStopped = errors.New("stopped")

func (s *Store) pieces(ctx context.Context, rec int64, yield func(Piece, error) bool) error {
	// One read transaction, so that a chunk put meanwhile changes nothing.
	tx, err := s.r.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	ends, err := chunkEnds(ctx, tx, rec)
	if err != nil {
		return err
	}
	for i := range ends {
		if !yield(Piece{End: &ends[i]}, nil) {
			return errStopped
		}
		if err := chunkPieces(ctx, tx, rec, ends[i].Chunk, yield); err != nil {
			return err
		}
	}
	return nil
}

func chunkEnds(ctx context.Context, tx *sql.Tx, rec int64) ([]wire.ChunkEnd, error) {
	rows, err := tx.QueryContext(ctx, "SELECT chunk_end, times FROM chunk WHERE recording = ? ORDER BY chunk", rec)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []wire.ChunkEnd
	for rows.Next() {
		var text string
		var times []byte
		var end wire.ChunkEnd
		if err := rows.Scan(&text, &times); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(text), &end); err != nil {
			return nil, err
		}
		end.Times = times
		out = append(out, end)
	}
	return out, rows.Err()
}

func chunkPieces(ctx context.Context, tx *sql.Tx, rec int64, chunk int, yield func(Piece, error) bool) error {
	rows, err := tx.QueryContext(ctx, "SELECT msg FROM piece WHERE recording = ? AND chunk = ? ORDER BY seq", rec, chunk)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var raw sql.RawBytes
		var msg wire.TrackMsg
		if err := rows.Scan(&raw); err != nil {
			return err
		}
		if err := json.Unmarshal(raw, &msg); err != nil {
			return fmt.Errorf("piece of chunk %d: %w", chunk, err)
		}
		if !yield(Piece{Track: &msg}, nil) {
			return errStopped
		}
	}
	return rows.Err()
}

// Finish stores the stitched tracks and the coverage of a recording, drops
// the pieces and marks the analysis complete: all in one transaction, or none
// when an error comes or ctx ends before. tracks may read from [Store.Pieces]
// as it goes, and ends ctx to give up. Track IDs are the caller's, from 1.
func (s *Store) Finish(ctx context.Context, rec int64, tracks iter.Seq[scene.Track], coverage []scene.Coverage) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		if err := wantState(ctx, tx, rec, Running); err != nil {
			return err
		}
		n, longest, err := putTracks(ctx, tx, rec, tracks)
		if err != nil {
			return err
		}
		for i, c := range coverage {
			if _, err := tx.ExecContext(ctx, "INSERT INTO coverage (recording, seq, from_us, to_us, kind, reason) VALUES (?, ?, ?, ?, ?, ?)",
				rec, i, c.FromUS, c.ToUS, string(c.Kind), c.Reason); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM piece WHERE recording = ?", rec); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE analysis SET state = 'complete', finished_unix_us = ?, tracks = ?, longest_us = ?
			WHERE recording = ?`, time.Now().UnixMicro(), n, longest, rec)
		if err == nil {
			err = ctx.Err()
		}
		return err
	})
	return s.fail(err, "cannot store the tracks")
}

// notNil makes an absent blob an empty one, which NOT NULL columns take.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
