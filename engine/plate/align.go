package plate

import "math"

// pair joins a lattice's place and a read's character; -1 stands for none.
type pair struct{ slot, char int }

// align lays a read along the places of a lattice so that the sum of costs is
// least (Needleman and Wunsch 1970). Two characters cost less the more their
// distributions overlap, and look-alikes count half; leaving one out costs
// gapCost, less where the lattice doubts that there is one.
func align(slots []Slot, chars []Char) []pair {
	n, m := len(slots), len(chars)
	cost := make([][]float64, n+1)
	from := make([][]byte, n+1)
	for i := range cost {
		cost[i], from[i] = make([]float64, m+1), make([]byte, m+1)
	}
	for i := 0; i <= n; i++ {
		for j := 0; j <= m; j++ {
			if i == 0 && j == 0 {
				continue
			}
			best, how := math.Inf(1), byte(0)
			if i > 0 && j > 0 {
				best, how = cost[i-1][j-1]+differ(slots[i-1], chars[j-1]), both
			}
			if i > 0 {
				if c := cost[i-1][j] + gapCost*(1-slots[i-1].None); c < best {
					best, how = c, skipSlot
				}
			}
			if j > 0 {
				if c := cost[i][j-1] + gapCost; c < best {
					best, how = c, skipChar
				}
			}
			cost[i][j], from[i][j] = best, how
		}
	}
	return trace(from, n, m)
}

const (
	both byte = iota + 1
	skipSlot
	skipChar
)

// gapCost is what a character without a counterpart costs; two that have
// nothing in common cost 1, so that a substitution is preferred to two gaps.
const gapCost = 0.75

func trace(from [][]byte, i, j int) []pair {
	var back []pair
	for i > 0 || j > 0 {
		switch from[i][j] {
		case both:
			i, j = i-1, j-1
			back = append(back, pair{i, j})
		case skipSlot:
			i--
			back = append(back, pair{i, -1})
		default:
			j--
			back = append(back, pair{-1, j})
		}
	}
	for a, b := 0, len(back)-1; a < b; a, b = a+1, b-1 {
		back[a], back[b] = back[b], back[a]
	}
	return back
}

// differ is 0 for a character that the place expects and 1 for one that has
// nothing to do with it.
func differ(s Slot, c Char) float64 {
	same, near := 0.0, 0.0
	total := 1 - s.None
	if total <= 0 {
		return 1
	}
	for i, p := range s.Char {
		if p == 0 {
			continue
		}
		same += p * c[i]
		for j := range c {
			if alike[i][j] {
				near += p * c[j]
			}
		}
	}
	return 1 - min(1, (same+near/2)/total)
}
