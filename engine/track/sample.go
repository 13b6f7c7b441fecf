package track

import "posteriori/engine/scene"

// sampleKind is how a track was seen at one step, in order of trust.
type sampleKind uint8

const (
	unseen   sampleKind = iota // predicted only; box is empty
	weak                       // a shared or ill-fitting blob: box is the prediction, shifted
	followed                   // a blob of its own
	detected                   // a detector box
)

// sample is one step of a track's life, as observed. Smoothing needs all of
// them at the end.
type sample struct {
	t       int64
	box     scene.Box // raw: of the detector, or of the blob
	blob    scene.Box // with a detection: the blob of the same step
	kind    sampleKind
	hasBlob bool
	noise   float32 // sizes
}

// add appends s. While the object rests, samples that say nothing new are
// dropped down to one per restEvery µs, so that an hour's stop costs little.
func (t *Track) add(s sample, restEvery int64) {
	n := len(t.samples)
	if n >= 1 && t.Stopped && s.kind == unseen && s.t-t.samples[n-1].t <= restEvery {
		return
	}
	if n >= 2 && t.Stopped {
		a, b := &t.samples[n-2], &t.samples[n-1]
		worth := b.kind == detected && a.kind != detected
		same := b.kind == unseen || a.kind == unseen || a.box.IoU(b.box) > 0.5
		if s.t-a.t <= restEvery && same && !worth {
			t.samples[n-1] = s
			return
		}
	}
	t.samples = append(t.samples, s)
}

// trim drops what follows the last observation.
func (t *Track) trim() {
	n := len(t.samples)
	for n > 0 && t.samples[n-1].kind == unseen {
		n--
	}
	t.samples = t.samples[:n]
}

// trimVague drops the end of which only a blob that held others too, or a part,
// told: by then the object may have been anywhere. A moment of it stays.
func (t *Track) trimVague() {
	for i := len(t.samples) - 1; i >= 0; i-- {
		if s := t.samples[i]; s.kind >= followed {
			if last := t.samples[len(t.samples)-1].t; last-s.t > vagueUS {
				t.cutAfter(s.t + vagueUS)
			}
			return
		}
	}
}

// trimStray drops what blobs alone told after a time without a sight of the
// object, when the detector, which knew it well, looked there in vain ever
// since: they were of another.
func (t *Track) trimStray() {
	if t.Detections < strayLooks || t.vain < strayVain {
		return
	}
	last := -1 // sample that saw it
	for i, s := range t.samples {
		if s.kind < followed {
			continue
		}
		if last >= 0 && t.samples[last].t >= t.DetectedUS && s.t-t.samples[last].t >= strayUS {
			t.cutAfter(t.samples[last].t)
			return
		}
		last = i
	}
}

// trimRest drops the rest at the end of what the detector looked at in vain: what
// stays where a blob came to rest is a ghost, or a thing, which is told of as
// such (see engine/pipeline). A span of it stays. It returns how long it moved
// before, µs; false for what did not rest for so long.
func (t *Track) trimRest(span int64) (moved int64, rests bool) {
	if t.Detections > 0 || t.vain < strayVain || len(t.samples) == 0 {
		return 0, false
	}
	last := t.samples[len(t.samples)-1]
	for i := len(t.samples) - 1; i >= 0; i-- {
		if s := t.samples[i]; s.kind >= followed && distance(s.box, last.box) > restDrift*size(last.box) {
			t.cutAfter(s.t + span)
			return s.t - t.samples[0].t, last.t-s.t > span
		}
	}
	return 0, false
}

// cutAfter drops what lies after to, and what it was worth.
func (t *Track) cutAfter(to int64) {
	n := len(t.samples)
	for n > 1 && t.samples[n-1].t > to {
		n--
	}
	if n == len(t.samples) {
		return
	}
	t.samples = t.samples[:n]
	lost := t.LastUS - t.samples[n-1].t
	t.LastUS = t.samples[n-1].t
	t.observed, t.moving = max(0, t.observed-lost), max(0, t.moving-lost)
}

// cutBefore drops what lies before from.
func (t *Track) cutBefore(from int64) {
	i := 0
	for i < len(t.samples)-1 && t.samples[i].t < from {
		i++
	}
	t.samples = append(t.samples[:0], t.samples[i:]...)
	t.FirstUS = t.samples[0].t
}
