package pipeline

import (
	"math"
	"slices"

	"posteriori/engine/frame"
	"posteriori/engine/scene"
	"posteriori/engine/track"
)

const (
	// joinReach is how far beyond its box, in longer sides of it, the
	// foreground that is joined to a track is taken to be the track's: the
	// rider of a bicycle, a bag, a pram.
	joinReach = 1.0
	// joinMost is how many times the foreground in the box there may be
	// outside: more is light, or a crowd without tracks.
	joinMost = 2
	// joinFreshUS is for how long a track that is not seen keeps its place.
	joinFreshUS = 500_000
)

// joined tells of which track each sample of the foreground is: of those tracks
// whose box it is joined to, by way of the foreground, that whose middle is
// nearest, in sizes of the box.
type joined struct {
	w, h   int
	of     []int16   // 1 + the claim's index; 0: none's
	away   []float32 // how far it is, in sizes
	seen   []int16   // 1 + the claim that came by last
	claims []claim
	queue  []int32
}

// claim is a track that keeps what is joined to it from others.
type claim struct {
	id         int64
	box, reach scene.Box // on the motion plane: itself, and where it may have more
	inside     int       // samples of the foreground in the box
}

// take sets the tracks that claim, in the views' boxes of source pixels.
func (j *joined) take(live []*track.Track, views []scene.Box, tUS int64, sx, sy float64) {
	j.claims = j.claims[:0]
	for _, t := range live {
		if t.State != track.Confirmed && t.Detections == 0 || tUS-t.LastUS > joinFreshUS {
			continue
		}
		b := onPlane(t.Box, sx, sy)
		c := claim{id: t.ID, box: b, reach: b.Pad(joinReach * max(b.W, b.H))}
		for _, v := range views {
			if v.HoldsMiddle(t.Box) {
				c.reach = c.reach.Intersect(onPlane(v, sx, sy))
			}
		}
		j.claims = append(j.claims, c)
	}
}

// look shares out the foreground.
func (j *joined) look(fg frame.Plane) {
	j.w, j.h = fg.W, fg.H
	if n := fg.W * fg.H; len(j.of) != n {
		j.of, j.seen, j.away = make([]int16, n), make([]int16, n), make([]float32, n)
	}
	clear(j.of)
	clear(j.seen)
	for i := range j.claims {
		c := &j.claims[i]
		j.queue = j.queue[:0]
		x0, y0, x1, y1 := j.clip(c.box)
		for y := y0; y < y1; y++ {
			for x := x0; x < x1; x++ {
				if fg.Pix[y*fg.Stride+x] != 0 {
					c.inside++
					j.visit(i, x, y)
				}
			}
		}
		x0, y0, x1, y1 = j.clip(c.reach)
		for at := 0; at < len(j.queue); at++ {
			x, y := int(j.queue[at])%j.w, int(j.queue[at])/j.w
			for v := max(y0, y-1); v < min(y1, y+2); v++ {
				for u := max(x0, x-1); u < min(x1, x+2); u++ {
					if fg.Pix[v*fg.Stride+u] != 0 && j.seen[v*j.w+u] != int16(i+1) {
						j.visit(i, u, v)
					}
				}
			}
		}
	}
}

// visit lets claim i come by a sample, and have it if it is the nearest.
func (j *joined) visit(i, x, y int) {
	k := y*j.w + x
	j.seen[k] = int16(i + 1)
	j.queue = append(j.queue, int32(k))
	if d := float32(sizesAway(j.claims[i].box, x, y)); j.of[k] == 0 || d < j.away[k] {
		j.of[k], j.away[k] = int16(i+1), d
	}
}

// clip is a box in samples of the plane, as cutMask takes it.
func (j *joined) clip(b scene.Box) (x0, y0, x1, y1 int) {
	return max(0, int(b.X)-1), max(0, int(b.Y)-1), min(j.w, int(b.X+b.W)+2), min(j.h, int(b.Y+b.H)+2)
}

// sizesAway is how far a sample lies from the middle of a box: 1 on its ellipse.
func sizesAway(b scene.Box, x, y int) float64 {
	c := b.Center()
	return math.Hypot((float64(x)+.5-c.X)/max(b.W, 1), (float64(y)+.5-c.Y)/max(b.H, 1)) * 2
}

// widen adds to a track's silhouette what is joined to it outside.
func (j *joined) widen(m scene.Mask, id int64) scene.Mask {
	i := slices.IndexFunc(j.claims, func(c claim) bool { return c.id == id })
	if i < 0 {
		return m
	}
	rx0, ry0, rx1, ry1 := j.clip(j.claims[i].reach)
	x0, y0, x1, y1, n := m.X, m.Y, m.X+m.W, m.Y+m.H, 0
	outside := func(x, y int) bool {
		return j.of[y*j.w+x] == int16(i+1) && (x < m.X || x >= m.X+m.W || y < m.Y || y >= m.Y+m.H)
	}
	for y := ry0; y < ry1; y++ {
		for x := rx0; x < rx1; x++ {
			if outside(x, y) {
				x0, y0, x1, y1 = min(x0, x), min(y0, y), max(x1, x+1), max(y1, y+1)
				n++
			}
		}
	}
	if n == 0 || n > joinMost*j.claims[i].inside {
		return m
	}
	out := scene.Mask{TUS: m.TUS, X: x0, Y: y0, W: x1 - x0, H: y1 - y0}
	stride, was := (out.W+7)/8, (m.W+7)/8
	out.Bits = make([]byte, stride*out.H)
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			u, v := x-m.X, y-m.Y
			in := u >= 0 && v >= 0 && u < m.W && v < m.H && m.Bits[v*was+u/8]&(0x80>>(u%8)) != 0
			if in || outside(x, y) {
				u, v = x-x0, y-y0
				out.Bits[v*stride+u/8] |= 0x80 >> (u % 8)
			}
		}
	}
	return out
}
