package pipeline

import (
	"testing"

	"posteriori/engine/scene"
	"posteriori/engine/track"
)

// TestBudget: however much is due, the detector sees no more regions over time
// than the budget has, and at once no more than were saved up.
func TestBudget(t *testing.T) {
	var b budget
	regions, most := 0, 0
	for tUS := int64(0); tUS <= 10_000_000; tUS += 200_000 {
		n := b.grant(tUS)
		regions, most = regions+n, max(most, n)
		b.spend(n)
	}
	if want := 10*regionsPerSecond + regionsAtOnce; regions > want || regions < want-1 {
		t.Errorf("%d regions in 10 s, want %d", regions, want)
	}
	if most != regionsAtOnce {
		t.Errorf("%d regions at once, want %d", most, regionsAtOnce)
	}
}

// TestEvery: what is new is looked at at once, what is known seldom, what
// touches another often, and what the detector does not know ever more seldom.
func TestEvery(t *testing.T) {
	box := scene.Box{X: 100, Y: 100, W: 40, H: 80}
	beside := &track.Track{ID: 2, Box: scene.Box{X: 130, Y: 100, W: 40, H: 80}}
	for _, c := range []struct {
		name       string
		detections int
		stopped    bool
		other      *track.Track
		vain       int
		want       int64
	}{
		{"new", 0, false, nil, 0, 0},
		{"new, in a crowd", 0, false, beside, 0, 0},
		{"placed", placed, false, nil, 0, learnUS},
		{"known", enoughDetections, false, nil, 0, steadyUS},
		{"known, at rest", enoughDetections, true, nil, 0, restUS},
		{"known, in a crowd", enoughDetections, false, beside, 0, crowdUS},
		{"in vain", 0, false, nil, patience, vainUS},
		{"again in vain", 0, false, nil, patience + 1, 2 * vainUS},
		{"always in vain", 0, false, nil, patience + 50, vainUS << vainSteps},
	} {
		live := []*track.Track{{ID: 1, Box: box, Detections: c.detections, Stopped: c.stopped}}
		if c.other != nil {
			live = append(live, c.other)
		}
		if got := every(live, 0, c.vain); got != c.want {
			t.Errorf("%s: every %d µs, want %d", c.name, got, c.want)
		}
	}
}
