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
	recs  map[int64]*index.Recording
	keys  []index.Key
	rows  []index.Row // as many as keys, without paths; nil when they are too many
}

// Run finds the tracks that f keeps. A mistake in f is fault.Usage, a
// recording that is not there fault.NotFound.
func Run(ctx context.Context, store *index.Store, f Filter) (*Results, error) {
	p, err := newPlan(f)
	if err != nil {
		return nil, err
	}
	all, err := store.Recordings(ctx)
	if err != nil {
		return nil, err
	}
	r := &Results{store: store, recs: map[int64]*index.Recording{}}
	for i := range all {
		r.recs[all[i].ID] = &all[i]
	}
	if err := f.checkScope(r.recs); err != nil {
		return nil, err
	}
	if r.Scope, err = scopeOf(ctx, store, f, all); err != nil {
		return nil, err
	}
	return r, r.find(ctx, p)
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
			return &fault.Error{Kind: fault.NotFound, Msg: unknown("camera", c, cameras).Error()}
		}
	}
	return nil
}

// maxKept is how many rows of an answer are held in memory, about 300 bytes
// each. Of a larger answer only the keys are held, and its rows are read again.
const maxKept = 30_000

// find fills in keys, and rows when they are not too many.
func (r *Results) find(ctx context.Context, p *plan) error {
	e, m := newEnv(p.filter), &vm.VM{}
	for row, err := range r.store.Search(ctx, p.where) {
		if err != nil {
			return err
		}
		rec := r.recs[row.Recording]
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
		row.Track.Path = nil
		r.keys = append(r.keys, index.Key{Recording: row.Recording, Track: row.Track.ID})
		switch {
		case len(r.keys) <= maxKept:
			r.rows = append(r.rows, row)
		case !p.residual: // keys alone cost a fraction
			r.rows = nil
			r.keys, err = r.store.Keys(ctx, p.where)
			r.keys = slices.DeleteFunc(r.keys, func(k index.Key) bool { return r.recs[k.Recording] == nil })
			return err
		default:
			r.rows = nil
		}
	}
	return nil
}

// Len is the number of tracks found.
func (r *Results) Len() int { return len(r.keys) }

// Keys lists the tracks found, by recording, then id. It is not to be changed.
func (r *Results) Keys() []index.Key { return r.keys }

// Hits walks the tracks found, by recording, then id, which is the order of
// start; with their paths if withPath is set. It ends with the first error.
func (r *Results) Hits(ctx context.Context, withPath bool) iter.Seq2[Hit, error] {
	return func(yield func(Hit, error) bool) {
		if r.rows != nil && !withPath {
			for _, row := range r.rows {
				if !yield(r.hit(row), nil) {
					return
				}
			}
			return
		}
		for row, err := range r.store.Rows(ctx, r.keys, withPath) {
			if !yield(r.hit(row), err) || err != nil {
				return
			}
		}
	}
}

func (r *Results) hit(row index.Row) Hit {
	return Hit{Recording: r.recs[row.Recording], Track: row.Track, Size: row.Size, TravelPX: row.TravelPX, Status: row.Status}
}
