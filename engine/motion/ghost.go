package motion

// settleStill decides what becomes of foreground that does not move: a ghost
// (the background was wrong: what stood there at the start has left) or a
// patch of light joins the background at once, an object only after
// Config.AbsorbAfter. Held areas are left alone.
func (m *Model) settleStill(tUS int64) {
	young := m.cfg.GhostAfter.Microseconds()
	for i := range m.comps.list {
		q := &m.comps.list[i]
		if q.parts == 0 || q.faint() {
			continue
		}
		age := q.ages.still()
		if age < young {
			continue
		}
		what := m.judge(int32(i))
		if what == departed || what == standing && age >= standAfterUS {
			m.stands.note(m, int32(i), what == departed, tUS)
		}
		if what != standing || age >= m.cfg.AbsorbAfter.Microseconds() {
			m.takeIn(int32(i))
		}
	}
}

// verdict is what a piece of still foreground is.
type verdict int

const (
	standing verdict = iota // a thing before the background
	departed                // a thing that the background had and that is gone
	patch                   // light or shade
)

// judge compares, along the outline of a component, how sharp the picture
// is there with how sharp the background is. A thing before the background
// has its outline in the picture; a thing that has left has it in the
// background (Yin et al., VS 2008). An outline in neither is a patch of light
// or shade.
func (m *Model) judge(comp int32) verdict {
	var gc, gb, gd, n int
	for i := range m.lab.runs {
		if m.comps.index[i] != comp {
			continue
		}
		r := &m.lab.runs[i]
		y := int(r.y)
		for x := int(r.x0); x < int(r.x1); x++ {
			side := x == int(r.x0) || x == int(r.x1)-1
			if !side && y > 0 && y < m.h-1 && m.clean.get(x, y-1) && m.clean.get(x, y+1) {
				continue
			}
			if x < 2 || y < 2 || x >= m.w-2 || y >= m.h-2 {
				continue
			}
			c, b, d := m.steps(x, y)
			gc, gb, gd, n = gc+c, gb+b, gd+d, n+1
		}
	}
	if n < 8 {
		return standing
	}
	if gb*10 > gc*16+20*n {
		return departed
	}
	q := &m.comps.list[comp]
	// A soft border: the difference fades out instead of ending.
	if gd*int(q.area)*10 < 35*n*int(q.diff)/10 {
		return patch
	}
	return standing
}

// steps are the largest steps across (x, y), four samples wide, in the
// picture, in the background, and in their difference.
func (m *Model) steps(x, y int) (cur, back, diff int) {
	p := y*m.stride + x
	for _, o := range [2]int{2, 2 * m.stride} {
		c := int(m.cur[p+o]) - int(m.cur[p-o])
		b := int(m.bg.px[p+o].grey) - int(m.bg.px[p-o].grey)
		cur, back, diff = max(cur, abs(c)), max(back, abs(b)), max(diff, abs(c-b))
	}
	return cur, back, diff
}

// takeIn makes a component's samples, and a rim of one, background.
func (m *Model) takeIn(comp int32) {
	for i := range m.lab.runs {
		if m.comps.index[i] != comp {
			continue
		}
		r := &m.lab.runs[i]
		for y := max(int(r.y)-1, 0); y <= min(int(r.y)+1, m.h-1); y++ {
			for x := max(int(r.x0)-1, 0); x < min(int(r.x1)+1, m.w); x++ {
				if !m.held.get(x, y) {
					m.bg.restart(y*m.stride+x, m.cur[y*m.stride+x])
				}
			}
		}
	}
}
