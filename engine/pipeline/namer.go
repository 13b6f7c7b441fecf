package pipeline

import (
	"posteriori/engine/frame"
	"posteriori/engine/scene"
	"posteriori/engine/track"
)

// Namer says how likely each class is for what is in a box of a picture, by
// scene.Class; the shares sum to 1. ok is false where there is nothing to see.
type Namer interface {
	Name(f frame.YUV, box scene.Box) (shares []float64, ok bool, err error)
}

// WithNamer has what moves named by its picture where no detector names it:
// none is installed, or it is blind to such things.
func WithNamer(n Namer) Option {
	return func(s *setup) { s.namer = n }
}

// numClasses is the number of classes.
const numClasses = int(scene.Animal) + 1

const (
	// nameUS is the distance of looks at a track that no detector named, until
	// enoughNames have been taken; then it is sameNameUS.
	nameUS      = 200_000
	enoughNames = 8
	sameNameUS  = 1_000_000
)

// name takes a look at a track that no detector has named.
func (p *processor) name(pic picture, t *track.Track, s *samples) error {
	if p.namer == nil || t.Detections > 0 || max(t.Box.W, t.Box.H) < minLook {
		return nil
	}
	if p.det != nil && p.looks[t.ID].vain < patience {
		return nil // the detector may name it yet
	}
	wait := int64(nameUS)
	if s.named >= enoughNames {
		wait = sameNameUS
	}
	if s.named > 0 && pic.tUS-s.namedUS < wait {
		return nil
	}
	shares, ok, err := p.namer.Name(*pic.full, t.Box)
	if err != nil || !ok {
		return err
	}
	weight := 1.0
	if p.cut(t.Box) {
		weight = cutWeight
	}
	s.named, s.namedUS, s.nameWeight = s.named+1, pic.tUS, s.nameWeight+weight
	for c, v := range shares {
		s.names[c] += weight * v
	}
	return nil
}

// classOf is the class of a track by its detections or else by its picture.
func classOf(t *track.Track, s *samples) scene.Class {
	if t.Detections > 0 {
		return t.Class()
	}
	best := scene.Other
	for c, v := range s.names {
		if v > s.names[best] {
			best = scene.Class(c)
		}
	}
	return best
}

// votesOf are the votes on a track's class and how many looks they come from.
// The looks of a namer count by how much of each said what, "other" among it.
func votesOf(t *track.Track, s *samples) (votes []float64, looks int) {
	if t.Detections > 0 || s.named == 0 {
		return t.Votes, t.Detections
	}
	votes = make([]float64, len(s.names))
	for c, v := range s.names {
		votes[c] = v * float64(s.named) / s.nameWeight
	}
	return votes, s.named
}
