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
	sized(&m.lines, 5*g.w)
	line := func(i int) []int32 { return m.lines[i*g.w:][:g.w] }
	at := [2]column{placeOf(y, o.sy/scale, g.y, g.h), placeOf(y+1, o.sy/scale, g.y, g.h)}
	reaches := [2][]int32{line(0), line(1)}
	from, to := g.w, 0 // samples of the grid that are not empty
	for row, k := range at {
		g.line(reaches[row], k, 0, g.w)
		for i, v := range reaches[row] {
			if v != 0 {
				from, to = min(from, i), max(to, i+1)
			}
		}
		clear(s.a[row])
	}
	if from >= to {
		return
	}
	from, to = max(from-1, 0), min(to+1, g.w)
	cells := o.cells
	for len(cells) > 0 && int(cells[0].at) < from {
		cells = cells[1:]
	}
	for len(cells) > 0 && int(cells[len(cells)-1].at)+1 >= to {
		cells = cells[:len(cells)-1]
	}
	if len(cells) == 0 {
		return
	}
	first, last := int(cells[0].from)/2, int(cells[len(cells)-1].to+1)/2 // of chroma
	bu, bv := p.pic.U.Row(y / 2)[x/2:][:n], p.pic.V.Row(y / 2)[x/2:][:n]
	sized(&m.sum, 3*n)
	sum, kept, tint := m.sum[:n], m.sum[n:2*n], m.sum[2*n:]
	for i := first; i < last; i++ {
		u, v := int32(bu[i]), int32(bv[i])
		sum[i], kept[i], tint[i] = 0, 0, chromaApart(int32(s.u[i])-u, int32(s.v[i])-v, u, v)
	}
	r := matteRow{cores: line(2), nears: line(3), lights: line(4), sum: sum, kept: kept, tint: tint}
	for row, k := range at {
		m.core.line(r.cores, k, from, to)
		m.near.line(r.nears, k, from, to)
		o.cmp.light.line(r.lights, k, from, to)
		r.reaches, r.luma, r.out = reaches[row], s.y[row], s.a[row]
		r.low, r.high = p.low.Row(y + row)[x:][:2*n], p.high.Row(y + row)[x:][:2*n]
		o.applyRow(&r, cells)
	}
	for i := first; i < last; i++ {
		if n := int(sum[i]); n > 0 && n < 4*255 {
			k := int(kept[i])
			s.u[i] = lift(int(bu[i]), (int(s.u[i])-int(bu[i]))*k/1020, n)
			s.v[i] = lift(int(bv[i]), (int(s.v[i])-int(bv[i]))*k/1020, n)
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

// applyRow does cells of a row, of which nothing is opaque yet: most are all
// empty or all the object's.
func (o *outline) applyRow(r *matteRow, cells []cell) {
	for _, c := range cells {
		k := c.at
		switch {
		case r.reaches[k]|r.reaches[k+1] == 0:
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
	lighter := none                     // … where the picture is the lighter one
	k := c.at
	reach, reachBy := r.reaches[k]<<8+1<<15, r.reaches[k+1]-r.reaches[k]
	core, coreBy := r.cores[k]<<8+1<<15, r.cores[k+1]-r.cores[k]
	near, nearBy := r.nears[k]<<8+1<<15, r.nears[k+1]-r.nears[k]
	light, lightBy := r.lights[k]<<8+1<<15, r.lights[k+1]-r.lights[k]
	outside := max(r.cores[k], r.cores[k+1]) <= coreFrom<<8 // of the body: nothing is surely the object's
	if r.cores[k]|r.cores[k+1] == 0 {                       // away from the body a shadow is darker: what is a little lighter is noise
		lighter = int32(o.cmp.least) - 1
	}
	cols, out, luma, low, high := o.cols[c.from:c.to], r.out[c.from:c.to], r.luma[c.from:c.to], r.low[c.from:c.to], r.high[c.from:c.to]
	for i, col := range cols {
		at := (int(c.from) + i) / 2
		sure := int32(0)
		if !outside {
			sure = min(max(((core+coreBy*col.f)>>16-coreFrom)*255/(coreFull-coreFrom), 0), 255)
			if sure == 255 {
				out[i] = byte((reach + reachBy*col.f) >> 16)
				r.sum[at], r.kept[at] = r.sum[at]+255, r.kept[at]+255
				continue
			}
		}
		lit, v, diff := (light+lightBy*col.f)>>16-128, int32(luma[i]), int32(0)
		if l := int32(low[i]) + lit; v < l {
			diff = v - min(l, 255)
		} else if h := int32(high[i]) + lit; v > h {
			diff = v - max(h, 0)
		}
		d := max(diff, -diff, r.tint[at])
		within := (reach + reachBy*col.f) >> 16
		if within == 0 || sure == 0 && (d <= none || diff >= 0 && d <= lighter) {
			continue
		}
		a, value, share := o.mat.part(int(v), int(v-diff), int(d), int(sure), int((core+coreBy*col.f)>>16), int((near+nearBy*col.f)>>16))
		luma[i], out[i] = byte(value), byte((a*int(within)+127)/255)
		r.sum[at], r.kept[at] = r.sum[at]+int32(a), r.kept[at]+int32(share)
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
