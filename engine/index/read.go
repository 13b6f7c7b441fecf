package index

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"github.com/ncruces/go-sqlite3"

	"posteriori/engine/fault"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

const analysisQuery = `SELECT recording, identity, info, state, started_unix_us, coalesce(finished_unix_us, 0),
	plane_w, plane_h, tracks, (SELECT count(*) FROM chunk c WHERE c.recording = a.recording) FROM analysis a `

// Analyses lists the analyses, by recording.
func (s *Store) Analyses(ctx context.Context) ([]Analysis, error) {
	rows, err := s.r.QueryContext(ctx, analysisQuery+"ORDER BY recording")
	if err != nil {
		return nil, s.fail(err, "cannot list the analyses")
	}
	defer rows.Close()
	var out []Analysis
	for rows.Next() {
		a, err := scanAnalysis(rows)
		if err != nil {
			return nil, s.fail(err, "cannot list the analyses")
		}
		out = append(out, a)
	}
	return out, s.fail(rows.Err(), "cannot list the analyses")
}

// Analysis is that of one recording; fault.NotFound when there is none.
func (s *Store) Analysis(ctx context.Context, recording int64) (Analysis, error) {
	a, err := scanAnalysis(s.r.QueryRowContext(ctx, analysisQuery+"WHERE recording = ?", recording))
	if errors.Is(err, sql.ErrNoRows) {
		err = fault.New(fault.NotFound, "recording %d has no analysis", recording)
	}
	return a, s.fail(err, "cannot read the analysis")
}

func scanAnalysis(row scanner) (Analysis, error) {
	var a Analysis
	var b Analysis // as begun: models, parameters, build, device
	var info string
	err := row.Scan(&a.Recording, &a.Identity, &info, &a.State, &a.StartedUS, &a.FinishedUS, &a.PlaneW, &a.PlaneH, &a.Tracks, &a.ChunksDone)
	if err == nil {
		err = json.Unmarshal([]byte(info), &b)
	}
	a.Models, a.Params, a.Build, a.Device = b.Models, b.Params, b.Build, b.Device
	return a, err
}

// Machines is which machines did how many chunks of each recording's analysis,
// by recording and name; those of the machine that the store is on are not in
// it. It reads every chunk's account.
func (s *Store) Machines(ctx context.Context) (map[int64]map[string]int, error) {
	rows, err := s.r.QueryContext(ctx, `SELECT recording, json_extract(chunk_end, '$.machine') AS machine, count(*) FROM chunk
		WHERE machine <> '' GROUP BY 1, 2`)
	if err != nil {
		return nil, s.fail(err, "cannot list the machines")
	}
	defer rows.Close()
	out := map[int64]map[string]int{}
	for rows.Next() {
		var rec int64
		var name string
		var n int
		if err := rows.Scan(&rec, &name, &n); err != nil {
			return nil, s.fail(err, "cannot list the machines")
		}
		if out[rec] == nil {
			out[rec] = map[string]int{}
		}
		out[rec][name] = n
	}
	return out, s.fail(rows.Err(), "cannot list the machines")
}

// Coverage is what became of each span of a recording, in the order stored;
// nil when its analysis is not complete.
func (s *Store) Coverage(ctx context.Context, rec int64) ([]scene.Coverage, error) {
	rows, err := s.r.QueryContext(ctx, "SELECT from_us, to_us, kind, reason FROM coverage WHERE recording = ? ORDER BY seq", rec)
	if err != nil {
		return nil, s.fail(err, "cannot read the coverage")
	}
	defer rows.Close()
	var out []scene.Coverage
	for rows.Next() {
		var c scene.Coverage
		if err := rows.Scan(&c.FromUS, &c.ToUS, &c.Kind, &c.Reason); err != nil {
			return nil, s.fail(err, "cannot read the coverage")
		}
		out = append(out, c)
	}
	return out, s.fail(rows.Err(), "cannot read the coverage")
}

// Plates are the pictures of a recording without its movers, by time.
func (s *Store) Plates(ctx context.Context, rec int64) ([]wire.Plate, error) {
	rows, err := s.r.QueryContext(ctx, "SELECT at_us, jpeg FROM plate WHERE recording = ? ORDER BY at_us, chunk", rec)
	if err != nil {
		return nil, s.fail(err, "cannot read the background pictures")
	}
	defer rows.Close()
	var out []wire.Plate
	for rows.Next() {
		var p wire.Plate
		if err := rows.Scan(&p.TUS, &p.JPEG); err != nil {
			return nil, s.fail(err, "cannot read the background pictures")
		}
		out = append(out, p)
	}
	return out, s.fail(rows.Err(), "cannot read the background pictures")
}

// FrameTimes walks the media times of a recording's analysed frames, µs, in
// decode order. One chunk's times are held at once.
func (s *Store) FrameTimes(ctx context.Context, rec int64) iter.Seq2[int64, error] {
	return func(yield func(int64, error) bool) {
		if err := s.frameTimes(ctx, rec, yield); err != nil && !errors.Is(err, errStopped) {
			yield(0, s.fail(err, "cannot read the frame times"))
		}
	}
}

func (s *Store) frameTimes(ctx context.Context, rec int64, yield func(int64, error) bool) error {
	rows, err := s.r.QueryContext(ctx, "SELECT chunk, times FROM chunk WHERE recording = ? ORDER BY chunk", rec)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var chunk int
		var blob []byte
		if err := rows.Scan(&chunk, &blob); err != nil {
			return err
		}
		times, err := scene.UnpackTimes(blob)
		if err != nil {
			return damaged(err, "frame times of recording %d, chunk %d", rec, chunk)
		}
		for _, t := range times {
			if !yield(t, nil) {
				return errStopped
			}
		}
	}
	return rows.Err()
}

// Crop is the best picture of a track; fault.NotFound when it has none.
func (s *Store) Crop(ctx context.Context, rec, id int64) (scene.Crop, error) {
	var c scene.Crop
	err := s.r.QueryRowContext(ctx, "SELECT at_us, x_px, y_px, w_px, h_px, jpeg FROM crop WHERE recording = ? AND track = ?", rec, id).
		Scan(&c.TUS, &c.Box.X, &c.Box.Y, &c.Box.W, &c.Box.H, &c.JPEG)
	if errors.Is(err, sql.ErrNoRows) {
		return c, fault.New(fault.NotFound, "there is no picture of track %d:%d", rec, id)
	}
	return c, s.fail(err, "cannot read the picture")
}

const croppedSQL = "SELECT recording, track FROM crop WHERE recording = ? AND track BETWEEN ? AND ? ORDER BY track"

// Cropped tells of each of the named tracks, which are in the order of
// [Store.Rows], whether there is a picture of it.
func (s *Store) Cropped(ctx context.Context, keys []Key) ([]bool, error) {
	out, i := make([]bool, len(keys)), 0
	err := s.raw(ctx, func(c *sqlite3.Conn) error {
		stmt, _, err := c.Prepare(croppedSQL)
		if err != nil {
			return err
		}
		defer stmt.Close()
		for rest := keys; len(rest) > 0; {
			n := span(rest)
			if err := eachWanted(stmt, rest[:n], func() error {
				for keys[i] != (Key{stmt.ColumnInt64(0), stmt.ColumnInt64(1)}) {
					i++
				}
				out[i] = true
				return nil
			}); err != nil {
				return err
			}
			rest = rest[n:]
		}
		return nil
	})
	return out, s.fail(err, "cannot read which tracks have a picture")
}

// damaged says that stored bytes are not what was stored.
func damaged(err error, format string, args ...any) error {
	return fault.Wrap(fault.Integrity, err, "the index is damaged: %s", fmt.Sprintf(format, args...)).
		WithHint("restore the procedure from its backup, or analyse the recording again")
}
