package main

import (
	"testing"

	"posteriori/engine/procedure"
)

// FuzzDecisions: a file of decisions is refused, or each decision in it can be
// recorded as it stands.
func FuzzDecisions(f *testing.F) {
	f.Add([]byte(`{"schema":"` + decisionsSchema + `","procedure":"2026-00123","decisions":[{"recording":1,"sha256":"00","track":2,"verdict":"validated","text":"x"}]}`))
	f.Add([]byte(`{"schema":"` + decisionsSchema + `","procedure":"2026-00123","decisions":[{"recording":1,"track":2,"verdict":"comment"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var out decisionsFile
		if parseDecisions(b, &out) != nil {
			return
		}
		if procedure.CheckID(out.Procedure) != nil || len(out.Decisions) == 0 {
			t.Errorf("%+v", out)
		}
		for _, d := range out.Decisions {
			if v, err := d.check(); err != nil || v.sub == "" || d.Track < 1 {
				t.Errorf("%+v: %v", d, err)
			}
		}
	})
}
