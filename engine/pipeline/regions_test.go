package pipeline

import (
	"testing"

	"pgregory.net/rapid"

	"posteriori/engine/frame"
	"posteriori/engine/scene"
)

func drawMovers(t *rapid.T, w, h int) []mover {
	n := rapid.IntRange(1, 12).Draw(t, "movers")
	out := make([]mover, n)
	for i := range out {
		out[i].urgent = rapid.IntRange(1, 3).Draw(t, "urgent")
		out[i].box = scene.Box{
			X: rapid.Float64Range(-20, float64(w)).Draw(t, "x"), Y: rapid.Float64Range(-20, float64(h)).Draw(t, "y"),
			W: rapid.Float64Range(1, float64(w)/2).Draw(t, "w"), H: rapid.Float64Range(1, float64(h)/2).Draw(t, "h"),
		}
	}
	return out
}

func TestRegionsLieInTheFrameAndAreFew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(64, 4000).Draw(t, "W"), rapid.IntRange(64, 3000).Draw(t, "H")
		limit := rapid.IntRange(1, 6).Draw(t, "limit")
		got := regions(drawMovers(t, w, h), w, h, limit)
		if len(got) > limit {
			t.Fatalf("%d regions", len(got))
		}
		for _, r := range got {
			if r.X < 0 || r.Y < 0 || r.X+r.W > float64(w)+1 || r.Y+r.H > float64(h)+1 || r.Empty() {
				t.Fatalf("region %v in %d×%d", r, w, h)
			}
		}
	})
}

// TestFewMoversAreAllLookedAt: while there is room, no mover is left out.
func TestFewMoversAreAllLookedAt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const w, h = 1920, 1080
		movers := drawMovers(t, w, h)[:1]
		for len(movers) < rapid.IntRange(1, 4).Draw(t, "n") {
			movers = append(movers, drawMovers(t, w, h)[0])
		}
		got := regions(movers, w, h, 4)
		if got == nil {
			return // the whole frame
		}
		for _, m := range movers {
			c := m.box.Clamp(w, h)
			if c.Empty() {
				continue
			}
			seen := false
			for _, r := range got {
				seen = seen || r.Intersect(c).Area() >= 0.99*c.Area()
			}
			if !seen {
				t.Fatalf("%v is in none of %v", m, got)
			}
		}
	})
}

func TestPlateForgetsMovers(t *testing.T) {
	const w, h = 64, 48
	p := newPlate(w, h)
	for i := range 12 {
		full := frame.NewYUV(w, h)
		for j := range full.Y.Pix {
			full.Y.Pix[j] = 90
		}
		mask := frame.NewPlane(w/2, h/2)
		for y := 10; y < 16; y++ { // a bright thing on its way from left to right
			for x := i * 2; x < i*2+5; x++ {
				mask.Pix[y*mask.Stride+x] = 255
				for _, d := range [4][2]int{{0, 0}, {1, 0}, {0, 1}, {1, 1}} {
					full.Y.Pix[(2*y+d[1])*w+2*x+d[0]] = 230
				}
			}
		}
		p.look(&full, mask, int64(i)*plateUS, i > 0)
	}
	for i, v := range p.pic.Y.Pix {
		if v != 90 {
			t.Fatalf("sample (%d,%d) of the plate is %d, the scene is 90", i%w, i/w, v)
		}
	}
}
