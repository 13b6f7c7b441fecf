package pipeline

import (
	"encoding/binary"
	"image"
	"math"

	"posteriori/engine/align"
	"posteriori/engine/frame"
	"posteriori/engine/scene"
	"posteriori/engine/vision"
	"posteriori/engine/wire"
)

// plateUS is the distance between two looks at the background, calmUS that
// where nothing moved, and plateEveryUS that between two plates that are kept.
const (
	plateUS      = 1_000_000
	calmUS       = 4_000_000
	plateEveryUS = 120_000_000
	// lightEveryUS is the least distance of plates kept because the light changed.
	lightEveryUS = 15_000_000
)

// When the light turned: a lamp, the camera going over to infra-red. Then the
// plate is learnt anew, as following would show both for a while.
const (
	turnLuma  = 16  // difference of luma of a place that no longer shows the plate …
	turnShare = .5  // … the share of free places that show it …
	turnCalm  = .1  // … and that of those that still change
	turnStep  = 4   // samples of the motion plane between places looked at, each way
	turnGrey  = 2.  // mean chroma under which a picture is without colour …
	turnTint  = 4.  // … and over which it is with
	turnDepth = .12 // share of its luma by which a plate to keep differs from that kept before …
	turnLeast = 4.  // … and least difference
)

// driftLeast is by how many pixels the camera must have drifted for the plate to
// follow.
const driftLeast = .75

// sameLuma is how far two looks may lie apart at a place that shows the same
// thing.
const sameLuma = 10

// plate learns the scene without its movers from full-size frames: each
// sample follows the picture where nothing moves and two looks in a row agree,
// and stays where not. The foreground alone would not do: where a mover looks
// like what is behind it, its mask has holes.
type plate struct {
	w, h   int
	pic    frame.YUV
	last   frame.Plane // luma of the look before
	known  []bool      // by sample of the motion plane
	busy   []bool      // scratch of margin
	calm   bool        // the last look saw nothing move
	lastUS int64
	fitUS  int64 // the last look that agreed with the plate
	odd    bool  // the last look did not

	ref    *align.Reference // of the plate; nil: to be made
	dx, dy float64          // by how much the last picture lay beside it
	moved  image.Point      // of the plate, since it was begun
	any    bool
}

func newPlate(w, h int) *plate { return &plate{w: w, h: h} }

// look takes one full-size frame and the foreground on the motion plane. While
// that is not settled, what it calls background may be an object that stood
// there from the first: it is taken on trial.
func (p *plate) look(full *frame.YUV, mask frame.Plane, tUS int64, settled bool) {
	if !p.due(tUS) {
		return
	}
	p.lastUS = tUS
	if !p.any {
		p.any = true
		p.pic = frame.NewYUV(p.w, p.h)
		p.known = make([]bool, mask.W*mask.H)
		p.last = frame.NewPlane(p.w, p.h)
		copyPlane(p.last, full.Y)
		copyPlane(p.pic.Y, full.Y)
		copyPlane(p.pic.U, full.U)
		copyPlane(p.pic.V, full.V)
	}
	busy := p.margin(mask)
	for my := range mask.H {
		y0, y1 := my*p.h/mask.H, (my+1)*p.h/mask.H
		row := busy[my*mask.W : (my+1)*mask.W]
		known := p.known[my*mask.W : (my+1)*mask.W]
		for mx := 0; mx < mask.W; {
			from := mx
			for mx < mask.W && row[mx] == row[from] && known[mx] == known[from] {
				mx++
			}
			if row[from] {
				continue
			}
			// What is known follows the light in about four looks.
			p.followRun(*full, from*p.w/mask.W, y0, mx*p.w/mask.W, y1, !known[from])
		}
		for i, b := range row {
			known[i] = known[i] || (settled && !b)
		}
	}
	copyPlane(p.last, full.Y)
}

// due tells whether it is time for a look.
func (p *plate) due(tUS int64) bool {
	wait := int64(plateUS)
	if p.calm {
		wait = calmUS
	}
	return !p.any || tUS-p.lastUS >= wait
}

// turned tells whether the picture no longer shows the plate, and did not the
// look before: then [plate.renew] lets the next look learn it anew.
func (p *plate) turned(full *frame.YUV, mask frame.Plane, tUS int64) bool {
	if !p.any {
		return false
	}
	free, other, moving := 0, 0, 0
	var tint, was float64
	for my := 0; my < mask.H; my += turnStep {
		y := my * p.h / mask.H
		for mx := 0; mx < mask.W; mx += turnStep {
			if mask.Row(my)[mx] != 0 {
				continue
			}
			x := mx * p.w / mask.W
			now := int(full.Y.Row(y)[x])
			free++
			if d := now - int(p.pic.Y.Row(y)[x]); max(d, -d) > turnLuma {
				other++
			}
			if d := now - int(p.last.Row(y)[x]); max(d, -d) > turnLuma {
				moving++
			}
			tint, was = tint+tintAt(full, x, y), was+tintAt(&p.pic, x, y)
		}
	}
	n := float64(free)
	if float64(other) < turnShare*n && !greyed(tint/n, was/n) {
		p.fitUS, p.odd = tUS, false
		return false
	}
	p.calm = false // look again soon
	before := p.odd
	p.odd = true
	return before && float64(moving) < turnCalm*n
}

// tintAt is how far a picture's chroma is from grey at a sample of luma.
func tintAt(f *frame.YUV, x, y int) float64 {
	x, y = min(x/2, f.U.W-1), min(y/2, f.U.H-1)
	u, v := int(f.U.Row(y)[x])-128, int(f.V.Row(y)[x])-128
	return float64(max(u, -u) + max(v, -v))
}

// greyed tells whether only one of two pictures of those tints has colour.
func greyed(a, b float64) bool { return min(a, b) < turnGrey && max(a, b) > turnTint }

// renew forgets what is known.
func (p *plate) renew() {
	clear(p.known)
	p.ref, p.dx, p.dy = nil, 0, 0
}

// light is that of a plate: its mean luma and how far its chroma is from grey.
type light struct {
	known      bool
	tUS        int64
	luma, tint float64
}

// light is the plate's at tUS.
func (p *plate) light(tUS int64) light {
	l, n := light{known: true, tUS: tUS}, 0
	for y := 0; y < p.h/2; y += 8 {
		for x := 0; x < p.w/2; x += 8 {
			l.luma += float64(p.pic.Y.Row(2 * y)[2*x])
			l.tint += tintAt(&p.pic, 2*x, 2*y)
			n++
		}
	}
	l.luma, l.tint = l.luma/float64(max(n, 1)), l.tint/float64(max(n, 1))
	return l
}

// drift moves the plate with the camera, where that drifts: else what the plate
// shows would blur.
func (p *plate) drift(full *frame.YUV) {
	if !p.any {
		return
	}
	if p.ref == nil {
		p.ref = align.New(p.pic.Y, nil)
	}
	dx, dy, ok := p.ref.Shift(full.Y, image.Point{}, p.dx, p.dy, false, nil)
	if !ok {
		return
	}
	p.dx, p.dy = dx, dy
	to := image.Pt(int(math.Round(dx)), int(math.Round(dy)))
	if max(math.Abs(dx), math.Abs(dy)) < driftLeast {
		return
	}
	half := func(v int) int { return int(math.Floor(float64(v) / 2)) }
	was := p.moved
	p.moved = was.Add(to)
	chroma := image.Pt(half(p.moved.X)-half(was.X), half(p.moved.Y)-half(was.Y))
	shift(p.pic.Y, full.Y, to)
	shift(p.pic.U, full.U, chroma)
	shift(p.pic.V, full.V, chroma)
	p.ref, p.dx, p.dy = nil, 0, 0
}

// shift moves what a plane shows; what comes into view is taken from next.
func shift(p, next frame.Plane, by image.Point) {
	from := frame.NewPlane(p.W, p.H)
	copyPlane(from, p)
	copyPlane(p, next)
	x0, x1 := max(0, by.X), min(p.W, p.W+by.X)
	for y := max(0, by.Y); y < min(p.H, p.H+by.Y) && x0 < x1; y++ {
		copy(p.Row(y)[x0:x1], from.Row(y - by.Y)[x0-by.X:x1-by.X])
	}
}

// clean is the scene without its movers, or nil before the first look.
func (p *plate) clean() *frame.YUV {
	if !p.any {
		return nil
	}
	return &p.pic
}

// followRun moves the plate towards the picture over [x0,x1)×[y0,y1), in pieces
// that show what they showed a look ago.
func (p *plate) followRun(full frame.YUV, x0, y0, x1, y1 int, whole bool) {
	const piece = 32
	for x := x0; x < x1; x += piece {
		end := min(x+piece, x1)
		if !whole && !p.same(full.Y, x, y0, end, y1) {
			continue
		}
		follow(p.pic.Y, full.Y, x, y0, end, y1, whole)
		follow(p.pic.U, full.U, x/2, y0/2, (end+1)/2, (y1+1)/2, whole)
		follow(p.pic.V, full.V, x/2, y0/2, (end+1)/2, (y1+1)/2, whole)
	}
}

// same tells whether the mean luma of a piece is what it was a look ago.
func (p *plate) same(y frame.Plane, x0, y0, x1, y1 int) bool {
	diff, n := 0, 0
	for r := y0; r < min(y1, y.H); r++ {
		a, b := y.Row(r)[x0:x1], p.last.Row(r)[x0:x1]
		for i := range a {
			diff += int(a[i]) - int(b[i])
		}
		n += len(a)
	}
	return diff < sameLuma*n && -diff < sameLuma*n
}

// margin marks the foreground and two samples around it, which keeps movers'
// shadows and soft edges out of the plate.
func (p *plate) margin(m frame.Plane) []bool {
	const d = 2
	if len(p.busy) != m.W*m.H {
		p.busy = make([]bool, m.W*m.H)
	}
	clear(p.busy)
	p.calm = true
	for y := range m.H {
		for x, v := range m.Row(y) {
			if v == 0 {
				continue
			}
			p.calm = false
			for j := max(0, y-d); j <= min(m.H-1, y+d); j++ {
				for i := max(0, x-d); i <= min(m.W-1, x+d); i++ {
					p.busy[j*m.W+i] = true
				}
			}
		}
	}
	return p.busy
}

// follow moves dst towards src over [x0,x1)×[y0,y1): a quarter of the way, or
// all of it.
func follow(dst, src frame.Plane, x0, y0, x1, y1 int, whole bool) {
	x1, y1 = min(x1, dst.W), min(y1, dst.H)
	for y := y0; y < y1; y++ {
		d, s := dst.Row(y)[x0:x1], src.Row(y)[x0:x1]
		if whole {
			copy(d, s)
			continue
		}
		for len(d) >= 8 && len(s) >= 8 {
			binary.LittleEndian.PutUint64(d, quarter(binary.LittleEndian.Uint64(d), binary.LittleEndian.Uint64(s)))
			d, s = d[8:], s[8:]
		}
		for i, v := range s[:len(d)] {
			d[i] = byte((3*int(d[i]) + int(v) + 2) >> 2)
		}
	}
}

// quarter is (3d+s+2)/4 in each of eight bytes: the even and the odd ones take
// turns in lanes of 16 bits.
func quarter(d, s uint64) uint64 {
	const low, two = 0x00ff00ff00ff00ff, 0x0002000200020002
	even := (3*(d&low) + s&low + two) >> 2 & low
	odd := (3*(d>>8&low) + s>>8&low + two) >> 2 & low
	return even | odd<<8
}

func copyPlane(dst, src frame.Plane) {
	for y := range dst.H {
		copy(dst.Row(y), src.Row(y))
	}
}

// followPlate lets the clean background follow the picture, and keeps one every
// so often, where the light has changed, and the last of what was before it turned.
func (p *processor) followPlate(pic picture, fg frame.Plane, settled bool) error {
	keep := pic.tUS >= p.nextUS
	if p.plate.due(pic.tUS) {
		if p.plate.turned(pic.full, fg, pic.tUS) {
			if was := p.plate.fitUS; p.owns(pic) && was >= p.chunk.StartUS && (len(p.plates) == 0 || was > p.plates[len(p.plates)-1].TUS) {
				if err := p.keepPlate(was); err != nil {
					return err
				}
			}
			p.plate.renew()
			keep = true
		}
		p.plate.drift(pic.full)
		p.plate.look(pic.full, fg, pic.tUS, settled)
		keep = keep || settled && p.otherLight(pic.tUS)
	}
	if p.owns(pic) && keep {
		return p.keepPlate(pic.tUS)
	}
	return nil
}

// otherLight tells whether the plate shows another light than the one kept last,
// or the first of the chunk.
func (p *processor) otherLight(tUS int64) bool {
	now, was := p.plate.light(tUS), p.kept
	if !was.known {
		p.kept = now
		return false
	}
	if tUS-was.tUS < lightEveryUS {
		return false
	}
	return greyed(now.tint, was.tint) || math.Abs(now.luma-was.luma) > max(turnLeast, turnDepth*was.luma)
}

func (p *processor) keepPlate(tUS int64) error {
	if !p.plate.any {
		return nil
	}
	jpeg, err := vision.EncodeJPEG(p.plate.pic, scene.Box{W: float64(p.w), H: float64(p.h)}, 1920, 90)
	if err != nil {
		return err
	}
	p.plates = append(p.plates, wire.Plate{TUS: tUS, JPEG: jpeg})
	p.kept = p.plate.light(tUS)
	for size(p.plates) > maxPlates && len(p.plates) > 1 {
		p.plates = thin(p.plates)
		p.apart *= 2
	}
	p.nextUS = tUS + p.apart
	return nil
}

func size(plates []wire.Plate) int {
	n := 0
	for _, p := range plates {
		n += len(p.JPEG)
	}
	return n
}
