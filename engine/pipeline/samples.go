package pipeline

import (
	"posteriori/engine/attribute"
	"posteriori/engine/frame"
	"posteriori/engine/scene"
	"posteriori/engine/track"
)

const (
	// maskUS is the least distance between two silhouettes of a track; they
	// are cut where there is colour, on full-size frames.
	maskUS = 150_000
	// restMaskUS is that of a track at rest.
	restMaskUS = 1_000_000
	// colourUS is the distance between two colour votes.
	colourUS = 400_000
	// cutWeight is that of a look at what the picture's border cuts.
	cutWeight = 0.25
	// betterCrop is how much better a crop must be to be encoded anew.
	betterCrop = 1.12
	// chromaChange is the difference from the clean background in both chroma
	// samples together from which a place is the object's, however bright.
	chromaChange = 20
	// minFill is the share of foreground in a box below which a silhouette
	// says nothing about the object.
	minFill = 0.12
)

// samples are what the pipeline keeps of one track beside its path.
type samples struct {
	masks      []scene.Mask
	maskUS     int64
	names      [numClasses]float64 // votes of the namer, by scene.Class
	nameWeight float64             // their sum
	named      int                 // its looks
	namedUS    int64               // the last of them
	colours    attribute.ColourVotes
	lower      attribute.ColourVotes // of lower clothing
	colourUS   int64
	crop       *scene.Crop
	cropScr    float64
	best       scene.Box
}

// samplesOf is what is kept of a track.
func (p *processor) samplesOf(id int64) *samples {
	s := p.bank[id]
	if s == nil {
		s = &samples{maskUS: -maskUS, colourUS: -colourUS}
		p.bank[id] = s
	}
	return s
}

// silhouettes keeps those of the live tracks whose last is long enough ago.
func (p *processor) silhouettes(pic picture, fg frame.Plane, live []*track.Track) {
	sx, sy := float64(p.planeW)/float64(p.w), float64(p.planeH)/float64(p.h)
	looked := false
	for _, t := range live {
		if !t.Seen {
			continue
		}
		s, every := p.samplesOf(t.ID), int64(maskUS)
		if t.Stopped {
			every = restMaskUS
		}
		if pic.tUS-s.maskUS < every && len(s.masks) > 0 {
			continue
		}
		m, ok := cutMask(fg, pic.full, p.plate.clean(), t.Box, sx, sy, pic.tUS)
		if !ok {
			continue
		}
		if t.Detections > 0 { // between what is seen of it above and below stands the object
			fillColumns(m)
		}
		if !looked {
			looked = true
			p.joined.take(live, p.tracks.boxes, pic.tUS, sx, sy)
			p.joined.look(fg)
		}
		m = p.joined.widen(m, t.ID)
		s.masks, s.maskUS = append(s.masks, m), pic.tUS
	}
}

// onPlane is a box of source pixels in samples of the motion plane.
func onPlane(b scene.Box, sx, sy float64) scene.Box {
	return scene.Box{X: b.X * sx, Y: b.Y * sy, W: b.W * sx, H: b.H * sy}
}

// cutMask cuts a track's silhouette out of the foreground and of what differs
// in colour from the clean background. back may be nil. ok is false where
// neither says anything about it.
func cutMask(fg frame.Plane, full, back *frame.YUV, box scene.Box, sx, sy float64, tUS int64) (scene.Mask, bool) {
	x0, y0 := max(0, int(box.X*sx)-1), max(0, int(box.Y*sy)-1)
	x1, y1 := min(fg.W, int((box.X+box.W)*sx)+2), min(fg.H, int((box.Y+box.H)*sy)+2)
	if x1-x0 < 2 || y1-y0 < 2 {
		return scene.Mask{}, false
	}
	w, h := x1-x0, y1-y0
	stride := (w + 7) / 8
	m := scene.Mask{TUS: tUS, X: x0, Y: y0, W: w, H: h, Bits: make([]byte, stride*h)}
	n := 0
	for y := range h {
		row := fg.Row(y0 + y)[x0:x1]
		bits := m.Bits[y*stride : (y+1)*stride]
		for x, v := range row {
			if v != 0 || (back != nil && coloured(full, back, int((float64(x0+x)+0.5)/sx), int((float64(y0+y)+0.5)/sy))) {
				bits[x/8] |= 0x80 >> (x % 8)
				n++
			}
		}
	}
	return m, float64(n) >= minFill*float64(w*h)
}

// coloured tells whether the picture has another colour than the background
// at a source pixel.
func coloured(full, back *frame.YUV, x, y int) bool {
	x, y = min(x/2, full.U.W-1), min(y/2, full.U.H-1)
	du := int(full.U.Row(y)[x]) - int(back.U.Row(y)[x])
	dv := int(full.V.Row(y)[x]) - int(back.V.Row(y)[x])
	return max(du, -du)+max(dv, -dv) >= chromaChange
}

// fillColumns closes the holes of a silhouette from top to bottom: clothes as
// bright as the road behind them are not foreground, but what stands between
// a head and its feet is the same person.
func fillColumns(m scene.Mask) {
	stride := (m.W + 7) / 8
	for x := range m.W {
		i, bit := x/8, byte(0x80)>>(x%8)
		top, bottom := -1, -1
		for y := range m.H {
			if m.Bits[y*stride+i]&bit != 0 {
				if top < 0 {
					top = y
				}
				bottom = y
			}
		}
		for y := top + 1; top >= 0 && y < bottom; y++ {
			m.Bits[y*stride+i] |= bit
		}
	}
}

// absorb takes over what another track of the same object collected.
func (s *samples) absorb(o *samples) {
	s.masks = mergeMasks(s.masks, o.masks)
	for c, v := range o.names {
		s.names[c] += v
	}
	s.named, s.nameWeight = s.named+o.named, s.nameWeight+o.nameWeight
	s.colours.Add(o.colours, 1)
	s.lower.Add(o.lower, 1)
	if o.crop != nil && o.cropScr > s.cropScr {
		s.crop, s.cropScr, s.best = o.crop, o.cropScr, o.best
	}
}

// mergeMasks joins two series in order of time; of the same moment the
// first's stays.
func mergeMasks(a, b []scene.Mask) []scene.Mask {
	if len(b) == 0 {
		return a
	}
	out := make([]scene.Mask, 0, len(a)+len(b))
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || (len(a) > 0 && a[0].TUS <= b[0].TUS):
			if len(b) > 0 && a[0].TUS == b[0].TUS {
				b = b[1:]
			}
			out, a = append(out, a[0]), a[1:]
		default:
			out, b = append(out, b[0]), b[1:]
		}
	}
	return out
}
