// Package link joins pieces of tracks that are one object's, after the fact, by
// geometry, motion and class alone. It knows no appearance.
package link

import (
	"math"
	"slices"

	"posteriori/engine/assignment"
	"posteriori/engine/scene"
)

// Tracklet is a piece of an object's life, as [Tracklets] sees it.
type Tracklet struct {
	Path       scene.Path
	Class      scene.Class // Other where none is known
	Detections int         // that named it
	Head, Tail bool        // whether its beginning, its end may be joined to another's
}

// Span is the longest time between two pieces of one life that [Tracklets]
// joins, in µs.
const Span = restSpanUS

// What it takes to join two pieces.
const (
	moveSpanUS   = 3_000_000 // unseen on its way
	restSpanUS   = 5_000_000 // unseen where it stood
	lapUS        = 1_000_000 // both seen: the end of one is the beginning of the other
	lapShare     = 0.5       // of the smaller box in the other while both are seen
	endUS        = 1_000_000 // of a path that tells where its end leads
	sizeUS       = 2_000_000 // and how large the object is
	growthUS     = 4_000_000 // that tells whether it comes nearer
	goesAway     = 0.3       // growth of what does, or does not: no car goes and comes unseen
	restMiss     = 0.6       // sizes
	ambiguous    = 0.15      // of cost, by which the best partner must beat the next
	sureLooks    = 3         // detections from which a class is one
	unsureCost   = 0.15
	walkFade     = 3.0 // s over which a walker's speed is forgotten
	turnedAround = 0.3 // sizes per second from which a direction is one
)

// Tracklets finds the pieces that go on in others: for each, the index of the one
// that it continues, or −1. Geometry, motion and class decide: where the ways
// of both lead, over the gap between them; that the object is as large; and
// that no other piece fits nearly as well. All joins together cost least
// (Zhang, Li, Nevatia, "Global data association for multi-object tracking
// using network flows", CVPR 2008, here with one layer of pieces, so as an
// assignment). Pictures are w×h.
func Tracklets(w, h int, in []Tracklet) []int {
	l := linker{w: float64(w), h: float64(h), in: in}
	out := make([]int, len(in))
	for i := range out {
		out[i] = -1
	}
	var heads, tails []int
	for i, t := range in {
		if len(t.Path) == 0 {
			continue
		}
		if t.Head {
			heads = append(heads, i)
		}
		if t.Tail {
			tails = append(tails, i)
		}
	}
	if len(heads) == 0 || len(tails) == 0 {
		return out
	}
	l.measure()
	cost := make([]float64, len(heads)*len(tails))
	for a, i := range heads {
		for b, j := range tails {
			cost[a*len(tails)+b] = l.cost(j, i)
		}
	}
	var s assignment.Solver
	for a, b := range s.Assign(cost, len(heads), len(tails), 1) {
		if b >= 0 && unrivalled(cost, a, b, len(tails)) {
			out[heads[a]] = tails[b]
		}
	}
	return out
}

// unrivalled tells whether no other pair of row a or column b is nearly as good.
func unrivalled(cost []float64, a, b, m int) bool {
	c := cost[a*m+b]
	for j := range m {
		if j != b && cost[a*m+j] < c+ambiguous {
			return false
		}
	}
	for i := range len(cost) / m {
		if i != a && cost[i*m+b] < c+ambiguous {
			return false
		}
	}
	return true
}

type linker struct {
	w, h       float64
	in         []Tracklet
	head, tail []end
}

// end is where one end of a path leads.
type end struct {
	t      int64
	last   scene.Box // the path's own
	vx, vy float64   // pixels per second
	size   float64
	growth float64 // logarithm of its size by that of some seconds before
	border bool    // comes over the picture's border, or goes
}

func (l *linker) measure() {
	l.head, l.tail = make([]end, len(l.in)), make([]end, len(l.in))
	for i, t := range l.in {
		if t.Head && len(t.Path) > 0 {
			l.head[i] = l.endOf(t.Path, false)
		}
		if t.Tail && len(t.Path) > 0 {
			l.tail[i] = l.endOf(t.Path, true)
		}
	}
}

// endOf measures a path's beginning or, with tail, its end.
func (l *linker) endOf(p scene.Path, tail bool) end {
	last := p[0]
	if tail {
		last = p[len(p)-1]
	}
	e := end{t: last.TUS, last: last.Box}
	var near scene.Path // nearest to the end first
	for k := range p {
		q := p[k]
		if tail {
			q = p[len(p)-1-k]
		}
		if d := max(q.TUS-e.t, e.t-q.TUS); d > sizeUS {
			break
		}
		near = append(near, q)
	}
	e.size = wholeSize(near)
	e.growth = growthOf(p, tail)
	n := 0
	for n < len(near) && max(near[n].TUS-e.t, e.t-near[n].TUS) <= endUS {
		n++
	}
	e.vx, e.vy = slope(near[:n])
	x, y := centre(e.last)
	m := math.Max(2, 0.01*math.Max(l.w, l.h))
	out := 1.0
	if !tail {
		out = -1
	}
	slow := 0.1 * e.size
	e.border = e.last.X <= m && out*e.vx < -slow || e.last.Y <= m && out*e.vy < -slow ||
		e.last.X+e.last.W >= l.w-m && out*e.vx > slow || e.last.Y+e.last.H >= l.h-m && out*e.vy > slow ||
		x+out*e.vx*0.2 < 0 || x+out*e.vx*0.2 > l.w || y+out*e.vy*0.2 < 0 || y+out*e.vy*0.2 > l.h
	return e
}

// wholeSize is the upper quartile of a path's sizes: what hides a part of an
// object makes its box smaller, never larger for long.
func wholeSize(p scene.Path) float64 {
	s := make([]float64, len(p))
	for i, q := range p {
		s[i] = size(q.Box)
	}
	slices.Sort(s)
	return s[len(s)*3/4]
}

// growthOf is by how much a path's box grows over its last growthUS or, where
// tail is false, its first: a logarithm of sizes, each a mean over a third.
func growthOf(p scene.Path, tail bool) float64 {
	from, to := p[0].TUS, min(p[0].TUS+growthUS, p[len(p)-1].TUS)
	if tail {
		from, to = max(p[0].TUS, p[len(p)-1].TUS-growthUS), p[len(p)-1].TUS
	}
	third := (to - from) / 3
	return math.Log(meanSize(p.Between(to-third, to)) / meanSize(p.Between(from, from+third)))
}

func meanSize(p scene.Path) float64 {
	sum := 0.0
	for _, q := range p {
		sum += size(q.Box)
	}
	return sum / math.Max(1, float64(len(p)))
}

// slope is the speed of a path's centre, by least squares.
func slope(p scene.Path) (vx, vy float64) {
	var t, x, y float64
	n := float64(len(p))
	for _, q := range p {
		cx, cy := centre(q.Box)
		t, x, y = t+float64(q.TUS-p[0].TUS)/1e6, x+cx, y+cy
	}
	t, x, y = t/n, x/n, y/n
	var tt, tx, ty float64
	for _, q := range p {
		cx, cy := centre(q.Box)
		d := float64(q.TUS-p[0].TUS)/1e6 - t
		tt, tx, ty = tt+d*d, tx+d*(cx-x), ty+d*(cy-y)
	}
	if tt < 1e-9 {
		return 0, 0
	}
	return tx / tt, ty / tt
}

// cost is what it costs that b goes on from a, +Inf where it cannot.
func (l *linker) cost(a, b int) float64 {
	no := math.Inf(1)
	if a == b {
		return no
	}
	t, h := &l.tail[a], &l.head[b]
	p, q := l.in[a].Path, l.in[b].Path
	gap := h.t - t.t
	if gap > restSpanUS || gap < -lapUS || q[len(q)-1].TUS <= t.t || p[0].TUS >= h.t {
		return no
	}
	unsure := 0.0
	ka, kb := l.kind(a), l.kind(b)
	if ka != kb {
		if ka != 0 && kb != 0 {
			return no
		}
		unsure = unsureCost
	}
	if gap <= 0 {
		return l.lap(p.Between(h.t, t.t), q) + unsure
	}
	if r := t.size / h.size; r > 2 || r < 0.5 {
		return no
	}
	if t.border || h.border {
		return no
	}
	return l.bridge(t, h, ka == scene.Car.Kind() || kb == scene.Car.Kind()) + unsure
}

// kind of what detectors named surely enough; 0 otherwise.
func (l *linker) kind(i int) int {
	if l.in[i].Detections < sureLooks {
		return 0
	}
	return l.in[i].Class.Kind()
}

// lap is the cost where both are seen for a moment: one must cover the other.
func (l *linker) lap(p, q scene.Path) float64 {
	var sum, n float64
	for _, u := range p {
		if b, ok := q.At(u.TUS); ok {
			sum += containment(u.Box, b)
			n++
		}
	}
	if n == 0 || sum/n < lapShare {
		return math.Inf(1)
	}
	return 0.8 * (1 - sum/n)
}

// bridge is the cost of a gap in which neither is seen.
func (l *linker) bridge(t, h *end, vehicle bool) float64 {
	gap := float64(h.t-t.t) / 1e6
	s := (t.size + h.size) / 2
	vt, vh := math.Hypot(t.vx, t.vy)/s, math.Hypot(h.vx, h.vy)/s
	if vt > turnedAround && vh > turnedAround && (vehicle || gap < 1) && t.vx*h.vx+t.vy*h.vy < 0 {
		return math.Inf(1)
	}
	if vehicle && t.growth < -goesAway && h.growth > goesAway {
		return math.Inf(1)
	}
	best := math.Inf(1)
	if h.t-t.t <= moveSpanUS {
		reach := gap
		if !vehicle {
			reach = walkFade * (1 - math.Exp(-gap/walkFade))
		}
		allow := 0.4 + 0.4*gap
		if miss := l.miss(t, h, reach) / s; miss <= allow {
			best = 0.7*miss/allow + 0.3*gap/3
		}
	}
	if vt < turnedAround {
		if miss := l.miss(t, h, 0) / s; miss <= restMiss {
			best = math.Min(best, 0.7*miss/restMiss+0.3*gap/5)
		}
	}
	return best
}

// miss is how far the ways miss each other's ends after so many seconds, in
// pixels, at the top or at the foot, whichever is less: a part may be hidden.
func (l *linker) miss(t, h *end, reach float64) float64 {
	least := math.Inf(1)
	for _, f := range [...]float64{0, 1} {
		tx, ty := t.last.X+t.last.W/2, t.last.Y+f*t.last.H
		hx, hy := h.last.X+h.last.W/2, h.last.Y+f*h.last.H
		on := math.Hypot(tx+t.vx*reach-hx, ty+t.vy*reach-hy)
		back := math.Hypot(hx-h.vx*reach-tx, hy-h.vy*reach-ty)
		least = math.Min(least, (on+back)/2)
	}
	return least
}

// size is the side of the square of the same area: a box's length unit.
func size(b scene.Box) float64 { return math.Sqrt(math.Max(b.Area(), 1)) }

func centre(b scene.Box) (x, y float64) { return b.X + b.W/2, b.Y + b.H/2 }

// containment is the share of the smaller box that lies in the other.
func containment(a, b scene.Box) float64 {
	return a.Intersect(b).Area() / math.Max(math.Min(a.Area(), b.Area()), 1e-9)
}
