package index

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"posteriori/engine/fault"
	"posteriori/engine/scene"
)

// Rectification is one correction of a track by a person. The first of a field
// holds in Before what the engine itself proposed, and how sure it was.
type Rectification struct {
	Seq         int64   `json:"seq"`
	Recording   int64   `json:"recording"`
	Track       int64   `json:"track"`
	Field       string  `json:"field"` // "class", "colour" or "lower"
	Before      string  `json:"before"`
	BeforeScore float64 `json:"before_score"` // 0..1
	After       string  `json:"after"`
	By          string  `json:"by"` // matricule or account
	AtUS        int64   `json:"at_unix_us"`
	Record      int64   `json:"record"` // the journal record's seq
}

// Correction is what a track truly is; nil leaves a field as it is.
type Correction struct {
	Class  *scene.Class
	Colour *scene.Colour // of a person: of the upper clothing
	Lower  *scene.Colour // of the lower
}

// Each calls do with the name of each field that is corrected and its value.
func (c Correction) Each(do func(field string, value fmt.Stringer, number int64) error) error {
	if c.Class != nil {
		if err := do("class", *c.Class, int64(*c.Class)); err != nil {
			return err
		}
	}
	if c.Colour != nil {
		if err := do("colour", *c.Colour, int64(*c.Colour)); err != nil {
			return err
		}
	}
	if c.Lower != nil {
		return do("lower", *c.Lower, int64(*c.Lower))
	}
	return nil
}

// Rectify corrects a track. The score becomes 1, as a person said so; what
// stood there before is kept beside it. by is who corrects, record the
// journal's record of that.
func (s *Store) Rectify(ctx context.Context, rec, track int64, what Correction, by string, record int64) error {
	if what == (Correction{}) {
		return fault.New(fault.Usage, "nothing is corrected: name a class or a colour")
	}
	if by == "" {
		return fault.New(fault.Internal, "a correction names nobody who made it")
	}
	err := s.write(ctx, func(tx *sql.Tx) error {
		if err := wantTrack(ctx, tx, rec, track); err != nil {
			return err
		}
		return what.Each(func(field string, _ fmt.Stringer, value int64) error {
			// field is one of the constants above, never a user's text.
			_, err := tx.ExecContext(ctx, `INSERT INTO rectification (recording, track, field, before, before_score, after, by_whom, at_unix_us, record)
				SELECT recording, id, ?, `+field+`, `+field+`_score, ?, ?, ?, ? FROM track WHERE recording = ? AND id = ?`,
				field, value, by, time.Now().UnixMicro(), record, rec, track)
			if err == nil {
				_, err = tx.ExecContext(ctx, "UPDATE track SET "+field+" = ?, "+field+"_score = 1 WHERE recording = ? AND id = ?", value, rec, track)
			}
			return err
		})
	})
	return s.fail(err, "cannot store the correction")
}

// Rectifications lists the corrections of a track, of all tracks of a
// recording when track is 0, or of all when rec is 0 too, in order.
func (s *Store) Rectifications(ctx context.Context, rec, track int64) ([]Rectification, error) {
	rows, err := s.r.QueryContext(ctx, `SELECT seq, recording, track, field, before, before_score, after, by_whom, at_unix_us, record
		FROM rectification WHERE (?1 = 0 OR recording = ?1) AND (?2 = 0 OR track = ?2) ORDER BY seq`, rec, track)
	if err != nil {
		return nil, s.fail(err, "cannot list the corrections")
	}
	defer rows.Close()
	var out []Rectification
	for rows.Next() {
		var r Rectification
		var before, after uint8
		if err := rows.Scan(&r.Seq, &r.Recording, &r.Track, &r.Field, &before, &r.BeforeScore, &after, &r.By, &r.AtUS, &r.Record); err != nil {
			return nil, s.fail(err, "cannot list the corrections")
		}
		if r.Field == "class" {
			r.Before, r.After = scene.Class(before).String(), scene.Class(after).String()
		} else {
			r.Before, r.After = scene.Colour(before).String(), scene.Colour(after).String()
		}
		out = append(out, r)
	}
	return out, s.fail(rows.Err(), "cannot list the corrections")
}
