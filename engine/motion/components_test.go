package motion

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// drawPlane draws a mask of any size, sparse to dense, with its samples also
// as plain booleans.
func drawPlane(t *rapid.T) (bitPlane, [][]bool, int) {
	w, h := rapid.IntRange(1, 140).Draw(t, "w"), rapid.IntRange(1, 24).Draw(t, "h")
	odds := rapid.IntRange(1, 9).Draw(t, "odds")
	seed := rapid.Uint64().Draw(t, "seed")
	b := newBackground(1, 1, 64, 1, seed)
	p, plain := newBitPlane((w+63)/64, h), make([][]bool, h)
	for y := range plain {
		plain[y] = make([]bool, w)
		for x := range plain[y] {
			if b.rand()%10 < uint32(odds) {
				plain[y][x] = true
				p.set(x, y)
			}
		}
	}
	return p, plain, w
}

// flood labels by naive flood fill, in reading order of the first sample.
func flood(plain [][]bool, want, eight bool) [][]int {
	h, w := len(plain), len(plain[0])
	out := make([][]int, h)
	for y := range out {
		out[y] = make([]int, w)
	}
	n := 0
	var fill func(x, y int)
	fill = func(x, y int) {
		if x < 0 || y < 0 || x >= w || y >= h || plain[y][x] != want || out[y][x] != 0 {
			return
		}
		out[y][x] = n
		for dy := -1; dy <= 1; dy++ {
			for dx := -1; dx <= 1; dx++ {
				if eight || dx == 0 || dy == 0 {
					fill(x+dx, y+dy)
				}
			}
		}
	}
	for y := range plain {
		for x := range plain[y] {
			if plain[y][x] == want && out[y][x] == 0 {
				n++
				fill(x, y)
			}
		}
	}
	return out
}

func TestLabelsMatchFloodFill(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, plain, w := drawPlane(t)
		eight := rapid.Bool().Draw(t, "eight")
		invert := rapid.Bool().Draw(t, "invert")
		reach := int32(0)
		if eight {
			reach = 1
		}
		var l labeller
		l.label(p, w, 0, p.rows, reach, invert)
		got := make([][]int, p.rows)
		for y := range got {
			got[y] = make([]int, w)
		}
		names := map[int32]int{}
		for _, r := range l.runs {
			if names[r.label] == 0 {
				names[r.label] = len(names) + 1
			}
			for x := r.x0; x < r.x1; x++ {
				got[r.y][x] = names[r.label]
			}
		}
		if d := cmp.Diff(flood(plain, !invert, eight), got); d != "" {
			t.Fatalf("labels differ (-flood +runs):\n%s", d)
		}
	})
}

func TestHolesMatchFloodFill(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, plain, w := drawPlane(t)
		limit := rapid.IntRange(0, 30).Draw(t, "limit")
		gaps := flood(plain, false, false)
		size, open := map[int]int{}, map[int]bool{}
		for y, row := range gaps {
			for x, n := range row {
				size[n]++
				open[n] = open[n] || x == 0 || y == 0 || x == w-1 || y == p.rows-1
			}
		}
		var l labeller
		l.fillHoles(p, w, 0, p.rows, limit, nil)
		for y, row := range gaps {
			for x, n := range row {
				if want := plain[y][x] || !open[n] && size[n] <= limit; p.get(x, y) != want {
					t.Fatalf("sample %d,%d of a gap of %d: %v, want %v", x, y, size[n], !want, want)
				}
			}
		}
	})
}

func TestMorphologyMatchesCounting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, plain, w := drawPlane(t)
		k := rapid.IntRange(1, 3).Draw(t, "k")
		need := rapid.IntRange(1, (2*k+1)*(2*k+1)).Draw(t, "need")
		m := newMorph(w, p.words, p.rows)
		perRow := make([]int, p.rows)
		for y := range perRow {
			perRow[y] = p.countIn(y, 0, w)
		}
		major, grown, shrunk := newBitPlane(p.words, p.rows), newBitPlane(p.words, p.rows), newBitPlane(p.words, p.rows)
		top, end := m.majority(major, p, k, need, perRow)
		m.dilate(grown, p, 0, p.rows)
		m.erode(shrunk, p, 0, p.rows)
		for y := range plain {
			for x := range plain[y] {
				if got, want := major.get(x, y), around(plain, x, y, k, false) >= need; got != want {
					t.Fatalf("majority at %d,%d: %v, want %v", x, y, got, want)
				}
				if major.get(x, y) && (y < top || y >= end) {
					t.Fatalf("row %d is set but outside [%d, %d)", y, top, end)
				}
				if got, want := grown.get(x, y), around(plain, x, y, 1, false) > 0; got != want {
					t.Fatalf("dilation at %d,%d: %v, want %v", x, y, got, want)
				}
				if got, want := shrunk.get(x, y), around(plain, x, y, 1, true) == 9; got != want {
					t.Fatalf("erosion at %d,%d: %v, want %v", x, y, got, want)
				}
			}
		}
		for y := range plain {
			for _, q := range []bitPlane{major, grown, shrunk} {
				if q.row(y)[q.words-1]&^m.last != 0 {
					t.Fatal("bits set beyond the picture")
				}
			}
		}
	})
}

// around counts the set samples of a window; outside is what lies beyond the
// picture.
func around(plain [][]bool, cx, cy, k int, outside bool) int {
	n := 0
	for y := cy - k; y <= cy+k; y++ {
		for x := cx - k; x <= cx+k; x++ {
			v := outside
			if y >= 0 && y < len(plain) && x >= 0 && x < len(plain[0]) {
				v = plain[y][x]
			}
			if v {
				n++
			}
		}
	}
	return n
}

// TestWordArithmetic checks the comparisons on whole words against plain ones.
func TestWordArithmetic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := newBackground(64, 1, 64, rapid.IntRange(1, 30).Draw(t, "base"), 1)
		vals := rapid.SliceOfN(rapid.Byte(), 64, 64)
		cur, mean, set := vals.Draw(t, "cur"), vals.Draw(t, "mean"), rapid.SliceOfN(rapid.Byte(), slots, slots).Draw(t, "set")
		noise := rapid.Uint16Range(0, 20<<8).Draw(t, "noise")
		for p, v := range mean {
			b.px[p].noise = noise
			b.restart(p, v)
			for i, s := range set {
				b.put(p, uint32(i), s)
			}
		}
		sus := b.suspects(cur, 0)
		for p, v := range cur {
			r := int(b.px[p].rad)
			want := abs(int(v)-int(mean[p])) > r-r>>2
			if got := sus>>uint(p)&1 != 0; got != want {
				t.Fatalf("suspect %d: value %d, mean %d, radius %d: %v", p, v, mean[p], r, got)
			}
			agree := 0
			for _, s := range set {
				if abs(int(s)-int(v)) <= r {
					agree++
				}
			}
			if got, want := b.foreign(p, v, r), agree < needed; got != want {
				t.Fatalf("foreign: value %d, radius %d, set %v: %v", v, r, set, got)
			}
		}
	})
}
