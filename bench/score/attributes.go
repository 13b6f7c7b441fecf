package score

import (
	"math"
	"slices"
)

// attributes scores class, colour and heading of one found object.
func (s *eventScorer) attributes(i int) {
	o, d := &s.truth.Objects[i], &s.out.Details[i]
	if d.State != "found" {
		return
	}
	k := s.tracks[s.of[i]]
	d.GotClass, d.GotColour, d.Colour, d.Heading = k.Class, k.Colour, o.Colour, o.Heading
	d.ClassScore, d.ColourScore = k.ClassScore, k.ColourScore
	d.ClassOK = s.classRight(o, k.Class)
	s.out.Class.count(d.ClassOK)
	s.colour(o, k, d)
	s.heading(o, k, d)
}

// classRight compares in the engine's vocabulary, where a van is a truck. Of
// a pair that is one track, either class is right.
func (s *eventScorer) classRight(o *Object, got string) bool {
	right := append(Names{o.Class}, o.ClassAlt...)
	if p := s.truth.partner(o); p != nil && !s.found(p) {
		right = append(append(right, p.Class), p.ClassAlt...)
	}
	for _, r := range right {
		if engineClass(r) == engineClass(got) {
			return true
		}
	}
	return false
}

func engineClass(name string) string {
	switch name {
	case "van", "lorry":
		return "truck"
	case "backpack", "handbag":
		return "bag"
	}
	return name
}

func (s *eventScorer) found(o *Object) bool {
	for _, d := range s.out.Details {
		if d.Object == o.ID {
			return d.State == "found"
		}
	}
	return false
}

// neighbours are colours that light alone can turn into one another.
var neighbours = map[[2]string]bool{
	{"silver", "grey"}: true, {"silver", "white"}: true, {"grey", "white"}: true, {"black", "grey"}: true,
}

func (s *eventScorer) colour(o *Object, k Track, d *Found) {
	if o.Colour == "" || o.Colour == "unknown" {
		return
	}
	right := append(Names{o.Colour}, o.ColourAlt...)
	d.ColourOK = slices.Contains(right, k.Colour)
	s.out.Colour.count(d.ColourOK)
	d.ColourNear = d.ColourOK || slices.ContainsFunc(right, func(r string) bool {
		return neighbours[[2]string{r, k.Colour}] || neighbours[[2]string{k.Colour, r}]
	})
	s.out.ColourNear.count(d.ColourNear)
	if k.Colour == "unknown" || k.Colour == "" {
		s.out.ColourUnknown++
	}
}

func (s *eventScorer) heading(o *Object, k Track, d *Found) {
	if _, ok := compass[o.Heading]; !ok || (o.HeadingCertain != nil && !*o.HeadingCertain) {
		return
	}
	if k.Heading == nil {
		s.out.Heading.count(false)
		s.out.HeadingUnknown++
		return
	}
	d.GotDeg = *k.Heading
	for _, name := range append(Names{o.Heading}, o.HeadingAlt...) {
		if deg, ok := compass[name]; ok && turn(*k.Heading, deg) <= 45+eps {
			d.HeadingOK = true
		}
	}
	s.out.Heading.count(d.HeadingOK)
}

// turn is the angle between two bearings, 0..180.
func turn(a, b float64) float64 {
	d := math.Mod(math.Abs(a-b), 360)
	return min(d, 360-d)
}

// Add adds the counts of another clip; details and alarms stay with theirs.
func (e *Events) Add(o Events) {
	for _, p := range [][2]*int{
		{&e.Objects, &o.Objects}, {&e.Found, &o.Found}, {&e.FoundFull, &o.FoundFull}, {&e.Missed, &o.Missed},
		{&e.Tracks, &o.Tracks}, {&e.False, &o.False}, {&e.InEmpty, &o.InEmpty}, {&e.Fragments, &o.Fragments},
		{&e.Class.Right, &o.Class.Right}, {&e.Class.Of, &o.Class.Of},
		{&e.Colour.Right, &o.Colour.Right}, {&e.Colour.Of, &o.Colour.Of},
		{&e.ColourNear.Right, &o.ColourNear.Right}, {&e.ColourNear.Of, &o.ColourNear.Of},
		{&e.ColourUnknown, &o.ColourUnknown}, {&e.HeadingUnknown, &o.HeadingUnknown},
		{&e.Heading.Right, &o.Heading.Right}, {&e.Heading.Of, &o.Heading.Of},
	} {
		*p[0] += *p[1]
	}
}
