package batch

import (
	"cmp"
	"context"
	"math"
	"slices"

	"posteriori/engine/index"
	"posteriori/engine/scene"
)

// Two files of one camera join where the second begins within this of the end
// of the first: names and containers round to seconds.
const joinUS = 2_000_000

const (
	// edgeUS is how near the end of a file a track must reach to be cut by it.
	edgeUS = 1_000_000
	// learnUS is how long after a file's beginning an object may be found that
	// was there all the time: the background has to be learnt first.
	learnUS = 4_000_000
	// paceUS is over how long the pace is taken at which an object left.
	paceUS = 1_000_000
	// farthest is how far, in sizes of the object (square root of its box), it
	// may be found from where its pace would have brought it, and drift how much
	// farther for each second that nobody saw it.
	farthest, drift = 0.6, 0.4
	// misshapen is by what factor the size may differ.
	misshapen = 1.8
)

// JoinFiles finds, for all files of a batch that follow each other in one
// camera, the objects that the join cuts, and which of them go on in the next
// file. An object that is not stitched is marked as cut, so that nobody takes
// its sudden end or beginning for an event. It may be called at any time, and
// again.
func JoinFiles(ctx context.Context, ix *index.Store, batch int64) error {
	byCamera := map[string][]index.BatchItem{}
	for it, err := range ix.BatchItems(ctx, batch, "") {
		if err != nil {
			return err
		}
		if it.Recording > 0 && it.StartUS != nil && (it.State == index.ItemAnalysed || it.State == index.ItemPartly) {
			byCamera[it.Camera+"\x00"+it.Exhibit] = append(byCamera[it.Camera+"\x00"+it.Exhibit], it)
		}
	}
	for _, files := range byCamera {
		slices.SortFunc(files, func(a, b index.BatchItem) int {
			return cmp.Or(cmp.Compare(*a.StartUS, *b.StartUS), cmp.Compare(a.Item, b.Item))
		})
		for i := 1; i < len(files); i++ {
			if err := joinPair(ctx, ix, files[i-1], files[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// joinPair joins two files where they meet.
func joinPair(ctx context.Context, ix *index.Store, a, b index.BatchItem) error {
	if a.Recording == b.Recording {
		return nil
	}
	first, err := ix.Recording(ctx, a.Recording)
	if err != nil {
		return err
	}
	length := first.Probe.DurationUS
	hole := *b.StartUS - *a.StartUS - length // between the two, below zero where they overlap
	if length == 0 || hole > joinUS || hole < -joinUS {
		return nil
	}
	ends, err := ix.AtEdge(ctx, a.Recording, length-edgeUS, length)
	if err != nil {
		return err
	}
	begins, err := ix.AtEdge(ctx, b.Recording, 0, learnUS)
	if err != nil {
		return err
	}
	pairs := match(ends, begins, length+max(hole, 0))
	return ix.SetJoins(ctx, a.Recording, b.Recording, marks(a.Recording, b.Recording, ends, begins, pairs))
}

// match gives each track at an end the track that goes on with it: nearest
// first, each once. originUS is the beginning of the second file in the media
// time of the first.
func match(ends, begins []scene.Track, originUS int64) map[int64]int64 {
	type pair struct {
		cost float64
		a, b int64
	}
	var all []pair
	for _, a := range ends {
		for _, b := range begins {
			if cost, ok := goesOn(a, b, originUS); ok {
				all = append(all, pair{cost, a.ID, b.ID})
			}
		}
	}
	slices.SortFunc(all, func(x, y pair) int {
		return cmp.Or(cmp.Compare(x.cost, y.cost), cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b))
	})
	out, taken := map[int64]int64{}, map[int64]bool{}
	for _, p := range all {
		if out[p.a] == 0 && !taken[p.b] {
			out[p.a], taken[p.b] = p.b, true
		}
	}
	return out
}

// goesOn tells whether b can be a seen later, by place, pace and size alone,
// and how far off it is in sizes. Classes must not contradict each other.
func goesOn(a, b scene.Track, originUS int64) (cost float64, ok bool) {
	if len(a.Path) == 0 || len(b.Path) == 0 || a.Event != b.Event {
		return 0, false
	}
	if a.Class != b.Class && a.Class != scene.Other && b.Class != scene.Other {
		return 0, false
	}
	last, next := a.Path[len(a.Path)-1], b.Path[0]
	size := math.Sqrt(last.Box.Area())
	if r := math.Sqrt(next.Box.Area()) / size; r > misshapen || r < 1/misshapen || math.IsNaN(r) {
		return 0, false
	}
	gap := float64(originUS+next.TUS-last.TUS) / 1e6 // seconds that neither saw
	vx, vy := pace(a.Path)
	ux, uy := pace(slices.Clone(b.Path)[:min(len(b.Path), firstPaces(b.Path))])
	cx, cy := centre(last.Box)
	nx, ny := centre(next.Box)
	// Between the two it went at the pace of one of them, or stood.
	cost = math.Inf(1)
	for _, v := range [][2]float64{{vx, vy}, {ux, uy}, {(vx + ux) / 2, (vy + uy) / 2}} {
		cost = min(cost, math.Hypot(cx+v[0]*gap-nx, cy+v[1]*gap-ny)/size)
	}
	return cost, cost <= farthest+drift*math.Abs(gap)
}

// pace is the speed over the last part of a path, pixels a second.
func pace(p scene.Path) (vx, vy float64) {
	last := p[len(p)-1]
	from, ok := p.At(last.TUS - paceUS)
	span := float64(paceUS) / 1e6
	if !ok {
		from, span = p[0].Box, float64(last.TUS-p[0].TUS)/1e6
	}
	if span <= 0 {
		return 0, 0
	}
	ax, ay := centre(from)
	bx, by := centre(last.Box)
	return (bx - ax) / span, (by - ay) / span
}

// firstPaces is how many points lie in the first part of a path.
func firstPaces(p scene.Path) int {
	n := 1
	for n < len(p) && p[n].TUS-p[0].TUS <= paceUS {
		n++
	}
	return n
}

func centre(b scene.Box) (x, y float64) { return b.X + b.W/2, b.Y + b.H/2 }

// marks are what is stored of a join: of every track that it cuts, both sides.
// A track that only begins while the background is learnt is cut by the
// beginning when it was there at once.
func marks(before, after int64, ends, begins []scene.Track, pairs map[int64]int64) []index.Join {
	var out []index.Join
	back := map[int64]int64{}
	for _, t := range ends {
		out = append(out, index.Join{Recording: before, Track: t.ID, AtEnd: true, OtherRecording: after, OtherTrack: pairs[t.ID]})
		if o := pairs[t.ID]; o > 0 {
			back[o] = t.ID
		}
	}
	for _, t := range begins {
		if back[t.ID] > 0 || t.StartUS <= edgeUS || t.Event != scene.NoEvent {
			out = append(out, index.Join{Recording: after, Track: t.ID, OtherRecording: before, OtherTrack: back[t.ID]})
		}
	}
	return out
}
