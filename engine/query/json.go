package query

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"posteriori/engine/index"
	"posteriori/engine/scene"
)

// WriteJSON writes {"results": n, "scope": …, "tracks": [Record, …]}, a
// record to a line; with paths if withPath is set.
func (r *Results) WriteJSON(ctx context.Context, w io.Writer, withPath bool) error {
	b := bufio.NewWriterSize(w, 1<<16)
	scope, err := json.Marshal(r.Scope)
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "{\"results\": %d, \"scope\": %s, \"tracks\": [", r.Len(), scope)
	enc := recordEncoder{heads: map[*index.Recording][]byte{}}
	sep := "\n"
	for h, err := range r.Hits(ctx, withPath) {
		if err != nil {
			return err
		}
		rec, err := enc.encode(h)
		if err != nil {
			return err
		}
		b.WriteString(sep) // an error stays until Flush
		b.Write(rec)
		sep = ",\n"
	}
	fmt.Fprint(b, "\n]}\n")
	return b.Flush()
}

// recordEncoder writes [Record]s of hits byte for byte as encoding/json does,
// at a sixth of its cost: an answer may have very many.
type recordEncoder struct {
	heads map[*index.Recording][]byte // what all hits of a recording begin with
	buf   []byte                      // of the last record
}

// encode is valid until the next call.
func (e *recordEncoder) encode(h Hit) ([]byte, error) {
	head, err := e.head(h.Recording)
	if err != nil {
		return nil, err
	}
	t := &h.Track
	b := append(e.buf[:0], head...)
	b = strconv.AppendInt(b, t.ID, 10)
	b = append(b, `,"class":"`...)
	b = append(b, t.Class.String()...)
	b = appendNumber(b, `","class_score":`, round3(t.ClassScore))
	b = append(b, `,"colour":"`...)
	b = append(b, t.Colour.String()...)
	b = appendNumber(b, `","colour_score":`, round3(t.ColourScore))
	if t.Class == scene.Person {
		b = append(b, `,"lower_colour":"`...)
		b = append(b, t.Lower.String()...)
		b = append(b, '"')
		if s := round3(t.LowerScore); s != 0 {
			b = appendNumber(b, `,"lower_score":`, s)
		}
	}
	if t.HasHeading {
		b = appendNumber(b, `,"heading":`, math.Round(t.Heading*10)/10)
		if over, _ := h.Bearing(); h.North != nil {
			b = appendNumber(b, `,"bearing":`, math.Round(over*10)/10)
		}
		b = append(b, `,"compass":"`...)
		b = append(b, h.Compass()...)
		b = append(b, '"')
	} else {
		b = append(b, `,"heading":null`...)
	}
	if b, err = e.appendTimes(b, h); err != nil {
		return nil, err
	}
	b = appendInt(b, `,"clock_uncertainty_us":`, h.Recording.ClockUncertaintyUS)
	b = appendInt(b, `,"start_us":`, t.StartUS)
	b = appendInt(b, `,"end_us":`, t.EndUS)
	b = appendNumber(b, `,"width":`, h.Size.MedianW)
	b = appendNumber(b, `,"height":`, h.Size.MedianH)
	b = appendNumber(b, `,"travel":`, h.TravelPX)
	b = appendNumber(b, `,"observed":`, round3(t.Observed))
	b = appendInt(b, `,"best_us":`, t.BestUS)
	b = appendNumber(b, `,"best":[`, round3(t.Best.X))
	b = appendNumber(b, `,`, round3(t.Best.Y))
	b = appendNumber(b, `,`, round3(t.Best.W))
	b = appendNumber(b, `,`, round3(t.Best.H))
	b = append(b, `],"status":"`...)
	b = append(b, h.Status...)
	b = append(b, '"')
	if b, err = appendRare(b, h); err != nil {
		return nil, err
	}
	b = appendPath(b, t.Path)
	e.buf = append(b, '}')
	return e.buf, nil
}

// appendRare writes what few hits have.
func appendRare(b []byte, h Hit) ([]byte, error) {
	if h.Track.Event == scene.NoEvent && h.Track.Linked == 0 && h.Ground == nil && h.Plate == nil {
		return b, nil
	}
	whole := h.Record()
	rare, err := json.Marshal(struct {
		Event   string      `json:"event,omitempty"`
		EventUS *int64      `json:"event_us,omitempty"`
		EventAt *time.Time  `json:"event_at,omitempty"`
		Linked  int64       `json:"linked,omitempty"`
		Ground  *Ground     `json:"ground,omitempty"`
		Plate   *PlateShown `json:"plate,omitempty"`
	}{whole.Event, whole.EventUS, whole.EventAt, whole.Linked, whole.Ground, whole.Plate})
	if err != nil || len(rare) <= len("{}") {
		return b, err
	}
	return append(append(b, ','), rare[1:len(rare)-1]...), nil
}

// head is the record up to the track's number.
func (e *recordEncoder) head(rec *index.Recording) ([]byte, error) {
	if head := e.heads[rec]; head != nil {
		return head, nil
	}
	camera, err := json.Marshal(rec.Camera)
	if err != nil {
		return nil, err
	}
	sum, err := json.Marshal(rec.SHA256)
	if err != nil {
		return nil, err
	}
	head := fmt.Appendf(nil, `{"recording":%d,"sha256":%s,"camera":%s,"track":`, rec.ID, sum, camera)
	e.heads[rec] = head
	return head, nil
}

func (e *recordEncoder) appendTimes(b []byte, h Hit) ([]byte, error) {
	for _, x := range []struct {
		name string
		us   int64
	}{{`,"start":`, h.Track.StartUS}, {`,"end":`, h.Track.EndUS}} {
		b = append(b, x.name...)
		at, ok := h.Clock(x.us)
		if !ok {
			b = append(b, "null"...)
			continue
		}
		if y := at.Year(); y < 0 || y > 9999 {
			return nil, fmt.Errorf("track %d:%d: the year %d cannot be written", h.Recording.ID, h.Track.ID, y)
		}
		b = append(b, '"')
		b = at.AppendFormat(b, time.RFC3339Nano)
		b = append(b, '"')
	}
	return b, nil
}

func appendPath(b []byte, p scene.Path) []byte {
	if len(p) == 0 {
		return b
	}
	sep := `,"path":[[`
	for _, q := range p {
		b = appendNumber(b, sep, float64(q.TUS))
		b = appendNumber(b, ",", q.Box.X)
		b = appendNumber(b, ",", q.Box.Y)
		b = appendNumber(b, ",", q.Box.W)
		b = appendNumber(b, ",", q.Box.H)
		sep = "],["
	}
	return append(b, "]]"...)
}

func appendInt(b []byte, name string, v int64) []byte {
	return strconv.AppendInt(append(b, name...), v, 10)
}

// appendNumber writes a finite number as encoding/json does: as ECMAScript,
// with an exponent below 1e-6 and from 1e21 up.
func appendNumber(b []byte, name string, v float64) []byte {
	b = append(b, name...)
	if i := int64(v); float64(i) == v && i > -1<<53 && i < 1<<53 && (i != 0 || !math.Signbit(v)) {
		return strconv.AppendInt(b, i, 10)
	}
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
		b = strconv.AppendFloat(b, v, 'e', -1, 64)
		if n := len(b); n >= 4 && b[n-4] == 'e' && b[n-3] == '-' && b[n-2] == '0' { // e-09 is e-9
			b = append(b[:n-2], b[n-1])
		}
		return b
	}
	return strconv.AppendFloat(b, v, 'f', -1, 64)
}
