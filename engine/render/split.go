package render

import (
	"encoding/binary"
	"math"

	"posteriori/engine/scene"
)

// How what several objects share is split between them.
const (
	wholeReach = 1.1 // of the box's longer side: up to there a mask tells of the object
	nearReach  = .5  // of the box's longer side: what is further away shares nothing with it
	footShare  = .33 // of the box: there, and below, a mask may hold a shadow
	splitReach = 1.5 // of another's ellipse: beyond it nothing is the other's …
	splitFade  = .3  // … and from so much within on all of it may be
	splitSoft  = .12 // of an object's size: half the width of the border
	splitFront = .08 // of the height: whose feet are so much lower stands before the other
	splitCore  = .7  // of its own ellipse: what has nothing within it and touches the border is the other's
	mergeFrom  = .3  // of the smaller box lies in the other: from there on those behind one another are not taken apart …
	mergeFull  = .45 // … and here not at all
	spillMost  = .3  // of a mask beyond the box that may be another's
)

// other is an object beside the one that is cut out. Of one that is shown too,
// elsewhere, more may be seen here than of one that is not.
type other struct {
	box   scene.Box
	shown bool
}

// whole is the box together with the masks in use, which may reach beyond it: a
// rider above the bicycle whose track it is. body is the same without what
// lies about the feet and may be a shadow.
func (o *outline) whole(box scene.Box) (body, all scene.Box) {
	in := box.Pad(wholeReach*max(box.W, box.H) + rim)
	body, all, c := box, box, box.Center()
	for _, s := range o.near {
		if s == nil {
			continue
		}
		m := s.moved(s.full, c)
		if m.X >= in.X && m.Y >= in.Y && m.X+m.W <= in.X+in.W && m.Y+m.H <= in.Y+in.H {
			all = all.Union(m)
			if !s.high.Empty() {
				body = body.Union(s.moved(s.high, c))
			}
		}
	}
	return body, all
}

// rival is another, on the plane. front is 1 when the object stands before it,
// -1 when behind it; apart is how much of what is nearer to it is taken off.
type rival struct {
	box          scene.Box
	front, apart float64
}

// meet finds what the object at box at has to share with the others, and how far
// what is shown may reach. Who is half hidden by the object, or hides half of it,
// is shown with it: a slice would look like nothing that the recording shows.
func (o *outline) meet(at scene.Box, others []other) {
	o.rivals, o.reach = o.rivals[:0], o.all
	own := o.own
	for i := range others {
		b := o.onPlane(others[i].box)
		front := (own.Y + own.H - b.Y - b.H) / (splitFront * max(1, min(own.H, b.H)))
		r := rival{box: b, front: min(max(front, -1), 1), apart: 1}
		if others[i].shown {
			hidden := at.Intersect(b).Area() / max(1, min(at.Area(), b.Area()))
			r.apart = min(max((mergeFull-hidden)/(mergeFull-mergeFrom), 0), 1)
		}
		if r.apart < 1 {
			o.reach = o.reach.Union(b)
		}
		o.rivals = append(o.rivals, r)
	}
}

// share fills o.keep: how much of each sample of the grid is left to the object
// where others claim it too, 255 for all. Between two who stand side by side the
// border runs where both are as near, in sizes; who stands before the other keeps
// all of himself.
func (o *outline) share(g *grid) {
	sized(&o.keep, g.w*g.h)
	for k := range o.keep {
		o.keep[k] = 255
	}
	for i := range o.rivals {
		g.split(o.keep, o.own, &o.rivals[i])
	}
}

// split lowers keep where r is nearer than own.
func (g *grid) split(keep []byte, own scene.Box, r *rival) {
	// Of the other the squarer kin of an ellipse (fourth power): feet and hands
	// lie in it.
	a, b := newEllipse(own), newEllipse(r.box)
	in := r.box.Pad((splitReach - 1) / 2 * max(r.box.W, r.box.H))
	x0, y0 := max(g.x, int(in.X)), max(g.y, int(in.Y))
	x1, y1 := min(g.x+g.w, int(in.X+in.W)+1), min(g.y+g.h, int(in.Y+in.H)+1)
	for y := y0; y < y1; y++ {
		row := keep[(y-g.y)*g.w:][:g.w]
		ay, by := a.row(y), b.row(y)
		for x := x0; x < x1; x++ {
			theirs := b.square(x)
			if theirs = theirs*theirs + by*by; theirs >= splitReach*splitReach*splitReach*splitReach {
				continue
			}
			theirs = math.Sqrt(math.Sqrt(theirs))
			ours := math.Sqrt(a.square(x) + ay)
			nearer := ours - theirs // how much nearer it is to the other
			if r.front > 0 {
				nearer += r.front * (theirs - 1)
			} else {
				nearer += r.front * (ours - 1)
			}
			lost := r.apart * min(max(.5+nearer/(2*splitSoft), 0), 1) * min(1, (splitReach-theirs)/splitFade)
			if lost > 0 {
				row[x-g.x] = min(row[x-g.x], byte(255*(1-lost)))
			}
		}
	}
}

// ellipse is that in a box, to tell how far from its middle a sample lies.
type ellipse struct{ x, y, u, v float64 }

func newEllipse(b scene.Box) ellipse {
	c := b.Center()
	return ellipse{c.X - .5, c.Y - .5, 2 / max(b.W, 1), 2 / max(b.H, 1)}
}

// square is the square of the distance across, in radii, of column x.
func (e ellipse) square(x int) float64 {
	d := (float64(x) - e.x) * e.u
	return d * d
}

// row is that of row y.
func (e ellipse) row(y int) float64 {
	d := (float64(y) - e.y) * e.v
	return d * d
}

// only leaves of the grid what is kept; false: that is all of it.
func (g *grid) only(keep []byte) (parted bool) {
	for k := 0; k < len(keep); k++ {
		if k+8 <= len(keep) && binary.LittleEndian.Uint64(keep[k:]) == 1<<64-1 {
			k += 7
			continue
		}
		if v := keep[k]; v != 255 && g.a[k] != 0 {
			g.a[k] = byte(int(g.a[k]) * int(v) / 255)
			parted = true
		}
	}
	return parted
}

// part leaves of the grid what is kept, without pieces that were parted from
// the object by it: they are the other's.
func (o *outline) part(g *grid) {
	if !g.only(o.keep) { // as with most: others are near, but do not touch
		return
	}
	sized(&o.seen, g.w*g.h)
	clear(o.seen)
	middle := newEllipse(o.own)
	for from, a := range g.a {
		if a == 0 || o.seen[from] {
			continue
		}
		o.queue = append(o.queue[:0], int32(from))
		o.seen[from] = true
		ours, parted := false, false
		for at := 0; at < len(o.queue); at++ {
			i := int(o.queue[at])
			x, y := i%g.w, i/g.w
			ours = ours || middle.square(g.x+x)+middle.row(g.y+y) < splitCore*splitCore
			for _, k := range [4]int{i - 1, i + 1, i - g.w, i + g.w} {
				if k == i-1 && x == 0 || k == i+1 && x == g.w-1 || k < 0 || k >= len(g.a) {
					continue
				}
				parted = parted || o.keep[k] < 128
				if g.a[k] != 0 && !o.seen[k] {
					o.seen[k] = true
					o.queue = append(o.queue, int32(k))
				}
			}
		}
		if parted && !ours {
			for _, k := range o.queue {
				g.a[k] = 0
			}
		}
	}
}

// spills tells whether much of what the grid shows beyond the box is another's:
// then the mask is of several objects.
func (g *grid) spills(keep []byte, box scene.Box) bool {
	beyond, theirs := 0, 0
	for k, a := range g.a {
		if a >= 128 && !g.inside(k, box) {
			beyond++
			if keep[k] < 128 {
				theirs++
			}
		}
	}
	return float64(theirs) > spillMost*float64(beyond)
}
