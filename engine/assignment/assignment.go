// Package assignment solves assignment problems: who goes with whom, so that
// all together costs least.
package assignment

import (
	"math"
	"slices"
)

// Solver finds minimum-cost assignments. Its buffers are kept between calls.
type Solver struct {
	u, v, short  []float64 // potentials of rows and columns; distances of columns
	colOf, rowOf []int     // −1: none
	via          []int     // row before a column on its shortest path
	inRow, inCol []bool    // visited by the search
	sub          []float64
	out          []int
	comp         []int
	rows, cols   []int
}

// Assign pairs rows with columns of the n×m matrix cost (row-major) so that
// the sum of paired costs plus limit for every unpaired row is least. A pair
// that costs more than limit, or +Inf, is never made. The answer, one column
// or −1 for each row, lasts until the next call. Finite costs must not be
// negative.
//
// Method: the matrix falls into components that share no admissible pair, each
// solved by successive shortest augmenting paths with potentials (Jonker and
// Volgenant, "A shortest augmenting path algorithm for dense and sparse linear
// assignment problems", Computing 1987), O(k³) for a component of k.
func (s *Solver) Assign(cost []float64, n, m int, limit float64) []int {
	s.out = resize(s.out, n)
	for i := range s.out {
		s.out[i] = -1
	}
	s.components(cost, n, m, limit)
	for root := range n {
		if s.comp[root] != root {
			continue
		}
		s.rows, s.cols = s.rows[:0], s.cols[:0]
		for i := range n {
			if find(s.comp, i) == root {
				s.rows = append(s.rows, i)
			}
		}
		for j := range m {
			if find(s.comp, n+j) == root {
				s.cols = append(s.cols, j)
			}
		}
		if len(s.cols) > 0 {
			s.component(cost, m, limit)
		}
	}
	return s.out
}

// components joins rows and columns that an admissible pair links; a root is
// always the smallest index of its component, so always a row if it has one.
func (s *Solver) components(cost []float64, n, m int, limit float64) {
	s.comp = resize(s.comp, n+m)
	for i := range s.comp {
		s.comp[i] = i
	}
	for i := range n {
		for j, c := range cost[i*m : i*m+m] {
			if c <= limit {
				a, b := find(s.comp, i), find(s.comp, n+j)
				s.comp[max(a, b)] = min(a, b)
			}
		}
	}
	for i := range s.comp {
		s.comp[i] = find(s.comp, i)
	}
}

func find(parent []int, i int) int {
	for parent[i] != i {
		parent[i] = parent[parent[i]]
		i = parent[i]
	}
	return i
}

// component solves s.rows × s.cols. Each row may also end in a sink of its own,
// at the price of limit: that stands for staying unpaired.
func (s *Solver) component(cost []float64, m int, limit float64) {
	n, k := len(s.rows), len(s.cols)
	s.sub = resize(s.sub, n*k)
	for a, i := range s.rows {
		for b, j := range s.cols {
			c := cost[i*m+j]
			if !(c <= limit) {
				c = math.Inf(1)
			}
			s.sub[a*k+b] = c
		}
	}
	s.u, s.v, s.short = resize(s.u, n), resize(s.v, k), resize(s.short, k)
	s.colOf, s.rowOf, s.via = resize(s.colOf, n), resize(s.rowOf, k), resize(s.via, k)
	s.inRow, s.inCol = resize(s.inRow, n), resize(s.inCol, k)
	clear(s.u)
	clear(s.v)
	for i := range s.colOf {
		s.colOf[i] = -1
	}
	for j := range s.rowOf {
		s.rowOf[j] = -1
	}
	for r := range n {
		s.augment(r, k, limit)
	}
	for a, b := range s.colOf {
		if b >= 0 {
			s.out[s.rows[a]] = s.cols[b]
		}
	}
}

// augment grows the assignment by row r along the shortest path to a free
// column or a row's sink, then updates the potentials (Crouse, "On implementing
// 2D rectangular assignment algorithms", IEEE TAES 2016).
func (s *Solver) augment(r, k int, limit float64) {
	for j := range k {
		s.short[j], s.inCol[j] = math.Inf(1), false
	}
	clear(s.inRow)
	row, low := r, 0.0
	sinkRow, sink := -1, math.Inf(1)
	end := -1
	for {
		s.inRow[row] = true
		if d := low + limit - s.u[row]; d < sink {
			sink, sinkRow = d, row
		}
		next, least := -1, math.Inf(1)
		costs := s.sub[row*k : row*k+k]
		for j := range k {
			if s.inCol[j] {
				continue
			}
			if d := low + costs[j] - s.u[row] - s.v[j]; d < s.short[j] {
				s.short[j], s.via[j] = d, row
			}
			if s.short[j] < least {
				next, least = j, s.short[j]
			}
		}
		if sink <= least {
			low = sink
			break
		}
		low = least
		s.inCol[next] = true
		if s.rowOf[next] < 0 {
			end = next
			break
		}
		row = s.rowOf[next]
	}
	s.reprice(r, k, low)
	if end < 0 { // a row goes to its sink, and gives its column up
		if end = s.colOf[sinkRow]; sinkRow == r {
			return
		}
		s.colOf[sinkRow] = -1
	}
	for {
		i := s.via[end]
		s.rowOf[end] = i
		s.colOf[i], end = end, s.colOf[i]
		if i == r {
			return
		}
	}
}

// reprice updates the potentials after a search from row r that ended at
// distance low.
func (s *Solver) reprice(r, k int, low float64) {
	for i, in := range s.inRow {
		if in && i != r {
			s.u[i] += low - s.short[s.colOf[i]]
		}
	}
	s.u[r] += low
	for j := range k {
		if s.inCol[j] {
			s.v[j] -= low - s.short[j]
		}
	}
}

// resize is s with n elements, their content unknown.
func resize[T any](s []T, n int) []T { return slices.Grow(s[:0], n)[:n] }
