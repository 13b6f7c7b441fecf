package synopsis

import "math/bits"

// occupancy is what is covered at each output step: gridH words a step.
type occupancy struct {
	words []uint64
	work  int64 // word operations done
}

func (o *occupancy) reset() { clear(o.words); o.words = o.words[:0] }

// steps is how many output steps hold anything.
func (o *occupancy) steps() int { return len(o.words) / gridH }

// collide counts the cells that the part would share when it starts at step
// at. It stops, and is false, as soon as they are over allow.
func (o *occupancy) collide(p *part, at, allow int) (int, bool) {
	n := 0
	for k := range p.steps {
		base := (at + k) * gridH
		if base >= len(o.words) {
			break
		}
		c := &p.steps[k]
		row := o.words[base+c.y0 : base+c.y0+len(c.rows)]
		o.work += int64(len(row))
		for i, r := range c.rows {
			n += bits.OnesCount64(row[i] & r)
		}
		if n > allow {
			return n, false
		}
	}
	return n, true
}

// put marks what the part covers when it starts at step at.
func (o *occupancy) put(p *part, at int) {
	need := (at + len(p.steps)) * gridH
	for len(o.words) < need {
		if cap(o.words) >= need {
			o.words = o.words[:need]
			break
		}
		grown := make([]uint64, len(o.words), max(need, 2*len(o.words)))
		copy(grown, o.words)
		o.words = grown
	}
	for k := range p.steps {
		c := &p.steps[k]
		row := o.words[(at+k)*gridH+c.y0:]
		for i, r := range c.rows {
			row[i] |= r
		}
	}
}

// covered counts the cells that anything covers, over all steps.
func (o *occupancy) covered() (n int) {
	for _, r := range o.words {
		n += bits.OnesCount64(r)
	}
	return n
}
