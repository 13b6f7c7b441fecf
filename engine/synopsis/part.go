package synopsis

// part is what arrangement moves as one piece: a group, or one of several
// cuts of a group that is too long.
type part struct {
	group   *group
	warp    warp
	index   int // 1-based, of total
	total   int
	steps   []cells // what it covers, by output step
	area    int     // sum of cells over the steps
	seconds float64 // of objects on screen
}

// wallUS orders parts: the source time they start at.
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

// mostSamples bounds how many samples of a fast stretch one step looks at.
const mostSamples = 8

// shape fills in what the part covers at each output step.
func (p *part) shape(all []sampled, stepUS int64) {
	n := int((p.warp.outUS() + stepUS - 1) / stepUS)
	p.steps = make([]cells, max(n, 1))
	shown := 0
	for j := range p.steps {
		a := p.warp.mediaAt(int64(j) * stepUS)
		b := max(p.warp.mediaAt(int64(j+1)*stepUS)-1, a)
		from, to := a/stepUS, b/stepUS
		by := max(1, (to-from+1)/mostSamples)
		for _, i := range p.group.members {
			s := &all[i]
			here := false
			for k := max(from, s.first); k <= min(to, s.first+int64(len(s.cover))-1); k += by {
				p.steps[j] = p.steps[j].add(s.cover[k-s.first])
				here = true
			}
			if here {
				shown++
			}
		}
		p.area += p.steps[j].count()
	}
	p.seconds = float64(shown) * float64(stepUS) / float64(second)
}
