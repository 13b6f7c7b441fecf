package score

import "math"

// Assign pairs rows with columns so that the sum of weights is largest. It
// returns for each row its column, or -1. Pairs of weight 0 or less are left
// unpaired. Rows must be of one length. It is the Hungarian method with
// potentials (Kuhn 1955, Munkres 1957; shortest augmenting paths after Jonker
// and Volgenant 1987), O(n³).
func Assign(weight [][]float64) []int {
	rows := len(weight)
	out := make([]int, rows)
	for i := range out {
		out[i] = -1
	}
	if rows == 0 || len(weight[0]) == 0 {
		return out
	}
	n := max(rows, len(weight[0]))
	for j, i := range square(weight, n) {
		if i < rows && j < len(weight[0]) && weight[i][j] > 0 {
			out[i] = j
		}
	}
	return out
}

// square solves the n×n problem padded with zeros and returns the row of each
// column. Index 0 of the working arrays is the method's dummy.
func square(weight [][]float64, n int) []int {
	cost := func(i, j int) float64 {
		if i < len(weight) && j < len(weight[0]) {
			return -max(weight[i][j], 0)
		}
		return 0
	}
	u, v := make([]float64, n+1), make([]float64, n+1)
	rowOf, way := make([]int, n+1), make([]int, n+1)
	for i := 1; i <= n; i++ {
		rowOf[0] = i
		least := make([]float64, n+1)
		for j := range least {
			least[j] = math.Inf(1)
		}
		used := make([]bool, n+1)
		j0 := 0
		for rowOf[j0] != 0 {
			used[j0] = true
			i0, delta, j1 := rowOf[j0], math.Inf(1), 0
			for j := 1; j <= n; j++ {
				if used[j] {
					continue
				}
				if c := cost(i0-1, j-1) - u[i0] - v[j]; c < least[j] {
					least[j], way[j] = c, j0
				}
				if least[j] < delta {
					delta, j1 = least[j], j
				}
			}
			for j := 0; j <= n; j++ {
				if used[j] {
					u[rowOf[j]] += delta
					v[j] -= delta
				} else {
					least[j] -= delta
				}
			}
			j0 = j1
		}
		for j0 != 0 {
			rowOf[j0] = rowOf[way[j0]]
			j0 = way[j0]
		}
	}
	out := make([]int, n)
	for j := 1; j <= n; j++ {
		out[j-1] = rowOf[j] - 1
	}
	return out
}
