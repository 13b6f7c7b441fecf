package pipeline

import (
	"testing"

	"pgregory.net/rapid"

	"posteriori/engine/frame"
)

// What follows goes a quarter of the way, rounded to the nearest, wherever the
// piece begins and ends.
func TestFollow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := rapid.IntRange(1, 40).Draw(t, "w")
		dst, src := frame.NewPlane(w, 1), frame.NewPlane(w, 1)
		copy(dst.Pix, rapid.SliceOfN(rapid.Byte(), w, w).Draw(t, "dst"))
		copy(src.Pix, rapid.SliceOfN(rapid.Byte(), w, w).Draw(t, "src"))
		x0 := rapid.IntRange(0, w).Draw(t, "x0")
		x1 := rapid.IntRange(x0, w+3).Draw(t, "x1")
		was := append([]byte(nil), dst.Pix...)
		follow(dst, src, x0, 0, x1, 1, false)
		for x, got := range dst.Pix {
			d, s := int(was[x]), int(src.Pix[x])
			want := d
			if x >= x0 && x < x1 {
				want = (3*d + s + 2) / 4
			}
			if int(got) != want {
				t.Fatalf("%d: %d towards %d is %d, want %d", x, d, s, got, want)
			}
		}
	})
}

func BenchmarkFollow(b *testing.B) {
	dst, src := frame.NewPlane(1280, 720), frame.NewPlane(1280, 720)
	b.SetBytes(1280 * 720)
	for b.Loop() {
		for x := 0; x < 1280; x += 32 {
			follow(dst, src, x, 0, x+32, 720, false)
		}
	}
}
