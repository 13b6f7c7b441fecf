package query

import (
	"fmt"
	"slices"
	"strings"

	"posteriori/engine/index"
	"posteriori/engine/scene"
)

// unknown says that a name is not known, and which known one is near.
func unknown(what, got string, known []string) error {
	if s := nearest(got, known); s != "" {
		return fmt.Errorf("there is no %s %q: did you mean %q?", what, got, s)
	}
	if len(known) == 0 {
		return fmt.Errorf("there is no %s %q: none is given", what, got)
	}
	return fmt.Errorf("there is no %s %q: there is %s", what, got, strings.Join(known, ", "))
}

// nearest is the known name at the least edit distance from got, if that is
// no more than half its length.
func nearest(got string, known []string) string {
	best, bestD := "", len([]rune(got))/2+1
	for _, k := range known {
		if d := editDistance(strings.ToLower(got), strings.ToLower(k)); d < bestD {
			best, bestD = k, d
		}
	}
	return best
}

// editDistance counts insertions, deletions, substitutions and swaps of
// neighbours (optimal string alignment; R. Lowrance, R. Wagner, JACM 22(2), 1975).
func editDistance(a, b string) int {
	r, s := []rune(a), []rune(b)
	if len(r) > 64 || len(s) > 64 {
		return 64
	}
	rows := make([][]int, len(r)+1)
	for i := range rows {
		rows[i] = make([]int, len(s)+1)
		rows[i][0] = i
	}
	for j := range s {
		rows[0][j+1] = j + 1
	}
	for i := 1; i <= len(r); i++ {
		for j := 1; j <= len(s); j++ {
			cost := 1
			if r[i-1] == s[j-1] {
				cost = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && r[i-1] == s[j-2] && r[i-2] == s[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(r)][len(s)]
}

func classNames() []string {
	var out []string
	for _, c := range scene.Classes() {
		out = append(out, c.String())
	}
	return out
}

func colourNames() []string {
	var out []string
	for _, c := range scene.Colours() {
		out = append(out, c.String())
	}
	return out
}

func statusNames() []string {
	var out []string
	for _, s := range index.Statuses {
		out = append(out, string(s))
	}
	return out
}

func names(zones []scene.Zone) []string {
	var out []string
	for _, z := range zones {
		out = append(out, z.Name)
	}
	slices.Sort(out)
	return out
}

func lineNames(lines []scene.Line) []string {
	var out []string
	for _, l := range lines {
		out = append(out, l.Name)
	}
	slices.Sort(out)
	return out
}
