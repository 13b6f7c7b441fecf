package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"posteriori/engine"
	"posteriori/engine/index"
	"posteriori/engine/query"
	"posteriori/engine/scene"
)

// scale is one size of index at which questions are asked in process.
type scale struct {
	tracks int
	rounds int
}

// scaleQuestion is a question whose answer should cost what it returns.
type scaleQuestion struct {
	name   string
	goalMS float64
	path   bool // judged by paths: a zone that is drawn now
	filter query.Filter
}

// gate is a zone as an analyst draws it.
var gate = scene.Zone{Name: "gate", Polygon: scene.Polygon{{X: 600, Y: 300}, {X: 700, Y: 300}, {X: 700, Y: 420}, {X: 600, Y: 420}}}

// scaleQuestions ask by every kind of index. Their answers stay small as the
// index grows: the moments are an hour, the kinds rare, the tracks of one camera.
func scaleQuestions() []scaleQuestion {
	at := fillStart.AddDate(0, 0, 4).Add(14 * time.Hour)
	moment := func(t time.Time) query.Moment { return query.Moment{Set: true, US: t.UnixMicro()} }
	return []scaleQuestion{
		{"one minute of one day", 50, false, query.Filter{From: moment(at), To: moment(at.Add(time.Minute))}},
		{"pink buses of one camera in three hours", 50, false, query.Filter{Cameras: []string{"camera 5"}, Classes: []string{"bus"}, Colours: []string{"pink"},
			From: moment(at), To: moment(at.Add(3 * time.Hour))}},
		{"brown bicycles of one camera", 50, false, query.Filter{Cameras: []string{"camera 5"}, Classes: []string{"bicycle"}, Colours: []string{"brown"}}},
		{"persons who enter a zone, one camera, one hour", 500, true, query.Filter{Cameras: []string{"camera 5"}, Classes: []string{"person"},
			From: moment(at), To: moment(at.Add(time.Hour)), Zones: []scene.Zone{gate}, Enters: []string{"gate"}}},
		{"green persons who enter a zone, all cameras", 500, true, query.Filter{Classes: []string{"person"}, Colours: []string{"green"},
			Zones: []scene.Zone{gate}, Enters: []string{"gate"}}},
	}
}

// scaleFigures fill an index and ask it inside this process: what is measured
// is the engine, from the filter to the last hit read, without starting a
// program, a journal record and printing.
func scaleFigures(ctx context.Context, e *env, s scale) ([]figure, error) {
	p, err := newProgram(ctx, e)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	e.note("  filling an index with %d tracks", s.tracks)
	began := time.Now()
	if err := fillIndex(ctx, p.store, s.tracks, fillRecordings); err != nil {
		return nil, err
	}
	took := time.Since(began)
	e.note("  filled in %v", took.Round(time.Second))
	ix, err := openIndex(ctx, p.store)
	if err != nil {
		return nil, err
	}
	defer ix.Close()
	out := []figure{{fmt.Sprintf("%s tracks: filling", thousands(s.tracks)), float64(s.tracks) / took.Seconds(), "tracks/s", "", "", "paths of 60 points, no silhouettes, no pictures"}}
	for _, q := range scaleQuestions() {
		var all, first []float64
		hits := 0
		for range s.rounds {
			n, f, total, err := ask(ctx, ix, q.filter)
			if err != nil {
				return out, fmt.Errorf("%s: %w", q.name, err)
			}
			if hits = n; hits == 0 {
				return out, fmt.Errorf("%q finds nothing: it measures nothing", q.name)
			}
			first, all = append(first, f), append(all, total)
		}
		out = append(out, figure{fmt.Sprintf("%s tracks: %s", thousands(s.tracks), q.name), percentile(all, 95), "ms", fmt.Sprint(q.goalMS), "goal of the project",
			fmt.Sprintf("p95 of %d, in process, encrypted index; %d hits, the first after %.0f ms (median)", s.rounds, hits, median(first))})
	}
	return out, nil
}

// ask runs one search to its end: how many hits, and after how many
// milliseconds the first and the last was there.
func ask(ctx context.Context, ix *index.Store, f query.Filter) (hits int, firstMS, allMS float64, err error) {
	began := time.Now()
	since := func() float64 { return float64(time.Since(began).Microseconds()) / 1000 }
	r, err := query.Run(ctx, ix, f)
	if err != nil {
		return 0, 0, 0, err
	}
	firstMS = since()
	for _, err := range r.Hits(ctx, false) {
		if err != nil {
			return hits, firstMS, 0, err
		}
		if hits++; hits == 1 {
			firstMS = since()
		}
	}
	return hits, firstMS, since(), nil
}

func openIndex(ctx context.Context, store string) (*index.Store, error) {
	s, err := engine.Open(store)
	if err != nil {
		return nil, err
	}
	p, err := s.OpenProcedure(procedureID)
	if err != nil {
		return nil, err
	}
	return p.Index(ctx)
}

// percentile is the smallest value that so many per cent do not exceed.
func percentile(v []float64, p int) float64 {
	s := slices.Sorted(slices.Values(v))
	return s[min(len(s)-1, (len(s)*p+99)/100-1)]
}

func thousands(n int) string {
	if n%1_000_000 == 0 {
		return fmt.Sprintf("%d,000,000", n/1_000_000)
	}
	return fmt.Sprintf("%d,000", n/1000)
}
