package main

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"posteriori/engine/scene"
)

// neighbours are names that people too give to one paint.
var neighbours = map[string][]string{
	"silver": {"grey", "white"}, "white": {"silver", "grey"}, "grey": {"silver", "white", "black"}, "black": {"grey"},
}

// colourSuite scores the colour of the largest vehicle of each photograph of
// truth/colour/LABEL.
func colourSuite(ctx context.Context, e *env) ([]figure, error) {
	files, err := pictures(filepath.Join(e.data, "truth/colour/*"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, errNoData
	}
	hits, err := readStills(ctx, e, files)
	if err != nil {
		return nil, err
	}
	var t colourTable
	for i, f := range files {
		label := filepath.Base(filepath.Dir(f))
		h, ok := largest(hits[i], scene.Car, scene.Truck, scene.Bus)
		if !ok {
			t.add(label, "")
			continue
		}
		t.add(label, h.Colour)
	}
	return t.figures(), nil
}

// colourTable is a confusion matrix: label, then answer; "" is no vehicle.
type colourTable map[string]map[string]int

func (t *colourTable) add(label, got string) {
	if *t == nil {
		*t = colourTable{}
	}
	if (*t)[label] == nil {
		(*t)[label] = map[string]int{}
	}
	(*t)[label][got]++
}

func (t colourTable) figures() []figure {
	var rows []figure
	var all, found, right, near, unknown int
	for _, label := range slices.Sorted(maps.Keys(t)) {
		var n, r int
		for got, k := range t[label] {
			if got == "" {
				all += k
				continue
			}
			n += k
			switch {
			case got == label:
				r += k
				near += k
			case slices.Contains(neighbours[label], got):
				near += k
			case got == scene.UnknownColour.String():
				unknown += k
			}
		}
		all, found, right = all+n, found+n, right+r
		rows = append(rows, figure{Name: label, Value: percent(r, n), Unit: "%", Note: confusion(t[label])})
	}
	return append([]figure{
		{"colour", percent(right, found), "%", "93", "goal of the project", fmt.Sprintf("%d of %d vehicles, %d unknown", right, found, unknown)},
		{"colour, neighbours right", percent(near, found), "%", "", "", "silver, grey, white and black, grey taken for each other"},
		{"colour, of those told", percent(right, found-unknown), "%", "", "", "unknown left out"},
		{"vehicle found", percent(found, all), "%", "", "", fmt.Sprintf("%d of %d photographs", found, all)},
	}, rows...)
}

// confusion lists the answers, the most frequent first.
func confusion(row map[string]int) string {
	names := slices.SortedFunc(maps.Keys(row), func(a, b string) int {
		if row[a] != row[b] {
			return row[b] - row[a]
		}
		return strings.Compare(a, b)
	})
	var parts []string
	for _, n := range names {
		label := n
		if n == "" {
			label = "no vehicle"
		}
		parts = append(parts, fmt.Sprintf("%s %d", label, row[n]))
	}
	return strings.Join(parts, ", ")
}
