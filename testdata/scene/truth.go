package scene

import (
	"fmt"
	"io"
	"math"

	"posteriori/bench/score"
	vocab "posteriori/engine/scene"
)

// Truth is what a scene shows, in the form of the labelled clips of the
// benchmark, and more: the zones that each object enters.
type Truth struct {
	score.Truth
	Visits []Visit `json:"visits"`
	Zones  []Area  `json:"zones"`
}

// Visit is a stay of an object's foot point (bottom centre) in a zone.
type Visit struct {
	Zone   string  `json:"zone"`
	Object int     `json:"object"`
	EnterS float64 `json:"enter_s"`
	LeaveS float64 `json:"leave_s"`
}

// Area is a zone in pixels of the clip.
type Area struct {
	Name    string       `json:"name"`
	Polygon [][2]float64 `json:"polygon"`
}

// Labelled is the box of one object in one frame, in pixels, cut to the
// picture.
type Labelled struct {
	ID  int
	Box score.Rect
	// Whole is the box with what lies outside the picture.
	Whole score.Rect
}

// visible: enough of a thing is in the picture to be labelled.
func visible(box, whole score.Rect) bool {
	return box.W >= 3 && box.H >= 3 && box.Area() >= .08*whole.Area()
}

// Boxes are the objects in view at frame i, in order of identity.
func (s *Scene) Boxes(i int) []Labelled {
	t := s.timeS(i)
	c := &canvas{w: s.W, h: s.H, unit: s.unit(), measuring: true}
	c.ox, c.oy = s.shake(t)
	var out []Labelled
	take := func(id int) {
		whole := score.Rect{X: c.x0, Y: c.y0, W: c.x1 - c.x0, H: c.y1 - c.y0}
		box := whole.Clip(float64(s.W), float64(s.H))
		if visible(box, whole) {
			out = append(out, Labelled{id, box, whole})
		}
	}
	for k := range s.Actors {
		a := &s.Actors[k]
		p := a.at(t)
		if !p.there {
			continue
		}
		c.mark()
		a.draw(c, p)
		if q, bag := a.carriedBag(t, p); q.there {
			bag.draw(c, q)
		}
		take(a.ID)
		if a.RiderID > 0 {
			c.mark()
			a.rider(c, p)
			take(a.RiderID)
		}
	}
	return out
}

// Truth labels the whole clip. It looks at every frame's geometry and draws
// nothing.
func (s *Scene) Truth() Truth {
	t := Truth{Truth: score.Truth{
		Clip: s.Name, Width: float64(s.W), Height: float64(s.H), DurationS: s.Seconds,
		WindowS: [2]float64{0, s.Seconds}, Static: []score.Standing{}, LeftObjects: []score.LeftObject{},
		Objects: []score.Object{}, Note: "rendered; every label is exact",
	}, Visits: []Visit{}}
	interval := s.Interval
	if interval == 0 {
		interval = .5
	}
	lives := map[int]*life{}
	var order []int
	busy := make([]bool, s.Frames())
	for i := range busy {
		now := s.timeS(i)
		for _, l := range s.Boxes(i) {
			busy[i] = true
			if lives[l.ID] == nil {
				lives[l.ID] = &life{}
				order = append(order, l.ID)
			}
			lives[l.ID].see(now, l.Box, interval)
		}
	}
	for _, id := range order {
		t.Objects = append(t.Objects, s.object(id, lives[id]))
	}
	t.EmptySpansS = s.emptySpans(busy)
	s.things(&t)
	for _, z := range s.Zones {
		area := Area{Name: z.Name}
		for _, p := range z.Polygon {
			area.Polygon = append(area.Polygon, [2]float64{p[0] * s.unit(), p[1] * s.unit()})
		}
		t.Zones = append(t.Zones, area)
		for _, id := range order {
			t.Visits = append(t.Visits, lives[id].visits(area, id)...)
		}
	}
	return t
}

// life is what the frames show of one object.
type life struct {
	boxes    [][5]float64 // all, t_s x y w h
	labelled [][5]float64
}

func (l *life) see(t float64, b score.Rect, interval float64) {
	row := [5]float64{t, b.X, b.Y, b.W, b.H}
	if n := len(l.labelled); n == 0 || t >= l.labelled[n-1][0]+interval-1e-6 {
		l.labelled = append(l.labelled, row)
	}
	l.boxes = append(l.boxes, row)
}

func (s *Scene) object(id int, l *life) score.Object {
	first, last := l.boxes[0], l.boxes[len(l.boxes)-1]
	if l.labelled[len(l.labelled)-1][0] < last[0] {
		l.labelled = append(l.labelled, last)
	}
	o := score.Object{ID: id, StartS: first[0], EndS: last[0], Boxes: l.labelled, Stops: [][2]float64{}}
	for k := range s.Actors {
		a := &s.Actors[k]
		switch id {
		case a.ID:
			o.Class, o.Colour = a.Class.String(), a.Colour.String()
			if a.Class == vocab.Person {
				o.LowerColour = a.Lower.String()
			}
		case a.RiderID:
			o.Class, o.Colour, o.RiderOf = vocab.Person.String(), a.Lower.String(), a.ID
		default:
			continue
		}
		o.Stops = a.stops()
		o.Heading, o.HeadingAlt = a.heading(first[0], last[0])
	}
	if s.night(first[0]) {
		o.Colour, o.LowerColour = "unknown", ""
	}
	return o
}

// stops are the stays of two seconds and more.
func (a *Actor) stops() [][2]float64 {
	out := [][2]float64{}
	for i := 1; i < len(a.Way); i++ {
		p, q := a.Way[i-1], a.Way[i]
		if p.X == q.X && p.Y == q.Y && q.T-p.T >= 2 {
			out = append(out, [2]float64{p.T, q.T})
		}
	}
	return out
}

// heading names the way from the first to the last sight of an actor, and the
// neighbour that is nearly as right.
func (a *Actor) heading(from, to float64) (string, score.Names) {
	p, q := a.at(from), a.at(to)
	if math.Hypot(q.x-p.x, q.y-p.y) < 15 {
		return "", nil
	}
	names := []string{"N", "NE", "E", "SE", "S", "SW", "W", "NW"}
	deg := math.Mod(math.Atan2(q.x-p.x, p.y-q.y)*180/math.Pi+360, 360)
	k := int(math.Round(deg / 45))
	var alt score.Names
	if d := deg - 45*float64(k); d > 15 {
		alt = score.Names{names[(k+1)%8]}
	} else if d < -15 {
		alt = score.Names{names[(k+7)%8]}
	}
	return names[k%8], alt
}

// emptySpans are the spans of over a second without anything in view, .3 s
// kept from each end.
func (s *Scene) emptySpans(busy []bool) [][2]float64 {
	const margin = .3
	out := [][2]float64{}
	start := -1
	end := func(i int) {
		from, to := s.timeS(start)+margin, s.timeS(i)-margin
		if start == 0 {
			from = 0
		}
		if i == len(busy) {
			to = s.Seconds
		}
		if to-from >= 1-2*margin {
			out = append(out, [2]float64{from, to})
		}
		start = -1
	}
	for i, b := range busy {
		if !b && start < 0 {
			start = i
		}
		if b && start >= 0 {
			end(i)
		}
	}
	if start >= 0 {
		end(len(busy))
	}
	return out
}

// things lists what was left behind.
func (s *Scene) things(t *Truth) {
	for k := range s.Actors {
		a := &s.Actors[k]
		p, bag := a.leftBag(a.DropS)
		if !p.there {
			continue
		}
		c := &canvas{w: s.W, h: s.H, unit: s.unit(), measuring: true}
		c.mark()
		bag.draw(c, p)
		l := score.LeftObject{What: "bag", Class: "bag", Colour: a.Bag.String(), X: c.x0, Y: c.y0,
			W: c.x1 - c.x0, H: c.y1 - c.y0, LeftS: a.DropS, OwnerID: a.ID}
		if a.TakenS > 0 {
			l.RemovedS = &a.TakenS
		}
		t.LeftObjects = append(t.LeftObjects, l)
	}
}

// visits are the stays of the foot point in a zone.
func (l *life) visits(z Area, id int) []Visit {
	var out []Visit
	inside := false
	for _, b := range l.boxes {
		in := within(z.Polygon, b[1]+b[3]/2, b[2]+b[4])
		if in && !inside {
			out = append(out, Visit{Zone: z.Name, Object: id, EnterS: b[0]})
		}
		if in {
			out[len(out)-1].LeaveS = b[0]
		}
		inside = in
	}
	return out
}

func within(poly [][2]float64, x, y float64) bool {
	in := false
	for i, j := 0, len(poly)-1; i < len(poly); j, i = i, i+1 {
		a, b := poly[i], poly[j]
		if (a[1] > y) != (b[1] > y) && x < (b[0]-a[0])*(y-a[1])/(b[1]-a[1])+a[0] {
			in = !in
		}
	}
	return in
}

// WriteMOT writes the boxes of every frame as MOTChallenge truth.
func (s *Scene) WriteMOT(w io.Writer) error {
	for i := range s.Frames() {
		for _, l := range s.Boxes(i) {
			if _, err := fmt.Fprintf(w, "%d,%d,%.2f,%.2f,%.2f,%.2f,1,-1,1\n", i+1, l.ID, l.Box.X, l.Box.Y, l.Box.W, l.Box.H); err != nil {
				return err
			}
		}
	}
	return nil
}
