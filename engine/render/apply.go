package render

// full is a line's value (see grid.line) for 255.
const full = 255 << 8

// apply turns two rows of a cut-out, at (x, y) of the fitted picture, from the
// recording's own samples into the object's and its shadow's, and fills their
// alpha with how opaque they are, within the outline g. Laid over the
// recording's own background they give the recording's samples again; over
// anything else they leave nothing of that background. Where alpha is full
// nothing changes. lay and weigh come before it.
func (o *outline) apply(g *grid, s *strip, p *plateView, x, y int, scale float64) {
	m, n := &o.mat, len(s.u)
	bu, bv := p.pic.U.Row(y / 2)[x/2:][:n], p.pic.V.Row(y / 2)[x/2:][:n]
	sized(&m.sum, 3*n)
	sum, kept, tint := m.sum[:n], m.sum[n:2*n], m.sum[2*n:]
	clear(m.sum[:2*n])
	for i := range tint {
		du, dv := int32(s.u[i])-int32(bu[i]), int32(s.v[i])-int32(bv[i])
		tint[i] = diffChroma * max(du, -du, dv, -dv)
	}
	sized(&m.lines, 4*g.w)
	r := matteRow{
		reaches: m.lines[:g.w], cores: m.lines[g.w:][:g.w], nears: m.lines[2*g.w:][:g.w], lights: m.lines[3*g.w:],
		sum: sum, kept: kept, tint: tint,
	}
	for row := range 2 {
		at := placeOf(y+row, o.sy/scale, g.y, g.h)
		g.line(r.reaches, at)
		m.core.line(r.cores, at)
		m.near.line(r.nears, at)
		o.cmp.light.line(r.lights, at)
		r.luma, r.out = s.y[row], s.a[row]
		r.low, r.high = p.low.Row(y + row)[x:][:2*n], p.high.Row(y + row)[x:][:2*n]
		o.applyRow(&r)
	}
	for i, n := range sum {
		if n > 0 && n < 4*255 {
			k := int(kept[i])
			s.u[i] = lift(int(bu[i]), (int(s.u[i])-int(bu[i]))*k/1020, int(n))
			s.v[i] = lift(int(bv[i]), (int(s.v[i])-int(bv[i]))*k/1020, int(n))
		}
	}
}

// matteRow is a row of a cut-out under way: its samples and alpha, the least
// and the most of the background around each, the row of each grid, and by
// sample of chroma the opacities, what counts of the differences and how far
// chroma differs.
type matteRow struct {
	luma, out, low, high          []byte
	reaches, cores, nears, lights []int32
	sum, kept, tint               []int32
}

// applyRow does a row cell by cell: most are all empty or all the object's.
func (o *outline) applyRow(r *matteRow) {
	for _, c := range o.cells {
		k := c.at
		switch {
		case r.reaches[k]|r.reaches[k+1] == 0:
			clear(r.out[c.from:c.to])
		case r.reaches[k] == full && r.reaches[k+1] == full && min(r.cores[k], r.cores[k+1]) >= coreFull<<8:
			for i := c.from; i < c.to; i++ {
				r.out[i] = 255
				r.sum[i/2], r.kept[i/2] = r.sum[i/2]+255, r.kept[i/2]+255
			}
		default:
			o.applyCell(r, c)
		}
	}
}

// applyCell does the samples of a row in one cell, along which a grid's value
// is a straight line.
func (o *outline) applyCell(r *matteRow, c cell) {
	none := (int32(o.cmp.same) + 1) / 2 // differences that do not count
	k := c.at
	reach, reachBy := r.reaches[k]<<8+1<<15, r.reaches[k+1]-r.reaches[k]
	core, coreBy := r.cores[k]<<8+1<<15, r.cores[k+1]-r.cores[k]
	near, nearBy := r.nears[k]<<8+1<<15, r.nears[k+1]-r.nears[k]
	light, lightBy := r.lights[k]<<8+1<<15, r.lights[k+1]-r.lights[k]
	bare := r.cores[k]|r.cores[k+1] == 0 // the object is not near
	for i := int(c.from); i < int(c.to); i++ {
		f := o.cols[i].f
		within := (reach + reachBy*f) >> 16
		if within == 0 {
			r.out[i] = 0
			continue
		}
		close, sure := int32(0), int32(0)
		if !bare {
			close = (core + coreBy*f) >> 16
			sure = min(max((close-coreFrom)*255/(coreFull-coreFrom), 0), 255)
		}
		if sure == 255 {
			r.out[i] = byte(within)
			r.sum[i/2], r.kept[i/2] = r.sum[i/2]+255, r.kept[i/2]+255
			continue
		}
		luma, lit := int32(r.luma[i]), (light+lightBy*f)>>16-128
		back := min(max(luma, int32(r.low[i])+lit, 0), int32(r.high[i])+lit, 255)
		diff := luma - back
		d := max(diff, -diff, r.tint[i/2])
		if sure == 0 && d <= none {
			r.out[i] = 0
			continue
		}
		a, value, share := o.mat.part(int(luma), int(back), int(d), int(sure), int(close), int((near+nearBy*f)>>16))
		r.luma[i], r.out[i] = byte(value), byte((a*int(within)+127)/255)
		r.sum[i/2], r.kept[i/2] = r.sum[i/2]+int32(a), r.kept[i/2]+int32(share)
	}
}

// over is 255/v in 65536ths, and overEdge the same of the share edgeShare of v:
// divisions are most of what part would cost.
var over, overEdge = func() (t, e [256]int) {
	for v := 1; v < 256; v++ {
		t[v] = (255<<16 + v/2) / v
		e[v] = t[v] * 256 / edgeShare
	}
	return t, e
}()

// ceil is a number in 65536ths, rounded up.
func ceil(v int) int { return (v + 1<<16 - 1) >> 16 }

// part is one sample's opacity and own luma, and which share of its difference
// d from the background counts (255: all of it). back is the background's luma
// in the picture's light, 0 to 255; sure is how surely it is the object's, close
// how near it is to the body, near how far that differs.
func (m *matting) part(luma, back, d, sure, close, near int) (a, value, share int) {
	diff := luma - back
	share = max(int(m.counts[min(d, 255)]), sure) // below it is noise
	if share < 255 {
		diff = diff * share / 255
	}
	a = sure
	if close > 0 && near > 0 {
		edge := min(255, d*overEdge[near]>>16)
		if close < edgeFull {
			edge = edge * (close * 255 / edgeFull) / 255
		}
		a = max(a, edge*share/255)
	}
	// No opacity may be less than what the difference needs.
	if diff < 0 {
		a = max(a, min(255, ceil(-diff*over[back])))
	} else if diff > 0 {
		a = max(a, min(255, ceil(diff*over[255-back])))
	}
	if a == 0 {
		return 0, luma, 0
	}
	return a, min(max(back+diff*over[a]>>16, 0), 255), share
}

// weigh fills m.counts: which share of a difference counts, of those that are
// the background's up to same.
func (m *matting) weigh(same int) {
	for d := range m.counts {
		m.counts[d] = byte(min(max((2*d-same)*255/same, 0), 255))
	}
}

// lift is a chroma value which, with the opacity sum/1020, differs by diff from
// the background's.
func lift(back, diff, sum int) byte { return byte(min(max(back+diff*1020/sum, 0), 255)) }
