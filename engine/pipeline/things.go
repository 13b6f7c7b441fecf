package pipeline

import (
	"math"

	"posteriori/detectors"
	"posteriori/engine/motion"
	"posteriori/engine/scene"
	"posteriori/engine/track"
)

const (
	// thingEveryUS is the distance between two looks at things and who is near.
	thingEveryUS = 200_000
	// aloneUS is how long a thing must stand, unattended, to be one left, and
	// how long a place must stay empty for its thing to be removed. Who sets a
	// bag down to tie a shoe or to wait is back at it sooner. The test beds of
	// the field wait 30 s or more (PETS 2006) before they raise an alarm; an
	// analyst after the fact loses nothing by an early answer, and ten seconds
	// still tell a thing left from one put down for a moment.
	aloneUS = 10_000_000
	// nearSpanUS is how far from its time who set a thing down, or took it, is
	// looked for.
	nearSpanUS = 2_000_000
	// bornUS is how long before a place is empty a track may begin there for
	// it to be what stood there, now on its way.
	bornUS = 6_000_000
	// thingReach is how far off a thing a track may be and yet be with it, in
	// sizes of the track (square root of its box's area): an arm's length.
	thingReach = 0.5
	// thingShare is the largest area of a thing, as a share of who brought it.
	// What is as large as the track itself is the track, lost at rest.
	thingShare = 0.6
	// thingLeast is the least area of a thing, as a share of the picture: what
	// is smaller cannot be told from a patch of light.
	thingLeast = 0.001
	// slow is the speed, in sizes a second, that who sets a thing down or takes
	// it has at some moment: a person walks at 1.3, a car passes at over 2.
	slow = 1.0
	// selfShare is the share of a track's area from which an empty place at its
	// beginning is its own.
	selfShare = 0.25
	// thingLifeUS is for how long a thing left is followed: then it is part of
	// the background. What is taken later is an event of its own.
	thingLifeUS = 60_000_000
	// beforeUS is how much of the time before a removal its track covers.
	beforeUS = 2_000_000
	// wayUS is for how long the ways of tracks are remembered.
	wayUS = 90_000_000
	// movingScore is the detector's score from which a thing that it calls a
	// person, an animal or a vehicle is one.
	movingScore = 0.5
)

// paceSteps is over how many points of a way its speed is told.
const paceSteps = 3

// being is where a track was lately.
type being struct {
	way     []scene.PathPoint
	firstUS int64
	solid   bool // confirmed at some time
	rest    bool // at rest at its last sight
}

// thing is one stand of the background model and what is known of it.
type thing struct {
	stand  motion.Stand
	box    scene.Box // in source pixels
	event  scene.Event
	dead   bool  // it is none, or it is told already
	nearUS int64 // when who brought it was last near
	votes  []float64
	dets   int
	weight float64
	kept   samples
}

// things finds what is left and what is taken away: places that the background
// model saw change for good, beside the ways of those who came by. It knows
// no looks, only where who was and when.
type things struct {
	beings map[int64]*being
	known  map[int64]*thing
	order  []int64 // of known, oldest first
	lastUS int64
	begun  bool
}

// due tells whether it is time for another look.
func (t *things) due(tUS int64) bool {
	if t.begun && tUS-t.lastUS < thingEveryUS {
		return false
	}
	t.begun, t.lastUS = true, tUS
	return true
}

// follow remembers where the tracks are.
func (t *things) follow(live []*track.Track, tUS int64) {
	for _, l := range live {
		b := t.beings[l.ID]
		if b == nil {
			b = &being{firstUS: tUS}
			t.beings[l.ID] = b
		}
		if l.Seen {
			b.way = append(b.way, scene.PathPoint{TUS: tUS, Box: l.Box})
			b.rest = l.Stopped
		}
		b.solid = b.solid || l.State == track.Confirmed
	}
	for id, b := range t.beings {
		n := 0
		for n < len(b.way) && b.way[n].TUS < tUS-wayUS {
			n++
		}
		if b.way = b.way[n:]; len(b.way) == 0 && tUS-b.firstUS > wayUS {
			delete(t.beings, id)
		}
	}
}

// near is the largest box of the track in [fromUS, toUS] that is within reach
// of the thing; ok when it was there and slow enough to handle it.
func (b *being) near(thing scene.Box, fromUS, toUS int64) (area float64, ok bool) {
	for i, p := range b.way {
		if p.TUS < fromUS || p.TUS > toUS || !within(thing, p.Box) {
			continue
		}
		area = math.Max(area, p.Box.Area())
		q := b.way[max(0, i-paceSteps)]
		took := float64(p.TUS-q.TUS) / 1e6
		ok = ok || took <= 0 || p.Box.Bottom().Dist(q.Box.Bottom()) <= slow*took*math.Sqrt(p.Box.Area())
	}
	return area, ok
}

// within tells whether a track's box is within reach of a thing's.
func within(thing, b scene.Box) bool {
	return !thing.Pad(thingReach * math.Sqrt(b.Area())).Intersect(b).Empty()
}

// look judges all places anew, and returns those that are at their end, in
// order of their finding.
// picture is the area of the picture.
func (t *things) look(stands []motion.Stand, source func(motion.Area) scene.Box, picture float64, tUS int64) (closed []*thing) {
	present := map[int64]bool{}
	for _, s := range stands {
		present[s.ID] = true
		k := t.known[s.ID]
		if k == nil {
			k = &thing{box: source(s.Area), nearUS: s.SinceUS, votes: make([]float64, len(scene.Classes()))}
			k.dead = k.box.Area() < thingLeast*picture
			t.known[s.ID], t.order = k, append(t.order, s.ID)
		}
		k.stand = s
		switch {
		case k.dead || k.event != scene.NoEvent:
		case s.Gone:
			t.judgeGone(k)
		default:
			t.judgeLeft(k, tUS)
		}
	}
	n := 0
	for _, id := range t.order {
		k := t.known[id]
		if k.event != scene.NoEvent && !k.dead && (k.over(tUS) || !present[id]) {
			k.dead = true
			closed = append(closed, k)
		}
		if !present[id] {
			delete(t.known, id)
			continue
		}
		t.order[n], n = id, n+1
	}
	t.order = t.order[:n]
	return closed
}

// over: there is no more to tell.
func (k *thing) over(tUS int64) bool {
	return k.event == scene.ThingRemoved || k.stand.EndedUS > 0 || tUS-k.stand.SinceUS >= thingLifeUS
}

// judgeLeft decides whether a thing that stands there was left.
func (t *things) judgeLeft(k *thing, tUS int64) {
	s := &k.stand
	gone, self := false, false
	for _, b := range t.beings {
		if !b.solid || len(b.way) == 0 {
			continue
		}
		last := b.way[len(b.way)-1]
		area, ok := b.near(k.box, s.SinceUS-nearSpanUS, s.SinceUS+nearSpanUS)
		if !ok && b.firstUS > s.SinceUS { // the same person under another number
			area, ok = b.near(k.box, b.firstUS, b.firstUS+thingEveryUS)
		}
		here := last.TUS > tUS-2*thingEveryUS && within(k.box, last.Box)
		if here && (ok || b.rest) {
			k.nearUS = tUS
		}
		if !ok {
			continue
		}
		gone = gone || k.box.Area() <= thingShare*area && !within(k.box, last.Box)
		self = self || b.rest && k.box.IoU(last.Box) >= 0.4 // the track itself, lost at rest
	}
	if gone && !self && s.SeenUS-k.nearUS >= aloneUS {
		k.event = scene.ThingLeft
	}
	k.dead = k.event == scene.NoEvent && tUS-s.SinceUS > thingLifeUS
}

// judgeGone decides whether a place that is empty now had a thing that was
// taken, and did not go by itself.
func (t *things) judgeGone(k *thing) {
	s := &k.stand
	if s.SinceUS-s.KnownUS < aloneUS { // nor is it known for how long it stood there
		k.dead = true
		return
	}
	if s.SeenUS-s.SinceUS < aloneUS {
		return
	}
	k.dead = true
	if !t.occupied(k) && t.taken(k.box, s.SinceUS) {
		k.event, k.dead = scene.ThingRemoved, false
	}
}

// occupied tells whether a thing stands where k is said to be gone: then the
// background's outline is that of something behind it.
func (t *things) occupied(k *thing) bool {
	for _, o := range t.known {
		if !o.stand.Gone && o.stand.EndedUS == 0 && o.box.Intersect(k.box).Area() > 0.3*k.box.Area() {
			return true
		}
	}
	return false
}

// taken tells whether someone was at the place then who is large enough to
// have carried the thing off, and none who began there.
func (t *things) taken(box scene.Box, atUS int64) bool {
	taker := false
	for _, b := range t.beings {
		if !b.solid || len(b.way) == 0 {
			continue
		}
		if b.firstUS >= atUS-bornUS && b.firstUS <= atUS+nearSpanUS && b.began(box) {
			return false
		}
		area, ok := b.near(box, atUS-nearSpanUS, atUS+nearSpanUS)
		taker = taker || ok && box.Area() <= thingShare*area
	}
	return taker
}

// began tells whether the track set out from the place, as large as it.
func (b *being) began(box scene.Box) bool {
	for _, p := range b.way {
		if p.TUS > b.firstUS+nearSpanUS {
			return false
		}
		if in := p.Box.Intersect(box).Area(); in >= 0.5*box.Area() && box.Area() >= selfShare*p.Box.Area() {
			return true
		}
	}
	return false
}

// name lets the detector say what the things are; one that it calls a person,
// an animal or a vehicle is no thing.
func (t *things) name(dets []detectors.Detection) {
	for _, id := range t.order {
		k := t.known[id]
		if k.stand.Gone || k.dead {
			continue
		}
		for _, d := range dets {
			if d.Box.IoU(k.box) < 0.4 {
				continue
			}
			if d.Class == scene.Bag || d.Class == scene.Suitcase || d.Class == scene.Other {
				k.votes[d.Class] += d.Score
				k.dets++
				k.weight += d.Score
			} else if d.Score >= movingScore {
				k.dead = true
			}
		}
	}
}
