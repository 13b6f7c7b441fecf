package synopsis

import (
	"testing"

	"posteriori/engine/scene"
)

// A person found for a second on the bicycle that goes with it, and of whom the
// box ends at the saddle, is shown with the bicycle; who passes behind it is not.
func TestRiderStaysOnTheBicycle(t *testing.T) {
	bicycle := mover(0, 1, 10*second, 6*second, 0, 0, 100, 500, 100, 60, 40)
	bicycle.Class = scene.Bicycle
	rider := mover(0, 2, 13*second, second, 0, 265, 60, 348, 60, 30, 55)
	behind := mover(0, 3, 9*second, 6*second, 0, 600, 70, 0, 70, 15, 45)
	_, plan := makePlan(t, []Recording{recording("a", "n", 600*second)}, []Tube{bicycle, rider, behind}, Options{MaxWork: 1_000_000})
	if g := plan.Objects; g[0].Group != g[1].Group || g[0].Group == g[2].Group {
		t.Errorf("groups: bicycle %d, rider %d, who passes %d", g[0].Group, g[1].Group, g[2].Group)
	}
}
