package synopsis

import (
	"cmp"
	"slices"
)

// backSlotUS is how long a background stays at least.
const backSlotUS = 4 * second

// backgrounds picks for every slot of a view's output the plate nearest in
// time to what is shown in it, so the background follows the day.
func (p *Planner) backgrounds(pl *Plan, parts []part, l *layout, sceneNo, look int, from int64) {
	recs := p.viewRecordings(parts)
	slot := max(1, int(backSlotUS/p.stepUS))
	last := Back{TUS: -2}
	for a := 0; a < max(1, l.steps); a += slot {
		rec, at, ok := p.shownAt(parts, l, a, a+slot)
		if !ok {
			continue // nothing is shown: the background before stays
		}
		b := p.plateNear(recs, rec, at, look)
		b.Scene = sceneNo
		b.Start = from + pl.frameAt(int64(a)*p.stepUS)
		if b.Recording == last.Recording && b.TUS == last.TUS {
			continue
		}
		if last.TUS == -2 {
			b.Start = from
		}
		pl.Backs = append(pl.Backs, b)
		last = b
	}
}

func (p *Planner) viewRecordings(parts []part) []int {
	var recs []int
	for i := range parts {
		recs = append(recs, p.tubes[parts[i].group.members[0]].rec)
	}
	slices.Sort(recs)
	return slices.Compact(recs)
}

// shownAt is the source moment in the middle of those shown in steps [a, b).
func (p *Planner) shownAt(parts []part, l *layout, a, b int) (rec int, mediaUS int64, ok bool) {
	type moment struct {
		rec      int
		us, wall int64
	}
	var ms []moment
	for i := range parts {
		n := parts[i].n
		if l.at[i] >= b || l.at[i]+n <= a {
			continue
		}
		r := p.tubes[parts[i].group.members[0]].rec
		us := parts[i].warp.mediaAt(int64((a+b)/2-l.at[i]) * p.stepUS)
		ms = append(ms, moment{r, us, p.wallUS(r, us)})
	}
	if len(ms) == 0 {
		return 0, 0, false
	}
	slices.SortFunc(ms, func(x, y moment) int {
		return cmp.Or(cmp.Compare(x.wall, y.wall), cmp.Compare(x.rec, y.rec))
	})
	m := ms[len(ms)/2]
	return m.rec, m.us, true
}

// plateNear is the plate of a look nearest to a moment: of its own recording,
// else of the recording of the view nearest in time that has one.
func (p *Planner) plateNear(recs []int, rec int, mediaUS int64, look int) Back {
	wall := p.wallUS(rec, mediaUS)
	best, distance := Back{Recording: rec, TUS: -1}, int64(-1)
	for _, r := range recs {
		if r != rec && len(p.recs[rec].Plates) > 0 {
			continue
		}
		for i, t := range p.recs[r].Plates {
			if looks := p.recs[r].Looks; i < len(looks) && looks[i] != look {
				continue
			}
			if d := abs64(p.wallUS(r, t) - wall); distance < 0 || d < distance {
				best, distance = Back{Recording: r, TUS: t}, d
			}
		}
	}
	return best
}
