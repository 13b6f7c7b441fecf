package pipeline

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"posteriori/engine/scene"
)

func TestCoverageTilesTheChunk(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := rapid.Int64Range(0, 1e9).Draw(t, "from")
		to := from + rapid.Int64Range(1, 1e8).Draw(t, "len")
		c := &coverage{fromUS: from, toUS: to}
		at := from
		for range rapid.IntRange(0, 6).Draw(t, "states") {
			kind := rapid.SampledFrom([]scene.CoverageKind{scene.Seen, scene.Relearning, scene.Covered}).Draw(t, "kind")
			c.state(at, kind, "")
			if at = at + rapid.Int64Range(1, 1e7).Draw(t, "step"); at >= to {
				break
			}
		}
		var holes []scene.Coverage
		for range rapid.IntRange(0, 4).Draw(t, "holes") {
			a := rapid.Int64Range(from-1e6, to+1e6).Draw(t, "a")
			holes = append(holes, scene.Coverage{FromUS: a, ToUS: a + rapid.Int64Range(0, 1e7).Draw(t, "n"), Kind: scene.Damaged})
		}
		got := c.close(holes, "")
		if got[0].FromUS != from || got[len(got)-1].ToUS != to {
			t.Fatalf("does not span %d..%d: %v", from, to, got)
		}
		for i := 1; i < len(got); i++ {
			if got[i].FromUS != got[i-1].ToUS {
				t.Fatalf("hole or overlap at %d: %v", i, got)
			}
		}
		for _, h := range holes {
			for _, s := range got {
				if h.FromUS < h.ToUS && s.Kind != scene.Damaged && s.FromUS < h.ToUS && h.FromUS < s.ToUS {
					t.Fatalf("%v is hidden by %v", h, s)
				}
			}
		}
	})
}

func TestCoverageSaysWhatHappened(t *testing.T) {
	c := &coverage{fromUS: 0, toUS: 100}
	c.state(4, scene.Seen, "")
	c.state(40, scene.Relearning, "camera moved")
	c.state(50, scene.Relearning, "camera moved")
	c.state(60, scene.Seen, "")
	got := c.close([]scene.Coverage{{FromUS: 70, ToUS: 80, Kind: scene.Gap, Reason: "no frames"}}, "")
	want := []scene.Coverage{
		{FromUS: 0, ToUS: 40, Kind: scene.Seen},
		{FromUS: 40, ToUS: 60, Kind: scene.Relearning, Reason: "camera moved"},
		{FromUS: 60, ToUS: 70, Kind: scene.Seen},
		{FromUS: 70, ToUS: 80, Kind: scene.Gap, Reason: "no frames"},
		{FromUS: 80, ToUS: 100, Kind: scene.Seen},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
