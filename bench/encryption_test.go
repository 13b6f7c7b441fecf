package main

import "testing"

func TestBenchMetric(t *testing.T) {
	const out = "BenchmarkEncryption-2   1   1.665 open-ms   1.321 paths-ratio   0.8235 search-ratio\nPASS\n"
	if v, err := benchMetric(out, "paths-ratio"); err != nil || v != 1.321 {
		t.Error(v, err)
	}
	if _, err := benchMetric(out, "ns/op"); err == nil {
		t.Error("a unit that is not there")
	}
	if _, err := benchMetric("x open-ms", "open-ms"); err == nil {
		t.Error("no number")
	}
}
