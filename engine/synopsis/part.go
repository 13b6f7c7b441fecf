package synopsis

// part is what arrangement moves as one piece: a group, or one of several
// cuts of a group that is too long. At its output step j it covers what film
// shows at step off+j.
type part struct {
	group   *group
	warp    warp
	index   int // 1-based, of total
	total   int
	film    *film
	off     int
	n       int     // output steps
	area    int     // sum of cells over the steps
	seconds float64 // of objects on screen
}

// startUS is the source time that the part starts at.
func (p *part) startUS() int64 { return p.warp[0].fromUS }

// cutGroup splits a group's showing into equal parts of at most limitUS.
func cutGroup(all []sampled, g *group, w warp, limitUS, stepUS int64) []part {
	total := w.outUS()
	n := int64(1)
	if limitUS > 0 && total > limitUS {
		n = (total + limitUS - 1) / limitUS
	}
	var out []part
	for i := range n {
		piece := w
		if n > 1 {
			piece = w.cut(total*i/n, total*(i+1)/n)
		}
		if len(piece) == 0 {
			continue
		}
		p := part{group: g, warp: piece, index: int(i) + 1, total: int(n)}
		p.shape(all, stepUS)
		out = append(out, p)
	}
	return out
}

// shape fills in what the part covers at each output step: what its members
// cover in the middle of the step. One object at its own speed needs no film
// beside its own.
func (p *part) shape(all []sampled, stepUS int64) {
	p.n = max(1, int((p.warp.outUS()+stepUS-1)/stepUS))
	middle := func(j int) int64 { return p.warp.mediaAt(int64(j)*stepUS+stepUS/2) / stepUS }
	shown := 0
	if len(p.group.members) == 1 && len(p.warp) == 1 && p.warp[0].speed == 1 {
		s := &all[p.group.members[0]]
		p.film, p.off, shown = &s.cover, int(middle(0)-s.first), p.n
	} else {
		p.film = &film{}
		for j := range p.n {
			k := middle(j)
			var c stencil
			for _, i := range p.group.members {
				s := &all[i]
				if k >= s.first && k < s.first+int64(len(s.places)) {
					s.cover.onto(&c, int(k-s.first))
					shown++
				}
			}
			p.film.add(&c)
		}
		p.film.trim()
	}
	for j := range p.n {
		p.area += p.film.count(p.off + j)
	}
	p.seconds = float64(shown) * float64(stepUS) / float64(second)
}
