package synopsis

import (
	"cmp"
	"context"
	"math"
	"math/bits"
	"slices"
)

// layout is where each part starts, in steps, and what that costs.
type layout struct {
	at       []int
	steps    int
	collided int // cells shared, counted once for each part beyond the first
	disorder float64
}

// better prefers the shorter layout, then the one nearer to source order.
func (l *layout) better(o *layout) bool {
	return o == nil || l.steps < o.steps || l.steps == o.steps && l.disorder < o.disorder
}

// arranger places parts of one scene. Parts come in source order.
type arranger struct {
	parts  []part
	fair   []int // cells that part i may share, if all share alike
	allow  []int // cells that part i may share at most
	budget int   // cells that all may share
	occ    occupancy
	limit  int64 // work at which the search stops

}

// ownShare is how much more than the mean a single part may be covered.
const ownShare = 5

// edgeShare is how often a cell at the edge of what a part covers counts, once
// more, in what it may share. A part covers every cell that it touches: of w×h
// cells it touches (w+1)·(h+1), and of those in excess half lie in another's
// way without anything being hidden. With .05·ownShare of each they make up
// that half; to what is large they add little.
const edgeShare = 2

// fewParts is up to how many parts the search looks at every place; beyond,
// one pass remembers for each kind of part where the last of its kind went.
const fewParts = 3000

// newArranger bounds the overlap: of all parts together by the share overlap
// of their area, of each by ownShare times that and a little for its edge.
func newArranger(parts []part, overlap float64, work int64) *arranger {
	a := &arranger{parts: parts, limit: work, fair: make([]int, len(parts)), allow: make([]int, len(parts))}
	total := 0
	for i := range parts {
		area, n := float64(parts[i].area), float64(parts[i].n)
		edge := max(0, 2*math.Sqrt(area*n)-n) // w+h+1 cells a step, of (w+1)·(h+1)
		a.fair[i] = int(overlap * area)
		a.allow[i] = int(min(area, overlap*ownShare*(area+edgeShare*edge)))
		total += parts[i].area
	}
	a.budget = int(overlap * float64(total))
	return a
}

// run finds a layout of at least target steps: the shortest that it finds, or
// when it is shorter than target, one spread over it. It stops early, with
// the best so far, when ctx is done.
func (a *arranger) run(ctx context.Context, target int) *layout {
	floor := max(a.longest(), a.bound(), target)
	var best *layout
	shares, orders := []float64{.05, .4, .7, 1}, [][]int{a.sourceOrder(), a.hardestFirst(), a.longestFirst()}
	if len(a.parts) > fewParts { // order counts for more, and every pass for much
		shares, orders = []float64{.07}, orders[:1]
	}
	for _, share := range shares {
		for _, order := range orders {
			if best != nil && (best.steps <= floor || a.over(ctx, a.limit/4)) {
				break
			}
			if l := a.firstFit(order, share); l.collided <= a.budget && l.better(best) {
				best = l
			}
		}
	}
	if best == nil { // what is fair to each is within the bound of all
		best = a.firstFit(orders[0], 0)
	}
	if best.steps > floor {
		best = a.compress(ctx, best, floor)
	}
	return a.tidy(ctx, best, target)
}

// over tells whether the search must end: it did its work, or is not wanted.
func (a *arranger) over(ctx context.Context, work int64) bool {
	return ctx.Err() != nil || a.occ.work >= work
}

func (a *arranger) sourceOrder() []int {
	order := make([]int, len(a.parts))
	for i := range order {
		order[i] = i
	}
	return order
}

// hardestFirst puts parts that cover most for longest first.
func (a *arranger) hardestFirst() []int {
	order := a.sourceOrder()
	slices.SortStableFunc(order, func(i, j int) int {
		return cmp.Compare(a.parts[j].area, a.parts[i].area)
	})
	return order
}

func (a *arranger) longestFirst() []int {
	order := a.sourceOrder()
	slices.SortStableFunc(order, func(i, j int) int {
		return cmp.Compare(a.parts[j].n, a.parts[i].n)
	})
	return order
}

func (a *arranger) longest() (n int) {
	for i := range a.parts {
		n = max(n, a.parts[i].n)
	}
	return n
}

// bound is a length below which no layout can be: a cell that parts cover for
// longer than the layout lasts is covered twice for the rest of the time.
func (a *arranger) bound() int {
	load := make([]int, tiles*64)
	for i := range a.parts {
		p := &a.parts[i]
		for j := range p.n {
			from, to := p.film.span(p.off + j)
			for k := from; k < to; k++ {
				base := int(p.film.pos[k]) * 64
				for w := p.film.bits[k]; w != 0; w &= w - 1 {
					load[base+bits.TrailingZeros64(w)]++
				}
			}
		}
	}
	slices.Sort(load)
	// Lowered from the fullest cell on, the excess grows until it is too much.
	excess := 0
	for k := len(load) - 1; k > 0; k-- {
		more := len(load) - k // cells that stick out
		step := load[k] - load[k-1]
		if excess+more*step > a.budget {
			return load[k] - (a.budget-excess)/more
		}
		excess += more * step
	}
	return 0
}

// firstFit places parts in the given order, each at the first step where it
// shares no more than is fair (share 0), than it may at most (1), or between.
func (a *arranger) firstFit(order []int, share float64) *layout {
	a.occ.reset()
	l := &layout{at: make([]int, len(a.parts))}
	hint := map[uint64]int{}
	for _, i := range order {
		p := &a.parts[i]
		at := 0
		var kind uint64
		if len(a.parts) > fewParts {
			kind = p.kind()
			at = hint[kind]
		}
		allow := a.fair[i] + int(share*float64(a.allow[i]-a.fair[i]))
		n, ok := a.occ.collide(p, at, allow)
		for !ok {
			at++
			n, ok = a.occ.collide(p, at, allow)
		}
		if len(a.parts) > fewParts {
			hint[kind] = at
		}
		a.place(l, i, at, n)
	}
	l.disorder = disorder(l.at)
	return l
}

func (a *arranger) place(l *layout, i, at, collided int) {
	a.occ.put(&a.parts[i], at)
	l.at[i] = at
	l.collided += collided
	l.steps = max(l.steps, at+a.parts[i].n)
}

// kind tells roughly where a part begins, passes and ends, and for how long.
// Cover only grows, so where one part found no room an equal one finds none.
func (p *part) kind() uint64 {
	k := uint64(0)
	for _, j := range []int{0, p.n / 2, p.n - 1} {
		from, to := p.film.span(p.off + j)
		tile := uint64(tiles)
		if from < to {
			tile = uint64(p.film.pos[(from+to)/2])
		}
		k = k<<8 | tile
	}
	size := uint64(0)
	for n := p.n; n > 1; n = n * 2 / 3 {
		size++
	}
	return k<<8 | size
}
