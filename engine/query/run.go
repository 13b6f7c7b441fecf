package query

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/expr-lang/expr/vm"

	"posteriori/engine/fault"
	"posteriori/engine/index"
	"posteriori/engine/scene"
)

// Hit is one track that a filter keeps. Track has no Masks and no Crop, and
// a Path only where asked for.
type Hit struct {
	Recording *index.Recording
	Track     scene.Track
	Size      index.Sizes
	TravelPX  float64
	Status    index.Status
	// North is the heading in the camera's picture that points north, when the
	// filter gave it.
	North  *float64
	Plate  *PlateShown // nil when none may be shown, or none was read
	Ground *Ground     // nil when its camera is not calibrated
}

// Bearing is where the hit headed: over ground when the camera's north is
// given, else in the picture; false when it did not travel far enough.
func (h Hit) Bearing() (deg float64, known bool) {
	if !h.Track.HasHeading {
		return 0, false
	}
	if h.North == nil {
		return h.Track.Heading, true
	}
	return scene.Turn(h.Track.Heading - *h.North), true
}

// Compass is the name of the hit's Bearing, N to NW, or "".
func (h Hit) Compass() string {
	deg, known := h.Bearing()
	if !known {
		return ""
	}
	return scene.Compass(deg)
}

// Clock is the wall-clock time of media time us in the hit's recording, right
// to within the recording's ClockUncertaintyUS; false when its clock is not known.
func (h Hit) Clock(us int64) (time.Time, bool) {
	if h.Recording.ClockUS == nil {
		return time.Time{}, false
	}
	return time.UnixMicro(*h.Recording.ClockUS + us).UTC(), true
}

// Results are the tracks that a filter keeps. Their keys are held (16 bytes
// each), and their rows up to maxKept; beyond it, and with paths, tracks are
// read as they are walked.
type Results struct {
	Scope Scope // what was searched, and what of it was never seen
	store *index.Store
	plan  *plan
	recs  map[int64]*index.Recording
	keys  []index.Key
	rows  []index.Row // as many as keys, without paths; nil when they are too many
}

// Run finds the tracks that f keeps. A mistake in f is fault.Usage, a
// recording that is not there fault.NotFound.
func Run(ctx context.Context, store *index.Store, f Filter) (*Results, error) {
	p, recs, err := prepare(ctx, store, f)
	if err != nil {
		return nil, err
	}
	r := &Results{store: store, plan: p, recs: recs}
	if r.Scope, err = scopeOf(ctx, store, p, recs); err != nil {
		return nil, err
	}
	return r, r.find(ctx)
}

// prepare makes the plan of a filter for the recordings that there are.
func prepare(ctx context.Context, store *index.Store, f Filter) (*plan, map[int64]*index.Recording, error) {
	p, err := newPlan(f)
	if err != nil {
		return nil, nil, err
	}
	all, err := store.Recordings(ctx)
	if err != nil {
		return nil, nil, err
	}
	recs := make(map[int64]*index.Recording, len(all))
	for i := range all {
		recs[all[i].ID] = &all[i]
	}
	if err := f.checkScope(recs); err != nil {
		return nil, nil, err
	}
	return p, recs, p.loadGrounds(ctx, store, recs)
}

// checkScope tells whether the recordings and cameras of the filter exist: a
// name with a slip in it must not pass for "nothing found".
func (f Filter) checkScope(recs map[int64]*index.Recording) error {
	var cameras []string
	for _, r := range recs {
		cameras = append(cameras, r.Camera)
	}
	cameras = tidy(cameras)
	for _, id := range f.Recordings {
		if recs[id] == nil {
			return fault.New(fault.NotFound, "there is no recording %d in this procedure", id)
		}
	}
	known := map[string]bool{}
	for _, c := range cameras {
		known[c] = true
	}
	wanted := f.Cameras
	for cam := range f.North {
		wanted = append(wanted[:len(wanted):len(wanted)], cam)
	}
	for _, c := range wanted {
		if !known[c] {
			return fault.Wrap(fault.NotFound, unknown("camera", c, cameras), "wrong filter")
		}
	}
	return nil
}

// maxKept is how many rows of an answer are held in memory, about 300 bytes
// each. Of a larger answer only the keys are held, and its rows are read again.
const maxKept = 30_000

// find fills in keys, and rows when they are not too many.
func (r *Results) find(ctx context.Context) error {
	tooMany := false
	fast := *r.plan // sorting here costs less than in SQLite
	fast.where.Unordered = fast.where.Narrow
	err := fast.walk(ctx, r.store, r.recs, func(row index.Row) bool {
		row.Track.Path, row.Track.Plates = nil, nil
		r.keys = append(r.keys, index.Key{Recording: row.Recording, Track: row.Track.ID})
		if len(r.keys) <= maxKept {
			r.rows = append(r.rows, row)
			return true
		}
		r.rows, tooMany = nil, true
		return r.plan.residual
	})
	if err == nil && tooMany && !r.plan.residual { // keys alone cost a fraction
		r.keys, err = r.store.Keys(ctx, r.plan.where)
		r.keys = slices.DeleteFunc(r.keys, func(k index.Key) bool { return r.recs[k.Recording] == nil })
		return err
	}
	slices.SortFunc(r.keys, compareKeys)
	slices.SortFunc(r.rows, func(a, b index.Row) int {
		return compareKeys(index.Key{Recording: a.Recording, Track: a.Track.ID}, index.Key{Recording: b.Recording, Track: b.Track.ID})
	})
	return err
}

// walk yields the tracks that the plan keeps, in the order of Search, until
// yield returns false. Their paths are there when the plan needed them.
func (p *plan) walk(ctx context.Context, store *index.Store, recs map[int64]*index.Recording, yield func(index.Row) bool) error {
	e, m := newEnv(p.filter), &vm.VM{}
	for row, err := range store.Search(ctx, p.where) {
		if err != nil {
			return err
		}
		rec := recs[row.Recording]
		if rec == nil { // imported since the search began
			continue
		}
		if p.residual {
			ok, err := p.keeps(rec, row, m, e)
			if err != nil {
				return err
			}
			if !ok {
				continue
			}
		}
		if !yield(row) {
			return nil
		}
	}
	return nil
}

// Recordings lists the recordings that were searched, in order of import.
func (r *Results) Recordings() []index.Recording {
	out := make([]index.Recording, 0, len(r.Scope.Recordings))
	for _, s := range r.Scope.Recordings {
		out = append(out, *r.recs[s.Recording])
	}
	return out
}

// Len is the number of tracks found.
func (r *Results) Len() int { return len(r.keys) }

// Keys lists the tracks found, by recording, then id. It is not to be changed.
func (r *Results) Keys() []index.Key { return r.keys }

// Hits walks the tracks found, by recording, then id, which is the order of
// start; with their paths if withPath is set. It ends with the first error.
func (r *Results) Hits(ctx context.Context, withPath bool) iter.Seq2[Hit, error] {
	return func(yield func(Hit, error) bool) {
		rest := r.rows
		needPath := withPath || r.plan.grounds != nil
		size := batch
		if needPath { // a path may be a megabyte
			size = pathBatch
		}
		for keys := range slices.Chunk(r.keys, size) {
			var rows []index.Row
			var err error
			if r.rows != nil && !needPath {
				rows, rest = rest[:len(keys)], rest[len(keys):]
			} else if rows, err = r.read(ctx, keys, needPath); err != nil {
				yield(Hit{}, err)
				return
			}
			if !r.yieldAll(ctx, rows, withPath, yield) {
				return
			}
		}
	}
}

// read reads the rows of keys, less those that are gone.
func (r *Results) read(ctx context.Context, keys []index.Key, withPath bool) (out []index.Row, err error) {
	for row, err := range r.store.Rows(ctx, keys, withPath) {
		if err != nil {
			return nil, err
		}
		out = append(out, row)
	}
	return out, nil
}

// yieldAll makes hits of rows, with their plates.
func (r *Results) yieldAll(ctx context.Context, rows []index.Row, withPath bool, yield func(Hit, error) bool) bool {
	keys, statuses := make([]index.Key, len(rows)), make([]index.Status, len(rows))
	for i, row := range rows {
		keys[i], statuses[i] = index.Key{Recording: row.Recording, Track: row.Track.ID}, row.Status
	}
	plates, err := r.plan.plates(ctx, r.store, keys, statuses)
	if err != nil {
		yield(Hit{}, err)
		return false
	}
	for i, row := range rows {
		h := r.hit(row)
		h.Plate = plates[keys[i]]
		if !withPath {
			h.Track.Path = nil
		}
		if !yield(h, nil) {
			return false
		}
	}
	return true
}

// batch is how many hits are read at once, so that no connection to the index
// waits for another.
const (
	batch     = 500
	pathBatch = 32
)

func (r *Results) hit(row index.Row) Hit { return r.plan.hit(r.recs, row) }

func (p *plan) hit(recs map[int64]*index.Recording, row index.Row) Hit {
	h := Hit{Recording: recs[row.Recording], Track: row.Track, Size: row.Size, TravelPX: row.TravelPX, Status: row.Status}
	h.Ground = p.groundOf(row)
	if h.Recording != nil { // nil beside an error
		if north, ok := p.filter.North[h.Recording.Camera]; ok {
			h.North = &north
		}
	}
	return h
}
