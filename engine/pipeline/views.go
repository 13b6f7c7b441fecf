package pipeline

import (
	"posteriori/engine/scene"
	"posteriori/engine/track"
)

// views are the pictures that a frame holds: itself, or the four quarters of a
// split screen. Each has a tracker of its own, so that nothing goes from one
// camera's picture into another's; outside of it all boxes are in pixels of
// the whole frame.
type views struct {
	boxes    []scene.Box
	trackers []*track.Tracker
	blur     float64 // pixels over which the motion plane smears a seam
}

// seamBlur is that in samples of the motion plane.
const seamBlur = 3

func newViews(w, h, planeW int, quarters bool) *views {
	if !quarters {
		return &views{
			boxes:    []scene.Box{{W: float64(w), H: float64(h)}},
			trackers: []*track.Tracker{track.New(w, h, track.Config{})},
		}
	}
	v := &views{blur: seamBlur * float64(w) / float64(planeW)}
	for _, q := range scene.Quarters(w, h) {
		v.boxes = append(v.boxes, q)
		v.trackers = append(v.trackers, track.New(int(q.W), int(q.H), track.Config{}))
	}
	return v
}

// Step shares a frame out among the views: what lies across a seam is cut
// there, but for detections, which belong where their middle is.
func (v *views) Step(f track.Frame) {
	if len(v.boxes) == 1 {
		v.trackers[0].Step(f)
		return
	}
	for i, view := range v.boxes {
		g := track.Frame{TUS: f.TUS, Trusted: f.Trusted}
		for _, d := range f.Detections {
			if view.HoldsMiddle(d.Box) {
				d.Box = moved(d.Box.Intersect(view), -view.X, -view.Y)
				g.Detections = append(g.Detections, d)
			}
		}
		for _, l := range f.Looked {
			if in := l.Intersect(view); !in.Empty() {
				g.Looked = append(g.Looked, moved(in, -view.X, -view.Y))
			}
		}
		for _, b := range f.Blobs {
			in := b.Box.Intersect(view)
			if in.Empty() || in != b.Box && min(in.W, in.H) <= v.blur {
				continue // nothing, or what the other side's picture smears over
			}
			b.Area *= in.Area() / b.Box.Area()
			b.Box = moved(in, -view.X, -view.Y)
			g.Blobs = append(g.Blobs, b)
		}
		v.trackers[i].Step(g)
	}
}

func moved(b scene.Box, dx, dy float64) scene.Box {
	b.X, b.Y = b.X+dx, b.Y+dy
	return b
}

// Live is [track.Tracker.Live] of all views. With several, the tracks are
// copies.
func (v *views) Live() []*track.Track {
	return v.gather((*track.Tracker).Live)
}

// Finished is [track.Tracker.Finished] of all views.
func (v *views) Finished() []*track.Track {
	return v.gather((*track.Tracker).Finished)
}

// Flush is [track.Tracker.Flush] of all views.
func (v *views) Flush() []*track.Track {
	return v.gather((*track.Tracker).Flush)
}

func (v *views) gather(of func(*track.Tracker) []*track.Track) []*track.Track {
	if len(v.boxes) == 1 {
		return of(v.trackers[0])
	}
	var out []*track.Track
	for i, tr := range v.trackers {
		for _, t := range of(tr) {
			out = append(out, v.whole(i, t))
		}
	}
	return out
}

// whole is a copy of view i's track t as the whole frame sees it: in its
// pixels, under a number that no other view's tracks have.
func (v *views) whole(i int, t *track.Track) *track.Track {
	out, view := *t, v.boxes[i]
	number := func(id int64) int64 { return id*int64(len(v.boxes)) + int64(i) }
	out.ID, out.Absorbed, out.Path = number(t.ID), nil, nil
	for _, id := range t.Absorbed {
		out.Absorbed = append(out.Absorbed, number(id))
	}
	for _, p := range t.Path {
		p.Box = moved(p.Box, view.X, view.Y)
		out.Path = append(out.Path, p)
	}
	out.Box = moved(t.Box, view.X, view.Y)
	return &out
}

// regions chooses, view by view, where the detector looks; see [regions].
func (v *views) regions(movers []mover, limit int) []scene.Box {
	if len(v.boxes) == 1 {
		return regions(movers, int(v.boxes[0].W), int(v.boxes[0].H), limit)
	}
	var out []scene.Box
	for _, view := range v.boxes {
		var own []mover
		for _, m := range movers {
			if view.HoldsMiddle(m.box) {
				own = append(own, mover{moved(m.box, -view.X, -view.Y), m.urgent})
			}
		}
		if len(own) == 0 || len(out) >= limit {
			continue
		}
		where := regions(own, int(view.W), int(view.H), limit-len(out))
		if len(where) == 0 {
			where = []scene.Box{{W: view.W, H: view.H}}
		}
		for _, r := range where {
			out = append(out, moved(r, view.X, view.Y))
		}
	}
	return out
}

// tiles is where the detector looks before anything moved; see [tiles].
func (v *views) tiles() []scene.Box {
	if len(v.boxes) == 1 {
		return tiles(int(v.boxes[0].W), int(v.boxes[0].H))
	}
	return v.boxes
}
