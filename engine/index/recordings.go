package index

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"posteriori/engine/fault"
)

const recordingColumns = `id, sha256, path, size_bytes, modified_unix_us, imported_unix_us, exhibit, basis,
	camera, clock_unix_us, clock_uncertainty_us, clock_source, probe`

// AddRecording stores a recording and returns its id. r.ID is not read. When
// one of the same hash is there, its id is returned with [ErrDuplicate].
func (s *Store) AddRecording(ctx context.Context, r Recording) (id int64, err error) {
	probe, err := json.Marshal(r.Probe)
	if err != nil {
		return 0, s.fail(err, "cannot store the recording")
	}
	err = s.write(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, "SELECT id FROM recording WHERE sha256 = ?", r.SHA256).Scan(&id)
		if err == nil {
			return ErrDuplicate
		} else if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		// Not SQLite's choice, which gives the number of an erased last one anew.
		if err := tx.QueryRowContext(ctx, `SELECT 1 + max(coalesce((SELECT max(id) FROM recording), 0),
			coalesce((SELECT max(recording) FROM erased), 0))`).Scan(&id); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO recording (`+recordingColumns+`) VALUES (`+placeholders(13)+`)`,
			id, r.SHA256, r.Path, r.Bytes, r.ModifiedUS, r.ImportedUS, r.Exhibit, r.Basis,
			r.Camera, r.ClockUS, r.ClockUncertaintyUS, r.ClockSource, string(probe))
		return err
	})
	if errors.Is(err, ErrDuplicate) {
		return id, ErrDuplicate
	}
	return id, s.fail(err, "cannot store the recording")
}

// MoveRecording notes that a recording's original, the same by its hash, now
// lies elsewhere.
func (s *Store) MoveRecording(ctx context.Context, id int64, path string, modifiedUS int64) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, "UPDATE recording SET path = ?, modified_unix_us = ? WHERE id = ?", path, modifiedUS, id)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 1 {
			return err
		}
		return fault.New(fault.NotFound, "there is no recording %d", id)
	})
	return s.fail(err, "cannot note the recording's new place")
}

// Recordings lists all recordings in order of import.
func (s *Store) Recordings(ctx context.Context) ([]Recording, error) {
	rows, err := s.r.QueryContext(ctx, "SELECT "+recordingColumns+" FROM recording ORDER BY id")
	if err != nil {
		return nil, s.fail(err, "cannot list the recordings")
	}
	defer rows.Close()
	var out []Recording
	for rows.Next() {
		r, err := scanRecording(rows)
		if err != nil {
			return nil, s.fail(err, "cannot list the recordings")
		}
		out = append(out, r)
	}
	return out, s.fail(rows.Err(), "cannot list the recordings")
}

// Recording returns one recording; fault.NotFound when there is none.
func (s *Store) Recording(ctx context.Context, id int64) (Recording, error) {
	r, err := scanRecording(s.r.QueryRowContext(ctx, "SELECT "+recordingColumns+" FROM recording WHERE id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		gone, err := isErased(ctx, s.r, id, 0)
		if err == nil && gone {
			err = fault.New(fault.NotFound, "recording %d has been erased", id)
		} else if err == nil {
			err = fault.New(fault.NotFound, "there is no recording %d in this procedure", id)
		}
		return r, s.fail(err, "cannot read the recording")
	}
	return r, s.fail(err, "cannot read the recording")
}

// Imported finds the recording of a file by its SHA-256, in hexadecimal; ok is
// false when it was not imported.
func (s *Store) Imported(ctx context.Context, sha256 string) (r Recording, ok bool, err error) {
	r, err = scanRecording(s.r.QueryRowContext(ctx, "SELECT "+recordingColumns+" FROM recording WHERE sha256 = ?", sha256))
	if errors.Is(err, sql.ErrNoRows) {
		return Recording{}, false, nil
	}
	return r, err == nil, s.fail(err, "cannot read the recording")
}

// minHashPrefix is the shortest part of a hash that names a recording.
const minHashPrefix = 6

// FindRecording finds the recording that ref means: its id, its path, the
// last part of its path, or at least 6 digits of the start of its hash. None is
// fault.NotFound, several are fault.Usage. ref stands in the error's File, not
// in its message: messages go into the journal, and ref may name people.
func (s *Store) FindRecording(ctx context.Context, ref string) (Recording, error) {
	all, err := s.Recordings(ctx)
	if err != nil {
		return Recording{}, err
	}
	id, _ := strconv.ParseInt(ref, 10, 64)
	tests := []func(Recording) bool{
		func(r Recording) bool { return r.ID == id },
		func(r Recording) bool { return r.Path == ref },
		func(r Recording) bool { return strings.HasSuffix(r.Path, "/"+ref) },
		func(r Recording) bool {
			return len(ref) >= minHashPrefix && strings.HasPrefix(r.SHA256, strings.ToLower(ref))
		},
	}
	for _, is := range tests {
		var found []Recording
		for _, r := range all {
			if ref != "" && is(r) {
				found = append(found, r)
			}
		}
		if len(found) > 1 {
			return Recording{}, fault.New(fault.Usage, "it means %d recordings, among them %d and %d", len(found), found[0].ID, found[1].ID).
				OnFile(ref).WithHint("name it by its number")
		}
		if len(found) == 1 {
			return found[0], nil
		}
	}
	return Recording{}, fault.New(fault.NotFound, "there is no such recording in this procedure").OnFile(ref).
		WithHint("name it by its number, its path or file name, or the first %d digits of its hash", minHashPrefix)
}

type scanner interface{ Scan(dest ...any) error }

func scanRecording(row scanner) (Recording, error) {
	var r Recording
	var clock sql.NullInt64
	var probe string
	err := row.Scan(&r.ID, &r.SHA256, &r.Path, &r.Bytes, &r.ModifiedUS, &r.ImportedUS, &r.Exhibit, &r.Basis,
		&r.Camera, &clock, &r.ClockUncertaintyUS, &r.ClockSource, &probe)
	if err != nil {
		return r, err
	}
	if clock.Valid {
		r.ClockUS = &clock.Int64
	}
	return r, json.Unmarshal([]byte(probe), &r.Probe)
}
