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
