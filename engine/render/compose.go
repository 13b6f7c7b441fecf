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
func (r *renderer) compose(ctx context.Context, out sink) error {
	cuts := r.spool.cuts
	slices.SortStableFunc(cuts, func(a, b cut) int { return cmp.Compare(a.first, b.first) })
	scenery := &scenery{r: r, at: -1}
	trails := &trails{r: r, paths: map[int32]scene.Path{}}
	pic := frame.NewYUV(r.job.Width, r.job.Height)
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
		if err := out.Write(pic); err != nil {
			return err
		}
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
	yuv, alpha, body, err := r.spool.read(c)
	if err != nil {
		return err
	}
	seam := 0
	if !c.matted {
		seam = seamLight(pic.Y, yuv.Y, alpha, int(c.x), int(c.y))
	}
	blend(pic, yuv, alpha, int(c.x), int(c.y), seam)
	if k := r.job.Tubes[c.tube].Colour; k != nil {
		inkOf(k).rim(&pic, body, int(c.x), int(c.y))
	}
	return nil
}

// seamMost bounds by how many steps of luma a seam is evened out.
const seamMost = 48

// blend mixes a cut-out into dst at (x, y), both even. Where the outline
// fades, the cut-out's light is drawn by seam to that of the place it comes to,
// so that a cloud between the two moments leaves no halo; its opaque part keeps
// the recording's own samples.
func blend(dst frame.YUV, src frame.YUV, alpha frame.Plane, x, y, seam int) {
	for j := range alpha.H {
		a, s := alpha.Row(j), src.Y.Row(j)
		d := dst.Y.Row(y + j)[x : x+alpha.W]
		for i, v := range a {
			switch v {
			case 0:
			case 255:
				d[i] = s[i]
			default:
				c := int(v)
				lit := min(max(int(s[i])+seam*(255-c)/255, 0), 255)
				d[i] = byte((int(d[i])*(255-c) + lit*c + 127) / 255)
			}
		}
	}
	blendChroma(dst.U, src.U, alpha, x/2, y/2)
	blendChroma(dst.V, src.V, alpha, x/2, y/2)
}

// blendChroma mixes a chroma plane in by the mean alpha of its four luma samples.
func blendChroma(dst, src frame.Plane, alpha frame.Plane, x, y int) {
	for j := range src.H {
		a0 := alpha.Row(2 * j)
		a1 := alpha.Row(min(2*j+1, alpha.H-1))
		s := src.Row(j)
		d := dst.Row(y + j)[x : x+src.W]
		for i := range s {
			k := 2 * i
			c := (int(a0[k]) + int(a0[k+1]) + int(a1[k]) + int(a1[k+1]) + 2) / 4
			if c != 0 {
				d[i] = mix(d[i], s[i], c)
			}
		}
	}
}

// seamLight is the mean difference of luma, place less cut-out, where the
// outline fades.
func seamLight(dst, src, alpha frame.Plane, x, y int) int {
	sum, n := 0, 0
	for j := 0; j < alpha.H; j += 2 {
		a, s := alpha.Row(j), src.Row(j)
		d := dst.Row(y + j)[x : x+alpha.W]
		for i, v := range a {
			if v > 8 && v < 128 {
				sum += int(d[i]) - int(s[i])
				n++
			}
		}
	}
	if n < 16 {
		return 0
	}
	return min(max(sum/n, -seamMost), seamMost)
}
