package attribute

import (
	"math"

	"posteriori/engine/frame"
	"posteriori/engine/scene"
)

// Sharpness is the variance of the Laplacian of the luma inside box (source
// pixels), the measure LAPV of Pertuz, Puig, Garcia, "Analysis of focus measure
// operators for shape-from-focus" (Pattern Recognition 2013): 0 for a flat or
// empty box, some hundreds for a sharp picture. It looks at some ten thousand
// samples at most.
func Sharpness(y frame.Plane, box scene.Box) float64 {
	b := box.Clamp(float64(y.W), float64(y.H))
	x0, y0 := max(1, int(b.X)), max(1, int(b.Y))
	x1, y1 := min(y.W-1, int(b.X+b.W)), min(y.H-1, int(b.Y+b.H))
	if x1-x0 < 2 || y1-y0 < 2 {
		return 0
	}
	step := max(1, int(math.Sqrt(float64((x1-x0)*(y1-y0))/10000)))
	var sum, squares float64
	n := 0
	for r := y0; r < y1; r += step {
		up, at, down := y.Row(r-1), y.Row(r), y.Row(r+1)
		for c := x0; c < x1; c += step {
			l := float64(4*int(at[c]) - int(at[c-1]) - int(at[c+1]) - int(up[c]) - int(down[c]))
			sum += l
			squares += l * l
			n++
		}
	}
	mean := sum / float64(n)
	return squares/float64(n) - mean*mean
}

// CropScore says how well a picture shows its object, 0..1: large in a w×h
// frame, sharp (see [Sharpness]), surely recognised (the detector's score,
// 0..1), and whole. The larger is kept.
func CropScore(box scene.Box, w, h int, sharpness, score float64, cutByBorder bool) float64 {
	large := math.Min(1, math.Sqrt(box.Area()/math.Max(1, 0.15*float64(w)*float64(h))))
	s := math.Sqrt(large) * (0.5 + 0.5*sharpness/(sharpness+sharpEnough)) * (0.4 + 0.6*math.Max(0, math.Min(1, score)))
	if cutByBorder {
		s *= 0.4
	}
	return s
}

const sharpEnough = 150 // variance of the Laplacian at which sharpness counts half
