package triage

const (
	// marginUS is decoded before and after what stands out: a thing is small
	// as it comes into the picture, and slow as it stops.
	marginUS = 3_000_000
	// LeadUS is how far before a span decoding begins, to learn the background;
	// chunks, which cost it once in minutes, take twice as long.
	LeadUS = 6_000_000
	// joinUS is the longest gap that is decoded too: no lead-in lies in the span before.
	joinUS = LeadUS + 4_000_000
	// openingUS is decoded at a recording's beginning: what stands there is
	// looked for then.
	openingUS = 8_000_000
)

// Span is a span of media time, µs.
type Span struct{ FromUS, ToUS int64 }

// Spans are what is to be decoded of a recording of that length, in order and
// apart, when windows that score threshold or more stand out.
func Spans(scores []float64, threshold float64, lengthUS int64) []Span {
	out := []Span{{0, min(openingUS, lengthUS)}}
	for i, z := range scores {
		if z < threshold {
			continue
		}
		s := Span{max(0, int64(i)*WindowUS-marginUS), min(lengthUS, int64(i+1)*WindowUS+marginUS)}
		if last := &out[len(out)-1]; s.FromUS-last.ToUS <= joinUS {
			last.ToUS = max(last.ToUS, s.ToUS)
		} else {
			out = append(out, s)
		}
	}
	return out
}

// Total is how long spans are together, µs.
func Total(spans []Span) int64 {
	var n int64
	for _, s := range spans {
		n += s.ToUS - s.FromUS
	}
	return n
}
