package query

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"posteriori/engine/index"
	"posteriori/engine/scene"
)

// Scope is what a search looked at: without it "nothing found" says nothing.
type Scope struct {
	Recordings []RecordingScope `json:"recordings"`
}

// RecordingScope is the part of one recording that a search asked for, and how
// many µs of it became what. The kinds sum up to AskedUS.
type RecordingScope struct {
	Recording int64                        `json:"recording"`
	AskedUS   int64                        `json:"asked_us"`
	US        map[scene.CoverageKind]int64 `json:"us,omitempty"`
	// NoClock: wall-clock bounds were asked for and the recording has no
	// clock, so none of its tracks was kept.
	NoClock bool `json:"no_clock,omitempty"`
	// NoGround: a speed was asked for and the recording's camera is not
	// calibrated, so none of its tracks was kept.
	NoGround bool `json:"no_ground,omitempty"`
}

// SeenUS and AskedUS are sums over all recordings.
func (s Scope) SeenUS() int64 {
	var n int64
	for _, r := range s.Recordings {
		n += r.US[scene.Seen]
	}
	return n
}

// AskedUS is the media time that the search asked for.
func (s Scope) AskedUS() int64 {
	var n int64
	for _, r := range s.Recordings {
		n += r.AskedUS
	}
	return n
}

// NotSeen sums up, by kind, the media time that was asked for and not seen.
func (s Scope) NotSeen() map[scene.CoverageKind]int64 {
	out := map[scene.CoverageKind]int64{}
	for _, r := range s.Recordings {
		for k, us := range r.US {
			if k != scene.Seen && us > 0 {
				out[k] += us
			}
		}
	}
	return out
}

func scopeOf(ctx context.Context, store *index.Store, p *plan, recs map[int64]*index.Recording) (Scope, error) {
	analyses, err := store.Analyses(ctx)
	if err != nil {
		return Scope{}, err
	}
	complete := map[int64]bool{}
	for _, a := range analyses {
		complete[a.Recording] = a.State == index.Complete
	}
	var s Scope
	f := p.filter
	for _, id := range slices.Sorted(maps.Keys(recs)) {
		rec := *recs[id]
		if len(f.Recordings) > 0 && !slices.Contains(f.Recordings, rec.ID) ||
			len(f.Cameras) > 0 && !slices.Contains(f.Cameras, rec.Camera) {
			continue
		}
		r := RecordingScope{Recording: rec.ID}
		if _, ok := p.grounds[rec.ID]; !ok && f.wantsSpeed() {
			r.NoGround = true
		}
		from, to, ok := f.window(rec)
		if !ok {
			r.NoClock = true
		} else if to > from {
			var spans []scene.Coverage
			if complete[rec.ID] {
				if spans, err = store.Coverage(ctx, rec.ID); err != nil {
					return s, err
				}
				if rec.Probe.Still { // its one picture lasts no time, and window asks for 1 µs
					for i := range spans {
						spans[i].ToUS = max(spans[i].ToUS, 1)
					}
				}
			}
			r.AskedUS, r.US = to-from, measure(spans, from, to)
		}
		s.Recordings = append(s.Recordings, r)
	}
	return s, nil
}

// window is the span of a recording that the filter asks for, widened by the
// clock's uncertainty; false when it asks by a clock that the recording lacks.
func (f Filter) window(rec index.Recording) (fromUS, toUS int64, ok bool) {
	fromUS, toUS = 0, max(rec.Probe.LengthUS(), 1)
	at := func(m Moment, widen int64) (int64, bool) {
		if m.Media {
			return m.US, true
		}
		if rec.ClockUS == nil {
			return 0, false
		}
		return m.US - *rec.ClockUS + widen, true
	}
	if f.From.Set {
		us, ok := at(f.From, -rec.ClockUncertaintyUS)
		if !ok {
			return 0, 0, false
		}
		fromUS = max(fromUS, us)
	}
	if f.To.Set {
		us, ok := at(f.To, rec.ClockUncertaintyUS)
		if !ok {
			return 0, 0, false
		}
		toUS = min(toUS, us)
	}
	return fromUS, toUS, true
}

// rank orders kinds where spans of several cover one moment: the worst holds.
var rank = []scene.CoverageKind{scene.Gap, scene.Damaged, scene.Covered, scene.NotAnalysed, scene.Triaged, scene.Relearning, scene.Seen}

// measure sums up what became of [from, to). What no span covers was not analysed.
func measure(spans []scene.Coverage, from, to int64) map[scene.CoverageKind]int64 {
	type edge struct {
		at   int64
		kind scene.CoverageKind
		step int
	}
	edges := []edge{{at: from}, {at: to}}
	for _, c := range spans {
		a, b := max(c.FromUS, from), min(c.ToUS, to)
		if a < b {
			edges = append(edges, edge{a, c.Kind, 1}, edge{b, c.Kind, -1})
		}
	}
	slices.SortStableFunc(edges, func(a, b edge) int { return cmp.Compare(a.at, b.at) })
	open, out := map[scene.CoverageKind]int{}, map[scene.CoverageKind]int64{}
	last := from
	for _, e := range edges {
		if d := e.at - last; d > 0 {
			kind := scene.NotAnalysed
			for _, k := range rank {
				if open[k] > 0 {
					kind = k
					break
				}
			}
			out[kind] += d
			last = e.at
		}
		open[e.kind] += e.step
	}
	return out
}
