package score

import (
	"fmt"
	"slices"
)

// sampleS is the distance at which a track is compared with interpolated labels.
const sampleS = .1

// explain looks at the tracks that were given to no object: each is a
// fragment of an object that it lies on, or a thing left, or standing, or
// unlabelled for its smallness, or false. Then it looks for all tracks in
// spans that are known to be empty.
func (s *eventScorer) explain() {
	taken := map[int]bool{}
	for _, j := range s.of {
		taken[j] = true
	}
	for j, k := range s.tracks {
		why := ""
		if !taken[j] {
			why = s.unexplained(k)
		}
		if in := s.inEmpty(k); in > s.rules.EmptyS {
			s.out.InEmpty++
			if !taken[j] {
				why = "in an empty span"
			} else {
				s.alarm(k, fmt.Sprintf("outlives its object by %.1f s in an empty span", in))
			}
		}
		if why != "" {
			s.out.False++
			s.alarm(k, why)
		}
	}
}

func (s *eventScorer) alarm(k Track, why string) {
	mid, _ := k.At(float64(k.StartUS+k.EndUS)/2, 0)
	s.out.Alarms = append(s.out.Alarms, False{
		Track: k.ID, Class: k.Class, StartS: float64(k.StartUS) / 1e6, EndS: float64(k.EndUS) / 1e6, Box: mid, Why: why,
	})
}

// unexplained says why a spare track is false, or nothing; a fragment is
// counted with its object. What is too small to be labelled is so for most of
// the time: a box that holds a neighbour for a moment makes nothing of it false.
func (s *eventScorer) unexplained(k Track) string {
	var widths []float64
	onObject, onOther := make([]int, len(s.truth.Objects)), 0
	for t := max(float64(k.StartUS)/1e6, s.truth.WindowS[0]); t <= min(float64(k.EndUS)/1e6, s.truth.WindowS[1]); t += sampleS {
		box, ok := k.At(t*1e6, sampleS*1e6)
		if !ok {
			continue
		}
		box = box.Clip(s.truth.Width, s.truth.Height)
		widths = append(widths, box.W)
		for i := range s.truth.Objects {
			if s.liesOn(&s.truth.Objects[i], box, t) {
				onObject[i]++
			}
		}
		if s.onThing(box, t) {
			onOther++
		}
	}
	n, best := len(widths), -1
	for i, c := range onObject {
		if 2*c >= n && c > 0 && (best < 0 || c > onObject[best]) {
			best = i
		}
	}
	switch {
	case n == 0:
	case best >= 0:
		s.fragment(best, k)
	case 2*onOther >= n, median(widths) < s.truth.SmallPX*s.rules.SmallTol:
	default:
		return "no label explains it"
	}
	return ""
}

// median is the middle value, of one at least.
func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

// fragment counts a further track on an object that was found, unless the
// object and its partner may fairly be two tracks or one.
func (s *eventScorer) fragment(i int, k Track) {
	d := &s.out.Details[i]
	if d.State == "merged" && len(d.Fragments) == 0 {
		d.Fragments = append(d.Fragments, k.ID)
		return
	}
	d.Fragments = append(d.Fragments, k.ID)
	if d.State != "ignored" {
		s.out.Fragments++
	}
}

// liesOn tells whether a box belongs to an object at a moment. Labels are
// sparse, so a box that lies half inside counts, and so does a part of it.
func (s *eventScorer) liesOn(o *Object, box Rect, tS float64) bool {
	if tS < o.StartS-s.rules.MarginS || tS > o.EndS+s.rules.MarginS {
		return false
	}
	return s.fits(o, box, tS) >= s.rules.IoU || inside(box, o.at(tS)) >= .5
}

func (s *eventScorer) onThing(box Rect, tS float64) bool {
	for _, l := range s.truth.LeftObjects {
		after := l.RemovedS != nil && tS > *l.RemovedS+s.rules.MarginS
		if tS >= l.LeftS-s.rules.MarginS && !after && touches(box, Rect{l.X, l.Y, l.W, l.H}, s.rules.IoU) {
			return true
		}
	}
	for _, st := range s.truth.Static {
		if touches(box, Rect{st.X, st.Y, st.W, st.H}, s.rules.IoU) {
			return true
		}
	}
	return false
}

func touches(box, thing Rect, iou float64) bool {
	return box.IoU(thing) >= iou || inside(box, thing) >= .5
}

// inside is the share of box that lies in o.
func inside(box, o Rect) float64 { return share(box.Intersection(o), box.Area()) }

// inEmpty is the seconds of a track in empty spans, things left apart.
func (s *eventScorer) inEmpty(k Track) float64 {
	total := 0.0
	for _, span := range s.truth.EmptySpansS {
		from, to := max(float64(k.StartUS)/1e6, span[0]), min(float64(k.EndUS)/1e6, span[1])
		if to <= from {
			continue
		}
		if box, ok := k.At((from+to)/2*1e6, sampleS*1e6); ok && !s.onThing(box, (from+to)/2) {
			total += to - from
		}
	}
	return total
}
