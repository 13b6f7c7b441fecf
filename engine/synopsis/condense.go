package synopsis

import (
	"cmp"
	"slices"

	"posteriori/engine/scene"
)

const (
	mergeUS    = 2 * second // spans nearer than this become one
	quietSpeed = 3          // the padding is shown this much faster when time is short
)

// stay is when one tube is there.
type stay struct {
	fromUS, toUS int64
	track        int64
	tube         int
}

// piece is a span of a recording in which the same is going on.
type piece struct {
	rec          int
	fromUS, toUS int64
	quiet        bool    // nothing that passes the filter is there
	still        float64 // all that is there stands still, and may be shown so much faster; 1: something moves
	tracks       []int64
}

// planSpans fills in condense and timelapse.
func (p *Planner) planSpans(pl *Plan) {
	pieces := p.pieces()
	speed := p.speeds(pieces)
	var at int64
	for i, c := range pieces {
		speed := speed[i]
		end := at + int64(float64(c.toUS-c.fromUS)/speed)
		// Every piece gets a frame, however fast: nothing is dropped.
		start := max(pl.frameAt(at), pl.Frames)
		n := max(1, pl.frameAt(end)-start)
		pl.Spans = append(pl.Spans, Span{
			Play:      Play{Start: start, Frames: n, FromUS: c.fromUS, ToUS: c.toUS, Speed: speed},
			Recording: c.rec, Tracks: c.tracks,
		})
		pl.Frames = start + n
		at = end
	}
	p.spanObjects(pl)
	if want := p.opt.DurationUS; want > 0 && pl.DurationUS() > want+want/50+pl.FrameUS {
		pl.warn("the wanted length leaves less than one frame for some spans: the video is %.1f s long",
			float64(pl.DurationUS())/float64(second))
	}
}

// speeds are those of the pieces. Timelapse has one speed. Condense shows what
// moves at its own speed and what stands still faster; to meet a wanted length it
// shows faster, in this order and no more than it must, what stands still, what
// is before and after it all, and everything.
func (p *Planner) speeds(pieces []piece) []float64 {
	var all float64
	for _, c := range pieces {
		all += float64(c.toUS - c.fromUS)
	}
	want := float64(p.opt.DurationUS)
	out := make([]float64, len(pieces))
	if p.opt.Mode == Timelapse {
		s := float64(defaultLapse)
		if want > 0 {
			s = max(1, all/want)
		}
		for i := range out {
			out[i] = s
		}
		return out
	}
	// take fills out for a share of the still pieces' haste, a speed of the
	// quiet ones and a factor for all, and tells the length.
	take := func(haste, quiet, factor float64) (length float64) {
		for i, c := range pieces {
			out[i] = factor * (1 + haste*(c.still-1))
			if c.quiet {
				out[i] = factor * quiet
			}
			length += float64(c.toUS-c.fromUS) / out[i]
		}
		return length
	}
	switch {
	case want == 0:
		take(1, 1, 1)
	case all <= want:
		take(0, 1, 1)
	case take(1, 1, 1) <= want:
		meet(0, 1, want, func(v float64) float64 { return take(v, 1, 1) })
	case take(1, quietSpeed, 1) <= want:
		meet(1, quietSpeed, want, func(v float64) float64 { return take(1, v, 1) })
	default:
		take(1, quietSpeed, take(1, quietSpeed, 1)/want)
	}
	return out
}

// meet calls f, which falls, last with that value between from and to at which
// it is want.
func meet(from, to, want float64, f func(float64) float64) {
	for range 40 {
		if m := (from + to) / 2; f(m) > want {
			from = m
		} else {
			to = m
		}
	}
	f(to)
}

// spanObjects lists every object with the spans that show it.
func (p *Planner) spanObjects(pl *Plan) {
	index := map[[2]int64]int{}
	for i := range p.tubes {
		t := &p.tubes[i]
		index[[2]int64{int64(t.rec), t.track}] = i
		pl.Objects = append(pl.Objects, Object{Recording: t.rec, Track: t.track, Class: t.class, Group: i})
	}
	for _, s := range pl.Spans {
		for _, track := range s.Tracks {
			i := index[[2]int64{int64(s.Recording), track}]
			t := &p.tubes[i]
			from, to := max(s.FromUS, t.startUS), min(s.ToUS, t.endUS+1)
			perUS := float64(s.Frames) / float64(max(1, s.ToUS-s.FromUS))
			a := s.Start + int64(float64(from-s.FromUS)*perUS)
			b := s.Start + int64(float64(to-s.FromUS)*perUS)
			b = min(max(b, a+1), s.Start+s.Frames)
			a = min(a, b-1)
			pl.Objects[i].Plays = append(pl.Objects[i].Plays,
				Play{Start: a, Frames: b - a, FromUS: from, ToUS: to, Speed: s.Speed})
		}
	}
	slices.SortFunc(pl.Objects, func(a, b Object) int {
		return cmp.Or(cmp.Compare(a.Recording, b.Recording), cmp.Compare(a.Track, b.Track))
	})
}

// pieces cuts the recordings into what is shown, in order of wall clock.
func (p *Planner) pieces() []piece {
	byRec := map[int][]stay{}
	for i := range p.tubes {
		t := &p.tubes[i]
		byRec[t.rec] = append(byRec[t.rec], stay{t.startUS, t.endUS + 1, t.track, i})
	}
	var runs [][]piece
	for rec, stays := range byRec {
		slices.SortFunc(stays, func(a, b stay) int {
			return cmp.Or(cmp.Compare(a.fromUS, b.fromUS), cmp.Compare(a.track, b.track))
		})
		runs = append(runs, p.runsOf(rec, stays)...)
	}
	slices.SortFunc(runs, func(a, b []piece) int {
		return cmp.Or(cmp.Compare(p.wallUS(a[0].rec, a[0].fromUS), p.wallUS(b[0].rec, b[0].fromUS)),
			cmp.Compare(a[0].rec, b[0].rec), cmp.Compare(a[0].fromUS, b[0].fromUS))
	})
	var out []piece
	for _, r := range runs {
		out = append(out, r...)
	}
	return out
}

// runsOf is the padded and merged spans of one recording, each cut where
// activity begins and ends and where the recording has a gap.
func (p *Planner) runsOf(rec int, stays []stay) [][]piece {
	length := p.recs[rec].Probe.DurationUS
	var runs [][]piece
	for i := 0; i < len(stays); {
		from, to := max(0, stays[i].fromUS-p.opt.PadUS), stays[i].toUS+p.opt.PadUS
		j := i + 1
		for j < len(stays) && stays[j].fromUS-p.opt.PadUS <= to+mergeUS {
			to = max(to, stays[j].toUS+p.opt.PadUS)
			j++
		}
		latest := int64(0)
		for _, s := range stays[i:j] {
			latest = max(latest, s.toUS)
		}
		to = max(min(to, length), latest)
		if run := p.cutRun(rec, from, to, stays[i:j]); len(run) > 0 {
			runs = append(runs, run)
		}
		i = j
	}
	return runs
}

// rests are the stretches of the stays in which all that is there stands still,
// each with how much faster it may be shown.
func (p *Planner) rests(stays []stay) (out []stretch) {
	if p.opt.Mode != Condense {
		return nil
	}
	g := group{startUS: stays[0].fromUS}
	for _, s := range stays {
		g.members = append(g.members, s.tube)
		g.endUS = max(g.endUS, s.toUS-1)
	}
	for _, s := range groupWarp(p.tubes, g, p.stepUS, p.opt.StillSpeed) {
		if s.speed > 1 {
			out = append(out, s)
		}
	}
	return out
}

// cutRun cuts [from, to) at every change of what is there, and where it comes to
// rest and moves on.
func (p *Planner) cutRun(rec int, from, to int64, stays []stay) []piece {
	rests := p.rests(stays)
	cuts := []int64{from, to}
	add := func(t int64) {
		if t > from && t < to {
			cuts = append(cuts, t)
		}
	}
	var busyTo int64 = -1
	for _, s := range stays { // sorted: only the ends of activity matter
		if s.fromUS > busyTo {
			add(busyTo)
			add(s.fromUS)
		}
		busyTo = max(busyTo, s.toUS)
	}
	add(busyTo)
	for _, s := range rests {
		add(s.fromUS)
		add(s.toUS)
	}
	gaps := p.recs[rec].Probe.Gaps
	for _, g := range gaps {
		add(g.FromUS)
		add(g.ToUS)
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	var out []piece
	for i := range cuts[1:] {
		c := piece{rec: rec, fromUS: cuts[i], toUS: cuts[i+1], still: 1}
		for _, s := range stays {
			if s.fromUS >= c.toUS {
				break
			}
			if s.toUS > c.fromUS {
				c.tracks = append(c.tracks, s.track)
			}
		}
		c.quiet = len(c.tracks) == 0
		for _, s := range rests {
			if !c.quiet && s.fromUS <= c.fromUS && s.toUS >= c.toUS {
				c.still = s.speed
			}
		}
		inGap := slices.ContainsFunc(gaps, func(g scene.Coverage) bool { return g.FromUS <= c.fromUS && g.ToUS >= c.toUS })
		if inGap && c.quiet {
			continue
		}
		out = append(out, c)
	}
	return out
}
