package pipeline

import (
	"math"
	"time"

	"posteriori/detectors"
	"posteriori/engine/attribute"
	"posteriori/engine/frame"
	"posteriori/engine/motion"
	"posteriori/engine/scene"
	"posteriori/engine/track"
	"posteriori/engine/vision"
	"posteriori/engine/wire"
)

// holdAfter is for how long a track must have been at rest before the
// background model is told to keep it in the foreground.
const holdAfter = 500_000

// picture is one frame as the processors see it.
type picture struct {
	pts, tUS int64
	plane    frame.Plane
	full     *frame.YUV // nil on most frames
}

// setup is what all processors of a job share.
type setup struct {
	w, h           int // of the recording as displayed
	planeW, planeH int
	det            detectors.Detector // nil: motion alone
	plateFinder    PlateFinder        // nil: plates are not read
	namer          Namer              // nil: what no detector names stays other
	minScore       float64
	quarters       bool  // of a split screen, treated apart
	firstPTS       int64 // of the recording
	stages         stages
}

// stages is where the worker's time goes, by stage.
type stages map[string]int64

func (s stages) since(name string, t time.Time) { s[name] += time.Since(t).Nanoseconds() }

// processor turns the frames of one chunk and its lead-in into pieces of
// tracks.
type processor struct {
	setup
	chunk  wire.Chunk
	errors int64 // of the decoder, from before the chunk
	begun  bool  // has seen a frame
	model  *motion.Model
	tracks *views
	seams  seams
	bank   map[int64]*samples
	looks  looks
	budget budget
	cover  coverage
	plate  *plate
	plates []wire.Plate
	nextUS int64 // of the next plate
	apart  int64 // distance of plates
	kept   light // of the plate kept last, or the first of the chunk
	times  []int64
	blobs  []track.Blob
	hold   []motion.Area
	ended  []wire.TrackMsg
	alive  int
	joined joined
	light  attribute.Light
	litUS  int64
	lit    bool

	numbers platesOf
	things  things
}

func newProcessor(s setup, c wire.Chunk) *processor {
	return &processor{
		setup: s, chunk: c,
		model:  motion.New(s.planeW, s.planeH, motion.Config{}),
		tracks: newViews(s.w, s.h, s.planeW, s.quarters),
		bank:   map[int64]*samples{},
		looks:  looks{},
		cover:  coverage{fromUS: c.StartUS, toUS: c.EndUS},
		plate:  newPlate(s.w, s.h),
		nextUS: c.StartUS + plateEveryUS, apart: plateEveryUS,
		things: things{beings: map[int64]*being{}, known: map[int64]*thing{}},
	}
}

// owns tells whether a frame belongs to the chunk, not to its lead-in.
func (p *processor) owns(pic picture) bool { return pic.pts >= p.chunk.StartPTS }

// first takes the full-size picture away from the chunk's first frame, unless
// the recording begins there: the decoder gives one wherever it begins, beside
// those of its grid, and where it begins must not matter.
func (p *processor) first(pic *picture) {
	if !p.begun && pic.pts > p.firstPTS {
		pic.full = nil
	}
	p.begun = true
}

// progress is how far the chunk is at tUS.
func (p *processor) progress(tUS int64) wire.Progress {
	return wire.Progress{
		Frames: int64(len(p.times)), ReachedUS: max(0, tUS-p.chunk.StartUS),
		Tracks: int64(len(p.ended) + p.alive),
	}
}

// tail is the hole between the chunk's last frame and its end, when the
// recording holds no pictures there. The decoder does not see it: it stops at
// the next chunk's first frame, a key frame that often follows a hole.
func (p *processor) tail(frameUS int64) []scene.Coverage {
	if len(p.times) == 0 {
		return nil
	}
	last := p.times[len(p.times)-1]
	if p.chunk.EndUS-last <= max(1_000_000, 4*frameUS) {
		return nil
	}
	return []scene.Coverage{{FromUS: last + frameUS, ToUS: p.chunk.EndUS, Kind: scene.Gap, Reason: "the recording holds no pictures here"}}
}

// step takes the next frame.
func (p *processor) step(pic picture) error {
	p.first(&pic)
	began := time.Now()
	res := p.model.Apply(pic.plane, pic.tUS)
	p.stages.since("motion", began)
	trusted := res.State == motion.Normal || res.State == motion.Warming
	if p.owns(pic) {
		p.times = append(p.times, pic.tUS)
		kind := scene.Seen
		switch res.State {
		case motion.Relearning:
			kind = scene.Relearning
		case motion.Covered:
			kind = scene.Covered
		}
		p.cover.state(pic.tUS, kind, res.Reason)
		p.seams.look(pic.plane, pic.tUS)
	}
	f := track.Frame{TUS: pic.tUS, Blobs: p.toSource(res.Blobs), Trusted: trusted}
	if pic.full != nil && trusted {
		if err := p.detect(pic, &f); err != nil {
			return err
		}
	}
	began = time.Now()
	p.tracks.Step(f)
	p.stages.since("track", began)
	began = time.Now()
	if err := p.sample(pic, res.Mask, trusted, res.State == motion.Normal); err != nil {
		return err
	}
	p.stages.since("sample", began)
	if err := p.watchThings(pic, res.State == motion.Normal); err != nil {
		return err
	}
	if trusted {
		if err := p.readPlates(pic); err != nil {
			return err
		}
	}
	return p.drain(p.tracks.Finished())
}

// toSource brings blobs from the motion plane to source pixels.
func (p *processor) toSource(in []motion.Blob) []track.Blob {
	sx, sy := float64(p.w)/float64(p.planeW), float64(p.h)/float64(p.planeH)
	p.blobs = p.blobs[:0]
	for _, b := range in {
		p.blobs = append(p.blobs, track.Blob{
			Box: p.source(motion.Area{X: b.X, Y: b.Y, W: b.W, H: b.H}), Fill: b.Fill, Area: float64(b.Area) * sx * sy,
		})
	}
	return p.blobs
}

// source is an area of the motion plane in source pixels.
func (p *processor) source(a motion.Area) scene.Box {
	sx, sy := float64(p.w)/float64(p.planeW), float64(p.h)/float64(p.planeH)
	return scene.Box{X: float64(a.X) * sx, Y: float64(a.Y) * sy, W: float64(a.W) * sx, H: float64(a.H) * sy}
}

// detect lets the detector look where something moves or stands.
func (p *processor) detect(pic picture, f *track.Frame) error {
	if p.det == nil {
		return nil
	}
	live := p.tracks.Live()
	movers := p.looks.due(live, f.Blobs, pic.tUS)
	limit := p.budget.grant(pic.tUS)
	begins := pic.pts == p.firstPTS
	if !begins && (len(movers) == 0 || limit == 0) {
		return nil
	}
	defer p.stages.since("detect", time.Now())
	where := p.tracks.regions(movers, limit)
	if begins { // nothing has moved yet, but what will may be there
		where = p.tracks.tiles()
	}
	p.budget.spend(max(1, len(where)))
	dets, err := p.det.Detect(*pic.full, where)
	if err != nil {
		return err
	}
	f.Looked = where
	if len(where) == 0 {
		f.Looked = []scene.Box{{W: float64(p.w), H: float64(p.h)}}
	}
	p.looks.note(live, f.Looked, pic.tUS)
	p.things.name(dets)
	for _, d := range dets {
		if d.Score >= p.minScore {
			f.Detections = append(f.Detections, track.Detection{Box: d.Box, Class: d.Class, Score: d.Score})
		}
	}
	return nil
}

// sample keeps silhouettes, colours and crops of what is tracked, tells the
// background model what stands still, and learns the clean background.
func (p *processor) sample(pic picture, fg frame.Plane, trusted, settled bool) error {
	sx, sy := float64(p.planeW)/float64(p.w), float64(p.planeH)/float64(p.h)
	if pic.full != nil && (!p.lit || pic.tUS-p.litUS >= 5_000_000) {
		p.light, p.litUS, p.lit = attribute.SceneLight(*pic.full), pic.tUS, true
	}
	p.hold = p.hold[:0]
	p.alive = 0
	live := p.tracks.Live()
	if pic.full != nil && trusted {
		p.silhouettes(pic, fg, live)
	}
	for _, t := range live {
		if t.State == track.Confirmed {
			p.alive++
		}
		if t.State == track.Confirmed && t.Stopped && pic.tUS-t.LastUS < 2*holdAfter {
			p.hold = append(p.hold, area(t.Box, sx, sy, fg.W, fg.H))
		}
		if !t.Seen || !trusted {
			continue
		}
		s := p.samplesOf(t.ID)
		if pic.full != nil {
			if err := p.name(pic, t, s); err != nil {
				return err
			}
			if err := p.look(pic, t, s, fg); err != nil {
				return err
			}
		}
	}
	p.model.Hold(p.hold)
	if pic.full == nil || !trusted {
		return nil
	}
	return p.followPlate(pic, fg, settled)
}

// cut tells whether a box ends at the picture's border.
func (p *processor) cut(b scene.Box) bool {
	const near = 3
	return b.X < near || b.Y < near || b.X+b.W > float64(p.w)-near || b.Y+b.H > float64(p.h)-near
}

// look takes a colour vote and, when it is the best so far, a crop.
func (p *processor) look(pic picture, t *track.Track, s *samples, fg frame.Plane) error {
	detected := t.Detections > 0 && t.DetectedUS == pic.tUS
	if p.det != nil && t.Detections > 0 && !detected {
		return nil // a blob box in between is worse than the detector's
	}
	score := 0.3
	if t.Detections > 0 {
		score = t.Weight / float64(t.Detections)
	}
	if pic.tUS-s.colourUS >= colourUS {
		inside := func(x, y int) bool {
			px, py := x*fg.W/p.w, y*fg.H/p.h
			return px >= 0 && py >= 0 && px < fg.W && py < fg.H && fg.Pix[py*fg.Stride+px] != 0
		}
		if t.Stopped {
			inside = nil
		}
		p.paint(s, attribute.Look{
			Picture: *pic.full, Back: p.plate.clean(), Box: t.Box, Class: classOf(t, s), Light: p.light, Inside: inside,
		}, pic.tUS, score)
	}
	scr := attribute.CropScore(t.Box, p.w, p.h, attribute.Sharpness(pic.full.Y, t.Box), score, p.cut(t.Box))
	// A crop out of the lead-in is the chunk before's.
	lead := s.crop != nil && s.crop.TUS < p.chunk.StartUS && p.owns(pic)
	if s.crop != nil && scr < s.cropScr*betterCrop && !lead {
		return nil
	}
	pad := max(8, 0.15*max(t.Box.W, t.Box.H))
	box := t.Box.Pad(pad).Clamp(float64(p.w), float64(p.h))
	jpeg, err := vision.EncodeJPEG(*pic.full, box, 480, 88)
	if err != nil {
		return err
	}
	s.crop, s.cropScr, s.best = &scene.Crop{TUS: pic.tUS, Box: box, JPEG: jpeg}, scr, t.Box
	return nil
}

// paint takes a look's votes on colours. What the picture's border cuts shows
// the wrong parts, and counts for less.
func (p *processor) paint(s *samples, l attribute.Look, tUS int64, score float64) {
	weight := score * math.Sqrt(l.Box.Area())
	if p.cut(l.Box) {
		weight *= cutWeight
	}
	if votes, ok := attribute.Colour(l); ok {
		s.colours.Add(votes, weight)
		s.colourUS = tUS
	}
	if votes, ok := attribute.Lower(l); ok {
		s.lower.Add(votes, weight)
	}
}

// maxPlates and maxMasks bound, in bytes, what a message holds of each: a
// recording with one key frame is one chunk, however long it is.
const (
	maxPlates = 24 << 20
	maxMasks  = 16 << 20
)

// thin leaves every second element, the first among them.
func thin[T any](in []T) []T {
	out := make([]T, 0, (len(in)+1)/2)
	for i := 0; i < len(in); i += 2 {
		out = append(out, in[i])
	}
	return out
}

func area(b scene.Box, sx, sy float64, w, h int) motion.Area {
	x0, y0 := max(0, int(b.X*sx)), max(0, int(b.Y*sy))
	x1, y1 := min(w, int((b.X+b.W)*sx)+1), min(h, int((b.Y+b.H)*sy)+1)
	return motion.Area{X: x0, Y: y0, W: max(0, x1-x0), H: max(0, y1-y0)}
}

// drain turns ended tracks into pieces.
func (p *processor) drain(tracks []*track.Track) error {
	for _, t := range tracks {
		s := p.bank[t.ID]
		delete(p.bank, t.ID)
		delete(p.looks, t.ID)
		if s == nil {
			s = &samples{}
		}
		for _, id := range t.Absorbed {
			if o := p.bank[id]; o != nil {
				s.absorb(o)
				delete(p.bank, id)
			}
		}
		if len(t.Path) == 0 || t.Path[len(t.Path)-1].TUS < p.chunk.StartUS {
			continue // lived in the lead-in only
		}
		m := p.piece(t, s)
		m.Plates = p.takePlates(t)
		p.ended = append(p.ended, m)
	}
	return nil
}

// piece is a track of this chunk as it goes to the parent.
func (p *processor) piece(t *track.Track, s *samples) wire.TrackMsg {
	first, last := t.Path[0].TUS, t.Path[len(t.Path)-1].TUS
	classes := map[string]float64{}
	votes, looks := votesOf(t, s)
	for c, v := range votes {
		if v > 0 {
			classes[scene.Class(c).String()] = v
		}
	}
	out := wire.TrackMsg{
		Chunk:     p.chunk.Index,
		OpenStart: first < p.chunk.StartUS,
		OpenEnd:   t.Ending == track.Open,
		Weight:    t.Weight, Detections: looks,
		ClassVotes: classes, ColourVotes: named(s.colours), LowerVotes: named(s.lower), CropScore: s.cropScr,
	}
	k := wire.PackedTrack{
		StartUS: max(first, p.chunk.StartUS), EndUS: last, Observed: t.Observed,
		Path: scene.PackPath(t.Path),
	}
	class, score := attribute.Class(votes, looks)
	k.Class, k.ClassScore = class.String(), score
	colour, cscore := attribute.VoteColour(s.colours)
	k.Colour, k.ColourScore = colour.String(), cscore
	if class == scene.Person {
		lower, lscore := attribute.VoteColour(s.lower)
		k.Lower, k.LowerScore = lower.String(), lscore
	}
	k.Heading, k.HasHeading = attribute.Heading(t.Path, p.w, p.h)
	masks := s.masks
	for len(masks) > 0 && masks[0].TUS < p.chunk.StartUS {
		masks = masks[1:]
	}
	for k.Masks = scene.PackMasks(masks); len(k.Masks) > maxMasks; {
		masks = thin(masks)
		k.Masks = scene.PackMasks(masks)
	}
	if s.crop != nil {
		k.Crop, k.Best, k.BestUS = s.crop, s.best, s.crop.TUS
	}
	out.Track = k
	return out
}

// named are the colour votes by name, as the stream carries them.
func named(votes attribute.ColourVotes) map[string]float64 {
	out := map[string]float64{}
	for c, v := range votes {
		if v > 0 {
			out[scene.Colour(c).String()] = v
		}
	}
	return out
}

// end closes the chunk. holes are spans in which frames lack or are wrong.
func (p *processor) end(holes []scene.Coverage) ([]wire.TrackMsg, wire.ChunkEnd, error) {
	p.endThings()
	if err := p.drain(p.tracks.Flush()); err != nil {
		return nil, wire.ChunkEnd{}, err
	}
	if len(p.plates) == 0 || p.chunk.EndUS-p.plates[len(p.plates)-1].TUS > p.apart/2 {
		at := p.chunk.StartUS
		if n := len(p.times); n > 0 {
			at = p.times[n-1]
		}
		if err := p.keepPlate(at); err != nil {
			return nil, wire.ChunkEnd{}, err
		}
	}
	return p.ended, wire.ChunkEnd{
		Chunk: p.chunk.Index, Frames: int64(len(p.times)), Times: scene.PackTimes(p.times),
		Coverage: p.cover.close(holes, p.seams.note(p.quarters)), PlaneW: p.planeW, PlaneH: p.planeH,
		Plates: p.plates,
	}, nil
}
