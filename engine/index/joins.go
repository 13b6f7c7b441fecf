package index

import (
	"context"
	"database/sql"

	"posteriori/engine/scene"
)

// Join says that a track is cut where its recording meets the next file of its
// camera.
type Join struct {
	Recording      int64 `json:"recording"`
	Track          int64 `json:"track"`
	AtEnd          bool  `json:"at_end"` // of its recording; else at its beginning
	OtherRecording int64 `json:"other_recording"`
	OtherTrack     int64 `json:"other_track,omitempty"` // that goes on there; 0: none was found
}

// SetJoins stores the tracks that the join of two files cuts, in place of what
// was stored of it before.
func (s *Store) SetJoins(ctx context.Context, before, after int64, joins []Join) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM joined WHERE recording = ? AND at_end = 1 OR recording = ? AND at_end = 0", before, after); err != nil {
			return err
		}
		for _, j := range joins {
			var other any
			if j.OtherTrack > 0 {
				other = j.OtherTrack
			}
			if _, err := tx.ExecContext(ctx, "INSERT INTO joined (recording, track, at_end, other_recording, other_track) VALUES (?, ?, ?, ?, ?)",
				j.Recording, j.Track, j.AtEnd, j.OtherRecording, other); err != nil {
				return err
			}
		}
		return nil
	})
	return s.fail(err, "cannot store the joins")
}

// Joins lists where a track is cut by a join of files: at its beginning, at
// its end, or both.
func (s *Store) Joins(ctx context.Context, rec, track int64) ([]Join, error) {
	rows, err := s.r.QueryContext(ctx, "SELECT at_end, other_recording, coalesce(other_track, 0) FROM joined WHERE recording = ? AND track = ? ORDER BY at_end", rec, track)
	if err != nil {
		return nil, s.fail(err, "cannot read the joins")
	}
	defer rows.Close()
	var out []Join
	for rows.Next() {
		j := Join{Recording: rec, Track: track}
		if err := rows.Scan(&j.AtEnd, &j.OtherRecording, &j.OtherTrack); err != nil {
			return nil, s.fail(err, "cannot read the joins")
		}
		out = append(out, j)
	}
	return out, s.fail(rows.Err(), "cannot read the joins")
}

// CountJoins counts the objects of a batch that go on in the next file, each
// once, and the tracks that a join cuts without a continuation.
func (s *Store) CountJoins(ctx context.Context, batch int64) (joined, cut int64, err error) {
	err = s.r.QueryRowContext(ctx, `SELECT coalesce(sum(at_end = 1 AND other_track IS NOT NULL), 0), coalesce(sum(other_track IS NULL), 0)
		FROM joined WHERE recording IN (SELECT recording FROM batch_item WHERE batch = ?)`, batch).Scan(&joined, &cut)
	return joined, cut, s.fail(err, "cannot read the joins")
}

// AtEdge gives the tracks of a recording that live at some time from fromUS to
// toUS, with their paths.
func (s *Store) AtEdge(ctx context.Context, rec, fromUS, toUS int64) ([]scene.Track, error) {
	var out []scene.Track
	for r, err := range s.Search(ctx, Where{SQL: "t.recording = ? AND t.end_us >= ? AND t.start_us <= ?", Args: []any{rec, fromUS, toUS}, Path: true}) {
		if err != nil {
			return nil, err
		}
		out = append(out, r.Track)
	}
	return out, nil
}
