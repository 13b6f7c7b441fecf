package motion

import "slices"

// Stand is a place that has changed and stays as it is: a thing stands where
// the background has none, or a thing is gone that the background had. It is
// known by its looks, so it outlives who passes before it and its becoming a
// part of the background.
type Stand struct {
	ID      int64
	Area    Area
	Shape   []bool // W×H, row by row: the samples that changed
	Gone    bool   // the background had its outline, the picture has not
	SinceUS int64  // it has looked as it does since
	SeenUS  int64  // it was last seen so
	EndedUS int64  // not zero: it is no longer so, and this is the last time that it is listed
	KnownUS int64  // when the background before it was learnt
}

// stand is a Stand and how it looked as it was found.
type stand struct {
	Stand
	look []byte
}

// stands are the places found and not yet let go of, and what the picture was
// lately: the hand that sets a thing down hides it for a while.
type stands struct {
	list   []stand
	past   []shot // oldest first
	next   int64
	lastUS int64
	out    []Stand
}

// shot is the picture at one moment.
type shot struct {
	tUS int64
	pix []byte
}

const (
	// standPastUS is how far back the past reaches, standShotUS the distance
	// of its pictures.
	standPastUS = 60_000_000
	standShotUS = 1_000_000
	// standVeilUS is for how long a thing may have been hidden in the past.
	standVeilUS = 10_000_000
	// standAfterUS is how long a thing must have been still.
	standAfterUS = 2_000_000
	// standLookUS is the distance between two looks at a place.
	standLookUS = 400_000
	// standGoneUS: another picture there for so long, with nothing before it,
	// is the end.
	standGoneUS = 1_000_000
	// standHiddenUS is how long who stands before it may hide it.
	standHiddenUS = 60_000_000
	// standKeepUS bounds for how long a place is watched: as long as it takes
	// to become background, and a little more.
	standKeepUS = 75_000_000
	maxStands   = 64
	// standShift is how much brighter or darker the place may have become,
	// standStray how much one sample of it beyond that, in grey levels.
	standShift = 24
	standStray = 22
)

// Stands lists the places that changed and have stayed as they are, oldest
// first. It is valid until the next call of Apply.
func (m *Model) Stands() []Stand {
	m.stands.out = m.stands.out[:0]
	for _, s := range m.stands.list {
		m.stands.out = append(m.stands.out, s.Stand)
	}
	return m.stands.out
}

// forget lets go of all places: the picture has changed as a whole.
func (s *stands) forget() { s.list, s.past = s.list[:0], s.past[:0] }

// remember keeps a picture of now and then.
func (s *stands) remember(cur []byte, tUS int64) {
	n := len(s.past)
	if n > 0 && tUS >= s.past[n-1].tUS && tUS-s.past[n-1].tUS < standShotUS {
		return
	}
	var pix []byte
	if n > 0 && tUS-s.past[0].tUS > standPastUS { // its memory serves again
		pix = s.past[0].pix
		s.past = append(s.past[:0], s.past[1:]...)
	}
	s.past = append(s.past, shot{tUS, append(pix[:0], cur...)})
}

// trace follows a place back through the past to when it first looked so, in
// half of its samples: who set the thing down may have stood before it since.
func (s *stands) trace(q *stand, m *Model) {
	seenUS := q.SinceUS
	for i := len(s.past) - 1; i >= 0; i-- {
		p := s.past[i]
		if p.tUS >= q.SinceUS {
			continue
		}
		if seenUS-p.tUS > standVeilUS {
			break
		}
		n, same := 0, 0
		q.each(m, func(i, at, _, _ int) {
			n++
			if abs(int(p.pix[at])-int(q.look[i])) <= m.cfg.Radius {
				same++
			}
		})
		if same*2 >= n {
			seenUS = p.tUS
		}
	}
	q.SinceUS = seenUS
}

// watch looks at every place, and lets go of those that are no longer what
// they were.
func (s *stands) watch(m *Model, tUS int64) {
	if tUS-s.lastUS < standLookUS && tUS >= s.lastUS {
		return
	}
	s.lastUS = tUS
	s.remember(m.cur, tUS)
	n := 0
	for _, q := range s.list {
		if q.EndedUS > 0 || tUS-q.SeenUS > standHiddenUS || tUS-q.SinceUS > standKeepUS {
			continue
		}
		same, busy := q.compare(m)
		if same {
			q.SeenUS = tUS
		} else if tUS-q.SeenUS > standGoneUS && !busy {
			q.EndedUS = tUS
		}
		s.list[n] = q
		n++
	}
	clear(s.list[n:])
	s.list = s.list[:n]
}

// compare tells whether the place looks as it did, up to a change of light,
// and whether something is before it.
func (q *stand) compare(m *Model) (same, busy bool) {
	sum, n, fg := 0, 0, 0
	q.each(m, func(i, p, x, y int) {
		sum += int(m.cur[p]) - int(q.look[i])
		n++
		if m.clean.get(x, y) {
			fg++
		}
	})
	mean, stray := sum/max(n, 1), 0
	q.each(m, func(i, p, _, _ int) {
		if abs(int(m.cur[p])-int(q.look[i])-mean) > standStray {
			stray++
		}
	})
	return abs(mean) <= standShift && stray*5 <= n, fg*10 > n*3
}

// each calls do for every sample that changed: its number in the area, its
// place in the picture's slice and in the picture.
func (q *stand) each(m *Model, do func(i, p, x, y int)) {
	for i, in := range q.Shape {
		if in {
			x, y := q.Area.X+i%q.Area.W, q.Area.Y+i/q.Area.W
			do(i, y*m.stride+x, x, y)
		}
	}
}

// note takes up the place of a component that is still, unless it is known.
func (s *stands) note(m *Model, comp int32, gone bool, tUS int64) {
	c := &m.comps.list[comp]
	area := Area{X: int(c.x0), Y: int(c.y0), W: int(c.x1 - c.x0), H: int(c.y1 - c.y0)}
	if len(s.list) >= maxStands || slices.ContainsFunc(s.list, func(q stand) bool {
		return q.Gone == gone && q.EndedUS == 0 && area.iou(q.Area) >= 0.5
	}) {
		return
	}
	q := stand{Stand: Stand{Area: area, Gone: gone, SeenUS: tUS, KnownUS: m.phase.knownUS,
		Shape: make([]bool, area.W*area.H)}, look: make([]byte, area.W*area.H)}
	var since []int64
	for i := range m.lab.runs {
		if m.comps.index[i] != comp {
			continue
		}
		r := &m.lab.runs[i]
		y := int(r.y)
		for x := int(r.x0); x < int(r.x1); x++ {
			k := (y-area.Y)*area.W + x - area.X
			q.Shape[k], q.look[k] = true, m.cur[y*m.stride+x]
			since = append(since, m.stills.sinceAt(x, y, tUS))
		}
	}
	// A fifth of it may still tremble, as a blob's age is told.
	slices.Sort(since)
	q.SinceUS = since[len(since)*4/5]
	if !gone {
		if tUS-q.SinceUS < standAfterUS {
			return
		}
		s.trace(&q, m)
	}
	s.next++
	q.ID = s.next
	s.list = append(s.list, q)
}

// iou is the area of the intersection over that of the union.
func (a Area) iou(b Area) float64 {
	w := min(a.X+a.W, b.X+b.W) - max(a.X, b.X)
	h := min(a.Y+a.H, b.Y+b.H) - max(a.Y, b.Y)
	if w <= 0 || h <= 0 {
		return 0
	}
	return float64(w*h) / float64(a.W*a.H+b.W*b.H-w*h)
}
