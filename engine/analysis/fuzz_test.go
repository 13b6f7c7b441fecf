package analysis

import (
	"encoding/json"
	"errors"
	"testing"

	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// FuzzAccounts: what a hostile worker says of a chunk or of a triage is refused,
// or tiles the chunk.
func FuzzAccounts(f *testing.F) {
	chunks := []wire.Chunk{{Index: 0, EndPTS: 1000, EndUS: 10_000_000}, {Index: 1, StartPTS: 1000, EndPTS: 2000, StartUS: 10_000_000, EndUS: 20_000_000}}
	add := func(v any) {
		b, err := json.Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	probe := wire.Probe{Format: "mov,mp4", Codec: "h264", Width: 64, Height: 48, TimeBase: wire.Rational{Num: 1, Den: 12800}, FrameUS: 40_000,
		DurationUS: 20_000_000, Chunks: chunks, Gaps: []scene.Coverage{
			{FromUS: 1, ToUS: 2_000_000, Kind: scene.Gap}, {FromUS: 20_000_000, ToUS: 30_000_000, Kind: scene.Damaged}}} // it was cut short
	add(probe)
	times := scene.PackTimes([]int64{10_000_000, 15_000_000})
	add(wire.ChunkEnd{Chunk: 1, Frames: 2, Times: times, PlaneW: 32, PlaneH: 18, Coverage: []scene.Coverage{
		{FromUS: 10_000_000, ToUS: 12_000_000, Kind: scene.Damaged, Reason: "x"}, {FromUS: 12_000_000, ToUS: 20_000_000, Kind: scene.Seen}}})
	add(wire.Triage{Times: [][]byte{scene.PackTimes([]int64{0}), times}, Why: "x", Spans: []wire.Chunk{
		{Index: 0, StartPTS: 100, EndPTS: 200, StartUS: 1_000_000, EndUS: 2_000_000}, {Index: 1, StartPTS: 1000, EndPTS: 2000, StartUS: 10_000_000, EndUS: 20_000_000}}})
	f.Fuzz(func(t *testing.T, b []byte) {
		var end wire.ChunkEnd
		if json.Unmarshal(b, &end) == nil {
			err := checkEnd(&end, chunks[1])
			if err != nil && !errors.Is(err, wire.ErrProtocol) {
				t.Errorf("%v", err)
			}
			if err == nil {
				at := chunks[1].StartUS
				for _, s := range end.Coverage {
					if s.FromUS != at || s.ToUS < at {
						t.Fatalf("%+v do not tile the chunk", end.Coverage)
					}
					at = s.ToUS
				}
				if at != chunks[1].EndUS {
					t.Errorf("%+v do not reach its end", end.Coverage)
				}
			}
		}
		var p wire.Probe
		if json.Unmarshal(b, &p) == nil && checkProbe(&p, false) == nil {
			at := int64(0)
			for i, c := range p.Chunks {
				if c.Index != i || c.StartUS != at || c.EndUS < at {
					t.Fatalf("chunks %+v", p.Chunks)
				}
				at = c.EndUS
			}
			if at != p.DurationUS || len(p.Chunks) == 0 || p.TimeBase.Den < 1 || p.TimeBase.Num < 1 {
				t.Errorf("%+v", p)
			}
		}
		var tr wire.Triage
		if json.Unmarshal(b, &tr) != nil || checkTriage(&tr, chunks) != nil {
			return
		}
		at := int64(0)
		for _, s := range tr.Spans {
			c := chunks[s.Index]
			if s.StartUS < at || s.EndUS < s.StartUS || s.StartUS < c.StartUS || s.EndUS > c.EndUS {
				t.Fatalf("spans %+v", tr.Spans)
			}
			at = s.EndUS
		}
	})
}

// A probe is refused for whatever in it the rest would fall over.
func TestProbeIsChecked(t *testing.T) {
	good := func() wire.Probe {
		return wire.Probe{Width: 64, Height: 48, TimeBase: wire.Rational{Num: 1, Den: 1000}, DurationUS: 20, Warnings: []string{"a\x1b[31mb"},
			Chunks: []wire.Chunk{{EndPTS: 10, EndUS: 10}, {Index: 1, StartPTS: 10, EndPTS: 20, StartUS: 10, EndUS: 20}}}
	}
	p := good()
	if err := checkProbe(&p, false); err != nil || p.Warnings[0] != "a[31mb" {
		t.Errorf("%v, %q", err, p.Warnings)
	}
	for name, harm := range map[string]func(*wire.Probe){
		"no chunks":           func(p *wire.Probe) { p.Chunks = nil },
		"a hole in them":      func(p *wire.Probe) { p.Chunks[1].StartUS = 11 },
		"an early end":        func(p *wire.Probe) { p.DurationUS = 30 },
		"out of order":        func(p *wire.Probe) { p.Chunks[1].Index = 0 },
		"no time base":        func(p *wire.Probe) { p.TimeBase = wire.Rational{} },
		"no picture":          func(p *wire.Probe) { p.Width = 0 },
		"a giant picture":     func(p *wire.Probe) { p.Height = 1 << 20 },
		"a negative end":      func(p *wire.Probe) { p.DurationUS, p.Chunks[1].EndUS = -1, -1 },
		"a gap that was seen": func(p *wire.Probe) { p.Gaps = []scene.Coverage{{FromUS: 5, ToUS: 6, Kind: scene.Seen}} },
		"a gap backwards":     func(p *wire.Probe) { p.Gaps = []scene.Coverage{{FromUS: 5, ToUS: 4, Kind: scene.Gap}} },
		"a slant":             func(p *wire.Probe) { p.Rotation = 45 },
	} {
		p := good()
		harm(&p)
		if err := checkProbe(&p, false); !errors.Is(err, wire.ErrProtocol) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
