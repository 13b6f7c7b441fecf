package score

import (
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"
)

// Truth is what one clip shows, labelled by eye or known by construction
// (truth/events/CLIP.json). Seconds count from the clip's first frame.
type Truth struct {
	Clip        string       `json:"clip"`
	Width       float64      `json:"width"`
	Height      float64      `json:"height"`
	DurationS   float64      `json:"duration_s"`
	WindowS     [2]float64   `json:"window_s"` // labels are complete inside it
	Objects     []Object     `json:"objects"`
	LeftObjects []LeftObject `json:"left_objects"`
	EmptySpansS [][2]float64 `json:"empty_spans_s"`
	Static      []Standing   `json:"static"`
	Note        string       `json:"note,omitempty"`

	// SmallPX is the width under which things are unlabelled, out of the
	// objects' span_geNNpx_s; 0 when everything is labelled.
	SmallPX float64 `json:"-"`
}

// Object is one labelled object. Empty Colour or Heading: not to be scored.
type Object struct {
	ID          int          `json:"id"`
	Class       string       `json:"class"`
	ClassAlt    Names        `json:"class_alt,omitempty"`
	Colour      string       `json:"colour"`
	ColourAlt   Names        `json:"colour_alt,omitempty"`
	LowerColour string       `json:"lower_colour,omitempty"`
	StartS      float64      `json:"start_s"`
	EndS        float64      `json:"end_s"`
	Boxes       [][5]float64 `json:"boxes"`   // t_s, x, y, w, h
	Heading     string       `json:"heading"` // N, NE, …
	HeadingAlt  Names        `json:"heading_alt,omitempty"`
	Stops       [][2]float64 `json:"stops"`

	Certain        *bool `json:"certain,omitempty"`         // false: never missed
	Minor          bool  `json:"minor,omitempty"`           // neither missed nor false
	HeadingCertain *bool `json:"heading_certain,omitempty"` // false: heading not scored

	Pushes   int `json:"pushes,omitempty"`
	PushedBy int `json:"pushed_by,omitempty"`
	RiderOf  int `json:"rider_of,omitempty"`

	// SpanS is the span to score: span_geNNpx_s where given, else the whole
	// life, cut to the window.
	SpanS [2]float64 `json:"-"`
}

// LeftObject is a thing set down and left, from LeftS on.
type LeftObject struct {
	What     string   `json:"what"`
	Class    string   `json:"class"`
	Colour   string   `json:"colour"`
	X        float64  `json:"x"`
	Y        float64  `json:"y"`
	W        float64  `json:"w"`
	H        float64  `json:"h"`
	LeftS    float64  `json:"left_s"`
	RemovedS *float64 `json:"removed_s"`
	OwnerID  int      `json:"owner_id,omitempty"`
}

// Standing is a thing that is there all the time.
type Standing struct {
	What string  `json:"what"`
	X    float64 `json:"x"`
	Y    float64 `json:"y"`
	W    float64 `json:"w"`
	H    float64 `json:"h"`
}

// Names is a list of names; a single one may stand without brackets.
type Names []string

// UnmarshalJSON takes a string, a list, or null.
func (n *Names) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*n = nil
		if one != "" {
			*n = Names{one}
		}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(n))
}

// ReadTruth reads one truth file and settles the span to score of each object.
func ReadTruth(r io.Reader) (*Truth, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	t := &Truth{}
	if err := json.Unmarshal(raw, t); err != nil {
		return nil, err
	}
	var loose struct {
		Objects []map[string]json.RawMessage `json:"objects"`
	}
	if err := json.Unmarshal(raw, &loose); err != nil {
		return nil, err
	}
	for i := range t.Objects {
		if err := t.settle(&t.Objects[i], loose.Objects[i]); err != nil {
			return nil, fmt.Errorf("object %d: %w", t.Objects[i].ID, err)
		}
	}
	return t, nil
}

func (t *Truth) settle(o *Object, fields map[string]json.RawMessage) error {
	sort.Slice(o.Boxes, func(i, j int) bool { return o.Boxes[i][0] < o.Boxes[j][0] })
	if len(o.Boxes) == 0 {
		return fmt.Errorf("no boxes")
	}
	o.SpanS = [2]float64{max(o.StartS, t.WindowS[0]), min(o.EndS, t.WindowS[1])}
	for name, raw := range fields {
		px, ok := strings.CutPrefix(name, "span_ge")
		if !ok {
			continue
		}
		px, ok = strings.CutSuffix(px, "px_s")
		width, err := strconv.ParseFloat(px, 64)
		if !ok || err != nil {
			continue
		}
		if err := json.Unmarshal(raw, &o.SpanS); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		t.SmallPX = max(t.SmallPX, width)
	}
	return nil
}

// certain tells whether missing the object counts.
func (o *Object) certain() bool { return !o.Minor && (o.Certain == nil || *o.Certain) }

// at is the labelled box at a moment, between two labels in proportion.
func (o *Object) at(tS float64) Rect { return boxAt(o.Boxes, tS) }

// partner is the object that may fairly be one with this, or nil.
func (t *Truth) partner(o *Object) *Object {
	for i := range t.Objects {
		p := &t.Objects[i]
		switch {
		case p.ID == o.ID:
		case o.Pushes == p.ID, o.PushedBy == p.ID, o.RiderOf == p.ID,
			p.Pushes == o.ID, p.PushedBy == o.ID, p.RiderOf == o.ID:
			return p
		}
	}
	return nil
}

// compass is the bearing of a compass point in degrees.
var compass = map[string]float64{
	"N": 0, "NE": 45, "E": 90, "SE": 135, "S": 180, "SW": 225, "W": 270, "NW": 315,
}
