package render

import (
	"testing"

	"pgregory.net/rapid"

	"posteriori/engine/scene"
)

// What fades is told by the distance from the box alone.
func TestFade(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := grid{x: rapid.IntRange(-20, 20).Draw(t, "x"), y: rapid.IntRange(-20, 20).Draw(t, "y"), w: rapid.IntRange(1, 40).Draw(t, "w"), h: rapid.IntRange(1, 20).Draw(t, "h")}
		for range g.w * g.h {
			g.a = append(g.a, 200)
		}
		at := rapid.Float64Range(-30, 60)
		box := scene.Box{X: at.Draw(t, "left"), Y: at.Draw(t, "top"), W: rapid.Float64Range(0, 40).Draw(t, "wide"), H: rapid.Float64Range(0, 40).Draw(t, "high")}
		full := rapid.Float64Range(0, 6).Draw(t, "full")
		none := full + rapid.Float64Range(.5, 6).Draw(t, "soft")
		g.fade(box, full, none)
		for k, v := range g.a {
			x, y := float64(g.x+k%g.w)+.5, float64(g.y+k/g.w)+.5
			d := max(box.X-x, x-box.X-box.W, box.Y-y, y-box.Y-box.H, 0)
			want := byte(200)
			if d > full {
				want = byte(200 * max(0, (none-d)/(none-full)))
			}
			if v != want {
				t.Fatalf("%g from the box it is %d, want %d", d, v, want)
			}
		}
	})
}
