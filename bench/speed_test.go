package main

import (
	"math"
	"strings"
	"testing"
	"time"
)

// TestSequence: however the pieces are laid, something moves in the share of
// the time that the footage is named for.
func TestSequence(t *testing.T) {
	for _, m := range []material{park10, park2, highway} {
		f := footage{m, coding{"h264", 720, 50, false}, 7200}
		active := float64(strings.Count(f.sequence("A", "I"), "'A'"))
		idle := float64(strings.Count(f.sequence("A", "I"), "'I'"))
		long := active*2*(m.activeTo-m.activeFrom) + idle*2*m.idle
		moved := active * 2 * (m.activeTo - m.activeFrom)
		if m.idle > 0 {
			moved *= parkActive
		}
		if got := moved / long; math.Abs(got-m.share) > .1*m.share || long < 7200 {
			t.Errorf("%s: %.3f of %.0f s", m.name, got, long)
		}
	}
}

func TestShare(t *testing.T) {
	a := analysed{stages: map[string]time.Duration{"decode": time.Hour, "detect": 3 * time.Second, "motion": time.Second}}
	if got := a.share("detect"); got != 75 {
		t.Errorf("%v", got)
	}
	if got := a.stageList(); got != "detect 3.0 s, motion 1.0 s, waiting for the decoder 3600.0 s" {
		t.Error(got)
	}
}
