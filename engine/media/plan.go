package media

import (
	"math"
	"slices"

	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

const (
	endless = math.MaxInt64 // EndPTS of the last chunk
	// leadUS is how far before a chunk decoding starts, to warm the background.
	leadUS = 12_000_000
	// tailShare of a chunk is the least that stands as a chunk of its own.
	tailShare = 0.2
)

// reading follows the pictures of a recording in order of presentation and
// plans its chunks as they come.
type reading struct {
	tb       wire.Rational
	chunkUS  int64
	m        *mender
	dist     distances
	chunks   []wire.Chunk
	keys     []int64 // key frames of the last leadUS, and one before
	holes    []scene.Coverage
	frames   int64
	first    int64
	last     int64 // mended PTS of the last picture
	lastIn   int64 // and as it came
	lastDur  int64
	nudged   int64
	untimed  int64 // packets without PTS since the last picture
	medianUS int64 // of what came so far, refreshed now and then
}

func newReading(tb wire.Rational, chunkUS int64) *reading {
	return &reading{tb: tb, chunkUS: chunkUS}
}

// us is a distance of ticks in µs.
func (r *reading) us(ticks int64) int64 { return Clock{TB: r.tb}.US(ticks) }

// add takes the next picture.
func (r *reading) add(pts, duration int64, key bool) {
	if r.frames == 0 {
		r.m, r.first = newMender(pts, r.tb), pts
	}
	jumps := r.m.jumps
	t := r.m.next(pts)
	if r.frames > 0 {
		d := t - r.last
		if pts <= r.lastIn && r.m.jumps == jumps {
			r.nudged++
		} else if r.m.jumps == jumps {
			r.dist.add(d)
		}
		if d := r.us(d); d > 1_000_000 {
			r.hole(r.us(r.last-r.first), d)
		}
	}
	r.frames++
	r.last, r.lastIn, r.lastDur = t, pts, duration
	r.plan(t, key)
}

// hole notes a span without a picture, when it is long for this recording.
func (r *reading) hole(lastUS, d int64) {
	if r.medianUS == 0 || r.frames%256 == 0 {
		r.medianUS = r.us(r.dist.median())
	}
	if d > holeUS(r.medianUS) && len(r.holes) < maxHoles {
		r.holes = append(r.holes, hole(lastUS, lastUS+d))
	}
}

// plan begins a chunk at the first key frame that lies chunkUS or more after
// the last chunk's start.
func (r *reading) plan(t int64, key bool) {
	switch {
	case len(r.chunks) == 0:
		r.chunks = append(r.chunks, wire.Chunk{StartPTS: t, LeadPTS: t})
	case key && r.us(t-r.chunks[len(r.chunks)-1].StartPTS) >= r.chunkUS:
		lead := t
		for _, k := range r.keys {
			if r.us(t-k) >= leadUS || lead == t {
				lead = k
			}
		}
		r.chunks = append(r.chunks, wire.Chunk{Index: len(r.chunks), StartPTS: t, LeadPTS: lead})
	}
	r.chunks[len(r.chunks)-1].Packets += 1 + r.untimed
	r.untimed = 0
	if key {
		r.keys = append(r.keys, t)
		for len(r.keys) > 1 && r.us(t-r.keys[1]) >= leadUS {
			r.keys = slices.Delete(r.keys, 0, 1)
		}
	}
}

// finish writes the plan into p.
func (r *reading) finish(p *wire.Probe, st *streamFacts) {
	c := Clock{First: r.first, TB: r.tb}
	if len(r.chunks) > 0 {
		r.chunks[len(r.chunks)-1].Packets += r.untimed
	}
	median := r.dist.median()
	if r.frames == 1 || median == 0 {
		median = max(r.lastDur, 1)
		if validTimeBase(st.rate) {
			median = mulDiv(st.rate.Den, r.tb.Den, st.rate.Num*r.tb.Num)
		}
	}
	dur := r.lastDur
	if dur <= 0 || dur > 10*median {
		dur = median
	}
	p.FirstPTS = r.first
	p.FrameUS = max(r.us(median), 1)
	p.DurationUS = max(c.US(r.last+dur), c.US(r.last)+1)
	p.Variable = r.dist.uneven()
	for _, h := range r.holes {
		if h.ToUS-h.FromUS > holeUS(p.FrameUS) {
			h.FromUS += p.FrameUS
			p.Gaps = append(p.Gaps, h)
		}
	}
	ch := r.chunks
	if n := len(ch); n > 1 && float64(p.DurationUS-c.US(ch[n-1].StartPTS)) < tailShare*float64(r.chunkUS) {
		ch[n-2].Packets += ch[n-1].Packets
		ch = ch[:n-1]
	}
	for i := range ch {
		ch[i].StartUS = c.US(ch[i].StartPTS)
		ch[i].EndPTS, ch[i].EndUS = endless, p.DurationUS
		if i > 0 {
			ch[i-1].EndPTS, ch[i-1].EndUS = ch[i].StartPTS, ch[i].StartUS
		}
	}
	p.Chunks = ch
}

// holeUS is the least length of a hole for a recording of this frame
// distance: a second, or four pictures of a slower one.
func holeUS(frameUS int64) int64 { return max(1_000_000, 4*frameUS) }

// hole is a span in which the recording holds no pictures.
func hole(from, to int64) scene.Coverage {
	return scene.Coverage{FromUS: from, ToUS: to, Kind: scene.Gap, Reason: "the recording holds no pictures here"}
}

// distances is a histogram of the distances of pictures, in ticks.
type distances struct {
	n     map[int64]int64
	total int64
}

// maxDistances bounds the histogram; recordings have a handful of values.
const maxDistances = 4096

func (d *distances) add(ticks int64) {
	if d.n == nil {
		d.n = map[int64]int64{}
	}
	if _, ok := d.n[ticks]; !ok && len(d.n) >= maxDistances {
		return
	}
	d.n[ticks]++
	d.total++
}

// median is the median distance, 0 when there is none.
func (d *distances) median() int64 {
	keys := make([]int64, 0, len(d.n))
	for k := range d.n {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	sum := int64(0)
	for _, k := range keys {
		if sum += d.n[k]; sum*2 >= d.total {
			return k
		}
	}
	return 0
}

// uneven tells whether more than one distance in 200 is off the median by
// over a tenth and over a tick (time bases round).
func (d *distances) uneven() bool {
	m, off := d.median(), int64(0)
	for k, n := range d.n {
		if diff := max(k-m, m-k); diff*10 > m && diff > 1 {
			off += n
		}
	}
	return off*200 > d.total
}

// reduce cancels a fraction down.
func reduce(q wire.Rational) wire.Rational {
	a, b := q.Num, q.Den
	for b != 0 {
		a, b = b, a%b
	}
	return wire.Rational{Num: q.Num / a, Den: q.Den / a}
}
