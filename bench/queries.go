package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

const (
	queryTracks = 100_000
	queryRounds = 7
)

// questions are what an analyst asks of a full index.
var questions = []struct {
	name string
	args []string
}{
	{"red cars", []string{"--class", "car", "--colour", "red"}},
	{"one hour of one day", []string{"--from", fillStart.AddDate(0, 0, 4).Add(14 * time.Hour).Format(time.RFC3339), "--to", fillStart.AddDate(0, 0, 4).Add(15 * time.Hour).Format(time.RFC3339)}},
	{"persons who enter a zone, to the west, green", []string{"--class", "person", "--colour", "green", "--heading", "W", "--zone", "gate=600,300 700,300 700,420 600,420", "--enters", "gate"}},
	{"orange buses over 100 px, one camera", []string{"--camera", "camera 3", "--class", "bus", "--colour", "orange", "--min-size", "100"}},
}

// querySuite times questions to indexes that grow: as a command from its start
// to its end on 100,000 tracks, in process on a million, and with -full on ten.
func querySuite(ctx context.Context, e *env) ([]figure, error) {
	out, err := commandFigures(ctx, e)
	if err != nil {
		return out, err
	}
	scales := []scale{{100_000, 21}, {1_000_000, 21}}
	if e.full {
		scales = append(scales, scale{10_000_000, 21})
	}
	for _, s := range scales {
		figures, err := scaleFigures(ctx, e, s)
		if out = append(out, figures...); err != nil {
			return out, err
		}
	}
	return out, nil
}

// commandFigures time questions to an index of 100,000 tracks, as a command
// from its start to its end.
func commandFigures(ctx context.Context, e *env) ([]figure, error) {
	p, err := newProgram(ctx, e)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	e.note("  filling an index with %d tracks", queryTracks)
	if err := fillIndex(ctx, p.store, queryTracks, fillRecordings); err != nil {
		return nil, err
	}
	var out []figure
	for _, q := range questions {
		var took []float64
		found := 0
		for range queryRounds {
			raw, u, err := p.measured(ctx, append([]string{"query", "--format", "json"}, q.args...)...)
			if err != nil {
				return out, err
			}
			if found, err = countTracks(raw); err != nil {
				return out, err
			}
			took = append(took, float64(u.Wall.Microseconds())/1000)
		}
		if found == 0 {
			return out, fmt.Errorf("%q finds nothing: it measures nothing", q.name)
		}
		out = append(out, figure{q.name, median(took), "ms", "100", "goal of the project",
			fmt.Sprintf("%d of %d tracks, whole command with start, key, journal record and JSON; median of %d", found, queryTracks, queryRounds)})
	}
	return out, nil
}

// countTracks counts the tracks of an answer, a list or an object that holds one.
func countTracks(raw []byte) (int, error) {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil {
		return len(list), nil
	}
	var whole struct {
		Tracks []json.RawMessage `json:"tracks"`
	}
	err := json.Unmarshal(raw, &whole)
	return len(whole.Tracks), err
}
