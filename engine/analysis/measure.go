package analysis

import (
	"context"
	"time"

	"posteriori/engine/fault"
	"posteriori/engine/wire"
)

// Measured is what one stretch of a recording took.
type Measured struct {
	Probe   *wire.Probe
	MediaUS int64         // media time worked through, the lead-in included
	Work    time.Duration // of one worker, without its start
	Bytes   int64         // of results
}

// Measure works through one stretch of a recording, from its middle where it
// can be reached there, and throws away what it finds. The stretch is about
// spanUS long.
func (w Worker) Measure(ctx context.Context, path string, e wire.Engine, spanUS int64) (Measured, error) {
	var m Measured
	var err error
	if m.Probe, _, err = w.Probe(ctx, path, spanUS); err != nil {
		return m, err
	}
	p := *m.Probe
	chunk := p.Chunks[0]
	if p.Seekable {
		chunk = p.Chunks[len(p.Chunks)/2]
	}
	p.Chunks, p.Gaps = nil, nil
	job := wire.Job{Path: path, Analyse: &wire.AnalyseJob{Probe: p, Chunks: []wire.Chunk{chunk}, Engine: e}}
	var began time.Time
	ready := func(wire.Hello) error { began = time.Now(); return nil }
	_, err = w.run(ctx, job, ready, func(msg wire.Message) error {
		if msg.Kind == wire.KindTrack || msg.Kind == wire.KindChunkEnd {
			m.Bytes += int64(len(msg.Body))
		}
		return nil
	})
	if err != nil {
		return m, err
	}
	m.Work = time.Since(began)
	lead := (chunk.StartPTS - chunk.LeadPTS) * p.TimeBase.Num * 1_000_000 / max(p.TimeBase.Den, 1)
	m.MediaUS = chunk.EndUS - chunk.StartUS + max(lead, 0)
	if m.MediaUS <= 0 || m.Work <= 0 {
		return m, fault.New(fault.BadInput, "it is too short to measure").OnFile(path)
	}
	return m, nil
}
