package media

import (
	"context"
	"errors"
	"image"
	"io"
	"math"
	"runtime"
	"time"

	"posteriori/engine/fault"
	"posteriori/engine/frame"
	"posteriori/engine/scene"
	"posteriori/engine/wire"
)

// DecodeOptions say what to decode and in which sizes.
type DecodeOptions struct {
	// FromPTS and ToPTS bound the pictures given: FromPTS <= PTS < ToPTS.
	// math.MinInt64 and math.MaxInt64 leave them open. FromPTS is best a key
	// frame of the plan; any other PTS works and costs decoding from a key
	// frame before it.
	FromPTS, ToPTS int64
	// PlaneW and PlaneH are the size of Frame.Plane.
	PlaneW, PlaneH int
	// FullUS is the distance of pictures that come at full size too: the
	// first of every such span of media time, counted from media time zero,
	// and the first of all. 0: none.
	FullUS int64
	// FullW and FullH scale full-size pictures; 0: as displayed.
	FullW, FullH int
	// Crop is the part of the scaled full-size pictures that is given, at even
	// places; empty: all of it.
	Crop image.Rectangle
	// AllFull gives every picture at full size and no Plane.
	AllFull bool
	// Device is where to decode: "cpu" (or empty) or "cuda". Where cuda does
	// not work the CPU is used and the report says so.
	Device string
	// Threads of the decoder; 0: as many as CPUs, 4 at most.
	Threads int
	// Stall is how long ffmpeg may give nothing while it is waited for; 0: a minute.
	Stall time.Duration
}

// Frame is one picture. Its pixels are valid until Release.
type Frame struct {
	PTS   int64       // in the recording's time base
	TUS   int64       // media time, µs
	Plane frame.Plane // small luma; empty with AllFull
	Full  *frame.YUV  // or nil

	plane, full []byte
	d           *Decoder
}

// Release gives the pixels back for reuse. Calling it again does nothing.
func (f *Frame) Release() {
	if f == nil || f.d == nil {
		return
	}
	f.d.planes.put(f.plane)
	f.d.fulls.put(f.full)
	*f = Frame{PTS: f.PTS, TUS: f.TUS}
}

// Report says how a decode went. It is whole once Next has given io.EOF.
type Report struct {
	Frames   int64    // pictures given
	FirstPTS int64    // of the pictures given, when Frames > 0
	LastPTS  int64    //
	Errors   int64    // messages of ffmpeg's at level error, all of the run
	Messages []string // the first and last of them
	Stalled  bool     // ffmpeg was killed as it gave nothing
	Ended    bool     // the recording was read to its end
	Exit     string   // how ffmpeg failed, or empty
	Unsought bool     // the seek did not land where it should: read from the start
	Device   string   // cpu or cuda, as used
	// Holes are spans of over a second without a picture, within the pictures
	// given. Kind is Gap; [Coverage] finds out which are damage.
	Holes []scene.Coverage
}

// maxHoles bounds Report.Holes.
const maxHoles = 10_000

// Decoder is a running decode. One goroutine uses it; frames may be released
// from any.
type Decoder struct {
	ctx     context.Context
	src     source
	p       *wire.Probe
	o       DecodeOptions
	clock   Clock
	run     *decodeRun
	pick    *picker
	planes  pool
	fulls   pool
	pending *rawFrame
	stall   *time.Timer
	rep     Report
	ended   bool
}

// Open starts decoding a probed recording. The first picture has been decoded
// when it returns. Errors: BadInput when the file cannot be opened, Missing
// without ffmpeg, Interrupted when ctx ends. The caller must Close.
func Open(ctx context.Context, path string, p *wire.Probe, o DecodeOptions) (*Decoder, error) {
	src, err := reopen(path, p)
	if err != nil {
		return nil, err
	}
	if err := o.complete(p); err != nil {
		return nil, err
	}
	d := newDecoder(ctx, src, p, o)
	if err := d.reach(attempts(p, &d.o)); err != nil {
		return nil, err
	}
	return d, nil
}

func newDecoder(ctx context.Context, src source, p *wire.Probe, o DecodeOptions) *Decoder {
	d := &Decoder{ctx: ctx, src: src, p: p, o: o, clock: NewClock(p)}
	d.planes.size, d.fulls.size = o.PlaneW*o.PlaneH, frame.PackedSize(o.Crop.Dx(), o.Crop.Dy())
	d.stall = time.NewTimer(time.Hour)
	d.stall.Stop()
	return d
}

// reach tries the ways to the first picture until one gets there.
func (d *Decoder) reach(ways []attempt) error {
	for i, a := range ways {
		if d.run != nil {
			d.run.stop(false)
		}
		d.rep = Report{Unsought: i > 0 && a.seekUS < 0 && ways[0].seekUS >= 0, Device: a.device}
		if err := d.begin(a); err != nil {
			return err
		}
		if d.ctx.Err() != nil {
			d.Close()
			return interrupted(d.ctx)
		}
		// A seek is trusted only when a picture at or before FromPTS shows
		// that nothing from FromPTS on was skipped.
		if d.pending != nil && (a.seekUS < 0 || d.p.FirstPTS+d.pending.pts <= d.o.FromPTS) {
			break
		}
	}
	return nil
}

// complete fills defaults in and refuses what makes no sense.
func (o *DecodeOptions) complete(p *wire.Probe) error {
	if o.FullW == 0 || o.FullH == 0 {
		o.FullW, o.FullH = p.Width, p.Height
	}
	if o.AllFull {
		o.FullUS, o.PlaneW, o.PlaneH = 0, 0, 0
	}
	whole := image.Rect(0, 0, o.FullW, o.FullH)
	if o.Crop.Empty() {
		o.Crop = whole
	}
	bad := func(w, h int) bool { return w <= 0 || h <= 0 || w > 1<<15 || h > 1<<15 || w*h > maxPixels }
	odd := o.Crop != whole && (o.Crop.Min.X|o.Crop.Min.Y|o.Crop.Dx()|o.Crop.Dy())&1 != 0
	if bad(o.FullW, o.FullH) || odd || !o.Crop.In(whole) || !o.AllFull && bad(o.PlaneW, o.PlaneH) || o.FullUS < 0 || o.FromPTS > o.ToPTS {
		return fault.New(fault.Internal, "decode options make no sense: plane %d×%d, full %d×%d every %d µs",
			o.PlaneW, o.PlaneH, o.FullW, o.FullH, o.FullUS)
	}
	o.FromPTS = max(o.FromPTS, p.FirstPTS)
	if o.Threads <= 0 {
		o.Threads = min(runtime.NumCPU(), 4)
	}
	if o.Stall <= 0 {
		o.Stall = time.Minute
	}
	if o.Device == "" {
		o.Device = "cpu"
	}
	return nil
}

// attempt is one way to reach the first picture.
type attempt struct {
	seekUS int64 // where to seek in the file's own time, µs; -1: read from the start
	device string
	onCard bool // with cuda: pictures stay on the card until they are small
}

// attempts are the ways to reach FromPTS, the quickest first and the surest last.
func attempts(p *wire.Probe, o *DecodeOptions) []attempt {
	var seeks []int64
	if p.Seekable && !p.Counted && !p.Still && o.FromPTS > p.FirstPTS {
		for _, back := range []int64{0, 15_000_000} {
			if t := fileUS(p, anchor(p, o.FromPTS)) - back; t > fileUS(p, p.FirstPTS) {
				seeks = append(seeks, t)
			}
		}
	}
	seeks = append(seeks, -1)
	var out []attempt
	if o.Device == "cuda" {
		// An FFmpeg without the CUDA filters, a codec or a kind of picture that
		// the card does not take: the graph fails before the first picture, and
		// the next way is tried.
		if p.Rotation == 0 && !p.Still {
			out = append(out, attempt{seekUS: seeks[0], device: "cuda", onCard: true})
		}
		out = append(out, attempt{seekUS: seeks[0], device: "cuda"})
	}
	for _, s := range seeks {
		out = append(out, attempt{seekUS: s, device: "cpu"})
	}
	return out
}

// fileUS is a PTS as a time in the file, rounded up to the µs so that a seek
// to a key frame's own time does not miss it.
func fileUS(p *wire.Probe, pts int64) int64 { return Clock{TB: p.TimeBase}.US(pts) + 1 }

// anchor is where to seek to decode from pts on. Demuxers with an index land
// on a key frame; the others land anywhere, so there a key frame of the plan
// is taken, where the probe has one.
func anchor(p *wire.Probe, pts int64) int64 {
	if indexed(p.Format) {
		return pts
	}
	best := int64(math.MinInt64)
	for _, c := range p.Chunks {
		for _, k := range [2]int64{c.LeadPTS, c.StartPTS} {
			if k <= pts {
				best = max(best, k)
			}
		}
	}
	if best == math.MinInt64 {
		return pts
	}
	return best
}

// begin starts ffmpeg and waits for its first picture; pending stays nil when
// there is none.
func (d *Decoder) begin(a attempt) error {
	if d.pick = nil; d.o.FullUS > 0 {
		d.pick = newPicker(d.p, &d.o)
	}
	run, err := d.start(a)
	if err != nil {
		return err
	}
	d.run = run
	r, err := d.recv(run.small)
	if err != nil && !errors.Is(err, io.EOF) {
		run.stop(false)
		return err
	}
	d.pending = r
	return nil
}

// Next gives the next picture in order of presentation. io.EOF ends the span;
// what could not be decoded is for Report and [Coverage] to tell. Other
// errors: Interrupted, Internal.
func (d *Decoder) Next() (*Frame, error) {
	for !d.ended {
		r, err := d.pending, error(nil)
		if d.pending = nil; r == nil {
			r, err = d.recv(d.run.small)
		}
		if err != nil {
			return nil, d.finish(err)
		}
		f := &Frame{PTS: d.p.FirstPTS + r.pts, d: d}
		f.TUS = d.clock.US(f.PTS)
		f.set(r.buf, d.o.AllFull)
		if f.PTS >= d.o.ToPTS {
			f.Release()
			return nil, d.finish(nil)
		}
		if d.pick != nil && d.pick.next(r.pts) {
			if err := d.joinFull(f, r.pts); err != nil {
				f.Release()
				return nil, d.finish(err)
			}
		}
		if f.PTS < d.o.FromPTS {
			f.Release()
			continue
		}
		d.account(f)
		return f, nil
	}
	return nil, io.EOF
}

// set makes buf the frame's only picture.
func (f *Frame) set(buf []byte, full bool) {
	if !full {
		w, h := f.d.o.PlaneW, f.d.o.PlaneH
		f.plane, f.Plane = buf, frame.Plane{Pix: buf, W: w, H: h, Stride: w}
		return
	}
	y := frame.YUVFromPacked(buf, f.d.o.Crop.Dx(), f.d.o.Crop.Dy())
	f.full, f.Full = buf, &y
}

// joinFull adds the full-size picture that ffmpeg chose by the same rule. The
// last ones may lack when ffmpeg died between its two outputs.
func (d *Decoder) joinFull(f *Frame, pts int64) error {
	r, err := d.recv(d.run.full)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return err
	}
	if r.pts != pts {
		d.fulls.put(r.buf)
		return fault.New(fault.Internal, "ffmpeg's two outputs disagree: a picture at PTS %d, full size at %d",
			f.PTS, d.p.FirstPTS+r.pts).OnFile(d.src.path)
	}
	plane, small := f.Plane, f.plane
	f.set(r.buf, true)
	f.Plane, f.plane = plane, small
	return nil
}

// account counts a picture that is given.
func (d *Decoder) account(f *Frame) {
	if d.rep.Frames == 0 {
		d.rep.FirstPTS = f.PTS
	} else if last := d.clock.US(d.rep.LastPTS); f.TUS-last > holeUS(d.p.FrameUS) && len(d.rep.Holes) < maxHoles {
		d.rep.Holes = append(d.rep.Holes, hole(last+d.p.FrameUS, f.TUS))
	}
	d.rep.Frames++
	d.rep.LastPTS = f.PTS
}

// finish ends the run and completes the report; err is why.
func (d *Decoder) finish(err error) error {
	d.ended = true
	exit := d.run.stop(errors.Is(err, io.EOF) && !d.rep.Stalled)
	d.rep.Messages, d.rep.Errors = d.run.msgs.lines()
	if d.ctx.Err() != nil {
		return interrupted(d.ctx)
	}
	if kerr := d.run.cmd.killed(); kerr != nil {
		return onFile(kerr, d.src.path)
	}
	if err == nil || errors.Is(err, io.EOF) {
		d.rep.Ended = err != nil && !d.rep.Stalled
		if d.rep.Ended && exit != nil {
			d.rep.Exit = exit.Error()
		}
		return io.EOF
	}
	return err
}

// Report is how the decode went so far.
func (d *Decoder) Report() Report {
	rep := d.rep
	if !d.ended && d.run != nil {
		rep.Messages, rep.Errors = d.run.msgs.lines()
	}
	return rep
}

// Close ends ffmpeg and its readers. It may be called at any time, again too.
func (d *Decoder) Close() error {
	if !d.ended {
		_ = d.finish(nil)
	}
	return nil
}
