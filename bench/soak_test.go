package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// ramp are the samples of a run of 100 s in which memory and files grow with
// what is done, and which tells a time left that is wrong by a factor.
func ramp(grows int64, wrong float64) *soak {
	s := &soak{files: 10, took: 100 * time.Second}
	for t := 2; t < 100; t += 2 {
		done := int64(t)
		s.samples = append(s.samples, soakSample{at: time.Duration(t) * time.Second, share: float64(t) / 100, left: wrong * float64(100-t),
			rss: 1e6 * (100 + grows*done), tree: 2e6 * (100 + grows*done), open: 10 + int(grows*done), openTree: 20})
	}
	return s
}

func TestSoakFigures(t *testing.T) {
	for _, c := range []struct {
		name                     string
		s                        *soak
		memory, open, left, offs float64
	}{
		{"flat and right", ramp(0, 1), 1, 1, 0, 0},
		{"growing and wrong", ramp(1, 1.5), 1.58, 3.3, 50, 0},
		{"a total is off", &soak{took: 100 * time.Second, samples: ramp(0, 1).samples, off: []string{"files: 9, not 10"}}, 1, 1, 0, 1},
	} {
		got := map[string]float64{}
		for _, f := range c.s.figures() {
			got[f.Name] = f.Value
		}
		for name, want := range map[string]float64{
			"soak, memory of the program, late over early": c.memory, "soak, open files of the program, late over early": c.open,
			"soak, time left, off at the worst": c.left, "soak, time left, off after the first tenth": c.left, "soak, totals that are off": c.offs,
		} {
			if v, ok := got[name]; !ok || v < want-0.05 || v > want+0.05 {
				t.Errorf("%s: %s is %v (there: %v), not %v", c.name, name, v, ok, want)
			}
		}
	}
	// One that broke off says so, and tells nothing that it does not know.
	s := ramp(0, 1)
	s.took = 0
	list := s.figures()
	if !strings.HasPrefix(list[0].Note, "broken off at 98 %") {
		t.Errorf("%q", list[0].Note)
	}
	for _, f := range list {
		if strings.Contains(f.Name, "time left") || strings.Contains(f.Name, "totals") {
			t.Errorf("%s of a run without an end", f.Name)
		}
	}
}

func TestNumberedFilesDiffer(t *testing.T) {
	mp4 := []byte("film")
	a, b := numbered(mp4, 1), numbered(mp4, 2)
	if bytes.Equal(a, b) || !bytes.HasPrefix(a, mp4) || len(a) != len(mp4)+16 {
		t.Errorf("%x, %x", a, b)
	}
}
