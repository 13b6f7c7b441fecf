package motion

// cellSize is the side of the squares over which stillness is judged.
const cellSize = 4

// stills remembers, for every cell that holds foreground, how the cell looked
// when it last changed and when that was.
type stills struct {
	cols, rows int
	snap       []byte // 16 samples a cell
	since      []int64
	seen       []int64
	lastUS     int64
}

const (
	forgetUS = 600_000 // foreground gone for longer starts afresh
	lookUS   = 80_000  // between two looks
	never    = -1 << 62
)

func newStills(w, h int) *stills {
	c, r := (w+cellSize-1)/cellSize, (h+cellSize-1)/cellSize
	s := &stills{cols: c, rows: r, snap: make([]byte, c*r*16), since: make([]int64, c*r), seen: make([]int64, c*r)}
	s.reset()
	return s
}

func (s *stills) reset() {
	for i := range s.seen {
		s.seen[i], s.since[i] = never, never
	}
	s.lastUS = never
}

// maybeUpdate is update when the last look was long enough ago.
func (s *stills) maybeUpdate(cur []byte, b *background, fg bitPlane, top, end int, tUS int64) {
	if tUS-s.lastUS >= lookUS || tUS < s.lastUS {
		s.lastUS = tUS
		s.update(cur, b, fg, top, end, tUS)
	}
}

// update looks at every cell with foreground, all of it in rows [top, end).
func (s *stills) update(cur []byte, b *background, fg bitPlane, top, end int, tUS int64) {
	for cy := top / cellSize; cy*cellSize < end; cy++ {
		y0, y1 := cy*cellSize, min(cy*cellSize+cellSize, b.h)
		for i := 0; i < fg.words; i++ {
			var v uint64
			for y := y0; y < y1; y++ {
				v |= fg.row(y)[i]
			}
			for k := 0; v != 0; k, v = k+1, v>>cellSize {
				if v&(1<<cellSize-1) != 0 {
					s.cell(cur, b, cy, i*16+k, tUS)
				}
			}
		}
	}
}

func (s *stills) cell(cur []byte, b *background, cy, cx int, tUS int64) {
	c := cy*s.cols + cx
	snap := s.snap[c*16 : c*16+16]
	y1 := min(cellSize, b.h-cy*cellSize)
	p := cy*cellSize*b.stride + cx*cellSize
	sum := 0
	for y := 0; y < y1; y++ {
		row := cur[p+y*b.stride : p+y*b.stride+cellSize]
		for x, v := range row {
			sum += abs(int(v) - int(snap[y*cellSize+x]))
		}
	}
	limit := (4 + int(b.px[p].noise)>>7) * cellSize * y1
	if tUS-s.seen[c] > forgetUS || sum > limit {
		s.since[c] = tUS
		for y := 0; y < y1; y++ {
			copy(snap[y*cellSize:], cur[p+y*b.stride:p+y*b.stride+cellSize])
		}
	}
	s.seen[c] = tUS
}

// ageAt is for how long the cell of sample (x, y) has been still foreground.
// A cell that was not looked at yet counts as old: so the place that a mover
// uncovers as it goes is judged at once.
func (s *stills) ageAt(x, y int, tUS int64) int64 {
	return tUS - s.since[y/cellSize*s.cols+x/cellSize]
}

// sinceAt is since when the cell of sample (x, y) has been still foreground,
// now where that is not known yet.
func (s *stills) sinceAt(x, y int, tUS int64) int64 {
	c := y/cellSize*s.cols + x/cellSize
	if tUS-s.seen[c] > forgetUS {
		return tUS
	}
	return s.since[c]
}

// ageStepsUS are the classes in which a blob's stillness is counted.
var ageStepsUS = [...]int64{0, 250_000, 500_000, 1_000_000, 2_000_000, 4_000_000, 8_000_000, 15_000_000, 30_000_000, 60_000_000, 120_000_000, 300_000_000, 600_000_000}

// ages counts a blob's samples by age class.
type ages [len(ageStepsUS)]int32

func (a *ages) add(age int64, n int32) {
	k := 0
	for k+1 < len(ageStepsUS) && age >= ageStepsUS[k+1] {
		k++
	}
	a[k] += n
}

// still is the age that at least four fifths of the samples have reached.
func (a *ages) still() int64 {
	var total, old int32
	for _, n := range a {
		total += n
	}
	for k := len(a) - 1; k > 0; k-- {
		if old += a[k]; old*5 >= total*4 {
			return ageStepsUS[k]
		}
	}
	return 0
}
