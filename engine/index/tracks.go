package index

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"math"
	"sort"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/driver"

	"posteriori/engine/fault"
	"posteriori/engine/scene"
)

const trackColumns = `t.recording, t.id, t.class, t.class_score, t.colour, t.colour_score, t.heading_deg, t.observed,
	t.start_us, t.end_us, t.best_us, t.best_x_px, t.best_y_px, t.best_w_px, t.best_h_px,
	t.min_w_px, t.min_h_px, t.median_w_px, t.median_h_px, t.max_w_px, t.max_h_px, t.travel_px, t.status, t.event, t.event_us, t.linked, t.lower, t.lower_score`

const insertTrack = `INSERT INTO track (recording, id, class, class_score, colour, colour_score, heading_deg, observed,
	start_us, end_us, best_us, best_x_px, best_y_px, best_w_px, best_h_px,
	min_w_px, min_h_px, median_w_px, median_h_px, max_w_px, max_h_px, travel_px,
	foot_x0_px, foot_y0_px, foot_x1_px, foot_y1_px, event, event_us, linked, stand_us, cells, lower, lower_score) VALUES (`

// putTracks stores tracks and returns their number and the longest life.
func putTracks(ctx context.Context, tx *sql.Tx, rec int64, tracks iter.Seq[scene.Track]) (n, longestUS int64, err error) {
	var stmts [4]*sql.Stmt
	for i, text := range []string{
		insertTrack + placeholders(33) + ")",
		"INSERT INTO tube (recording, track, masks, votes) VALUES (?, ?, ?, ?)",
		"INSERT INTO crop (recording, track, at_us, x_px, y_px, w_px, h_px, jpeg) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		"INSERT INTO way (recording, track, path) VALUES (?, ?, ?)",
	} {
		if stmts[i], err = tx.PrepareContext(ctx, text); err != nil {
			return 0, 0, err
		}
		defer stmts[i].Close()
	}
	for t := range tracks {
		if _, err := stmts[0].ExecContext(ctx, trackRow(rec, t)...); err != nil {
			return 0, 0, fmt.Errorf("track %d: %w", t.ID, err)
		}
		votes, err := packVotes(t.Votes)
		if err != nil {
			return 0, 0, fmt.Errorf("track %d: %w", t.ID, err)
		}
		if _, err := stmts[1].ExecContext(ctx, rec, t.ID, notNil(scene.PackMasks(t.Masks)), votes); err != nil {
			return 0, 0, fmt.Errorf("track %d: %w", t.ID, err)
		}
		if _, err := stmts[3].ExecContext(ctx, rec, t.ID, notNil(scene.PackPath(t.Path))); err != nil {
			return 0, 0, fmt.Errorf("track %d: %w", t.ID, err)
		}
		if c := t.Crop; c != nil {
			if _, err := stmts[2].ExecContext(ctx, rec, t.ID, c.TUS, finite(c.Box.X), finite(c.Box.Y), finite(c.Box.W), finite(c.Box.H), notNil(c.JPEG)); err != nil {
				return 0, 0, fmt.Errorf("track %d: %w", t.ID, err)
			}
		}
		if err := putRegistration(ctx, tx, rec, t); err != nil {
			return 0, 0, fmt.Errorf("track %d: %w", t.ID, err)
		}
		n++
		longestUS = max(longestUS, t.EndUS-t.StartUS)
	}
	return n, longestUS, nil
}

// trackRow is a track's values in the order of insertTrack. Sizes are whole
// pixels, because SQLite stores a whole REAL in one or two bytes, not eight.
func trackRow(rec int64, t scene.Track) []any {
	z := sizesOf(t)
	foot := footExtent(t)
	var heading any
	if h := math.Mod(finite(t.Heading), 360); t.HasHeading {
		if h < 0 {
			h += 360
		}
		heading = math.Mod(h, 360)
	}
	var eventUS, linked any
	if t.Event != scene.NoEvent {
		eventUS = t.EventUS
	}
	if t.Linked != 0 {
		linked = t.Linked
	}
	return []any{
		rec, t.ID, int64(t.Class), finite(t.ClassScore), int64(t.Colour), finite(t.ColourScore), heading,
		math.Min(1, math.Max(0, finite(t.Observed))),
		t.StartUS, t.EndUS, t.BestUS, finite(t.Best.X), finite(t.Best.Y), finite(t.Best.W), finite(t.Best.H),
		math.Round(z.MinW), math.Round(z.MinH), math.Round(z.MedianW), math.Round(z.MedianH), math.Round(z.MaxW), math.Round(z.MaxH),
		math.Round(finite(t.Path.Travel())),
		math.Floor(foot.X), math.Floor(foot.Y), math.Ceil(foot.X + foot.W), math.Ceil(foot.Y + foot.H),
		int64(t.Event), eventUS, linked, t.Path.LongestStand(), int64(t.Path.Cells()), int64(t.Lower), finite(t.LowerScore),
	}
}

func sizesOf(t scene.Track) Sizes {
	w, h := make([]float64, 0, len(t.Path)), make([]float64, 0, len(t.Path))
	for _, p := range t.Path {
		w, h = append(w, finite(p.Box.W)), append(h, finite(p.Box.H))
	}
	if len(w) == 0 {
		w, h = []float64{finite(t.Best.W)}, []float64{finite(t.Best.H)}
	}
	sort.Float64s(w)
	sort.Float64s(h)
	n := len(w)
	return Sizes{MinW: w[0], MinH: h[0], MedianW: w[n/2], MedianH: h[n/2], MaxW: w[n-1], MaxH: h[n-1]}
}

// footExtent is the rectangle around every foot of the track.
func footExtent(t scene.Track) scene.Box {
	at := func(b scene.Box) scene.Point {
		p := b.Bottom()
		return scene.Point{X: finite(p.X), Y: finite(p.Y)}
	}
	if len(t.Path) == 0 {
		p := at(t.Best)
		return scene.Box{X: p.X, Y: p.Y}
	}
	p := at(t.Path[0].Box)
	x0, y0, x1, y1 := p.X, p.Y, p.X, p.Y
	for _, q := range t.Path {
		p := at(q.Box)
		x0, x1 = math.Min(x0, p.X), math.Max(x1, p.X)
		y0, y1 = math.Min(y0, p.Y), math.Max(y1, p.Y)
	}
	return scene.Box{X: x0, Y: y0, W: x1 - x0, H: y1 - y0}
}

// finite makes zero of what is no number, which no column takes.
func finite(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	return v
}

// Search walks the tracks that w chooses, by recording, then by id, which is
// the order of start, unless w says that the order is free. Rows come as they
// are read; the walk ends with the first error.
func (s *Store) Search(ctx context.Context, w Where) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		if err := s.search(ctx, w, yield); err != nil && !errors.Is(err, errStopped) {
			yield(Row{}, s.fail(err, "cannot search the index"))
		}
	}
}

// searchSQL goes recording by recording, so that what a condition says of the
// recording (its clock) bounds an index over its tracks. The path is read
// outside the ordering, so that sorting does not carry it.
func searchSQL(w Where, columns string) string {
	cond := w.SQL
	if cond == "" {
		cond = "1"
	}
	table := "track t"
	if w.Foot && !w.Narrow {
		table += " INDEXED BY track_by_foot"
	}
	limit := "" // LIMIT -1 would cost SQLite's fast way of sorting
	if w.Limit > 0 {
		limit = fmt.Sprintf("LIMIT %d", w.Limit)
	}
	order := "r.id, t.id"
	switch {
	case w.Unordered:
		order = "r.id"
	case w.Narrow:
		order = "r.id, +t.id" // the plus bars the primary key, so that a narrower index is taken
	}
	inner := fmt.Sprintf(`SELECT %s FROM recording r CROSS JOIN analysis a ON a.recording = r.id
		CROSS JOIN %s ON t.recording = r.id
		WHERE %s ORDER BY %s %s`, columns, table, cond, order, limit)
	outer := ""
	if w.Path {
		outer += ", (SELECT path FROM way u WHERE u.recording = k.recording AND u.track = k.id)"
	}
	if w.Reads {
		outer += ", (SELECT reads FROM registration_read g WHERE g.recording = k.recording AND g.track = k.id)"
	}
	if outer == "" {
		return inner
	}
	return "SELECT k.*" + outer + " FROM (" + inner + ") k"
}

func (s *Store) search(ctx context.Context, w Where, yield func(Row, error) bool) error {
	return s.each(ctx, searchSQL(w, trackColumns), w.Args, func(stmt *sqlite3.Stmt) error {
		row, err := readTrack(stmt, w.Path)
		if w.Reads {
			row.Track.Plates = bytes.Clone(stmt.ColumnRawBlob(stmt.ColumnCount() - 1))
		}
		if err == nil && !yield(row, nil) {
			err = errStopped
		}
		return err
	})
}

// Keys lists the tracks that w chooses, in the order of Search, at a fraction
// of its cost. w.Path and w.Reads are not read.
func (s *Store) Keys(ctx context.Context, w Where) ([]Key, error) {
	w.Path, w.Reads = false, false
	var out []Key
	err := s.each(ctx, searchSQL(w, "t.recording, t.id"), w.Args, func(stmt *sqlite3.Stmt) error {
		out = append(out, Key{Recording: stmt.ColumnInt64(0), Track: stmt.ColumnInt64(1)})
		return nil
	})
	return out, s.fail(err, "cannot search the index")
}

// dense is the number of rows in a span, for each wanted one, up to which
// walking the span costs less than looking up each.
const dense = 4

// Rows walks the named tracks in the order of keys, which is by recording,
// then id, without repeats; with their paths if withPath is set. A track that
// is no longer there is left out. Rows come as they are read; the walk ends
// with the first error.
func (s *Store) Rows(ctx context.Context, keys []Key, withPath bool) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		if err := s.rows(ctx, keys, withPath, yield); err != nil && !errors.Is(err, errStopped) {
			yield(Row{}, s.fail(err, "cannot read the tracks"))
		}
	}
}

func (s *Store) rows(ctx context.Context, keys []Key, withPath bool, yield func(Row, error) bool) error {
	query := "SELECT " + trackColumns
	if withPath {
		query += ", (SELECT path FROM way u WHERE u.recording = t.recording AND u.track = t.id)"
	}
	query += " FROM track t WHERE t.recording = ? AND t.id BETWEEN ? AND ? ORDER BY t.id"
	return s.raw(ctx, func(c *sqlite3.Conn) error {
		stmt, _, err := c.Prepare(query)
		if err != nil {
			return err
		}
		defer stmt.Close()
		for len(keys) > 0 {
			n := span(keys)
			if err := walkSpan(stmt, keys[:n], withPath, yield); err != nil {
				return err
			}
			keys = keys[n:]
		}
		return nil
	})
}

// span is how many of the first keys lie densely in one recording.
func span(keys []Key) int {
	n := 1
	for n < len(keys) && keys[n].Recording == keys[0].Recording && keys[n].Track-keys[n-1].Track <= dense {
		n++
	}
	return n
}

// walkSpan yields those of the rows between the first and the last key that are keys.
func walkSpan(stmt *sqlite3.Stmt, keys []Key, withPath bool, yield func(Row, error) bool) error {
	return eachWanted(stmt, keys, func() error {
		row, err := readTrack(stmt, withPath)
		if err == nil && !yield(row, nil) {
			err = errStopped
		}
		return err
	})
}

// eachWanted steps a statement over a recording and a span of tracks, which
// are its arguments, and calls do on those of its rows that are keys. Its
// second column is the track's id, by which it is ordered.
func eachWanted(stmt *sqlite3.Stmt, keys []Key, do func() error) error {
	if err := bind(stmt, []any{keys[0].Recording, keys[0].Track, keys[len(keys)-1].Track}); err != nil {
		return err
	}
	for stmt.Step() {
		id := stmt.ColumnInt64(1)
		for len(keys) > 0 && keys[0].Track < id {
			keys = keys[1:]
		}
		if len(keys) == 0 || keys[0].Track != id {
			continue
		}
		if err := do(); err != nil {
			return err
		}
	}
	return errors.Join(stmt.Err(), stmt.Reset())
}

// each runs a query with SQLite's own interface: over database/sql a row
// costs three times as much, and a search may read very many.
func (s *Store) each(ctx context.Context, query string, args []any, do func(*sqlite3.Stmt) error) error {
	return s.raw(ctx, func(c *sqlite3.Conn) error {
		stmt, _, err := c.Prepare(query)
		if err != nil {
			return err
		}
		defer stmt.Close()
		if err := bind(stmt, args); err != nil {
			return err
		}
		for stmt.Step() {
			if err := do(stmt); err != nil {
				return err
			}
		}
		return stmt.Err()
	})
}

// raw lends a reading connection, which ctx interrupts.
func (s *Store) raw(ctx context.Context, do func(*sqlite3.Conn) error) error {
	conn, err := s.r.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Raw(func(dc any) error {
		c := dc.(driver.Conn).Raw()
		defer c.SetInterrupt(c.SetInterrupt(ctx))
		return do(c)
	})
}

func bind(stmt *sqlite3.Stmt, args []any) error {
	for i, arg := range args {
		var err error
		switch v := arg.(type) {
		case int:
			err = stmt.BindInt64(i+1, int64(v))
		case int64:
			err = stmt.BindInt64(i+1, v)
		case float64:
			err = stmt.BindFloat(i+1, v)
		case string:
			err = stmt.BindText(i+1, v)
		default:
			err = fmt.Errorf("argument %d has type %T", i+1, arg)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readTrack reads the columns of trackColumns in their order, then the path.
func readTrack(stmt *sqlite3.Stmt, withPath bool) (Row, error) {
	col := -1
	i64 := func() int64 { col++; return stmt.ColumnInt64(col) }
	f64 := func() float64 { col++; return stmt.ColumnFloat(col) }
	var r Row
	t, z := &r.Track, &r.Size
	r.Recording, t.ID = i64(), i64()
	t.Class, t.ClassScore = scene.Class(i64()), f64()
	t.Colour, t.ColourScore = scene.Colour(i64()), f64()
	t.Heading = f64()
	t.HasHeading = stmt.ColumnType(col) != sqlite3.NULL
	t.Observed = f64()
	t.StartUS, t.EndUS, t.BestUS = i64(), i64(), i64()
	t.Best = scene.Box{X: f64(), Y: f64(), W: f64(), H: f64()}
	z.MinW, z.MinH, z.MedianW, z.MedianH, z.MaxW, z.MaxH = f64(), f64(), f64(), f64(), f64(), f64()
	r.TravelPX = f64()
	r.Status = statusAt(i64())
	t.Event, t.EventUS, t.Linked = scene.Event(i64()), i64(), i64()
	t.Lower, t.LowerScore = scene.Colour(i64()), f64()
	if !withPath {
		return r, nil
	}
	p, err := scene.UnpackPath(stmt.ColumnRawBlob(col + 1))
	if err != nil {
		return r, damaged(err, "path of track %d:%d", r.Recording, t.ID)
	}
	t.Path = p
	return r, nil
}

// Track returns one track with its path, and with its masks and crop when
// withTube is set; fault.NotFound when there is none.
func (s *Store) Track(ctx context.Context, rec, id int64, withTube bool) (scene.Track, error) {
	var row Row
	found := false
	for r, err := range s.Search(ctx, Where{SQL: "r.id = ? AND t.id = ?", Args: []any{rec, id}, Path: true}) {
		if err != nil {
			return scene.Track{}, err
		}
		row, found = r, true
	}
	if !found {
		return scene.Track{}, s.fail(noTrack(ctx, s.r, rec, id), "cannot read the track")
	}
	t := row.Track
	if !withTube {
		return t, nil
	}
	var masks []byte
	if err := s.r.QueryRowContext(ctx, "SELECT masks FROM tube WHERE recording = ? AND track = ?", rec, id).Scan(&masks); err != nil {
		return t, s.fail(err, "cannot read the track")
	}
	var err error
	if t.Masks, err = scene.UnpackMasks(masks); err != nil {
		return t, damaged(err, "masks of track %d:%d", rec, id)
	}
	c, err := s.Crop(ctx, rec, id)
	if err == nil {
		t.Crop = &c
	} else if fault.KindOf(err) != fault.NotFound {
		return t, err
	}
	return t, nil
}
