package synopsis

import "math/bits"

// occupancy is what is covered at each output step.
type occupancy struct {
	words []uint64 // tiles a step
	work  int64    // word operations done
}

func (o *occupancy) reset() { clear(o.words); o.words = o.words[:0] }

// grow makes room for so many steps.
func (o *occupancy) grow(steps int) {
	need := steps * tiles
	if need <= len(o.words) {
		return
	}
	if cap(o.words) < need {
		grown := make([]uint64, len(o.words), max(need, len(o.words)+len(o.words)/4))
		copy(grown, o.words)
		o.words = grown
	}
	o.words = o.words[:need]
}

// collide counts the cells that the part would share when it starts at step
// at. It stops, and is false, as soon as they are over allow.
func (o *occupancy) collide(p *part, at, allow int) (int, bool) {
	n := 0
	f := p.film
	for j := range p.n {
		base := (at + j) * tiles
		if base >= len(o.words) {
			break
		}
		from, to := f.span(p.off + j)
		row := o.words[base : base+tiles]
		pos, word := f.pos[from:to], f.bits[from:to]
		for i, t := range pos {
			n += bits.OnesCount64(row[t] & word[i])
		}
		o.work += int64(to - from)
		if n > allow {
			return n, false
		}
	}
	return n, true
}

// put marks what the part covers when it starts at step at.
func (o *occupancy) put(p *part, at int) {
	o.grow(at + p.n)
	for j := range p.n {
		o.mark(p, at+j, j)
	}
}

// mark marks what the part's step j covers at output step t.
func (o *occupancy) mark(p *part, t, j int) {
	from, to := p.film.span(p.off + j)
	row := o.words[t*tiles : (t+1)*tiles]
	for i := from; i < to; i++ {
		row[p.film.pos[i]] |= p.film.bits[i]
	}
	o.work += int64(to - from)
}

// wipe clears every cell that the part's step j covers at output step t.
func (o *occupancy) wipe(p *part, t, j int) {
	from, to := p.film.span(p.off + j)
	row := o.words[t*tiles : (t+1)*tiles]
	for i := from; i < to; i++ {
		row[p.film.pos[i]] &^= p.film.bits[i]
	}
	o.work += int64(to - from)
}

// covered counts the cells that anything covers, over all steps.
func (o *occupancy) covered() (n int) {
	for _, w := range o.words {
		n += bits.OnesCount64(w)
	}
	return n
}
