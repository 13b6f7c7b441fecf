package pipeline

import (
	"time"

	"posteriori/engine/attribute"
	"posteriori/engine/frame"
	"posteriori/engine/motion"
	"posteriori/engine/scene"
	"posteriori/engine/vision"
	"posteriori/engine/wire"
)

// thingStepUS is the distance of the points of a thing's path and of its
// silhouettes.
const thingStepUS = 2_000_000

// watchThings looks for what was left and what was taken. What it cannot see
// now, while the background is learnt anew, it lets go of.
func (p *processor) watchThings(pic picture, settled bool) error {
	if !p.things.due(pic.tUS) {
		return nil
	}
	defer p.stages.since("things", time.Now())
	p.things.follow(p.tracks.Live(), pic.tUS)
	var stands []motion.Stand
	if settled {
		stands = p.model.Stands()
	}
	for _, k := range p.things.look(stands, p.source, float64(p.w*p.h), pic.tUS) {
		p.tell(k, false)
	}
	if pic.full == nil {
		return nil
	}
	for _, id := range p.things.order {
		if err := p.portray(p.things.known[id], pic); err != nil {
			return err
		}
	}
	return nil
}

// portray takes a thing's picture and colour: of one that stands there once
// nobody is near, of one that was taken as it is still in the clean
// background.
func (p *processor) portray(k *thing, pic picture) error {
	full := pic.full
	switch {
	case k.dead || k.kept.crop != nil:
		return nil
	case k.stand.Gone:
		if full = p.plate.clean(); full == nil {
			return nil
		}
	case pic.tUS-k.nearUS < nearSpanUS || pic.tUS-k.stand.SeenUS > thingEveryUS:
		return nil
	}
	pad := max(8, 0.3*max(k.box.W, k.box.H))
	box := k.box.Pad(pad).Clamp(float64(p.w), float64(p.h))
	jpeg, err := vision.EncodeJPEG(*full, box, 480, 88)
	if err != nil {
		return err
	}
	k.kept.crop, k.kept.best = &scene.Crop{TUS: pic.tUS, Box: box, JPEG: jpeg}, k.box
	k.kept.cropScr = attribute.CropScore(k.box, p.w, p.h, attribute.Sharpness(full.Y, k.box), movingScore, p.cut(k.box))
	k.colour(*full, p)
	return nil
}

// colour takes a vote. A thing that no detector named is looked at as a bag:
// all of its silhouette counts.
func (k *thing) colour(full frame.YUV, p *processor) {
	inside := func(x, y int) bool {
		px, py := x*p.planeW/p.w-k.stand.Area.X, y*p.planeH/p.h-k.stand.Area.Y
		return px >= 0 && py >= 0 && px < k.stand.Area.W && py < k.stand.Area.H && k.stand.Shape[py*k.stand.Area.W+px]
	}
	if votes, ok := attribute.Colour(attribute.Look{Picture: full, Box: k.box, Inside: inside, Class: scene.Bag, Light: p.light}); ok {
		k.kept.colours.Add(votes, 1)
	}
}

// tell puts a thing into the chunk's answer. One that was left and then taken,
// before it became background, is two events.
func (p *processor) tell(k *thing, open bool) {
	s := k.stand
	if k.event == scene.ThingRemoved {
		p.ended = append(p.ended, p.thingPiece(k, max(s.SinceUS-beforeUS, 0), s.SinceUS+aloneUS, false)...)
		return
	}
	p.ended = append(p.ended, p.thingPiece(k, s.SinceUS, min(s.SeenUS, s.SinceUS+thingLifeUS), open)...)
	if s.EndedUS > 0 && p.things.taken(k.box, s.SeenUS) {
		gone := *k
		gone.event, gone.stand.SinceUS = scene.ThingRemoved, s.SeenUS
		p.ended = append(p.ended, p.thingPiece(&gone, s.SeenUS-beforeUS, s.EndedUS, false)...)
	}
}

// thingPiece is a thing as it goes to the parent; none when it was over before
// the chunk began.
func (p *processor) thingPiece(k *thing, fromUS, toUS int64, open bool) []wire.TrackMsg {
	if toUS < p.chunk.StartUS || toUS <= fromUS {
		return nil
	}
	var path scene.Path
	var masks []scene.Mask
	for t := fromUS; ; t += thingStepUS {
		t = min(t, toUS)
		path = append(path, scene.PathPoint{TUS: t, Box: k.box})
		if t >= p.chunk.StartUS {
			masks = append(masks, k.mask(t))
		}
		if t == toUS {
			break
		}
	}
	out := wire.TrackMsg{
		Chunk: p.chunk.Index, OpenStart: fromUS < p.chunk.StartUS, OpenEnd: open,
		Weight: k.weight, Detections: k.dets, ClassVotes: map[string]float64{},
		ColourVotes: named(k.kept.colours), CropScore: k.kept.cropScr,
	}
	for c, v := range k.votes {
		if v > 0 {
			out.ClassVotes[scene.Class(c).String()] = v
		}
	}
	class, score := attribute.Class(k.votes, k.dets)
	colour, colourScore := attribute.VoteColour(k.kept.colours)
	atUS := k.stand.SinceUS
	out.Track = wire.PackedTrack{
		Class: class.String(), ClassScore: score, Colour: colour.String(), ColourScore: colourScore,
		Observed: 1, StartUS: max(fromUS, p.chunk.StartUS), EndUS: toUS,
		Path: scene.PackPath(path), Masks: scene.PackMasks(masks), Event: k.event.String(), EventUS: atUS,
	}
	if k.kept.crop != nil {
		out.Track.Crop, out.Track.Best, out.Track.BestUS = k.kept.crop, k.kept.best, k.kept.crop.TUS
	}
	return []wire.TrackMsg{out}
}

// mask is the thing's silhouette.
func (k *thing) mask(tUS int64) scene.Mask {
	a := k.stand.Area
	stride := (a.W + 7) / 8
	m := scene.Mask{TUS: tUS, X: a.X, Y: a.Y, W: a.W, H: a.H, Bits: make([]byte, stride*a.H)}
	for i, in := range k.stand.Shape {
		if in {
			m.Bits[i/a.W*stride+i%a.W/8] |= 0x80 >> (i % a.W % 8)
		}
	}
	return m
}

// endThings tells of things left that are still there at the chunk's end.
func (p *processor) endThings() {
	for _, id := range p.things.order {
		if k := p.things.known[id]; k.event == scene.ThingLeft && !k.dead {
			p.tell(k, k.stand.EndedUS == 0)
			k.dead = true
		}
	}
}
