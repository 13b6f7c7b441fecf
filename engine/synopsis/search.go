package synopsis

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
)

// search holds all parts within a length and takes them out and puts them
// back elsewhere, one at a time.
type search struct {
	*arranger
	rng      *rand.Rand
	at       []int
	on       [][]int32 // by step: the parts that are there
	shares   []int     // by part: cells that others cover too, as last counted
	steps    int
	collided int // cells shared, of all
}

// newSearch starts from a layout, drawn together to so many steps.
func (a *arranger) newSearch(l *layout, steps int) *search {
	s := &search{arranger: a, steps: steps, at: make([]int, len(a.parts)), on: make([][]int32, steps),
		shares: make([]int, len(a.parts)), rng: rand.New(rand.NewPCG(uint64(steps), uint64(len(a.parts))))}
	a.occ.reset()
	a.occ.grow(steps)
	for i := range a.parts {
		p := &a.parts[i]
		at := l.at[i]
		if l.steps > p.n && l.steps != steps {
			at = at * (steps - p.n) / (l.steps - p.n)
		}
		at = min(max(at, 0), steps-p.n)
		n, _ := a.occ.collide(p, at, math.MaxInt)
		s.shares[i] = n
		s.put(i, at, n)
	}
	return s
}

// put places part i, which shares n cells there.
func (s *search) put(i, at, n int) {
	s.occ.put(&s.parts[i], at)
	s.at[i] = at
	s.shares[i] = n
	s.collided += n
	for j := range s.parts[i].n {
		s.on[at+j] = append(s.on[at+j], int32(i))
	}
}

// take removes part i and returns how many cells it shared.
func (s *search) take(i int) int {
	p, at := &s.parts[i], s.at[i]
	for j := range p.n {
		t := at + j
		s.occ.wipe(p, t, j)
		here := s.on[t]
		k := slices.Index(here, int32(i))
		here[k] = here[len(here)-1]
		s.on[t] = here[:len(here)-1]
		for _, o := range s.on[t] {
			s.occ.mark(&s.parts[o], t, t-s.at[o])
		}
	}
	n, _ := s.occ.collide(p, at, math.MaxInt)
	s.collided -= n
	return n
}

// fits tells whether the overlap is within its bounds.
func (s *search) fits() bool {
	if s.collided > s.budget {
		return false
	}
	for i := range s.parts {
		if s.shares[i] > s.allow[i] {
			n := s.take(i)
			s.put(i, s.at[i], n)
			if n > s.allow[i] {
				return false
			}
		}
	}
	return true
}

// How many moves an attempt makes at most: in all, and for each part.
const (
	movesLeast = 100
	movesEach  = 200
)

// settle lowers the overlap until it is within its bounds, by simulated
// annealing over the places of single parts. It is false when the work is
// done before.
func (s *search) settle(ctx context.Context, work int64) bool {
	from := s.occ.work
	hot := float64(s.budget) / float64(len(s.parts))
	most := movesLeast + movesEach*len(s.parts)
	for moves := 0; ; moves++ {
		if s.collided <= s.budget && s.fits() {
			return true
		}
		done := max(float64(s.occ.work-from)/float64(work), float64(moves)/float64(most))
		if done >= 1 || s.over(ctx, s.limit) {
			return false
		}
		i := s.pick()
		n := s.take(i)
		warm := -math.Log(1-s.rng.Float64()) * hot * (1 - done) * (1 - done)
		at, m := s.quietest(i, n+int(warm))
		if at < 0 {
			at, m = s.at[i], n
		}
		s.put(i, at, m)
	}
}

// pick chooses a part, one that shares much more often than others.
func (s *search) pick() int {
	best := s.rng.IntN(len(s.parts))
	if s.rng.IntN(5) == 0 {
		return best
	}
	for range 3 {
		i := s.rng.IntN(len(s.parts))
		if s.shares[i]-s.allow[i]/ownShare > s.shares[best]-s.allow[best]/ownShare {
			best = i
		}
	}
	return best
}

// quietest is the place, other than its own, where part i shares the fewest
// cells and no more than most; -1 when there is none.
func (s *search) quietest(i, most int) (at, n int) {
	p := &s.parts[i]
	room := s.steps - p.n + 1
	at = -1
	start := s.rng.IntN(room)
	for k := range room {
		t := start + k
		if t >= room {
			t -= room
		}
		if t == s.at[i] {
			continue
		}
		if m, ok := s.occ.collide(p, t, most); ok {
			at, n = t, m
			if most = m - 1; m == 0 {
				break
			}
		}
	}
	return at, n
}

func (s *search) layout() *layout {
	l := &layout{at: slices.Clone(s.at), collided: s.collided, disorder: disorder(s.at)}
	for i := range s.parts {
		l.steps = max(l.steps, s.at[i]+s.parts[i].n)
	}
	return l
}

// tries is into how many attempts the work of the search is divided.
const tries = 16

// compress looks for shorter and shorter layouts down to floor steps: it
// halves the distance between what was found and what was tried in vain.
func (a *arranger) compress(ctx context.Context, best *layout, floor int) *layout {
	if len(a.parts) < 2 || len(a.parts) > fewParts {
		return best
	}
	short := floor - 1 // nothing so short is known to be possible
	end := a.limit - a.limit/4
	each := (end - a.occ.work) / tries
	for best.steps-short > max(1, best.steps/200) && !a.over(ctx, end) {
		want := max(floor, best.steps-max(1, (best.steps-short)/2))
		if short < floor && want < best.steps*3/4 {
			want = best.steps * 3 / 4
		}
		s := a.newSearch(best, want)
		if s.settle(ctx, each) {
			best = s.layout()
		} else {
			short = want
		}
	}
	return best
}
