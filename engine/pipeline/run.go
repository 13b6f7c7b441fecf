package pipeline

import (
	"context"
	"errors"
	"io"
	"math"
	"time"

	"posteriori/detectors"
	"posteriori/engine/media"
	"posteriori/engine/wire"
)

// Defaults of [wire.Params].
const (
	// DetectUS is the distance of detector frames: five a second, so that a
	// car at 50 km/h moves less than its length between two.
	DetectUS = 200_000
	// PlaneArea is the size of the motion plane in samples, that of 480×270.
	PlaneArea = 480 * 270
	// MinScore is the least detector score that the tracker hears of.
	MinScore = 0.12
)

// progressEvery is the distance between two messages of progress.
const progressEvery = 400 * time.Millisecond

// Send passes one message to the parent.
type Send func(kind wire.Kind, body any) error

// Run analyses consecutive chunks of the recording at path and sends what it
// finds. det may be nil: then motion alone finds objects, all of them "other".
func Run(ctx context.Context, path string, job wire.AnalyseJob, det detectors.Detector, send Send) error {
	if len(job.Chunks) == 0 {
		return nil
	}
	p := withDefaults(job.Params)
	s := setup{w: job.Probe.Width, h: job.Probe.Height, det: det, minScore: p.MinScore, stages: stages{}}
	s.planeW, s.planeH = planeSize(s.w, s.h, p.PlaneArea)
	job.Probe.Chunks = job.Chunks // key frames to seek to
	first, last := job.Chunks[0], job.Chunks[len(job.Chunks)-1]
	dec, err := media.Open(ctx, path, &job.Probe, media.DecodeOptions{
		FromPTS: first.LeadPTS, ToPTS: last.EndPTS,
		PlaneW: s.planeW, PlaneH: s.planeH, FullUS: p.DetectUS,
		Device: job.Engine.Device, Threads: job.Engine.Threads,
	})
	if err != nil {
		return err
	}
	defer dec.Close()
	r := &runner{setup: s, path: path, job: job, dec: dec, send: send}
	for {
		began := time.Now()
		f, err := dec.Next()
		r.stages.since("decode", began)
		if errors.Is(err, io.EOF) {
			return r.end(ctx)
		}
		if err != nil {
			return err
		}
		err = r.frame(ctx, f)
		f.Release()
		if err != nil {
			return err
		}
	}
}

func withDefaults(p wire.Params) wire.Params {
	if p.DetectUS == 0 {
		p.DetectUS = DetectUS
	}
	if p.PlaneArea == 0 {
		p.PlaneArea = PlaneArea
	}
	if p.MinScore == 0 {
		p.MinScore = MinScore
	}
	return p
}

// minPlane is the least side that the background model takes.
const minPlane = 16

// planeSize is the size of the motion plane: the recording's shape with at
// most area samples, even, never larger than the recording.
func planeSize(w, h, area int) (int, int) {
	k := min(1, math.Sqrt(float64(area)/float64(w*h)))
	even := func(v float64) int { return max(minPlane, 2*int(v/2+0.5)) }
	return even(float64(w) * k), even(float64(h) * k)
}

// runner walks the frames through the chunks' processors.
type runner struct {
	setup
	job     wire.AnalyseJob
	dec     *media.Decoder
	send    Send
	path    string
	active  []*processor // see the frames
	closing []*processor // have seen their last
	next    int          // the chunk to open next
	told    time.Time
	errors  int64 // of the decoder, that closed chunks account for
}

// settleUS is how long after a chunk's end it is closed: the decoder's
// complaints come on another way than its pictures, and may be later.
const settleUS = 2_000_000

func (r *runner) frame(ctx context.Context, f *media.Frame) error {
	pic := picture{pts: f.PTS, tUS: f.TUS, plane: f.Plane, full: f.Full}
	for len(r.active) > 0 && pic.pts >= r.active[0].chunk.EndPTS {
		r.closing, r.active = append(r.closing, r.active[0]), r.active[1:]
	}
	for len(r.closing) > 0 && pic.tUS >= r.closing[0].chunk.EndUS+settleUS {
		if err := r.close(ctx); err != nil {
			return err
		}
	}
	for r.next < len(r.job.Chunks) && pic.pts >= r.job.Chunks[r.next].LeadPTS {
		r.active = append(r.active, newProcessor(r.setup, r.job.Chunks[r.next]))
		r.next++
	}
	if r.job.Probe.Still && f.Full != nil && len(r.active) > 0 {
		msgs, end, err := photograph(r.setup, r.active[0].chunk, *f.Full)
		if err != nil {
			return err
		}
		r.active = nil
		return r.deliver(msgs, end)
	}
	for _, p := range r.active {
		if err := p.step(pic); err != nil {
			return err
		}
	}
	if len(r.active) > 0 && time.Since(r.told) >= progressEvery {
		r.told = time.Now()
		p := r.active[0]
		return r.send(wire.KindProgress, wire.Progress{
			Frames: int64(len(p.times)), ReachedUS: max(0, pic.tUS-p.chunk.StartUS),
			Tracks: int64(len(p.ended) + p.alive),
		})
	}
	return nil
}

// close ends the first chunk that has seen its last frame and sends what it
// holds, with the account of what could not be decoded.
func (r *runner) close(ctx context.Context) error {
	p := r.closing[0]
	r.closing = r.closing[1:]
	rep := r.dec.Report()
	all := rep.Errors
	rep.Errors -= r.errors
	r.errors = all
	began := time.Now()
	holes, err := media.Coverage(ctx, r.path, &r.job.Probe, p.chunk, int64(len(p.times)), rep)
	if err != nil {
		return err
	}
	r.stages.since("damage", began)
	msgs, end, err := p.end(holes)
	if err != nil {
		return err
	}
	return r.deliver(msgs, end)
}

func (r *runner) deliver(msgs []wire.TrackMsg, end wire.ChunkEnd) error {
	for _, m := range msgs {
		if err := r.send(wire.KindTrack, m); err != nil {
			return err
		}
	}
	return r.send(wire.KindChunkEnd, end)
}

// end closes what is open at the end of the stream. Chunks that no frame
// reached are closed as what they are: without a picture.
func (r *runner) end(ctx context.Context) error {
	r.closing, r.active = append(r.closing, r.active...), nil
	for len(r.closing) > 0 {
		if err := r.close(ctx); err != nil {
			return err
		}
	}
	if r.job.Probe.Still && r.next > 0 {
		return nil
	}
	for ; r.next < len(r.job.Chunks); r.next++ {
		r.closing = append(r.closing, newProcessor(r.setup, r.job.Chunks[r.next]))
		if err := r.close(ctx); err != nil {
			return err
		}
	}
	return nil
}
