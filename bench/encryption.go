package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// encryptionSuite measures what encryption at rest costs: a search on the
// encrypted index against the same on one in clear, in turns. The program
// cannot make an index in clear, so this is the index's own benchmark.
func encryptionSuite(ctx context.Context, e *env) ([]figure, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkEncryption$", "-benchtime", "1x", "./engine/index")
	cmd.Dir = e.root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("go test: %w\n%s", err, tail(string(out)))
	}
	const goal, note = "goal of the project", "100,000 tracks, encrypted over clear, median of 9 in turns, each on a file just opened"
	var figures []figure
	for _, f := range []struct{ unit, name, unitOut, reference, note string }{
		{"open-ms", "opening an encrypted index", "ms", "100", "median of 9"},
		{"search-ratio", "search by class and colour", "", "1.5", note},
		{"paths-ratio", "search by place, with paths", "", "1.5", note},
	} {
		v, err := benchMetric(string(out), f.unit)
		if err != nil {
			return nil, err
		}
		figures = append(figures, figure{Name: f.name, Value: v, Unit: f.unitOut, Reference: f.reference, Source: goal, Note: f.note})
	}
	return figures, nil
}

// benchMetric takes the value of a unit out of what go test -bench prints.
func benchMetric(out, unit string) (float64, error) {
	fields := strings.Fields(out)
	for i, f := range fields {
		if f == unit && i > 0 {
			return strconv.ParseFloat(fields[i-1], 64)
		}
	}
	return 0, fmt.Errorf("the benchmark gave no %s", unit)
}
