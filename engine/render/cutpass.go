package render

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"

	"posteriori/engine/frame"
	"posteriori/engine/media"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

const (
	second   = int64(1_000_000)
	joinUS   = 6 * second // spans nearer than this are decoded in one go
	aroundUS = second     // decoded around a span when it must also give a background
)

// showing is one play of a tube during the first pass.
type showing struct {
	wire.RenderPlay
	tube, play int
	next       int64 // first output frame of the play without a cut-out
	outline    *outline
}

// until is how many of the play's output frames show a moment before media
// time t. Each shows the moment of its middle.
func (s *showing) until(t int64) int64 {
	if t >= s.ToUS {
		return s.Frames
	}
	n := int64(float64(t-s.FromUS)*float64(s.Frames)/float64(s.ToUS-s.FromUS) + .5)
	return min(max(n, 0), s.Frames)
}

// interval is a span of media time.
type interval struct{ fromUS, toUS int64 }

// cutAll is the first pass.
func (r *renderer) cutAll(ctx context.Context) error {
	for src := range r.job.Sources {
		shows := r.showings(src)
		var bg *backMaker
		if r.needsBack(src) {
			bg = newBackMaker(r.fits[src])
		}
		for _, iv := range r.intervals(src, shows, bg != nil) {
			if err := r.cutInterval(ctx, src, iv, shows, bg); err != nil {
				return err
			}
		}
		for _, s := range shows {
			r.lacking += s.Frames - s.next
		}
		if bg != nil {
			r.made[src] = bg.picture()
		}
	}
	return nil
}

// showings are the plays of a source in order of media time.
func (r *renderer) showings(src int) []*showing {
	var out []*showing
	for i := range r.job.Tubes {
		t := &r.job.Tubes[i]
		if t.Source != src {
			continue
		}
		for j, y := range t.Plays {
			out = append(out, &showing{RenderPlay: y, tube: i, play: j})
		}
	}
	slices.SortStableFunc(out, func(a, b *showing) int { return cmp.Compare(a.FromUS, b.FromUS) })
	return out
}

// trace reads a play's path and masks when they are first needed.
func (r *renderer) trace(s *showing) error {
	if s.outline != nil {
		return nil
	}
	t := &r.job.Tubes[s.tube]
	packed, err := t.Path.Read(r.blobs)
	if err != nil {
		return err
	}
	path, err := scene.UnpackPath(packed)
	if err != nil {
		return err
	}
	var masks []scene.Mask
	if t.Masks.Len > 0 {
		if packed, err = t.Masks.Read(r.blobs); err != nil {
			return err
		}
		if masks, err = scene.UnpackMasks(packed); err != nil {
			return err
		}
	}
	sp := &r.job.Sources[t.Source]
	s.outline = newOutline(path, masks, sp.PlaneW, sp.PlaneH, sp.Probe.Width, sp.Probe.Height)
	return nil
}

// needsBack tells whether a background must be made from the source.
func (r *renderer) needsBack(src int) bool {
	return slices.ContainsFunc(r.job.Backs, func(b wire.RenderBack) bool { return b.Source == src && b.JPEG.Len == 0 })
}

// intervals joins the spans to decode.
func (r *renderer) intervals(src int, shows []*showing, around bool) []interval {
	pad := max(r.job.Sources[src].Probe.FrameUS, 40_000)
	if around {
		pad += aroundUS
	}
	var out []interval
	for _, s := range shows {
		from, to := max(0, s.FromUS-pad), s.ToUS+pad
		if n := len(out); n > 0 && from <= out[n-1].toUS+joinUS {
			out[n-1].toUS = max(out[n-1].toUS, to)
			continue
		}
		out = append(out, interval{from, to})
	}
	if len(out) == 0 && around {
		out = append(out, interval{0, 2 * joinUS})
	}
	return out
}

// open decodes a span of a source at its size in the output.
func (r *renderer) open(ctx context.Context, src int, iv interval) (*media.Decoder, error) {
	s := &r.job.Sources[src]
	clock := media.NewClock(&s.Probe)
	f := r.fits[src]
	return media.Open(ctx, s.Path, &s.Probe, media.DecodeOptions{
		FromPTS: clock.PTS(iv.fromUS), ToPTS: clock.PTS(iv.toUS) + 1,
		FullW: f.w, FullH: f.h, AllFull: true,
	})
}

// cutInterval decodes one span and cuts out of every picture what is shown of it.
func (r *renderer) cutInterval(ctx context.Context, src int, iv interval, shows []*showing, bg *backMaker) error {
	d, err := r.open(ctx, src, iv)
	if err != nil {
		return err
	}
	defer d.Close()
	c := cutter{r: r, src: src, shows: shows, bg: bg}
	var held *media.Frame
	flush := func(until int64) error {
		if held == nil {
			return nil
		}
		defer held.Release()
		return c.cut(held, until)
	}
	for {
		f, err := d.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := flush(f.TUS); err != nil {
			f.Release()
			return err
		}
		held = f
	}
	if held == nil {
		return nil
	}
	// The last picture stands for what is left of the second after it.
	return flush(held.TUS + second)
}

// cutter cuts what is shown of one source out of its pictures.
type cutter struct {
	r     *renderer
	src   int
	shows []*showing // those not over yet, and a few more
	bg    *backMaker

	live   []*showing // of this picture
	boxes  []scene.Box
	others []scene.Box
}

// cut takes a picture that stands until the next.
func (c *cutter) cut(f *media.Frame, until int64) error {
	for len(c.shows) > 0 && c.shows[0].next == c.shows[0].Frames {
		c.shows[0].outline = nil // no longer needed
		c.shows = c.shows[1:]
	}
	c.live, c.boxes = c.live[:0], c.boxes[:0]
	for _, s := range c.shows {
		if s.FromUS > until {
			break
		}
		if f.TUS >= s.ToUS+second {
			s.outline = nil
			continue
		}
		if err := c.r.trace(s); err != nil {
			return err
		}
		c.live = append(c.live, s)
		c.boxes = append(c.boxes, boxAt(s.outline.path, f.TUS))
	}
	for i, s := range c.live {
		if until > s.FromUS {
			if err := c.one(i, f, until); err != nil {
				return err
			}
		}
	}
	if c.bg != nil {
		for i, b := range c.boxes {
			c.boxes[i] = c.r.fits[c.src].box(b)
		}
		c.bg.add(f.TUS, f.Full, c.boxes)
	}
	return nil
}

// one spools what play i of the live ones shows of the picture.
func (c *cutter) one(i int, f *media.Frame, until int64) error {
	s, at := c.live[i], c.boxes[i]
	upto := s.until(until)
	if upto <= s.next {
		return nil
	}
	fi := c.r.fits[c.src]
	k := cut{first: s.Start + s.next, n: int32(upto - s.next), tube: int32(s.tube), play: int32(s.play), tUS: f.TUS}
	s.next = upto
	g := s.outline.silhouette(at, f.TUS, c.beside(i))
	x, y, w, h := fi.area(g, s.outline)
	if w < 2 || h < 2 {
		return nil
	}
	k.x, k.y, k.w, k.h = int16(x+fi.x), int16(y+fi.y), int16(w), int16(h)
	seen := fi.box(at).Clamp(float64(fi.w), float64(fi.h))
	k.boxX, k.boxY = int16(seen.X)+int16(fi.x), int16(seen.Y)+int16(fi.y)
	k.boxW, k.boxH = int16(seen.W), int16(seen.H)
	yuv, alpha := c.r.spool.buffer(&k)
	copyPart(yuv.Y, f.Full.Y, x, y)
	copyPart(yuv.U, f.Full.U, x/2, y/2)
	copyPart(yuv.V, f.Full.V, x/2, y/2)
	s.outline.draw(g, alpha, x, y, fi.s)
	return c.r.spool.add(k)
}

// beside is the boxes of the other objects that come near live one i.
func (c *cutter) beside(i int) []scene.Box {
	c.others = c.others[:0]
	near := c.boxes[i].Pad(reachMost * max(c.boxes[i].W, c.boxes[i].H))
	for j, s := range c.live {
		if s.tube != c.live[i].tube && !c.boxes[j].Intersect(near).Empty() {
			c.others = append(c.others, c.boxes[j])
		}
	}
	return c.others
}

// area is the part of the fitted picture, at even places, that the outline on
// the plane reaches.
func (f fit) area(g *grid, o *outline) (x, y, w, h int) {
	x0, y0, x1, y1 := g.bounds()
	from := func(v int, s float64) int { return max(0, int((float64(v)-.5)/s*f.s)) &^ 1 }
	to := func(v int, s float64, most int) int { return min(most, (int((float64(v)+.5)/s*f.s)+2)&^1) }
	x, y = from(x0, o.sx), from(y0, o.sy)
	return x, y, to(x1, o.sx, f.w) - x, to(y1, o.sy, f.h) - y
}

// copyPart fills dst from src at (x, y).
func copyPart(dst, src frame.Plane, x, y int) {
	for j := range dst.H {
		copy(dst.Row(j), src.Row(y + j)[x:])
	}
}
