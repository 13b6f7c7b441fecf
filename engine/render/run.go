package render

import (
	"context"
	"os"
	"path/filepath"

	"posteriori/engine/fault"
	"posteriori/engine/frame"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// Run carries out a render job. It reports output frames through progress,
// which may be nil. Errors: BadInput for a recording that cannot be read,
// NoSpace, Missing without ffmpeg, Interrupted when ctx ends. No output file is
// left after an error; an existing one is never overwritten.
func Run(ctx context.Context, job *wire.RenderJob, progress func(wire.Progress)) (*wire.Output, error) {
	if progress == nil {
		progress = func(wire.Progress) {}
	}
	if err := check(job); err != nil {
		return nil, err
	}
	r, err := newRenderer(job, progress)
	if err != nil {
		return nil, err
	}
	defer r.close()
	if err := r.run(ctx); err != nil {
		return nil, err
	}
	return &wire.Output{Path: job.Out, Note: r.note()}, nil
}

// check refuses a job that makes no sense.
func check(j *wire.RenderJob) error {
	bad := func(format string, args ...any) error {
		return fault.New(fault.Internal, "render job: "+format, args...)
	}
	picture := j.Height - j.Band
	switch {
	case !filepath.IsAbs(j.Out):
		return bad("output %q is not absolute", j.Out)
	case j.Width < 2 || picture < 2 || j.Width > 1<<14 || j.Height > 1<<14 || j.Width%2+j.Height%2+j.Band%2 != 0:
		return bad("output of %d×%d with a band of %d", j.Width, j.Height, j.Band)
	case j.FrameUS < 1000 || j.Frames < 1:
		return bad("%d frames of %d µs", j.Frames, j.FrameUS)
	case (len(j.Tubes) == 0) == (len(j.Spans) == 0):
		return bad("%d tubes and %d spans", len(j.Tubes), len(j.Spans))
	case len(j.Tubes) > 0 && (len(j.Backs) == 0 || !filepath.IsAbs(j.Blobs)):
		return bad("no background, or no blobs")
	}
	source := func(i int) bool { return i >= 0 && i < len(j.Sources) }
	for _, s := range j.Sources {
		if s.Probe.Width <= 0 || s.Probe.Height <= 0 {
			return bad("%s has no size", s.Path)
		}
	}
	shown := func(start, frames, from, to int64) bool {
		return start >= 0 && frames > 0 && start <= j.Frames-frames && to > from
	}
	for _, t := range j.Tubes {
		if !source(t.Source) {
			return bad("source %d", t.Source)
		}
		for _, y := range t.Plays {
			if !shown(y.Start, y.Frames, y.FromUS, y.ToUS) {
				return bad("play %+v of %d frames", y, j.Frames)
			}
		}
	}
	var next int64
	for _, s := range j.Spans {
		if !source(s.Source) || s.Start != next || !shown(s.Start, s.Frames, s.FromUS, s.ToUS) {
			return bad("span %+v at frame %d", s, next)
		}
		next += s.Frames
	}
	for _, b := range j.Backs {
		if !source(b.Source) {
			return bad("background of source %d", b.Source)
		}
	}
	for _, p := range j.Plates {
		if !source(p.Source) {
			return bad("plate of source %d", p.Source)
		}
	}
	for _, b := range j.Beside {
		if !source(b.Source) {
			return bad("what is beside, of source %d", b.Source)
		}
	}
	return nil
}

// fit is where a source's picture lies in the output: scaled by s, its
// top-left corner at (x, y), all even.
type fit struct {
	x, y, w, h int
	s          float64
}

// fitInto centres a source of sw×sh in a picture of w×h.
func fitInto(sw, sh, w, h int) fit {
	s := min(float64(w)/float64(sw), float64(h)/float64(sh))
	even := func(v float64, most int) int { return min(max(2, int(v+.5)&^1), most) }
	f := fit{w: even(float64(sw)*s, w), h: even(float64(sh)*s, h), s: s}
	f.x, f.y = (w-f.w)/2&^1, (h-f.h)/2&^1
	return f
}

// box is a source box in output pixels, relative to the fitted picture.
func (f fit) box(b scene.Box) scene.Box {
	return scene.Box{X: b.X * f.s, Y: b.Y * f.s, W: b.W * f.s, H: b.H * f.s}
}

// renderer holds one job's state.
type renderer struct {
	job      *wire.RenderJob
	progress func(wire.Progress)
	fits     []fit // by source
	text     *typeface
	small    *typeface               // of stamps of small objects
	band     *typeface               // of the band
	narrow   map[*typeface]*typeface // each the next smaller
	spool    *spool
	blobs    *os.File           // paths, masks and pictures; nil when the job has none
	made     map[int]*frame.YUV // backgrounds made from pictures, by source
	lacking  int64              // output frames for which a recording gave no picture
}

func newRenderer(job *wire.RenderJob, progress func(wire.Progress)) (*renderer, error) {
	r := &renderer{job: job, progress: progress, made: map[int]*frame.YUV{}}
	picture := job.Height - job.Band
	for _, s := range job.Sources {
		r.fits = append(r.fits, fitInto(s.Probe.Width, s.Probe.Height, job.Width, picture))
	}
	var err error
	if r.text, err = newTypeface(max(11, float64(picture)/46)); err != nil {
		return nil, err
	}
	if r.small, err = newTypeface(max(10, float64(picture)/62)); err != nil {
		return nil, err
	}
	lines := 1
	if len(job.Spans) > 0 || len(job.Legend) > 0 {
		lines = 2
	}
	if r.band, err = newTypeface(max(8, float64(job.Band/lines)*.62)); err != nil {
		return nil, err
	}
	if job.Blobs != "" {
		if r.blobs, err = os.Open(job.Blobs); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "the order for the video cannot be read").OnFile(job.Blobs)
		}
		// Without a name it leaves nothing behind, however this ends.
		_ = os.Remove(job.Blobs)
	}
	if r.spool, err = newSpool(job.Scratch); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (r *renderer) close() {
	r.spool.close()
	if r.blobs != nil {
		_ = r.blobs.Close()
	}
}

func (r *renderer) run(ctx context.Context) error {
	if len(r.job.Tubes) > 0 {
		if err := r.cutAll(ctx); err != nil {
			return err
		}
	}
	// An output that fails for the job's own reasons leaves no encoder behind.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out, err := openSink(ctx, r.job)
	if err != nil {
		return err
	}
	if len(r.job.Tubes) > 0 {
		err = r.compose(ctx, out)
	} else {
		err = r.playSpans(ctx, out)
	}
	if err != nil {
		cancel() // the encoder drops its unfinished file
		_ = out.Close()
		return err
	}
	return out.Close()
}

// note says what the output lacks, or nothing.
func (r *renderer) note() string {
	if r.lacking == 0 {
		return ""
	}
	return "the recordings gave no picture for " + seconds(r.lacking*r.job.FrameUS) + " of what is shown"
}
