package motion

import (
	"math/bits"

	"posteriori/engine/frame"
)

// Model is the background of one fixed camera. It is not safe for use by
// several goroutines at once.
type Model struct {
	cfg    Config
	w, h   int
	stride int

	bg        *background
	cur, prev []byte // pictures in the model's tone, padded to stride
	raw       bitPlane
	perRow    []int // samples set in each row of raw
	top, end  int   // rows of clean that hold something: [top, end)
	strong    bitPlane
	clean     bitPlane // the mask
	near      bitPlane // the mask grown: no learning here
	scratch   bitPlane
	dark      bitPlane // raw samples as dark as a shadow may be
	held      bitPlane
	morph     *morph
	lab       labeller
	comps     components
	tone      *tone
	edges     edges
	stills    *stills
	stands    stands
	phase     phase

	out     frame.Plane
	back    frame.Plane
	stale   bool // out holds a mask, in rows [outTop, outEnd)
	outTop  int
	outEnd  int
	started bool
	lastUS  int64
	walk    int // next sample in turn to learn
}

// New makes a model for planes of w×h samples, both at least 16.
func New(w, h int, cfg Config) *Model {
	cfg = cfg.withDefaults()
	words := (w + 63) / 64
	stride := words * 64
	m := &Model{
		cfg: cfg, w: w, h: h, stride: stride,
		bg:  newBackground(w, h, stride, cfg.Radius, cfg.Seed),
		cur: make([]byte, stride*h), prev: make([]byte, stride*h),
		morph: newMorph(w, words, h), tone: newTone(w, h, stride), stills: newStills(w, h),
		perRow: make([]int, h),
		out:    frame.NewPlane(w, h), back: frame.NewPlane(w, h),
	}
	for _, p := range []*bitPlane{&m.raw, &m.strong, &m.clean, &m.near, &m.scratch, &m.dark, &m.held} {
		*p = newBitPlane(words, h)
	}
	return m
}

// Apply shows the model one frame: its luma plane, of the size given to New
// (any stride), and its media time. Times should increase; a time that jumps
// back counts as no time passed. It panics when the size is not the model's.
func (m *Model) Apply(p frame.Plane, tUS int64) Result {
	if p.W != m.w || p.H != m.h {
		panic("motion: plane is not of the model's size")
	}
	dt := max(tUS-m.lastUS, 0)
	if !m.started {
		dt = 0
	}
	m.lastUS = tUS
	m.cur, m.prev = m.prev, m.cur
	m.load(p, 0, 0, false)
	if !m.started {
		m.start(tUS)
	}
	if m.watchCover(tUS) {
		return m.silent(Covered, 0, m.phase.reason)
	}
	if m.phase.learning {
		return m.applyLearning(tUS, dt)
	}
	return m.applySettled(p, tUS, dt)
}

// applySettled is Apply once the background is known.
func (m *Model) applySettled(p frame.Plane, tUS, dt int64) Result {
	m.align(p, tUS, dt)
	lost := m.edges.look(m.cur, m.bg, tUS, dt)
	switch e := &m.edges; {
	case e.sx == 0 && e.sy == 0:
	case tUS-e.sinceUS > 2*m.cfg.Settle.Microseconds():
		m.bg.translate(e.sx, e.sy)
		m.stands.forget()
		e.build(m.bg, tUS)
		e.sinceUS = tUS
	default:
		m.load(p, e.sx, e.sy, m.tone.on)
	}
	m.tone.measure(m.cur, m.bg.px, m.near, dt)
	changed := m.classify()
	if m.watchFlood(changed, lost, tUS) {
		return m.silent(Relearning, changed, m.phase.reason)
	}
	m.cleanUp()
	m.stills.maybeUpdate(m.cur, m.bg, m.clean, m.top, m.end, tUS)
	m.comps.find(m, tUS)
	m.stands.watch(m, tUS)
	m.settleStill(tUS)
	m.learn(dt)
	if tUS-m.edges.builtUS > 10_000_000 {
		m.edges.build(m.bg, tUS)
	}
	return m.emit(Normal, changed)
}

// applyLearning is Apply while the model gathers samples.
func (m *Model) applyLearning(tUS, dt int64) Result {
	ready := m.gather(tUS)
	state, reason := Warming, ""
	if m.phase.reason != "" {
		state, reason = Relearning, m.phase.reason
	}
	if !ready || state == Relearning {
		return m.silent(state, 0, reason)
	}
	changed := m.classify()
	if changed > m.cfg.FloodShare {
		return m.silent(state, changed, reason)
	}
	m.cleanUp()
	m.comps.find(m, tUS)
	return m.emit(state, changed)
}

// load copies the plane, taken (sx, sy) further on, into cur, through the
// tone table when toned.
func (m *Model) load(p frame.Plane, sx, sy int, toned bool) {
	for y := 0; y < m.h; y++ {
		src := p.Row(min(max(y+sy, 0), m.h-1))
		dst := m.cur[y*m.stride : y*m.stride+m.w]
		switch {
		case sx > 0:
			n := copy(dst, src[sx:])
			for ; n < m.w; n++ {
				dst[n] = src[m.w-1]
			}
		case sx < 0:
			copy(dst[-sx:], src)
			for i := 0; i < -sx; i++ {
				dst[i] = src[0]
			}
		default:
			copy(dst, src)
		}
		if toned {
			for x, v := range dst {
				dst[x] = m.tone.lut[v]
			}
		}
	}
}

// align brings the picture to the model's tone, or, when the new tone has
// come to stay, the model to the picture's.
func (m *Model) align(p frame.Plane, tUS, dt int64) {
	if m.tone.estimate(m.cur, m.bg.px, m.near) {
		for y := 0; y < m.h; y++ {
			row := m.cur[y*m.stride : y*m.stride+m.w]
			for x, v := range row {
				row[x] = m.tone.lut[v]
			}
		}
	}
	if m.tone.lasting(tUS) > 1_000_000 {
		m.bg.rebase(m.tone.gain, m.tone.offset)
		m.tone.on = false
		m.tone.lasting(tUS)
		m.load(p, 0, 0, false)
		m.edges.build(m.bg, tUS)
	}
}

// classify fills raw and strong, and returns the share of raw.
func (m *Model) classify() float64 {
	b, boost, n := m.bg, m.tone.boost, 0
	clear(m.perRow)
	for i := range m.raw.w {
		o := i * 64
		var raw, strong uint64
		for c := b.suspects(m.cur, o); c != 0; c &= c - 1 {
			k := bits.TrailingZeros64(c)
			p := o + k
			q := &b.px[p]
			r, v := int(q.rad)+boost, m.cur[p]
			d := abs(int(v) - int(q.grey))
			// Far out it needs no look at the samples, which are cold memory.
			if d <= surelyX*r && !b.foreign(p, v, min(r, 63)) {
				continue
			}
			if d <= surelyX*r && b.nearby(p, int(v), r) {
				continue
			}
			raw |= 1 << uint(k)
			if d > strongX*r {
				strong |= 1 << uint(k)
			}
		}
		m.raw.w[i], m.strong.w[i] = raw, strong
		if raw != 0 {
			k := bits.OnesCount64(raw)
			m.perRow[i/m.raw.words] += k
			n += k
		}
	}
	return float64(n) / float64(m.w*m.h)
}

// cleanUp turns raw into clean: shadows out, salt out, pepper in.
func (m *Model) cleanUp() {
	m.dropShadows()
	m.top, m.end = m.morph.majority(m.clean, m.raw, majorityReach, majorityNeed, m.perRow)
	if m.top >= m.end {
		m.near.clear()
		return
	}
	m.top, m.end = max(m.top-2, 0), min(m.end+2, m.h)
	m.morph.dilate(m.scratch, m.clean, m.top, m.end)
	m.morph.erode(m.clean, m.scratch, m.top, m.end)
	m.comps.area = m.lab.fillHoles(m.clean, m.w, m.top, m.end, m.w*m.h/50, m.comps.area)
	m.near.clear()
	m.morph.dilate(m.near, m.clean, m.top, m.end)
}

// A sample is foreground when at least ten of the 5×5 around it are.
const (
	majorityReach = 2
	majorityNeed  = 10
)

// learn takes a pseudo-random part of the picture into the model, so that
// each sample is visited once in Config.Refresh on average. Places that
// flicker without being part of an object widen their radius.
func (m *Model) learn(dt int64) {
	b := m.bg
	for i, v := range m.raw.w {
		for c := v &^ m.near.w[i]; c != 0; c &= c - 1 {
			p := i*64 + bits.TrailingZeros64(c)
			if b.px[p].extra < 120 {
				b.px[p].extra += 4
				b.band(p)
			}
		}
	}
	if dt <= 0 {
		return
	}
	n := len(m.cur) / (visitGroup * visitRun)
	gap := uint64(max(m.cfg.Refresh.Microseconds()/dt, 1))
	g := m.walk
	for ; g < n; g += 1 + int(uint64(b.rand())*(2*gap-1)>>32) {
		for k := range visitRun {
			m.visit((g*visitRun+k)*visitGroup, b.rand())
		}
	}
	m.walk = g - n
}

// visitGroup samples side by side are learned together, and visitRun such
// groups: their models share lines of the processor's cache, and the next lines
// are fetched by themselves.
const (
	visitGroup = 8
	visitRun   = 4
)

// visit learns the samples of one group that are not foreground. Their values
// are not handed to neighbours as in ViBe: that dulls the model along edges
// (F .931 against .949, all else equal, on CDnet highway).
func (m *Model) visit(p int, r uint32) {
	fg, all := m.near.w[p>>6]>>(uint(p)&63), r>>30 == 0 || m.lastUS < m.phase.youngUS
	end := p + min(visitGroup, m.w-p%m.stride)
	for ; p < end; p, r, fg = p+1, r>>3, fg>>1 {
		if fg&1 != 0 {
			m.visitForeground(p, m.cur[p], r)
		} else {
			m.bg.learn(p, m.cur[p], r&15, all)
		}
	}
}

// visitForeground lets restless foreground (a tree in a new wind, water) into
// the samples, slowly. What stands still is left to settleStill.
func (m *Model) visitForeground(p int, v uint8, r uint32) {
	x, y := p%m.stride, p/m.stride
	if m.held.get(x, y) || m.stills.ageAt(x, y, m.lastUS) > 500_000 {
		return
	}
	if odds := uint64(m.cfg.AbsorbAfter/m.cfg.Refresh) / 2; uint64(m.bg.rand())*odds>>32 == 0 {
		m.bg.put(p, r&15, v)
	}
}

// Hold names the areas in which known objects stand: there nothing joins the
// background and nothing is taken for a ghost. It replaces the areas named
// before.
func (m *Model) Hold(areas []Area) {
	m.held.clear()
	for _, a := range areas {
		x0, x1 := max(a.X, 0), min(a.X+a.W, m.w)
		for y := max(a.Y, 0); y < min(a.Y+a.H, m.h); y++ {
			m.held.setRun(y, x0, x1)
		}
	}
}

// Absorb makes what the last frame showed in the area part of the background:
// the foreground there was a ghost, or is of no interest.
func (m *Model) Absorb(a Area) {
	for y := max(a.Y, 0); y < min(a.Y+a.H, m.h); y++ {
		for x := max(a.X, 0); x < min(a.X+a.W, m.w); x++ {
			if m.near.get(x, y) {
				m.bg.restart(y*m.stride+x, m.cur[y*m.stride+x])
			}
		}
	}
}

// Background is the clean estimate of the empty scene. It is valid until the
// next call of Background.
func (m *Model) Background() frame.Plane {
	for y := 0; y < m.h; y++ {
		row := m.back.Row(y)
		for x := range row {
			row[x] = m.bg.px[y*m.stride+x].grey
		}
	}
	return m.back
}

// spread maps eight mask bits to eight bytes of 0 or 255.
var spreadBits = func() (t [256]uint64) {
	for i := range t {
		for k := 0; k < 8; k++ {
			if i>>k&1 == 1 {
				t[i] |= 0xff << (8 * k)
			}
		}
	}
	return t
}()
