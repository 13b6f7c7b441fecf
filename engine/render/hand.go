package render

import (
	"image"
	"runtime"
	"sync"
	"sync/atomic"

	"posteriori/engine/frame"
	"posteriori/engine/media"
)

// hand is one of those that cut out of a picture at the same time.
type hand struct {
	c      *cutter
	page   page
	others []other
	err    error
}

// all spools what the live plays show of the picture.
func (c *cutter) all(f *media.Frame, until int64) error {
	for len(c.hands) < min(runtime.GOMAXPROCS(0), max(1, len(c.live))) {
		c.hands = append(c.hands, &hand{c: c, page: page{s: c.r.spool}})
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for _, h := range c.hands {
		wg.Go(func() {
			for h.err == nil {
				i := int(next.Add(1)) - 1
				if i >= len(c.live) {
					return
				}
				if until > c.live[i].FromUS {
					h.err = h.one(i, f, until)
				}
			}
		})
	}
	wg.Wait()
	return c.failed()
}

// failed is the first hand's error.
func (c *cutter) failed() error {
	for _, h := range c.hands {
		if h.err != nil {
			return h.err
		}
	}
	return nil
}

// finish puts all that was cut out into the spool.
func (c *cutter) finish() error {
	for _, h := range c.hands {
		h.err = h.page.flush()
	}
	return c.failed()
}

// one spools what play i of the live ones shows of the picture.
func (h *hand) one(i int, f *media.Frame, until int64) error {
	c := h.c
	s, at := c.live[i], c.boxes[i]
	upto := s.until(until)
	if upto <= s.next {
		return nil
	}
	fi := c.r.fits[c.src]
	k := cut{first: s.Start + s.next, n: int32(upto - s.next), tube: int32(s.tube), play: int32(s.play), tUS: f.TUS}
	s.next = upto
	others := h.around(i, f.TUS)
	g := s.outline.silhouette(at, f.TUS, others)
	if c.plate != nil {
		cmp := s.outline.compare(g, f.Full, c.plate)
		s.outline.grow(g, cmp)
		s.outline.crop(g, cmp)
		rimmed := c.r.job.Tubes[s.tube].Colour != nil
		if k.matted = s.outline.body(g, cmp, rimmed); k.matted {
			k.rimmed = rimmed
			s.outline.widen(g)
		}
	}
	if s.outline.shared() {
		s.outline.part(g)
	}
	decoded := image.Rectangle{c.at, c.at.Add(image.Pt(f.Full.Y.W, f.Full.Y.H))}
	x, y, wide, high := fi.area(g, s.outline, decoded.Intersect(image.Rect(0, 0, fi.w, fi.h)))
	if wide < 2 || high < 2 {
		return nil
	}
	k.x, k.y, k.w, k.h = int16(x+fi.x), int16(y+fi.y), int16(wide), int16(high)
	seen := fi.box(at).Clamp(float64(fi.w), float64(fi.h))
	k.boxX, k.boxY = int16(seen.X)+int16(fi.x), int16(seen.Y)+int16(fi.y)
	k.boxW, k.boxH = int16(seen.W), int16(seen.H)
	k.shownX, k.shownY, k.shownW, k.shownH = k.boxX, k.boxY, k.boxW, k.boxH
	if k.matted {
		b := s.outline.bodyBox(fi.s).Union(seen).Clamp(float64(fi.w), float64(fi.h))
		k.shownX, k.shownY = int16(b.X)+int16(fi.x), int16(b.Y)+int16(fi.y)
		k.shownW, k.shownH = int16(b.W), int16(b.H)
	}
	h.spool(&k, s.outline, g, f.Full, x, y)
	return h.page.add(k)
}

// spool puts the cut-out k, at (x, y) of the fitted picture, onto the page.
func (h *hand) spool(k *cut, o *outline, g *grid, pic *frame.YUV, x, y int) {
	c := h.c
	scale := c.r.fits[c.src].s
	w, fx := int(k.w), x-c.at.X
	o.lay(g, w, x, scale)
	if k.matted {
		o.mat.weigh(int(o.cmp.same))
	}
	for j := 0; j < int(k.h); j += 2 {
		s, fy := h.page.blank(w, k.rimmed), y+j-c.at.Y
		copy(s.y[0], pic.Y.Row(fy)[fx:])
		copy(s.y[1], pic.Y.Row(fy + 1)[fx:])
		copy(s.u, pic.U.Row(fy / 2)[fx/2:])
		copy(s.v, pic.V.Row(fy / 2)[fx/2:])
		if k.matted {
			o.apply(g, &s, c.plate, x, y+j, scale)
		} else {
			o.draw(g, s.a, y+j, scale)
		}
		if k.rimmed {
			o.draw(&o.mat.rim, s.body, y+j, scale)
		}
		h.page.put(&s, k.rimmed)
	}
}

// around is the other objects that come near live one i and are
// not shown with it: where those are shown, each in its place, nothing need be
// split between them.
func (h *hand) around(i int, t int64) []other {
	c := h.c
	h.others = h.others[:0]
	near := c.boxes[i].Pad(nearReach * max(c.boxes[i].W, c.boxes[i].H))
	for j, s := range c.live {
		if s.tube != c.live[i].tube && !c.boxes[j].Intersect(near).Empty() && !s.with(&c.live[i].RenderPlay, t) {
			h.others = append(h.others, other{c.boxes[j], true})
		}
	}
	for _, b := range c.there {
		if !b.Intersect(near).Empty() {
			h.others = append(h.others, other{b, false})
		}
	}
	return h.others
}
