package render

import (
	"cmp"
	"context"
	"slices"

	"posteriori/engine/fault"
	"posteriori/engine/frame"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

const fadeUS = second // cross-fade of backgrounds

// compose is the second pass: backgrounds, objects far to near, stamps, band.
func (r *renderer) compose(ctx context.Context, out *sink) error {
	cuts := r.spool.cuts
	slices.SortStableFunc(cuts, func(a, b cut) int { return cmp.Compare(a.first, b.first) })
	scenery := &scenery{r: r, at: -1}
	trails := &trails{r: r, paths: map[int32]scene.Path{}}
	st := newStamper(r.job.Width, r.job.Height-r.job.Band)
	var live []*cut
	next := 0
	for f := range r.job.Frames {
		if ctx.Err() != nil {
			return fault.Wrap(fault.Interrupted, ctx.Err(), "rendering was stopped")
		}
		keep := live[:0]
		for _, c := range live {
			if f < c.first+int64(c.n) {
				keep = append(keep, c)
			}
		}
		live = keep
		for ; next < len(cuts) && cuts[next].first <= f; next++ {
			live = append(live, &cuts[next])
		}
		slices.SortStableFunc(live, func(a, b *cut) int {
			return cmp.Or(cmp.Compare(a.boxY+a.boxH, b.boxY+b.boxH), cmp.Compare(a.tube, b.tube), cmp.Compare(a.play, b.play))
		})
		pic, err := out.blank()
		if err != nil {
			return err
		}
		if err := scenery.paint(pic, f); err != nil {
			return err
		}
		if err := trails.paint(&pic, live); err != nil {
			return err
		}
		for _, c := range live {
			if err := r.paste(pic, c); err != nil {
				return err
			}
		}
		r.stamp(&pic, st, live, f)
		out.write(pic)
		r.progress(wire.Progress{Frames: f + 1, ReachedUS: (f + 1) * r.job.FrameUS, Tracks: int64(len(r.job.Tubes))})
	}
	return nil
}

// smallBox is under how many lines of text in height an object has a smaller
// stamp: far away many stand close together.
const smallBox = 2

// shown is where the object is seen.
func (c *cut) shown() rect { return rect{int(c.shownX), int(c.shownY), int(c.shownW), int(c.shownH)} }

// stamp writes each object's time beside it. One object in several parts has
// a stamp at each.
func (r *renderer) stamp(pic *frame.YUV, st *stamper, live []*cut, f int64) {
	boxes := make([]rect, len(live))
	for i, c := range live {
		boxes[i] = c.shown()
	}
	st.begin(boxes)
	order := slices.Clone(live)
	slices.SortStableFunc(order, func(a, b *cut) int {
		return cmp.Or(cmp.Compare(a.tube, b.tube), cmp.Compare(a.play, b.play))
	})
	for _, c := range order {
		t := &r.job.Tubes[c.tube]
		s := stampText(t.ClockUS, c.tUS, r.job.Dates, t.Label, t.Plays[c.play].Note)
		face := r.text
		if int(c.boxH) < smallBox*face.height {
			face = r.small
		}
		x, y := st.place([2]int32{c.tube, r.strand(c)}, c.shown(),
			face.width(s), face.height, f)
		face.draw(pic, x, y, s, inkOf(t.Colour))
	}
}

// objectsBand writes the band of objects mode: the legend, if there is one,
// above the mark.
func (r *renderer) objectsBand(pic *frame.YUV) {
	line, lines := 0, 1
	if len(r.job.Legend) > 0 {
		line, lines = 1, 2
		h := r.job.Band / 2
		x, y := 4, r.job.Height-r.job.Band+(h-r.band.height)/2
		for _, l := range r.job.Legend {
			s := "● " + l.Label
			r.band.draw(pic, x, y, s, inkOf(&l.Colour))
			x += r.band.width(s) + r.band.height
		}
	}
	r.bandLine(pic, line, lines, r.job.Mark)
}

// strand numbers plays that are on screen apart: plays that follow each other
// without a break are one strand and share a stamp's seat.
func (r *renderer) strand(c *cut) int32 {
	plays := r.job.Tubes[c.tube].Plays
	i := c.play
	for i > 0 && plays[i-1].Start+plays[i-1].Frames == plays[i].Start {
		i--
	}
	return i
}

// bandLine writes a line of the band under the picture, in smaller letters
// where it would not fit.
func (r *renderer) bandLine(pic *frame.YUV, line, lines int, s string) {
	if r.job.Band == 0 || s == "" {
		return
	}
	h := r.job.Band / lines
	face := r.band
	for face.width(s) > r.job.Width-8 && face.size > 7 {
		smaller, err := r.smaller(face)
		if err != nil {
			break
		}
		face = smaller
	}
	face.draw(pic, 4, r.job.Height-r.job.Band+line*h+(h-face.height)/2, s, white)
}

// smaller is the band's typeface one pixel smaller, kept for the next picture.
func (r *renderer) smaller(t *typeface) (*typeface, error) {
	if t == r.band && r.narrow == nil {
		r.narrow = map[*typeface]*typeface{}
	}
	if n, ok := r.narrow[t]; ok {
		return n, nil
	}
	n, err := newTypeface(t.size - 1)
	if err == nil {
		r.narrow[t] = n
	}
	return n, err
}

// paste lays a cut-out over the picture.
func (r *renderer) paste(pic frame.YUV, c *cut) error {
	strips, err := r.spool.read(c)
	if err != nil {
		return err
	}
	x, y, seam := int(c.x), int(c.y), 0
	if !c.matted {
		seam = seamLight(pic.Y, strips, x, y)
	}
	k := r.job.Tubes[c.tube].Colour
	for j := range strips {
		s := &strips[j]
		s.blend(pic, x, y+2*j, seam)
		if k != nil {
			inkOf(k).rim(&pic, s, x, y+2*j)
		}
	}
	return nil
}
