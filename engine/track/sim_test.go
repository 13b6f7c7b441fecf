package track

import (
	"math"
	"math/rand/v2"

	"posteriori/engine/scene"
)

// actor is one simulated object: where it is at t seconds, false when absent
// or hidden.
type actor struct {
	class scene.Class
	at    func(t float64) (scene.Box, bool)
}

// walker goes straight from (x, y) at v px/s during [from, to).
func walker(class scene.Class, x, y, w, h, vx, vy, from, to float64) actor {
	return actor{class, func(t float64) (scene.Box, bool) {
		if t < from || t >= to {
			return scene.Box{}, false
		}
		return scene.Box{X: x + vx*(t-from) - w/2, Y: y + vy*(t-from) - h, W: w, H: h}, true
	}}
}

// hidden takes an actor out of sight during [from, to).
func hidden(a actor, from, to float64) actor {
	return actor{a.class, func(t float64) (scene.Box, bool) {
		if t >= from && t < to {
			return scene.Box{}, false
		}
		return a.at(t)
	}}
}

// sim renders actors to frames.
type sim struct {
	w, h     float64
	fps      float64
	detectHz float64 // 0: no detector
	seconds  float64
	actors   []actor
	noise    float64 // of detector boxes, in sizes
	miss     float64 // share of detections that are missing
	noBlobs  bool
	still    float64 // px/s under which an actor leaves no blob
	split    float64 // share of blobs broken into two
	times    func(i int) float64
	seed     uint64
}

func (s sim) frames() []Frame {
	r := rand.New(rand.NewPCG(s.seed, 7))
	var out []Frame
	lastDet := math.Inf(-1)
	for i := 0; ; i++ {
		t := float64(i) / s.fps
		if s.times != nil {
			t = s.times(i)
		}
		if t > s.seconds {
			return out
		}
		f := Frame{TUS: int64(math.Round(t * 1e6)), Trusted: true}
		looks := s.detectHz > 0 && t-lastDet >= 1/s.detectHz-1e-9
		if looks {
			lastDet = t
			f.Looked = []scene.Box{{W: s.w, H: s.h}}
		}
		var blobs []scene.Box
		for _, a := range s.actors {
			b, ok := a.at(t)
			if !ok {
				continue
			}
			b, ok = clip(b, s.w, s.h)
			if !ok || b.W < 4 || b.H < 4 {
				continue
			}
			if looks && r.Float64() >= s.miss {
				d := jitter(r, b, s.noise*size(b))
				f.Detections = append(f.Detections, Detection{d, a.class, 0.6 + 0.3*r.Float64()})
			}
			if was, ok := a.at(t - 0.2); s.noBlobs || ok && distance(was, b) < 0.2*s.still {
				continue
			}
			if r.Float64() < s.split { // head and legs
				k := 0.3 + 0.3*r.Float64()
				blobs = append(blobs, scene.Box{X: b.X, Y: b.Y, W: b.W, H: b.H * k},
					scene.Box{X: b.X + 0.1*b.W, Y: b.Y + b.H*(k+0.1), W: b.W * 0.8, H: b.H * (0.9 - k)})
				continue
			}
			blobs = append(blobs, b)
		}
		for _, b := range fuse(blobs) {
			f.Blobs = append(f.Blobs, Blob{Box: b, Fill: 0.7, Area: 0.7 * area(b)})
		}
		out = append(out, f)
	}
}

func jitter(r *rand.Rand, b scene.Box, s float64) scene.Box {
	b.X += s * r.NormFloat64()
	b.Y += s * r.NormFloat64()
	b.W = math.Max(2, b.W+s*r.NormFloat64())
	b.H = math.Max(2, b.H+s*r.NormFloat64())
	return b
}

// fuse joins boxes that overlap, as a background model would.
func fuse(bs []scene.Box) []scene.Box {
	for again := true; again; {
		again = false
	pairs:
		for i := range bs {
			for j := i + 1; j < len(bs); j++ {
				if overlap(bs[i], bs[j]) > 0 {
					bs[i] = bs[i].Union(bs[j])
					bs = append(bs[:j], bs[j+1:]...)
					again = true
					break pairs
				}
			}
		}
	}
	return bs
}

func run(w, h float64, fs []Frame) []*Track {
	tr := New(int(w), int(h), Config{})
	var out []*Track
	for _, f := range fs {
		tr.Step(f)
		out = append(out, tr.Finished()...)
	}
	return append(out, tr.Flush()...)
}

// tally is what a scorer would say of tracks against actors.
type tally struct {
	truth, matched, switches, extra int
	iou                             float64 // mean of matched
	owners                          []map[int64]int
}

// score matches, at each time, each visible actor to the best free track with
// IoU of .5 or more, as CLEAR-MOT does without its memory.
func score(s sim, tracks []*Track) tally {
	var ta tally
	ta.owners = make([]map[int64]int, len(s.actors))
	last := make([]int64, len(s.actors))
	for i := range ta.owners {
		ta.owners[i] = map[int64]int{}
	}
	for _, f := range s.frames() {
		used := map[int64]bool{}
		boxes := 0
		for _, t := range tracks {
			if _, ok := t.Path.At(f.TUS); ok {
				boxes++
			}
		}
		for i, a := range s.actors {
			b, ok := a.at(float64(f.TUS) / 1e6)
			if ok {
				b, ok = clip(b, s.w, s.h)
			}
			if !ok || b.W < 6 || b.H < 6 {
				continue
			}
			ta.truth++
			var best *Track
			most := 0.5
			for _, t := range tracks {
				if p, ok := t.Path.At(f.TUS); ok && !used[t.ID] {
					v := p.IoU(b)
					if t.ID == last[i] {
						v += 0.2
					}
					if v > most {
						best, most = t, v
					}
				}
			}
			if best == nil {
				continue
			}
			p, _ := best.Path.At(f.TUS)
			used[best.ID] = true
			ta.matched++
			ta.iou += p.IoU(b)
			ta.owners[i][best.ID]++
			if last[i] != 0 && last[i] != best.ID {
				ta.switches++
			}
			last[i] = best.ID
		}
		ta.extra += boxes - len(used)
	}
	ta.iou /= math.Max(1, float64(ta.matched))
	return ta
}
