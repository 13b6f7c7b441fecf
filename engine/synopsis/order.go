package synopsis

import (
	"context"
	"slices"
)

// tidy draws a layout towards source order, and apart when target is longer
// than it, without making it longer or its overlap wider than its bounds.
func (a *arranger) tidy(ctx context.Context, l *layout, target int) *layout {
	length := max(l.steps, target)
	if target > l.steps {
		for _, o := range [][]int{a.sourceOrder(), a.hardestFirst()} {
			if a.over(ctx, 2*a.limit) {
				break
			}
			if s := a.spread(o, length); s != nil {
				return s
			}
		}
	}
	if len(a.parts) < 2 || len(a.parts) > fewParts {
		return l
	}
	s := a.newSearch(l, length)
	ideal := a.ideal(length)
	best := l
	for range 6 {
		if a.over(ctx, a.limit) {
			break
		}
		for i := range a.parts {
			s.toward(i, ideal[i])
		}
		now := s.layout()
		now.steps = length
		if !s.fits() || now.disorder >= best.disorder && best != l {
			break
		}
		if now.disorder < best.disorder || length > best.steps {
			best = now
		}
	}
	return best
}

// toward moves part i to the place nearest to want that is nearer than its
// own and costs no more, or no more than is free.
func (s *search) toward(i, want int) {
	p := &s.parts[i]
	cost := s.take(i)
	most := max(cost, min(s.fair[i], s.budget-s.collided))
	at := s.at[i]
	for d := 0; d < max(want-at, at-want); d++ {
		for _, t := range [2]int{want - d, want + d} {
			if t < 0 || t > s.steps-p.n {
				continue
			}
			n, ok := s.occ.collide(p, t, most)
			if ok && n > 0 {
				s.meet(i, t)
				n += s.harm(i)
			}
			if ok && n <= most {
				s.put(i, t)
				return
			}
		}
	}
	s.put(i, at)
}

// spread places every part within length steps, each as near as it can be to
// where source order would put it, apart from others if possible. It is nil
// when some part finds no place.
func (a *arranger) spread(order []int, length int) *layout {
	a.occ.reset()
	ideal := a.ideal(length)
	l := &layout{at: make([]int, len(a.parts))}
	for _, i := range order {
		p := &a.parts[i]
		room := length - p.n
		if room < 0 {
			return nil
		}
		at, n := a.nearest(p, ideal[i], room, 0)
		if at < 0 {
			at, n = a.nearest(p, ideal[i], room, a.fair[i])
		}
		if at < 0 {
			return nil
		}
		a.place(l, i, at, n)
	}
	l.disorder = disorder(l.at)
	l.steps = length
	return l
}

// nearest looks for a start near want, outwards in both directions.
func (a *arranger) nearest(p *part, want, room, allow int) (at, collided int) {
	for d := 0; d <= max(want, room-want); d++ {
		for _, at := range [2]int{want - d, want + d} {
			if at < 0 || at > room || d == 0 && at != want {
				continue
			}
			if n, ok := a.occ.collide(p, at, allow); ok {
				return at, n
			}
			if a.occ.work > 3*a.limit {
				return -1, 0
			}
		}
	}
	return -1, 0
}

// ideal starts parts in source order, evenly by how long they are.
func (a *arranger) ideal(length int) []int {
	total, before := 0, 0
	for i := range a.parts {
		total += a.parts[i].n
	}
	out := make([]int, len(a.parts))
	for i := range a.parts {
		n := a.parts[i].n
		room := max(0, length-n)
		if total > n {
			out[i] = int(int64(room) * int64(before) / int64(total-n))
			out[i] = min(out[i], room)
		}
		before += n
	}
	return out
}

// disorder is the share of pairs that start in the other order than in the
// source, 0..1 (chronological disorder).
func disorder(at []int) float64 {
	if len(at) < 2 {
		return 0
	}
	buf, work := slices.Clone(at), make([]int, len(at))
	n := float64(len(at))
	return float64(inversions(buf, work)) / (n * (n - 1) / 2)
}

// inversions sorts v and counts the pairs that stood the wrong way round.
func inversions(v, work []int) (n int64) {
	if len(v) < 2 {
		return 0
	}
	m := len(v) / 2
	n = inversions(v[:m], work[:m]) + inversions(v[m:], work[m:])
	i, j := 0, m
	for k := range work {
		if j == len(v) || i < m && v[i] <= v[j] {
			work[k] = v[i]
			i++
		} else {
			work[k] = v[j]
			j++
			n += int64(m - i)
		}
	}
	copy(v, work)
	return n
}
