package synopsis

import (
	"posteriori/engine/scene"
)

// maxSamples bounds what a planner holds. When tubes need more, neighbouring
// samples are joined and the step doubles, so memory does not grow with the
// recordings.
const maxSamples = 2 << 20

// firstStepUS is the finest step of time that arrangement works in.
const firstStepUS = 200_000

// maskAgeUS is up to which distance in time a mask tells what is covered.
const maskAgeUS = second

// place is where an object is, in parts of the picture: 0..1 of its width or
// height.
type place struct{ x, y, w, h float32 }

// sampled is a tube on the step grid. Sample i stands for media time
// [(first+i)·step, (first+i+1)·step) and is taken in the middle of it.
type sampled struct {
	rec            int
	track          int64
	class          scene.Class
	startUS, endUS int64
	first          int64
	places         []place
	cover          film
}

// sampleTube puts a tube of a recording on the grid.
func sampleTube(t Tube, r Recording, stepUS int64) sampled {
	s := sampled{rec: t.Recording, track: t.Track, class: t.Class, startUS: t.StartUS, endUS: t.EndUS}
	s.first = t.StartUS / stepUS
	last := t.EndUS / stepUS
	w, h := float64(r.Probe.Width), float64(r.Probe.Height)
	s.places = make([]place, 0, last-s.first+1)
	m := 0
	for k := s.first; k <= last; k++ {
		at := min(max(k*stepUS+stepUS/2, t.StartUS), t.EndUS)
		b := boxAt(t.Path, at)
		p := place{float32(b.X / w), float32(b.Y / h), float32(b.W / w), float32(b.H / h)}
		for m+1 < len(t.Masks) && abs64(t.Masks[m+1].TUS-at) <= abs64(t.Masks[m].TUS-at) {
			m++
		}
		s.places = append(s.places, p)
		c := coverAt(t, r, m, at, p)
		s.cover.add(&c)
	}
	s.cover.trim()
	return s
}

// coverAt is what a tube covers at a moment: mask m, moved with the object
// from its time to this, or the box where the mask is too old or too thin.
func coverAt(t Tube, r Recording, m int, at int64, p place) stencil {
	var box stencil
	box.box(p)
	if m >= len(t.Masks) || abs64(t.Masks[m].TUS-at) > maskAgeUS {
		return box
	}
	now, then := boxAt(t.Path, at).Center(), boxAt(t.Path, t.Masks[m].TUS).Center()
	sx, sy := float64(r.PlaneW)/float64(r.Probe.Width), float64(r.PlaneH)/float64(r.Probe.Height)
	var c stencil
	c.mask(t.Masks[m], r.PlaneW, r.PlaneH, int((now.X-then.X)*sx), int((now.Y-then.Y)*sy))
	// An object that stopped fades out of the motion mask: then its box says
	// better what it covers.
	if c.count()*4 < box.count() {
		return box
	}
	return c
}

// halve joins neighbouring samples, for a step of twice the length.
func (s *sampled) halve() {
	first := s.first / 2
	n := int((s.first+int64(len(s.places))-1)/2 - first + 1)
	places := make([]place, n)
	var cover film
	for j := range n {
		// The first of the two samples that there are.
		i := max(0, int((first+int64(j))*2-s.first))
		places[j] = s.places[i]
		var c stencil
		s.cover.onto(&c, i)
		cover.add(&c)
	}
	cover.trim()
	s.first, s.places, s.cover = first, places, cover
}

// boxAt is the path's box at t, or the nearest to it.
func boxAt(p scene.Path, t int64) scene.Box {
	if b, ok := p.At(t); ok {
		return b
	}
	switch {
	case len(p) == 0:
		return scene.Box{}
	case t < p[0].TUS:
		return p[0].Box
	}
	return p[len(p)-1].Box
}

func abs64(v int64) int64 {
	if v < 0 {
		return -v
	}
	return v
}
