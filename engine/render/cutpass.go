package render

import (
	"cmp"
	"context"
	"errors"
	"image"
	"io"
	"math"
	"slices"

	"posteriori/engine/align"
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

// with tells whether both plays show media time t at the same time.
func (s *showing) with(o *wire.RenderPlay, t int64) bool {
	at := func(p *wire.RenderPlay) float64 {
		return float64(p.Start) + float64(t-p.FromUS)*float64(p.Frames)/float64(p.ToUS-p.FromUS)
	}
	in := func(p *wire.RenderPlay) bool { return t >= p.FromUS-second && t <= p.ToUS }
	return in(&s.RenderPlay) && in(o) && math.Abs(at(&s.RenderPlay)-at(o)) < 1
}

// interval is a span of media time.
type interval struct{ fromUS, toUS int64 }

// cutAll is the first pass.
func (r *renderer) cutAll(ctx context.Context) error {
	for src := range r.job.Sources {
		shows, beside := r.showings(src), r.bystanders(src)
		var bg *backMaker
		if r.needsBack(src) {
			bg = newBackMaker(r.fits[src])
		}
		for _, iv := range r.intervals(src, shows, bg != nil) {
			if err := r.cutInterval(ctx, src, iv, shows, beside, bg); err != nil {
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

// bystander is a track that is not shown, during the first pass.
type bystander struct {
	wire.RenderBeside
	path scene.Path // read when first needed
}

// bystanders are those of a source in order of their start.
func (r *renderer) bystanders(src int) []*bystander {
	var out []*bystander
	for _, b := range r.job.Beside {
		if b.Source == src {
			out = append(out, &bystander{RenderBeside: b})
		}
	}
	slices.SortStableFunc(out, func(a, b *bystander) int { return cmp.Compare(a.FromUS, b.FromUS) })
	return out
}

// lookBeside finds where what is not shown is at media time t, which never
// goes back.
func (c *cutter) lookBeside(t int64) error {
	for len(c.beside) > 0 && c.beside[0].FromUS <= t {
		c.present, c.beside = append(c.present, c.beside[0]), c.beside[1:]
	}
	c.present = slices.DeleteFunc(c.present, func(b *bystander) bool { return b.ToUS < t })
	c.there = c.there[:0]
	for _, b := range c.present {
		if b.path == nil {
			packed, err := b.Path.Read(c.r.blobs)
			if err != nil {
				return err
			}
			if b.path, err = scene.UnpackPath(packed); err != nil {
				return err
			}
		}
		c.there = append(c.there, boxAt(b.path, t))
	}
	return nil
}

// trace reads a play's path and masks when they are first needed.
func (r *renderer) trace(s *showing) error {
	if s.outline != nil {
		return nil
	}
	path, err := r.path(s.tube)
	if err != nil {
		return err
	}
	masks, err := r.masks(s.tube)
	if err != nil {
		return err
	}
	sp := &r.job.Sources[r.job.Tubes[s.tube].Source]
	s.outline = newOutline(path, masks, sp.PlaneW, sp.PlaneH, sp.Probe.Width, sp.Probe.Height)
	return nil
}

// masks reads a tube's masks, which it need not have.
func (r *renderer) masks(tube int) ([]scene.Mask, error) {
	t := &r.job.Tubes[tube]
	if t.Masks.Len == 0 {
		return nil, nil
	}
	packed, err := t.Masks.Read(r.blobs)
	if err != nil {
		return nil, err
	}
	return scene.UnpackMasks(packed)
}

// beyond is how far, in source pixels, the masks reach beyond their boxes at
// most, each way, and no further than counts. sample is source pixels of a
// sample of theirs.
func beyond(path scene.Path, masks []scene.Mask, sample float64) (left, top, right, bottom float64) {
	for i := range masks {
		m := &masks[i]
		b := boxAt(path, m.TUS)
		most := wholeReach * max(b.W, b.H)
		at := func(samples int) float64 { return float64(samples) * sample }
		left, top = max(left, min(b.X-at(m.X), most)), max(top, min(b.Y-at(m.Y), most))
		right, bottom = max(right, min(at(m.X+m.W)-b.X-b.W, most)), max(bottom, min(at(m.Y+m.H)-b.Y-b.H, most))
	}
	return left, top, right, bottom
}

// path reads a tube's path.
func (r *renderer) path(tube int) (scene.Path, error) {
	packed, err := r.job.Tubes[tube].Path.Read(r.blobs)
	if err != nil {
		return nil, err
	}
	return scene.UnpackPath(packed)
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

// open decodes a span of a source at its size in the output; of its pictures
// only crop, which may be empty for all.
func (r *renderer) open(ctx context.Context, src int, iv interval, crop image.Rectangle) (*media.Decoder, error) {
	s := &r.job.Sources[src]
	clock := media.NewClock(&s.Probe)
	f := r.fits[src]
	return media.Open(ctx, s.Path, &s.Probe, media.DecodeOptions{
		FromPTS: clock.PTS(iv.fromUS), ToPTS: clock.PTS(iv.toUS) + 1,
		FullW: f.w, FullH: f.h, Crop: crop, AllFull: true,
	})
}

// cutInterval decodes one span and cuts out of every picture what is shown of it.
func (r *renderer) cutInterval(ctx context.Context, src int, iv interval, shows []*showing, beside []*bystander, bg *backMaker) error {
	crop, err := r.crop(src, iv, shows)
	if err != nil {
		return err
	}
	if bg != nil {
		crop = image.Rectangle{} // the background is needed everywhere
	}
	d, err := r.open(ctx, src, iv, crop)
	if err != nil {
		return err
	}
	defer d.Close()
	c := cutter{r: r, src: src, shows: shows, beside: beside, bg: bg, from: crop.Min}
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
	if err := flush(held.TUS + second); err != nil {
		return err
	}
	return c.finish()
}

// cutter cuts what is shown of one source out of its pictures.
type cutter struct {
	r       *renderer
	src     int
	shows   []*showing   // those not over yet, and a few more
	beside  []*bystander // those that come later, by start
	present []*bystander // those of now
	bg      *backMaker
	from    image.Point // of the pictures' first sample in the fitted picture
	at      image.Point // … where what it shows lies in the plate: the camera may have moved

	steady  steady
	moved   image.Point // by which it has, in output pixels, even
	busy    []image.Rectangle
	plate   *plateView // the background nearest in time; nil: none known
	plateAt wire.Blob  // where it lies

	live  []*showing // of this picture
	boxes []scene.Box
	there []scene.Box // of what is not shown
	hands []*hand
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
	if err := c.lookBeside(f.TUS); err != nil {
		return err
	}
	if err := c.compareWith(f.TUS); err != nil {
		return err
	}
	c.hold(f.Full.Y)
	if err := c.all(f, until); err != nil {
		return err
	}
	if c.bg != nil {
		c.boxes = append(c.boxes, c.there...)
		for i, b := range c.boxes {
			c.boxes[i] = c.r.fits[c.src].box(b)
		}
		c.bg.add(f.TUS, f.Full, c.boxes)
	}
	return nil
}

// compareWith takes the source's background nearest in time to t.
func (c *cutter) compareWith(t int64) error {
	var best *wire.Blob
	nearest, job := int64(-1), c.r.job
	look := func(source int, us int64, b *wire.Blob) {
		if d := max(us-t, t-us); source == c.src && b.Len > 0 && (best == nil || d < nearest) {
			best, nearest = b, d
		}
	}
	for i := range job.Plates {
		look(job.Plates[i].Source, job.Plates[i].TUS, &job.Plates[i].JPEG)
	}
	for i := range job.Backs {
		look(job.Backs[i].Source, job.Backs[i].TUS, &job.Backs[i].JPEG)
	}
	if best == nil || c.plate != nil && c.plateAt == *best {
		return nil
	}
	pic, err := c.r.plate(c.src, *best)
	if err != nil {
		return err
	}
	c.plate, c.plateAt = newPlateView(pic, &c.r.job.Sources[c.src], c.r.fits[c.src].s), *best
	c.steady = steady{ref: align.New(pic.Y, nil)}
	return nil
}

// area is the part of the fitted picture, at even places and within the part
// that was decoded, that the outline on the plane reaches.
func (f fit) area(g *grid, o *outline, in image.Rectangle) (x, y, w, h int) {
	x0, y0, x1, y1 := g.bounds()
	from := func(v int, s float64, least int) int { return max(least, int((float64(v)-.5)/s*f.s)&^1) }
	to := func(v int, s float64, most int) int { return min(most, (int((float64(v)+.5)/s*f.s)+2)&^1) }
	x, y = from(x0, o.sx, in.Min.X), from(y0, o.sy, in.Min.Y)
	return x, y, to(x1, o.sx, in.Max.X) - x, to(y1, o.sy, in.Max.Y) - y
}

// cropGain is which share of the picture a crop must leave out to be worth it.
const cropGain = .1

// crop is the part of the fitted picture in which the interval shows anything;
// empty for all of it.
func (r *renderer) crop(src int, iv interval, shows []*showing) (image.Rectangle, error) {
	f, sp := r.fits[src], &r.job.Sources[src]
	whole := image.Rect(0, 0, f.w, f.h)
	var all image.Rectangle
	for _, s := range shows {
		if s.FromUS >= iv.toUS || s.ToUS <= iv.fromUS {
			continue
		}
		path, err := r.path(s.tube)
		if err != nil {
			return all, err
		}
		masks, err := r.masks(s.tube)
		if err != nil {
			return all, err
		}
		sample := float64(sp.Probe.Width) / float64(max(sp.PlaneW, 1)) // of the plane, in source pixels
		left, top, right, bottom := beyond(path, masks, sample)
		add := func(b scene.Box) {
			b = scene.Box{X: b.X - left, Y: b.Y - top, W: b.W + left + right, H: b.H + top + bottom}
			b = f.box(b.Pad(growReach*max(b.W, b.H) + 4*sample + 4))
			all = all.Union(image.Rect(int(b.X)&^1, int(b.Y)&^1, (int(b.X+b.W)+3)&^1, (int(b.Y+b.H)+3)&^1))
		}
		add(boxAt(path, s.FromUS))
		add(boxAt(path, s.ToUS))
		for _, p := range path {
			// The last picture before the play, and the one it ends with, too.
			if p.TUS > s.FromUS-second && p.TUS < s.ToUS+second {
				add(p.Box)
			}
		}
		all = all.Intersect(whole)
		if float64(all.Dx()*all.Dy()) > (1-cropGain)*float64(f.w*f.h) {
			return image.Rectangle{}, nil
		}
	}
	return all, nil
}

// copyPart fills dst from src at (x, y).
func copyPart(dst, src frame.Plane, x, y int) {
	for j := range dst.H {
		copy(dst.Row(j), src.Row(y + j)[x:])
	}
}
