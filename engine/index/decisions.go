package index

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"posteriori/engine/fault"
)

// Verdict is what a person says of a track.
type Verdict string

// The verdicts. A comment leaves the track's status as it is.
const (
	Validated Verdict = "validated"
	Rejected  Verdict = "rejected"
	Comment   Verdict = "comment"
)

// Status is where a track stands after the last verdict that is no comment.
type Status string

// The statuses. What the engine finds is a proposal until a person decides.
const (
	Proposed        Status = "proposed"
	StatusValidated Status = "validated"
	StatusRejected  Status = "rejected"
)

// Statuses lists the statuses. Column track.status holds a status's place in it.
var Statuses = []Status{Proposed, StatusValidated, StatusRejected}

// statusAt is the status at place n of Statuses; Proposed for a place that is none.
func statusAt(n int64) Status {
	if n < 0 || n >= int64(len(Statuses)) {
		return Proposed
	}
	return Statuses[n]
}

// Decision is one thing that a person said of a track.
type Decision struct {
	Seq       int64   `json:"seq"` // set by Decide
	Recording int64   `json:"recording"`
	Track     int64   `json:"track"`
	Verdict   Verdict `json:"verdict"`
	Text      string  `json:"text,omitempty"` // required of a comment
	By        string  `json:"by"`             // matricule or account
	AtUS      int64   `json:"at_unix_us"`     // now when zero
	Record    int64   `json:"record"`         // the journal record's seq
}

// Decide stores a decision, sets the track's status by it and returns its
// number, which grows with every decision. A rejection masks the track's plate
// again. A track that is not there is
// fault.NotFound, an unknown verdict or an empty comment fault.Usage.
func (s *Store) Decide(ctx context.Context, d Decision) (seq int64, err error) {
	status := slices.Index(Statuses, Status(d.Verdict))
	switch {
	case d.Verdict == Comment && strings.TrimSpace(d.Text) == "":
		return 0, fault.New(fault.Usage, "a comment says nothing")
	case d.Verdict != Comment && d.Verdict != Validated && d.Verdict != Rejected:
		return 0, fault.New(fault.Usage, "a decision is none of validated, rejected, comment")
	case d.By == "":
		return 0, fault.New(fault.Internal, "a decision names nobody who took it")
	}
	if d.AtUS == 0 {
		d.AtUS = time.Now().UnixMicro()
	}
	err = s.write(ctx, func(tx *sql.Tx) error {
		if err := wantTrack(ctx, tx, d.Recording, d.Track); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `INSERT INTO decision (recording, track, verdict, body, by_whom, at_unix_us, record)
			VALUES (?, ?, ?, ?, ?, ?, ?)`, d.Recording, d.Track, string(d.Verdict), d.Text, d.By, d.AtUS, d.Record)
		if err != nil {
			return err
		}
		if seq, err = res.LastInsertId(); err != nil || d.Verdict == Comment {
			return err
		}
		if d.Verdict == Rejected {
			if err := mask(ctx, tx, d.Recording, d.Track); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, "UPDATE track SET status = ? WHERE recording = ? AND id = ?", status, d.Recording, d.Track)
		return err
	})
	return seq, s.fail(err, "cannot store the decision")
}

// Decisions lists what people said of a track, of all tracks of a recording
// when track is 0, or of all when rec is 0 too, in the order they said it.
func (s *Store) Decisions(ctx context.Context, rec, track int64) ([]Decision, error) {
	rows, err := s.r.QueryContext(ctx, `SELECT seq, recording, track, verdict, body, by_whom, at_unix_us, record FROM decision
		WHERE (?1 = 0 OR recording = ?1) AND (?2 = 0 OR track = ?2) ORDER BY seq`, rec, track)
	if err != nil {
		return nil, s.fail(err, "cannot list the decisions")
	}
	defer rows.Close()
	var out []Decision
	for rows.Next() {
		var d Decision
		if err := rows.Scan(&d.Seq, &d.Recording, &d.Track, &d.Verdict, &d.Text, &d.By, &d.AtUS, &d.Record); err != nil {
			return nil, s.fail(err, "cannot list the decisions")
		}
		out = append(out, d)
	}
	return out, s.fail(rows.Err(), "cannot list the decisions")
}

// querier is what both a transaction and a pool of connections can do.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// wantTrack is nil when the track is there, else [noTrack].
func wantTrack(ctx context.Context, q querier, rec, id int64) error {
	var one int
	err := q.QueryRowContext(ctx, "SELECT 1 FROM track WHERE recording = ? AND id = ?", rec, id).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return noTrack(ctx, q, rec, id)
	}
	return err
}

// noTrack says, as fault.NotFound, that a track is not there, or no longer.
func noTrack(ctx context.Context, q querier, rec, id int64) error {
	gone, err := isErased(ctx, q, rec, id)
	if err != nil {
		return err
	}
	if gone {
		return fault.New(fault.NotFound, "track %d:%d has been erased", rec, id)
	}
	return fault.New(fault.NotFound, "there is no track %d:%d", rec, id)
}
