package network

import (
	"cmp"
	"math"
	"slices"

	"posteriori/detectors"
	"posteriori/engine/frame"
	"posteriori/engine/scene"
	"posteriori/engine/vision"
)

// name turns a picture's candidates into detections of f: to source pixels,
// clipped to the crop, labelled, marked where the crop's edge cuts them.
func (d *Detector) name(found []Candidate, way vision.Transform, crop scene.Box, f frame.YUV) []detectors.Detection {
	if len(found) > maxCandidates {
		slices.SortFunc(found, func(a, b Candidate) int {
			return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.X0, b.X0), cmp.Compare(a.Y0, b.Y0), cmp.Compare(a.Label, b.Label))
		})
		found = found[:maxCandidates]
	}
	seen := vision.Snap(crop, f.Y.W, f.Y.H)
	edge := bounds{
		x0: float64(seen.Min.X), y0: float64(seen.Min.Y), x1: float64(seen.Max.X), y1: float64(seen.Max.Y),
		w: float64(f.Y.W), h: float64(f.Y.H),
	}
	out := make([]detectors.Detection, 0, len(found))
	for _, c := range found {
		if c.Label < 0 || c.Label >= len(d.labels) || !(d.known[c.Label] || d.options.Raw) {
			continue
		}
		box, cut, ok := edge.clip(way.ToSource(c.X0, c.Y0, c.X1, c.Y1))
		if !ok {
			continue
		}
		out = append(out, detectors.Detection{
			Box: box, Class: d.classes[c.Label], Score: c.Score, Label: d.labels[c.Label], Cut: cut,
		})
	}
	return out
}

// bounds is a crop inside a picture of w×h.
type bounds struct {
	x0, y0, x1, y1, w, h float64
}

// clip cuts a box to the crop. It is cut when it comes near an edge of the
// crop that is no edge of the picture. Boxes without area are not ok.
func (e bounds) clip(b scene.Box) (out scene.Box, cut, ok bool) {
	x0, y0 := max(b.X, e.x0), max(b.Y, e.y0)
	x1, y1 := min(b.X+b.W, e.x1), min(b.Y+b.H, e.y1)
	if !(x1-x0 >= 1 && y1-y0 >= 1) || math.IsInf(x1-x0, 0) || math.IsInf(y1-y0, 0) {
		return scene.Box{}, false, false
	}
	// Models place a cut edge to within a pixel or two of their input.
	nx, ny := max(2, 0.01*(e.x1-e.x0)), max(2, 0.01*(e.y1-e.y0))
	cut = e.x0 > 0 && x0-e.x0 < nx || e.y0 > 0 && y0-e.y0 < ny ||
		e.x1 < e.w && e.x1-x1 < nx || e.y1 < e.h && e.y1-y1 < ny
	return scene.Box{X: x0, Y: y0, W: x1 - x0, H: y1 - y0}, cut, true
}
