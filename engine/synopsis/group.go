package synopsis

import (
	"cmp"
	"slices"

	"posteriori/engine/scene"
)

// When tubes belong together.
const (
	touchUS      = 2 * second       // touching this long in all
	touchShare   = .5               // or this share of the shorter one's life …
	touchLeastUS = 400_000          // … if at least this long
	touchCover   = .15              // share of the smaller box within the other that counts as touching
	touchDepth   = .3               // of the taller one's height by which their feet may lie apart: else one is behind the other
	groupSpanUS  = 20 * second      // a chain of meetings is broken at this length, or half as long again as its longest,
	groupMembers = 12               // and at this size: else a busy street is one group
	linkEndUS    = int64(1_000_000) // a person who appears or ends within …
	linkCover    = .5               // … this share of another's box came out of it or went in
)

// group is tubes of one recording that are shifted as one.
type group struct {
	members        []int // indices of sampled tubes, ascending
	startUS, endUS int64
}

type touching struct {
	a, b     int
	strength int64 // µs of touching
}

// groupTubes finds the groups among tubes of one recording (indices into
// all, sorted by start). Every index is in exactly one group.
func groupTubes(all []sampled, idx []int, stepUS int64) []group {
	pairs := touchingPairs(all, idx, stepUS)
	slices.SortFunc(pairs, func(p, q touching) int {
		return cmp.Or(cmp.Compare(q.strength, p.strength), cmp.Compare(p.a, q.a), cmp.Compare(p.b, q.b))
	})
	of := make(map[int]*group, len(idx))
	for _, i := range idx {
		of[i] = &group{[]int{i}, all[i].startUS, all[i].endUS}
	}
	for _, p := range pairs {
		g, h := of[p.a], of[p.b]
		if g == h || len(g.members)+len(h.members) > groupMembers {
			continue
		}
		start, end := min(g.startUS, h.startUS), max(g.endUS, h.endUS)
		longest := max(g.endUS-g.startUS, h.endUS-h.startUS)
		if end-start > max(groupSpanUS, longest+longest/2) {
			continue
		}
		g.startUS, g.endUS = start, end
		g.members = append(g.members, h.members...)
		for _, i := range h.members {
			of[i] = g
		}
	}
	var out []group
	for _, i := range idx {
		if g := of[i]; g.members != nil {
			slices.Sort(g.members)
			out = append(out, *g)
			g.members = nil
		}
	}
	return out
}

// touchingPairs sweeps through time and compares tubes that live at once.
func touchingPairs(all []sampled, idx []int, stepUS int64) []touching {
	var pairs []touching
	var live []int
	for _, i := range idx {
		keep := live[:0]
		for _, j := range live {
			if all[j].endUS >= all[i].startUS {
				keep = append(keep, j)
			}
		}
		live = keep
		for _, j := range live {
			if n := touchTime(&all[j], &all[i], stepUS); n > 0 {
				pairs = append(pairs, touching{j, i, n})
			}
		}
		live = append(live, i)
	}
	return pairs
}

// touchTime is how long two tubes touch in µs, or 0 when it is too short to
// mean anything.
func touchTime(a, b *sampled, stepUS int64) int64 {
	from := max(a.first, b.first)
	to := min(a.first+int64(len(a.places)), b.first+int64(len(b.places)))
	edge := max(1, linkEndUS/stepUS)
	var n int64
	linked, rides := false, ride(a.class, b.class) || ride(b.class, a.class)
	for k := from; k < to; k++ {
		p, q := a.places[k-a.first], b.places[k-b.first]
		c := cover(p, q)
		feet := (p.y + p.h) - (q.y + q.h)
		if c < touchCover || !rides && max(feet, -feet) > touchDepth*max(p.h, q.h) {
			continue
		}
		n++
		if c >= linkCover && (atEdge(a, k, edge) || atEdge(b, k, edge)) {
			linked = true
		}
	}
	us := n * stepUS
	shorter := min(a.endUS-a.startUS, b.endUS-b.startUS)
	switch {
	case us >= touchUS, us >= touchLeastUS && linked:
		return us
	case us >= touchLeastUS && float64(us) >= touchShare*float64(shorter):
		return us
	}
	return 0
}

// ride tells whether one may sit on, or push, the other: then a box may end
// at the saddle, and where its feet are says nothing.
func ride(person, cycle scene.Class) bool {
	return person == scene.Person && (cycle == scene.Bicycle || cycle == scene.Motorcycle)
}

// atEdge tells whether step k is near the tube's first or last.
func atEdge(s *sampled, k, edge int64) bool {
	return k-s.first < edge || s.first+int64(len(s.places))-1-k < edge
}

// cover is the common area of two boxes over that of the smaller.
func cover(p, q place) float32 {
	w := min(p.x+p.w, q.x+q.w) - max(p.x, q.x)
	h := min(p.y+p.h, q.y+q.h) - max(p.y, q.y)
	if w <= 0 || h <= 0 {
		return 0
	}
	return w * h / max(min(p.w*p.h, q.w*q.h), 1e-9)
}
