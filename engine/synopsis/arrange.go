package synopsis

import (
	"cmp"
	"context"
	"math/rand/v2"
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
	parts []part
	allow []int // cells that part i may share
	occ   occupancy
	limit int64 // work at which the search stops
}

// fewParts is up to how many parts the search looks at every place and tries
// more than one order; beyond, one pass remembers for each kind of part where
// the last of its kind went.
const fewParts = 3000

func newArranger(parts []part, overlap float64, work int64) *arranger {
	a := &arranger{parts: parts, limit: work, allow: make([]int, len(parts))}
	for i := range parts {
		a.allow[i] = int(overlap * float64(parts[i].area))
	}
	return a
}

// run finds a layout of at least target steps: the shortest that it finds, or
// when it is shorter than target, one spread over it. It stops early, with
// the best so far, when ctx is done.
func (a *arranger) run(ctx context.Context, target int) *layout {
	order := a.sourceOrder()
	best := a.firstFit(order)
	if len(a.parts) <= fewParts {
		best, order = a.squeak(ctx, best, order, target)
	}
	length := max(best.steps, target)
	if len(a.parts) <= fewParts || target > best.steps {
		for _, o := range [][]int{a.sourceOrder(), a.hardestFirst(), order} {
			if ctx.Err() != nil || a.occ.work > 2*a.limit {
				break
			}
			if l := a.spread(o, length); l != nil && (target > best.steps || l.disorder <= best.disorder) {
				return l
			}
		}
	}
	return best
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
		return cmp.Compare(len(a.parts[j].steps), len(a.parts[i].steps))
	})
	return order
}

// firstFit places parts in the given order, each at the first step where it
// shares no more than it may.
func (a *arranger) firstFit(order []int) *layout {
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
		n, ok := a.occ.collide(p, at, a.allow[i])
		for !ok {
			at++
			n, ok = a.occ.collide(p, at, a.allow[i])
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
	l.steps = max(l.steps, at+len(a.parts[i].steps))
}

// kind tells roughly where a part begins, passes and ends, and for how long.
// Cover only grows, so where one part found no room an equal one finds none.
func (p *part) kind() uint64 {
	k := uint64(0)
	for _, j := range []int{0, len(p.steps) / 2, len(p.steps) - 1} {
		c := p.steps[j]
		if len(c.rows) == 0 {
			k = k<<12 | 0xfff
			continue
		}
		mid := c.rows[len(c.rows)/2]
		x := 0
		for mid > 1 {
			mid >>= 1
			x++
		}
		k = k<<12 | uint64((c.y0+len(c.rows))/4)<<6 | uint64(x/6)
	}
	for n := len(p.steps); n > 1; n = n * 2 / 3 {
		k += 1 << 40
	}
	return k
}

// squeak tries other orders: those that ended last move forward.
func (a *arranger) squeak(ctx context.Context, best *layout, order []int, target int) (*layout, []int) {
	rng := rand.New(rand.NewPCG(1, uint64(len(a.parts))))
	floor := max(a.longest(), target)
	bestOrder := order
	try := func(o []int) {
		if l := a.firstFit(o); l.better(best) {
			best, bestOrder = l, o
		}
	}
	try(a.hardestFirst())
	try(a.longestFirst())
	// Without gain for long, it is as good as it gets.
	for stale := 0; stale < 100+20*len(order) && len(order) > 1; stale++ {
		if best.steps <= floor || a.occ.work >= a.limit || ctx.Err() != nil {
			break
		}
		before := best.steps
		try(a.promote(bestOrder, best, rng))
		if best.steps < before {
			stale = 0
		}
	}
	for stale := 0; stale < 100+20*len(order) && best.disorder > 0; stale++ {
		if a.occ.work >= a.limit+a.limit/2 || ctx.Err() != nil {
			break
		}
		before := best
		try(a.settle(bestOrder, rng))
		if best != before {
			stale = 0
		}
	}
	return best, bestOrder
}

// settle is a copy of order in which one part that stands after a later one
// of the source moves before it.
func (a *arranger) settle(order []int, rng *rand.Rand) []int {
	out := slices.Clone(order)
	for range 20 {
		i, j := rng.IntN(len(out)), rng.IntN(len(out))
		if i < j && out[i] > out[j] {
			v := out[j]
			copy(out[i+1:j+1], out[i:j])
			out[i] = v
			break
		}
	}
	return out
}

func (a *arranger) longest() (n int) {
	for i := range a.parts {
		n = max(n, len(a.parts[i].steps))
	}
	return n
}

// promote is a copy of order with the parts that end in the layout's last
// tenth, and one other, moved forward by a random way.
func (a *arranger) promote(order []int, l *layout, rng *rand.Rand) []int {
	out := slices.Clone(order)
	late := l.steps - max(1, l.steps/10)
	forward := func(j int) {
		if j == 0 {
			return
		}
		to := rng.IntN(j)
		v := out[j]
		copy(out[to+1:j+1], out[to:j])
		out[to] = v
	}
	for j, i := range order {
		if l.at[i]+len(a.parts[i].steps) > late && rng.IntN(2) == 0 {
			forward(j)
		}
	}
	forward(rng.IntN(len(out)))
	return out
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
		room := length - len(p.steps)
		if room < 0 {
			return nil
		}
		at, n := a.nearest(p, ideal[i], room, 0)
		if at < 0 {
			at, n = a.nearest(p, ideal[i], room, a.allow[i])
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
		total += len(a.parts[i].steps)
	}
	out := make([]int, len(a.parts))
	for i := range a.parts {
		n := len(a.parts[i].steps)
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
