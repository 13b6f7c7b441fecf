package synopsis

import (
	"context"
	"math"
	"math/bits"
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
	shares   []int     // by part: cells shared, summed over the others
	steps    int
	collided int   // cells shared, of all
	excess   int   // parts that share more than they may
	weight   []int // by part: what a cell too much costs

	pair []int   // scratch of meet: cells shared with each part
	met  []int32 // scratch of meet: the parts with which any are
}

// newSearch starts from a layout, drawn together to so many steps.
func (a *arranger) newSearch(l *layout, steps int) *search {
	n := len(a.parts)
	s := &search{arranger: a, steps: steps, at: make([]int, n), on: make([][]int32, steps),
		shares: make([]int, n), weight: make([]int, n), pair: make([]int, n), rng: rand.New(rand.NewPCG(uint64(steps), uint64(n)))}
	a.occ.reset()
	a.occ.grow(steps)
	for i := range a.parts {
		p := &a.parts[i]
		at := l.at[i]
		if l.steps > p.n && l.steps != steps {
			at = at * (steps - p.n) / (l.steps - p.n)
		}
		s.weight[i] = harmWeight
		s.put(i, min(max(at, 0), steps-p.n))
	}
	return s
}

// meet leaves in s.pair and s.met with how many cells part i would fall on
// each other part at a place. It returns how many of its cells would.
func (s *search) meet(i, at int) (n int) {
	for _, o := range s.met {
		s.pair[o] = 0
	}
	s.met = s.met[:0]
	p := &s.parts[i]
	for j := range p.n {
		from, to := p.film.span(p.off + j)
		row := s.occ.words[(at+j)*tiles : (at+j+1)*tiles]
		here := 0
		for k := from; k < to; k++ {
			here += bits.OnesCount64(row[p.film.pos[k]] & p.film.bits[k])
		}
		s.occ.work += int64(to - from)
		if here == 0 {
			continue
		}
		n += here
		for _, o := range s.on[at+j] {
			q := &s.parts[o]
			c := common(p.film, p.off+j, q.film, q.off+at+j-s.at[o])
			s.occ.work += int64(to - from)
			if c > 0 {
				if s.pair[o] == 0 {
					s.met = append(s.met, o)
				}
				s.pair[o] += c
			}
		}
	}
	return n
}

// common counts the cells that step j of f and step k of g share.
func common(f *film, j int, g *film, k int) (n int) {
	a, aEnd := f.span(j)
	b, bEnd := g.span(k)
	for a < aEnd && b < bEnd {
		switch x, y := f.pos[a], g.pos[b]; {
		case x < y:
			a++
		case x > y:
			b++
		default:
			n += bits.OnesCount64(f.bits[a] & g.bits[b])
			a++
			b++
		}
	}
	return n
}

// share changes how many cells part i shares.
func (s *search) share(i, by int) {
	was := s.shares[i] > s.allow[i]
	s.shares[i] += by
	if now := s.shares[i] > s.allow[i]; now && !was {
		s.excess++
	} else if was && !now {
		s.excess--
	}
}

// put places part i.
func (s *search) put(i, at int) {
	s.collided += s.meet(i, at)
	for _, o := range s.met {
		s.share(int(o), s.pair[o])
		s.share(i, s.pair[o])
	}
	s.occ.put(&s.parts[i], at)
	s.at[i] = at
	for j := range s.parts[i].n {
		s.on[at+j] = append(s.on[at+j], int32(i))
	}
}

// take removes part i and returns what its place cost.
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
	n := s.meet(i, at)
	s.collided -= n
	for _, o := range s.met {
		s.share(int(o), -s.pair[o])
		s.share(i, -s.pair[o])
	}
	return n + s.harm(i)
}

// harmWeight is what a cell over a part's own bound costs at first, against
// one that is shared. It grows for parts that stay over it, as the penalties
// of guided local search do (Voudouris and Tsang, EJOR 113, 1999).
const harmWeight = 2

// harm is what the bounds of single parts add to the cost of the place that
// meet was last asked for.
func (s *search) harm(i int) int {
	own, n := 0, 0
	for _, o := range s.met {
		own += s.pair[o]
		n += s.weight[o] * (max(0, s.shares[o]+s.pair[o]-s.allow[o]) - max(0, s.shares[o]-s.allow[o]))
	}
	return n + s.weight[i]*max(0, own-s.allow[i])
}

// fits tells whether the overlap is within its bounds.
func (s *search) fits() bool { return s.collided <= s.budget && s.excess == 0 }

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
	for moves := 0; !s.fits(); moves++ {
		done := max(float64(s.occ.work-from)/float64(work), float64(moves)/float64(most))
		if done >= 1 || s.over(ctx, s.limit) {
			return false
		}
		if moves%len(s.parts) == 0 {
			s.press()
		}
		i := s.pick()
		warm := -math.Log(1-s.rng.Float64()) * hot * (1 - done) * (1 - done)
		if s.rng.IntN(ejectEvery) == 0 {
			s.eject(i, int(warm))
			continue
		}
		cost := s.take(i)
		at := s.quietest(i, cost+int(warm))
		if at < 0 {
			at = s.at[i]
		}
		s.put(i, at)
	}
	return true
}

// ejectEvery is of how many moves one is an ejection.
const ejectEvery = 8

// cost is what the arrangement lacks: cells shared, and more for each over a
// part's own bound.
func (s *search) cost() int {
	n := s.collided
	for i, w := range s.weight {
		n += w * max(0, s.shares[i]-s.allow[i])
	}
	return n
}

// eject puts part i anywhere, and whatever is in its way where it costs
// least then; all stays as it was when that costs over warm more.
func (s *search) eject(i, warm int) {
	before := s.cost()
	was := map[int]int{i: s.at[i]}
	s.take(i)
	at := s.rng.IntN(s.steps - s.parts[i].n + 1)
	s.meet(i, at)
	away := slices.Clone(s.met)
	s.put(i, at)
	s.rng.Shuffle(len(away), func(a, b int) { away[a], away[b] = away[b], away[a] })
	for _, o := range away {
		o := int(o)
		was[o] = s.at[o]
		s.take(o)
		to := s.quietest(o, math.MaxInt)
		if to < 0 {
			to = was[o]
		}
		s.put(o, to)
	}
	if s.cost() <= before+warm {
		return
	}
	s.take(i)
	s.put(i, was[i])
	for _, o := range away {
		s.take(int(o))
		s.put(int(o), was[int(o)])
	}
}

// press makes it dearer to cover what is covered too much.
func (s *search) press() {
	for i := range s.parts {
		if s.shares[i] > s.allow[i] && s.weight[i] < 1000 {
			s.weight[i]++
		}
	}
}

// pick chooses a part, one that shares much more often than others.
func (s *search) pick() int {
	best := s.rng.IntN(len(s.parts))
	if s.rng.IntN(5) == 0 {
		return best
	}
	// Once only single parts share too much, they go first.
	weigh := func(i int) int { return s.shares[i] - s.fair[i] }
	if s.collided <= s.budget {
		weigh = func(i int) int { return s.shares[i] * 1000 / max(1, s.allow[i]) }
	}
	for range 3 {
		if i := s.rng.IntN(len(s.parts)); weigh(i) > weigh(best) {
			best = i
		}
	}
	return best
}

// quietest is the place, other than its own, that costs part i least and no
// more than most; -1 when there is none.
func (s *search) quietest(i, most int) (at int) {
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
		n, ok := s.occ.collide(p, t, most)
		if ok && n > 0 {
			s.meet(i, t)
			n += s.harm(i)
		}
		if ok && n <= most {
			at, most = t, n-1
			if n == 0 {
				break
			}
		}
	}
	return at
}

func (s *search) layout() *layout {
	l := &layout{at: slices.Clone(s.at), collided: s.collided, disorder: disorder(s.at)}
	for i := range s.parts {
		l.steps = max(l.steps, s.at[i]+s.parts[i].n)
	}
	return l
}

// tries is into how many attempts the work of the search is divided.
const tries = 8

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
		if short < floor {
			want = max(want, best.steps*3/4)
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
