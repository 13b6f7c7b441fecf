package triage

import (
	"math"
	"slices"
)

const (
	// WindowUS is the length of a window, the unit of scores.
	WindowUS = 500_000
	// blockS and aroundBlocks: the quiet level is taken anew every five
	// minutes, from the half hour around, for light and noise change.
	blockWindows = 5 * 60 * 1_000_000 / WindowUS
	aroundBlocks = 3
	// smooth is how many windows a weak, long movement is summed over.
	smooth = 4
	// leastSpread is the least spread that is believed, as a part of the level.
	leastSpread = 0.02
)

// Sizes gathers packets into windows.
type Sizes struct {
	bytes []float64
	count []int
}

// Add takes a packet: its media time in µs, its size, and whether it is a key
// frame, whose size tells of the picture and not of movement.
func (s *Sizes) Add(tUS, bytes int64, key bool) {
	i := int(max(tUS, 0) / WindowUS)
	for len(s.count) <= i {
		s.bytes, s.count = append(s.bytes, 0), append(s.count, 0)
	}
	if !key {
		s.bytes[i] += float64(bytes)
		s.count[i]++
	}
}

// Scores says of each window by how many times the spread of the quiet level
// its packets are larger, or smaller: what is flat and covers a grainy ground
// spares bytes. +Inf where there are too few packets to tell.
func (s *Sizes) Scores() []float64 {
	mean := make([]float64, len(s.count))
	for i, n := range s.count {
		mean[i] = math.NaN()
		if n >= 2 {
			mean[i] = s.bytes[i] / float64(n)
		}
	}
	z := make([]float64, len(mean))
	for from := 0; from < len(mean); from += blockWindows {
		to := min(from+blockWindows, len(mean))
		level, spread := quiet(mean[max(0, from-aroundBlocks*blockWindows):min(len(mean), to+aroundBlocks*blockWindows)])
		for i := from; i < to; i++ {
			z[i] = (mean[i] - level) / spread
		}
	}
	return smoothed(z)
}

// quiet is the level and spread of the quieter part, taken to be normal: its
// first decile lies 1.28 spreads below the level, its first quartile .67.
func quiet(mean []float64) (level, spread float64) {
	v := slices.DeleteFunc(slices.Clone(mean), math.IsNaN)
	if len(v) == 0 {
		return 0, 1
	}
	slices.Sort(v)
	q10, q25 := v[len(v)/10], v[len(v)/4]
	spread = (q25 - q10) / 0.607
	level = q25 + 0.674*spread
	return level, max(spread, leastSpread*level, 1)
}

// smoothed gives each window the larger of its own score and that of the
// windows around it together.
func smoothed(z []float64) []float64 {
	out := make([]float64, len(z))
	for i := range z {
		from, to := max(0, i-smooth/2), min(len(z), i+smooth/2)
		sum := 0.0
		for _, v := range z[from:to] {
			sum += v
		}
		out[i] = max(math.Abs(z[i]), math.Abs(sum)/math.Sqrt(float64(to-from)))
		if math.IsNaN(z[i]) {
			out[i] = math.Inf(1)
		}
	}
	return out
}

// Peak is the largest score in [fromUS, toUS].
func Peak(scores []float64, fromUS, toUS int64) float64 {
	from, to := int(max(fromUS, 0)/WindowUS), int(max(toUS, 0)/WindowUS)
	best := math.Inf(-1)
	for i := max(from, 0); i <= to && i < len(scores); i++ {
		best = max(best, scores[i])
	}
	return best
}
