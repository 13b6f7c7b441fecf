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
}
