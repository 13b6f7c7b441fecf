package index

import (
	"context"
	"database/sql"
	_ "embed"
	"fmt"
	"strings"

	"posteriori/engine/fault"
)

// schemaVersion is in the file's user_version. Raise it with each change of
// the schema, and when scene gains a class (older programs would leave it out
// of a search by colour), and add the way from the version before to upgrades.
const schemaVersion = 9

//go:embed schema.sql
var schemaSQL string

//go:embed law.sql
var lawSQL string

//go:embed registration.sql
var registrationTables string

//go:embed camera.sql
var cameraSQL string

//go:embed batch.sql
var batchSQL string

// upgrades[v] leads from version v to v+1. Version 2 came with what the law
// asks for: decisions, derived files, rectification, erasure; version 3 with an
// index by kind that holds whole rows; version 4 with number plates;
// version 5 with events, cameras, and what makes searches by place and by
// standing quick; version 6 with the coarse map of where feet were; version 7
// with lower clothing; version 8 with batches and the joins of files;
// version 9 with the votes behind class and colours.
var upgrades = map[int]string{
	1: `ALTER TABLE track ADD COLUMN status INTEGER NOT NULL DEFAULT 0 CHECK (status BETWEEN 0 AND 2);
		CREATE INDEX track_by_status ON track (recording, status) WHERE status <> 0;` + lawSQL,
	2: `DROP INDEX track_by_colour;
		DROP INDEX track_by_kind;
		CREATE INDEX track_by_kind ON track (recording, class, colour, start_us, id, end_us, class_score, colour_score, heading_deg,
			observed, best_us, best_x_px, best_y_px, best_w_px, best_h_px, min_w_px, min_h_px, median_w_px, median_h_px,
			max_w_px, max_h_px, foot_x0_px, foot_y0_px, foot_x1_px, foot_y1_px, travel_px, status);
		INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('track', 'track_by_kind', '100000 10000 1500 150 2');`,
	3: registrationTables,
	4: `ALTER TABLE track ADD COLUMN event INTEGER NOT NULL DEFAULT 0 CHECK (event BETWEEN 0 AND 2);
		ALTER TABLE track ADD COLUMN event_us INTEGER;
		ALTER TABLE track ADD COLUMN linked INTEGER;
		ALTER TABLE track ADD COLUMN stand_us INTEGER NOT NULL DEFAULT 0 CHECK (stand_us >= 0);
		UPDATE track SET stand_us = end_us - start_us;
		DROP INDEX track_by_kind;
		CREATE INDEX track_by_kind ON track (recording, class, colour, start_us, id, end_us, class_score, colour_score, heading_deg,
			observed, best_us, best_x_px, best_y_px, best_w_px, best_h_px, min_w_px, min_h_px, median_w_px, median_h_px,
			max_w_px, max_h_px, foot_x0_px, foot_y0_px, foot_x1_px, foot_y1_px, travel_px, status,
			event, event_us, linked, stand_us);
		CREATE INDEX track_by_event ON track (recording, event) WHERE event <> 0;
		CREATE INDEX track_by_stand ON track (recording, stand_us);
		CREATE INDEX track_by_foot ON track (recording, foot_x0_px, foot_x1_px, foot_y0_px, foot_y1_px);
		INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('track', 'track_by_kind', '100000 10000 1500 150 2'),
			('track', 'track_by_foot', '100000 10000 20 10 5 2'),
			('track', 'track_by_stand', '100000 10000 20');
		CREATE TABLE way (
			recording INTEGER NOT NULL,
			track     INTEGER NOT NULL,
			path      BLOB NOT NULL,
			PRIMARY KEY (recording, track),
			FOREIGN KEY (recording, track) REFERENCES track (recording, id)
		) STRICT, WITHOUT ROWID;
		INSERT INTO way (recording, track, path) SELECT recording, track, path FROM tube ORDER BY recording, track;
		ALTER TABLE tube DROP COLUMN path;` + cameraSQL,
	5: cellsSQL,
	6: `ALTER TABLE track ADD COLUMN lower INTEGER NOT NULL DEFAULT 0 CHECK (lower BETWEEN 0 AND 255);
		ALTER TABLE track ADD COLUMN lower_score REAL NOT NULL DEFAULT 0;
		DROP INDEX track_by_kind;
		CREATE INDEX track_by_kind ON track (recording, class, colour, start_us, id, end_us, class_score, colour_score, heading_deg,
			observed, best_us, best_x_px, best_y_px, best_w_px, best_h_px, min_w_px, min_h_px, median_w_px, median_h_px,
			max_w_px, max_h_px, foot_x0_px, foot_y0_px, foot_x1_px, foot_y1_px, travel_px, status,
			event, event_us, linked, stand_us, cells, lower, lower_score);
		INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('track', 'track_by_kind', '100000 10000 1500 150 2');
		ALTER TABLE rectification RENAME TO rectification6;
		DROP INDEX rectification_by_track;` + rectificationSQL() + `
		INSERT INTO rectification (seq, recording, track, field, before, before_score, after, by_whom, at_unix_us, record)
			SELECT seq, recording, track, field, before, before_score, after, by_whom, at_unix_us, record FROM rectification6;
		DROP TABLE rectification6;`,
	7: batchSQL,
	8: `ALTER TABLE tube ADD COLUMN votes TEXT NOT NULL DEFAULT '';`,
}

// rectificationSQL is the part of lawSQL that makes the table of corrections.
func rectificationSQL() string {
	_, rest, _ := strings.Cut(lawSQL, "CREATE TABLE rectification")
	table, _, _ := strings.Cut(rest, "\n\n")
	return "CREATE TABLE rectification" + table
}

// cellsSQL brings the coarse map of where feet were (scene.Cells) into the
// table and into the indexes that searches by place read.
const cellsSQL = `ALTER TABLE track ADD COLUMN cells INTEGER NOT NULL DEFAULT -1;
	DROP INDEX track_by_kind;
	CREATE INDEX track_by_kind ON track (recording, class, colour, start_us, id, end_us, class_score, colour_score, heading_deg,
		observed, best_us, best_x_px, best_y_px, best_w_px, best_h_px, min_w_px, min_h_px, median_w_px, median_h_px,
		max_w_px, max_h_px, foot_x0_px, foot_y0_px, foot_x1_px, foot_y1_px, travel_px, status,
		event, event_us, linked, stand_us, cells);
	DROP INDEX track_by_foot;
	CREATE INDEX track_by_foot ON track (recording, foot_x0_px, foot_x1_px, foot_y0_px, foot_y1_px, cells, id, start_us);
	INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('track', 'track_by_kind', '100000 10000 1500 150 2'),
		('track', 'track_by_foot', '100000 10000 20 10 5 2 2 1 1');`

// prepare makes the tables in a new file, brings one of an older version up to
// this one, all or nothing, and refuses one of a newer version.
func (s *Store) prepare(ctx context.Context, isNew bool) error {
	var version int
	if !isNew {
		err := s.r.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version)
		if err != nil || version == schemaVersion {
			return err
		}
	}
	return s.write(ctx, func(tx *sql.Tx) error {
		// Again, for another process may be at the same work.
		if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
			return err
		}
		switch {
		case version == schemaVersion:
			return nil
		case version < 0 || version > schemaVersion:
			return fault.New(fault.BadInput, "the index has format %d, this program reads up to %d", version, schemaVersion).
				OnFile(s.path).WithHint("open it with the version of posteriori that made it")
		case version == 0:
			if _, err := tx.ExecContext(ctx, schemaSQL+lawSQL+registrationTables+cameraSQL+batchSQL); err != nil {
				return err
			}
			version = schemaVersion
		}
		for ; version < schemaVersion; version++ {
			if _, err := tx.ExecContext(ctx, upgrades[version]); err != nil {
				return fmt.Errorf("from format %d: %w", version, err)
			}
		}
		_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version=%d", version))
		return err
	})
}
