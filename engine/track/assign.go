package track

import "math"

// solver finds minimum-cost assignments. Its buffers are kept between calls.
type solver struct {
	u, v, min  []float64
	match, way []int // by column, 1-based; 0 is the virtual column
	done       []bool
	sub        []float64
	out        []int
	comp       []int
	rows, cols []int
}

// assign pairs rows with columns of the n×m matrix cost (row-major) so that
// the sum of paired costs plus limit for every unpaired row is least. A pair
// that costs more than limit, or +Inf, is never made. The answer, one column
// or −1 for each row, lasts until the next call. Finite costs must not be
// negative.
//
// Method: the matrix falls into components that share no admissible pair, each
// solved by successive shortest augmenting paths with potentials (Jonker and
// Volgenant, "A shortest augmenting path algorithm for dense and sparse linear
// assignment problems", Computing 1987), O(k³) for a component of k.
func (s *solver) assign(cost []float64, n, m int, limit float64) []int {
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
func (s *solver) components(cost []float64, n, m int, limit float64) {
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

// component solves s.rows × s.cols. Each row has a column of its own besides,
// which costs limit and stands for staying unpaired.
func (s *solver) component(cost []float64, m int, limit float64) {
	n, k := len(s.rows), len(s.cols)
	w := k + n
	s.sub = resize(s.sub, n*w)
	for a, i := range s.rows {
		row := s.sub[a*w : a*w+w]
		for b, j := range s.cols {
			row[b] = cost[i*m+j]
			if !(row[b] <= limit) {
				row[b] = math.Inf(1)
			}
		}
		for b := range n {
			row[k+b] = math.Inf(1)
		}
		row[k+a] = limit
	}
	s.u, s.v, s.min = resize(s.u, n+1), resize(s.v, w+1), resize(s.min, w+1)
	s.match, s.way, s.done = resize(s.match, w+1), resize(s.way, w+1), resize(s.done, w+1)
	clear(s.u)
	clear(s.v)
	clear(s.match)
	for r := 1; r <= n; r++ {
		s.augment(r, w)
	}
	for b := 1; b <= k; b++ {
		if r := s.match[b]; r > 0 {
			s.out[s.rows[r-1]] = s.cols[b-1]
		}
	}
}

// augment grows the assignment by row r along a shortest path to a free column.
func (s *solver) augment(r, w int) {
	s.match[0] = r
	for j := range s.min {
		s.min[j], s.done[j], s.way[j] = math.Inf(1), false, 0
	}
	j0 := 0
	for {
		s.done[j0] = true
		i0, delta, j1 := s.match[j0], math.Inf(1), -1
		for j := 1; j <= w; j++ {
			if s.done[j] {
				continue
			}
			if c := s.sub[(i0-1)*w+j-1] - s.u[i0] - s.v[j]; c < s.min[j] {
				s.min[j], s.way[j] = c, j0
			}
			if s.min[j] < delta {
				delta, j1 = s.min[j], j
			}
		}
		for j := 0; j <= w; j++ {
			if s.done[j] {
				s.u[s.match[j]] += delta
				s.v[j] -= delta
			} else {
				s.min[j] -= delta
			}
		}
		if j0 = j1; s.match[j0] == 0 {
			break
		}
	}
	for j0 != 0 {
		j1 := s.way[j0]
		s.match[j0] = s.match[j1]
		j0 = j1
	}
}

func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/2)
	}
	return s[:n]
}
