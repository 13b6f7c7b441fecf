package track

import (
	"math"
	"slices"

	"posteriori/engine/scene"
)

// Smoothing works on the four edges, not on centre and sides: an object that
// comes in over the border has one edge at rest and one in motion.
const (
	accelEdge  = 1.0
	startEdge  = 5.0
	offsetSpan = 1_500_000
	lengthFade = 1.0 // s over which the length unit of a cut box recovers
)

// smoother holds buffers of the forward pass.
type smoother struct {
	fwd  []axis
	unit []float64
	edge [4][]float64
	boxs []scene.Box
	offs []timedOffset
}

// path turns a track's samples into its path: the fixed-interval smoothing of
// Rauch, Tung and Striebel over each edge, with blobs mapped to where the
// detector would have drawn them.
func (sm *smoother) path(ss []sample, w, h float64) scene.Path {
	if len(ss) == 0 {
		return nil
	}
	sm.boxes(ss)
	sm.units(ss)
	for e := range sm.edge {
		sm.edge[e] = resize(sm.edge[e], len(ss))
		sm.run(ss, e)
	}
	out := make(scene.Path, 0, len(ss))
	for i, s := range ss {
		l, t, r, b := sm.edge[0][i], sm.edge[1][i], sm.edge[2][i], sm.edge[3][i]
		box, ok := clip(scene.Box{X: l, Y: t, W: r - l, H: b - t}, w, h)
		if !ok || box.W < 1 || box.H < 1 {
			if s.kind < followed {
				continue
			}
			if box, ok = clip(sm.boxs[i], w, h); !ok {
				continue
			}
		}
		out = append(out, scene.PathPoint{TUS: s.t, Box: box, Interpolated: s.kind == unseen})
	}
	return out
}

// boxes fills boxs with each sample's box as the detector would have drawn it.
// How a blob's box lies to the detector's is averaged over the second or so
// around it, because single detector boxes are noisy and blobs change slowly;
// a detection that had a blob is averaged with what the blob says.
func (sm *smoother) boxes(ss []sample) {
	sm.boxs = resize(sm.boxs, len(ss))
	sm.offs = sm.offs[:0]
	for i, s := range ss {
		sm.boxs[i] = s.box
		if s.hasBlob && misfit(s.box, s.blob) < worstFit {
			sm.offs = append(sm.offs, timedOffset{s.t, offsetOf(s.box, s.blob)})
		}
	}
	if len(sm.offs) == 0 {
		return
	}
	from := 0
	for i, s := range ss {
		if s.kind == followed {
			sm.boxs[i] = applyOffset(s.box, sm.offsetAt(s.t, &from))
		} else if s.hasBlob {
			b := applyOffset(s.blob, sm.offsetAt(s.t, &from))
			sm.boxs[i] = scene.Box{X: (s.box.X + b.X) / 2, Y: (s.box.Y + b.Y) / 2, W: (s.box.W + b.W) / 2, H: (s.box.H + b.H) / 2}
		}
	}
}

type timedOffset struct {
	t int64
	o scene.Box
}

// offsetAt is the mean offset around t, or the nearest one; from is a cursor
// that only moves on.
func (sm *smoother) offsetAt(t int64, from *int) scene.Box {
	for *from < len(sm.offs)-1 && sm.offs[*from].t < t-offsetSpan {
		*from++
	}
	var sum scene.Box
	var weight float64
	for _, o := range sm.offs[*from:] {
		if o.t > t+offsetSpan {
			break
		}
		x := float64(o.t-t) / (offsetSpan / 2)
		g := math.Exp(-x * x / 2)
		sum.X, sum.Y, sum.W, sum.H = sum.X+g*o.o.X, sum.Y+g*o.o.Y, sum.W+g*o.o.W, sum.H+g*o.o.H
		weight += g
	}
	if weight < 1e-3 {
		o := sm.offs[*from].o
		if *from > 0 && t-sm.offs[*from-1].t < sm.offs[*from].t-t {
			o = sm.offs[*from-1].o
		}
		return o
	}
	return scene.Box{X: sum.X / weight, Y: sum.Y / weight, W: sum.W / weight, H: sum.H / weight}
}

// units fills unit with the length that noises scale with: the box's size, but
// for a box cut at the border not much less than it is a moment away.
func (sm *smoother) units(ss []sample) {
	sm.unit = resize(sm.unit, len(ss))
	run := 1.0
	pass := func(i int, dt float64) {
		run *= math.Exp(-dt / lengthFade)
		if ss[i].kind != unseen {
			run = math.Max(run, size(sm.boxs[i]))
		}
		sm.unit[i] = math.Max(sm.unit[i], math.Max(run, 1))
	}
	clear(sm.unit)
	for i := range ss {
		pass(i, seconds(ss, i))
	}
	run = 1
	for i := len(ss) - 1; i >= 0; i-- {
		dt := 0.0
		if i+1 < len(ss) {
			dt = seconds(ss, i+1)
		}
		pass(i, dt)
	}
}

// seconds between sample i and the one before.
func seconds(ss []sample, i int) float64 {
	if i == 0 {
		return 0
	}
	return float64(ss[i].t-ss[i-1].t) / 1e6
}

func edgeOf(b scene.Box, e int) float64 {
	return [4]float64{b.X, b.Y, b.X + b.W, b.Y + b.H}[e]
}

// run smooths edge e into sm.edge[e].
func (sm *smoother) run(ss []sample, e int) {
	sm.fwd = resize(sm.fwd, len(ss))
	first := slices.IndexFunc(ss, func(s sample) bool { return s.kind != unseen })
	first = max(first, 0)
	u := sm.unit[first]
	a := newAxis(edgeOf(sm.boxs[first], e), sq(float64(ss[first].noise)*u), sq(startEdge*u))
	seen := 1
	for i := range ss {
		if i > 0 {
			a.predict(seconds(ss, i), sq(accelEdge*sm.unit[i]))
		}
		if s := ss[i]; s.kind != unseen && i > first {
			z, r := edgeOf(sm.boxs[i], e), sq(float64(s.noise)*sm.unit[i])
			if seen > 3 {
				r = a.huber(z, r, outlier)
			}
			a.update(z, r)
			seen++
		}
		sm.fwd[i] = a
	}
	n := len(ss) - 1
	p, v := sm.fwd[n].p, sm.fwd[n].v
	sm.edge[e][n] = p
	for i := n - 1; i >= 0; i-- {
		f := sm.fwd[i]
		pr := f
		dt := seconds(ss, i+1)
		pr.predict(dt, sq(accelEdge*sm.unit[i+1]))
		// Gain = P Fᵀ P⁻¹(predicted), for the 2×2 state.
		c00, c01 := f.ppp+f.ppv*dt, f.ppv
		c10, c11 := f.ppv+f.pvv*dt, f.pvv
		det := pr.ppp*pr.pvv - pr.ppv*pr.ppv
		if det <= 1e-12 {
			det = 1e-12
		}
		g00, g01 := (c00*pr.pvv-c01*pr.ppv)/det, (c01*pr.ppp-c00*pr.ppv)/det
		g10, g11 := (c10*pr.pvv-c11*pr.ppv)/det, (c11*pr.ppp-c10*pr.ppv)/det
		dp, dv := p-pr.p, v-pr.v
		p, v = f.p+g00*dp+g01*dv, f.v+g10*dp+g11*dv
		sm.edge[e][i] = p
	}
}

const (
	// vainLooks is after how many looks in vain the shape of what blobs alone
	// vouch for must hold together, and erraticMost how little it may vary
	// beyond its growth, as a logarithm of its size.
	vainLooks   = 4
	erraticMost = 0.7
	erraticUS   = 500_000
	// A detector that found it in fewer than one look of doubtfulLooks, with
	// less than doubtfulMost of score in all, has not vouched for it.
	doubtfulLooks = 5
	doubtfulMost  = 1.0
)

// erratic is how much the size of a path's box goes up and down, beyond what
// it gains or loses from its beginning to its end, as a sum of logarithms: an
// object that comes near grows, a shadow on a bank swells and shrinks. What
// the picture's border cuts says nothing.
func (tr *Tracker) erratic(p scene.Path) float64 {
	var first, last, sum float64
	at := int64(math.MinInt64)
	for _, q := range p {
		if tr.atBorder(q.Box) || at != math.MinInt64 && q.TUS-at < erraticUS {
			continue
		}
		now := math.Log(math.Max(1, size(q.Box)))
		if at == math.MinInt64 {
			first, last = now, now
		}
		sum += math.Abs(now - last)
		last, at = now, q.TUS
	}
	return sum - math.Abs(last-first)
}

// worthy: what blobs alone vouch for, or the detector hardly, must have gone
// somewhere in the end, and where it was looked at in vain have kept its shape.
func (tr *Tracker) worthy(t *Track) bool {
	if t.Detections >= 2 && !t.doubtful() {
		return true
	}
	if t.looks >= vainLooks && tr.erratic(t.Path) > erraticMost {
		return false
	}
	var far, side float64
	for _, p := range t.Path {
		far = math.Max(far, distance(p.Box, t.Path[0].Box))
		side += size(p.Box)
	}
	return far >= math.Min(0.7*side/float64(len(t.Path)), 0.1*math.Hypot(tr.w, tr.h))
}

// doubtful: of many looks few found it, with low scores.
func (t *Track) doubtful() bool {
	return t.looks >= vainLooks && t.Detections*(doubtfulLooks-1) < t.looks && t.Weight < doubtfulMost
}

// finish ends t and hands it out if it was confirmed.
func (tr *Tracker) finish(t *Track, end Ending) {
	if t.State != Confirmed {
		t.State = Ended
		return
	}
	t.State, t.Ending = Ended, end
	t.trim()
	t.trimStray()
	if moved, rests := t.trimRest(us(tr.cfg.RestAfter)); rests && moved < us(tr.cfg.MinBlobAge) {
		return
	}
	if end == Lost {
		if t.left() {
			t.cutAfter(t.DetectedUS)
		}
		t.trimVague()
	}
	t.Path = tr.smooth.path(t.samples, tr.w, tr.h)
	for len(t.Path) > 0 && t.Path[len(t.Path)-1].Interpolated {
		t.Path = t.Path[:len(t.Path)-1]
	}
	if len(t.Path) < 2 || !tr.worthy(t) || tr.satellite(t) {
		return
	}
	a, b := t.Path[0], t.Path[len(t.Path)-1]
	t.FirstUS, t.LastUS, t.Box = a.TUS, b.TUS, b.Box
	life := float64(t.LastUS - t.FirstUS)
	t.Observed = math.Min(1, float64(t.observed)/life)
	t.Motion = math.Min(1, float64(t.moving)/life)
	t.Net = math.Hypot(b.Box.X+b.Box.W/2-a.Box.X-a.Box.W/2, b.Box.Y+b.Box.H-a.Box.Y-a.Box.H)
	t.samples = nil
	tr.remember(t)
	tr.finished = append(tr.finished, t)
}
