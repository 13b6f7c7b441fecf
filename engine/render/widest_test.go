package render

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestWidest compares it with the plain maximum, in all sizes around a word.
func TestWidest(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for w := 1; w < 40; w++ {
		for h := 1; h < 5; h++ {
			p, tmp := make([]byte, w*h), make([]byte, w*h)
			for i := range p {
				p[i] = byte(rng.Uint32())
				if rng.IntN(2) == 0 {
					p[i] = []byte{0, 127, 128, 255}[rng.IntN(4)]
				}
			}
			want := make([]byte, w*h)
			for y := range h {
				for x := range w {
					for j := max(y-1, 0); j <= min(y+1, h-1); j++ {
						for i := max(x-1, 0); i <= min(x+1, w-1); i++ {
							want[y*w+x] = max(want[y*w+x], p[j*w+i])
						}
					}
				}
			}
			widest(p, tmp, w, h)
			if !slices.Equal(p, want) {
				t.Fatalf("%d×%d: %v, want %v", w, h, p, want)
			}
		}
	}
}
