package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"posteriori/engine/analysis"
	"posteriori/engine/wire"
)

const startRounds = 21

// startSuite measures how long a user waits for what should be there at once.
func startSuite(ctx context.Context, e *env) ([]figure, error) {
	p, err := newProgram(ctx, e)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	if err := fillIndex(ctx, p.store, 1000, fillRecordings); err != nil {
		return nil, err
	}
	var out []figure
	for _, c := range []struct {
		name, goal, note string
		args             []string
	}{
		{"--help", "20", "whole command", []string{"--help"}},
		{"query on a cold store", "150", "whole command with start, key, index, journal record; 1,000 tracks; a process that has read nothing before, file cache warm",
			[]string{"query", "--class", "bus", "--format", "json"}},
	} {
		took, err := times(startRounds, func() (time.Duration, error) {
			_, u, err := p.measured(ctx, c.args...)
			return u.Wall, err
		})
		if err != nil {
			return out, err
		}
		out = append(out, figure{c.name, median(took), "ms", c.goal, "goal of the project", fmt.Sprintf("%s; median of %d", c.note, startRounds)})
	}
	w := analysis.Worker{Path: filepath.Join(e.root, "bin", "posteriori-worker"), ORTPath: os.Getenv("POSTERIORI_ONNXRUNTIME")}
	took, err := times(startRounds, func() (time.Duration, error) {
		began := time.Now()
		_, err := w.Describe(ctx, wire.Engine{Device: "cpu", Threads: 1})
		return time.Since(began), err
	})
	if err != nil {
		return out, err
	}
	return append(out, figure{"worker up", median(took), "ms", "300", "goal of the project",
		fmt.Sprintf("from its start to its hello inside the sandbox and its end, no models; median of %d", startRounds)}), nil
}

// times runs f some times and gives the milliseconds that each took.
func times(rounds int, f func() (time.Duration, error)) ([]float64, error) {
	var out []float64
	for range rounds {
		d, err := f()
		if err != nil {
			return nil, err
		}
		out = append(out, float64(d.Microseconds())/1000)
	}
	return out, nil
}
