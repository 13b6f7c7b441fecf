package index

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"iter"
	"time"

	"posteriori/engine/fault"
	"posteriori/engine/scene"
)

// The states of a batch.
const (
	BatchOpen      = "open"
	BatchPaused    = "paused"
	BatchCancelled = "cancelled"
)

// The states of a batch's item. All but ItemWaiting are final.
const (
	ItemWaiting   = "waiting"
	ItemAnalysed  = "analysed"
	ItemPartly    = "partly" // NotSeen says which seconds are not
	ItemRefused   = "refused"
	ItemFailed    = "failed"
	ItemCancelled = "cancelled"
	ItemLeftOut   = "left-out"
)

// Batch is many files to import and analyse.
type Batch struct {
	ID       int64  `json:"id"` // 1-based; set by AddBatch
	MadeUS   int64  `json:"made_unix_us"`
	Manifest string `json:"manifest_sha256"`
	Basis    string `json:"basis"`
	State    string `json:"state"`
	Progress string `json:"-"` // what its run said last, as JSON
	Record   int64  `json:"record"`
}

// BatchItem is one file of a batch, and what became of it.
type BatchItem struct {
	Batch              int64            `json:"batch"`
	Item               int64            `json:"item"` // 1-based, in the manifest's order
	Path               string           `json:"path"`
	Bytes              int64            `json:"bytes"`
	Kind               string           `json:"kind"`
	Video              string           `json:"video,omitempty"`
	LengthUS           int64            `json:"length_us"` // by the plan; 0 unknown
	Exhibit            string           `json:"exhibit"`
	Camera             string           `json:"camera"`
	StartUS            *int64           `json:"start_unix_us,omitempty"` // by the recorder's own clock
	ClockUS            *int64           `json:"clock_unix_us,omitempty"` // by the one that a person confirmed
	ClockUncertaintyUS int64            `json:"clock_uncertainty_us,omitempty"`
	ClockSource        string           `json:"clock_source,omitempty"`
	Priority           int              `json:"priority"` // 1 first, 4 last
	State              string           `json:"state"`
	Reason             string           `json:"reason,omitempty"`
	Hint               string           `json:"hint,omitempty"`
	Recording          int64            `json:"recording,omitempty"` // 0: not imported
	Attempts           int              `json:"attempts"`
	Tracks             int64            `json:"tracks"`
	NotSeen            []scene.Coverage `json:"not_seen,omitempty"`
	FinishedUS         int64            `json:"finished_unix_us,omitempty"`
}

const itemColumns = `batch, item, path, size_bytes, kind, video, length_us, exhibit, camera, start_unix_us, clock_unix_us, clock_uncertainty_us,
	clock_source, priority, state, reason, hint, recording, attempts, tracks, not_seen, finished_unix_us`

// AddBatch stores a batch with its items, all or none, and returns its number.
// Items are numbered in their order.
func (s *Store) AddBatch(ctx context.Context, b Batch, items iter.Seq[BatchItem]) (id int64, err error) {
	err = s.write(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, "INSERT INTO batch (made_unix_us, manifest, basis, state, record) VALUES (?, ?, ?, 'open', ?)",
			b.MadeUS, b.Manifest, b.Basis, b.Record)
		if err != nil {
			return err
		}
		if id, err = res.LastInsertId(); err != nil {
			return err
		}
		put, err := tx.PrepareContext(ctx, "INSERT INTO batch_item ("+itemColumns+") VALUES ("+placeholders(22)+")")
		if err != nil {
			return err
		}
		defer put.Close()
		n := int64(0)
		for it := range items {
			n++
			if _, err := put.ExecContext(ctx, id, n, it.Path, it.Bytes, it.Kind, it.Video, it.LengthUS, it.Exhibit, it.Camera, it.StartUS, it.ClockUS,
				it.ClockUncertaintyUS, it.ClockSource, it.Priority, it.State, it.Reason, it.Hint, nil, 0, 0, "", nil); err != nil {
				return err
			}
		}
		return nil
	})
	return id, s.fail(err, "cannot store the batch")
}

// Batches lists all batches in order of making.
func (s *Store) Batches(ctx context.Context) ([]Batch, error) {
	rows, err := s.r.QueryContext(ctx, "SELECT id, made_unix_us, manifest, basis, state, progress, record FROM batch ORDER BY id")
	if err != nil {
		return nil, s.fail(err, "cannot list the batches")
	}
	defer rows.Close()
	var out []Batch
	for rows.Next() {
		var b Batch
		if err := rows.Scan(&b.ID, &b.MadeUS, &b.Manifest, &b.Basis, &b.State, &b.Progress, &b.Record); err != nil {
			return nil, s.fail(err, "cannot list the batches")
		}
		out = append(out, b)
	}
	return out, s.fail(rows.Err(), "cannot list the batches")
}

// BatchItems walks through the items of a batch in order; those of one state,
// or with "" all.
func (s *Store) BatchItems(ctx context.Context, batch int64, state string) iter.Seq2[BatchItem, error] {
	return func(yield func(BatchItem, error) bool) {
		fail := func(err error) { yield(BatchItem{}, s.fail(err, "cannot read the batch")) }
		rows, err := s.r.QueryContext(ctx, "SELECT "+itemColumns+" FROM batch_item WHERE batch = ? AND (? = '' OR state = ?) ORDER BY item", batch, state, state)
		if err != nil {
			fail(err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			it, err := scanItem(rows)
			if err != nil {
				fail(err)
				return
			}
			if !yield(it, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			fail(err)
		}
	}
}

// BatchItem reads one item; fault.NotFound when there is none.
func (s *Store) BatchItem(ctx context.Context, batch, item int64) (BatchItem, error) {
	it, err := scanItem(s.r.QueryRowContext(ctx, "SELECT "+itemColumns+" FROM batch_item WHERE batch = ? AND item = ?", batch, item))
	if errors.Is(err, sql.ErrNoRows) {
		err = fault.New(fault.NotFound, "there is no item %d in batch %d", item, batch)
	}
	return it, s.fail(err, "cannot read the batch")
}

func scanItem(row scanner) (BatchItem, error) {
	var it BatchItem
	var start, clock, rec, finished sql.NullInt64
	var notSeen string
	err := row.Scan(&it.Batch, &it.Item, &it.Path, &it.Bytes, &it.Kind, &it.Video, &it.LengthUS, &it.Exhibit, &it.Camera, &start, &clock,
		&it.ClockUncertaintyUS, &it.ClockSource, &it.Priority, &it.State, &it.Reason, &it.Hint, &rec, &it.Attempts, &it.Tracks, &notSeen, &finished)
	if err != nil {
		return it, err
	}
	if clock.Valid {
		it.ClockUS = &clock.Int64
	}
	if start.Valid {
		it.StartUS = &start.Int64
	}
	it.Recording, it.FinishedUS = rec.Int64, finished.Int64
	if notSeen != "" {
		err = json.Unmarshal([]byte(notSeen), &it.NotSeen)
	}
	return it, err
}

// UpdateItem stores what became of an item so far: State, Reason, Hint,
// Recording, Attempts, Tracks and NotSeen. The other fields stay as they were.
func (s *Store) UpdateItem(ctx context.Context, it BatchItem) error {
	notSeen := ""
	if len(it.NotSeen) > 0 {
		b, err := json.Marshal(it.NotSeen)
		if err != nil {
			return s.fail(err, "cannot store the batch")
		}
		notSeen = string(b)
	}
	var rec, finished any
	if it.Recording > 0 {
		rec = it.Recording
	}
	if it.State != ItemWaiting {
		finished = time.Now().UnixMicro()
	}
	err := s.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE batch_item SET state = ?, reason = ?, hint = ?, recording = ?, attempts = ?, tracks = ?, not_seen = ?,
			finished_unix_us = ? WHERE batch = ? AND item = ?`,
			it.State, it.Reason, it.Hint, rec, it.Attempts, it.Tracks, notSeen, finished, it.Batch, it.Item)
		return err
	})
	return s.fail(err, "cannot store the batch")
}

// SetBatchState opens, pauses or cancels a batch. What waits in one that is
// cancelled is cancelled with it.
func (s *Store) SetBatchState(ctx context.Context, batch int64, state string) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE batch SET state = ? WHERE id = ?", state, batch); err != nil || state != BatchCancelled {
			return err
		}
		_, err := tx.ExecContext(ctx, "UPDATE batch_item SET state = 'cancelled', reason = 'the batch was cancelled', finished_unix_us = ? WHERE batch = ? AND state = 'waiting'",
			time.Now().UnixMicro(), batch)
		return err
	})
	return s.fail(err, "cannot store the batch")
}

// RetryItems lets items wait again that are in one of the states; with item > 0
// that one alone. It returns how many.
func (s *Store) RetryItems(ctx context.Context, batch, item int64, states ...string) (n int64, err error) {
	err = s.write(ctx, func(tx *sql.Tx) error {
		for _, st := range states {
			res, err := tx.ExecContext(ctx, `UPDATE batch_item SET state = 'waiting', attempts = 0, finished_unix_us = NULL
				WHERE batch = ? AND state = ? AND (? = 0 OR item = ?)`, batch, st, item, item)
			if err != nil {
				return err
			}
			k, err := res.RowsAffected()
			if err != nil {
				return err
			}
			n += k
		}
		_, err := tx.ExecContext(ctx, "UPDATE batch SET state = 'open' WHERE id = ?", batch)
		return err
	})
	return n, s.fail(err, "cannot store the batch")
}

// SetBatchProgress notes what the run of a batch says of itself, as JSON.
func (s *Store) SetBatchProgress(ctx context.Context, batch int64, progress string) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE batch SET progress = ? WHERE id = ?", progress, batch)
		return err
	})
	return s.fail(err, "cannot store the batch")
}
