package analysis

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"posteriori/engine/attribute"
	"posteriori/engine/plate"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// minStitchIoU is the least mean overlap of two pieces over the lead-in that
// both saw, for them to be one object.
const minStitchIoU = 0.3

// life is a track in the making: the pieces of it so far.
type life struct {
	id       int64 // 0: not numbered yet
	open     bool  // alive at the last cut
	into     *life // the life that this one was joined to
	path     scene.Path
	masks    []scene.Mask
	classes  map[string]float64
	colours  map[string]float64
	lower    map[string]float64 // colours of lower clothing
	looks    int                // detections behind classes
	crop     *scene.Crop
	cropScr  float64
	best     scene.Box
	bestUS   int64
	observed float64 // seconds observed
	plates   []byte  // reads of its number plate, as plate.Pack has them
	event    scene.Event
	eventUS  int64
	linked   *life // who left or took it
}

func (l *life) start() int64 { return l.path[0].TUS }
func (l *life) end() int64   { return l.path[len(l.path)-1].TUS }

// stitcher joins the pieces of tracks that a recording's chunks hold: those
// that a cut divides, and those between which the tracker lost an object. Feed
// it the chunks in order, then flush. Its result depends on nothing else, and
// it holds a chunk's lives and those that others may go on from.
type stitcher struct {
	w, h int // of the recording as displayed
	emit func(scene.Track) error
	// quarters says that the picture is four cameras': nothing goes from one
	// into another.
	quarters bool
	lives    []*life // not emitted
	last     int64   // the last ID given
	past     []*life // emitted lately: who may have left or taken a thing
}

// piece is one piece of a track and, once matched, the life it goes on.
type piece struct {
	msg  wire.TrackMsg
	path scene.Path
	own  *life
}

// chunk takes all pieces of one chunk. Pieces that were there before the
// chunk began run through its lead-in; over that common time they are matched
// with what the chunk before holds, by mean overlap, best first.
func (s *stitcher) chunk(c wire.Chunk, msgs []wire.TrackMsg) error {
	pieces := make([]piece, 0, len(msgs))
	for _, m := range msgs {
		p, err := scene.UnpackPath(m.Track.Path)
		if err != nil {
			return fmt.Errorf("chunk %d: %w", c.Index, err)
		}
		pieces = append(pieces, piece{msg: m, path: p})
	}
	s.match(pieces, c.StartUS)
	for _, l := range s.lives {
		l.open = false
	}
	slices.SortStableFunc(pieces, func(a, b piece) int { return cmp.Compare(a.msg.Track.StartUS, b.msg.Track.StartUS) })
	for _, p := range pieces {
		s.take(p, c.StartUS)
	}
	return s.settle(c.EndUS)
}

// match gives each piece that was there before the cut the life whose path it
// shared: one that was alive at the cut, or that ended not long before, when
// the piece has seen it go on.
func (s *stitcher) match(pieces []piece, cutUS int64) {
	type pair struct {
		iou         float64
		life, piece int
	}
	var pairs []pair
	for i, l := range s.lives {
		for j, p := range pieces {
			if !p.msg.OpenStart || p.msg.Track.Event != l.event.String() || !l.open && l.event != scene.NoEvent {
				continue
			}
			if iou := commonIoU(l.path, p.path, cutUS); iou >= minStitchIoU {
				pairs = append(pairs, pair{iou, i, j})
			}
		}
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		return cmp.Or(cmp.Compare(b.iou, a.iou), cmp.Compare(a.life, b.life), cmp.Compare(a.piece, b.piece))
	})
	taken := make([]bool, len(s.lives))
	for _, p := range pairs {
		if !taken[p.life] && pieces[p.piece].own == nil {
			taken[p.life] = true
			pieces[p.piece].own = s.lives[p.life]
		}
	}
}

// take adds a piece to its life, or to a new one.
func (s *stitcher) take(p piece, cutUS int64) {
	l := p.own
	if l == nil {
		l = &life{classes: map[string]float64{}, colours: map[string]float64{}, lower: map[string]float64{}, eventUS: p.msg.Track.EventUS}
		l.event, _ = scene.ParseEvent(p.msg.Track.Event) // intake let no other in
	} else {
		cutUS = l.end() + 1 // what it saw of the life before the cut, too
	}
	if !l.add(p.msg, p.path, cutUS) {
		return // lived in the lead-in only: the chunk before owns it
	}
	l.open = p.msg.OpenEnd
	if p.own == nil {
		s.lives = append(s.lives, l)
	}
}

// flush ends what is left.
func (s *stitcher) flush() error {
	for _, l := range s.lives {
		l.open = false
	}
	return s.settle(math.MaxInt64)
}

// add appends a piece from the cut on, and tells whether the life has a path.
func (l *life) add(m wire.TrackMsg, path scene.Path, cutUS int64) bool {
	masks, err := scene.UnpackMasks(m.Track.Masks)
	if err != nil {
		masks = nil // a piece without silhouettes is still a piece
	}
	from := slices.IndexFunc(path, func(p scene.PathPoint) bool { return p.TUS >= cutUS })
	if from < 0 {
		return len(l.path) > 0
	}
	path = path[from:]
	l.observed += m.Track.Observed * seconds(path[len(path)-1].TUS-path[0].TUS)
	l.path = append(l.path, path...)
	for _, k := range masks {
		if k.TUS >= cutUS {
			l.masks = append(l.masks, k)
		}
	}
	for k, v := range m.ClassVotes {
		l.classes[k] += v
	}
	for k, v := range m.ColourVotes {
		l.colours[k] += v
	}
	for k, v := range m.LowerVotes {
		l.lower[k] += v
	}
	l.looks += m.Detections
	if joined, err := plate.Join(l.plates, m.Plates); err == nil { // intake let no damaged ones in
		l.plates = joined
	}
	if m.Track.Crop != nil && m.Track.Crop.TUS >= path[0].TUS && (l.crop == nil || m.CropScore > l.cropScr) {
		l.crop, l.cropScr = m.Track.Crop, m.CropScore
		l.best, l.bestUS = m.Track.Best, m.Track.BestUS
	}
	return true
}

// finish turns a life into a track.
func (s *stitcher) finish(l *life) error {
	first, last := l.path[0], l.path[len(l.path)-1]
	t := scene.Track{
		ID: l.id, StartUS: first.TUS, EndUS: last.TUS,
		Path: l.path, Masks: l.masks, Crop: l.crop, Best: l.best, BestUS: l.bestUS,
		Observed: 1, Plates: l.plates,
		Event: l.event, EventUS: l.eventUS,
	}
	if l.linked != nil {
		t.Linked = l.linked.whole().id
	}
	if d := seconds(last.TUS - first.TUS); d > 0 {
		t.Observed = min(1, l.observed/d)
	}
	if t.Crop == nil {
		mid := l.path[len(l.path)/2]
		t.Best, t.BestUS = mid.Box, mid.TUS
	}
	t.Class, t.ClassScore = attribute.Class(classVotes(l.classes), l.looks)
	t.Colour, t.ColourScore = attribute.VoteColour(colourVotes(l.colours))
	if t.Class == scene.Person {
		t.Lower, t.LowerScore = attribute.VoteColour(colourVotes(l.lower))
	}
	t.Votes = scene.Votes{Looks: l.looks, Class: l.classes, Colour: l.colours}
	if t.Class == scene.Person {
		t.Votes.Lower = l.lower
	}
	t.Heading, t.HasHeading = attribute.Heading(l.path, s.w, s.h)
	return s.emit(t)
}

// commonIoU is the mean IoU of two paths at the points of b before the cut
// for which a has a place too. Half a second must be common.
func commonIoU(a, b scene.Path, cutUS int64) float64 {
	var sum float64
	var n int
	var from, to int64
	for _, p := range b {
		if p.TUS >= cutUS {
			break
		}
		box, ok := a.At(p.TUS)
		if !ok {
			continue
		}
		if n == 0 {
			from = p.TUS
		}
		to = p.TUS
		sum += box.IoU(p.Box)
		n++
	}
	if n == 0 || (to-from < 500_000 && to < cutUS-500_000) {
		return 0
	}
	return sum / float64(n)
}

func classVotes(m map[string]float64) []float64 {
	out := make([]float64, len(scene.Classes()))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if c, ok := scene.ParseClass(k); ok {
			out[c] += m[k]
		}
	}
	return out
}

func colourVotes(m map[string]float64) attribute.ColourVotes {
	var out attribute.ColourVotes
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if c, ok := scene.ParseColour(k); ok {
			out[c] += m[k]
		}
	}
	return out
}

func seconds(us int64) float64 { return float64(us) / 1e6 }
