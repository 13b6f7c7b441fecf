package plate

import (
	"cmp"
	"math"
	"slices"

	"posteriori/detectors"
	"posteriori/engine/frame"
	lp "posteriori/engine/plate"
	"posteriori/engine/scene"
)

// Finder finds plates and reads them.
type Finder struct {
	Detector detectors.Detector
	Reader   Reader
}

// MinScore is the detector's score from which a place is worth reading: even
// odds.
const MinScore = 0.5

// A place is a plate when it reads like one: what gives fewer characters, or
// characters that the reader doubts more than not, is a grille, a badge or
// leaves. Few plates have less than four.
const (
	leastChars   = 4
	leastCertain = 0.5
)

// Sizes in source pixels below which nothing can be read, of a plate.
const (
	minWidth  = 24
	minHeight = 6
)

// Locate looks for plates in the regions of f, in source pixels, layer by
// layer (a detector passes over a region that lies in another of the same
// call), and returns them, the most likely first. No layers mean the whole
// picture.
func (p Finder) Locate(f frame.YUV, layers ...[]scene.Box) ([]detectors.Detection, error) {
	if len(layers) == 0 {
		layers = [][]scene.Box{nil}
	}
	var all []detectors.Detection
	for _, regions := range layers {
		ds, err := p.Detector.Detect(f, regions)
		if err != nil {
			return nil, err
		}
		all = append(all, ds...)
	}
	out := Distinct(all)
	for i, d := range out {
		var err error
		if out[i], err = p.closer(f, d, float64(p.Detector.Info().Input)); err != nil {
			return nil, err
		}
	}
	return Distinct(out), nil
}

// Find locates plates and reads each, the most likely first. Found is the
// detector's score, TUS is tUS. Plates too small to be read, and places that
// do not read like a plate, are left out.
func (p Finder) Find(f frame.YUV, tUS int64, layers ...[]scene.Box) ([]lp.Read, error) {
	ds, err := p.Locate(f, layers...)
	if err != nil {
		return nil, err
	}
	var out []lp.Read
	for _, d := range ds {
		if d.Box.W < minWidth || d.Box.H < minHeight {
			continue
		}
		r, err := p.Reader.Read(f, d.Box)
		if err != nil {
			return nil, err
		}
		if len(r.Chars) < leastChars || certainty(r.Chars) < leastCertain {
			continue
		}
		r.TUS, r.Found = tUS, d.Score
		out = append(out, r.Rounded())
	}
	return out, nil
}

// closeUp is the side of the square around a plate, in widths of the plate, at
// which a detector sees it large and yet sees what it hangs on: some 135 pixels
// wide in what it takes in. Ours, of 320 pixels, cuts plates least often at 2.4
// (drawn, Romanian and American plates, beside 3, 4 and 5); the listed one, of
// 416, finds and reads more at 3.
func closeUp(input float64) float64 {
	if input <= 320 {
		return 2.4
	}
	return 3
}

// closer looks at a plate once more from near, where its edges can be told to
// the pixel: readers suffer from a box that cuts a character. The score is the
// geometric mean of both looks; what is not seen again loses much of its own.
func (p Finder) closer(f frame.YUV, d detectors.Detection, input float64) (detectors.Detection, error) {
	side := max(closeUp(input)*d.Box.W, input/4)
	at := d.Box.Center()
	ds, err := p.Detector.Detect(f, []scene.Box{{X: at.X - side/2, Y: at.Y - side/2, W: side, H: side}})
	if err != nil {
		return d, err
	}
	for _, n := range ds { // best score first
		if !n.Cut && n.Box.IoU(d.Box) >= sameView {
			n.Score = math.Sqrt(n.Score * d.Score)
			return n, nil
		}
	}
	d.Score *= unconfirmed
	return d, nil
}

const (
	sameView    = 0.3 // overlap from which both looks saw the same plate
	unconfirmed = 0.6 // what is left of the score of a plate not seen from near
)

// Layers are where to look for plates in a whole w×h picture.
func (p Finder) Layers(w, h int) [][]scene.Box { return Layers(w, h, p.Detector.Info().Input) }

// Close frees both models.
func (p Finder) Close() error {
	return cmp.Or(p.Detector.Close(), p.Reader.Close())
}

// samePlate is the share of the smaller of two boxes that lies in the other
// from which both are one plate: plates do not overlap.
const samePlate = 0.5

// Distinct drops from detections those that lie on a better one: the same
// plate seen through two regions, at another scale.
func Distinct(ds []detectors.Detection) []detectors.Detection {
	ds = slices.Clone(ds)
	slices.SortStableFunc(ds, func(a, b detectors.Detection) int {
		if a.Cut != b.Cut {
			if a.Cut {
				return 1
			}
			return -1
		}
		return cmp.Compare(b.Score, a.Score)
	})
	var kept []detectors.Detection
	for _, d := range ds {
		if !slices.ContainsFunc(kept, func(k detectors.Detection) bool {
			return k.Box.Intersect(d.Box).Area() > samePlate*min(k.Box.Area(), d.Box.Area())
		}) {
			kept = append(kept, d)
		}
	}
	slices.SortStableFunc(kept, func(a, b detectors.Detection) int { return cmp.Compare(b.Score, a.Score) })
	return kept
}

// Layers are where to look for plates in a w×h picture with a detector of
// that input: the whole of it; where it is larger than the detector takes in
// without loss, squares along its length; and smaller squares, in which small
// plates are large enough to be told from their surroundings.
func Layers(w, h, input int) [][]scene.Box {
	fw, fh := float64(w), float64(h)
	out := [][]scene.Box{{{W: fw, H: fh}}}
	side := min(fw, fh)
	if fw != fh && max(w, h) > input*5/4 {
		out = append(out, along(fw, fh, side))
	}
	return append(out, along(fw, fh, 0.6*side))
}

// along tiles w×h with squares that overlap by at least a sixth.
func along(w, h, side float64) []scene.Box {
	var out []scene.Box
	for _, y := range starts(h, side) {
		for _, x := range starts(w, side) {
			out = append(out, scene.Box{X: x, Y: y, W: side, H: side})
		}
	}
	return out
}

func starts(length, side float64) []float64 {
	out := []float64{0}
	if length <= side {
		return out
	}
	n := 1
	for float64(n)*side*5/6 < length-side {
		n++
	}
	for i := 1; i <= n; i++ {
		out = append(out, (length-side)*float64(i)/float64(n))
	}
	return out
}
