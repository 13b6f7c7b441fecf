// Package activity counts what an index says into two pictures: how many
// objects were in view hour by hour, and where in each camera's picture they
// were for how long. It draws them as SVG or PNG, in pure Go.
//
// An object counts in every span of the chart in which it was in view. Spans
// of which no recording was analysed are hatched: no object there says
// nothing. Times come from the recordings' clocks; recordings without one are
// charted by media time when none has a clock, and left out (and counted as
// such) when some have.
package activity

import (
	"cmp"
	"image"
	"math"
	"slices"
	"time"

	"posteriori/engine/scene"
)

// The heat map's cells.
const (
	HeatW = 160
	HeatH = 90
)

const (
	stepUS    = 50_000 // between two looks at a path
	fewBins   = 6      // a chart with fewer is cut finer
	manyBins  = 250    // a chart with more is cut coarser
	stillness = 600.   // seconds in a cell after which heat grows no more
)

// binLengths are how long a bar of the chart may stand for, hours first.
var binLengths = []time.Duration{time.Hour, 24 * time.Hour, 7 * 24 * time.Hour}

// finer are the lengths for recordings of less than some hours.
var finer = []time.Duration{15 * time.Minute, 5 * time.Minute, time.Minute, 10 * time.Second}

// Recording is one source of tracks.
type Recording struct {
	Camera        string
	Name          string
	Width, Height int
	Clock         *int64      // Unix µs of media time zero; nil: unknown
	Plate         image.Image // a clean background, or nil
}

// View is a camera at one picture size, and where its objects were.
type View struct {
	Name          string
	Width, Height int
	Plate         image.Image
	Heat          []float64 // seconds that feet were in a cell, HeatW×HeatH, row by row
	Objects       int
}

// Bin is one bar of the chart.
type Bin struct {
	Start   time.Time
	Objects map[scene.Class]int // in view at some time of the bin
	Seen    float64             // share of the bin that was analysed, of at least one recording
	Unseen  []Part              // where in the bin nothing was

	seenTo float64
}

// Part is a part of a bin, in shares of its length.
type Part struct{ From, To float64 }

// Activity collects tracks. Use [New].
type Activity struct {
	Views   []View
	NoClock int // tracks left out of the chart, as their recording has no clock

	zone   *time.Location
	clocks bool // some recording has a clock
	stays  []stay
	seen   []stay
	views  map[viewKey]int
}

type stay struct {
	fromUS, toUS int64
	class        scene.Class
	clock        bool
}

type viewKey struct {
	camera string
	w, h   int
}

// New starts a count whose times are shown in zone.
func New(zone *time.Location) *Activity {
	return &Activity{zone: zone, views: map[viewKey]int{}}
}

// Saw notes that a recording was analysed from one media time to another.
func (a *Activity) Saw(r Recording, fromUS, toUS int64) {
	a.clocks = a.clocks || r.Clock != nil
	a.seen = append(a.seen, r.stay(fromUS, toUS, 0))
}

func (r Recording) stay(fromUS, toUS int64, c scene.Class) stay {
	if r.Clock == nil {
		return stay{fromUS, toUS, c, false}
	}
	return stay{*r.Clock + fromUS, *r.Clock + toUS, c, true}
}

// Add counts a track with its path.
func (a *Activity) Add(r Recording, t scene.Track) {
	a.clocks = a.clocks || r.Clock != nil
	a.stays = append(a.stays, r.stay(t.StartUS, t.EndUS, t.Class))
	v := a.view(r)
	v.Objects++
	for us := t.StartUS; us <= t.EndUS; us += stepUS {
		b, ok := t.Path.At(us)
		if !ok || r.Width <= 0 || r.Height <= 0 {
			continue
		}
		x, y := int((b.X+b.W/2)*HeatW/float64(r.Width)), int((b.Y+b.H)*HeatH/float64(r.Height))
		if x >= 0 && x < HeatW && y >= 0 && y <= HeatH {
			v.Heat[min(y, HeatH-1)*HeatW+x] += float64(stepUS) / 1e6
		}
	}
}

func (a *Activity) view(r Recording) *View {
	k := viewKey{cmp.Or(r.Camera, r.Name), r.Width, r.Height}
	i, ok := a.views[k]
	if !ok {
		i = len(a.Views)
		a.views[k] = i
		a.Views = append(a.Views, View{Name: k.camera, Width: r.Width, Height: r.Height, Heat: make([]float64, HeatW*HeatH)})
	}
	if a.Views[i].Plate == nil {
		a.Views[i].Plate = r.Plate
	}
	return &a.Views[i]
}

// Hours is the chart: bars of equal length that cover what was analysed. Bars
// are an hour long, unless that makes too few or too many. Hours are real
// ones: in the night the clocks go back, the repeated hour has a bar of its own.
func (a *Activity) Hours() (bins []Bin, length time.Duration) {
	stays, seen := a.charted()
	if len(stays)+len(seen) == 0 {
		return nil, 0
	}
	from, to := int64(math.MaxInt64), int64(math.MinInt64)
	for _, s := range slices.Concat(stays, seen) {
		from, to = min(from, s.fromUS), max(to, s.toUS)
	}
	length = binLength(time.Duration(to-from) * time.Microsecond)
	start := a.floor(from, length)
	for at := start; at < to || at == start; at += length.Microseconds() {
		bins = append(bins, Bin{Start: time.UnixMicro(at).In(a.zone), Objects: map[scene.Class]int{}})
	}
	each := func(s stay, do func(bin int, us int64)) {
		for i := (s.fromUS - start) / length.Microseconds(); i < int64(len(bins)); i++ {
			lo := start + i*length.Microseconds()
			if lo > s.toUS {
				break
			}
			do(int(i), min(s.toUS, lo+length.Microseconds())-max(s.fromUS, lo))
		}
	}
	for _, s := range stays {
		each(s, func(i int, _ int64) { bins[i].Objects[s.class]++ })
	}
	for _, s := range joined(seen) {
		each(s, func(i int, us int64) {
			b, whole := &bins[i], float64(length.Microseconds())
			from := max(0, float64(s.fromUS-b.Start.UnixMicro())/whole)
			b.unseen(b.seenTo, from)
			b.seenTo = from + float64(us)/whole
			b.Seen += float64(us) / whole
		})
	}
	for i := range bins {
		bins[i].unseen(bins[i].seenTo, 1)
	}
	return bins, length
}

// unseen notes a part of the bin; what nobody could see on the chart is none.
func (b *Bin) unseen(from, to float64) {
	if to-from > .005 {
		b.Unseen = append(b.Unseen, Part{from, to})
	}
}

// charted leaves out what has no clock when other recordings have one.
func (a *Activity) charted() (stays, seen []stay) {
	pick := func(all []stay) (out []stay) {
		for _, s := range all {
			if s.clock == a.clocks {
				out = append(out, s)
			}
		}
		return out
	}
	stays, seen = pick(a.stays), pick(a.seen)
	a.NoClock = len(a.stays) - len(stays)
	return stays, seen
}

// floor is the last whole bin of the zone at or before t.
func (a *Activity) floor(t int64, length time.Duration) int64 {
	at := time.UnixMicro(t).In(a.zone)
	if !a.clocks {
		at = time.UnixMicro(t).UTC()
	}
	if length >= 24*time.Hour {
		return time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, at.Location()).UnixMicro()
	}
	_, offset := at.Zone()
	n, by := t+int64(offset)*1_000_000, length.Microseconds()
	return t - ((n%by)+by)%by
}

func binLength(whole time.Duration) time.Duration {
	for _, n := range binLengths {
		if whole/n > manyBins {
			continue
		}
		if n == time.Hour && whole/n < fewBins {
			break
		}
		return n
	}
	if whole > fewBins*time.Hour {
		return 30 * 24 * time.Hour
	}
	for _, n := range finer {
		if whole/n >= fewBins {
			return n
		}
	}
	return finer[len(finer)-1]
}

// joined merges spans that overlap.
func joined(all []stay) (out []stay) {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b stay) int { return cmp.Compare(a.fromUS, b.fromUS) })
	for _, s := range all {
		if n := len(out); n > 0 && s.fromUS <= out[n-1].toUS {
			out[n-1].toUS = max(out[n-1].toUS, s.toUS)
			continue
		}
		out = append(out, s)
	}
	return out
}
