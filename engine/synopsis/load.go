package synopsis

import (
	"context"
	"path/filepath"
	"slices"
	"strconv"

	"posteriori/engine/index"
	"posteriori/engine/scene"
)

// Loaded is what a plan reads from a procedure's index: its recordings and,
// as [Blobs], paths, masks and backgrounds.
type Loaded struct {
	Recordings []index.Recording // those with a track asked for, in order of import

	ctx    context.Context
	ix     *index.Store
	plates [][]plate // by recording
	asked  map[index.Key]bool
}

type plate struct {
	tUS  int64
	jpeg []byte
}

// Load puts the tracks that keys name (sorted by recording, then id) into a
// new planner. One track's path and masks are held at a time.
func Load(ctx context.Context, ix *index.Store, keys []index.Key, opt Options) (*Planner, *Loaded, error) {
	analyses, err := ix.Analyses(ctx)
	if err != nil {
		return nil, nil, err
	}
	l := &Loaded{ctx: ctx, ix: ix}
	at := map[int64]int{}
	var recs []Recording
	for _, k := range keys {
		if _, ok := at[k.Recording]; ok {
			continue
		}
		r, err := ix.Recording(ctx, k.Recording)
		if err != nil {
			return nil, nil, err
		}
		at[k.Recording] = len(recs)
		rec, err := l.add(r, analyses)
		if err != nil {
			return nil, nil, err
		}
		recs = append(recs, rec)
	}
	l.numberLooks(recs)
	p, err := NewPlanner(recs, opt)
	if err != nil {
		return nil, nil, err
	}
	l.asked = make(map[index.Key]bool, len(keys))
	for _, k := range keys {
		l.asked[k] = true
		t, err := ix.Track(ctx, k.Recording, k.Track, true)
		if err != nil {
			return nil, nil, err
		}
		err = p.Add(Tube{Recording: at[k.Recording], Track: t.ID, Class: t.Class,
			StartUS: t.StartUS, EndUS: t.EndUS, Path: t.Path, Masks: t.Masks})
		if err != nil {
			return nil, nil, err
		}
	}
	return p, l, nil
}

// add reads a recording's plane and plates.
func (l *Loaded) add(r index.Recording, analyses []index.Analysis) (Recording, error) {
	rec := Recording{
		ID: strconv.FormatInt(r.ID, 10), Name: filepath.Base(r.Path), SHA256: r.SHA256, Path: r.Path,
		Camera: r.Camera, Probe: r.Probe, UncertaintyUS: r.ClockUncertaintyUS,
	}
	if r.ClockUS != nil {
		rec.HasClock, rec.ClockUS = true, *r.ClockUS
	}
	for _, a := range analyses {
		if a.Recording == r.ID {
			rec.PlaneW, rec.PlaneH = a.PlaneW, a.PlaneH
		}
	}
	all, err := l.ix.Plates(l.ctx, r.ID)
	if err != nil {
		return rec, err
	}
	var ps []plate
	for _, p := range all {
		if len(p.JPEG) == 0 || len(ps) > 0 && p.TUS == ps[len(ps)-1].tUS {
			continue
		}
		ps = append(ps, plate{p.TUS, p.JPEG})
		rec.Plates = append(rec.Plates, p.TUS)
	}
	l.plates = append(l.plates, ps)
	l.Recordings = append(l.Recordings, r)
	return rec, nil
}

// numberLooks tells the backgrounds of each camera apart.
func (l *Loaded) numberLooks(recs []Recording) {
	known := map[string]*looks{}
	for i := range recs {
		key := recs[i].view()
		if known[key] == nil {
			known[key] = &looks{}
		}
		recs[i].Looks = known[key].number(l.plates[i])
	}
}

// Tube is [Blobs].
func (l *Loaded) Tube(recording int, track int64) (path, masks []byte, err error) {
	t, err := l.ix.Track(l.ctx, l.Recordings[recording].ID, track, true)
	if err != nil {
		return nil, nil, err
	}
	return scene.PackPath(t.Path), scene.PackMasks(t.Masks), nil
}

// Beside is [Blobs]. A track that was rejected is no object.
func (l *Loaded) Beside(recording int, fromUS, toUS int64) ([]Beside, error) {
	var out []Beside
	rec := l.Recordings[recording].ID
	where := index.Where{SQL: "t.recording = ? AND t.end_us >= ? AND t.start_us <= ?", Args: []any{rec, fromUS, toUS}, Narrow: true}
	keys, err := l.ix.Keys(l.ctx, where)
	if err != nil {
		return nil, err
	}
	keys = slices.DeleteFunc(keys, func(k index.Key) bool { return l.asked[k] })
	for row, err := range l.ix.Rows(l.ctx, keys, true) {
		if err != nil {
			return nil, err
		}
		if row.Status != index.StatusRejected {
			out = append(out, Beside{row.Track.StartUS, row.Track.EndUS, scene.PackPath(row.Track.Path)})
		}
	}
	return out, nil
}

// Plate is [Blobs]; nil where there is none.
func (l *Loaded) Plate(recording int, tUS int64) ([]byte, error) {
	for _, p := range l.plates[recording] {
		if p.tUS == tUS {
			return p.jpeg, nil
		}
	}
	return nil, nil
}
