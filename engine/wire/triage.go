package wire

// TriageJob asks which spans of a recording are to be decoded (engine/triage).
// The answer is one [Triage].
type TriageJob struct {
	Probe  Probe  `json:"probe"` // with Chunks
	Params Params `json:"params"`
	Engine Engine `json:"engine"`
}

// Triage says which spans of a recording are to be decoded, and how far that
// can be trusted.
type Triage struct {
	// Full: everything is to be decoded after all. Why says why, or how far the
	// triage can be trusted: text for the coverage.
	Full bool   `json:"full"`
	Why  string `json:"why"`
	// Spans are to be decoded, in order; each is cut out of the chunk whose
	// Index it has.
	Spans []Chunk `json:"spans,omitempty"`
	// Times are the media times of the packets of each chunk, as scene.PackTimes
	// has them: what is not decoded has frames too, and they count.
	Times   [][]byte `json:"times,omitempty"`
	Objects int      `json:"objects"` // in the sample that was decoded whole
	Missed  int      `json:"missed"`  // of them, outside of Spans
	AtMost  float64  `json:"at_most"` // share that may be missed, with 95 % confidence
}

// Of is the part of the triage that concerns chunks.
func (t *Triage) Of(chunks []Chunk) *Triage {
	if t == nil {
		return nil
	}
	out := &Triage{Full: t.Full, Why: t.Why, Objects: t.Objects, Missed: t.Missed, AtMost: t.AtMost}
	for _, c := range chunks {
		if c.Index < len(t.Times) {
			out.Times = append(out.Times, t.Times[c.Index])
		}
		for _, s := range t.Spans {
			if s.Index == c.Index {
				out.Spans = append(out.Spans, s)
			}
		}
	}
	return out
}
