package scene

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGaps(t *testing.T) {
	p := Path{{TUS: 0}, {TUS: 40_000}, {TUS: 540_000}, {TUS: 580_000}, {TUS: 3_000_000}}
	if d := cmp.Diff([]Span{{580_000, 3_000_000}}, p.Gaps(500_000)); d != "" {
		t.Error(d)
	}
	if got := (Path{}).Gaps(0); got != nil {
		t.Errorf("%v in no path", got)
	}
	here, there := Box{X: 10, Y: 10, W: 20, H: 20}, Box{X: 25, Y: 10, W: 20, H: 20}
	rested := Path{{TUS: 0, Box: here}, {TUS: 1_040_000, Box: here}, {TUS: 2_080_000, Box: there}, {TUS: 4_000_000, Box: there}}
	if d := cmp.Diff([]Span{{1_040_000, 2_080_000}, {2_080_000, 4_000_000}}, rested.Gaps(500_000)); d != "" {
		t.Errorf("of one that rested for a second, moved unseen and was hidden: %s", d)
	}
}
