package pipeline

import (
	"context"
	"errors"
	"io"
	"maps"
	"math"
	"time"

	"posteriori/detectors"
	"posteriori/engine/media"
	"posteriori/engine/scene"
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
// finds. det may be nil: then motion alone finds objects, and those that no Namer
// names are "other".
func Run(ctx context.Context, path string, job wire.AnalyseJob, det detectors.Detector, send Send, options ...Option) error {
	if len(job.Chunks) == 0 {
		return nil
	}
	if job.Triage != nil && !job.Triage.Full {
		return runTriaged(ctx, path, job, det, send, options)
	}
	p := withDefaults(job.Params)
	s := setup{w: job.Probe.Width, h: job.Probe.Height, det: det, minScore: p.MinScore, quarters: p.Quarters, stages: stages{}}
	for _, o := range options {
		o(&s)
	}
	s.planeW, s.planeH = planeSize(s.w, s.h, p.PlaneArea)
	job.Probe.Chunks = job.Chunks // key frames to seek to
	first, last := job.Chunks[0], job.Chunks[len(job.Chunks)-1]
	s.firstPTS = job.Probe.FirstPTS
	life := newHeartbeat(send)
	defer life.stop()
	r := &runner{setup: s, job: job, send: send, life: life}
	r.exam = media.Examine(path, &r.job.Probe, job.Engine.Threads)
	var dec *media.Decoder
	err := life.during(func() (err error) {
		dec, err = media.Open(ctx, path, &job.Probe, media.DecodeOptions{
			FromPTS: first.LeadPTS, ToPTS: last.EndPTS,
			PlaneW: s.planeW, PlaneH: s.planeH, FullUS: p.DetectUS,
			Device: job.Engine.Device, Threads: job.Engine.Threads,
		})
		return err
	})
	if err != nil {
		return err
	}
	defer dec.Close()
	r.dec = dec
	for {
		began := time.Now()
		var f *media.Frame
		err := life.during(func() (err error) { f, err = dec.Next(); return err })
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
	life    *heartbeat
	exam    *media.Examination
	active  []*processor // see the frames
	closing []*processor // have seen their last
	next    int          // the chunk to open next
	told    time.Time
	opened  int64 // the decoder's errors as the last chunk was opened
	photo   *photo
}

// settleUS is how long after a chunk's end it is closed: the decoder's
// complaints come on another way than its pictures, and may be later.
const settleUS = 2_000_000

func (r *runner) frame(ctx context.Context, f *media.Frame) error {
	pic := picture{pts: f.PTS, tUS: f.TUS, plane: f.Plane, full: f.Full}
	for r.next < len(r.job.Chunks) && pic.pts >= r.job.Chunks[r.next].LeadPTS {
		r.active = append(r.active, r.open())
	}
	for len(r.active) > 0 && pic.pts >= r.active[0].chunk.EndPTS {
		r.closing, r.active = append(r.closing, r.active[0]), r.active[1:]
	}
	for len(r.closing) > 0 && pic.tUS >= r.closing[0].chunk.EndUS+settleUS {
		if err := r.close(ctx); err != nil {
			return err
		}
	}
	if r.job.Probe.Still {
		if f.Full == nil || r.photo != nil || len(r.active) == 0 {
			return nil
		}
		ph, err := photograph(r.setup, r.active[0].chunk, *f.Full)
		r.photo = &ph
		return err
	}
	for _, p := range r.active {
		if err := p.step(pic); err != nil {
			return err
		}
	}
	if len(r.active) > 0 && time.Since(r.told) >= progressEvery {
		r.told = time.Now()
		return r.life.tell(r.active[0].progress(pic.tUS))
	}
	return nil
}

// open makes the next chunk's processor. It notes how many errors the decoder
// had told before any that may concern the chunk: those as the chunk before
// was opened, because messages run ahead of pictures, too.
func (r *runner) open() *processor {
	p := newProcessor(r.setup, r.job.Chunks[r.next])
	p.errors, r.opened = r.opened, r.dec.Report().Errors
	r.next++
	return p
}

// close ends the first chunk that has seen its last frame and sends what it
// holds, with the account of what could not be decoded.
func (r *runner) close(ctx context.Context) error {
	p := r.closing[0]
	r.closing = r.closing[1:]
	holes, err := r.holes(ctx, p.chunk, int64(len(p.times)), p.errors)
	if err != nil {
		return err
	}
	msgs, end, err := p.end(append(p.tail(r.job.Probe.FrameUS), holes...))
	if err != nil {
		return err
	}
	return r.deliver(msgs, end)
}

// holes are the spans of a chunk that were not properly decoded; before is
// how many of the decoder's errors do not concern it.
func (r *runner) holes(ctx context.Context, c wire.Chunk, frames, before int64) (holes []scene.Coverage, err error) {
	defer r.stages.since("damage", time.Now())
	rep := r.dec.Report()
	rep.Errors -= before
	err = r.life.during(func() (err error) {
		holes, err = r.exam.Coverage(ctx, c, frames, rep)
		return err
	})
	return holes, err
}

// cpuDecodes is said of what the CPU decoded because the card would not.
const cpuDecodes = "cuda was asked for, and the CPU decodes: the card or FFmpeg does not take this recording"

// note is what was asked for and could not be had: that is said of all that was seen.
func (r *runner) note() string {
	switch {
	case r.job.Triage != nil:
		return r.job.Triage.Why
	case r.job.Engine.Fallback != "":
		return r.job.Engine.Fallback
	case r.job.Engine.Device == "cuda" && r.dec.Report().Device == "cpu":
		return cpuDecodes
	}
	return ""
}

func (r *runner) deliver(msgs []wire.TrackMsg, end wire.ChunkEnd) error {
	for _, m := range msgs {
		if err := r.send(wire.KindTrack, m); err != nil {
			return err
		}
	}
	if note := r.note(); note != "" {
		for i, c := range end.Coverage {
			if c.Kind == scene.Seen && c.Reason == "" {
				end.Coverage[i].Reason = note
			}
		}
	}
	end.Stages = maps.Clone(r.stages) // since the last chunk's end
	clear(r.stages)
	return r.send(wire.KindChunkEnd, end)
}

// end closes what is open at the end of the stream. Chunks that no frame
// reached are closed as what they are: without a picture.
func (r *runner) end(ctx context.Context) error {
	if r.photo != nil {
		return r.endPhoto(ctx)
	}
	r.closing, r.active = append(r.closing, r.active...), nil
	for r.next < len(r.job.Chunks) {
		r.closing = append(r.closing, r.open())
	}
	for len(r.closing) > 0 {
		if err := r.close(ctx); err != nil {
			return err
		}
	}
	return nil
}

// endPhoto sends what was found in a photograph, now that the decoder has
// said all it has to say about it.
func (r *runner) endPhoto(ctx context.Context) error {
	holes, err := r.holes(ctx, r.job.Chunks[0], 1, 0)
	if err != nil {
		return err
	}
	if len(holes) > 0 {
		c := &r.photo.end.Coverage[0]
		c.Kind, c.Reason = holes[0].Kind, holes[0].Reason
	}
	return r.deliver(r.photo.msgs, r.photo.end)
}
