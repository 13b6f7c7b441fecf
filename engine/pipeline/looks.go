package pipeline

import (
	"posteriori/engine/scene"
	"posteriori/engine/track"
)

const (
	// A track is looked at on every detector frame until placed detections
	// say where it is, then every learnUS until enoughDetections have named it:
	// the same view again says the same again.
	placed           = 2
	enoughDetections = 5
	learnUS          = 400_000
	// steadyUS is the distance of looks at a known track on its own: between
	// them its blob carries it.
	steadyUS = 800_000
	// crowdUS is that of one that touches another.
	crowdUS = 200_000
	// restUS is that of one at rest.
	restUS = 1_500_000
	// After patience looks in vain the next waits vainUS, then twice as long
	// each time, up to vainSteps doublings: leaves and reflections stay what
	// they are.
	patience  = 3
	vainUS    = 400_000
	vainSteps = 3
	// minLook is the longer side in source pixels below which no detector
	// tells what a thing is.
	minLook = 14
)

const (
	// regionsPerSecond bounds the detector's work over time, in regions a
	// second of media time: what is urgent goes first, the rest waits. More
	// find no more (events: 5 and 8 a second against 3, over six seeds of the
	// motion model), and in crowds make tracks worse (PETS09-S2L1 over four
	// seeds: MOTA 79 to 83 with 3, 76 to 81 with 5).
	regionsPerSecond = 3
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

// looked is what came of looking at one track.
type looked struct {
	atUS int64
	had  int // its detections when it was looked at
	vain int // looks since that found nothing
}

// looks is when the detector last looked at each track, and what for. It
// decides where looking is worth its time: the detector is by far the dearest
// stage.
type looks map[int64]looked

// due are the places that the detector should see now: what is new, unsure,
// or so close to another that blobs cannot tell them apart, and from time to
// time everything else that lives.
func (l looks) due(live []*track.Track, blobs []track.Blob, tUS int64) []mover {
	var out []mover
	for i, t := range live {
		if max(t.Box.W, t.Box.H) < minLook {
			continue
		}
		at, seen := l[t.ID]
		if seen && t.Detections > at.had {
			at.vain = 0
		}
		switch {
		case !seen:
			out = append(out, mover{t.Box, 3})
		case tUS-at.atUS >= every(live, i, at.vain):
			m := mover{t.Box, 1}
			if t.Detections < enoughDetections || tUS-at.atUS >= steadyUS {
				m.urgent = 2
			}
			out = append(out, m)
		}
	}
	for _, b := range blobs {
		if max(b.Box.W, b.Box.H) >= minLook && !covered(b.Box, live) {
			out = append(out, mover{b.Box, 3})
		}
	}
	return out
}

// every is the distance of looks at live[i], after so many in vain.
func every(live []*track.Track, i, vain int) int64 {
	var base int64
	t := live[i]
	switch {
	case t.Detections < placed:
	case t.Detections < enoughDetections:
		base = learnUS
	case crowded(live, i):
		base = crowdUS
	case t.Stopped:
		base = restUS
	default:
		base = steadyUS
	}
	if vain >= patience {
		base = max(base, vainUS<<min(vain-patience, vainSteps))
	}
	return base
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
func (l looks) note(live []*track.Track, regions []scene.Box, tUS int64) {
	for _, t := range live {
		for _, r := range regions {
			if r.Intersect(t.Box).Area() <= 0.8*t.Box.Area() {
				continue
			}
			at := l[t.ID]
			if t.Detections > at.had {
				at.vain = 0
			}
			l[t.ID] = looked{atUS: tUS, had: t.Detections, vain: at.vain + 1}
			break
		}
	}
}
