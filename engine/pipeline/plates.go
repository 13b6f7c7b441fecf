package pipeline

import (
	"cmp"
	"slices"
	"time"

	"posteriori/detectors"
	"posteriori/engine/attribute"
	"posteriori/engine/frame"
	lp "posteriori/engine/plate"
	"posteriori/engine/scene"
	"posteriori/engine/track"
	"posteriori/engine/wire"
)

// PlateFinder finds and reads the number plates in the regions of a picture,
// layer by layer (detectors/plate.Finder).
type PlateFinder interface {
	Find(f frame.YUV, tUS int64, layers ...[]scene.Box) ([]lp.Read, error)
	// Layers are where to look for plates in a whole picture of that size.
	Layers(w, h int) [][]scene.Box
}

// Option adds something to a run.
type Option func(*setup)

// WithPlates has the plates of vehicles read.
func WithPlates(f PlateFinder) Option {
	return func(s *setup) { s.plateFinder = f }
}

const (
	// minVehicle is the width in source pixels below which a vehicle's plate
	// is under twenty pixels wide and cannot be read.
	minVehicle = 64
	// plateLooks bounds the looks at one track in one chunk.
	plateLooks = 24
	// betterView is how much better a view must be for another look at once.
	betterView = 1.1
	// sameViewUS is the distance of looks where the view does not get better.
	sameViewUS = 600_000
	// restViewUS is that of a vehicle at rest: its plate does not change, only
	// the light and who stands before it.
	restViewUS = 4_000_000
	// vainViews is after how many looks that found nothing only a much better
	// view is worth another: of a vehicle that comes nearer every view is
	// better, and many show no plate however near they come.
	vainViews      = 4
	muchBetterView = 1.5
	// enoughReads is how many sure reads are enough.
	enoughReads = 6
	// sureRead is the score from which a read counts as sure.
	sureRead = 0.8
	// plateViewsPerSecond bounds the looks of all tracks together, by media
	// time; plateViewsAtOnce is how many may have been saved up.
	plateViewsPerSecond = 4
	plateViewsAtOnce    = 4
)

// numbers is what is known of one track's plate.
type numbers struct {
	reads []lp.Read
	looks int
	vain  int
	sure  int
	best  float64 // the best view so far
	atUS  int64
}

// due tells whether a view of that quality is worth a look.
func (n *numbers) due(view float64, stopped bool, tUS int64) bool {
	switch {
	case n.looks == 0:
		return true
	case n.looks >= plateLooks || n.sure >= enoughReads:
		return false
	case n.vain >= vainViews:
		return view >= n.best*muchBetterView
	case view >= n.best*betterView:
		return true
	case stopped:
		return tUS-n.atUS >= restViewUS
	}
	return tUS-n.atUS >= sameViewUS
}

// platesOf is what is known of the plates in one chunk: by track, and how many
// looks may be had.
type platesOf struct {
	tracks map[int64]*numbers
	saved  float64
	lastUS int64
	begun  bool
}

// grant is how many of want looks may be had at tUS; they are taken off.
func (o *platesOf) grant(tUS int64, want int) int {
	if !o.begun {
		o.begun, o.saved, o.lastUS = true, plateViewsAtOnce, tUS
	}
	if tUS > o.lastUS {
		o.saved = min(plateViewsAtOnce, o.saved+float64(tUS-o.lastUS)/1e6*plateViewsPerSecond)
		o.lastUS = tUS
	}
	n := min(want, int(o.saved))
	o.saved -= float64(n)
	return n
}

// readPlates looks at the vehicles that are worth it on a full-size frame of
// the chunk; those of its lead-in are the chunk before's.
func (p *processor) readPlates(pic picture) error {
	if p.plateFinder == nil || pic.full == nil || !p.owns(pic) {
		return nil
	}
	began := time.Now()
	defer func() { p.stages.since("plates", began) }()
	live := p.tracks.Live()
	for _, v := range p.plateViews(live, pic) {
		reads, err := p.plateFinder.Find(*pic.full, pic.tUS, []scene.Box{v.track.Box})
		if err != nil {
			return err
		}
		v.numbers.note(mine(reads, v.track, live), v.quality, pic.tUS)
	}
	return nil
}

// plateView is a track that is worth a look at its plate now.
type plateView struct {
	track   *track.Track
	numbers *numbers
	quality float64
}

// plateViews are the tracks whose plates to look at now, as many as the budget
// grants: those never looked at first, then the best views.
func (p *processor) plateViews(live []*track.Track, pic picture) []plateView {
	var out []plateView
	for _, t := range live {
		if !p.plateWorth(t, pic) {
			continue
		}
		v := plateView{t, p.numbersOf(t.ID), t.Box.Area() * (1 + attribute.Sharpness(pic.full.Y, t.Box)/200)}
		if v.numbers.due(v.quality, t.Stopped, pic.tUS) {
			out = append(out, v)
		}
	}
	slices.SortStableFunc(out, func(a, b plateView) int {
		return cmp.Or(cmp.Compare(min(a.numbers.looks, 1), min(b.numbers.looks, 1)), cmp.Compare(b.quality, a.quality))
	})
	n := p.numbers.grant(pic.tUS, len(out))
	return out[:n]
}

// plateWorth tells whether a track is a vehicle whose plate may be read now.
func (p *processor) plateWorth(t *track.Track, pic picture) bool {
	c := t.Class()
	return t.Seen && t.State == track.Confirmed && c.IsVehicle() && c != scene.Bicycle &&
		t.DetectedUS == pic.tUS && t.Box.W >= minVehicle
}

func (p *processor) numbersOf(id int64) *numbers {
	if p.numbers.tracks == nil {
		p.numbers.tracks = map[int64]*numbers{}
	}
	n := p.numbers.tracks[id]
	if n == nil {
		n = &numbers{}
		p.numbers.tracks[id] = n
	}
	return n
}

// note takes what a look found; of one picture only the best read is the
// vehicle's.
func (n *numbers) note(reads []lp.Read, view float64, tUS int64) {
	n.looks++
	n.atUS = tUS
	n.best = max(n.best, view)
	if len(reads) == 0 {
		n.vain++
		return
	}
	n.vain = 0
	if reads[0].Score() >= sureRead {
		n.sure++
	}
	n.reads = append(n.reads, reads[0])
}

// mine are the reads that are t's: the middle of the plate lies in its box,
// and in no smaller box of another vehicle.
func mine(reads []lp.Read, t *track.Track, live []*track.Track) []lp.Read {
	var out []lp.Read
	for _, r := range reads {
		at := r.Box.Center()
		if !t.Box.Contains(at) {
			continue
		}
		other := false
		for _, o := range live {
			other = other || o.ID != t.ID && o.Class().IsVehicle() && o.Box.Contains(at) && o.Box.Area() < t.Box.Area()
		}
		if !other {
			out = append(out, r)
		}
	}
	return out
}

// takePlates is what was read of a track that ended, absorbed tracks
// included, packed.
func (p *processor) takePlates(t *track.Track) []byte {
	var reads []lp.Read
	for _, id := range append([]int64{t.ID}, t.Absorbed...) {
		if n := p.numbers.tracks[id]; n != nil {
			reads = append(reads, n.reads...)
			delete(p.numbers.tracks, id)
		}
	}
	return lp.Pack(lp.Fuse(reads))
}

// stillPlates reads the plates of a photograph. Each goes to the smallest
// vehicle around it, given by its place among dets; those that belong to none
// are returned as objects of their own: where a plate is, a vehicle was, though
// the detector saw none.
func stillPlates(s setup, full frame.YUV, dets []detectors.Detection) (byDet map[int]lp.Read, alone []lp.Read, err error) {
	if s.plateFinder == nil {
		return nil, nil, nil
	}
	var vehicles []scene.Box
	for _, d := range dets {
		if d.Class.IsVehicle() && d.Score >= stillScore {
			vehicles = append(vehicles, d.Box)
		}
	}
	layers := s.plateFinder.Layers(s.w, s.h)
	if len(vehicles) > 0 {
		layers = append(layers, vehicles)
	}
	reads, err := s.plateFinder.Find(full, 0, layers...)
	if err != nil {
		return nil, nil, err
	}
	byDet = map[int]lp.Read{}
	for _, r := range reads {
		owner := -1
		for i, d := range dets {
			if d.Score < stillScore || !d.Class.IsVehicle() || !d.Box.Contains(r.Box.Center()) {
				continue
			}
			if owner < 0 || d.Box.Area() < dets[owner].Box.Area() {
				owner = i
			}
		}
		if owner < 0 {
			alone = append(alone, r)
			continue
		}
		if _, has := byDet[owner]; !has { // the likeliest comes first
			byDet[owner] = r
		}
	}
	return byDet, alone, nil
}

// platePiece is a plate of a photograph that belongs to no vehicle seen.
func platePiece(s setup, c wire.Chunk, full frame.YUV, light attribute.Light, r lp.Read) (wire.TrackMsg, error) {
	m, err := stillTrack(s, c, full, light, detectors.Detection{Box: r.Box, Class: scene.Other, Score: r.Found})
	if err != nil {
		return m, err
	}
	m.ColourVotes, m.Track.Colour, m.Track.ColourScore = map[string]float64{}, scene.UnknownColour.String(), 0
	m.Plates = lp.Pack(lp.Fuse([]lp.Read{r}))
	return m, nil
}
