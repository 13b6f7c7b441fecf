package analysis

import (
	"strings"
	"testing"

	"posteriori/engine/wire"
)

// TestCheckTriage: a worker's triage is believed only where it fits.
func TestCheckTriage(t *testing.T) {
	chunks := []wire.Chunk{{Index: 0, EndPTS: 100, EndUS: 1000}, {Index: 1, StartPTS: 100, EndPTS: 200, StartUS: 1000, EndUS: 2000, LeadPTS: 50}}
	good := wire.Chunk{Index: 1, StartPTS: 120, EndPTS: 150, StartUS: 1200, EndUS: 1500, LeadPTS: 60}
	change := func(f func(*wire.Chunk)) []wire.Chunk { c := good; f(&c); return []wire.Chunk{c} }
	for name, c := range map[string]struct {
		spans []wire.Chunk
		times int
		ok    bool
	}{
		"good":               {[]wire.Chunk{good}, 2, true},
		"none":               {nil, 2, true},
		"times lack":         {nil, 1, false},
		"no such chunk":      {change(func(c *wire.Chunk) { c.Index = 2 }), 2, false},
		"beyond its chunk":   {change(func(c *wire.Chunk) { c.EndUS = 2001 }), 2, false},
		"before its chunk":   {change(func(c *wire.Chunk) { c.StartPTS = 90 }), 2, false},
		"backwards":          {change(func(c *wire.Chunk) { c.StartUS = 1600 }), 2, false},
		"over another":       {[]wire.Chunk{good, good}, 2, false},
		"lead after start":   {change(func(c *wire.Chunk) { c.LeadPTS = 130 }), 2, false},
		"chunks in no order": {append(change(func(c *wire.Chunk) {}), wire.Chunk{Index: 0, EndPTS: 10, EndUS: 100}), 2, false},
	} {
		got := &wire.Triage{Spans: c.spans, Times: make([][]byte, c.times)}
		if err := checkTriage(got, chunks); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	hostile := &wire.Triage{Full: true, Why: "a\x1b[2Jb\n", Spans: []wire.Chunk{good}}
	if err := checkTriage(hostile, chunks); err != nil || strings.ContainsAny(hostile.Why, "\x1b\n") || hostile.Spans != nil {
		t.Errorf("%v %+v", err, hostile)
	}
}
