package pipeline

import "testing"

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
