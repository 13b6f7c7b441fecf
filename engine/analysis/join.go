package analysis

import (
	"cmp"
	"maps"
	"slices"

	"posteriori/engine/attribute"
	"posteriori/engine/link"
	"posteriori/engine/plate"
	"posteriori/engine/scene"
)

const (
	// decideUS is how much of the time before a cut is left open: a life that
	// begins in it may have a better predecessor's rival beyond the cut.
	decideUS = link.Span + 1_000_000
	// emitUS is how long after its end a life is complete: no other goes on from
	// it, and who may have left it, if it is a thing, is numbered.
	emitUS = 2 * decideUS
)

// settle joins and numbers the lives that are far enough before the cut at
// endUS, and emits those that are complete.
func (s *stitcher) settle(endUS int64) error {
	s.join(endUS)
	s.link()
	s.number(endUS)
	var out []*life
	s.lives = slices.DeleteFunc(s.lives, func(l *life) bool {
		gone := !l.open && l.id != 0 && before(l.end(), emitUS, endUS)
		if gone {
			out = append(out, l)
		}
		return gone
	})
	slices.SortFunc(out, func(a, b *life) int { return cmp.Compare(a.id, b.id) })
	for _, l := range out {
		if err := s.finish(l); err != nil {
			return err
		}
		l.masks, l.crop, l.plates = nil, nil, nil
	}
	s.past = append(s.past, out...)
	s.forget(endUS)
	return nil
}

// before tells whether tUS is more than span before endUS.
func before(tUS, span, endUS int64) bool { return tUS < endUS-span }

// join makes one life of those between which the tracker lost an object.
func (s *stitcher) join(endUS int64) {
	in := make([]link.Tracklet, len(s.lives))
	for i, l := range s.lives {
		if l.event != scene.NoEvent {
			continue
		}
		class, _ := attribute.Class(classVotes(l.classes), l.looks)
		in[i] = link.Tracklet{Path: l.path, Class: class, Detections: l.looks, Head: l.id == 0, Tail: !l.open}
	}
	from := s.linked(in)
	order := make([]int, len(from))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(s.lives[a].end(), s.lives[b].end()) })
	for _, i := range order {
		if j := from[i]; j >= 0 && before(s.lives[i].start(), decideUS, endUS) {
			s.lives[j].whole().append(s.lives[i])
		}
	}
	s.lives = slices.DeleteFunc(s.lives, func(l *life) bool { return l.into != nil })
}

// linked is link.Tracklets, for each camera of a split screen apart.
func (s *stitcher) linked(in []link.Tracklet) []int {
	if !s.quarters {
		return link.Tracklets(s.w, s.h, in)
	}
	from := make([]int, len(in))
	for i := range from {
		from[i] = -1
	}
	for _, q := range scene.Quarters(s.w, s.h) {
		own := make([]link.Tracklet, len(in))
		for i, t := range in {
			if len(t.Path) > 0 && q.HoldsMiddle(t.Path[0].Box) {
				own[i] = t
			}
		}
		for i, j := range link.Tracklets(s.w, s.h, own) {
			from[i] = max(from[i], j)
		}
	}
	return from
}

// number gives the lives that no other can come before their IDs, in order of start.
func (s *stitcher) number(endUS int64) {
	slices.SortStableFunc(s.lives, func(a, b *life) int { return cmp.Compare(a.start(), b.start()) })
	for _, l := range s.lives {
		if l.id == 0 && before(l.start(), decideUS, endUS) {
			s.last++
			l.id = s.last
		}
	}
}

// whole is the life that l has become a part of, or l.
func (l *life) whole() *life {
	for l.into != nil {
		l = l.into
	}
	return l
}

// append joins o, which goes on where l ends, to l. Where both were seen the
// larger box counts: the smaller one is a part of it.
func (l *life) append(o *life) {
	at := o.start()
	if b, ok := l.path.At(at); ok && b.Area() > o.path[0].Box.Area() {
		at = l.end() + 1
	}
	n := len(l.path)
	for n > 0 && l.path[n-1].TUS >= at {
		n--
	}
	l.path = l.path[:n]
	from := slices.IndexFunc(o.path, func(p scene.PathPoint) bool { return p.TUS >= at })
	l.path = append(l.path, o.path[from:]...)
	l.masks = slices.DeleteFunc(l.masks, func(k scene.Mask) bool { return k.TUS >= at })
	for _, k := range o.masks {
		if k.TUS >= at {
			l.masks = append(l.masks, k)
		}
	}
	add(l.classes, o.classes)
	add(l.colours, o.colours)
	add(l.lower, o.lower)
	l.looks += o.looks
	l.observed += o.observed
	if joined, err := plate.Join(l.plates, o.plates); err == nil { // both were read before
		l.plates = joined
	}
	if o.crop != nil && (l.crop == nil || o.cropScr > l.cropScr) {
		l.crop, l.cropScr, l.best, l.bestUS = o.crop, o.cropScr, o.best, o.bestUS
	}
	l.open, o.into = o.open, l
}

func add(to, from map[string]float64) {
	for _, k := range slices.Sorted(maps.Keys(from)) {
		to[k] += from[k]
	}
}
