package score

import (
	"cmp"
	"fmt"
	"slices"
)

// Rules are the thresholds of the events suite. The words of the project are
// "an object is found when one track covers its time span and boxes (IoU ≥ .3
// at the labelled boxes)"; the shares say how much of them it must cover.
type Rules struct {
	IoU       float64 // a labelled box is hit from here on
	BoxShare  float64 // of the labelled boxes in the span that one track must hit
	SpanShare float64 // of the span in which the track must exist
	SlackS    float64 // a track may begin late or end early by this much at a label
	MarginS   float64 // an object's shadow or tail around its life explains a track
	EmptyS    float64 // a track that is longer than this in an empty span is false there
	SmallTol  float64 // things below SmallPX times this are no false alarms
}

// DefaultRules are those that RESULTS.md is made with.
func DefaultRules() Rules {
	return Rules{IoU: .3, BoxShare: 2. / 3, SpanShare: 2. / 3, SlackS: .3, MarginS: .5, EmptyS: 1, SmallTol: 1.1}
}

// Found says how one labelled object fared.
type Found struct {
	Object      int     `json:"object"`
	Class       string  `json:"class"`
	Track       int64   `json:"track,omitempty"` // 0: none
	State       string  `json:"state"`           // found, missed, merged (with its partner), ignored
	Boxes       float64 `json:"boxes"`           // share of labelled boxes hit by the best track
	Span        float64 `json:"span"`            // share of the span the best track covers
	Fragments   []int64 `json:"fragments,omitempty"`
	GotClass    string  `json:"got_class,omitempty"`
	GotColour   string  `json:"got_colour,omitempty"`
	Colour      string  `json:"colour,omitempty"`
	Heading     string  `json:"heading,omitempty"`
	GotDeg      float64 `json:"got_heading,omitempty"`
	ClassOK     bool    `json:"class_ok"`
	ColourOK    bool    `json:"colour_ok"`
	ColourNear  bool    `json:"colour_near"` // right, or a neighbour of what is
	ClassScore  float64 `json:"class_score"` // the program's own
	ColourScore float64 `json:"colour_score"`
	HeadingOK   bool    `json:"heading_ok"`
}

// False is a track that no label explains, or that outlives its object into
// an empty span.
type False struct {
	Track  int64   `json:"track"`
	Class  string  `json:"class"`
	StartS float64 `json:"start_s"`
	EndS   float64 `json:"end_s"`
	Box    Rect    `json:"box"` // in the middle of its life
	Why    string  `json:"why"`
}

// Events are the figures of one clip, or of several added up.
type Events struct {
	Objects   int `json:"objects"` // that could be found or missed
	Found     int `json:"found"`
	FoundFull int `json:"found_full"` // every labelled box hit
	Missed    int `json:"missed"`
	Tracks    int `json:"tracks"` // with a part in the window
	False     int `json:"false"`
	InEmpty   int `json:"in_empty"` // tracks in empty spans (part of False when unexplained)
	Fragments int `json:"fragments"`

	Class          Ratio `json:"class"`
	Colour         Ratio `json:"colour"`
	ColourNear     Ratio `json:"colour_near"`     // neighbours taken as right
	ColourUnknown  int   `json:"colour_unknown"`  // of Colour.Of
	Heading        Ratio `json:"heading"`         // within 45°
	HeadingUnknown int   `json:"heading_unknown"` // of Heading.Of

	Details []Found `json:"details,omitempty"`
	Alarms  []False `json:"alarms,omitempty"`
}

// Ratio is right answers of answers asked for.
type Ratio struct {
	Right int `json:"right"`
	Of    int `json:"of"`
}

// Share is Right ÷ Of, and 0 of nothing.
func (r Ratio) Share() float64 { return share(float64(r.Right), float64(r.Of)) }

// String prints both numbers.
func (r Ratio) String() string { return fmt.Sprintf("%d/%d", r.Right, r.Of) }

func (r *Ratio) count(right bool) {
	r.Of++
	if right {
		r.Right++
	}
}

// ScoreEvents scores the tracks of one clip against its truth.
func ScoreEvents(truth *Truth, tracks []Track, rules Rules) Events {
	s := &eventScorer{truth: truth, rules: rules}
	for _, k := range tracks {
		if s.inWindow(k) {
			s.tracks = append(s.tracks, k)
		}
	}
	s.out.Tracks = len(s.tracks)
	s.out.Details = make([]Found, len(truth.Objects))
	s.match()
	s.explain()
	for i := range truth.Objects {
		s.attributes(i)
	}
	slices.SortFunc(s.out.Alarms, func(a, b False) int { return cmp.Compare(a.StartS, b.StartS) })
	return s.out
}

type eventScorer struct {
	truth  *Truth
	rules  Rules
	tracks []Track
	of     []int // track of each object, or -1
	out    Events
}

func (s *eventScorer) inWindow(k Track) bool {
	w := s.truth.WindowS
	return len(k.Path) > 0 && float64(k.EndUS) >= w[0]*1e6 && float64(k.StartUS) <= w[1]*1e6
}

// match gives each object at most one track and each track at most one
// object, the best together, then takes what is neither found nor owed out of
// the count.
func (s *eventScorer) match() {
	objects := s.truth.Objects
	weight := matrix(len(objects), len(s.tracks))
	boxes, span := matrix(len(objects), len(s.tracks)), matrix(len(objects), len(s.tracks))
	for i := range objects {
		for j, k := range s.tracks {
			b, sp := s.cover(&objects[i], k)
			boxes[i][j], span[i][j] = b, sp
			if b >= s.rules.BoxShare-eps && sp >= s.rules.SpanShare-eps {
				// one more object found outweighs any better fit
				weight[i][j] = 10 + b + sp + s.ownFit(&objects[i], k)
			}
		}
	}
	s.of = Assign(weight)
	for i := range objects {
		d := &s.out.Details[i]
		d.Object, d.Class = objects[i].ID, objects[i].Class
		best := s.of[i]
		for j := range s.tracks {
			if s.of[i] < 0 && (best < 0 || boxes[i][j]+span[i][j] > boxes[i][best]+span[i][best]) {
				best = j
			}
		}
		if best >= 0 {
			d.Boxes, d.Span = boxes[i][best], span[i][best]
		}
	}
	for i := range objects {
		s.settle(i)
	}
}

func (s *eventScorer) settle(i int) {
	o, d := &s.truth.Objects[i], &s.out.Details[i]
	switch {
	case o.Minor:
		d.State = "ignored"
	case s.of[i] >= 0:
		d.State, d.Track = "found", s.tracks[s.of[i]].ID
		s.out.Found++
		s.out.Objects++
		if d.Boxes >= 1-eps {
			s.out.FoundFull++
		}
	case s.partnerFound(o):
		d.State = "merged"
	case !o.certain():
		d.State = "ignored"
	default:
		d.State = "missed"
		s.out.Missed++
		s.out.Objects++
	}
}

func (s *eventScorer) partnerFound(o *Object) bool {
	p := s.truth.partner(o)
	if p == nil {
		return false
	}
	for i := range s.truth.Objects {
		if s.truth.Objects[i].ID == p.ID {
			return s.of[i] >= 0
		}
	}
	return false
}

// cover is the share of an object's labelled boxes that a track hits, and the
// share of its span in which the track exists.
func (s *eventScorer) cover(o *Object, k Track) (boxes, span float64) {
	labelled, hit := 0, 0
	for _, b := range o.Boxes {
		if b[0] < o.SpanS[0]-eps || b[0] > o.SpanS[1]+eps {
			continue
		}
		labelled++
		if at, ok := k.At(b[0]*1e6, s.rules.SlackS*1e6); ok && s.fits(o, at, b[0]) >= s.rules.IoU-eps {
			hit++
		}
	}
	start, end := float64(k.StartUS)/1e6-s.rules.SlackS, float64(k.EndUS)/1e6+s.rules.SlackS
	common := min(end, o.SpanS[1]) - max(start, o.SpanS[0])
	if o.SpanS[1] <= o.SpanS[0] { // a span of one frame
		return share(float64(hit), float64(labelled)), 1
	}
	return share(float64(hit), float64(labelled)), max(0, min(1, common/(o.SpanS[1]-o.SpanS[0])))
}

// ownFit is the mean overlap of a track with an object's own labels, so that
// of a pair each gets its own track where there are two.
func (s *eventScorer) ownFit(o *Object, k Track) float64 {
	sum := 0.0
	for _, b := range o.Boxes {
		if at, ok := k.At(b[0]*1e6, s.rules.SlackS*1e6); ok {
			sum += at.IoU(Rect{b[1], b[2], b[3], b[4]})
		}
	}
	return sum / float64(len(o.Boxes))
}

// fits is the overlap of a box with an object, or with the object and its
// partner taken as one.
func (s *eventScorer) fits(o *Object, box Rect, tS float64) float64 {
	box = box.Clip(s.truth.Width, s.truth.Height)
	label := o.at(tS)
	best := box.IoU(label)
	if p := s.truth.partner(o); p != nil && tS >= p.StartS && tS <= p.EndS {
		best = max(best, box.IoU(label.Union(p.at(tS))))
	}
	return best
}
