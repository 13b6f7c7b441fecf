package index

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"posteriori/engine/fault"
)

// Erased counts the rows that an erasure removed, by table.
type Erased struct {
	Rows map[string]int64 `json:"rows"`
}

// Total is the number of rows removed.
func (e Erased) Total() (n int64) {
	for _, k := range e.Rows {
		n += k
	}
	return n
}

// Tombstone names what was erased: a track, or with Track 0 a recording.
type Tombstone struct {
	Recording int64 `json:"recording"`
	Track     int64 `json:"track"`
	AtUS      int64 `json:"at_unix_us"`
}

// The tables that hold something of a track and of a recording, children
// before parents.
var (
	trackTables    = []string{"joined", "registration_read", "registration", "decision", "rectification", "crop", "tube", "way", "track"}
	analysisTables = []string{"joined", "registration_read", "registration", "decision", "rectification", "crop", "tube", "way", "track", "coverage", "plate", "piece", "chunk", "analysis"}
)

// EraseTrack erases a track with all that hangs on it: path, masks, picture,
// plate, decisions and corrections. What it held is overwritten in the file, and the
// log is emptied; only its number stays, so that it is never used again. A
// track that is not there is fault.NotFound. When another reader keeps the log
// from being emptied, the error is fault.Internal with the rows gone already:
// calling again is fault.NotFound, [Store.Scrub] finishes the work.
func (s *Store) EraseTrack(ctx context.Context, rec, track int64) (Erased, error) {
	out := Erased{Rows: map[string]int64{}}
	err := s.overwrite(ctx, func(tx *sql.Tx) error {
		if err := wantTrack(ctx, tx, rec, track); err != nil {
			return err
		}
		for _, table := range trackTables {
			column := "track"
			if table == "track" {
				column = "id"
			}
			if err := out.remove(ctx, tx, table, "recording = ? AND "+column+" = ?", rec, track); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, "UPDATE track SET linked = NULL WHERE recording = ? AND event <> 0 AND linked = ?", rec, track); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE joined SET other_track = NULL WHERE other_recording = ? AND other_track = ?", rec, track); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE analysis SET tracks = tracks - 1 WHERE recording = ?", rec); err != nil {
			return err
		}
		return bury(ctx, tx, rec, track)
	})
	return out, s.fail(err, "cannot erase the track")
}

// EraseRecording erases a recording with its analysis, tracks, pictures,
// coverage and decisions, as [Store.EraseTrack] does. The original file is not
// touched.
func (s *Store) EraseRecording(ctx context.Context, rec int64) (Erased, error) {
	if _, err := s.Recording(ctx, rec); err != nil {
		return Erased{}, err
	}
	out := Erased{Rows: map[string]int64{}}
	err := s.overwrite(ctx, func(tx *sql.Tx) error {
		for _, table := range analysisTables {
			if err := out.remove(ctx, tx, table, "recording = ?", rec); err != nil {
				return err
			}
		}
		if err := out.remove(ctx, tx, "recording", "id = ?", rec); err != nil {
			return err
		}
		if err := out.remove(ctx, tx, "joined", "other_recording = ?", rec); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE batch_item SET path = '', video = '', exhibit = '', camera = '', start_unix_us = NULL, clock_unix_us = NULL, clock_source = '',
			length_us = 0, size_bytes = 0, reason = 'erased by order', not_seen = '', recording = NULL WHERE recording = ?`, rec); err != nil {
			return err
		}
		// The tombstones of its tracks fall under the recording's own.
		if _, err := tx.ExecContext(ctx, "DELETE FROM erased WHERE recording = ?", rec); err != nil {
			return err
		}
		return bury(ctx, tx, rec, 0)
	})
	return out, s.fail(err, "cannot erase the recording")
}

func (e *Erased) remove(ctx context.Context, tx *sql.Tx, table, where string, args ...any) error {
	res, err := tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE "+where, args...)
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if n > 0 {
		e.Rows[table] += n
	}
	return err
}

func bury(ctx context.Context, tx *sql.Tx, rec, track int64) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO erased (recording, track, at_unix_us) VALUES (?, ?, ?)", rec, track, time.Now().UnixMicro())
	return err
}

// isErased tells whether a track, or the recording it was in, was erased.
func isErased(ctx context.Context, q querier, rec, track int64) (bool, error) {
	var one int
	err := q.QueryRowContext(ctx, "SELECT 1 FROM erased WHERE recording = ? AND track IN (0, ?)", rec, track).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// Tombstones lists what was erased, by recording, then track.
func (s *Store) Tombstones(ctx context.Context) ([]Tombstone, error) {
	rows, err := s.r.QueryContext(ctx, "SELECT recording, track, at_unix_us FROM erased ORDER BY recording, track")
	if err != nil {
		return nil, s.fail(err, "cannot list what was erased")
	}
	defer rows.Close()
	var out []Tombstone
	for rows.Next() {
		var t Tombstone
		if err := rows.Scan(&t.Recording, &t.Track, &t.AtUS); err != nil {
			return nil, s.fail(err, "cannot list what was erased")
		}
		out = append(out, t)
	}
	return out, s.fail(rows.Err(), "cannot list what was erased")
}

// overwrite runs f in a transaction on the connection that overwrites what it
// deletes (secure_delete), then empties the log.
func (s *Store) overwrite(ctx context.Context, f func(*sql.Tx) error) error {
	if err := s.write(ctx, f); err != nil {
		return err
	}
	return s.Scrub(ctx)
}

// Scrub moves the write-ahead log into the file and cuts it to nothing, so
// that no older version of a page stays in it. It waits for readers for as
// long as the connection is patient (20 s).
func (s *Store) Scrub(ctx context.Context) error {
	var busy, log, moved int
	err := s.w.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &log, &moved)
	if err == nil && busy != 0 {
		return fault.New(fault.Internal, "the log of the index still holds what was erased: another posteriori is reading it").
			OnFile(s.path).WithHint("wait for it to end, then run the command again")
	}
	return s.fail(err, "cannot empty the log")
}
