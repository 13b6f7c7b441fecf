package track

import "math"

// How the way things go at a place is learnt.
const (
	flowCols, flowRows = 24, 14
	flowTracks         = 3   // tracks that must have told of a place
	flowMemory         = 150 // observations after which older ones fade
	flowFits           = 6   // whole-box observations from which a track's speed is known
	flowSpread         = 0.8 // sizes a second by which what begins may differ at least
)

// flow is how things move at each place of the picture, as the tracks seen so
// far did. Where they go one way, as on a road, a new track's speed is roughly
// known before its second sight, so that it does not take the next vehicle for
// itself.
type flow [flowCols * flowRows]flowCell

type flowCell struct {
	n      float64 // observations, up to flowMemory
	vx, vy float64 // mean, pixels a second
	xx, yy float64 // mean square
	tracks int     // that told of it, one after another
	last   int64   // the ID of the last
}

func (tr *Tracker) flowAt(x, y float64) *flowCell {
	i := min(max(int(x/tr.w*flowCols), 0), flowCols-1)
	j := min(max(int(y/tr.h*flowRows), 0), flowRows-1)
	return &tr.flow[j*flowCols+i]
}

// tell notes how t moves where it is, once its speed is known.
func (tr *Tracker) tell(t *Track) {
	if t.State != Confirmed || t.Detections < knownLooks || t.fits < flowFits || t.Stopped {
		return
	}
	c := tr.flowAt(t.k.cx.p, t.k.cy.p)
	if c.last != t.ID {
		c.last = t.ID
		c.tracks++
	}
	c.n = min(c.n+1, flowMemory)
	vx, vy := t.k.cx.v, t.k.cy.v
	c.vx += (vx - c.vx) / c.n
	c.vy += (vy - c.vy) / c.n
	c.xx += (vx*vx - c.xx) / c.n
	c.yy += (vy*vy - c.yy) / c.n
}

// expect gives the filter of what begins the speed that things have there, if
// they all go one way.
func (tr *Tracker) expect(k *kalman) {
	c := tr.flowAt(k.cx.p, k.cy.p)
	sx, sy := math.Max(0, c.xx-c.vx*c.vx), math.Max(0, c.yy-c.vy*c.vy)
	if c.tracks < flowTracks || sx+sy > sq(c.vx)+sq(c.vy) {
		return
	}
	least := sq(flowSpread * size(k.box()))
	k.cx.v, k.cx.pvv = c.vx, math.Min(k.cx.pvv, 2*sx+least)
	k.cy.v, k.cy.pvv = c.vy, math.Min(k.cy.pvv, 2*sy+least)
}
