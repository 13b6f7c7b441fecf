package detectors

import (
	"cmp"
	"slices"

	"posteriori/engine/scene"
)

// Suppression of doubles. Two boxes of one label are one object from
// sameIoU on; two of rival labels, such as car and truck, only when they all
// but coincide. A cut box is part of a whole one when cutInside of it lies in
// that.
const (
	sameIoU   = 0.6
	rivalIoU  = 0.75
	cutInside = 0.7
)

// rivals are classes that models mix up: one object is one of them only.
// Everything else is a rival of itself alone.
func rivals(c scene.Class) int {
	switch c {
	case scene.Car, scene.Truck, scene.Bus:
		return 1
	case scene.Bicycle, scene.Motorcycle:
		return 2
	case scene.Bag, scene.Suitcase:
		return 3
	}
	return 100 + int(c)
}

// Merge makes one list out of what several regions of a picture gave: whole
// boxes before cut ones, better scores first, each dropping those after it
// that are the same object. With raw, boxes of different labels never drop
// each other. The result is sorted by score. Ds is reordered.
func Merge(ds []Detection, raw bool) []Detection {
	slices.SortFunc(ds, func(a, b Detection) int {
		if a.Cut != b.Cut {
			if a.Cut {
				return 1
			}
			return -1
		}
		return byScore(a, b)
	})
	var kept []Detection
	for _, d := range ds {
		if !slices.ContainsFunc(kept, func(k Detection) bool { return sameObject(k, d, raw) }) {
			kept = append(kept, d)
		}
	}
	slices.SortFunc(kept, byScore)
	return kept
}

// byScore puts the best first; equal scores go by place and label, so that
// the order of regions does not matter.
func byScore(a, b Detection) int {
	return cmp.Or(
		cmp.Compare(b.Score, a.Score), cmp.Compare(a.Box.X, b.Box.X), cmp.Compare(a.Box.Y, b.Box.Y),
		cmp.Compare(a.Box.W, b.Box.W), cmp.Compare(a.Box.H, b.Box.H), cmp.Compare(a.Label, b.Label),
	)
}

// sameObject tells whether d is the object of k, which comes first.
func sameObject(k, d Detection, raw bool) bool {
	inter := overlap(k.Box, d.Box)
	if inter == 0 {
		return false
	}
	ak, ad := k.Box.W*k.Box.H, d.Box.W*d.Box.H
	iou := inter / (ak + ad - inter)
	if k.Label == d.Label || !raw && k.Class == d.Class && k.Class != scene.Other {
		if d.Cut && inter >= cutInside*ad {
			return true
		}
		return iou >= sameIoU
	}
	if raw || rivals(k.Class) != rivals(d.Class) {
		return false
	}
	return iou >= rivalIoU || d.Cut && inter >= cutInside*ad
}

// overlap is the area that two boxes share.
func overlap(a, b scene.Box) float64 {
	w := min(a.X+a.W, b.X+b.W) - max(a.X, b.X)
	h := min(a.Y+a.H, b.Y+b.H) - max(a.Y, b.Y)
	if w <= 0 || h <= 0 {
		return 0
	}
	return w * h
}

// Suppress is greedy non-maximum suppression per label: of two boxes of one
// label that overlap by iou or more, the better stays. The result is sorted
// by score. Ds is reordered.
func Suppress(ds []Detection, iou float64) []Detection {
	slices.SortFunc(ds, byScore)
	kept := ds[:0:0]
	for _, d := range ds {
		double := slices.ContainsFunc(kept, func(k Detection) bool {
			if k.Label != d.Label {
				return false
			}
			inter := overlap(k.Box, d.Box)
			return inter > 0 && inter/(k.Box.W*k.Box.H+d.Box.W*d.Box.H-inter) >= iou
		})
		if !double {
			kept = append(kept, d)
		}
	}
	return kept
}
