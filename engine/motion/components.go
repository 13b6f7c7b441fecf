package motion

import "math/bits"

// run is a horizontal stretch [x0, x1) of one row; label is its component.
type run struct {
	y, x0, x1 int32
	label     int32
}

// labeller finds connected components by runs and union-find (Rosenfeld and
// Pfaltz 1966 on runs rather than samples): its cost grows with the number of
// runs, not of samples. All its slices are kept between frames.
type labeller struct {
	runs   []run
	parent []int32
}

func (l *labeller) find(i int32) int32 {
	for l.parent[i] != i {
		l.parent[i] = l.parent[l.parent[i]]
		i = l.parent[i]
	}
	return i
}

func (l *labeller) union(a, b int32) {
	a, b = l.find(a), l.find(b)
	if a == b {
		return
	}
	if a > b { // the earlier run is the root: labels follow reading order
		a, b = b, a
	}
	l.parent[b] = a
}

// label finds the components of the samples that are set (or, inverted, of
// those that are not) in rows [y0, y1). reach is 1 for 8-connected, 0 for
// 4-connected. After it, every run's label is the index of its root run.
func (l *labeller) label(p bitPlane, w, y0, y1 int, reach int32, invert bool) {
	l.runs, l.parent = l.runs[:0], l.parent[:0]
	prev := 0 // first run of the row above
	for y := y0; y < y1; y++ {
		first := len(l.runs)
		l.rowRuns(p.row(y), w, y, invert)
		j := prev
		for i := first; i < len(l.runs); i++ {
			r := l.runs[i]
			for j < first && l.runs[j].x1+reach <= r.x0 {
				j++
			}
			for k := j; k < first && l.runs[k].x0 < r.x1+reach; k++ {
				l.union(int32(i), int32(k))
			}
		}
		prev = first
	}
	for i := range l.runs {
		l.runs[i].label = l.find(int32(i))
	}
}

// rowRuns appends the runs of one row.
func (l *labeller) rowRuns(row []uint64, w, y int, invert bool) {
	var flip uint64
	if invert {
		flip = ^uint64(0)
	}
	start := -1
	for i, v := range row {
		v ^= flip
		if i == len(row)-1 && w&63 != 0 {
			v &= 1<<(uint(w)&63) - 1
		}
		base := i << 6
		if start < 0 && v == 0 || start >= 0 && v == ^uint64(0) {
			continue
		}
		for pos := 0; pos < 64; {
			if start < 0 {
				n := bits.TrailingZeros64(v >> uint(pos))
				if pos += n; pos >= 64 {
					break
				}
				start = base + pos
			} else {
				n := bits.TrailingZeros64(^v >> uint(pos))
				if pos += n; pos >= 64 {
					break
				}
				l.add(y, start, base+pos)
				start = -1
			}
		}
	}
	if start >= 0 {
		l.add(y, start, w)
	}
}

func (l *labeller) add(y, x0, x1 int) {
	i := int32(len(l.runs))
	l.runs = append(l.runs, run{y: int32(y), x0: int32(x0), x1: int32(x1), label: i})
	l.parent = append(l.parent, i)
}

// fillHoles sets the enclosed gaps of p, empty beyond rows [y0, y1), of at
// most limit samples. A gap that
// touches the border of the picture is not enclosed.
func (l *labeller) fillHoles(p bitPlane, w, y0, y1, limit int, area []int32) []int32 {
	for y0 < y1 && empty(p.row(y0)) {
		y0++
	}
	for y1 > y0 && empty(p.row(y1-1)) {
		y1--
	}
	if y1-y0 < 3 {
		return area
	}
	l.label(p, w, y0, y1, 0, true)
	area = area[:0]
	for range l.runs {
		area = append(area, 0)
	}
	for _, r := range l.runs {
		area[r.label] += r.x1 - r.x0
		if r.x0 == 0 || int(r.x1) == w || int(r.y) == y0 || int(r.y) == y1-1 {
			area[r.label] = 1 << 29 // open: not a hole
		}
		if area[r.label] > 1<<29 {
			area[r.label] = 1 << 29
		}
	}
	for _, r := range l.runs {
		if int(area[r.label]) <= limit {
			p.setRun(int(r.y), int(r.x0), int(r.x1))
		}
	}
	return area
}

func empty(row []uint64) bool {
	for _, v := range row {
		if v != 0 {
			return false
		}
	}
	return true
}
