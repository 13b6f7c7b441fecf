package pipeline

import (
	"context"
	"math"
	"slices"

	"posteriori/detectors"
	"posteriori/engine/media"
	"posteriori/engine/scene"
	"posteriori/engine/triage"
	"posteriori/engine/wire"
)

// sampleLookUS is the distance of detector frames in a sample: that something
// is an object is asked, not how sure that is.
const sampleLookUS = 1_000_000

// leastObjectUS is the least life of an object that a sample counts.
const leastObjectUS = 1_000_000

// Triage decides which spans of a recording are to be decoded: it reads the
// packets, decodes a sample whole, and judges the one by the other. The answer
// depends on the recording, the parameters and the models alone.
func Triage(ctx context.Context, path string, job wire.TriageJob, det detectors.Detector, send Send) (wire.Triage, error) {
	p := &job.Probe
	if !p.Seekable || p.Still || p.Counted {
		return wire.Triage{Full: true, Why: "triage was asked for, and everything decoded: its moments cannot be sought in this recording"}, nil
	}
	list, err := listPackets(ctx, path, p, send)
	if err != nil {
		return wire.Triage{}, err
	}
	scores := list.sizes.Scores()
	var objects []triage.Span
	sampled := int64(0)
	for _, b := range triage.Sample(scores, p.DurationUS) {
		sampled += b.ToUS - b.FromUS
		found, err := list.sample(ctx, path, job, b, det, send)
		if err != nil {
			return wire.Triage{}, err
		}
		objects = append(objects, found...)
	}
	v := triage.Calibrate(scores, objects, sampled, p.DurationUS)
	out := wire.Triage{Full: v.Full, Why: v.Why, Objects: v.Objects, Missed: v.Missed, AtMost: v.AtMost}
	if !v.Full {
		out.Spans, out.Times = list.cut(p.Chunks, v.Spans), list.times()
	}
	return out, nil
}

// packetList is what is kept of a recording's packets.
type packetList struct {
	clock  media.Clock
	sizes  triage.Sizes
	keys   []int64   // PTS of key frames, in order
	pts    [][]int64 // of each chunk's packets, in order
	chunks []wire.Chunk
}

func listPackets(ctx context.Context, path string, p *wire.Probe, send Send) (*packetList, error) {
	l := &packetList{clock: media.NewClock(p), chunks: p.Chunks, pts: make([][]int64, len(p.Chunks))}
	life := newHeartbeat(send)
	defer life.stop()
	err := life.during(func() error {
		return media.Packets(ctx, path, p, func(k media.Packet) error {
			l.sizes.Add(k.TUS, k.Size, k.Key)
			if k.Key {
				l.keys = append(l.keys, k.PTS)
			}
			if i := l.chunkOf(k.PTS); i >= 0 {
				l.pts[i] = append(l.pts[i], k.PTS)
			}
			return nil
		})
	})
	slices.Sort(l.keys)
	for i := range l.pts {
		slices.Sort(l.pts[i])
	}
	return l, err
}

// chunkOf is the chunk that owns a PTS, -1 when none does.
func (l *packetList) chunkOf(pts int64) int {
	i, found := slices.BinarySearchFunc(l.chunks, pts, func(c wire.Chunk, t int64) int {
		switch {
		case c.StartPTS < t:
			return -1
		case c.StartPTS > t:
			return 1
		}
		return 0
	})
	if found {
		return i
	}
	return i - 1
}

// times are the media times of each chunk's packets, packed.
func (l *packetList) times() [][]byte {
	out := make([][]byte, len(l.pts))
	for i, pts := range l.pts {
		us := make([]int64, len(pts))
		for k, t := range pts {
			us[k] = l.clock.US(t)
		}
		out[i] = scene.PackTimes(us)
	}
	return out
}

// keyBefore is the last key frame at or before a media time, else the first.
func (l *packetList) keyBefore(us int64) int64 {
	pts := l.clock.PTS(us)
	i, found := slices.BinarySearch(l.keys, pts)
	switch {
	case found:
		return pts
	case i > 0:
		return l.keys[i-1]
	}
	return l.clock.First
}

// piece is the part of chunk c in a span of media time, from a key frame on.
func (l *packetList) piece(c wire.Chunk, s triage.Span) wire.Chunk {
	out := c
	if s.FromUS > c.StartUS {
		out.StartPTS = max(l.keyBefore(s.FromUS), c.StartPTS)
		out.StartUS = l.clock.US(out.StartPTS)
	}
	if out.StartPTS > c.StartPTS {
		out.LeadPTS = l.keyBefore(max(0, out.StartUS-triage.LeadUS))
	}
	if s.ToUS < c.EndUS {
		out.EndPTS = l.clock.PTS(s.ToUS)
		out.EndUS = l.clock.US(out.EndPTS)
	}
	pts := l.pts[c.Index]
	from, _ := slices.BinarySearch(pts, out.StartPTS)
	to, _ := slices.BinarySearch(pts, out.EndPTS)
	out.Packets = int64(to - from)
	return out
}

// cut cuts spans at the chunks' edges.
func (l *packetList) cut(chunks []wire.Chunk, spans []triage.Span) []wire.Chunk {
	var out []wire.Chunk
	for _, c := range chunks {
		for _, s := range spans {
			if s.FromUS >= c.EndUS || s.ToUS <= c.StartUS {
				continue
			}
			piece := l.piece(c, s)
			if n := len(out); n > 0 && out[n-1].Index == c.Index && piece.StartPTS < out[n-1].EndPTS {
				out[n-1] = l.piece(c, triage.Span{FromUS: out[n-1].StartUS, ToUS: s.ToUS})
				continue
			}
			out = append(out, piece)
		}
	}
	return out
}

// sample decodes a block whole and gives the lives of the objects in it.
func (l *packetList) sample(ctx context.Context, path string, job wire.TriageJob, b triage.Span, det detectors.Detector, send Send) ([]triage.Span, error) {
	c := wire.Chunk{StartPTS: l.clock.First, EndPTS: math.MaxInt64, EndUS: job.Probe.DurationUS, LeadPTS: l.clock.First}
	if i := l.chunkOf(l.clock.PTS(b.FromUS)); i >= 0 {
		c.Index = i
	}
	c = l.piece(c, b)
	p := job.Probe
	p.Gaps = nil
	job.Params.DetectUS = max(job.Params.DetectUS, sampleLookUS)
	var out []triage.Span
	capture := func(kind wire.Kind, body any) error {
		switch m := body.(type) {
		case wire.TrackMsg:
			k := m.Track
			if k.EndUS-k.StartUS >= leastObjectUS && (det == nil || m.Detections > 0) && k.Event == "" {
				out = append(out, triage.Span{FromUS: k.StartUS, ToUS: k.EndUS})
			}
		case wire.Progress:
			return send(wire.KindProgress, wire.Progress{})
		}
		return nil
	}
	err := Run(ctx, path, wire.AnalyseJob{Probe: p, Chunks: []wire.Chunk{c}, Params: job.Params, Engine: job.Engine}, det, capture)
	return out, err
}

// runTriaged analyses the spans of each chunk that the triage names, and says
// of the rest that it was not decoded.
func runTriaged(ctx context.Context, path string, job wire.AnalyseJob, det detectors.Detector, send Send, options []Option) error {
	plan := job.Triage
	for i, c := range job.Chunks {
		var times []byte
		if i < len(plan.Times) {
			times = plan.Times[i]
		}
		end, err := emptyEnd(job, c, times)
		if err != nil {
			return err
		}
		at := c.StartUS
		rest := func(to int64) {
			if to > at {
				end.Coverage = append(end.Coverage, scene.Coverage{FromUS: at, ToUS: to, Kind: scene.Triaged, Reason: plan.Why})
			}
		}
		for _, s := range plan.Spans {
			if s.Index != c.Index {
				continue
			}
			got, err := runSpan(ctx, path, job, c, s, det, send, options)
			if err != nil {
				return err
			}
			rest(s.StartUS)
			at = s.EndUS
			end.add(got)
		}
		rest(c.EndUS)
		if err := send(wire.KindChunkEnd, end.ChunkEnd); err != nil {
			return err
		}
	}
	return nil
}

// wholeEnd is a chunk's end that is put together of its spans.
type wholeEnd struct{ wire.ChunkEnd }

// emptyEnd is the end of a chunk of which nothing was decoded yet.
func emptyEnd(job wire.AnalyseJob, c wire.Chunk, times []byte) (wholeEnd, error) {
	w, h := planeSize(job.Probe.Width, job.Probe.Height, withDefaults(job.Params).PlaneArea)
	us, err := scene.UnpackTimes(times)
	return wholeEnd{wire.ChunkEnd{Chunk: c.Index, Frames: int64(len(us)), Times: times, PlaneW: w, PlaneH: h, Stages: map[string]int64{}}}, err
}

// add takes the end of one span in.
func (e *wholeEnd) add(s wire.ChunkEnd) {
	e.Coverage = append(e.Coverage, s.Coverage...)
	e.Plates = append(e.Plates, s.Plates...)
	for size(e.Plates) > maxPlates && len(e.Plates) > 1 {
		e.Plates = thin(e.Plates)
	}
	for k, ns := range s.Stages {
		e.Stages[k] += ns
	}
}

// runSpan analyses one span of chunk c. Only at the chunk's own edges may an
// object be one of the chunk beside it.
func runSpan(ctx context.Context, path string, job wire.AnalyseJob, c, s wire.Chunk, det detectors.Detector, send Send, options []Option) (wire.ChunkEnd, error) {
	var end wire.ChunkEnd
	capture := func(kind wire.Kind, body any) error {
		switch m := body.(type) {
		case wire.ChunkEnd:
			end = m
			return nil
		case wire.TrackMsg:
			m.OpenStart = m.OpenStart && s.StartPTS == c.StartPTS
			m.OpenEnd = m.OpenEnd && s.EndPTS == c.EndPTS
			return send(kind, m)
		case wire.Progress:
			m.ReachedUS += s.StartUS - c.StartUS
			return send(kind, m)
		}
		return send(kind, body)
	}
	job.Chunks, job.Triage = []wire.Chunk{s}, nil
	err := Run(ctx, path, job, det, capture, options...)
	return end, err
}
