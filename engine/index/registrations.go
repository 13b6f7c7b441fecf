package index

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/ncruces/go-sqlite3"

	"posteriori/engine/fault"
	"posteriori/engine/plate"
	"posteriori/engine/scene"
)

// Registration is what was read off a track's number plate. Best is for nobody
// to see unless [Registration.Shown].
type Registration struct {
	Recording, Track int64
	Best             string  // what the votes of all reads say
	Score            float64 // how surely, 0..1
	UnmaskedBy       string  // matricule or account; empty while masked
	UnmaskedUS       int64   // Unix µs
	UnmaskedRecord   int64   // the journal record's seq
}

// Shown tells whether the plate of a track of that status may be shown: a
// person has validated the track and somebody entitled to it has unmasked its
// plate (rule 10).
func (r Registration) Shown(s Status) bool { return s == StatusValidated && r.UnmaskedBy != "" }

// Visible is the plate of a track of that status as an output may have it: its text when it is [Registration.Shown],
// blocks in its shape when it is masked, nothing when the track was rejected.
func (r Registration) Visible(s Status) (text string, masked bool) {
	switch {
	case s == StatusRejected:
		return "", false
	case r.Shown(s):
		return r.Best, false
	}
	return plate.Mask(r.Best), true
}

// putRegistration stores what was read of a track's plate, if anything.
func putRegistration(ctx context.Context, tx *sql.Tx, rec int64, t scene.Track) error {
	if len(t.Plates) == 0 {
		return nil
	}
	l, err := plate.Unpack(t.Plates)
	if err != nil {
		return err
	}
	best, score := l.Best()
	if raw := l.Raw(); best == "" && len(raw) > 0 { // the reads agree on nothing
		best, score = raw[0].Text, 0
	}
	if best == "" {
		return nil
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO registration (recording, track, best, score, symbols) VALUES (?, ?, ?, ?, ?)",
		rec, t.ID, best, score, int64(l.Screen())); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO registration_read (recording, track, reads) VALUES (?, ?, ?)", rec, t.ID, t.Plates)
	return err
}

const registrationSQL = `SELECT g.recording, g.track, g.best, g.score, g.unmasked_by, g.unmasked_unix_us, g.unmasked_record
	FROM registration g WHERE g.recording = ? AND g.track BETWEEN ? AND ? ORDER BY g.track`

// Registrations walks what was read of the plates of the named tracks, in the
// order of keys, which is by recording, then id, without repeats. Tracks
// without a plate are left out. The walk ends with the first error.
func (s *Store) Registrations(ctx context.Context, keys []Key) iter.Seq2[Registration, error] {
	return func(yield func(Registration, error) bool) {
		if err := s.registrations(ctx, keys, yield); err != nil && !errors.Is(err, errStopped) {
			yield(Registration{}, s.fail(err, "cannot read the plates"))
		}
	}
}

func (s *Store) registrations(ctx context.Context, keys []Key, yield func(Registration, error) bool) error {
	return s.raw(ctx, func(c *sqlite3.Conn) error {
		if none, err := isEmpty(c, "registration"); none || err != nil {
			return err
		}
		stmt, _, err := c.Prepare(registrationSQL)
		if err != nil {
			return err
		}
		defer stmt.Close()
		for len(keys) > 0 {
			n := span(keys)
			if err := eachWanted(stmt, keys[:n], func() error {
				if !yield(readRegistration(stmt), nil) {
					return errStopped
				}
				return nil
			}); err != nil {
				return err
			}
			keys = keys[n:]
		}
		return nil
	})
}

// HasRegistrations tells whether any plate was read in the procedure.
func (s *Store) HasRegistrations(ctx context.Context) (some bool, err error) {
	err = s.raw(ctx, func(c *sqlite3.Conn) error {
		none, err := isEmpty(c, "registration")
		some = !none
		return err
	})
	return some, s.fail(err, "cannot read the plates")
}

// HasEvents tells whether anything was left or removed in the procedure's
// recordings.
func (s *Store) HasEvents(ctx context.Context) (some bool, err error) {
	err = s.raw(ctx, func(c *sqlite3.Conn) error {
		none, err := isEmpty(c, "track WHERE event <> 0")
		some = !none
		return err
	})
	return some, s.fail(err, "cannot read the events")
}

func isEmpty(c *sqlite3.Conn, from string) (bool, error) {
	stmt, _, err := c.Prepare("SELECT 1 FROM " + from + " LIMIT 1")
	if err != nil {
		return false, err
	}
	defer stmt.Close()
	some := stmt.Step()
	return !some, stmt.Err()
}

func readRegistration(stmt *sqlite3.Stmt) Registration {
	return Registration{Recording: stmt.ColumnInt64(0), Track: stmt.ColumnInt64(1), Best: stmt.ColumnText(2), Score: stmt.ColumnFloat(3),
		UnmaskedBy: stmt.ColumnText(4), UnmaskedUS: stmt.ColumnInt64(5), UnmaskedRecord: stmt.ColumnInt64(6)}
}

// Registration is what was read of one track's plate, with every raw read;
// fault.NotFound when there is no such track, or nothing was read.
func (s *Store) Registration(ctx context.Context, rec, track int64) (Registration, plate.Lattice, error) {
	var out Registration
	for r, err := range s.Registrations(ctx, []Key{{rec, track}}) {
		if err != nil {
			return out, plate.Lattice{}, err
		}
		out = r
	}
	if out.Best == "" {
		err := wantTrack(ctx, s.r, rec, track)
		if err == nil {
			err = fault.New(fault.NotFound, "no plate of track %d:%d was read", rec, track)
		}
		return out, plate.Lattice{}, s.fail(err, "cannot read the plate")
	}
	var packed []byte
	err := s.r.QueryRowContext(ctx, "SELECT reads FROM registration_read WHERE recording = ? AND track = ?", rec, track).Scan(&packed)
	if err != nil {
		return out, plate.Lattice{}, s.fail(err, "cannot read the plate")
	}
	l, err := plate.Unpack(packed)
	if err != nil {
		err = damaged(err, "plate reads of track %d:%d", rec, track)
	}
	return out, l, err
}

// Unmask notes that the plate of a validated track may be shown from now on:
// by is who unmasked it, record the journal's record of that. A track that
// nobody validated is fault.Refused, one without a plate fault.NotFound.
func (s *Store) Unmask(ctx context.Context, rec, track int64, by string, record int64) error {
	if by == "" {
		return fault.New(fault.Internal, "an unmasking names nobody who did it")
	}
	err := s.write(ctx, func(tx *sql.Tx) error {
		if err := wantTrack(ctx, tx, rec, track); err != nil {
			return err
		}
		var status int64
		if err := tx.QueryRowContext(ctx, "SELECT status FROM track WHERE recording = ? AND id = ?", rec, track).Scan(&status); err != nil {
			return err
		}
		if statusAt(status) != StatusValidated {
			return fault.New(fault.Refused, "track %d:%d is %s: only the plate of a validated one may be shown", rec, track, statusAt(status)).UnderRule("10")
		}
		res, err := tx.ExecContext(ctx, `UPDATE registration SET unmasked_by = ?, unmasked_unix_us = ?, unmasked_record = ?
			WHERE recording = ? AND track = ?`, by, time.Now().UnixMicro(), record, rec, track)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 1 {
			return err
		}
		return fault.New(fault.NotFound, "no plate of track %d:%d was read", rec, track)
	})
	return s.fail(err, "cannot unmask the plate")
}

// mask hides a track's plate again.
func mask(ctx context.Context, tx *sql.Tx, rec, track int64) error {
	_, err := tx.ExecContext(ctx, `UPDATE registration SET unmasked_by = NULL, unmasked_unix_us = NULL, unmasked_record = NULL
		WHERE recording = ? AND track = ?`, rec, track)
	if err != nil {
		err = fmt.Errorf("masking: %w", err)
	}
	return err
}
