package synopsis

// When a group counts as standing still.
const (
	stillLeastUS = 4 * second  // shorter rests keep their own speed
	stillEdgeUS  = 500_000     // of a rest that keeps its speed at each end
	stillMostUS  = 10 * second // no rest is shown for longer than this
	stillMove    = .12         // of the object's size in a second
)

// stretch is a span of media time shown at one speed: at speed 4 four
// seconds pass in one.
type stretch struct {
	fromUS, toUS int64
	speed        float64
}

// outUS is how long the stretch is shown.
func (s stretch) outUS() int64 { return int64(float64(s.toUS-s.fromUS) / s.speed) }

// warp is how a group's time is shown: stretches that tile it. All members
// share it, so they keep their relative times.
type warp []stretch

func (w warp) outUS() (n int64) {
	for _, s := range w {
		n += s.outUS()
	}
	return n
}

// groupWarp plays a group at its own speed, but faster where all of its
// members that are there stand still. A speed of 1 leaves everything as it is.
func groupWarp(all []sampled, g group, stepUS int64, speed float64) warp {
	whole := stretch{g.startUS, max(g.endUS, g.startUS+1), 1}
	if speed <= 1 {
		return warp{whole}
	}
	first := g.startUS / stepUS
	still := make([]bool, g.endUS/stepUS-first+1)
	for k := range still {
		still[k] = true
	}
	for _, i := range g.members {
		s := &all[i]
		for k := range s.places {
			if !restsAt(s, k, int(max(1, second/stepUS))) {
				still[s.first-first+int64(k)] = false
			}
		}
	}
	var w warp
	at := whole.fromUS
	for k := 0; k < len(still); {
		if !still[k] {
			k++
			continue
		}
		from := k
		for k < len(still) && still[k] {
			k++
		}
		a := max((first+int64(from))*stepUS+stillEdgeUS, at)
		b := min((first+int64(k))*stepUS-stillEdgeUS, whole.toUS)
		if b-a < stillLeastUS-2*stillEdgeUS {
			continue
		}
		if a > at {
			w = append(w, stretch{at, a, 1})
		}
		w = append(w, stretch{a, b, max(speed, float64(b-a)/float64(stillMostUS))})
		at = b
	}
	if at < whole.toUS {
		w = append(w, stretch{at, whole.toUS, 1})
	}
	return w
}

// restsAt tells whether the object stays where it is within a second before
// and after sample k. The first and last second of its life never count: an
// object must be seen to come and go.
func restsAt(s *sampled, k, perSecond int) bool {
	if k < perSecond || k+perSecond >= len(s.places) {
		return false
	}
	p := s.places[k]
	for _, q := range []place{s.places[k-perSecond], s.places[k+perSecond]} {
		dx := (q.x + q.w/2 - p.x - p.w/2) / max(p.w, 1e-6)
		dy := (q.y + q.h/2 - p.y - p.h/2) / max(p.h, 1e-6)
		if dx*dx+dy*dy > stillMove*stillMove {
			return false
		}
	}
	return true
}

// cut is the part of the warp shown in [fromUS, toUS) of its output time.
func (w warp) cut(fromUS, toUS int64) warp {
	var out warp
	var at int64
	for _, s := range w {
		n := s.outUS()
		a, b := max(fromUS, at), min(toUS, at+n)
		if a < b {
			t := stretch{s.fromUS + int64(float64(a-at)*s.speed), s.fromUS + int64(float64(b-at)*s.speed), s.speed}
			if a == at {
				t.fromUS = s.fromUS
			}
			if b == at+n {
				t.toUS = s.toUS
			}
			out = append(out, t)
		}
		at += n
	}
	return out
}

// mediaAt is the media time shown at output time t, clamped to the warp.
func (w warp) mediaAt(t int64) int64 {
	for _, s := range w {
		n := s.outUS()
		if t < n {
			return s.fromUS + int64(float64(max(t, 0))*s.speed)
		}
		t -= n
	}
	return w[len(w)-1].toUS
}
