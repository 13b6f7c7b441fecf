package triage

import (
	"fmt"
	"math"
	"slices"
	"time"
)

const (
	// most and least are the bounds of the threshold; between them it is half
	// of what the least of the sample's objects scores.
	most  = 5.0
	least = 2.5
	// BlockUS is the length of one block of the sample.
	BlockUS = 12_000_000
	// sampleShare of a recording is decoded whole as a sample, two blocks at least.
	sampleShare = 0.01
	// worthwhile is the share of a recording up to which decoding spans of it
	// is worth the risk.
	worthwhile = 0.5
	confidence = 0.95
)

// Sample chooses the blocks of a recording that are decoded whole: half where
// scores are largest, half where they are low, spread over the recording.
func Sample(scores []float64, lengthUS int64) []Span {
	blocks := int(lengthUS / BlockUS)
	if blocks == 0 {
		return []Span{{0, lengthUS}}
	}
	n := min(max(2, int(sampleShare*float64(lengthUS)/(BlockUS+LeadUS))), blocks)
	order := make([]int, blocks)
	peak := make([]float64, blocks)
	for i := range order {
		order[i] = i
		peak[i] = finitePeak(scores, int64(i)*BlockUS, int64(i+1)*BlockUS)
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case peak[a] > peak[b]:
			return -1
		case peak[a] < peak[b]:
			return 1
		}
		return 0
	})
	chosen := map[int]bool{}
	for _, i := range order[:(n+1)/2] {
		chosen[i] = true
	}
	low := slices.DeleteFunc(slices.Clone(order), func(i int) bool { return chosen[i] })
	low = low[len(low)/4:] // not those next to the largest
	slices.Sort(low)
	for k := range n / 2 {
		if len(low) > 0 {
			chosen[low[(2*k+1)*len(low)/(2*(n/2))]] = true
		}
	}
	var out []Span
	for i := range blocks {
		if chosen[i] {
			out = append(out, Span{int64(i) * BlockUS, int64(i+1) * BlockUS})
		}
	}
	return out
}

// finitePeak leaves out windows of which nothing is known.
func finitePeak(scores []float64, fromUS, toUS int64) float64 {
	best := math.Inf(-1)
	for i := fromUS / WindowUS; i < toUS/WindowUS && int(i) < len(scores); i++ {
		if v := scores[i]; !math.IsInf(v, 1) {
			best = max(best, v)
		}
	}
	return best
}

// Verdict is what a sample says of a recording.
type Verdict struct {
	Full      bool    // everything is to be decoded
	Why       string  // why it is, or how far the triage can be trusted
	Threshold float64 // of the scores; when not Full
	Spans     []Span  // to be decoded; when not Full
	Objects   int     // found in the sample
	Missed    int     // of them, outside of Spans
	AtMost    float64 // share of objects that may be missed, with 95 % confidence
}

// Calibrate judges scores by the objects that decoding a sample in full found:
// their spans of media time. sampledUS is how much was decoded.
func Calibrate(scores []float64, objects []Span, sampledUS, lengthUS int64) Verdict {
	v := Verdict{Objects: len(objects)}
	lowest := math.Inf(1)
	for _, o := range objects {
		lowest = min(lowest, Peak(scores, o.FromUS-WindowUS, o.ToUS+WindowUS))
	}
	sampled := (time.Duration(sampledUS) * time.Microsecond).Round(time.Second)
	full := func(format string, args ...any) Verdict {
		v.Full, v.Why = true, fmt.Sprintf("triage was asked for, and everything decoded: "+format, args...)
		return v
	}
	if len(objects) == 0 {
		return full("the sample of %v shows no object to calibrate on", sampled)
	}
	v.Threshold = min(lowest/2, most)
	if v.Threshold < least {
		return full("in the sample of %v an object raises packet sizes by no more than %.1f spreads of the noise", sampled, max(lowest, 0))
	}
	v.Spans = Spans(scores, v.Threshold, lengthUS)
	if share := float64(Total(v.Spans)) / float64(max(lengthUS, 1)); share > worthwhile {
		return full("packet sizes show movement in %.0f %% of the recording", 100*share)
	}
	for _, o := range objects {
		if !slices.ContainsFunc(v.Spans, func(s Span) bool { return s.FromUS < o.ToUS && s.ToUS > o.FromUS }) {
			v.Missed++
		}
	}
	v.AtMost = UpperBound(v.Missed, v.Objects)
	v.Why = fmt.Sprintf("triage: packet sizes show no movement; of %d objects in a sample of %v, half of it where packets are largest, %d would be missed: at most %.1f %% with %.0f %% confidence",
		v.Objects, sampled, v.Missed, 100*v.AtMost, 100*confidence)
	return v
}

// UpperBound is the one-sided upper bound of a chance of which k in n were
// seen, with 95 % confidence (Clopper and Pearson, Biometrika 26, 1934).
func UpperBound(k, n int) float64 {
	if n == 0 || k >= n {
		return 1
	}
	lo, hi := 0.0, 1.0
	for range 60 { // the chance of k or fewer falls as p grows
		p := (lo + hi) / 2
		if atMost(k, n, p) > 1-confidence {
			lo = p
		} else {
			hi = p
		}
	}
	return hi
}

// atMost is the chance of k or fewer out of n, of chance p each.
func atMost(k, n int, p float64) float64 {
	sum, term := 0.0, math.Pow(1-p, float64(n))
	for i := 0; i <= k; i++ {
		sum += term
		term *= float64(n-i) / float64(i+1) * p / (1 - p)
	}
	return sum
}
