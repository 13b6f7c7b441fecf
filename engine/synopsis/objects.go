package synopsis

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// defaultCutUS is from which length a group is cut when no length is wanted.
const defaultCutUS = 60 * second

// view is the tubes that share a background.
type view struct {
	look  int
	tubes []int
}

// view names what recordings must have in common to share a background.
func (r *Recording) view() string {
	if r.Camera == "" {
		return "\x00" + r.ID
	}
	return fmt.Sprintf("%s\x00%dx%d", r.Camera, r.Probe.Width, r.Probe.Height)
}

// views are camera, picture size and look, in order of their first tube: a
// camera that moved has two, and so have day and night.
func (p *Planner) views() []view {
	var out []view
	at := map[string]int{}
	for i := range p.tubes {
		t := &p.tubes[i]
		r := &p.recs[t.rec]
		look := r.lookAt(t.startUS/2 + t.endUS/2)
		key := fmt.Sprintf("%s\x00%d", r.view(), look)
		j, ok := at[key]
		if !ok {
			j = len(out)
			at[key] = j
			out = append(out, view{look: look})
		}
		out[j].tubes = append(out[j].tubes, i)
	}
	return out
}

// planObjects arranges each camera view and shows the views in turn.
func (p *Planner) planObjects(ctx context.Context, pl *Plan) {
	views := p.views()
	wanted := p.wantedUS(pl, views)
	objects := map[int]*Object{}
	groups := 0
	for i, v := range views {
		a, l := p.arrange(ctx, v, wanted[i], p.opt.MaxWork/int64(len(views)))
		parts := a.parts
		pl.Figures.add(parts, l, &a.occ)
		from := pl.Frames
		groups = p.emit(pl, parts, l, objects, groups)
		pl.Frames = max(pl.Frames, from+pl.frameAt(int64(l.steps)*p.stepUS))
		p.tellLength(pl, v, wanted[i], l, objects, from)
		p.backgrounds(pl, parts, l, i, v.look, from)
	}
	for _, o := range objects {
		slices.SortStableFunc(o.Plays, func(a, b Play) int {
			return cmp.Or(cmp.Compare(a.FromUS, b.FromUS), cmp.Compare(a.Start, b.Start))
		})
		pl.Objects = append(pl.Objects, *o)
	}
	slices.SortFunc(pl.Objects, func(a, b Object) int {
		return cmp.Or(cmp.Compare(a.Recording, b.Recording), cmp.Compare(a.Track, b.Track))
	})
	if len(views) > 1 {
		pl.warn("%d views are shown one after another: other cameras, a camera that moved, and day and night do not share a background", len(views))
	}
}

// wantedUS is the wanted length of each view: 0 for the shortest.
func (p *Planner) wantedUS(pl *Plan, views []view) []int64 {
	out := make([]int64, len(views))
	var all int64
	life := make([]int64, len(views))
	for i, v := range views {
		for _, t := range v.tubes {
			life[i] += max(p.tubes[t].endUS-p.tubes[t].startUS, p.stepUS)
		}
		all += life[i]
	}
	for i := range views {
		switch {
		case p.opt.Density > 0:
			out[i] = int64(float64(life[i]) / p.opt.Density)
		case p.opt.DurationUS > 0:
			out[i] = int64(float64(p.opt.DurationUS) * float64(life[i]) / float64(all))
		}
	}
	return out
}

// cutLimit is from which length groups are cut.
func cutLimit(wanted int64) int64 {
	if wanted <= 0 {
		return defaultCutUS
	}
	return max(wanted, 2*second)
}

// parts groups a view's tubes, plays rests faster, and cuts what is too long.
func (p *Planner) parts(v view, limitUS int64) []part {
	byRec := map[int][]int{}
	var recs []int
	for _, t := range v.tubes {
		r := p.tubes[t].rec
		if byRec[r] == nil {
			recs = append(recs, r)
		}
		byRec[r] = append(byRec[r], t)
	}
	var parts []part
	for _, r := range recs {
		groups := groupTubes(p.tubes, byRec[r], p.stepUS)
		for i := range groups {
			g := &groups[i]
			w := groupWarp(p.tubes, *g, p.stepUS, p.opt.StillSpeed)
			parts = append(parts, cutGroup(p.tubes, g, w, limitUS, p.stepUS)...)
		}
	}
	slices.SortStableFunc(parts, func(a, b part) int {
		ra, rb := p.tubes[a.group.members[0]].rec, p.tubes[b.group.members[0]].rec
		return cmp.Compare(p.wallUS(ra, a.startUS()), p.wallUS(rb, b.startUS()))
	})
	return parts
}

// A group that is as long as the whole video makes it so long. When no length
// is wanted, it is cut if that makes the video shorter by a good part.
const (
	cutWorthUS = 8 * second // shorter groups stay whole
	cutGain    = .85        // of the length before
)

// arrange finds the view's parts and layout.
func (p *Planner) arrange(ctx context.Context, v view, wanted, work int64) (*arranger, *layout) {
	limit := cutLimit(wanted)
	if p.opt.CutUS > 0 {
		limit = p.opt.CutUS
	}
	a := newArranger(p.parts(v, limit), p.opt.MaxOverlap, work)
	l := a.run(ctx, int(wanted/p.stepUS))
	for wanted == 0 && p.opt.CutUS == 0 && ctx.Err() == nil {
		longest := int64(a.longest()) * p.stepUS
		if longest <= cutWorthUS || int64(l.steps)*p.stepUS > longest+longest/8 {
			break
		}
		limit := max(cutWorthUS, longest/2)
		b := newArranger(p.parts(v, limit), p.opt.MaxOverlap, work)
		m := b.run(ctx, 0)
		worth := func() bool { return float64(m.steps) <= cutGain*float64(l.steps) }
		if !worth() && limit > cutWorthUS && ctx.Err() == nil { // halves may be too long still
			b = newArranger(p.parts(v, cutWorthUS), p.opt.MaxOverlap, work)
			m = b.run(ctx, 0)
		}
		if !worth() {
			break
		}
		a, l = b, m
	}
	return a, l
}

// namedMost is how many objects a warning names; the sidecar tells of all.
const namedMost = 12

// tellLength says so when the wanted length could not be met, and which
// objects are shown after it.
func (p *Planner) tellLength(pl *Plan, v view, wanted int64, l *layout, objects map[int]*Object, from int64) {
	got := int64(l.steps) * p.stepUS
	if wanted <= 0 || got <= wanted+p.stepUS {
		return
	}
	end := from + pl.frameAt(wanted)
	var names []string
	for _, t := range v.tubes {
		o := objects[t]
		if !slices.ContainsFunc(o.Plays, func(y Play) bool { return y.Start+y.Frames > end+1 }) {
			continue
		}
		o.Beyond = true
		if len(names) < namedMost {
			names = append(names, fmt.Sprintf("%s:%d", p.recs[o.Recording].ID, o.Track))
		} else if len(names) == namedMost {
			names = append(names, "…")
		}
	}
	show := func(us int64) time.Duration {
		return (time.Duration(us) * time.Microsecond).Round(100 * time.Millisecond)
	}
	pl.warn("%s cannot hold all %d objects with an overlap of at most %.2g: the video is %s long and loses none "+
		"(after %s: %s); --duration %s holds all, and more --overlap, a higher --still-speed or a narrower filter need less",
		show(wanted), len(v.tubes), p.opt.MaxOverlap, show(got), show(wanted), strings.Join(names, ", "), show(got))
}

// emit writes each part's members into objects, after the frames that the
// plan already has. It returns the next free group number.
func (p *Planner) emit(pl *Plan, parts []part, l *layout, objects map[int]*Object, groups int) int {
	base := pl.Frames
	number := map[*group]int{}
	for i := range parts {
		pt := &parts[i]
		n, ok := number[pt.group]
		if !ok {
			n = groups
			number[pt.group] = n
			groups++
		}
		var out int64 // output time within the part
		for _, s := range pt.warp {
			for _, m := range pt.group.members {
				t := &p.tubes[m]
				o := objects[m]
				if o == nil {
					o = &Object{Recording: t.rec, Track: t.track, Class: t.class, Group: n}
					objects[m] = o
				}
				at := int64(l.at[i])*p.stepUS + out
				if pl.play(o, t, s, base, at, pt) {
					last := o.Plays[len(o.Plays)-1]
					pl.Frames = max(pl.Frames, last.Start+last.Frames)
				}
			}
			out += s.outUS()
		}
	}
	return groups
}

// play adds the part of tube t that stretch s shows from output time at on.
func (p *Plan) play(o *Object, t *sampled, s stretch, base, at int64, pt *part) bool {
	// A track ends with the time of its last frame, which is shown too.
	from, to := max(s.fromUS, t.startUS), min(s.toUS, t.endUS+1)
	if from >= to {
		return false
	}
	start := p.frameAt(at + int64(float64(from-s.fromUS)/s.speed))
	end := p.frameAt(at + int64(float64(to-s.fromUS)/s.speed))
	if end <= start { // nothing is too short to be shown
		end = start + 1
	}
	y := Play{Start: base + start, Frames: end - start, FromUS: from, ToUS: to, Speed: s.speed}
	if pt.total > 1 {
		y.Part, y.Parts = pt.index, pt.total
	}
	o.Plays = append(o.Plays, y)
	return true
}
