package analysis

import (
	"context"
	"fmt"

	"posteriori/engine/fault"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// triage asks the worker which spans of a recording are to be decoded, when
// the run is one by triage and something of the recording is left to do.
func (r *run) triage(ctx context.Context, rec *recording) error {
	if r.opt.Params.Coverage != wire.CoverageTriage {
		return nil
	}
	job := wire.Job{Path: rec.Path, Triage: &wire.TriageJob{Probe: rec.Probe, Params: r.opt.Params, Engine: r.opt.Engine}}
	job.Triage.Probe.Gaps = nil
	var got *wire.Triage
	err := r.give(ctx, rec, job, r.same, func(m wire.Message) error {
		switch m.Kind {
		case wire.KindProgress:
			return nil // it gets on
		case wire.KindTriage:
			got = new(wire.Triage)
			if err := m.Into(got); err != nil {
				return err
			}
			return checkTriage(got, rec.Probe.Chunks)
		}
		return malformed("unexpected message %c", m.Kind)
	})
	if err == nil && got == nil {
		err = malformed("no triage")
	}
	if err != nil {
		if ctx.Err() != nil || fault.KindOf(err) != fault.Internal {
			return err
		}
		// What breaks here may break on one part only: everything is decoded.
		got = &wire.Triage{Full: true, Why: "triage was asked for, and everything decoded: the triage broke off"}
	}
	rec.triage, rec.out.Triage = got, summary(got)
	r.say(fmt.Sprintf("recording %d: %s", rec.ID, got.Why))
	return nil
}

// TriageSummary says how a recording was triaged.
type TriageSummary struct {
	Full    bool    `json:"full"` // everything was decoded after all
	Why     string  `json:"why"`
	Objects int     `json:"sample_objects"`
	Missed  int     `json:"sample_missed"`
	AtMost  float64 `json:"missed_at_most"` // share, with 95 % confidence
}

func summary(t *wire.Triage) *TriageSummary {
	return &TriageSummary{Full: t.Full, Why: t.Why, Objects: t.Objects, Missed: t.Missed, AtMost: t.AtMost}
}

// checkTriage refuses a triage that does not fit the recording's chunks.
func checkTriage(t *wire.Triage, chunks []wire.Chunk) error {
	t.Why = plain(t.Why)
	if t.Full {
		t.Spans, t.Times = nil, nil
		return nil
	}
	if len(t.Times) != len(chunks) {
		return malformed("frame times of %d chunks of %d", len(t.Times), len(chunks))
	}
	for _, b := range t.Times {
		if _, err := scene.UnpackTimes(b); err != nil {
			return malformed("damaged frame times in a triage")
		}
	}
	index, endUS := 0, int64(0)
	for _, s := range t.Spans {
		if s.Index < index || s.Index >= len(chunks) {
			return malformed("a span of chunk %d out of order", s.Index)
		}
		c := chunks[s.Index]
		if s.StartUS < max(c.StartUS, endUS) || s.EndUS > c.EndUS || s.StartUS > s.EndUS ||
			s.StartPTS < c.StartPTS || s.EndPTS > c.EndPTS || s.StartPTS > s.EndPTS || s.LeadPTS > s.StartPTS {
			return malformed("a span that does not lie in chunk %d", s.Index)
		}
		index, endUS = s.Index, s.EndUS
	}
	return nil
}
