package review

import (
	"cmp"
	"encoding/json"
	"slices"
	"testing"

	"posteriori/engine/fault"
	"posteriori/engine/synopsis"
)

// FuzzSynopsisOf: whatever lies beside a synopsis, it is refused as bad input, or
// the page gets plays in their order and can be written.
func FuzzSynopsisOf(f *testing.F) {
	f.Add([]byte(`{"schema":"` + synopsis.SidecarSchema + `","output":{"frame_us":40000,"frames":2},"objects":[{"recording":"2","plays":[{"start":3,"frames":1}]},{"recording":"1","plays":[{"start":1}]}]}`))
	f.Add([]byte(`{"schema":"x"}`))
	f.Add([]byte(`{"schema":"` + synopsis.SidecarSchema + `","objects":[{"recording":"1e3"}]}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, sidecar []byte) {
		s, err := SynopsisOf(sidecar, "x.mp4")
		if err != nil {
			if fault.KindOf(err) != fault.BadInput {
				t.Fatalf("refused as %v: %v", fault.KindOf(err), err)
			}
			return
		}
		if s.FrameUS < 1 || s.Plays == nil || !slices.IsSortedFunc(s.Plays, func(a, b [6]int64) int { return cmp.Compare(a[2], b[2]) }) {
			t.Fatalf("%+v", s)
		}
		if _, err := json.Marshal(s); err != nil {
			t.Fatal(err)
		}
	})
}
