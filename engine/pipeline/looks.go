package pipeline

import (
	"posteriori/engine/scene"
	"posteriori/engine/track"
)

const (
	// A track is looked at on every detector frame until so many detections
	// have named it.
	enoughDetections = 5
	// steadyUS is the distance of looks at a known track on its own: between
	// them its blob carries it.
	steadyUS = 600_000
	// restUS is that of one at rest.
	restUS = 1_000_000
	// vainUS is how long something that no look has named is looked at on
	// every detector frame.
	vainUS = 1_500_000
)

const (
	// regionsPerSecond bounds the detector's work over time, in regions a
	// second of media time: what is urgent goes first, the rest waits.
	regionsPerSecond = 6
	// regionsAtOnce is how many may have been saved up.
	regionsAtOnce = 4
)

// budget is how many regions the detector may see now.
type budget struct {
	saved  float64
	lastUS int64
	begun  bool
}

// grant is the number of regions to be seen at tUS; spend takes them off.
func (b *budget) grant(tUS int64) int {
	if !b.begun {
		b.begun, b.saved, b.lastUS = true, regionsAtOnce, tUS
	}
	if tUS > b.lastUS {
		b.saved = min(regionsAtOnce, b.saved+float64(tUS-b.lastUS)/1e6*regionsPerSecond)
		b.lastUS = tUS
	}
	return int(b.saved)
}

func (b *budget) spend(n int) { b.saved -= float64(n) }

// mover is a place worth looking at. The more urgent is looked at first.
type mover struct {
	box    scene.Box
	urgent int
}

// looks is when the detector last looked at each track. It decides where
// looking is worth its time: the detector is by far the dearest stage.
type looks map[int64]int64

// due are the places that the detector should see now: what is new, unsure,
// or so close to another that blobs cannot tell them apart, and from time to
// time everything else that lives.
func (l looks) due(live []*track.Track, blobs []track.Blob, tUS int64) []mover {
	var out []mover
	for i, t := range live {
		at, seen := l[t.ID]
		switch {
		case !seen:
			out = append(out, mover{t.Box, 3})
		case tUS-at >= l.every(live, i, tUS):
			m := mover{t.Box, 1}
			if t.Detections < enoughDetections || tUS-at >= steadyUS {
				m.urgent = 2
			}
			out = append(out, m)
		}
	}
	for _, b := range blobs {
		if !covered(b.Box, live) {
			out = append(out, mover{b.Box, 3})
		}
	}
	return out
}

// every is the distance of looks at live[i].
func (l looks) every(live []*track.Track, i int, tUS int64) int64 {
	t := live[i]
	switch {
	case t.Detections == 0 && tUS-t.FirstUS > vainUS:
		return steadyUS
	case t.Detections < enoughDetections || crowded(live, i):
		return 0
	case t.Stopped:
		return restUS
	}
	return steadyUS
}

// crowded tells whether live[i] touches another track.
func crowded(live []*track.Track, i int) bool {
	b := live[i].Box.Pad(0.1 * live[i].Box.W)
	for j, o := range live {
		if j != i && !b.Intersect(o.Box).Empty() {
			return true
		}
	}
	return false
}

// covered tells whether most of a blob lies in a live track's box.
func covered(b scene.Box, live []*track.Track) bool {
	for _, t := range live {
		if b.Intersect(t.Box).Area() > 0.5*b.Area() {
			return true
		}
	}
	return false
}

// note remembers that the detector saw these regions.
func (l looks) note(live []*track.Track, looked []scene.Box, tUS int64) {
	for _, t := range live {
		for _, r := range looked {
			if r.Intersect(t.Box).Area() > 0.8*t.Box.Area() {
				l[t.ID] = tUS
				break
			}
		}
	}
}
