package scene

import "testing"

// TestQuarters: each place of a picture is in one quarter, in even and odd sizes.
func TestQuarters(t *testing.T) {
	for _, size := range [][2]int{{640, 360}, {641, 361}, {2, 3}} {
		q := Quarters(size[0], size[1])
		for y := range size[1] {
			for x := range size[0] {
				var in []int
				for i := range q {
					if q[i].HoldsMiddle(Box{X: float64(x), Y: float64(y), W: 1, H: 1}) {
						in = append(in, i)
					}
				}
				want := 0
				if x >= size[0]/2 {
					want++
				}
				if y >= size[1]/2 {
					want += 2
				}
				if len(in) != 1 || in[0] != want {
					t.Fatalf("%v: (%d,%d) is in %v, want %d", size, x, y, in, want)
				}
			}
		}
	}
}
