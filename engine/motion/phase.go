package motion

import (
	"encoding/binary"
)

// phase is where the model stands between learning and knowing.
type phase struct {
	learning bool
	reason   string // of the present state; "" when none
	cause    string // why it is learning anew; "" at the start
	startUS  int64
	knownUS  int64 // when the background was learnt
	filled   int   // samples gathered in this learning phase

	youngUS int64 // until then passing objects may still be among the samples

	floodUS   int64 // the present flood began then, or never
	coveredUS int64
}

const (
	youngUS    = 15_000_000
	lostSome   = 0.35 // enough when most edges point elsewhere, too
	lostShare  = 0.6  // of the background's edges: objects do not hide as many
	coverStd   = 2.5  // a picture flatter than this shows nothing
	coverShare = 0.2  // or one that lost four fifths of the background's spread
	coverAtMin = 8.0  // provided that the background had some
)

// start takes the first frame as the background.
func (m *Model) start(tUS int64) {
	m.started = true
	copy(m.prev, m.cur)
	m.phase = phase{floodUS: never, coveredUS: never}
	for y := 0; y < m.h; y++ {
		for x := 0; x < m.w; x++ {
			m.bg.restart(y*m.stride+x, m.cur[y*m.stride+x])
		}
	}
	m.beginLearning("", tUS)
}

func (m *Model) beginLearning(reason string, tUS int64) {
	m.phase.learning, m.phase.reason, m.phase.startUS, m.phase.filled = true, reason, tUS, 0
	m.phase.cause, m.phase.floodUS = reason, never
	m.stills.reset()
	m.stands.forget()
	m.near.clear()
	m.clean.clear()
	m.tone.on, m.tone.boost, m.tone.quiet = false, 0, -1
	m.tone.lasting(tUS)
}

// gather adds the frame to the samples when it is due: sixteen spread over
// Config.WarmUp, at least half of them however slow the frames come. It tells
// whether a first background is there.
func (m *Model) gather(tUS int64) bool {
	ph := &m.phase
	elapsed, span := tUS-ph.startUS, m.cfg.WarmUp.Microseconds()
	if ph.filled < slots && elapsed*slots >= span*int64(ph.filled) {
		m.bg.fill(m.cur, uint32(ph.filled))
		ph.filled++
		switch {
		case ph.filled == slots || elapsed >= span && ph.filled >= slots/2:
			m.bg.consolidate(ph.filled, true)
			ph.learning, ph.reason = false, ""
			ph.knownUS, ph.youngUS = tUS, tUS+youngUS
			m.edges.build(m.bg, tUS)
			m.edges.usual = 0
		case ph.filled == 4 || ph.filled == 8:
			m.bg.consolidate(ph.filled, false)
		}
	}
	return ph.filled >= 4
}

// watchCover tells whether the lens shows nothing. The model stays as it was.
func (m *Model) watchCover(tUS int64) bool {
	std, _ := m.tone.spread(m.cur, m.prev)
	flat := std < coverStd
	if !flat && !m.phase.learning && std < coverAtMin {
		flat = std < coverShare*m.backSpread() && m.edges.agree(m.cur, m.bg) < 0.3
	}
	if !flat {
		if m.phase.coveredUS != never {
			m.phase.coveredUS = never
			m.phase.reason = ""
			if m.phase.learning {
				m.phase.reason = m.phase.cause
			}
		}
		return false
	}
	if m.phase.coveredUS == never {
		m.phase.coveredUS = tUS
		m.phase.reason = "nothing to see: lens covered or picture blank"
		if m.phase.learning { // what was learned so far may be the cover
			m.phase.filled, m.phase.startUS = 0, tUS
		}
	}
	return true
}

// backSpread is the standard deviation of the background on the grid.
func (m *Model) backSpread() float64 {
	var s, s2 float64
	for _, p := range m.tone.points {
		v := float64(m.bg.px[p].mean) / 256
		s, s2 = s+v, s2+v*v
	}
	n := float64(len(m.tone.points))
	return sqrt(max(s2/n-s/n*s/n, 0))
}

// watchFlood tells whether so much differs that no object can be the cause.
// The model is kept while that may pass (a lorry close by, a flash); when it
// lasts, learning starts anew.
func (m *Model) watchFlood(changed, lost float64, tUS int64) bool {
	ph := &m.phase
	if changed <= m.cfg.FloodShare && lost <= lostShare && (lost <= lostSome || m.edges.agree(m.cur, m.bg) >= 0.4) {
		ph.floodUS, ph.reason = never, ""
		return false
	}
	if ph.floodUS == never {
		ph.floodUS = tUS
	}
	ph.reason = "camera moved"
	if m.edges.agree(m.cur, m.bg) > 0.5 {
		ph.reason = "brightness jump"
	}
	_, change := m.tone.spread(m.cur, m.prev)
	lasted := tUS - ph.floodUS
	if lasted > m.cfg.Settle.Microseconds() && change < 6 || lasted > 3_000_000 {
		reason := ph.reason
		m.beginLearning(reason, tUS)
		m.gather(tUS)
	}
	return true
}

// silent is a result without foreground.
func (m *Model) silent(s State, changed float64, reason string) Result {
	if m.stale {
		clear(m.out.Pix)
		m.stale = false
	}
	return Result{Mask: m.out, State: s, Changed: changed, Reason: reason}
}

// emit writes the mask out as bytes: the rows that hold something now or did
// before.
func (m *Model) emit(s State, changed float64) Result {
	from, to := m.top, m.end
	if m.stale {
		from, to = min(from, m.outTop), max(to, m.outEnd)
	}
	for y := from; y < to; y++ {
		expand(m.out.Row(y), m.clean.row(y))
	}
	m.outTop, m.outEnd, m.stale = m.top, m.end, m.top < m.end
	return Result{Mask: m.out, Blobs: m.comps.blobs, State: s, Changed: changed}
}

// expand turns bits into bytes of 0 or 255.
func expand(dst []byte, row []uint64) {
	for i, v := range row {
		d := dst[i*64 : min(i*64+64, len(dst))]
		if v == 0 {
			clear(d)
			continue
		}
		for ; len(d) >= 8; d, v = d[8:], v>>8 {
			binary.LittleEndian.PutUint64(d, spreadBits[uint8(v)])
		}
		for j := range d {
			d[j] = -uint8(v >> uint(j) & 1)
		}
	}
}
