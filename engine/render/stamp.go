package render

import (
	"fmt"
	"time"
)

// stampText is an object's time as shown: its wall clock, or media time when
// (+0:01:05) where that is unknown; then its note.
func stampText(clockUS, tUS int64, dates bool, label, note string) string {
	s := "+" + seconds(tUS)
	if clockUS != 0 {
		at := time.UnixMicro(clockUS + tUS).UTC()
		s = at.Format("15:04:05")
		if dates {
			s = at.Format("02/01 15:04:05")
		}
	}
	if label != "" {
		s = label + " " + s
	}
	if note != "" {
		s += " " + note
	}
	return s
}

// seconds writes media time as H:MM:SS.
func seconds(us int64) string {
	s := us / second
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// spot is where an object's stamp sits relative to its box.
type spot int

const (
	above spot = iota
	below
	right
	left
	inside
	numSpots
)

// seat remembers where an object's stamp was, so that it does not jump.
type seat struct {
	at    spot
	x, y  float64 // smoothed top-left corner
	frame int64   // when it was last drawn
}

// rect is a whole-pixel rectangle.
type rect struct{ x, y, w, h int }

func (a rect) overlap(b rect) int {
	w := min(a.x+a.w, b.x+b.w) - max(a.x, b.x)
	h := min(a.y+a.h, b.y+b.h) - max(a.y, b.y)
	if w <= 0 || h <= 0 {
		return 0
	}
	return w * h
}

// stamper seats the stamps of one picture after another.
type stamper struct {
	w, h  int // of the picture they stay in
	seats map[[2]int32]*seat
	taken []rect // stamps of this picture
	boxes []rect // objects of this picture
}

func newStamper(w, h int) *stamper { return &stamper{w: w, h: h, seats: map[[2]int32]*seat{}} }

// begin starts a picture with these objects.
func (s *stamper) begin(boxes []rect) { s.taken, s.boxes = s.taken[:0], boxes }

// place finds a seat for a stamp of w×h beside box: where it was before if
// that is still free, else the spot that covers other stamps and objects least.
func (s *stamper) place(key [2]int32, box rect, w, h int, frameNo int64) (x, y int) {
	st := s.seats[key]
	fresh := st == nil || frameNo-st.frame > 5
	if fresh {
		st = &seat{at: numSpots}
		s.seats[key] = st
	}
	best, cost := above, 1<<60
	for at := above; at < numSpots; at++ {
		c := s.cost(s.spotRect(at, box, w, h), box, at)
		if at == st.at {
			c = c*2/3 - w*h/4
		}
		if c < cost {
			best, cost = at, c
		}
	}
	want := s.spotRect(best, box, w, h)
	if fresh || best != st.at {
		st.x, st.y = float64(want.x), float64(want.y)
	}
	st.at, st.frame = best, frameNo
	st.x, st.y = follow(st.x, float64(want.x), float64(h)), follow(st.y, float64(want.y), float64(h))
	got := s.clamp(rect{int(st.x + .5), int(st.y + .5), w, h})
	s.taken = append(s.taken, got)
	return got.x, got.y
}

// follow moves a stamp's corner towards where it is wanted: boxes tremble, and
// their stamps follow more calmly, but stay near one that goes fast.
func follow(at, want, h float64) float64 {
	at += (want - at) * .35
	return min(max(at, want-h/3), want+h/3)
}

func (s *stamper) clamp(r rect) rect {
	r.x = max(0, min(r.x, s.w-r.w))
	r.y = max(0, min(r.y, s.h-r.h))
	return r
}

// spotRect is a stamp's place at a spot, kept within the picture.
func (s *stamper) spotRect(at spot, b rect, w, h int) rect {
	mid, middle := b.x+(b.w-w)/2, b.y+(b.h-h)/2
	r := rect{mid, b.y - h - 1, w, h}
	switch at {
	case below:
		r.y = b.y + b.h + 1
	case right:
		r.x, r.y = b.x+b.w+2, middle
	case left:
		r.x, r.y = b.x-w-2, middle
	case inside:
		r.y = b.y + 2
	}
	return s.clamp(r)
}

// cost is what a place covers; later spots cost a little more.
func (s *stamper) cost(r, own rect, at spot) int {
	c := int(at) * r.w * r.h / 16
	for _, t := range s.taken {
		c += 8 * r.overlap(t)
	}
	for _, b := range s.boxes {
		c += r.overlap(b)
	}
	// Squeezed in by the edge of the picture it lies on its own object.
	return c + r.overlap(own)
}
