package index

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"posteriori/engine/scene"
)

// Camera is what a person said of where a camera looks.
type Camera struct {
	Name        string            `json:"camera"`
	Calibration scene.Calibration `json:"calibration"`
	By          string            `json:"by"` // matricule or account
	AtUS        int64             `json:"at_unix_us"`
	Record      int64             `json:"record"` // the journal record's seq
}

// SetCamera stores what is said of a camera, in place of what was said before.
func (s *Store) SetCamera(ctx context.Context, c Camera) error {
	text, err := json.Marshal(c.Calibration)
	if err == nil {
		err = s.write(ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO camera (name, calibration, by_whom, at_unix_us, record) VALUES (?, ?, ?, ?, ?)`,
				c.Name, string(text), c.By, time.Now().UnixMicro(), c.Record)
			return err
		})
	}
	return s.fail(err, "cannot store the calibration")
}

// Cameras lists what is said of cameras, by name.
func (s *Store) Cameras(ctx context.Context) ([]Camera, error) {
	rows, err := s.r.QueryContext(ctx, "SELECT name, calibration, by_whom, at_unix_us, record FROM camera ORDER BY name")
	if err != nil {
		return nil, s.fail(err, "cannot list the calibrations")
	}
	defer rows.Close()
	var out []Camera
	for rows.Next() {
		var c Camera
		var text string
		err := rows.Scan(&c.Name, &text, &c.By, &c.AtUS, &c.Record)
		if err == nil {
			err = json.Unmarshal([]byte(text), &c.Calibration)
		}
		if err != nil {
			return nil, s.fail(err, "cannot list the calibrations")
		}
		out = append(out, c)
	}
	return out, s.fail(rows.Err(), "cannot list the calibrations")
}
