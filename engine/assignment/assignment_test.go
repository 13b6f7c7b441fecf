package assignment

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// bruteForce is the least total of paired costs plus limit for each row that
// stays alone, by trying everything.
func bruteForce(cost []float64, n, m int, limit float64) float64 {
	used := make([]bool, m)
	var best func(i int) float64
	best = func(i int) float64 {
		if i == n {
			return 0
		}
		least := limit + best(i+1)
		for j := range m {
			if c := cost[i*m+j]; !used[j] && c <= limit {
				used[j] = true
				least = math.Min(least, c+best(i+1))
				used[j] = false
			}
		}
		return least
	}
	return best(0)
}

func TestAssignIsOptimal(t *testing.T) {
	var s Solver
	rapid.Check(t, func(rt *rapid.T) {
		n, m := rapid.IntRange(0, 6).Draw(rt, "rows"), rapid.IntRange(0, 6).Draw(rt, "cols")
		limit := rapid.Float64Range(0.1, 3).Draw(rt, "limit")
		cost := make([]float64, n*m)
		for i := range cost {
			cost[i] = rapid.OneOf(rapid.Float64Range(0, 4), rapid.Just(math.Inf(1)), rapid.Just(1.0)).Draw(rt, "cost")
		}
		got := s.Assign(cost, n, m, limit)
		if len(got) != n {
			rt.Fatalf("%d answers for %d rows", len(got), n)
		}
		total, used := 0.0, map[int]bool{}
		for i, j := range got {
			switch {
			case j < 0:
				total += limit
			case used[j]:
				rt.Fatalf("column %d is used twice", j)
			case cost[i*m+j] > limit:
				rt.Fatalf("pair (%d, %d) costs %v, over the limit %v", i, j, cost[i*m+j], limit)
			default:
				used[j] = true
				total += cost[i*m+j]
			}
		}
		if want := bruteForce(cost, n, m, limit); math.Abs(total-want) > 1e-9 {
			rt.Fatalf("total %v, best possible %v", total, want)
		}
	})
}

func BenchmarkAssignDense(b *testing.B) {
	const n = 100
	cost := make([]float64, n*n)
	for i := range cost {
		cost[i] = float64((i*7919)%1000) / 1000
	}
	var s Solver
	for b.Loop() {
		s.Assign(cost, n, n, 1.4)
	}
}
