package review

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"

	"posteriori/engine/index"
	"posteriori/engine/query"
	"posteriori/engine/scene"
)

// Column is where a column of numbers lies in the page's block of columns.
type Column struct {
	Type   string `json:"type"`   // u8, u16, u32, f32 or f64, little endian
	Offset int    `json:"offset"` // bytes, a multiple of 8
}

// PathFile is one file of packed paths: those of tracks [From, To).
type PathFile struct {
	Src  string `json:"src"` // relative to the page; empty: within the page
	From int    `json:"from"`
	To   int    `json:"to"`
}

// pathPart is the packed paths of a stretch of tracks, one after another.
type pathPart struct {
	from, to int
	data     []byte
}

// maxPart bounds the bytes of packed paths in one file, and maxInline those
// within the page.
const (
	maxPart   = 4 << 20
	maxInline = 2 << 20
)

// noHeading stands for a track that did not travel far enough to have one.
const noHeading = -1

// columns are the tracks as columns of numbers, one value a track.
type columns struct {
	rec                            []uint16 // place in Meta.Recordings
	id                             []uint32 //
	class, colour, status, event   []uint8  // as the index numbers them
	lower                          []uint8  // colour of a person's lower clothing
	crop, plate                    []uint8  // 1: there is one
	classScore, colourScore, share []uint16 // thousandths; share: of its life in which it was observed
	lowerScore                     []uint16
	heading                        []float64 // degrees, or noHeading
	start, end, best               []float64 // µs of media time
	width, height                  []uint16  // median box, px
	travel                         []float32 // px
	box                            []float32 // x, y, w, h at best
	foot                           []float32 // x0, y0, x1, y1 of the path's feet
	bytes                          []uint32  // of the packed path
}

// tracks fills in the columns and the paths.
func (p *Page) tracks(ctx context.Context, ix *index.Store, res *query.Results, place map[int64]int) error {
	for h, err := range res.Hits(ctx, true) {
		if err != nil {
			return err
		}
		packed := scene.PackPath(h.Track.Path)
		at, ok := place[h.Recording.ID]
		if !ok {
			return fmt.Errorf("track %d:%d is of no recording on the page", h.Recording.ID, h.Track.ID)
		}
		p.keys = append(p.keys, index.Key{Recording: h.Recording.ID, Track: h.Track.ID})
		p.cols.add(h, at, len(packed))
		p.addPath(packed)
		p.addRare(h)
	}
	if err := p.crops(ctx, ix); err != nil {
		return err
	}
	p.Meta.Tracks = len(p.keys)
	for i, part := range p.path {
		f := PathFile{Src: fmt.Sprintf("data/paths-%d.js", i), From: part.from, To: part.to}
		if len(p.path) == 1 && len(part.data) <= maxInline {
			f.Src = ""
		}
		p.Meta.PathFiles = append(p.Meta.PathFiles, f)
	}
	return nil
}

// crops notes of which tracks there is a picture: the browser asks for no other.
func (p *Page) crops(ctx context.Context, ix *index.Store) error {
	has, err := ix.Cropped(ctx, p.keys)
	if err != nil {
		return err
	}
	p.cols.crop = make([]uint8, len(has))
	for i, yes := range has {
		if yes {
			p.cols.crop[i] = 1
		}
	}
	return nil
}

// addRare notes what few tracks have: what was left or removed, a plate, and
// what a calibration tells.
func (p *Page) addRare(h query.Hit) {
	row := len(p.keys) - 1
	if h.Track.Event != scene.NoEvent {
		p.Meta.Events = append(p.Meta.Events, EventOf{Row: row, US: h.Track.EventUS, Linked: h.Track.Linked})
	}
	if h.Plate != nil {
		shown := PlateOf{Row: row, Text: h.Plate.Text, Masked: h.Plate.Masked}
		if h.Plate.Match != nil {
			shown.Why = MatchOf(h.Plate.Match)
		}
		p.Meta.Plated = append(p.Meta.Plated, shown)
	}
	if h.Ground != nil && h.Ground.Speed != nil {
		p.Meta.Speeds = append(p.Meta.Speeds, SpeedOf{Row: row, KMH: h.Ground.Speed.Value, Error: h.Ground.Speed.Error})
	}
}

func (p *Page) addPath(packed []byte) {
	n := len(p.path)
	if n == 0 || len(p.path[n-1].data)+len(packed) > maxPart {
		at := len(p.keys) - 1
		p.path = append(p.path, pathPart{from: at, to: at})
		n++
	}
	part := &p.path[n-1]
	part.data = append(part.data, packed...)
	part.to = len(p.keys)
}

func (c *columns) add(h query.Hit, rec, bytes int) {
	t := h.Track
	c.rec, c.id = append(c.rec, uint16(rec)), append(c.id, uint32(t.ID))
	c.class, c.colour = append(c.class, uint8(t.Class)), append(c.colour, uint8(t.Colour))
	c.classScore, c.colourScore = append(c.classScore, thousandths(t.ClassScore)), append(c.colourScore, thousandths(t.ColourScore))
	c.lower, c.lowerScore = append(c.lower, uint8(t.Lower)), append(c.lowerScore, thousandths(t.LowerScore))
	c.share = append(c.share, thousandths(t.Observed))
	heading := float64(noHeading)
	if t.HasHeading {
		heading = t.Heading
	}
	c.heading = append(c.heading, heading)
	c.start, c.end = append(c.start, float64(t.StartUS)), append(c.end, float64(t.EndUS))
	c.best = append(c.best, float64(t.BestUS))
	c.width, c.height = append(c.width, whole(h.Size.MedianW)), append(c.height, whole(h.Size.MedianH))
	c.travel = append(c.travel, float32(h.TravelPX))
	c.box = append(c.box, float32(t.Best.X), float32(t.Best.Y), float32(t.Best.W), float32(t.Best.H))
	c.foot = append(c.foot, feet(t.Path)...)
	c.status, c.event = append(c.status, statusNumber(h.Status)), append(c.event, uint8(t.Event))
	plate := uint8(0)
	if h.Plate != nil {
		plate = 1
	}
	c.plate = append(c.plate, plate)
	c.bytes = append(c.bytes, uint32(bytes))
}

func thousandths(v float64) uint16 { return uint16(math.Round(1000 * min(max(v, 0), 1))) }

func whole(v float64) uint16 { return uint16(min(max(math.Round(v), 0), math.MaxUint16)) }

func statusNumber(s index.Status) uint8 {
	for i, x := range index.Statuses {
		if x == s {
			return uint8(i)
		}
	}
	return 0
}

// feet is the rectangle around the feet of a path, rounded outwards, so that
// most paths need not be unpacked to know that they are not near a zone.
func feet(p scene.Path) []float32 {
	if len(p) == 0 {
		return []float32{0, 0, 0, 0}
	}
	x0, y0, x1, y1 := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, q := range p {
		f := q.Box.Bottom()
		x0, y0, x1, y1 = min(x0, f.X), min(y0, f.Y), max(x1, f.X), max(y1, f.Y)
	}
	return []float32{float32(math.Floor(x0)), float32(math.Floor(y0)), float32(math.Ceil(x1)), float32(math.Ceil(y1))}
}

// Columns packs the columns into one block and notes in Meta where each lies.
func (p *Page) Columns() []byte {
	var out []byte
	p.Meta.Columns = map[string]Column{}
	add := func(name, kind string, values any) {
		for len(out)%8 != 0 {
			out = append(out, 0)
		}
		p.Meta.Columns[name] = Column{Type: kind, Offset: len(out)}
		out, _ = binary.Append(out, binary.LittleEndian, values) // slices of fixed-size numbers cannot fail
	}
	c := &p.cols
	add("start", "f64", c.start)
	add("end", "f64", c.end)
	add("best", "f64", c.best)
	add("heading", "f64", c.heading)
	add("travel", "f32", c.travel)
	add("box", "f32", c.box)
	add("foot", "f32", c.foot)
	add("id", "u32", c.id)
	add("bytes", "u32", c.bytes)
	add("rec", "u16", c.rec)
	add("class_score", "u16", c.classScore)
	add("colour_score", "u16", c.colourScore)
	add("lower_score", "u16", c.lowerScore)
	add("observed", "u16", c.share)
	add("width", "u16", c.width)
	add("height", "u16", c.height)
	add("class", "u8", c.class)
	add("colour", "u8", c.colour)
	add("lower", "u8", c.lower)
	add("status", "u8", c.status)
	add("event", "u8", c.event)
	add("crop", "u8", c.crop)
	add("plate", "u8", c.plate)
	return out
}
